//! What follows from what was applied, and what has to be looked after: the search index and the erasures, read marks,
//! the full disk, and what is kept for how long.
//!
//! All of it is behind the acknowledgements: nobody waits for it. **It must not** decide what may be read: that is the
//! state's, which knows what is erased long before the file does.

use tertulia_protocol::{RoomId, Rseq, Seq};

use super::{Desk, Now, Wish};
use crate::{
    chat::{Applied, Effect, Outcome, Place, Room, admit},
    log::{Derived, Entry, Log, Mark},
};

/// How often the log is asked whether the disk has room again, in milliseconds.
const PROBE_EVERY_MS: u64 = 5_000;

/// How often it is looked at what has been kept for long enough, in milliseconds.
const EXPIRE_EVERY_MS: u64 = 3_600_000;

/// How soon after the start that is looked at first, in milliseconds: people want to log in first.
const EXPIRE_FIRST_MS: u64 = 60_000;

const DAY_MS: i64 = 86_400_000;

/// What an operator has to know who relies on old texts going.
const CLOCK_JUMPED: &str = "the clock of this computer has moved by more than a day against the time that passed: nothing \
                            more is erased for its age until the server is started again (keep)";

/// What an operator has to know whose people cannot search.
const INDEX_DAMAGED: &str = "searches fail, for the search index cannot be read; all else goes on. See what \
                             `tertulia-server verify` says, and put a backup in the database's place";

/// The state of it.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// What follows from this turn's entries.
    derived: Vec<Derived>,
    /// Up to where the log was told.
    derived_upto: Seq,
    marks: Vec<Mark>,
    /// While nothing can be stored: when to ask again. `u64::MAX` while an answer is awaited.
    probe_at: Option<u64>,
    /// How long texts are kept, in milliseconds; `None` for ever.
    keep_ms: Option<i64>,
    /// When to look next at what has been kept for long enough.
    expire_at: Option<u64>,
    /// The rooms that are still to be looked at this time.
    expiring: Vec<RoomId>,
    /// Whether the log is being asked about one of them.
    is_looking: bool,
    /// What the two clocks said at the start.
    started: Option<Now>,
    /// What the operator has to be told.
    warning: Option<&'static str>,
    /// That the index is damaged has been told.
    is_index_told: bool,
}

impl Upkeep {
    /// What an earlier run of the server has left undone: work by rising place, and up to where it was applied.
    pub fn left_over(&mut self, derived: Vec<Derived>, done_upto: Seq) {
        self.derived = derived;
        self.derived_upto = done_upto;
    }

    /// How long texts are kept from now on, in milliseconds; `None` for ever.
    pub fn keep(&mut self, keep_ms: Option<i64>, now: Now) {
        self.keep_ms = keep_ms;
        self.started = Some(now);
        self.expire_at = Some(now.mono + EXPIRE_FIRST_MS);
    }

    /// The same from the next look on: the configuration was read again.
    pub fn set_keep(&mut self, keep_ms: Option<i64>) {
        self.keep_ms = keep_ms;
    }

    /// Whether the clock of the day was set by more than a day since the start.
    fn has_jumped(&self, now: Now) -> bool {
        self.started.is_some_and(|started| {
            let passed = i64::try_from(now.mono.saturating_sub(started.mono)).unwrap_or(i64::MAX);
            now.wall.saturating_sub(started.wall).abs_diff(passed) > DAY_MS.unsigned_abs()
        })
    }

    /// A search has failed.
    pub(super) fn search_failed(&mut self) {
        if !std::mem::replace(&mut self.is_index_told, true) {
            self.warning = Some(INDEX_DAMAGED);
        }
    }

    /// What the operator has to be told, once.
    pub fn take_warning(&mut self) -> Option<&'static str> {
        self.warning.take()
    }

    /// Whether nothing but deletions can be stored.
    pub fn is_read_only(&self) -> bool {
        self.probe_at.is_some()
    }

    /// Notes that the disk is full. Whether that is news.
    pub fn disk_is_full(&mut self, now: Now) -> bool {
        let is_news = self.probe_at.is_none();
        if is_news {
            self.probe_at = Some(now.mono + PROBE_EVERY_MS);
        }
        is_news
    }

    /// What the log says about the disk. Whether the time of the full disk is over.
    pub fn probed(&mut self, writable: bool, now: Now) -> bool {
        if self.probe_at.is_none() {
            return false;
        }
        self.probe_at = (!writable).then_some(now.mono + PROBE_EVERY_MS);
        writable
    }

    /// Notes what follows from an entry.
    pub fn note(&mut self, entry: &Entry, applied: &Applied) {
        self.derived.extend(derived(entry, applied));
    }

    /// Keeps a read mark, if there is one. It counts once the log has it.
    pub(super) fn mark(&mut self, mark: Option<Mark>) {
        self.marks.extend(mark);
    }

    /// When there is something to do next by the clock.
    pub fn deadline(&self) -> Option<u64> {
        self.probe_at.into_iter().chain(self.expire_at).min().filter(|at| *at < u64::MAX)
    }
}

