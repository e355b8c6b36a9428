//! Opening: what a file holds and how it is replayed; damage, rights, files of others and of older versions.

use std::path::Path;

use crate::log_subject::{Home, Subject, draft, replay};
use crate::{file_with, refusal, says, with_sql};
use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_protocol::{RoomId, Seq};
use tertulia_server::log::store::{OpenError, OpenFailure, Store};
use tertulia_server::log::{Entry, Event, Query};

#[test]
fn a_million_is_not_needed_to_see_a_hole() {
    let (_dir, path) = file_with(10);
    with_sql(&path, "DELETE FROM log WHERE seq = 4");
    assert_eq!(refusal(&path), OpenFailure::Damaged("entry 4 is missing".into()));
}

#[test]
fn a_replay_begins_where_it_is_told_and_ends_when_it_is_told() {
    let (_dir, path) = file_with(10);
    let store = Store::open(&path).expect("it opens");
    let mut seen = Vec::new();
    let stopped = store.for_each(Seq(7), |entry: &Entry| {
        seen.push(entry.seq.0);
        if entry.seq == Seq(9) { Err(Stopped::ByUs) } else { Ok(()) }
    });
    assert_eq!((seen, stopped), (vec![7, 8, 9], Err(Stopped::ByUs)));
    let nothing = store.for_each(Seq(11), |_| Err(Stopped::ByUs));
    assert_eq!(nothing, Ok(()));
}

#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    ByUs,
    ByTheFile(OpenError),
}

impl From<OpenError> for Stopped {
    fn from(error: OpenError) -> Self {
        Self::ByTheFile(error)
    }
}

#[test]
fn the_server_keeps_values_beside_the_log() {
    let (_dir, path) = file_with(1);
    let store = Store::open(&path).expect("it opens");
    assert_eq!(store.get("chat key"), Ok(None));
    store.put("chat key", &[1, 2, 3]).expect("it is kept");
    store.put("other", &[]).expect("it is kept");
    store.put("chat key", &[4]).expect("it is replaced");
    drop(store);
    let store = Store::open(&path).expect("it opens");
    assert_eq!(store.get("chat key"), Ok(Some(vec![4])));
    assert_eq!(store.get("other"), Ok(Some(Vec::new())));
}

#[test]
fn a_damaged_page_is_damage() {
    let (_dir, path) = file_with(100);
    let mut bytes = std::fs::read(&path).expect("the file");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0x5a);
    std::fs::write(&path, bytes).expect("the damaged file");
    assert!(matches!(refusal(&path), OpenFailure::Damaged(_)));
}

/// Each search ended the server, although the index is derived and everything else could be read and written.
#[test]
fn a_damaged_search_index_fails_searches_and_nothing_else() {
    let mut log = Subject::new(Home::Local);
    log.append((0..20).map(|cid| says(7, cid, format!("hola {cid}"))).collect());
    log.wait(20);
    log.derived(vec![], 20);
    log.stop();
    with_sql(&log.path(), "DELETE FROM words_data WHERE id > 10");
    log.start();
    let rooms = vec![RoomId(1)];
    let words = vec!["hola".to_owned()];
    let query = Query { words, rooms, author: None, from: None, until: None, has_link: false, below: None };
    assert!(log.search_fails(&query) && log.search_fails(&query));
    log.append(vec![draft(7, 99)]);
    assert!(matches!(log.wait(1).pop(), Some(Event::Committed { .. })));
    assert_eq!(log.fetch(vec![Seq(1), Seq(21)], usize::MAX).len(), 2);
}

#[test]
fn half_a_file_is_damage() {
    let (_dir, path) = file_with(100);
    let bytes = std::fs::read(&path).expect("the file");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("half of it");
    assert!(matches!(refusal(&path), OpenFailure::Damaged(_)));
}

#[test]
fn a_newer_file_is_left_as_it_is() {
    let (_dir, path) = file_with(3);
    with_sql(&path, "PRAGMA user_version = 99");
    let before = std::fs::read(&path).expect("the file");
    assert_eq!(refusal(&path), OpenFailure::Newer);
    assert_eq!(std::fs::read(&path).expect("the file"), before);
}

