//! What a person or a script wants of a session: to write, and to look at rooms.

use tertulia_protocol::{Cid, ErrorCode, Kind, RoomId, Rseq, limits};

use super::{Change, Counters, Event, Now, Session, WRITES_MAX, Write, kept, rooms};

impl Session {
    /// Takes a plain body to write. Its name is used for every attempt to send it, and in the event that ends it.
    pub fn send(&mut self, now: Now, room: RoomId, kind: Kind, body: Vec<u8>) -> Cid {
        self.write(now, Write::raw(room, kind, body))
    }

    /// Takes something to write, and gives it a name.
    pub fn write(&mut self, now: Now, write: Write) -> Cid {
        let cid = self.cids.make(now.wall_ms);
        self.write_as(now, cid, write);
        cid
    }

    /// Takes something to write that has its name already. Nothing if it is waiting under that name.
    pub fn write_as(&mut self, now: Now, cid: Cid, write: Write) {
        self.observe(now);
        let from_draft = write.from_draft;
        let item = write.named(cid);
        if item.body.len() > limits::BODY_BYTES_MAX || item.mentions.len() > limits::MENTIONS_MAX {
            // It would be answered by the end of the connection, and again by the end of the next one.
            self.tell(Event::WriteRefused { cid, code: ErrorCode::BAD_TEXT, params: Vec::new() });
            return;
        }
        let keeps = self.keeps();
        if self.outbox.push(item.clone(), !keeps) {
            self.keep(Change::Queued { item, from_draft });
        }
        self.pump(now);
    }

    /// Takes something to write in the place of something that was refused and lies in the outbox.
    pub fn write_instead(&mut self, now: Now, refused: Cid, cid: Cid, write: Write) {
        self.keep(Change::Removed(refused));
        self.write_as(now, cid, write);
    }

    /// Whether so many writes wait that no more should be taken in for now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.outbox.len() >= WRITES_MAX
    }

    /// How many writes are not answered yet, and how many of them are on the wire.
    #[must_use]
    pub fn unanswered(&self) -> (usize, usize) {
        (self.outbox.len(), self.outbox.on_wire())
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Begins to tell the entries of a room: for a script as the history of the configuration says, for eyes its newest
    /// page and all that follows.
    pub fn open(&mut self, now: Now, room: RoomId) {
        self.observe(now);
        if let Some(room) = self.rooms.get_mut(&room) {
            room.open(self.config.history);
        }
        if let Some(kept) = self.kept.get_mut(&room) {
            kept.open(true);
            let head = kept.head();
            self.look_at(room, head.saturating_sub(kept::PAGE - 1).max(1), head);
        }
        self.pump(now);
    }

    /// Nobody looks at the room any more: what is missed of it is not pulled before it is opened again.
    pub fn close(&mut self, room: RoomId) {
        if let Some(kept) = self.kept.get_mut(&room) {
            kept.open(false);
        }
    }

    /// Somebody looks at a range of a room, at most 200 places: what is kept of it is told at once, what is missing or
    /// may have changed is pulled as soon as there is a connection.
    pub fn show(&mut self, now: Now, room: RoomId, from: Rseq, to: Rseq) {
        self.observe(now);
        let to = to.0.min(rooms::PLACE_MAX);
        let from = from.0.max(1).max(to.saturating_sub(limits::PAGE_ENTRIES_MAX - 1));
        self.look_at(room, from, to);
        self.pump(now);
    }
}
