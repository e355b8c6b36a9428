//! `logs.json`: who came, who left and what was said, when. One JSON object a line.
//!
//! The chat never waits for this file and never fails with it.

use tertulia_protocol::{Rseq, Seq};

/// One line of the activity log, without its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// The server is ready.
    Start {
        /// Its version.
        version: &'static str,
        /// The addresses it listens on.
        listen: Vec<String>,
    },
    /// The server stops.
    Stop {
        /// Why, in one word.
        why: &'static str,
    },
    /// Somebody connected.
    Connected {
        /// The number of the connection, counted from 1 since the start.
        conn: u64,
        /// The address it comes from.
        peer: String,
    },
    /// Somebody logged in.
    Login {
        /// The connection.
        conn: u64,
        /// The name.
        user: String,
        /// The device.
        device: u64,
        /// Whether this login claimed the name.
        new: bool,
    },
    /// A login was refused.
    Refused {
        /// The connection.
        conn: u64,
        /// The name that was asked for.
        name: Option<String>,
        /// The code's name.
        why: &'static str,
    },
    /// A connection ended. Written once for each.
    Disconnected {
        /// The connection.
        conn: u64,
        /// The name, if it had logged in.
        user: Option<String>,
        /// The close reason's name.
        why: &'static str,
        /// How long it lasted, in milliseconds.
        duration_ms: u64,
    },
    /// A message took its place.
    Message {
        /// Who wrote it.
        user: String,
        /// The name of the room.
        room: String,
        /// Its place in the log.
        seq: Seq,
        /// Its place in the room.
        rseq: Rseq,
        /// How long its text is.
        bytes: usize,
        /// The text, of public rooms unless `log_text = "none"`.
        text: Option<String>,
    },
}

/// Takes activities in; never blocks, never fails.
pub trait Record {
    /// Writes one line, some time soon. `at` is in milliseconds since 1970 (UTC).
    fn record(&mut self, at: i64, activity: Activity);
}
