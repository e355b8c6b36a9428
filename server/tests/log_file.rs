//! What only a log in a file can suffer: kills, a disk that fails, damage, missing rights, files of others.

#![expect(clippy::disallowed_methods, reason = "these tests ill-treat files")]
#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

mod log_subject;

use std::path::Path;
use std::time::{Duration, Instant};

use log_subject::{Home, Subject, draft, replay, seqs};
use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_protocol::{Kind, RoomId, Rseq, Seq, entry::MessageBody};
use tertulia_server::ballast::Ballast;
use tertulia_server::log::store::{Fault, OpenError, OpenFailure, Store};
use tertulia_server::log::{Derived, Draft, Entry, Event};

/// A closed file with this many entries.
fn file_with(count: u8) -> (TempDir, std::path::PathBuf) {
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
fn refusal(path: &Path) -> OpenFailure {
    match Store::open(path).and_then(|store| replay(&store)) {
        Ok(entries) => panic!("it opens, with {} entries", entries.len()),
        Err(error) => {
            assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "which file: {error}");
            error.why
        }
    }
}

/// Changes the file as some other program might.
fn with_sql(path: &Path, sql: &str) {
    Connection::open(path).and_then(|connection| connection.execute_batch(sql)).expect("it is SQLite");
}

#[test]
fn what_was_told_survives_a_kill() {
    let mut log = Subject::new(Home::Local);
    for round in 0..30_u8 {
        log.append(vec![draft(1, round), draft(2, round)]);
        log.wait(2);
        if round % 10 == 9 {
            // What a killed process leaves: the file and its WAL as they are. The index of the WAL is not needed.
            let dir = TempDir::new().expect("a directory");
            let copy = dir.path().join("tertulia.db");
            std::fs::copy(log.path(), &copy).expect("the file");
            std::fs::copy(log.path().with_extension("db-wal"), copy.with_extension("db-wal")).expect("its WAL");
            let store = Store::open(&copy).expect("it recovers");
            assert_eq!(replay(&store).expect("it replays"), log.entries());
            assert_eq!(store.last_seq(), Seq(2 * (u64::from(round) + 1)));
        }
    }
}

#[test]
fn a_torn_wal_keeps_what_is_whole() {
    let mut log = Subject::new(Home::Local);
    for cid in 0..10 {
        log.append(vec![draft(1, cid)]);
        log.wait(1);
    }
    let dir = TempDir::new().expect("a directory");
    let copy = dir.path().join("tertulia.db");
    std::fs::copy(log.path(), &copy).expect("the file");
    let wal = std::fs::read(log.path().with_extension("db-wal")).expect("its WAL");
    std::fs::write(copy.with_extension("db-wal"), &wal[..wal.len() - 1000]).expect("a torn one");
    let entries = replay(&Store::open(&copy).expect("it recovers")).expect("it replays");
    assert_eq!(entries, log.entries()[..9], "the last commit is torn, and only that is lost");
}

#[test]
fn ending_in_order_stores_what_is_queued_and_leaves_one_file() {
    let mut log = Subject::new(Home::Local);
    for cid in 0..100 {
        log.append(vec![draft(1, cid)]);
    }
    let told = log.stop();
    let committed = told.iter().filter(|event| matches!(event, Event::Committed { .. })).count();
    assert_eq!(committed, 100);
    let wal = std::fs::metadata(log.path().with_extension("db-wal")).map(|wal| wal.len());
    assert!(matches!(wal, Err(_) | Ok(0)), "the WAL holds {wal:?} bytes");
    log.start();
    assert_eq!(log.entries().len(), 100);
}

#[test]
fn a_failed_fsync_is_the_end() {
    let mut log = Subject::new(Home::Local);
    log.append(vec![draft(1, 1)]);
    log.wait(1);
    log.inject(Some(Fault::Sync));
    log.append(vec![draft(1, 2), draft(1, 3)]);
    let told = log.wait(1);
    assert!(matches!(&told[..], [Event::Broken { .. }]), "{told:?}");
    log.inject(None);
    log.append(vec![draft(1, 4)]);
    log.acknowledge_failure();
    log.append(vec![draft(1, 5)]);
    let before = std::fs::read(log.path()).expect("the file");
    assert_eq!(log.stop(), [], "said once, and nothing is answered after it");
    assert_eq!(std::fs::read(log.path()).expect("the file"), before, "closing moves nothing into the file");
    log.start();
    assert_eq!(log.entries().iter().map(|entry| entry.cid.0[0]).collect::<Vec<_>>(), [1]);
}

