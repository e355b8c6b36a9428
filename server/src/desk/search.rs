//! Searches: who waits for one, and whose turn it is.
//!
//! A search looks only into rooms that the asker may read: whether there are hits elsewhere must not even be guessed
//! from how far it got. What the log finds is held against the state once more when the answer leaves.
//!
//! One search can keep the log's reader busy for half a second. So few are in the log at once, and people take turns,
//! step by step: whoever asks for hundreds waits for them alone. **Invariant:** who waits here is not among the questions
//! of `waiting` that leave frames unread, else searches would stop the chat; a connection may have few of them, and
//! takes them along when it goes.

use std::collections::{BTreeMap, VecDeque};

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Seq, UserId, encode_into,
    entry::MessageBody,
    limits::{HITS_MAX, PAGE_BODY_BYTES_MAX, SEARCH_BYTES_MAX},
    push::RoomEntry,
    reply, request,
};

use super::{Assembled, Desk, Wish, refuse, wire_entry};
use crate::{
    chat::{Refusal, no_room},
    connections::ConnectionId,
    log::{self, Log, Query},
};

/// How often the log is asked on for one request that has found nothing yet, each time for a bounded time.
const STEPS_MAX: u32 = 20;

/// How many the log has at once: one to work at, and the next, so that its reader does not wait for a turn.
const AT_ONCE: usize = 2;

/// A search on its way.
#[derive(Debug)]
pub struct Search {
    id: ConnectionId,
    reader: UserId,
    /// What for, and from where on.
    wanted: request::Search,
    /// How often the log was asked already.
    steps: u32,
}

/// What the log has found in one step.
#[derive(Debug)]
pub struct Found {
    /// Messages, newest first.
    pub entries: Vec<log::Entry>,
    /// From where to go on, if not everything was looked through.
    pub below: Option<Seq>,
}

/// All searches that are not done.
#[derive(Debug, Default)]
pub struct Searches {
    waiting: BTreeMap<UserId, VecDeque<Search>>,
    /// Whose turn it is: everybody who waits, once.
    turns: VecDeque<UserId>,
    in_the_log: usize,
}

impl Searches {
    fn queue(&mut self, reader: UserId) -> &mut VecDeque<Search> {
        self.waiting.entry(reader).or_insert_with(|| {
            self.turns.push_back(reader);
            VecDeque::new()
        })
    }

    /// The next one, whose reader comes last then.
    fn next(&mut self) -> Option<Search> {
        let reader = self.turns.pop_front()?;
        let queue = self.waiting.get_mut(&reader)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&reader);
        } else {
            self.turns.push_back(reader);
        }
        next
    }

    /// A connection has gone, and nobody wants its searches.
    pub fn forget(&mut self, id: ConnectionId, reader: UserId) {
        let Some(queue) = self.waiting.get_mut(&reader) else { return };
        queue.retain(|search| search.id != id);
        if queue.is_empty() {
            self.waiting.remove(&reader);
            self.turns.retain(|user| *user != reader);
        }
    }

    /// Asserts what has to hold between two turns. `in_the_log` is how many wait for the log.
    pub fn check_invariants(&self, in_the_log: usize) {
        assert_eq!(self.in_the_log, in_the_log, "searches in the log");
        assert!(self.in_the_log == AT_ONCE || self.waiting.is_empty(), "a search that nobody works at");
        let mut turns: Vec<UserId> = self.turns.iter().copied().collect();
        turns.sort_unstable();
        assert!(turns.iter().eq(self.waiting.keys()), "everybody who waits has a turn");
        assert!(self.waiting.values().all(|queue| !queue.is_empty()), "who waits, waits for something");
    }
}

impl<L: Log> Desk<L> {
    /// Searches, in turn. Whether it is answered already.
    pub(super) fn search(
        &mut self,
        id: ConnectionId,
        reader: UserId,
        wanted: request::Search,
        answers: &mut Vec<u8>,
    ) -> bool {
        if let Err(refusal) = self.check_search(reader, &wanted) {
            refuse(wanted.request, refusal, answers);
            return true;
        }
        self.searches.queue(reader).push_back(Search { id, reader, wanted, steps: 1 });
        self.look_on();
        false
    }

    fn check_search(&self, reader: UserId, wanted: &request::Search) -> Result<(), Refusal> {
        let request::Search { request: _, words, room, author, from, until, has_link, below: _ } = wanted;
        let bad = |text| Err(Refusal::new(ErrorCode::BAD_REQUEST, text));
        if words.len() > SEARCH_BYTES_MAX {
            return bad("so many words are no search");
        }
        let is_empty = words.split_whitespace().next().is_none() && *has_link != Some(true);
        if is_empty && author.is_none() && from.is_none() && until.is_none() && room.is_none() {
            return bad("a search for nothing");
        }
        room.is_none_or(|room| self.chat.readable(room, reader).is_some()).then_some(()).ok_or_else(no_room)
    }

    /// Has the log work at those whose turn it is.
    fn look_on(&mut self) {
        while self.searches.in_the_log < AT_ONCE
            && let Some(search) = self.searches.next()
        {
            let request::Search { request: _, words, room, author, from, until, has_link, below } = &search.wanted;
            let all = room.is_none().then(|| self.chat.rooms().map(|(id, _)| id));
            let mut rooms: Vec<RoomId> = all.into_iter().flatten().chain(*room).collect();
            rooms.retain(|room| self.chat.readable(*room, search.reader).is_some());
            let query = Query {
                words: words.split_whitespace().map(ToOwned::to_owned).collect(),
                rooms: rooms.clone(),
                author: *author,
                from: *from,
                until: *until,
                has_link: *has_link == Some(true),
                below: *below,
            };
            self.searches.in_the_log += 1;
            let ticket = self.waits.add(Some(search.id), Wish::Search { search: Box::new(search), rooms });
            self.log.search(ticket, query, HITS_MAX);
        }
    }

    /// What comes of a step of a search: the answer, or another step if nothing was found yet and its connection
    /// `is_there` to wait for it. `found` is nothing if the log cannot search.
    pub fn hits(&mut self, search: Search, rooms: &[RoomId], found: Option<Found>, is_there: bool) -> Assembled {
        self.searches.in_the_log -= 1;
        let assembled = match found {
            _ if !is_there => Assembled::Asked,
            Some(found) => self.assemble(search, rooms, found),
            None => {
                self.upkeep.search_failed();
                let mut answer = Vec::new();
                let refusal = Refusal::new(ErrorCode::FAILED, "the search index cannot be read");
                refuse(search.wanted.request, refusal, &mut answer);
                Assembled::Answer(answer)
            }
        };
        self.look_on();
        assembled
    }

    fn assemble(&mut self, mut search: Search, rooms: &[RoomId], found: Found) -> Assembled {
        let reader = search.reader;
        let left = rooms.iter().filter(|room| self.chat.readable(**room, reader).is_some()).count();
        if left == 0 {
            let mut answer = Vec::new();
            refuse(search.wanted.request, no_room(), &mut answer);
            return Assembled::Answer(answer);
        }
        if left < rooms.len() {
            // How far it got would tell of a room that is not the asker's any more.
            self.searches.queue(reader).push_front(search);
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
                below = Some(Seq(seq.0 + 1));
                break;
            }
            hits.push(hit);
        }
        if hits.is_empty() && below.is_some() && search.steps < STEPS_MAX {
            search.wanted.below = below;
            search.steps += 1;
            self.searches.queue(reader).push_front(search);
            return Assembled::Asked;
        }
        let mut answer = Vec::new();
        encode_into(&reply::Hits { request: search.wanted.request, hits, below }, &mut answer);
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
