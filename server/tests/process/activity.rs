//! `logs.json`: who came, who left and what was said, when.

use tertulia_client::session::{History, StopCode};
use tertulia_protocol::{ErrorCode, Rseq};

use crate::{crowd::Crowd, server::Home};

#[test]
fn it_tells_the_whole_story_in_order() {
    let home = Home::new();
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    crowd.say(ana, "¡Hola! ☕");
    crowd.run("the answer", |crowd| !crowd.members[ana].settled.is_empty());
    // Somebody else with the same name, and then with one of her own.
    let other = crowd.join(2, "ANA", History::From(Rseq(1)));
    crowd.run("the refusal", |crowd| crowd.members[other].stopped.is_some());
    let refused = (StopCode::Refused(ErrorCode::NAME_TAKEN), vec!["ANA".to_owned()]);
    assert_eq!(crowd.members[other].stopped, Some(refused));
    home.wait_for("disconnected", 1);
    crowd.leave(ana);
    crowd.run("ana has left", |crowd| crowd.has_left(ana));
    home.wait_for("disconnected", 2);
    crowd.log_in(1, "ana");
    server.stop();

    let lines = home.activities();
    let story: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    let expected = [
        "start",
        "connected",
        "login",
        "message",
        "connected",
        "refused",
        "disconnected",
        "disconnected",
        "connected",
        "login",
        "disconnected",
        "stop",
    ];
    assert_eq!(story, expected);

    let times: Vec<_> = lines.iter().map(|line| line["time"].as_str().unwrap().to_owned()).collect();
    for time in &times {
        assert!(time.len() == 24 && time.ends_with('Z') && humantime::parse_rfc3339(time).is_ok(), "{time}");
    }
    assert!(times.is_sorted(), "{times:?}");

    let of = |index: usize, key: &str| &lines[index][key];
    assert_eq!((of(2, "user"), of(2, "new")), (&"ana".into(), &true.into()));
    assert_eq!((of(9, "user"), of(9, "new")), (&"ana".into(), &false.into()));
    assert_eq!(of(2, "device"), of(9, "device"));
    assert_eq!((of(3, "user"), of(3, "room"), of(3, "rseq")), (&"ana".into(), &"general".into(), &1.into()));
    assert_eq!((of(3, "text"), of(3, "bytes")), (&"¡Hola! ☕".into(), &11.into()));
    assert_eq!((of(5, "name"), of(5, "why")), (&"ANA".into(), &"name_taken".into()));
    assert_eq!((of(6, "conn"), of(6, "why")), (of(5, "conn"), &"login_refused".into()));
    assert_eq!((of(7, "user"), of(7, "why"), of(7, "conn")), (&"ana".into(), &"peer_left".into(), of(1, "conn")));
    assert!(of(6, "user").is_null() && of(7, "duration_ms").is_u64());
    assert_eq!(of(10, "why"), "stopping");
}

#[test]
fn texts_stay_out_of_it_if_the_operator_says_so() {
    let home = Home::with_config("log_text = \"none\"\n");
    let mut server = home.server();
    let mut crowd = Crowd::new(server.address);
    let ana = crowd.log_in(1, "ana");
    crowd.say(ana, "between us");
    crowd.run("the answer", |crowd| !crowd.members[ana].settled.is_empty());
    server.stop();
    let message = &home.activities_of("message")[0];
    assert!(message.get("text").is_none() && message["bytes"] == 10, "{message}");
    let whole = std::fs::read_to_string(home.data().join("logs.json")).unwrap();
    assert!(!whole.contains("between us"));
}

#[test]
fn it_goes_on_where_the_last_run_ended() {
    let home = Home::new();
    home.server().stop();
    home.server().stop();
    let story: Vec<_> = home.activities().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(story, ["start", "stop", "start", "stop"]);
}
