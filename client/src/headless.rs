//! A person without a window: the API for bots, and for tests that need somebody to write and to read.
//!
//! A thin fold over [`Network`]: it remembers what it wrote and how that ended, and what it read, and proves on the way
//! that nothing was missed, doubled, or out of order. It lives on the thread of its owner, who calls
//! [`Headless::pump`] often enough: nothing is taken from the queue otherwise.

use std::{collections::BTreeMap, fmt, io, time::Duration};

use tertulia_protocol::{Cid, Entry, ErrorCode, Kind, RoomId, Rseq, Seq, UserId, entry::MessageBody, push::Presence};

use crate::{
    network::{Busy, Cids, Clocks, Network, Options, Stopwatch, Unanswered},
    session::{Event, StopCode, Why},
};

/// How often [`Headless::pump_until`] looks when nothing happens.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where an acknowledged write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In its room.
    pub rseq: Rseq,
    /// In the log.
    pub seq: Seq,
}

/// The connection, as far as somebody without a window cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// On its way, for the first time or again; with the reason why it was interrupted.
    Connecting(Option<Why>),
    /// Logged in; what was missed is on its way.
    LoggedIn,
    /// Everything that there was at the login has been read.
    UpToDate,
    /// Only a person can go on.
    Stopped(StopCode, Vec<String>),
}

/// A broken promise of the server or of the session. It is never forgiven: the one who finds it should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Entries that do not follow what was read before.
    Order {
        /// The last place read.
        last: Rseq,
        /// The place that came next.
        next: Rseq,
    },
    /// A write that ended twice.
    EndedTwice(Cid),
    /// An end of something that was never written.
    Unknown(Cid),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { last, next } => write!(f, "place {next} was told after place {last}"),
            Self::EndedTwice(cid) => write!(f, "the write {cid} ended twice"),
            Self::Unknown(cid) => write!(f, "the write {cid} ended, which nobody wrote"),
        }
    }
}

impl std::error::Error for Broken {}

/// Somebody in one room, without a window.
#[derive(Debug)]
pub struct Headless {
    network: Network,
    cids: Cids,
    room_name: String,
    room: Option<RoomId>,
    status: Status,
    /// Everything written, in order; with its end, once it has one.
    written: Vec<Cid>,
    ends: BTreeMap<Cid, Option<Result<Place, ErrorCode>>>,
    read: Vec<Entry>,
    names: BTreeMap<UserId, String>,
    presence: Vec<Presence>,
    logins: usize,
}

impl Headless {
    /// Begins to connect. The room and how much of it is read are those of `options.session`; they should be
    /// [`crate::session::History::From`] or [`crate::session::History::Last`], which never leave anything out.
    ///
    /// # Errors
    /// The system gives no poll, no thread or no randomness.
    pub fn start(options: Options) -> io::Result<Self> {
        Self::start_with(options, Clocks::of_this_computer())
    }

