//! Opening the file: what it must be, how it is set up, and what an operator is told when it cannot be used.
//!
//! Owns the schema and its migrations, and the settings of both connections. **Invariant:** a file that is not ours, or
//! that a newer version wrote, is left as it was found, byte for byte.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::copy::IfThere;
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig, ffi};
use rusqlite_migration::{M, Migrations};
use tertulia_protocol::Seq;

/// Older ones can corrupt a WAL that is checkpointed while it is reset (fixed in 3.51.3).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Tells `file` and other programs whose database this is: "TeRt".
const APPLICATION_ID: i32 = 0x5465_5274;

/// How long a backup tool may hold the file before a write counts as refused.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The unique index begins with the `cid`, not with the author: time is what UUIDv7 begin with, so everybody's new
/// entries land on the same last page of the index instead of on one page a person.
const MIGRATIONS: &[M<'static>] = &[
    M::up(
        "PRAGMA application_id = 0x54655274;
     CREATE TABLE log (
         seq INTEGER PRIMARY KEY,
         at INTEGER NOT NULL,
         author INTEGER NOT NULL,
         device INTEGER NOT NULL,
         cid BLOB NOT NULL,
         room INTEGER NOT NULL,
         kind INTEGER NOT NULL,
         target INTEGER,
         mentions BLOB,
         body BLOB NOT NULL
     ) STRICT;
     CREATE UNIQUE INDEX log_cid_author ON log (cid, author);
     CREATE TABLE server (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    ),
    M::up(LATER_AND_SEARCH),
    M::up(EDITS_APART),
];

/// The version of the form that this program writes.
pub(super) const VERSION: usize = MIGRATIONS.len();

/// Version 2. The index of what is said later holds nothing for a message, which is what nearly every entry is. The index
/// of words (see `derived`) has no columns of its own: rooms, authors and times stand in the log, `texts` says by which
/// entry's text a message is found and whether there is a link in it. Beginnings of one and two letters have an index of
/// their own, for they are the beginnings of very many words. `derived` says up to where all this is done.
const LATER_AND_SEARCH: &str = "
    CREATE INDEX log_later ON log (room, target) WHERE kind BETWEEN 257 AND 260;
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', columnsize = 0, prefix = '1 2', tokenize = 'unicode61 remove_diacritics 2'
    );
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    CREATE TABLE texts (seq INTEGER PRIMARY KEY, shown INTEGER NOT NULL, link INTEGER NOT NULL) STRICT;
    CREATE TABLE expired (room INTEGER PRIMARY KEY, upto INTEGER NOT NULL) STRICT;
    CREATE TABLE marks (
        user INTEGER NOT NULL,
        room INTEGER NOT NULL,
        rseq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (user, room)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE derived (done_upto INTEGER NOT NULL) STRICT;
    INSERT INTO derived (done_upto) VALUES (0);";

/// Version 3. Edits and deletions have an index of their own, so that they are found under any number of reactions. What is
/// erased is in neither: so what was refused, however often, stands in nobody's way.
const EDITS_APART: &str = "
    DROP INDEX log_later;
    CREATE INDEX log_edits ON log (room, target) WHERE kind BETWEEN 257 AND 258 AND length(body) > 0;
    CREATE INDEX log_reactions ON log (room, target) WHERE kind BETWEEN 259 AND 260 AND length(body) > 0;";

/// Why each: `synchronous` FULL is the fsync at every commit that an acknowledgement stands for (and `fullfsync` the
/// same where plain fsync lies); the checkpoints are the writer's, at moments of its choice; a WAL grown by a burst is
/// cut back; erased means erased; a cache of 1 MiB a connection and no mapped file, for a box with little memory;
/// nothing beside the file in a temporary directory; and a schema that somebody tampered with runs no functions.
const WRITER_SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -1024;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;";

const READER_SETTINGS: &str = "
    PRAGMA query_only = ON;
    PRAGMA cache_size = -1024;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;";

/// The data file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: OpenFailure,
}

