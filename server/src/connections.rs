//! The slab of connections, with generations, and the lists of those that have something to do.
//!
//! **Invariant:** a key is freed in [`Connections::reap`] and nowhere else. Until then events of the same poll may
//! still name it; afterwards the generation tells them from those of the key's next owner.

use std::sync::Arc;

use slab::Slab;

use crate::connection::{Connection, State};

/// Half of the bits of a token for the key, half for the generation; on 32-bit systems a million connections and 4,096
/// generations, which is more than one poll can reuse.
const KEY_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };

const GENERATION_MASK: usize = usize::MAX >> KEY_BITS;

/// So many places there are from the start. They are taken from the system as whole pages, which cost nothing until they
/// are used, and which it can move when there must be more; a slab that grows from nothing copies itself ten times and
/// leaves holes behind that are as large as itself.
const PLACES_AT_FIRST: usize = 2_048;

/// A connection's place in the slab, told from the earlier owners of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(usize);

impl ConnectionId {
    /// Before all that are given out.
    pub const FIRST: Self = Self(0);
    /// Behind all that are given out.
    pub const LAST: Self = Self(usize::MAX);

    /// As a number for the poll.
    #[must_use]
    pub fn to_token(self) -> usize {
        self.0
    }

    /// From the number of an event.
    #[must_use]
    pub fn from_token(token: usize) -> Self {
        Self(token)
    }

    fn new(key: usize, generation: usize) -> Self {
        Self((generation & GENERATION_MASK) << KEY_BITS | key)
    }

    fn key(self) -> usize {
        self.0 & ((1 << KEY_BITS) - 1)
    }
}

/// In this order, for the same reason as [`Connection`].
#[derive(Debug)]
#[repr(C)]
struct Slot<S> {
    id: ConnectionId,
    connection: Connection<S>,
}

/// All connections.
#[derive(Debug)]
pub struct Connections<S> {
    slots: Slab<Slot<S>>,
    generation: usize,
    /// Those that may have frames to hand out.
    ready: Vec<ConnectionId>,
    /// Those that have something to send.
    dirty: Vec<ConnectionId>,
    /// Those whose state is `Closed`.
    closed: Vec<ConnectionId>,
    /// Those that lagged and have taken everything that was queued for them.
    caught_up: Vec<ConnectionId>,
    /// What waits for each of them alone, all together, in bytes; as of when each was last flushed.
    held: usize,
}

impl<S> Default for Connections<S> {
    fn default() -> Self {
        Self {
            slots: Slab::with_capacity(PLACES_AT_FIRST),
            generation: 0,
            ready: Vec::new(),
            dirty: Vec::new(),
            closed: Vec::new(),
            caught_up: Vec::new(),
            held: 0,
        }
    }
}

impl<S> Connections<S> {
    /// How many there are, closing ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes a connection in.
    pub fn insert(&mut self, connection: Connection<S>) -> ConnectionId {
        self.generation = self.generation.wrapping_add(1);
        let entry = self.slots.vacant_entry();
        let id = ConnectionId::new(entry.key(), self.generation);
        entry.insert(Slot { id, connection });
        id
    }

    /// A connection, if it is still the one that the id was given to.
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection<S>> {
        self.slots.get_mut(id.key()).filter(|slot| slot.id == id).map(|slot| &mut slot.connection)
    }

    /// All of them, to look at.
    pub fn iter(&self) -> impl Iterator<Item = &Connection<S>> {
        self.slots.iter().map(|(_, slot)| &slot.connection)
    }

