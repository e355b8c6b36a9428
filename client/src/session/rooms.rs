//! A room for a script, without a store: what was told of it, in order, and what has to be pulled.
//!
//! ```text
//!   1 ········· first ═════════ held ═════════ last ··· missing ··· ahead ═══ head
//!              told, in order                            caught up by itself
//! ```
//!
//! Places in a room are contiguous, so a session can prove that it missed nothing: whatever lies between `last` and
//! the next entry that arrives is missing, and is pulled. Pages hold the newest entries of the range that fit, so a
//! range is pulled from its end towards its beginning until it is whole.
//!
//! Pure bookkeeping: requests, frames and events are the business of the session.

use std::collections::VecDeque;

use tertulia_protocol::{Entry, RequestId, limits, reply::RoomRow};

use super::{History, kept::WrongPage};

/// The longest range that is pulled as a whole, since its parts wait in memory for their beginning.
const GAP_MAX: u64 = limits::PAGE_ENTRIES_MAX;

/// Live entries kept back while something below them is pulled. Beyond that they are let go, and pulled again.
const AHEAD_MAX: usize = 512;

/// No place is beyond this one, whatever a server says: counting on from a place must not overflow.
pub(super) const PLACE_MAX: u64 = u64::MAX >> 1;

#[derive(Debug)]
pub(super) struct Room {
    pub(super) row: RoomRow,
    pub(super) head: u64,
    /// None until the room is opened: then only its head is followed.
    held: Option<Held>,
    /// A contiguous run of live entries somewhere above what is held.
    ahead: VecDeque<Entry>,
    fill: Option<Fill>,
}

/// The contiguous region that the owner was told of; empty while `first` is `last + 1`.
#[derive(Clone, Copy, Debug)]
struct Held {
    first: u64,
    last: u64,
}

/// The pull of a range that begins right above what is held.
#[derive(Debug)]
struct Fill {
    from: u64,
    /// The last place of it that is still missing.
    to: u64,
    /// The upper part of the range, as far as it has arrived.
    got: VecDeque<Entry>,
    request: Option<RequestId>,
}

/// What became of a live entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Live {
    /// It is the next one: to be told.
    Next(Entry),
    /// It is kept until what lies below it has arrived, or will be pulled. True if that is how a gap came to light.
    Later(bool),
    /// It was told before.
    Known,
    /// The room is not open: its row changed, no more.
    Closed,
}

impl Room {
    pub(super) fn new(row: &RoomRow) -> Self {
        Self { row: row.clone(), head: row.head.0.min(PLACE_MAX), held: None, ahead: VecDeque::new(), fill: None }
    }

    /// Takes a row of a `Synced`. True if the room has fewer entries than are held: the log is another one.
    pub(super) fn update(&mut self, row: &RoomRow) -> bool {
        let head = row.head.0.min(PLACE_MAX);
        let shrunk = self.held.is_some_and(|held| held.first <= held.last && held.last > head);
        if shrunk || head >= self.head {
            self.head = head;
            self.row = row.clone();
        }
        shrunk
    }

    /// Starts to hold entries, as the history says.
    pub(super) fn open(&mut self, history: History) {
        if self.held.is_some() {
            return;
        }
        let next = match history {
            History::Kept => self.head + 1,
            History::Last(count) => self.head.saturating_sub(count) + 1,
            History::From(rseq) => rseq.0.clamp(1, PLACE_MAX),
        };
        self.held = Some(Held { first: next, last: next - 1 });
    }

    /// Forgets what is held and begins anew at the head.
    pub(super) fn reset(&mut self) {
        self.fill = None;
        self.ahead.clear();
        self.held = Some(Held { first: self.head + 1, last: self.head });
    }

