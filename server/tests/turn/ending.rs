//! How connections end: what the peer is told, in which order, after how long, and what is written down.

use crate::support::{Client, Manner, Rig};
use tertulia_protocol::{
    ErrorCode, ServerFrame, encode,
    push::RoomEntry,
    reply::{Placed, Synced},
    request,
};

/// The peer ends too, and the one line about it says why.
#[track_caller]
fn gone(rig: &mut Rig, client: &Client, why: &str) {
    client.wire.end();
    rig.settle();
    assert!(client.wire.is_dropped());
    assert_eq!(rig.endings(), [why]);
}

#[test]
fn a_login_that_takes_too_long_is_told_so() {
    for (send, why) in [(false, "handshake_timeout"), (true, "handshake_timeout")] {
        let mut rig = Rig::new();
        let mut client = rig.connect();
        if send {
            client.hello();
            rig.settle();
            client.challenged();
        }
        rig.sleep(9_999);
        client.expect_nothing();
        assert!(!client.wire.is_ended());
        rig.sleep(1);
        client.expect_error(ErrorCode::TIMEOUT);
        gone(&mut rig, &client, why);
    }
}

#[test]
fn a_frame_that_does_not_end_is_told_so_however_its_bytes_come() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let cid = ana.new_cid();
    let bytes = encode(&ana.a_write(cid, "never finished"));
    rig.activities();
    for byte in &bytes[..10] {
        assert!(!ana.wire.is_ended());
        ana.wire.send(&[*byte]);
        rig.sleep(1_000);
    }
    rig.settle();
    ana.expect_error(ErrorCode::TIMEOUT);
    gone(&mut rig, &ana, "frame_timeout");
}

#[test]
fn frames_that_each_end_in_time_may_go_on_for_ever() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let frame = encode(&request::Heartbeat {});
    // Always the end of one and the beginning of the next.
    ana.wire.send(&frame[..3]);
    for _ in 0..20 {
        rig.sleep(9_000);
        ana.wire.send(&[&frame[3..], &frame[..3]].concat());
    }
    rig.settle();
    ana.received();
    assert!(!ana.wire.is_ended());
}

#[test]
fn who_is_silent_is_cut_after_55_seconds_and_who_says_anything_is_not() {
    let mut rig = Rig::new();
    let (ana, luis) = (rig.login("ana"), rig.login("luis"));
    rig.activities();
    rig.sleep(30_000);
    luis.send(&request::Heartbeat {});
    rig.sleep(24_999);
    rig.settle();
    assert_eq!(rig.endings(), Vec::<&str>::new());
    rig.sleep(1);
    rig.settle();
    assert!(ana.wire.is_dropped() && !luis.wire.is_dropped());
    assert_eq!(rig.endings(), ["silent"]);
}

#[test]
fn heartbeats_come_after_20_seconds_without_anything_else() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.sleep(1_000);
    ana.received();
    rig.sleep(18_999);
    assert_eq!(ana.received(), []);
    rig.sleep(1);
    let [ServerFrame::Heartbeat(heartbeat)] = &ana.frames()[..] else { panic!("a heartbeat") };
    assert_eq!(heartbeat.position.0, 2);
    ana.write("hola");
    rig.sleep(19_999);
    ana.expect::<Placed>();
    ana.expect::<RoomEntry>();
    assert_eq!(ana.received(), []);
    rig.sleep(1);
    let [ServerFrame::Heartbeat(heartbeat)] = &ana.frames()[..] else { panic!("a heartbeat") };
    assert_eq!(heartbeat.position.0, 3);
}

#[test]
fn strangers_get_one_clear_line_and_tls_gets_its_alert() {
    let http = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice();
    let line = b"This is a Tertulia chat server. Open it with a Tertulia client.\r\n".as_slice();
    let alert = [0x15, 0x03, 0x01, 0, 2, 2, 0x46].as_slice();
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].as_slice();
    for (sent, told, why) in
        [(http, line, "stranger"), (b"\xff\xff\xff\xff", line, "stranger"), (hello, alert, "tls_refused")]
    {
        let mut rig = Rig::new();
        let client = rig.connect();
        client.wire.send(sent);
        rig.settle();
        assert_eq!(client.wire.take(1_000), told);
        assert!(client.wire.is_ended());
        gone(&mut rig, &client, why);
    }
}

#[test]
fn bytes_that_are_not_the_protocol_are_told_so() {
    let heartbeat = encode(&request::Heartbeat {});
    let cases: [(&[u8], ErrorCode, &str); 8] = [
        (&[0, 0, 0, 0], ErrorCode::MALFORMED, "malformed"),
        (&[0, 0, 0x10, 0x01], ErrorCode::TOO_LARGE, "too_large"),
        (&[0, 0, 0, 1, 3], ErrorCode::MALFORMED, "malformed"),
        (&[0, 0, 0, 2, 3, 0xff], ErrorCode::MALFORMED, "malformed"),
        (&[0, 0, 0, 3, 3, 0xa0, 0xa0], ErrorCode::MALFORMED, "malformed"),
        (&[0, 0, 0, 2, 0x7f, 0xa0], ErrorCode::UNKNOWN_TYPE, "unknown_type"),
        (&[0, 0, 0, 2, 0x43, 0xa0], ErrorCode::UNKNOWN_TYPE, "unknown_type"),
        (&heartbeat, ErrorCode::OUT_OF_ORDER, "out_of_order"),
    ];
    for (bytes, code, why) in cases {
        let mut rig = Rig::new();
        let mut client = rig.connect();
        client.wire.send(bytes);
        rig.settle();
        client.expect_error(code);
        gone(&mut rig, &client, why);
    }
}

