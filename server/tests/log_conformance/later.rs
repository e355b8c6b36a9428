//! What was said about entries later: edits, deletions and reactions by their target, and how much of it.

use crate::{about, log_subject::Subject, log_subject::draft, says, store};
use tertulia_protocol::{
    Kind, RoomId, Rseq, Seq, UserId,
    entry::{NO_BODY, ReactionBody},
};
use tertulia_server::log::{Derived, Draft, Targeting};

in_every_home! {
    what_was_said_later_is_found_by_its_target,
    what_was_said_later_is_cut_where_it_is_told,
    reactions_never_hide_an_edit,
    what_was_refused_stands_in_nobodys_way,
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

/// Keeps out: a message whose edit or deletion nobody sees any more, because too many have reacted to it since.
fn reactions_never_hide_an_edit(mut log: Subject) {
    let heart = ReactionBody { emoji: "❤".to_owned() }.to_bytes();
    let react = |cid, target| about(Kind::REACT, target, Draft { body: heart.clone(), ..draft(8, cid) });
    let mut drafts = vec![says(7, 1, "one"), says(7, 2, "two"), about(Kind::EDIT, 2, says(7, 3, "two!"))];
    drafts.extend((4..14).map(|cid| react(cid, 2)));
    drafts.extend([about(Kind::EDIT, 1, says(7, 14, "one!")), react(15, 1)]);
    store(&mut log, drafts);
    let mut seqs = |targets: &[u64], rows_max| {
        let (from, cut, rows) = log.targeting(RoomId(1), targets, rows_max);
        (from, cut, rows.iter().map(|row| row.seq.0).collect::<Vec<_>>())
    };
    assert_eq!(seqs(&[1, 2], 5), (2, true, vec![3, 13, 12, 11, 10, 9]), "the edit, and the newest reactions");
    assert_eq!(seqs(&[1, 2], 1), (2, true, vec![3, 13]));
    assert_eq!(seqs(&[1, 2], 10), (2, false, vec![3, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4]), "the lower one only whole");
    assert_eq!(seqs(&[1], 1), (1, false, vec![14, 15]), "each sort has its own bound");
}

/// Keeps out: somebody who hides the edit of a message with others that are refused.
fn what_was_refused_stands_in_nobodys_way(mut log: Subject) {
    let mut drafts = vec![says(7, 1, "one"), about(Kind::EDIT, 1, says(7, 2, "one!"))];
    drafts.extend((3..9).map(|cid| about(Kind::EDIT, 1, says(8, cid, "not mine"))));
    drafts.push(about(Kind::DELETE, 1, Draft { body: NO_BODY.to_vec(), ..draft(8, 9) }));
    store(&mut log, drafts);
    let refused = (3..=9).map(|entry| Derived::Refused { entry: Seq(entry) }).collect();
    log.derived(refused, 9);
    let (from, cut, rows) = log.targeting(RoomId(1), &[1], 3);
    assert_eq!((from, cut, rows.iter().map(|row| row.seq.0).collect::<Vec<_>>()), (1, false, vec![2]));
}
