//! What one peer may cost: connections, memory, the patience of others.

use std::net::SocketAddr;

use tertulia_protocol::{
    ErrorCode, Seq, ServerFrame, encode,
    push::{Heartbeat, Lagged, Presence, RoomEntry},
    reply::{Error, Page, Placed, Synced},
    request,
};
use tertulia_server::{config::Plaintext, limits::Limits};

use crate::support::{Client, Manner, Options, Rig};

#[test]
fn who_does_not_read_lags_at_the_limit_and_has_everything_in_the_end() {
    let mut rig = Rig::new();
    let limit = rig.options.limits.send_queue_bytes;
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let mut slow = rig.connect_as(40, Manner { capacity: 60_000, ..Manner::default() });
    rig.log_in(&mut slow, Some("Zoë"));
    let text = "x".repeat(16_000);
    let sent = 3 * limit as u64 / 16_000;
    for _ in 0..sent {
        ana.write(&text);
        rig.settle();
        ana.expect::<Placed>();
        ana.expect::<RoomEntry>();
        luis.expect::<RoomEntry>();
        // What the others have taken long ago is let go of when it is looked through, at twice as much.
        assert!(rig.turn.held_bytes() < 2 * limit + 200_000, "nobody costs more than the limit");
    }
    // A heartbeat must not say that everything was sent.
    rig.sleep(30_000);
    assert_eq!(rig.endings(), Vec::<&str>::new());
    // It wakes up: what was queued, then that it lagged, and then it is live again.
    rig.settle_with(&mut slow);
    ana.write("y ahora");
    rig.settle_with(&mut slow);
    let frames = slow.frames();
    let lagged = frames.iter().position(|frame| matches!(frame, ServerFrame::Lagged(_))).expect("it lagged");
    let heard = |frames: &[ServerFrame]| frames.iter().filter(|told| matches!(told, ServerFrame::Entry(_))).count();
    let (before, after) = (heard(&frames[..lagged]), heard(&frames[lagged..]));
    assert!(before * text.len() >= limit && (before as u64) < sent, "{before} of {sent}");
    assert_eq!(after, 1);
    let ServerFrame::Lagged(Lagged { position }) = frames[lagged] else { panic!("just found") };
    assert_eq!(position.0, sent + 4);
    assert!(matches!(frames[lagged + 1], ServerFrame::Presence(Presence { whole: Some(_), .. })));
    for frame in &frames[..lagged] {
        assert!(!matches!(frame, ServerFrame::Heartbeat(Heartbeat { position }) if position.0 > before as u64 + 4));
    }
    // Nothing is lost: what was missed is there.
    slow.sync(Seq(0));
    slow.pull(before as u64 + 1, sent);
    rig.settle_with(&mut slow);
    let head = slow.expect::<Synced>().rooms[0].head.0;
    assert_eq!((head, slow.expect::<Page>().entries.last().unwrap().rseq.0), (sent + 1, sent));
}

#[test]
fn a_slow_reader_that_keeps_up_on_the_whole_is_not_closed() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let mut slow = rig.connect_as(40, Manner { capacity: 3_000, chunk_max: 500, blocks_one_in: 3 });
    rig.log_in(&mut slow, Some("Zoë"));
    let mut heard = 0;
    for n in 0..300 {
        ana.write(&"x".repeat(1_000));
        rig.settle();
        slow.read_at_most(1_500);
        if n % 50 == 0 {
            heard += slow.all::<RoomEntry>().len();
        }
        ana.received();
    }
    while slow.wire.waiting() > 0 {
        heard += slow.all::<RoomEntry>().len();
        rig.settle();
    }
    heard += slow.all::<RoomEntry>().len();
    assert_eq!((heard, slow.wire.is_ended()), (300, false));
}

