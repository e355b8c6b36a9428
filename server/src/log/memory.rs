//! The log of the tests, of the simulation and of the benches: everything in memory, nothing durable.
//!
//! It keeps the contract of [`super::Log`] to the letter, and lets its owner decide what a disk would decide: when a draft
//! becomes durable ([`MemoryLog::hold`], [`MemoryLog::release`]), when the derived work behind it is done
//! ([`MemoryLog::hold_derived`]), when storing fails ([`MemoryLog::fail`], [`MemoryLog::fill`]), when the disk is gone
//! for good ([`MemoryLog::break_down`]), and what is left after the plug was pulled ([`MemoryLog::after_power_loss`]).
//! A crash before a commit is a hold and a power loss; a crash behind it, before anybody was told, is a release
//! without a poll and a power loss. **Invariant:** no thread, no clock, no file; the same calls give the same events.

mod contract;
mod derived;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use tertulia_protocol::{Cid, Kind, RoomId, Seq, UserId};

use derived::DerivedState;

use super::{Derived, Draft, Entry, Event, FailureKind, Mark, Wake};

/// A log in memory.
#[derive(Default)]
pub struct MemoryLog {
    /// All entries; the one with `seq` n stands at n - 1.
    entries: Vec<Entry>,
    places: BTreeMap<(UserId, Cid), Seq>,
    waiting: VecDeque<Waiting>,
    held: bool,
    failing: Option<FailureKind>,
    full: bool,
    /// Failures are counted, so that an acknowledgement speaks only of what its owner had seen by then.
    failures: u64,
    failures_told: u64,
    /// What failed last, until its acknowledgement.
    stuck: Option<FailureKind>,
    broken: bool,
    derived: DerivedState,
    marks: BTreeMap<(UserId, RoomId), Mark>,
    search_step: Option<usize>,
    /// Answers to questions that are still to be told, while they are held.
    answers: Option<Vec<Event>>,
    events: Vec<Event>,
    wake: Option<Wake>,
}

enum Waiting {
    Draft(Draft),
    /// The acknowledgement of all failures up to this one, in its place among the drafts.
    Acknowledgement(u64),
    Marks(Vec<Mark>),
}

impl MemoryLog {
    /// An empty log, on which everything is durable at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The log as it is found at a start: with the entries of an earlier run, which stand at 1, 2, 3 …
    #[must_use]
    pub fn with_entries(entries: Vec<Entry>) -> Self {
        debug_assert!(entries.iter().map(|entry| entry.seq.0).eq(1..=entries.len() as u64), "entries have no holes");
        let places = entries.iter().map(|entry| ((entry.author, entry.cid), entry.seq)).collect();
        Self { entries, places, ..Self::default() }
    }

    /// Calls `wake` whenever there is something new to [`super::Log::poll`].
    #[must_use]
    pub fn with_wake(mut self, wake: Wake) -> Self {
        self.wake = Some(wake);
        self
    }

    /// From now on nothing becomes durable by itself.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Lets the `count` oldest waiting drafts reach the disk; the rest goes on waiting.
    pub fn release(&mut self, count: usize) {
        self.work(count);
    }

    /// Lets everything reach the disk, now and from now on.
    pub fn release_all(&mut self) {
        self.held = false;
        self.work(usize::MAX);
    }

