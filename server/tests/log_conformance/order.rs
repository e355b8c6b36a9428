//! What is appended: in order, once, as it was, and never behind a failure.

use crate::{
    large_draft,
    log_subject::{Subject, draft, seqs},
};
use tertulia_protocol::{Cid, DeviceId, Kind, RoomId, Rseq, Seq, UserId};
use tertulia_server::log::{Draft, Entry, Event, FailureKind, Stored, Ticket};

in_every_home! {
    entries_stand_in_the_order_of_their_drafts,
    a_cid_stands_once,
    a_cid_belongs_to_its_author,
    a_cid_is_known_after_a_restart,
    nothing_overtakes_a_failure,
    a_failure_that_was_not_told_cannot_be_acknowledged,
    a_failure_leaves_no_hole,
    everything_comes_back_as_it_was,
    fetching_skips_what_is_not_there,
    fetching_keeps_to_its_bytes,
    what_was_answered_is_found,
    a_replay_shows_what_was_told,
    an_empty_log_is_empty,
    no_drafts_no_events,
    fetching_keeps_to_the_order_in_which_it_is_asked,
}

fn entries_stand_in_the_order_of_their_drafts(mut log: Subject) {
    for batch in 0..20_u8 {
        log.append((0..batch).map(|nth| draft(batch.into(), nth)).collect());
    }
    let drafts: Vec<Draft> = (0..20_u8).flat_map(|batch| (0..batch).map(move |nth| draft(batch.into(), nth))).collect();
    let committed = |(seq, draft): (u64, Draft)| {
        let ticket = draft.ticket;
        Event::Committed { ticket, entry: Entry::new(Seq(seq), draft) }
    };
    assert_eq!(log.wait(drafts.len()), (1..).zip(drafts).map(committed).collect::<Vec<_>>());
}

fn a_cid_stands_once(mut log: Subject) {
    log.append(vec![draft(7, 1), draft(7, 2), Draft { body: b"other".to_vec(), at: 5, ..draft(7, 1) }]);
    let of = Stored { seq: Seq(1), room: RoomId(1), at: 100 };
    assert_eq!(log.wait(3)[2], Event::Duplicate { ticket: draft(7, 1).ticket, of }, "in the same batch");
    log.append(vec![draft(7, 1), draft(7, 3)]);
    assert_eq!(log.told(2), "duplicate of 1, committed 3", "later, and it takes no number");
    assert_eq!(log.entries()[0].body, draft(7, 1).body, "the first one stays as it was");
}

fn a_cid_belongs_to_its_author(mut log: Subject) {
    log.append(vec![draft(7, 1), draft(8, 1)]);
    assert_eq!(log.told(2), "committed 1, committed 2");
}

fn a_cid_is_known_after_a_restart(mut log: Subject) {
    log.append(vec![draft(7, 1), draft(7, 2)]);
    log.wait(2);
    log.restart();
    log.append(vec![draft(7, 2), draft(7, 3)]);
    assert_eq!(log.told(2), "duplicate of 2, committed 3");
}

fn nothing_overtakes_a_failure(mut log: Subject) {
    log.append(vec![draft(7, 1)]);
    log.wait(1);
    for why in [FailureKind::DiskFull, FailureKind::Refused] {
        log.fail(why);
        log.append(vec![large_draft(7, 2), large_draft(7, 3)]);
        log.append(vec![large_draft(7, 4)]);
        let failed = |cid| Event::Failed { ticket: draft(7, cid).ticket, why };
        assert_eq!(log.wait(3), [failed(2), failed(3), failed(4)]);
        log.mend();
        log.append(vec![large_draft(7, 5), draft(7, 1)]);
        assert_eq!(log.wait(2), [failed(5), failed(1)], "nobody has acknowledged");
        log.acknowledge_failure();
    }
    log.append(vec![large_draft(7, 5), large_draft(7, 2)]);
    assert_eq!(log.told(2), "committed 2, committed 3");
}

fn a_failure_that_was_not_told_cannot_be_acknowledged(mut log: Subject) {
    log.fail(FailureKind::Refused);
    log.append(vec![draft(7, 1)]);
    log.acknowledge_failure();
    log.mend();
    log.append(vec![draft(7, 2)]);
    assert_eq!(log.told(2), "failed, failed");
    log.acknowledge_failure();
    log.append(vec![draft(7, 3)]);
    assert_eq!(log.told(1), "committed 1");
}

fn a_failure_leaves_no_hole(mut log: Subject) {
    log.append(vec![draft(7, 1)]);
    log.wait(1);
    log.fail(FailureKind::DiskFull);
    log.append((2..5).map(|cid| large_draft(7, cid)).collect());
    assert_eq!(log.told(3), "failed, failed, failed");
    log.mend();
    log.acknowledge_failure();
    log.append(vec![draft(7, 9), draft(7, 2)]);
    assert_eq!(log.told(2), "committed 2, committed 3");
    log.restart();
    assert_eq!(log.entries().iter().map(|entry| entry.cid.0[0]).collect::<Vec<_>>(), [1, 9, 2]);
}

