//! `logs.json`: who came, who left and what was said, when.

use tertulia_client::session::{History, StopCode};
use tertulia_protocol::{ErrorCode, Rseq};

use crate::{crowd::Crowd, server::Home};

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
