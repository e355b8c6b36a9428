//! Stopping: a signal, a word to everybody, and an end within five seconds whatever the peers do.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use tertulia_client::session::Why;
use tertulia_protocol::{ErrorCode, FrameDecoder, ServerFrame};

use crate::{child::PATIENCE, crowd::Crowd, server::Home};

/// What an ordered stop may take, all in all.
const STOP_MAX: Duration = Duration::from_secs(5);

#[test]
fn on_either_signal_everybody_is_told_and_it_ends_with_0() {
    for signal in ["TERM", "INT"] {
        let home = Home::new();
        let mut server = home.server();
        let mut crowd = Crowd::new(server.address);
        let ana = crowd.log_in(1, "ana");
        let luis = crowd.log_in(2, "luis");
        let mut stranger = TcpStream::connect(server.address).unwrap();
        home.wait_for("connected", 3);

        server.process.signal(signal);
        crowd.run("both know", |crowd| crowd.members.iter().all(|member| !member.cuts.is_empty()));
        for index in [ana, luis] {
            assert_eq!(crowd.members[index].cuts[0].0, Why::Told(ErrorCode::STOPPING));
        }
        assert_eq!(last_error(&mut stranger), ErrorCode::STOPPING);
        assert_eq!(server.process.exit_code(STOP_MAX), 0, "{}", server.process.errors());

        let lines = home.activities();
        let last = lines.last().unwrap();
        assert_eq!((last["event"].as_str(), home.activities_of("stop").len()), (Some("stop"), 1), "{last}");
        let ends = home.activities_of("disconnected");
        assert_eq!(ends.len(), 3);
        assert!(ends.iter().all(|line| line["why"] == "stopping"), "{ends:?}");
    }
}

#[test]
fn a_peer_that_never_reads_and_never_leaves_does_not_hold_it_up() {
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    // One that has logged in and then stands still with its socket full, one that never said a word.
    let deaf = crowd.log_in(1, "deaf");
    let mute = TcpStream::connect(server.address).unwrap();
    let mut talker = Crowd::new(server.address);
    let ana = talker.log_in(2, "ana");
    let long = "x".repeat(16_000);
    for _ in 0..300 {
        talker.say(ana, &long);
    }
    talker.run("everything is in", |crowd| crowd.members[ana].settled.len() == 300);

    let start = Instant::now();
    server.process.signal("TERM");
    assert_eq!(server.process.exit_code(STOP_MAX), 0, "{}", server.process.errors());
    assert!(start.elapsed() < STOP_MAX);
    drop((mute, deaf));
    assert_eq!(home.activities_of("disconnected").len(), home.activities_of("connected").len());
}

#[test]
fn what_was_answered_is_there_after_a_stop() {
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    for number in 0..40 {
        crowd.say(ana, &format!("message {number}"));
    }
    // In the midst of it: what was read gets its place and its answer before the word that it stops.
    server.process.signal("TERM");
    crowd.run("the end", |crowd| !crowd.members[ana].cuts.is_empty());
    let answered = crowd.members[ana].settled.len();
    assert_eq!(server.process.exit_code(STOP_MAX), 0);

    let _again = home.server_again_on(server.address);
    crowd.run("the rest", |crowd| crowd.members[ana].settled.len() == 40);
    let texts = Crowd::reader(server.address, 2, "reader", 40);
    let expected: Vec<_> = (0..40).map(|number| (number + 1, format!("message {number}"))).collect();
    assert_eq!(texts, expected, "{answered} were answered before the stop");
}

#[test]
fn a_second_signal_does_no_harm() {
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    crowd.log_in(1, "ana");
    server.process.signal("TERM");
    server.process.signal("INT");
    assert_eq!(server.process.exit_code(PATIENCE), 0);
}

/// Reads to the end, and gives the code of the last frame, which is an error about the connection.
fn last_error(stream: &mut TcpStream) -> ErrorCode {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    // Polite: the server waits for this.
    let _ = stream.flush().and_then(|()| stream.shutdown(std::net::Shutdown::Both));
    let mut decoder = FrameDecoder::new(usize::MAX);
    let mut frames = decoder.feed(&bytes);
    let mut last = None;
    while let Some(frame) = frames.next().unwrap() {
        last = ServerFrame::decode(frame).unwrap();
    }
    match last {
        Some(ServerFrame::Error(error)) if error.request.is_none() => error.code,
        other => panic!("the last frame is {other:?}"),
    }
}