fn everything_comes_back_as_it_was(mut log: Subject) {
    let odd = Draft {
        ticket: Ticket(u64::MAX),
        at: i64::MIN,
        author: UserId(u64::MAX),
        device: DeviceId(u64::MAX - 1),
        cid: Cid([0xff; 16]),
        room: RoomId(u64::MAX - 2),
        kind: Kind(u16::MAX),
        target: Some(Rseq(u64::MAX)),
        mentions: vec![UserId(0), UserId(u64::MAX), UserId(3)],
        body: Vec::new(),
    };
    let large = Draft { body: (0..=255).cycle().take(300_000).collect(), target: Some(Rseq(0)), ..draft(0, 0) };
    let mut expected = Vec::new();
    for (seq, draft) in (1..).zip([odd, large]) {
        log.append(vec![draft.clone()]);
        let ticket = draft.ticket;
        let entry = Entry::new(Seq(seq), draft);
        assert_eq!(log.wait(1), [Event::Committed { ticket, entry: entry.clone() }]);
        expected.push(entry);
    }
    assert_eq!(log.fetch(seqs(1..=2), usize::MAX), expected);
    log.restart();
    assert_eq!(log.fetch(seqs(1..=2), usize::MAX), expected);
    assert_eq!(log.entries(), expected);
}

fn fetching_skips_what_is_not_there(mut log: Subject) {
    log.append((1..=9).map(|cid| draft(7, cid)).collect());
    log.wait(9);
    let mut places = |seqs: &[u64]| {
        let entries = log.fetch(seqs.iter().copied().map(Seq).collect(), usize::MAX);
        entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(places(&[0, 2, 3, 9, 10, u64::MAX]), [2, 3, 9]);
    assert!(places(&[]).is_empty());
    assert!(places(&[77]).is_empty());
}

fn fetching_keeps_to_its_bytes(mut log: Subject) {
    let sizes = [100, 200, 0, 300, 50];
    log.append((1..).zip(sizes).map(|(cid, size)| Draft { body: vec![b'x'; size], ..draft(7, cid) }).collect());
    log.wait(5);
    let mut places = |upto, bytes| {
        let entries = log.fetch(seqs(1..=upto).into_iter().rev().collect(), bytes);
        entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(places(5, 650), [1, 2, 3, 4, 5]);
    assert_eq!(places(5, 649), [2, 3, 4, 5]);
    assert_eq!(places(5, 350), [3, 4, 5]);
    assert_eq!(places(5, 349), [5], "the newest without a gap, not whatever is small enough");
    assert_eq!(places(4, 10), [4], "at least one");
    assert_eq!(places(3, 10), [3], "an empty one is one");
    // Whom it mentions counts as well.
    let mentioning = Draft { mentions: vec![UserId(1); 50], body: vec![b'x'; 50], ..draft(7, 6) };
    log.append(vec![mentioning, draft(7, 7)]);
    log.wait(2);
    let last = draft(7, 7).body.len();
    let mut places = |weight| {
        let entries = log.fetch(vec![Seq(7), Seq(6), Seq(5)], weight);
        entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(places(last + 500), [6, 7]);
    assert_eq!(places(last + 499), [7]);
}

fn what_was_answered_is_found(mut log: Subject) {
    for cid in 1..50 {
        log.append(vec![draft(7, cid)]);
        log.wait(1);
        let stored = Some(Stored { seq: Seq(cid.into()), room: RoomId(1), at: 100 });
        assert_eq!(log.find(UserId(7), Cid([cid; 16])), stored);
    }
    assert_eq!(log.find(UserId(7), Cid([50; 16])), None);
    assert_eq!(log.find(UserId(8), Cid([1; 16])), None);
}

fn a_replay_shows_what_was_told(mut log: Subject) {
    let mut told = Vec::new();
    for batch in 0..10 {
        log.append((0..batch).map(|nth| draft(batch.into(), nth)).collect());
        told.extend(log.wait(batch.into()).into_iter().map(|event| match event {
            Event::Committed { entry, .. } => entry,
            other => panic!("not committed: {other:?}"),
        }));
    }
    assert_eq!(log.entries(), told);
    log.restart();
    assert_eq!(log.entries(), told);
}

fn an_empty_log_is_empty(mut log: Subject) {
    assert_eq!(log.entries(), []);
    assert_eq!(log.find(UserId(0), Cid([0; 16])), None);
    assert_eq!(log.fetch(seqs(0..=3), usize::MAX), []);
}

fn no_drafts_no_events(mut log: Subject) {
    log.append(Vec::new());
    log.acknowledge_failure();
    log.append(vec![draft(7, 1)]);
    assert_eq!(log.told(1), "committed 1");
}

fn fetching_keeps_to_the_order_in_which_it_is_asked(mut log: Subject) {
    log.append((1..=3).map(|cid| Draft { body: vec![b'x'; 100], ..draft(7, cid) }).collect());
    log.wait(3);
    let places = log.fetch(vec![Seq(2), Seq(3), Seq(1)], 200).iter().map(|entry| entry.seq.0).collect::<Vec<_>>();
    assert_eq!(places, [2, 3], "the first two that are wanted, told by rising place");
}

#[test]
fn a_draft_weighs_what_it_holds() {
    let plain = Draft { body: Vec::new(), ..draft(7, 1) };
    let full = Draft { body: vec![0; 1000], mentions: vec![UserId(1); 10], ..plain.clone() };
    assert_eq!(plain.weight(), size_of::<Draft>());
    assert_eq!(full.weight() - plain.weight(), 1000 + 10 * size_of::<UserId>());
}
