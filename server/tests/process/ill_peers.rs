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
//! | a reader that never reads | here `readers_that_never_read_…`, `turn limits::who_does_not_read_…`, `stop::a_peer_that_never_reads_…` |
//! | a reset in the middle of a frame | here `a_reset_in_the_middle_of_a_frame`, `turn leaving::a_reset_…` |
//! | half-close | `turn leaving::who_half_closes_…` (two) |
//! | a thousand connects and closes a second | here `a_thousand_come_and_go_every_second` |
//! | a full disk under the data, also at the start | `full_disk::after_an_ordered_stop_…`, `full_disk::after_a_kill_…` |
//! | the data removed or replaced under the server | `full_disk::data_that_is_removed_…`, `log_file a_file_that_is_gone_…` |
//! | a full disk under `logs.json` | `ill_logs::the_chat_goes_on_…`, `activity_log a_full_disk_…` |
//! | a burst of long messages beside a slow `logs.json` | `ill_logs::a_burst_of_long_messages_…`, `activity_log what_is_written_makes_room_…` |
//! | SIGHUP and rotation while busy, and rotation without it | `activity_log a_file_that_is_renamed_…`, `ill_logs::rotating_while_everybody_talks_…`, `reload::a_storm_of_signals_…` |
//! | slab keys reused within one poll | here `whoever_comes_in_the_poll_in_which_others_go_…`, `turn ending::an_event_for_a_connection_that_is_gone_…` |
//! | noise, strangers, TLS | `turn noise`, `strangers`, `turn ending::strangers_…` |

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use tertulia_client::session::History;
use tertulia_protocol::{encode, request::Heartbeat};

use crate::{
    child::{PATIENCE, until},
    crowd::{Crowd, Member, Parting},
    server::Home,
};

/// Lets go of a connection as a system does that has crashed or lost patience: with a reset.
fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
}

#[test]
fn readers_that_never_read_cost_their_limit_and_have_everything_in_the_end() {
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
    println!("resident: {before} KiB before, {most} KiB at most");
    // The queues share their buffers: the limit of one of them, twice until it is swept, and what the database holds of
    // 19 MB, is all there is.
    assert!(most < before + 16 * 1024, "{before} KiB before, {most} KiB at most");
    assert_eq!(home.activities_of("disconnected").len(), 0, "nobody is sent away for reading slowly");
    // They wake up, are told that they lagged, and have everything in the end.
    deaf.run("everything", |crowd| crowd.members.iter().all(|member| member.entries.len() == MESSAGES));
    server.stop();
}

/// Connects and closes, as fast as this, whatever else happens; on a thread of its own, because a conversation goes on
/// meanwhile that must not slow it down.
fn come_and_go(server: SocketAddr, visits: usize, each: Duration) -> Duration {
    let start = Instant::now();
    for visit in 0..visits {
        let mut stream = TcpStream::connect(server).unwrap();
        match visit % 3 {
            // In order, in the middle of a word, and without one.
            0 => drop(stream),
            1 => drop(stream.write(&encode(&Heartbeat {})[..3])),
            _ => reset(stream),
        }
        let due = each * u32::try_from(visit + 1).unwrap();
        thread::sleep(due.saturating_sub(start.elapsed()));
    }
    start.elapsed()
}

#[test]
fn a_thousand_come_and_go_every_second() {
    const VISITS: usize = 2_200;
    /// The first ones touch memory for the first time.
    const ROUNDS: usize = 4;
    /// A little faster than promised, to make up for moments in which somebody else had the core.
    const EACH: Duration = Duration::from_micros(850);
    let home = Home::with_config("log_text = \"none\"\n[limits]\nconnections_per_address = 20000\n");
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let (ana, bob) = (crowd.log_in(1, "ana"), crowd.log_in(2, "bob"));
    let (mut said, mut rates, mut resident_kib) = (0, Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let address = server.address;
        let crowds = thread::spawn(move || come_and_go(address, VISITS, EACH));
        while !crowds.is_finished() {
            // Each waits for the one before: it is a conversation, and it has to get through.
            said += 1;
            crowd.say(ana, &format!("message {said}"));
            crowd.run("bob hears it", |crowd| crowd.members[bob].entries.len() == said);
            crowd.step(Duration::from_millis(20));
        }
        let took = crowds.join().unwrap();
        let rate = VISITS as f64 / took.as_secs_f64();
        println!("round {round}: {VISITS} visits in {took:?}, {rate:.0} a second; {said} messages so far");
        rates.push(rate);
        // A reset may reach the system's queue before the accept; then nobody came.
        until("everybody has gone", Duration::from_secs(20), || {
            let (came, gone) = (home.activities_of("connected").len() - 2, home.activities_of("disconnected").len());
            (came == gone && gone > round * VISITS / 2).then_some(())
        });
        resident_kib.push(server.resident_kib());
    }
    crowd.run("all answers", |crowd| crowd.members[ana].settled.len() == said);
    // A machine that is busy with other things may hold up one round or another.
    assert!(rates.iter().filter(|rate| **rate >= 1_000.0).count() >= ROUNDS / 2, "visits a second: {rates:?}");
    assert!(said > 10, "{said} messages in all");
    assert!(crowd.members[bob].entries.is_sorted_by(|one, next| one.rseq.0 + 1 == next.rseq.0));
    assert!(crowd.members.iter().all(|member| member.cuts.is_empty()));
    println!("resident: {resident_kib:?} KiB");
    // 80 bytes for each visit after the first round; what was left of a connection would be several hundred. (The messages
    // fill the caches of SQLite a little further.)
    assert!(resident_kib[ROUNDS - 1] <= resident_kib[0] + 512, "{resident_kib:?} KiB");
    server.stop();
    let ends = home.activities_of("disconnected");
    assert!(ends.len() <= ROUNDS * VISITS + 2);
    let known = ["peer_left", "peer_broke_off", "connection_lost", "stopping"];
    assert!(ends.iter().all(|line| known.contains(&line["why"].as_str().unwrap())), "{ends:?}");
}

