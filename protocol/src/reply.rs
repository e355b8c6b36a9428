//! What the server answers to one client.

use minicbor::{Decode, Encode};

use crate::{
    entry::Entry,
    error::ErrorCode,
    types::{DeviceId, LogId, Nonce, PublicKey, RequestId, RoomId, Rseq, Seq, Signature, UserId},
};

/// Answers `Hello`: the proof that this is the server which holds the chat key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenge {
    /// The version spoken from here on: the highest that both know.
    #[n(0)]
    pub version: u16,
    /// Fresh random bytes, which the device signs.
    #[n(1)]
    pub nonce: Nonce,
    /// The server's chat key. Clients pin it.
    #[n(2)]
    pub server_key: PublicKey,
    /// Over [`crate::handshake::server_bytes`].
    #[n(3)]
    pub signature: Signature,
}

/// Answers `Prove`: logged in, and live from here on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// Who the client is.
    #[n(0)]
    pub user: UserId,
    /// The device that its key is.
    #[n(1)]
    pub device: DeviceId,
    /// The user's name as it stands.
    #[n(2)]
    pub name: String,
    /// The last place applied: what comes later is delivered live, the rest is to be synced.
    #[n(3)]
    pub position: Seq,
    /// Which logs this one grew out of, oldest first.
    #[n(4)]
    pub lineage: Vec<Lineage>,
    /// The server's clock, in milliseconds since 1970 (UTC).
    #[n(5)]
    pub now: i64,
    /// The program and its version.
    #[n(6)]
    pub agent: Option<String>,
}

/// From which place on a log is called what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Lineage {
    /// The name of the log.
    #[n(0)]
    pub log: LogId,
    /// The first place under that name.
    #[n(1)]
    pub from: Seq,
}

/// Says that something was not done. With a request's number it answers that request; without, it is about the
/// connection, and the server closes it behind this frame.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Error {
    /// The request, if it is about one.
    #[n(0)]
    pub request: Option<RequestId>,
    /// What went wrong.
    #[n(1)]
    pub code: ErrorCode,
    /// What the client's translation needs, such as a name.
    #[n(2)]
    pub params: Option<Vec<String>>,
    /// English, for logs.
    #[n(3)]
    pub text: String,
}

/// Answers `Write`: durable, ordered, and on its way to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Placed {
    /// The request.
    #[n(0)]
    pub request: RequestId,
    /// Its place in the log.
    #[n(1)]
    pub seq: Seq,
    /// Its place in its room.
    #[n(2)]
    pub rseq: Rseq,
    /// How many messages the room holds up to and with it.
    #[n(3)]
    pub count: u64,
    /// When the server took it, in milliseconds since 1970 (UTC).
    #[n(4)]
    pub at: i64,
}

/// Answers `Sync`: the state as of `position`, as far as it changed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Synced {
    /// The request.
    #[n(0)]
    pub request: RequestId,
    /// The last place applied when this was made: the next `since`.
    #[n(1)]
    pub position: Seq,
    /// The reader's rooms that changed.
    #[n(2)]
    pub rooms: Vec<RoomRow>,
    /// Who is new or renamed, by rising id, at most 1,000.
    #[n(3)]
    pub users: Vec<UserRow>,
    /// Whether there are more such people: ask again with `users_after`.
    #[n(4)]
    pub more_users: bool,
}

/// A room as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoomRow {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// 1 public. Other numbers come with other rooms.
    #[n(1)]
    pub kind: u16,
    /// What it is called.
    #[n(2)]
    pub name: String,
    /// The last place taken in it; 0 if it is empty.
    #[n(3)]
    pub head: Rseq,
    /// How many messages it holds.
    #[n(4)]
    pub count: u64,
}

/// The [`RoomRow::kind`] of a room that anybody may read.
pub const ROOM_PUBLIC: u16 = 1;

/// A person as he or she is called now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UserRow {
    /// The person.
    #[n(0)]
    pub user: UserId,
    /// The name.
    #[n(1)]
    pub name: String,
}

/// Answers `Pull`: entries of one room by rising place, without a hole among them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Page {
    /// The request.
    #[n(0)]
    pub request: RequestId,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// The entries; those of the reader carry their `cid`.
    #[n(2)]
    pub entries: Vec<Entry>,
    /// The last place taken in the room when this was made.
    #[n(3)]
    pub head: Rseq,
}
