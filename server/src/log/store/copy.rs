//! Copies of the file: whole and of one moment, made while others read and write it.
//!
//! A copy is written under a name of its own, brought to the disk, and only then gets the name that was asked for: who
//! finds a file of that name finds a whole one. It holds no free pages, so nothing that was erased.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::open::{OpenError, OpenFailure};

/// What to do if there is a file of the wanted name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum IfThere {
    Refuse,
    Replace,
}

/// Copies the database of a connection to a new file, for its owner alone.
pub(in crate::log) fn make(connection: &Connection, to: &Path, if_there: IfThere) -> Result<(), OpenError> {
    let partial = with_suffix(to, ".partial");
    let made = write(connection, &partial).and_then(|()| {
        publish(&partial, to, if_there).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => there_already(to),
            _ => OpenError::io(to, &error),
        })
    });
    if made.is_err() {
        remove(&partial);
    }
    made
}

pub(in crate::log) fn there_already(path: &Path) -> OpenError {
    let why = OpenFailure::Other("there is a file of this name already; move it away, or choose another name".into());
    OpenError { path: path.to_owned(), why }
}

pub(in crate::log) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write(connection: &Connection, partial: &Path) -> Result<(), OpenError> {
    // What an earlier attempt left is not whole.
    remove(partial);
    new_file(partial).map_err(|error| OpenError::io(partial, &error))?;
    let name = partial.to_str().ok_or_else(|| OpenError {
        path: partial.to_owned(),
        why: OpenFailure::Other("this name is not text in UTF-8; choose another one".into()),
    })?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| OpenError::new(partial, &error))?;
    Ok(())
}

/// SQLite writes into an empty file that is there, and would make one that everybody may read.
#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
pub(in crate::log) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
pub(in crate::log) fn publish(partial: &Path, to: &Path, if_there: IfThere) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    match if_there {
        IfThere::Replace => std::fs::rename(partial, to)?,
        // Unlike a renaming, this fails if somebody has just made a file of that name.
        IfThere::Refuse => match std::fs::hard_link(partial, to) {
            Ok(()) => std::fs::remove_file(partial)?,
            Err(error) if is_there(to) => return Err(error),
            // A file system without links, such as a memory stick's.
            Err(_) => std::fs::rename(partial, to)?,
        },
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
fn remove(path: &Path) {
    // It is mostly not there.
    _ = std::fs::remove_file(path);
}

/// Whether there is a file of this name.
#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
pub(in crate::log) fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}
