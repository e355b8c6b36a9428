//! Where somebody reads in a room, and goes on reading after having been elsewhere.

use super::*;

const WORKS: RoomId = RoomId(7);

fn talk(from: u64, to: u64) -> Action {
    here((from..=to).map(|n| entry(n, LUIS, 0, &n.to_string())).collect())
}

fn reads(rseq: u64, top: i32) -> Vec<Action> {
    vec![Action::AtEnd(false), Action::Reads { rseq: Rseq(rseq), top }]
}

fn away(model: &mut Model) {
    model.update(Action::OpenRoom(WORKS));
}

/// What moves the list, or asks for what it needs.
fn back(model: &mut Model) -> Vec<Effect> {
    let mut effects = model.update(Action::OpenRoom(GENERAL));
    effects.retain(|effect| matches!(effect, Effect::ReadOn(..) | Effect::ScrollToEnd | Effect::Show { .. }));
    effects
}

fn reading(head: u64, at: Vec<Action>) -> Model {
    let mut model = after(vec![read(1, "general", head, head), read(7, "obras", 0, 0), talk(head - 49, head)]);
    at.into_iter().for_each(|action| drop(model.update(action)));
    model
}

#[test]
fn who_was_reading_back_goes_on_there_and_who_was_at_the_end_is_at_the_end() {
    let mut model = reading(1_000, reads(970, -12));
    away(&mut model);
    assert_eq!(back(&mut model), [Effect::ReadOn(Rseq(970), Some(-12))]);
    model.update(Action::AtEnd(true));
    away(&mut model);
    assert_eq!(back(&mut model), [Effect::ScrollToEnd]);
}

#[test]
fn a_place_far_back_is_still_here_whatever_comes_meanwhile() {
    let mut model = reading(2_000, vec![Action::Jump(Rseq(300))]);
    model.update(talk(275, 325));
    reads(290, 5).into_iter().for_each(|action| drop(model.update(action)));
    away(&mut model);
    model.update(read(1, "general", 2_500, 2_000));
    model.update(talk(2_001, 2_500));
    assert_eq!(back(&mut model), [Effect::ReadOn(Rseq(290), Some(5))]);
    assert_eq!(model.timeline().oldest(), Some(Rseq(275)));
    assert_eq!(model.unread(), 500, "nothing was read by coming back");
}

#[test]
fn what_was_not_read_is_begun_where_reading_ended() {
    let mut model = reading(1_000, vec![]);
    away(&mut model);
    model.update(read(1, "general", 1_003, 1_000));
    model.update(talk(1_001, 1_003));
    assert_eq!(back(&mut model), [Effect::ReadOn(Rseq(1_001), None)]);
    assert_eq!(model.unread(), 3, "before it was in sight");
    assert!(rows(&model).contains(&"--- new".to_owned()));
    assert_eq!(model.update(Action::AtEnd(true)), [Effect::Mark(GENERAL, Rseq(1_003))]);
}

#[test]
fn what_is_not_here_is_asked_for_and_gone_to_unless_somebody_reads_elsewhere_by_then() {
    let mut model = after(vec![read(7, "obras", 0, 0), Action::OpenRoom(WORKS)]);
    model.update(read(1, "general", 900, 300));
    let show = Effect::Show { room: GENERAL, from: Rseq(276), to: Rseq(326) };
    assert_eq!(back(&mut model), [show, Effect::ScrollToEnd]);
    // The newest page, which comes first, is not read by being shown meanwhile.
    assert_eq!(model.update(talk(851, 900)), []);
    assert_eq!(model.update(Action::AtEnd(true)), []);
    let mut elsewhere = model.clone();
    assert_eq!(model.update(talk(276, 326)), [Effect::ReadOn(Rseq(301), None)]);
    reads(860, 0).into_iter().for_each(|action| drop(elsewhere.update(action)));
    assert_eq!(elsewhere.update(talk(276, 326)), []);
}

#[test]
fn an_own_message_ends_the_reading() {
    let mut model = reading(1_000, reads(970, 0));
    model.update(submit(1, "yo"));
    away(&mut model);
    assert_eq!(back(&mut model), [Effect::ScrollToEnd]);
}
