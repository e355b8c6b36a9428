//! The server and clients with stores are killed in the middle of everybody's sentences, again and again, at moments
//! that nobody chose: in the end the database and all stores say the same, everything acknowledged is there once, and
//! everything that lay in an outbox came, in its order.
//!
//! `KILLS=200` kills as often, `SEED=` chooses other victims and moments.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;
use tertulia_protocol::{Cid, Kind, entry::MessageBody};

use crate::{
    child::{PATIENCE, Process, program, until},
    resident::Resident,
    server::Home,
};

const RESIDENTS: usize = 20;

/// So slow that everybody always has something unanswered, and so many that something is always on its way to the disk.
const CONFIG: &str = "[limits]\nframes_per_second = 8\nburst_ms = 1000\n";

#[test]
fn whoever_is_killed_nothing_is_lost_doubled_or_reordered() {
    let number = |name, default: u64| std::env::var(name).map_or(default, |value| value.parse().unwrap());
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
            let victims: Vec<_> = (0..victims).map(|_| random.below(RESIDENTS)).collect();
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

    let database = home.data().join("tertulia.db");
    let room =
        Said::all(&database, "SELECT 0, seq, author, device, at, kind, body, cid FROM log WHERE room = 1 ORDER BY seq");
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
        check_store(resident, &room);
    }
}

/// Waits until everybody has been answered anew, and altogether so many times.
#[track_caller]
fn talk(residents: &mut [Resident], answers: usize) {
    let before: Vec<_> = residents.iter_mut().map(|resident| resident.listen().acked.len()).collect();
    let total: usize = before.iter().sum();
    until("everybody talks", 2 * PATIENCE, || {
        let now: Vec<_> = residents.iter_mut().map(|resident| resident.listen().acked.len()).collect();
        let each = now.iter().zip(&before).all(|(now, before)| now > before);
        (each && now.iter().sum::<usize>() >= total + answers).then_some(())
    });
}

/// What was shown as sent is there, at that place; what lay in an outbox is there once, in its order; and nothing else.
fn check_residents(residents: &[Resident], room: &[Said]) {
    let mut by_author: BTreeMap<i64, Vec<(String, String)>> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for (said, rseq) in room.iter().zip(1_u64..) {
        assert_eq!(said.kind, i64::from(Kind::MESSAGE.0), "only messages were written");
        let text = MessageBody::from_bytes(&said.body).unwrap().text;
        let cid = Cid(said.cid.clone().try_into().unwrap()).to_string();
        assert_eq!(places.insert(cid.clone(), (rseq, said.seq)), None, "{cid} is there twice");
        by_author.entry(said.author).or_default().push((cid, text));
    }
    assert_eq!(by_author.len(), residents.len());
    for resident in residents {
        for (cid, (rseq, seq)) in &resident.acked {
            assert_eq!(places.get(cid), Some(&(*rseq, i64::try_from(*seq).unwrap())), "{}: {cid}", resident.name);
        }
        let delivered = by_author.values().find(|delivered| delivered[0].0 == resident.kept[0].0);
        assert_eq!(delivered, Some(&resident.kept), "{}: what lay in the outbox, in its order", resident.name);
        // And of what was written in a round nothing is left out: a kill takes the end alone.
        let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, text) in &resident.kept {
            let (round, number) = text.rsplit_once(' ').unwrap();
            let last = numbers.entry(round).or_default();
            *last += 1;
            assert_eq!(number, last.to_string(), "{text}");
        }
    }
}

/// A store has the room as the database has it, and nothing that waits.
fn check_store(resident: &Resident, room: &[Said]) {
    let columns = "SELECT rseq, seq, author, device, at, kind, body, NULL FROM entries WHERE room = 1 ORDER BY rseq";
    let stored = Said::all(&resident.store(), columns);
    assert_eq!(stored.len(), room.len(), "{}", resident.name);
    for ((stored, said), rseq) in stored.iter().zip(room).zip(1..) {
        let expected = Said { rseq, cid: Vec::new(), ..said.clone() };
        assert_eq!(*stored, expected, "{}", resident.name);
    }
    let store = read(&resident.store());
    let waiting: i64 = store.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).unwrap();
    assert_eq!(waiting, 0, "{}", resident.name);
}

/// `tertulia-cli tail` from before the first kill to the end has every message once, in the order of the room.
fn check_tail(tail: &Process, room: &[Said]) {
    let lines =
        until("the tail has everything", PATIENCE, || Some(tail.output()).filter(|all| all.len() >= room.len()));
    assert_eq!(lines.len(), room.len());
    for ((line, said), place) in lines.iter().zip(room).zip(1_u64..) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["rseq"], &line["room"]), (&place.into(), &"general".into()), "{line}");
        assert_eq!(line["text"], MessageBody::from_bytes(&said.body).unwrap().text);
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

/// An entry, as a file has it.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    rseq: i64,
    seq: i64,
    author: i64,
    device: i64,
    at: i64,
    kind: i64,
    body: Vec<u8>,
    /// In the server's file alone.
    cid: Vec<u8>,
}

impl Said {
    fn all(file: &Path, columns: &str) -> Vec<Self> {
        let file = read(file);
        let mut statement = file.prepare(columns).unwrap();
        let said = |row: &Row<'_>| {
            Ok(Self {
                rseq: row.get(0)?,
                seq: row.get(1)?,
                author: row.get(2)?,
                device: row.get(3)?,
                at: row.get(4)?,
                kind: row.get(5)?,
                body: row.get(6)?,
                cid: row.get::<_, Option<Vec<u8>>>(7)?.unwrap_or_default(),
            })
        };
        statement.query_map([], said).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

fn read(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}