/// What is wrong with a data file. Each says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenFailure {
    /// The program was built with an SQLite that can corrupt files.
    OldSqlite,
    /// It is a file of another sort.
    NotADatabase,
    /// It is a database of another program.
    NotOurs,
    /// It is ours, and broken.
    Damaged(String),
    /// A newer version of the server has written it.
    Newer,
    /// The directory does not exist.
    NoDirectory,
    /// The user that the server runs as may not write there, or nobody may.
    NoRights,
    /// There are no file descriptors left for it.
    NoDescriptors,
    /// The disk is full.
    DiskFull,
    /// Another program holds it.
    Locked,
    /// Something else.
    Other(String),
}

impl OpenError {
    pub(super) fn new(path: &Path, error: &rusqlite::Error) -> Self {
        let is_closed_to_us = error.sqlite_error_code() == Some(ErrorCode::CannotOpen);
        let why = if is_closed_to_us && are_descriptors_out(path) {
            OpenFailure::NoDescriptors
        } else {
            OpenFailure::from_sqlite(error)
        };
        Self { path: path.to_owned(), why }
    }

    pub(in crate::log) fn io(path: &Path, error: &io::Error) -> Self {
        Self { path: path.to_owned(), why: OpenFailure::from_io(error) }
    }
}

impl OpenFailure {
    fn from_sqlite(error: &rusqlite::Error) -> Self {
        if is_disk_full(error) {
            return Self::DiskFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => Self::NoRights,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(_) => Self::Other(error.to_string()),
            // Not from SQLite: a row does not hold what a row holds.
            None => Self::Damaged(error.to_string()),
        }
    }

    fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NoRights,
            io::ErrorKind::NotFound => Self::NoDirectory,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            // EMFILE (24), ENFILE (23): too many open files here, or everywhere.
            _ if matches!(error.raw_os_error(), Some(23 | 24)) => Self::NoDescriptors,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.why {
            OpenFailure::OldSqlite => write!(
                f,
                "this program was built with SQLite {}, which can damage it; build it with the bundled SQLite",
                rusqlite::version()
            ),
            OpenFailure::NotADatabase => f.write_str(
                "this is not a database; move the file away to begin with an empty log, or put a backup in its place",
            ),
            OpenFailure::NotOurs => {
                f.write_str("this is the database of another program; choose another data directory")
            }
            OpenFailure::Damaged(how) => write!(
                f,
                "the database is damaged ({how}); check the disk, keep a copy of the file and of the -wal file beside \
                 it, and put a backup in its place"
            ),
            OpenFailure::Newer => {
                f.write_str("a newer version of the server has written this database; install that version again")
            }
            OpenFailure::NoDirectory => f.write_str("the directory does not exist; make it, or choose another one"),
            OpenFailure::NoRights => f.write_str(
                "it cannot be opened for writing; the user that the server runs as needs the right to write the file \
                 and its directory",
            ),
            OpenFailure::NoDescriptors => {
                f.write_str("there are no file descriptors left to open it; raise the limit on open files (ulimit -n)")
            }
            OpenFailure::DiskFull => f.write_str("the disk is full; make some room on it"),
            OpenFailure::Locked => {
                f.write_str("another program holds the database; end it (another server, a backup, an sqlite3 shell)")
            }
            OpenFailure::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for OpenError {}

/// Whether an error means that the disk is full. The index of the WAL is a file as well, and has an error of its own
/// when it cannot grow, which even a reader may meet.
pub(super) fn is_disk_full(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE)
}

/// Opens the one connection that writes.
pub(super) fn for_writing(path: &Path) -> Result<Connection, OpenError> {
    let refuse = |why| OpenError { path: path.to_owned(), why };
    let explain = |error| OpenError::new(path, &error);
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(refuse(OpenFailure::OldSqlite));
    }
    make_private(path).map_err(|error| OpenError::io(path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(explain)?;

    // Before anything is changed: whose file is it, and can we read it?
    let version = whose(&connection, path)?;

    let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
    if mode.map_err(explain)? != "wal" {
        let why = "the file system cannot share memory between programs (is it a network drive?); choose another one";
        return Err(refuse(OpenFailure::Other(why.to_owned())));
    }
    connection.execute_batch(WRITER_SETTINGS).map_err(explain)?;
    connection.set_prepared_statement_cache_capacity(64);
    if version > 0 && usize::try_from(version).is_ok_and(|version| version < VERSION) {
        let copy = path.with_extension(format!("db.v{version}-backup"));
        super::copy::make(&connection, &copy, IfThere::Replace)?;
    }
    Migrations::from_slice(MIGRATIONS).to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => explain(err),
        other => refuse(OpenFailure::Other(other.to_string())),
    })?;
    connection.wal_hook(Some(|_, pages| {
        super::WAL_PAGES.set(pages.unsigned_abs());
        Ok(())
    }));
    Ok(connection)
}