/// Everything went on being acknowledged, into a file that was gone with the process.
#[cfg(unix)]
#[test]
fn a_file_that_is_gone_takes_nothing_that_is_acknowledged() {
    for name in ["tertulia.db", "tertulia.db-wal"] {
        for is_replaced in [false, true] {
            let mut log = Subject::new(Home::Local);
            log.append(vec![draft(1, 1)]);
            assert!(matches!(log.wait(1)[..], [Event::Committed { .. }]));
            let path = log.path().with_file_name(name);
            let moved = path.with_extension("away");
            std::fs::rename(&path, &moved).expect("it can be renamed");
            if is_replaced {
                std::fs::copy(&moved, &path).expect("somebody puts a copy there");
            }
            log.append(vec![draft(1, 2)]);
            let told = log.wait(1);
            let [Event::Broken { why }] = &told[..] else { panic!("{name}: {told:?}") };
            assert!(why.starts_with(&format!("{} was removed", path.display())), "{why}");
            assert_eq!(log.stop(), []);
        }
    }
}

#[test]
fn the_wal_does_not_grow_with_the_log() {
    const BODY: usize = 100_000;
    const BATCHES: u8 = 60;
    let mut log = Subject::new(Home::Local);
    let mut largest = 0;
    for cid in 0..BATCHES {
        log.append((0..10).map(|author| Draft { body: vec![cid; BODY], ..draft(author, cid) }).collect());
        log.wait(10);
        largest = largest.max(std::fs::metadata(log.path().with_extension("db-wal")).expect("a WAL").len());
    }
    let written = BODY as u64 * 10 * u64::from(BATCHES);
    assert!(largest > 8 << 20, "the WAL is used, its largest was {largest} bytes");
    assert!(largest < 24 << 20, "{written} bytes were written, and the WAL grew to {largest}");
}

#[test]
fn a_reader_in_the_way_of_a_checkpoint_costs_nothing_but_room() {
    let mut log = Subject::new(Home::Local);
    log.append(vec![draft(1, 0)]);
    log.wait(1);
    let reader = Connection::open(log.path()).expect("a reader");
    reader.execute_batch("BEGIN; SELECT count(*) FROM log;").expect("it reads on and on");
    for cid in 1..30 {
        log.append((0..10).map(|author| Draft { body: vec![cid; 100_000], ..draft(author, cid) }).collect());
        log.wait(10);
    }
    assert_eq!(log.fetch(seqs(1..=291), usize::MAX).len(), 291);
}

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
    let recorded = include_bytes!("recorded/version-1.db");
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

/// All that the files of a log hold, in lower case, as far as it is text: as the index has it.
fn all_bytes(log: &Subject) -> String {
    let path = log.path();
    let files = std::fs::read_dir(path.parent().expect("a directory")).expect("it is there");
    let bytes = files.flat_map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes"));
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).to_ascii_lowercase()
}

fn says(author: u64, cid: u8, text: String) -> Draft {
    Draft { body: MessageBody { text }.to_bytes(), ..draft(author, cid) }
}

/// That there was something to cut off the WAL was known to the killed process alone.
#[test]
fn what_was_erased_before_a_kill_is_in_no_file_after_the_next_start() {
    let mut log = Subject::new(Home::Local);
    log.append(vec![says(1, 1, "geheimnis".to_owned()), says(1, 2, "ein gruß".to_owned())]);
    log.wait(2);
    log.derived(vec![], 2);
    log.append(vec![Draft { kind: Kind::DELETE, target: Some(Rseq(1)), ..draft(1, 3) }]);
    log.wait(1);
    log.derived(vec![Derived::Erased { by: Seq(3), room: RoomId(1), message: Seq(1), rseq: Rseq(1) }], 3);
    let mut after = Subject::new(Home::Local);
    after.stop();
    for extension in ["db", "db-wal"] {
        std::fs::copy(log.path().with_extension(extension), after.path().with_extension(extension)).expect("copied");
    }
    assert!(all_bytes(&after).contains("geheimnis"), "the WAL had it when the process died");
    after.start();
    let end = Instant::now() + Duration::from_secs(60);
    while all_bytes(&after).contains("geheimnis") {
        assert!(Instant::now() < end, "still there");
        after.idle(Duration::from_millis(20));
    }
    assert!(all_bytes(&after).contains("gruß"), "what is not erased stays");
}

