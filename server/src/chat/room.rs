//! One room: what it is, who belongs to it, which entries it holds, who has read how far. Knows nothing of who is
//! connected, and decides nothing: see `rules`.

use std::collections::{BTreeMap, VecDeque};

use tertulia_protocol::{
    Kind, RoomId, Rseq, Seq, UserId,
    limits::MENTIONS_COUNTED_MAX,
    reply::{ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC, RoomRow},
};

use super::places::Places;

/// The room that everybody is in: no owners, and it cannot be left, named, archived.
pub const GENERAL_ROOM: RoomId = RoomId(1);

/// What sort of room it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Everybody is a member, and nobody its owner.
    General,
    /// Anybody may find, read and join it.
    Public,
    /// Only its members know of it.
    Private,
    /// Two people's; the lower id first.
    Direct(UserId, UserId),
}

/// A room as the log has it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Room {
    pub(super) sort: Sort,
    pub(super) name: Box<str>,
    /// Compared with those of other public rooms.
    pub(super) folded: Box<str>,
    pub(super) topic: Option<Box<str>>,
    pub(super) is_archived: bool,
    pub(super) keep_days: Option<u32>,
    /// Roles by person. Empty in `general`.
    pub(super) members: BTreeMap<UserId, u16>,
    pub(super) readers: BTreeMap<UserId, Reader>,
    pub(super) places: Places,
    pub(super) expired: Rseq,
    pub(super) changed: Seq,
    opened_at: i64,
}

/// How far somebody has read a room. Outlives the membership, because what is kept of it beside the log does.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Reader {
    pub(super) mark: Rseq,
    /// The last place applied when the person set the mark; 0 if a message of the person's own did.
    pub(super) at: Seq,
    /// Messages behind the mark that mention the person, the newest ones.
    pub(super) mentions: VecDeque<Rseq>,
}

impl Reader {
    /// Moves the mark forward. Whether it moved.
    pub(super) fn mark(&mut self, rseq: Rseq, at: Seq) -> bool {
        let moved = rseq > self.mark;
        if moved {
            (self.mark, self.at) = (rseq, at);
            let read = self.mentions.partition_point(|mention| *mention <= rseq);
            self.mentions.drain(..read);
        }
        moved
    }

    /// Notes a mention behind the mark. Of more than are counted the oldest are forgotten.
    pub(super) fn mention(&mut self, rseq: Rseq) {
        if rseq > self.mark && self.mentions.back().is_none_or(|last| *last < rseq) {
            self.mentions.push_back(rseq);
            if self.mentions.len() > MENTIONS_COUNTED_MAX {
                self.mentions.pop_front();
            }
        }
    }
}

impl Room {
    /// A new room without members, opened by the entry `seq`, at a time of the server's clock.
    pub(super) fn new(sort: Sort, name: &str, folded: &str, seq: Seq, opened_at: i64) -> Self {
        Self {
            sort,
            name: name.into(),
            folded: folded.into(),
            topic: None,
            is_archived: false,
            keep_days: None,
            members: BTreeMap::new(),
            readers: BTreeMap::new(),
            places: Places::default(),
            expired: Rseq(0),
            changed: seq,
            opened_at,
        }
    }

