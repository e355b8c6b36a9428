//! One room: what it is called and which entries it holds. Knows nothing of who is connected.

use tertulia_protocol::{
    Kind, RoomId, Rseq, Seq,
    reply::{ROOM_PUBLIC, RoomRow},
};

use super::places::Places;

/// A room as the log has it.
#[derive(Debug)]
pub struct Room {
    name: Box<str>,
    places: Places,
    changed: Seq,
}

impl Room {
    /// A new public room, opened by the entry `seq`.
    #[must_use]
    pub fn public(name: Box<str>, seq: Seq) -> Self {
        Self { name, places: Places::default(), changed: seq }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether anybody may find and read it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        true
    }

    /// Its entries.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The last entry that changed it.
    #[must_use]
    pub fn changed(&self) -> Seq {
        self.changed
    }

    /// The room as it stands, for a client.
    #[must_use]
    pub fn row(&self, id: RoomId) -> RoomRow {
        RoomRow {
            room: id,
            kind: ROOM_PUBLIC,
            name: self.name.to_string(),
            head: self.places.head(),
            count: self.places.count(),
            topic: None,
            role: None,
            mark: None,
            mark_count: None,
            mentions: None,
            archived: None,
            with: None,
            members: None,
            keep_days: None,
        }
    }

    /// Gives an entry its place. `None` if the room cannot hold more.
    pub(super) fn place(&mut self, seq: Seq, author: u32, kind: Kind) -> Option<(Rseq, u64)> {
        let placed = self.places.push(seq, author, kind)?;
        self.changed = seq;
        Some(placed)
    }
}
