//! Peers that treat the server badly, where it takes a process and a real network to show it.
//!
//! All the ill-treatments, each with the test that shows what comes of it (`turn`: without sockets, in virtual time):
//!
//! | ill-treatment | test |
//! |---|---|
//! | no descriptors, clients queued | `ill_descriptors::who_comes_when_there_are_none_…`, `turn accepting::without_descriptors_…`, `…::at_the_limit_…`, `…::when_even_the_reserve_is_gone_…` |
//! | a limit on open files below the connections allowed | `ill_descriptors::a_low_limit_on_open_files_…` |
//! | ECONNABORTED | `turn accepting::who_is_gone_before_being_accepted_…` |
//! | half-open peers | `turn ending::who_is_silent_is_cut_after_55_seconds_…` |
//! | a partial frame 10 s old; one byte a second | `turn ending::a_frame_that_does_not_end_is_told_so_however_its_bytes_come` |
//! | a login that takes for ever | `turn ending::a_login_that_takes_too_long_is_told_so` |
//! | a reader that never reads | here `readers_that_never_read_cost_their_limit_and_no_more`, `turn limits::who_does_not_read_…`, `stop::a_peer_that_never_reads_…` |
//! | a reset in the middle of a frame | here `a_reset_in_the_middle_of_a_frame`, `turn leaving::a_reset_…` |
//! | half-close | `turn leaving::who_half_closes_…` (two) |
//! | a thousand connects and closes a second | here `a_thousand_come_and_go_every_second` |
//! | a full disk under `logs.json` | `ill_logs::the_chat_goes_on_…`, `activity_log a_full_disk_…` |
//! | SIGHUP and rotation while busy | `ill_logs::rotating_while_everybody_talks_…`, `reload::a_storm_of_signals_…` |
//! | slab keys reused within one poll | `turn ending::an_event_for_a_connection_that_is_gone_…` |
//! | noise, strangers, TLS | `turn noise`, `strangers`, `turn ending::strangers_…` |

use std::{
    io::Write as _,
    net::TcpStream,
    time::{Duration, Instant},
};

use tertulia_protocol::{encode, request::Heartbeat};

use crate::{child::until, crowd::Crowd, server::Home};

/// Lets go of a connection as a system does that has crashed or lost patience: with a reset.
fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
}

#[test]
fn readers_that_never_read_cost_their_limit_and_no_more() {
    const DEAF: usize = 6;
    const MESSAGES: usize = 1_200;
    let home = Home::with_config("log_text = \"none\"\n");
    let mut server = home.server();
    let mut deaf = Crowd::new(server.address);
    let mut talker = Crowd::new(server.address);
    let ana = talker.log_in(1, "ana");
    for number in 0..DEAF {
        deaf.log_in(10 + u32::try_from(number).unwrap(), &format!("deaf {number}"));
    }
    let before = server.resident_kib();
    // 19 MB for each of them: more than their sockets and their queues hold.
    let long = "x".repeat(16_000);
    let mut most = 0;
    for said in 1..=MESSAGES {
        talker.say(ana, &long);
        if said % 50 == 0 {
            talker.run("the answers", |crowd| crowd.members[ana].settled.len() == said);
            most = most.max(server.resident_kib());
        }
    }
    let ends = home.wait_for("disconnected", DEAF);
    assert!(ends.iter().all(|line| line["why"] == "slow_reader"), "{ends:?}");
    println!("resident: {before} KiB before, {most} KiB at most");
    // The queues share their buffers; the limit of one of them, and what the database holds of 19 MB, is all there is.
    assert!(most < before + 16 * 1024, "{before} KiB before, {most} KiB at most");
    server.stop();
}

#[test]
fn a_thousand_come_and_go_every_second() {
    const VISITS: usize = 3_000;
    let home = Home::with_config("[limits]\nconnections_per_address = 20000\n");
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    let start = Instant::now();
    let mut said = 0;
    for visit in 0..VISITS {
        let mut stream = TcpStream::connect(server.address).unwrap();
        match visit % 3 {
            // In order, in the middle of a word, and without one.
            0 => drop(stream),
            1 => drop(stream.write(&encode(&Heartbeat {})[..3])),
            _ => reset(stream),
        }
        if visit % 100 == 0 {
            said += 1;
            crowd.say(ana, "still here?");
        }
        let ahead = Duration::from_millis(visit as u64).saturating_sub(start.elapsed());
        if visit % 10 == 0 || !ahead.is_zero() {
            crowd.step(ahead);
        }
    }
    let took = start.elapsed();
    crowd.run("all answers", |crowd| crowd.members[ana].settled.len() == said);
    println!("{VISITS} visits in {took:?}");
    assert!(crowd.members[ana].cuts.is_empty());
    // A reset may reach the system's queue before the accept; then nobody came.
    let gone = until("everybody has gone", Duration::from_secs(20), || {
        let (came, gone) = (home.activities_of("connected").len() - 1, home.activities_of("disconnected").len());
        (came == gone && gone > VISITS / 2).then_some(gone)
    });
    assert!(gone <= VISITS);
    server.stop();
    let ends = home.activities_of("disconnected");
    let known = ["peer_left", "peer_broke_off", "connection_lost", "stopping"];
    assert!(ends.iter().all(|line| known.contains(&line["why"].as_str().unwrap())), "{ends:?}");
}

#[test]
fn a_reset_in_the_middle_of_a_frame() {
    let home = Home::new();
    let mut server = home.server();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&[0, 0, 1]).unwrap();
    home.wait_for("connected", 1);
    reset(stream);
    assert_eq!(home.wait_for("disconnected", 1)[0]["why"], "connection_lost");
    Crowd::new(server.address).log_in(1, "ana");
    server.stop();
}
