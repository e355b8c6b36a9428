//! The activity log on a disk that works, and on one that does not.
#![expect(clippy::disallowed_methods, reason = "these tests look at the files")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tertulia_protocol::{Rseq, Seq};
use tertulia_server::activity_log::{Activity, ActivityLog, Record, Recorder};
use tertulia_server::limits::Limits;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    dir: TempDir,
    log: ActivityLog,
    recorder: Recorder,
    told: Receiver<String>,
}

impl Rig {
    fn new(limits: &Limits) -> Self {
        Self::with(limits, |_| {})
    }

    /// `prepare` gets the path of the file before the thread does.
    fn with(limits: &Limits, prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs.json");
        prepare(&path);
        let (tell, told) = channel();
        let (log, recorder) =
            ActivityLog::start(path, limits, move |text| tell.send(text.to_owned()).unwrap()).unwrap();
        Self { dir, log, recorder, told }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("logs.json")
    }

    fn connected(&mut self, conn: u64) {
        self.recorder.record(0, Activity::Connected { conn, peer: "[::1]:80".to_owned() });
    }

    /// Closes it; gives the directory and what was told.
    fn close(self) -> (TempDir, Vec<String>) {
        assert!(self.log.close(PATIENCE));
        (self.dir, self.told.try_iter().collect())
    }

    fn next_told(&self) -> String {
        self.told.recv_timeout(PATIENCE).expect("something is told")
    }
}

fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| Value::String(line.to_owned()))).collect()
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    lines.iter().filter_map(|line| line["conn"].as_u64()).collect()
}

fn lost(lines: &[Value]) -> u64 {
    lines.iter().filter(|line| line["event"] == "lost").map(|line| line["count"].as_u64().unwrap()).sum()
}

