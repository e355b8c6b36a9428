//! The activity log's thread, looked at from outside. Alone in its program, so that the thread can be found by its name.
#![expect(clippy::disallowed_methods, reason = "this test looks at a thread and waits for it")]
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use tertulia_server::activity_log::{Activity, ActivityLog, Record as _};
use tertulia_server::limits::Limits;

#[test]
fn it_sleeps_while_nothing_happens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs.json");
    let (log, mut recorder) = ActivityLog::start(path.clone(), &Limits::default(), |_| {}).unwrap();
    recorder.record(0, Activity::Stop { why: "test" });
    while !fs::read(&path).is_ok_and(|bytes| bytes.ends_with(b"\n")) {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(200));

    let thread = fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| task.unwrap().path())
        .find(|task| is_the_writer(task))
        .unwrap();
    let switches = || {
        let status = fs::read_to_string(thread.join("status")).unwrap();
        status.lines().filter(|line| line.contains("ctxt_switches")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = switches();
    assert_eq!(before.len(), 2);
    sleep(Duration::from_secs(1));
    assert_eq!(switches(), before);
    assert!(log.close(Duration::from_secs(30)));
}

fn is_the_writer(task: &Path) -> bool {
    fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "activity-log")
}
