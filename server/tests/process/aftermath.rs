//! What is compared after kills: the room as the database has it, what the residents said, and the stores.
//!
//! Reads the files themselves, behind the backs of the programs that wrote them. Beside that, the numbers by which a
//! seed chooses whom it takes and when.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, OpenFlags, Row};
use tertulia_protocol::{Cid, Kind, entry::MessageBody};

use crate::resident::Resident;

/// An entry, as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
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
    pub(crate) fn text(&self) -> String {
        MessageBody::from_bytes(&self.body).unwrap().text
    }

    pub(crate) fn cid(&self) -> String {
        Cid(self.cid.clone().try_into().unwrap()).to_string()
    }

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

/// The first room, in which nothing but messages was written, each once.
pub(crate) fn room(data: &Path) -> Vec<Said> {
    let columns = "SELECT 0, seq, author, device, at, kind, body, cid FROM log WHERE room = 1 ORDER BY seq";
    let room = Said::all(&data.join("tertulia.db"), columns);
    let mut places = BTreeMap::new();
    for (said, rseq) in room.iter().zip(1_u64..) {
        assert_eq!(said.kind, i64::from(Kind::MESSAGE.0), "only messages were written");
        assert_eq!(places.insert(said.cid(), rseq), None, "{:?} is there twice, again at {rseq}", said.text());
    }
    room
}

/// What each author has in a room, in its order: cids and texts.
pub(crate) fn by_author(room: &[Said]) -> BTreeMap<i64, Vec<(String, String)>> {
    let mut authors: BTreeMap<i64, Vec<(String, String)>> = BTreeMap::new();
    for said in room {
        authors.entry(said.author).or_default().push((said.cid(), said.text()));
    }
    authors
}

/// What was shown as sent is there, at that place; what lay in an outbox is there once, in its order.
pub(crate) fn check_residents(residents: &[Resident], room: &[Said]) {
    let authors = by_author(room);
    let places: BTreeMap<_, _> =
        room.iter().zip(1_u64..).map(|(said, rseq)| (said.cid(), (rseq, u64::try_from(said.seq).unwrap()))).collect();
    for resident in residents {
        for (cid, place) in &resident.acked {
            assert_eq!(places.get(cid), Some(place), "{}: {cid} was shown as sent", resident.name);
        }
        let delivered = authors.values().find(|delivered| delivered[0].0 == resident.kept[0].0);
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

/// A store has the whole room as the database has it, and nothing that waits.
pub(crate) fn check_store(name: &str, store: &Path, room: &[Said]) {
    let stored = kept_entries(store);
    assert_eq!(stored.len(), room.len(), "{name}");
    for ((stored, said), rseq) in stored.iter().zip(room).zip(1..) {
        let expected = Said { rseq, cid: Vec::new(), ..said.clone() };
        assert_eq!(*stored, expected, "{name}");
    }
    assert_eq!(outbox(store), [], "{name}");
}

/// What a store has of the room.
fn kept_entries(store: &Path) -> Vec<Said> {
    Said::all(store, "SELECT rseq, seq, author, device, at, kind, body, NULL FROM entries WHERE room = 1 ORDER BY rseq")
}

/// The same: places and texts.
pub(crate) fn kept(store: &Path) -> BTreeMap<u64, String> {
    kept_entries(store).iter().map(|said| (u64::try_from(said.rseq).unwrap(), said.text())).collect()
}

/// What lies in the outbox of a store: cids and texts, in the order of writing.
pub(crate) fn outbox(store: &Path) -> Vec<(String, String)> {
    let columns = "SELECT 0, 0, 0, 0, 0, kind, body, cid FROM outbox ORDER BY place";
    Said::all(store, columns).iter().map(|said| (said.cid(), said.text())).collect()
}

/// What was typed into the room and not sent, as a store has it.
pub(crate) fn draft(store: &Path) -> String {
    let text = read(store).query_row("SELECT coalesce(max(text), '') FROM drafts WHERE room = 1", [], |row| row.get(0));
    text.unwrap()
}

fn read(file: &Path) -> Connection {
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    // Whoever it belongs to may be writing.
    file.busy_timeout(crate::child::PATIENCE).unwrap();
    file
}

/// A number from the environment.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}
