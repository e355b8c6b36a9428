//! The chat itself: what the log means. State in memory is a fold over the log, and this is the fold.
//!
//! Two questions, two places: [`admit`] holds a wish against the present state and writes a draft; [`Chat::apply`]
//! decides, once the draft has its place. Admit keeps nonsense out of the log and may be stale; **apply is the
//! authority.** Both ask the same `rules`.
//!
//! **Invariant:** apply is pure, total and deterministic. No clock, no randomness, no I/O, no hash-map order, nothing
//! that depends on a library's tables or on configuration: time is in the entry, folded names are in the entry. The
//! same code replays the log at start, runs in the simulation, and runs on every server of a cluster; all of them must
//! come to the same state. An entry that it refuses stays in the log and changes nothing.
//!
//! One mutation, then all its consequences, then the next: `apply` returns what happened as a value, and never calls
//! anybody.
//!
//! | file | what |
//! |------|------|
//! | `deed` | what a body says, and what can be said of an entry by itself |
//! | `rules` | who may do what |
//! | `apply` | the entry taken in, by theme |
//! | `admit` | the wish made a draft |
//! | `directory`, `room`, `places` | the state |
//! | `reading`, `marks` | what readers ask, and how far they have read |
//! | `soundness` | what always holds |
//! | `presence`, `typing` | signals, which are no part of the state |

pub mod admit;
mod apply;
pub mod body;
mod deed;
mod directory;
mod marks;
mod outcome;
mod places;
mod presence;
mod reading;
mod room;
mod rules;
mod soundness;
mod typing;

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{DeviceId, PublicKey, RoomId, Rseq, Seq, UserId, reply::Lineage};

pub(crate) use self::outcome::no_room;
pub use self::{
    directory::{Directory, User},
    outcome::{Applied, CannotApply, Effect, Outcome, Placement, Refusal},
    places::{Place, Places},
    presence::Presence,
    reading::SyncRows,
    room::{GENERAL_ROOM, Room, Sort},
    rules::ROOMS_PER_USER_MAX,
    typing::Typing,
};
use crate::log::Stored;

/// The rules that this version applies. Raised by an entry; the code of older rules stays.
pub const RULES_VERSION: u16 = 1;

/// The state that a log means. Two are equal if they mean the same, read marks included.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chat {
    position: Seq,
    lineage: Vec<Lineage>,
    directory: Directory,
    rooms: BTreeMap<RoomId, Room>,
    /// The room of two people; the lower id first.
    direct: BTreeMap<(UserId, UserId), RoomId>,
    public: BTreeSet<RoomId>,
    /// Folded names of public rooms.
    public_names: BTreeMap<Box<str>, RoomId>,
    /// What apply refused, and what was there already, so that a resend gets the same answer.
    kept: BTreeMap<Seq, Outcome>,
    /// What was erased, by rising place of the entry that did it.
    erasures: Vec<Erasure>,
}

/// A range of a room whose content is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Erasure {
    by: Seq,
    room: RoomId,
    from: Rseq,
    to: Rseq,
}

impl Chat {
    /// The state of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What became of an entry that stands in the log: the answer to a resend. `None` if it is not applied yet.
    #[must_use]
    pub fn outcome_of(&self, stored: Stored) -> Option<Outcome> {
        let Stored { seq, room, at: _ } = stored;
        if seq > self.position {
            return None;
        }
        if let Some(kept) = self.kept.get(&seq) {
            return Some(kept.clone());
        }
        if room == RoomId(0) {
            return Some(self.opening(RoomId(seq.0)).map_or(Outcome::Unplaced { seq }, Outcome::Placed));
        }
        let (rseq, place) = self.rooms.get(&room)?.places().find(seq)?;
        Some(Outcome::Placed(Placement { room, seq, rseq, count: place.count() }))
    }

    /// The place of the entry that opened a room.
    fn opening(&self, room: RoomId) -> Option<Placement> {
        let (rseq, place) = self.rooms.get(&room)?.places().find(Seq(room.0))?;
        Some(Placement { room, seq: Seq(room.0), rseq, count: place.count() })
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

    /// The user and device of a key.
    #[must_use]
    pub fn known_key(&self, key: &PublicKey) -> Option<(UserId, DeviceId)> {
        self.directory.by_key(key)
    }
}
