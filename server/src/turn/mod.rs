//! One whole turn of the server, generic over socket and log: bytes, ends, committed entries and the time come in,
//! bytes and the next deadline go out. The loop drives it with a poll; tests and the simulation drive it by hand.
//!
//! A turn is always the same phases in the same order. Accepting comes first and is the loop's.
//!
//! | phase   | what | why here |
//! |---------|------|----------|
//! | receive | each ready connection, within its budget | all drafts of a turn become one batch |
//! | append  | the batch goes to the log | one commit for everybody |
//! | apply   | what the log has committed, within a budget per room | nothing is told before it is durable and decided |
//! | fan out | each room's buffer to its live connections; then the newcomers go live | who is live was settled before the turn |
//! | flush   | each connection with something to send, once | one system call a receiver and turn |
//! | expire  | what the clock has made due | it may end connections, and the last phase buries them |
//! | reap    | closed connections leave the slab | no event of this poll can name them any more |
//!
//! A close decided anywhere only marks the connection. **The turn must not** read a clock or block.

mod apply;
mod end;
mod large_frames;
mod receive;
mod tell;

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
};

use tertulia_protocol::{RoomId, UserId, encode};
use tertulia_transport::{Framed, Socket};

use self::large_frames::LargeFrames;
use crate::{
    activity_log::{Activity, Record},
    admission::{Admission, canonical},
    chat::{CannotApply, Chat, GENERAL_ROOM, Presence, Refusal, Typing},
    close_reason::CloseReason,
    config::{LogText, Plaintext, plaintext_allowed},
    connection::Connection,
    connections::{ConnectionId, Connections},
    desk::{self, Desk, Login, Now},
    fan_out::FanOut,
    limits::Limits,
    log::{Event, Log},
    reload::Settings,
    timers::Timers,
};

/// How the server talks to who has not logged in, and what it writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which addresses may speak without encryption.
    pub plaintext: Plaintext,
    /// Which texts the activity log holds.
    pub log_text: LogText,
}

/// Why the server cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The log is not to be trusted any more.
    Log(String),
    /// The log says what this version does not understand.
    Chat(CannotApply),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Log(why) => write!(f, "the log cannot go on: {why}"),
            Self::Chat(why) => why.fmt(f),
        }
    }
}

/// The server between two polls.
pub struct Turn<S, L> {
    connections: Connections<S>,
    desk: Desk<L>,
    fan_out: FanOut,
    presence: Presence,
    typing: Typing,
    timers: Timers,
    admission: Admission,
    activity: Box<dyn Record>,
    limits: Limits,
    policy: Policy,
    /// What the log has told and apply has not taken.
    backlog: VecDeque<Event>,
    told: Vec<Event>,
    /// Logins that go live at the end of the turn.
    logins: Vec<Login>,
    /// Who has come into which room in this turn: live there from its end on.
    joined: Vec<(RoomId, UserId)>,
    /// Who has read more of which room in this turn, or has fewer unread mentions there because some were erased.
    marked: BTreeSet<(RoomId, UserId)>,
    /// Answers of this turn, queued ahead of the rooms' buffers.
    answers: Answers,
    /// How many bytes of them this turn's receiving has made.
    answered_bytes: usize,
    /// People whose names not everybody has been told. Told ahead of the first thing that names them: so a storm of
    /// newcomers, whom nobody lists, costs nothing.
    unannounced: BTreeSet<UserId>,
    /// When some of those are told all the same, so that they do not become more and more, nor hold the position back
    /// that heartbeats tell.
    names_due: Option<u64>,
    /// Connections that wait for the log to take more, the one that was read longest ago first: else those who came
    /// early and talk without a pause would be all that is ever read.
    starved: BTreeSet<(u64, ConnectionId)>,
    /// Connections that have talked too fast, by when they are read again.
    paced: BTreeSet<(u64, ConnectionId)>,
    /// Room for large frames that have begun.
    large_frames: LargeFrames,
    /// The number of this turn.
    number: u64,
    taken: Vec<ConnectionId>,
    reaped: Vec<S>,
    scratch: Box<[u8]>,
    stopping: Option<Stopping>,
}

/// An ordered stop: first what was accepted gets its place, then everybody is told.
#[derive(Clone, Copy, Debug)]
struct Stopping {
    since: u64,
    told: bool,
}

/// How long a name waits to be needed, in milliseconds; and at most one frame of names that nobody needs in this time.
const NAMES_AFTER_MS: u64 = 60_000;

/// So many connections of one address beyond its limit may be on their way out at once.
const REFUSED_PER_ADDRESS: usize = 16;

/// How long an ordered stop waits for the log, in milliseconds.
const STOP_SETTLE_MS: u64 = 2_000;

/// How long an ordered stop waits for the peers, in milliseconds, all in all.
const STOP_MS: u64 = 4_000;

/// The loop's one buffer for reading, in bytes.
const SCRATCH_BYTES: usize = 64 * 1024;

