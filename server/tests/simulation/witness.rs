//! What the log meant, place by place: who was in which room when, what stood where, what was erased by what. The oracle
//! that frames, stores and states are held against.
//!
//! It takes entries as they were first stored, so an erasure or a loss in the log cannot mislead it, and asks
//! [`Chat::apply`] what each of them came to.

use std::collections::BTreeMap;

use tertulia_protocol::{Cid, Kind, RequestId, RoomId, Rseq, Seq, UserId, reply, request};
use tertulia_server::{
    chat::{
        Chat, Effect, GENERAL_ROOM, Outcome,
        admit::{self, Author},
    },
    log::{Entry, Ticket},
};

use super::finding::{Promise, broken, holds};

/// A room's past.
#[derive(Default)]
pub(crate) struct Past {
    pub(crate) is_public: bool,
    /// The log's place of each place of the room.
    pub(crate) seqs: Vec<Seq>,
    counts: Vec<u64>,
    /// What was erased, and by which entry.
    erased: BTreeMap<Rseq, Seq>,
}

/// The oracle.
#[derive(Default)]
pub(crate) struct Witness {
    /// All entries, as they were when they were stored.
    pub(crate) entries: Vec<Entry>,
    pub(crate) chat: Chat,
    pub(crate) rooms: BTreeMap<RoomId, Past>,
    /// Where each entry is in its room.
    placed: Vec<Option<(RoomId, Rseq)>>,
    outcomes: Vec<Outcome>,
    by_cid: BTreeMap<(UserId, Cid), Seq>,
    /// When somebody came into a room (true) or left it.
    members: BTreeMap<(RoomId, UserId), Vec<(Seq, bool)>>,
    pub(crate) users: BTreeMap<UserId, Seq>,
}

impl Witness {
    /// The last durable place.
    pub(crate) fn position(&self) -> Seq {
        Seq(self.entries.len() as u64)
    }

    /// Takes in what is durable by now.
    pub(crate) fn observe(&mut self, durable: &[Entry]) {
        holds(durable.len() >= self.entries.len(), Promise::Kept, || {
            format!("the log has {} entries and had {}", durable.len(), self.entries.len())
        });
        for entry in &durable[self.entries.len()..] {
            self.take(entry);
        }
    }

    /// Whether a write would have been refused at some moment behind `from` and ahead of `until`. If that answer got lost
    /// with its connection, the write was new when it came again, and stands behind what was written after it.
    pub(crate) fn was_refusable(&self, write: Seq, from: Seq, until: Seq) -> bool {
        let Some(entry) = self.entry(write) else { return false };
        // What admission adds to these bodies it does not take.
        if matches!(entry.kind, Kind::RENAME | Kind::ROOM_OPEN | Kind::ROOM_NAME) {
            return false;
        }
        let author = Author { user: entry.author, device: entry.device };
        let write = request::Write {
            request: RequestId(0),
            cid: entry.cid,
            room: entry.room,
            kind: entry.kind,
            target: entry.target,
            mentions: (!entry.mentions.is_empty()).then(|| entry.mentions.clone()),
            body: entry.body.clone(),
        };
        let mut chat = Chat::new();
        self.entries.iter().take_while(|past| past.seq < until).any(|past| {
            chat.apply(past).unwrap();
            past.seq >= from && admit::write(&chat, false, Ticket(0), entry.at, author, write.clone()).is_err()
        })
    }

    fn take(&mut self, entry: &Entry) {
        let seq = entry.seq;
        let applied = self.chat.apply(entry).unwrap_or_else(|error| broken(Promise::Replay, format!("{error:?}")));
        holds(self.by_cid.insert((entry.author, entry.cid), seq).is_none(), Promise::Kept, || {
            format!("{} of {} stands in the log twice", entry.cid, entry.author)
        });
        let mut placed = None;
        match &applied.outcome {
            Outcome::Began => {
                self.rooms.entry(GENERAL_ROOM).or_default().is_public = true;
            }
            Outcome::Claimed { user, new: true, .. } => drop(self.users.insert(*user, seq)),
            Outcome::Placed(placement) => {
                let past = self.rooms.entry(placement.room).or_default();
                past.seqs.push(seq);
                past.counts.push(placement.count);
                let public = self.chat.room(placement.room).is_some_and(tertulia_server::chat::Room::is_public);
                past.is_public = public;
                holds(past.seqs.len() as u64 == placement.rseq.0, Promise::Kept, || {
                    format!("{placement:?} has a hole")
                });
                placed = Some((placement.room, placement.rseq));
            }
            _ => {}
        }
        self.effect(seq, placed, &applied.effect);
        self.placed.push(placed);
        self.outcomes.push(applied.outcome);
        self.entries.push(entry.clone());
    }

