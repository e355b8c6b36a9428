//! The log of the tests, of the simulation and of the benches: everything in memory, nothing durable.
//!
//! It keeps the contract of [`Log`] to the letter, and lets its owner decide what a disk would decide: when a draft
//! becomes durable ([`MemoryLog::hold`], [`MemoryLog::release`]), when it fails ([`MemoryLog::fail`]), when the disk
//! is gone for good ([`MemoryLog::break_down`]), and what is left after the plug was pulled
//! ([`MemoryLog::into_entries`]). **Invariant:** no thread, no clock, no file; the same calls give the same events.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use tertulia_protocol::{Cid, RoomId, Rseq, Seq, UserId};

use super::{Derived, Draft, Entry, Event, FailureKind, Log, Mark, Query, Ticket, Wake};

/// A log in memory.
#[derive(Default)]
pub struct MemoryLog {
    /// All entries; the one with `seq` n stands at n - 1.
    entries: Vec<Entry>,
    places: BTreeMap<(UserId, Cid), Seq>,
    waiting: VecDeque<Waiting>,
    held: bool,
    failing: Option<FailureKind>,
    /// Failures are counted, so that an acknowledgement speaks only of what its owner had seen by then.
    failures: u64,
    failures_told: u64,
    /// What failed last, until its acknowledgement.
    stuck: Option<FailureKind>,
    broken: bool,
    events: Vec<Event>,
    wake: Option<Wake>,
}

enum Waiting {
    Draft(Draft),
    /// The acknowledgement of all failures up to this one, in its place among the drafts.
    Acknowledgement(u64),
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

    /// Calls `wake` whenever there is something new to [`Log::poll`].
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

