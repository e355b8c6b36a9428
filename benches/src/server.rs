//! The server under measurement: the real one, in a process of its own.
//!
//! `cargo bench` builds no binaries of other packages, and a bench of a binary that somebody built last week would be
//! worse than none. So the server is started out of the bench's own executable, which holds the same library: in a
//! hidden role it does nothing but call [`tertulia_server::program::run`], as `tertulia-server` does, with arguments of
//! the same form. What differs is where the log lives ([`Home`]), and that the process ends when the bench does: it
//! watches its standard input, whose other end the bench holds until it dies, however it dies.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use tertulia_server::{config::Environment, program, serve::Home};

use crate::{Failure, machine::Pins, process::Process};

/// The argument that makes a server of the bench. Long enough that nobody gives it by accident.
const ROLE: &str = "--serve-for-the-bench";

/// How long a server may take to be ready: replaying a log, or starting under a tool that makes it fifty times slower.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a tool may take to write down what it has seen.
const TOOL_ENDS_WITHIN: Duration = Duration::from_secs(30);

/// If this process was started as a server: serves, and answers with what it is to end with.
pub fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let program = arguments.next()?;
    if arguments.next()? != ROLE {
        return None;
    }
    let home = match arguments.next()?.to_str()? {
        "memory" => Home::Memory,
        _ => Home::Disk,
    };
    #[expect(clippy::disallowed_methods, reason = "a server must not outlive its bench")]
    thread::spawn(|| {
        // Nothing is ever written there: the read ends when the bench has ended.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    // Nothing from the environment: the settings are those that the bench prints.
    let arguments = std::iter::once(program).chain(arguments);
    Some(program::run(arguments, &Environment::new(), home))
}

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its configuration file.
    pub config: String,
    /// On which core it runs.
    pub pins: Option<Pins>,
    /// Under which command it is started.
    pub under: Vec<String>,
}

impl Settings {
    /// A server for so many connections from this computer. **These are the only settings that are not the defaults.**
    #[must_use]
    pub fn for_connections(connections: usize, pins: Option<Pins>, under: Vec<String>) -> Self {
        let room = connections + 64;
        let config = format!(
            "[limits]\nconnections = {room}\nconnections_per_address = {room}\n\
             # A core that somebody else wants as well makes everybody late, and is no reason to turn anybody away.\n\
             handshake_ms = 60000\n"
        );
        Self { config, pins, under }
    }
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Held, never written: the server ends when this closes.
    leash: Option<ChildStdin>,
    /// Closes when the server has ended.
    ended: mpsc::Receiver<()>,
    is_under_a_tool: bool,
    address: SocketAddr,
}

impl Server {
    /// Starts a server on this data directory, and waits until it would answer.
    ///
    /// # Errors
    /// It does not become ready; the error has its own words.
    pub fn start(home: Home, data: &Path, settings: &Settings) -> Result<Self, Failure> {
        let failed = |error| Failure::doing("the server cannot be started", error);
        let complaints = data.join("complaints.txt");
        #[expect(clippy::disallowed_methods, reason = "the configuration of the server that is started here")]
        std::fs::write(data.join("tertulia.toml"), &settings.config).map_err(failed)?;
        #[expect(clippy::disallowed_methods, reason = "what the server complains of, for the error")]
        let stderr = std::fs::File::create(&complaints).map_err(failed)?;

        let mut words: Vec<String> = settings.pins.map(Pins::server_prefix).into_iter().flatten().collect();
        words.extend(settings.under.iter().cloned());
        words.push(std::env::current_exe().map_err(failed)?.display().to_string());
        words.extend([ROLE.to_owned(), name(home).to_owned(), "--data".to_owned(), data.display().to_string()]);
        words.extend(["--listen", "127.0.0.1:0", "--no-discovery"].map(ToOwned::to_owned));
        #[expect(clippy::disallowed_methods, reason = "this file owns the server's process")]
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(failed)?;
        let leash = child.stdin.take();
        match ready_line(&mut child) {
            Some((address, ended)) => {
                let is_under_a_tool = !settings.under.is_empty();
                Ok(Self { child, leash, ended, is_under_a_tool, address })
            }
            None => {
                end(&mut child);
                #[expect(clippy::disallowed_methods, reason = "what the server complained of")]
                let why = std::fs::read_to_string(&complaints).unwrap_or_default();
                Err(Failure::new(format!("the server did not become ready: {}", why.trim())))
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process, to be asked.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::of(self.child.id())
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.leash.take());
        if self.is_under_a_tool {
            // The tool writes down what it has seen when the process ends by itself.
            let _ = self.ended.recv_timeout(TOOL_ENDS_WITHIN);
        }
        end(&mut self.child);
    }
}

/// Kills the process that we started, by its own id, and waits for it.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// What a home of the log is called.
#[must_use]
pub fn name(home: Home) -> &'static str {
    match home {
        Home::Memory => "memory",
        Home::Disk => "disk",
    }
}

/// Where the server listens, once it says so, and what tells when it has ended.
fn ready_line(child: &mut Child) -> Option<(SocketAddr, mpsc::Receiver<()>)> {
    let mut stdout = BufReader::new(child.stdout.take()?);
    let (tell, told) = mpsc::channel();
    let (ends, ended) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "a pipe has no deadline, a channel has")]
    thread::spawn(move || {
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let _ = tell.send(read.map(|_| line));
        // The pipe stays open for as long as the server lives: it may have more to say.
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        drop(ends);
    });
    let line = told.recv_timeout(READY_WITHIN).ok()?.ok()?;
    let address = line.trim().strip_prefix("listening on ")?.parse().ok()?;
    Some((address, ended))
}
