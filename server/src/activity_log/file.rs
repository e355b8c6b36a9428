//! The file behind the activity log: appended to, turned over at a size, and never trusted to work.
#![expect(
    clippy::disallowed_methods,
    reason = "this runs on the activity log's own thread, and it is what the thread is for"
)]

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::queue::{Held, Lost};
use super::{Activity, line};

/// How many old files are kept: `logs.json.1`, the newest, to `logs.json.5`.
const OLD_FILES: u32 = 5;

/// So many bytes are collected for one write: enough to make it cheap, and little to keep for the next one.
const WRITE_BYTES: usize = 16 * 1024;

/// The file, and what went wrong with it.
pub(super) struct LogFile {
    path: PathBuf,
    /// Where it is turned over, in bytes.
    turn_at: u64,
    /// `None` before the first line, and after an error: the next line opens it anew, which is all that can be tried.
    open: Option<Open>,
    /// Lines that are made and not written yet.
    buffer: Vec<u8>,
    /// When the first of them was recorded.
    buffer_since: i64,
    lost: Lost,
    tell: Box<dyn FnMut(&str) + Send>,
    /// Whether `tell` knows that it does not work.
    told: bool,
    /// Whether `tell` knows that it cannot be turned over.
    turn_told: bool,
}

struct Open {
    file: File,
    bytes: u64,
    turn_at: u64,
    /// Which file it is, by the system's reckoning.
    identity: Option<Identity>,
}

impl LogFile {
    pub(super) fn new(path: PathBuf, turn_at: u64, tell: Box<dyn FnMut(&str) + Send>) -> Self {
        let buffer = Vec::new();
        Self {
            path,
            turn_at,
            open: None,
            buffer,
            buffer_since: 0,
            lost: Lost::default(),
            tell,
            told: false,
            turn_told: false,
        }
    }

    /// Lets go of the file, which somebody may have renamed, and opens what bears its name now, so that whoever renamed
    /// it sees the new one at once.
    pub(super) fn reopen(&mut self, turn_at: u64) {
        self.turn_at = turn_at;
        self.open = None;
        if let Err(error) = self.ready() {
            self.settle(Err(error));
        }
    }

    /// Writes these lines, or counts them as lost. `done` is told again and again how much needs no memory any more:
    /// who waits for the last of a long batch before there is room for others loses some of a burst.
    pub(super) fn write(&mut self, lines: &mut Vec<(i64, Activity)>, done: &mut dyn FnMut(Held)) {
        let Some((first, _)) = lines.first() else { return };
        // Somebody may have renamed or removed it without a word. What is written to a file that has no name any more
        // is read by nobody; to ask once for all these lines costs less than the least of them.
        if self.open.as_ref().is_some_and(|open| !open.bears(&self.path)) {
            self.open = None;
        }
        // Before anything else, because only an open file tells how full it is.
        if let Err(error) = self.ready() {
            self.lost.add(*first, lines.len() as u64);
            self.settle(Err(error));
            lines.drain(..).for_each(|(_, activity)| done(Held::of(&activity)));
            return;
        }
        let mut collected = Held::default();
        for (at, activity) in lines.drain(..) {
            let before = self.buffer.len();
            if before == 0 {
                self.buffer_since = at;
            }
            line::write(&mut self.buffer, at, &activity);
            if self.is_full() && (before > 0 || self.bytes() > 0) {
                // This line belongs to the next file.
                let line = self.buffer.split_off(before);
                self.flush();
                done(std::mem::take(&mut collected));
                self.turn();
                self.buffer = line;
                self.buffer_since = at;
            }
            collected.add(Held::of(&activity));
            if self.buffer.len() >= WRITE_BYTES {
                self.flush();
                done(std::mem::take(&mut collected));
            }
        }
        self.flush();
        done(collected);
        self.buffer.shrink_to(WRITE_BYTES);
    }

    /// Says in the file that lines are missing, now or when it works again.
    pub(super) fn lost(&mut self, lost: Lost) {
        if lost.count > 0 {
            self.lost.add(lost.since, lost.count);
        }
        self.admit_losses();
    }

    /// Whether nothing is missing any more that the file does not tell.
    fn admit_losses(&mut self) -> bool {
        if self.lost.count == 0 {
            return true;
        }
        let mut line = Vec::new();
        line::write_lost(&mut line, self.lost.since, self.lost.count);
        match self.append(&line) {
            Ok(()) => {
                self.lost = Lost::default();
                true
            }
            Err((error, _)) => {
                self.settle(Err(error));
                false
            }
        }
    }

