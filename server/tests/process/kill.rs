//! The server is killed in the middle of everybody's sentences, again and again, and started again on its data: nothing
//! that was answered is lost, nothing is there twice, nobody's words change their order.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::Value;

use crate::{
    child::{PATIENCE, Process, program, until},
    crowd::Crowd,
    server::{Home, Server},
    writer::{Writer, text, wait_for},
};

const WRITERS: u32 = 4;
/// How many writes of each have to be sent and unanswered when the server dies.
const UNANSWERED_MIN: usize = 20;

#[test]
fn every_acknowledged_message_is_there_once_and_in_order() {
    let home = Home::new();
    let mut server = home.server();
    let address = server.address;
    let tail = tail(&home, address);
    let mut writers: Vec<_> = (1..=WRITERS).map(|number| Writer::start(address, number)).collect();

    for kill in 1..=4 {
        let before: Vec<_> = writers.iter().map(|writer| writer.last("settled").unwrap_or(0)).collect();
        for (writer, before) in writers.iter().zip(before) {
            until("answers come", PATIENCE, || writer.last("settled").filter(|settled| *settled >= before + 100));
        }
        // Every second time in full flight: some of what is unanswered is durable by then, some is on its way, and how
        // much is anybody's guess. In between the server is stopped first, so that it can be counted.
        if kill % 2 == 0 {
            server.process.signal("STOP");
            wait_for(&writers, "unanswered", |unanswered| unanswered >= UNANSWERED_MIN);
        }
        server.process.kill();
        for writer in &writers {
            let cuts = until("the writer has noticed", PATIENCE, || {
                Some(writer.all("unanswered_at_cut")).filter(|cuts| cuts.len() == kill)
            });
            assert!(kill % 2 == 1 || cuts[kill - 1] >= UNANSWERED_MIN, "{}: {cuts:?}", writer.name);
        }
        server = home.server_again_on(address);
    }

    writers.iter_mut().for_each(Writer::end);
    let places: Vec<_> = writers.iter_mut().map(|writer| (writer.name.clone(), writer.places())).collect();
    check_room(&server, &places);
    check_tail(&tail, &places);
}

/// A third party that pulls everything sees what the writers were told.
fn check_room(server: &Server, places: &[(String, Vec<u64>)]) {
    let total: usize = places.iter().map(|(_, places)| places.len()).sum();
    let room = Crowd::reader(server.address, 99, "reader", total);
    println!("{total} messages");
    assert_eq!(room.len(), total, "as many as were written");
    assert!(room.iter().zip(1..).all(|((place, _), expected)| *place == expected), "places without a hole");
    let room: BTreeMap<u64, String> = room.into_iter().collect();
    for (name, places) in places {
        assert!(places.is_sorted_by(|one, next| one < next), "{name}: the order of writing is the order of the room");
        for (index, place) in places.iter().enumerate() {
            assert_eq!(room[place], text(name, index));
        }
    }
}

/// `tertulia-cli tail` from before the first kill to the end has every message once, in the order of the room.
fn check_tail(tail: &Process, places: &[(String, Vec<u64>)]) {
    let total: usize = places.iter().map(|(_, places)| places.len()).sum();
    let lines = until("the tail has everything", PATIENCE, || Some(tail.output()).filter(|all| all.len() >= total));
    assert_eq!(lines.len(), total);
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for (line, place) in lines.iter().zip(1_u64..) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["rseq"], &line["room"]), (&place.into(), &"general".into()), "{line}");
        let user = line["user"].as_str().unwrap().to_owned();
        let next = next.entry(user.clone()).or_default();
        assert_eq!(line["text"], text(&user, *next));
        *next += 1;
    }
}

fn tail(home: &Home, server: SocketAddr) -> Process {
    let mut command = program("tertulia-cli");
    command.args(["--server", &server.to_string(), "--name", "tail", "--profile"]).arg(home.folder().join("profile"));
    command.args(["tail", "--json", "--from", "start"]);
    let tail = Process::start("tertulia-cli tail", &mut command);
    home.wait_for("login", 1);
    tail
}
