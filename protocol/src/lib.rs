//! The language that a Tertulia server and its clients speak, and nothing else: frames, messages, types, limits.
//!
//! ```text
//! u32 big-endian length of what follows │ u8 type │ one CBOR item with integer keys
//! ```
//!
//! Everything here is pure. **Invariant:** no socket, no file, no clock, no thread and no randomness; the same bytes
//! give the same answer everywhere, and no bytes from a peer can make this crate panic, recurse, or reserve memory
//! that they have not paid for. `docs/protocol.md` is normative; where code and document differ, one of them has a bug.
//!
//! ```
//! use tertulia_protocol::{ClientFrame, FrameDecoder, limits, request};
//!
//! let bytes = tertulia_protocol::encode(&request::Heartbeat {});
//! let mut decoder = FrameDecoder::new(limits::FRAME_BYTES_MAX_BEFORE_LOGIN);
//! let mut frames = decoder.feed(&bytes);
//! let frame = frames.next().unwrap().expect("a whole frame arrived");
//! assert_eq!(ClientFrame::decode(frame), Ok(Some(ClientFrame::Heartbeat(request::Heartbeat {}))));
//! ```

mod codec;
pub mod entry;
mod error;
mod frame;
pub mod handshake;
pub mod limits;
pub mod push;
pub mod reply;
pub mod request;
mod types;
mod well_formed;

pub use codec::{ClientFrame, DecodeError, Message, ServerFrame, encode, encode_into};
pub use entry::{Entry, Kind};
pub use error::ErrorCode;
pub use frame::{FrameDecoder, FrameError, Frames, HEADER_BYTES, RawFrame};
pub use types::{
    Cid, DeviceId, InvalidName, InvalidText, LogId, Nonce, PublicKey, RequestId, RoomId, Rseq, Seq, Signature, Text,
    UserId, UserName,
};