/// While the server is stopped, as many come as go, and more: when it goes on, one poll holds the ends of some, and in the
/// turns that follow their places are given to others. Nobody may get what was meant for somebody else.
#[test]
fn whoever_comes_in_the_poll_in_which_others_go_gets_nothing_of_theirs() {
    const PEOPLE: u32 = 120;
    const ROUNDS: u32 = 3;
    let home = Home::with_config("[limits]\nconnections_per_address = 20000\n");
    let mut server = home.server();
    let mut here = Crowd::new(server.address);
    let witness = here.log_in(1, "witness");
    let mut leavers = Crowd::new(server.address);
    for number in 0..PEOPLE {
        leavers.join(1_000 + number, &format!("person 0 {number}"), History::Last(1));
    }
    leavers.run("everybody is in", |crowd| crowd.members.iter().all(|member| member.synced > 0));
    let mut said = 0;
    for round in 1..=ROUNDS {
        server.process.signal("STOP");
        until("the server has stopped", PATIENCE, || server.is_stopped().then_some(()));
        // Some go with a reset, some in order, and some leave a word behind that is read in the same turn as their end.
        leavers.part(|index| match index % 3 {
            0 => Parting::Reset,
            1 => Parting::Close,
            _ => Parting::WithAWord,
        });
        let mut comers = Crowd::new(server.address);
        for number in 0..PEOPLE {
            comers.join(1_000 * (round + 1) + number, &format!("person {round} {number}"), History::Last(1));
        }
        // Their connections stand, for the system answers for the stopped server, and so does what they say first.
        comers.run("everybody has said hello", |crowd| crowd.members.iter().all(Member::has_sent_everything));
        server.process.signal("CONT");
        comers.run("everybody is in", |crowd| crowd.members.iter().all(|member| member.synced > 0));
        said += 1;
        here.say(witness, &format!("round {round}"));
        comers.run("everybody hears", |crowd| {
            here.step(Duration::ZERO);
            crowd
                .members
                .iter()
                .all(|member| member.texts().last().is_some_and(|(_, text)| *text == format!("round {round}")))
        });
        for (number, member) in comers.members.iter().enumerate() {
            assert_eq!(member.name, Some(format!("person {round} {number}")));
            assert!(member.cuts.is_empty() && member.stopped.is_none(), "{:?}", member.cuts);
            assert_eq!(member.texts().last().unwrap().0, said);
        }
        leavers = comers;
    }
    assert!(here.members[witness].cuts.is_empty());
    server.stop();

    // All who came and all who went in a round did so before anybody was in, which takes another poll: so one poll held
    // both. And the story of each connection is that of one person.
    let lines = home.activities();
    for round in 1..=ROUNDS {
        let is_of = |line: &serde_json::Value, round| {
            line["user"].as_str().is_some_and(|user| user.starts_with(&format!("person {round} ")))
        };
        let first_in = lines.iter().position(|line| line["event"] == "login" && is_of(line, round)).unwrap();
        let before =
            |event: &str| -> Vec<_> { lines[..first_in].iter().filter(|line| line["event"] == event).collect() };
        assert_eq!(before("connected").len(), 1 + ((round + 1) * PEOPLE) as usize, "round {round}");
        let went = before("disconnected").into_iter().filter(|line| is_of(line, round - 1)).count();
        assert_eq!(went, PEOPLE as usize, "round {round}");
    }
    let mut users: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in lines {
        if let (Some(connection), Some(user)) = (line["conn"].as_u64(), line["user"].as_str()) {
            users.entry(connection).or_default().push(user.to_owned());
        }
    }
    assert_eq!(users.len(), 1 + ((ROUNDS + 1) * PEOPLE) as usize);
    assert!(users.values().all(|names| names.len() == 2 && names[0] == names[1]), "{users:?}");
    let ends = home.activities_of("disconnected");
    let broken = ends.iter().filter(|line| line["why"] == "connection_lost").count();
    assert!(broken >= (ROUNDS * PEOPLE / 3) as usize, "{broken} resets were seen");
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
