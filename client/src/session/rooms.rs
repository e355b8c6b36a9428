//! What is held of each room, and what has to be pulled.
//!
//! ```text
//!   1 ········· first ═════════ held ═════════ last ··· missing ··· ahead ═══ head
//!   older: on demand, page by page                      caught up by itself
//! ```
//!
//! Places in a room are contiguous, so a session can prove that it missed nothing: whatever lies between `last` and
//! the next entry that arrives is missing, and is pulled. Pages hold the newest entries of the range that fit, so a
//! range is pulled from its end towards its beginning until it is whole.
//!
//! Pure bookkeeping: requests, frames and events are the business of the session.

use std::collections::VecDeque;

use tertulia_protocol::{Entry, RequestId, limits, reply::RoomRow};

use super::History;

/// The newest page of a room, and each older one.
const PAGE: u64 = 50;

/// A longer gap is not worth pulling for somebody who looks at the newest page: what was held is dropped instead. At
/// the same time the longest range that is pulled as a whole, since its parts wait in memory for their beginning.
const GAP_MAX: u64 = limits::PAGE_ENTRIES_MAX;

/// Live entries kept back while something below them is pulled. Beyond that they are let go, and pulled again.
const AHEAD_MAX: usize = 512;

/// No place is beyond this one, whatever a server says: counting on from a place must not overflow.
pub(super) const PLACE_MAX: u64 = u64::MAX >> 1;

#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: String,
    pub(super) head: u64,
    pub(super) count: u64,
    /// None until the room is opened: then only its head is followed.
    held: Option<Held>,
    /// A contiguous run of live entries somewhere above what is held.
    ahead: VecDeque<Entry>,
    fill: Option<Fill>,
    older: Option<Older>,
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

/// The pull of a range that ends right below what is held.
#[derive(Debug)]
struct Older {
    from: u64,
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

/// What a page is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Towards the head.
    Up,
    /// Towards the beginning.
    Down,
}

/// What a room needs next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    /// The entries from one place to another.
    Pull(Direction, u64, u64),
    /// To be forgotten, because too much is missing. What to pull instead is the next need.
    Reset,
}

/// A page that is not what was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WrongPage;

impl Room {
    pub(super) fn new(row: &RoomRow) -> Self {
        Self {
            name: row.name.clone(),
            head: row.head.0.min(PLACE_MAX),
            count: row.count,
            held: None,
            ahead: VecDeque::new(),
            fill: None,
            older: None,
        }
    }

    /// Takes a row of a `Synced`. True if the room has fewer entries than are held: the log is another one.
    pub(super) fn update(&mut self, row: &RoomRow) -> bool {
        self.name.clone_from(&row.name);
        let head = row.head.0.min(PLACE_MAX);
        let shrunk = self.held.is_some_and(|held| held.first <= held.last && held.last > head);
        if shrunk || head >= self.head {
            self.head = head;
            self.count = row.count;
        }
        shrunk
    }

    /// Starts to hold entries, as the history says.
    pub(super) fn open(&mut self, history: History) {
        if self.held.is_some() {
            return;
        }
        let next = match history {
            History::Newest => {
                self.hold_newest();
                return;
            }
            History::Last(count) => self.head.saturating_sub(count) + 1,
            History::From(rseq) => rseq.0.clamp(1, PLACE_MAX),
        };
        self.held = Some(Held { first: next, last: next - 1 });
    }

    /// Forgets what is held and begins anew at the head.
    pub(super) fn reset(&mut self, history: History) {
        self.fill = None;
        self.ahead.clear();
        if history == History::Newest {
            self.hold_newest();
        } else {
            self.held = Some(Held { first: self.head + 1, last: self.head });
        }
    }

    fn hold_newest(&mut self) {
        self.held = Some(Held { first: self.head + 1, last: self.head });
        self.older = None;
        self.want_older();
    }

    /// Wants a page below what is held, unless there is none or one is under way.
    pub(super) fn want_older(&mut self) {
        if let (Some(Held { first: first @ 2.., .. }), None) = (self.held, &self.older) {
            self.older = Some(Older { from: first.saturating_sub(PAGE).max(1), request: None });
        }
    }

    /// Takes a live entry. While `quiet` (the rest of the login is still being told) nothing is told.
    pub(super) fn live(&mut self, entry: Entry, quiet: bool) -> Live {
        let place = entry.rseq.0;
        if place > self.head {
            self.head = place;
            self.count = entry.count;
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

    /// What to do next. A pull counts as asked for once [`Self::asked`] names its request.
    pub(super) fn need(&mut self, history: History) -> Need {
        let Some(held) = self.held else { return Need::Nothing };
        if self.fill.is_none() {
            let end = self.ahead.front().map_or(self.head, |entry| entry.rseq.0 - 1);
            let missing = end.saturating_sub(held.last);
            if missing > GAP_MAX && history == History::Newest {
                return Need::Reset;
            }
            if missing > 0 {
                let to = held.last + missing.min(GAP_MAX);
                self.fill = Some(Fill { from: held.last + 1, to, got: VecDeque::new(), request: None });
            }
        }
        if let Some(Fill { from, to, request: None, .. }) = self.fill {
            return Need::Pull(Direction::Up, from, to);
        }
        match self.older {
            Some(Older { from, request: None }) if held.first > from => {
                Need::Pull(Direction::Down, from, held.first - 1)
            }
            _ => Need::Nothing,
        }
    }

    /// The pull that was needed is on the wire as `request`.
    pub(super) fn asked(&mut self, direction: Direction, request: RequestId) {
        match direction {
            Direction::Up => self.fill.iter_mut().for_each(|fill| fill.request = Some(request)),
            Direction::Down => self.older.iter_mut().for_each(|older| older.request = Some(request)),
        }
    }

    /// Takes a page, and gives what is to be told because of it. A page for a pull that was given up is nothing.
    pub(super) fn page(
        &mut self,
        direction: Direction,
        request: RequestId,
        entries: Vec<Entry>,
    ) -> Result<Vec<Entry>, WrongPage> {
        let Some(held) = &mut self.held else { return Ok(Vec::new()) };
        match direction {
            Direction::Up => {
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
            Direction::Down => {
                let Some(older) = self.older.as_mut().filter(|older| older.request == Some(request)) else {
                    return Ok(Vec::new());
                };
                held.first = check(&entries, older.from, held.first - 1)?;
                older.request = None;
                if held.first == older.from {
                    self.older = None;
                }
                Ok(entries)
            }
        }
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
        self.older.iter_mut().for_each(|older| older.request = None);
    }

    /// The server says that there is no such room, or not for us.
    pub(super) fn close(&mut self) {
        self.cut();
        self.held = None;
        self.older = None;
    }

    /// Whether nothing is under way.
    pub(super) fn is_complete(&self) -> bool {
        self.fill.is_none() && self.older.is_none()
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
