//! The desk between the sessions and the log: what a session asks for becomes a draft, a page, or an answer; what the
//! log tells becomes an answer to the one who waits for it.
//!
//! Owns the chat, the log, and the list of who waits for what, which bounds what is in flight. **It must not** touch a
//! connection: it hands answers out as bytes.

use std::{collections::BTreeMap, net::IpAddr};

use slab::Slab;
use tertulia_protocol::{
    Cid, ErrorCode, LogId, PublicKey, RequestId, RoomId, Rseq, Seq, UserId, UserName, encode_into, limits, reply,
    request,
};

use crate::{
    admission::Claims,
    chat::{
        Chat, Outcome, Placement, Refusal,
        admit::{self, Author},
        no_room,
    },
    close_reason::CloseReason,
    connections::ConnectionId,
    keys::{Random, ServerKey},
    limits::Limits,
    log::{self, Draft, Log, Ticket},
    session::{Challenger, Fault, Session, Step},
};

/// The desk.
pub struct Desk<L> {
    /// The state that the log means.
    pub chat: Chat,
    /// The log.
    pub log: L,
    key: ServerKey,
    random: Box<dyn Random>,
    limits: Limits,
    /// Drafts of this turn, appended together.
    drafts: Vec<Draft>,
    waiting: Slab<Waiting>,
    drafts_in_flight: usize,
    bytes_in_flight: usize,
    /// Pages, and look-ups ahead of a refusal.
    questions_in_flight: usize,
    /// Whether the log waits to hear that its failures were seen.
    has_failed: bool,
    /// How many things of each author are in flight: while there are any, admit does not look at the state.
    authors: BTreeMap<UserId, u32>,
    /// The same for keys that have no user yet.
    keys: BTreeMap<PublicKey, u32>,
    claims: Claims,
}

/// Whose frame it is.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The connection.
    pub id: ConnectionId,
    /// Where it comes from.
    pub address: IpAddr,
}

/// Somebody who waits for the log.
#[derive(Debug)]
pub struct Waiting {
    /// The connection, if it is still there.
    pub id: Option<ConnectionId>,
    /// What for.
    pub wish: Wish,
    weight: usize,
}

/// What somebody waits for.
#[derive(Debug)]
pub enum Wish {
    /// The first entry of the log.
    Genesis,
    /// A name.
    Claim {
        /// For this key.
        key: PublicKey,
    },
    /// A place for what was written.
    Write {
        /// The request.
        request: RequestId,
        /// Who wrote it.
        author: UserId,
    },
    /// Whether what is about to be refused was stored before.
    Refused {
        /// The request.
        request: RequestId,
        /// Who wrote it.
        author: UserId,
        /// The answer if it was not.
        refusal: Refusal,
    },
    /// Entries.
    Page {
        /// The request.
        request: RequestId,
        /// Who reads.
        reader: UserId,
        /// The room.
        room: RoomId,
    },
}

/// A login that the chat has answered.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    /// The connection.
    pub id: ConnectionId,
    /// Who it is.
    pub author: Author,
    /// Whether it claimed the name.
    pub new: bool,
}

/// What the clock says. The loop reads it once a turn; nobody else does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that nobody sets.
    pub mono: u64,
    /// Milliseconds since 1970 (UTC).
    pub wall: i64,
}

impl<L: Log> Desk<L> {
    /// A desk over a chat that has taken in all of the log.
    pub fn new(chat: Chat, log: L, key: ServerKey, random: Box<dyn Random>, limits: Limits) -> Self {
        Self {
            chat,
            log,
            key,
            random,
            limits,
            drafts: Vec::new(),
            waiting: Slab::new(),
            drafts_in_flight: 0,
            bytes_in_flight: 0,
            questions_in_flight: 0,
            has_failed: false,
            authors: BTreeMap::new(),
            keys: BTreeMap::new(),
            claims: Claims::default(),
        }
    }

    /// Begins the log, if it is empty.
    pub fn begin(&mut self, now: Now) {
        if self.chat.position() == Seq(0) {
            let cid = self.server_cid(now);
            let mut log = LogId([0; 16]);
            self.random.fill(&mut log.0);
            let ticket = self.wait(None, Wish::Genesis);
            self.draft(admit::genesis(ticket, now.wall, cid, log));
            self.append();
        }
    }