/// Somebody asks for much and reads nothing, then reads: what waits stays within the limit, nothing is lost, and asking
/// is nobody's fault.
fn asks_much(ask: impl Fn(&mut Client) -> usize, limits: &Limits) -> usize {
    let options = Options { limits: limits.clone(), ..Options::default() };
    let mut rig = Rig::with(options);
    rig.options.manner.capacity = 20_000;
    let mut ana = rig.login("ana");
    for n in 0..300 {
        ana.write(&format!("{n} {}", "x".repeat(8_000)));
        rig.settle_with(&mut ana);
    }
    ana.received();
    let asked = ask(&mut ana);
    let before = ana.wire.written();
    rig.settle();
    rig.activities();
    assert!(!ana.wire.is_ended(), "who asks and does not read yet has to wait, and nothing else");
    let mut answered = 0;
    while ana.wire.waiting() > 0 {
        let frames = ana.received();
        answered += frames.iter().filter(|told| !Rig::is_push(&told.frame)).count();
        rig.settle();
    }
    assert!(!ana.wire.is_ended(), "{:?}", rig.endings());
    assert!(ana.wire.written() > before);
    assert_eq!(answered, asked);
    asked
}

#[test]
fn many_pages_on_a_slow_line_all_come() {
    let pages = |client: &mut Client| {
        for _ in 0..40 {
            client.pull(1, 300);
        }
        40
    };
    asks_much(pages, &Limits::default());
    asks_much(pages, &Limits { send_queue_bytes: 512 * 1024, ..Limits::default() });
    asks_much(pages, &Limits { fetches_in_flight: 1, ..Limits::default() });
}

#[test]
fn small_questions_with_large_answers_do_not_fill_the_memory() {
    let mut rig = Rig::limited(|limits| limits.connections_per_address = 10_000);
    rig.options.manner.capacity = 20_000;
    let mut crowd: Vec<Client> = (0..700).map(|_| rig.connect()).collect();
    crowd.iter().for_each(Client::hello);
    rig.settle();
    for (n, client) in crowd.iter_mut().enumerate() {
        client.challenged();
        client.prove(Some(&format!("somebody with a long name {n}")));
    }
    rig.settle();
    let ana = &mut crowd[0];
    ana.received();
    rig.settle();
    // Each question has a dozen bytes, each answer some 20 KiB: all of them together would be 80 MB.
    let mut questions = Vec::new();
    for _ in 0..4_000 {
        questions.extend(encode(&request::Sync { request: ana.new_request(), since: Seq(0), after: None }));
    }
    ana.wire.send(&questions);
    rig.settle();
    assert!(!ana.wire.is_ended(), "who asks and does not read yet has to wait, and nothing else");
    let mut answers = 0;
    for _ in 0..100 {
        answers += ana.all::<Synced>().len();
        rig.settle();
    }
    assert!(answers > 50 && !ana.wire.is_ended(), "{answers} answers, {:?}", rig.endings());
}

#[test]
fn questions_that_the_log_is_asked_before_a_refusal_are_bounded_too() {
    let mut rig = Rig::limited(|limits| limits.fetches_in_flight = 3);
    let mut ana = rig.login("ana");
    for _ in 0..20 {
        ana.write("");
    }
    for answered in [3, 3, 3, 3, 3, 3, 2] {
        rig.step();
        assert_eq!(ana.all::<Error>().len(), answered);
    }
}

#[test]
fn too_many_connections_from_an_address_or_in_all_are_told_so() {
    let mut rig = Rig::limited(|limits| {
        limits.connections = 4;
        limits.connections_per_address = 2;
    });
    let from = |rig: &mut Rig, peer: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        let mut client = rig.connect_from(90, Manner::default(), peer);
        rig.settle();
        let is_in = !client.wire.is_ended();
        if !is_in {
            client.expect_error(ErrorCode::TOO_MANY_CONNECTIONS);
            client.wire.end();
            rig.settle();
        }
        (client, is_in)
    };
    let mut inside = Vec::new();
    let mut check = |rig: &mut Rig, peer, expected| {
        let (client, is_in) = from(rig, peer);
        assert_eq!(is_in, expected, "{peer}");
        if is_in {
            inside.push(client);
        }
    };
    check(&mut rig, "10.0.0.1:1", true);
    // The same computer, seen by the other listener.
    check(&mut rig, "[::ffff:10.0.0.1]:2", true);
    check(&mut rig, "10.0.0.1:3", false);
    check(&mut rig, "10.0.0.2:1", true);
    check(&mut rig, "10.0.0.3:1", true);
    check(&mut rig, "10.0.0.4:1", false);
    assert_eq!(rig.endings(), ["too_many_connections"; 2]);
    inside.remove(0).wire.end();
    rig.settle();
    assert!(from(&mut rig, "10.0.0.1:4").1, "a place that is free again is free");
}

