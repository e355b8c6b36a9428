//! The log of the tests, of the simulation and of the benches: everything in memory, nothing durable.
//!
//! It keeps the contract of [`Log`] to the letter, and lets its owner decide what a disk would decide: when a draft
//! becomes durable ([`MemoryLog::hold`], [`MemoryLog::release`]), when the derived work behind it is done
//! ([`MemoryLog::hold_derived`]), when storing fails ([`MemoryLog::fail`], [`MemoryLog::fill`]), when the disk is gone
//! for good ([`MemoryLog::break_down`]), and what is left after the plug was pulled ([`MemoryLog::after_power_loss`]).
//! A crash before a commit is a hold and a power loss; a crash behind it, before anybody was told, is a release
//! without a poll and a power loss. **Invariant:** no thread, no clock, no file; the same calls give the same events.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Bound;

use tertulia_protocol::{Cid, Kind, RoomId, Rseq, Seq, UserId, entry::MessageBody};

use super::search::{Sieve, has_link};
use super::{Derived, Draft, Entry, Event, FailureKind, Log, Mark, Query, Targeting, Ticket, Wake};

/// How many messages are looked through at once when somebody searches.
const SEARCH_WINDOW: usize = 256;

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

/// What was made of the entries, and what is still to be made of them.
#[derive(Default)]
struct DerivedState {
    upto: Seq,
    /// The edit whose text a message is found by, where it is not its own.
    shown: BTreeMap<Seq, Seq>,
    behind: VecDeque<(Vec<Derived>, Seq)>,
    held: bool,
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

    /// Whether there is something to [`Log::poll`].
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

    /// Does the derived work, unless something stands in its way.
    fn work_behind(&mut self) {
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
    fn look(&self, query: &Query, max: usize) -> rusqlite::Result<(Vec<Entry>, Option<Seq>)> {
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

/// Whether entries of this kind say something about another one, by which it is shown otherwise.
fn is_later(kind: Kind) -> bool {
    (Kind::EDIT..=Kind::UNREACT).contains(&kind)
}

fn targeting(entry: &Entry) -> Targeting {
    let reaction = matches!(entry.kind, Kind::REACT | Kind::UNREACT);
    let body = if reaction { entry.body.clone() } else { Vec::new() };
    Targeting { seq: entry.seq, target: entry.target.unwrap_or_default(), kind: entry.kind, author: entry.author, body }
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
        self.work_behind();
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
        self.answer(Event::Found { ticket, stored });
        self.wake();
    }

    fn fetch(&mut self, ticket: Ticket, seqs: Vec<Seq>, weight_max: usize) {
        let mut entries: Vec<Entry> = Vec::new();
        let mut weight = 0;
        for entry in seqs.iter().filter_map(|seq| self.entry(*seq)) {
            weight += entry.weight();
            if weight > weight_max && !entries.is_empty() {
                break;
            }
            entries.push(entry.clone());
        }
        entries.sort_unstable_by_key(|entry| entry.seq);
        self.answer(Event::Fetched { ticket, entries });
        self.wake();
    }

    fn targeting(&mut self, ticket: Ticket, room: RoomId, targets: Vec<Rseq>, rows_max: usize) {
        let mut rows: Vec<Targeting> = Vec::new();
        let (mut from, mut cut) = (targets.last().copied().unwrap_or_default(), false);
        for (nth, target) in targets.iter().rev().enumerate() {
            let about = |entry: &&Entry| entry.room == room && entry.target == Some(*target) && is_later(entry.kind);
            let mut found: Vec<Targeting> = self.entries.iter().rev().filter(about).map(targeting).collect();
            if rows.len() + found.len() > rows_max {
                if nth > 0 {
                    break;
                }
                found.truncate(rows_max);
                cut = true;
            }
            rows.append(&mut found);
            from = *target;
        }
        self.answer(Event::Targeting { ticket, rows, from, cut });
        self.wake();
    }

    fn search(&mut self, ticket: Ticket, query: Query, max: usize) {
        match self.look(&query, max) {
            Ok((entries, below)) => self.answer(Event::Searched { ticket, entries, below }),
            Err(error) => return self.break_down(&error.to_string()),
        }
        self.wake();
    }

    fn first_since(&mut self, ticket: Ticket, after: Seq, at: i64) {
        let behind = self.entries.iter().filter(|entry| entry.seq > after);
        let seq = behind.map(|entry| (entry.at, entry.seq)).find(|(younger, _)| *younger >= at).map(|(_, seq)| seq);
        self.answer(Event::FirstSince { ticket, seq });
        self.wake();
    }

    fn derive(&mut self, work: Vec<Derived>, upto: Seq) {
        self.derived.behind.push_back((work, upto));
        self.work_behind();
    }

    fn keep_marks(&mut self, marks: Vec<Mark>) {
        if self.held || !self.waiting.is_empty() {
            self.waiting.push_back(Waiting::Marks(marks));
        } else {
            self.mark(marks);
            self.wake();
        }
    }

    fn probe(&mut self) {
        if !self.broken {
            self.tell(Event::Probed { writable: !self.full && self.failing.is_none() });
            self.wake();
        }
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
            .field("full", &self.full)
            .field("broken", &self.broken)
            .field("derived_upto", &self.derived.upto)
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
    fn a_crash_behind_a_commit_and_before_its_telling_keeps_it() {
        let mut log = MemoryLog::new();
        log.hold();
        log.append(vec![draft(1), draft(2)]);
        log.release(1);
        let mut log = log.after_power_loss();
        assert_eq!(told(&mut log), "", "nobody tells of it any more");
        log.append(vec![draft(2), draft(1)]);
        assert_eq!(told(&mut log), "2@2 1=1");
    }

    #[test]
    fn derived_work_and_marks_are_lost_with_the_power_as_far_as_they_waited() {
        let erased = Derived::Erased { by: Seq(2), room: RoomId(1), message: Seq(1), rseq: Rseq(1) };
        let mark = |rseq| Mark { user: UserId(1), room: RoomId(1), rseq: Rseq(rseq), at: Seq(2) };
        let mut log = MemoryLog::new();
        log.append(vec![draft(1), draft(2)]);
        log.keep_marks(vec![mark(1)]);
        log.hold_derived();
        log.derive(vec![erased], Seq(2));
        log.hold();
        log.append(vec![draft(3)]);
        log.keep_marks(vec![mark(2)]);
        let mut log = log.after_power_loss();
        assert_eq!((log.derived_upto(), log.marks()), (Seq(0), vec![mark(1)]));
        assert!(!log.entries()[0].body.is_empty(), "not erased yet");
        log.derive(vec![erased], Seq(2));
        let log = log.after_power_loss();
        assert_eq!((log.derived_upto(), log.entries()[0].body.as_slice()), (Seq(2), &[][..]));
        assert!(!log.entries()[1].body.is_empty());
    }

    #[test]
    fn a_full_disk_takes_deletions_alone() {
        let mut log = MemoryLog::new();
        log.fill(true);
        log.append(vec![draft(1)]);
        assert_eq!(told(&mut log), "1!");
        log.acknowledge_failure();
        log.append(vec![Draft { kind: Kind::DELETE, ..draft(2) }]);
        assert_eq!(told(&mut log), "2@1");
        log.probe();
        assert_eq!(told(&mut log), "Probed { writable: false }");
        log.fill(false);
        log.probe();
        log.append(vec![draft(1)]);
        assert_eq!(told(&mut log), "Probed { writable: true } 1@2");
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
