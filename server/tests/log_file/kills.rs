//! Kills, a disk that fails or is full, and the journal beside the file.

use crate::log_subject::{Home, Subject, draft, replay, seqs};
use rusqlite::Connection;
use tempfile::TempDir;
use tertulia_protocol::Seq;
use tertulia_server::ballast::Ballast;
use tertulia_server::log::store::{Fault, Store};
use tertulia_server::log::{Draft, Event};

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
