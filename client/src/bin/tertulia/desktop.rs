//! What the desktop tells: language, darkness, time zone, where a person's files belong.
//!
//! The only place of the window program that reads the environment and files that are not its own. It hands values on;
//! what they mean is decided elsewhere.

#![expect(
    clippy::disallowed_methods,
    reason = "the edge of the program: what is read here is passed in everywhere else"
)]

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::tz::TimeZone;
use tertulia_client::{i18n::Language, store, ui::Choice};

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

/// The language of the system.
pub(crate) fn language() -> Language {
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].map(variable);
    Language::from_system(variables.iter().map(Option::as_deref))
}

/// Whether to be dark.
pub(crate) fn is_dark(choice: Choice) -> bool {
    let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".config")));
    let settings = config.and_then(|config| fs::read_to_string(config.join("gtk-3.0/settings.ini")).ok());
    choice.is_dark(variable("GTK_THEME").as_deref(), settings.as_deref())
}

/// The time zone: `TZ` if it names one, else that of the system, else UTC.
pub(crate) fn zone() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}

/// Where the data of this person belongs.
pub(crate) fn data_home() -> Option<PathBuf> {
    store::data_home(env::var_os("XDG_DATA_HOME").map(PathBuf::from), home())
}

/// The file that painted rows are told to, if anybody wants to know (`ui::shown`).
pub(crate) fn shown() -> io::Result<Option<File>> {
    let Some(path) = env::var_os("TERTULIA_SHOWN").filter(|path| !path.is_empty()) else { return Ok(None) };
    File::options().create(true).append(true).open(path).map(Some)
}

/// Where programs are looked for.
pub(crate) fn path() -> Option<OsString> {
    env::var_os("PATH")
}

/// The time on this computer's clock, in milliseconds since 1970 (UTC).
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
