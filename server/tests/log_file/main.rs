//! What only a log in a file can suffer: kills, a disk that fails, damage, missing rights, files of others.

#![expect(clippy::disallowed_methods, reason = "these tests ill-treat files")]
#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

#[path = "../log_subject/mod.rs"]
mod log_subject;

mod erased;
mod kills;
mod opening;

use std::path::Path;

use log_subject::{Home, Subject, draft, replay};
use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_protocol::entry::MessageBody;
use tertulia_server::log::Draft;
use tertulia_server::log::store::{OpenFailure, Store};

/// A closed file with this many entries.
pub(crate) fn file_with(count: u8) -> (TempDir, std::path::PathBuf) {
    let mut log = Subject::new(Home::Local);
    log.append((0..count).map(|cid| Draft { body: vec![cid; 2000], ..draft(7, cid) }).collect());
    log.wait(count.into());
    log.stop();
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("tertulia.db");
    std::fs::copy(log.path(), &path).expect("the closed file is whole");
    (dir, path)
}

/// What opening and replaying the file ends in.
pub(crate) fn refusal(path: &Path) -> OpenFailure {
    match Store::open(path).and_then(|store| replay(&store)) {
        Ok(entries) => panic!("it opens, with {} entries", entries.len()),
        Err(error) => {
            assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "which file: {error}");
            error.why
        }
    }
}

/// Changes the file as some other program might.
pub(crate) fn with_sql(path: &Path, sql: &str) {
    Connection::open(path).and_then(|connection| connection.execute_batch(sql)).expect("it is SQLite");
}

/// All that the files of a log hold, in lower case, as far as it is text: as the index has it.
pub(crate) fn all_bytes(log: &Subject) -> String {
    let path = log.path();
    let files = std::fs::read_dir(path.parent().expect("a directory")).expect("it is there");
    let bytes = files.flat_map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes"));
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).to_ascii_lowercase()
}

pub(crate) fn says(author: u64, cid: u8, text: String) -> Draft {
    Draft { body: MessageBody { text }.to_bytes(), ..draft(author, cid) }
}