#[test]
fn what_is_recorded_is_written_in_order_before_it_closes() {
    let mut rig = Rig::new(&Limits::default());
    for conn in 1..=5_000 {
        rig.connected(conn);
    }
    let (dir, told) = rig.close();
    let lines = read(&dir.path().join("logs.json"));
    assert_eq!(numbers(&lines), (1..=5_000).collect::<Vec<_>>());
    assert_eq!(lines.len(), 5_000);
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_line_is_written_while_the_server_runs() {
    let mut rig = Rig::new(&Limits::default());
    for conn in 1..=3 {
        rig.connected(conn);
        eventually(|| rig.path().exists() && numbers(&read_whole_lines(&rig.path())).last() == Some(&conn));
    }
}

#[test]
fn dropping_it_writes_what_is_left() {
    let mut rig = Rig::new(&Limits::default());
    rig.connected(1);
    let path = rig.path();
    let Rig { dir: _dir, log, mut recorder, told } = rig;
    drop(log);
    recorder.record(0, Activity::Stop { why: "too late" });
    // The other end of `told` belongs to the thread: it hangs up when it ends.
    assert!(told.recv_timeout(PATIENCE).is_err());
    assert_eq!(numbers(&read(&path)), [1]);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::MetadataExt;
    let mut rig = Rig::new(&Limits::default());
    rig.connected(1);
    let (dir, _) = rig.close();
    assert_eq!(fs::metadata(dir.path().join("logs.json")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_new_start_appends_and_a_line_that_a_crash_cut_stands_alone() {
    let mut rig = Rig::with(&Limits::default(), |path| fs::write(path, "{\"whole\":1}\n{\"time\":\"20").unwrap());
    rig.connected(1);
    let (dir, _) = rig.close();
    let lines = read(&dir.path().join("logs.json"));
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["whole"], 1);
    assert_eq!(lines[1], "{\"time\":\"20");
    assert_eq!(numbers(&lines), [1]);
}

#[test]
fn it_is_turned_over_at_its_size_and_five_old_ones_are_kept() {
    let limits = Limits { activity_file_bytes: 4_096, ..Limits::default() };
    let mut rig = Rig::new(&limits);
    for conn in 1..=1_000 {
        rig.connected(conn);
    }
    let (dir, told) = rig.close();
    assert!(told.is_empty(), "{told:?}");
    let mut all = Vec::new();
    for name in ["logs.json.5", "logs.json.4", "logs.json.3", "logs.json.2", "logs.json.1", "logs.json"] {
        let path = dir.path().join(name);
        let bytes = fs::metadata(&path).unwrap().len();
        assert!(bytes <= 4_096, "{name}: {bytes}");
        assert!(bytes > 3_900 || name == "logs.json", "{name} is full: {bytes}");
        all.extend(numbers(&read(&path)));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 6);
    assert!(all.len() > 200 && all.len() < 400, "{}", all.len());
    assert_eq!(all, (1_001 - all.len() as u64..=1_000).collect::<Vec<_>>(), "without a gap up to the last");
}

#[test]
fn a_file_that_was_full_already_is_turned_over_before_the_first_line() {
    let limits = Limits { activity_file_bytes: 4_096, ..Limits::default() };
    let mut rig = Rig::with(&limits, |path| fs::write(path, "x\n".repeat(3_000)).unwrap());
    rig.connected(1);
    rig.connected(2);
    let (dir, _) = rig.close();
    assert_eq!(numbers(&read(&dir.path().join("logs.json"))), [1, 2]);
    assert_eq!(fs::metadata(dir.path().join("logs.json.1")).unwrap().len(), 6_000);
}

#[test]
fn a_line_longer_than_a_file_gets_one_of_its_own() {
    let limits = Limits { activity_file_bytes: 4_096, ..Limits::default() };
    let mut rig = Rig::new(&limits);
    rig.connected(1);
    let text = Some("ñ".repeat(8_000));
    let (user, room) = ("ana".to_owned(), "general".to_owned());
    rig.recorder.record(0, Activity::Message { user, room, seq: Seq(1), rseq: Rseq(1), bytes: 16_000, text });
    rig.connected(2);
    let (dir, _) = rig.close();
    assert_eq!(numbers(&read(&dir.path().join("logs.json"))), [2]);
    assert_eq!(read(&dir.path().join("logs.json.1"))[0]["bytes"], 16_000);
    assert_eq!(numbers(&read(&dir.path().join("logs.json.2"))), [1]);
}

#[test]
fn when_it_cannot_be_turned_over_it_grows_and_says_so_once() {
    let limits = Limits { activity_file_bytes: 4_096, ..Limits::default() };
    // No file can be renamed over a directory.
    let mut rig = Rig::with(&limits, |path| fs::create_dir(path.with_extension("json.5")).unwrap());
    for conn in 1..=1_000 {
        rig.connected(conn);
    }
    let (dir, told) = rig.close();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("cannot turn over the activity log"), "{told:?}");
    let mut all = Vec::new();
    for name in ["logs.json.4", "logs.json.3", "logs.json.2", "logs.json.1", "logs.json"] {
        all.extend(numbers(&read(&dir.path().join(name))));
    }
    assert_eq!(all, (1..=1_000).collect::<Vec<_>>());
}

/// Lines went on into the file that had no name any more, where nobody found them.
#[cfg(unix)]
#[test]
fn a_file_that_is_renamed_replaced_or_removed_without_a_word_is_opened_anew() {
    let mut rig = Rig::new(&Limits::default());
    let (path, old) = (rig.path(), rig.dir.path().join("old"));
    let wait_for = |rig: &mut Rig, conn| {
        rig.connected(conn);
        eventually(|| path.exists() && numbers(&read_whole_lines(&path)).last() == Some(&conn));
    };
    wait_for(&mut rig, 1);
    fs::rename(&path, &old).unwrap();
    wait_for(&mut rig, 2);
    fs::remove_file(&path).unwrap();
    wait_for(&mut rig, 3);
    // Another file under the name: lines are appended to what it holds.
    fs::write(rig.dir.path().join("new"), "{\"conn\":70}\n").unwrap();
    fs::rename(rig.dir.path().join("new"), &path).unwrap();
    wait_for(&mut rig, 4);
    wait_for(&mut rig, 5);
    let (dir, told) = rig.close();
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(numbers(&read(&old)), [1]);
    assert_eq!(numbers(&read(&dir.path().join("logs.json"))), [70, 4, 5]);
}

/// A thread that is stuck in its file: here, in telling that it has none.
struct Stuck {
    rig: Rig,
    go_on: std::sync::mpsc::Sender<()>,
}

impl Stuck {
    fn new(limits: &Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs.json");
        fs::create_dir(&path).unwrap();
        let (tell, told) = channel();
        let (go_on, wait) = channel::<()>();
        let (log, recorder) = ActivityLog::start(path, limits, move |text| {
            tell.send(text.to_owned()).unwrap();
            _ = wait.recv();
        })
        .unwrap();
        let mut rig = Rig { dir, log, recorder, told };
        rig.connected(0);
        assert!(rig.next_told().contains("cannot write"));
        Self { rig, go_on }
    }

    /// Mends the file, lets the thread run, and gives what was written.
    fn release(self) -> Vec<Value> {
        fs::remove_dir(self.rig.path()).unwrap();
        // Dropping the sender lets every later wait pass, too.
        drop(self.go_on);
        let (dir, _) = self.rig.close();
        read(&dir.path().join("logs.json"))
    }
}

#[test]
fn what_does_not_fit_is_counted_and_the_count_is_written() {
    let limits = Limits { activity_queue_lines: 100, ..Limits::default() };
    let mut stuck = Stuck::new(&limits);
    for conn in 1..=1_000 {
        stuck.rig.connected(conn);
    }
    let lines = stuck.release();
    // One of the hundred places belongs to the line that is being written.
    assert_eq!(numbers(&lines), (1..=99).collect::<Vec<_>>());
    assert_eq!(lost(&lines), 901 + 1, "and the one that failed");
    assert_eq!(lines.first().unwrap()["event"], "lost", "the failed one came first");
    assert_eq!(lines.last().unwrap()["event"], "lost", "the rest came after what was queued");
    assert_eq!(lines.last().unwrap()["count"], 901);
}

#[test]
fn texts_that_wait_are_bounded_in_bytes() {
    let limits = Limits { activity_queue_bytes: 100_000, ..Limits::default() };
    let mut stuck = Stuck::new(&limits);
    for seq in 1..=50 {
        let (user, room, text) = ("ana".to_owned(), "general".to_owned(), Some("x".repeat(10_000)));
        let message = Activity::Message { user, room, seq: Seq(seq), rseq: Rseq(seq), bytes: 10_000, text };
        stuck.rig.recorder.record(0, message);
    }
    stuck.rig.connected(7);
    let lines = stuck.release();
    assert_eq!(lines.iter().filter(|line| line["event"] == "message").count(), 9);
    assert_eq!(numbers(&lines), [7], "what is small still fits");
    assert_eq!(lost(&lines), 41 + 1);
}

/// All of a batch held its places until its last line was written, so that a burst found no room behind it.
#[test]
fn what_is_written_makes_room_while_the_rest_of_its_batch_is_not() {
    let limits = Limits { activity_file_bytes: 4_096, activity_queue_lines: 100, ..Limits::default() };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs.json");
    // It cannot be turned over, and telling so is where the thread is stuck, with one file written.
    fs::create_dir(path.with_extension("json.5")).unwrap();
    fs::write(path.with_extension("json.4"), "").unwrap();
    let (tell, told) = channel();
    let (go_on, wait) = channel::<()>();
    let (log, recorder) = ActivityLog::start(path, &limits, move |text| {
        tell.send(text.to_owned()).unwrap();
        _ = wait.recv();
    })
    .unwrap();
    let mut rig = Rig { dir, log, recorder, told };
    (1..=100).for_each(|conn| rig.connected(conn));
    assert!(rig.next_told().contains("cannot turn over"));
    (101..=140).for_each(|conn| rig.connected(conn));
    drop(go_on);
    let (dir, _) = rig.close();
    let lines = read(&dir.path().join("logs.json"));
    assert_eq!((lost(&lines), numbers(&lines)), (0, (1..=140).collect()));
}

/// It lets lines gather for 50 ms, in which long texts filled the queue on a disk that had nothing to do.
#[test]
fn long_texts_do_not_wait_for_more_of_them() {
    const ROUNDS: u64 = 40;
    let mut rig = Rig::new(&Limits { activity_queue_bytes: 64 * 1024, ..Limits::default() });
    let mut quickest = Duration::MAX;
    for round in 1..=ROUNDS {
        let start = Instant::now();
        for _ in 0..3 {
            let (user, room, text) = ("ana".to_owned(), "general".to_owned(), "x".repeat(16_000));
            let message = Activity::Message { user, room, seq: Seq(1), rseq: Rseq(1), bytes: 1, text: Some(text) };
            rig.recorder.record(0, message);
        }
        // What is in the file counts as waiting for a moment more, and then there is no room for the next: such lines
        // are counted instead, just as fast.
        let told = |line: &Value| if line["event"] == "lost" { line["count"].as_u64().unwrap() } else { 1 };
        while !rig.path().exists() || read_whole_lines(&rig.path()).iter().map(told).sum::<u64>() < 3 * round {
            assert!(start.elapsed() < PATIENCE, "round {round} is not written");
            std::thread::sleep(Duration::from_millis(1));
        }
        quickest = quickest.min(start.elapsed());
    }
    // Each would take the whole 50 ms. A machine that has other things to do makes most of them longer, but not all.
    assert!(quickest < Duration::from_millis(40), "{quickest:?}");
}

#[test]
fn a_stuck_disk_does_not_keep_it_from_closing() {
    let stuck = Stuck::new(&Limits::default());
    assert!(!stuck.rig.log.close(Duration::from_millis(10)));
    drop(stuck.go_on);
}

/// `/dev/full` is a disk without room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_once_counted_and_tried_again() {
    let mut rig = Rig::with(&Limits::default(), |path| std::os::unix::fs::symlink("/dev/full", path).unwrap());
    rig.connected(1);
    let told = rig.next_told();
    assert!(told.contains("cannot write the activity log") && told.contains("logs.json"), "{told}");
    for conn in 2..=50 {
        rig.connected(conn);
    }
    fs::remove_file(rig.path()).unwrap();
    let mut conn = 50;
    eventually(|| {
        conn += 1;
        rig.connected(conn);
        rig.path().exists() && !fs::read(rig.path()).unwrap().is_empty()
    });
    let told = rig.next_told();
    assert!(told.contains("is written again"), "{told}");
    let (dir, told) = rig.close();
    assert!(told.is_empty(), "{told:?}");
    let lines = read(&dir.path().join("logs.json"));
    assert_eq!(lines[0]["event"], "lost");
    assert_eq!(lost(&lines) + numbers(&lines).len() as u64, conn, "every line is there or counted");
}

fn read_whole_lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn eventually(mut done: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never happened");
}
