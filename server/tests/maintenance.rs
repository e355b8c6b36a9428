//! Backup, restore, verify and export, as an operator runs them: the program itself on a data directory.

#![expect(clippy::disallowed_methods, reason = "these tests run a program on files")]
#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

mod log_subject;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use log_subject::{draft, replay};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tertulia_protocol::{
    Cid, DeviceId, Kind, LogId, PublicKey, RoomId, Rseq, Seq, UserId,
    entry::{MessageBody, NO_BODY},
};
use tertulia_server::chat::{Chat, admit, body::NameClaim};
use tertulia_server::log::store::Store;
use tertulia_server::log::{Derived, Draft, Log as _, Ticket, local::LocalLog};

/// A data directory in which Ana (entry 2) has said two things, edited one of them and deleted the other.
struct Data(TempDir);

impl Data {
    fn new() -> Self {
        let data = Self(TempDir::new().expect("a directory"));
        fs::create_dir(data.path()).expect("the data directory");
        data
    }

    fn with_talk() -> Self {
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
        data
    }

    /// Does what follows from it, as a server that runs does.
    fn derive(&self) {
        let store = Store::open(&self.database()).expect("it opens");
        let mut log = LocalLog::start(store, Arc::new(|| {})).expect("the log starts");
        let edited = Derived::Edited { edit: Seq(5), message: Seq(3) };
        let erased = Derived::Erased { by: Seq(6), room: RoomId(1), message: Seq(4), rseq: Rseq(2) };
        log.derive(vec![edited, erased], Seq(6));
        assert_eq!(log.close(), []);
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn database(&self) -> PathBuf {
        self.path().join("tertulia.db")
    }

    /// A name beside the data.
    fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tertulia-server"));
        command.arg("--data").arg(self.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs it, and gives what it said on standard output; it has to be content.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs it, and gives its exit code and what it complained of.
    fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        (output.status.code(), errors(&output))
    }

    /// A server on it, once it listens.
    fn server(&self) -> Server {
        let mut command = self.command(&["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert!(line.starts_with("listening on "), "{line:?}");
        Server(child)
    }
}

/// Ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn entries(database: &Path) -> Vec<tertulia_server::log::Entry> {
    replay(&Store::open(database).expect("it opens")).expect("it replays")
}

#[test]
fn a_backup_of_a_running_server_is_whole_and_private_and_overwrites_nothing() {
    let data = Data::with_talk();
    let server = data.server();
    let copy = data.beside("copy.db");
    assert_eq!(data.ok(&["backup", text(&copy)]), "");
    let (code, why) = data.refused(&["backup", text(&copy)]);
    assert_eq!((code, why.contains("there is a file of this name already")), (Some(1), true), "{why}");
    drop(server);
    assert_eq!(entries(&copy), entries(&data.database()));
    let key = |path| Store::open(path).expect("it opens").get("chat_key").expect("readable");
    assert!(key(&copy).is_some(), "the server's identity is part of it");
    assert_eq!(key(&copy), key(&data.database()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&copy).expect("the copy").permissions().mode() & 0o777, 0o600);
    }
    assert!(!data.beside("copy.db.partial").exists());
}

#[test]
fn a_backup_needs_a_database_and_a_place() {
    let data = Data::new();
    let (code, why) = data.refused(&["backup", text(&data.beside("copy.db"))]);
    assert_eq!(code, Some(3), "{why}");
    assert!(!data.beside("copy.db").exists());
    let data = Data::with_talk();
    let (code, why) = data.refused(&["backup", text(&data.beside("missing/copy.db"))]);
    assert_eq!(code, Some(1), "{why}");
    assert_eq!(data.refused(&["backup"]).0, Some(2));
}

#[test]
fn a_restored_log_goes_on_under_another_name() {
    let old = Data::with_talk();
    let copy = old.beside("copy.db");
    old.ok(&["backup", text(&copy)]);
    let new = Data::new();
    new.ok(&["restore", text(&copy)]);

    let (before, after) = (entries(&old.database()), entries(&new.database()));
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1);
    let mut chat = Chat::new();
    for entry in &after {
        chat.apply(entry).expect("it is a log");
    }
    let lineage: Vec<(LogId, Seq)> = chat.lineage().iter().map(|known| (known.log, known.from)).collect();
    assert_eq!((lineage.len(), lineage[0]), (2, (LogId([9; 16]), Seq(1))));
    assert_eq!(lineage[1].1, Seq(before.len() as u64 + 1));
    assert!(new.ok(&["verify"]).starts_with("the database is sound: 7 entries"));
    let left: Vec<String> = fs::read_dir(new.path())
        .expect("the data directory")
        .map(|file| file.expect("a file").file_name().into_string().expect("text"))
        .filter(|name| name.contains("restoring"))
        .collect();
    assert_eq!(left, [] as [String; 0]);
    drop(new.server());
}

