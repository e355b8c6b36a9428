//! What a room shows: a fold over its entries, in whatever order they come.
//!
//! Live entries, pages, what was said later, what was kept: all go through [`Fold::take`]. **Invariant:** the fold of a
//! set of entries does not depend on their order, nor on how often one comes; what is erased once stays erased. So two
//! folds that saw the same are equal, on a client and beside a server's log.
//!
//! Pure: no session, no store, no window.

mod shown;

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{
    Entry, Kind, Rseq, UserId,
    entry::{ExpireBody, MessageBody, ReactionBody},
};

pub use shown::{Line, Message, Note, Reaction, Shown};

/// The fold of one room.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    /// What stands in a line of its own, by place: messages, notes of the room, what we cannot read.
    lines: BTreeMap<u64, Entry>,
    /// What was said about a message, by the message's place. It may come before the message does.
    about: BTreeMap<u64, About>,
    /// All content up to this place is erased.
    expired: u64,
    /// The places that were told without a hole, as first and last, by rising place.
    whole: Vec<(u64, u64)>,
}

/// What was said about one message.
#[derive(Clone, Debug, Default)]
struct About {
    /// Who erased it: by a deletion, or by an edit that is erased itself, which comes with the message alone. Only the
    /// author's word counts, and the author may not be known yet.
    erased_by: BTreeSet<UserId>,
    /// The newest edit of each author.
    edits: BTreeMap<UserId, Edit>,
    /// The newest word of each person about each emoji: its place, and whether it is on.
    reactions: BTreeMap<(String, UserId), (u64, bool)>,
}

#[derive(Clone, Debug)]
struct Edit {
    rseq: u64,
    /// `None` if it cannot be read.
    text: Option<String>,
    mentions: Vec<UserId>,
    at: i64,
}

impl About {
    fn take(&mut self, entry: Entry) {
        let place = entry.rseq.0;
        match entry.kind {
            Kind::DELETE => {
                self.erased_by.insert(entry.author);
            }
            Kind::EDIT if entry.body.is_empty() => {
                self.erased_by.insert(entry.author);
            }
            Kind::EDIT => {
                let text = MessageBody::from_bytes(&entry.body).map(|body| body.text);
                let edit = Edit { rseq: place, text, mentions: entry.mentions.unwrap_or_default(), at: entry.at };
                if self.edits.get(&entry.author).is_none_or(|held| held.rseq < place) {
                    self.edits.insert(entry.author, edit);
                }
            }
            _ => {
                if let Some(ReactionBody { emoji }) = ReactionBody::from_bytes(&entry.body) {
                    let word = (place, entry.kind == Kind::REACT);
                    let newest = self.reactions.entry((emoji, entry.author)).or_insert(word);
                    *newest = word.max(*newest);
                }
            }
        }
    }
}

impl Fold {
    /// An empty fold.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes entries that stand by rising place without a hole, and what was said about them later. Gives the places of
    /// the lines that may look otherwise now.
    pub fn take(&mut self, entries: Vec<Entry>, later: Vec<Entry>) -> Vec<Rseq> {
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            self.add_whole(first.rseq.0, last.rseq.0);
        }
        let mut changed: Vec<Rseq> = Vec::new();
        for entry in entries.into_iter().chain(later) {
            changed.extend(self.take_one(entry));
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// Forgets content that is erased.
    pub fn erase(&mut self, from: Rseq, to: Rseq) {
        for (_, entry) in self.lines.range_mut(from.0..=to.0.max(from.0)) {
            if !entry.kind.is_state() {
                entry.body = Vec::new();
            }
        }
        // An edit is erased with its message and never alone.
        for about in self.about.values_mut() {
            let erased = about.edits.extract_if(.., |_, edit| (from.0..=to.0).contains(&edit.rseq));
            about.erased_by.extend(erased.map(|(author, _)| author));
        }
        let places: Vec<u64> = self.about.keys().copied().collect();
        for place in places {
            self.settle(place);
        }
    }

    /// Whether all of a range was told.
    #[must_use]
    pub fn is_whole(&self, from: Rseq, to: Rseq) -> bool {
        from > to || self.whole.iter().any(|(first, last)| *first <= from.0 && to.0 <= *last)
    }

    /// The places told without a hole, as first and last, by rising place: what lies between two is to be asked for.
    #[must_use]
    pub fn whole(&self) -> &[(u64, u64)] {
        &self.whole
    }

    /// The stretch without a hole that a place lies in.
    #[must_use]
    pub fn stretch(&self, rseq: Rseq) -> Option<(u64, u64)> {
        self.whole.iter().copied().find(|(first, last)| (*first..=*last).contains(&rseq.0))
    }

    /// Forgets all but the entries in these ranges, which rise and do not overlap: what is not looked at need not be in
    /// memory.
    pub fn keep_only(&mut self, ranges: &[(Rseq, Rseq)]) {
        let kept = |place: &u64| ranges.iter().any(|(from, to)| (from.0..=to.0).contains(place));
        self.lines.retain(|place, _| kept(place));
        self.about.retain(|place, _| kept(place));
        let parts = self.whole.iter().flat_map(|(first, last)| {
            ranges
                .iter()
                .map(|(from, to)| ((*first).max(from.0), (*last).min(to.0)))
                .filter(|(first, last)| first <= last)
        });
        self.whole = parts.collect();
    }

    fn take_one(&mut self, mut entry: Entry) -> Vec<Rseq> {
        let place = entry.rseq.0;
        if let Some(target) = entry.target.filter(|_| is_about(entry.kind)) {
            self.about.entry(target.0).or_default().take(entry);
            self.settle(target.0);
            return vec![target];
        }
        let mut changed = vec![entry.rseq];
        if entry.kind == Kind::EXPIRE
            && let Some(ExpireBody { upto }) = ExpireBody::from_bytes(&entry.body)
            && upto.0 > self.expired
        {
            self.expired = upto.0;
            let places: Vec<u64> = self.lines.range(..=upto.0).map(|(place, _)| *place).collect();
            for place in places {
                self.settle(place);
                changed.push(Rseq(place));
            }
        }
        // What was erased once stays erased, in whatever order the two versions come.
        if self.lines.get(&place).is_some_and(|held| !held.kind.is_state() && held.body.is_empty()) {
            entry.body = Vec::new();
        }
        entry.cid = None;
        self.lines.insert(place, entry);
        self.settle(place);
        changed
    }

    /// Texts of what is erased do not stay in memory either.
    fn settle(&mut self, place: u64) {
        let Some(entry) = self.lines.get_mut(&place).filter(|entry| !entry.kind.is_state()) else { return };
        let about = self.about.get_mut(&place);
        if place <= self.expired || about.as_ref().is_some_and(|about| about.erased_by.contains(&entry.author)) {
            entry.body = Vec::new();
        }
        if let (Some(about), true) = (about, entry.body.is_empty()) {
            about.edits.clear();
        }
    }

    fn add_whole(&mut self, first: u64, last: u64) {
        let (mut from, mut to) = (first, last);
        self.whole.retain(|(first, last)| {
            let apart = *last + 1 < from || to + 1 < *first;
            if !apart {
                (from, to) = (from.min(*first), to.max(*last));
            }
            apart
        });
        let at = self.whole.partition_point(|(first, _)| *first < from);
        self.whole.insert(at, (from, to));
    }
}

/// Whether entries of a kind are about a message rather than a line of their own.
#[must_use]
pub fn is_about(kind: Kind) -> bool {
    matches!(kind, Kind::EDIT | Kind::DELETE | Kind::REACT | Kind::UNREACT)
}

#[cfg(test)]
mod tests;
