//! Read marks: the one part of the chat's durable state that is not in the log. The greatest wins, so it makes no
//! difference in which order they and the log are taken in.

use tertulia_protocol::{RoomId, Rseq, Seq, UserId};

use super::Chat;
use crate::log::Mark;

impl Chat {
    /// Takes in what was kept beside the log, once, behind the replay. Marks beyond what there is (of a log that was
    /// restored from a backup) end at the head; those of unknown people and rooms are dropped.
    pub fn set_marks(&mut self, marks: impl IntoIterator<Item = Mark>) {
        for Mark { user, room, rseq, at } in marks {
            let at = at.min(self.position);
            self.move_mark(user, room, rseq, at);
        }
    }

    /// Somebody says to have read a room up to a place. What is to be kept beside the log and told to all connections
    /// of the person (see [`Self::marked`]); `None` if it changes nothing, or the room is not the person's.
    pub fn mark(&mut self, user: UserId, room: RoomId, rseq: Rseq) -> Option<Mark> {
        let at = self.position;
        if !self.is_member(room, user) {
            return None;
        }
        let rseq = self.move_mark(user, room, rseq, at)?;
        Some(Mark { user, room, rseq, at })
    }

    /// Where the mark is then, if it moved.
    fn move_mark(&mut self, user: UserId, room: RoomId, rseq: Rseq, at: Seq) -> Option<Rseq> {
        self.directory.user(user)?;
        let room = self.rooms.get_mut(&room)?;
        let rseq = rseq.min(room.places.head());
        if rseq == Rseq(0) {
            return None;
        }
        room.readers.entry(user).or_default().mark(rseq, at).then_some(rseq)
    }
}