/// A fatal alert of TLS (RFC 8446, section 6): `protocol_version`. What a TLS client can make sense of.
const TLS_ALERT: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];

/// The first byte of every TLS connection: a handshake record.
const TLS_FIRST_BYTE: u8 = 0x16;

/// What a stranger gets.
const STRANGER_LINE: &[u8] = b"This is a Tertulia chat server. Open it with a Tertulia client.\r\n";

/// Answers in the order in which they arose; those in a row for one connection become one buffer.
#[derive(Debug, Default)]
struct Answers(Vec<Answer>);

/// What a connection is told ahead of this turn's buffers of the rooms.
#[derive(Debug)]
struct Answer {
    id: ConnectionId,
    frames: Vec<u8>,
    /// Behind these: what its person is to a room, as it stands at the end of the turn. From there on the room is live.
    membership: Option<(RoomId, UserId)>,
}

impl Answers {
    fn of(&mut self, id: ConnectionId) -> &mut Vec<u8> {
        if self.0.last().is_none_or(|last| last.id != id || last.membership.is_some()) {
            self.0.push(Answer { id, frames: Vec::new(), membership: None });
        }
        let last = self.0.len() - 1;
        &mut self.0[last].frames
    }

    /// Frames that were made by themselves, moved if they can be.
    fn add(&mut self, id: ConnectionId, frames: Vec<u8>) {
        match self.0.last_mut() {
            Some(last) if last.id == id && last.membership.is_none() => last.frames.extend_from_slice(&frames),
            _ => self.0.push(Answer { id, frames, membership: None }),
        }
    }

    fn add_membership(&mut self, id: ConnectionId, room: RoomId, user: UserId) {
        self.0.push(Answer { id, frames: Vec::new(), membership: Some((room, user)) });
    }
}

/// The rooms that somebody is a member of, beside the one that everybody is.
fn own_rooms(chat: &Chat, user: UserId) -> impl Iterator<Item = RoomId> {
    chat.rooms_of(user).map(|(room, _)| room).filter(|room| *room != GENERAL_ROOM)
}

