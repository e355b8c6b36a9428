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

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tertulia_protocol::{Rseq, Seq};

use crate::limits::Limits;
use file::LogFile;

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
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            changed: Condvar::new(),
            lines_max: limits.activity_queue_lines,
            bytes_max: limits.activity_queue_bytes,
        });
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

/// How long the thread lets lines gather after the first. Woken for each, it would cost a busy loop two switches a
/// login: as much as the login itself.
const LINGER: Duration = Duration::from_millis(50);

/// What goes from the loop to the writer.
#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    lines_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<(i64, Activity)>,
    /// How much waits or is being written: both cost memory, so both count.
    held: Held,
    lost: Lost,
    closed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Held {
    lines: usize,
    bytes: usize,
}

/// Lines that nobody will read, and when the first of them was recorded.
#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    since: i64,
    count: u64,
}

impl Lost {
    fn add(&mut self, since: i64, count: u64) {
        if self.count == 0 {
            self.since = since;
        }
        self.count = self.count.saturating_add(count);
    }
}

impl Queue {
    fn push(&self, at: i64, activity: Activity) {
        let bytes = activity.text_bytes();
        let mut state = self.lock();
        let held = Held { lines: state.held.lines + 1, bytes: state.held.bytes.saturating_add(bytes) };
        let fits = held.lines <= self.lines_max && held.bytes <= self.bytes_max;
        // It sleeps while there is nothing, and lingers while there is little.
        let wakes =
            (state.lines.is_empty() && state.lost.count == 0) || (self.is_little(state.held) && !self.is_little(held));
        if fits && !state.closed {
            state.held = held;
            state.lines.push((at, activity));
        } else {
            state.lost.add(at, 1);
        }
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
    }

    /// Whether there is room for as much again.
    fn is_little(&self, held: Held) -> bool {
        held.lines < self.lines_max / 2 && held.bytes < self.bytes_max / 2
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits for lines, lets more come for a moment, and swaps them for the empty `batch`; `done` is what the last batch
    /// held. `None` once the queue is closed and empty.
    fn take(&self, done: Held, batch: &mut Vec<(i64, Activity)>) -> Option<(Held, Lost)> {
        let mut state = self.lock();
        state.held.lines -= done.lines;
        state.held.bytes -= done.bytes;
        while state.lines.is_empty() && state.lost.count == 0 {
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let may_wait = |state: &mut State| !state.closed && self.is_little(state.held);
        state = match self.changed.wait_timeout_while(state, LINGER, may_wait) {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        };
        std::mem::swap(&mut state.lines, batch);
        Some((state.held, std::mem::take(&mut state.lost)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held; if something did, the state is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch that was larger than this gives its memory back.
const BATCH_KEPT: usize = 256;

/// The thread.
fn write(queue: &Queue, mut file: LogFile) {
    let mut batch = Vec::new();
    let mut done = Held::default();
    while let Some((held, lost)) = queue.take(done, &mut batch) {
        file.write(&batch);
        // What was lost came when the queue was full of what has just been written.
        file.lost(lost);
        done = held;
        batch.clear();
        batch.shrink_to(BATCH_KEPT);
    }
}
