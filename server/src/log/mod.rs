//! The log: everything that must last, in one order.
//!
//! This file is the interface; [`local`] is the one box's log (a writer thread and a reader thread over one SQLite
//! file), [`memory`] the one of the tests and of the benches. All of them keep the same contract, and the same
//! conformance tests hold them to it:
//!
//! * **Order.** [`Event::Committed`] arrives by rising `seq`, without a hole, whoever wrote.
//! * **Durable first.** Nothing is reported as committed before it would survive the power plug.
//! * **Once.** A `(author, cid)` that stands in the log, or ahead in the queue, is set aside before numbering and
//!   reported as [`Event::Duplicate`] with the first one's place.
//! * **Nothing overtakes a failure.** After [`Event::Failed`] all that is queued behind fails too, until
//!   [`Log::acknowledge_failure`]: so nobody's later words get ahead of earlier ones.
//! * **Nothing blocks.** Every call returns at once; the answers come from [`Log::poll`], announced through the waker
//!   that the log was made with.
//!
//! The owner bounds what is in flight (see `limits`): the queues here are bounded by that and hold no more.

pub mod local;
pub mod memory;
mod search;
pub mod store;

use std::fmt;
use std::sync::Arc;

use tertulia_protocol::{Cid, DeviceId, Kind, RoomId, Rseq, Seq, UserId, limits::MENTION_WEIGHT};

/// What the owner of the log uses to recognise its own questions and drafts: opaque here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Something that shall last, before it has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who waits for the outcome.
    pub ticket: Ticket,
    /// When the server took it, in milliseconds since 1970 (UTC).
    pub at: i64,
    /// Who wrote it; 0 is the server.
    pub author: UserId,
    /// With which device; 0 is the server.
    pub device: DeviceId,
    /// What the author calls it.
    pub cid: Cid,
    /// Where it belongs; 0 is the server as a whole.
    pub room: RoomId,
    /// What it is.
    pub kind: Kind,
    /// The entry of the same room that it is about.
    pub target: Option<Rseq>,
    /// Whom it mentions.
    pub mentions: Vec<UserId>,
    /// What it says.
    pub body: Vec<u8>,
}

impl Draft {
    /// How many bytes it counts for while it is in flight.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.body.len() + self.mentions.len() * size_of::<UserId>()
    }
}

/// Something that lasts, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When the server took it, in milliseconds since 1970 (UTC).
    pub at: i64,
    /// Who wrote it; 0 is the server.
    pub author: UserId,
    /// With which device; 0 is the server.
    pub device: DeviceId,
    /// What the author calls it.
    pub cid: Cid,
    /// Where it belongs; 0 is the server as a whole.
    pub room: RoomId,
    /// What it is.
    pub kind: Kind,
    /// The entry of the same room that it is about.
    pub target: Option<Rseq>,
    /// Whom it mentions.
    pub mentions: Vec<UserId>,
    /// What it says.
    pub body: Vec<u8>,
}

impl Entry {
    /// The draft in its place.
    #[must_use]
    pub fn new(seq: Seq, draft: Draft) -> Self {
        let Draft { ticket: _, at, author, device, cid, room, kind, target, mentions, body } = draft;
        Self { seq, at, author, device, cid, room, kind, target, mentions, body }
    }

    /// What it counts for in a page: the bytes of its body, and its mentions.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.body.len() + self.mentions.len() * MENTION_WEIGHT
    }

    /// Where it stands.
    #[must_use]
    pub fn stored(&self) -> Stored {
        Stored { seq: self.seq, room: self.room, at: self.at }
    }
}

/// Where an entry stands: enough to answer a resend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place.
    pub seq: Seq,
    /// Its room.
    pub room: RoomId,
    /// When the server took it, in milliseconds since 1970 (UTC).
    pub at: i64,
}

