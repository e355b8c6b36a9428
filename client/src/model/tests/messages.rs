//! Answers, mendings, reactions, deletions, mentions: what is about messages, also before the server has it.

use tertulia_protocol::entry::{NO_BODY, ReactionBody};

use super::*;
use crate::session::DraftText;

fn text(text: &str) -> Vec<u8> {
    MessageBody { text: text.into() }.to_bytes()
}

fn reaction(rseq: u64, author: UserId, target: u64, emoji: &str, on: bool) -> Entry {
    let kind = if on { Kind::REACT } else { Kind::UNREACT };
    raw(rseq, author, kind, Some(target), ReactionBody { emoji: emoji.into() }.to_bytes())
}

fn row(rseq: u64) -> RowKey {
    RowKey::Entry(Rseq(rseq))
}

const DAY: &str = "= 2026-11-22";

#[test]
fn an_answer_quotes_the_message_as_it_is_now() {
    let answer = |rseq, target| raw(rseq, LUIS, Kind::MESSAGE, Some(target), text("sí"));
    let talk = vec![
        entry(5, ANA, 0, "¿vienes?"),
        answer(6, 5),
        raw(7, ANA, Kind::EDIT, Some(5), text("¿vienes hoy?")),
        answer(8, 2),
        raw(9, ANA, Kind::DELETE, Some(5), NO_BODY.to_vec()),
    ];
    check(
        vec![here(talk[..4].to_vec())],
        &[DAY, "ana 12:00: ¿vienes hoy? (edited)", "luis 12:00: [ana: ¿vienes hoy?] sí", "luis 12:00: [?: ?] sí"],
    );
    check(vec![here(talk)], &[DAY, "ana 12:00: <erased>", "luis 12:00: [ana: erased] sí", "luis 12:00: [?: ?] sí"]);
}

#[test]
fn what_i_answer_goes_out_with_the_message_and_escape_takes_it_back() {
    let (mut model, effects) = check(
        vec![here(vec![entry(5, LUIS, 0, "¿vienes?")]), Action::AnswerTo(row(5))],
        &[DAY, "luis 12:00: ¿vienes?"],
    );
    let draft = |answers: Option<u64>| DraftText { text: String::new(), answers: answers.map(Rseq) };
    assert_eq!(effects, [Effect::KeepDraft(GENERAL, draft(Some(5)))], "it outlasts the window");
    assert_eq!(model.update(Action::Escape), [Effect::KeepDraft(GENERAL, draft(None))]);
    model.update(Action::AnswerTo(row(5)));
    let effects = model.update(submit(1, "sí"));
    let write = Write::message(GENERAL, "sí", Some(Rseq(5)), vec![]).clearing_draft();
    assert_eq!(effects[0], Effect::Write { cid: cid(1), write, instead_of: None });
    assert_eq!(rows(&model)[2], "ana 12:00: [luis: ¿vienes?] sí (sending)");
    assert_eq!(model.answering(), None);
}

#[test]
fn an_own_message_is_mended_and_nobody_elses() {
    let talk = here(vec![entry(1, ANA, 0, "holaa"), entry(2, LUIS, 0, "qué"), entry(3, LUIS, 0, "tal")]);
    let (mut model, _) = check(
        vec![talk, Action::Composed { text: "a medias".into(), cursor: 0 }],
        &[DAY, "ana 12:00: holaa", "luis 12:00: qué", "  tal"],
    );
    assert_eq!(model.update(Action::Mend(Some(row(2)))), []);
    let effects = model.update(Action::Mend(None));
    assert!(effects.contains(&Effect::Compose("holaa".into(), 5)), "{effects:?}");
    let kept = Effect::KeepDraft(GENERAL, DraftText { text: "a medias".into(), answers: None });
    assert!(effects.contains(&kept), "{effects:?}");
    let mut same = model.clone();
    assert_eq!(same.update(submit(1, "holaa")), [Effect::TextTaken, Effect::Compose("a medias".into(), 8)]);
    assert_eq!(model.clone().update(Action::Escape), [Effect::Compose("a medias".into(), 8)]);
    let effects = model.update(submit(1, "hola"));
    let write = Write::edit(GENERAL, Rseq(1), "hola", vec![]);
    assert_eq!(effects[0], Effect::Write { cid: cid(1), write, instead_of: None });
    assert_eq!(rows(&model)[1], "ana 12:00: hola (edited) (sending)", "at once");
    model.update(here(vec![raw(4, ANA, Kind::EDIT, Some(1), text("hola"))]));
    model.update(Action::Settled { cid: cid(1), room: GENERAL, rseq: Rseq(4), at_ms: NOON });
    assert_eq!(rows(&model)[1], "ana 12:00: hola (edited)");
}

