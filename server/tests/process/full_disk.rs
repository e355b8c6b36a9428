//! A full disk under the data: who is known logs in and reads, what is written waits, and nothing is lost.
#![cfg(target_os = "linux")]

use std::fs;

use tertulia_client::session::History;
use tertulia_protocol::Rseq;

use crate::{child::PATIENCE, crowd::Crowd, server::Home, small_disk::SmallDisk};

/// A room with a past, and then no room for anything more.
fn full_disk(said: usize, end: fn(&mut crate::server::Server)) -> SmallDisk {
    let disk = SmallDisk::new(3 * 1024);
    let mut server = disk.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    for number in 1..=said {
        crowd.say(ana, &format!("message {number}"));
    }
    crowd.run("the answers", |crowd| crowd.members[ana].settled.len() == said);
    end(&mut server);
    disk.fill();
    disk
}

/// It starts, ana is known and reads, and what she writes waits until there is room.
fn check_reads_and_waits(disk: &SmallDisk, said: usize) {
    let mut server = disk.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    crowd.run("she has read everything", |crowd| crowd.members[ana].entries.len() == said);
    crowd.say(ana, "is there room?");
    let bob = crowd.join(2, "bob", History::From(Rseq(1)));
    // Who is not known has to wait as well: a name is an entry. Both hear why.
    crowd.run("bob is turned away for now", |crowd| !crowd.members[bob].cuts.is_empty());
    assert!(crowd.members[ana].settled.is_empty() && crowd.members[ana].cuts.is_empty());
    assert!(crowd.members[bob].name.is_none() && crowd.members[bob].stopped.is_none());

    disk.empty();
    crowd.run("it is written", |crowd| crowd.members[ana].settled.len() == 1 && crowd.members[bob].synced > 0);
    assert_eq!(crowd.members[ana].texts().last().unwrap(), &(said as u64 + 1, "is there room?".to_owned()));
    server.stop();
}

/// The index of the WAL had to be made anew at each start, for which there was no room: it ended with 3.
#[test]
fn after_an_ordered_stop_it_starts_on_a_full_disk_and_is_read() {
    let disk = full_disk(20, |server| server.stop());
    check_reads_and_waits(&disk, 20);
}

#[test]
fn after_a_kill_it_starts_on_a_full_disk_and_is_read() {
    let disk = full_disk(20, |server| server.process.kill());
    check_reads_and_waits(&disk, 20);
}

/// Without a past there is nothing to read, and no key to be known by.
#[test]
fn a_first_start_on_a_full_disk_ends_with_3_and_says_why() {
    let disk = SmallDisk::new(64);
    disk.fill();
    let mut server = crate::child::Process::start("tertulia-server", &mut disk.command());
    assert_eq!(server.exit_code(PATIENCE), 3, "{}", server.errors());
    assert!(server.errors().contains("the disk is full; make some room on it"), "{}", server.errors());
}

/// Somebody removes the data while the server runs.
#[test]
fn data_that_is_removed_under_the_server_ends_it_before_anything_is_acknowledged() {
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    fs::remove_file(home.data().join("tertulia.db")).unwrap();
    crowd.say(ana, "where does this go?");
    crowd.run("she is cut off", |crowd| !crowd.members[ana].cuts.is_empty());
    assert!(crowd.members[ana].settled.is_empty());
    assert_eq!(server.process.exit_code(PATIENCE), 1);
    let errors = server.process.errors();
    assert!(errors.contains("tertulia.db was removed, renamed or replaced while the server ran"), "{errors}");
}
