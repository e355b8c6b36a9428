//! What readers ask: which rooms there are for them, who is in them, what changed since a place. Looks and changes
//! nothing; every answer is bounded in rows and in work.

use tertulia_protocol::{
    RoomId, Rseq, Seq, UserId,
    limits::{PRESENCE_LISTED_MAX, TYPING_MEMBERS_MAX},
    push,
    reply::{Erased, MemberRow, RoomRow, UserRow},
};

use super::{
    Chat, Refusal, Room,
    outcome::bad_request,
    room::{GENERAL_ROOM, Sort},
};

/// At most so many things are looked at for one answer to a `Sync`, for each row that it may have: who left ten thousand
/// rooms costs more answers, not a longer one.
const LOOKS_PER_ROW: usize = 8;

/// One answer to a `Sync`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncRows {
    /// The reader's rooms in which something is newer.
    pub rooms: Vec<RoomRow>,
    /// Who is new, renamed, or shown otherwise.
    pub users: Vec<UserRow>,
    /// The rooms that the reader is no longer a member of.
    pub gone: Vec<RoomId>,
    /// What was erased in the reader's rooms.
    pub erased: Vec<Erased>,
    /// If there is more: where to go on, 9 bytes.
    pub next: Option<Vec<u8>>,
}

impl SyncRows {
    fn len(&self) -> usize {
        self.rooms.len() + self.users.len() + self.gone.len() + self.erased.len()
    }
}

/// What a sync goes through, in this order: first what a window shows first. Each has a key that rises.
const ROOMS: u8 = 0;
const GONE: u8 = 1;
const USERS: u8 = 2;
const ERASED: u8 = 3;

/// Where a sync goes on: behind this key of this part.
#[derive(Clone, Copy)]
struct Cursor {
    part: u8,
    behind: u64,
}

impl Cursor {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [part @ ROOMS..=ERASED, key @ ..] = bytes else { return None };
        Some(Self { part: *part, behind: u64::from_be_bytes(key.try_into().ok()?) })
    }

    fn to_bytes(self) -> Vec<u8> {
        [&[self.part][..], &self.behind.to_be_bytes()].concat()
    }
}

impl Chat {
    /// A room, if there is one and this user may read it: a public one anybody, the others their present members.
    /// "No such room" and "not yours" are one answer.
    #[must_use]
    pub fn readable(&self, room: RoomId, reader: UserId) -> Option<&Room> {
        self.rooms.get(&room).filter(|room| room.is_public() || room.role(reader).is_some())
    }

    /// A room, whoever asks: for the server itself.
    #[must_use]
    pub fn room(&self, room: RoomId) -> Option<&Room> {
        self.rooms.get(&room)
    }

