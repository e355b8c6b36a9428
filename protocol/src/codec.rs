//! Messages ⇄ frames: the only calls of the CBOR library, and the only list of types.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::{
    frame::{HEADER_BYTES, RawFrame},
    push, reply, request,
    well_formed::item_end,
};

/// From this type on, a frame that is not known is skipped; below it, it is an error.
const FIRST_SKIPPABLE: u8 = 0x80;

/// How many bytes most frames fit into.
const ENCODED_USUALLY: usize = 160;

/// A message that fills a frame.
pub trait Message: Encode<()> {
    /// The type byte.
    const TYPE: u8;
}

/// A message as a whole frame: length, type, payload.
#[must_use]
pub fn encode<M: Message>(message: &M) -> Vec<u8> {
    // Nearly every frame fits, and growing from nothing would take five steps.
    let mut buffer = Vec::with_capacity(ENCODED_USUALLY);
    encode_into(message, &mut buffer);
    buffer
}

/// Appends a message as a whole frame.
pub fn encode_into<M: Message>(message: &M, buffer: &mut Vec<u8>) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0, 0, 0, 0, M::TYPE]);
    let encoded = minicbor::encode(message, &mut *buffer);
    debug_assert!(encoded.is_ok(), "writing to a vector cannot fail");
    let length = u32::try_from(buffer.len() - start - (HEADER_BYTES - 1)).unwrap_or(u32::MAX);
    buffer[start..start + HEADER_BYTES - 1].copy_from_slice(&length.to_be_bytes());
}

pub(crate) fn to_vec<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    let encoded = minicbor::encode(value, &mut buffer);
    debug_assert!(encoded.is_ok(), "writing to a vector cannot fail");
    buffer
}

pub(crate) fn from_slice<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    // The library stops behind the first item. What follows would be read differently by another implementation.
    if item_end(bytes).ok_or(DecodeError::Malformed)? < bytes.len() {
        return Err(DecodeError::TrailingBytes);
    }
    minicbor::decode(bytes).map_err(|_| DecodeError::Malformed)
}

/// Why a whole frame is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A type below 0x80 that is not known in this direction.
    UnknownType(u8),
    /// The payload is not CBOR, or not the message that the type promises.
    Malformed,
    /// Something follows the CBOR item.
    TrailingBytes,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(kind) => write!(f, "a frame of the unknown type {kind:#04x}"),
            Self::Malformed => f.write_str("a payload that is not the message its type promises"),
            Self::TrailingBytes => f.write_str("bytes behind the end of a message"),
        }
    }
}

impl std::error::Error for DecodeError {}

macro_rules! frames {
    ($(#[$doc:meta])* $name:ident { $($number:literal $variant:ident($message:ty),)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant holds the documented message of its name")]
        pub enum $name { $($variant($message),)* }

        $(impl Message for $message {
            const TYPE: u8 = $number;
        })*

        impl $name {
            /// Reads a whole frame. `None`: a type that may be skipped.
            ///
            /// # Errors
            /// The frame is not a message; the connection is of no more use.
            pub fn decode(frame: RawFrame<'_>) -> Result<Option<Self>, DecodeError> {
                match frame.kind {
                    $(<$message as Message>::TYPE => from_slice(frame.payload).map(|m| Some(Self::$variant(m))),)*
                    FIRST_SKIPPABLE.. => Ok(None),
                    unknown => Err(DecodeError::UnknownType(unknown)),
                }
            }
        }
    };
}

frames! {
    /// What a client sends, as a server reads it.
    ClientFrame {
        0x01 Hello(request::Hello),
        0x02 Prove(request::Prove),
        0x03 Heartbeat(request::Heartbeat),
        0x10 Write(request::Write),
        0x11 Pull(request::Pull),
        0x12 Sync(request::Sync),
        0x13 Resend(request::Resend),
        0x14 Mark(request::Mark),
        0x15 Browse(request::Browse),
        0x16 Members(request::Members),
        0x17 Search(request::Search),
        0x90 Away(request::Away),
        0x91 Typing(request::Typing),
    }
}

frames! {
    /// What a server sends, as a client reads it.
    ServerFrame {
        0x40 Challenge(reply::Challenge),
        0x41 Welcome(reply::Welcome),
        0x42 Error(reply::Error),
        0x43 Heartbeat(push::Heartbeat),
        0x44 Placed(reply::Placed),
        0x45 Synced(reply::Synced),
        0x46 Page(reply::Page),
        0x47 Browsed(reply::Browsed),
        0x48 MemberList(reply::MemberList),
        0x49 Hits(reply::Hits),
        0x50 Entry(push::RoomEntry),
        0x51 Users(push::Users),
        0x52 Rooms(push::Rooms),
        0x53 Gone(push::Gone),
        0x54 Lagged(push::Lagged),
        0x55 Marked(push::Marked),
        0x80 Presence(push::Presence),
        0x81 Typing(push::Typing),
        0x82 Notice(push::Notice),
    }
}
