//! The real server as a process of its own, which can be killed.
#![expect(clippy::disallowed_methods, reason = "these tests start programs")]

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A binary of the workspace, built into the directory of the test's own.
pub(crate) fn binary(name: &str) -> PathBuf {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_tertulia-cli"));
    let path = own.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is missing: run `cargo build -p {name}` (or test the whole workspace)", path.display());
    path
}

/// A server with its data in a directory, killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server, and waits until it is ready.
    pub(crate) fn start(data: &Path, listen: &str) -> Self {
        let mut child = Command::new(binary("tertulia-server"))
            .args(["--no-discovery", "--listen", listen, "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect("a ready line").parse().unwrap();
        Self { child, address, _stdout: stdout }
    }

    /// On this computer, at a free port.
    pub(crate) fn start_anywhere(data: &Path) -> Self {
        Self::start(data, "127.0.0.1:0")
    }

    /// As a power cut would end it.
    pub(crate) fn kill(mut self) -> SocketAddr {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