/// What the log has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is durable, and this is its place.
    Committed {
        /// Whose draft it was.
        ticket: Ticket,
        /// The entry.
        entry: Entry,
    },
    /// It stands in the log already, or ahead of it in the same queue.
    Duplicate {
        /// Whose draft it was.
        ticket: Ticket,
        /// The first one. Its `Committed`, if it comes from the same run, came earlier.
        of: Stored,
    },
    /// It was not stored, and leaves no trace.
    Failed {
        /// Whose draft it was.
        ticket: Ticket,
        /// Why, for the operator.
        why: FailureKind,
    },
    /// Answers [`Log::find`].
    Found {
        /// Who asked.
        ticket: Ticket,
        /// The entry, if there is one.
        stored: Option<Stored>,
    },
    /// Answers [`Log::fetch`]: the entries that exist, by rising `seq`.
    Fetched {
        /// Who asked.
        ticket: Ticket,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// Answers [`Log::targeting`].
    Targeting {
        /// Who asked.
        ticket: Ticket,
        /// What was said about the targets: by falling target; about each its edits and deletions, then the reactions, each
        /// of these newest first.
        rows: Vec<Targeting>,
        /// From which target on everything is there. Below it nothing was looked at.
        from: Rseq,
        /// Whether there is more about the highest target than the newest that are given.
        cut: bool,
    },
    /// Answers [`Log::search`]. What is not placed, erased, or not the asker's to read is still among it.
    Searched {
        /// Who asked.
        ticket: Ticket,
        /// The messages, newest first, each with its newest indexed text as body.
        entries: Vec<Entry>,
        /// If not everything was looked through: from where to go on.
        below: Option<Seq>,
    },
    /// Answers [`Log::search`]: what is searched in cannot be read. The entries may be sound all the same.
    SearchFailed {
        /// Who asked.
        ticket: Ticket,
    },
    /// Answers [`Log::first_since`].
    FirstSince {
        /// Who asked.
        ticket: Ticket,
        /// The first place that is not older; `None` if all is.
        seq: Option<Seq>,
    },
    /// These read marks are durable: what was asked for by [`Log::keep_marks`], or the greatest of it.
    Marked {
        /// The marks, each with where the log stood: all entries up to there were told before.
        marks: Vec<Mark>,
    },
    /// Answers [`Log::probe`].
    Probed {
        /// Whether entries can be stored again.
        writable: bool,
    },
    /// The log cannot go on: what is durable is not known any more (a failed fsync, a damaged file). The process has
    /// to end and start again from what is on disk; trying again would only hide the loss.
    Broken {
        /// What happened, for the operator.
        why: String,
    },
}

/// Why a draft was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The disk is full.
    DiskFull,
    /// The database refused for a passing reason, or something ahead in the queue failed.
    Refused,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DiskFull => "the disk is full",
            Self::Refused => "the log refused it",
        })
    }
}

/// Something that was said about another entry: enough to choose what counts, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targeting {
    /// Its place.
    pub seq: Seq,
    /// The entry that it is about.
    pub target: Rseq,
    /// What it is: an edit, a deletion, a reaction, or one taken back.
    pub kind: Kind,
    /// Who wrote it.
    pub author: UserId,
    /// What it says, of reactions; empty otherwise.
    pub body: Vec<u8>,
}

/// What somebody looks for. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The words, as typed: data, never syntax. The last one may be the beginning of a word.
    pub words: Vec<String>,
    /// In these rooms, which rise: those that the asker may read, or one of them. Nothing of others may be told, not even
    /// by how far the search got.
    pub rooms: Vec<RoomId>,
    /// Of this person.
    pub author: Option<UserId>,
    /// From this time on, in milliseconds since 1970 (UTC).
    pub from: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// With a link in it.
    pub has_link: bool,
    /// Before this place.
    pub below: Option<Seq>,
}

