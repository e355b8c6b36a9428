//! One suite for all homes of the log: what `log/mod.rs` promises, asked of the log in memory and of the one in a file.
//!
//! A [`Subject`] hides which one it is. What only a file can suffer (kills, damage, rights) is in `log_file.rs`.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

mod log_subject;

use log_subject::{Home, Subject, draft, seqs};
use proptest::prelude::*;
use tertulia_protocol::{
    Cid, DeviceId, Kind, RoomId, Rseq, Seq, UserId,
    entry::{MessageBody, NO_BODY, ReactionBody},
};
use tertulia_server::log::{Derived, Draft, Entry, Event, FailureKind, Mark, Query, Stored, Targeting, Ticket};

/// Makes a test for each home out of a function.
macro_rules! in_every_home {
    ($($name:ident,)*) => {
        mod memory {
            $(#[test] fn $name() { super::$name(super::Subject::new(super::Home::Memory)); })*
        }
        mod local {
            $(#[test] fn $name() { super::$name(super::Subject::new(super::Home::Local)); })*
        }
    };
}

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
    what_was_said_later_is_found_by_its_target,
    what_was_said_later_is_cut_where_it_is_told,
    the_first_that_is_not_old_is_found,
    messages_are_found_by_their_words,
    a_search_keeps_to_its_conditions,
    a_search_goes_on_where_it_ended,
    an_edit_is_found_and_what_it_replaced_is_not,
    what_is_erased_is_gone,
    what_expired_is_gone,
    derived_work_may_come_twice,
    derived_work_survives_a_restart,
    marks_are_kept,
    a_full_disk_is_noticed_when_it_is_not_full_any_more,
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

/// A message with a text.
fn says(author: u64, cid: u8, text: &str) -> Draft {
    Draft { body: MessageBody { text: text.to_owned() }.to_bytes(), ..draft(author, cid) }
}

/// Something about another entry.
fn about(kind: Kind, target: u64, of: Draft) -> Draft {
    Draft { kind, target: Some(Rseq(target)), ..of }
}

fn store(log: &mut Subject, drafts: Vec<Draft>) {
    let count = drafts.len();
    log.append(drafts);
    let told = log.wait(count);
    assert!(told.iter().all(|event| matches!(event, Event::Committed { .. })), "{told:?}");
}

fn words(words: &str) -> Query {
    Query { words: words.split_whitespace().map(str::to_owned).collect(), rooms: vec![RoomId(1)], ..Query::default() }
}

fn what_was_said_later_is_found_by_its_target(mut log: Subject) {
    let heart = ReactionBody { emoji: "❤".to_owned() }.to_bytes();
    store(
        &mut log,
        vec![
            says(7, 1, "one"),
            says(7, 2, "two"),
            about(Kind::EDIT, 1, says(7, 3, "one!")),
            about(Kind::REACT, 2, Draft { body: heart.clone(), ..draft(8, 4) }),
            about(Kind::MESSAGE, 1, says(8, 5, "an answer is not about it")),
            about(Kind::UNREACT, 2, Draft { body: heart.clone(), ..draft(8, 6) }),
            Draft { room: RoomId(9), ..about(Kind::EDIT, 1, says(7, 7, "another room")) },
            about(Kind::DELETE, 1, Draft { body: NO_BODY.to_vec(), ..draft(7, 8) }),
        ],
    );
    let (from, cut, rows) = log.targeting(RoomId(1), &[1, 2, 3], 100);
    assert_eq!((from, cut), (1, false));
    let row = |seq, target, kind, author, body: &[u8]| Targeting {
        seq: Seq(seq),
        target: Rseq(target),
        kind,
        author: UserId(author),
        body: body.to_vec(),
    };
    let expected = [
        row(6, 2, Kind::UNREACT, 8, &heart),
        row(4, 2, Kind::REACT, 8, &heart),
        row(8, 1, Kind::DELETE, 7, &[]),
        row(3, 1, Kind::EDIT, 7, &[]),
    ];
    assert_eq!(rows, expected);
    assert_eq!(log.targeting(RoomId(1), &[], 100), (0, false, vec![]));
    assert_eq!(log.targeting(RoomId(2), &[1, 2], 100), (1, false, vec![]));
}

fn what_was_said_later_is_cut_where_it_is_told(mut log: Subject) {
    let edits = [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3)];
    store(&mut log, edits.map(|(cid, target)| about(Kind::EDIT, target, says(7, cid, "x"))).to_vec());
    let mut seqs = |targets: &[u64], rows_max| {
        let (from, cut, rows) = log.targeting(RoomId(1), targets, rows_max);
        (from, cut, rows.iter().map(|row| row.seq.0).collect::<Vec<_>>())
    };
    assert_eq!(seqs(&[1, 2, 3], 6), (1, false, vec![6, 5, 4, 3, 2, 1]));
    assert_eq!(seqs(&[1, 2, 3], 5), (2, false, vec![6, 5, 4, 3]), "the lowest only whole");
    assert_eq!(seqs(&[1, 2, 3], 3), (3, false, vec![6]));
    assert_eq!(seqs(&[1, 2], 3), (2, false, vec![5, 4, 3]), "exactly as many are not cut");
    assert_eq!(seqs(&[1, 2], 2), (2, true, vec![5, 4]), "the newest of the highest");
    assert_eq!(seqs(&[1, 2], 0), (2, true, vec![]));
    assert_eq!(seqs(&[0, 1, 9], 2), (0, false, vec![2, 1]), "what nothing was said about costs nothing");
}

fn the_first_that_is_not_old_is_found(mut log: Subject) {
    let times = [100, 200, 300, 50, 400, 400];
    store(&mut log, (1..).zip(times).map(|(cid, at)| Draft { at, ..draft(7, cid) }).collect());
    assert_eq!(log.first_since(0, 0), Some(1));
    assert_eq!(log.first_since(0, 201), Some(3));
    assert_eq!(log.first_since(3, 60), Some(5), "a clock that was set back makes an entry old");
    assert_eq!(log.first_since(2, 60), Some(3), "and what is ahead of it stays young");
    assert_eq!(log.first_since(0, 401), None);
    assert_eq!(log.first_since(6, 0), None);
    assert_eq!(log.first_since(u64::MAX, 0), None);
}

fn messages_are_found_by_their_words(mut log: Subject) {
    let texts = ["Un Café solo", "cafe con leche", "nothing", "CAFÉ cerrado"];
    store(&mut log, (1..).zip(texts).map(|(cid, text)| says(7, cid, text)).collect());
    assert_eq!(log.find_all(&words("cafe"), 9), [] as [u64; 0], "not indexed yet");
    log.derived(vec![], 3);
    assert_eq!(log.find_all(&words("cafe"), 9), [2, 1], "as far as it was applied");
    log.derived(vec![], 4);
    assert_eq!(log.find_all(&words("cafe"), 9), [4, 2, 1]);
    assert_eq!(log.find_all(&words("caf"), 9), [4, 2, 1], "the last word may begin one");
    assert_eq!(log.find_all(&words("leche CAFÉ"), 9), [2], "in any order");
    assert_eq!(log.find_all(&words("caf leche"), 9), [] as [u64; 0], "another word may not");
    assert_eq!(log.find_all(&words(""), 9), [4, 3, 2, 1], "no words are no condition");
    for nasty in ["\"", "* OR", "NEAR(caf", "caf\0", "text : caf", "-caf", "^", "''", "😀", "\u{301}"] {
        log.find_all(&words(nasty), 9);
    }
    assert_eq!(log.find_all(&words("*caf \""), 9), [] as [u64; 0], "a word that is not whole is not found");
    let (entries, below) = log.search(&words("leche"), 9);
    assert_eq!((entries[0].body.clone(), below), (says(7, 2, texts[1]).body, None));
}

fn a_search_keeps_to_its_conditions(mut log: Subject) {
    let texts = ["see http://a.example", "see www.b.example", "see c", "see d"];
    let drafts = (1_u8..).zip(texts).map(|(cid, text)| Draft {
        room: RoomId(u64::from(cid) % 2 + 1),
        at: i64::from(cid) * 10,
        ..says(u64::from(cid) / 2, cid, text)
    });
    store(&mut log, drafts.collect());
    log.derived(vec![], 4);
    let both = Query { rooms: vec![RoomId(1), RoomId(2)], ..words("see") };
    let mut find = |query: Query| log.find_all(&query, 9);
    assert_eq!(find(both.clone()), [4, 3, 2, 1]);
    assert_eq!(find(Query { rooms: vec![RoomId(1)], ..both.clone() }), [4, 2]);
    assert_eq!(find(Query { rooms: vec![], ..both.clone() }), [] as [u64; 0]);
    assert_eq!(find(Query { author: Some(UserId(1)), ..both.clone() }), [3, 2]);
    assert_eq!(find(Query { from: Some(20), until: Some(40), ..both.clone() }), [3, 2]);
    assert_eq!(find(Query { has_link: true, ..both.clone() }), [2, 1]);
    assert_eq!(find(Query { has_link: true, words: vec![], ..both.clone() }), [2, 1]);
    assert_eq!(find(Query { below: Some(Seq(3)), ..both.clone() }), [2, 1]);
    assert_eq!(find(Query { below: Some(Seq(0)), ..both.clone() }), [] as [u64; 0]);
    assert_eq!(find(Query { below: Some(Seq(u64::MAX)), ..both }), [4, 3, 2, 1]);
}

fn a_search_goes_on_where_it_ended(mut log: Subject) {
    store(&mut log, (1..=50).map(|cid| says(7, cid, if cid % 2 == 0 { "even" } else { "odd" })).collect());
    log.derived(vec![], 50);
    let even: Vec<u64> = (1..=25).rev().map(|half| half * 2).collect();
    for max in [1, 2, 7, 25, 26] {
        assert_eq!(log.find_all(&words("even"), max), even, "{max} at a time");
    }
}

fn an_edit_is_found_and_what_it_replaced_is_not(mut log: Subject) {
    store(&mut log, vec![says(7, 1, "first"), about(Kind::EDIT, 1, says(7, 2, "second http://x"))]);
    store(&mut log, vec![about(Kind::EDIT, 1, says(7, 3, "third")), says(7, 4, "other")]);
    let edited = |edit| Derived::Edited { edit: Seq(edit), message: Seq(1) };
    log.derived(vec![edited(2)], 2);
    assert_eq!(log.find_all(&words("first"), 9), [] as [u64; 0]);
    let (entries, _) = log.search(&Query { has_link: true, ..words("second") }, 9);
    assert_eq!(
        entries.iter().map(|entry| (entry.seq.0, &entry.body)).collect::<Vec<_>>(),
        [(1, &says(7, 2, "second http://x").body)]
    );
    log.derived(vec![edited(3)], 4);
    assert_eq!(log.find_all(&words("second"), 9), [] as [u64; 0]);
    assert_eq!(log.find_all(&words("third"), 9), [1]);
    assert_eq!(log.find_all(&Query { has_link: true, ..words("") }, 9), [] as [u64; 0]);
}

fn what_is_erased_is_gone(mut log: Subject) {
    let heart = ReactionBody { emoji: "❤".to_owned() }.to_bytes();
    let drafts = vec![
        says(7, 1, "secret one"),
        about(Kind::EDIT, 1, says(7, 2, "secret two")),
        about(Kind::REACT, 1, Draft { body: heart.clone(), ..draft(8, 3) }),
        says(7, 4, "secret of somebody else"),
        Draft { room: RoomId(2), ..about(Kind::EDIT, 1, says(7, 5, "secret of another room")) },
        about(Kind::DELETE, 1, Draft { body: NO_BODY.to_vec(), ..draft(7, 6) }),
    ];
    store(&mut log, drafts.clone());
    let erased = Derived::Erased { by: Seq(6), room: RoomId(1), message: Seq(1), rseq: Rseq(1) };
    log.derived(vec![Derived::Edited { edit: Seq(2), message: Seq(1) }, erased], 6);
    assert_eq!(log.find_all(&words("secret"), 9), [4]);
    let bodies: Vec<Vec<u8>> = log.fetch(seqs(1..=6), usize::MAX).into_iter().map(|entry| entry.body).collect();
    let blank = |nth| matches!(nth, 0 | 1);
    let expected = (0..).zip(&drafts).map(|(nth, draft)| if blank(nth) { vec![] } else { draft.body.clone() });
    assert_eq!(bodies, expected.collect::<Vec<_>>());
    assert_eq!(log.find(UserId(7), Cid([1; 16])).map(|stored| stored.seq), Some(Seq(1)), "its place stays");
}

fn what_expired_is_gone(mut log: Subject) {
    let mut drafts: Vec<Draft> = (1..=200).map(|cid| says(7, cid, "old")).collect();
    drafts[9].room = RoomId(2);
    drafts[10].kind = Kind::ROOM_TOPIC;
    drafts[11] = about(Kind::REACT, 1, drafts[11].clone());
    // What is said later about what expired goes with it.
    drafts[179] = about(Kind::EDIT, 100, drafts[179].clone());
    drafts[180] = about(Kind::EDIT, 170, drafts[180].clone());
    store(&mut log, drafts);
    store(&mut log, vec![Draft { kind: Kind::EXPIRE, ..draft(0, 1) }]);
    let expired = |upto, by| Derived::Expired { by: Seq(by), room: RoomId(1), upto: Seq(upto), rseq: Rseq(upto) };
    log.derived(vec![expired(150, 201)], 201);
    let kept: Vec<u64> = [10, 11].into_iter().chain((151..=201).filter(|seq| *seq != 180)).collect();
    let with_bodies = |log: &mut Subject| {
        let entries = log.fetch(seqs(1..=201), usize::MAX);
        entries.iter().filter(|entry| !entry.body.is_empty()).map(|entry| entry.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(with_bodies(&mut log), kept);
    let both = Query { rooms: vec![RoomId(1), RoomId(2)], ..words("old") };
    let messages = |from: u64| (from..=200).rev().filter(|seq| !matches!(seq, 180 | 181)).chain([10]);
    assert_eq!(log.find_all(&both, 9), messages(151).collect::<Vec<_>>());
    store(&mut log, vec![Draft { kind: Kind::EXPIRE, ..draft(0, 2) }]);
    log.derived(vec![expired(160, 202)], 202);
    assert_eq!(log.find_all(&both, 9), messages(161).collect::<Vec<_>>());
}

fn derived_work_may_come_twice(mut log: Subject) {
    store(&mut log, vec![says(7, 1, "first"), about(Kind::EDIT, 1, says(7, 2, "second")), says(7, 3, "third")]);
    let work = vec![Derived::Edited { edit: Seq(2), message: Seq(1) }];
    log.derived(work.clone(), 3);
    log.restart();
    log.derived(work, 3);
    store(&mut log, vec![says(7, 4, "fourth")]);
    log.derived(vec![], 4);
    assert_eq!(log.find_all(&words("second"), 9), [1]);
    assert_eq!(log.find_all(&words(""), 9), [4, 3, 1]);
}

fn derived_work_survives_a_restart(mut log: Subject) {
    store(&mut log, vec![says(7, 1, "first"), says(7, 2, "second")]);
    log.derive(vec![], 2);
    log.restart();
    assert_eq!(log.derived_upto(), 2, "an ordered end leaves nothing to do");
    assert_eq!(log.find_all(&words("first"), 9), [1]);
}

fn marks_are_kept(mut log: Subject) {
    let mark = |user, room, rseq| Mark { user: UserId(user), room: RoomId(room), rseq: Rseq(rseq), at: Seq(rseq + 1) };
    log.keep_marks(vec![mark(7, 1, 3), mark(8, 1, 1)]);
    log.keep_marks(vec![mark(7, 1, 5), mark(7, 2, 9)]);
    log.keep_marks(vec![]);
    log.restart();
    assert_eq!(log.marks(), [mark(7, 1, 5), mark(7, 2, 9), mark(8, 1, 1)]);
    log.keep_marks(vec![mark(7, 2, 10)]);
    log.restart();
    assert_eq!(log.marks(), [mark(7, 1, 5), mark(7, 2, 10), mark(8, 1, 1)]);
}

fn a_full_disk_is_noticed_when_it_is_not_full_any_more(mut log: Subject) {
    assert!(log.probe());
    log.fail(FailureKind::DiskFull);
    log.append(vec![large_draft(7, 1)]);
    assert_eq!(log.told(1), "failed");
    assert!(!log.probe());
    log.mend();
    assert!(log.probe());
    log.acknowledge_failure();
    log.append(vec![large_draft(7, 1)]);
    assert_eq!(log.told(1), "committed 1");
}

#[test]
fn a_draft_weighs_what_it_holds() {
    let plain = Draft { body: Vec::new(), ..draft(7, 1) };
    let full = Draft { body: vec![0; 1000], mentions: vec![UserId(1); 10], ..plain.clone() };
    assert_eq!(plain.weight(), size_of::<Draft>());
    assert_eq!(full.weight() - plain.weight(), 1000 + 10 * size_of::<UserId>());
}

/// A draft that does not fit into whatever room a full file has left.
fn large_draft(author: u64, cid: u8) -> Draft {
    Draft { body: vec![cid; 200_000], ..draft(author, cid) }
}

/// Something that happens to a log.
#[derive(Clone, Debug)]
enum Step {
    /// Calls of `append` one after the other, without waiting; (author, cid) of each draft.
    Append(Vec<Vec<(u64, u8)>>),
    Fail,
    Mend,
    Acknowledge,
    Restart,
    Find(u64, u8),
    Fetch {
        from: u64,
        count: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let author_and_cid = || (0..3_u64, 0..12_u8);
    let drafts = prop::collection::vec(author_and_cid(), 0..6);
    let step = prop_oneof![
        6 => prop::collection::vec(drafts, 1..5).prop_map(Step::Append),
        1 => Just(Step::Fail),
        2 => Just(Step::Mend),
        2 => Just(Step::Acknowledge),
        1 => Just(Step::Restart),
        1 => author_and_cid().prop_map(|(author, cid)| Step::Find(author, cid)),
        1 => (0..20_u64, 0..20_u64).prop_map(|(from, count)| Step::Fetch { from, count }),
    ];
    prop::collection::vec(step, 1..25)
}

/// What a log has to do, in the fewest words.
#[derive(Default)]
struct Model {
    entries: Vec<Entry>,
    failing: bool,
    stuck: bool,
}

impl Model {
    fn append(&mut self, draft: Draft) -> Event {
        let ticket = draft.ticket;
        self.stuck |= self.failing;
        if self.stuck {
            return Event::Failed { ticket, why: FailureKind::Refused };
        }
        if let Some(of) = self.find(draft.author, draft.cid) {
            return Event::Duplicate { ticket, of };
        }
        let entry = Entry::new(Seq(self.entries.len() as u64 + 1), draft);
        self.entries.push(entry.clone());
        Event::Committed { ticket, entry }
    }

    fn find(&self, author: UserId, cid: Cid) -> Option<Stored> {
        self.entries.iter().find(|entry| entry.author == author && entry.cid == cid).map(Entry::stored)
    }
}

fn follows_the_model(home: Home, steps: Vec<Step>) {
    let mut log = Subject::new(home);
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(calls) => {
                let mut expected = Vec::new();
                for call in calls {
                    let drafts: Vec<Draft> = call.into_iter().map(|(author, cid)| draft(author, cid)).collect();
                    log.append(drafts.clone());
                    expected.extend(drafts.into_iter().map(|draft| model.append(draft)));
                }
                assert_eq!(log.wait(expected.len()), expected);
            }
            Step::Fail => {
                log.fail(FailureKind::Refused);
                model.failing = true;
            }
            Step::Mend => {
                log.mend();
                model.failing = false;
            }
            Step::Acknowledge => {
                log.acknowledge_failure();
                model.stuck = false;
            }
            Step::Restart => {
                log.restart();
                model = Model { entries: model.entries, ..Model::default() };
                assert_eq!(log.entries(), model.entries);
            }
            Step::Find(author, cid) => {
                let (author, cid) = (UserId(author), draft(author, cid).cid);
                assert_eq!(log.find(author, cid), model.find(author, cid));
            }
            Step::Fetch { from, count } => {
                let inside = |entry: &&Entry| (from..from + count).contains(&entry.seq.0);
                let expected: Vec<Entry> = model.entries.iter().filter(inside).cloned().collect();
                assert_eq!(log.fetch((from..from + count).map(Seq).collect(), usize::MAX), expected);
            }
        }
    }
    assert_eq!(log.entries(), model.entries);
}

/// Something that is said, and what is made of it.
#[derive(Clone, Debug)]
enum Deed {
    Say { author: u64, room: u64, text: String },
    Edit { message: prop::sample::Index, text: String },
    Erase(prop::sample::Index),
    Expire { room: u64, upto: prop::sample::Index },
    Derive,
    Restart,
    Search { query: Query, max: usize },
    Targeting { room: u64, targets: std::collections::BTreeSet<u64>, rows_max: usize },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    const WORDS: [&str; 9] = ["uno", "unido", "DOS", "café", "cafe\u{301}", "www.x", "\"", "😀", "a-b"];
    let text = || prop::collection::vec(prop::sample::select(&WORDS[..]), 1..4).prop_map(|words| words.join(" "));
    let index = any::<prop::sample::Index>;
    let room = || 1..3_u64;
    let query = (
        prop_oneof![Just(Vec::new()), text().prop_map(|text| text.split(' ').map(str::to_owned).collect())],
        prop::collection::btree_set(room().prop_map(RoomId), 0..3),
        prop::option::of((1..3_u64).prop_map(UserId)),
        any::<bool>(),
        prop::option::of((0..30_u64).prop_map(Seq)),
    );
    let query = query.prop_map(|(words, rooms, author, has_link, below)| {
        let rooms = rooms.into_iter().collect();
        Query { words, rooms, author, has_link, below, ..Query::default() }
    });
    let deed = prop_oneof![
        6 => (1..3_u64, room(), text()).prop_map(|(author, room, text)| Deed::Say { author, room, text }),
        3 => (index(), text()).prop_map(|(message, text)| Deed::Edit { message, text }),
        2 => index().prop_map(Deed::Erase),
        1 => (room(), index()).prop_map(|(room, upto)| Deed::Expire { room, upto }),
        3 => Just(Deed::Derive),
        1 => Just(Deed::Restart),
        4 => (query, 1..5_usize).prop_map(|(query, max)| Deed::Search { query, max }),
        1 => (room(), prop::collection::btree_set(1..30_u64, 0..6), 0..6_usize)
            .prop_map(|(room, targets, rows_max)| Deed::Targeting { room, targets, rows_max }),
    ];
    prop::collection::vec(deed, 1..40)
}

/// Does the same to the log in memory and to the one in a file, and holds what they answer against each other. Places
/// in rooms are places of the log here: to the log they are only numbers.
fn both_homes_agree(deeds: Vec<Deed>) {
    let mut logs = [Subject::new(Home::Memory), Subject::new(Home::Local)];
    let (mut messages, mut edits, mut work, mut last) = (Vec::<(u64, u64)>::new(), 0, Vec::new(), 0_u64);
    let mut done: Vec<Derived> = Vec::new();
    for deed in deeds {
        let cid = u8::try_from(last + 1).expect("few deeds");
        let mut draft = None;
        match deed {
            Deed::Say { author, room, text } => {
                messages.push((last + 1, room));
                draft = Some(Draft { room: RoomId(room), ..says(author, cid, &text) });
            }
            Deed::Edit { message, text } if !messages.is_empty() => {
                let (message, room) = *message.get(&messages);
                edits += 1;
                work.push(Derived::Edited { edit: Seq(last + 1), message: Seq(message) });
                draft = Some(Draft { room: RoomId(room), ..about(Kind::EDIT, message, says(1, cid, &text)) });
            }
            Deed::Erase(message) if !messages.is_empty() => {
                let (message, room) = messages.remove(message.index(messages.len()));
                let (by, rseq, message) = (Seq(last + 1), Rseq(message), Seq(message));
                work.push(Derived::Erased { by, room: RoomId(room), message, rseq });
                draft = Some(Draft { room: RoomId(room), ..about(Kind::DELETE, rseq.0, says(1, cid, "")) });
            }
            Deed::Expire { room, upto } if last > 0 => {
                let upto = upto.index(usize::try_from(last).expect("few")) as u64 + 1;
                messages.retain(|(seq, of)| *of != room || *seq > upto);
                let (by, upto, rseq) = (Seq(last + 1), Seq(upto), Rseq(upto));
                work.push(Derived::Expired { by, room: RoomId(room), upto, rseq });
                draft = Some(Draft { kind: Kind::EXPIRE, room: RoomId(room), ..says(0, cid, "") });
            }
            Deed::Edit { .. } | Deed::Erase(_) | Deed::Expire { .. } => {}
            Deed::Derive => {
                done.extend(&work);
                logs.iter_mut().for_each(|log| log.derived(work.clone(), last));
                work.clear();
            }
            Deed::Restart => {
                // Who starts again gives the work again that is not known to be done.
                work = done.iter().copied().chain(work).filter(|work| work.by().0 > logs[0].derived_upto()).collect();
                logs.iter_mut().for_each(Subject::restart);
            }
            Deed::Search { query, max } => {
                let [memory, local] = logs.each_mut().map(|log| log.find_all(&query, max));
                assert_eq!(memory, local, "{query:?}");
            }
            Deed::Targeting { room, targets, rows_max } => {
                let targets: Vec<u64> = targets.into_iter().collect();
                let [memory, local] = logs.each_mut().map(|log| log.targeting(RoomId(room), &targets, rows_max));
                assert_eq!(memory, local);
            }
        }
        if let Some(draft) = draft {
            last += 1;
            logs.iter_mut().for_each(|log| store(log, vec![draft.clone()]));
        }
    }
    logs.iter_mut().for_each(|log| log.derived(work.clone(), last));
    let all = Query { rooms: vec![RoomId(1), RoomId(2)], ..Query::default() };
    let [memory, local] = logs.each_mut().map(|log| (log.entries(), log.find_all(&all, 3)));
    assert_eq!(memory, local, "with {edits} edits");
    let there: Vec<u64> = messages.iter().rev().map(|(seq, _)| *seq).collect();
    assert_eq!(local.1, there, "what is not erased is found, and nothing else");
    let check = rusqlite::Connection::open(logs[1].path()).expect("the file");
    check.execute_batch("INSERT INTO words (words) VALUES ('integrity-check')").expect("the index is sound");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_follows_the_model(steps in steps()) {
        follows_the_model(Home::Memory, steps);
    }

    #[test]
    fn homes_agree_about_what_is_made_of_entries(deeds in deeds()) {
        both_homes_agree(deeds);
    }

    #[test]
    fn local_follows_the_model(steps in steps()) {
        follows_the_model(Home::Local, steps);
    }
}
