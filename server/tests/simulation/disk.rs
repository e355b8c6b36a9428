//! The disk under the server: the log in memory, with a reader that takes its time, and with what a broken log would do.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tertulia_protocol::{Cid, Kind, RoomId, Rseq, Seq, UserId};
use tertulia_server::log::{Derived, Draft, Entry, Event, FailureKind, Log, Mark, Query, Ticket, memory::MemoryLog};

use super::dice::Dice;
use super::faults::Fault;

/// Tickets that nobody waits for.
const NOBODY: u64 = u64::MAX / 2;

/// A log whose answers to questions come late, in order, and behind or ahead of what was committed meanwhile.
pub(crate) struct Disk {
    pub(crate) log: MemoryLog,
    /// Whether reading takes its time.
    pub(crate) slow_reads: bool,
    late: VecDeque<Event>,
    news: Arc<AtomicBool>,
    dice: Dice,
    fault: Option<Fault>,
    seen: BTreeSet<(UserId, Cid)>,
    promised: u64,
    failing: bool,
    own: Vec<Event>,
    /// All entries, those of this run as they were before anything was erased.
    first: Vec<Entry>,
}

impl Disk {
    pub(crate) fn new(dice: Dice, fault: Option<Fault>) -> Self {
        Self::over(MemoryLog::new(), dice, fault)
    }

    fn over(log: MemoryLog, dice: Dice, fault: Option<Fault>) -> Self {
        let news = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&news);
        let log = log.with_wake(Arc::new(move || flag.store(true, Ordering::Relaxed)));
        let seen = log.entries().iter().map(|entry| (entry.author, entry.cid)).collect();
        let (late, own, first) = (VecDeque::new(), Vec::new(), log.entries().to_vec());
        Self { first, log, slow_reads: false, late, news, dice, fault, seen, promised: 0, failing: false, own }
    }

    /// Whether the loop would be woken.
    pub(crate) fn has_news(&self) -> bool {
        self.news.load(Ordering::Relaxed) || !self.late.is_empty() || !self.own.is_empty()
    }

    /// All that is durable, as it was stored.
    pub(crate) fn first(&mut self) -> &[Entry] {
        let known = self.first.len();
        self.first.extend_from_slice(self.log.entries().get(known..).unwrap_or_default());
        &self.first
    }

    /// What is left when the plug was pulled.
    pub(crate) fn after_power_loss(mut self) -> Self {
        let dice = self.dice.split();
        let log = match self.fault {
            Some(Fault::LogLosesTheLast) => {
                let mut entries = self.log.into_entries();
                entries.pop();
                MemoryLog::with_entries(entries)
            }
            Some(Fault::LogErasesState) => {
                let mut entries = self.log.into_entries();
                let rooms: BTreeSet<RoomId> =
                    entries.iter().filter(|entry| entry.kind == Kind::DELETE).map(|entry| entry.room).collect();
                for entry in entries.iter_mut().filter(|entry| rooms.contains(&entry.room)) {
                    if matches!(entry.kind, Kind::ROOM_NAME | Kind::ROOM_TOPIC | Kind::INVITE | Kind::ROLE) {
                        entry.body.clear();
                    }
                }
                MemoryLog::with_entries(entries)
            }
            _ => self.log.after_power_loss(),
        };
        Self::over(log, dice, self.fault)
    }

    /// What reaches the disk from now on fails for this reason; `None` mends it.
    pub(crate) fn fail(&mut self, why: Option<FailureKind>) {
        if self.fault == Some(Fault::LogGoesOnBehindFailures) {
            self.failing = why.is_some();
        } else {
            self.log.fail(why);
        }
    }

    /// Everything in order from now on.
    pub(crate) fn heal(&mut self) {
        self.slow_reads = false;
        self.fail(None);
        self.log.fill(false);
        self.log.release_derived();
        self.log.release_all();
    }

    fn tamper(&mut self, mut drafts: Vec<Draft>) -> Vec<Draft> {
        match self.fault {
            Some(Fault::LogStoresTwice) => {
                for draft in &mut drafts {
                    while !self.seen.insert((draft.author, draft.cid)) {
                        draft.cid.0[15] ^= 1 + u8::try_from(self.seen.len() % 100).unwrap_or(0);
                    }
                }
            }
            Some(Fault::LogGoesOnBehindFailures) if self.failing && !drafts.is_empty() => {
                let Draft { ticket, .. } = drafts.remove(0);
                self.own.push(Event::Failed { ticket, why: FailureKind::Refused });
            }
            Some(Fault::LogAcksEarly) => {
                let next = self.log.last_seq().0 + self.log.waiting() as u64 + 1;
                self.promised = self.promised.max(next);
                for (seq, draft) in (next..).zip(&mut drafts) {
                    let ticket = draft.ticket;
                    self.own.push(Event::Committed { ticket, entry: Entry::new(Seq(seq), draft.clone()) });
                    draft.ticket = Ticket(NOBODY + seq);
                }
            }
            _ => {}
        }
        drafts
    }
}

fn is_read(event: &Event) -> bool {
    matches!(
        event,
        Event::Found { .. }
            | Event::Fetched { .. }
            | Event::Targeting { .. }
            | Event::Searched { .. }
            | Event::FirstSince { .. }
    )
}

impl Log for Disk {
    fn append(&mut self, drafts: Vec<Draft>) {
        let drafts = self.tamper(drafts);
        self.log.append(drafts);
    }

    fn acknowledge_failure(&mut self) {
        self.log.acknowledge_failure();
    }

    fn find(&mut self, ticket: Ticket, author: UserId, cid: Cid) {
        self.log.find(ticket, author, cid);
    }

    fn fetch(&mut self, ticket: Ticket, seqs: Vec<Seq>, body_bytes_max: usize) {
        self.log.fetch(ticket, seqs, body_bytes_max);
    }

    fn targeting(&mut self, ticket: Ticket, room: RoomId, targets: Vec<Rseq>, rows_max: usize) {
        self.log.targeting(ticket, room, targets, rows_max);
    }

    fn search(&mut self, ticket: Ticket, query: Query, max: usize) {
        self.log.search(ticket, query, max);
    }

    fn first_since(&mut self, ticket: Ticket, after: Seq, at: i64) {
        self.log.first_since(ticket, after, at);
    }

    fn derive(&mut self, work: Vec<Derived>, upto: Seq) {
        self.first();
        let work = if self.fault == Some(Fault::LogKeepsErased) { Vec::new() } else { work };
        self.log.derive(work, upto);
    }

    fn keep_marks(&mut self, marks: Vec<Mark>) {
        self.log.keep_marks(marks);
    }

    fn probe(&mut self) {
        self.log.probe();
    }

    fn poll(&mut self, events: &mut Vec<Event>) {
        self.news.store(false, Ordering::Relaxed);
        let mut fresh = std::mem::take(&mut self.own);
        self.log.poll(&mut fresh);
        for event in fresh {
            match event {
                Event::Committed { ticket, .. } | Event::Duplicate { ticket, .. } if ticket.0 >= NOBODY => {}
                event if is_read(&event) => self.late.push_back(event),
                event => events.push(event),
            }
        }
        let ready = if self.slow_reads { self.dice.below(self.late.len() as u64 + 1) } else { u64::MAX };
        let ready = self.late.len().min(usize::try_from(ready).unwrap_or(usize::MAX));
        events.extend(self.late.drain(..ready));
    }
}
