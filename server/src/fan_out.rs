//! Telling: what happened, encoded once, into the send queues of those who may know.
//!
//! Who gets a turn's entries is decided once, after apply: the connections that were live before the turn. Who logs in
//! during a turn becomes live at its end. One buffer per room and turn, shared by all its receivers.
//!
//! **It must not** close a connection: it names those whose queues have grown beyond the limit, and the turn closes
//! them. So telling never re-enters itself.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tertulia_protocol::{Message, RoomId, encode, encode_into, push::RoomEntry};

use crate::connections::{ConnectionId, Connections};

/// Who is live where, and what this turn has for them.
#[derive(Debug, Default)]
pub struct FanOut {
    everybody: Audience,
    rooms: BTreeMap<RoomId, Audience>,
    /// What `shared` of all audiences holds, in bytes.
    shared_bytes: usize,
}

/// The live connections of a room, in the order in which they were accepted, and what they are about to be told.
#[derive(Debug, Default)]
struct Audience {
    live: Vec<ConnectionId>,
    buffer: Vec<u8>,
    /// What they were told that somebody has not taken yet. Each of them holds the newest few of these, so the oldest
    /// is the first that nobody holds any more: looking at that one is enough.
    shared: VecDeque<Arc<[u8]>>,
}

/// A list of so many buffers is not worth giving back.
const SHARED_KEPT: usize = 64;

impl Audience {
    fn add(&mut self, id: ConnectionId) {
        if let Err(index) = self.live.binary_search(&id) {
            self.live.insert(index, id);
        }
    }

    fn remove(&mut self, id: ConnectionId) {
        if let Ok(index) = self.live.binary_search(&id) {
            self.live.remove(index);
        }
        if self.live.is_empty() {
            self.live = Vec::new();
        }
    }
}

impl FanOut {
    /// A connection is live from now on, in these rooms.
    pub fn add(&mut self, id: ConnectionId, rooms: impl Iterator<Item = RoomId>) {
        self.everybody.add(id);
        rooms.for_each(|room| self.rooms.entry(room).or_default().add(id));
    }

    /// A connection is told nothing any more.
    pub fn remove(&mut self, id: ConnectionId) {
        self.everybody.remove(id);
        self.rooms.values_mut().for_each(|audience| audience.remove(id));
    }

    /// Adds an entry to what a room is told in this turn, and answers how many bytes that is by now.
    pub fn tell_room(&mut self, entry: &RoomEntry) -> usize {
        let audience = self.rooms.entry(entry.room).or_default();
        encode_into(entry, &mut audience.buffer);
        audience.buffer.len()
    }

    /// Queues a frame for everybody who is live.
    pub fn tell_everybody<S, M: Message>(
        &mut self,
        message: &M,
        connections: &mut Connections<S>,
        limit: usize,
        overflowing: &mut Vec<ConnectionId>,
    ) {
        let bytes = encode(message).into();
        queue_all(&self.everybody.live, &bytes, connections, limit, overflowing);
        self.shared_bytes += bytes.len();
        self.everybody.shared.push_back(bytes);
    }

    /// Queues what the rooms are told in this turn. Those whose queues are beyond `limit` bytes then are named.
    pub fn deliver<S>(&mut self, connections: &mut Connections<S>, limit: usize, overflowing: &mut Vec<ConnectionId>) {
        for audience in self.rooms.values_mut().filter(|audience| !audience.buffer.is_empty()) {
            let bytes: Arc<[u8]> = audience.buffer.as_slice().into();
            audience.buffer.clear();
            queue_all(&audience.live, &bytes, connections, limit, overflowing);
            self.shared_bytes += bytes.len();
            audience.shared.push_back(bytes);
        }
    }

    /// Lets go of what nobody waits for any more. Due whenever something was sent.
    pub fn release(&mut self) {
        if self.shared_bytes == 0 {
            return;
        }
        for audience in self.rooms.values_mut().chain([&mut self.everybody]) {
            while audience.shared.front().is_some_and(|oldest| Arc::strong_count(oldest) == 1) {
                self.shared_bytes -= audience.shared.pop_front().map_or(0, |bytes| bytes.len());
            }
            if audience.shared.is_empty() && audience.shared.capacity() > SHARED_KEPT {
                audience.shared = VecDeque::new();
            }
        }
    }

    /// What waits for several connections at once, each buffer counted once, in bytes.
    #[must_use]
    pub fn shared_bytes(&self) -> usize {
        self.shared_bytes
    }

    /// Asserts what has to hold between two turns.
    pub fn check_invariants(&self) {
        let audiences = self.rooms.values().chain([&self.everybody]);
        let bytes = audiences.flat_map(|audience| &audience.shared).map(|bytes| bytes.len()).sum::<usize>();
        assert_eq!(self.shared_bytes, bytes, "the sum of what is shared");
        if self.everybody.live.is_empty() {
            assert!(self.rooms.values().all(|audience| audience.live.is_empty()), "who is in a room is somebody");
        }
    }
}

fn queue_all<S>(
    receivers: &[ConnectionId],
    bytes: &Arc<[u8]>,
    connections: &mut Connections<S>,
    limit: usize,
    overflowing: &mut Vec<ConnectionId>,
) {
    for id in receivers {
        if connections.queue(*id, Arc::clone(bytes)) > limit {
            overflowing.push(*id);
        }
    }
}