/// Its words would have to be written again.
#[test]
fn a_refused_mending_keeps_its_words_and_can_be_thrown_away() {
    let (mut model, _) = check(
        vec![
            here(vec![entry(1, ANA, 0, "holaa")]),
            Action::Mend(None),
            submit(1, "hola"),
            failed(1, ErrorCode::NO_TARGET),
        ],
        &[DAY, "ana 12:00: holaa", "  hola (failed: no_target)"],
    );
    assert!(model.is_mending_of(cid(1)));
    assert_eq!(model.update(Action::Discard(cid(1))), [Effect::Discard(cid(1))]);
    assert_eq!(rows(&model), [DAY, "ana 12:00: holaa"]);
}

#[test]
fn reactions_are_counted_and_mine_show_at_once() {
    let react = |number| Action::React { row: row(1), emoji: "👍".into(), cid: cid(number) };
    let talk = here(vec![
        entry(1, LUIS, 0, "ya está"),
        reaction(2, LUIS, 1, "🎉", true),
        reaction(3, ZOE, 1, "👍", true),
        reaction(4, ZOE, 1, "🎉", true),
        reaction(5, LUIS, 1, "🎉", false),
    ]);
    let (mut model, effects) = check(vec![talk, react(1)], &[DAY, "luis 12:00: ya está 🎉1 👍2*"]);
    let write = |on| Write::react(GENERAL, Rseq(1), "👍", on);
    assert_eq!(effects, [Effect::Write { cid: cid(1), write: write(true), instead_of: None }]);
    model.update(Action::Settled { cid: cid(1), room: GENERAL, rseq: Rseq(6), at_ms: NOON });
    model.update(here(vec![reaction(6, ANA, 1, "👍", true)]));
    assert_eq!(rows(&model)[1], "luis 12:00: ya está 🎉1 👍2*");
    assert_eq!(model.update(react(2)), [Effect::Write { cid: cid(2), write: write(false), instead_of: None }]);
    assert_eq!(rows(&model)[1], "luis 12:00: ya está 🎉1 👍1");
    // A refused one is taken back, and said.
    assert_eq!(model.update(failed(2, ErrorCode::ARCHIVED)), [Effect::Discard(cid(2))]);
    assert_eq!(rows(&model)[1], "luis 12:00: ya está 🎉1 👍2*");
    assert!(rows(&model)[2].contains("WriteRefused"));
}

