//! A thousand connections at once, again and again: everybody gets in, everybody hears the one message, everybody
//! leaves; the activity log has each of them once, the memory comes back, and then the server sleeps.
//!
//! In the first round the thousand claim their names and find an empty room. The three that are compared follow: they
//! do the same work, so whatever grows from one to the next is lost.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tertulia_client::session::History;
use tertulia_protocol::Rseq;

use crate::{
    child::until,
    crowd::Crowd,
    server::{Home, Server},
};

const CONNECTIONS: u32 = 1_000;
/// The one in which names are claimed, and three that are alike.
const ROUNDS: usize = 1 + 3;
/// How long the server has to stay asleep.
const QUIET: Duration = Duration::from_secs(3);

#[test]
fn a_thousand_come_hear_and_go_and_leave_nothing_behind() {
    let home = Home::with_config("[limits]\nconnections_per_address = 1000\n");
    let server = home.server();
    // Our own ends need descriptors too.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();

    let mut resident_kib = Vec::new();
    for round in 1..=ROUNDS {
        come_hear_and_go(&server, round);
        home.wait_for("disconnected", round * CONNECTIONS as usize);
        resident_kib.push(server.resident_kib());
    }
    check_activities(&home);
    let (first, last) = (resident_kib[1], resident_kib[ROUNDS - 1]);
    println!("resident after each round: {resident_kib:?} KiB");
    assert!(last * 100 <= first * 105, "more than 5 % above the first round: {resident_kib:?} KiB");
    check_sleep(&server);
}

fn come_hear_and_go(server: &Server, round: usize) {
    let mut crowd = Crowd::new(server.address);
    for number in 0..CONNECTIONS {
        crowd.join(number, &format!("person {number}"), History::Last(1));
    }
    crowd.run("everybody is in", |crowd| crowd.members.iter().all(|member| member.synced > 0));
    for (number, member) in crowd.members.iter().enumerate() {
        assert_eq!(member.name, Some(format!("person {number}")));
        assert!(member.cuts.is_empty(), "{:?}", member.cuts);
    }

    let text = format!("round {round}");
    crowd.say(0, &text);
    let heard = |member: &crate::crowd::Member| member.texts().last().is_some_and(|(_, last)| *last == text);
    crowd.run("everybody has heard it", |crowd| crowd.members.iter().all(heard));
    for member in &crowd.members {
        assert_eq!(member.texts().last().unwrap().0, round as u64, "one message a round");
        assert!(member.entries.is_sorted_by(|one, next| one.rseq.0 + 1 == next.rseq.0));
        assert!(member.entries.len() <= 1 + round);
    }
    assert_eq!(crowd.members[0].settled.last().map(|(_, rseq)| Rseq(*rseq)), Some(Rseq(round as u64)));

    for index in 0..crowd.members.len() {
        crowd.leave(index);
    }
    crowd.run("everybody has left", |crowd| (0..crowd.members.len()).all(|index| crowd.has_left(index)));
}

/// Every connection begins once, logs in once and ends once, as the person it is.
fn check_activities(home: &Home) {
    let mut stories: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut visits: BTreeMap<String, usize> = BTreeMap::new();
    for line in home.activities() {
        let event = line["event"].as_str().unwrap();
        assert!(["start", "connected", "login", "message", "disconnected"].contains(&event), "{line}");
        let Some(connection) = line["conn"].as_u64() else { continue };
        stories.entry(connection).or_default().push(event.to_owned());
        if event == "disconnected" {
            assert_eq!(line["why"], "peer_left", "{line}");
            *visits.entry(line["user"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(stories.len(), ROUNDS * CONNECTIONS as usize);
    assert!(stories.values().all(|story| *story == ["connected", "login", "disconnected"]));
    assert_eq!(visits.len(), CONNECTIONS as usize);
    assert!(visits.values().all(|count| *count == ROUNDS));
    assert_eq!(home.activities_of("message").len(), ROUNDS);
}

/// A server that nobody talks to does not wake up: not the loop, and no other thread either.
fn check_sleep(server: &Server) {
    let (mut before, mut since) = (server.sleeps(), Instant::now());
    // What is still due may come first: the last who went are told to nobody five seconds later.
    until("three seconds without a wake-up", Duration::from_secs(15), || {
        let now = server.sleeps();
        if now != before {
            (before, since) = (now, Instant::now());
        }
        (since.elapsed() >= QUIET).then_some(())
    });
}
