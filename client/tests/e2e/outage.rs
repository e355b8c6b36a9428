//! The server dies under people who talk and comes back: nobody does anything, and everything goes on.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    child::{PATIENCE, Process, program, until},
    crowd::Crowd,
    person::Person,
    server::Home,
    writer::{Writer, text, wait_for},
};

const WRITERS: u32 = 4;

#[test]
fn windows_and_terminals_come_back_by_themselves_and_nothing_is_lost() {
    let home = Home::new();
    let mut server = home.server();
    let address = server.address;
    let [ana, luis] = ["ana", "luis"].map(|name| Person::comes(address, name));
    let tail = {
        let mut command = program("tertulia-cli");
        command.args(["--server", &address.to_string(), "--name", "tail", "--profile"]).arg(home.folder().join("tail"));
        Process::start("tertulia-cli tail", command.args(["tail", "--json", "--from", "start"]))
    };
    ana.says("antes");
    luis.waits_for_message("antes");

    let mut writers: Vec<_> = (1..=WRITERS).map(|number| Writer::start(address, number)).collect();
    wait_for(&writers, "settled", |settled| settled >= 50);
    server.process.signal("STOP");
    wait_for(&writers, "unanswered", |unanswered| unanswered >= 20);
    // Two people are in the middle of it as well: what they sent has no answer yet, and that is what they see.
    ana.says("¿se oye?");
    ana.waits_for("her words on their way", |rows| {
        rows.iter().any(|row| row.row == "sending" && row.text == "¿se oye?")
    });
    server.process.kill();
    luis.says("¿hay alguien?");
    let server = home.server_again_on(address);

    writers.iter_mut().for_each(Writer::end);
    let places: Vec<_> = writers.iter_mut().map(|writer| (writer.name.clone(), writer.places())).collect();
    // In the flood nobody reads every line; the last ones stay.
    ana.says("después");
    [&ana, &luis].into_iter().for_each(|person| person.waits_for_message("después"));

    let total = places.iter().map(|(_, places)| places.len()).sum::<usize>() + 4;
    let room: BTreeMap<u64, String> = Crowd::reader(server.address, 99, "reader", total).into_iter().collect();
    assert_eq!((room.len(), room.keys().next_back()), (total, Some(&(total as u64))), "each once, without a hole");
    for (name, places) in &places {
        assert!(places.is_sorted_by(|one, next| one < next), "{name}");
        assert!(places.iter().enumerate().all(|(index, place)| room[place] == text(name, index)), "{name}");
    }
    for said in ["antes", "¿se oye?", "¿hay alguien?", "después"] {
        assert_eq!(room.values().filter(|text| *text == said).count(), 1, "{said}");
    }
    // What the windows painted is what is there, at its place.
    for person in [&ana, &luis] {
        for (place, (_, text)) in person.read() {
            assert_eq!(text, room[&place], "{}: {place}", person.name);
        }
    }
    let lines = until("the tail has everything", PATIENCE, || Some(tail.output()).filter(|all| all.len() >= total));
    for (line, (place, text)) in lines.iter().zip(&room) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((line["rseq"].as_u64(), line["text"].as_str()), (Some(*place), Some(text.as_str())));
    }
    assert_eq!(lines.len(), total);
}