#[test]
fn what_may_be_skipped_is_skipped_at_any_time() {
    let mut rig = Rig::new();
    let client = rig.connect();
    client.wire.send(&[0, 0, 0, 4, 0x80, 0xff, 0xff, 0xff]);
    drop(client);
    let mut ana = rig.login("ana");
    ana.wire.send(&[0, 0, 0, 1, 0xff]);
    ana.wire.send(&[0, 0, 0, 4, 0x80, 0xff, 0xff, 0xff]);
    ana.write("hola");
    rig.settle();
    ana.expect::<Placed>();
    assert_eq!(rig.turn.connections(), 2);
}

#[test]
fn a_frame_of_the_largest_size_is_taken_after_the_login_and_none_larger() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let length: u32 = 256 * 1024;
    let mut frame = [length.to_be_bytes().as_slice(), &[0x80]].concat();
    frame.resize(4 + 256 * 1024, 0);
    ana.wire.send(&frame);
    ana.write("hola");
    rig.settle();
    ana.expect::<Placed>();
    ana.wire.send(&(length + 1).to_be_bytes());
    rig.settle();
    ana.expect::<RoomEntry>();
    ana.expect_error(ErrorCode::TOO_LARGE);
}

#[test]
fn what_was_asked_before_the_fault_is_answered_before_the_error() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    ana.sync(tertulia_protocol::Seq(0));
    ana.hello();
    rig.settle();
    ana.expect::<Synced>();
    ana.expect_error(ErrorCode::OUT_OF_ORDER);
}

#[test]
fn a_peer_that_never_ends_is_let_go_after_5_seconds() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    client.wire.send(&[0, 0, 0, 0]);
    rig.settle();
    client.expect_error(ErrorCode::MALFORMED);
    // What it goes on sending is thrown away.
    client.wire.send(&vec![7; 300_000]);
    rig.sleep(4_999);
    assert_eq!((client.wire.unread(), client.wire.is_dropped()), (0, false));
    rig.sleep(1);
    assert!(client.wire.is_dropped());
    assert_eq!(rig.endings(), ["malformed"]);
}

#[test]
fn the_last_words_arrive_through_a_narrow_pipe() {
    let mut rig = Rig::new();
    let mut client = rig.connect_as(50, Manner { capacity: 7, ..Manner::default() });
    client.wire.send(&[0, 0, 0, 0]);
    while !client.wire.is_ended() {
        rig.settle();
        client.read();
    }
    client.expect_error(ErrorCode::MALFORMED);
    gone(&mut rig, &client, "malformed");
}

#[test]
fn the_first_reason_counts() {
    let mut rig = Rig::new();
    let client = rig.connect();
    client.wire.send(&[0, 0, 0, 0]);
    rig.settle();
    client.wire.reset();
    rig.sleep(20_000);
    assert_eq!(rig.endings(), ["malformed"]);
}

#[test]
fn an_event_for_a_connection_that_is_gone_does_not_reach_the_next_owner_of_its_place() {
    let mut rig = Rig::new();
    let old = rig.login("ana");
    old.wire.reset();
    rig.settle();
    let mut new = rig.connect();
    assert_eq!(rig.turn.connections(), 1);
    // Bytes are there, but the event that says so is the old owner's.
    new.wire.edges();
    new.hello();
    new.wire.edges();
    rig.turn.mark(old.id, true, true);
    rig.settle();
    assert_eq!(new.received(), []);
    rig.turn.mark(new.id, true, true);
    rig.settle();
    new.challenged();
}

#[test]
fn nothing_is_due_when_nobody_is_there() {
    let mut rig = Rig::new();
    assert_eq!(rig.turn.deadline(), None);
    let stranger = rig.connect();
    stranger.wire.reset();
    rig.settle();
    assert_eq!(rig.turn.deadline(), None);
    let ana = rig.login("ana");
    ana.wire.end();
    rig.sleep(5_000);
    assert_eq!((rig.turn.connections(), rig.turn.deadline()), (0, None));
}

#[test]
fn an_idle_connection_costs_a_turn_or_two_a_heartbeat() {
    let mut rig = Rig::new();
    let clients: Vec<Client> = (0..10).map(|n| rig.login(&format!("u{n}"))).collect();
    rig.sleep(30_000);
    clients.iter().for_each(|client| client.send(&request::Heartbeat {}));
    rig.settle();
    let before = rig.turns;
    rig.sleep(40_000);
    assert!(rig.turns - before <= 10, "{} turns in 40 s", rig.turns - before);
}
