//! Who is writing where. Signals, never logged: at most one frame per room and 250 ms, the same bytes for everybody.
//!
//! Nobody is told that somebody has stopped: a message ends it, and so do 6 s, on the clients as well as here. So a quiet
//! server has nothing to wake up for.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{RoomId, UserId, limits::TYPING_MS, push};

/// At most one frame of a room in this time, in milliseconds.
const FRAME_EVERY_MS: u64 = 250;

/// Who is writing. Times are milliseconds of the loop's monotonic clock.
#[derive(Debug, Default)]
pub struct Typing {
    rooms: BTreeMap<RoomId, Writing>,
    /// Rooms that have something to tell, by when they may.
    frames: BTreeSet<(u64, RoomId)>,
    /// When each of them ends.
    ends: BTreeSet<(u64, RoomId, UserId)>,
}

/// Who is writing in one room.
#[derive(Debug, Default)]
struct Writing {
    /// Until when each of them counts.
    users: BTreeMap<UserId, u64>,
    /// When the frame is due that has to be told, if one has.
    due: Option<u64>,
    /// When the next one may leave.
    next_frame: u64,
}

impl Typing {
    /// Somebody writes in a room. Ask [`super::Chat::tells_typing`] first.
    pub fn wrote(&mut self, room: RoomId, user: UserId, now: u64) {
        self.end_before(now);
        let writing = self.rooms.entry(room).or_default();
        let end = now + TYPING_MS;
        if let Some(before) = writing.users.insert(user, end) {
            self.ends.remove(&(before, room, user));
        }
        self.ends.insert((end, room, user));
        if writing.due.is_none() {
            let due = writing.next_frame.max(now);
            writing.due = Some(due);
            self.frames.insert((due, room));
        }
    }

    /// Somebody has said it, or is not a member any more: who was writing is not.
    pub fn stopped(&mut self, room: RoomId, user: UserId) {
        let Some(writing) = self.rooms.get_mut(&room) else { return };
        if let Some(end) = writing.users.remove(&user) {
            self.ends.remove(&(end, room, user));
        }
        self.drop_frame_if_empty(room);
    }

    /// When [`Self::due`] has something to tell next.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.frames.first().map(|(at, _)| *at)
    }

    /// The frames that are due, by rising room: each for the members of its room.
    pub fn due(&mut self, now: u64) -> Vec<push::Typing> {
        self.end_before(now);
        let mut frames = Vec::new();
        while let Some(&(at, room)) = self.frames.first().filter(|(at, _)| *at <= now) {
            self.frames.remove(&(at, room));
            let Some(writing) = self.rooms.get_mut(&room) else { continue };
            writing.due = None;
            writing.next_frame = now + FRAME_EVERY_MS;
            frames.push(push::Typing { room, users: writing.users.keys().copied().collect() });
        }
        frames.sort_by_key(|frame| frame.room);
        frames
    }

    fn end_before(&mut self, now: u64) {
        while let Some(&(at, room, user)) = self.ends.first().filter(|(at, ..)| *at <= now) {
            self.ends.remove(&(at, room, user));
            if let Some(writing) = self.rooms.get_mut(&room) {
                writing.users.remove(&user);
            }
            self.drop_frame_if_empty(room);
        }
        // A room is kept for a moment longer than its people, because it may not be told too soon again.
        if self.ends.is_empty() {
            self.rooms.retain(|_, writing| writing.next_frame > now);
        }
    }

    /// Nobody is named of whom there is nothing to tell.
    fn drop_frame_if_empty(&mut self, room: RoomId) {
        if let Some(writing) = self.rooms.get_mut(&room).filter(|writing| writing.users.is_empty())
            && let Some(due) = writing.due.take()
        {
            self.frames.remove(&(due, room));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(room: u64, users: impl IntoIterator<Item = u64>) -> push::Typing {
        push::Typing { room: RoomId(room), users: users.into_iter().map(UserId).collect() }
    }

    #[test]
    fn one_frame_tells_of_all_who_write_within_250_ms() {
        let mut typing = Typing::default();
        typing.wrote(RoomId(1), UserId(7), 0);
        assert_eq!(typing.due(0), [frame(1, [7])]);
        typing.wrote(RoomId(1), UserId(9), 10);
        typing.wrote(RoomId(1), UserId(8), 20);
        typing.wrote(RoomId(2), UserId(8), 20);
        assert_eq!(typing.due(20), [frame(2, [8])], "rooms do not wait for each other");
        assert_eq!((typing.due(249), typing.deadline()), (vec![], Some(250)));
        assert_eq!(typing.due(250), [frame(1, [7, 8, 9])]);
        assert_eq!(typing.deadline(), None);
    }

    #[test]
    fn six_seconds_or_a_message_end_it_and_nobody_wakes_up_for_that() {
        let mut typing = Typing::default();
        typing.wrote(RoomId(1), UserId(7), 0);
        typing.due(0);
        typing.wrote(RoomId(1), UserId(8), 3_000);
        typing.due(3_000);
        assert_eq!(typing.deadline(), None);
        typing.wrote(RoomId(1), UserId(9), 6_000);
        assert_eq!(typing.due(6_000), [frame(1, [8, 9])]);
        typing.stopped(RoomId(1), UserId(9));
        typing.wrote(RoomId(1), UserId(8), 6_001);
        assert_eq!(typing.due(6_250), [frame(1, [8])]);
        assert_eq!(typing.due(12_001), []);
        assert!(typing.rooms.is_empty() && typing.ends.is_empty() && typing.frames.is_empty());
    }

    #[test]
    fn who_has_said_it_before_the_frame_is_not_named() {
        let mut typing = Typing::default();
        typing.wrote(RoomId(1), UserId(7), 0);
        typing.stopped(RoomId(1), UserId(7));
        assert_eq!((typing.deadline(), typing.due(0)), (None, vec![]));
        typing.wrote(RoomId(1), UserId(7), 10);
        typing.due(10);
        typing.stopped(RoomId(1), UserId(7));
        typing.wrote(RoomId(1), UserId(7), 20);
        assert_eq!(typing.deadline(), Some(260), "stopping and going on brings no frame sooner");
    }
}
