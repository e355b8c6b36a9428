//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;

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
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Directory of everything that lasts [default: $STATE_DIRECTORY, else tertulia-server in $XDG_DATA_HOME]
    #[arg(long, value_name = "DIR")]
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
}

/// What the command line comes to.
pub(super) enum Parsed {
    /// Flags.
    Flags(Flags),
    /// A question about the program itself.
    Say(String),
}

/// What the flags ask for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Serve,
    Print,
    Check,
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
        match (self.print_config, self.check_config) {
            (true, _) => Purpose::Print,
            (_, true) => Purpose::Check,
            _ => Purpose::Serve,
        }
    }

    pub(super) fn layer(&self) -> Layer {
        let listen = (!self.listen.is_empty()).then(|| self.listen.clone());
        Layer {
            listen: listen.map(|value| Value { value, source: Source::Flag("--listen") }),
            discovery: self.no_discovery.then_some(Value { value: false, source: Source::Flag("--no-discovery") }),
            ..Layer::default()
        }
    }
}
