//! The log in memory as a [`Log`]: what it is asked, and in which order it tells.

use tertulia_protocol::{Cid, Kind, RoomId, Rseq, Seq, UserId};

use super::super::{Derived, Draft, Entry, Event, Log, Mark, Query, Targeting, Ticket};
use super::{MemoryLog, Waiting};

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
        // Edits and deletions, reactions.
        let mut left = [rows_max; 2];
        for (nth, target) in targets.iter().rev().enumerate() {
            let (mut about, mut is_short) = (Vec::new(), false);
            for (kinds, left) in [Kind::EDIT..=Kind::DELETE, Kind::REACT..=Kind::UNREACT].iter().zip(&mut left) {
                let is_said = |entry: &&Entry| {
                    let is_here = entry.room == room && entry.target == Some(*target) && kinds.contains(&entry.kind);
                    is_here && !entry.body.is_empty()
                };
                let mut said: Vec<Targeting> = self.entries.iter().rev().filter(is_said).map(targeting).collect();
                is_short |= said.len() > *left;
                said.truncate(*left);
                *left -= said.len();
                about.append(&mut said);
            }
            if is_short {
                if nth > 0 {
                    break;
                }
                cut = true;
            }
            rows.append(&mut about);
            from = *target;
        }
        self.answer(Event::Targeting { ticket, rows, from, cut });
        self.wake();
    }

    fn search(&mut self, ticket: Ticket, query: Query, max: usize) {
        match self.look(&query, max) {
            Ok((entries, below)) => self.answer(Event::Searched { ticket, entries, below }),
            Err(_) => self.answer(Event::SearchFailed { ticket }),
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
