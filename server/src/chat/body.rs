//! The bodies of state entries: what admit writes into the log and apply reads out of it, for as long as logs live.
//!
//! They are stored, so their keys are as permanent as those of the wire: a number is never reused, and a recorded log
//! of each release is replayed by a test.

use minicbor::{Decode, Encode};
use tertulia_protocol::{LogId, PublicKey, UserId};

/// The body of [`tertulia_protocol::Kind::GENESIS`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Genesis {
    /// What the log is called.
    #[n(0)]
    pub log: LogId,
    /// The rules that its entries follow.
    #[n(1)]
    pub rules: u16,
    /// What the first room is called, which everybody is in and nobody can leave.
    #[n(2)]
    pub general: String,
}

/// The body of [`tertulia_protocol::Kind::NAME_CLAIM`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NameClaim {
    /// The key of the device that claims.
    #[n(0)]
    pub key: PublicKey,
    /// The name, valid and in NFKC.
    #[n(1)]
    pub name: String,
    /// The name folded: two names that differ by case alone have the same. Computed by admit, compared by apply.
    #[n(2)]
    pub folded: String,
    /// What the name looks like (UTS #39), sorted: two names that can be mistaken for each other share one.
    #[n(3)]
    pub skeletons: Vec<String>,
}

/// The body of [`tertulia_protocol::Kind::NEW_LOG`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NewLog {
    /// What the log is called from here on.
    #[n(0)]
    pub log: LogId,
}

/// The body of [`tertulia_protocol::Kind::RENAME`] as it is stored: the client's, and the server's business from key 32.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rename {
    /// The name, valid and in NFKC.
    #[n(0)]
    pub name: String,
    /// The name folded, as in [`NameClaim`].
    #[n(32)]
    pub folded: String,
    /// What the name looks like, as in [`NameClaim`].
    #[n(33)]
    pub skeletons: Vec<String>,
}

/// The body of [`tertulia_protocol::Kind::ROOM_NAME`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoomName {
    /// The name, valid and in NFKC.
    #[n(0)]
    pub name: String,
    /// The name folded: no two public rooms have the same.
    #[n(32)]
    pub folded: String,
}

/// The body of [`tertulia_protocol::Kind::ROOM_OPEN`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoomOpen {
    /// What sort of room.
    #[n(0)]
    pub kind: u16,
    /// The name, valid and in NFKC; absent in direct rooms.
    #[n(1)]
    pub name: Option<String>,
    /// What it is about.
    #[n(2)]
    pub topic: Option<String>,
    /// In direct rooms: the other person.
    #[n(3)]
    pub with: Option<UserId>,
    /// The name folded; there if the name is.
    #[n(32)]
    pub folded: Option<String>,
}

macro_rules! body {
    ($name:ident) => {
        impl $name {
            /// The body as bytes.
            #[must_use]
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                let encoded = minicbor::encode(self, &mut bytes);
                debug_assert!(encoded.is_ok(), "writing to a vector cannot fail");
                bytes
            }

            /// Reads a body; `None` if it is not one.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let mut decoder = minicbor::Decoder::new(bytes);
                let body = decoder.decode().ok()?;
                (decoder.position() == bytes.len()).then_some(body)
            }
        }
    };
}

body!(Genesis);
body!(NameClaim);
body!(NewLog);
body!(Rename);
body!(RoomName);
body!(RoomOpen);
