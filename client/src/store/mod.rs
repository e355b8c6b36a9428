//! A profile: the directory of one person, with what must outlast the program.
//!
//! ```text
//! $XDG_DATA_HOME/tertulia/default/       without --name and --profile
//! $XDG_DATA_HOME/tertulia/name-_41na/    --name Ana
//!     device.key     Ed25519, PKCS#8 (RFC 5958), 0600: made if absent, never overwritten
//!     servers.json   the key and our name on each server, the last server: replaced as a whole, or not at all
//!     tertulia.db    what a window keeps of its servers: rooms, entries, outbox, draft texts
//!     lock           held by the window that shows the profile
//!     write.lock     held while one of the files is being changed
//! ```
//!
//! The directory is its owner's alone (0700), also if it was made with other rights: whoever may write in it could put
//! another key in the place of ours. Only where other things lie in it as well it stays as it is.
//!
//! The only place that touches files. Several programs may use a profile at once (a window and scripts), so each
//! change is made under a lock and begins by reading what is there. **It must not** replace a file that it could not
//! read: a lost key is a lost name, and a lost pin is a lost proof.

mod device_key;
mod files;
mod history;
mod servers;

use std::{
    ffi::OsStr,
    fmt, io,
    path::{Path, PathBuf},
};

use tertulia_protocol::{PublicKey, UserName};

pub use history::{History, HistoryError, HistoryFailure};
pub use servers::{KnownServer, Servers};

use crate::{address::ServerAddress, session::DeviceKey};

/// A profile that exists. Cheap to clone: it is a path.
#[derive(Clone, Debug)]
pub struct Profile {
    dir: PathBuf,
    others_may_write: bool,
}

/// What a profile is made of. While one of them is replaced, its successor is called `….new`.
const FILES: [&str; 4] = [DEVICE_KEY, SERVERS, LOCK, WRITE_LOCK];
const DEVICE_KEY: &str = "device.key";
const SERVERS: &str = "servers.json";
const LOCK: &str = "lock";
const WRITE_LOCK: &str = "write.lock";

/// Says that a window shows this profile, for as long as it lives.
#[derive(Debug)]
pub struct ProfileLock {
    _file: std::fs::File,
}

