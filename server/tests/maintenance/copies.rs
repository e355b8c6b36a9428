//! Backups, and going on from one.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tertulia_protocol::{LogId, Seq};
use tertulia_server::{chat::Chat, log::store::Store};

use crate::data::{Data, entries, errors, text};
use crate::log_subject::draft;

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
    assert_eq!(halves(&data), [] as [String; 0]);
}

/// What was begun beside the data and is not whole.
fn halves(data: &Data) -> Vec<String> {
    let files = fs::read_dir(data.beside("")).expect("a directory");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("text"));
    names.filter(|name| name.contains("partial")).collect()
}

/// Keeps out: two timers that back up to the same file, of which each removed what the other one was writing.
#[test]
fn of_several_backups_to_the_same_file_one_is_made() {
    let data = Data::with_talk();
    let side = rusqlite::Connection::open(data.database()).expect("it is SQLite");
    side.execute_batch("INSERT INTO server VALUES ('filler', randomblob(16000000))").expect("it takes a while to copy");
    drop(side);
    let copy = data.beside("copy.db");
    let begin = || {
        let mut command = data.command(&["backup", text(&copy)]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs")
    };
    let running: Vec<_> = (0..4).map(|_| begin()).collect();
    let ends: Vec<Output> = running.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
    assert_eq!(ends.iter().filter(|end| end.status.success()).count(), 1, "{ends:?}");
    let told = |end: &&Output| errors(end).contains("there is a file of this name already");
    assert_eq!(ends.iter().filter(told).count(), 3, "{ends:?}");
    assert_eq!(halves(&data), [] as [String; 0]);
    assert_eq!(entries(&copy), entries(&data.database()));
}

/// Keeps out: halves of the whole history that lie beside the backups for ever; and one that is removed from under whoever
/// writes it.
#[test]
fn what_a_killed_backup_left_is_removed_by_the_next_one_to_that_file() {
    let data = Data::with_talk();
    for name in ["copy.db.partial-7-0", "copy.db.partial-8-0", "other.db.partial-7-0", "copy.db.partial-mine"] {
        fs::write(data.beside(name), "half").expect("it is written");
    }
    let held = fs::File::open(data.beside("copy.db.partial-8-0")).expect("it opens");
    held.lock().expect("it is locked");
    data.ok(&["backup", text(&data.beside("copy.db"))]);
    let mut left = halves(&data);
    left.sort_unstable();
    assert_eq!(left, ["copy.db.partial-8-0", "copy.db.partial-mine", "other.db.partial-7-0"]);
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
    assert_eq!(left_of_a_restore(&new), [] as [String; 0]);
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
    fs::write(&old, include_bytes!("../recorded/version-1.db")).expect("the old file");
    data.ok(&["restore", text(&old)]);
    assert_eq!(entries(&data.database()).len(), 7);
    assert!(data.ok(&["verify"]).starts_with("the database is sound"), "its form is that of a new one");
    assert!(data.ok(&["export", "--room", "general"]).contains("el Café de la esquina"));
    assert_eq!(fs::read(&old).expect("the old file"), include_bytes!("../recorded/version-1.db"));
}

/// A restore that was killed behind its last entry: a file with a journal, whose entry is not in the file yet, the copy
/// before the migration, half of a copy, and a rollback journal.
fn killed_restore(data: &Data, copy: &Path) {
    let aside = TempDir::new().expect("a directory");
    let restoring = aside.path().join("restoring.db");
    fs::copy(copy, &restoring).expect("a copy");
    let mut store = Store::open(&restoring).expect("it opens");
    store.append_now(&draft(2, 77)).expect("it is stored");
    for name in ["restoring.db", "restoring.db-wal", "restoring.db-shm"] {
        fs::copy(aside.path().join(name), data.path().join(name)).expect("it is there as long as the store is open");
    }
    drop(store);
    for name in ["restoring.db-journal", "restoring.db.v1-backup", "restoring.db.partial-7-0"] {
        fs::write(data.path().join(name), "left over").expect("it is written");
    }
}

fn left_of_a_restore(data: &Data) -> Vec<String> {
    let files = fs::read_dir(data.path()).expect("the data directory");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("text"));
    names.filter(|name| name.contains("restoring")).collect()
}

/// Keeps out: the journal of a killed restore, which SQLite took for that of the next one. The log had an entry of the
/// other backup then, or was damaged.
#[test]
fn nothing_of_a_killed_restore_is_in_the_next_one() {
    let old = Data::with_talk();
    let copy = old.beside("copy.db");
    old.ok(&["backup", text(&copy)]);
    let new = Data::new();
    killed_restore(&new, &copy);
    assert_eq!(left_of_a_restore(&new).len(), 6);
    new.ok(&["restore", text(&copy)]);
    let (before, after) = (entries(&old.database()), entries(&new.database()));
    assert_eq!((&after[..before.len()], after.len()), (&before[..], before.len() + 1));
    assert_eq!(left_of_a_restore(&new), [] as [String; 0]);

    // What cannot be removed is no place to work in.
    let stuck = Data::new();
    fs::create_dir_all(stuck.path().join("restoring.db-wal/full")).expect("a directory");
    let (code, why) = stuck.refused(&["restore", text(&copy)]);
    assert_eq!((code, why.contains("restoring.db-wal was left by a restore")), (Some(3), true), "{why}");
    assert_eq!(fs::read(stuck.database()).expect("the database"), b"", "nothing was restored");
}

/// Keeps out: everything that was said and the server's key, lying about for ever in a file that nobody knows of.
#[test]
fn a_server_removes_what_a_killed_restore_left() {
    let old = Data::with_talk();
    let copy = old.beside("copy.db");
    old.ok(&["backup", text(&copy)]);
    let new = Data::new();
    killed_restore(&new, &copy);
    drop(new.server());
    assert_eq!(left_of_a_restore(&new), [] as [String; 0]);
}