    /// Writes what is collected. Afterwards there is nothing, one way or the other.
    fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut written = 0;
        // The line about a gap stands in the gap: nothing is written behind it before.
        if self.admit_losses() {
            let result = self.append(&buffer);
            written = result.as_ref().err().map_or(buffer.len(), |(_, written)| *written);
            self.settle(result.map_err(|(error, _)| error));
        }
        // Each line has one newline, its last byte; so a line that was cut counts as lost.
        let lines = buffer[written..].iter().filter(|byte| **byte == b'\n').count();
        if lines > 0 {
            self.lost.add(self.buffer_since, lines as u64);
        }
        buffer.clear();
        self.buffer = buffer;
    }

    /// Appends bytes; an error comes with how many of them were written.
    fn append(&mut self, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
        let open = self.ready().map_err(|error| (error, 0))?;
        let mut written = 0;
        let mut result = Ok(());
        // Not `write_all`: which lines are lost depends on how far it came.
        while written < bytes.len() && result.is_ok() {
            match open.file.write(&bytes[written..]) {
                Ok(0) => result = Err(io::ErrorKind::WriteZero.into()),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => result = Err(error),
            }
        }
        open.bytes += written as u64;
        result.map_err(|error| {
            self.open = None;
            (error, written)
        })
    }

    /// The file, opened if it is not.
    fn ready(&mut self) -> io::Result<&mut Open> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.path, self.turn_at)?,
        };
        Ok(self.open.insert(open))
    }

    fn bytes(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.bytes)
    }

    fn is_full(&self) -> bool {
        let turn_at = self.open.as_ref().map_or(self.turn_at, |open| open.turn_at);
        self.bytes().saturating_add(self.buffer.len() as u64) > turn_at
    }

    /// Makes `logs.json` the newest of the old files. If that cannot be done, the file grows on: it is better to have
    /// one that is too long than none.
    fn turn(&mut self) {
        // Closed first: not every system renames a file that is open.
        let Some(Open { bytes, .. }) = self.open.take() else { return };
        let result = shift(&self.path);
        if let Err(error) = &result {
            if !self.turn_told {
                let path = self.path.display();
                (self.tell)(&format!("cannot turn over the activity log {path}: {error}; it goes on growing"));
            }
            if let Ok(open) = self.ready() {
                // Not at every line, but when as much has come again.
                open.turn_at = open.turn_at.saturating_add(bytes);
            }
        }
        self.turn_told = result.is_err();
    }

    /// Tells about the first of several errors, and about the end of them. The line about a gap is too short to prove
    /// that: on a disk that is nearly full, it fits where nothing else does.
    fn settle(&mut self, result: io::Result<()>) {
        let failed = result.is_err();
        match result {
            Err(error) if !self.told => {
                let path = self.path.display();
                (self.tell)(&format!("cannot write the activity log {path}: {error}; the chat goes on without it"));
            }
            Ok(()) if self.told => {
                (self.tell)(&format!("the activity log {} is written again", self.path.display()));
            }
            _ => {}
        }
        self.told = failed;
    }
}

impl Open {
    fn new(path: &Path, turn_at: u64) -> io::Result<Self> {
        let mut file = private(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
        let about = file.metadata()?;
        let (mut bytes, identity) = (about.len(), identity(&about));
        // What a crash or a full disk left of a line must not swallow the next one.
        if bytes > 0 && last_byte(&mut file)? != b'\n' {
            file.write_all(b"\n")?;
            bytes += 1;
        }
        Ok(Self { file, bytes, turn_at, identity })
    }

    /// Whether the name is still this file's. If the system does not say, it is.
    fn bears(&self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(about) => identity(&about) == self.identity,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }
}

/// Device and inode, where there are such things.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(about: &fs::Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Option<Identity> {
    None
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// `.4` becomes `.5`, and so on; the file itself becomes `.1`.
fn shift(path: &Path) -> io::Result<()> {
    let old = |number: u32| {
        let mut name = OsString::from(path);
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..OLD_FILES).rev() {
        match fs::rename(old(number), old(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, old(1))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    // What people said is in it.
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
