//! What the server tells without being asked.

use minicbor::{Decode, Encode};

pub use crate::entry::RoomEntry;
use crate::{
    reply::UserRow,
    types::{Seq, UserId},
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

/// Who is online. If it names nobody (neither `whole` nor `came` nor `went`), there are too many to list: forget the
/// list and show the number.
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
}
