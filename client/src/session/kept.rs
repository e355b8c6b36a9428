//! A room for somebody who looks at it, with a store behind: what is held, what is looked at, what to pull for that.
//!
//! Nothing is held in memory but numbers: entries go to the store and to the owner as they come. Owns the choice of what
//! is pulled next: the newest part of what was asked for last, one pull at a time for each room. Whoever does not look
//! at a room pays for its row alone. Pure: requests, changes and events are the session's.

use std::collections::VecDeque;

use tertulia_protocol::{
    Entry, Kind, Rseq, Seq, UserId,
    entry::{ArchiveBody, KeepBody, NameBody, RoleBody, TopicBody},
    limits,
    reply::RoomRow,
};

use super::{
    rooms::PLACE_MAX,
    runs::Runs,
    saved::{RoomState, Run},
};

/// The newest page of a room that is opened.
pub(super) const PAGE: u64 = 50;

/// A longer gap below the newest page is left until somebody looks at it.
const GAP_MAX: u64 = limits::PAGE_ENTRIES_MAX;

/// Ranges that are looked at; of more, the oldest are given up.
const WANTS_MAX: usize = 8;

/// What to ask the server for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pull {
    pub(super) from: u64,
    pub(super) to: u64,
    /// The entries are held: only what was said about them.
    pub(super) later_only: bool,
}

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) state: RoomState,
    pub(super) runs: Runs,
    open: bool,
    /// Ranges that were asked for, the newest wish last.
    wants: VecDeque<(u64, u64)>,
    /// The newest of them, while the room is open: after an absence it is looked at again.
    looked_at: Option<(u64, u64)>,
    pub(super) asked: Option<Pull>,
    /// The server says that there is no such room, or not for us.
    refused: bool,
    /// While we are no member: up to where in the log everything about the room was told, if that is known.
    left: Option<Seq>,
}

/// A page that is not what was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WrongPage;

impl Kept {
    pub(super) fn new(state: RoomState, runs: &[Run]) -> Self {
        let runs = Runs::from_saved(runs, PLACE_MAX);
        let mut kept = Self {
            state,
            runs,
            open: false,
            wants: VecDeque::new(),
            looked_at: None,
            asked: None,
            refused: false,
            left: None,
        };
        kept.state.row.head = Rseq(kept.head());
        kept
    }

    pub(super) fn head(&self) -> u64 {
        self.state.row.head.0.min(PLACE_MAX)
    }

    /// We are not a member any more, and everything up to here was told.
    pub(super) fn gone(&mut self, since: Seq) {
        self.refuse();
        if !self.state.gone {
            self.left = Some(since);
        }
        self.state.gone = true;
        self.state.row.role = None;
    }

    /// From where in the log on nothing was told about the room, if we held some of it, were no member, and are one now.
    pub(super) fn comes_back(&mut self) -> Option<Seq> {
        let held = self.state.gone && self.runs.last() > 0;
        // Where we left is not kept. From 1 on: from 0 on nobody is told what is erased.
        held.then(|| self.left.take().unwrap_or(Seq(1)))
    }

    /// Takes what the server says about the room. True if it has fewer entries than are held.
    pub(super) fn update(&mut self, row: RoomRow) -> bool {
        let read = self.state.read.max(row.mark.unwrap_or(Rseq(0)));
        self.state = RoomState { row, gone: false, read };
        let head = self.head();
        self.state.row.head = Rseq(head);
        self.state.read = self.state.read.min(Rseq(head));
        self.refused = false;
        let shrunk = self.runs.last() > head;
        if shrunk {
            self.runs.remove(head + 1, PLACE_MAX);
        }
        shrunk
    }

