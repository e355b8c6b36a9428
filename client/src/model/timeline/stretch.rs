//! Which part of a room is shown: a stretch without a hole, at the newest end or around a place that somebody went to.
//!
//! Owns how it grows, and what to ask for at its ends. **Invariant:** what comes elsewhere moves nothing in it.

use tertulia_protocol::{Entry, Rseq};

use super::{Item, RowKey, State, Timeline, order};
use crate::fold::Line;

/// How many places are asked for at a time.
const PAGE: u64 = 50;
/// A stretch at the newest end that is shorter than this, with something missing before it, is about to be joined.
const STRETCH_MIN: u64 = 20;
/// So many of the newest lines of a room are remembered while nobody looks at it.
const REMEMBERED: u64 = 200;

impl Timeline {
    /// Takes entries, and what was said about them.
    pub fn take(&mut self, entries: Vec<Entry>, later: Vec<Entry>) {
        for cid in entries.iter().filter_map(|entry| entry.cid) {
            self.pending.retain(|pending| pending.cid != cid);
        }
        let changed = self.fold.take(entries, later);
        self.show_stretch(&changed);
        let fold = &self.fold;
        self.pending.retain(|pending| match pending.state {
            State::Settled(rseq) => !fold.is_whole(rseq, rseq),
            _ => true,
        });
    }

    /// Forgets content that is erased.
    pub fn erase(&mut self, from: Rseq, to: Rseq) {
        self.fold.erase(from, to);
        self.rebuild();
    }

    /// Which stretch is to be shown.
    fn stretch(&self) -> Option<(u64, u64)> {
        if let Some(anchor) = self.anchor {
            return self.fold.stretch(anchor).or(self.bounds);
        }
        let newest = self.fold.whole().last().copied()?;
        match self.bounds {
            // What lies between will come in a moment, and nothing should blink until then.
            Some((_, last)) if newest.0 > last + 1 && newest.1 - newest.0 < STRETCH_MIN => {
                self.fold.stretch(Rseq(last)).or(Some(newest))
            }
            _ => Some(newest),
        }
    }

    fn show_stretch(&mut self, changed: &[Rseq]) {
        let (Some((from, to)), old) = (self.stretch(), self.bounds) else { return };
        let Some((first, last)) = old.filter(|(first, last)| from <= *first && *last <= to) else {
            self.bounds = Some((from, to));
            return self.rebuild();
        };
        self.bounds = Some((from, to));
        let above = if from < first { self.fold.lines_between(Rseq(from), Rseq(first - 1)) } else { Vec::new() };
        let below = if last < to { self.fold.lines_between(Rseq(last + 1), Rseq(to)) } else { Vec::new() };
        let inside = changed.iter().filter(|rseq| (first..=last).contains(&rseq.0));
        let inside: Vec<Line> = inside.filter_map(|rseq| self.fold.line(*rseq)).collect();
        self.loading.0 &= above.is_empty();
        self.loading.1 &= below.is_empty();
        above.into_iter().rev().chain(below).chain(inside).for_each(|line| self.place(line));
    }

    fn rebuild(&mut self) {
        let Some((from, to)) = self.bounds else { return };
        self.loading = (false, false);
        let locals: Vec<Item> = self
            .items
            .drain(..)
            .filter(|item| match item.key() {
                RowKey::Local(after, _) => after.0 + 1 >= from && after.0 <= to,
                _ => false,
            })
            .collect();
        self.items = self.fold.lines_between(Rseq(from), Rseq(to)).into_iter().map(Item::Line).collect();
        for local in locals {
            let place = order(local.key());
            let at = self.items.partition_point(|item| order(item.key()) < place);
            self.items.insert(at, local);
        }
    }

    fn place(&mut self, line: Line) {
        // Nearly everything belongs at one of the two ends.
        let place = (line.rseq, 0);
        if self.items.back().is_none_or(|last| order(last.key()) < place) {
            return self.items.push_back(Item::Line(line));
        }
        match self.items.binary_search_by_key(&place, |item| order(item.key())) {
            Ok(index) => {
                if let Some(item) = self.items.get_mut(index) {
                    *item = Item::Line(line);
                }
            }
            Err(index) => self.items.insert(index, Item::Line(line)),
        }
    }

    /// Shows the newest end again.
    pub fn go_to_newest(&mut self) {
        self.anchor = None;
        self.bounds = self.fold.whole().last().copied();
        self.rebuild();
    }

    /// The reader looks at what is shown now, and stays there whatever comes at the newest end.
    pub fn stay(&mut self) {
        if self.anchor.is_none() && self.pending.is_empty() {
            self.anchor = self.bounds.map(|(_, last)| Rseq(last));
        }
    }

    /// The reader is at the end of what is shown: at the newest end again, if that is it.
    pub fn follow(&mut self) -> bool {
        let at_newest = self.is_newest_stretch();
        if at_newest {
            self.anchor = None;
        }
        at_newest
    }

    /// Goes to a place. Gives the places to ask for if it is not here.
    pub fn go_to(&mut self, rseq: Rseq) -> Option<(Rseq, Rseq)> {
        if let Some(bounds) = self.fold.stretch(rseq) {
            if self.bounds != Some(bounds) {
                self.bounds = Some(bounds);
                self.anchor = Some(rseq);
                self.rebuild();
            }
            return None;
        }
        Some((Rseq(rseq.0.saturating_sub(PAGE / 2).max(1)), Rseq(rseq.0.saturating_add(PAGE / 2))))
    }

    /// Whether older entries are worth asking for, and which. Remembers that they were asked for.
    pub fn ask_older(&mut self) -> Option<(Rseq, Rseq)> {
        let (first, _) = self.bounds.filter(|(first, _)| *first > 1 && !self.loading.0)?;
        self.loading.0 = true;
        Some((Rseq(first.saturating_sub(PAGE).max(1)), Rseq(first - 1)))
    }

    /// The same below, up to the head of the room.
    pub fn ask_newer(&mut self, head: Rseq) -> Option<(Rseq, Rseq)> {
        let (_, last) = self.bounds.filter(|(_, last)| *last < head.0 && !self.loading.1 && self.anchor.is_some())?;
        self.loading.1 = true;
        Some((Rseq(last + 1), Rseq(last.saturating_add(PAGE))))
    }

    /// Whether an older page is on its way.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.loading.0
    }

    /// Forgets the pages that were asked for: the connection that would have brought them is gone.
    pub fn stop_loading(&mut self) {
        self.loading = (false, false);
    }

    /// Nobody looks at the room any more: only its newest lines are remembered, and those around the place where
    /// somebody was reading.
    pub fn put_aside(&mut self, reading: Option<Rseq>) {
        let newest = self.fold.whole().last().map_or(0, |(_, last)| *last);
        let newest = (Rseq(newest.saturating_sub(REMEMBERED - 1).max(1)), Rseq(u64::MAX));
        let around = reading.map(|Rseq(place)| {
            let half = REMEMBERED / 2;
            (Rseq(place.saturating_sub(half).max(1)), Rseq(place.saturating_add(half).min(newest.0.0 - 1)))
        });
        match around.filter(|(from, to)| from <= to) {
            Some(around) => self.fold.keep_only(&[around, newest]),
            None => self.fold.keep_only(&[newest]),
        }
        self.go_to_newest();
    }

    /// Whether so much has come while nobody looked that it is time to put the room aside again.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.items.len() as u64 > 2 * REMEMBERED
    }
}
