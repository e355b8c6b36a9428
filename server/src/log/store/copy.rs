//! Copies of the file: whole and of one moment, made while others read and write it.
//!
//! A copy is written under a name of its own, brought to the disk, and only then gets the name that was asked for: who
//! finds a file of that name finds a whole one. It holds no free pages, so nothing that was erased. What is being written
//! is locked, so that several may copy to the same name, and the halves that nobody writes any more are told from the others.

use std::fs::{File, OpenOptions, TryLockError};
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
    clear_leftovers(to);
    // Locked as long as it lives.
    let (partial, _held) = new_partial(to)?;
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

/// Many more than copy to the same name at once.
const PARTIALS_MAX: u32 = 100;

/// A file of our own beside the wanted one, locked, and its name.
fn new_partial(to: &Path) -> Result<(PathBuf, File), OpenError> {
    let process = std::process::id();
    for number in 0..PARTIALS_MAX {
        let partial = with_suffix(to, &format!(".partial-{process}-{number}"));
        match new_file(&partial) {
            // Whoever clears away may have taken it for a leftover before it was locked. Where there are no locks, nobody
            // clears away.
            Ok(file) if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || !is_there(&partial) => {}
            Ok(file) => return Ok((partial, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(OpenError::io(&partial, &error)),
        }
    }
    let why = OpenFailure::Other("too many halves of copies lie beside it; remove them".into());
    Err(OpenError { path: to.to_owned(), why })
}

/// Removes what copies to this name have left that were killed: nobody holds the lock of it. What cannot be removed is in
/// nobody's way.
#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
fn clear_leftovers(to: &Path) {
    let Some(name) = to.file_name().and_then(|name| name.to_str()) else { return };
    let Ok(files) = std::fs::read_dir(folder(to)) else { return };
    for file in files.flatten() {
        let other = file.file_name();
        let numbers = other.to_str().and_then(|other| other.strip_prefix(name)?.strip_prefix(".partial-"));
        if numbers.is_some_and(|numbers| numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
            && let Ok(held) = File::open(file.path())
            && held.try_lock().is_ok()
        {
            remove(&file.path());
        }
    }
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
            Err(_) => rename_to_new(partial, to)?,
        },
    }
    File::open(folder(to))?.sync_all()
}

/// A renaming that fails if there is a file of that name: the name is taken first, by an empty file, and what is replaced
/// is that one.
#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
fn rename_to_new(partial: &Path, to: &Path) -> io::Result<()> {
    new_file(to)?;
    std::fs::rename(partial, to).inspect_err(|_| remove(to))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a copy is a file")]
mod tests {
    use super::*;

    /// Keeps out: a file that somebody made while the copy was written, replaced where the file system has no links.
    #[test]
    fn without_links_nothing_is_overwritten_either() {
        let folder = tempfile::tempdir().unwrap();
        let (partial, to) = (folder.path().join("partial"), folder.path().join("copy"));
        std::fs::write(&partial, "ours").unwrap();
        std::fs::write(&to, "theirs").unwrap();
        assert_eq!(rename_to_new(&partial, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&to).unwrap(), b"theirs");
        std::fs::remove_file(&to).unwrap();
        rename_to_new(&partial, &to).unwrap();
        assert_eq!((std::fs::read(&to).unwrap().as_slice(), partial.exists()), (&b"ours"[..], false));
    }
}
