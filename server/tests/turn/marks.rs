//! Read marks: kept, told to all of the person's connections, never beyond what there is, and there again after a restart.

use tertulia_protocol::{
    RoomId, Rseq, Seq, UserId,
    push::{Marked, RoomEntry},
    reply::{RoomRow, Synced},
};

use crate::support::{Client, Rig};

const GENERAL: RoomId = RoomId(1);
const LUIS: UserId = UserId(3);

fn two() -> (Rig, Client, Client) {
    let mut rig = Rig::new();
    let (ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.sleep(1_000);
    luis.received();
    (rig, ana, luis)
}

fn marked(client: &mut Client) -> Vec<(u64, u64, u64, u64)> {
    let told = client.all::<Marked>();
    told.into_iter().map(|told| (told.room.0, told.rseq.0, told.count, told.mentions)).collect()
}

/// The rows of a sync.
#[track_caller]
fn rows(rig: &mut Rig, client: &mut Client, since: Seq) -> Vec<RoomRow> {
    client.sync(since);
    rig.answer::<Synced>(client).rooms
}

#[test]
fn a_mark_is_told_to_all_connections_of_the_person_and_to_nobody_else() {
    let (mut rig, mut ana, mut luis) = two();
    let (mut phone, _) = rig.login_again(luis.device.number());
    for text in ["uno", "dos", "tres"] {
        ana.say(GENERAL, text);
    }
    ana.react(GENERAL, 1, "👍");
    rig.settle_with(&mut ana);
    [&mut ana, &mut luis, &mut phone].into_iter().for_each(|client| drop(client.received()));
    luis.mark(GENERAL, 2);
    rig.settle();
    assert_eq!((marked(&mut luis), marked(&mut phone)), (vec![(1, 2, 2, 0)], vec![(1, 2, 2, 0)]));
    // Backwards, or where it is: nothing. Beyond the head: the head.
    luis.mark(GENERAL, 1);
    luis.mark(GENERAL, 2);
    luis.mark(GENERAL, 0);
    phone.mark(GENERAL, u64::MAX);
    phone.mark(GENERAL, u64::MAX);
    rig.settle();
    assert_eq!((marked(&mut luis), marked(&mut phone)), (vec![(1, 4, 3, 0)], vec![(1, 4, 3, 0)]));
    ana.expect_nothing();
    // One's own message is a mark, which nothing else tells.
    luis.say(GENERAL, "cuatro");
    rig.settle();
    assert_eq!(phone.all::<RoomEntry>().len(), 1);
    let row = &rows(&mut rig, &mut phone, Seq(0))[0];
    assert_eq!((row.mark, row.mark_count, row.count), (Some(Rseq(5)), Some(4), 4));
    rig.check_replay();
}

#[test]
fn in_a_room_of_others_a_mark_does_nothing() {
    let (mut rig, mut ana, mut luis) = two();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    ana.say(room, "uno");
    rig.settle();
    luis.mark(room, 2);
    luis.mark(RoomId(99), 1);
    luis.mark(RoomId(0), 1);
    rig.settle();
    luis.expect_nothing();
    assert_eq!(rig.log().marks(), []);
}

#[test]
fn mentions_behind_the_mark_are_counted_and_those_before_it_forgotten() {
    let (mut rig, mut ana, mut luis) = two();
    for mentions in [&[LUIS][..], &[], &[LUIS, UserId(2)], &[LUIS]] {
        if mentions.is_empty() {
            ana.say(GENERAL, "x")
        } else {
            ana.say_to(GENERAL, mentions, "x")
        };
    }
    rig.settle_with(&mut ana);
    assert_eq!(rows(&mut rig, &mut luis, Seq(0))[0].mentions, Some(3));
    luis.received();
    luis.mark(GENERAL, 3);
    rig.settle();
    assert_eq!(marked(&mut luis), [(1, 3, 3, 1)]);
    // What is erased mentions nobody.
    ana.delete(GENERAL, 4);
    rig.settle_with(&mut ana);
    assert_eq!(rows(&mut rig, &mut luis, Seq(0))[0].mentions, None);
}

#[test]
fn a_sync_tells_a_mark_that_was_set_while_one_was_away() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "uno");
    ana.open_private("secreto");
    rig.settle_with(&mut ana);
    let device = luis.device.number();
    let (phone, _) = rig.login_again(device);
    let point = rig.turn.chat().position();
    phone.wire.reset();
    luis.mark(GENERAL, 1);
    rig.settle();
    let (mut phone, _) = rig.login_again(device);
    let found = rows(&mut rig, &mut phone, point);
    assert_eq!((found.len(), found[0].room, found[0].mark), (1, GENERAL, Some(Rseq(1))));
    // Behind it, when something else has happened, it is no news any more.
    ana.open_private("otro");
    rig.settle_with(&mut ana);
    let position = rig.turn.chat().position();
    assert_eq!(rows(&mut rig, &mut phone, position), []);
}

#[test]
fn marks_are_kept_beside_the_log_and_taken_up_again() {
    let (mut rig, mut ana, mut luis) = two();
    for _ in 0..5 {
        ana.say_to(GENERAL, &[LUIS], "x");
    }
    rig.settle_with(&mut ana);
    luis.mark(GENERAL, 3);
    rig.settle();
    luis.mark(GENERAL, 4);
    rig.settle();
    let kept = rig.log().marks();
    assert_eq!(
        kept.iter().map(|mark| (mark.user, mark.room, mark.rseq)).collect::<Vec<_>>(),
        [(LUIS, GENERAL, Rseq(4))]
    );
    let before = format!("{:?}", rig.turn.chat());
    let mut rig = rig.restart();
    assert_eq!(format!("{:?}", rig.turn.chat()), before);
    let (mut luis, _) = rig.login_again(luis.device.number());
    let row = &rows(&mut rig, &mut luis, Seq(0))[0];
    assert_eq!((row.mark, row.mark_count, row.mentions), (Some(Rseq(4)), Some(4), Some(1)));
    // Only what moved is kept again.
    luis.mark(GENERAL, 4);
    rig.settle();
    assert_eq!(rig.log().marks(), kept);
}

/// It was told at once and kept later: what a desk had heard then was lost with the power, and never said again.
#[test]
fn a_mark_is_told_and_counts_when_it_is_durable_and_is_lost_with_the_power_before() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "uno");
    rig.settle_with(&mut ana);
    luis.received();
    rig.log().hold();
    luis.mark(GENERAL, 1);
    rig.settle();
    luis.expect_nothing();
    assert_eq!(rows(&mut rig, &mut luis, Seq(0))[0].mark, None);
    let mut rig = rig.restart();
    let (mut luis, _) = rig.login_again(luis.device.number());
    assert_eq!(rows(&mut rig, &mut luis, Seq(0))[0].mark, None);
    rig.log().hold();
    luis.mark(GENERAL, 1);
    rig.settle();
    rig.log().release_all();
    rig.settle();
    assert_eq!(marked(&mut luis), [(1, 1, 1, 0)]);
}
