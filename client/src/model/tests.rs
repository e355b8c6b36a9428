//! What a person sees after a sequence of events, as rows in a short notation.

use std::time::Duration;

use tertulia_protocol::{Cid, ErrorCode, Kind, Seq};

use super::{
    question::{Answer, StopFailure},
    *,
};

const GENERAL: RoomId = RoomId(1);
const ANA: UserId = UserId(2);
const LUIS: UserId = UserId(3);
/// Sunday, 22 November 2026, 12:00 UTC.
const NOON: i64 = 1_795_348_800_000;

fn entry(rseq: u64, author: UserId, minutes: i64, text: &str) -> Entry {
    Entry {
        rseq: Rseq(rseq),
        seq: Seq(rseq + 10),
        at_ms: NOON + minutes * 60_000,
        author,
        kind: Kind::MESSAGE,
        text: Some(text.into()),
        cid: None,
    }
}

fn cid(number: u8) -> Cid {
    Cid([number; 16])
}

fn submit(number: u8, text: &str) -> Action {
    Action::Submit { cid: cid(number), text: text.into() }
}

fn online() -> Vec<Action> {
    vec![
        Action::Connecting { attempt: 1 },
        Action::Connected { user: ANA, name: "ana".into(), encrypted: false },
        Action::Users(vec![(LUIS, "luis".into())]),
        Action::Rooms(vec![RoomInfo { id: GENERAL, name: "general".into(), head: Rseq(0), count: 0 }]),
        Action::Online(vec![LUIS, ANA]),
    ]
}

fn server() -> Option<ServerAddress> {
    "box".parse().ok()
}

fn model() -> Model {
    Model::new(TimeZone::UTC, NOON, Known { server: server(), name: Some("ana".into()), suggested_name: None }).0
}

fn rows(model: &Model) -> Vec<String> {
    let mut rows = Vec::new();
    for view in (0..model.timeline().len()).filter_map(|index| model.view(index)) {
        if let Some(day) = view.day {
            rows.push(format!("= {}-{:02}-{:02}", day.year(), day.month(), day.day()));
        }
        let name = match view.author {
            Some((_, name)) if view.heading => format!("{name} {}: ", calendar::clock(view.time)),
            Some(_) => String::from("  "),
            None => String::from("* "),
        };
        let content = match view.row.content {
            Content::Text(text) => text.to_owned(),
            Content::NeedsNewer => "<newer>".into(),
            Content::Local(local) => format!("{local:?}"),
        };
        let state = match view.row.state {
            State::Placed => String::new(),
            State::Sending => " (sending)".into(),
            State::Failed(code) => format!(" (failed: {code})"),
        };
        rows.push(format!("{name}{content}{state}"));
    }
    rows
}

#[track_caller]
fn check(actions: Vec<Action>, expected: &[&str]) -> (Model, Vec<Effect>) {
    let mut model = model();
    let effects = online().into_iter().chain(actions).flat_map(|action| model.update(action)).collect();
    assert_eq!(rows(&model), expected);
    (model, effects)
}

#[test]
fn entries_in_any_order_and_twice_stand_once_in_their_order() {
    check(
        vec![
            Action::Entries(GENERAL, vec![entry(3, LUIS, 2, "tres"), entry(2, LUIS, 1, "dos")]),
            Action::Entries(
                GENERAL,
                vec![entry(1, ANA, 0, "uno"), entry(2, LUIS, 1, "dos"), entry(4, ANA, 3, "cuatro")],
            ),
        ],
        &["= 2026-11-22", "ana 12:00: uno", "luis 12:01: dos", "  tres", "ana 12:03: cuatro"],
    );
}

#[test]
fn a_new_day_and_a_long_pause_get_a_heading() {
    check(
        vec![Action::Entries(
            GENERAL,
            vec![entry(1, LUIS, 0, "a"), entry(2, LUIS, 5, "b"), entry(3, LUIS, 6, "c"), entry(4, LUIS, 724, "d")],
        )],
        &["= 2026-11-22", "luis 12:00: a", "luis 12:05: b", "  c", "= 2026-11-23", "luis 00:04: d"],
    );
}

