//! Whether the files that are open are still those that bear their names.
//!
//! A file that was removed while it is open goes on taking what is written, and is gone with the process: everything that
//! was acknowledged into it would be lost, and nobody would have noticed. Owns what the names meant at the start; asks
//! the system again after each commit, which costs next to nothing beside an fsync.
#![expect(clippy::disallowed_methods, reason = "the names of the log's files are looked up here")]

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Device and inode.
type Identity = (u64, u64);

/// The file of the log and its WAL, as they were when they were opened.
#[derive(Debug)]
pub(super) struct Place {
    files: Vec<(PathBuf, Identity)>,
}

impl Place {
    /// Remembers the files that bear these names now. What does not exist yet, or has no identity on this system, is not
    /// watched.
    pub(super) fn of(database: &Path) -> Self {
        let mut wal = OsString::from(database);
        wal.push("-wal");
        let known = |path: PathBuf| Some((identity(&fs::metadata(&path).ok()?)?, path));
        let files = [database.to_owned(), wal.into()].into_iter().filter_map(known);
        Self { files: files.map(|(identity, path)| (path, identity)).collect() }
    }

    /// Whether they still do. If the system does not say, they do.
    ///
    /// # Errors
    /// Which of them does not, for an operator.
    pub(super) fn check(&self) -> Result<(), String> {
        for (path, opened) in &self.files {
            let is_there = match fs::metadata(path) {
                Ok(about) => identity(&about) == Some(*opened),
                Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
            };
            if !is_there {
                return Err(format!(
                    "{} was removed, renamed or replaced while the server ran, and what is written now would be lost; put \
                     a backup in its place, or all files of the data directory back, and start again",
                    path.display()
                ));
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn identity(about: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<Identity> {
    None
}