impl<S: Socket, L: Log> Turn<S, L> {
    /// A server without connections, over a log that the desk's chat has taken in.
    pub fn new(desk: Desk<L>, activity: Box<dyn Record>, limits: Limits, policy: Policy) -> Self {
        Self {
            connections: Connections::default(),
            desk,
            fan_out: FanOut::default(),
            presence: Presence::default(),
            typing: Typing::default(),
            timers: Timers::default(),
            admission: Admission::default(),
            activity,
            limits,
            policy,
            backlog: VecDeque::new(),
            told: Vec::new(),
            logins: Vec::new(),
            joined: Vec::new(),
            marked: BTreeSet::new(),
            answers: Answers::default(),
            answered_bytes: 0,
            unannounced: BTreeSet::new(),
            names_due: None,
            starved: BTreeSet::new(),
            paced: BTreeSet::new(),
            large_frames: LargeFrames::default(),
            number: 0,
            taken: Vec::new(),
            reaped: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES].into_boxed_slice(),
            stopping: None,
        }
    }

    /// How many connections there are, closing ones included.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// What waits in all send queues together, in bytes: what several connections wait for is counted once.
    pub fn held_bytes(&self) -> usize {
        self.connections.held() + self.fan_out.shared_bytes()
    }

    /// What was read of all connections and is kept because it is no whole frame or not anybody's turn, in bytes.
    pub fn kept_bytes(&self) -> usize {
        self.connections.iter().map(|connection| connection.framed.kept_bytes()).sum()
    }

    /// Asserts what has to hold between two turns: for tests.
    pub fn check_invariants(&self) {
        self.connections.check_invariants();
        self.check_large_frames();
        self.fan_out.check_invariants();
        self.desk.check_invariants();
    }

    /// The chat's state, to look at.
    pub fn chat(&self) -> &Chat {
        &self.desk.chat
    }

    /// The log, for those who own more of it than the turn does.
    pub fn log_mut(&mut self) -> &mut L {
        &mut self.desk.log
    }

    /// Writes a line into the activity log.
    pub fn record(&mut self, now: Now, activity: Activity) {
        self.activity.record(now.wall, activity);
    }

    /// The log, once the server has ended.
    pub fn into_log(self) -> L {
        self.desk.log
    }

    /// Takes a connection in, or takes it in only to tell it why not.
    pub fn accept(&mut self, socket: S, peer: SocketAddr, now: Now) -> ConnectionId {
        let number = self.admission.count(peer.ip());
        let id = self.connections.insert(Connection::new(socket, number, peer.ip(), now.mono));
        self.record(now, Activity::Connected { conn: number, peer: canonical(peer).to_string() });
        self.set_timer(id, now.mono + self.limits.handshake_ms);
        let too_many = self.connections.len() > self.limits.connections
            || self.admission.from(peer.ip()) > self.limits.connections_per_address;
        if too_many {
            self.close(id, CloseReason::TooManyConnections, now);
            if self.admission.from(peer.ip()) > self.limits.connections_per_address + REFUSED_PER_ADDRESS {
                // Still told, but not waited for: those on their way out hold places, too.
                self.connections.make_closed(id);
            }
        } else if !plaintext_allowed(self.policy.plaintext, peer.ip()) {
            self.close(id, CloseReason::PlaintextRefused, now);
        } else if self.stopping.is_some() {
            self.close(id, CloseReason::Stopping, now);
        }
        id
    }

    /// Tells a peer for whom there is no descriptor that there are too many connections, and lets go of it at once: its
    /// descriptor is the one in reserve.
    pub fn turn_away(&mut self, socket: S, peer: SocketAddr, now: Now) {
        let conn = self.admission.number();
        self.record(now, Activity::Connected { conn, peer: canonical(peer).to_string() });
        let reason = CloseReason::OutOfDescriptors;
        let mut framed = Framed::new(socket, 0);
        if let Some((code, text)) = reason.code() {
            framed.queue(encode(&desk::error(None, Refusal::new(code, text))).into());
        }
        framed.finish();
        framed.mark(true, true);
        // It fits into a new socket, or the peer is gone already.
        let _ = framed.flush();
        // Letting go of a socket with bytes unread takes back what was written to it.
        let _ = framed.discard(&mut self.scratch, SCRATCH_BYTES);
        self.record(now, Activity::Disconnected { conn, user: None, why: reason.name(), duration_ms: 0 });
    }

    /// Goes on with other settings. Who is in stays in, whatever the new ones say.
    pub fn reconfigure(&mut self, settings: Settings, now: Now) {
        self.policy = settings.policy;
        self.desk.upkeep.set_keep(settings.keep_ms);
        self.desk.set_limits(settings.limits.clone());
        self.limits = settings.limits;
        for connection in self.connections.iter_mut() {
            connection.pace.cap(&self.limits, now.mono);
        }
        // They hold themselves against the new ones.
        self.resume_paced(u64::MAX);
        self.read_large_frames_on();
    }

    /// What the operator has to be told, once.
    pub fn take_warning(&mut self) -> Option<&'static str> {
        self.desk.upkeep.take_warning()
    }

    /// The socket of a connection, to register it.
    pub fn socket_mut(&mut self, id: ConnectionId) -> Option<&mut S> {
        self.connections.get_mut(id).map(|connection| connection.framed.socket_mut())
    }

    /// Remembers what an event said. A token whose connection is gone, or that nobody ever had, is ignored.
    pub fn mark(&mut self, id: ConnectionId, readable: bool, writable: bool) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.framed.mark(readable, writable);
        if readable {
            self.connections.make_ready(id);
        }
        if writable {
            self.connections.make_dirty(id);
        }
    }

    /// Does all the phases once.
    ///
    /// # Errors
    /// The server has to end, without another word to anybody: what is durable is not known any more.
    pub fn run(&mut self, now: Now) -> Result<(), Broken> {
        self.number += 1;
        self.receive(now);
        self.queue_answers();
        self.desk.append();
        self.apply(now)?;
        self.fan_out(now);
        self.flush(now);
        self.expire(now);
        self.reap(now);
        Ok(())
    }

    /// When the next turn is due without any event: `Some` of a time that has passed means at once.
    pub fn deadline(&self) -> Option<u64> {
        if self.connections.has_work() || !self.backlog.is_empty() {
            return Some(0);
        }
        let stopping = self.stopping.filter(|_| !self.is_stopped());
        let stopping = stopping.map(|stopping| stopping.since + if stopping.told { STOP_MS } else { STOP_SETTLE_MS });
        let paced = self.paced.first().map(|(at, _)| *at);
        // Nobody is there to be told.
        let names = self.names_due.filter(|_| !self.connections.is_empty());
        let signals = self.presence.deadline().into_iter().chain(self.typing.deadline());
        let upkeep = self.desk.upkeep.deadline();
        self.timers.next().into_iter().chain(paced).chain(names).chain(signals).chain(upkeep).chain(stopping).min()
    }

    /// The sockets of the connections that were reaped since the last call: to be deregistered and dropped.
    pub fn take_reaped(&mut self) -> std::vec::Drain<'_, S> {
        self.reaped.drain(..)
    }

    /// Begins an ordered stop: nothing is read any more, what was read gets its place and its answer, everybody is
    /// told. The caller accepts nobody any more and goes on with turns until [`Self::is_stopped`].
    pub fn stop(&mut self, now: Now) {
        self.stopping.get_or_insert(Stopping { since: now.mono, told: false });
    }

    /// Whether the stop is complete: everybody was told and has gone, or had the time to and was let go of.
    pub fn is_stopped(&self) -> bool {
        self.stopping.is_some_and(|stopping| stopping.told) && self.connections.is_empty()
    }
}
