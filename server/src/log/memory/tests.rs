//! What the log in memory lets its owner decide.

use super::*;
use crate::log::{Log as _, Ticket};
use tertulia_protocol::{DeviceId, Rseq};

fn draft(number: u8) -> Draft {
    Draft {
        ticket: Ticket(number.into()),
        at: 0,
        author: UserId(1),
        device: DeviceId(1),
        cid: Cid([number; 16]),
        room: RoomId(1),
        kind: Kind(0),
        target: None,
        mentions: Vec::new(),
        body: vec![number],
    }
}

/// What the log tells, in short: `1@1` committed, `1=1` duplicate, `1!` failed.
fn told(log: &mut MemoryLog) -> String {
    let mut events = Vec::new();
    log.poll(&mut events);
    let words = events.iter().map(|event| match event {
        Event::Committed { ticket, entry } => format!("{}@{}", ticket.0, entry.seq),
        Event::Duplicate { ticket, of } => format!("{}={}", ticket.0, of.seq),
        Event::Failed { ticket, .. } => format!("{}!", ticket.0),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_held_waits_until_it_is_released() {
    let mut log = MemoryLog::new();
    log.hold();
    log.append(vec![draft(1), draft(2), draft(1), draft(3)]);
    assert_eq!(told(&mut log), "");
    log.release(2);
    assert_eq!(told(&mut log), "1@1 2@2");
    assert_eq!(log.waiting(), 2);
    log.release_all();
    assert_eq!(told(&mut log), "1=1 3@3");
    log.append(vec![draft(4)]);
    assert_eq!(told(&mut log), "4@4");
}

#[test]
fn an_acknowledgement_keeps_its_place_in_the_queue() {
    let mut log = MemoryLog::new();
    log.hold();
    log.fail(Some(FailureKind::DiskFull));
    log.append(vec![draft(1), draft(2)]);
    log.release(1);
    assert_eq!(told(&mut log), "1!");
    log.fail(None);
    log.acknowledge_failure();
    log.append(vec![draft(3)]);
    log.release_all();
    assert_eq!(told(&mut log), "2! 3@1", "2 was sent before the failure was seen, 3 after");
}

#[test]
fn an_acknowledgement_does_not_speak_of_a_failure_that_was_not_seen() {
    let mut log = MemoryLog::new();
    log.fail(Some(FailureKind::DiskFull));
    log.append(vec![draft(1)]);
    log.fail(None);
    log.acknowledge_failure();
    log.append(vec![draft(2)]);
    assert_eq!(told(&mut log), "1! 2!");
    log.acknowledge_failure();
    log.append(vec![draft(3)]);
    assert_eq!(told(&mut log), "3@1");
}

#[test]
fn a_pulled_plug_keeps_what_was_durable() {
    let mut log = MemoryLog::new();
    log.append(vec![draft(1)]);
    log.hold();
    log.append(vec![draft(2)]);
    let mut log = MemoryLog::with_entries(log.into_entries());
    log.append(vec![draft(2), draft(1)]);
    assert_eq!(told(&mut log), "2@2 1=1");
}

#[test]
fn a_crash_behind_a_commit_and_before_its_telling_keeps_it() {
    let mut log = MemoryLog::new();
    log.hold();
    log.append(vec![draft(1), draft(2)]);
    log.release(1);
    let mut log = log.after_power_loss();
    assert_eq!(told(&mut log), "", "nobody tells of it any more");
    log.append(vec![draft(2), draft(1)]);
    assert_eq!(told(&mut log), "2@2 1=1");
}

#[test]
fn derived_work_and_marks_are_lost_with_the_power_as_far_as_they_waited() {
    let erased = Derived::Erased { by: Seq(2), room: RoomId(1), message: Seq(1), rseq: Rseq(1) };
    let mark = |rseq| Mark { user: UserId(1), room: RoomId(1), rseq: Rseq(rseq), at: Seq(2) };
    let mut log = MemoryLog::new();
    log.append(vec![draft(1), draft(2)]);
    log.keep_marks(vec![mark(1)]);
    log.hold_derived();
    log.derive(vec![erased], Seq(2));
    log.hold();
    log.append(vec![draft(3)]);
    log.keep_marks(vec![mark(2)]);
    let mut log = log.after_power_loss();
    assert_eq!((log.derived_upto(), log.marks()), (Seq(0), vec![mark(1)]));
    assert!(!log.entries()[0].body.is_empty(), "not erased yet");
    log.derive(vec![erased], Seq(2));
    let log = log.after_power_loss();
    assert_eq!((log.derived_upto(), log.entries()[0].body.as_slice()), (Seq(2), &[][..]));
    assert!(!log.entries()[1].body.is_empty());
}

#[test]
fn a_full_disk_takes_deletions_alone() {
    let mut log = MemoryLog::new();
    log.fill(true);
    log.append(vec![draft(1)]);
    assert_eq!(told(&mut log), "1!");
    log.acknowledge_failure();
    log.append(vec![Draft { kind: Kind::DELETE, ..draft(2) }]);
    assert_eq!(told(&mut log), "2@1");
    log.probe();
    assert_eq!(told(&mut log), "Probed { writable: false }");
    log.fill(false);
    log.probe();
    log.append(vec![draft(1)]);
    assert_eq!(told(&mut log), "Probed { writable: true } 1@2");
}

#[test]
fn a_broken_log_stores_nothing_more() {
    let mut log = MemoryLog::new();
    log.break_down("the disk is gone");
    log.append(vec![draft(1)]);
    let mut events = Vec::new();
    log.poll(&mut events);
    assert_eq!(events, [Event::Broken { why: "the disk is gone".into() }]);
    assert_eq!(log.entries(), []);
}
