//! What is no longer on the server after it went back to a backup: found, read and copied.

use tertulia_protocol::entry::RoomEntry;

use super::*;
use crate::model::palette::{Choice, Palette, Purpose};

fn lost() -> Action {
    let lost = |room, entry| RoomEntry { room: RoomId(room), entry };
    Action::Lost(vec![
        lost(1, entry(7, LUIS, -60, "el  tren\nsale")),
        lost(99, entry(3, ZOE, -30, "en una sala que ya no existe")),
        lost(1, raw(8, LUIS, Kind::MESSAGE, None, vec![])),
    ])
}

fn offers(model: &Model) -> Vec<String> {
    let offers = model.offers().into_iter().map(|offer| format!("{}: {}", offer.name, offer.detail));
    offers.collect()
}

#[test]
fn what_is_lost_is_found_by_a_command_and_copied_one_after_the_other() {
    let mut model = after(vec![lost(), submit(1, "/perdido")]);
    assert_eq!(
        offers(&model),
        [": en una sala que ya no existe", "general: el tren sale"],
        "what has no words is none"
    );
    let effects = model.update(Action::PaletteChose { index: 1, cid: cid(2) });
    assert_eq!(effects, [Effect::Copy("el  tren\nsale".into())], "as it was written");
    let copied = model.palette.as_ref().and_then(|palette| palette.copied.as_deref());
    assert_eq!(copied, Some("el  tren\nsale"), "the list stays, and says so");
    model.update(Action::PaletteTyped("zoe".into()));
    assert_eq!(offers(&model), [": en una sala que ya no existe"], "by who wrote it");
}

#[test]
fn it_is_offered_among_the_rooms_as_long_as_there_is_something() {
    let offered = |model: &mut Model| {
        model.update(Action::OpenPalette(Palette::new(Purpose::Switch)));
        model.offers().iter().any(|offer| offer.choice == Choice::Open(Purpose::Lost))
    };
    assert!(!offered(&mut after(vec![])));
    let mut model = after(vec![lost()]);
    model.update(Action::Disconnected { why: Lost::Closed, retry_in: Duration::ZERO });
    assert!(offered(&mut model), "also without a connection");
    assert!(!offered(&mut after(vec![lost(), Action::Lost(vec![])])));
}
