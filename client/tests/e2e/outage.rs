//! The server dies under people who talk and comes back: nobody does anything, and everything goes on.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    child::{PATIENCE, Process, program, until},
    crowd::Crowd,
    person::Person,
    resident::Resident,
    server::Home,
};

const RESIDENTS: u32 = 4;

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

    let start = |number| Resident::start(address, home.folder(), &format!("resident {number}"));
    let mut residents: Vec<_> = (1..=RESIDENTS).map(start).collect();
    for resident in &mut residents {
        until("it is answered", PATIENCE, || (resident.listen().acked.len() >= 50).then_some(()));
    }
    server.process.signal("STOP");
    for resident in &mut residents {
        until("no answers come", PATIENCE, || (resident.listen().unanswered.len() >= 20).then_some(()));
    }
    // Two people are in the middle of it as well: what they sent has no answer yet, and that is what they see.
    ana.says("¿se oye?");
    ana.waits_for("her words on their way", |rows| {
        rows.iter().any(|row| row.row == "sending" && row.text == "¿se oye?")
    });
    server.process.kill();
    luis.says("¿hay alguien?");
    let server = home.server_again_on(address);

    Resident::stop(&mut residents);
    // In the flood nobody reads every line; the last ones stay.
    ana.says("después");
    [&ana, &luis].into_iter().for_each(|person| person.waits_for_message("después"));

    let total = residents.iter().map(|resident| resident.kept.len()).sum::<usize>() + 4;
    let room: BTreeMap<u64, String> = Crowd::reader(server.address, 99, "reader", total).into_iter().collect();
    assert_eq!((room.len(), room.keys().next_back()), (total, Some(&(total as u64))), "each once, without a hole");
    for Resident { name, kept, acked, .. } in &residents {
        let places: Vec<_> = kept.iter().map(|(cid, _)| acked[cid].0).collect();
        assert!(places.is_sorted_by(|one, next| one < next), "{name}");
        assert!(places.iter().zip(kept).all(|(place, (_, text))| room[place] == *text), "{name}");
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
