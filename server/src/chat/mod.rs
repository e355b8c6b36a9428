//! The chat itself: what the log means. State in memory is a fold over the log, and this is the fold.
//!
//! Two questions, two places: [`admit`] holds a wish against the present state and writes a draft; [`Chat::apply`]
//! decides, once the draft has its place. Admit keeps nonsense out of the log and may be stale; **apply is the
//! authority.**
//!
//! **Invariant:** apply is pure, total and deterministic. No clock, no randomness, no I/O, no hash-map order, nothing
//! that depends on a library's tables or on configuration: time is in the entry, folded names are in the entry. The
//! same code replays the log at start, runs in the simulation, and runs on every server of a cluster; all of them must
//! come to the same state. An entry that it refuses stays in the log and changes nothing.
//!
//! One mutation, then all its consequences, then the next: `apply` returns what happened as a value, and never calls
//! anybody.

pub mod admit;
pub mod body;
mod directory;
mod places;
mod presence;
mod room;

use std::{collections::BTreeMap, fmt};

use tertulia_protocol::{
    DeviceId, ErrorCode, Kind, PublicKey, RoomId, Rseq, Seq, UserId,
    reply::{Lineage, RoomRow, UserRow},
};

pub use self::{
    directory::{Directory, User},
    places::{Place, Places},
    presence::Presence,
    room::Room,
};
use crate::log::Entry;

/// The rules that this version applies. Raised by an entry; the code of older rules stays.
pub const RULES_VERSION: u16 = 1;

/// The state that a log means.
#[derive(Debug, Default)]
pub struct Chat {
    position: Seq,
    lineage: Vec<Lineage>,
    directory: Directory,
    rooms: BTreeMap<RoomId, Room>,
    /// What apply refused, so that a resend gets the same answer.
    refused: BTreeMap<Seq, Refusal>,
}

/// Why something is not done: what a client gets as an error.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The room.
    pub room: RoomId,
    /// The place in the log.
    pub seq: Seq,
    /// The place in the room.
    pub rseq: Rseq,
    /// How many messages the room holds up to and with it.
    pub count: u64,
}

/// What an entry did.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// It changed nothing.
    Refused(Refusal),
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

impl Chat {
    /// The state of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry in. This is the authority: what it answers is what everybody is told.
    ///
    /// # Errors
    /// The log is not for this version, or not a log. The server stops; nothing was changed.
    pub fn apply(&mut self, entry: &Entry) -> Result<Outcome, CannotApply> {
        if entry.seq.0 != self.position.0 + 1 {
            return Err(CannotApply::NotALog { seq: entry.seq });
        }
        let outcome = match entry.kind {
            Kind::GENESIS if entry.seq == Seq(1) => self.begin(entry)?,
            _ if self.lineage.is_empty() => return Err(CannotApply::NotALog { seq: entry.seq }),
            Kind::GENESIS => Outcome::Refused(Refusal::new(ErrorCode::BAD_KIND, "the log has begun already")),
            Kind::NAME_CLAIM => self.claim(entry),
            kind if kind.is_state() => return Err(CannotApply::UnknownStateKind { seq: entry.seq, kind }),
            _ => self.place(entry),
        };
        self.position = entry.seq;
        if let Outcome::Refused(refusal) = &outcome {
            self.refused.insert(entry.seq, refusal.clone());
        }
        Ok(outcome)
    }

    /// What became of an entry that stands in the log: the answer to a resend. `None` if it is not applied yet.
    #[must_use]
    pub fn outcome_of(&self, seq: Seq, room: RoomId) -> Option<Outcome> {
        if seq > self.position {
            return None;
        }
        if let Some(refusal) = self.refused.get(&seq) {
            return Some(Outcome::Refused(refusal.clone()));
        }
        let (rseq, place) = self.rooms.get(&room)?.places().find(seq)?;
        Some(Outcome::Placed(Placement { room, seq, rseq, count: place.count() }))
    }

    /// The last place applied.
    #[must_use]
    pub fn position(&self) -> Seq {
        self.position
    }

    /// Which logs this one grew out of, oldest first.
    #[must_use]
    pub fn lineage(&self) -> &[Lineage] {
        &self.lineage
    }

    /// Who is known.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// A room, if there is one and this user may read it.
    #[must_use]
    pub fn readable(&self, room: RoomId, _reader: UserId) -> Option<&Room> {
        self.rooms.get(&room)
    }

    /// The rooms of a user.
    pub fn rooms_of(&self, _user: UserId) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms.iter().map(|(id, room)| (*id, room))
    }

    /// The rooms of a user that changed since a place, as rows for its client.
    #[must_use]
    pub fn room_rows(&self, user: UserId, since: Seq) -> Vec<RoomRow> {
        self.rooms_of(user).filter(|(_, room)| room.changed() > since).map(|(id, room)| room.row(id)).collect()
    }

    /// Who is new since a place, as rows for a client: at most `max`, and whether there are more.
    #[must_use]
    pub fn user_rows(&self, since: UserId, max: usize) -> (Vec<UserRow>, bool) {
        let mut users = self.directory.newer_than(since);
        let rows = users.by_ref().take(max).map(|(id, user)| user.row(id)).collect();
        (rows, users.next().is_some())
    }

    fn begin(&mut self, entry: &Entry) -> Result<Outcome, CannotApply> {
        let Some(genesis) = body::Genesis::from_bytes(&entry.body) else {
            return Err(CannotApply::NotALog { seq: entry.seq });
        };
        if genesis.rules != RULES_VERSION {
            return Err(CannotApply::UnknownRules { version: genesis.rules });
        }
        self.lineage.push(Lineage { log: genesis.log, from: entry.seq });
        self.rooms.insert(RoomId(entry.seq.0), Room::public(genesis.general.into(), entry.seq));
        Ok(Outcome::Began)
    }

    fn claim(&mut self, entry: &Entry) -> Outcome {
        let Some(claim) = body::NameClaim::from_bytes(&entry.body) else {
            return Outcome::Refused(Refusal::new(ErrorCode::MALFORMED, "the claim cannot be read"));
        };
        match self.directory.check(&claim.key, &claim.name, &claim.folded, &claim.skeletons) {
            Ok(Some((user, device))) => Outcome::Claimed { user, device, new: false },
            Ok(None) => {
                let (user, device) = self.directory.insert(entry.seq, claim);
                Outcome::Claimed { user, device, new: true }
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    /// Content kinds are decided by their columns alone: bodies may be erased or sealed.
    fn place(&mut self, entry: &Entry) -> Outcome {
        let Some(author) = self.directory.index_of(entry.author) else {
            return Outcome::Refused(Refusal::new(ErrorCode::NO_ROOM, "nobody of that name is known"));
        };
        let Some(room) = self.rooms.get_mut(&entry.room) else {
            return Outcome::Refused(no_room());
        };
        let Some((rseq, count)) = room.place(entry.seq, author, entry.kind) else {
            return Outcome::Refused(Refusal::new(ErrorCode::NO_ROOM, "the room is full"));
        };
        Outcome::Placed(Placement { room: entry.room, seq: entry.seq, rseq, count })
    }

    /// The user and device of a key.
    #[must_use]
    pub fn known_key(&self, key: &PublicKey) -> Option<(UserId, DeviceId)> {
        self.directory.by_key(key)
    }
}

/// "No such room" and "not yours" are one answer, so that nobody learns which rooms there are.
pub(crate) fn no_room() -> Refusal {
    Refusal::new(ErrorCode::NO_ROOM, "no such room, or not yours")
}