#[test]
fn what_i_write_is_there_at_once_and_takes_its_place_when_the_server_says_so() {
    let sent = vec![submit(1, "hola\n\n"), Action::Entries(GENERAL, vec![entry(1, LUIS, 0, "yo antes")])];
    let (mut model, effects) = check(sent, &["= 2026-11-22", "luis 12:00: yo antes", "ana 12:00: hola (sending)"]);
    assert_eq!(effects, [Effect::Send { room: GENERAL, cid: cid(1), text: "hola".into() }, Effect::TextTaken]);
    model.update(Action::Settled { cid: cid(1), seq: Seq(12), rseq: Rseq(2), at_ms: NOON });
    model.update(Action::Entries(GENERAL, vec![entry(2, ANA, 0, "hola")]));
    assert_eq!(rows(&model), ["= 2026-11-22", "luis 12:00: yo antes", "ana 12:00: hola"]);
}

#[test]
fn a_page_settles_what_was_stored_before_a_cut() {
    let stored = Entry { cid: Some(cid(1)), ..entry(1, ANA, 0, "hola") };
    let lost = Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(1) };
    check(vec![submit(1, "hola"), lost, Action::Entries(GENERAL, vec![stored])], &["= 2026-11-22", "ana 12:00: hola"]);
}

#[test]
fn what_was_refused_says_so_and_is_tried_again_under_a_new_name() {
    let failed = Action::Failed { cid: cid(1), code: ErrorCode::BAD_TEXT };
    let (mut model, _) =
        check(vec![submit(1, "hola"), failed], &["= 2026-11-22", "ana 12:00: hola (failed: bad_text)"]);
    let retry = Action::Retry { failed: cid(1), cid: cid(2) };
    assert_eq!(model.update(retry.clone()), [Effect::Send { room: GENERAL, cid: cid(2), text: "hola".into() }]);
    assert_eq!(model.update(retry), [], "a second click on the same row");
    assert_eq!(rows(&model), ["= 2026-11-22", "ana 12:00: hola (sending)"]);
}

#[test]
fn commands_answer_here_and_are_not_sent() {
    let typed = vec![submit(1, "/USUARIOS"), submit(2, "/help"), submit(3, "/nada x"), submit(4, "//tmp")];
    let (_, effects) = check(
        typed,
        &[
            "= 2026-11-22",
            "* Online([\"ana\", \"luis\"])",
            "* Help",
            "* UnknownCommand(\"nada\")",
            "ana 12:00: /tmp (sending)",
        ],
    );
    let sent = Effect::Send { room: GENERAL, cid: cid(4), text: "/tmp".into() };
    assert_eq!(effects, [Effect::TextTaken, Effect::TextTaken, sent, Effect::TextTaken]);
}

#[test]
fn local_rows_keep_their_place_among_later_ones() {
    check(
        vec![
            Action::Entries(GENERAL, vec![entry(2, LUIS, 0, "a")]),
            submit(1, "/ayuda"),
            submit(1, "/ayuda"),
            Action::Entries(GENERAL, vec![entry(3, LUIS, 1, "b"), entry(1, LUIS, -1, "antes")]),
        ],
        &["= 2026-11-22", "luis 11:59: antes", "  a", "* Help", "luis 12:01: b"],
    );
}

#[test]
fn a_text_beyond_the_limit_stays_where_it_is() {
    let (model, effects) = check(vec![submit(1, &"ñ".repeat(8_193))], &[]);
    assert_eq!((model.notice, effects), (Some(Notice::TooLong { bytes: 16_386 }), vec![]));
    check(vec![submit(1, " \n ")], &[]);
}

#[test]
fn older_pages_are_asked_for_once_and_up_to_the_first() {
    let (mut model, _) = check(vec![Action::ReachedTop], &[]);
    model.update(Action::Entries(GENERAL, vec![entry(51, LUIS, 0, "x")]));
    let asked = [Effect::LoadOlder { room: GENERAL, before: Rseq(51) }];
    assert_eq!(model.update(Action::ReachedTop), asked);
    assert_eq!(model.update(Action::ReachedTop), []);
    model.update(Action::Disconnected { why: Lost::Closed, retry_in: Duration::ZERO });
    assert_eq!(model.update(Action::ReachedTop), [], "nobody would answer");
    online().into_iter().for_each(|action| drop(model.update(action)));
    assert_eq!(model.update(Action::ReachedTop), asked);
    model.update(Action::Entries(GENERAL, vec![entry(1, LUIS, -9, "first")]));
    assert_eq!(model.update(Action::ReachedTop), []);
}

