//! What was written, what the server says became of it, and what everybody was told. All must be one story.
//!
//! The first who is told of a place decodes the frame; everybody else's frame must be the same, byte for byte. So a
//! delivery is checked for the price of a comparison, and millions of them can be.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use tertulia_protocol::{
    Cid, Entry, Kind, Message as _, RawFrame, RoomId, Rseq, Seq, ServerFrame, UserId, entry::MessageBody, push,
};

/// The room that everybody is in.
pub(super) const GENERAL: RoomId = RoomId(1);

/// A message on its way, or placed.
struct Said {
    author: UserId,
    text: String,
    at: Instant,
    placed: Option<(Seq, Rseq)>,
}

/// What everybody is told of one place.
struct Told {
    payload: Box<[u8]>,
    entry: Entry,
}

/// The whole story.
#[derive(Default)]
pub(super) struct Ledger {
    said: Vec<Said>,
    unplaced: usize,
    /// By place, the first one first.
    told: Vec<Option<Told>>,
    /// Entries of pages that came before anybody was told of them live.
    early: Vec<Entry>,
    /// Where each connection's live entries began, and the position that it was welcomed at.
    begun: Vec<(Seq, u64)>,
    /// Frames of live entries that were checked.
    pub(super) deliveries: u64,
    /// Entries of pages that were checked.
    pub(super) paged: u64,
    /// From writing to the acknowledgement.
    waits: Vec<Duration>,
}

impl Ledger {
    /// Somebody is about to write this; the number of it.
    pub(super) fn say(&mut self, author: UserId, text: &str) -> (usize, Cid, Vec<u8>) {
        let index = self.said.len();
        let text = format!("{index} {text}");
        let body = MessageBody { text: text.clone() }.to_bytes();
        self.said.push(Said { author, text, at: Instant::now(), placed: None });
        self.unplaced += 1;
        (index, cid(index), body)
    }

    /// It was acknowledged.
    pub(super) fn placed(&mut self, index: usize, seq: Seq, rseq: Rseq) {
        let said = &mut self.said[index];
        assert_eq!(said.placed.replace((seq, rseq)), None, "message {index} is acknowledged twice");
        self.unplaced -= 1;
        self.waits.push(said.at.elapsed());
    }

    /// How many messages nobody has acknowledged.
    pub(super) fn unplaced(&self) -> usize {
        self.unplaced
    }

    /// How many messages there were.
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    /// A connection's first live entry, whose place nobody knows beforehand.
    pub(super) fn first_live(&mut self, position: Seq, payload: &[u8]) -> u64 {
        let entry = decode(payload);
        let place = entry.rseq.0;
        self.begun.push((position, place));
        self.live(place, payload);
        place
    }

    /// A live entry, which has to be the one of this place.
    pub(super) fn live(&mut self, place: u64, payload: &[u8]) {
        let index = usize::try_from(place - 1).unwrap();
        if self.told.len() <= index {
            self.told.resize_with(index + 1, || None);
        }
        match &self.told[index] {
            Some(told) if *told.payload == *payload => {}
            Some(told) => panic!("place {place} is {:?} for one and {:?} for another", told.entry, decode(payload)),
            None => {
                let entry = decode(payload);
                assert_eq!(entry.rseq.0, place, "an entry was left out, or came twice: {entry:?}");
                self.told[index] = Some(Told { payload: payload.into(), entry });
            }
        }
        self.deliveries += 1;
    }

    /// An entry of a page.
    pub(super) fn page(&mut self, entry: Entry) {
        let index = usize::try_from(entry.rseq.0 - 1).unwrap();
        match self.told.get(index) {
            Some(Some(told)) => same(&told.entry, &entry),
            _ => self.early.push(entry),
        }
        self.paged += 1;
    }