#[test]
fn a_restore_overwrites_nothing_and_needs_the_server_stopped() {
    let data = Data::with_talk();
    let copy = data.beside("copy.db");
    data.ok(&["backup", text(&copy)]);
    let before = fs::read(data.database()).expect("the database");
    let (code, why) = data.refused(&["restore", text(&copy)]);
    assert_eq!((code, why.contains("is there already")), (Some(3), true), "{why}");
    assert_eq!(fs::read(data.database()).expect("the database"), before);

    let running = Data::new();
    let server = running.server();
    let (code, why) = running.refused(&["restore", text(&copy)]);
    assert_eq!((code, why.contains("another server is running")), (Some(3), true), "{why}");
    drop(server);

    let empty = Data::new();
    assert_eq!(empty.refused(&["restore", "/nowhere/copy.db"]).0, Some(1));
    fs::write(empty.beside("text"), "Querido diario: ".repeat(1000)).expect("a text");
    let (code, why) = empty.refused(&["restore", text(&empty.beside("text"))]);
    assert_eq!((code, why.contains("this is not a database")), (Some(1), true), "{why}");
    empty.ok(&["restore", text(&copy)]);
}

/// A copy that an older version made is brought to the present form on the way.
#[test]
fn a_backup_of_an_older_version_is_restored() {
    let data = Data::new();
    let old = data.beside("old.db");
    fs::write(&old, include_bytes!("recorded/version-1.db")).expect("the old file");
    data.ok(&["restore", text(&old)]);
    assert_eq!(entries(&data.database()).len(), 7);
    assert!(data.ok(&["export", "--room", "general"]).contains("el Café de la esquina"));
    assert_eq!(fs::read(&old).expect("the old file"), include_bytes!("recorded/version-1.db"));
}

#[test]
fn what_is_wrong_with_a_database_is_told() {
    let data = Data::with_talk();
    assert_eq!(data.ok(&["verify"]), "the database is sound: 6 entries, 1 rooms, 1 people\n");
    let server = data.server();
    data.ok(&["verify"]);
    drop(server);

    data.derive();
    data.ok(&["verify"]);

    let broken = |sql: &str| {
        let data = Data::with_talk();
        data.derive();
        let side = Connection::open(data.database()).expect("it is SQLite");
        side.execute_batch(sql).expect("it is changed");
        drop(side);
        let (code, why) = data.refused(&["verify"]);
        assert_eq!(code, Some(1), "{why}");
        why
    };
    assert!(broken("DELETE FROM log WHERE seq = 4").contains("entry 4 is missing"));
    assert!(broken("DELETE FROM log WHERE seq = 1").contains("entry 1 is missing"));
    assert!(
        broken("UPDATE log SET body = x'01' WHERE seq = 4")
            .contains("entry 4: it is erased, and its text is still stored")
    );
    assert!(broken("UPDATE log SET kind = 99 WHERE seq = 5").contains("upgrade the server"));
    // Its leaves; what is left says that there are some.
    assert!(broken("DELETE FROM words_data WHERE id > 10").contains("words"));

    let data = Data::new();
    assert_eq!(data.refused(&["verify"]).0, Some(3), "there is nothing");
}

#[test]
fn a_room_is_exported_as_lines_of_json() {
    let data = Data::with_talk();
    let lines = data.ok(&["export", "--room", "general"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let short = |line: &Value| {
        let number = |key: &str| line[key].as_u64().unwrap_or(0);
        let words = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
        let erased = line["erased"].as_bool().unwrap_or(false);
        (number("rseq"), words("kind"), words("user"), number("target"), words("text"), erased)
    };
    let row = |rseq, kind: &str, target, text: &str, erased| {
        (rseq, kind.to_owned(), "Ana".to_owned(), target, text.to_owned(), erased)
    };
    let messages: Vec<_> = lines.iter().map(short).filter(|line| line.2 == "Ana").collect();
    let expected = [
        row(1, "message", 0, "¡Hola!", false),
        row(2, "message", 0, "-", true),
        row(3, "edit", 1, "¡Hola a todos!", false),
        row(4, "delete", 2, "-", false),
    ];
    assert_eq!(messages, expected);
    assert!(
        lines.iter().all(|line| line["room"] == "general" && line["time"].as_str().is_some_and(|at| at.ends_with('Z')))
    );
    assert_eq!(data.ok(&["export", "--room", "1"]), data.ok(&["export", "--room", "general"]));
    let (code, why) = data.refused(&["export", "--room", "nowhere"]);
    assert_eq!((code, why.contains("there is no room \"nowhere\"")), (Some(1), true), "{why}");
}

/// Who reads only the first lines is content, and so are we.
#[test]
fn a_closed_pipe_is_no_failure() {
    let data = Data::with_talk();
    let mut child = data
        .command(&["export", "--room", "general"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("its complaints").read_to_string(&mut said).expect("text");
    assert_eq!((child.wait().expect("it ends").code(), said.as_str()), (Some(0), ""));
}
