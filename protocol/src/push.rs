//! What the server tells without being asked.

use minicbor::{Decode, Encode};

pub use crate::entry::RoomEntry;
use crate::{
    reply::{RoomRow, UserRow},
    types::{RoomId, Rseq, Seq, UserId},
};

/// Nothing to say, and still here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Heartbeat {
    /// Everything up to this place that concerns the client has been sent to it: the next `since`.
    #[n(0)]
    pub position: Seq,
}

/// People who are new or renamed. Always ahead of the first entry that one of them writes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Users {
    /// The people, by rising id.
    #[n(0)]
    pub users: Vec<UserRow>,
}

/// Who is online. Without any list there are too many to list: forget who is here and who is away, and show the number.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Presence {
    /// How many people are online.
    #[n(0)]
    pub online: u64,
    /// Everybody who is online, by rising id: replaces the list.
    #[n(1)]
    pub whole: Option<Vec<UserId>>,
    /// Who is to be added to the list.
    #[n(2)]
    pub came: Option<Vec<UserId>>,
    /// Who is to be taken off the list.
    #[n(3)]
    pub went: Option<Vec<UserId>>,
    /// Who is online and away: with `whole` all of them, else those who have gone away.
    #[n(4)]
    pub away: Option<Vec<UserId>>,
    /// Who is not away any more.
    #[n(5)]
    pub back: Option<Vec<UserId>>,
}

/// Rooms that the client's person has become a member of. From here on their entries arrive by themselves; what stands
/// up to `head` is to be pulled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rooms {
    /// The rooms.
    #[n(0)]
    pub rooms: Vec<RoomRow>,
}

/// The client's person is not a member of a room any more. Nothing further of it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Gone {
    /// The room.
    #[n(0)]
    pub room: RoomId,
}

/// The client read too slowly: what came up to `position` was not pushed. From here on it is live again; a `Sync` tells
/// what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lagged {
    /// The last place applied; live delivery goes on behind it.
    #[n(0)]
    pub position: Seq,
}

/// The client's person has read a room up to a place, perhaps on another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Marked {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// The last place read.
    #[n(1)]
    pub rseq: Rseq,
    /// How many messages the room holds up to it.
    #[n(2)]
    pub count: u64,
    /// How many messages behind it mention the person, at most 999.
    #[n(3)]
    pub mentions: u64,
}

/// Who is writing in a room. Whoever is not named again within 6 s has stopped.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Typing {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// The people, by rising id.
    #[n(1)]
    pub users: Vec<UserId>,
}

/// A state of the server has begun or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Notice {
    /// Which: [`NOTICE_READ_ONLY`]. Newer servers know more.
    #[n(0)]
    pub what: u16,
    /// Whether it has begun.
    #[n(1)]
    pub on: bool,
}

/// The [`Notice::what`] of a server whose disk is full: nothing but deletions can be stored.
pub const NOTICE_READ_ONLY: u16 = 1;