    /// What it is called; empty in direct rooms.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What sort of room it is.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Whether anybody may find and read it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self.sort, Sort::General | Sort::Public)
    }

    /// Whether it is closed for writing.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.is_archived
    }

    /// For how many days it keeps what is said; `None`: as long as the server does.
    #[must_use]
    pub fn keep_days(&self) -> Option<u32> {
        self.keep_days
    }

    /// When it was opened, in milliseconds since 1970 (UTC): what a second opening of a direct room is answered.
    #[must_use]
    pub fn opened_at(&self) -> i64 {
        self.opened_at
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

    /// Up to which place its content is erased because its time is over.
    #[must_use]
    pub fn expired(&self) -> Rseq {
        self.expired
    }

    /// Whether the content of a place is erased: by its author, or because its time is over. Its body is to be shown
    /// empty, whatever the file still holds. For edits ask [`Self::is_blank`].
    #[must_use]
    pub fn is_erased(&self, rseq: Rseq) -> bool {
        self.places
            .get(rseq)
            .is_some_and(|place| place.is_deleted() || (rseq <= self.expired && !place.kind().is_state()))
    }

    /// Whether an entry of this room is to be shown without its body: it is erased, or it is an edit of what is.
    #[must_use]
    pub fn is_blank(&self, rseq: Rseq, kind: Kind, target: Option<Rseq>) -> bool {
        self.is_erased(rseq) || (kind == Kind::EDIT && target.is_some_and(|target| self.is_erased(target)))
    }

    /// The members by rising id, with their roles. None in `general`, where everybody is one.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (UserId, u16)> {
        self.members.iter().map(|(user, role)| (*user, *role))
    }

    /// The members behind one, by rising id.
    pub(super) fn members_behind(&self, user: UserId) -> impl Iterator<Item = (UserId, u16)> {
        self.members.range(UserId(user.0.saturating_add(1))..).map(|(user, role)| (*user, *role))
    }

    /// Somebody's role; `None` for who is not a member. The person is one that the chat knows.
    #[must_use]
    pub fn role(&self, user: UserId) -> Option<u16> {
        if self.sort == Sort::General { Some(ROLE_MEMBER) } else { self.members.get(&user).copied() }
    }

    /// Whether somebody is an owner.
    #[must_use]
    pub fn is_owner(&self, user: UserId) -> bool {
        self.members.get(&user) == Some(&ROLE_OWNER)
    }

    /// In a direct room: the other person.
    #[must_use]
    pub fn other(&self, user: UserId) -> Option<UserId> {
        match self.sort {
            Sort::Direct(a, b) => Some(if user == a { b } else { a }),
            _ => None,
        }
    }

    /// How far somebody has read, how many messages there are up to there, and how many behind mention the person.
    pub(super) fn read_by(&self, user: UserId) -> (Rseq, u64, u64) {
        let Some(reader) = self.readers.get(&user) else { return (Rseq(0), 0, 0) };
        let count = self.places.get(reader.mark).map_or(0, |place| place.count());
        let mentions = reader.mentions.iter().filter(|rseq| !self.is_erased(**rseq)).count();
        (reader.mark, count, mentions as u64)
    }

    /// The room as it stands, for a person.
    #[must_use]
    pub fn row(&self, id: RoomId, user: UserId) -> RoomRow {
        let (mark, mark_count, mentions) = self.read_by(user);
        let kind = match self.sort {
            Sort::General | Sort::Public => ROOM_PUBLIC,
            Sort::Private => ROOM_PRIVATE,
            Sort::Direct(..) => ROOM_DIRECT,
        };
        RoomRow {
            room: id,
            kind,
            name: self.name.to_string(),
            head: self.places.head(),
            count: self.places.count(),
            topic: self.topic.as_deref().map(str::to_owned),
            role: self.role(user),
            mark: (mark.0 > 0).then_some(mark),
            mark_count: (mark_count > 0).then_some(mark_count),
            mentions: (mentions > 0).then_some(mentions),
            archived: self.is_archived.then_some(true),
            with: self.other(user),
            members: (self.sort != Sort::General).then_some(self.members.len() as u64),
            keep_days: self.keep_days,
        }
    }

    /// Gives an entry its place. `None` if the room cannot hold more.
    pub(super) fn place(&mut self, seq: Seq, author: u32, kind: Kind) -> Option<(Rseq, u64)> {
        let placed = self.places.push(seq, author, kind)?;
        self.changed = seq;
        Some(placed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_behind_the_mark_are_kept_the_newest_999() {
        let mut reader = Reader::default();
        (1..=1_005).for_each(|rseq| reader.mention(Rseq(rseq)));
        reader.mention(Rseq(1_005));
        assert_eq!((reader.mentions.len(), reader.mentions[0]), (999, Rseq(7)));
        assert!(reader.mark(Rseq(1_000), Seq(2_000)));
        assert_eq!((reader.mentions.len(), reader.at), (5, Seq(2_000)));
        assert!(!reader.mark(Rseq(900), Seq(2_001)));
        assert_eq!((reader.mark, reader.at), (Rseq(1_000), Seq(2_000)));
        reader.mention(Rseq(1_000));
        assert_eq!(reader.mentions.len(), 5);
    }
}
