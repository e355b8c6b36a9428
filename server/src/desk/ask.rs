//! What the state answers at once (what changed, which rooms there are, who is in them), and searches.
//!
//! A search looks only into rooms that the asker may read: whether there are hits elsewhere must not even be guessed
//! from how far it got. What the log finds is held against the state once more when the answer leaves.

use tertulia_protocol::{
    ErrorCode, Kind, RequestId, UserId, encode_into,
    entry::MessageBody,
    limits::{HITS_MAX, PAGE_BODY_BYTES_MAX, ROWS_MAX, SEARCH_BYTES_MAX},
    push::RoomEntry,
    reply, request,
};

use super::{Assembled, Desk, Wish, refuse, wire_entry};
use crate::{
    chat::{Refusal, SyncRows, no_room},
    connections::ConnectionId,
    log::{self, Log, Query},
};

/// How often the log is asked on for one request that has found nothing yet, each time for a bounded time.
const STEPS_MAX: u32 = 20;

/// What the log has found in one step.
#[derive(Debug)]
pub struct Found {
    /// Messages, newest first.
    pub entries: Vec<log::Entry>,
    /// From where to go on, if not everything was looked through.
    pub below: Option<tertulia_protocol::Seq>,
}

impl<L: Log> Desk<L> {
    pub(super) fn sync(&self, user: UserId, sync: &request::Sync, answers: &mut Vec<u8>) {
        let request = sync.request;
        match self.chat.sync_rows(user, sync.since, sync.after.as_deref(), ROWS_MAX) {
            Ok(SyncRows { rooms, users, gone, erased, next }) => {
                let position = self.chat.position();
                let gone = (!gone.is_empty()).then_some(gone);
                let erased = (!erased.is_empty()).then_some(erased);
                encode_into(&reply::Synced { request, position, rooms, users, next, gone, erased }, answers);
            }
            Err(refusal) => refuse(request, refusal, answers),
        }
    }

    pub(super) fn browse(&self, user: UserId, browse: request::Browse, answers: &mut Vec<u8>) {
        let request::Browse { request, after } = browse;
        let (rooms, more) = self.chat.browse(user, after, ROWS_MAX);
        encode_into(&reply::Browsed { request, rooms, more }, answers);
    }

    pub(super) fn members(&self, user: UserId, members: request::Members, answers: &mut Vec<u8>) {
        let request::Members { request, room, after } = members;
        match self.chat.member_rows(room, user, after, ROWS_MAX) {
            Some((members, more)) => {
                encode_into(&reply::MemberList { request, room, members, more }, answers);
            }
            None => refuse(request, no_room(), answers),
        }
    }

    /// Asks the log for messages. Whether it is answered already.
    pub(super) fn search(
        &mut self,
        id: ConnectionId,
        reader: UserId,
        search: request::Search,
        answers: &mut Vec<u8>,
    ) -> bool {
        let request = search.request;
        match self.query(reader, search) {
            Ok(query) => {
                self.look(Some(id), request, reader, query, 1);
                false
            }
            Err(refusal) => {
                refuse(request, refusal, answers);
                true
            }
        }
    }

    fn query(&self, reader: UserId, search: request::Search) -> Result<Query, Refusal> {
        let request::Search { request: _, words, room, author, from, until, has_link, below } = search;
        let bad = |text| Err(Refusal::new(ErrorCode::BAD_REQUEST, text));
        if words.len() > SEARCH_BYTES_MAX {
            return bad("so many words are no search");
        }
        let words: Vec<String> = words.split_whitespace().map(ToOwned::to_owned).collect();
        let has_link = has_link == Some(true);
        if words.is_empty() && author.is_none() && from.is_none() && until.is_none() && !has_link && room.is_none() {
            return bad("a search for nothing");
        }
        let rooms = match room {
            Some(room) if self.chat.readable(room, reader).is_none() => return Err(no_room()),
            Some(room) => vec![room],
            None => {
                self.chat.rooms().map(|(id, _)| id).filter(|id| self.chat.readable(*id, reader).is_some()).collect()
            }
        };
        Ok(Query { words, rooms, author, from, until, has_link, below })
    }

    fn look(&mut self, id: Option<ConnectionId>, request: RequestId, reader: UserId, query: Query, steps: u32) {
        let asked = query.clone();
        let ticket = self.waits.add(id, Wish::Search { request, reader, query: Box::new(query), steps });
        self.log.search(ticket, asked, HITS_MAX);
    }

    /// What comes of a step of a search: the answer, or another step if nothing was found yet.
    pub fn hits(
        &mut self,
        id: Option<ConnectionId>,
        (request, reader): (RequestId, UserId),
        mut query: Query,
        steps: u32,
        found: Found,
    ) -> Assembled {
        let asked = query.rooms.len();
        query.rooms.retain(|room| self.chat.readable(*room, reader).is_some());
        if query.rooms.is_empty() {
            let mut answer = Vec::new();
            refuse(request, no_room(), &mut answer);
            return Assembled::Answer(answer);
        }
        if query.rooms.len() < asked {
            // How far it got would tell of a room that is not the asker's any more.
            self.look(id, request, reader, query, steps);
            return Assembled::Asked;
        }
        let Found { entries, mut below } = found;
        let mut hits: Vec<RoomEntry> = Vec::new();
        let mut weight = 0;
        for entry in entries {
            let seq = entry.seq;
            let Some((hit, weighs)) = self.hit(reader, entry) else { continue };
            weight += weighs;
            if weight > PAGE_BODY_BYTES_MAX && !hits.is_empty() {
                // It is the first of the next answer.
                below = Some(tertulia_protocol::Seq(seq.0 + 1));
                break;
            }
            hits.push(hit);
        }
        if hits.is_empty() && below.is_some() && steps < STEPS_MAX {
            self.look(id, request, reader, Query { below, ..query }, steps + 1);
            return Assembled::Asked;
        }
        let mut answer = Vec::new();
        encode_into(&reply::Hits { request, hits, below }, &mut answer);
        Assembled::Answer(answer)
    }

    /// A message as a hit, with its text and nothing else of its body, and what it weighs.
    fn hit(&self, reader: UserId, mut entry: log::Entry) -> Option<(RoomEntry, usize)> {
        let room = entry.room;
        let found = self.chat.readable(room, reader)?;
        let (rseq, place) = found.places().find(entry.seq)?;
        if place.kind() != Kind::MESSAGE || found.is_erased(rseq) {
            return None;
        }
        entry.body = MessageBody::from_bytes(&entry.body)?.to_bytes();
        let weighs = entry.weight();
        Some((RoomEntry { room, entry: wire_entry(entry, rseq, place.count(), None) }, weighs))
    }
}