    /// All of them, to change something in each.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Connection<S>> {
        self.slots.iter_mut().map(|(_, slot)| &mut slot.connection)
    }

    /// The ids of all.
    #[must_use]
    pub fn ids(&self) -> Vec<ConnectionId> {
        self.slots.iter().map(|(_, slot)| slot.id).collect()
    }

    /// Puts a connection on the ready list, once.
    pub fn make_ready(&mut self, id: ConnectionId) {
        if let Some(connection) = self.get_mut(id)
            && !connection.is_ready
        {
            connection.is_ready = true;
            self.ready.push(id);
        }
    }

    /// Puts a connection on the list of those with something to send, once.
    pub fn make_dirty(&mut self, id: ConnectionId) {
        if let Some(connection) = self.get_mut(id)
            && !connection.is_dirty
        {
            connection.is_dirty = true;
            self.dirty.push(id);
        }
    }

    /// Marks a connection as closed: it is reaped at the end of the turn.
    pub fn make_closed(&mut self, id: ConnectionId) {
        if let Some(connection) = self.get_mut(id)
            && connection.state != State::Closed
        {
            connection.state = State::Closed;
            self.closed.push(id);
        }
    }

    /// Whether some connection has frames to hand out or bytes to send without waiting for an event.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !(self.ready.is_empty() && self.dirty.is_empty() && self.closed.is_empty() && self.caught_up.is_empty())
    }

    /// Queues what only this connection is told, as [`Self::queue`] does.
    pub fn queue_own(&mut self, id: ConnectionId, bytes: Arc<[u8]>) -> usize {
        if let Some(connection) = self.get_mut(id) {
            connection.count_own(bytes.len());
        }
        self.queue(id, bytes)
    }

    /// Counts anew what waits for a connection. Due whenever it was flushed, for everything that is queued is flushed in
    /// the same turn; so queuing, which happens most often, need not count.
    pub fn weigh(&mut self, id: ConnectionId) {
        let Some(slot) = self.slots.get_mut(id.key()).filter(|slot| slot.id == id) else { return };
        let connection = &mut slot.connection;
        if connection.framed.queued_bytes() == 0 {
            connection.own = 0;
        }
        let weight = connection.weight();
        self.held = self.held - connection.held as usize + weight as usize;
        connection.held = weight;
    }

    /// What waits for each of them alone, all together, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held
    }

    /// What waits for each alone, for those for whom something waits: first those who have taken nothing since a time,
    /// then the others, the largest first.
    #[must_use]
    pub fn by_weight(&self, since: u64) -> Vec<(usize, ConnectionId)> {
        let mut all = Vec::new();
        for (_, Slot { id, connection }) in &self.slots {
            let (queued, held) = (connection.framed.queued_bytes(), connection.held as usize);
            if queued > 0 {
                all.push((connection.sent < since, held, queued, *id));
            }
        }
        all.sort_unstable_by(|one, other| other.cmp(one));
        all.into_iter().map(|(.., held, _, id)| (held, id)).collect()
    }

    /// Asserts what has to hold between two turns.
    pub fn check_invariants(&self) {
        let mut held = 0;
        for (_, Slot { connection, .. }) in &self.slots {
            held += connection.held as usize;
            assert!(connection.is_dirty || connection.held == connection.weight(), "weighed when flushed");
            assert!(connection.own == 0 || connection.framed.queued_bytes() > 0, "nothing waits, nothing is owned");
        }
        assert_eq!(self.held, held, "the sum of all send queues");
    }

    /// Queues a frame for a connection, which gets its turn in this turn's flush. Answers how many bytes wait for it
    /// then; 0 if it is gone or takes nothing any more.
    #[inline]
    pub fn queue(&mut self, id: ConnectionId, bytes: Arc<[u8]>) -> usize {
        let Some(slot) = self.slots.get_mut(id.key()).filter(|slot| slot.id == id) else { return 0 };
        let connection = &mut slot.connection;
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.dirty.push(id);
        }
        connection.framed.queue(bytes)
    }

    /// Queues what nobody asked for. Unless more than `limit` bytes wait already: then this is left out, and everything
    /// like it until the connection has taken what waits, so that a slow reader costs no more than that.
    #[inline]
    pub fn push(&mut self, id: ConnectionId, bytes: &Arc<[u8]>, limit: usize) {
        let Some(slot) = self.slots.get_mut(id.key()).filter(|slot| slot.id == id) else { return };
        let connection = &mut slot.connection;
        if !connection.may_push(limit) {
            return;
        }
        connection.framed.queue(Arc::clone(bytes));
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.dirty.push(id);
        }
    }

    /// Whether something that nobody asked for may be queued for a connection: see [`Self::push`].
    pub fn may_push(&mut self, id: ConnectionId, limit: usize) -> bool {
        self.get_mut(id).is_some_and(|connection| connection.may_push(limit))
    }

    /// Remembers that a connection that lagged has taken everything.
    pub fn catch_up(&mut self, id: ConnectionId) {
        self.caught_up.push(id);
    }

    /// Takes those that lagged and have taken everything.
    pub fn take_caught_up(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.caught_up)
    }

    /// Takes one of the two lists, swapped for an empty vector so that neither is ever allocated twice. The taker
    /// clears the mark of each connection that it handles; who has more to do then comes back on the list.
    pub fn take_ready(&mut self, taken: &mut Vec<ConnectionId>) {
        taken.clear();
        std::mem::swap(&mut self.ready, taken);
    }

    /// Puts those back that were taken and not looked at; they are still marked as being on the list.
    pub fn put_back_ready(&mut self, rest: &[ConnectionId]) {
        self.ready.splice(0..0, rest.iter().copied());
    }

    /// Like [`Self::take_ready`], for those with something to send.
    pub fn take_dirty(&mut self, taken: &mut Vec<ConnectionId>) {
        taken.clear();
        std::mem::swap(&mut self.dirty, taken);
    }

    /// Frees the keys of the closed ones and hands their connections out, each with the id that it had.
    pub fn reap(&mut self) -> Vec<(ConnectionId, Connection<S>)> {
        let closed = std::mem::take(&mut self.closed);
        let reaped = closed
            .into_iter()
            .filter(|id| self.slots.get(id.key()).is_some_and(|slot| slot.id == *id))
            .collect::<Vec<_>>();
        let reaped: Vec<_> = reaped.into_iter().map(|id| (id, self.slots.remove(id.key()).connection)).collect();
        self.held -= reaped.iter().map(|(_, connection)| connection.held as usize).sum::<usize>();
        if self.slots.is_empty() {
            // A server that was full once must not stay as large for ever.
            if self.slots.capacity() > PLACES_AT_FIRST {
                self.slots = Slab::with_capacity(PLACES_AT_FIRST);
            }
            self.ready.shrink_to_fit();
            self.dirty.shrink_to_fit();
            self.closed.shrink_to_fit();
        }
        reaped
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    fn connection(number: u64) -> Connection<()> {
        Connection::new((), number, "127.0.0.1".parse().unwrap(), 0)
    }

    #[test]
    fn what_a_delivery_looks_at_lies_side_by_side() {
        // Behind these 32 bytes, the first 32 of a `Framed` are what sending needs: 64 in all, the length of a line.
        assert_eq!(offset_of!(Slot<u32>, connection) + offset_of!(Connection<u32>, framed), 32);
        assert!(size_of::<Slot<u32>>() <= 200, "{}", size_of::<Slot<u32>>());
        assert_eq!(
            size_of::<Option<Slot<u32>>>(),
            size_of::<Slot<u32>>(),
            "a free place is told from a taken one inside"
        );
    }

    #[test]
    fn an_id_does_not_reach_the_next_owner_of_its_key() {
        let mut connections = Connections::default();
        let first = connections.insert(connection(1));
        connections.make_closed(first);
        assert_eq!(connections.reap().len(), 1);
        let second = connections.insert(connection(2));
        assert_eq!(first.key(), second.key());
        assert!(connections.get_mut(first).is_none());
        assert_eq!(connections.get_mut(second).map(|c| c.number), Some(2));
        assert_eq!(ConnectionId::from_token(second.to_token()), second);
    }

    #[test]
    fn lists_name_a_connection_once() {
        let mut connections = Connections::default();
        let id = connections.insert(connection(1));
        let mut taken = Vec::new();
        connections.make_ready(id);
        connections.make_ready(id);
        connections.take_ready(&mut taken);
        assert_eq!(taken, [id]);
        connections.make_dirty(id);
        assert_eq!(connections.queue(id, Arc::from([1, 2, 3].as_slice())), 3);
        connections.take_dirty(&mut taken);
        assert_eq!(taken, [id]);
        connections.make_closed(id);
        connections.make_closed(id);
        assert_eq!((connections.reap().len(), connections.reap().len()), (1, 0));
    }
}