    /// How many drafts wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.iter().filter(|waiting| matches!(waiting, Waiting::Draft(_))).count()
    }

    /// What reaches the disk from now on fails for this reason; `None` mends the disk.
    pub fn fail(&mut self, why: Option<FailureKind>) {
        self.failing = why;
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
        if let Some(why) = self.failing {
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

    fn entry(&self, seq: Seq) -> Option<&Entry> {
        self.entries.get(usize::try_from(seq.0.checked_sub(1)?).ok()?)
    }

    fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    fn wake(&self) {
        if let Some(wake) = &self.wake
            && !self.events.is_empty()
        {
            wake();
        }
    }
}

impl Log for MemoryLog {
    fn append(&mut self, drafts: Vec<Draft>) {
        if self.broken {
            return;
        }
        if self.held || !self.waiting.is_empty() {
            self.waiting.extend(drafts.into_iter().map(Waiting::Draft));
            return;
        }
        for draft in drafts {
            self.store(draft);
        }
        self.wake();
    }

    fn acknowledge_failure(&mut self) {
        let upto = self.failures_told;
        if self.waiting.is_empty() {
            self.acknowledged(upto);
        } else {
            self.waiting.push_back(Waiting::Acknowledgement(upto));
        }
    }

    fn find(&mut self, ticket: Ticket, author: UserId, cid: Cid) {
        let stored = self.places.get(&(author, cid)).and_then(|seq| self.entry(*seq)).map(Entry::stored);
        self.tell(Event::Found { ticket, stored });
        self.wake();
    }

    fn fetch(&mut self, ticket: Ticket, seqs: Vec<Seq>, body_bytes_max: usize) {
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        for entry in seqs.iter().filter_map(|seq| self.entry(*seq)) {
            bytes += entry.body.len();
            if bytes > body_bytes_max && !entries.is_empty() {
                break;
            }
            entries.push(entry.clone());
        }
        entries.sort_unstable_by_key(|entry| entry.seq);
        self.tell(Event::Fetched { ticket, entries });
        self.wake();
    }

    fn targeting(&mut self, _ticket: Ticket, _room: RoomId, _targets: Vec<Rseq>, _rows_max: usize) {
        todo!()
    }

    fn search(&mut self, _ticket: Ticket, _query: Query, _max: usize) {
        todo!()
    }

    fn first_since(&mut self, _ticket: Ticket, _after: Seq, _at: i64) {
        todo!()
    }

    fn derive(&mut self, _work: Vec<Derived>, _upto: Seq) {
        todo!()
    }

    fn keep_marks(&mut self, _marks: Vec<Mark>) {
        todo!()
    }

    fn probe(&mut self) {
        todo!()
    }

    fn poll(&mut self, events: &mut Vec<Event>) {
        events.append(&mut self.events);
        self.failures_told = self.failures;
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
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tertulia_protocol::{DeviceId, Kind};

    fn draft(number: u8) -> Draft {
        Draft {
            ticket: Ticket(number.into()),
            at: 0,
            author: UserId(1),
            device: DeviceId(1),
            cid: Cid([number; 16]),
            room: RoomId(1),
            kind: Kind(0),
            target: None,
            mentions: Vec::new(),
            body: vec![number],
        }
    }

    /// What the log tells, in short: `1@1` committed, `1=1` duplicate, `1!` failed.
    fn told(log: &mut MemoryLog) -> String {
        let mut events = Vec::new();
        log.poll(&mut events);
        let words = events.iter().map(|event| match event {
            Event::Committed { ticket, entry } => format!("{}@{}", ticket.0, entry.seq),
            Event::Duplicate { ticket, of } => format!("{}={}", ticket.0, of.seq),
            Event::Failed { ticket, .. } => format!("{}!", ticket.0),
            other => format!("{other:?}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_held_waits_until_it_is_released() {
        let mut log = MemoryLog::new();
        log.hold();
        log.append(vec![draft(1), draft(2), draft(1), draft(3)]);
        assert_eq!(told(&mut log), "");
        log.release(2);
        assert_eq!(told(&mut log), "1@1 2@2");
        assert_eq!(log.waiting(), 2);
        log.release_all();
        assert_eq!(told(&mut log), "1=1 3@3");
        log.append(vec![draft(4)]);
        assert_eq!(told(&mut log), "4@4");
    }

    #[test]
    fn an_acknowledgement_keeps_its_place_in_the_queue() {
        let mut log = MemoryLog::new();
        log.hold();
        log.fail(Some(FailureKind::DiskFull));
        log.append(vec![draft(1), draft(2)]);
        log.release(1);
        assert_eq!(told(&mut log), "1!");
        log.fail(None);
        log.acknowledge_failure();
        log.append(vec![draft(3)]);
        log.release_all();
        assert_eq!(told(&mut log), "2! 3@1", "2 was sent before the failure was seen, 3 after");
    }

    #[test]
    fn an_acknowledgement_does_not_speak_of_a_failure_that_was_not_seen() {
        let mut log = MemoryLog::new();
        log.fail(Some(FailureKind::DiskFull));
        log.append(vec![draft(1)]);
        log.fail(None);
        log.acknowledge_failure();
        log.append(vec![draft(2)]);
        assert_eq!(told(&mut log), "1! 2!");
        log.acknowledge_failure();
        log.append(vec![draft(3)]);
        assert_eq!(told(&mut log), "3@1");
    }

    #[test]
    fn a_pulled_plug_keeps_what_was_durable() {
        let mut log = MemoryLog::new();
        log.append(vec![draft(1)]);
        log.hold();
        log.append(vec![draft(2)]);
        let mut log = MemoryLog::with_entries(log.into_entries());
        log.append(vec![draft(2), draft(1)]);
        assert_eq!(told(&mut log), "2@2 1=1");
    }

    #[test]
    fn a_broken_log_stores_nothing_more() {
        let mut log = MemoryLog::new();
        log.break_down("the disk is gone");
        log.append(vec![draft(1)]);
        let mut events = Vec::new();
        log.poll(&mut events);
        assert_eq!(events, [Event::Broken { why: "the disk is gone".into() }]);
        assert_eq!(log.entries(), []);
    }
}
