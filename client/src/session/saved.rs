//! What outlasts the program, as values: what a session wants to be kept, and what it starts from.
//!
//! Owns the vocabulary between a session and the store, and nothing else: no file, no SQL. A [`Batch`] is kept as a whole
//! or not at all, and batches in the order in which the session gave them.

use tertulia_protocol::{
    Cid, Entry, ErrorCode, Kind, RoomId, Rseq, Seq, UserId,
    reply::{self, Lineage, RoomRow},
};

/// Changes that are kept together or not at all.
pub type Batch = Vec<Change>;

/// One thing to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Who we are on this server.
    Me {
        /// The person.
        user: UserId,
        /// The name.
        name: String,
    },
    /// The logs that the server's log grew out of, as last seen.
    Lineage(Vec<Lineage>),
    /// The sync point. What it covers stands before it, in the same batch or an earlier one.
    Since(Seq),
    /// People: new, or shown otherwise.
    Users(Vec<reply::UserRow>),
    /// A room as it stands.
    Room(RoomState),
    /// Which entries of a room are held without a hole: replaces what was said before.
    Runs {
        /// The room.
        room: RoomId,
        /// By rising place, without overlap.
        runs: Vec<Run>,
    },
    /// Entries of a room, in no order; one that is there is replaced. Whatever they erase, by being a deletion or an
    /// expiry or by having an empty body, is erased with it.
    Entries {
        /// The room.
        room: RoomId,
        /// The entries.
        entries: Vec<Entry>,
    },
    /// Content that is erased.
    Erased {
        /// The room.
        room: RoomId,
        /// The first place.
        from: Rseq,
        /// The last place.
        to: Rseq,
    },
    /// Something new in the outbox, behind all that is there.
    Queued {
        /// What.
        item: OutboxItem,
        /// Whether it is what stood in the room's draft text, which goes away with this.
        from_draft: bool,
    },
    /// The server has it, or nobody wants it any more: it leaves the outbox.
    Removed(Cid),
    /// The server refused it: it stays in the outbox, and is not sent by itself.
    Failed(Cid, Failure),
    /// What stands in the composer of a room; an empty text is none.
    Draft(RoomId, DraftText),
    /// The log was set back: whatever stands behind this place is no longer on the server. With 0 it is another log.
    Cut(Seq),
    /// All rooms have been told as they stand since the log was set back.
    Mended,
}

/// What has become of the log that we knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBack {
    /// The server goes on from a backup.
    ToABackup,
    /// It is another log altogether.
    AnotherLog,
}

/// Everything that is kept of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Who we are; `None` before the first login.
    pub me: Option<(UserId, String)>,
    /// The logs, as last seen; empty before the first login.
    pub lineage: Vec<Lineage>,
    /// The sync point.
    pub since: Seq,
    /// Everybody, by rising id.
    pub users: Vec<reply::UserRow>,
    /// The rooms, by rising id, with what is held of each.
    pub rooms: Vec<(RoomState, Vec<Run>)>,
    /// The outbox in the order of writing.
    pub outbox: Vec<OutboxItem>,
    /// What stands in the composers.
    pub drafts: Vec<(RoomId, DraftText)>,
    /// How many entries a log that was set back has taken from us: kept, but outside of their rooms.
    pub lost: u64,
    /// The log was set back, and the rooms as they stand since then have not all been told yet.
    pub set_back: Option<SetBack>,
}

/// Entries that were kept, as they come back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The entries of the range, by rising place.
    pub entries: Vec<Entry>,
    /// Those outside of the range that are about it, by rising place.
    pub later: Vec<Entry>,
}

/// A room as it stands, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// As the server told it last, with what was told live since: head, count, mark, mentions, name, topic …
    pub row: RoomRow,
    /// We are no longer a member: what is held can be read, and nothing follows.
    pub gone: bool,
    /// Up to where it was read here; beyond `row.mark` while the server has not confirmed it.
    pub read: Rseq,
}

impl RoomState {
    /// A room as a row describes it.
    #[must_use]
    pub fn new(row: RoomRow) -> Self {
        let read = row.mark.unwrap_or(Rseq(0));
        Self { row, gone: false, read }
    }

    /// How many messages are unread.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.row.count.saturating_sub(self.row.mark_count.unwrap_or(0))
    }

    /// How many unread messages mention us.
    #[must_use]
    pub fn mentions(&self) -> u64 {
        self.row.mentions.unwrap_or(0)
    }
}

/// Places of a room that are held without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first place.
    pub first: u64,
    /// The last place.
    pub last: u64,
    /// Whatever was said about these entries up to this place is held too.
    pub known: u64,
}

/// Something that was written and has no place yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// What we call it.
    pub cid: Cid,
    /// Where it belongs; 0 for what belongs to no room.
    pub room: RoomId,
    /// What it is.
    pub kind: Kind,
    /// What it is about.
    pub target: Option<Rseq>,
    /// Whom it mentions.
    pub mentions: Vec<UserId>,
    /// What it says.
    pub body: Vec<u8>,
    /// Why it was refused; `None` while it is being sent.
    pub failed: Option<Failure>,
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The server's code.
    pub code: ErrorCode,
    /// What the translation of the code needs.
    pub params: Vec<String>,
}

/// What stands in a composer and was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftText {
    /// The text.
    pub text: String,
    /// The message that it would answer.
    pub answers: Option<Rseq>,
}
