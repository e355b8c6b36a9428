//! The rows of one room, in order: what the server has placed, what only we see, and what is still on its way.
//!
//! Owns the order of rows and their keys, and which stretch of the room is shown: one without a hole, at its newest end
//! or around what somebody went to. A row is named by a [`RowKey`] that does not change while rows are added above or
//! below it, so that a list can hold on to what somebody is reading. What a line says is the fold's business.

mod ours;
mod stretch;

use std::collections::VecDeque;

use tertulia_protocol::{Cid, Rseq, UserId};

use super::action::Refusal;
pub use super::pending::{Pending, State};
use crate::{
    fold::{Fold, Line, Message, Note, Shown},
    session::Failure,
};

/// The name of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKey {
    /// An entry by its place.
    Entry(Rseq),
    /// A row that only we see: the place that it stands after, and its number.
    Local(Rseq, u32),
    /// Something that we wrote and that has no place yet.
    Pending(Cid),
}

/// A row that the program itself wrote, for the one person before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// The commands there are.
    Help,
    /// Who is online, sorted.
    Online(Vec<String>),
    /// How many are online.
    OnlineCount(u64),
    /// There is no such command.
    UnknownCommand(String),
    /// This is a room that nobody can leave.
    CannotLeave,
    /// There is no person, or no room, of this name.
    NotFound(String),
    /// The login was refused.
    Refused(Refusal),
    /// The server refused something that is no message.
    WriteRefused(Failure),
    /// Something could not be kept in the profile; what the system said.
    ProfileNotSaved(String),
    /// The log of the server was set back: how many entries are no longer there.
    LogSetBack(u64),
    /// The server has another log.
    LogIsNew,
}

#[derive(Clone, Debug)]
enum Item {
    Line(Line),
    Local(RowKey, i64, Local),
}

impl Item {
    fn key(&self) -> RowKey {
        match self {
            Self::Line(line) => RowKey::Entry(line.rseq),
            Self::Local(key, ..) => *key,
        }
    }
}

/// Where a placed row stands among the others: after its place, local rows in the order of their making.
fn order(key: RowKey) -> (Rseq, u32) {
    match key {
        RowKey::Entry(rseq) => (rseq, 0),
        RowKey::Local(after, number) => (after, number),
        RowKey::Pending(_) => (Rseq(u64::MAX), u32::MAX),
    }
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content<'a> {
    /// A message.
    Message(&'a Message),
    /// Something that happened to the room.
    Note(&'a Note),
    /// Something that this version cannot show.
    NeedsNewer,
    /// Words of the program itself.
    Local(&'a Local),
}

/// A row as it stands in the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// Its name.
    pub key: RowKey,
    /// Who wrote it; nobody for local rows. `None` in a pending row stands for ourselves.
    pub author: Option<UserId>,
    /// When, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// What it says.
    pub content: Content<'a>,
    /// How far it has come.
    pub state: State,
}

/// The rows of a room.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    fold: Fold,
    items: VecDeque<Item>,
    /// The places of the stretch that is shown.
    bounds: Option<(u64, u64)>,
    /// A place of the stretch that somebody went to; `None` for the newest end.
    anchor: Option<Rseq>,
    pending: Vec<Pending>,
    locals: u32,
    /// The pages that were asked for and have not come, above and below: it would be wasteful to ask twice.
    loading: (bool, bool),
}

impl Timeline {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len() + self.shown_pending().count()
    }

    /// Whether there is no row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What we wrote stands at the newest end alone.
    fn shown_pending(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|pending| self.anchor.is_none() && pending.is_row())
    }

    /// The row at a position, from 0.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        match self.items.get(index) {
            Some(Item::Line(line)) => Some(Row {
                key: RowKey::Entry(line.rseq),
                author: Some(line.author),
                at_ms: line.at,
                content: match &line.shown {
                    Shown::Message(Message { text: None, erased: false, .. }) | Shown::NeedsNewer(_) => {
                        Content::NeedsNewer
                    }
                    Shown::Message(message) => Content::Message(message),
                    Shown::Note(note) => Content::Note(note),
                },
                state: State::Placed,
            }),
            Some(Item::Local(key, at_ms, local)) => Some(Row {
                key: *key,
                author: None,
                at_ms: *at_ms,
                content: Content::Local(local),
                state: State::Placed,
            }),
            None => self.shown_pending().nth(index - self.items.len()).map(|pending| Row {
                key: RowKey::Pending(pending.cid),
                author: None,
                at_ms: pending.at_ms,
                content: Content::Message(&pending.message),
                state: pending.state,
            }),
        }
    }

    /// The position of a row.
    #[must_use]
    pub fn index_of(&self, key: RowKey) -> Option<usize> {
        match key {
            RowKey::Pending(cid) => {
                self.shown_pending().position(|pending| pending.cid == cid).map(|i| i + self.items.len())
            }
            _ => self.items.binary_search_by_key(&order(key), |item| order(item.key())).ok(),
        }
    }

    /// The position of the row at a place, or of the one that follows it: not every place has a row.
    #[must_use]
    pub fn index_near(&self, key: RowKey) -> usize {
        let at = self.items.binary_search_by_key(&order(key), |item| order(item.key()));
        at.unwrap_or_else(|next| next.min(self.items.len().saturating_sub(1)))
    }

    /// A row by its name.
    #[must_use]
    pub fn find(&self, key: RowKey) -> Option<Row<'_>> {
        self.index_of(key).and_then(|index| self.row(index))
    }

    /// The first place that is shown.
    #[must_use]
    pub fn oldest(&self) -> Option<Rseq> {
        self.bounds.map(|(first, _)| Rseq(first))
    }

    /// The last place that is shown; 0 if none.
    #[must_use]
    pub fn newest(&self) -> Rseq {
        Rseq(self.bounds.map_or(0, |(_, last)| last))
    }

    /// Whether the stretch that is shown is the one at the newest end.
    #[must_use]
    pub fn is_at_newest(&self) -> bool {
        self.anchor.is_none()
    }

    /// Whether what is shown reaches to the newest end of what is here.
    #[must_use]
    pub fn is_newest_stretch(&self) -> bool {
        self.anchor.is_none() || self.bounds == self.fold.whole().last().copied()
    }

    /// The line at a place, shown or not.
    #[must_use]
    pub fn line(&self, rseq: Rseq) -> Option<Line> {
        self.fold.line(rseq)
    }

    /// The last message of this person that is shown and can still be mended.
    #[must_use]
    pub fn last_message_of(&self, user: UserId) -> Option<Rseq> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Line(Line { rseq, author, shown: Shown::Message(message), .. })
                if *author == user && message.text.is_some() =>
            {
                Some(*rseq)
            }
            _ => None,
        })
    }

    /// Adds a row that only we see, after all that has a place now. The same one twice in a row is one.
    pub fn add_local(&mut self, at_ms: i64, local: Local) {
        if matches!(self.items.back(), Some(Item::Local(_, _, last)) if *last == local) {
            self.items.pop_back();
        }
        self.locals += 1;
        let key = RowKey::Local(self.newest(), self.locals);
        self.items.push_back(Item::Local(key, at_ms, local));
    }

    /// Forgets the entries; what is on its way stays.
    pub fn reset(&mut self) {
        self.fold = Fold::new();
        // The place that it was given is none any more; if the server has it, it comes with the other entries.
        self.pending.retain(|pending| !matches!(pending.state, State::Settled(_)));
        self.items.retain(|item| matches!(item, Item::Local(..)));
        (self.bounds, self.anchor, self.loading) = (None, None, (false, false));
    }
}
