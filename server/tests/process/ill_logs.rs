//! `logs.json` in bad hands: a full disk, and somebody who renames it while everybody talks.
#![cfg(target_os = "linux")]

use std::{fs, path::Path, time::Duration};

use crate::{
    child::{PATIENCE, until},
    crowd::Crowd,
    server::{Home, Server},
};

/// Waits until the server has said this.
#[track_caller]
fn until_said(server: &Server, words: &str) {
    until(words, PATIENCE, || server.process.errors().contains(words).then_some(()));
}

#[test]
fn the_chat_goes_on_while_the_disk_of_the_activity_log_is_full() {
    let home = Home::with_config("");
    let log = home.data().join("logs.json");
    // A file to which nothing can be written for want of room.
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    for number in 0..20 {
        crowd.say(ana, &format!("message {number}"));
    }
    crowd.run("all answers", |crowd| crowd.members[ana].settled.len() == 20);
    until_said(&server, "cannot write the activity log");
    assert_eq!(server.process.errors().matches("cannot write").count(), 1, "{}", server.process.errors());

    // Room again, with another file: the signal has it opened without waiting for a line.
    fs::remove_file(&log).unwrap();
    server.process.signal("HUP");
    until("the new file", PATIENCE, || log.exists().then_some(()));
    crowd.say(ana, "there is room");
    let message = home.wait_for("message", 1).pop().unwrap();
    assert_eq!((&message["text"], &message["rseq"]), (&"there is room".into(), &21.into()));
    until_said(&server, "is written again");
    assert!(home.activities_of("lost")[0]["count"].as_u64().unwrap() >= 20);
    server.stop();
}

/// The numbers of the messages in a file, all of whose lines must be whole.
fn messages(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{} ends inside a line", path.display());
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["event"] == "message").map(|line| line["rseq"].as_u64().unwrap()).collect()
}

#[test]
fn rotating_while_everybody_talks_loses_no_line_and_cuts_none() {
    const ROTATIONS: usize = 12;
    let home = Home::new();
    let mut server = home.server();
    let log = home.data().join("logs.json");
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    crowd.run("the first file", |_| log.exists());
    let mut said = 0;
    let mut files = Vec::new();
    for number in 0..ROTATIONS {
        for _ in 0..60 {
            said += 1;
            crowd.say(ana, &format!("message {said}"));
        }
        crowd.step(Duration::from_millis(10));
        let rotated = home.folder().join(format!("rotated.{number}"));
        fs::rename(&log, &rotated).unwrap();
        files.push(rotated);
        server.process.signal("HUP");
        crowd.run("the new file", |_| log.exists());
    }
    crowd.run("all answers", |crowd| crowd.members[ana].settled.len() == said);
    server.stop();
    files.push(log);
    let all: Vec<u64> = files.iter().flat_map(|file| messages(file)).collect();
    assert_eq!(all, (1..=said as u64).collect::<Vec<_>>(), "every message, once, in order");
    assert!(files.iter().filter(|file| !messages(file).is_empty()).count() > 2, "it was busy all the while");
}

/// What a burst of the longest messages brings in a second is more than the queue holds: the thread has to keep up.
#[test]
fn a_burst_of_long_messages_is_written_whole() {
    const TALKERS: usize = 4;
    const EACH: usize = 150;
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let talkers: Vec<_> =
        (1..=TALKERS).map(|n| crowd.log_in(u32::try_from(n).unwrap(), &format!("talker {n}"))).collect();
    let long = "«¿Qué tal?», dijo. ".repeat(710);
    for _ in 0..EACH {
        for talker in &talkers {
            crowd.say(*talker, long.trim_end());
        }
    }
    let everything = |crowd: &mut Crowd| talkers.iter().all(|talker| crowd.members[*talker].settled.len() == EACH);
    crowd.run("all answers", everything);
    server.stop();
    println!("{} lost", home.activities_of("lost").len());
    assert_eq!(home.activities_of("lost"), Vec::<serde_json::Value>::new());
    assert_eq!(home.activities_of("message").len(), TALKERS * EACH);
}