impl Profile {
    /// Opens the profile in a directory, which is made if it is absent, and is its owner's alone from then on.
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let dir = dir.into();
        let is_ours =
            |name: &OsStr| name.to_str().is_some_and(|name| FILES.contains(&name.strip_suffix(".new").unwrap_or(name)));
        let others_may_write = files::make_private_dir(&dir)
            .and_then(|()| files::take_back_dir(&dir, is_ours))
            .map_err(|error| StoreError::io(&dir, &error))?;
        Ok(Self { dir, others_may_write })
    }

    /// What a person should know about the rights of the directory, in English: others may write in it, and it could
    /// not be taken back because it is not only a profile, or somebody else's.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let dir = self.dir.display();
        self.others_may_write.then(|| format!("others may write in {dir} and so replace the key of this device"))
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The key of this device, made now if there is none.
    ///
    /// # Errors
    /// There is one, but it cannot be read or is damaged; or none can be made.
    pub fn device_key(&self) -> Result<DeviceKey, StoreError> {
        let _change = self.begin_change()?;
        device_key::load_or_make(&self.dir.join(DEVICE_KEY))
    }

    /// Whether the profile has a key already. Without one it is new, and nobody on any server.
    #[must_use]
    pub fn has_device_key(&self) -> bool {
        files::exists(&self.dir.join(DEVICE_KEY))
    }

    /// What is known of servers.
    ///
    /// # Errors
    /// The file is there, but cannot be read or is damaged.
    pub fn servers(&self) -> Result<Servers, StoreError> {
        servers::load(&self.servers_path())
    }

    /// Keeps the chat key that a server must have from now on.
    ///
    /// # Errors
    /// The file could not be replaced; what it held still stands.
    pub fn pin(&self, server: &ServerAddress, key: PublicKey) -> Result<(), StoreError> {
        self.change(|servers| servers.pin(server, key))
    }

    /// Keeps the server and the name of a login that worked, so that the next start needs to ask for neither.
    ///
    /// # Errors
    /// The file could not be replaced; what it held still stands.
    pub fn remember_login(&self, server: &ServerAddress, name: &str) -> Result<(), StoreError> {
        self.change(|servers| servers.remember_login(server, name))
    }

    /// Takes the profile for a window.
    ///
    /// # Errors
    /// [`Problem::InUse`] if another window has it, or what the system says.
    pub fn lock(&self) -> Result<ProfileLock, StoreError> {
        let path = self.dir.join(LOCK);
        match files::try_lock(&path) {
            Ok(Some(file)) => Ok(ProfileLock { _file: file }),
            Ok(None) => Err(StoreError { path: self.dir.clone(), problem: Problem::InUse }),
            Err(error) => Err(StoreError::io(&path, &error)),
        }
    }

    /// Opens what the window keeps of its servers. Only for who holds the [`ProfileLock`].
    ///
    /// # Errors
    /// A newer version of the program has made the file, or it cannot be used.
    pub fn history(&self) -> Result<History, HistoryError> {
        let path = self.dir.join("tertulia.db");
        // For its owner alone, from its first byte on: SQLite makes what stands beside it with the same rights.
        files::make_private_file(&path)
            .map_err(|error| HistoryError { path: path.clone(), why: HistoryFailure::Sqlite(error.to_string()) })?;
        History::open(&path)
    }

    fn servers_path(&self) -> PathBuf {
        self.dir.join(SERVERS)
    }

    fn change(&self, change: impl FnOnce(&mut Servers)) -> Result<(), StoreError> {
        let _change = self.begin_change()?;
        let path = self.servers_path();
        let before = servers::load(&path)?;
        let mut after = before.clone();
        change(&mut after);
        if after == before { Ok(()) } else { servers::replace(&path, &after) }
    }

    /// Waits until no other program changes the profile. It takes milliseconds: nobody holds this lock while thinking.
    fn begin_change(&self) -> Result<std::fs::File, StoreError> {
        let path = self.dir.join(WRITE_LOCK);
        files::lock(&path).map_err(|error| StoreError::io(&path, &error))
    }
}

/// Where a profile lives unless somebody says otherwise: that of a name, or the default one.
///
/// A name becomes the file name `name-` and its UTF-8, in which ASCII small letters, digits and `-` stand for
/// themselves and every other byte is `_` and two hex digits. No two names share one, also where file names do not
/// tell large letters from small ones, and the default profile is nobody's.
#[must_use]
pub fn profile_dir(data_home: &Path, name: Option<&UserName>) -> PathBuf {
    let file_name = name.map_or_else(
        || "default".to_owned(),
        |name| {
            let encode = |byte: u8| match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
                other => format!("_{other:02x}"),
            };
            "name-".chars().map(String::from).chain(name.as_str().bytes().map(encode)).collect()
        },
    );
    data_home.join("tertulia").join(file_name)
}

/// The directory for the data of a person (XDG Base Directory): `XDG_DATA_HOME` if it is an absolute path, else
/// `.local/share` in the home directory. `None` if neither is known. The environment is read by `main` alone.
#[must_use]
pub fn data_home(xdg_data_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    xdg_data_home.filter(absolute).or_else(|| Some(home.filter(absolute)?.join(".local/share")))
}

/// What is wrong with which file of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// The file or directory.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a file of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The system says no; its words.
    Io(String),
    /// It is there, but it is not what it should be; the detail. It is left as it is.
    Damaged(String),
    /// Another window has it.
    InUse,
}

impl StoreError {
    fn io(path: &Path, error: &io::Error) -> Self {
        Self { path: path.to_owned(), problem: Problem::Io(error.to_string()) }
    }

    fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: Problem::Damaged(detail.into()) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Io(error) => write!(f, "{path}: {error}"),
            Problem::Damaged(detail) => write!(
                f,
                "{path} is damaged ({detail}). It was left as it is: restore it from a backup, or move it away to start anew"
            ),
            Problem::InUse => write!(f, "the profile {path} is open in another window"),
        }
    }
}

impl std::error::Error for StoreError {}

#[cfg(test)]
mod tests;
