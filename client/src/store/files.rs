//! The few things that are done with files, each so that a power cut leaves the old or the new state and nothing else.
//!
//! The only file that knows permissions, which some systems do not have.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
};

/// Makes a directory, and those above it, for the owner alone. One that exists is left as it is.
pub(super) fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's directory")]
    builder.create(path)
}

/// Reads a whole file; `None` if there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's files")]
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "the profile's files belong to this module")]
pub(super) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// Puts bytes in the place of a file, for the owner alone. Whoever reads it sees all of the old or all of the new
/// bytes, also after a power cut: they are on the disk before the name points at them, and the name is before this
/// returns.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_added_extension("new");
    // Left over from a program that was killed here; its permissions may not be ours.
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's files")]
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = open_private(&new, OpenOptions::new().write(true).create_new(true))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's files")]
    fs::rename(&new, path)?;
    sync_dir(path)
}

/// Takes the lock of a file, waiting for it. It is let go when the file is dropped.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let file = open_lock(path)?;
    file.lock()?;
    Ok(file)
}

/// Takes the lock of a file; `None` if somebody else has it.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes an empty file for the owner alone, or takes one that exists away from everybody else.
pub(super) fn make_private_file(path: &Path) -> io::Result<()> {
    open_lock(path)?;
    make_private(path)
}

fn open_lock(path: &Path) -> io::Result<File> {
    open_private(path, OpenOptions::new().write(true).create(true).truncate(false))
}

fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's files")]
    options.open(path)
}

/// Makes the names in the directory of a file durable, where directories can be synced at all.
fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(dir) = path.parent() {
        #[expect(clippy::disallowed_methods, reason = "the store owns the profile's directory")]
        File::open(dir)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}

/// Takes a file away from everybody but its owner. A key that was copied by hand may have become readable by all.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        #[expect(clippy::disallowed_methods, reason = "the store owns the profile's files")]
        let mut permissions = fs::metadata(path)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            #[expect(clippy::disallowed_methods, reason = "the store owns the profile's files")]
            fs::set_permissions(path, permissions)?;
        }
    }
    let _ = path;
    Ok(())
}
