//! What follows from entries in the log in memory: which text a message is found by, what is erased, and searches.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use tertulia_protocol::{Kind, Seq, entry::MessageBody};

use super::super::search::{Sieve, has_link};
use super::super::{Derived, Entry, Query};
use super::MemoryLog;

/// How many messages are looked through at once when somebody searches.
const SEARCH_WINDOW: usize = 256;

/// What was made of the entries, and what is still to be made of them.
#[derive(Default)]
pub(super) struct DerivedState {
    pub(super) upto: Seq,
    /// The edit whose text a message is found by, where it is not its own.
    pub(super) shown: BTreeMap<Seq, Seq>,
    pub(super) behind: VecDeque<(Vec<Derived>, Seq)>,
    pub(super) held: bool,
}

impl MemoryLog {
    /// Does the derived work, unless something stands in its way.
    pub(super) fn work_behind(&mut self) {
        while !self.derived.held
            && !self.held
            && !self.broken
            && let Some((work, upto)) = self.derived.behind.pop_front()
        {
            for derived in work {
                self.derive_one(derived);
            }
            self.derived.upto = self.derived.upto.max(upto);
        }
    }

    fn derive_one(&mut self, derived: Derived) {
        match derived {
            Derived::Edited { edit, message } => {
                let readable = self.entry(edit).is_some_and(|edit| MessageBody::from_bytes(&edit.body).is_some());
                // A message that is erased by now stays so.
                if readable && self.entry(message).is_some_and(|message| !message.body.is_empty()) {
                    self.derived.shown.insert(message, edit);
                }
            }
            Derived::Erased { by: _, room, message, rseq } => {
                self.derived.shown.remove(&message);
                for entry in &mut self.entries {
                    let is_edit = entry.kind == Kind::EDIT && entry.room == room && entry.target == Some(rseq);
                    if entry.seq == message || is_edit {
                        entry.body.clear();
                    }
                }
            }
            Derived::Refused { entry } => {
                for refused in self.entries.iter_mut().filter(|refused| refused.seq == entry) {
                    refused.body.clear();
                }
            }
            Derived::Expired { by: _, room, upto, rseq } => {
                let of_old =
                    |entry: &Entry| entry.kind == Kind::EDIT && entry.target.is_some_and(|target| target <= rseq);
                let old = |entry: &&mut Entry| {
                    entry.room == room && !entry.kind.is_state() && (entry.seq <= upto || of_old(entry))
                };
                for entry in self.entries.iter_mut().filter(old) {
                    self.derived.shown.remove(&entry.seq);
                    entry.body.clear();
                }
            }
        }
    }

    /// Looks through the messages that are indexed, newest first, by the same means as the log in a file.
    pub(super) fn look(&self, query: &Query, max: usize) -> rusqlite::Result<(Vec<Entry>, Option<Seq>)> {
        let indexed = usize::try_from(self.derived.upto.0).map_or(usize::MAX, |upto| upto.min(self.entries.len()));
        let below = query.below.map_or(Bound::Unbounded, Bound::Excluded);
        let within = |entry: &&Entry| std::ops::RangeBounds::contains(&(Bound::Unbounded, below), &entry.seq);
        let mut candidates = self.entries[..indexed].iter().rev().filter(within).filter_map(|message| {
            let shown = self.derived.shown.get(&message.seq).and_then(|edit| self.entry(*edit)).unwrap_or(message);
            let text = MessageBody::from_bytes(&shown.body)?.text;
            let fits = message.kind == Kind::MESSAGE
                && query.rooms.binary_search(&message.room).is_ok()
                && query.author.is_none_or(|author| author == message.author)
                && query.from.is_none_or(|from| message.at >= from)
                && query.until.is_none_or(|until| message.at < until)
                && (!query.has_link || has_link(&text));
            fits.then(|| (Entry { body: shown.body.clone(), ..message.clone() }, text))
        });
        let sieve = Sieve::new()?;
        let mut left = self.search_step.unwrap_or(usize::MAX);
        let mut found = Vec::new();
        loop {
            let window: Vec<(Entry, String)> = candidates.by_ref().take(left.min(SEARCH_WINDOW)).collect();
            let Some((last, _)) = window.last() else { return Ok((found, None)) };
            let last = last.seq;
            left -= window.len();
            let texts = window.iter().map(|(entry, text)| (entry.seq, text.as_str()));
            let matching = sieve.matching(&query.words, texts)?;
            for (entry, _) in window {
                if matching.binary_search(&entry.seq).is_ok() {
                    if found.len() == max {
                        return Ok((found.clone(), found.last().map(|entry: &Entry| entry.seq)));
                    }
                    found.push(entry);
                }
            }
            if left == 0 {
                return Ok((found, Some(last)));
            }
        }
    }
}