    /// Goes on with other limits; what is in flight stays in flight.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether so much is in flight, or something of it is failing, that frames have to stay unread. `queued` is what
    /// waits in all send queues: the pages in the making will join it.
    pub fn is_full(&self, queued: usize) -> bool {
        self.has_failed
            || self.drafts_in_flight >= self.limits.drafts_in_flight
            || self.bytes_in_flight >= self.limits.draft_bytes_in_flight
            || self.questions_in_flight >= self.limits.fetches_in_flight
            || self.questions_in_flight > 0
                && queued + self.questions_in_flight * limits::FRAME_BYTES_MAX >= self.limits.send_queues_bytes
    }

    /// Asserts what has to hold between two turns.
    pub fn check_invariants(&self) {
        let count = |is: fn(&Waiting) -> bool| self.waiting.iter().filter(|(_, waiting)| is(waiting)).count();
        assert_eq!(self.drafts_in_flight, count(|waiting| waiting.weight > 0), "drafts in flight");
        let bytes = self.waiting.iter().map(|(_, waiting)| waiting.weight).sum::<usize>();
        assert_eq!(self.bytes_in_flight, bytes, "bytes in flight");
        let questions = count(|waiting| matches!(waiting.wish, Wish::Refused { .. } | Wish::Page { .. }));
        assert_eq!(self.questions_in_flight, questions, "questions in flight");
        let authors = count(|waiting| matches!(waiting.wish, Wish::Write { .. } | Wish::Refused { .. }));
        assert_eq!(self.authors.values().sum::<u32>() as usize, authors, "authors with something in flight");
        let keys = count(|waiting| matches!(waiting.wish, Wish::Claim { .. }));
        assert_eq!(self.keys.values().sum::<u32>() as usize, keys, "keys with something in flight");
    }

    /// Whether nothing is on its way into the log.
    pub fn is_settled(&self) -> bool {
        self.drafts_in_flight == 0
    }

    /// Whether nobody waits for anything.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Remembers that the log has failed something.
    pub fn note_failure(&mut self) {
        self.has_failed = true;
    }

    /// Tells the log that its failures were seen, but not before all of them were: a writer who does not know yet that
    /// an earlier word has failed would send the next one, and that would get ahead. So nothing is read in between.
    pub fn acknowledge_failure(&mut self) {
        if self.has_failed && self.is_settled() {
            self.has_failed = false;
            self.log.acknowledge_failure();
        }
    }

    /// Takes a frame of a connection in. What can be answered at once is appended to `answers`.
    ///
    /// # Errors
    /// The connection has to close.
    pub fn on_frame(
        &mut self,
        caller: Caller,
        session: &mut Session,
        frame: tertulia_protocol::RawFrame<'_>,
        now: Now,
        answers: &mut Vec<u8>,
        logins: &mut Vec<Login>,
    ) -> Result<(), Fault> {
        let mut challenger = Challenger { key: &self.key, random: &mut *self.random, exporter: &[] };
        let step = session.on_frame(frame, &mut challenger)?;
        let id = caller.id;
        match (step, session) {
            (Step::Nothing, _) => {}
            (Step::Answer(bytes), _) if answers.is_empty() => *answers = bytes,
            (Step::Answer(bytes), _) => answers.extend_from_slice(&bytes),
            (Step::Login { key, name }, _) => logins.extend(self.login(caller, key, name.as_deref(), now)?),
            (Step::Refuse(request, refusal), _) => refuse(request, refusal, answers),
            (Step::Write(write), Session::Ready(ready)) => {
                self.write(id, Author { user: ready.user, device: ready.device }, write, now);
            }
            (Step::Pull(pull), Session::Ready(ready)) => {
                if self.pull(id, ready.user, pull, answers) {
                    ready.page_answered();
                }
            }
            (Step::Sync(sync), Session::Ready(ready)) => {
                self.sync(ready.user, sync, answers);
                ready.answered();
            }
            // Only a ready session asks for these.
            (Step::Write(_) | Step::Pull(_) | Step::Sync(_), _) => return Err(CloseReason::OutOfOrder.into()),
        }
        Ok(())
    }

    /// Hands the turn's drafts to the log.
    pub fn append(&mut self) {
        if !self.drafts.is_empty() {
            self.log.append(std::mem::take(&mut self.drafts));
        }
    }

