//! The few things that are done with files, each so that a power cut leaves the old or the new state and nothing else.
//!
//! The only file that knows permissions, which some systems do not have.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::Path,
};

/// Makes a directory, and those above it, for the owner alone. For one that exists see [`take_back_dir`].
pub(super) fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's directory")]
    builder.create(path)
}

/// Takes a directory that was there before away from everybody but its owner, if all that is in it is ours: somebody's
/// home, or a folder for temporary files, stays as open as it has to be. True if others may still write in it.
#[cfg(unix)]
pub(super) fn take_back_dir(path: &Path, is_ours: impl Fn(&OsStr) -> bool) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o077;
    const OTHERS_WRITE: u32 = 0o022;
    /// Of folders in which everybody keeps files of their own.
    const STICKY: u32 = 0o1000;
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's directory")]
    let mut permissions = fs::metadata(path)?.permissions();
    let mode = permissions.mode();
    if mode & OTHERS == 0 {
        return Ok(false);
    }
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's directory")]
    let mut names = fs::read_dir(path)?;
    let ours = mode & STICKY == 0 && names.all(|entry| entry.is_ok_and(|entry| is_ours(&entry.file_name())));
    permissions.set_mode(0o700);
    #[expect(clippy::disallowed_methods, reason = "the store owns the profile's directory")]
    let taken = ours && fs::set_permissions(path, permissions).is_ok();
    Ok(!taken && mode & OTHERS_WRITE != 0)
}

/// Where there are no permissions that we know, there is nothing to take back.
#[cfg(not(unix))]
pub(super) fn take_back_dir(_: &Path, _: impl Fn(&OsStr) -> bool) -> io::Result<bool> {
    Ok(false)
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
