//! Hosting a chat on this computer: a server that somebody runs here already, or one that is started now.
//!
//! Owns the start and the stop of `tertulia-server`. The server is its own program with a data directory of its own,
//! and it outlives the window. Only the one on that directory is ever stopped, in the orderly way (SIGTERM). A stop takes
//! seconds at worst, a start as long as its log takes to read, so they have threads.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this file owns the start and the stop of the server: a process, its files, a probe of the port, threads"
)]

use std::{
    env,
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, Read},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tertulia_client::model::{HostFailure, question::StopFailure};
use tertulia_protocol::limits::DEFAULT_PORT;

const PROBE: Duration = Duration::from_millis(300);
/// Its name, beside this program and on the path.
const SERVER: &str = if cfg!(windows) { "tertulia-server.exe" } else { "tertulia-server" };

/// Makes sure that a server runs here, then says so (or why not), on a thread of its own.
pub(crate) fn start(
    data: Option<PathBuf>,
    path: Option<std::ffi::OsString>,
    done: impl FnOnce(Result<(), HostFailure>) + Send + 'static,
) {
    // Without a thread nobody would ever answer, and the window would wait for nothing.
    thread::spawn(move || {
        if answers() {
            return done(Ok(()));
        }
        match launch(data, path.as_deref()) {
            Ok(mut server) => {
                done(Ok(()));
                // If it ends before this program does, somebody has to take note, or it would stay as a zombie.
                let _ = server.wait();
            }
            Err(failure) => done(Err(failure)),
        }
    });
}

/// Whether the server that this person hosts runs.
pub(crate) fn is_running(data: Option<&Path>) -> bool {
    data.is_some_and(|data| system::running(data).is_some())
}

/// Stops the server that this person hosts, then says so (or why not), on a thread of its own.
pub(crate) fn stop(data: Option<PathBuf>, done: impl FnOnce(Result<(), StopFailure>) + Send + 'static) {
    thread::spawn(move || {
        done(match data.as_deref().and_then(system::running) {
            Some(server) => system::stop(&server),
            None => Ok(()),
        });
    });
}

/// What the lock of a data directory tells: the process that holds it, if one does.
#[cfg(target_os = "linux")]
fn holder(data: &Path) -> Option<i32> {
    let mut lock = File::open(data.join("lock")).ok()?;
    let mut told = String::new();
    (&mut lock).take(32).read_to_string(&mut told).ok()?;
    let process = told.trim().parse().ok()?;
    // Who is killed leaves its number behind, but not its lock.
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(process)
}

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::OwnedFd;

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        io::{Errno, retry_on_intr},
        process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
    };

    use super::*;

    /// A server needs five seconds at most to tell everybody and to store what it was given.
    const PATIENCE: Timespec = Timespec { tv_sec: 8, tv_nsec: 0 };

    /// The server on this directory. It is held as a process, not as a number: what is asked and done from here on
    /// cannot meet another one that got its number since.
    pub(super) fn running(data: &Path) -> Option<OwnedFd> {
        let number = holder(data)?;
        let process = pidfd_open(Pid::from_raw(number)?, PidfdFlags::empty()).ok()?;
        let program = fs::read_link(format!("/proc/{number}/exe")).ok()?;
        let name = program.file_name()?.to_str()?;
        // The program may have been replaced by a newer one since it was started.
        let is_server = name.strip_suffix(" (deleted)").unwrap_or(name) == SERVER;
        (is_server && holder(data) == Some(number)).then_some(process)
    }

    pub(super) fn stop(server: &OwnedFd) -> Result<(), StopFailure> {
        let failed = |error: Errno| StopFailure::System(error.to_string());
        match pidfd_send_signal(server, Signal::TERM) {
            Err(Errno::SRCH) => return Ok(()),
            sent => sent.map_err(failed)?,
        }
        let mut ended = [PollFd::new(server, PollFlags::IN)];
        match retry_on_intr(|| poll(&mut ended, Some(&PATIENCE))).map_err(failed)? {
            0 => Err(StopFailure::TooSlow),
            _ => Ok(()),
        }
    }
}

/// Elsewhere nothing is known of the process, so that stopping it is never offered.
#[cfg(not(target_os = "linux"))]
mod system {
    use super::*;

    pub(super) fn running(_: &Path) -> Option<std::convert::Infallible> {
        None
    }

