//! SIGHUP: the configuration is read again while people talk.

use std::{fs, time::Duration};

use tertulia_client::session::{History, StopCode, Why};
use tertulia_protocol::{ErrorCode, Rseq};

use crate::{
    child::{PATIENCE, until},
    crowd::Crowd,
    server::{Home, Server},
};

/// Has the server read this file, and gives what it says from then on.
#[track_caller]
fn reload(home: &Home, server: &Server, toml: &str) -> String {
    let before = server.process.errors().len();
    fs::write(home.data().join("tertulia.toml"), toml).unwrap();
    server.process.signal("HUP");
    until("the server says what came of it", PATIENCE, || {
        let said = server.process.errors()[before..].to_owned();
        (said.contains("was read again") || said.contains("stays as it was:\n")).then_some(said)
    })
}

#[test]
fn a_new_policy_is_for_those_who_come_and_those_who_are_in_stay() {
    let home = Home::with_config("");
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    // The flag --listen wins, as at the start: nothing to say about that key.
    let toml = "plaintext = \"never\"\nlog_text = \"none\"\nlisten = \"[::1]:1\"\ndiscovery = false\n[limits]\ndrain_ms = 99\n";
    let said = reload(&home, &server, toml);
    for words in [
        "plaintext is \"never\" now, it was \"always\"",
        "log_text is \"none\" now",
        "limits.drain_ms is 99 now, it was 5000",
        "discovery stays true until the next start; false (file, line 4)",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said:?}");
    }
    assert!(!said.contains("listen"), "{said}");

    // The loop takes it a moment after it is said.
    let mut number = 10;
    until("a stranger is refused", PATIENCE, || {
        number += 1;
        let mut crowd = Crowd::new(server.address);
        let late = crowd.join(number, &format!("late {number}"), History::From(Rseq(1)));
        crowd.run("an answer", |crowd| crowd.members[late].synced > 0 || is_refused(crowd, late));
        is_refused(&crowd, late).then_some(())
    });
    crowd.say(ana, "not written down");
    crowd.run("the answer", |crowd| !crowd.members[ana].settled.is_empty());
    assert!(crowd.members[ana].cuts.is_empty());
    let message = &home.wait_for("message", 1)[0];
    assert_eq!((&message["user"], message.get("text")), (&"ana".into(), None));

    let said = reload(&home, &server, "");
    assert!(said.contains("plaintext is \"always\" now") && said.contains("not encrypted"), "{said}");
    server.stop();
}

fn is_refused(crowd: &Crowd, member: usize) -> bool {
    let member = &crowd.members[member];
    let code = ErrorCode::PLAINTEXT_REFUSED;
    member.stopped.as_ref().is_some_and(|(stop, _)| *stop == StopCode::Refused(code))
        || member.cuts.iter().any(|(why, _)| *why == Why::Told(code))
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_is_told_with_line_and_choice() {
    let home = Home::with_config("[limits]\nconnections = 77\n");
    let mut server = home.server();
    reload(&home, &server, "\nplaintext = \"sometimes\"\n[limits]\nconnection = 1\n");
    let file = home.data().join("tertulia.toml").display().to_string();
    let expected = [
        "tertulia-server: the configuration stays as it was:\n".to_owned(),
        format!("{file}:2: `plaintext` is \"always\" or \"loopback\" or \"never\""),
        format!("{file}:4: unknown key `limits.connection`: there are connections, "),
    ];
    // Its lines arrive one by one.
    for words in expected {
        until(&words, PATIENCE, || server.process.errors().contains(&words).then_some(()));
    }
    Crowd::new(server.address).log_in(1, "ana");
    let said = reload(&home, &server, "[limits]\nconnections = 77\n");
    assert!(said.contains("nothing changes"), "{said}");
    let said = reload(&home, &server, "[limits]\nconnections = 78\n");
    assert!(said.contains("limits.connections is 78 now, it was 77"), "{said}");
    server.stop();
}

#[test]
fn an_address_in_the_file_waits_for_the_next_start() {
    let home = Home::with_config("listen = \"127.0.0.1:0\"\n");
    let mut server = Server::start(&mut home.command(&[]));
    let said = reload(&home, &server, "listen = \"127.0.0.2:0\"\n");
    let words =
        "listen stays [\"127.0.0.1:0\"] until the next start; [\"127.0.0.2:0\"] (file, line 1) has to wait for it";
    assert!(said.contains(words), "{said}");
    Crowd::new(server.address).log_in(1, "ana");
    server.stop();
}

#[test]
fn a_storm_of_signals_does_no_harm() {
    let home = Home::with_config("");
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    for number in 1..=50 {
        if number == 50 {
            fs::write(home.data().join("tertulia.toml"), "[limits]\ndrain_ms = 99\n").unwrap();
        }
        server.process.signal("HUP");
        crowd.say(ana, "hola");
        crowd.step(Duration::from_millis(5));
        assert!(crowd.members[ana].entries.len() <= number);
    }
    crowd.run("all answers", |crowd| crowd.members[ana].settled.len() == 50);
    // Signals that come while the file is read merge; what it says at the last one counts.
    let said = until("the last one is heeded", PATIENCE, || {
        let said = server.process.errors();
        said.contains("limits.drain_ms is 99 now").then_some(said)
    });
    assert!((1..=50).contains(&said.matches("was read again").count()), "{said}");
    server.stop();
}