/// An empty one of the present form, to hold another one against. An error is told of that one.
pub(super) fn in_memory(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open_in_memory().map_err(|error| OpenError::new(path, &error))?;
    let made = Migrations::from_slice(MIGRATIONS).to_latest(&mut connection);
    made.map_err(|error| OpenError { path: path.to_owned(), why: OpenFailure::Other(error.to_string()) })?;
    Ok(connection)
}

/// Whose file it is: ours, and of which version, or nobody's yet (0).
pub(super) fn whose(connection: &Connection, path: &Path) -> Result<i32, OpenError> {
    let refuse = |why| OpenError { path: path.to_owned(), why };
    let explain = |error| OpenError::new(path, &error);
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(explain);
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(explain)?;
    if application != APPLICATION_ID && (application, version, tables) != (0, 0, 0) {
        return Err(refuse(OpenFailure::NotOurs));
    }
    if usize::try_from(version).is_ok_and(|version| version > VERSION) {
        return Err(refuse(OpenFailure::Newer));
    }
    Ok(version)
}

/// The place of the newest entry; 0 if there is none.
pub(super) fn last(connection: &Connection, path: &Path) -> Result<Seq, OpenError> {
    let last = connection.query_row("SELECT max(seq) FROM log", [], |row| row.get::<_, Option<i64>>(0));
    let last = last.map_err(|error| OpenError::new(path, &error))?;
    Ok(Seq(last.unwrap_or(0).cast_unsigned()))
}

/// Up to which place the derived work is done.
pub(super) fn derived_upto(connection: &Connection, path: &Path) -> Result<Seq, OpenError> {
    let upto = connection.query_row("SELECT done_upto FROM derived", [], |row| row.get::<_, i64>(0));
    upto.map(|upto| Seq(upto.cast_unsigned())).map_err(|error| OpenError::new(path, &error))
}

/// Opens a connection that reads, beside the one that writes.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    let explain = |error| OpenError::new(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(explain)?;
    connection.execute_batch(READER_SETTINGS).map_err(explain)?;
    connection.set_prepared_statement_cache_capacity(64);
    // It may be the last to close when the writer has given up, and must not finish its work.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(explain)?;
    Ok(connection)
}

/// Whether there are no descriptors: SQLite says no more than that it cannot open a file.
#[expect(clippy::disallowed_methods, reason = "it is opened to learn why it cannot be, and closed at once")]
fn are_descriptors_out(path: &Path) -> bool {
    std::fs::File::open(path).is_err_and(|error| OpenFailure::from_io(&error) == OpenFailure::NoDescriptors)
}

/// Makes the file, for nobody else to read: it holds what people say, and the server's key. SQLite gives the files
/// beside it the same rights.
#[expect(clippy::disallowed_methods, reason = "SQLite would make the file readable for everybody")]
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
