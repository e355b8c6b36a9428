//! Opening the file: its form, its versions, its settings.
//!
//! Owns the schema. **Invariant:** a file that a newer version wrote is left as it was found.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};

use super::{HistoryError, HistoryFailure};

/// How long another program may hold the file (a backup) before that is an error.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Numbers of the protocol are unsigned and SQLite's are not: they are stored bit by bit. No place that a server gives
/// is large enough to matter.
const MIGRATIONS: &[M<'static>] = &[M::up(
    "PRAGMA application_id = 0x54655463;
     CREATE TABLE servers (
         id INTEGER PRIMARY KEY,
         key BLOB NOT NULL UNIQUE,
         since INTEGER NOT NULL DEFAULT 0,
         user INTEGER,
         name TEXT,
         set_back INTEGER
     ) STRICT;
     CREATE TABLE lineage (
         server INTEGER NOT NULL, at INTEGER NOT NULL, log BLOB NOT NULL, begins INTEGER NOT NULL,
         PRIMARY KEY (server, at)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE users (
         server INTEGER NOT NULL, user INTEGER NOT NULL, name TEXT NOT NULL, hue INTEGER,
         PRIMARY KEY (server, user)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE rooms (
         server INTEGER NOT NULL, room INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL,
         head INTEGER NOT NULL, count INTEGER NOT NULL, topic TEXT, role INTEGER, mark INTEGER, mark_count INTEGER,
         mentions INTEGER, archived INTEGER, peer INTEGER, members INTEGER, keep_days INTEGER,
         gone INTEGER NOT NULL, read INTEGER NOT NULL,
         PRIMARY KEY (server, room)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE runs (
         server INTEGER NOT NULL, room INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
         known INTEGER NOT NULL,
         PRIMARY KEY (server, room, first)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE entries (
         server INTEGER NOT NULL, room INTEGER NOT NULL, rseq INTEGER NOT NULL, seq INTEGER NOT NULL,
         count INTEGER NOT NULL, at INTEGER NOT NULL, author INTEGER NOT NULL, device INTEGER NOT NULL,
         kind INTEGER NOT NULL, target INTEGER, mentions BLOB, body BLOB NOT NULL,
         PRIMARY KEY (server, room, rseq)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX entries_target ON entries (server, room, target) WHERE target IS NOT NULL;
     CREATE TABLE lost (
         server INTEGER NOT NULL, room INTEGER NOT NULL, rseq INTEGER NOT NULL, seq INTEGER NOT NULL,
         count INTEGER NOT NULL, at INTEGER NOT NULL, author INTEGER NOT NULL, device INTEGER NOT NULL,
         kind INTEGER NOT NULL, target INTEGER, mentions BLOB, body BLOB NOT NULL
     ) STRICT;
     CREATE TABLE outbox (
         place INTEGER PRIMARY KEY AUTOINCREMENT,
         server INTEGER NOT NULL, cid BLOB NOT NULL, room INTEGER NOT NULL, kind INTEGER NOT NULL, target INTEGER,
         mentions BLOB, body BLOB NOT NULL, code INTEGER, params TEXT,
         UNIQUE (server, cid)
     ) STRICT;
     CREATE TABLE drafts (
         server INTEGER NOT NULL, room INTEGER NOT NULL, text TEXT NOT NULL, answers INTEGER,
         PRIMARY KEY (server, room)
     ) STRICT, WITHOUT ROWID;",
)];

/// Erased means erased; nothing lies beside the file in a temporary directory; a schema that somebody tampered with
/// runs no functions.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA fullfsync = ON;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -1024;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;";

pub(super) fn file(path: &Path) -> Result<Connection, HistoryError> {
    let explain = |error: rusqlite::Error| HistoryError::sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags).map_err(explain)?, path)
}

pub(super) fn memory(path: &Path) -> Result<Connection, HistoryError> {
    prepare(Connection::open_in_memory().map_err(|error| HistoryError::sqlite(path, &error))?, path)
}

fn prepare(mut connection: Connection, path: &Path) -> Result<Connection, HistoryError> {
    let explain = |error: rusqlite::Error| HistoryError::sqlite(path, &error);
    let migrations = Migrations::from_slice(MIGRATIONS);
    // Before anything is written: a newer file is not ours to touch.
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(explain)?;
    if usize::try_from(version).is_ok_and(|version| version > MIGRATIONS.len()) {
        return Err(HistoryError { path: path.to_owned(), why: HistoryFailure::Newer });
    }
    connection.busy_timeout(BUSY_TIMEOUT).map_err(explain)?;
    connection.execute_batch(SETTINGS).map_err(explain)?;
    connection.set_prepared_statement_cache_capacity(64);
    migrations.to_latest(&mut connection).map_err(|error| match error {
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            HistoryError { path: path.to_owned(), why: HistoryFailure::Newer }
        }
        other => HistoryError { path: path.to_owned(), why: HistoryFailure::Sqlite(other.to_string()) },
    })?;
    cut_journal_off(&connection);
    Ok(connection)
}

/// Moves what stands in the journal beside the file into the file, and empties it: what was erased may still stand there,
/// also from before a kill. Should this fail, the next one does it.
pub(super) fn cut_journal_off(connection: &Connection) {
    let _ = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
}
