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
    /// A restored backup goes on under a log id of its own. Written by the server alone.
    pub const NEW_LOG: Self = Self(3);
    /// A person takes another name; a [`NameBody`]. Belongs to no room.
    pub const RENAME: Self = Self(4);
    /// How a person is shown; a [`ProfileBody`]. Belongs to no room.
    pub const PROFILE: Self = Self(5);
    /// A room is opened; a [`RoomOpenBody`]. Written to room 0; it is the first entry of the room that it opens.
    pub const ROOM_OPEN: Self = Self(16);
    /// The room gets another name; a [`NameBody`].
    pub const ROOM_NAME: Self = Self(17);
    /// The room gets another topic; a [`TopicBody`].
    pub const ROOM_TOPIC: Self = Self(18);
    /// The author has joined; [`NO_BODY`].
    pub const JOIN: Self = Self(19);
    /// The author has left; [`NO_BODY`].
    pub const LEAVE: Self = Self(20);
    /// The author has brought somebody in; a [`MemberBody`].
    pub const INVITE: Self = Self(21);
    /// The author has put somebody out; a [`MemberBody`].
    pub const REMOVE: Self = Self(22);
    /// Somebody gets another role; a [`RoleBody`].
    pub const ROLE: Self = Self(23);
    /// The room is closed for writing, or open again; an [`ArchiveBody`].
    pub const ARCHIVE: Self = Self(24);
    /// How long the room keeps what is said in it; a [`KeepBody`].
    pub const KEEP: Self = Self(25);
    /// What was said up to a place is erased, because its time is over; an [`ExpireBody`]. Written by the server alone.
    pub const EXPIRE: Self = Self(26);
    /// The first number of the content kinds.
    pub const FIRST_CONTENT: Self = Self(256);
    /// A message that somebody wrote; its body is a [`MessageBody`]. With a target it answers that message.
    pub const MESSAGE: Self = Self(256);
    /// Another text for the author's own message, the target; its body is a [`MessageBody`].
    pub const EDIT: Self = Self(257);
    /// The author's own message, the target, is erased with all its edits; [`NO_BODY`].
    pub const DELETE: Self = Self(258);
    /// A reaction to the message that is the target; a [`ReactionBody`].
    pub const REACT: Self = Self(259);
    /// Takes the author's reaction to the target back; a [`ReactionBody`].
    pub const UNREACT: Self = Self(260);

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

/// The body of kinds that say everything by being there: an empty map.
pub const NO_BODY: &[u8] = &[0xa0];

/// What [`NO_BODY`] says: nothing. Keys that a newer program may add are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NoBody {}

/// The body of a [`Kind::RENAME`] and of a [`Kind::ROOM_NAME`]. What a client writes holds the name as typed, what it
/// reads holds it in NFKC, beside what is the server's business.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NameBody {
    /// The new name; a [`crate::UserName`].
    #[n(0)]
    pub name: String,
}

/// The body of a [`Kind::PROFILE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProfileBody {
    /// The colour that the person is shown in, as a hue in degrees, 0 to 359. Absent: the client chooses.
    #[n(0)]
    pub hue: Option<u16>,
}

/// The body of a [`Kind::ROOM_OPEN`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoomOpenBody {
    /// What sort of room: see [`crate::reply::ROOM_PUBLIC`] and its neighbours.
    #[n(0)]
    pub kind: u16,
    /// What it is called, as typed or in NFKC; absent in direct rooms.
    #[n(1)]
    pub name: Option<String>,
    /// What it is about.
    #[n(2)]
    pub topic: Option<String>,
    /// In direct rooms: the other person.
    #[n(3)]
    pub with: Option<UserId>,
}

/// The body of a [`Kind::ROOM_TOPIC`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TopicBody {
    /// What the room is about from now on; absent: nothing in particular.
    #[n(0)]
    pub topic: Option<String>,
}

/// The body of a [`Kind::INVITE`] and of a [`Kind::REMOVE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberBody {
    /// The person.
    #[n(0)]
    pub user: UserId,
}

/// The body of a [`Kind::ROLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RoleBody {
    /// The person.
    #[n(0)]
    pub user: UserId,
    /// [`crate::reply::ROLE_MEMBER`] or [`crate::reply::ROLE_OWNER`].
    #[n(1)]
    pub role: u16,
}

/// The body of a [`Kind::ARCHIVE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ArchiveBody {
    /// Whether the room is closed for writing.
    #[n(0)]
    pub archived: bool,
}

/// The body of a [`Kind::KEEP`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeepBody {
    /// For how many days; absent: as long as the server does.
    #[n(0)]
    pub days: Option<u32>,
}

/// The body of a [`Kind::EXPIRE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ExpireBody {
    /// The last place whose content is erased.
    #[n(0)]
    pub upto: Rseq,
}

/// The body of a [`Kind::REACT`] and of a [`Kind::UNREACT`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReactionBody {
    /// An emoji: 1 to 64 bytes, no space, no control character.
    #[n(0)]
    pub emoji: String,
}

macro_rules! bodies {
    ($($self:ty: $($name:ident)*;)*) => {$($(
        impl $name {
            /// The body as bytes.
            #[must_use]
            pub fn to_bytes(self: $self) -> Vec<u8> {
                crate::codec::to_vec(&self)
            }

            /// Reads a body. `None` if it is not one: the entry is shown as unreadable, and nothing else happens.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                crate::codec::from_slice(bytes).ok()
            }
        }
    )*)*};
}

bodies! {
    &Self: MessageBody NameBody RoomOpenBody TopicBody ReactionBody;
    Self: NoBody ProfileBody MemberBody RoleBody ArchiveBody KeepBody ExpireBody;
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