    /// The same, with other clocks than those of this computer.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(options: Options, clocks: Clocks) -> io::Result<Self> {
        let room_name = options.session.room.clone().unwrap_or_default();
        Ok(Self {
            network: Network::start_with(options, clocks, Box::new(|| {}))?,
            cids: Cids::new()?,
            room_name,
            room: None,
            status: Status::Connecting(None),
            written: Vec::new(),
            ends: BTreeMap::new(),
            read: Vec::new(),
            names: BTreeMap::new(),
            presence: Vec::new(),
            logins: 0,
        })
    }

    /// Writes a message. It goes out as soon as it may, and again after every cut until it is answered.
    ///
    /// # Errors
    /// [`Busy`] while the room is not known yet, or thousands wait: pump, and try again.
    pub fn write(&mut self, text: &str) -> Result<Cid, Busy> {
        let cid = self.cids.make();
        let body = MessageBody { text: text.to_owned() }.to_bytes();
        self.network.send(cid, self.room.ok_or(Busy)?, Kind::MESSAGE, body)?;
        self.written.push(cid);
        self.ends.insert(cid, None);
        Ok(cid)
    }

    /// Takes in what has happened, waiting up to `timeout` for the first of it. True if anything had.
    ///
    /// # Errors
    /// A promise is [`Broken`].
    pub fn pump(&mut self, timeout: Duration) -> Result<bool, Broken> {
        let Some(first) = self.network.next_event(timeout) else { return Ok(false) };
        let mut events = vec![first];
        self.network.drain(&mut events);
        events.into_iter().try_for_each(|event| self.take(event))?;
        Ok(true)
    }

    /// Pumps until something is so, or the time is over. Says whether it is so.
    ///
    /// # Errors
    /// A promise is [`Broken`].
    pub fn pump_until(&mut self, timeout: Duration, mut so: impl FnMut(&Self) -> bool) -> Result<bool, Broken> {
        let watch = Stopwatch::start();
        while !so(self) {
            let left = timeout.saturating_sub(watch.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            // In short waits, because not all of what may be asked for is told by an event.
            self.pump(left.min(LOOK_EVERY))?;
        }
        Ok(true)
    }

    /// How the connection is.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// How often a login came about.
    #[must_use]
    pub fn logins(&self) -> usize {
        self.logins
    }

    /// Everything written, in order.
    #[must_use]
    pub fn written(&self) -> &[Cid] {
        &self.written
    }

    /// How a write ended; `None` while it has not.
    #[must_use]
    pub fn end_of(&self, cid: Cid) -> Option<Result<Place, ErrorCode>> {
        self.ends.get(&cid).copied().flatten()
    }

    /// How many writes have ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ends.values().flatten().count()
    }

    /// How many writes wait for their answer, and how many of these are on the wire, as of the network thread's last
    /// turn.
    #[must_use]
    pub fn unanswered(&self) -> Unanswered {
        self.network.unanswered()
    }

    /// The entries read, by place and without a hole.
    #[must_use]
    pub fn read(&self) -> &[Entry] {
        &self.read
    }

    /// The texts of the messages read, in order.
    pub fn texts(&self) -> impl Iterator<Item = String> + '_ {
        let messages = self.read.iter().filter(|entry| entry.kind == Kind::MESSAGE);
        messages.filter_map(|entry| MessageBody::from_bytes(&entry.body)).map(|body| body.text)
    }

    /// What people are called.
    #[must_use]
    pub fn names(&self) -> &BTreeMap<UserId, String> {
        &self.names
    }

    /// What was said about who is online, since the last login.
    #[must_use]
    pub fn presence(&self) -> &[Presence] {
        &self.presence
    }

    fn take(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::Connecting { .. }
            | Event::ProfileNotSaved { .. }
            | Event::Me { .. }
            | Event::Later { .. }
            | Event::Erased { .. }
            | Event::LogChanged { .. }
            | Event::Lost(_)
            | Event::Queued(_)
            | Event::Draft { .. }
            | Event::Typing { .. }
            | Event::Notice { .. }
            | Event::Answer { .. } => {}
            Event::LoggedIn { user, name, .. } => {
                self.names.insert(user, name);
                self.presence.clear();
                self.logins += 1;
                self.status = Status::LoggedIn;
            }
            Event::Disconnected { why, .. } => self.status = Status::Connecting(Some(why)),
            Event::Stopped { code, params } => self.status = Status::Stopped(code, params),
            Event::Users(users) => self.names.extend(users.into_iter().map(|row| (row.user, row.name))),
            Event::Presence(presence) => self.presence.push(presence),
            Event::Room(state) => {
                if state.row.name == self.room_name {
                    self.room = Some(state.row.room);
                }
            }
            Event::Entries { room, entries, .. } if Some(room) == self.room => self.take_entries(entries)?,
            Event::Entries { .. } => {}
            Event::Reset { .. } => self.read.clear(),
            Event::Settled { cid, rseq, seq, .. } => self.end(cid, Ok(Place { rseq, seq }))?,
            Event::WriteRefused { cid, code, .. } => self.end(cid, Err(code))?,
            Event::SyncedOnce => self.status = Status::UpToDate,
        }
        Ok(())
    }

    fn take_entries(&mut self, entries: Vec<Entry>) -> Result<(), Broken> {
        for entry in entries {
            if let Some(last) = self.read.last().map(|last| last.rseq)
                && last.0 + 1 != entry.rseq.0
            {
                return Err(Broken::Order { last, next: entry.rseq });
            }
            self.read.push(entry);
        }
        Ok(())
    }

    fn end(&mut self, cid: Cid, end: Result<Place, ErrorCode>) -> Result<(), Broken> {
        match self.ends.get_mut(&cid) {
            Some(open @ None) => {
                *open = Some(end);
                Ok(())
            }
            Some(Some(_)) => Err(Broken::EndedTwice(cid)),
            None => Err(Broken::Unknown(cid)),
        }
    }
}
