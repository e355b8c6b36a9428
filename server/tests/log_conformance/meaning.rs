//! What entries say: what was said later about them, searches, what is erased, read marks, and a disk that is full.

use crate::{
    about, large_draft,
    log_subject::{Subject, draft, seqs},
    says, store,
};
use tertulia_protocol::{
    Cid, Kind, RoomId, Rseq, Seq, UserId,
    entry::{NO_BODY, ReactionBody},
};
use tertulia_server::log::{Derived, Draft, FailureKind, Mark, Query};

in_every_home! {
    the_first_that_is_not_old_is_found,
    messages_are_found_by_their_words,
    a_search_keeps_to_its_conditions,
    a_search_goes_on_where_it_ended,
    an_edit_is_found_and_what_it_replaced_is_not,
    what_is_erased_is_gone,
    what_is_refused_is_gone,
    what_expired_is_gone,
    derived_work_may_come_twice,
    derived_work_survives_a_restart,
    marks_are_kept,
    a_mark_is_told_when_it_is_durable,
    a_full_disk_is_noticed_when_it_is_not_full_any_more,
}

fn words(words: &str) -> Query {
    Query { words: words.split_whitespace().map(str::to_owned).collect(), rooms: vec![RoomId(1)], ..Query::default() }
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

/// Keeps out: a text that nobody can see, and so nobody can erase.
fn what_is_refused_is_gone(mut log: Subject) {
    let drafts = vec![
        says(7, 1, "secret one"),
        says(8, 2, "secret two"),
        about(Kind::EDIT, 1, says(7, 3, "secret three")),
        about(Kind::EDIT, 1, says(8, 4, "secret four")),
    ];
    store(&mut log, drafts);
    let refused = |entry| Derived::Refused { entry: Seq(entry) };
    log.derived(vec![refused(2), Derived::Edited { edit: Seq(3), message: Seq(1) }, refused(4)], 4);
    let bodies = log.fetch(seqs(1..=4), usize::MAX).into_iter().map(|entry| entry.body.is_empty());
    assert_eq!(bodies.collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(log.find_all(&words("secret"), 9), [1]);
    assert_eq!(log.find(UserId(8), Cid([4; 16])).map(|stored| stored.seq), Some(Seq(4)), "its place stays");
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
    let mark = |user, room, rseq, at| Mark { user: UserId(user), room: RoomId(room), rseq: Rseq(rseq), at: Seq(at) };
    store(&mut log, vec![says(7, 1, "first"), says(7, 2, "second")]);
    // Where the log stands it says itself.
    assert_eq!(log.keep_marks(vec![mark(7, 1, 3, 9), mark(8, 1, 1, 0)]), [mark(7, 1, 3, 2), mark(8, 1, 1, 2)]);
    store(&mut log, vec![says(7, 3, "third")]);
    assert_eq!(log.keep_marks(vec![mark(7, 1, 5, 0), mark(7, 2, 9, 0)]), [mark(7, 1, 5, 3), mark(7, 2, 9, 3)]);
    // A smaller one that was on its way for longer.
    log.keep_marks(vec![mark(7, 1, 4, 0)]);
    log.restart();
    assert_eq!(log.marks(), [mark(7, 1, 5, 3), mark(7, 2, 9, 3), mark(8, 1, 1, 2)]);
    log.keep_marks(vec![mark(7, 2, 10, 0)]);
    log.restart();
    assert_eq!(log.marks(), [mark(7, 1, 5, 3), mark(7, 2, 10, 3), mark(8, 1, 1, 2)]);
}

/// What is told must be there whatever happens next: a mark was told at once, and lost with the power.
fn a_mark_is_told_when_it_is_durable(mut log: Subject) {
    let mark = |rseq| Mark { user: UserId(7), room: RoomId(1), rseq: Rseq(rseq), at: Seq(0) };
    let told = log.keep_marks(vec![mark(3), mark(5), mark(4)]);
    assert_eq!(told.iter().map(|mark| mark.rseq).max(), Some(Rseq(5)));
    assert_eq!(log.marks(), [mark(5)], "seen from the side, before anything else happens");
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
