//! What comes out of the model: what somebody else has to do.
//!
//! Owns that half of the vocabulary. The window carries out what concerns its widgets, the desk behind it the rest.

use tertulia_protocol::{Cid, RoomId, Rseq};

use super::timeline::RowKey;
use crate::{
    address::ServerAddress,
    session::{Ask, DraftText, Write},
};

/// Something that somebody else has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Hand this to the server, until it is settled or refused.
    Write {
        /// Its name.
        cid: Cid,
        /// What.
        write: Write,
        /// What was refused, and goes away with this.
        instead_of: Option<Cid>,
    },
    /// Throw away what was refused.
    Discard(Cid),
    /// Keep what stands in the composer of a room.
    KeepDraft(RoomId, DraftText),
    /// Somebody looks at this room.
    Open(RoomId),
    /// Nobody looks at this room any more.
    Leave(RoomId),
    /// Bring these entries of a room.
    Show {
        /// Of which room.
        room: RoomId,
        /// The first place.
        from: Rseq,
        /// The last place.
        to: Rseq,
    },
    /// The person has read a room up to this place.
    Mark(RoomId, Rseq),
    /// The person is away from the desk, or back.
    Away(bool),
    /// The person is writing in a room.
    Typing(RoomId),
    /// Ask the server something.
    Ask {
        /// What we call the question.
        token: u64,
        /// The question.
        ask: Ask,
    },
    /// Connect to a server under a name, and stay connected.
    Connect {
        /// Where it is.
        server: ServerAddress,
        /// The name.
        name: String,
    },
    /// Make sure that a server runs on this computer, then connect to it under a name.
    Host {
        /// The name.
        name: String,
    },
    /// Stop the server that this person runs on this computer.
    StopHosted,
    /// Let go of the connection, and do not try again.
    Disconnect,
    /// The submitted text has been taken. Without this it goes back into the composer.
    TextTaken,
    /// Put this text into the composer instead of what stands there, the cursor at this byte.
    Compose(String, usize),
    /// Bring this row into sight and choose it.
    ScrollTo(RowKey),
    /// Show this part of the room without choosing anything: what stands at a place, or would stand there, so far below
    /// the top of the view; without a distance, where eyes look for it.
    ReadOn(Rseq, Option<i32>),
    /// Show the last row, and stay there.
    ScrollToEnd,
    /// Put this on the clipboard.
    Copy(String),
    /// End the program.
    Quit,
}
