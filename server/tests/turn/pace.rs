//! Who talks faster than allowed is read later: nothing is refused, nothing is lost, and nobody else notices.

use tertulia_protocol::{
    ServerFrame, encode,
    push::RoomEntry,
    reply::{Page, Placed, Synced},
    request,
};
use tertulia_server::{limits::Limits, reload::Settings};

use crate::support::{Client, Manner, Rig, text};

/// A hundred frames a second, and a second's worth at once.
fn slow(limits: &mut Limits) {
    limits.frames_per_second = 100;
    limits.burst_ms = 1_000;
}

/// Other settings from now on.
fn reconfigure(rig: &mut Rig, change: impl FnOnce(&mut Limits)) {
    change(&mut rig.options.limits);
    let settings = Settings { policy: rig.options.policy, keep_ms: None, limits: rig.options.limits.clone() };
    rig.turn.reconfigure(settings, rig.now);
}

/// Somebody who has used nothing up.
#[track_caller]
fn quiet(rig: &mut Rig, name: &str) -> Client {
    let mut client = rig.login(name);
    rig.sleep(10_000);
    client.received();
    client
}

#[test]
fn a_flood_is_slowed_to_the_rate_and_nothing_of_it_is_lost() {
    let mut rig = Rig::limited(slow);
    let (mut flood, mut ana) = (quiet(&mut rig, "flood"), quiet(&mut rig, "ana"));
    for n in 0..500 {
        flood.write(&n.to_string());
    }
    let start = rig.now.mono;
    let mut heard: Vec<String> = Vec::new();
    let mut placed = 0;
    for second in 0..5 {
        rig.sleep(1_000);
        heard.extend(ana.all::<RoomEntry>().iter().map(|told| text(&told.entry)));
        placed += flood.all::<Placed>().len();
        // The burst, and what the seconds so far allow.
        let allowed = (100 + 100 * (second + 1)).min(500);
        assert!(heard.len().abs_diff(allowed) <= 12, "{} after {} ms", heard.len(), rig.now.mono - start);
        // Others are answered at once.
        ana.write("hola");
        rig.settle();
        assert_eq!(ana.expect::<Placed>().rseq.0, heard.len() as u64 + 1 + second as u64);
        ana.expect::<RoomEntry>();
    }
    assert_eq!((heard, placed), ((0..500).map(|n| n.to_string()).collect(), 500));
    assert!(!flood.wire.is_ended());
    rig.check_replay();
}

#[test]
fn a_flood_of_bytes_is_slowed_to_its_rate() {
    let mut rig = Rig::limited(|limits| (limits.bytes_per_second, limits.burst_ms) = (100_000, 1_000));
    let mut flood = quiet(&mut rig, "flood");
    for _ in 0..100 {
        flood.write(&"x".repeat(10_000));
    }
    let all = flood.wire.unread();
    for second in 1..=9 {
        rig.sleep(1_000);
        flood.received();
        let read = all - flood.wire.unread();
        assert!(read.abs_diff((1 + second) * 100_000) <= 12_000, "{read} after {second} s");
    }
    rig.sleep(1_000);
    assert_eq!((flood.wire.unread(), rig.turn.chat().position().0), (0, 102));
}

#[test]
fn reading_goes_on_at_the_deadline_and_until_then_the_server_sleeps() {
    let mut rig = Rig::limited(slow);
    let mut flood = quiet(&mut rig, "flood");
    for n in 0..121 {
        flood.write(&n.to_string());
    }
    rig.settle();
    // A hundred, and the one that uses up more than there is. Each costs 10 ms, and a tenth of a second is waited for.
    assert_eq!(flood.all::<Placed>().len(), 101);
    let due = rig.now.mono + 110;
    assert_eq!(rig.turn.deadline(), Some(due), "one timer, and nothing else to do");
    let turns = rig.turns;
    rig.sleep(109);
    assert!(rig.turns - turns <= 2, "{} turns while nothing is due", rig.turns - turns);
    assert_eq!(flood.all::<Placed>().len(), 0);
    rig.sleep(1);
    rig.settle();
    assert_eq!(flood.all::<Placed>().len(), 11);
    rig.sleep(1_000);
    assert_eq!(flood.all::<Placed>().len(), 9);
    // Nothing is left of it.
    assert!(rig.turn.deadline().is_none_or(|at| at > rig.now.mono + 5_000), "{:?}", rig.turn.deadline());
}

/// Every byte that comes is an event; each of them once gave the flood its next turn.
#[test]
fn further_bytes_do_not_wake_who_is_to_wait() {
    let mut rig = Rig::limited(slow);
    let flood = quiet(&mut rig, "flood");
    flood.wire.send(&encode(&request::Heartbeat {}).repeat(5_000));
    rig.settle();
    let unread = flood.wire.unread();
    for _ in 0..50 {
        flood.wire.send(&encode(&request::Heartbeat {}));
        rig.sleep(1);
    }
    let beat = encode(&request::Heartbeat {}).len();
    assert_eq!(flood.wire.unread(), unread + 50 * beat);
}

