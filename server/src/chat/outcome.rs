//! What an entry came to, as values: the outcome is what its author is told, the effect what everybody else is. Nothing
//! here decides anything.

use std::fmt;

use tertulia_protocol::{DeviceId, ErrorCode, Kind, RoomId, Rseq, Seq, UserId};

use super::RULES_VERSION;

/// Why something is not done: what a client gets as an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// What the client's translation needs.
    pub params: Vec<String>,
    /// English, for logs.
    pub text: String,
}

impl Refusal {
    /// A refusal without parameters.
    #[must_use]
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self { code, params: Vec::new(), text: text.into() }
    }

    /// With what a client's translation needs.
    #[must_use]
    pub fn with(mut self, params: impl IntoIterator<Item = String>) -> Self {
        self.params.extend(params);
        self
    }
}

/// A place that an entry took in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The room. Of an entry that opens a room that is not the one it was written to.
    pub room: RoomId,
    /// The place in the log.
    pub seq: Seq,
    /// The place in the room.
    pub rseq: Rseq,
    /// How many messages the room holds up to and with it.
    pub count: u64,
}

/// What an entry came to: what its author is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The log has begun.
    Began,
    /// A device key has a name: a new one, or (a claim repeated while the first was in flight) the one it had.
    Claimed {
        /// The user.
        user: UserId,
        /// The device.
        device: DeviceId,
        /// Whether this entry made them.
        new: bool,
    },
    /// It has its place in a room.
    Placed(Placement),
    /// It is done, and belongs to no room: a rename, a profile, a new log. Its `rseq` and `count` are 0.
    Unplaced {
        /// Its place in the log.
        seq: Seq,
    },
    /// What it asks for was there already: the two have their direct room. The place of the first one.
    Existing(Placement),
    /// It changed nothing.
    Refused(Refusal),
}

/// What an entry did, beyond taking its place: what has to be told or done by others than its author. Small, and
/// without an allocation for what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that anybody else has to do: its room is told the entry, if it was placed.
    Nothing,
    /// A message was said.
    Said,
    /// A message has another text.
    Edited {
        /// The message.
        message: Seq,
    },
    /// A message is erased, with all its edits.
    Erased {
        /// The message.
        message: Seq,
        /// Its place in the room.
        rseq: Rseq,
    },
    /// All content of the entry's room up to a place of the log is erased.
    Expired {
        /// The last place of the log whose content goes.
        upto: Seq,
        /// Its place in the room.
        rseq: Rseq,
    },
    /// There is a new room.
    Opened {
        /// The room.
        room: RoomId,
        /// Its first members, by rising id: who opened it, and in a direct room the other one.
        members: Vec<UserId>,
    },
    /// Somebody is a member who was not.
    Joined {
        /// The room.
        room: RoomId,
        /// Who.
        user: UserId,
    },
    /// Somebody is not a member any more.
    Left {
        /// The room.
        room: RoomId,
        /// Who.
        user: UserId,
    },
    /// Somebody is new, has another name, or is shown otherwise: the row of that person is news to everybody.
    UserChanged {
        /// Who.
        user: UserId,
    },
}

/// What [`super::Chat::apply`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What the author is told.
    pub outcome: Outcome,
    /// What follows for others.
    pub effect: Effect,
}

/// The log cannot be applied by this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotApply {
    /// A state kind from a newer version: going on would mean to disagree with it.
    UnknownStateKind {
        /// Where it stands.
        seq: Seq,
        /// What it is.
        kind: Kind,
    },
    /// Rules from a newer version.
    UnknownRules {
        /// Their number.
        version: u16,
    },
    /// The places do not follow each other, or the log does not begin with a genesis.
    NotALog {
        /// Where it broke.
        seq: Seq,
    },
}

impl fmt::Display for CannotApply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownStateKind { seq, kind } => {
                write!(f, "entry {seq} is of kind {}, which only a newer version knows: upgrade the server", kind.0)
            }
            Self::UnknownRules { version } => {
                write!(f, "the log follows rules {version}, this version knows {RULES_VERSION}: upgrade the server")
            }
            Self::NotALog { seq } => {
                write!(f, "entry {seq} does not follow the one before it: the log is damaged, restore a backup")
            }
        }
    }
}

impl std::error::Error for CannotApply {}

/// "No such room" and "not yours" are one answer, so that nobody learns which rooms there are.
pub(crate) fn no_room() -> Refusal {
    Refusal::new(ErrorCode::NO_ROOM, "no such room, or not yours")
}

/// A wish that makes no sense by itself.
pub(super) fn bad_request(why: &str) -> Refusal {
    Refusal::new(ErrorCode::BAD_REQUEST, why)
}

/// Only others may, or nobody.
pub(super) fn not_allowed(why: &str) -> Refusal {
    Refusal::new(ErrorCode::NOT_ALLOWED, why)
}

/// What it is about is not there.
pub(super) fn no_target(why: &str) -> Refusal {
    Refusal::new(ErrorCode::NO_TARGET, why)
}

/// No such person.
pub(super) fn no_user() -> Refusal {
    Refusal::new(ErrorCode::NO_USER, "no such person")
}
