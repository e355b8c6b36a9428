//! Read marks: the one part of the chat's durable state that is not in the log. The greatest wins, so it makes no
//! difference in which order they and the log are taken in.

use tertulia_protocol::{RoomId, Rseq, Seq, UserId};

use super::Chat;
use crate::log::Mark;

impl Chat {
    /// Takes in what was kept beside the log, once, behind the replay. Marks beyond what there is (of a log that was
    /// restored from a backup) end at the head; those of unknown people and rooms are dropped.
    pub fn set_marks(&mut self, marks: impl IntoIterator<Item = Mark>) {
        for mark in marks {
            self.take_mark(Mark { at: mark.at.min(self.position), ..mark });
        }
    }

    /// Somebody says to have read a room up to a place. What is to be kept beside the log, and taken in when it is:
    /// `None` if it would change nothing, or the room is not the person's.
    #[must_use]
    pub fn mark(&self, user: UserId, room: RoomId, rseq: Rseq) -> Option<Mark> {
        let found = self.rooms.get(&room).filter(|_| self.is_member(room, user))?;
        let rseq = rseq.min(found.places.head());
        let read = found.readers.get(&user).map_or(Rseq(0), |reader| reader.mark);
        (rseq > read).then_some(Mark { user, room, rseq, at: self.position })
    }

    /// Takes in what is durable by now. Whether it moved something, which all connections of the person are told (see
    /// [`Self::marked`]).
    pub fn take_mark(&mut self, mark: Mark) -> bool {
        let Mark { user, room, rseq, at } = mark;
        self.move_mark(user, room, rseq, at).is_some()
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