#[test]
fn the_file_of_another_program_is_left_as_it_is() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("tertulia.db");
    with_sql(&path, "CREATE TABLE log (seq INTEGER PRIMARY KEY); PRAGMA user_version = 1;");
    let before = std::fs::read(&path).expect("the file");
    assert_eq!(refusal(&path), OpenFailure::NotOurs);
    assert_eq!(std::fs::read(&path).expect("the file"), before);
}

#[test]
fn a_text_is_not_a_database() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("tertulia.db");
    let text = "Querido diario: ".repeat(1000);
    std::fs::write(&path, &text).expect("a text");
    assert_eq!(refusal(&path), OpenFailure::NotADatabase);
    assert_eq!(std::fs::read(&path).expect("the text"), text.as_bytes());
}

#[test]
fn a_missing_directory_is_named() {
    let dir = TempDir::new().expect("a directory");
    assert_eq!(refusal(&dir.path().join("missing/tertulia.db")), OpenFailure::NoDirectory);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut log = Subject::new(Home::Local);
    log.append(vec![draft(1, 1)]);
    log.wait(1);
    for file in [log.path(), log.path().with_extension("db-wal")] {
        let mode = std::fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_rights_nothing_is_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, path) = file_with(1);
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o500)).expect("our directory");
    let path = if std::fs::write(dir.path().join("try"), "").is_err() {
        path
    } else {
        // Rights do not bind the superuser, but where the system makes the files nobody can.
        Path::new("/sys/kernel/tertulia.db").to_owned()
    };
    let refused = refusal(&path);
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).expect("our directory");
    assert_eq!(refused, OpenFailure::NoRights);
}

/// A file that version 1 of the form has written, by the program of that time: two people and three messages.
#[test]
fn a_file_of_version_1_is_brought_to_the_present_form() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("tertulia.db");
    let recorded = include_bytes!("../recorded/version-1.db");
    std::fs::write(&path, recorded).expect("the old file");
    let old = Connection::open(&path).expect("it is SQLite");
    let sql = "SELECT seq, body FROM log ORDER BY seq";
    let rows = |connection: &Connection| {
        let mut statement = connection.prepare(sql).expect("a log");
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, Vec<u8>>(1)?)));
        rows.and_then(Iterator::collect::<Result<Vec<_>, _>>).expect("rows")
    };
    let before = rows(&old);
    drop(old);

    let store = Store::open(&path).expect("it opens");
    let entries = replay(&store).expect("it replays");
    assert_eq!(entries.iter().map(|entry| (entry.seq.0, entry.body.clone())).collect::<Vec<_>>(), before);
    assert_eq!(store.get("chat_key").expect("readable").map(|key| key.len()), Some(32));
    assert_eq!(store.derived_upto(), Ok(Seq(0)), "the index is to be made");
    drop(store);

    let copy = dir.path().join("tertulia.db.v1-backup");
    let copied = Connection::open(&copy).expect("a copy of the old file");
    assert_eq!(rows(&copied), before);
    let version = copied.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    assert_eq!(version, Ok(1));
    drop(copied);
    // The older program takes it: that is what it is for.
    std::fs::copy(&copy, &path).expect("the copy in its place");
    Store::open(&path).expect("it opens, and is brought to the present form again");
    assert!(!dir.path().join("tertulia.db.v1-backup.partial").try_exists().expect("a directory"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&copy).expect("a copy").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    let refusals = [
        OpenFailure::OldSqlite,
        OpenFailure::NotADatabase,
        OpenFailure::NotOurs,
        OpenFailure::Damaged("entry 4 is missing".into()),
        OpenFailure::Newer,
        OpenFailure::NoDirectory,
        OpenFailure::NoRights,
        OpenFailure::DiskFull,
        OpenFailure::Locked,
    ];
    for why in refusals {
        let text = OpenError { path: "/data/tertulia.db".into(), why }.to_string();
        let (what, todo) = text.split_once("; ").unwrap_or_else(|| panic!("nothing to do: {text}"));
        assert!(what.starts_with("/data/tertulia.db: ") && todo.len() > 10, "{text}");
    }
}
