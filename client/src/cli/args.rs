//! What can be typed, and what the environment may say instead.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use tertulia_protocol::Cid;

/// What the environment says. Only `main` reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `TERTULIA_SERVER`, where `--server` is not given.
    pub server: Option<String>,
    /// `TERTULIA_NAME`, where `--name` is not given.
    pub name: Option<String>,
    /// `TERTULIA_PROFILE`, where `--profile` is not given.
    pub profile: Option<PathBuf>,
    /// `XDG_DATA_HOME`: below it the profiles live.
    pub xdg_data_home: Option<PathBuf>,
    /// `HOME`, where `XDG_DATA_HOME` is not set.
    pub home: Option<PathBuf>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 refused by the server; 2 usage; 3 server not reached, or outcome unknown; 4 the name, the key of
this device, or the key of the server. A closed pipe is 0. Errors are written to standard error as `code: text`.

Environment: TERTULIA_SERVER, TERTULIA_NAME and TERTULIA_PROFILE stand for the flags of these names; profiles live in
$XDG_DATA_HOME/tertulia, or in ~/.local/share/tertulia.";

// Not a doc comment: its brackets are no links.
const SERVER: &str =
    "The server: HOST, HOST:PORT or [IPV6]:PORT [default: that of the last login, else localhost:7667]";

/// Tertulia, the chat of this network, for scripts and terminals.
#[derive(Debug, Parser)]
#[command(name = "tertulia-cli", version, about, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[arg(long, global = true, value_name = "HOST[:PORT]", help = SERVER)]
    pub(super) server: Option<String>,
    /// The name to log in with; it also chooses the profile of that name
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// The directory with the key of this device and what is known of servers
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) profile: Option<PathBuf>,
    /// How long to wait for the server, such as 500ms, 10s or 2min
    #[arg(long, global = true, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(super) timeout: Duration,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Send a message; silent, and done once the server has acknowledged it
    Send(Send),
    /// Print messages as they come
    Tail(Tail),
    /// Print who is online, one name a line
    Users(Users),
}

#[derive(Debug, Args)]
pub(super) struct Send {
    /// The room
    #[arg(long, default_value = "general")]
    pub(super) room: String,
    /// What the message is called: sending it again under the same UUID cannot store it twice
    #[arg(long, value_name = "UUID", value_parser = cid)]
    pub(super) id: Option<Cid>,
    /// The message; without it, all of standard input, whose final newlines are dropped
    pub(super) text: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Tail {
    /// The room
    #[arg(long, default_value = "general")]
    pub(super) room: String,
    /// One JSON object a line: room, seq, rseq, time, user, text
    #[arg(long)]
    pub(super) json: bool,
    /// Begin with the first message there is, or at a place of the room [default: only what is new]
    #[arg(long, value_name = "start|RSEQ", value_parser = from)]
    pub(super) from: Option<u64>,
    /// End when all that is there was printed; without --from, the last 50
    #[arg(long)]
    pub(super) no_follow: bool,
}

#[derive(Debug, Args)]
pub(super) struct Users {
    /// One JSON object a line: user, id
    #[arg(long)]
    pub(super) json: bool,
}

fn cid(typed: &str) -> Result<Cid, String> {
    uuid::Uuid::parse_str(typed).map(|uuid| Cid(uuid.into_bytes())).map_err(|error| error.to_string())
}

fn from(typed: &str) -> Result<u64, String> {
    match typed {
        "start" => Ok(1),
        number => number.parse().map_err(|_| "neither `start` nor a place of the room (a number)".to_owned()),
    }
}
