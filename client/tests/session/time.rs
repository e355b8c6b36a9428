//! Time: waits, heartbeats, silence, sleep.

use std::time::Duration;

use crate::support::{Rig, config};
use tertulia_client::session::{Event, Why};
use tertulia_protocol::{ClientFrame, Seq, push, request};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn waits_grow_with_jitter_and_start_again_after_a_stable_login() {
    let mut rig = Rig::new(config());
    rig.start();
    let mut ceiling_ms = 250.0_f64;
    for attempt in 1..=20 {
        assert_eq!(rig.next_event(), Event::Connecting { attempt });
        rig.session.connect_failed(rig.now, Why::NotReached("refused".to_owned()));
        rig.collect();
        let Event::Disconnected { retry_in, .. } = rig.next_event() else { panic!("not told") };
        let bounds = Duration::from_millis(50)..=Duration::from_secs_f64(ceiling_ms / 1_000.0);
        assert!(bounds.contains(&retry_in), "{retry_in:?} at attempt {attempt}");
        assert_eq!(rig.wait_for_connect(), retry_in, "what is told is what is done");
        ceiling_ms = (ceiling_ms * 1.7).min(15_000.0);
    }
    rig.log_in();
    rig.events.clear();
    rig.cut();
    let Event::Disconnected { retry_in, .. } = rig.next_event() else { panic!("not told") };
    rig.pass(retry_in);
    assert_eq!(rig.next_event(), Event::Connecting { attempt: 22 }, "a login that does not last proves nothing");

    rig.log_in();
    rig.pass(11 * SECOND);
    rig.events.clear();
    rig.cut();
    let Event::Disconnected { retry_in, .. } = rig.next_event() else { panic!("not told") };
    assert!(retry_in <= Duration::from_millis(250));
    rig.pass(retry_in);
    assert_eq!(rig.next_event(), Event::Connecting { attempt: 1 });
}

#[test]
fn a_server_that_falls_over_at_each_login_is_not_stormed() {
    let mut rig = Rig::new(config());
    rig.start();
    let from = rig.now.mono;
    while rig.now.mono < from + Duration::from_secs(600) {
        rig.log_in();
        rig.sent.clear();
        rig.cut();
        rig.wait_for_connect();
    }
    assert!(rig.connects < 130, "{} attempts in ten minutes", rig.connects);
}

#[test]
fn heartbeats_go_out_and_silence_is_noticed() {
    let mut rig = Rig::live();
    rig.pass(19 * SECOND);
    assert!(rig.sent.is_empty());
    rig.pass(SECOND);
    assert_eq!(rig.next_sent(), ClientFrame::Heartbeat(request::Heartbeat {}));
    rig.receive(&push::Heartbeat { position: Seq(10) });
    rig.pass(54 * SECOND);
    assert_eq!(rig.sent.len(), 2);
    assert!(rig.events.is_empty());
    rig.pass(SECOND);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Silent, .. }));
}

#[test]
fn while_nobody_reads_silence_means_nothing() {
    let mut rig = Rig::live();
    rig.session.pause_reading(rig.now, true);
    rig.pass(300 * SECOND);
    assert!(rig.events.is_empty());
    assert_eq!(rig.sent.len(), 15, "the server still hears from us");
    rig.session.pause_reading(rig.now, false);
    rig.pass(56 * SECOND);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Silent, .. }));
}

#[test]
fn a_login_that_does_not_come_to_an_end_is_given_up() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.hello();
    rig.events.clear();
    rig.pass(16 * SECOND);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::LoginTimedOut, .. }));
}

#[test]
fn a_computer_that_slept_is_back_at_once() {
    let mut rig = Rig::live();
    let cid = rig.write("before the lid closed");
    rig.sent.clear();
    rig.sleep(3_600 * SECOND);
    let Event::Disconnected { why: Why::Slept, retry_in } = rig.next_event() else { panic!("not told") };
    assert!(retry_in <= SECOND);
    assert_eq!(rig.wait_for_connect(), retry_in, "what is told is what is done");
    assert_eq!((rig.connects, rig.closes), (2, 1));
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    assert_eq!(rig.next_write().cid, cid);
}

#[test]
fn whatever_it_was_about_it_is_back_at_once() {
    // Until the socket is there, until the server has answered, and in the middle of a wait of many seconds.
    let connecting = |_: &mut Rig| {};
    let greeting = |rig: &mut Rig| drop(rig.hello());
    let proving = |rig: &mut Rig| {
        let hello = rig.hello();
        let challenge = rig.challenge(&hello);
        rig.receive(&challenge);
    };
    let waiting = |rig: &mut Rig| {
        for _ in 0..15 {
            rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
            rig.collect();
            rig.wait_for_connect();
        }
        rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
        rig.collect();
    };
    let states: [&dyn Fn(&mut Rig); 4] = [&connecting, &greeting, &proving, &waiting];
    for (get_there, closes) in states.into_iter().zip([1, 1, 1, 0]) {
        let mut rig = Rig::new(config());
        rig.start();
        get_there(&mut rig);
        rig.events.clear();
        rig.sleep(60 * SECOND);
        assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Slept, .. }));
        assert_eq!(rig.closes, closes, "what was begun is let go");
        assert!(rig.wait_for_connect() <= SECOND);

        // The network is not there yet: the waits begin anew, so that it is not missed when it comes.
        rig.events.clear();
        rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
        rig.collect();
        let Event::Disconnected { retry_in, .. } = rig.events.pop_back().unwrap() else { panic!("not told") };
        assert!(retry_in <= Duration::from_millis(250));
    }
}