/// Keeps out: words that stay in the index, in the WAL, in free pages, or in what SQLite moved about within a page; and the
/// text of an edit that came too late.
#[test]
fn what_is_erased_is_in_no_file() {
    let mut log = Subject::new(Home::Local);
    // Of the message, of its edit, and a long text that has pages of its own. In between a great deal of others, so that
    // pages are split and merged and the index has many segments.
    let secret = |nth: u8| format!("xq{nth}zw geheimnis{nth}vk");
    let mut upto = 0;
    let mut work = Vec::new();
    for nth in 0..40_u8 {
        let long = format!("{} {}", secret(nth), format!("lang{nth}jj ").repeat(1500));
        let mut drafts = vec![says(1, nth, if nth % 4 == 0 { long } else { secret(nth) })];
        drafts.push(Draft {
            kind: Kind::EDIT,
            target: Some(Rseq(u64::from(nth))),
            ..says(2, nth, format!("{} neu{nth}pp", secret(nth)))
        });
        drafts.extend((3..20).map(|author| {
            says(author, nth, format!("{nth} und {author} reden viel {}", "so ".repeat(usize::from(nth))))
        }));
        let count = drafts.len();
        log.append(drafts);
        log.wait(count);
        let message = Seq(upto + 1);
        upto += count as u64;
        log.derive(vec![Derived::Edited { edit: Seq(message.0 + 1), message }], upto);
        if nth % 3 == 0 {
            log.await_derived(upto);
        }
        work.push((message, Rseq(u64::from(nth))));
    }
    log.await_derived(upto);
    let before = all_bytes(&log);
    for nth in 0..40_u8 {
        for word in [format!("xq{nth}zw"), format!("geheimnis{nth}vk"), format!("neu{nth}pp")] {
            assert!(before.contains(&word), "{word} is stored");
        }
    }
    // All but one, so that nothing is gone only because everything is.
    for (nth, (message, rseq)) in (1_u8..).zip(work.split_off(1)) {
        log.append(vec![Draft { kind: Kind::DELETE, target: Some(rseq), ..draft(30, nth) }]);
        log.wait(1);
        upto += 1;
        log.derive(vec![Derived::Erased { by: Seq(upto), room: RoomId(1), message, rseq }], upto);
    }
    log.await_derived(upto);
    // Edits that are refused behind the deletions, when the work of those is done.
    log.append((1..40).map(|nth| Draft { kind: Kind::EDIT, ..says(31, nth, format!("spaet{nth}rr")) }).collect());
    log.wait(39);
    assert!(all_bytes(&log).contains("spaet39rr"), "it is stored");
    upto += 39;
    log.derive((upto - 38..=upto).map(|edit| Derived::Refused { entry: Seq(edit) }).collect(), upto);
    log.await_derived(upto);
    let left = |bytes: &str| {
        let words = (1..40_u8).flat_map(|nth| {
            ["xq{}zw", "geheimnis{}vk", "neu{}pp", "lang{}jj", "spaet{}rr"]
                .map(|word| word.replace("{}", &nth.to_string()))
        });
        words.filter(|word| bytes.contains(word)).collect::<Vec<_>>()
    };
    // While it runs: within a minute.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let left = left(&all_bytes(&log));
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "still there: {left:?}");
        log.idle(Duration::from_millis(100));
    }
    log.stop();
    let bytes = all_bytes(&log);
    assert_eq!(left(&bytes), [] as [String; 0]);
    assert!(bytes.contains("geheimnis0vk"), "what is not erased stays");
    let check = Connection::open(log.path()).expect("the file");
    check.execute_batch("INSERT INTO words (words) VALUES ('integrity-check')").expect("the index is sound");
}

#[test]
fn a_full_disk_lets_go_of_the_ballast_and_takes_it_back() {
    let dir = TempDir::new().expect("a directory");
    let ballast = dir.path().join("ballast");
    let mut log = Subject::with_ballast(Ballast::new(ballast.clone(), 1 << 20));
    assert!(log.probe());
    assert_eq!(std::fs::metadata(&ballast).expect("the ballast").len(), 1 << 20);
    log.inject(Some(Fault::Full));
    log.append(vec![Draft { body: vec![1; 200_000], ..draft(1, 1) }]);
    assert_eq!(log.told(1), "failed");
    assert!(std::fs::metadata(&ballast).is_err(), "it has made room");
    assert!(!log.probe());
    assert!(std::fs::metadata(&ballast).is_err(), "and does not take it again yet");
    log.inject(None);
    assert!(log.probe());
    assert_eq!(std::fs::metadata(&ballast).expect("the ballast").len(), 1 << 20);
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