    /// Who waited for this, which no longer does.
    pub fn take(&mut self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.waiting.try_remove(usize::try_from(ticket.0).ok()?)?;
        if waiting.weight > 0 {
            self.drafts_in_flight -= 1;
            self.bytes_in_flight -= waiting.weight;
        }
        match &waiting.wish {
            Wish::Genesis => {}
            Wish::Claim { key } => release(&mut self.keys, key),
            Wish::Write { author, .. } => release(&mut self.authors, author),
            Wish::Refused { author, .. } => {
                release(&mut self.authors, author);
                self.questions_in_flight -= 1;
            }
            Wish::Page { .. } => self.questions_in_flight -= 1,
        }
        // After a storm; not after every message of a quiet evening.
        if self.waiting.is_empty() && self.waiting.capacity() > 1_024 {
            self.waiting.shrink_to_fit();
        }
        Some(waiting)
    }

    fn login(
        &mut self,
        Caller { id, address }: Caller,
        key: PublicKey,
        typed: Option<&str>,
        now: Now,
    ) -> Result<Option<Login>, Fault> {
        let refused = |refusal| Fault { reason: CloseReason::LoginRefused, refusal: Some(refusal) };
        if let Some((user, device)) = self.chat.known_key(&key) {
            let name = self.chat.directory().name(user);
            // Bringing it to its form is worth more instructions than the rest of this, and nearly always it is in it.
            let is_other = |typed| typed != name && UserName::parse(typed).map_or(true, |typed| typed.as_str() != name);
            if typed.is_some_and(is_other) {
                return Err(refused(self.chat.directory().key_has_name(user)));
            }
            return Ok(Some(Login { id, author: Author { user, device }, new: false }));
        }
        let Some(typed) = typed else {
            return Err(refused(Refusal::new(ErrorCode::NAME_NEEDED, "this device is new here: it needs a name")));
        };
        let in_flight = self.keys.contains_key(&key);
        let cid = self.server_cid(now);
        let ticket = Ticket(self.waiting.vacant_key() as u64);
        let draft = admit::claim(&self.chat, in_flight, ticket, now.wall, cid, key, typed).map_err(refused)?;
        if !self.claims.count(address, self.limits.names_per_address_per_hour, now.mono) {
            let text = "too many new names came from this address in the last hour";
            return Err(refused(Refusal::new(ErrorCode::TOO_MANY_NAMES, text)));
        }
        self.wait(Some(id), Wish::Claim { key });
        self.draft(draft);
        Ok(None)
    }

    fn write(&mut self, id: ConnectionId, author: Author, write: request::Write, now: Now) {
        let (request, cid) = (write.request, write.cid);
        let in_flight = self.authors.contains_key(&author.user);
        let ticket = Ticket(self.waiting.vacant_key() as u64);
        match admit::write(&self.chat, in_flight, ticket, now.wall, author, write) {
            Ok(draft) => {
                self.wait(Some(id), Wish::Write { request, author: author.user });
                self.draft(draft);
            }
            Err(refusal) => {
                // It may have been stored before the rules, or the rooms, changed: then that is the answer.
                self.wait(Some(id), Wish::Refused { request, author: author.user, refusal });
                self.log.find(ticket, author.user, cid);
            }
        }
    }

    /// Asks the log for a page. Whether it is answered already.
    fn pull(&mut self, id: ConnectionId, reader: UserId, pull: request::Pull, answers: &mut Vec<u8>) -> bool {
        let request::Pull { request, room, from, to } = pull;
        if from.0 == 0 || from > to {
            refuse(request, Refusal::new(ErrorCode::BAD_REQUEST, "places are counted from 1, upwards"), answers);
            return true;
        }
        let Some(found) = self.chat.readable(room, reader) else {
            refuse(request, no_room(), answers);
            return true;
        };
        let places = found.places();
        let seqs: Vec<Seq> =
            places.newest(from, to, limits::PAGE_ENTRIES_MAX).iter().map(|place| place.seq()).collect();
        if seqs.is_empty() {
            encode_into(&reply::Page { request, room, entries: Vec::new(), head: places.head() }, answers);
            return true;
        }
        let ticket = self.wait(Some(id), Wish::Page { request, reader, room });
        self.log.fetch(ticket, seqs, limits::PAGE_BODY_BYTES_MAX);
        false
    }

