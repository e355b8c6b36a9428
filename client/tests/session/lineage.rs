//! A server that goes on from a backup, or another server's log: where the two part, and what becomes of what is held.

use crate::support::{GENERAL, Rig, row, synced};
use tertulia_client::session::{DraftText, Event, SetBack, Write};
use tertulia_protocol::{ClientFrame, LogId, RoomId, Rseq, Seq, push, reply};

fn lineage(logs: &[(u8, u64)]) -> Vec<reply::Lineage> {
    logs.iter().map(|(log, from)| reply::Lineage { log: LogId([*log; 16]), from: Seq(*from) }).collect()
}

/// The connection is lost, and the next login meets this log.
fn meet(rig: &mut Rig, logs: &[(u8, u64)], position: u64) {
    rig.cut();
    rig.wait_for_connect();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    rig.sent.clear();
    rig.events.clear();
    rig.receive(&reply::Welcome { lineage: lineage(logs), ..Rig::welcome(position, 1) });
}

/// Whether the next login in that log sets us back, and to which place.
fn set_back(rig: &mut Rig, logs: &[(u8, u64)], position: u64) -> Option<(SetBack, u64)> {
    meet(rig, logs, position);
    let how = rig.events.iter().find_map(|event| match event {
        Event::LogChanged { how, .. } => Some(*how),
        _ => None,
    });
    let sync = rig.answer_sync_with(synced(position));
    if sync.since > Seq(0) && how.is_some() {
        let all = rig.answer_sync_with(reply::Synced { rooms: vec![row(4)], ..synced(position) });
        assert_eq!(all.since, Seq(0));
    }
    Some((how?, sync.since.0))
}

/// Keeps out: a person to whom everything is "no longer on the server", because the log of before was looked for alone,
/// which is in no other lineage when the same backup is restored again.
#[test]
fn the_same_backup_again_sets_back_to_where_the_two_restores_part() {
    let back = |place| Some((SetBack::ToABackup, place));
    let mut rig = Rig::live();
    for rseq in 1..=6 {
        rig.live_entry(rseq);
    }
    rig.receive(&push::Heartbeat { position: Seq(60) });
    assert_eq!(set_back(&mut rig, &[(1, 1), (2, 41)], 60), back(40));
    // The disk breaks again, and the backup is the same; then it is one that was made later, and one made sooner.
    assert_eq!(set_back(&mut rig, &[(1, 1), (3, 41)], 55), back(40));
    assert_eq!(set_back(&mut rig, &[(1, 1), (4, 48)], 55), back(40));
    assert_eq!(set_back(&mut rig, &[(1, 1), (5, 30)], 55), back(29));
    // The first log, whose disk was mended: it has grown, or never came so far.
    assert_eq!(set_back(&mut rig, &[(1, 1)], 55), back(29));
    assert_eq!(set_back(&mut rig, &[(1, 1), (6, 50)], 90), back(49));
    assert_eq!(set_back(&mut rig, &[(1, 1)], 45), back(45));
    // A backup of a restored one.
    assert_eq!(set_back(&mut rig, &[(1, 1), (6, 40), (7, 42)], 90), back(39));
    assert_eq!(set_back(&mut rig, &[(1, 1), (6, 40), (7, 42)], 95), None);
    assert_eq!(set_back(&mut rig, &[(1, 1), (6, 40), (8, 42), (9, 43)], 95), back(41));
    let server = rig.server_key();
    assert_eq!(rig.history.load(&server, GENERAL, Rseq(1), Rseq(9)).unwrap().entries.len(), 6);
    assert_eq!(rig.history.lost(&server, 10).unwrap().len(), 0);
    assert_eq!(set_back(&mut rig, &[(77, 1), (78, 40)], 50), Some((SetBack::AnotherLog, 0)));
    assert_eq!(rig.history.lost(&server, 10).unwrap().len(), 6);
}

