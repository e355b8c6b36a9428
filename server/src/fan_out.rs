//! Telling: what happened, encoded once, into the send queues of those who may know.
//!
//! Who gets a turn's entries is decided once, after apply: the connections that were live before the turn and whose
//! people were members of the room all the while. Who logs in or joins a room during a turn becomes live there at its end,
//! and has been told where that is. One buffer per room and turn, shared by all its receivers.
//!
//! **It must not** close a connection or decide who is a member: it is told. A connection that reads too slowly is left
//! out by [`Connections::push`], so that telling never re-enters itself.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tertulia_protocol::{Message, RoomId, UserId, encode, encode_into, push::RoomEntry};

use crate::connections::{ConnectionId, Connections};

/// Who is live where, and what this turn has for them.
#[derive(Debug, Default)]
pub struct FanOut {
    /// Everybody who is live, whoever it is: also the audience of the rooms that everybody is a member of.
    everybody: Vec<ConnectionId>,
    /// The live connections of each person.
    people: BTreeSet<(UserId, ConnectionId)>,
    /// The live connections of each other room, in the order in which they were accepted.
    rooms: BTreeMap<RoomId, Vec<ConnectionId>>,
    /// What the rooms are told in this turn, and whether everybody is a member.
    buffers: BTreeMap<RoomId, (bool, Vec<u8>)>,
    shared: Shared,
}

/// What several were told that somebody has perhaps not taken yet: so that its memory can be counted, once.
#[derive(Debug, Default)]
struct Shared {
    buffers: VecDeque<Arc<[u8]>>,
    bytes: usize,
    /// When it has grown to so much, all of it is looked through.
    sweep_at: usize,
}

impl Shared {
    fn add(&mut self, bytes: Arc<[u8]>) {
        self.bytes += bytes.len();
        self.buffers.push_back(bytes);
    }

    /// Lets go of what nobody waits for any more. Mostly that is the oldest. Who reads nothing holds an old one and would
    /// keep all the later ones here; so all are looked through whenever there is twice as much as the last time.
    fn release(&mut self) {
        while self.buffers.front().is_some_and(|oldest| Arc::strong_count(oldest) == 1) {
            self.bytes -= self.buffers.pop_front().map_or(0, |bytes| bytes.len());
        }
        if self.bytes > self.sweep_at.max(SWEEP_LEAST) {
            self.buffers.retain(|bytes| Arc::strong_count(bytes) > 1);
            self.bytes = self.buffers.iter().map(|bytes| bytes.len()).sum();
            self.sweep_at = 2 * self.bytes;
        }
        if self.buffers.is_empty() && self.buffers.capacity() > SHARED_KEPT {
            *self = Self::default();
        }
    }
}

/// A list of so many buffers is not worth giving back.
const SHARED_KEPT: usize = 64;

/// So many shared bytes are not worth looking through.
const SWEEP_LEAST: usize = 1024 * 1024;

impl FanOut {
    /// A connection of somebody is live from now on, in these rooms beside those of everybody.
    pub fn add(&mut self, id: ConnectionId, user: UserId, rooms: impl Iterator<Item = RoomId>) {
        insert(&mut self.everybody, id);
        self.people.insert((user, id));
        rooms.for_each(|room| insert(self.rooms.entry(room).or_default(), id));
    }

    /// A connection of somebody is told nothing any more. `rooms` are those that the person is a member of.
    pub fn remove(&mut self, id: ConnectionId, user: UserId, rooms: impl Iterator<Item = RoomId>) {
        remove(&mut self.everybody, id);
        self.people.remove(&(user, id));
        for room in rooms {
            self.remove_from(room, id);
        }
    }

    /// Somebody has become a member of a room: all the person's connections are live there.
    pub fn join(&mut self, room: RoomId, user: UserId) {
        // A room whose members are all away has no list.
        for id in connections_of(&self.people, user) {
            insert(self.rooms.entry(room).or_default(), id);
        }
    }

    /// Somebody is no longer a member of a room: nothing of it is told to the person, not even of this turn.
    pub fn leave(&mut self, room: RoomId, user: UserId) {
        let leaving: Vec<_> = self.of(user).collect();
        for id in leaving {
            self.remove_from(room, id);
        }
    }

    /// The live connections of somebody.
    pub fn of(&self, user: UserId) -> impl Iterator<Item = ConnectionId> {
        connections_of(&self.people, user)
    }

