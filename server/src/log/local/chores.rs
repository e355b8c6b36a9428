//! What the writer does behind the acknowledgements: derived work, read marks, checkpoints, and cutting off the WAL.
//!
//! Entries go first: while drafts come, chores wait. But not for ever: after so many batches, or once the index is so
//! far behind, a step is done between two batches. Derived work is done in small steps, so that a draft that comes
//! meanwhile waits for one step only. **Invariant:** there is a deadline only while there is a chore.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tertulia_protocol::{RoomId, Seq, UserId};

use crate::log::store::{Backlog, StepSize, Store, WriteError};
use crate::log::{Derived, Mark};

/// 16 MiB: a WAL as large as this is moved into the file even while there is work.
const WAL_PAGES_MAX: u32 = 4096;
/// If a reader stood in the way of that: how much more before the next attempt.
const WAL_PAGES_STEP: u32 = 1024;
/// 1 MiB: a WAL as large as this is moved into the file when there is nothing else to do. A smaller one stays, which
/// saves an SD card from writing the same pages again after every message.
const WAL_PAGES_IDLE: u32 = 256;
/// How long without work is idle.
const IDLE: Duration = Duration::from_secs(2);

/// A step while nobody waits: a draft that comes now waits for a few milliseconds.
const STEP: StepSize = StepSize { entries: 128, text_bytes: 64 * 1024 };
/// A smaller step is at least so long behind the one before it: a transaction of its own for each message costs more than
/// the message does. Who writes after a pause is found at once.
const GATHER: Duration = Duration::from_millis(50);
/// A step between two batches of drafts that does more than the largest batch adds.
const STEP_BEHIND: StepSize = StepSize { entries: 2048, text_bytes: 2 * 1024 * 1024 };
/// After so many batches without a pause there is a step.
const BATCHES: u32 = 8;
/// So many places behind there is a step after every batch, and the index falls no further behind.
const LAG_MAX: u64 = 50_000;
/// How long to leave a chore that failed: a full disk, a reader in the way.
const RETRY: Duration = Duration::from_secs(5);

/// Marks are kept so long after the first of them, for each time costs an fsync, and people read many messages in a row.
/// Their other desks learn of it that much later.
const MARKS_WAIT: Duration = Duration::from_secs(1);
/// So many marks are kept at once.
const MARKS_MAX: usize = 4096;

/// The WAL is cut off so long after an erasure, if nothing more is erased until then ...
const ERASED_WAIT: Duration = Duration::from_secs(2);
/// ... and so long after the first one at the latest. People are promised a minute.
const ERASED_WAIT_MAX: Duration = Duration::from_secs(20);
/// If a reader stood in the way of that.
const ERASED_RETRY: Duration = Duration::from_secs(1);

/// When the next chore is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Now,
    In(Duration),
    Never,
}

pub(super) struct Chores {
    backlog: Backlog,
    /// Derived work failed, and is left until then.
    derive_at: Option<Instant>,
    /// The last step has done everything, and the next one waits until then for more to do.
    gather_until: Option<Instant>,
    batches: u32,
    marks: BTreeMap<(UserId, RoomId), Mark>,
    marks_at: Option<Instant>,
    /// What is durable of them, to be told.
    kept: Vec<Mark>,
    /// When the WAL has to be cut off, and not later than when.
    erased: Option<(Instant, Instant)>,
    checkpoint_at: u32,
    idle_at: Option<Instant>,
}

impl Chores {
    pub(super) fn new(done_upto: Seq) -> Self {
        // What was erased shortly before a kill still stands in the WAL, and nobody knows of it but the dead.
        let soon = now() + ERASED_WAIT;
        Self {
            backlog: Backlog::new(done_upto),
            derive_at: None,
            gather_until: None,
            batches: 0,
            marks: BTreeMap::new(),
            marks_at: None,
            kept: Vec::new(),
            erased: Some((soon, soon)),
            checkpoint_at: WAL_PAGES_MAX,
            idle_at: None,
        }
    }

    pub(super) fn derive(&mut self, work: Vec<Derived>, upto: Seq) {
        self.backlog.add(work, upto);
    }

    pub(super) fn keep_marks(&mut self, marks: Vec<Mark>) {
        for mark in marks {
            let wanted = self.marks.entry((mark.user, mark.room)).or_insert(mark);
            wanted.rseq = wanted.rseq.max(mark.rseq);
        }
        if !self.marks.is_empty() {
            self.marks_at.get_or_insert_with(|| now() + MARKS_WAIT);
        }
    }

