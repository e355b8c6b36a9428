//! `logs.json`: who came, who left and what was said, when. One JSON object a line.
//!
//! The chat never waits for this file and never fails with it. The loop moves an [`Activity`] into a bounded queue; a
//! thread of its own makes lines of them, writes all that is queued at once, and sleeps until there is more. What does
//! not fit in the queue, or cannot be written, is counted, and the count is written as soon as it can be: the file may
//! have gaps, but it says where and how wide. Errors of the file are told once, and it is tried again with later lines.
//!
//! The queue is a vector under a lock that is held for a push or a swap, and for nothing else. A channel would have
//! all its places allocated from the start, and could not say in its place that something was lost.
//!
//! Lines, and not one JSON array as in the teaching program that Tertulia grew out of: an array is no JSON until its last
//! byte is written, while lines can be appended, followed with `tail -f`, and cut by a crash.
//!
//! A line says what happened and not more: `time` (RFC 3339, milliseconds, UTC), `event`, and the event's own fields.
//! A program that reads the file has to skip a line that is no JSON: it is what a crash left of one.

mod file;
mod line;
mod queue;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tertulia_protocol::{Rseq, Seq};

use crate::limits::Limits;
use file::LogFile;
use queue::{GATHERED, Queue, Work};

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

impl Activity {
    /// What its texts occupy, roughly: peers decide how long they are.
    fn text_bytes(&self) -> usize {
        match self {
            Self::Start { listen, .. } => listen.iter().map(String::len).sum(),
            Self::Stop { .. } => 0,
            Self::Connected { peer, .. } => peer.len(),
            Self::Login { user, .. } => user.len(),
            Self::Refused { name: text, .. } | Self::Disconnected { user: text, .. } => {
                text.as_ref().map_or(0, String::len)
            }
            Self::Message { user, room, text, .. } => user.len() + room.len() + text.as_ref().map_or(0, String::len),
        }
    }
}

/// Takes activities in; never blocks, never fails.
pub trait Record {
    /// Writes one line, some time soon. `at` is in milliseconds since 1970 (UTC).
    fn record(&mut self, at: i64, activity: Activity);
}

/// The activity log's writer, in the hands of whoever started it. When it is dropped, the thread writes what is left
/// and ends, and nobody waits for it; [`ActivityLog::close`] waits.
#[derive(Debug)]
pub struct ActivityLog {
    queue: Arc<Queue>,
    ended: Receiver<()>,
}

impl ActivityLog {
    /// Starts the thread that writes this file, and gives what feeds it. `tell` is told about trouble with the file, one
    /// line a time, on that thread.
    ///
    /// The file itself is opened by the thread: if it cannot be, the chat goes on without.
    ///
    /// # Errors
    /// The system starts no thread.
    pub fn start(
        path: PathBuf,
        limits: &Limits,
        tell: impl FnMut(&str) + Send + 'static,
    ) -> io::Result<(Self, Recorder)> {
        let queue = Arc::new(Queue::new(limits));
        let (end, ended) = channel();
        let file = LogFile::new(path, limits.activity_file_bytes, Box::new(tell));
        let (writer, recorder) = (Arc::clone(&queue), Recorder { queue: Arc::clone(&queue) });
        #[expect(clippy::disallowed_methods, reason = "the file may block, and so has a thread of its own")]
        thread::Builder::new().name("activity-log".to_owned()).spawn(move || {
            write(&writer, file);
            // Nobody may be waiting.
            _ = end.send(());
        })?;
        Ok((Self { queue, ended }, recorder))
    }

    /// What turns to another file while the thread runs.
    #[must_use]
    pub fn reopener(&self) -> Reopener {
        Reopener { queue: Arc::clone(&self.queue) }
    }

    /// Has all that was recorded written, and ends the thread; what is recorded after this is lost. `false` if that took
    /// longer than `patience`: a disk that hangs must not keep the server from stopping.
    #[must_use]
    pub fn close(self, patience: Duration) -> bool {
        self.queue.close();
        // A thread that is gone without a word has nothing more to write either.
        self.ended.recv_timeout(patience) != Err(RecvTimeoutError::Timeout)
    }
}

impl Drop for ActivityLog {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Has the file opened anew, for those who have renamed it.
#[derive(Debug)]
pub struct Reopener {
    queue: Arc<Queue>,
}

impl Reopener {
    /// From the next line on, the file is the one that bears the name then, and these limits hold. Nothing is lost and no
    /// line is cut: what is being written is finished where it was begun.
    pub fn reopen(&self, limits: &Limits) {
        self.queue.reopen(limits);
    }
}

/// Feeds the writer. It may outlive it; what it is given then is lost.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
}

impl Record for Recorder {
    fn record(&mut self, at: i64, activity: Activity) {
        self.queue.push(at, activity);
    }
}

/// The thread.
fn write(queue: &Queue, mut file: LogFile) {
    let mut batch = Vec::new();
    while let Some(Work { lost, reopen }) = queue.take(&mut batch) {
        if let Some(turn_at) = reopen {
            file.reopen(turn_at);
        }
        file.write(&mut batch, &mut |done| queue.done(done));
        // What was lost came when the queue was full of what has just been written.
        file.lost(lost);
        // Usually it is no larger; after a disk that hung it is.
        batch.shrink_to(GATHERED);
    }
}