    /// All rooms, by rising id: for retention.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms.iter().map(|(id, room)| (*id, room))
    }

    /// Whether somebody who is known is a member of a room; of `general` everybody is.
    #[must_use]
    pub fn is_member(&self, room: RoomId, user: UserId) -> bool {
        self.directory.user(user).is_some() && self.rooms.get(&room).is_some_and(|room| room.role(user).is_some())
    }

    /// The rooms that a user is a member of, `general` first, by rising id.
    pub fn rooms_of(&self, user: UserId) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms_behind(user, RoomId(0))
    }

    fn rooms_behind(&self, user: UserId, behind: RoomId) -> impl Iterator<Item = (RoomId, &Room)> {
        let rest = self.directory.user(user).map(|user| user.rooms.range(RoomId(behind.0.saturating_add(1))..));
        let general = Some(GENERAL_ROOM).filter(|general| rest.is_some() && *general > behind);
        general.into_iter().chain(rest.into_iter().flatten().copied()).filter_map(|id| Some((id, self.rooms.get(&id)?)))
    }

    /// A room as it stands for a reader; `None` if it is not the reader's to see.
    #[must_use]
    pub fn row(&self, room: RoomId, reader: UserId) -> Option<RoomRow> {
        self.readable(room, reader).map(|found| found.row(room, reader))
    }

    /// A person's row, as it is told now.
    #[must_use]
    pub fn user_row(&self, user: UserId) -> Option<UserRow> {
        self.directory.user(user).map(|found| found.row(user))
    }

    /// What changed for a reader since a place: at most `max` rows, and where to go on. `after` is the `next` of the
    /// answer before, which came to the same `since`.
    ///
    /// # Errors
    /// `after` is not one of ours.
    pub fn sync_rows(&self, reader: UserId, since: Seq, after: Option<&[u8]>, max: usize) -> Result<SyncRows, Refusal> {
        let start = match after {
            None => Cursor { part: ROOMS, behind: 0 },
            Some(bytes) => Cursor::from_bytes(bytes).ok_or_else(|| bad_request("that is not where to go on"))?,
        };
        let max = max.max(1);
        let mut looks = max.saturating_mul(LOOKS_PER_ROW);
        let mut rows = SyncRows::default();
        for part in start.part..=ERASED {
            let behind = if part == start.part { start.behind } else { 0 };
            let mut last = behind;
            for key in self.keys(reader, since, part, behind) {
                if rows.len() == max || looks == 0 {
                    rows.next = Some(Cursor { part, behind: last }.to_bytes());
                    return Ok(rows);
                }
                looks -= 1;
                last = key;
                self.add_row(reader, since, part, key, &mut rows);
            }
        }
        Ok(rows)
    }

    /// The keys of one part of a sync behind one of them, by rising order; some turn out to be no row.
    fn keys(&self, reader: UserId, since: Seq, part: u8, behind: u64) -> Box<dyn Iterator<Item = u64> + '_> {
        let newer = Seq(since.0.max(behind));
        match part {
            ROOMS => Box::new(self.rooms_behind(reader, RoomId(behind)).map(|(id, _)| id.0)),
            GONE => {
                let gone = self.directory.user(reader).map(|user| &user.gone);
                let behind = RoomId(behind.saturating_add(1));
                Box::new(gone.into_iter().flat_map(move |gone| gone.range(behind..)).map(|(id, _)| id.0))
            }
            USERS => Box::new(self.directory.changed_since(newer).map(|(seq, ..)| seq.0)),
            // Nothing was placed up to 0, so nothing of that was erased.
            _ if since == Seq(0) => Box::new(std::iter::empty()),
            _ => {
                let first = self.erasures.partition_point(|erasure| erasure.by <= newer);
                Box::new(self.erasures[first..].iter().map(|erasure| erasure.by.0))
            }
        }
    }

    fn add_row(&self, reader: UserId, since: Seq, part: u8, key: u64, rows: &mut SyncRows) {
        match part {
            ROOMS => {
                let id = RoomId(key);
                let Some(room) = self.rooms.get(&id) else { return };
                // A mark that was set has no place of its own: where the client stood, it may be news to it.
                let is_marked = room.readers.get(&reader).is_some_and(|read| read.at.0 > 0 && read.at >= since);
                if room.changed > since || is_marked {
                    rows.rooms.push(room.row(id, reader));
                }
            }
            GONE => {
                let left = self.directory.user(reader).and_then(|user| user.gone.get(&RoomId(key)));
                if left.is_some_and(|left| *left > since) {
                    rows.gone.push(RoomId(key));
                }
            }
            USERS => {
                let behind = Seq(key.saturating_sub(1));
                rows.users.extend(self.directory.changed_since(behind).next().map(|(_, id, user)| user.row(id)));
            }
            _ => {
                let Ok(index) = self.erasures.binary_search_by_key(&Seq(key), |erasure| erasure.by) else { return };
                let erasure = self.erasures[index];
                if self.rooms.get(&erasure.room).is_none_or(|room| room.role(reader).is_none()) {
                    return;
                }
                // Also of what was placed behind `since`: it may have been told live, ahead of what moves that.
                rows.erased.push(Erased { room: erasure.room, from: erasure.from, to: erasure.to });
            }
        }
    }

    /// Public rooms behind one, by rising id: at most `max`, and whether there are more.
    #[must_use]
    pub fn browse(&self, reader: UserId, after: Option<RoomId>, max: usize) -> (Vec<RoomRow>, bool) {
        let behind = after.map_or(RoomId(0), |after| RoomId(after.0.saturating_add(1)));
        let mut found = self.public.range(behind..).filter_map(|id| self.row(*id, reader));
        let rows = found.by_ref().take(max).collect();
        (rows, found.next().is_some())
    }

    /// Members of a room behind one, by rising id: at most `max`, and whether there are more. Empty for `general`;
    /// `None` if the room is not the reader's to see.
    #[must_use]
    pub fn member_rows(
        &self,
        room: RoomId,
        reader: UserId,
        after: Option<UserId>,
        max: usize,
    ) -> Option<(Vec<MemberRow>, bool)> {
        let room = self.readable(room, reader)?;
        let mut members = room.members_behind(after.unwrap_or(UserId(0)));
        let rows = members.by_ref().take(max).map(|(user, role)| MemberRow { user, role }).collect();
        Some((rows, members.next().is_some()))
    }

    /// Whether it is told that somebody writes in a room: a member, where writing is possible and not too many listen.
    /// `online` is how many people are.
    #[must_use]
    pub fn tells_typing(&self, room: RoomId, user: UserId, online: usize) -> bool {
        self.is_member(room, user)
            && self.rooms.get(&room).is_some_and(|found| {
                let is_small = match found.sort {
                    Sort::General => online <= PRESENCE_LISTED_MAX,
                    _ => found.members.len() <= TYPING_MEMBERS_MAX,
                };
                is_small && !found.is_archived
            })
    }

    /// How far somebody has read a room, for all connections of the person. `None` if the room is not the person's.
    #[must_use]
    pub fn marked(&self, user: UserId, room: RoomId) -> Option<push::Marked> {
        let found = self.rooms.get(&room).filter(|_| self.is_member(room, user))?;
        let (rseq, count, mentions) = found.read_by(user);
        Some(push::Marked { room, rseq, count, mentions })
    }

    /// Whose unread mentions are among these places: whom an erasure of them takes something from.
    #[must_use]
    pub fn mentioned(&self, room: RoomId, from: Rseq, to: Rseq) -> Vec<UserId> {
        let readers = self.rooms.get(&room).into_iter().flat_map(|room| &room.readers);
        let mentions = readers.filter(|(_, reader)| {
            let behind = reader.mentions.partition_point(|mention| *mention < from);
            reader.mentions.get(behind).is_some_and(|mention| *mention <= to)
        });
        mentions.map(|(user, _)| *user).collect()
    }

    /// Whether a message of the log is one that a reader may be shown as it is: placed, not erased, in a room that the
    /// reader may read. Where it stands in its room and the room's count there: what a search hit needs.
    #[must_use]
    pub fn shown(&self, seq: Seq, room: RoomId, reader: UserId) -> Option<(Rseq, u64)> {
        let found = self.readable(room, reader)?;
        let (rseq, place) = found.places.find(seq)?;
        (!found.is_erased(rseq)).then_some((rseq, place.count()))
    }
}