    fn effect(&mut self, seq: Seq, placed: Option<(RoomId, Rseq)>, effect: &Effect) {
        match *effect {
            Effect::Opened { room, ref members } => {
                for user in members {
                    self.members.entry((room, *user)).or_default().push((seq, true));
                }
            }
            Effect::Joined { room, user } => self.members.entry((room, user)).or_default().push((seq, true)),
            Effect::Left { room, user } => self.members.entry((room, user)).or_default().push((seq, false)),
            Effect::Erased { rseq, .. } => {
                let room = placed.map_or(GENERAL_ROOM, |(room, _)| room);
                self.rooms.entry(room).or_default().erased.entry(rseq).or_insert(seq);
            }
            Effect::Expired { upto, .. } => {
                let Some(past) = placed.and_then(|(room, _)| self.rooms.get_mut(&room)) else { return };
                for (rseq, at) in (1..).map(Rseq).zip(&past.seqs) {
                    let is_state = self.entries.get(index(*at)).is_none_or(|entry| entry.kind.is_state());
                    if *at <= upto && !is_state {
                        past.erased.entry(rseq).or_insert(seq);
                    }
                }
            }
            _ => {}
        }
    }

    pub(crate) fn entry(&self, seq: Seq) -> Option<&Entry> {
        seq.0.checked_sub(1).and_then(|_| self.entries.get(index(seq)))
    }

    pub(crate) fn place(&self, seq: Seq) -> Option<(RoomId, Rseq)> {
        self.placed.get(index(seq)).copied().flatten()
    }

    pub(crate) fn outcome(&self, seq: Seq) -> Option<&Outcome> {
        self.outcomes.get(index(seq))
    }

    /// Where somebody's write stands.
    pub(crate) fn find(&self, author: UserId, cid: Cid) -> Option<Seq> {
        self.by_cid.get(&(author, cid)).copied()
    }

    /// Where each entry of a room was as of a place of the log.
    pub(crate) fn head_at(&self, room: RoomId, seq: Seq) -> Rseq {
        let past = self.rooms.get(&room);
        Rseq(past.map_or(0, |past| past.seqs.partition_point(|at| *at <= seq)) as u64)
    }

    /// Whether somebody was a member at some moment from one place to another.
    pub(crate) fn was_member(&self, room: RoomId, user: UserId, from: Seq, to: Seq) -> bool {
        if room == GENERAL_ROOM {
            return self.users.get(&user).is_some_and(|claimed| *claimed <= to);
        }
        let Some(changes) = self.members.get(&(room, user)) else { return false };
        let before = changes.iter().rev().find(|(at, _)| *at <= from).is_some_and(|(_, member)| *member);
        before || changes.iter().any(|(at, member)| *member && *at > from && *at <= to)
    }

    pub(crate) fn is_member_at(&self, room: RoomId, user: UserId, at: Seq) -> bool {
        self.was_member(room, user, at, at)
    }

    /// Whether somebody might read a room at some moment from one place to another.
    pub(crate) fn might_read(&self, room: RoomId, user: UserId, from: Seq, to: Seq) -> bool {
        let Some(past) = self.rooms.get(&room) else { return false };
        let opened = past.seqs.first().is_some_and(|opened| *opened <= to) || room == GENERAL_ROOM;
        (past.is_public && opened) || self.was_member(room, user, from, to)
    }

    /// By which entry a place was erased.
    pub(crate) fn erased_by(&self, room: RoomId, rseq: Rseq) -> Option<Seq> {
        let past = self.rooms.get(&room)?;
        let own = past.erased.get(&rseq).copied();
        let seq = past.seqs.get(index(Seq(rseq.0)))?;
        let entry = self.entry(*seq)?;
        let target = entry.target.filter(|_| entry.kind == Kind::EDIT);
        let of_target = target.and_then(|target| past.erased.get(&target)).copied().map(|by| by.max(*seq));
        own.into_iter().chain(of_target).min()
    }

    /// An entry as it travels, with its first body.
    pub(crate) fn wire(&self, room: RoomId, rseq: Rseq) -> Option<tertulia_protocol::Entry> {
        let past = self.rooms.get(&room)?;
        let seq = *past.seqs.get(index(Seq(rseq.0)))?;
        let count = *past.counts.get(index(Seq(rseq.0)))?;
        let Entry { at, author, device, kind, target, mentions, body, .. } = self.entry(seq)?.clone();
        let mentions = (!mentions.is_empty()).then_some(mentions);
        Some(tertulia_protocol::Entry { seq, rseq, count, at, author, device, kind, target, mentions, body, cid: None })
    }

    /// A room's entries as they stand now: what is erased is empty.
    pub(crate) fn now(&self, room: RoomId) -> Vec<tertulia_protocol::Entry> {
        let heads = self.rooms.get(&room).map_or(0, |past| past.seqs.len()) as u64;
        let entries = (1..=heads).filter_map(|rseq| {
            let mut entry = self.wire(room, Rseq(rseq))?;
            if self.erased_by(room, Rseq(rseq)).is_some() {
                entry.body.clear();
            }
            Some(entry)
        });
        entries.collect()
    }

    /// Rooms that anybody may find.
    pub(crate) fn public(&self) -> Vec<RoomId> {
        self.rooms.iter().filter(|(_, past)| past.is_public).map(|(id, _)| *id).collect()
    }

    /// The rows that somebody should have.
    pub(crate) fn rows(chat: &Chat, user: UserId) -> Vec<reply::RoomRow> {
        chat.rooms_of(user).map(|(id, room)| room.row(id, user)).collect()
    }
}

fn index(seq: Seq) -> usize {
    usize::try_from(seq.0).unwrap_or(usize::MAX).wrapping_sub(1)
}
