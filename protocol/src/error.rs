//! What can go wrong, as numbers on the wire. Clients translate the number; the English text is for logs.

use std::fmt;

use minicbor::{Decode, Encode};

/// What went wrong. A number and not an enum: a newer server may know more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ErrorCode(#[n(0)] pub u16);

macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $constant: Self = Self($number);)*

            /// Every code of this version with its name.
            pub const ALL: &[(Self, &'static str)] = &[$((Self::$constant, $name)),*];

            /// The name that command lines, activity logs and translations know it by.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self.0 { $($number => $name,)* _ => "unknown" }
            }
        }
    };
}

codes! {
    /// Bytes that are not a frame, or a payload that is not the message its type promises.
    MALFORMED = 1, "malformed";
    /// A frame beyond the limit in force.
    TOO_LARGE = 2, "too_large";
    /// A type below 0x80 that this side does not know.
    UNKNOWN_TYPE = 3, "unknown_type";
    /// A message that has no place in the present state, such as a write before the login.
    OUT_OF_ORDER = 4, "out_of_order";
    /// No version that both sides speak.
    NO_COMMON_VERSION = 5, "no_common_version";
    /// The handshake, a frame or the answer to a heartbeat took too long.
    TIMEOUT = 6, "timeout";
    /// The client does not read what it is sent.
    SLOW_READER = 7, "slow_reader";
    /// The server is stopping; come back in a moment.
    STOPPING = 8, "stopping";
    /// The server has as many connections as it may have, in all or from this address.
    TOO_MANY_CONNECTIONS = 9, "too_many_connections";
    /// This address has to speak TLS here.
    PLAINTEXT_REFUSED = 10, "plaintext_refused";

    /// The signature does not fit the key.
    BAD_SIGNATURE = 20, "bad_signature";
    /// The key is new here, and no name came with it.
    NAME_NEEDED = 21, "name_needed";
    /// The name breaks a rule. Parameters: the rule, as [`crate::InvalidName::rule`] calls it.
    BAD_NAME = 22, "bad_name";
    /// The name belongs to somebody else. Parameters: the name.
    NAME_TAKEN = 23, "name_taken";
    /// The name could be mistaken for somebody else's. Parameters: the name, that other name.
    NAME_CONFUSABLE = 24, "name_confusable";
    /// The key belongs to a user of another name. Parameters: that name.
    KEY_HAS_NAME = 25, "key_has_name";
    /// Nobody may have the name, nor one that could be mistaken for it. Parameters: the name.
    NAME_RESERVED = 26, "name_reserved";
    /// So many new names were claimed from this address lately that another one has to wait.
    TOO_MANY_NAMES = 27, "too_many_names";

    /// No such room, or not yours.
    NO_ROOM = 40, "no_room";
    /// The text is empty, too long, or not a text.
    BAD_TEXT = 41, "bad_text";
    /// A kind that clients may not write, or that this server does not know.
    BAD_KIND = 42, "bad_kind";
    /// A request that makes no sense, such as a range that ends before it begins.
    BAD_REQUEST = 43, "bad_request";
    /// What it is about is not there, is erased, or is somebody else's.
    NO_TARGET = 44, "no_target";
    /// Only an owner of the room may, or nobody may in this room.
    NOT_ALLOWED = 45, "not_allowed";
    /// The room is closed for writing.
    ARCHIVED = 46, "archived";
    /// The room's name breaks a rule. Parameters: the rule, as [`crate::InvalidName::rule`] calls it.
    BAD_ROOM_NAME = 47, "bad_room_name";
    /// Another public room has the name. Parameters: the name.
    ROOM_NAME_TAKEN = 48, "room_name_taken";
    /// The person is a member of as many rooms as one may be.
    TOO_MANY_ROOMS = 49, "too_many_rooms";
    /// No such person.
    NO_USER = 50, "no_user";

    /// It was not stored. Send `Resend`, then the same again.
    FAILED = 60, "failed";
    /// Nothing can be stored for now. Send `Resend`, then the same again later.
    READ_ONLY = 61, "read_only";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({}, {})", self.0, self.name())
    }
}
