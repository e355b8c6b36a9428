//! `tertulia-cli` as a process.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests start programs, and listen on sockets themselves"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use super::server::binary;

/// `tertulia-cli` with its profiles below a directory of the test's own.
pub(crate) struct Cli {
    home: tempfile::TempDir,
    server: String,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Cli {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { home: tempfile::tempdir().unwrap(), server: server.to_string() }
    }

    pub(crate) fn set_server(&mut self, server: SocketAddr) {
        self.server = server.to_string();
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("tertulia-cli"));
        command
            .args(args)
            .env_clear()
            .env("XDG_DATA_HOME", self.home.path())
            .env("TERTULIA_SERVER", &self.server)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = self.command(args).spawn().unwrap();
        // A program that wants no input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input);
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        Run {
            code: status.code().expect("it was not killed"),
            output: String::from_utf8(stdout).unwrap(),
            errors: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Runs it to its end, which has to be a good one, and gives what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let run = self.run(args, b"");
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{args:?}");
        run.output
    }

    /// Starts something that goes on.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut child = self.command(args).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Running { child, output: Some(output) }
    }
}

/// A program that goes on, killed when dropped.
pub(crate) struct Running {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.as_mut().expect("its output is read").read_line(&mut line).unwrap();
        line
    }

    /// Stops reading what it prints.
    pub(crate) fn close_output(&mut self) {
        self.output = None;
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> (i32, String) {
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code().expect("it was not killed"), errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who takes connections and never says a word.
pub(crate) fn mute_listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}
