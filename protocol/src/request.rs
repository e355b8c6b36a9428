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
}

/// Asks what has changed since a place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sync {
    /// The number of this request.
    #[n(0)]
    pub request: RequestId,
    /// The last place whose changes the client has; 0 for everything.
    #[n(1)]
    pub since: Seq,
    /// If the last answer said that there are more people: the last one that it named.
    #[n(2)]
    pub users_after: Option<UserId>,
}

/// Says that the client starts again from its oldest unanswered write. After a write was answered with `failed` or
/// `read_only`, every later one gets the same answer until this arrives, so that nobody's order is reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Resend {}