    /// Adds an entry to what a room is told in this turn, and answers how many bytes that is by now.
    pub fn tell_room(&mut self, entry: &RoomEntry, is_for_everybody: bool) -> usize {
        let (for_everybody, buffer) = self.buffers.entry(entry.room).or_default();
        *for_everybody = is_for_everybody;
        encode_into(entry, buffer);
        buffer.len()
    }

    /// Queues a signal for the members of a room who are live.
    pub fn signal_room<S, M: Message>(
        &mut self,
        room: RoomId,
        is_for_everybody: bool,
        message: &M,
        connections: &mut Connections<S>,
        limit: usize,
    ) {
        let audience = if is_for_everybody { Some(&self.everybody) } else { self.rooms.get(&room) };
        let bytes = encode(message).into();
        push_all(audience.map_or(&[], Vec::as_slice), &bytes, connections, limit);
        self.shared.add(bytes);
    }

    /// Queues a frame for everybody who is live.
    pub fn tell_everybody<S, M: Message>(&mut self, message: &M, connections: &mut Connections<S>, limit: usize) {
        let bytes = encode(message).into();
        push_all(&self.everybody, &bytes, connections, limit);
        self.shared.add(bytes);
    }

    /// Queues what the rooms are told in this turn.
    pub fn deliver<S>(&mut self, connections: &mut Connections<S>, limit: usize) {
        let Self { everybody, rooms, buffers, shared, .. } = self;
        for (room, (for_everybody, buffer)) in buffers.iter_mut().filter(|(_, (_, buffer))| !buffer.is_empty()) {
            let audience = if *for_everybody { Some(&*everybody) } else { rooms.get(room) };
            let bytes = buffer.as_slice().into();
            push_all(audience.map_or(&[], Vec::as_slice), &bytes, connections, limit);
            shared.add(bytes);
            buffer.clear();
        }
        // One buffer is kept warm; a server with a thousand rooms must not keep a thousand.
        if buffers.len() > BUFFERS_KEPT {
            buffers.clear();
        }
    }

    /// Lets go of what nobody waits for any more. Due whenever something was sent.
    pub fn release(&mut self) {
        self.shared.release();
    }

    /// What waits for several connections at once, each buffer counted once, in bytes.
    #[must_use]
    pub fn shared_bytes(&self) -> usize {
        self.shared.bytes
    }

    /// Asserts what has to hold between two turns.
    pub fn check_invariants(&self) {
        let bytes = self.shared.buffers.iter().map(|bytes| bytes.len()).sum::<usize>();
        assert_eq!(self.shared.bytes, bytes, "the sum of what is shared");
        let live: BTreeSet<_> = self.everybody.iter().copied().collect();
        assert_eq!(live, self.people.iter().map(|(_, id)| *id).collect(), "who is live is somebody");
        for audience in self.rooms.values() {
            assert!(!audience.is_empty() && audience.iter().all(|id| live.contains(id)), "who is in a room is live");
        }
    }

    fn remove_from(&mut self, room: RoomId, id: ConnectionId) {
        if let Some(audience) = self.rooms.get_mut(&room) {
            remove(audience, id);
            if audience.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }
}

/// How many rooms' buffers are kept for the next turn.
const BUFFERS_KEPT: usize = 8;

fn connections_of(people: &BTreeSet<(UserId, ConnectionId)>, user: UserId) -> impl Iterator<Item = ConnectionId> {
    people.range((user, ConnectionId::FIRST)..=(user, ConnectionId::LAST)).map(|(_, id)| *id)
}

fn insert(audience: &mut Vec<ConnectionId>, id: ConnectionId) {
    if let Err(index) = audience.binary_search(&id) {
        audience.insert(index, id);
    }
}

fn remove(audience: &mut Vec<ConnectionId>, id: ConnectionId) {
    if let Ok(index) = audience.binary_search(&id) {
        audience.remove(index);
    }
    if audience.is_empty() {
        *audience = Vec::new();
    }
}

// By itself: inside of the whole turn the compiler would keep half of what it needs here on the stack.
#[inline(never)]
fn push_all<S>(receivers: &[ConnectionId], bytes: &Arc<[u8]>, connections: &mut Connections<S>, limit: usize) {
    for id in receivers {
        connections.push(*id, bytes, limit);
    }
}
