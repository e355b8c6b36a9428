//! What a connection reports to its owner after each piece of work: how much was done, and why it stopped.
//!
//! Plain values. Whether a status ends the connection, and what is said about it, is for the owner.

use std::io::ErrorKind;

use tertulia_protocol::FrameError;

#[cfg(doc)]
use crate::{Framed, WRITE_BUDGET_BYTES};

/// What one [`Framed::receive`] or [`Framed::discard`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it may say that the connection is over, or that no event will come"]
pub struct Received {
    /// How many bytes came from the socket. Frames that had been held back are not counted again.
    pub bytes_read: usize,
    /// Why it came to an end.
    pub status: ReceiveStatus,
}

/// Why receiving came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveStatus {
    /// Nothing more is there: an event will tell. Also the answer, without reading, once input is over.
    Drained,
    /// The budget is spent and more may be there: call again in the next turn, no event will come.
    Budget,
    /// The callback stopped. What follows the frame that it stopped at is kept, and comes with the next call.
    Stopped,
    /// The peer has ended its direction; it may still be reading.
    Eof {
        /// Whether it ended in the middle of a frame: then it broke off, rather than left.
        inside_frame: bool,
    },
    /// The bytes are not frames.
    Broken {
        /// What is wrong with them.
        error: FrameError,
        /// The first byte of the connection, if not one frame came before: it tells what sort of stranger this is.
        /// 0x16 opens an encrypted connection, a letter most likely a web browser's request.
        first_byte: Option<u8>,
    },
    /// The connection is of no more use.
    Failed(ErrorKind),
}

/// What one [`Framed::flush`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it may say that the connection is over, or that no event will come"]
pub struct Flushed {
    /// How many bytes the socket took.
    pub bytes_written: usize,
    /// Why it came to an end.
    pub status: FlushStatus,
}

/// Why flushing came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushStatus {
    /// Nothing waits.
    Empty,
    /// The socket takes nothing at the moment: an event will tell.
    Blocked,
    /// [`WRITE_BUDGET_BYTES`] are written and more waits: call again in the next turn, no event will come.
    Budget,
    /// The connection is of no more use. What waits stays queued.
    Failed(ErrorKind),
}