    /// Whether there is something to [`super::Log::poll`].
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.events.is_empty()
    }

    /// How many drafts wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.iter().filter(|waiting| matches!(waiting, Waiting::Draft(_))).count()
    }

    /// What reaches the disk from now on fails for this reason; `None` mends the disk.
    pub fn fail(&mut self, why: Option<FailureKind>) {
        self.failing = why;
    }

    /// The disk is full, or is not any more: nothing is stored but deletions, for which room is kept.
    pub fn fill(&mut self, full: bool) {
        self.full = full;
        self.work_behind();
    }

    /// From now on derived work (index, erasures) is not done; what has been said so far stays done.
    pub fn hold_derived(&mut self) {
        self.derived.held = true;
    }

    /// Lets the derived work be done, now and from now on.
    pub fn release_derived(&mut self) {
        self.derived.held = false;
        self.work_behind();
    }

    /// From now on answers to questions stay with who reads, as they do when that takes longer than writing: each is as of
    /// its question.
    pub fn hold_answers(&mut self) {
        self.answers.get_or_insert_default();
    }

    /// Tells what was held, and holds nothing any more.
    pub fn release_answers(&mut self) {
        let answers = self.answers.take();
        self.events.extend(answers.into_iter().flatten());
        self.wake();
    }

    /// How many answers are held.
    #[must_use]
    pub fn held_answers(&self) -> usize {
        self.answers.as_ref().map_or(0, Vec::len)
    }

    /// From now on one search looks through so many messages at most, as one does that runs out of time.
    pub fn limit_search(&mut self, messages: usize) {
        self.search_step = Some(messages);
    }

    /// The disk is gone: says [`Event::Broken`], and nothing is stored any more.
    pub fn break_down(&mut self, why: &str) {
        self.broken = true;
        self.waiting.clear();
        self.tell(Event::Broken { why: why.to_owned() });
        self.wake();
    }

    /// What is durable, told or not.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Pulls the plug: what is durable stays, told or not; what waits is lost.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Pulls the plug and starts again: the log as the next start finds it. Entries, marks, erasures and the index stay
    /// as far as they were durable; what waited is lost, told events or not, and the switches are as on a new log. Who
    /// starts again replays, and gives the derived work beyond [`MemoryLog::derived_upto`] again.
    #[must_use]
    pub fn after_power_loss(self) -> Self {
        let DerivedState { upto, shown, .. } = self.derived;
        let derived = DerivedState { upto, shown, ..DerivedState::default() };
        Self { derived, marks: self.marks, ..Self::with_entries(self.entries) }
    }

    /// Up to which place the derived work is done, for good.
    #[must_use]
    pub fn derived_upto(&self) -> Seq {
        self.derived.upto
    }

    /// The derived work that is still to be done, in its order.
    #[must_use]
    pub fn derived_behind(&self) -> Vec<Derived> {
        self.derived.behind.iter().flat_map(|(work, _)| work).copied().collect()
    }

    /// The read marks that are kept, by person and room.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        self.marks.values().copied().collect()
    }

    /// The place of the newest entry; 0 if there is none.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        Seq(self.entries.len() as u64)
    }

    /// Puts up to `count` waiting drafts where they belong.
    fn work(&mut self, mut count: usize) {
        while let Some(waiting) = self.waiting.pop_front() {
            match waiting {
                Waiting::Acknowledgement(upto) => self.acknowledged(upto),
                Waiting::Marks(marks) => self.mark(marks),
                Waiting::Draft(draft) if count > 0 => {
                    count -= 1;
                    self.store(draft);
                }
                Waiting::Draft(_) => {
                    self.waiting.push_front(waiting);
                    break;
                }
            }
        }
        self.work_behind();
        self.wake();
    }

    fn acknowledged(&mut self, upto: u64) {
        if self.failures <= upto {
            self.stuck = None;
        }
    }

    fn store(&mut self, draft: Draft) {
        let ticket = draft.ticket;
        if let Some(why) = self.stuck {
            return self.tell(Event::Failed { ticket, why });
        }
        let full = (self.full && draft.kind != Kind::DELETE).then_some(FailureKind::DiskFull);
        if let Some(why) = self.failing.or(full) {
            self.failures += 1;
            self.stuck = Some(why);
            return self.tell(Event::Failed { ticket, why });
        }
        let seq = Seq(self.last_seq().0 + 1);
        let first = *self.places.entry((draft.author, draft.cid)).or_insert(seq);
        if first != seq {
            if let Some(of) = self.entry(first).map(Entry::stored) {
                self.tell(Event::Duplicate { ticket, of });
            }
            return;
        }
        let entry = Entry::new(seq, draft);
        self.entries.push(entry.clone());
        self.tell(Event::Committed { ticket, entry });
    }

    fn mark(&mut self, marks: Vec<Mark>) {
        let at = self.last_seq();
        let marks: Vec<Mark> = marks.into_iter().map(|mark| Mark { at, ..mark }).collect();
        for mark in &marks {
            let kept = self.marks.entry((mark.user, mark.room)).or_insert(*mark);
            if kept.rseq < mark.rseq {
                *kept = *mark;
            }
        }
        self.tell(Event::Marked { marks });
    }

    fn entry(&self, seq: Seq) -> Option<&Entry> {
        self.entries.get(usize::try_from(seq.0.checked_sub(1)?).ok()?)
    }

    fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    fn answer(&mut self, event: Event) {
        self.answers.as_mut().unwrap_or(&mut self.events).push(event);
    }

    fn wake(&self) {
        if let Some(wake) = &self.wake
            && !self.events.is_empty()
        {
            wake();
        }
    }
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLog")
            .field("entries", &self.entries.len())
            .field("waiting", &self.waiting.len())
            .field("held", &self.held)
            .field("failing", &self.failing)
            .field("stuck", &self.stuck)
            .field("full", &self.full)
            .field("broken", &self.broken)
            .field("derived_upto", &self.derived.upto)
            .finish_non_exhaustive()
    }
}
