use proptest::prelude::*;
use tertulia_protocol::{DeviceId, Seq, entry::NameBody};

use super::*;

fn entry(rseq: u64, author: u64, kind: Kind, target: Option<u64>, body: Vec<u8>) -> Entry {
    Entry {
        seq: Seq(rseq + 100),
        rseq: Rseq(rseq),
        count: rseq,
        at: i64::try_from(rseq).unwrap(),
        author: UserId(author),
        device: DeviceId(author),
        kind,
        target: target.map(Rseq),
        mentions: None,
        body,
        cid: None,
    }
}

fn text(text: &str) -> Vec<u8> {
    MessageBody { text: text.to_owned() }.to_bytes()
}

fn emoji(emoji: &str) -> Vec<u8> {
    ReactionBody { emoji: emoji.to_owned() }.to_bytes()
}

fn message(fold: &Fold, rseq: u64) -> Message {
    match fold.line(Rseq(rseq)).unwrap().shown {
        Shown::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_shows_its_newest_text_and_the_reactions_in_force() {
    let mut fold = Fold::new();
    fold.take(
        vec![entry(1, 2, Kind::MESSAGE, None, text("helo")), entry(2, 3, Kind::MESSAGE, Some(1), text("hi"))],
        vec![],
    );
    let changed = fold.take(
        vec![],
        vec![
            entry(5, 2, Kind::EDIT, Some(1), text("hello")),
            entry(6, 3, Kind::EDIT, Some(1), text("not the author's")),
            entry(7, 3, Kind::REACT, Some(1), emoji("❤")),
            entry(8, 2, Kind::REACT, Some(1), emoji("❤")),
            entry(9, 2, Kind::UNREACT, Some(1), emoji("❤")),
            entry(10, 2, Kind::REACT, Some(1), emoji("a")),
        ],
    );
    assert_eq!(changed, [Rseq(1)]);
    let reaction = |emoji: &str, user| Reaction { emoji: emoji.to_owned(), users: vec![UserId(user)] };
    let expected = Message {
        text: Some("hello".to_owned()),
        edited: Some(5),
        reactions: vec![reaction("a", 2), reaction("❤", 3)],
        ..Message::default()
    };
    assert_eq!(message(&fold, 1), expected);
    assert_eq!(message(&fold, 2).answers, Some(Rseq(1)));
    assert_eq!((fold.whole(), fold.lines().len()), (&[(1, 2)][..], 2));
}

#[test]
fn what_is_erased_is_gone_from_memory_too() {
    let mut fold = Fold::new();
    fold.take(
        vec![entry(1, 2, Kind::MESSAGE, None, text("secret")), entry(2, 2, Kind::EDIT, Some(1), text("secret two"))],
        vec![],
    );
    fold.take(vec![entry(3, 2, Kind::DELETE, Some(1), vec![0xa0])], vec![]);
    assert_eq!(message(&fold, 1), Message { erased: true, ..Message::default() });
    assert!(!format!("{fold:?}").contains("secret"));
    fold.take(vec![entry(1, 2, Kind::MESSAGE, None, text("secret"))], vec![]);
    assert!(message(&fold, 1).erased, "an older copy does not bring it back");

    let mut fold = Fold::new();
    fold.take(
        vec![entry(1, 2, Kind::MESSAGE, None, text("old")), entry(2, 2, Kind::MESSAGE, None, text("new"))],
        vec![],
    );
    fold.take(vec![entry(3, 2, Kind::EDIT, Some(1), text("newer"))], vec![]);
    fold.erase(Rseq(1), Rseq(1));
    assert!(message(&fold, 1).erased && !message(&fold, 2).erased);
}

#[test]
fn an_edit_that_is_erased_says_that_its_message_is() {
    let said = entry(1, 2, Kind::MESSAGE, None, text("said"));
    let edits = [entry(2, 2, Kind::EDIT, Some(1), text("edited")), entry(2, 2, Kind::EDIT, Some(1), vec![])];
    for order in [[0, 1], [1, 0]] {
        let mut fold = Fold::new();
        order.into_iter().for_each(|at: usize| drop(fold.take(vec![], vec![edits[at].clone()])));
        fold.take(vec![said.clone()], vec![]);
        assert_eq!(message(&fold, 1), Message { erased: true, ..Message::default() });
    }
}

#[test]
fn what_only_a_newer_version_can_read_says_so_and_keeps_its_place() {
    let mut fold = Fold::new();
    let name = NameBody { name: "tea".to_owned() }.to_bytes();
    fold.take(
        vec![
            entry(1, 2, Kind(999), None, text("?")),
            entry(2, 2, Kind::MESSAGE, None, vec![0xff]),
            entry(3, 2, Kind::ROOM_NAME, None, name),
            entry(4, 2, Kind::INVITE, None, vec![0xff]),
        ],
        vec![],
    );
    let shown: Vec<Shown> = fold.lines().into_iter().map(|line| line.shown).collect();
    let unreadable = Shown::Message(Message::default());
    let named = Shown::Note(Note::Named("tea".to_owned()));
    assert_eq!(shown, [Shown::NeedsNewer(Kind(999)), unreadable, named, Shown::NeedsNewer(Kind::INVITE)]);
}

#[test]
fn stretches_join_and_what_is_not_looked_at_can_go() {
    let mut fold = Fold::new();
    let lines = |from: u64, to: u64| (from..=to).map(|rseq| entry(rseq, 2, Kind::MESSAGE, None, text("x"))).collect();
    fold.take(lines(1, 3), vec![]);
    fold.take(lines(10, 12), vec![]);
    fold.take(lines(4, 5), vec![]);
    assert_eq!(fold.whole(), [(1, 5), (10, 12)]);
    assert_eq!(fold.stretch(Rseq(11)), Some((10, 12)));
    assert!(fold.is_whole(Rseq(1), Rseq(5)) && !fold.is_whole(Rseq(5), Rseq(10)));
    fold.keep_only(&[(Rseq(4), Rseq(10))]);
    assert_eq!((fold.whole(), fold.lines().len()), (&[(4, 5), (10, 10)][..], 3));
}

#[derive(Clone, Debug)]
enum Act {
    Say,
    Edit(usize),
    Delete(usize),
    React(usize, bool),
    Expire(usize),
}

/// What a server would place: as each entry was first told, and as pages show it in the end.
fn log(acts: &[(u64, Act)]) -> (Vec<Entry>, Vec<Entry>) {
    let mut told: Vec<Entry> = Vec::new();
    let mut erased = vec![false; acts.len() + 1];
    for (author, act) in acts {
        let rseq = told.len() as u64 + 1;
        let pick = |at: &usize, own: bool| {
            let fit = |entry: &&Entry| {
                entry.kind == Kind::MESSAGE
                    && !erased[usize::try_from(entry.rseq.0).unwrap()]
                    && (!own || entry.author.0 == *author)
            };
            let fitting: Vec<u64> = told.iter().filter(fit).map(|entry| entry.rseq.0).collect();
            fitting.get(at % fitting.len().max(1)).copied()
        };
        let next = match act {
            Act::Say => Some(entry(rseq, *author, Kind::MESSAGE, None, text(&format!("message {rseq}")))),
            Act::Edit(at) => pick(at, true)
                .map(|target| entry(rseq, *author, Kind::EDIT, Some(target), text(&format!("edit {rseq}")))),
            Act::Delete(at) => {
                pick(at, true).map(|target| entry(rseq, *author, Kind::DELETE, Some(target), vec![0xa0]))
            }
            Act::React(at, on) => pick(at, false).map(|target| {
                let kind = if *on { Kind::REACT } else { Kind::UNREACT };
                entry(rseq, *author, kind, Some(target), emoji(if at % 2 == 0 { "❤" } else { "☕" }))
            }),
            Act::Expire(back) => {
                let upto = Rseq(rseq.saturating_sub(*back as u64 + 1));
                Some(entry(rseq, 0, Kind::EXPIRE, None, ExpireBody { upto }.to_bytes()))
            }
        };
        let Some(next) = next else { continue };
        match (next.kind, next.target) {
            (Kind::DELETE, Some(target)) => erased[usize::try_from(target.0).unwrap()] = true,
            (Kind::EXPIRE, _) => {
                let upto = usize::try_from(ExpireBody::from_bytes(&next.body).unwrap().upto.0).unwrap();
                erased.iter_mut().take(upto + 1).for_each(|one| *one = true);
            }
            _ => {}
        }
        told.push(next);
    }
    let is_erased = |entry: &Entry| {
        let at = |rseq: Rseq| erased[usize::try_from(rseq.0).unwrap()];
        !entry.kind.is_state()
            && (entry.kind == Kind::MESSAGE && at(entry.rseq)
                || entry.kind == Kind::EDIT && entry.target.is_some_and(at))
    };
    let blank =
        |entry: &Entry| Entry { body: if is_erased(entry) { Vec::new() } else { entry.body.clone() }, ..entry.clone() };
    let paged = told.iter().map(blank).collect();
    (told, paged)
}

fn act() -> impl Strategy<Value = (u64, Act)> {
    let act = prop_oneof![
        4 => Just(Act::Say),
        3 => any::<usize>().prop_map(Act::Edit),
        1 => any::<usize>().prop_map(Act::Delete),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(at, on)| Act::React(at, on)),
        1 => (0_usize..6).prop_map(Act::Expire),
    ];
    (2_u64..5, act)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Live entries and pages, each entry once or twice, in any order: the lines are those of the server's own order.
    #[test]
    fn the_order_in_which_entries_come_makes_no_difference(
        (acts, order) in prop::collection::vec(act(), 1..60).prop_flat_map(|acts| {
            let order: Vec<(usize, bool)> = (0..acts.len()).flat_map(|at| [(at, true), (at, false)]).collect();
            (Just(acts), Just(order).prop_shuffle())
        }),
        both in any::<bool>(),
    ) {
        let (told, paged) = log(&acts);
        let mut truth = Fold::new();
        truth.take(told.clone(), vec![]);
        let mut by_pages = Fold::new();
        by_pages.take(paged.clone(), vec![]);
        prop_assert_eq!(truth.lines(), by_pages.lines());

        let mut fold = Fold::new();
        let mut seen = vec![false; told.len()];
        for (at, live) in order {
            let Some(entry) = (if live { &told } else { &paged }).get(at) else { continue };
            if both || !seen[at] {
                seen[at] = true;
                fold.take(vec![], vec![entry.clone()]);
            }
        }
        prop_assert_eq!(fold.lines(), truth.lines());
    }
}