#[test]
fn who_stopped_sleeps_on() {
    let mut rig = Rig::new(config());
    rig.session.slept(rig.now);
    rig.collect();
    assert_eq!((rig.session.deadline(), rig.events.len()), (None, 0));
}

/// The second sleep was taken for the first one, and the dead connection noticed by its silence.
#[test]
fn a_sleep_right_after_a_sleep_counts_too() {
    let mut rig = Rig::live();
    rig.sleep(60 * SECOND);
    rig.wait_for_connect();
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    rig.pass(SECOND);
    rig.sleep(8 * 3_600 * SECOND);
    assert!(rig.wait_for_connect() <= 5 * SECOND);
}

#[test]
fn no_clock_and_no_lid_makes_a_storm() {
    // A lid is opened and closed, or the clock is set to and fro, ten times a second for a minute.
    for sleeps in [true, false] {
        let mut rig = Rig::live();
        let (mut heartbeats, mut sleep) = (0, 0);
        for step in 0..600 {
            if sleeps {
                rig.sleep(60 * SECOND);
            } else {
                rig.now.wall_ms += if step % 2 == 0 { 60_000 } else { -60_000 };
            }
            rig.pass(Duration::from_millis(100));
            rig.session.tick(rig.now);
            rig.collect();
            if step % 200 == 0 {
                rig.receive(&push::Heartbeat { position: Seq(10) });
            }
            if matches!(rig.events.back(), Some(Event::Connecting { .. })) {
                rig.log_in();
                rig.answer_sync(vec![], vec![], false);
                rig.events.clear();
                sleep += 1;
            }
            heartbeats += rig.sent.drain(..).count();
        }
        assert!(rig.connects <= 1 + 13, "{} attempts", rig.connects);
        assert_eq!(sleep > 0, sleeps);
        assert!(heartbeats <= 13, "{heartbeats} heartbeats");
    }
}

/// The time of day alone proves no sleep: a box without a clock battery is set right once it has found a time server.
/// The connection was thrown away for that.
#[test]
fn a_clock_that_is_set_costs_a_heartbeat_and_ends_a_long_wait() {
    let mut rig = Rig::live();
    rig.pass(SECOND);
    rig.now.wall_ms += 50 * 365 * 86_400_000;
    rig.session.tick(rig.now);
    rig.collect();
    assert_eq!(rig.next_sent(), ClientFrame::Heartbeat(request::Heartbeat {}));
    assert_eq!((rig.events.len(), rig.connects), (0, 1));

    let mut rig = Rig::new(config());
    rig.start();
    for _ in 0..15 {
        rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
        rig.collect();
        rig.wait_for_connect();
    }
    rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
    rig.collect();
    rig.now.wall_ms += 60_000;
    rig.session.tick(rig.now);
    assert!(rig.wait_for_connect() <= SECOND);
    rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
    rig.collect();
    assert!(rig.session.deadline().is_some_and(|deadline| deadline > rig.now.mono), "and then it waits as before");
}

/// A room full of people opens its lids at once, and the wireless network takes six seconds to know them again.
#[test]
fn two_hundred_who_wake_together_do_not_come_together() {
    const CLIENTS: u8 = 200;
    let network_after = 6 * SECOND;
    let most_within = |times: &[Duration], span: Duration| {
        times
            .iter()
            .map(|from| times.iter().filter(|time| (*from..*from + span).contains(*time)).count())
            .max()
            .unwrap()
    };
    let mut first: Vec<Duration> = Vec::new();
    let mut back: Vec<Duration> = Vec::new();
    for client in 0..CLIENTS {
        let mut rig = Rig::seeded(config(), client);
        rig.start();
        rig.log_in();
        rig.sleep(3_600 * SECOND);
        let woke = rig.now.mono;
        let mut own = Vec::new();
        loop {
            rig.wait_for_connect();
            let since = rig.now.mono - woke;
            own.push(since);
            if since >= network_after {
                rig.log_in();
                back.push(since);
                break;
            }
            rig.session.connect_failed(rig.now, Why::NotReached("network is unreachable".to_owned()));
            rig.collect();
        }
        let most = most_within(&own, SECOND);
        assert!(own.len() <= 25 && most <= 9, "{} attempts of one client, {most} of them in a second", own.len());
        first.push(own[0]);
    }
    // Evenly, it would be 20 first attempts in a tenth of a second.
    for (what, times) in [("first attempts", &first), ("logins", &back)] {
        let most = most_within(times, SECOND / 10);
        assert!(most <= 40, "{most} {what} within a tenth of a second");
    }
    let last = back.iter().max().unwrap();
    assert!(*last <= network_after + 2 * SECOND, "the last one was back after {last:?}");
}