#[test]
fn unread_counts_what_others_wrote_while_nobody_looked() {
    let mut model = model();
    online().into_iter().for_each(|action| drop(model.update(action)));
    model.update(Action::Focus(false));
    model.update(Action::Entries(GENERAL, vec![entry(1, LUIS, 0, "a"), entry(2, ANA, 0, "b"), entry(3, LUIS, 0, "c")]));
    model.update(Action::Entries(GENERAL, vec![entry(3, LUIS, 0, "c")]));
    assert_eq!(model.unread(), 2);
    model.update(Action::AtEnd(false));
    model.update(Action::Focus(true));
    assert_eq!(model.unread(), 2, "scrolled away from it");
    model.update(Action::AtEnd(true));
    assert_eq!(model.unread(), 0);
}

#[test]
fn a_refused_login_is_told_in_the_list_and_leads_back_to_the_dialog() {
    let mut model = model();
    let refusal = Refusal::Server { code: ErrorCode::NAME_TAKEN, params: vec!["ana".into()] };
    model.update(Action::Refused(refusal.clone()));
    assert_eq!(rows(&model).len(), 2);
    assert_eq!(model.update(Action::ChangeLogin), [Effect::Disconnect]);
    let form = model.form.clone().unwrap();
    assert_eq!((form.name.as_str(), form.server.as_str(), form.refusal), ("ana", "box", Some(refusal)));
    let start = |name: &str| Action::Start { name: name.into(), server: "box".into(), host: false };
    assert_eq!(model.update(start("")), []);
    assert!(model.form.as_ref().is_some_and(|form| form.name_problem.is_some()));
    assert_eq!(model.update(start("eva")), [Effect::Connect { server: server().unwrap(), name: "eva".into() }]);
    assert_eq!(model.form, None);
    model.update(Action::Refused(Refusal::Server { code: ErrorCode::NAME_TAKEN, params: vec!["eva".into()] }));
    let form = model.form.clone().unwrap();
    assert_eq!((form.name.as_str(), form.refusal.is_some()), ("eva", true), "what was typed is there to be mended");
}

#[test]
fn what_waits_goes_with_the_next_login_to_the_same_server() {
    let (mut model, _) = check(vec![submit(1, "espera")], &["= 2026-11-22", "ana 12:00: espera (sending)"]);
    model.update(Action::ChangeLogin);
    let start = Action::Start { name: "ana".into(), server: "box:7667".into(), host: false };
    let again = Effect::Send { room: GENERAL, cid: cid(1), text: "espera".into() };
    assert_eq!(model.update(start), [Effect::Connect { server: server().unwrap(), name: "ana".into() }, again]);
}

#[test]
fn an_unknown_kind_is_shown_as_one_that_needs_a_newer_version() {
    let newer = Entry { kind: Kind(999), text: None, ..entry(1, LUIS, 0, "") };
    check(vec![Action::Entries(GENERAL, vec![newer])], &["= 2026-11-22", "luis 12:00: <newer>"]);
}

#[test]
fn nobody_is_online_while_we_are_not() {
    let lost = Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(4) };
    let (model, _) = check(vec![lost], &[]);
    assert_eq!(model.people.online_count(), 0);
    assert_eq!(model.connection, Connection::Lost { why: Lost::Closed, retry_at_ms: NOON + 4_000 });
}

#[test]
fn a_room_that_was_missed_for_too_long_begins_anew() {
    let newer = Action::Entries(GENERAL, vec![entry(900, LUIS, 5, "mucho después")]);
    check(
        vec![Action::Entries(GENERAL, vec![entry(1, LUIS, 0, "a")]), submit(1, "yo"), Action::Reset(GENERAL), newer],
        &["= 2026-11-22", "luis 12:05: mucho después", "ana 12:00: yo (sending)"],
    );
}

/// What is being asked, its answers, and what comes of the last action.
fn asked(model: &mut Model, action: Action) -> (Option<(About, usize)>, Vec<Answer>, Vec<Effect>) {
    let effects = model.update(action);
    let question = model.question.as_ref();
    let answers = question.map(|question| question.answers().to_vec()).unwrap_or_default();
    (question.map(|question| (question.about.clone(), question.unsent)), answers, effects)
}

