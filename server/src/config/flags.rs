//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::maintenance::Task;

use super::{ConfigError, Layer, Listen, Source, Value};

/// The Tertulia chat server.
///
/// What these flags say may be said in the environment instead: TERTULIA_CONFIG, TERTULIA_DATA, TERTULIA_LISTEN
/// (addresses separated by commas), TERTULIA_NO_DISCOVERY (true or false). A flag wins over the environment, the
/// environment over the configuration file.
#[derive(Debug, Parser)]
#[command(name = "tertulia-server", version)]
pub(super) struct Flags {
    /// Configuration file [default: tertulia.toml in the data directory, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,

    /// Directory of everything that lasts [default: $STATE_DIRECTORY, else tertulia-server in $XDG_DATA_HOME]
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) data: Option<PathBuf>,

    /// Address to listen on: host:port, :port, port or an address; may be repeated [default: :7667]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<Listen>,

    /// Do not show the server on the network (this version never does)
    #[arg(long)]
    no_discovery: bool,

    /// Print the whole configuration as a file, each value with its source, and end
    #[arg(long, conflicts_with = "check_config")]
    print_config: bool,

    /// Check the configuration, and end: 0 if it is good, 2 if not
    #[arg(long)]
    check_config: bool,

    #[command(subcommand)]
    task: Option<Command>,
}

/// What else the program does than serve.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Copy the database to FILE, which must not exist, also while the server runs
    ///
    /// The copy is whole and of one moment. It holds everything: what people say, and the server's chat key.
    Backup { file: PathBuf },
    /// Go on from the backup FILE, in a data directory without a database
    ///
    /// The server must not run. Clients are told that what was written after the backup is not on the server any more.
    Restore { file: PathBuf },
    /// Check the database: 0 if it is sound, 1 if not
    Verify,
    /// Write what was said in a room to standard output, a line of JSON for each entry
    Export {
        /// The room's name, or its number
        #[arg(long)]
        room: String,
    },
}

/// What the command line comes to.
pub(super) enum Parsed {
    /// Flags.
    Flags(Flags),
    /// A question about the program itself.
    Say(String),
}

/// What the flags ask for.
pub(super) enum Purpose {
    Serve,
    Print,
    Check,
    Maintain(Task),
}

/// Reads the arguments; the first is the program's name.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, ConfigError> {
    match Flags::try_parse_from(arguments) {
        Ok(flags) => Ok(Parsed::Flags(flags)),
        Err(said) if matches!(said.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Say(said.to_string()))
        }
        Err(wrong) => Err(ConfigError::one(wrong.to_string().trim_end())),
    }
}

impl Flags {
    pub(super) fn purpose(&self) -> Purpose {
        match (self.print_config, self.check_config, self.task.clone()) {
            (true, _, _) => Purpose::Print,
            (_, true, _) => Purpose::Check,
            (_, _, Some(Command::Backup { file })) => Purpose::Maintain(Task::Backup { file }),
            (_, _, Some(Command::Restore { file })) => Purpose::Maintain(Task::Restore { file }),
            (_, _, Some(Command::Verify)) => Purpose::Maintain(Task::Verify),
            (_, _, Some(Command::Export { room })) => Purpose::Maintain(Task::Export { room }),
            (false, false, None) => Purpose::Serve,
        }
    }

    pub(super) fn layer(&self, problems: &mut Vec<String>) -> Layer {
        if let Some((_, what)) = Listen::doubled(&self.listen) {
            problems.push(format!("flag --listen: {what}"));
        }
        let listen = (!self.listen.is_empty()).then(|| self.listen.clone());
        Layer {
            listen: listen.map(|value| Value { value, source: Source::Flag("--listen") }),
            discovery: self.no_discovery.then_some(Value { value: false, source: Source::Flag("--no-discovery") }),
            ..Layer::default()
        }
    }
}
