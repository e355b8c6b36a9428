//! Whoever reads slowly has everything in the end: a reader that does what the protocol says, amid whatever goes on.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Seq, ServerFrame, UserId,
    push::{Heartbeat, Lagged, RoomEntry},
    reply::Error,
    request,
};

use super::lag::{GENERAL, NARROW};
use crate::support::{Client, Options, Rig};

/// What a reader holds who does what section 11 of the protocol says, and no more than that.
struct Reader {
    client: Client,
    user: UserId,
    /// The sync point.
    point: Seq,
    /// A sync that is unanswered, or lists that go on.
    is_syncing: bool,
    has_lagged: bool,
    names: BTreeMap<UserId, String>,
    rooms: BTreeMap<RoomId, Held>,
    lags: usize,
}

/// A room as the reader has it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    /// The last place without a hole from `first` on.
    cursor: u64,
    beyond: BTreeSet<u64>,
    count: u64,
    mark: u64,
    mentions: u64,
}

impl Reader {
    fn new(client: Client, user: UserId) -> Self {
        let (names, rooms) = Default::default();
        let mut reader =
            Self { client, user, point: Seq(0), is_syncing: false, has_lagged: false, names, rooms, lags: 0 };
        reader.sync();
        reader
    }

    fn sync(&mut self) {
        self.is_syncing = true;
        self.client.sync(self.point);
    }

    fn fold(&mut self, most: usize) {
        self.client.read_at_most(most);
        while self.client.has_frames() {
            let frame = self.client.next_frame();
            self.take(frame);
        }
    }