#[test]
fn who_has_to_wait_is_told_everything_meanwhile_and_is_not_taken_for_dead() {
    let mut rig = Rig::new();
    let (mut flood, mut ana) = (quiet(&mut rig, "flood"), quiet(&mut rig, "ana"));
    reconfigure(&mut rig, |limits| (limits.frames_per_second, limits.burst_ms) = (1, 1_000));
    for n in 0..200 {
        flood.write(&n.to_string());
    }
    let mut told = 0;
    for minute in 1..=3 {
        rig.sleep(60_000 - 1_000 * 54);
        ana.write("hola");
        rig.sleep(1_000 * 54);
        ana.send(&request::Heartbeat {});
        ana.received();
        told += flood.all::<RoomEntry>().iter().filter(|told| text(&told.entry) == "hola").count();
        assert_eq!(told, minute);
    }
    assert!(!flood.wire.is_ended() && !ana.wire.is_ended());
    let position = rig.turn.chat().position().0;
    assert!((170..=195).contains(&position), "180 s, and a frame for each: {position}");
}

/// The rest of a frame that lies in the socket is owed by nobody while nothing is read.
#[test]
fn a_frame_that_the_pace_cuts_in_two_is_not_late() {
    let mut rig = Rig::limited(|limits| {
        (limits.bytes_per_second, limits.burst_ms, limits.partial_frame_ms) = (4_096, 100, 200);
    });
    let mut ana = quiet(&mut rig, "ana");
    ana.write(&"x".repeat(16_000));
    rig.sleep(3_000);
    assert_eq!(ana.all::<Placed>().len(), 0);
    rig.sleep(2_000);
    assert_eq!(ana.all::<Placed>().len(), 1);
}

#[test]
fn other_settings_count_at_once_for_who_waits() {
    let mut rig = Rig::new();
    let mut ana = quiet(&mut rig, "ana");
    reconfigure(&mut rig, |limits| (limits.frames_per_second, limits.burst_ms) = (1, 100));
    for _ in 0..100 {
        ana.write("hola");
    }
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 1);
    reconfigure(&mut rig, |limits| (limits.frames_per_second, limits.burst_ms) = (1_000, 10_000));
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 99);
}

/// What was spent under a long burst was held against the short one that followed: 25 frames at one a second, and the
/// next answer took 27.5 s, though a thousand a second had been allowed since.
#[test]
fn what_was_spent_before_costs_no_more_than_the_new_burst() {
    let mut rig = Rig::limited(|limits| (limits.frames_per_second, limits.burst_ms) = (1, 600_000));
    let mut ana = rig.login("ana");
    ana.wire.send(&encode(&request::Heartbeat {}).repeat(25));
    rig.settle();
    reconfigure(&mut rig, |limits| (limits.frames_per_second, limits.burst_ms) = (1_000, 100));
    // The new burst is used up, and then it goes on at the new rate.
    for n in 0..200 {
        ana.write(&n.to_string());
    }
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 0);
    rig.sleep(150);
    let placed = ana.all::<Placed>().len();
    assert!((90..=110).contains(&placed), "{placed} of a tenth of a second");
    rig.sleep(150);
    assert_eq!(placed + ana.all::<Placed>().len(), 200);
}

#[test]
fn who_waits_and_goes_leaves_nothing_behind() {
    let mut rig = Rig::limited(slow);
    let flood = quiet(&mut rig, "flood");
    flood.wire.send(&encode(&request::Heartbeat {}).repeat(5_000));
    rig.settle();
    flood.wire.reset();
    rig.sleep(20_000);
    assert_eq!(rig.endings(), ["connection_lost"]);
    assert_eq!((rig.turn.connections(), rig.turn.deadline()), (0, None));
}

/// Somebody who comes back after a long time away: all the history, and all that was written meanwhile.
#[test]
fn the_defaults_are_no_hindrance_to_honest_people() {
    let mut rig = Rig::new();
    let mut ana = rig.connect_as(1_000, Manner { capacity: usize::MAX, ..Manner::default() });
    rig.log_in(&mut ana, Some("ana"));
    let start = rig.now.mono;
    for n in 0..1_000 {
        ana.write(&n.to_string());
    }
    rig.settle_with(&mut ana);
    ana.sync(tertulia_protocol::Seq(0));
    for _ in 0..2_000 {
        ana.pull(1, 200);
    }
    rig.settle_with(&mut ana);
    let frames = ana.frames();
    let count = |is: fn(&ServerFrame) -> bool| frames.iter().filter(|frame| is(frame)).count();
    assert_eq!(count(|frame| matches!(frame, ServerFrame::Placed(Placed { .. }))), 1_000);
    assert_eq!(count(|frame| matches!(frame, ServerFrame::Synced(Synced { .. }))), 1);
    assert_eq!(count(|frame| matches!(frame, ServerFrame::Page(Page { .. }))), 2_000);
    assert_eq!(rig.now.mono, start);
}
