//! The ballast: a file that holds room on the disk, to be let go of when the disk is full.
//!
//! On a full disk people still may have what they said erased, and SQLite needs room even for that. So the log lets go
//! of this file when an entry does not fit, and takes it back before it says that it can store again. **Invariant:** it
//! is whole or absent, and nobody but its owner can read what the disk had there before.
#![expect(clippy::disallowed_methods, reason = "the ballast is a file")]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;

/// What is asked for where no ballast is wanted, only to learn whether there is room.
const TRIAL_BYTES: u64 = 1024 * 1024;

/// Where the ballast lies, and how heavy it is. What is on the disk stays when this goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl Ballast {
    /// A ballast of so many bytes; 0 is none. Nothing is done yet.
    #[must_use]
    pub fn new(path: PathBuf, bytes: u64) -> Self {
        Self { path, bytes }
    }

    /// Takes the room, if it is not taken already.
    ///
    /// # Errors
    /// There is not so much room; none of it is taken then.
    pub fn make(&self) -> io::Result<()> {
        let wanted = if self.bytes == 0 { TRIAL_BYTES } else { self.bytes };
        let made = self.take(wanted);
        if made.is_err() || self.bytes == 0 {
            self.release();
        }
        made
    }

    /// Lets go of the room.
    pub fn release(&self) {
        // If it is not there, there is nothing to let go of.
        _ = std::fs::remove_file(&self.path);
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.path)?;
        if file.metadata()?.len() > bytes {
            file.set_len(bytes)?;
        }
        reserve(&file, bytes)
    }
}

/// Room that is really there: a length alone reserves nothing.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        reserved => return Ok(reserved?),
    }
    fill(file, bytes)
}

/// The plain way, for file systems without a better one.
fn fill(mut file: &File, bytes: u64) -> io::Result<()> {
    let have = file.metadata()?.len();
    io::Seek::seek(&mut file, io::SeekFrom::Start(have))?;
    io::copy(&mut io::Read::take(io::repeat(0), bytes.saturating_sub(have)), &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(ballast: &Ballast) -> Option<u64> {
        std::fs::metadata(&ballast.path).ok().map(|about| about.len())
    }

    #[test]
    fn it_is_taken_and_let_go_of() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(dir.path().join("ballast"), 3 << 20);
        for _ in 0..2 {
            ballast.make().unwrap();
            assert_eq!(length(&ballast), Some(3 << 20));
        }
        let smaller = Ballast { bytes: 1 << 20, ..ballast.clone() };
        smaller.make().unwrap();
        assert_eq!(length(&ballast), Some(1 << 20));
        ballast.release();
        ballast.release();
        assert_eq!(length(&ballast), None);
        fill(&File::create(&ballast.path).unwrap(), 5000).unwrap();
        assert_eq!(length(&ballast), Some(5000));
    }

    #[test]
    fn none_is_only_a_trial() {
        let dir = tempfile::tempdir().unwrap();
        let none = Ballast::new(dir.path().join("ballast"), 0);
        none.make().unwrap();
        assert_eq!(length(&none), None);
    }

    #[test]
    fn without_room_none_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(dir.path().join("ballast"), 1 << 60);
        ballast.make().unwrap_err();
        assert_eq!(length(&ballast), None);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(dir.path().join("ballast"), 4096);
        ballast.make().unwrap();
        assert_eq!(std::fs::metadata(&ballast.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