    /// Takes a live entry. While `quiet` (the rest of the login is still being told) nothing is told.
    pub(super) fn live(&mut self, entry: Entry, quiet: bool) -> Live {
        let place = entry.rseq.0;
        if place > self.head {
            self.head = place;
            (self.row.head, self.row.count) = (entry.rseq, entry.count);
        }
        let Some(held) = &mut self.held else { return Live::Closed };
        if place <= held.last {
            return Live::Known;
        }
        if place == held.last + 1 && self.ahead.is_empty() && self.fill.is_none() && !quiet {
            held.last = place;
            return Live::Next(entry);
        }
        let follows = match self.ahead.back().map(|newest| newest.rseq.0) {
            Some(newest) if place <= newest => return Live::Known,
            Some(newest) => place == newest + 1,
            None => place == held.last + 1 || self.fill.as_ref().is_some_and(|fill| fill.end() + 1 >= place),
        };
        if !follows || self.ahead.len() >= AHEAD_MAX {
            self.ahead.clear();
        }
        self.ahead.push_back(entry);
        Live::Later(!follows && !quiet)
    }

    /// The range to pull next, if there is one. It counts as asked for once [`Self::asked`] names its request.
    pub(super) fn need(&mut self) -> Option<(u64, u64)> {
        let held = self.held?;
        if self.fill.is_none() {
            let end = self.ahead.front().map_or(self.head, |entry| entry.rseq.0 - 1);
            let missing = end.saturating_sub(held.last);
            if missing > 0 {
                let to = held.last + missing.min(GAP_MAX);
                self.fill = Some(Fill { from: held.last + 1, to, got: VecDeque::new(), request: None });
            }
        }
        self.fill.as_ref().filter(|fill| fill.request.is_none()).map(|fill| (fill.from, fill.to))
    }

    /// The pull that was needed is on the wire as `request`.
    pub(super) fn asked(&mut self, request: RequestId) {
        self.fill.iter_mut().for_each(|fill| fill.request = Some(request));
    }

    /// Takes a page, and gives what is to be told because of it. A page for a pull that was given up is nothing.
    pub(super) fn page(&mut self, request: RequestId, entries: Vec<Entry>) -> Result<Vec<Entry>, WrongPage> {
        let Some(held) = &mut self.held else { return Ok(Vec::new()) };
        let Some(fill) = self.fill.as_mut().filter(|fill| fill.request == Some(request)) else {
            return Ok(Vec::new());
        };
        let first = check(&entries, fill.from, fill.to)?;
        for entry in entries.into_iter().rev() {
            fill.got.push_front(entry);
        }
        fill.request = None;
        if first > fill.from {
            fill.to = first - 1;
            return Ok(Vec::new());
        }
        let mut told = Vec::from(std::mem::take(&mut fill.got));
        self.fill = None;
        held.last += told.len() as u64;
        told.extend(self.join());
        Ok(told)
    }

    /// What was kept ahead and has nothing missing below it any more.
    pub(super) fn join(&mut self) -> Vec<Entry> {
        let Some(held) = &mut self.held else { return Vec::new() };
        while self.ahead.front().is_some_and(|entry| entry.rseq.0 <= held.last) {
            self.ahead.pop_front();
        }
        if self.ahead.front().is_none_or(|entry| entry.rseq.0 != held.last + 1) {
            return Vec::new();
        }
        held.last += self.ahead.len() as u64;
        std::mem::take(&mut self.ahead).into()
    }

    /// The connection is gone: what was asked for is asked for again, what was only on its way is let go.
    pub(super) fn cut(&mut self) {
        self.fill = None;
        self.ahead.clear();
    }

    /// The server says that there is no such room, or not for us.
    pub(super) fn close(&mut self) {
        self.cut();
        self.held = None;
    }

    /// Whether nothing is under way.
    pub(super) fn is_complete(&self) -> bool {
        self.fill.is_none()
    }
}

impl Fill {
    /// The last place of the whole range.
    fn end(&self) -> u64 {
        self.to + self.got.len() as u64
    }
}

/// Holds a page against what was asked for: the newest entries from `from` to `to`, at least one, without a hole. Gives
/// the first place in it. What is not so would be pulled for ever, or be shown in the wrong place.
fn check(entries: &[Entry], from: u64, to: u64) -> Result<u64, WrongPage> {
    let first = entries.first().ok_or(WrongPage)?.rseq.0;
    if !(from..=to).contains(&first) || entries.last().is_none_or(|entry| entry.rseq.0 != to) {
        return Err(WrongPage);
    }
    let contiguous = entries.iter().zip(first..).all(|(entry, place)| entry.rseq.0 == place);
    if contiguous { Ok(first) } else { Err(WrongPage) }
}
