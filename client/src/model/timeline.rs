//! The rows of one room, in order: what the server has placed, what only we see, and what is still on its way.
//!
//! Owns the order of rows and their keys. A row is named by a [`RowKey`] that does not change while rows are added
//! above or below it, so that a list can hold on to what somebody is reading.

use std::collections::VecDeque;

use tertulia_protocol::{Cid, ErrorCode, Kind, RoomId, Rseq, Seq, UserId};

use super::action::{Entry, Refusal};

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
    /// The login was refused.
    Refused(Refusal),
    /// Something could not be kept in the profile; what the system said.
    ProfileNotSaved(String),
}

/// How far something that we wrote has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has its place.
    Placed,
    /// On its way, or waiting for a connection.
    Sending,
    /// Refused.
    Failed(ErrorCode),
}

#[derive(Clone, Debug)]
struct Pending {
    cid: Cid,
    text: String,
    at_ms: i64,
    state: State,
}

#[derive(Clone, Debug)]
enum Item {
    Entry(Entry),
    Local(RowKey, i64, Local),
}

impl Item {
    fn key(&self) -> RowKey {
        match self {
            Self::Entry(entry) => RowKey::Entry(entry.rseq),
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
    Text(&'a str),
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
    items: VecDeque<Item>,
    pending: Vec<Pending>,
    locals: u32,
    /// The page that was asked for and has not come: it would be wasteful to ask twice.
    loading: Option<Rseq>,
}

impl Timeline {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len() + self.pending.len()
    }

    /// Whether there is no row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a position, from 0.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        if let Some(item) = self.items.get(index) {
            return Some(match item {
                Item::Entry(entry) => Row {
                    key: item.key(),
                    author: Some(entry.author),
                    at_ms: entry.at_ms,
                    content: match (&entry.text, entry.kind) {
                        (Some(text), Kind::MESSAGE) => Content::Text(text),
                        _ => Content::NeedsNewer,
                    },
                    state: State::Placed,
                },
                Item::Local(key, at_ms, local) => {
                    Row { key: *key, author: None, at_ms: *at_ms, content: Content::Local(local), state: State::Placed }
                }
            });
        }
        self.pending.get(index - self.items.len()).map(|pending| Row {
            key: RowKey::Pending(pending.cid),
            author: None,
            at_ms: pending.at_ms,
            content: Content::Text(&pending.text),
            state: pending.state,
        })
    }

    /// The position of a row.
    #[must_use]
    pub fn index_of(&self, key: RowKey) -> Option<usize> {
        match key {
            RowKey::Pending(cid) => {
                self.pending.iter().position(|pending| pending.cid == cid).map(|i| i + self.items.len())
            }
            _ => self.items.binary_search_by_key(&order(key), |item| order(item.key())).ok(),
        }
    }

    /// The first place that we hold.
    #[must_use]
    pub fn oldest(&self) -> Option<Rseq> {
        self.items.iter().find_map(|item| match item {
            Item::Entry(entry) => Some(entry.rseq),
            Item::Local(..) => None,
        })
    }

    /// The last place that we hold; 0 if none.
    #[must_use]
    pub fn newest(&self) -> Rseq {
        self.items.back().map_or(Rseq(0), |item| order(item.key()).0)
    }

    /// Takes an entry to its place. Says whether it was new.
    pub fn insert(&mut self, entry: Entry) -> bool {
        if let Some(cid) = entry.cid {
            self.pending.retain(|pending| pending.cid != cid);
        }
        if self.loading.is_some_and(|before| entry.rseq < before) {
            self.loading = None;
        }
        self.place(Item::Entry(entry))
    }

    /// Gives what we wrote its place. Says whether we still waited for that.
    pub fn settle(&mut self, cid: Cid, me: UserId, seq: Seq, rseq: Rseq, at_ms: i64) -> bool {
        let Some(index) = self.pending.iter().position(|pending| pending.cid == cid) else { return false };
        let text = Some(self.pending.remove(index).text);
        self.place(Item::Entry(Entry { rseq, seq, at_ms, author: me, kind: Kind::MESSAGE, text, cid: Some(cid) }));
        true
    }

    fn place(&mut self, item: Item) -> bool {
        // Nearly everything belongs at one of the two ends.
        let place = order(item.key());
        if self.items.back().is_none_or(|last| order(last.key()) < place) {
            self.items.push_back(item);
            return true;
        }
        match self.items.binary_search_by_key(&place, |item| order(item.key())) {
            Ok(_) => false,
            Err(index) => {
                self.items.insert(index, item);
                true
            }
        }
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

    /// Adds something that we wrote, at the end.
    pub fn add_pending(&mut self, cid: Cid, at_ms: i64, text: String) {
        self.pending.push(Pending { cid, text, at_ms, state: State::Sending });
    }

    /// Marks something that we wrote as refused.
    pub fn fail(&mut self, cid: Cid, code: ErrorCode) -> bool {
        let pending = self.pending.iter_mut().find(|pending| pending.cid == cid);
        pending.map(|pending| pending.state = State::Failed(code)).is_some()
    }

    /// Takes back something that was refused, to try again: its text.
    pub fn take_failed(&mut self, cid: Cid) -> Option<String> {
        let index = self.pending.iter().position(|p| p.cid == cid && matches!(p.state, State::Failed(_)))?;
        Some(self.pending.remove(index).text)
    }

    /// What we wrote and has neither a place nor a refusal, in order.
    pub fn unsent(&self) -> impl Iterator<Item = (Cid, &str)> {
        let sending = self.pending.iter().filter(|pending| pending.state == State::Sending);
        sending.map(|pending| (pending.cid, pending.text.as_str()))
    }

    /// When the oldest message of ours that waits for its answer was written.
    #[must_use]
    pub fn waiting_since_ms(&self) -> Option<i64> {
        self.pending.iter().filter(|pending| pending.state == State::Sending).map(|pending| pending.at_ms).min()
    }

    /// How many messages of ours have no place: on their way, waiting, or refused.
    #[must_use]
    pub fn unplaced(&self) -> usize {
        self.pending.len()
    }

    /// Whether an older page is worth asking for, and before which place. Remembers that it was asked for.
    pub fn ask_older(&mut self) -> Option<Rseq> {
        let before = self.oldest().filter(|oldest| oldest.0 > 1 && self.loading.is_none())?;
        self.loading = Some(before);
        Some(before)
    }

    /// Whether an older page is on its way.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.loading.is_some()
    }

    /// Forgets the entries; what is on its way stays.
    pub fn reset(&mut self) {
        self.items.clear();
        self.loading = None;
    }

    /// Forgets the page that was asked for: the connection that would have brought it is gone.
    pub fn stop_loading(&mut self) {
        self.loading = None;
    }
}

/// A room with its rows.
#[derive(Clone, Debug)]
pub struct Room {
    /// Which one.
    pub id: RoomId,
    /// What it is called.
    pub name: String,
    /// Its rows.
    pub timeline: Timeline,
    /// The last place that was seen by the person; what stands after it is unread.
    pub read: Rseq,
    /// How many messages of others stand after it.
    pub unread: u64,
}