    pub(super) fn stop(server: &std::convert::Infallible) -> Result<(), StopFailure> {
        match *server {}
    }
}

/// Whether anybody listens at the usual port of this computer. Who it is, the login will tell.
fn answers() -> bool {
    let here =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)), SocketAddr::from((Ipv6Addr::LOCALHOST, DEFAULT_PORT))];
    here.iter().any(|address| TcpStream::connect_timeout(address, PROBE).is_ok())
}

fn launch(data: Option<PathBuf>, path: Option<&OsStr>) -> Result<Child, HostFailure> {
    let beside = env::current_exe().ok().and_then(|here| Some(here.parent()?.join(SERVER)));
    let program = find(beside.as_deref(), path).ok_or(HostFailure::NotFound)?;
    let stopped = |why: &str| HostFailure::Stopped(why.to_owned());
    let data = data.ok_or_else(|| stopped("HOME is not set"))?;
    private_dir(&data).map_err(|error| stopped(&error.to_string()))?;
    // What it says while serving goes to a file: a pipe would break when the window ends.
    let log = data.join("server.log");
    let says = private_file(&log).map_err(|error| stopped(&error.to_string()))?;
    let mut command = Command::new(program);
    // What the environment tells some other server is not meant for this one: it has to be where the window looks.
    for (name, _) in env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"TERTULIA_")) {
        command.env_remove(name);
    }
    command.arg("--listen").arg(format!(":{DEFAULT_PORT}"));
    command.arg("--data").arg(&data).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(says);
    // A group of its own: Ctrl+C in the terminal that started the window is not meant for the server.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut server = command.spawn().map_err(|error| stopped(&error.to_string()))?;
    if is_ready(&mut server) {
        return Ok(server);
    }
    let _ = server.wait();
    let mut said = String::new();
    let _ = File::open(&log).and_then(|file| file.take(4_096).read_to_string(&mut said));
    Err(stopped(said.lines().last().unwrap_or_default()))
}

/// Makes a directory for the owner alone: everybody's words will lie in it.
fn private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens an empty file for the owner alone.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Waits for the line that says where it listens; without one it has ended.
fn is_ready(server: &mut Child) -> bool {
    let Some(output) = server.stdout.take() else { return false };
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).is_ok() && line.starts_with("listening on ")
}

fn find(beside: Option<&Path>, path: Option<&OsStr>) -> Option<PathBuf> {
    let on_path = path.into_iter().flat_map(env::split_paths).map(|folder| folder.join(SERVER));
    beside.map(Path::to_owned).into_iter().chain(on_path).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_is_not_our_server_is_left_alone() {
        use std::io::Write;
        let data = tempfile::tempdir().unwrap();
        assert_eq!(holder(data.path()), None, "nothing was ever hosted");
        let mut lock = File::create(data.path().join("lock")).unwrap();
        writeln!(lock, "{}", std::process::id()).unwrap();
        assert_eq!(holder(data.path()), None, "the number was left behind by somebody who was killed");
        lock.lock().unwrap();
        assert_eq!(holder(data.path()), Some(i32::try_from(std::process::id()).unwrap()));
        assert!(system::running(data.path()).is_none(), "this process is no server");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_server_on_the_directory_is_stopped() {
        let (programs, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // A program of that name that holds the lock, as a server does, and waits.
        let program = programs.path().join(SERVER);
        fs::copy("/usr/bin/sleep", &program).unwrap();
        let mut server = Command::new(&program).arg("60").spawn().unwrap();
        let lock = File::create(data.path().join("lock")).unwrap();
        fs::write(data.path().join("lock"), format!("{}\n", server.id())).unwrap();
        lock.lock().unwrap();
        let process = system::running(data.path()).expect("it runs");
        assert_eq!(system::stop(&process), Ok(()));
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&server.wait().unwrap()), Some(15));
        assert!(system::running(data.path()).is_none());
    }

    #[test]
    fn the_server_beside_the_window_comes_before_the_one_on_the_path() {
        let (beside, installed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ours = beside.path().join(SERVER);
        let path = Some(installed.path().as_os_str());
        assert_eq!(find(Some(&ours), path), None);
        fs::write(installed.path().join(SERVER), "").unwrap();
        assert_eq!(find(Some(&ours), path), Some(installed.path().join(SERVER)));
        fs::write(&ours, "").unwrap();
        assert_eq!(find(Some(&ours), path), Some(ours));
    }
}