#[test]
fn those_who_are_refused_do_not_take_the_places_of_others() {
    let mut rig = Rig::limited(|limits| {
        limits.connections = 40;
        limits.connections_per_address = 2;
    });
    let mut crowd: Vec<Client> =
        (1..=100).map(|n| rig.connect_from(n, Manner::default(), SocketAddr::from(([10, 0, 0, 1], 99)))).collect();
    rig.settle();
    // None of them ends its direction. Everybody was told all the same.
    crowd[2..].iter_mut().for_each(|client| drop(client.expect_error(ErrorCode::TOO_MANY_CONNECTIONS)));
    assert!(rig.turn.connections() < 20, "{} places", rig.turn.connections());
    rig.login("somebody else");
}

#[test]
fn plaintext_is_taken_from_where_the_policy_says() {
    let peers = ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "192.168.1.5:1", "[fe80::1]:1"];
    for (plaintext, expected) in [
        (Plaintext::Always, [true; 5]),
        (Plaintext::Loopback, [true, true, true, false, false]),
        (Plaintext::Never, [false; 5]),
    ] {
        let mut options = Options::default();
        options.policy.plaintext = plaintext;
        let mut rig = Rig::with(options);
        for (peer, expected) in peers.into_iter().zip(expected) {
            let mut client = rig.connect_from(90, Manner::default(), peer.parse().unwrap());
            client.hello();
            rig.settle();
            if expected {
                client.challenged();
            } else {
                client.expect_error(ErrorCode::PLAINTEXT_REFUSED);
            }
        }
    }
}

#[test]
fn one_who_floods_does_not_keep_the_others_waiting() {
    let mut rig = Rig::limited(|limits| {
        limits.receive_bytes_per_turn = 4_096;
        limits.frames_per_second = 1_000_000;
    });
    let (flood, mut ana) = (rig.login("flood"), rig.login("ana"));
    rig.sleep(1_000);
    ana.received();
    flood.wire.send(&encode(&request::Heartbeat {}).repeat(100_000));
    rig.step();
    ana.write("hola");
    rig.step();
    ana.expect::<Placed>();
    assert!(flood.wire.unread() > 0, "the flood is still on its way");
    rig.settle();
    assert_eq!(flood.wire.unread(), 0);
}

#[test]
fn a_connection_that_waits_for_the_log_lives_by_taking_heartbeats() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold();
    for _ in 0..65 {
        ana.write("hola");
    }
    // Its own heartbeats lie unread all the while.
    for _ in 0..10 {
        rig.sleep(19_000);
        ana.send(&request::Heartbeat {});
        ana.read();
    }
    assert!(!ana.wire.is_ended());
    rig.log().release_all();
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 65);
    let _: Vec<Page> = ana.all();
}

/// Whoever came first was served first, again and again: while a few talked without a pause, nobody new got in.
#[test]
fn when_the_log_is_full_everybody_has_a_turn() {
    let mut rig = Rig::limited(|limits| limits.drafts_in_flight = 1);
    let mut talkers = ["ana", "luis", "Zoë"].map(|name| rig.login(name));
    for n in 0..50 {
        for talker in &mut talkers {
            talker.write(&n.to_string());
        }
    }
    let mut newcomer = rig.connect();
    newcomer.hello();
    (0..10).for_each(|_| rig.step());
    newcomer.challenged();

    // And those who talk get their places in turn, not one after the other.
    let placed = talkers.map(|mut talker| talker.all::<Placed>().len());
    assert!(placed.iter().all(|count| count.abs_diff(placed[0]) <= 1), "{placed:?}");
    rig.settle();
}
