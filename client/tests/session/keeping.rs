//! A session and its store: what is kept before what, and what a program that was killed starts from.

use std::time::Duration;

use crate::support::{GENERAL, ME, Rig, body, config, entry, row, settled, synced, user};
use tertulia_client::session::{Change, DraftText, Event, RoomState, Write};
use tertulia_protocol::{Cid, ClientFrame, Entry, ErrorCode, Kind, RoomId, Rseq, Seq, push, reply};

const SECOND: Duration = Duration::from_secs(1);

/// Logged in on a fresh store, and everything told since the start.
fn offline_start(rig: &mut Rig) -> Vec<Event> {
    rig.restart();
    rig.events.drain(..).collect()
}

#[test]
fn nothing_goes_out_before_it_is_kept() {
    let mut rig = Rig::live();
    rig.hold_store = true;
    let cid = rig.write("hello");
    assert!(rig.sent.is_empty() && rig.queued.is_empty());
    rig.release_store();
    assert_eq!(rig.queued[0].cid, cid);
    assert_eq!(rig.next_write().cid, cid);
}

#[test]
fn a_store_that_fails_holds_writes_back_and_loses_none() {
    let mut rig = Rig::live();
    rig.history.set_fault(true);
    let first = rig.write("first");
    assert!(matches!(rig.next_event(), Event::ProfileNotSaved { .. }));
    let second = rig.write("second");
    rig.live_entry(1);
    rig.pass(4 * SECOND);
    assert!(rig.sent.is_empty());
    rig.history.set_fault(false);
    rig.pass(2 * SECOND);
    assert_eq!([rig.next_write().cid, rig.next_write().cid], [first, second]);
    let server = rig.server_key();
    assert_eq!(rig.history.load(&server, GENERAL, Rseq(1), Rseq(9)).unwrap().entries.len(), 1);
}

#[test]
fn what_was_written_outlasts_the_program_and_goes_out_once_in_order() {
    let mut rig = Rig::live();
    let cids: Vec<Cid> = ["one", "two", "three"].map(|text| rig.write(text)).into();
    let first = rig.next_write();
    rig.place(first.request, 1);
    let told = offline_start(&mut rig);
    assert!(!told.iter().any(|event| matches!(event, Event::LoggedIn { .. })));
    assert!(rig.queued.iter().skip(3).map(|item| item.cid).eq(cids[1..].iter().copied()), "told before any connection");
    let offline = rig.write("offline");
    rig.log_in();
    rig.sent.retain(|frame| matches!(frame, ClientFrame::Write(_)));
    let again: Vec<Cid> = (0..3).map(|_| rig.next_write().cid).collect();
    assert_eq!(again, [cids[1], cids[2], offline]);
}

#[test]
fn what_was_acknowledged_and_not_noted_is_sent_again_under_its_name() {
    let mut rig = Rig::live();
    let cid = rig.write("hello");
    let write = rig.next_write();
    rig.hold_store = true;
    rig.place(write.request, 1);
    assert_eq!(rig.next_event(), settled(cid, 1));
    rig.hold_store = false;
    offline_start(&mut rig);
    rig.log_in();
    rig.sent.retain(|frame| matches!(frame, ClientFrame::Write(_)));
    assert_eq!(rig.next_write().cid, cid, "the server answers with the first place");
}

#[test]
fn a_refused_write_stays_until_it_is_retried_or_thrown_away() {
    let mut rig = Rig::live();
    let (bad, worse) = (rig.write("bad"), rig.write("worse"));
    for _ in 0..2 {
        let write = rig.next_write();
        rig.refuse(Some(write.request), ErrorCode::ARCHIVED);
    }
    rig.queued.clear();
    offline_start(&mut rig);
    assert!(rig.queued.iter().map(|item| item.cid).eq([bad, worse]));
    assert!(rig.queued.iter().all(|item| item.failed.as_ref().is_some_and(|why| why.code == ErrorCode::ARCHIVED)));
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    assert!(rig.sent.is_empty(), "not sent by itself");

    let fresh = Cid([9; 16]);
    rig.session.write_instead(rig.now, bad, fresh, Write::message(GENERAL, "bad", None, vec![]));
    rig.session.discard(rig.now, worse);
    rig.collect();
    assert_eq!(rig.next_write().cid, fresh);
    rig.queued.clear();
    offline_start(&mut rig);
    assert!(rig.queued.iter().map(|item| item.cid).eq([fresh]));
}

