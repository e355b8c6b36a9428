//! What the server is told, by whom, and what it does when it is told nothing.
//!
//! A value comes from the first of these that has it, and knows where it came from:
//!
//! ```text
//! flag  >  environment (`TERTULIA_` + flag name)  >  file (TOML)  >  default
//! ```
//!
//! Each of the three is read into a `Layer` by its own file here; [`load`] lays them over each other. Nothing here
//! touches the process: arguments, environment and the reading of files come in, so that every rule can be tested.
//! An empty environment variable counts as absent. Whatever is wrong is said at once, all of it, with its place and
//! with what is allowed there; nothing is guessed and nothing is skipped.

mod changes;
mod environment;
mod file;
mod flags;
mod keep;
mod listen;
mod policy;
mod print;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use changes::Changes;
pub use keep::Keep;
pub use listen::{InvalidListen, Listen};
pub use policy::{LogText, Plaintext, plaintext_allowed};

use crate::data_dir;
use crate::limits::{LimitKey, Limits};
use crate::maintenance::Task;

/// The environment of the process, read once by `main`.
pub type Environment = BTreeMap<OsString, OsString>;

/// Everything that can be told to the server, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The directory of everything that lasts.
    pub data: Value<PathBuf>,
    /// The configuration file that was read, if any.
    pub file: Option<Value<PathBuf>>,
    /// Where to listen; never empty.
    pub listen: Value<Vec<Listen>>,
    /// Whether the server shows itself on the network.
    pub discovery: Value<bool>,
    /// Who may talk without encryption.
    pub plaintext: Value<Plaintext>,
    /// Which texts go to the activity log.
    pub log_text: Value<LogText>,
    /// For how long what is said is kept; forever if nothing is told.
    pub keep: Value<Keep>,
    /// Every cap.
    pub limits: Limits,
    /// Where the limits come from that are not defaults, by key.
    pub limit_sources: BTreeMap<&'static str, Source>,
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

/// Who told a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag, by its name.
    Flag(&'static str),
    /// A variable of the environment, by its name.
    Environment(&'static str),
    /// A line of the configuration file, counted from 1.
    File(usize),
    /// Nobody.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(line) => write!(f, "file, line {line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What one place tells; `None` is silence.
#[derive(Debug, Default)]
struct Layer {
    listen: Option<Value<Vec<Listen>>>,
    discovery: Option<Value<bool>>,
    plaintext: Option<Value<Plaintext>>,
    log_text: Option<Value<LogText>>,
    keep: Option<Value<Keep>>,
    limits: Vec<(&'static LimitKey, Value<u64>)>,
}

/// What the program was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// To serve.
    Serve(Box<Config>),
    /// To do this with the data.
    Maintain(Box<Config>, Task),
    /// To say this on standard output, and end with 0: help, version, `--print-config`, `--check-config`.
    Say(String),
}

/// What is wrong with flags, environment or file: one problem a line, to be said on standard error before ending
/// with 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<String>,
}

impl ConfigError {
    fn one(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// Works out what to do from the arguments (the first is the program's name), the environment, and the file that
/// these name; `read` reads a whole file as text.
///
/// # Errors
/// Anything that is told is not understood, or the file that is asked for cannot be read.
pub fn load(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    read: impl FnMut(&Path) -> io::Result<String>,
) -> Result<Invocation, ConfigError> {
    let flags = match flags::parse(arguments)? {
        flags::Parsed::Flags(flags) => flags,
        flags::Parsed::Say(text) => return Ok(Invocation::Say(text)),
    };
    let mut problems = Vec::new();
    let from_flags = flags.layer(&mut problems);
    let from_environment = environment::read(environment, &mut problems);

    let data = match (&flags.data, environment::data(environment)) {
        (Some(dir), _) => Value { value: dir.clone(), source: Source::Flag("--data") },
        (None, Some(told)) => told,
        (None, None) => {
            problems.push(environment::NO_HOME.to_owned());
            return Err(ConfigError { problems });
        }
    };
    let told_file = match (&flags.config, environment::path(environment, "TERTULIA_CONFIG")) {
        (Some(path), _) => Some(Value { value: path.clone(), source: Source::Flag("--config") }),
        (None, told) => told,
    };
    let (file, from_file) = read_file(told_file, &data.value, read, &mut problems);

    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let config = overlay(data, file, from_flags, from_environment, from_file);
    Ok(match flags.purpose() {
        flags::Purpose::Serve => Invocation::Serve(Box::new(config)),
        flags::Purpose::Maintain(task) => Invocation::Maintain(Box::new(config), task),
        flags::Purpose::Print => Invocation::Say(print::as_toml(&config)),
        flags::Purpose::Check => Invocation::Say(print::verdict(&config)),
    })
}

/// Reads the file that was asked for, or the one in the data directory if it is there.
fn read_file(
    told: Option<Value<PathBuf>>,
    data: &Path,
    mut read: impl FnMut(&Path) -> io::Result<String>,
    problems: &mut Vec<String>,
) -> (Option<Value<PathBuf>>, Layer) {
    let asked_for = told.is_some();
    let place = told.unwrap_or_else(|| Value { value: data.join(data_dir::CONFIG_FILE), source: Source::Default });
    match read(&place.value) {
        Ok(text) => {
            let layer = file::read(&place.value.display().to_string(), &text, problems);
            (Some(place), layer)
        }
        // Where the data directory is no directory there is no file in it either; who opens it says so.
        Err(error) if !asked_for && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            (None, Layer::default())
        }
        // Nor where it is a directory that is closed to us. (One that is open is refused as well, but for being no file.)
        Err(error)
            if !asked_for
                && error.kind() == io::ErrorKind::PermissionDenied
                && read(data).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) =>
        {
            (None, Layer::default())
        }
        Err(error) => {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".to_owned(),
                io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
                _ => error.to_string(),
            };
            problems.push(format!("{}: cannot read the configuration file: {why}", place.value.display()));
            (None, Layer::default())
        }
    }
}

/// The first layer that tells a value wins.
fn overlay(
    data: Value<PathBuf>,
    file: Option<Value<PathBuf>>,
    flags: Layer,
    environment: Layer,
    from_file: Layer,
) -> Config {
    fn first<T>(told: [Option<Value<T>>; 3], default: T) -> Value<T> {
        told.into_iter().flatten().next().unwrap_or(Value { value: default, source: Source::Default })
    }

    let mut limits = Limits::default();
    let mut limit_sources = BTreeMap::new();
    // The caps stand in the file alone: there are too many of them for flags.
    for (key, told) in from_file.limits {
        // The range has been checked where the line could be named.
        if key.set(&mut limits, told.value).is_ok() {
            limit_sources.insert(key.name, told.source);
        }
    }
    Config {
        data,
        file,
        listen: first([flags.listen, environment.listen, from_file.listen], vec![Listen::default()]),
        discovery: first([flags.discovery, environment.discovery, from_file.discovery], true),
        plaintext: first([flags.plaintext, environment.plaintext, from_file.plaintext], Plaintext::Always),
        log_text: first([flags.log_text, environment.log_text, from_file.log_text], LogText::Public),
        keep: first([flags.keep, environment.keep, from_file.keep], Keep::Forever),
        limits,
        limit_sources,
    }
}

/// A variable of the environment, if it says anything.
fn variable<'e>(environment: &'e Environment, name: &str) -> Option<&'e OsStr> {
    environment.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
}
