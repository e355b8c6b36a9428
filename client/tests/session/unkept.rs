//! A disk that takes nothing for a while, or has lost what it took: what was told stays told, and stays known.

use std::time::Duration;

use crate::support::{GENERAL, Rig, config, entry, row};
use tertulia_client::{
    session::{Change, Event, Run},
    store::History,
};
use tertulia_protocol::{Cid, ClientFrame, Entry, Kind, Rseq, push, reply};

/// Somebody scrolls to a range, and sees it.
fn look(rig: &mut Rig, from: u64, to: u64) {
    rig.session.show(rig.now, GENERAL, Rseq(from), Rseq(to));
    rig.collect();
}

/// Expects a pull of this range of a room of a thousand, and answers it.
#[cfg(test)]
#[track_caller]
fn page(rig: &mut Rig, from: u64, to: u64) {
    let ClientFrame::Pull(pull) = rig.next_sent() else { panic!("not a Pull") };
    assert_eq!((pull.from, pull.to, pull.later_only), (Rseq(from), Rseq(to), None));
    let (request, room, entries) = (pull.request, pull.room, (from..=to).map(entry).collect());
    rig.receive(&reply::Page { request, room, entries, head: Rseq(1_000), later: None, cut: None, from: None });
}

/// Found by the simulation (seeds 2020 and 9733): whoever looked at a room between a failure of the disk and the next
/// attempt was shown nothing, and what came meanwhile was never known to be kept again, though it was.
#[test]
fn what_a_failing_disk_has_not_taken_is_shown_and_is_not_forgotten() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.live_entry(2);
    rig.history.set_fault(true);
    let edit = Entry { kind: Kind::EDIT, target: Some(Rseq(1)), ..entry(4) };
    let deletion = Entry { kind: Kind::DELETE, target: Some(Rseq(2)), body: vec![], ..entry(5) };
    rig.live_entry(3);
    for entry in [&edit, &deletion] {
        rig.receive(&push::RoomEntry { room: GENERAL, entry: entry.clone() });
    }
    rig.events.clear();
    look(&mut rig, 1, 3);
    // Also what was said about what the disk does have.
    let entries = vec![entry(1), entry(2), entry(3)];
    assert_eq!(rig.next_event(), Event::Entries { room: GENERAL, entries, later: vec![edit, deletion] });
    assert!(rig.sent.is_empty());

    rig.history.set_fault(false);
    rig.pass(Duration::from_secs(6));
    rig.restart();
    assert_eq!(rig.told_places(), [1, 2, 3, 4, 5], "without a server");
}

#[test]
fn what_the_store_has_lost_is_pulled_when_somebody_looks_at_it() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(1_000)], vec![], false);
    page(&mut rig, 951, 1_000);
    look(&mut rig, 100, 110);
    page(&mut rig, 100, 110);
    rig.events.clear();

    rig.history = History::in_memory().unwrap();
    look(&mut rig, 100, 110);
    assert!(rig.events.is_empty());
    page(&mut rig, 100, 110);
    assert_eq!(rig.told_places(), (100..=110).collect::<Vec<_>>());
    let runs = rig.kept.iter().rev().find_map(|change| match change {
        Change::Runs { runs, .. } => Some(runs.clone()),
        _ => None,
    });
    let run = |first, last| Run { first, last, known: 1_000 };
    assert_eq!(runs, Some(vec![run(100, 110), run(951, 1_000)]));
}

/// Kept as rows of whichever server was there when the disk took them, they mixed two servers' truths.
#[test]
fn what_waits_for_a_failing_disk_stays_the_servers_that_told_it() {
    let mut rig = Rig::live();
    let old = rig.server_key();
    rig.history.set_fault(true);
    rig.live_entry(1);
    rig.cut();
    rig.wait_for_connect();
    rig.use_server_key([9; 32]);
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    let new = rig.server_key();
    rig.session.trust_server_key(rig.now, new);
    let cid = rig.write("hello");
    rig.history.set_fault(false);
    rig.pass(Duration::from_secs(6));
    let mut held = |key| {
        let written: Vec<Cid> = rig.history.saved(key).unwrap().outbox.iter().map(|item| item.cid).collect();
        (rig.history.load(key, GENERAL, Rseq(1), Rseq(9)).unwrap().entries.len(), written)
    };
    assert_eq!(held(&old), (1, vec![]));
    assert_eq!(held(&new), (0, vec![cid]));
}
