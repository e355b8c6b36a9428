//! The server under measurement: the real one, in a process of its own.
//!
//! `cargo bench` builds no binaries of other packages, and a bench of a binary that somebody built last week would be
//! worse than none. So the server is started out of the bench's own executable, which holds the same library: in a
//! hidden role it does nothing but call [`tertulia_server::program::run`], as `tertulia-server` does, with arguments of
//! the same form. What differs is where the log lives ([`Home`]), and that the process ends when the bench does: it
//! watches its standard input, whose other end the bench holds until it dies, however it dies. The floors are other
//! roles of the same executable; the peers are programs of their own, and ready when their port answers.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use tertulia_server::{config::Environment, program, serve::Home};

use crate::{Failure, floor::Floor, machine::Pins, peers::Peer, process::Process};

/// The argument that makes a server of the bench. Long enough that nobody gives it by accident.
const ROLE: &str = "--serve-for-the-bench";

/// How long a server may take to be ready: replaying a log, or starting under a tool that makes it fifty times slower.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How often it is tried whether a peer is ready.
const KNOCK_EVERY: Duration = Duration::from_millis(20);

/// How long a tool may take to write down what it has seen.
const TOOL_ENDS_WITHIN: Duration = Duration::from_secs(30);

/// If this process was started as a server: serves, and answers with what it is to end with.
pub fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let program = arguments.next()?;
    if arguments.next()? != ROLE {
        return None;
    }
    let role = arguments.next()?;
    #[expect(clippy::disallowed_methods, reason = "a server must not outlive its bench")]
    thread::spawn(|| {
        // Nothing is ever written there: the read ends when the bench has ended.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    if let Some(floor) = Floor::ALL.into_iter().find(|floor| role == floor.name()) {
        return Some(match floor.serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(std::io::stderr().lock(), "{}: {error}", floor.name());
                ExitCode::FAILURE
            }
        });
    }
    let home = if role == name(Home::Memory) { Home::Memory } else { Home::Disk };
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
             names_per_address_per_hour = 1_000_000\n\
             # One speaks for all: as fast as the server can.\n\
             frames_per_second = 10_000_000\nbytes_per_second = 1_073_741_824\n\
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
        write(&data.join("tertulia.toml"), &settings.config)?;
        let mut words = settings.under.clone();
        words.extend([executable()?, ROLE.to_owned(), name(home).to_owned()]);
        words.extend(["--data".to_owned(), data.display().to_string()]);
        words.extend(["--listen", "127.0.0.1:0", "--no-discovery"].map(ToOwned::to_owned));
        Self::spawn(words, None, data, settings)
    }

    /// Starts a floor.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_floor(floor: Floor, data: &Path, settings: &Settings) -> Result<Self, Failure> {
        Self::spawn(vec![executable()?, ROLE.to_owned(), floor.name().to_owned()], None, data, settings)
    }

    /// Starts a peer, whose program this is.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_peer(
        peer: Peer,
        program: &Path,
        connections: usize,
        data: &Path,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        Self::start_configured(peer, program, &|port| peer.config(port, connections), data, settings)
    }

    /// Starts a peer with a configuration of one's own, told the port to listen on.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_configured(
        peer: Peer,
        program: &Path,
        config: &dyn Fn(u16) -> String,
        data: &Path,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        // Nobody else takes a port that was free a moment ago: the system gives others first.
        let free = mio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = free.and_then(|free| free.local_addr()).map_err(|error| Failure::doing("no port", error))?;
        let file = data.join(peer.name()).with_extension("conf");
        write(&file, &config(address.port()))?;
        let mut words = vec![program.display().to_string()];
        words.extend(peer.arguments(file.display().to_string()));
        Self::spawn(words, Some(address), data, settings)
    }

    /// Starts a command; if it is not known where it will listen, its first line says so.
    fn spawn(
        command: Vec<String>,
        address: Option<SocketAddr>,
        data: &Path,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::doing("the server cannot be started", error);
        let complaints = data.join("complaints.txt");
        #[expect(clippy::disallowed_methods, reason = "what the server complains of, for the error")]
        let stderr = std::fs::File::create(&complaints).map_err(failed)?;
        let mut words: Vec<String> = settings.pins.map(Pins::server_prefix).into_iter().flatten().collect();
        words.extend(command);
        #[expect(clippy::disallowed_methods, reason = "this file owns the server's process")]
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .current_dir(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(failed)?;
        let leash = child.stdin.take();
        let ready = ready_line(&mut child, address.is_none()).and_then(|(line, ended)| match address {
            Some(address) => answers(address, &ended).then_some((address, ended)),
            None => Some((line.trim().strip_prefix("listening on ")?.parse().ok()?, ended)),
        });
        match ready {
            Some((address, ended)) => {
                let is_under_a_tool = !settings.under.is_empty() && words.contains(&ROLE.to_owned());
                Ok(Self { child, leash, ended, is_under_a_tool, address })
            }
            None => {
                end(&mut child);
                #[expect(clippy::disallowed_methods, reason = "what the server complained of")]
                let why = std::fs::read_to_string(&complaints).unwrap_or_default();
                Err(Failure::new(format!("{} did not become ready: {}", words.join(" "), why.trim())))
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

fn executable() -> Result<String, Failure> {
    let path = std::env::current_exe().map_err(|error| Failure::doing("this executable", error))?;
    Ok(path.display().to_string())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    #[expect(clippy::disallowed_methods, reason = "the configuration of the server that is started here")]
    std::fs::write(path, text).map_err(|error| Failure::doing(&path.display().to_string(), error))
}

/// The first line of the server, if it is to say one, and what tells when it has ended.
fn ready_line(child: &mut Child, speaks: bool) -> Option<(String, mpsc::Receiver<()>)> {
    let mut stdout = BufReader::new(child.stdout.take()?);
    let (tell, told) = mpsc::channel();
    let (ends, ended) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "a pipe has no deadline, a channel has")]
    thread::spawn(move || {
        let mut line = String::new();
        let read = if speaks { stdout.read_line(&mut line) } else { Ok(0) };
        let _ = tell.send(read.map(|_| line));
        // The pipe stays open for as long as the server lives: it may have more to say.
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        drop(ends);
    });
    Some((told.recv_timeout(READY_WITHIN).ok()?.ok()?, ended))
}

/// Whether somebody comes to listen there, in time and before the server has ended.
fn answers(address: SocketAddr, ended: &mpsc::Receiver<()>) -> bool {
    for _ in 0..READY_WITHIN.as_millis() / KNOCK_EVERY.as_millis() {
        #[expect(clippy::disallowed_types, reason = "a knock at the door, closed at once")]
        if std::net::TcpStream::connect(address).is_ok() {
            return true;
        }
        if ended.recv_timeout(KNOCK_EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
            return false;
        }
    }
    false
}
