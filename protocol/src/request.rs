//! What a client sends.

use minicbor::{Decode, Encode};

use crate::{
    entry::Kind,
    types::{Cid, Nonce, PublicKey, RequestId, RoomId, Rseq, Seq, Signature, UserId},
};

/// The first frame of a connection: who calls, and what it can speak.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The protocol versions that the client speaks.
    #[n(0)]
    pub versions: Vec<u16>,
    /// The key of its device.
    #[n(1)]
    pub device_key: PublicKey,
    /// Fresh random bytes, which the server signs.
    #[n(2)]
    pub nonce: Nonce,
    /// The program and its version, for the server's operator.
    #[n(3)]
    pub agent: Option<String>,
    /// The language of the person (BCP 47).
    #[n(4)]
    pub locale: Option<String>,
}

/// The second frame: the proof that the caller holds the device's secret key, and the name that it wants.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Prove {
    /// Over [`crate::handshake::login_bytes`].
    #[n(0)]
    pub signature: Signature,
    /// The name as typed; needed if the key is new, checked if it is known.
    #[n(1)]
    pub name: Option<String>,
}

/// Nothing to say, and still here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Heartbeat {}

/// Something that shall last.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Write {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// What the client calls it, the same however often it is sent.
    #[n(1)]
    pub cid: Cid,
    /// Where it belongs.
    #[n(2)]
    pub room: RoomId,
    /// What it is.
    #[n(3)]
    pub kind: Kind,
    /// The entry of the same room that it is about.
    #[n(4)]
    pub target: Option<Rseq>,
    /// Whom it mentions, at most 50.
    #[n(5)]
    pub mentions: Option<Vec<UserId>>,
    /// What it says; the kind decides how to read it.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

/// Asks for a range of a room. The answer holds the newest entries of the range that fit into a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pull {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// The first place wanted.
    #[n(2)]
    pub from: Rseq,
    /// The last place wanted.
    #[n(3)]
    pub to: Rseq,
    /// Whether the entries are held already, and only what was said about them later is wanted.
    #[n(4)]
    pub later_only: Option<bool>,
}

/// Asks what has changed since a place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sync {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// The last place whose changes the client has; 0 for everything.
    #[n(1)]
    pub since: Seq,
    /// If the last answer held a `next`: that.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub after: Option<Vec<u8>>,
}

/// Says that the client starts again from its oldest unanswered write. After a write was answered with `failed` or
/// `read_only`, every later one gets the same answer until this arrives, so that nobody's order is reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Resend {}

/// Says up to where a room was read. It has no answer; the greatest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Mark {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// The last place read.
    #[n(1)]
    pub rseq: Rseq,
}

/// Asks which public rooms there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Browse {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// If the last answer said that there are more: the last room that it named.
    #[n(1)]
    pub after: Option<RoomId>,
}

/// Asks who is a member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Members {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// If the last answer said that there are more: the last person whom it named.
    #[n(2)]
    pub after: Option<UserId>,
}

/// Looks for messages in all rooms that the client may read, newest first. All conditions hold together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Search {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// Words, separated by spaces, that all stand in the text; may be empty if there is another condition.
    #[n(1)]
    pub words: String,
    /// Only in this room.
    #[n(2)]
    pub room: Option<RoomId>,
    /// Only of this person.
    #[n(3)]
    pub author: Option<UserId>,
    /// Only from this time on, in milliseconds since 1970 (UTC).
    #[n(4)]
    pub from: Option<i64>,
    /// Only before this time, in milliseconds since 1970 (UTC).
    #[n(5)]
    pub until: Option<i64>,
    /// Only with a link in it.
    #[n(6)]
    pub has_link: Option<bool>,
    /// Only before this place of the log: what the last answer said in `below`.
    #[n(7)]
    pub below: Option<Seq>,
}

/// The person is away from this device, or back. A signal: it has no answer and is stored nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Away {
    /// Whether the person is away.
    #[n(0)]
    pub away: bool,
}

/// The person is writing in a room. A signal: it has no answer and is stored nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Typing {
    /// The room.
    #[n(0)]
    pub room: RoomId,
}
