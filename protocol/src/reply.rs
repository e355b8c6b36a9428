//! What the server answers to one client.

use minicbor::{Decode, Encode};

use crate::{
    entry::{Entry, RoomEntry},
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
    /// The room that it belongs to, if that is not the one it was written to: the room that it opened, or the direct room
    /// that the two had already.
    #[n(5)]
    pub room: Option<RoomId>,
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
    /// Who is new, renamed, or shown otherwise.
    #[n(3)]
    pub users: Vec<UserRow>,
    /// If there is more: what to ask again with, as `after`. Means nothing to clients.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub next: Option<Vec<u8>>,
    /// The rooms that the reader is no longer a member of.
    #[n(5)]
    pub gone: Option<Vec<RoomId>>,
    /// What was erased.
    #[n(6)]
    pub erased: Option<Vec<Erased>>,
}

/// Content that is erased: whoever holds it forgets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Erased {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// The first place.
    #[n(1)]
    pub from: Rseq,
    /// The last place.
    #[n(2)]
    pub to: Rseq,
}

/// A room as it stands, for one reader.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoomRow {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// [`ROOM_PUBLIC`], [`ROOM_PRIVATE`] or [`ROOM_DIRECT`]; newer servers may know more.
    #[n(1)]
    pub kind: u16,
    /// What it is called; empty in direct rooms, which are called by the other person.
    #[n(2)]
    pub name: String,
    /// The last place taken in it; 0 if it is empty.
    #[n(3)]
    pub head: Rseq,
    /// How many messages it holds.
    #[n(4)]
    pub count: u64,
    /// What it is about.
    #[n(5)]
    pub topic: Option<String>,
    /// [`ROLE_MEMBER`] or [`ROLE_OWNER`]; absent if the reader is not a member.
    #[n(6)]
    pub role: Option<u16>,
    /// Up to where the reader has read it; absent if nothing.
    #[n(7)]
    pub mark: Option<Rseq>,
    /// How many messages it holds up to the mark; absent if 0. `count` less this is what is unread.
    #[n(8)]
    pub mark_count: Option<u64>,
    /// How many messages behind the mark mention the reader, at most 999; absent if none.
    #[n(9)]
    pub mentions: Option<u64>,
    /// Whether it is closed for writing.
    #[n(10)]
    pub archived: Option<bool>,
    /// In direct rooms: the other person.
    #[n(11)]
    pub with: Option<UserId>,
    /// How many members it has; absent in `general`, where everybody is one.
    #[n(12)]
    pub members: Option<u64>,
    /// For how many days it keeps what is said; absent: as long as the server does.
    #[n(13)]
    pub keep_days: Option<u32>,
}

/// The [`RoomRow::kind`] of a room that anybody may find, read and join.
pub const ROOM_PUBLIC: u16 = 1;

/// The [`RoomRow::kind`] of a room that only its members know of.
pub const ROOM_PRIVATE: u16 = 2;

/// The [`RoomRow::kind`] of the one room that two people have for themselves.
pub const ROOM_DIRECT: u16 = 3;

/// The role of those who may read and write.
pub const ROLE_MEMBER: u16 = 1;

/// The role of those who may also name the room, give it a topic, put people out and archive it.
pub const ROLE_OWNER: u16 = 2;

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
    /// The colour that the person chose, as a hue in degrees, 0 to 359.
    #[n(2)]
    pub hue: Option<u16>,
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
    /// What was said about the entries behind the range, by rising place: of each its deletion, or else the newest edit
    /// and the newest `react` or `unreact` of each author and emoji. Absent if there is nothing.
    #[n(4)]
    pub later: Option<Vec<Entry>>,
    /// Whether so much was said about one entry that `later` holds only the newest of it.
    #[n(5)]
    pub cut: Option<bool>,
    /// With `later_only`: from which place on `later` tells everything. What lies before it is to be asked for again.
    #[n(6)]
    pub from: Option<Rseq>,
}

/// Answers `Browse`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Browsed {
    /// The request.
    #[n(0)]
    pub request: RequestId,
    /// Public rooms, by rising id.
    #[n(1)]
    pub rooms: Vec<RoomRow>,
    /// Whether there are more behind the last one.
    #[n(2)]
    pub more: bool,
}

/// Answers `Members`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberList {
    /// The request.
    #[n(0)]
    pub request: RequestId,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// The members, by rising id.
    #[n(2)]
    pub members: Vec<MemberRow>,
    /// Whether there are more behind the last one.
    #[n(3)]
    pub more: bool,
}

/// A member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MemberRow {
    /// The person.
    #[n(0)]
    pub user: UserId,
    /// [`ROLE_MEMBER`] or [`ROLE_OWNER`].
    #[n(1)]
    pub role: u16,
}

/// Answers `Search`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hits {
    /// The request.
    #[n(0)]
    pub request: RequestId,
    /// What was found, newest first; may be empty although there is more.
    #[n(1)]
    pub hits: Vec<RoomEntry>,
    /// If not everything was looked through: from where to go on.
    #[n(2)]
    pub below: Option<Seq>,
}