#[test]
fn an_own_message_is_deleted_after_a_question() {
    let (mut model, _) = check(
        vec![here(vec![entry(1, ANA, 0, "ay"), entry(2, LUIS, 0, "qué")]), Action::Delete(row(2))],
        &[DAY, "ana 12:00: ay", "luis 12:00: qué"],
    );
    assert_eq!(model.question, None, "somebody else's");
    model.update(Action::Delete(row(1)));
    let question = model.question.clone().unwrap();
    assert_eq!(
        (question.about.clone(), question.answers()),
        (About::Delete(GENERAL, Rseq(1)), &[Answer::Cancel, Answer::Go][..])
    );
    let answer = |answer| Action::Answer { answer, cid: cid(1) };
    assert_eq!(model.clone().update(answer(Answer::Cancel)), []);
    let write = Write::delete(GENERAL, Rseq(1));
    assert_eq!(model.update(answer(Answer::Go)), [Effect::Write { cid: cid(1), write, instead_of: None }]);
    model.update(here(vec![raw(3, ANA, Kind::DELETE, Some(1), NO_BODY.to_vec())]));
    assert_eq!(rows(&model), [DAY, "ana 12:00: <erased>", "luis 12:00: qué"]);
    assert_eq!(model.update(Action::Mend(None)), [], "there is nothing of mine left");
    model.update(Action::Erased { room: GENERAL, from: Rseq(2), to: Rseq(2) });
    assert_eq!(rows(&model)[2], "luis 12:00: <erased>");
}

#[test]
fn mentions_go_out_with_the_message_and_mine_stand_out() {
    let mentioned = Entry { mentions: Some(vec![ANA]), ..entry(1, LUIS, 0, "@ana mira") };
    let (_, effects) = check(
        vec![here(vec![mentioned]), submit(1, "@LUIS @zoë, voy")],
        &[DAY, "luis 12:00: @ana mira (@me)", "ana 12:00: @LUIS @zoë, voy (sending)"],
    );
    let write = Write::message(GENERAL, "@LUIS @zoë, voy", None, vec![LUIS, ZOE]).clearing_draft();
    assert_eq!(effects[0], Effect::Write { cid: cid(1), write, instead_of: None });
}

#[test]
fn a_name_is_completed_by_a_key() {
    let mut model = after(vec![]);
    assert_eq!(model.update(Action::Composed { text: "hola @".into(), cursor: 6 }), [Effect::Typing(GENERAL)]);
    let names = |model: &Model| {
        let people = model.composer.completion.as_ref().map(|completion| completion.people.clone()).unwrap_or_default();
        people.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(&model), ["ana", "luis", "Zoë"]);
    model.update(Action::NextCompletion { up: true });
    assert_eq!(model.composer.completion.as_ref().map(|completion| completion.chosen), Some(2));
    assert_eq!(model.update(Action::Complete { index: 2 }), [Effect::Compose("hola @Zoë ".into(), 11)]);
    assert_eq!(names(&model), Vec::<String>::new());
}

#[test]
fn notes_and_needs_newer_have_rows_and_reactions_have_none() {
    let body = tertulia_protocol::entry::TopicBody { topic: Some("obras".into()) }.to_bytes();
    check(
        vec![here(vec![
            raw(1, LUIS, Kind::JOIN, None, NO_BODY.to_vec()),
            raw(2, LUIS, Kind::ROOM_TOPIC, None, body),
            raw(3, LUIS, Kind::MESSAGE, None, vec![0xff]),
            reaction(4, LUIS, 3, "👍", true),
        ])],
        &[DAY, "* Joined", "* Topic(Some(\"obras\"))", "luis 12:00: <newer>"],
    );
}

#[test]
fn an_unknown_kind_is_shown_as_one_that_needs_a_newer_version() {
    let newer = raw(1, LUIS, Kind(999), None, vec![]);
    check(vec![here(vec![newer])], &["= 2026-11-22", "luis 12:00: <newer>"]);
}

#[test]
fn an_emoji_is_found_by_its_name_in_either_language() {
    let mut model = after(vec![here(vec![entry(1, LUIS, 0, "a")])]);
    model.update(Action::OpenPalette(Palette::new(palette::Purpose::React(Rseq(1)))));
    assert_eq!(model.offers().len(), palette::EMOJI.len());
    for typed in ["CORAZON", "heart"] {
        model.update(Action::PaletteTyped(typed.into()));
        assert_eq!(model.offers().into_iter().map(|offer| offer.name).collect::<Vec<_>>(), ["❤️"]);
    }
}
