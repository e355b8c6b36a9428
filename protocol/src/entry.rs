//! Entries as they travel: what stands in the log, seen from a room.

use minicbor::{Decode, Encode};

use crate::types::{Cid, DeviceId, RoomId, Rseq, Seq, UserId};

/// What sort of thing an entry is. A number and not an enum: a client stores kinds that it does not know.
///
/// Numbers below [`Kind::FIRST_CONTENT`] are *state* kinds, whose bodies decide something and are never erased; from
/// there on *content* kinds, whose bodies may be erased or sealed without changing any decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Kind(#[n(0)] pub u16);

impl Kind {
    /// The first entry of every log. Written by the server alone.
    pub const GENESIS: Self = Self(1);
    /// A device key claims a name. Written by the server alone, for the client that proved the key.
    pub const NAME_CLAIM: Self = Self(2);
    /// The first number of the content kinds.
    pub const FIRST_CONTENT: Self = Self(256);
    /// A message that somebody wrote; its body is a [`MessageBody`].
    pub const MESSAGE: Self = Self(256);

    /// Whether entries of this kind decide something by their body.
    #[must_use]
    pub fn is_state(self) -> bool {
        self < Self::FIRST_CONTENT
    }
}

/// An entry of a room. Live entries have one encoding for all their receivers and say nothing about any of them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Its place in the log.
    #[n(0)]
    pub seq: Seq,
    /// Its place in its room.
    #[n(1)]
    pub rseq: Rseq,
    /// How many messages the room holds up to and with it.
    #[n(2)]
    pub count: u64,
    /// When the server took it, in milliseconds since 1970 (UTC). Not monotonic: a clock may be set.
    #[n(3)]
    pub at: i64,
    /// Who wrote it.
    #[n(4)]
    pub author: UserId,
    /// With which device.
    #[n(5)]
    pub device: DeviceId,
    /// What it is.
    #[n(6)]
    pub kind: Kind,
    /// The entry of the same room that it is about, if any.
    #[n(7)]
    pub target: Option<Rseq>,
    /// Whom it mentions.
    #[n(8)]
    pub mentions: Option<Vec<UserId>>,
    /// What it says; the kind decides how to read it.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// What its author's client called it: in a page, on the reader's own entries, and nowhere else.
    #[n(10)]
    pub cid: Option<Cid>,
}

/// The body of a [`Kind::MESSAGE`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MessageBody {
    /// What was written; a valid [`crate::Text`].
    #[n(0)]
    pub text: String,
}

impl MessageBody {
    /// The body as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::codec::to_vec(self)
    }

    /// Reads a body. `None` if it is not one: the entry is shown as unreadable, and nothing else happens.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        crate::codec::from_slice(bytes).ok()
    }
}

/// An entry on its way to everybody who is live in its room.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoomEntry {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// The entry, without a `cid`.
    #[n(1)]
    pub entry: Entry,
}
