//! The data directory: made if it is absent, checked, and held by one server at a time.
//!
//! Nothing in it is for other people: what we make is for its owner alone (0700, files 0600). A directory that somebody
//! else prepared keeps its rights, because it may be one that others need to pass through; only one where anybody may
//! write is refused, for there anybody could replace the database. The database file is made here, empty, because
//! it holds the server's key and SQLite would make it readable for all.
#![expect(clippy::disallowed_methods, reason = "the one place where the data directory is made and locked")]

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::ballast::Ballast;

/// The configuration file's name in the data directory.
pub const CONFIG_FILE: &str = "tertulia.toml";

/// The database's name in the data directory.
pub const DATABASE_FILE: &str = "tertulia.db";

/// What a restore prepares, before it becomes the database: in the data directory, because it is given its place there.
pub const RESTORING_FILE: &str = "restoring.db";

/// The data directory, ours as long as this lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Locked, with our process id inside. The system lets go of it when the process ends, however it ends.
    lock: File,
}

impl DataDir {
    /// Makes the directory if it is absent, checks that we may work in it, and locks it.
    ///
    /// # Errors
    /// It is in use, or not usable; the text says which directory and what to do.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let refuse = |problem| DataDirError { path: path.to_owned(), problem };
        make(path).map_err(|error| refuse(Problem::Make(error)))?;
        let about = fs::metadata(path).map_err(|error| refuse(Problem::Use(error)))?;
        if !about.is_dir() {
            return Err(refuse(Problem::NotADirectory));
        }
        if anybody_may_write(&about) {
            return Err(refuse(Problem::AnybodyMayWrite));
        }
        let lock = lock(&path.join("lock")).map_err(refuse)?;
        private(OpenOptions::new().append(true).create(true))
            .open(path.join(DATABASE_FILE))
            .map_err(|error| refuse(Problem::Use(error)))?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database. It exists from the start; at first it is empty.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE_FILE)
    }

    /// Where a restore prepares what becomes the database.
    #[must_use]
    pub fn restoring(&self) -> PathBuf {
        self.path.join(RESTORING_FILE)
    }

    /// Removes what a restore prepared and did not come to use, with all that SQLite put beside it: each of these files is
    /// the whole history and the server's key, and a journal would find its way into the next database of that name.
    ///
    /// # Errors
    /// Something of it is still there; the text says what.
    pub fn clear_restoring(&self) -> Result<(), DataDirError> {
        let refuse = |problem| DataDirError { path: self.path.clone(), problem };
        for file in fs::read_dir(&self.path).map_err(|error| refuse(Problem::Use(error)))? {
            let name = file.map_err(|error| refuse(Problem::Use(error)))?.file_name();
            if name.to_str().is_some_and(is_of_a_restore) {
                match fs::remove_file(self.path.join(&name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(refuse(Problem::LeftOver(name, error)));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The ballast.
    #[must_use]
    pub fn ballast(&self, bytes: u64) -> Ballast {
        Ballast::new(self.path.join("ballast"), bytes)
    }

    /// The activity log.
    #[must_use]
    pub fn activity_log(&self) -> PathBuf {
        self.path.join("logs.json")
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Our number must not be told to somebody who is refused by the next server before it has written its own. The
        // file stays: who removes a lock file may remove the one that another has just locked.
        _ = self.lock.set_len(0);
    }
}

/// The file that is prepared, its journals, the copy of it before it was brought to the present form, and halves of copies.
fn is_of_a_restore(name: &str) -> bool {
    name.strip_prefix(RESTORING_FILE).is_some_and(|rest| {
        matches!(rest, "" | "-wal" | "-shm" | "-journal")
            || rest.strip_prefix('.').is_some_and(|rest| rest.ends_with("-backup") || rest.contains("partial"))
    })
}

fn lock(path: &Path) -> Result<File, Problem> {
    let mut file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(path)
        .map_err(Problem::Use)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut told = String::new();
            // At most a number: this file may be anything, if somebody put it there.
            _ = file.take(32).read_to_string(&mut told);
            return Err(Problem::InUse(told.trim().parse().ok()));
        }
        Err(TryLockError::Error(error)) => return Err(Problem::Lock(error)),
    }
    // For people only; the lock holds without it.
    _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(unix)]
fn anybody_may_write(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    about.mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn anybody_may_write(_: &fs::Metadata) -> bool {
    false
}

/// Why a directory cannot be the data directory; the program ends with 3.
#[derive(Debug)]
pub struct DataDirError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Make(io::Error),
    Use(io::Error),
    Lock(io::Error),
    NotADirectory,
    AnybodyMayWrite,
    InUse(Option<u32>),
    LeftOver(OsString, io::Error),
}

impl DataDirError {
    /// Whether another server holds the directory.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.problem, Problem::InUse(_))
    }
}

impl fmt::Display for DataDirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Make(error) => write!(f, "cannot make the data directory {path}: {error}"),
            Problem::Use(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                write!(
                    f,
                    "no right to write in the data directory {path}: it must belong to the user who runs the server"
                )
            }
            Problem::Use(error) => write!(f, "cannot use the data directory {path}: {error}"),
            Problem::Lock(error) => {
                write!(f, "cannot lock the data directory {path}: {error}; it must lie on a local disk")
            }
            Problem::NotADirectory => write!(f, "the data directory {path} is not a directory"),
            Problem::AnybodyMayWrite => {
                write!(f, "anybody may write in the data directory {path}: name one of its own, or run chmod o-w on it")
            }
            Problem::InUse(Some(pid)) => {
                write!(f, "another server is running on the data directory {path} (process {pid})")
            }
            Problem::InUse(None) => write!(f, "another server is running on the data directory {path}"),
            Problem::LeftOver(name, error) => write!(
                f,
                "{} was left by a restore that did not end, and cannot be removed: {error}; it holds everything that was \
                 said, and the server's key: remove it",
                self.path.join(name).display()
            ),
        }
    }
}

impl std::error::Error for DataDirError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Make(error) | Problem::Use(error) | Problem::Lock(error) | Problem::LeftOver(_, error) => {
                Some(error)
            }
            Problem::NotADirectory | Problem::AnybodyMayWrite | Problem::InUse(_) => None,
        }
    }
}