    /// Somebody looks at the room from now on, or no more.
    pub(super) fn open(&mut self, open: bool) {
        self.open = open;
        if !open {
            self.wants.clear();
            self.looked_at = None;
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Somebody looks at a range.
    pub(super) fn want(&mut self, from: u64, to: u64) {
        self.wants.retain(|want| *want != (from, to));
        self.wants.push_back((from, to));
        self.looked_at = Some((from, to));
        while self.wants.len() > WANTS_MAX {
            self.wants.pop_front();
        }
    }

    /// The store does not have this part of what somebody looks at.
    pub(super) fn lost(&mut self, from: u64, to: u64) {
        self.runs.remove(from, to);
        self.wants.push_front((from, to));
        self.wants.truncate(WANTS_MAX);
    }

    /// Takes a live entry. True if places before it are missing that should have been told.
    pub(super) fn live(&mut self, entry: &Entry, me: Option<UserId>) -> bool {
        let (place, head) = (entry.rseq.0, self.head());
        self.runs.insert(place, place, place);
        if place <= head {
            return false;
        }
        let row = &mut self.state.row;
        row.head = entry.rseq;
        row.count = entry.count;
        if entry.kind == Kind::MESSAGE && Some(entry.author) == me {
            // Who writes has read what stands above.
            (row.mark, row.mark_count, row.mentions) = (Some(entry.rseq), Some(entry.count), None);
            self.state.read = entry.rseq;
        }
        let mentioned = me.is_some_and(|me| entry.mentions.as_ref().is_some_and(|mentions| mentions.contains(&me)));
        if entry.kind == Kind::MESSAGE && mentioned && Some(entry.author) != me {
            let counted = row.mentions.unwrap_or(0) + 1;
            row.mentions = Some(counted.min(limits::MENTIONS_COUNTED_MAX as u64));
        }
        change_row(row, entry, me);
        place > head + 1
    }

    /// What to ask for next; nothing while one question is open.
    pub(super) fn need(&mut self) -> Option<Pull> {
        if self.asked.is_some() || self.refused || self.state.gone {
            return None;
        }
        let head = self.head();
        if self.open && head > 0 {
            let newest = head.saturating_sub(PAGE - 1).max(1);
            // A short absence is repaired as a whole; after a long one the newest page is enough for the eye.
            let below =
                self.runs.last_missing(1, head).filter(|(from, to)| to - from < GAP_MAX && self.runs.last() > 0);
            let missing = self.runs.last_missing(newest, head).or(below.filter(|(from, _)| *from > 1));
            if let Some((from, to)) = missing {
                return Some(pull(from, to));
            }
        }
        while let Some((from, to)) = self.wants.back().copied() {
            let to = to.min(head);
            if from <= to
                && let Some((from, to)) = self.runs.last_missing(from, to)
            {
                return Some(pull(from, to));
            }
            if from <= to
                && let Some((from, to)) = self.runs.stale(from, to, head, limits::PAGE_ENTRIES_MAX)
            {
                return Some(Pull { from, to, later_only: true });
            }
            self.wants.pop_back();
        }
        None
    }

    /// Takes the answer to what was asked for. `whole_from`: from where on the later words are all there.
    pub(super) fn page(&mut self, entries: &[Entry], head: u64, whole_from: Option<Rseq>) -> Result<(), WrongPage> {
        let Pull { from, to, later_only } = self.asked.take().ok_or(WrongPage)?;
        let head = head.min(PLACE_MAX);
        if later_only {
            let from = whole_from.map_or(from, |whole| whole.0.max(from));
            self.runs.refresh(from, to, head);
            return if entries.is_empty() && from <= to { Ok(()) } else { Err(WrongPage) };
        }
        let to = to.min(head);
        if from > to {
            // The room is shorter than we thought.
            self.state.row.head = Rseq(head);
            return if entries.is_empty() { Ok(()) } else { Err(WrongPage) };
        }
        let first = entries.first().ok_or(WrongPage)?.rseq.0;
        let contiguous = entries.iter().zip(first..).all(|(entry, place)| entry.rseq.0 == place);
        if !contiguous || first < from || first > to || entries.last().is_none_or(|entry| entry.rseq.0 != to) {
            return Err(WrongPage);
        }
        self.runs.insert(first, to, head);
        Ok(())
    }

    /// The connection is gone: what was asked for is asked for again.
    pub(super) fn cut(&mut self) {
        self.asked = None;
        self.refused = false;
        if let Some((from, to)) = self.looked_at {
            self.want(from, to);
        }
    }

    /// The server says that there is no such room, or not for us.
    pub(super) fn refuse(&mut self) {
        self.asked = None;
        self.refused = true;
    }

    /// Whether nothing is under way for those who look at it.
    pub(super) fn is_complete(&self) -> bool {
        self.asked.is_none()
    }
}

fn pull(from: u64, to: u64) -> Pull {
    Pull { from: from.max(to.saturating_sub(limits::PAGE_ENTRIES_MAX - 1)), to, later_only: false }
}

/// What an entry of the room changes about the room itself. Who comes and goes is told by rows and by `Members`.
fn change_row(row: &mut RoomRow, entry: &Entry, me: Option<UserId>) {
    let body = entry.body.as_slice();
    match entry.kind {
        Kind::ROOM_NAME => row.name = NameBody::from_bytes(body).map_or_else(|| row.name.clone(), |body| body.name),
        Kind::ROOM_TOPIC => {
            if let Some(TopicBody { topic }) = TopicBody::from_bytes(body) {
                row.topic = topic;
            }
        }
        Kind::ARCHIVE => {
            if let Some(ArchiveBody { archived }) = ArchiveBody::from_bytes(body) {
                row.archived = archived.then_some(true);
            }
        }
        Kind::KEEP => {
            if let Some(KeepBody { days }) = KeepBody::from_bytes(body) {
                row.keep_days = days;
            }
        }
        Kind::ROLE => {
            if let Some(RoleBody { user, role }) = RoleBody::from_bytes(body)
                && Some(user) == me
            {
                row.role = Some(role);
            }
        }
        _ => {}
    }
}