#[test]
fn a_window_that_hosts_asks_before_it_closes() {
    let localhost = Known { server: Some(ServerAddress::default()), name: Some("ana".into()), suggested_name: None };
    let (mut model, _) = Model::new(TimeZone::UTC, NOON, localhost);
    online().into_iter().for_each(|action| drop(model.update(action)));
    assert_eq!(asked(&mut model, Action::Close).2, [Effect::Quit], "a server that is not ours");
    model.update(Action::Hosting(true));
    let quit = Some((About::Quit, 0));
    let answers = vec![Answer::Go, Answer::Stop, Answer::Cancel];
    assert_eq!(asked(&mut model, Action::Close), (quit.clone(), answers.clone(), vec![]));
    assert_eq!(model.question.as_ref().map(|question| question.others), Some(1));
    assert_eq!(asked(&mut model, Action::Answer(Answer::Cancel)), (None, vec![], vec![]));
    model.update(Action::Close);
    assert_eq!(asked(&mut model, Action::Answer(Answer::Go)).2, [Effect::Quit]);
    model.update(Action::Close);
    assert_eq!(asked(&mut model, Action::Answer(Answer::Stop)), (quit.clone(), vec![], vec![Effect::StopHosted]));
    assert_eq!(asked(&mut model, Action::Answer(Answer::Cancel)).0, quit, "it is on its way");
    let slow = Action::HostStopped(Err(StopFailure::TooSlow));
    assert_eq!(asked(&mut model, slow), (quit, answers, vec![]));
    model.update(Action::Answer(Answer::Stop));
    assert_eq!(asked(&mut model, Action::HostStopped(Ok(()))), (None, vec![], vec![Effect::Quit]));
    assert!(!model.hosted);
}

#[test]
fn hosting_can_be_stopped_and_begun_again() {
    let (mut model, _) = check(vec![Action::StopHosting], &[]);
    assert_eq!(model.question, None, "there is nothing to stop");
    model.update(Action::Hosting(true));
    let answers = vec![Answer::Cancel, Answer::Stop];
    assert_eq!(asked(&mut model, Action::StopHosting), (Some((About::StopHosting, 0)), answers, vec![]));
    model.update(Action::Answer(Answer::Stop));
    assert_eq!(asked(&mut model, Action::HostStopped(Ok(()))), (None, vec![], vec![Effect::Disconnect]));
    assert!(model.form.as_ref().is_some_and(|form| form.host));
    let start = Action::Start { name: "ana".into(), server: String::new(), host: true };
    assert_eq!(model.update(start), [Effect::Host { name: "ana".into() }]);
}

#[test]
fn what_was_not_sent_is_not_dropped_without_a_word() {
    let (mut model, _) =
        check(vec![submit(1, "a"), submit(2, "b")], &["= 2026-11-22", "ana 12:00: a (sending)", "  b (sending)"]);
    let answers = vec![Answer::Cancel, Answer::Go];
    assert_eq!(asked(&mut model, Action::Close), (Some((About::Quit, 2)), answers.clone(), vec![]));
    assert_eq!(asked(&mut model, Action::Close).2, [Effect::Quit], "closed again: it was meant");
    let settled = |number, rseq| Action::Settled { cid: cid(number), seq: Seq(9), rseq: Rseq(rseq), at_ms: NOON };
    assert_eq!(asked(&mut model.clone(), settled(1, 1)), (Some((About::Quit, 1)), answers.clone(), vec![]));
    model.update(Action::Answer(Answer::Cancel));
    model.update(Action::ChangeLogin);
    let start = Action::Start { name: "ana".into(), server: "other".into(), host: false };
    let other: ServerAddress = "other".parse().unwrap();
    let change = About::ChangeServer { name: "ana".into(), server: other.clone(), host: false };
    assert_eq!(asked(&mut model, start.clone()), (Some((change, 2)), answers, vec![]));
    model.update(Action::Answer(Answer::Cancel));
    assert_eq!((model.server(), model.form.as_ref().map(|form| form.server.as_str())), ("box".into(), Some("other")));
    model.update(start);
    let connect = Effect::Connect { server: other, name: "ana".into() };
    assert_eq!(asked(&mut model, Action::Answer(Answer::Go)), (None, vec![], vec![connect]));
    assert!(model.timeline().is_empty());
}
