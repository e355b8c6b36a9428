//! The program around the server: arguments and environment in, words on the right stream and an exit code out.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
};

use crate::{
    config::{self, ConfigError, Environment, Invocation},
    maintenance::{self, Trouble},
    serve::{Failure, Home, serve},
};

/// An ordered stop, or something was said and that was all.
const OK: u8 = 0;
/// A failure while running.
const BROKEN: u8 = 1;
/// Flags or configuration.
const USAGE: u8 = 2;
/// The address or the data directory cannot be used.
const UNUSABLE: u8 = 3;

/// How long a configuration file may be: a hundred times what `--print-config` says.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

/// Does what the program does. The arguments begin with the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment, home: Home) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = match load(&arguments, environment) {
        Ok(Invocation::Say(text)) => {
            say(&text);
            OK
        }
        Ok(Invocation::Serve(config)) => {
            let environment = environment.clone();
            let again = move || match load(&arguments, &environment)? {
                Invocation::Serve(config) => Ok(*config),
                // The same arguments ask for the same thing.
                Invocation::Say(_) | Invocation::Maintain(..) => unreachable!("it serves"),
            };
            match serve(*config, Box::new(again), home, &mut ready, complain) {
                Ok(()) => OK,
                Err(failure) => {
                    complain(&failure.to_string());
                    match failure {
                        Failure::Unusable(_) => UNUSABLE,
                        Failure::Broken(_) => BROKEN,
                    }
                }
            }
        }
        Ok(Invocation::Maintain(config, task)) => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            match maintenance::run(&task, &config.data.value, &mut out) {
                Ok(()) => OK,
                Err(Trouble::Unusable(why)) => {
                    complain(&why);
                    UNUSABLE
                }
                Err(Trouble::Wrong(wrong)) => {
                    wrong.iter().for_each(|what| complain(what));
                    BROKEN
                }
            }
        }
        Err(error) => {
            complain(&error.to_string());
            USAGE
        }
    };
    ExitCode::from(code)
}

fn load(arguments: &[OsString], environment: &Environment) -> Result<Invocation, ConfigError> {
    config::load(arguments.iter().cloned(), environment, read)
}

/// Reads the configuration file. Whatever somebody has put in its place, a pipe that nobody writes to or a device without
/// an end, is told in order and not waited for.
fn read(path: &Path) -> io::Result<String> {
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    let mut file = file.take(CONFIG_BYTES_MAX + 1);
    if file.read_to_string(&mut text)? as u64 > CONFIG_BYTES_MAX {
        let why = format!("it is longer than a configuration may be ({CONFIG_BYTES_MAX} bytes)");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "the configuration file is read here, at the edge")]
fn open(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Opening a pipe would wait until somebody writes to it.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.read(true).open(path)
}

/// A ready line: what scripts and tests wait for.
fn ready(address: SocketAddr) {
    say(&format!("listening on {address}\n"));
}

/// A closed standard output is nobody's loss: the server serves on.
fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "tertulia-server: {text}");
}