    fn sync(&self, user: UserId, sync: request::Sync, answers: &mut Vec<u8>) {
        let request::Sync { request, since, users_after } = sync;
        // Ids are places in the log, so who is new since a place has an id beyond it.
        let after = users_after.unwrap_or_default().max(UserId(since.0));
        let (users, more_users) = self.chat.user_rows(after, limits::SYNC_USERS_MAX);
        let rooms = self.chat.room_rows(user, since);
        encode_into(&reply::Synced { request, position: self.chat.position(), rooms, users, more_users }, answers);
    }

    /// The answer to a `Pull`, once the log has fetched its entries; checked again, because the answer leaves now.
    pub fn page(&self, request: RequestId, reader: UserId, room: RoomId, entries: Vec<log::Entry>) -> Vec<u8> {
        let mut answer = Vec::new();
        let Some(found) = self.chat.readable(room, reader) else {
            refuse(request, no_room(), &mut answer);
            return answer;
        };
        let places = found.places();
        let placed = |entry: log::Entry| {
            let (rseq, place) = places.find(entry.seq)?;
            let cid = (entry.author == reader).then_some(entry.cid);
            Some(wire_entry(entry, rseq, place.count(), cid))
        };
        let entries = entries.into_iter().filter_map(placed).collect();
        encode_into(&reply::Page { request, room, entries, head: places.head() }, &mut answer);
        answer
    }

    /// What a resend is answered: the place or the refusal of the first one.
    pub fn outcome_of(&self, stored: log::Stored) -> Outcome {
        self.chat
            .outcome_of(stored.seq, stored.room)
            .unwrap_or_else(|| Outcome::Refused(Refusal::new(ErrorCode::FAILED, "it has no place yet")))
    }

    fn wait(&mut self, id: Option<ConnectionId>, wish: Wish) -> Ticket {
        match &wish {
            Wish::Genesis => {}
            Wish::Claim { key } => *self.keys.entry(*key).or_default() += 1,
            Wish::Write { author, .. } => *self.authors.entry(*author).or_default() += 1,
            Wish::Refused { author, .. } => {
                *self.authors.entry(*author).or_default() += 1;
                self.questions_in_flight += 1;
            }
            Wish::Page { .. } => self.questions_in_flight += 1,
        }
        Ticket(self.waiting.insert(Waiting { id, wish, weight: 0 }) as u64)
    }

    fn draft(&mut self, draft: Draft) {
        let weight = draft.weight();
        if let Some(waiting) = usize::try_from(draft.ticket.0).ok().and_then(|key| self.waiting.get_mut(key)) {
            waiting.weight = weight;
        }
        self.drafts_in_flight += 1;
        self.bytes_in_flight += weight;
        self.drafts.push(draft);
    }

    /// A UUID of version 7 (RFC 9562, section 5.7) for what the server writes itself.
    fn server_cid(&mut self, now: Now) -> Cid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        bytes[..6].copy_from_slice(&now.wall.to_be_bytes()[2..]);
        bytes[6] = 0x70 | bytes[6] & 0x0f;
        bytes[8] = 0x80 | bytes[8] & 0x3f;
        Cid(bytes)
    }
}

/// An entry as it travels.
pub fn wire_entry(entry: log::Entry, rseq: Rseq, count: u64, cid: Option<Cid>) -> tertulia_protocol::Entry {
    let log::Entry { seq, at, author, device, cid: _, room: _, kind, target, mentions, body } = entry;
    let mentions = (!mentions.is_empty()).then_some(mentions);
    tertulia_protocol::Entry { seq, rseq, count, at, author, device, kind, target, mentions, body, cid }
}

/// The acknowledgement of a write: durable, ordered, and on its way to everybody.
pub fn acknowledge(request: RequestId, placement: Placement, at: i64, answers: &mut Vec<u8>) {
    let Placement { room: _, seq, rseq, count } = placement;
    encode_into(&reply::Placed { request, seq, rseq, count, at }, answers);
}

/// The refusal of a request.
pub fn refuse(request: RequestId, refusal: Refusal, answers: &mut Vec<u8>) {
    encode_into(&error(Some(request), refusal), answers);
}

/// A refusal as a frame: of a request, or of the connection.
pub fn error(request: Option<RequestId>, refusal: Refusal) -> reply::Error {
    let Refusal { code, params, text } = refusal;
    reply::Error { request, code, params: (!params.is_empty()).then_some(params), text }
}

fn release<K: Ord + Copy>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