/// What is not erased yet and would be, up to a place.
fn contents(room: &Room, upto: Rseq) -> impl Iterator<Item = Place> {
    let places = room.places();
    (room.expired().0 + 1..=upto.0)
        .filter_map(move |rseq| places.get(Rseq(rseq)))
        .filter(|place| !place.kind().is_state() && !place.is_deleted())
}

/// What the file has to do because of what an entry came to.
pub fn derived(entry: &Entry, applied: &Applied) -> Option<Derived> {
    let &Entry { seq, room, kind, ref body, .. } = entry;
    match applied.effect {
        // Of state kinds a replay reads the body, also to refuse it again.
        _ if matches!(applied.outcome, Outcome::Refused(_)) => {
            (!kind.is_state() && !body.is_empty()).then_some(Derived::Refused { entry: seq })
        }
        Effect::Edited { message } => Some(Derived::Edited { edit: seq, message }),
        Effect::Erased { message, rseq } => Some(Derived::Erased { by: seq, room, message, rseq }),
        Effect::Expired { upto, rseq } => Some(Derived::Expired { by: seq, room, upto, rseq }),
        _ => None,
    }
}

impl<L: Log> Desk<L> {
    /// Hands over what follows from this turn, once a turn.
    pub fn hand_over(&mut self) {
        let Upkeep { derived, derived_upto, marks, .. } = &mut self.upkeep;
        if *derived_upto < self.chat.position() {
            *derived_upto = self.chat.position();
            self.log.derive(std::mem::take(derived), *derived_upto);
        }
        if !marks.is_empty() {
            self.log.keep_marks(std::mem::take(marks));
        }
    }

    /// Does what the clock has made due.
    pub fn look_after(&mut self, now: Now) {
        if self.upkeep.probe_at.is_some_and(|at| at <= now.mono) {
            self.upkeep.probe_at = Some(u64::MAX);
            self.log.probe();
        }
        if self.upkeep.expire_at.is_some_and(|at| at <= now.mono) {
            if self.upkeep.has_jumped(now) {
                // Which of the two times was the right one nobody knows; what is erased is gone.
                self.upkeep.expire_at = None;
                self.upkeep.warning = Some(CLOCK_JUMPED);
                return;
            }
            self.upkeep.expire_at = Some(now.mono + EXPIRE_EVERY_MS);
            // On a slow disk the last time may not be over.
            if !self.upkeep.is_looking {
                self.upkeep.expiring = self.chat.rooms().map(|(id, _)| id).collect();
                self.expire_next(now);
            }
        }
    }

    /// Asks what is too old in the next room that does not keep everything; one room at a time.
    fn expire_next(&mut self, now: Now) {
        self.upkeep.is_looking = false;
        while let Some(id) = self.upkeep.expiring.pop() {
            let Some(room) = self.chat.room(id) else { continue };
            let days = room.keep_days().map(|days| i64::from(days) * DAY_MS);
            let Some(keep_ms) = days.into_iter().chain(self.upkeep.keep_ms).min() else { continue };
            // Not from an old place that is never erased: the log would be walked through from there each time.
            let Some(place) = contents(room, room.places().head()).next() else { continue };
            let after = Seq(place.seq().0 - 1);
            let ticket = self.waits.add(None, Wish::Expiry { room: id, head: room.places().head() });
            self.upkeep.is_looking = true;
            self.log.first_since(ticket, after, now.wall.saturating_sub(keep_ms));
            return;
        }
    }

    /// Writes down that what stands before a place of the log is erased in a room, if that is anything, and goes on with
    /// the next room. Nothing behind `head` is, which was the last place when the log was asked: it is young.
    pub fn expire(&mut self, id: RoomId, head: Rseq, young: Option<Seq>, now: Now) {
        if let Some(room) = self.chat.room(id) {
            let upto = match young {
                Some(seq) => room.places().upto(Seq(seq.0 - 1)).min(head),
                None => head,
            };
            if upto > room.expired() && contents(room, upto).next().is_some() {
                let cid = self.server_cid(now);
                let ticket = self.waits.add(None, Wish::Own);
                self.draft(admit::expire(ticket, now.wall, cid, id, upto));
                // No turn is due for it otherwise.
                self.append();
            }
        }
        self.expire_next(now);
    }
}
