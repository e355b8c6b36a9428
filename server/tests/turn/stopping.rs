//! An ordered stop: what was read gets its place and its answer, everybody is told, and it is over within 4 s.

use tertulia_protocol::{ErrorCode, ServerFrame, push::RoomEntry, reply::Placed};
use tertulia_server::activity_log::Activity;

use crate::support::{Client, Manner, Rig};

/// Runs the stop to its end, with the clients reading and ending as clients do. How long it took.
fn stop(rig: &mut Rig, clients: &mut [&mut Client]) -> u64 {
    let began = rig.now.mono;
    rig.turn.stop(rig.now);
    let mut ended = vec![false; clients.len()];
    loop {
        rig.settle();
        if rig.turn.is_stopped() {
            return rig.now.mono - began;
        }
        for (client, ended) in clients.iter_mut().zip(&mut ended) {
            client.read();
            if client.wire.is_ended() && client.wire.waiting() == 0 && !std::mem::replace(ended, true) {
                client.wire.end();
            }
        }
        if !rig.is_due() {
            let next = rig.turn.deadline().unwrap();
            rig.sleep(next - rig.now.mono);
        }
    }
}

#[test]
fn everybody_is_told_and_gone_at_once() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let mut stranger = rig.connect();
    rig.activities();
    assert_eq!(stop(&mut rig, &mut [&mut ana, &mut luis, &mut stranger]), 0);
    for client in [&mut ana, &mut luis, &mut stranger] {
        client.expect_error(ErrorCode::STOPPING);
        assert!(client.wire.is_dropped());
    }
    assert_eq!(rig.endings(), ["stopping"; 3]);
}

#[test]
fn a_server_without_clients_stops_at_once() {
    let mut rig = Rig::new();
    assert!(!rig.turn.is_stopped());
    assert_eq!(stop(&mut rig, &mut []), 0);
}

#[test]
fn what_was_read_is_answered_and_nothing_more_is_read() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    ana.received();
    rig.log().hold();
    ana.write("read");
    rig.settle();
    rig.turn.stop(rig.now);
    ana.write("not read");
    rig.settle();
    assert!(!ana.wire.is_ended(), "the log still has something");
    rig.log().release_all();
    rig.settle();
    ana.expect::<Placed>();
    ana.expect::<RoomEntry>();
    ana.expect_error(ErrorCode::STOPPING);
    assert_eq!(luis.all::<RoomEntry>().len(), 1);
    assert_eq!(rig.log().entries().len(), 4);
}

#[test]
fn a_log_that_does_not_answer_holds_the_stop_up_for_2_seconds() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold();
    ana.write("never stored");
    rig.settle();
    assert_eq!(stop(&mut rig, &mut [&mut ana]), 2_000);
    ana.expect_error(ErrorCode::STOPPING);
}

#[test]
fn peers_that_do_not_read_or_do_not_end_hold_it_up_for_4_seconds_and_are_written_down() {
    let mut rig = Rig::new();
    let mut deaf = rig.connect_as(40, Manner { capacity: 2_000, ..Manner::default() });
    rig.log_in(&mut deaf, Some("Zoë"));
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    for _ in 0..3 {
        ana.write(&"x".repeat(3_000));
    }
    rig.settle();
    rig.activities();
    // Luis reads and never ends, ana does everything right.
    assert_eq!(stop(&mut rig, &mut [&mut ana]), 4_000);
    luis.all::<RoomEntry>();
    let mut names: Vec<_> = rig
        .activities()
        .into_iter()
        .filter_map(|activity| match activity {
            Activity::Disconnected { user, why: "stopping", .. } => user,
            _ => None,
        })
        .collect();
    names.sort();
    assert_eq!(names, ["Zoë", "ana", "luis"], "every connection has its one ending");
    assert!(deaf.wire.is_dropped() && luis.wire.is_dropped());
    assert_eq!(rig.turn.connections(), 0);
}

#[test]
fn who_connects_while_it_stops_is_told_so() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold();
    ana.write("hola");
    rig.settle();
    rig.turn.stop(rig.now);
    let mut late = rig.connect();
    late.hello();
    rig.settle();
    late.expect_error(ErrorCode::STOPPING);
}

#[test]
fn a_claim_in_flight_becomes_a_welcome_before_the_end() {
    let mut rig = Rig::new();
    let mut ana = rig.challenged();
    rig.log().hold();
    ana.prove(Some("ana"));
    rig.settle();
    rig.turn.stop(rig.now);
    rig.settle();
    rig.log().release_all();
    rig.settle();
    let frames = ana.frames();
    assert!(matches!(frames[0], ServerFrame::Welcome(_)));
    let Some(ServerFrame::Error(error)) = frames.last() else { panic!("{frames:?}") };
    assert_eq!(error.code, ErrorCode::STOPPING);
}

#[test]
fn a_server_that_breaks_tells_nobody_and_writes_down_who_was_there() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.sleep(1_000);
    ana.received();
    rig.activities();
    rig.log().break_down("the disk is gone");
    assert!(rig.try_step().is_err());
    // Once an end out of order left connections without their end in the activity log.
    let now = rig.now;
    rig.turn.abandon(now);
    let activities = rig.activities();
    assert!(
        matches!(
            &activities[..],
            [
                Activity::Disconnected { user: Some(user), why: "server_failed", .. },
                Activity::Stop { why: "failure" },
            ] if user == "ana"
        ),
        "{activities:?}"
    );
    assert_eq!(ana.frames(), []);
}
