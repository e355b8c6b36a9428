//! Pages folded: whoever reads a range of a room shows it as whoever heard everything does.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tertulia_protocol::{
    Kind, UserId,
    entry::{MessageBody, ReactionBody},
    push::RoomEntry,
};

use super::pages::{GENERAL, later, page, two};

/// What a reader has who folds entries as section 8 of the protocol says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    texts: BTreeMap<u64, Option<String>>,
    reactions: BTreeMap<(u64, UserId, String), bool>,
}

fn fold<'a>(entries: impl Iterator<Item = &'a tertulia_protocol::Entry>) -> Shown {
    let mut sorted: Vec<_> = entries.collect();
    sorted.sort_by_key(|entry| entry.rseq);
    let mut shown = Shown::default();
    let body = |entry: &tertulia_protocol::Entry| MessageBody::from_bytes(&entry.body).map(|body| body.text);
    for entry in sorted {
        let target = entry.target.map_or(0, |target| target.0);
        match entry.kind {
            Kind::MESSAGE => drop(shown.texts.insert(entry.rseq.0, body(entry))),
            Kind::EDIT => {
                if let Some(Some(text)) = shown.texts.get_mut(&target) {
                    *text = body(entry).unwrap_or_default();
                }
            }
            Kind::DELETE => {
                shown.texts.insert(target, None);
                shown.reactions.retain(|(about, ..), _| *about != target);
            }
            Kind::REACT | Kind::UNREACT => {
                if let (Some(Some(_)), Some(reaction)) =
                    (shown.texts.get(&target), ReactionBody::from_bytes(&entry.body))
                {
                    shown.reactions.insert((target, entry.author, reaction.emoji), entry.kind == Kind::REACT);
                }
            }
            _ => {}
        }
    }
    shown
}

#[derive(Clone, Debug)]
enum Act {
    Say,
    Edit(u64),
    Delete(u64),
    React(u64, usize),
    Unreact(u64, usize),
}

fn act() -> impl Strategy<Value = (bool, Act)> {
    let act = prop_oneof![
        4 => Just(Act::Say),
        3 => (1..20_u64).prop_map(Act::Edit),
        1 => (1..20_u64).prop_map(Act::Delete),
        3 => (1..20_u64, 0..2_usize).prop_map(|(target, emoji)| Act::React(target, emoji)),
        2 => (1..20_u64, 0..2_usize).prop_map(|(target, emoji)| Act::Unreact(target, emoji)),
    ];
    (any::<bool>(), act)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever was said about what: who reads any range shows it as who heard everything does; and so does who held the
    /// entries of the range and asks what was said about them later.
    #[test]
    fn whoever_reads_a_range_shows_it_as_whoever_heard_it_all(
        acts in prop::collection::vec(act(), 1..60),
        ranges in prop::collection::vec((1..40_u64, 0..20_u64), 1..6),
        is_held in any::<bool>(),
    ) {
        let (mut rig, mut ana, mut luis) = two();
        let (mut eva, _) = rig.login_to("eva");
        eva.received();
        if is_held {
            rig.log().hold_derived();
        }
        for (n, (is_ana, act)) in acts.into_iter().enumerate() {
            let writer = if is_ana { &mut ana } else { &mut luis };
            let emoji = |which: usize| ["👍", "🎉"][which];
            match act {
                Act::Say => writer.say(GENERAL, &format!("text {n}")),
                Act::Edit(target) => writer.edit(GENERAL, target, &format!("edit {n}")),
                Act::Delete(target) => writer.delete(GENERAL, target),
                Act::React(target, which) => writer.react(GENERAL, target, emoji(which)),
                Act::Unreact(target, which) => writer.unreact(GENERAL, target, emoji(which)),
            };
            rig.settle_with(writer);
        }
        let live: Vec<_> = eva.all::<RoomEntry>().into_iter().map(|told| told.entry).collect();
        for (from, length) in ranges {
            let to = from + length;
            let within = |rseq: u64| (from..=to).contains(&rseq);
            let mut expected = fold(live.iter());
            expected.texts.retain(|rseq, _| within(*rseq));
            expected.reactions.retain(|(about, ..), _| within(*about));
            let whole = page(&mut rig, &mut eva, from, to);
            let mut shown = fold(whole.entries.iter().chain(whole.later.iter().flatten()));
            shown.texts.retain(|rseq, _| within(*rseq));
            prop_assert_eq!(&shown, &expected);
            // Held as they were when they came, and asked for again.
            let only = later(&mut rig, &mut eva, from, to);
            let held = live.iter().filter(|entry| within(entry.rseq.0));
            let mut shown = fold(held.chain(only.later.iter().flatten()));
            shown.texts.retain(|rseq, _| within(*rseq));
            prop_assert_eq!(&shown, &expected);
        }
        rig.check_replay();
    }
}
