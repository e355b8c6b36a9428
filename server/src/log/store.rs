//! The rows: what the log looks like in one SQLite file, written and read by whoever owns the connection.
//!
//! [`Store`] is the one connection that writes; `Rows` reads beside it. Nothing else in the server speaks SQL about
//! the log, and nothing else knows what SQLite's error codes mean: here they become "the disk is full", "not now" or
//! "what is durable is not known any more". **Invariant:** one `Store` a file, and only it checkpoints (two writers that
//! checkpoint at once are what has corrupted WAL files before). No thread and no queue: those are [`super::local`]'s.

mod check;
mod copy;
mod derived;
mod entries;
mod find;
mod later;
mod marks;
mod open;
mod place;
mod snapshot;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, config::DbConfig, ffi};
use tertulia_protocol::Seq;

pub(super) use derived::{Backlog, StepSize};
pub(super) use entries::Rows;
pub(super) use later::Since;
pub use open::{OpenError, OpenFailure};
pub use snapshot::{Snapshot, copy_to, put_in_place};

use copy::IfThere;
use entries::{each_entry, encode_mentions, find};
use place::Place;

use super::{Draft, Entry, FailureKind, Stored};
use crate::ballast::Ballast;

const INSERT: &str = "INSERT INTO log (seq, at, author, device, cid, room, kind, target, mentions, body) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (cid, author) DO NOTHING";

thread_local! {
    /// How many pages the WAL held after this thread's last commit: SQLite tells it to a plain function only.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// The file of the log, open for writing.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    place: Place,
    last: Seq,
    ballast: Option<Ballast>,
    fault: Option<Fault>,
}

/// A disk that misbehaves on request, for tests.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file may not grow.
    Full,
    /// Another program holds the file.
    Busy,
    /// The next commit fails as a failed fsync does.
    Sync,
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Placed(Seq),
    Duplicate(Stored),
}

/// Why a transaction did not happen.
#[derive(Debug)]
pub(super) enum WriteError {
    /// It left no trace, and may be tried again.
    Failed(FailureKind),
    /// Nobody knows what is on the disk.
    Broken(String),
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(why) => why.fmt(f),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl Store {
    /// Opens the file, or makes it; brings an older one to the present form.
    ///
    /// # Errors
    /// The file cannot be used; the error tells an operator why, and what to do.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = open::for_writing(path)?;
        let last = open::last(&connection, path)?;
        Ok(Self { connection, path: path.to_owned(), place: Place::of(path), last, ballast: None, fault: None })
    }

    /// Gives it room to let go of when the disk is full.
    #[must_use]
    pub fn with_ballast(self, ballast: Ballast) -> Self {
        Self { ballast: Some(ballast), ..self }
    }

