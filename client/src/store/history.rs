//! `tertulia.db`: what a window keeps of its servers, so that it opens without one and loses nothing.
//!
//! One SQLite file a profile, with everything of each server under that server's chat key. Owns the rows; what they mean
//! is the session's business, which gives [`Batch`]es and starts from [`Saved`]. **Invariant:** a batch is kept as a
//! whole or not at all, in the order given; what is erased is overwritten in the file (`secure_delete`). Entries of
//! kinds that we do not know are kept as they came.

mod apply;
mod cut;
mod open;
mod rows;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, TransactionBehavior};
use tertulia_protocol::{Entry, PublicKey, RoomId, Rseq};

use crate::session::{Batch, Loaded, Saved};

/// The file, open.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    path: PathBuf,
    fault: bool,
}

impl History {
    /// Opens the file, or makes it; brings an older one to the present form.
    ///
    /// # Errors
    /// A newer version of the program has made it, or it cannot be used.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let connection = open::file(path)?;
        Ok(Self { connection, path: path.to_owned(), fault: false })
    }

    /// One that lasts as long as the program, for tests and for the simulation.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory() -> Result<Self, HistoryError> {
        let path = PathBuf::from(":memory:");
        Ok(Self { connection: open::memory(&path)?, path, fault: false })
    }

    /// Everything that is kept of a server, but the entries.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn saved(&mut self, server: &PublicKey) -> Result<Saved, HistoryError> {
        self.read(|connection| rows::saved(connection, server))
    }

    /// Keeps a batch: all of it, or nothing. On return it outlasts the program, and, if something to be sent is in it, a
    /// power cut.
    ///
    /// # Errors
    /// It was not kept. It may be tried again.
    pub fn keep(&mut self, server: &PublicKey, batch: &Batch) -> Result<(), HistoryError> {
        let explain = |path: &Path, error: &rusqlite::Error| HistoryError::sqlite(path, error);
        if self.fault {
            return Err(HistoryError {
                path: self.path.clone(),
                why: HistoryFailure::Sqlite("a fault, asked for".into()),
            });
        }
        let path = &self.path;
        // What is lost by a power cut comes again from the server, in the same order; only what has not been there yet
        // is worth waiting for the disk.
        let synchronous = if batch.iter().any(apply::comes_from_here) { "FULL" } else { "NORMAL" };
        self.connection.pragma_update(None, "synchronous", synchronous).map_err(|error| explain(path, &error))?;
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| explain(path, &error))?;
        let erased = apply::batch(&transaction, server, batch).map_err(|error| explain(path, &error))?;
        transaction.commit().map_err(|error| explain(path, &error))?;
        if erased {
            // The journal beside the file still holds what was erased. Should this fail, the next one does it.
            open::cut_journal_off(&self.connection);
        }
        Ok(())
    }

    /// The entries of a range that are there, and what else is about them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn load(&mut self, server: &PublicKey, room: RoomId, from: Rseq, to: Rseq) -> Result<Loaded, HistoryError> {
        self.read(|connection| rows::load(connection, server, room, from, to))
    }

    /// The entries that a log which was set back has taken from us, in the order of that log, at most so many.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lost(&mut self, server: &PublicKey, most: u32) -> Result<Vec<(RoomId, Entry)>, HistoryError> {
        self.read(|connection| cut::lost(connection, server, most))
    }

    /// Lets every later batch fail, or no more. For tests.
    #[doc(hidden)]
    pub fn set_fault(&mut self, fault: bool) {
        self.fault = fault;
    }

    fn read<T>(&mut self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, HistoryError> {
        // One transaction, so that nothing changes between two statements.
        let explain = |error: &rusqlite::Error| HistoryError::sqlite(&self.path, error);
        let transaction = self.connection.transaction().map_err(|error| explain(&error))?;
        read(&transaction).map_err(|error| explain(&error))
    }
}

/// What is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub why: HistoryFailure,
}

/// What can be wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryFailure {
    /// A newer version of the program has made it.
    Newer,
    /// SQLite says no; its words.
    Sqlite(String),
}

impl HistoryError {
    fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        Self { path: path.to_owned(), why: HistoryFailure::Sqlite(error.to_string()) }
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            HistoryFailure::Newer => write!(
                f,
                "{path} was made by a newer version of this program: start that one, or move the file away to start anew"
            ),
            HistoryFailure::Sqlite(error) => write!(f, "{path}: {error}"),
        }
    }
}

impl std::error::Error for HistoryError {}

#[cfg(test)]
mod tests;