#[test]
fn enter_moves_the_draft_to_the_outbox_in_one_step() {
    let mut rig = Rig::live();
    let draft = DraftText { text: "hello".to_owned(), answers: Some(Rseq(3)) };
    rig.session.set_draft(rig.now, GENERAL, draft.clone());
    rig.collect();
    assert!(offline_start(&mut rig).contains(&Event::Draft { room: GENERAL, draft }));
    rig.kept.clear();
    let write = Write::message(GENERAL, "hello", Some(Rseq(3)), vec![]).clearing_draft();
    let cid = rig.session.write(rig.now, write);
    rig.collect();
    let together = rig.kept.iter().filter(|change| matches!(change, Change::Queued { from_draft: true, .. })).count();
    assert_eq!(together, 1);
    rig.queued.clear();
    assert!(!offline_start(&mut rig).iter().any(|event| matches!(event, Event::Draft { .. })));
    assert_eq!((rig.queued[0].cid, rig.queued[0].target), (cid, Some(Rseq(3))));
}

#[test]
fn a_window_without_a_server_shows_what_it_has() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(2)], vec![user(2, "ana"), user(3, "luis")], false);
    rig.answer_pull(1, 2, 1);
    rig.live_entry(3);
    rig.rows.clear();
    let told = offline_start(&mut rig);
    assert_eq!(told[0], Event::Me { user: ME, name: "ana".to_owned() });
    assert_eq!(told[1], Event::Users(vec![user(2, "ana"), user(3, "luis")]));
    assert_eq!(rig.rows, [RoomState::new(row(3))]);
    let entries = vec![entry(1), entry(2), entry(3)];
    assert!(told.contains(&Event::Entries { room: GENERAL, entries, later: vec![] }), "{told:?}");
    assert_eq!(rig.connects, 2, "and it tries to connect meanwhile");
}

#[test]
fn the_sync_point_is_kept_behind_what_it_covers() {
    let mut rig = Rig::live();
    rig.kept.clear();
    rig.live_entry(1);
    rig.receive(&push::Heartbeat { position: Seq(20) });
    let entry = rig.kept.iter().position(|change| matches!(change, Change::Entries { .. }));
    let since = rig.kept.iter().position(|change| *change == Change::Since(Seq(20)));
    assert!(entry.unwrap() < since.unwrap());

    // A kill between the two leaves the older point, and the entry is asked for again.
    rig.hold_store = true;
    rig.live_entry(2);
    rig.receive(&push::Heartbeat { position: Seq(21) });
    rig.hold_store = false;
    offline_start(&mut rig);
    rig.log_in();
    let sync = rig.answer_sync_with(reply::Synced { rooms: vec![row(2)], ..synced(21) });
    assert_eq!(sync.since, Seq(20));
    rig.answer_pull(2, 2, 2);
}

#[test]
fn what_was_erased_meanwhile_is_erased_here() {
    let mut rig = Rig::live();
    for rseq in 1..=4 {
        rig.live_entry(rseq);
    }
    offline_start(&mut rig);
    rig.log_in();
    rig.events.clear();
    let erased = Some(vec![reply::Erased { room: GENERAL, from: Rseq(2), to: Rseq(3) }]);
    rig.answer_sync_with(reply::Synced { erased, ..synced(30) });
    assert!(rig.events.contains(&Event::Erased { room: GENERAL, from: Rseq(2), to: Rseq(3) }));
    let server = rig.server_key();
    let held = rig.history.load(&server, GENERAL, Rseq(1), Rseq(4)).unwrap().entries;
    assert!(held.iter().map(|entry| entry.body.is_empty()).eq([false, true, true, false]));
}

/// Found by the simulation (seed 595): who lagged twice was told live of an edit and of a message, missed the deletions, and
/// kept both texts, because they were told behind the sync that said that they are erased.
#[test]
fn what_came_ahead_of_the_sync_that_says_it_is_erased_is_erased_too() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.receive(&push::Lagged { position: Seq(11) });
    rig.live_entry(2);
    let edit = Entry { kind: Kind::EDIT, target: Some(Rseq(1)), ..entry(3) };
    rig.receive(&push::RoomEntry { room: GENERAL, entry: edit });
    rig.live_entry(4);
    let erased = [1, 2].map(|rseq| reply::Erased { room: GENERAL, from: Rseq(rseq), to: Rseq(rseq) });
    rig.answer_sync_with(reply::Synced { erased: Some(erased.to_vec()), ..synced(30) });
    let server = rig.server_key();
    let held = rig.history.load(&server, GENERAL, Rseq(1), Rseq(4)).unwrap().entries;
    assert!(held.iter().map(|entry| entry.body.is_empty()).eq([true, true, true, false]));
}

