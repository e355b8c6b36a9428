//! No descriptors left: whoever comes is told, nobody who is in notices, the server sleeps, and later all get in.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use tertulia_client::session::{History, Why};
use tertulia_protocol::{ErrorCode, Rseq};

use crate::{
    child::PATIENCE,
    crowd::Crowd,
    server::{Home, Server},
};

/// Sets the soft limit of a server that runs, so that it can open as many more. A new descriptor gets the lowest number
/// that is free, and the limit is one on numbers.
#[track_caller]
fn limit_open_files(server: &Server, more: usize) {
    let id = server.process.id().to_string();
    let open = fs::read_dir(format!("/proc/{id}/fd")).unwrap();
    let open: BTreeSet<usize> =
        open.map(|entry| entry.unwrap().file_name().into_string().unwrap().parse().unwrap()).collect();
    let last = (0..).filter(|number| !open.contains(number)).nth(more - 1).unwrap();
    let limit = format!("--nofile={}:", last + 1);
    let done = Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap();
    assert!(done.success());
}

/// What the process has cost so far, in ticks of a hundredth of a second.
fn cpu_ticks(server: &Server) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.process.id())).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
fn who_comes_when_there_are_none_is_told_and_gets_in_when_there_are_some() {
    let home = Home::with_config("[limits]\nhandshake_ms = 600000\n");
    let mut server = home.server();
    let mut inside = Crowd::new(server.address);
    let ana = inside.log_in(1, "ana");
    home.wait_for("login", 1);
    limit_open_files(&server, 8);
    let crowd_of_strangers: Vec<_> = (0..8).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    home.wait_for("connected", 9);

    // One that only listens: it is told instead of left hanging.
    let mut mute = TcpStream::connect(server.address).unwrap();
    mute.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut words = Vec::new();
    mute.read_to_end(&mut words).unwrap();
    assert!(!words.is_empty());
    assert_eq!(home.wait_for("disconnected", 1)[0]["why"], "out_of_descriptors");

    // Clients are told the same, and come again by themselves.
    let mut late = Crowd::new(server.address);
    for number in 2..7 {
        late.join(number, &format!("late {number}"), History::From(Rseq(1)));
    }
    late.run("all were told", |crowd| crowd.members.iter().all(|member| !member.cuts.is_empty()));
    assert!(late.members.iter().all(|member| member.cuts[0].0 == Why::Told(ErrorCode::TOO_MANY_CONNECTIONS)));

    // Who is in talks on, and the server does not spin meanwhile.
    let (before, since) = (cpu_ticks(&server), Instant::now());
    inside.say(ana, "hola");
    inside.run("the answer", |crowd| !crowd.members[ana].settled.is_empty());
    while since.elapsed() < Duration::from_secs(2) {
        inside.step(Duration::from_millis(20));
        late.step(Duration::from_millis(20));
    }
    let ticks = cpu_ticks(&server) - before;
    assert!(ticks < 50, "{ticks} hundredths of a second of CPU in two seconds");

    drop(crowd_of_strangers);
    late.run("all are in", |crowd| crowd.members.iter().all(|member| member.synced > 0));
    server.stop();
}

#[test]
fn a_low_limit_on_open_files_is_told_at_the_start_and_kept_away_from() {
    let home = Home::new();
    let mut command = Command::new("prlimit");
    let inner = home.command(&["127.0.0.1:0"]);
    command.args(["--nofile=140:140", "--"]).arg(inner.get_program()).args(inner.get_args());
    let mut server = Server::start(&mut command);
    assert!(server.process.errors().contains("(140) leaves room for 12 connections"), "{}", server.process.errors());
    let strangers: Vec<_> = (0..40).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let turned_away = home.wait_for("connected", 40);
    assert_eq!(turned_away.len(), 40);
    drop(strangers);
    home.wait_for("disconnected", 40);
    let told = home.activities_of("disconnected").iter().filter(|line| line["why"] == "too_many_connections").count();
    assert!(told >= 20, "{told} were told that there are too many");
    Crowd::new(server.address).log_in(1, "ana");
    server.stop();
}

/// Without descriptors SQLite says no more than that it cannot open its file: the rights on it were blamed.
#[test]
fn a_database_that_finds_no_descriptor_says_so() {
    let home = Home::new();
    let inner = home.command(&["127.0.0.1:0"]);
    let mut command = Command::new("prlimit");
    command.args(["--nofile=12:12", "--"]).arg(inner.get_program()).args(inner.get_args());
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("there are no file descriptors left to open it"), "{errors}");
}

/// At every start of a system with a usual limit, and at each signal, it was told that the default is not reached.
#[test]
fn a_limit_that_is_enough_for_anybody_is_told_only_to_who_asked_for_more() {
    for (config, is_told) in [("", false), ("[limits]\nconnections = 5000\n", true)] {
        let home = Home::with_config(config);
        let inner = home.command(&["127.0.0.1:0"]);
        let mut command = Command::new("prlimit");
        command.args(["--nofile=4500:4500", "--"]).arg(inner.get_program()).args(inner.get_args());
        let mut server = Server::start(&mut command);
        server.stop();
        let errors = server.process.errors();
        assert_eq!(errors.contains("leaves room for"), is_told, "{errors}");
    }
}