    /// The marks that have become durable since the last call.
    pub(super) fn take_kept(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.kept)
    }

    /// When there is something to do, if no command comes before.
    pub(super) fn due(&self, store: &Store) -> When {
        let gathering = self.gathering();
        if self.backlog.lag() > 0 && self.derive_at.is_none() && gathering.is_none() {
            return When::Now;
        }
        let idle = self.idle_at.filter(|_| store.wal_pages() >= WAL_PAGES_IDLE);
        let erased = self.erased.map(|(at, _)| at);
        match [self.derive_at.or(gathering), self.marks_at, erased, idle].into_iter().flatten().min() {
            Some(at) => When::In(at.saturating_duration_since(now())),
            None => When::Never,
        }
    }

    /// Does what is due. `batch` is how many drafts came before it, and more of them may be waiting; none if nobody waits.
    pub(super) fn work(&mut self, store: &mut Store, batch: Option<usize>) -> Result<(), String> {
        let now = now();
        let busy = batch.is_some();
        if busy {
            self.batches += 1;
            self.idle_at = Some(now + IDLE);
        } else {
            self.batches = 0;
        }
        let lag = self.backlog.lag();
        if lag > 0 && self.derive_at.is_none_or(|at| at <= now) {
            // A step does more than the batch before it added: so the lag does not grow beyond its bound. After a quiet
            // batch it is a small one even if there is much to do, as there is after an older file was opened.
            if lag > LAG_MAX && batch.is_some_and(|drafts| drafts >= STEP.entries) {
                self.step(store, STEP_BEHIND)?;
            } else if lag > LAG_MAX || self.batches >= BATCHES || !busy && self.gathering().is_none_or(|at| at <= now) {
                self.batches = 0;
                self.step(store, STEP)?;
            }
        }
        if self.marks_at.is_some_and(|at| at <= now) || self.marks.len() >= MARKS_MAX {
            self.flush_marks(store)?;
        }
        if self.erased.is_some_and(|(at, _)| at <= now) {
            let done = store.truncate_wal().map_err(|error| error.to_string())?;
            self.erased = (!done).then_some((now + ERASED_RETRY, now + ERASED_RETRY));
        }
        let pages = store.wal_pages();
        let idle = !busy && pages >= WAL_PAGES_IDLE && self.idle_at.is_some_and(|at| at <= now);
        if pages >= self.checkpoint_at || idle {
            match store.checkpoint() {
                Err(WriteError::Broken(why)) => return Err(why),
                Err(WriteError::Failed(_)) | Ok(()) => {}
            }
            self.checkpoint_at = WAL_PAGES_MAX.max(store.wal_pages() + WAL_PAGES_STEP);
            if idle {
                self.idle_at = None;
            }
        }
        Ok(())
    }

    /// Does everything that is left, before an ordered end. What fails now is done again after the next start.
    pub(super) fn finish(&mut self, store: &mut Store) -> Result<(), String> {
        self.derive_at = None;
        while self.backlog.lag() > 0 && self.derive_at.is_none() {
            self.step(store, STEP_BEHIND)?;
        }
        self.flush_marks(store)
    }

    /// Until when what there is to do is too little for a step.
    fn gathering(&self) -> Option<Instant> {
        self.gather_until.filter(|_| (1..STEP.entries as u64).contains(&self.backlog.lag()))
    }

    fn step(&mut self, store: &mut Store, size: StepSize) -> Result<(), String> {
        match store.derive(&mut self.backlog, size) {
            Ok(erased) => {
                self.derive_at = None;
                self.gather_until = (self.backlog.lag() == 0).then(|| now() + GATHER);
                if erased {
                    let now = now();
                    let latest = self.erased.map_or(now + ERASED_WAIT_MAX, |(_, latest)| latest);
                    self.erased = Some((latest.min(now + ERASED_WAIT), latest));
                }
                Ok(())
            }
            Err(WriteError::Failed(_)) => {
                self.derive_at = Some(now() + RETRY);
                Ok(())
            }
            Err(WriteError::Broken(why)) => Err(why),
        }
    }

    fn flush_marks(&mut self, store: &mut Store) -> Result<(), String> {
        self.marks_at = None;
        if self.marks.is_empty() {
            return Ok(());
        }
        let at = store.last_seq();
        let marks: Vec<Mark> = self.marks.values().map(|mark| Mark { at, ..*mark }).collect();
        match store.keep_marks(&marks) {
            Ok(()) => {
                self.marks.clear();
                self.kept.extend(marks);
            }
            Err(WriteError::Failed(_)) => self.marks_at = Some(now() + RETRY),
            Err(WriteError::Broken(why)) => return Err(why),
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "when chores are done is not the chat's time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use tertulia_protocol::{Cid, DeviceId, Kind};

    use super::*;
    use crate::log::{Draft, Ticket};

    fn message(number: u128) -> Draft {
        Draft {
            ticket: Ticket(0),
            at: 0,
            author: UserId(1),
            device: DeviceId(1),
            cid: Cid(number.to_be_bytes()),
            room: RoomId(1),
            kind: Kind::MESSAGE,
            target: None,
            mentions: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Keeps out: a transaction of the index for each message while many come one by one.
    #[test]
    fn a_little_waits_for_more_and_much_waits_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("tertulia.db")).unwrap();
        let drafts: Vec<_> = (1..=130).map(message).collect();
        store.append(&drafts, &mut Vec::new()).unwrap();
        let mut chores = Chores::new(Seq(0));
        chores.derive(Vec::new(), Seq(1));
        assert_eq!(chores.due(&store), When::Now, "the first after a pause");
        chores.work(&mut store, None).unwrap();
        assert_eq!(store.derived_upto(), Ok(Seq(1)));
        chores.derive(Vec::new(), Seq(2));
        assert!(matches!(chores.due(&store), When::In(_)), "a little");
        chores.derive(Vec::new(), Seq(130));
        assert_eq!(chores.due(&store), When::Now, "much");
    }
}
