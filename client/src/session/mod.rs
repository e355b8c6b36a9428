//! One connection to one server over its whole life, reconnects included: a state machine without sockets or clocks.
//!
//! The owner (the network thread, a test) says what happened, and when; then takes out, in order, what there is to do
//! ([`Session::next_action`]) and what there is to know ([`Session::next_event`]), and comes back at
//! [`Session::deadline`] if nothing happens before.
//!
//! ```text
//!            start                     connect_failed / closed / silent / nonsense / slept
//!   (new) ─────────┐      ┌────────────────────────────────────────────────────────────┐
//!                  ▼      ▼                                                            │
//!   Waiting ──▶ Connecting ──▶ Greeting ──▶ Proving ──▶ Ready: syncing ──▶ Ready: live │
//!      ▲  wait over      Hello │    Prove │  Welcome │              Synced             │
//!      │                       ▼          ▼                                            │
//!      │                 other key     refused                                         │
//!      │                       └────┬─────┘                                            │
//!      │                            ▼        retry, log_in_as, trust_server_key        │
//!      │                         Stopped ─────────────────────────────▶ Connecting     │
//!      └───────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Owns the writes that are not answered yet, and what is held of each room. **Invariant:** no input makes it read a
//! clock, block, or panic; every write ends in exactly one of [`Event::Settled`] and [`Event::WriteRefused`].

mod ask;
mod backoff;
mod cid;
mod event;
mod identity;
mod keeping;
mod kept;
mod life;
mod login;
mod outbox;
mod owner;
mod rooms;
mod runs;
mod saved;
mod signals;
mod sync;
mod traffic;
mod unkept;
mod why;
mod wishes;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use tertulia_protocol::{
    Cid, Message, PublicKey, RequestId, RoomId, Seq, UserId, encode, entry::RoomEntry, push::Presence, reply::Lineage,
};

pub use ask::{Answer, Ask, Search};
pub use cid::CidMaker;
pub use event::Event;
pub use identity::{DeviceKey, Random};
pub use owner::{Action, Config, Counters, History, Now};
pub use saved::{Batch, Change, DraftText, Failure, Loaded, OutboxItem, RoomState, Run, Saved, SetBack};
pub use why::{Nonsense, StopCode, Why};
pub use write::Write;

use backoff::Backoff;
use keeping::Keeping;
use kept::Kept;
use outbox::Outbox;
use rooms::Room;

/// From connecting to `Welcome`: longer than a server allows itself, which knows better why it takes so long.
const LOGIN_MAX: Duration = Duration::from_secs(15);

/// Writes that may wait for their answers altogether, sent or not. [`Session::is_full`] says when to hold back.
const WRITES_MAX: usize = 4_096;

/// The session. See the module's page.
#[derive(Debug)]
pub struct Session {
    config: Config,
    random: Random,
    cids: CidMaker,
    state: State,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,

    connecting: Backoff,
    attempt: u32,
    /// The moment of the last input.
    seen: Option<Now>,
    /// When the computer last woke up, or the clock leapt, in a way that counted.
    leapt: Option<Duration>,

    last_sent: Duration,
    last_heard: Duration,
    /// The owner does not read for now, so silence means nothing.
    paused: bool,

    next_request: u32,
    requests: BTreeMap<RequestId, Request>,
    outbox: Outbox,
    /// The rooms of a script.
    rooms: BTreeMap<RoomId, Room>,
    /// The rooms of somebody who has a store.
    kept: BTreeMap<RoomId, Kept>,
    keeping: Keeping,
    /// The place in the log up to which everything is known: what the next `Sync` asks from.
    since: Seq,
    /// The sync point fell, and what is behind it was not asked for since.
    fell_back: bool,
    lineage: Vec<Lineage>,
    me: Option<UserId>,
    /// What came while a `Sync` was unanswered: its people may not be known yet.
    early: VecDeque<RoomEntry>,
    /// There were too many of them.
    early_lost: bool,
    early_presence: VecDeque<Presence>,
    /// The rooms that the present sync has named.
    named: BTreeSet<RoomId>,
    /// Behind the present sync, all rooms are to be asked for.
    all_rooms: bool,
    away: bool,
    /// When we last said in which room that we are writing.
    typing: BTreeMap<RoomId, Duration>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Until when.
    Waiting(Duration),
    Connecting,
    Greeting {
        nonce: tertulia_protocol::Nonce,
        until: Duration,
    },
    Proving {
        server_key: PublicKey,
        until: Duration,
    },
    Ready {
        since: Duration,
        phase: Phase,
    },
    Stopped,
}

