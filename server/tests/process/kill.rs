//! The server and clients with stores are killed in the middle of everybody's sentences, again and again, at moments
//! that nobody chose: in the end the database and all stores say the same, everything acknowledged is there once, and
//! everything that lay in an outbox came, in its order.
//!
//! `KILLS=200` kills as often, `SEED=` chooses other victims and moments.

use std::{collections::BTreeSet, net::SocketAddr};

use serde_json::Value;

use crate::{
    aftermath::{self, Random, Said, by_author, check_residents, check_store, number},
    child::{PATIENCE, Process, program, until},
    resident::Resident,
    server::Home,
};

const RESIDENTS: usize = 20;

/// So slow that everybody always has something unanswered, and so many that something is always on its way to the disk.
const CONFIG: &str = "[limits]\nframes_per_second = 8\nburst_ms = 1000\n";

#[test]
fn whoever_is_killed_nothing_is_lost_doubled_or_reordered() {
    let (kills, seed) = (number("KILLS", 10), number("SEED", 1));
    let mut random = Random(seed);
    let home = Home::with_config(CONFIG);
    let mut server = home.server();
    let address = server.address;
    let tail = tail(&home, address);
    let start = |index| Resident::start(address, home.folder(), &format!("resident {index}"));
    let mut residents: Vec<_> = (0..RESIDENTS).map(start).collect();

    let (mut unanswered, mut server_kills) = (Vec::new(), 0);
    for kill in 1..=kills {
        talk(&mut residents, 20 + random.below(150));
        // Each in its turn for sure, so that no seed kills the one alone.
        let kills_server = if kill <= 2 { kill == 1 } else { random.below(2) == 0 };
        let sum: usize = if kills_server {
            server_kills += 1;
            let before: Vec<_> = residents.iter_mut().map(|resident| resident.listen().cuts.len()).collect();
            server.process.kill();
            let cuts = residents.iter_mut().zip(before).map(|(resident, before)| {
                until(&format!("{} has noticed", resident.name), PATIENCE, || {
                    resident.listen().cuts.get(before).copied()
                })
            });
            let sum = cuts.sum();
            server = home.server_again_on(address);
            sum
        } else {
            let victims = 1 + random.below(3);
            // Each once: of two that start on one store the second finds it in use.
            let victims: BTreeSet<_> = (0..victims).map(|_| random.below(RESIDENTS)).collect();
            for victim in &victims {
                residents[*victim].kill();
            }
            let sum = residents.iter_mut().map(|resident| resident.listen().unanswered.len()).sum();
            for victim in victims {
                residents[victim].start_again();
            }
            sum
        };
        println!("kill {kill}: {}, {sum} unanswered", if kills_server { "the server" } else { "residents" });
        assert!(sum >= RESIDENTS, "seed {seed}, kill {kill}: only {sum} messages were unanswered");
        unanswered.push(sum);
    }
    talk(&mut residents, 1);
    Resident::stop(&mut residents);

    let room = aftermath::room(&home.data());
    assert_eq!(by_author(&room).len(), RESIDENTS, "nobody else wrote");
    Resident::catch_up_and_end(&mut residents, room.len() as u64);
    println!(
        "seed {seed}: {server_kills} of {kills} kills were the server's, {} messages, {} unanswered at a kill at least",
        room.len(),
        unanswered.iter().min().unwrap(),
    );
    check_tail(&tail, &room);
    server.stop();
    let mut verify = program("tertulia-server");
    let verified = verify.arg("verify").arg("--data").arg(home.data()).output().unwrap();
    assert!(verified.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&verified.stderr));

    check_residents(&residents, &room);
    for resident in &residents {
        check_store(&resident.name, &resident.store(), &room);
    }
}

/// Waits until everybody has been answered anew, and altogether so many times.
#[track_caller]
fn talk(residents: &mut [Resident], answers: usize) {
    let before: Vec<_> = residents.iter_mut().map(|resident| resident.listen().acked.len()).collect();
    let total: usize = before.iter().sum();
    for (resident, before) in residents.iter_mut().zip(&before) {
        until(&format!("{} is answered", resident.name), 2 * PATIENCE, || {
            (resident.listen().acked.len() > *before).then_some(())
        });
    }
    until("everybody talks", 2 * PATIENCE, || {
        let now: usize = residents.iter_mut().map(|resident| resident.listen().acked.len()).sum();
        (now >= total + answers).then_some(())
    });
}

/// `tertulia-cli tail` from before the first kill to the end has every message once, in the order of the room.
fn check_tail(tail: &Process, room: &[Said]) {
    let lines =
        until("the tail has everything", PATIENCE, || Some(tail.output()).filter(|all| all.len() >= room.len()));
    assert_eq!(lines.len(), room.len());
    for ((line, said), place) in lines.iter().zip(room).zip(1_u64..) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["rseq"], &line["room"]), (&place.into(), &"general".into()), "{line}");
        assert_eq!(line["text"], said.text());
    }
}

fn tail(home: &Home, server: SocketAddr) -> Process {
    let mut command = program("tertulia-cli");
    command.args(["--server", &server.to_string(), "--name", "tail", "--profile"]).arg(home.folder().join("tail"));
    command.args(["tail", "--json", "--from", "start"]);
    let tail = Process::start("tertulia-cli tail", &mut command);
    home.wait_for("login", 1);
    tail
}
