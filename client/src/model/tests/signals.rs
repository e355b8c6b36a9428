//! Who is writing, who is away, what the server says of itself, and what we say of ourselves.

use super::*;
use crate::model::palette::{Palette, Purpose};

#[test]
fn who_is_writing_is_known_for_six_seconds_and_ends_with_the_message() {
    let mut model = after(vec![Action::Typing(GENERAL, vec![ANA, LUIS])]);
    assert_eq!(model.typing(), ["luis"]);
    model.update(Action::Tick { now_ms: NOON + 6_000 });
    assert!(model.typing().is_empty());
    model.update(Action::Typing(GENERAL, vec![LUIS]));
    model.update(here(vec![entry(1, LUIS, 0, "ya")]));
    assert!(model.typing().is_empty());
}

#[test]
fn who_does_nothing_for_long_is_away_until_the_next_key() {
    let mut model = after(vec![]);
    assert_eq!(model.update(Action::Tick { now_ms: NOON + 299_999 }), []);
    assert_eq!(model.update(Action::Tick { now_ms: NOON + 300_000 }), [Effect::Away(true)]);
    assert_eq!(model.update(Action::Tick { now_ms: NOON + 400_000 }), []);
    let effects = model.update(Action::Composed { text: "a".into(), cursor: 1 });
    assert_eq!(effects, [Effect::Away(false), Effect::Typing(GENERAL)]);
}

#[test]
fn the_server_and_its_log_have_their_say() {
    let mut model = after(vec![Action::Notice { what: 1, on: true }, Action::Notice { what: 9, on: true }]);
    assert!(model.read_only);
    model.update(Action::Notice { what: 1, on: false });
    assert!(!model.read_only);
    model.update(Action::LogChanged { same_server: true, lost: 3 });
    model.update(Action::Reset(GENERAL));
    assert!(rows(&model).last().is_some_and(|row| row.contains("LogSetBack(3)")), "{:?}", rows(&model));
}

#[test]
fn a_name_and_a_colour_are_changed() {
    let mut model = after(vec![]);
    let written = |write| vec![Effect::Write { cid: cid(1), write, instead_of: None }];
    assert_eq!(model.update(submit(1, "/apodo Ana María"))[0], written(Write::rename("Ana María"))[0]);
    model.update(Action::Users(vec![UserRow { hue: Some(90), ..user(ANA, "Ana María") }]));
    assert_eq!((model.my_name(), model.people.hue(ANA)), ("Ana María", Some(90)));
    model.update(Action::OpenPalette(Palette::new(Purpose::Colour)));
    let choose = Action::PaletteChose { index: 2, cid: cid(1) };
    assert_eq!(model.update(choose), written(Write::profile(Some(60))));
}

/// It stayed in sight as if it had been said, though the server had lost it.
#[test]
fn what_a_log_that_was_set_back_has_lost_is_not_shown_as_sent() {
    let settled = Action::Settled { cid: cid(1), room: GENERAL, rseq: Rseq(9), at_ms: NOON };
    let mut model = after(vec![submit(1, "perdido"), settled]);
    assert_eq!(rows(&model), ["= 2026-11-22", "ana 12:00: perdido"]);
    model.update(Action::Reset(GENERAL));
    assert_eq!(rows(&model), Vec::<String>::new());
}
