//! `tertulia-cli`: the chat for scripts, bots, and people at a terminal.
//!
//! Everything but the process itself: arguments, environment and the three streams are given, the exit code is the
//! answer. **It must not** keep anything but the profile, print what a terminal could take for a command, or say that
//! something was sent before the server has acknowledged it.

mod args;
mod connection;
mod failure;
mod print;
mod send;
mod tail;
mod users;

use std::{
    ffi::OsString,
    io::{Read, Write},
    path::PathBuf,
};

use clap::Parser;
use tertulia_protocol::UserName;

pub use args::Environment;
use args::{Arguments, Command};
pub use failure::Failure;
use failure::{EXIT_OK, EXIT_USAGE};

use crate::{
    address::ServerAddress,
    network::Options,
    session::History,
    store::{Profile, data_home, profile_dir},
};

/// The streams of the process.
pub struct Streams<'a> {
    /// Standard input: what is to be sent, if no text was given.
    pub input: &'a mut dyn Read,
    /// Standard output: what was asked for, and nothing else.
    pub output: &'a mut dyn Write,
    /// Standard error: `code: text`, a line each.
    pub errors: &'a mut dyn Write,
}

/// Runs the program, and gives the exit code: 0 done (also if whoever read our output has gone), 1 refused by the
/// server, 2 usage, 3 not reachable or outcome unknown, 4 the identity of either side.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: Streams<'_>) -> u8 {
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help was asked for, or something is wrong with what was typed: the text is the library's.
            let (stream, code) =
                if error.use_stderr() { (streams.errors, EXIT_USAGE) } else { (streams.output, EXIT_OK) };
            let _ = write!(stream, "{error}");
            return code;
        }
    };
    let Streams { input, output, errors } = streams;
    let result = execute(&arguments, environment, input, output, errors);
    // What is still in a buffer belongs to the answer.
    let result = result.and_then(|()| output.flush().map_err(Failure::from));
    match result {
        Ok(()) => EXIT_OK,
        Err(failure) => {
            if let Some(line) = failure.line() {
                let _ = writeln!(errors, "{line}");
            }
            failure.exit_code()
        }
    }
}

fn execute(
    arguments: &Arguments,
    environment: &Environment,
    input: &mut dyn Read,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> Result<(), Failure> {
    match &arguments.command {
        Command::Send(send) => {
            // Before anything else: what cannot be sent needs no server to say so.
            let text = send::text(send, input)?;
            send::run(send, &text, options(arguments, environment, errors)?, arguments.timeout)
        }
        Command::Tail(tail) => {
            let options = options(arguments, environment, errors)?;
            tail::run(tail, options, arguments.timeout, output, errors)
        }
        Command::Users(users) => users::run(users, options(arguments, environment, errors)?, arguments.timeout, output),
    }
}

/// Which server, as whom, from which profile: flags before environment before profile before defaults.
fn options(arguments: &Arguments, environment: &Environment, errors: &mut dyn Write) -> Result<Options, Failure> {
    let typed = arguments.name.as_deref().or(environment.name.as_deref());
    let name = match typed {
        Some(typed) => Some(UserName::parse(typed).map_err(|error| Failure::usage("bad_name", error.to_string()))?),
        None => None,
    };
    let profile = Profile::open(profile_path(arguments, environment, name.as_ref())?)?;
    if let Some(warning) = profile.warning() {
        let _ = writeln!(errors, "profile_open_to_others: {}", print::escape(&warning));
    }
    let servers = profile.servers()?;
    let typed = arguments.server.as_deref().or(environment.server.as_deref());
    let server: ServerAddress = match typed {
        Some(typed) => typed.parse().map_err(|error| Failure::usage("bad_server", format!("{typed}: {error}")))?,
        None => servers.last_server().unwrap_or_default(),
    };
    if name.is_none() && !profile.has_device_key() {
        return Err(Failure::name_needed());
    }
    let mut options = Options::from_profile(profile, server, name.map(|name| name.as_str().to_owned()))?;
    options.session.agent = concat!("tertulia-cli/", env!("CARGO_PKG_VERSION")).to_owned();
    options.session.room = None;
    options.session.history = History::Last(0);
    Ok(options)
}

fn profile_path(arguments: &Arguments, environment: &Environment, name: Option<&UserName>) -> Result<PathBuf, Failure> {
    if let Some(dir) = arguments.profile.as_ref().or(environment.profile.as_ref()) {
        return Ok(dir.clone());
    }
    data_home(environment.xdg_data_home.clone(), environment.home.clone())
        .map(|data_home| profile_dir(&data_home, name))
        .ok_or_else(|| Failure::usage("no_home", "neither XDG_DATA_HOME nor HOME is known; give --profile DIR"))
}

#[cfg(test)]
mod tests;
