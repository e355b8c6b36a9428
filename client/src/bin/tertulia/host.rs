//! Hosting a chat on this computer: a server that somebody runs here already, or one that is started now.
//!
//! Owns the start of `tertulia-server`. The server is its own program with a data directory of its own; it outlives
//! the window, and nothing here stops it. Blocks for seconds at worst, so it has a thread.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this file owns the start of the server: a process, its log file, a probe of the port, a thread"
)]

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tertulia_client::model::HostFailure;
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
    thread::spawn(move || done(if answers() { Ok(()) } else { launch(data, path.as_deref()) }));
}

/// Whether anybody listens at the usual port of this computer. Who it is, the login will tell.
fn answers() -> bool {
    let here =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)), SocketAddr::from((Ipv6Addr::LOCALHOST, DEFAULT_PORT))];
    here.iter().any(|address| TcpStream::connect_timeout(address, PROBE).is_ok())
}

fn launch(data: Option<PathBuf>, path: Option<&OsStr>) -> Result<(), HostFailure> {
    let beside = env::current_exe().ok().and_then(|here| Some(here.parent()?.join(SERVER)));
    let program = find(beside.as_deref(), path).ok_or(HostFailure::NotFound)?;
    let stopped = |why: &str| HostFailure::Stopped(why.to_owned());
    let data = data.ok_or_else(|| stopped("HOME is not set"))?;
    fs::create_dir_all(&data).map_err(|error| stopped(&error.to_string()))?;
    // What it says while serving goes to a file: a pipe would break when the window ends.
    let log = data.join("server.log");
    let says = File::create(&log).map_err(|error| stopped(&error.to_string()))?;
    let mut command = Command::new(program);
    command.arg("--data").arg(&data).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(says);
    // A group of its own: Ctrl+C in the terminal that started the window is not meant for the server.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut server = command.spawn().map_err(|error| stopped(&error.to_string()))?;
    if is_ready(&mut server) {
        return Ok(());
    }
    let _ = server.wait();
    let mut said = String::new();
    let _ = File::open(&log).and_then(|file| file.take(4_096).read_to_string(&mut said));
    Err(stopped(said.lines().last().unwrap_or_default()))
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