/// Found by the simulation (seed 11617): who had left a room, and came back into it, kept what had been erased meanwhile, for
/// heartbeats had moved the sync point past that.
#[test]
fn who_comes_back_into_a_room_asks_what_was_erased_in_it_meanwhile() {
    for is_killed in [false, true] {
        let mut rig = Rig::live();
        rig.live_entry(1);
        rig.live_entry(2);
        rig.receive(&push::Heartbeat { position: Seq(12) });
        rig.receive(&push::Gone { room: GENERAL });
        rig.receive(&push::Heartbeat { position: Seq(20) });
        rig.receive(&push::Rooms { rooms: vec![row(4)] });
        // Where it left is known to the program that was there, and that much is kept before anything covers more.
        if is_killed {
            offline_start(&mut rig);
            rig.log_in();
        } else {
            rig.receive(&push::Heartbeat { position: Seq(25) });
        }
        let erased = Some(vec![reply::Erased { room: GENERAL, from: Rseq(1), to: Rseq(1) }]);
        let sync = rig.answer_sync_with(reply::Synced { erased, ..synced(25) });
        assert_eq!(sync.since, Seq(12));
        let server = rig.server_key();
        let held = rig.history.load(&server, GENERAL, Rseq(1), Rseq(2)).unwrap().entries;
        assert!(held.iter().map(|entry| entry.body.is_empty()).eq([true, false]));
        assert_eq!(rig.history.saved(&server).unwrap().since, Seq(25));
    }
}

/// The same, where nobody remembers where it left; and in the midst of a sync, whose end does not cover it.
#[test]
fn who_comes_back_after_a_start_asks_from_the_beginning() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.receive(&push::Gone { room: GENERAL });
    offline_start(&mut rig);
    rig.log_in();
    let sync = rig.answer_sync_with(reply::Synced { rooms: vec![row(3)], next: Some(vec![7]), ..synced(30) });
    let again = rig.answer_sync_with(synced(31));
    assert_eq!((sync.since, again.since), (Seq(10), Seq(10)), "one sync has one beginning");
    let server = rig.server_key();
    assert_eq!(rig.history.saved(&server).unwrap().since, Seq(1));
    assert_eq!(rig.answer_sync_with(synced(32)).since, Seq(1));
    assert_eq!(rig.history.saved(&server).unwrap().since, Seq(32));
}

#[test]
fn two_servers_in_one_file_do_not_meet() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.cut();
    rig.wait_for_connect();
    rig.use_server_key([9; 32]);
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    rig.rows.clear();
    let key = rig.server_key();
    rig.session.trust_server_key(rig.now, key);
    rig.collect();
    rig.log_in();
    assert_eq!(rig.rows, []);
    rig.answer_sync(vec![row(0)], vec![], false);
    assert_eq!(rig.history.load(&key, GENERAL, Rseq(1), Rseq(9)).unwrap().entries, []);
}

#[test]
fn what_opens_a_room_is_settled_with_the_room() {
    let mut rig = Rig::live();
    let cid = rig.session.write(rig.now, Write::open_room(reply::ROOM_PRIVATE, "cats", None));
    rig.collect();
    let write = rig.next_write();
    assert_eq!((write.room, write.kind), (RoomId(0), Kind::ROOM_OPEN));
    let placed =
        reply::Placed { request: write.request, seq: Seq(30), rseq: Rseq(1), count: 0, at: 5, room: Some(RoomId(30)) };
    rig.receive(&placed);
    assert_eq!(rig.next_event(), Event::Settled { cid, room: RoomId(30), rseq: Rseq(1), seq: Seq(30), at: 5 });
}

#[test]
fn kinds_that_nobody_knows_are_kept_as_they_came() {
    let mut rig = Rig::live();
    let mut odd = entry(1);
    odd.kind = Kind(999);
    odd.body = body("?");
    rig.receive(&push::RoomEntry { room: GENERAL, entry: odd.clone() });
    let server = rig.server_key();
    assert_eq!(rig.history.load(&server, GENERAL, Rseq(1), Rseq(1)).unwrap().entries, [odd]);
}
