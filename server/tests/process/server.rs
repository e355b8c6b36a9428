//! A server of a test's own: its data directory, its ports, its activity log, and what the system says about it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::child::{PATIENCE, Process, program, until};

/// Where servers of a test keep what lasts. Gone with the test.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One whose configuration file says this.
    pub(crate) fn with_config(toml: &str) -> Self {
        let home = Self::new();
        fs::create_dir(home.data()).unwrap();
        fs::write(home.data().join("tertulia.toml"), toml).unwrap();
        home
    }

    /// The data directory, which need not exist.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder around it, for whatever else a test needs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's command line on this data.
    pub(crate) fn command(&self, listen: &[&str]) -> Command {
        let mut command = program("tertulia-server");
        command.arg("--data").arg(self.data());
        for address in listen {
            command.args(["--listen", address]);
        }
        command
    }

    /// A server on a free port of the loopback.
    #[track_caller]
    pub(crate) fn server(&self) -> Server {
        self.server_on("127.0.0.1:0")
    }

    /// A server that listens there.
    #[track_caller]
    pub(crate) fn server_on(&self, listen: &str) -> Server {
        Server::start(&mut self.command(&[listen]))
    }

    /// A server on an address that one before it had.
    #[track_caller]
    pub(crate) fn server_again_on(&self, address: SocketAddr) -> Server {
        Server::start_again(&mut self.command(&[&address.to_string()]))
    }

    /// Every line of the activity log, oldest first, those that were turned over included.
    pub(crate) fn activities(&self) -> Vec<Value> {
        let names = ["logs.json.5", "logs.json.4", "logs.json.3", "logs.json.2", "logs.json.1", "logs.json"];
        let texts = names.iter().filter_map(|name| fs::read_to_string(self.data().join(name)).ok());
        // The last line may be on its way.
        let lines = texts.flat_map(|text| {
            let whole = text.rfind('\n').map_or(0, |at| at + 1);
            text[..whole].lines().map(ToOwned::to_owned).collect::<Vec<_>>()
        });
        lines.map(|line| serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
    }

    /// The lines about one sort of event.
    pub(crate) fn activities_of(&self, event: &str) -> Vec<Value> {
        self.activities().into_iter().filter(|line| line["event"] == event).collect()
    }

    /// Waits until there are that many lines about it, for the file is written a moment after the fact.
    #[track_caller]
    pub(crate) fn wait_for(&self, event: &str, count: usize) -> Vec<Value> {
        until(&format!("{count} × {event} in the activity log"), PATIENCE, || {
            let lines = self.activities_of(event);
            (lines.len() >= count).then_some(lines)
        })
    }
}

/// A server that is ready.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// The first address it listens on.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it and waits for its first ready line.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = Process::start("tertulia-server", command);
        match Self::wait(&mut process) {
            Some(address) => Self { process, address },
            None => panic!("the server ended: {}", process.errors()),
        }
    }

    /// Starts it on an address that a server before it had.
    #[track_caller]
    pub(crate) fn start_again(command: &mut Command) -> Self {
        // While nobody listens there, some program's outgoing connection may sit on the port for a moment.
        until("the address is free again", PATIENCE, || {
            let mut process = Process::start("tertulia-server", command);
            match Self::wait(&mut process) {
                Some(address) => Some(Self { process, address }),
                None => {
                    assert!(process.errors().contains("in use"), "{}", process.errors());
                    None
                }
            }
        })
    }

    fn wait(process: &mut Process) -> Option<SocketAddr> {
        until("the server is ready or ends", PATIENCE, || match Self::addresses(process).first() {
            Some(address) => Some(Some(*address)),
            None => process.has_ended().then_some(None),
        })
    }

    fn addresses(process: &Process) -> Vec<SocketAddr> {
        let lines = process.output();
        lines.iter().filter_map(|line| line.strip_prefix("listening on ")?.parse().ok()).collect()
    }

    /// Asks it to stop, and expects that it does so in order.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.process.signal("TERM");
        assert_eq!(self.process.exit_code(Duration::from_secs(6)), 0, "{}", self.process.errors());
    }

    /// What is resident of it, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        status_number(&format!("/proc/{}/status", self.process.id()), "VmRSS:")
    }

    /// Whether SIGSTOP has reached it.
    pub(crate) fn is_stopped(&self) -> bool {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let is_stopped = |status: String| status.contains("State:\tT");
        tasks.into_iter().all(|task| is_stopped(fs::read_to_string(task.unwrap().path().join("status")).unwrap()))
    }

    /// How often its threads have gone to sleep so far.
    pub(crate) fn sleeps(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let of = |task: fs::DirEntry| status_number(&task.path().join("status").display().to_string(), SLEEPS);
        tasks.map(|task| of(task.unwrap())).sum()
    }
}

const SLEEPS: &str = "voluntary_ctxt_switches:";

/// A number from one of the files under /proc.
pub(crate) fn status_number(path: &str, key: &str) -> u64 {
    let status = fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("the line is there");
    line.split_whitespace().next().unwrap().parse().unwrap()
}