    fn take(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Synced(synced) => {
                for row in synced.rooms {
                    self.row(&row);
                }
                self.names.extend(synced.users.into_iter().map(|row| (row.user, row.name)));
                synced.gone.iter().flatten().for_each(|room| drop(self.rooms.remove(room)));
                assert_eq!(synced.next, None, "few of everything");
                self.point = synced.position;
                (self.is_syncing, self.has_lagged) = (false, false);
            }
            ServerFrame::Rooms(rooms) => rooms.rooms.iter().for_each(|row| self.row(row)),
            ServerFrame::Gone(gone) => drop(self.rooms.remove(&gone.room)),
            ServerFrame::Users(users) => self.names.extend(users.users.into_iter().map(|row| (row.user, row.name))),
            ServerFrame::Entry(RoomEntry { room, entry }) => {
                let is_known = self.names.contains_key(&entry.author) || self.is_syncing;
                assert!(is_known, "a name is told ahead of what its bearer says");
                let Some(held) = self.rooms.get_mut(&room) else {
                    assert!(self.is_syncing, "a room is told ahead of what is said in it");
                    return;
                };
                if entry.rseq.0 <= held.cursor || held.beyond.contains(&entry.rseq.0) {
                    return;
                }
                held.beyond.insert(entry.rseq.0);
                held.count = held.count.max(entry.count);
                if entry.kind == Kind::MESSAGE && entry.author == self.user {
                    (held.mark, held.mentions) = (held.mark.max(entry.rseq.0), 0);
                } else if entry.mentions.is_some_and(|users| users.contains(&self.user)) {
                    held.mentions += 1;
                }
            }
            ServerFrame::Page(page) => {
                let rseqs = page.entries.iter().map(|entry| entry.rseq.0);
                let Some(held) = self.rooms.get_mut(&page.room) else { return };
                held.beyond.extend(rseqs.filter(|rseq| *rseq > held.cursor));
                if let Some(first) = page.entries.first().filter(|first| first.rseq.0 > held.cursor + 1) {
                    self.client.pull_from(page.room, held.cursor + 1, first.rseq.0 - 1);
                }
            }
            ServerFrame::Marked(marked) => {
                let held = self.rooms.get_mut(&marked.room);
                assert!(held.is_some() || self.is_syncing, "a room is told ahead of its mark");
                if let Some(held) = held.filter(|held| held.mark <= marked.rseq.0) {
                    (held.mark, held.mentions) = (marked.rseq.0, marked.mentions);
                }
            }
            ServerFrame::Lagged(Lagged { position }) => {
                assert!(position >= self.point);
                self.has_lagged = true;
                self.lags += 1;
                self.sync();
            }
            ServerFrame::Heartbeat(Heartbeat { position }) => {
                if !self.is_syncing && !self.has_lagged && position > self.point {
                    self.point = position;
                }
            }
            // It was asked for while the room was the person's.
            ServerFrame::Error(Error { request: Some(_), code: ErrorCode::NO_ROOM, .. }) => {}
            ServerFrame::Presence(_) | ServerFrame::Typing(_) | ServerFrame::Notice(_) => {}
            other => panic!("{other:?}"),
        }
        for held in self.rooms.values_mut() {
            while held.beyond.remove(&(held.cursor + 1)) {
                held.cursor += 1;
            }
        }
    }

    /// A row that was told or synced: what stands up to its head is pulled.
    fn row(&mut self, row: &tertulia_protocol::reply::RoomRow) {
        let held = self.rooms.entry(row.room).or_default();
        held.count = held.count.max(row.count);
        (held.mark, held.mentions) = (row.mark.map_or(0, |mark| mark.0), row.mentions.unwrap_or(0));
        if row.head.0 > held.cursor {
            self.client.pull_from(row.room, held.cursor + 1, row.head.0);
        }
    }

    /// Holds what it has against what the server has.
    #[track_caller]
    fn check(&self, rig: &Rig) {
        let chat = rig.turn.chat();
        let (mut truth, mut held) = (Vec::new(), Vec::new());
        for (room, found) in chat.rooms_of(self.user) {
            let row = found.row(room, self.user);
            truth.push((room, row.head.0, row.count, row.mark.map_or(0, |mark| mark.0), row.mentions.unwrap_or(0)));
        }
        for (room, has) in &self.rooms {
            assert_eq!(has.beyond, BTreeSet::new(), "a gap in {room}");
            held.push((*room, has.cursor, has.count, has.mark, has.mentions));
        }
        assert_eq!(held, truth, "room, head, count, mark, mentions");
        for (user, name) in &self.names {
            assert_eq!(name, chat.directory().name(*user));
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Say(usize, usize, bool, usize),
    Join(usize, usize),
    Leave(usize, usize),
    Invite(usize),
    Remove(usize),
    Mark(usize, u64),
    Rename(usize),
    Newcomer,
    Read(usize),
    Sleep(u64),
    Hold,
    Release,
}

fn act() -> impl Strategy<Value = Act> {
    let (who, which) = (0..3_usize, 0..3_usize);
    prop_oneof![
        8 => (who.clone(), which.clone(), any::<bool>(), 1..600_usize)
            .prop_map(|(who, room, mentions, bytes)| Act::Say(who, room, mentions, bytes)),
        1 => (who.clone(), which.clone()).prop_map(|(who, room)| Act::Join(who, room)),
        1 => (who.clone(), which.clone()).prop_map(|(who, room)| Act::Leave(who, room)),
        1 => which.clone().prop_map(Act::Invite),
        1 => which.clone().prop_map(Act::Remove),
        2 => (which, 0..40_u64).prop_map(|(room, rseq)| Act::Mark(room, rseq)),
        1 => who.prop_map(Act::Rename),
        1 => Just(Act::Newcomer),
        6 => (0..3_000_usize).prop_map(Act::Read),
        2 => prop_oneof![0..400_u64, 15_000..25_000_u64].prop_map(Act::Sleep),
        1 => Just(Act::Hold),
        2 => Just(Act::Release),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// However slowly somebody reads, and whatever goes on meanwhile: who syncs behind the welcome and behind each
    /// `Lagged`, and never else, and pulls what the rows say, has everything and nothing false in the end.
    #[test]
    fn whoever_reads_slowly_has_everything_in_the_end(acts in prop::collection::vec(act(), 1..120)) {
        let mut options = Options::default();
        (options.limits.send_queue_bytes, options.limits.room_bytes_per_turn) = (2_048, 1_024);
        let mut rig = Rig::with(options);
        let mut ana = rig.login("ana");
        let mut luis = rig.connect_as(500, NARROW);
        let user = rig.log_in(&mut luis, Some("luis")).user;
        // The same person at another desk, who reads and writes; and somebody else.
        let (phone, _) = rig.login_again(500);
        let eva = rig.login("eva");
        ana.open_public("bauen");
        let public = rig.opened(&mut ana);
        ana.open_private("secreto");
        let private = rig.opened(&mut ana);
        let rooms = [GENERAL, public, private];
        let mut reader = Reader::new(luis, user);
        let mut others = [ana, phone, eva];
        let mut names = 0;
        for act in acts {
            match act {
                Act::Say(who, room, mentions, bytes) => {
                    let users = [user];
                    let users: &[UserId] = if mentions { &users } else { &[] };
                    let text = "x".repeat(bytes);
                    if users.is_empty() {
                        others[who].say(rooms[room], &text);
                    } else {
                        others[who].say_to(rooms[room], users, &text);
                    }
                }
                Act::Join(who, room) => drop(others[who].join(rooms[room])),
                Act::Leave(who, room) => drop(others[who].leave(rooms[room])),
                Act::Invite(room) => drop(others[0].invite(rooms[room], user)),
                Act::Remove(room) => drop(others[0].remove(rooms[room], user)),
                Act::Mark(room, rseq) => others[1].mark(rooms[room], rseq),
                Act::Rename(who) => {
                    names += 1;
                    others[who].rename(&format!("name {names}"));
                }
                Act::Newcomer => {
                    names += 1;
                    let mut client = rig.connect();
                    client.hello();
                    rig.settle();
                    client.challenged();
                    client.prove(Some(&format!("name {names}")));
                }
                Act::Read(most) => reader.fold(most),
                Act::Sleep(ms) => {
                    // Everybody lives all the while, and shows it.
                    reader.fold(50);
                    others.iter().chain([&reader.client]).for_each(|client| client.send(&request::Heartbeat {}));
                    rig.sleep(ms);
                }
                Act::Hold => rig.log().hold(),
                Act::Release => rig.log().release_all(),
            }
            rig.settle();
            others.iter_mut().for_each(|client| drop(client.received()));
            prop_assert!(rig.turn.held_bytes() < 200_000);
        }
        rig.log().release_all();
        rig.settle();
        for _ in 0..2_000 {
            rig.settle();
            if reader.client.wire.waiting() == 0 && reader.client.wire.unread() == 0 && !reader.is_syncing {
                break;
            }
            reader.fold(usize::MAX);
        }
        prop_assert!(!reader.client.wire.is_ended());
        rig.sleep(1_000);
        for _ in 0..100 {
            rig.settle();
            reader.fold(usize::MAX);
        }
        reader.check(&rig);
        rig.check_replay();
    }
}
