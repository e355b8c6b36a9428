//! What an operator does with the data while nobody chats by it: backups, restoring, verifying, exporting.
//!
//! Each task is one function of one file; [`run`] finds the right one. A backup, a verification and an export only
//! read, and may run beside the server; a restore holds the lock of the data directory, as a server does. **Invariant:**
//! nothing here overwrites a file that somebody else made.

mod backup;
mod export;
mod verify;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{data_dir::DATABASE_FILE, log::store::OpenError};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Copy the database.
    Backup {
        /// Where to; must not exist.
        file: PathBuf,
    },
    /// Go on from a copy.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// Hold the database against itself.
    Verify,
    /// Write what was said in a room, as JSON lines.
    Export {
        /// The room's name, or its number.
        room: String,
    },
}

/// Why a task was not done.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The data directory cannot be used.
    Unusable(String),
    /// Something is wrong, or broke on the way: one line each.
    Wrong(Vec<String>),
}

impl Trouble {
    fn wrong(what: impl fmt::Display) -> Self {
        Self::Wrong(vec![what.to_string()])
    }

    fn unusable(what: impl fmt::Display) -> Self {
        Self::Unusable(what.to_string())
    }
}

impl From<OpenError> for Trouble {
    fn from(error: OpenError) -> Self {
        Self::wrong(error)
    }
}

/// Does a task on a data directory. What it has to show goes to `out`, whose end is nobody's loss.
///
/// # Errors
/// It was not done, or something is wrong with the data.
pub fn run(task: &Task, data: &Path, out: &mut dyn Write) -> Result<(), Trouble> {
    let told = match task {
        Task::Backup { file } => backup::backup(&database(data)?, file).map(|()| Ok(())),
        Task::Restore { file } => backup::restore(data, file).map(|()| Ok(())),
        Task::Verify => verify::verify(&database(data)?).map(|told| out.write_all(told.as_bytes())),
        Task::Export { room } => export::export(&database(data)?, room, out),
    }?;
    match told.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::wrong(error)),
        _ => Ok(()),
    }
}

/// The database of a data directory, which has to be there.
#[expect(clippy::disallowed_methods, reason = "tasks are about files")]
fn database(data: &Path) -> Result<PathBuf, Trouble> {
    let path = data.join(DATABASE_FILE);
    match std::fs::metadata(&path) {
        Ok(about) if about.len() > 0 => Ok(path),
        Ok(_) => Err(Trouble::unusable(format_args!("{}: the database is empty", path.display()))),
        Err(error) => Err(Trouble::unusable(format_args!("{}: {error}", path.display()))),
    }
}
