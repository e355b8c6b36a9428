//! Searching: what is asked while somebody types, and where a hit leads.

use tertulia_protocol::entry::RoomEntry;

use super::*;
use crate::{
    model::palette::{Choice, Palette, Purpose, Trouble},
    session::{self, Ask, Search},
};

fn asked(effects: &[Effect]) -> Option<(u64, Search)> {
    match effects {
        [Effect::Ask { token, ask: Ask::Search(search) }] => Some((*token, search.clone())),
        _ => None,
    }
}

fn hits(token: u64, places: &[(u64, u64, &str)], below: Option<u64>) -> Action {
    let hit =
        |(room, rseq, text): &(u64, u64, &str)| RoomEntry { room: RoomId(*room), entry: entry(*rseq, LUIS, 0, text) };
    let answer = session::Answer::Hits { hits: places.iter().map(hit).collect(), below: below.map(Seq) };
    Action::Answered { token, answer }
}

#[test]
fn one_question_at_a_time_is_asked_while_somebody_types() {
    let mut model = after(vec![Action::OpenPalette(Palette::new(Purpose::Search))]);
    let (first, search) = asked(&model.update(Action::PaletteTyped("t".into()))).unwrap();
    assert_eq!(search.words, "t");
    assert_eq!(model.update(Action::PaletteTyped("tr".into())), []);
    assert_eq!(model.update(Action::PaletteTyped("tren de:luis".into())), []);
    let effects = model.update(hits(first, &[(1, 5, "viejo")], None));
    let (second, search) = asked(&effects).unwrap();
    assert_eq!((search.words.as_str(), search.author), ("tren", Some(LUIS)));
    assert_eq!(model.offers(), [], "an answer to other words is none");
    model.update(hits(second, &[(1, 40, "el  tren"), (1, 7, "un tren")], Some(900)));
    let offers = model.offers();
    assert_eq!(
        (offers[0].name.as_str(), offers[0].detail.as_str(), offers[0].person),
        ("general", "el tren", Some(LUIS))
    );
    assert_eq!(offers[2].choice, Choice::More);
    let (third, search) = asked(&model.update(Action::PaletteChose { index: 2, cid: cid(1) })).unwrap();
    assert_eq!(search.below, Some(Seq(900)));
    model.update(hits(third, &[(1, 3, "tren")], None));
    assert_eq!(model.offers().len(), 3, "{:?}", model.offers());
}

/// The server looks for a bounded time at each request, and may have found nothing yet.
#[test]
fn an_empty_answer_that_goes_on_is_asked_further() {
    let mut model = after(vec![submit(1, "/buscar aguja")]);
    let effects = model.update(hits(1, &[], Some(500)));
    assert_eq!(asked(&effects).map(|(_, search)| search.below), Some(Some(Seq(500))));
    model.update(hits(2, &[(1, 4, "aguja")], None));
    assert_eq!(model.offers().len(), 1);
}

#[test]
fn what_means_nothing_is_said_and_not_asked() {
    let mut model = after(vec![submit(1, "/buscar de:nadie")]);
    let trouble = |model: &Model| model.palette.as_ref().and_then(|palette| palette.trouble.clone());
    assert_eq!(trouble(&model), Some(Trouble::Search(search::Problem::NoPerson("nadie".into()))));
    assert!(asked(&model.update(Action::PaletteTyped("de:luis".into()))).is_some());
    assert_eq!(trouble(&model), None);
}

#[test]
fn a_hit_leads_to_its_place_in_its_room() {
    let mut model = after(vec![read(7, "obras", 900, 900), submit(1, "/buscar zanja")]);
    let named = model.update(hits(1, &[(7, 300, "la zanja"), (8, 20, "otra zanja")], None));
    let mut other = model.clone();
    let effects = model.update(Action::PaletteChose { index: 0, cid: cid(1) });
    let room = RoomId(7);
    assert!(effects.contains(&Effect::Open(room)));
    assert!(effects.contains(&Effect::Show { room, from: Rseq(275), to: Rseq(325) }), "{effects:?}");
    // The newest page, which comes first, is not what was gone to.
    assert_eq!(model.update(told(room, (851..=900).map(|n| entry(n, LUIS, 0, "x")).collect())), []);
    let page = told(room, (275..=325).map(|n| entry(n, LUIS, 0, "y")).collect());
    assert_eq!(model.update(page), [Effect::ScrollTo(RowKey::Entry(Rseq(300)))]);
    assert_eq!(model.timeline().oldest(), Some(Rseq(275)));
    // A room that is not ours has to be come into first, which others see: so it is asked.
    let browse = Ask::Browse { after: None };
    assert_eq!(named, [Effect::Ask { token: 2, ask: browse }], "what it is called is not known here");
    let rooms = vec![state(8, "lejos", 60).row];
    let answer = session::Answer::Rooms { rooms, more: false };
    assert_eq!(other.update(Action::Answered { token: 2, answer }), []);
    assert_eq!(other.offers()[1].name, "lejos");
    assert_eq!(other.update(Action::PaletteChose { index: 1, cid: cid(2) }), []);
    let about = About::Join { room: RoomId(8), name: "lejos".into(), rseq: Rseq(20) };
    assert_eq!(other.question.as_ref().map(|asked| &asked.about), Some(&about));
    let mut stays = other.clone();
    assert_eq!(stays.update(Action::Answer { answer: Answer::Cancel, cid: cid(2) }), []);
    let write = Write::join(RoomId(8));
    let joined = other.update(Action::Answer { answer: Answer::Go, cid: cid(2) });
    assert_eq!(joined, [Effect::Write { cid: cid(2), write, instead_of: None }]);
    let effects = other.update(read(8, "lejos", 60, 60));
    assert!(effects.contains(&Effect::Show { room: RoomId(8), from: Rseq(1), to: Rseq(45) }), "{effects:?}");
}