/// Work that follows from what was applied, done behind the acknowledgements: the search index and the erasures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// A message has another text.
    Edited {
        /// The edit.
        edit: Seq,
        /// The message.
        message: Seq,
    },
    /// A message is erased, with all its edits.
    Erased {
        /// The deletion.
        by: Seq,
        /// The room.
        room: RoomId,
        /// The message.
        message: Seq,
        /// Its place in the room, by which its edits and reactions name it.
        rseq: Rseq,
    },
    /// All content of a room up to a place of the log is erased, with all edits of it, wherever they stand.
    Expired {
        /// The entry that says so.
        by: Seq,
        /// The room.
        room: RoomId,
        /// The last place of the log whose content goes.
        upto: Seq,
        /// Its place in the room, by which edits name what they are about.
        rseq: Rseq,
    },
    /// Something that was said was refused when it had its place in the log: it says nothing to anybody, and nobody could
    /// erase it later.
    Refused {
        /// The entry.
        entry: Seq,
    },
}

impl Derived {
    /// The entry that it follows from.
    #[must_use]
    pub fn by(self) -> Seq {
        match self {
            Self::Edited { edit: by, .. }
            | Self::Erased { by, .. }
            | Self::Expired { by, .. }
            | Self::Refused { entry: by } => by,
        }
    }
}

/// Up to where somebody has read a room. Kept beside the log; not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub user: UserId,
    /// The room.
    pub room: RoomId,
    /// The last place read.
    pub rseq: Rseq,
    /// The last place of the log when it was kept, which the log says: so that a client that was away learns of it.
    pub at: Seq,
}

/// Called by a log whenever there is something new to [`Log::poll`]; calls may merge. It must not block, and may come
/// from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A log. See the module for the contract.
pub trait Log {
    /// Queues drafts, to be stored in this order.
    fn append(&mut self, drafts: Vec<Draft>);

    /// Says that the failures told so far were seen: what is appended from now on is tried again. What was appended
    /// before still fails, and so does all behind a failure that was not told yet.
    fn acknowledge_failure(&mut self);

    /// Asks whether an author's `cid` stands in the log.
    fn find(&mut self, ticket: Ticket, author: UserId, cid: Cid);

    /// Asks for entries by their places, in the order in which they are wanted. Once they weigh more than `weight_max`
    /// together ([`Entry::weight`]), the rest is not read, but at least one is: so nobody's page can fill the memory. They
    /// are told by rising place.
    fn fetch(&mut self, ticket: Ticket, seqs: Vec<Seq>, weight_max: usize);

    /// Asks what was said about places of a room, which rise: at most `rows_max` edits and deletions, and as many
    /// reactions, so that these never hide those; from the newest target down. The newest target is always looked at, the
    /// others only whole. What is erased by now is not among it.
    fn targeting(&mut self, ticket: Ticket, room: RoomId, targets: Vec<Rseq>, rows_max: usize);

    /// Looks for messages, newest first, at most `max` of them, for a bounded time.
    fn search(&mut self, ticket: Ticket, query: Query, max: usize);

    /// Asks for the first place behind `after` that is of `at` or later: everything between the two is older. So what is
    /// younger is never among what lies ahead of it, however a clock was set; a place with a clock of the future may
    /// stand in the way of old ones behind it.
    fn first_since(&mut self, ticket: Ticket, after: Seq, at: i64);

    /// Says that all up to `upto` was applied, and what follows from it, by rising [`Derived::by`]. It is done behind
    /// what is appended, and remembered as done: see `derived_upto`. The index takes messages by itself.
    fn derive(&mut self, work: Vec<Derived>, upto: Seq);

    /// Keeps read marks. Durable soon, not at once, and told then as [`Event::Marked`]; what waits for that is lost with
    /// the power. Of several of the same person and room the greatest is kept.
    fn keep_marks(&mut self, marks: Vec<Mark>);

    /// Asks whether entries can be stored again after the disk was full.
    fn probe(&mut self);

    /// Takes what there is to tell, oldest first, without waiting.
    fn poll(&mut self, events: &mut Vec<Event>);
}