/// How far a login has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The log was set back, and the store is still at it.
    Cutting,
    /// Which answer is waited for, from where on was asked, and the place as of which the first one was made, once there
    /// is one. Entries are kept back, because their authors may not be known yet. From 0 on all rooms are asked for, so
    /// that whichever is not named is none of ours any more.
    Syncing {
        request: RequestId,
        since: Seq,
        first: Option<Seq>,
    },
    /// People and rooms are told; pages are on their way.
    CatchingUp,
    Live,
}

/// What an answer belongs to.
#[derive(Clone, Copy, Debug)]
enum Request {
    Write(Cid),
    Sync,
    Pull(RoomId),
    /// The token of who asked.
    Ask(u64),
}

impl Request {
    /// Whether it is one of those of which the server takes few at a time.
    fn is_reading(self) -> bool {
        matches!(self, Self::Pull(_) | Self::Ask(_))
    }
}

impl Session {
    /// A session that does nothing until [`Self::start`].
    #[must_use]
    pub fn new(config: Config, mut random: Random) -> Self {
        let cids = CidMaker::new(Random::from_seed(random.bytes()));
        Self {
            config,
            random,
            cids,
            state: State::Stopped,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            connecting: Backoff::connecting(),
            attempt: 0,
            seen: None,
            leapt: None,
            last_sent: Duration::ZERO,
            last_heard: Duration::ZERO,
            paused: false,
            next_request: 0,
            requests: BTreeMap::new(),
            outbox: Outbox::new(),
            rooms: BTreeMap::new(),
            kept: BTreeMap::new(),
            keeping: Keeping::default(),
            since: Seq(0),
            fell_back: false,
            lineage: Vec::new(),
            me: None,
            early: VecDeque::new(),
            early_lost: false,
            early_presence: VecDeque::new(),
            named: BTreeSet::new(),
            all_rooms: false,
            away: false,
            typing: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    /// Begins to connect, at the beginning or after a stop. Nothing if it is connected or on its way.
    pub fn start(&mut self, now: Now) {
        self.observe(now);
        if let State::Stopped | State::Waiting(_) = self.state {
            if let Some(key) = self.config.pinned
                && self.restore_from(key)
            {
                self.connect_then();
            } else {
                self.connect();
            }
        }
    }

    /// A person says: try again now. The same as [`Self::start`].
    pub fn retry(&mut self, now: Now) {
        self.start(now);
    }

    /// A person chose a name. Connects with it, unless a login stands already.
    pub fn log_in_as(&mut self, now: Now, name: String) {
        self.config.name = Some(name);
        self.start(now);
    }

    /// A person has looked at the server's new key and trusts it from now on.
    pub fn trust_server_key(&mut self, now: Now, key: PublicKey) {
        self.config.pinned = Some(key);
        self.actions.push_back(Action::Pin(key));
        self.start(now);
    }

    /// [`Action::Connect`] was done.
    pub fn connected(&mut self, now: Now) {
        self.observe(now);
        if let State::Connecting = self.state {
            self.last_heard = now.mono;
            self.greet(now);
        }
    }

    /// [`Action::Connect`] cannot be done.
    pub fn connect_failed(&mut self, now: Now, why: Why) {
        self.observe(now);
        if let State::Connecting = self.state {
            self.lose(now, why);
        }
    }

    /// The connection ended without our doing.
    pub fn closed(&mut self, now: Now, why: Why) {
        self.observe(now);
        if self.is_connected() {
            self.lose(now, why);
        }
    }

    /// Bytes arrived, whatever they turn out to be. A large frame takes a while on a slow network.
    pub fn heard(&mut self, now: Now) {
        self.observe(now);
        self.last_heard = now.mono;
    }

    /// The owner stops reading from the connection, because nobody takes the events, or reads on.
    pub fn pause_reading(&mut self, now: Now, paused: bool) {
        self.paused = paused;
        self.last_heard = now.mono;
    }

    /// The next thing to know.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many events wait to be taken.
    #[must_use]
    pub fn events_waiting(&self) -> usize {
        self.events.len()
    }

    fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Tells how a room stands, instead of how it stood if that was the last thing told.
    fn tell_room(&mut self, state: RoomState) {
        if let Some(Event::Room(last)) = self.events.back_mut()
            && last.row.room == state.row.room
        {
            *last = state;
        } else {
            self.tell(Event::Room(state));
        }
    }

    fn transmit<M: Message>(&mut self, now: Now, message: &M) {
        self.last_sent = now.mono;
        self.actions.push_back(Action::Send(encode(message).into()));
    }

    /// A number that no unanswered request of this connection has.
    fn number(&mut self, request: Request) -> RequestId {
        loop {
            self.next_request = self.next_request.wrapping_add(1);
            let number = RequestId(self.next_request);
            if let std::collections::btree_map::Entry::Vacant(place) = self.requests.entry(number) {
                place.insert(request);
                return number;
            }
        }
    }
}
