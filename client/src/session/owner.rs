//! What a session and its owner hand each other besides frames and events: who connects, the time, and what to do.
//!
//! Values alone; the owner is the network thread, a resident, or a test.

use std::{sync::Arc, time::Duration};

use tertulia_protocol::{PublicKey, RoomId, Rseq};

use super::{Batch, DeviceKey};

/// The moment of an input, as the owner's clocks show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed moment, never going back.
    pub mono: Duration,
    /// Milliseconds since 1970 (UTC), wherever the clock of the computer was set to.
    pub wall_ms: i64,
}

/// How much of a room's past a session tells, and whether a store is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// For eyes, with a store behind: what is kept is told first, then what is looked at; see [`Action::Persist`].
    Kept,
    /// For scripts: the last so many entries and all that follow, in order, however long an absence was.
    Last(u64),
    /// For scripts: everything from a place on, in order, however long an absence was.
    From(Rseq),
}

/// Who connects, and what for.
#[derive(Clone, Debug)]
pub struct Config {
    /// The key that proves who we are.
    pub device: Arc<DeviceKey>,
    /// The name to claim, or to be held against the name of the key.
    pub name: Option<String>,
    /// The chat key that the server must have; None at the first visit, which pins it.
    pub pinned: Option<PublicKey>,
    /// The program and its version, for the operator of the server.
    pub agent: String,
    /// The language of the person (BCP 47).
    pub locale: Option<String>,
    /// The name of the room to open as soon as it is known.
    pub room: Option<String>,
    /// How much of the past of open rooms to tell.
    pub history: History,
}

/// What the owner has to do for the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect, and say [`super::Session::connected`] or [`super::Session::connect_failed`].
    Connect,
    /// Send these bytes, in order.
    Send(Arc<[u8]>),
    /// Let go of the connection, after what was to be sent; nothing it still says counts.
    Close,
    /// Keep this chat key as the one that the server must have from now on.
    Pin(PublicKey),
    /// Say [`super::Session::restore`] with what is kept of this server. Only with [`History::Kept`], as the next two.
    Restore(PublicKey),
    /// Keep this, as a whole and behind all that was to be kept before, and say [`super::Session::persisted`] or
    /// [`super::Session::persist_failed`].
    Persist(PublicKey, Arc<Batch>),
    /// Say [`super::Session::loaded`] with the entries of a range.
    Load {
        /// The server.
        server: PublicKey,
        /// The room.
        room: RoomId,
        /// The first place.
        from: Rseq,
        /// The last place.
        to: Rseq,
    },
}

/// What happened so far, for logs and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Attempts to connect.
    pub attempts: u64,
    /// Gaps in live rooms, each proved by a place and repaired by a pull.
    pub gaps: u64,
    /// How often all unanswered writes were sent again over the same connection.
    pub resends: u64,
    /// How often the server had to leave something out, because we read too slowly.
    pub lagged: u64,
}
