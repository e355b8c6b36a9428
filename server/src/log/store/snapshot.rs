//! The file as of one moment, for tasks that only read it, also beside a server that runs.

use std::path::Path;

use super::open::{self, OpenError, OpenFailure};
use super::{IfThere, copy, entries::each_entry};
use crate::log::{Entry, Seq};

/// The file as of one moment. While it lives the server's WAL grows: not for long.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) connection: rusqlite::Connection,
    pub(super) path: std::path::PathBuf,
}

impl Snapshot {
    /// Opens a file that a server of this version made.
    ///
    /// # Errors
    /// It cannot be read, or is not ours, or of another version.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = open::for_reading(path)?;
        let explain = |error| OpenError::new(path, &error);
        open::whose(&connection, path)?;
        connection.execute_batch("BEGIN").map_err(explain)?;
        let version =
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0)).map_err(explain)?;
        if usize::try_from(version) != Ok(open::VERSION) {
            let why = "an older version of the server has written this database; start the server once";
            return Err(OpenError { path: path.to_owned(), why: OpenFailure::Other(why.into()) });
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Shows all entries, in order.
    ///
    /// # Errors
    /// `each` refused one; or the file is damaged, and a hole among the places is damage too.
    pub fn for_each<E: From<OpenError>>(&self, each: impl FnMut(&Entry) -> Result<(), E>) -> Result<(), E> {
        let last = open::last(&self.connection, &self.path)?;
        each_entry(&self.connection, &self.path, Seq(1), last, each)
    }

    /// Up to which place the derived work is done.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn derived_upto(&self) -> Result<Seq, OpenError> {
        open::derived_upto(&self.connection, &self.path)
    }

    /// What is wrong with the file as a file: SQLite's own checks, that of the search index among them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn check_file(&self) -> Result<Vec<String>, OpenError> {
        let lines = || {
            let mut statement = self.connection.prepare("PRAGMA integrity_check (20)")?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            lines.collect::<Result<Vec<_>, _>>()
        };
        let mut lines = lines().map_err(|error| OpenError::new(&self.path, &error))?;
        lines.retain(|line| line != "ok");
        Ok(lines)
    }
}

/// Copies a file of ours, of whatever version, while others use it.
///
/// # Errors
/// There is a file of that name already; or one of the two cannot be used.
pub fn copy_to(from: &Path, to: &Path) -> Result<(), OpenError> {
    if copy::is_there(to) {
        return Err(copy::there_already(to));
    }
    let connection = open::for_reading(from)?;
    open::whose(&connection, from)?;
    // SQLite would not let it write the copy either. The file itself is open for reading only.
    connection.execute_batch("PRAGMA query_only = OFF").map_err(|error| OpenError::new(from, &error))?;
    copy::make(&connection, to, IfThere::Refuse)
}

/// Gives a file that was prepared beside it the place of the database, which is empty.
///
/// # Errors
/// The disk did not take it.
pub fn put_in_place(prepared: &Path, database: &Path) -> Result<(), OpenError> {
    copy::publish(prepared, database, IfThere::Replace).map_err(|error| OpenError::io(database, &error))
}