    /// The place of the newest entry; 0 if there is none.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.last
    }

    /// What the server keeps under this name, outside the log.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, OpenError> {
        let value = self.connection.query_row("SELECT value FROM server WHERE key = ?1", [key], |row| row.get(0));
        value.optional().map_err(|error| OpenError::new(&self.path, &error))
    }

    /// Keeps a value under this name, outside the log; durable on return.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&self, key: &str, value: &[u8]) -> Result<(), OpenError> {
        let sql = "INSERT INTO server (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        self.connection.execute(sql, (key, value)).map_err(|error| OpenError::new(&self.path, &error))?;
        Ok(())
    }

    /// Shows all entries from a place on, in order. Always the same [`Entry`] filled anew, so that a million of them
    /// cost no allocation each.
    ///
    /// # Errors
    /// `each` refused an entry; or the file is damaged, and a hole among the places is damage too.
    pub fn for_each<E: From<OpenError>>(&self, from: Seq, each: impl FnMut(&Entry) -> Result<(), E>) -> Result<(), E> {
        each_entry(&self.connection, &self.path, from, self.last, each)
    }

    /// Stores one draft for good, where no writer runs: before a start.
    ///
    /// # Errors
    /// It was not stored.
    pub fn append_now(&mut self, draft: &Draft) -> Result<(), OpenError> {
        let stored = self.append(std::slice::from_ref(draft), &mut Vec::new());
        stored.map_err(|error| OpenError { path: self.path.clone(), why: OpenFailure::Other(error.to_string()) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Stores drafts in one transaction with one fsync, and says for each what became of it. Numbers move on only when
    /// the transaction has: a failed one leaves no hole.
    pub(super) fn append(&mut self, drafts: &[Draft], outcomes: &mut Vec<Outcome>) -> Result<(), WriteError> {
        outcomes.clear();
        match self.transaction(drafts, outcomes) {
            Ok(last) => {
                self.last = last;
                self.place.check().map_err(WriteError::Broken)
            }
            Err(error) => {
                outcomes.clear();
                // SQLite has rolled back some errors by itself; ending a transaction that is not there would be an
                // error, leaving one open would swallow the next.
                if !self.connection.is_autocommit()
                    && let Err(second) = self.connection.execute_batch("ROLLBACK")
                {
                    return Err(WriteError::Broken(format!("{error}; then {second}")));
                }
                Err(judge(&error))
            }
        }
    }

    fn transaction(&self, drafts: &[Draft], outcomes: &mut Vec<Outcome>) -> rusqlite::Result<Seq> {
        let connection = &self.connection;
        let mut last = self.last;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut insert = connection.prepare_cached(INSERT)?;
        for draft in drafts {
            let seq = Seq(last.0 + 1);
            let mentions = encode_mentions(&draft.mentions);
            let stored = insert.execute((
                seq.0.cast_signed(),
                draft.at,
                draft.author.0.cast_signed(),
                draft.device.0.cast_signed(),
                draft.cid.0.as_slice(),
                draft.room.0.cast_signed(),
                draft.kind.0,
                draft.target.map(|rseq| rseq.0.cast_signed()),
                mentions.as_deref(),
                draft.body.as_slice(),
            ))?;
            if stored == 1 {
                last = seq;
                outcomes.push(Outcome::Placed(seq));
            } else {
                let first = find(connection, draft.author, draft.cid)?;
                outcomes.push(Outcome::Duplicate(first.ok_or(rusqlite::Error::QueryReturnedNoRows)?));
            }
        }
        match self.fault {
            Some(Fault::Busy) => return Err(failure(ffi::SQLITE_BUSY)),
            Some(Fault::Sync) => return Err(failure(ffi::SQLITE_IOERR_FSYNC)),
            Some(Fault::Full) | None => {}
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(last)
    }

    /// How many pages wait in the WAL. Only for the thread that appends.
    pub(super) fn wal_pages(&self) -> u32 {
        WAL_PAGES.get()
    }

    /// Moves what the WAL holds into the file, as far as no reader is in the way. The entries are durable before and
    /// after; a full disk or a busy reader only means later.
    pub(super) fn checkpoint(&mut self) -> Result<(), WriteError> {
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        let moved = self.connection.query_row(sql, [], |row| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?));
        match moved {
            Ok(true) => WAL_PAGES.set(0),
            Ok(false) => {}
            Err(error) => {
                if let broken @ WriteError::Broken(_) = judge(&error) {
                    return Err(broken);
                }
            }
        }
        Ok(())
    }

    /// Moves all that the WAL holds into the file and cuts the WAL off, so that nothing erased is left in it. Says whether
    /// that was possible; if somebody is reading, it is not.
    pub(super) fn truncate_wal(&mut self) -> Result<bool, WriteError> {
        let patience = |patience| self.connection.busy_timeout(patience);
        let truncated = patience(Duration::ZERO).and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        });
        let restored = patience(open::BUSY_TIMEOUT);
        match truncated.and_then(|busy| restored.map(|()| busy == 0)) {
            Ok(true) => {
                WAL_PAGES.set(0);
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => match judge(&error) {
                broken @ WriteError::Broken(_) => Err(broken),
                WriteError::Failed(_) => Ok(false),
            },
        }
    }

    /// The disk is full: lets go of the ballast, so that deletions still fit.
    pub(super) fn release_ballast(&self) {
        if let Some(ballast) = &self.ballast {
            ballast.release();
        }
    }

    /// Whether entries can be stored again after the disk was full: the file may grow. The ballast is taken back if there
    /// is room for it, too; a disk that is smaller than its ballast is no reason to store nothing.
    pub(super) fn probe(&mut self) -> Result<bool, WriteError> {
        if let Some(ballast) = &self.ballast
            && ballast.make().is_err()
        {
            ballast.release();
        }
        let connection = &self.connection;
        let trial = connection.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
            let sql = "INSERT INTO server (key, value) VALUES ('probe', zeroblob(262144))";
            connection.execute(sql, []).map(drop)
        });
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").map_err(|error| WriteError::Broken(error.to_string()))?;
        }
        match trial.map_err(|error| judge(&error)) {
            Ok(()) => Ok(true),
            Err(WriteError::Failed(_)) => {
                self.release_ballast();
                Ok(false)
            }
            Err(broken) => Err(broken),
        }
    }

    /// An ordered end: everything into the file, the WAL empty. If that fails, the next start does it. The empty WAL and
    /// its index stay: their room is what a start on a full disk needs.
    pub(super) fn close(self) {
        drop(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        drop(self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
    }

    /// The end after [`WriteError::Broken`]: nothing more is written, not even by closing.
    pub(super) fn abandon(self) {
        drop(self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
    }

    /// Makes the disk misbehave, or mends it.
    pub(super) fn inject(&mut self, fault: Option<Fault>) {
        self.fault = fault;
        let pages = if fault == Some(Fault::Full) { 1_u32 } else { u32::MAX - 1 };
        drop(self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())));
    }
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

/// Only what surely left no trace may be tried again. Whatever is not known to be harmless is not: an I/O error at a
/// commit may have lost earlier pages as well, a second writer has broken the numbering, a moved file is not the log.
fn judge(error: &rusqlite::Error) -> WriteError {
    if open::is_disk_full(error) {
        return WriteError::Failed(FailureKind::DiskFull);
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory | ErrorCode::TooBig) => {
            WriteError::Failed(FailureKind::Refused)
        }
        Some(ErrorCode::SystemIoFailure) => WriteError::Broken(format!(
            "{error}. What was acknowledged is stored; look after the disk and start the server again"
        )),
        _ => WriteError::Broken(error.to_string()),
    }
}
