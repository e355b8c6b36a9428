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
fn a_computer_that_slept_is_back_at_once_and_without_a_storm() {
    let mut rig = Rig::live();
    let cid = rig.write("before the lid closed");
    rig.sent.clear();
    rig.now.wall_ms += 3_600_000;
    rig.session.tick(rig.now);
    rig.collect();
    assert_eq!(rig.next_event(), Event::Disconnected { why: Why::Slept, retry_in: Duration::ZERO });
    assert!(matches!(rig.next_event(), Event::Connecting { .. }));
    assert_eq!((rig.connects, rig.closes), (2, 1));
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    assert_eq!(rig.next_write().cid, cid);

    // The clock is being set to and fro, ten times a second, for a minute.
    for step in 0..600 {
        rig.now.wall_ms += if step % 2 == 0 { 60_000 } else { -60_000 };
        rig.pass(Duration::from_millis(100));
        rig.session.tick(rig.now);
        rig.collect();
        if matches!(rig.events.back(), Some(Event::Connecting { .. })) {
            rig.log_in();
            rig.events.clear();
        }
    }
    assert!(rig.connects <= 2 + 13, "{} attempts", rig.connects);
}

#[test]
fn a_leap_of_the_clock_ends_a_long_wait() {
    let mut rig = Rig::new(config());
    rig.start();
    for _ in 0..15 {
        rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
        rig.collect();
        rig.wait_for_connect();
    }
    rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
    rig.collect();
    let connects = rig.connects;
    rig.now.wall_ms += 60_000;
    rig.session.tick(rig.now);
    rig.collect();
    assert_eq!(rig.connects, connects + 1);
    rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
    rig.collect();
    assert!(rig.session.deadline().is_some_and(|deadline| deadline > rig.now.mono), "and then it waits as before");
}