#[test]
fn a_log_that_was_set_back_takes_what_is_behind_the_cut_and_says_so() {
    let mut rig = Rig::live();
    for rseq in 1..=6 {
        rig.live_entry(rseq);
    }
    rig.receive(&push::Heartbeat { position: Seq(16) });
    let late = rig.session.write(rig.now, Write::message(GENERAL, "about the sixth", Some(Rseq(6)), vec![]));
    let early = rig.session.write(rig.now, Write::message(GENERAL, "about the first", Some(Rseq(1)), vec![]));
    rig.collect();
    rig.queued.clear();
    // Entries 1 to 4 have the places 11 to 14 in the log; the new one begins at 15.
    meet(&mut rig, &[(1, 1), (2, 15)], 15);
    assert!(rig.events.contains(&Event::LogChanged { how: SetBack::ToABackup, lost: 2 }), "{:?}", rig.events);
    assert!(rig.events.contains(&Event::Reset { room: GENERAL }));
    let failed: Vec<bool> = rig.queued.iter().map(|item| item.failed.is_some()).collect();
    assert_eq!((rig.queued[0].cid, rig.queued[1].cid, failed), (late, early, vec![true, false]));

    // A kill before all rooms were told: the next start tells it again, and asks again.
    rig.restart();
    assert!(rig.events.contains(&Event::LogChanged { how: SetBack::ToABackup, lost: 2 }));
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    rig.sent.clear();
    rig.receive(&reply::Welcome { lineage: lineage(&[(1, 1), (2, 15)]), ..Rig::welcome(15, 1) });

    let sync = rig.answer_sync_with(synced(15));
    assert_eq!(sync.since, Seq(14));
    rig.sent.retain(|frame| !matches!(frame, ClientFrame::Write(_)));
    let all = rig.answer_sync_with(reply::Synced { rooms: vec![row(4)], ..synced(15) });
    assert_eq!(all.since, Seq(0), "every room as it stands now");
    let server = rig.server_key();
    assert_eq!(rig.history.load(&server, GENERAL, Rseq(1), Rseq(9)).unwrap().entries.len(), 4);
    assert_eq!(rig.history.lost(&server, 10).unwrap().len(), 2);
    assert_eq!(rig.history.saved(&server).unwrap().set_back, None);
}

/// Keeps out: a text that stays in the composer of a room until another room has got its number.
#[test]
fn what_was_being_written_in_a_room_that_is_lost_leaves_its_composer() {
    let mut rig = Rig::live();
    let late = RoomId(16);
    rig.receive(&push::Rooms { rooms: vec![reply::RoomRow { room: late, ..row(1) }] });
    let draft = |text: &str| DraftText { text: text.to_owned(), answers: None };
    rig.session.set_draft(rig.now, late, draft("there"));
    rig.session.set_draft(rig.now, GENERAL, draft("here"));
    rig.collect();
    meet(&mut rig, &[(1, 1), (2, 15)], 15);
    let told = |room, text| Event::Draft { room, draft: draft(text) };
    assert!(rig.events.contains(&told(late, "")), "{:?}", rig.events);
    assert!(rig.events.contains(&told(GENERAL, "here")) && !rig.events.contains(&told(GENERAL, "")));
    assert!(rig.events.contains(&Event::LogChanged { how: SetBack::ToABackup, lost: 1 }), "it is kept aside");
}

#[test]
fn another_servers_log_voids_everything_but_what_was_written() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    let cid = rig.write("hello");
    rig.cut();
    rig.wait_for_connect();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    rig.sent.clear();
    rig.events.clear();
    rig.receive(&Rig::welcome(5, 2));
    assert!(rig.events.contains(&Event::LogChanged { how: SetBack::AnotherLog, lost: 1 }));
    let sync = rig.answer_sync_with(reply::Synced { rooms: vec![row(0)], ..synced(5) });
    assert_eq!(sync.since, Seq(0));
    rig.sent.retain(|frame| matches!(frame, ClientFrame::Write(_)));
    assert_eq!(rig.next_write().cid, cid);
}
