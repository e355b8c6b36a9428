//! Apply, of rooms: opening them, who belongs to them, what they are called, how long they keep things. What comes here
//! was held against the rules already.

use tertulia_protocol::{
    ErrorCode, RoomId, Rseq, Seq, UserId,
    reply::{ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PUBLIC},
};

use super::{
    super::{
        Applied, Chat, Effect, Erasure, Outcome, Placement, Refusal,
        body::{RoomName, RoomOpen},
        deed::Deed,
        outcome::no_room,
        room::{Room, Sort},
    },
    Decided,
};
use crate::log::Entry;

impl Chat {
    /// Opens a room, or finds that the two people have theirs.
    pub(super) fn open(&mut self, entry: &Entry, open: &RoomOpen) -> Decided {
        let id = RoomId(entry.seq.0);
        let author = entry.author;
        let sort = match (open.kind, open.with) {
            (ROOM_DIRECT, Some(with)) => Sort::Direct(author.min(with), author.max(with)),
            (ROOM_PUBLIC, _) => Sort::Public,
            _ => Sort::Private,
        };
        if let Sort::Direct(a, b) = sort
            && let Some(placement) = self.direct.get(&(a, b)).and_then(|first| self.opening(*first))
        {
            return Ok(Applied { outcome: Outcome::Existing(placement), effect: Effect::Nothing });
        }
        let [name, folded] = [&open.name, &open.folded].map(|text| text.as_deref().unwrap_or(""));
        let mut room = Room::new(sort, name, folded, entry.seq, entry.at);
        room.topic = open.topic.as_deref().map(Into::into);
        let index = self.directory.index_of(author).unwrap_or(0);
        let Some((rseq, count)) = room.place(entry.seq, index, entry.kind) else { return Err(full()) };
        self.rooms.insert(id, room);
        let members = match sort {
            Sort::Direct(a, b) => {
                self.direct.insert((a, b), id);
                self.add_member(id, a, ROLE_MEMBER);
                self.add_member(id, b, ROLE_MEMBER);
                vec![a, b]
            }
            _ => {
                self.add_member(id, author, ROLE_OWNER);
                vec![author]
            }
        };
        if sort == Sort::Public {
            self.public.insert(id);
            self.public_names.insert(folded.into(), id);
        }
        let outcome = Outcome::Placed(Placement { room: id, seq: entry.seq, rseq, count });
        Ok(Applied { outcome, effect: Effect::Opened { room: id, members } })
    }

    /// Everything that an entry of a state kind does to the room that it stands in.
    pub(super) fn change_room(&mut self, entry: &Entry, deed: Deed) -> Decided {
        let id = entry.room;
        // 0 is the server's number.
        let index = self.directory.index_of(entry.author).unwrap_or(0);
        let room = self.rooms.get_mut(&id).ok_or_else(no_room)?;
        let Some((rseq, count)) = room.place(entry.seq, index, entry.kind) else { return Err(full()) };
        let effect = match deed {
            Deed::Join => self.add_member(id, entry.author, ROLE_MEMBER),
            Deed::Invite(user) => self.add_member(id, user, ROLE_MEMBER),
            Deed::Leave => self.drop_member(entry, entry.author),
            Deed::Remove(user) => self.drop_member(entry, user),
            Deed::Name(RoomName { name, folded }) => {
                if room.sort == Sort::Public {
                    self.public_names.remove(&room.folded);
                    self.public_names.insert(folded.as_str().into(), id);
                }
                (room.name, room.folded) = (name.into(), folded.into());
                Effect::Nothing
            }
            Deed::Topic(topic) => {
                room.topic = topic.map(Into::into);
                Effect::Nothing
            }
            Deed::Role(user, role) => {
                room.members.insert(user, role);
                Effect::Nothing
            }
            Deed::Archive(archived) => {
                room.is_archived = archived;
                Effect::Nothing
            }
            Deed::Keep(days) => {
                room.keep_days = days;
                Effect::Nothing
            }
            Deed::Expire(upto) => {
                let from = Rseq(room.expired.0 + 1);
                room.expired = upto;
                let last = room.places.get(upto).map_or(entry.seq, |place| place.seq());
                self.erasures.push(Erasure { by: entry.seq, room: id, from, to: upto });
                Effect::Expired { upto: last, rseq: upto }
            }
            // Of no room: they do not come here.
            Deed::Rename(_) | Deed::Profile { .. } | Deed::Open(_) => Effect::Nothing,
        };
        if let Effect::Joined { user, .. } = effect {
            self.read_all(id, user);
        }
        Ok(Applied { outcome: Outcome::Placed(Placement { room: id, seq: entry.seq, rseq, count }), effect })
    }

    /// Who comes into a room has nothing unread: what was said there before was not said to the person. That is told with
    /// the coming itself.
    pub(super) fn read_all(&mut self, id: RoomId, user: UserId) {
        if let Some(room) = self.rooms.get_mut(&id)
            && room.places.head() > Rseq(0)
        {
            room.readers.entry(user).or_default().mark(room.places.head(), Seq(0));
        }
    }

    /// Takes somebody in; nothing if the person is a member.
    fn add_member(&mut self, id: RoomId, user: UserId, role: u16) -> Effect {
        let (Some(room), Some(person)) = (self.rooms.get_mut(&id), self.directory.users.get_mut(&user)) else {
            return Effect::Nothing;
        };
        if room.role(user).is_some() {
            return Effect::Nothing;
        }
        room.members.insert(user, role);
        person.rooms.insert(id);
        person.gone.remove(&id);
        person.counted += usize::from(!matches!(room.sort, Sort::Direct(..)));
        Effect::Joined { room: id, user }
    }

    /// Puts somebody out; nothing if the person is not a member.
    fn drop_member(&mut self, entry: &Entry, user: UserId) -> Effect {
        let id = entry.room;
        let (Some(room), Some(person)) = (self.rooms.get_mut(&id), self.directory.users.get_mut(&user)) else {
            return Effect::Nothing;
        };
        if room.members.remove(&user).is_none() {
            return Effect::Nothing;
        }
        if let Some(reader) = room.readers.get_mut(&user) {
            reader.mentions.clear();
        }
        person.rooms.remove(&id);
        person.gone.insert(id, entry.seq);
        person.counted -= usize::from(!matches!(room.sort, Sort::Direct(..)));
        Effect::Left { room: id, user }
    }
}

/// The room, or the log, has as many entries as there are numbers.
pub(super) fn full() -> Refusal {
    Refusal::new(ErrorCode::NO_ROOM, "the room is full")
}