    /// Everything was acknowledged and told; now it has to fit together.
    pub(super) fn check(&self) {
        assert_eq!(self.unplaced, 0);
        assert_eq!(self.told.len(), self.said.len(), "as many places as messages");
        let told: Vec<&Told> = self.told.iter().map(|told| told.as_ref().expect("every place was told")).collect();
        let mut last_of: BTreeMap<UserId, usize> = BTreeMap::new();
        for (place, told) in (1..).zip(&told) {
            let text = MessageBody::from_bytes(&told.entry.body).unwrap().text;
            let index: usize = text.split(' ').next().unwrap().parse().unwrap();
            let said = &self.said[index];
            assert_eq!((said.author, &said.text), (told.entry.author, &text), "place {place}");
            assert_eq!(said.placed, Some((told.entry.seq, Rseq(place))), "{text}");
            let before = last_of.insert(said.author, index);
            assert!(before.is_none_or(|before| before < index), "message {index} overtook {before:?} of its author");
        }
        for &(position, first) in &self.begun {
            let seq_of = |place: u64| told[usize::try_from(place - 1).unwrap()].entry.seq;
            assert!(seq_of(first) > position, "{first} was told to somebody welcomed behind it");
            assert!(first == 1 || seq_of(first - 1) <= position, "{} was never told to somebody who was in", first - 1);
        }
        for entry in &self.early {
            same(&told[usize::try_from(entry.rseq.0 - 1).unwrap()].entry, entry);
        }
    }

    /// The database of a server that has stopped holds what was acknowledged, and no other message.
    pub(super) fn check_database(&self, path: &Path) {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sql = "SELECT seq, author, cid, body FROM log WHERE room = ?1 AND kind = ?2 ORDER BY seq";
        let mut statement = database.prepare(sql).unwrap();
        let mut rows = statement.query((GENERAL.0.cast_signed(), Kind::MESSAGE.0)).unwrap();
        for (place, told) in (1..).zip(&self.told) {
            let row = rows.next().unwrap().unwrap_or_else(|| panic!("place {place} is not in the database"));
            let entry = &told.as_ref().unwrap().entry;
            let text = MessageBody::from_bytes(&entry.body).unwrap().text;
            let index = text.split(' ').next().unwrap().parse().unwrap();
            let number = |column| row.get::<_, i64>(column).unwrap().cast_unsigned();
            let (stored_cid, body): ([u8; 16], Vec<u8>) = (row.get(2).unwrap(), row.get(3).unwrap());
            assert_eq!((number(0), number(1)), (entry.seq.0, entry.author.0), "place {place}");
            assert_eq!((Cid(stored_cid), &body), (cid(index), &entry.body), "place {place}");
        }
        assert!(rows.next().unwrap().is_none(), "there are messages that nobody acknowledged");
    }

    /// How long acknowledgements took from this message on: the median, one in a hundred, the longest.
    pub(super) fn waits_from(&self, first: usize) -> [Duration; 3] {
        let mut waits = self.waits[first.min(self.waits.len())..].to_vec();
        waits.sort_unstable();
        let at = |part: usize| waits.get((waits.len() * part / 100).min(waits.len().max(1) - 1)).copied();
        [50, 99, 100].map(|part| at(part).unwrap_or_default())
    }
}

/// Live and in a page an entry says the same, but for its author's own name for it.
fn same(live: &Entry, paged: &Entry) {
    assert_eq!(*live, Entry { cid: None, ..paged.clone() }, "a page tells another story");
}

fn decode(payload: &[u8]) -> Entry {
    match ServerFrame::decode(RawFrame { kind: push::RoomEntry::TYPE, payload }) {
        Ok(Some(ServerFrame::Entry(push::RoomEntry { room: GENERAL, entry }))) => entry,
        other => panic!("not an entry of the room: {other:?}"),
    }
}

/// A UUID of version 7 that is the number of the message.
fn cid(index: usize) -> Cid {
    let mut cid = [0; 16];
    cid[..8].copy_from_slice(&((index as u64) << 16).to_be_bytes());
    cid[8..].copy_from_slice(&(index as u64).to_be_bytes());
    cid[6] = 0x70;
    cid[8] = 0x80;
    Cid(cid)
}
