//! A data directory, and the program run on it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use crate::log_subject::{draft, replay};
use tempfile::TempDir;
use tertulia_protocol::{
    Cid, DeviceId, Kind, LogId, PublicKey, RoomId, Rseq, Seq, UserId,
    entry::{MessageBody, NO_BODY},
};
use tertulia_server::chat::{admit, body::NameClaim};
use tertulia_server::log::store::Store;
use tertulia_server::log::{Derived, Draft, Log as _, Ticket, local::LocalLog};

/// A data directory in which Ana (entry 2) has said two things, edited one of them and deleted the other.
pub(crate) struct Data(TempDir);

impl Data {
    pub(crate) fn new() -> Self {
        let data = Self(TempDir::new().expect("a directory"));
        fs::create_dir(data.path()).expect("the data directory");
        data
    }

    pub(crate) fn with_talk() -> Self {
        let data = Self::new();
        let mut store = Store::open(&data.database()).expect("a new database");
        let claim = NameClaim {
            key: PublicKey([7; 32]),
            name: "Ana".to_owned(),
            folded: "ana".to_owned(),
            skeletons: vec!["ana".to_owned()],
        };
        let says = |cid, kind, target, text: &str| Draft {
            author: UserId(2),
            device: DeviceId(2),
            kind,
            target,
            body: MessageBody { text: text.to_owned() }.to_bytes(),
            ..draft(2, cid)
        };
        let claim = Draft {
            author: UserId(0),
            device: DeviceId(0),
            room: RoomId(0),
            kind: Kind::NAME_CLAIM,
            body: claim.to_bytes(),
            ..draft(0, 2)
        };
        let said = [
            admit::genesis(Ticket(0), 1, Cid([1; 16]), LogId([9; 16])),
            claim,
            says(3, Kind::MESSAGE, None, "¡Hola!"),
            says(4, Kind::MESSAGE, None, "un error"),
            says(5, Kind::EDIT, Some(Rseq(1)), "¡Hola a todos!"),
            Draft { body: NO_BODY.to_vec(), ..says(6, Kind::DELETE, Some(Rseq(2)), "") },
        ];
        for draft in &said {
            store.append_now(draft).expect("it is stored");
        }
        store.put("chat_key", &[5; 32]).expect("it is stored");
        data
    }

    /// Does what follows from it, as a server that runs does.
    pub(crate) fn derive(&self) {
        let store = Store::open(&self.database()).expect("it opens");
        let mut log = LocalLog::start(store, Arc::new(|| {})).expect("the log starts");
        let edited = Derived::Edited { edit: Seq(5), message: Seq(3) };
        let erased = Derived::Erased { by: Seq(6), room: RoomId(1), message: Seq(4), rseq: Rseq(2) };
        log.derive(vec![edited, erased], Seq(6));
        assert_eq!(log.close(), []);
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("tertulia.db")
    }

    /// A name beside the data.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tertulia-server"));
        command.arg("--data").arg(self.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs it, and gives what it said on standard output; it has to be content.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs it, and gives its exit code and what it complained of.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        (output.status.code(), errors(&output))
    }

    /// A server on it, once it listens.
    pub(crate) fn server(&self) -> Server {
        let mut command = self.command(&["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert!(line.starts_with("listening on "), "{line:?}");
        Server(child)
    }
}

/// Ended with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

pub(crate) fn entries(database: &Path) -> Vec<tertulia_server::log::Entry> {
    replay(&Store::open(database).expect("it opens")).expect("it replays")
}
