//! Who waits for what: the list behind the tickets of the log, and the counts that bound what is in flight.

use std::collections::BTreeMap;

use slab::Slab;
use tertulia_protocol::{PublicKey, RequestId, RoomId, Rseq, UserId, limits::FRAME_BYTES_MAX};

use super::{page::PageWish, search::Search};
use crate::{
    chat::{Refusal, admit::Author},
    connections::ConnectionId,
    limits::Limits,
    log::Ticket,
};

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
    /// Something that the server writes by itself, and nobody is told about.
    Own,
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
        /// Where to: the answer names the room if it came to stand in another.
        room: RoomId,
    },
    /// Whether what is about to be refused was stored before.
    Refused {
        /// The request.
        request: RequestId,
        /// Who wrote it.
        author: UserId,
        /// Where to.
        room: RoomId,
        /// The answer if it was not.
        refusal: Refusal,
    },
    /// Entries.
    Page(Box<PageWish>),
    /// Messages that somebody looks for.
    Search {
        /// What for, and for whom.
        search: Box<Search>,
        /// The rooms that are looked into.
        rooms: Vec<RoomId>,
    },
    /// From where on a room's entries are young enough to be kept.
    Expiry {
        /// The room.
        room: RoomId,
        /// Its last place when the log was asked: of what came since, the answer says nothing.
        head: Rseq,
    },
}

impl Wish {
    /// Who is about to change the state: while there is such a wish, admit does not look at it for the same author.
    fn author(&self) -> Option<UserId> {
        match self {
            Self::Write { author, .. } | Self::Refused { author, .. } => Some(*author),
            _ => None,
        }
    }

    fn is_question(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Page(_) | Self::Search { .. } | Self::Expiry { .. })
    }
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

/// Everybody who waits.
#[derive(Debug, Default)]
pub struct Waits {
    waiting: Slab<Waiting>,
    drafts: usize,
    draft_bytes: usize,
    /// What the log was asked: pages, searches, look-ups ahead of a refusal.
    questions: usize,
    /// How many things of each author are in flight.
    authors: BTreeMap<UserId, u32>,
    /// The same for keys that have no user yet.
    keys: BTreeMap<PublicKey, u32>,
}

impl Waits {
    /// Whether so much is in flight that frames have to stay unread, with so many bytes in all send queues.
    pub fn is_full(&self, queued: usize, limits: &Limits) -> bool {
        self.drafts >= limits.drafts_in_flight
            || self.draft_bytes >= limits.draft_bytes_in_flight
            || self.questions >= limits.fetches_in_flight
            || self.questions > 0 && queued + self.questions * FRAME_BYTES_MAX >= limits.send_queues_bytes
    }

    /// Asserts what has to hold between two turns.
    pub fn check_invariants(&self) {
        let all = || self.waiting.iter().map(|(_, waiting)| waiting);
        assert_eq!(self.drafts, all().filter(|waiting| waiting.weight > 0).count(), "drafts in flight");
        assert_eq!(self.draft_bytes, all().map(|waiting| waiting.weight).sum::<usize>(), "bytes in flight");
        assert_eq!(self.questions, all().filter(|waiting| waiting.wish.is_question()).count(), "questions in flight");
        let authors = all().filter(|waiting| waiting.wish.author().is_some()).count();
        assert_eq!(self.authors.values().sum::<u32>() as usize, authors, "authors with something in flight");
        let keys = all().filter(|waiting| matches!(waiting.wish, Wish::Claim { .. })).count();
        assert_eq!(self.keys.values().sum::<u32>() as usize, keys, "keys with something in flight");
    }

    /// How many searches the log has.
    pub fn searches(&self) -> usize {
        self.waiting.iter().filter(|(_, waiting)| matches!(waiting.wish, Wish::Search { .. })).count()
    }

    /// How many drafts are on their way into the log.
    pub fn drafts(&self) -> usize {
        self.drafts
    }

    /// Whether nobody waits for anything.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether something of an author is in flight.
    pub fn has_author(&self, author: UserId) -> bool {
        self.authors.contains_key(&author)
    }

    /// Whether a claim of a key is in flight.
    pub fn has_key(&self, key: &PublicKey) -> bool {
        self.keys.contains_key(key)
    }

    /// The ticket that [`Self::add`] will give next.
    pub fn next_ticket(&self) -> Ticket {
        Ticket(self.waiting.vacant_key() as u64)
    }

    /// Somebody waits from now on.
    pub fn add(&mut self, id: Option<ConnectionId>, wish: Wish) -> Ticket {
        if let Some(author) = wish.author() {
            *self.authors.entry(author).or_default() += 1;
        }
        if let Wish::Claim { key } = &wish {
            *self.keys.entry(*key).or_default() += 1;
        }
        self.questions += usize::from(wish.is_question());
        Ticket(self.waiting.insert(Waiting { id, wish, weight: 0 }) as u64)
    }

    /// What a draft counts for until its ticket is taken.
    pub fn weigh(&mut self, ticket: Ticket, weight: usize) {
        if let Some(waiting) = usize::try_from(ticket.0).ok().and_then(|key| self.waiting.get_mut(key)) {
            waiting.weight = weight;
            self.drafts += 1;
            self.draft_bytes += weight;
        }
    }

    /// Who waited for this, which no longer does.
    pub fn take(&mut self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.waiting.try_remove(usize::try_from(ticket.0).ok()?)?;
        if waiting.weight > 0 {
            self.drafts -= 1;
            self.draft_bytes -= waiting.weight;
        }
        if let Some(author) = waiting.wish.author() {
            release(&mut self.authors, &author);
        }
        if let Wish::Claim { key } = &waiting.wish {
            release(&mut self.keys, key);
        }
        self.questions -= usize::from(waiting.wish.is_question());
        // After a storm; not after every message of a quiet evening.
        if self.waiting.is_empty() && self.waiting.capacity() > 1_024 {
            self.waiting.shrink_to_fit();
        }
        Some(waiting)
    }
}

fn release<K: Ord + Copy>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
