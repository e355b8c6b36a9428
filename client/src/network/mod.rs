//! The network thread: the one place where a session meets sockets, clocks, and the profile.
//!
//! ```text
//!  window, terminal, bot                         network thread
//!  ─────────────────────                         ──────────────
//!  Network::send … ──▶ commands (bounded) ──▶ ┐
//!                                             ├ poll ─▶ link ─▶ session ─▶ actions ─▶ socket
//!  Network::drain  ◀── events (bounded)  ◀──  ┘
//!        ▲ wake, only when the queue was empty
//! ```
//!
//! Nothing is lost between the two sides, and nothing grows without a bound: a full command queue says [`Busy`], and
//! while the event queue is full, nothing is read from the server, which then waits too. **It must not** decide
//! anything about the conversation: that is the session's.

mod clock;
mod dial;
mod event_loop;
mod history;
mod link;
mod queues;

use std::{fmt, io, sync::Arc, thread::JoinHandle, time::Duration};

use ring::rand::{SecureRandom, SystemRandom};
use tertulia_protocol::{Cid, Kind, PublicKey, RoomId, Rseq};

use crate::{
    address::ServerAddress,
    session::{Ask, CidMaker, Config, DraftText, Event, History, Random, Write},
    store::{Profile, StoreError},
};
pub use clock::{Clocks, Reading};

use clock::Clock;
use queues::{Command, Shared};

/// Which server, and as whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub server: ServerAddress,
    /// Where pins and logins are kept, and with [`History::Kept`] everything else; without one nothing outlasts the program.
    pub profile: Option<Profile>,
    /// What the session needs to know.
    pub session: Config,
}

impl Options {
    /// What a profile says about a server: the device's key (made now if there is none), the server's pinned key, and,
    /// unless `name` is given, what we were called there, or were called last if the server is new to us.
    ///
    /// # Errors
    /// The profile cannot be read, or no key can be made in it.
    pub fn from_profile(profile: Profile, server: ServerAddress, name: Option<String>) -> Result<Self, StoreError> {
        let servers = profile.servers()?;
        let pinned = servers.pinned(&server);
        let remembered = servers.name_on(&server).or(if pinned.is_none() { servers.last_name() } else { None });
        let session = Config {
            device: Arc::new(profile.device_key()?),
            name: name.or_else(|| remembered.map(str::to_owned)),
            pinned,
            agent: concat!("tertulia/", env!("CARGO_PKG_VERSION")).to_owned(),
            locale: None,
            room: Some("general".to_owned()),
            history: History::Kept,
        };
        Ok(Self { server, profile: Some(profile), session })
    }
}

/// The command queue is full: the network thread is far behind, or thousands of writes wait for an answer. Try again
/// after the next events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too much waits to be sent")
    }
}

impl std::error::Error for Busy {}

/// The writes that have no answer yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unanswered {
    /// All of them that the session has taken in.
    pub taken: usize,
    /// Those of them that are on the wire.
    pub on_wire: usize,
}

/// A handle of the network thread. Dropping it ends the thread: what waits to be sent gets a moment, what waits for an
/// answer is forgotten.
#[derive(Debug)]
pub struct Network {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Network {
    /// Starts the thread, which begins to connect at once.
    ///
    /// `wake` is called, from the network thread, when there is something to [`Self::drain`] after there was nothing:
    /// once for however many events follow. It must only ring a bell, never wait.
    ///
    /// # Errors
    /// The system gives no poll, no thread or no randomness.
    pub fn start(options: Options, wake: Box<dyn Fn() + Send>) -> io::Result<Self> {
        Self::start_with(options, Clocks::of_this_computer(), wake)
    }

    /// The same, with other clocks than those of this computer.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(options: Options, clocks: Clocks, wake: Box<dyn Fn() + Send>) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), event_loop::WAKER)?;
        let shared = Arc::new(Shared::new(waker));
        let random = system_random()?;
        let event_loop = event_loop::EventLoop::new(poll, Arc::clone(&shared), options, random, clocks, wake);
        #[expect(clippy::disallowed_methods, reason = "the network thread is started here")]
        let thread = std::thread::Builder::new().name("network".to_owned()).spawn(move || event_loop.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Takes all events that wait, in order, onto the end of `events`.
    pub fn drain(&self, events: &mut Vec<Event>) {
        self.shared.drain(events);
    }

    /// Takes the next event, waiting for it. `None` when the time is over.
    #[must_use]
    pub fn next_event(&self, timeout: Duration) -> Option<Event> {
        self.shared.next(timeout)
    }

    /// The writes that had no answer yet when the network thread last looked.
    #[must_use]
    pub fn unanswered(&self) -> Unanswered {
        self.shared.unanswered()
    }

    /// Hands a write over. Its end is an event: settled, or refused.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn send(&self, cid: Cid, room: RoomId, kind: Kind, body: Vec<u8>) -> Result<(), Busy> {
        self.write(cid, Write::raw(room, kind, body))
    }

    /// Hands over something to write. Its end is an event: settled, or refused.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn write(&self, cid: Cid, write: Write) -> Result<(), Busy> {
        self.shared.push(Command::Write { cid, write, instead_of: None })
    }

    /// Hands over something to write in the place of something that was refused, which leaves the outbox.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn write_instead(&self, refused: Cid, cid: Cid, write: Write) -> Result<(), Busy> {
        self.shared.push(Command::Write { cid, write, instead_of: Some(refused) })
    }

    /// Throws away what was refused and lies in the outbox.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn discard(&self, cid: Cid) -> Result<(), Busy> {
        self.shared.push(Command::Discard(cid))
    }

    /// Keeps what stands in the composer of a room; an empty text is none.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn set_draft(&self, room: RoomId, draft: DraftText) -> Result<(), Busy> {
        self.shared.push(Command::Draft(room, draft))
    }

    /// Somebody looks at a range of a room, at most 200 places: what is kept of it is told at once, the rest as soon as it
    /// has been pulled.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn show(&self, room: RoomId, from: Rseq, to: Rseq) -> Result<(), Busy> {
        self.shared.push(Command::Show { room, from, to })
    }

    /// Somebody looks at a room: its newest page is told, and what it misses is pulled from now on.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn open(&self, room: RoomId) -> Result<(), Busy> {
        self.shared.push(Command::Open(room))
    }

    /// Nobody looks at a room any more. Live entries of it are told all the same.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn close(&self, room: RoomId) -> Result<(), Busy> {
        self.shared.push(Command::Close(room))
    }

    /// The person has read a room up to a place.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn mark(&self, room: RoomId, rseq: Rseq) -> Result<(), Busy> {
        self.shared.push(Command::Mark { room, rseq })
    }

    /// The person is away from this desk, or back.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn set_away(&self, away: bool) -> Result<(), Busy> {
        self.shared.push(Command::Away(away))
    }

    /// The person is writing in a room. To be called at each key; it is said every 3 s.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn typing(&self, room: RoomId) -> Result<(), Busy> {
        self.shared.push(Command::Typing(room))
    }

    /// Asks the server something. The answer is [`Event::Answer`] with this token.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn ask(&self, token: u64, ask: Ask) -> Result<(), Busy> {
        self.shared.push(Command::Ask { token, ask })
    }

    /// Tries to connect now, after a stop or while waiting.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn retry(&self) -> Result<(), Busy> {
        self.shared.push(Command::Retry)
    }

    /// Logs in under another name, after one was refused.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn log_in_as(&self, name: String) -> Result<(), Busy> {
        self.shared.push(Command::LogInAs(name))
    }

    /// Trusts the changed key of the server, which a person has looked at, and connects again.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn trust_server_key(&self, key: PublicKey) -> Result<(), Busy> {
        self.shared.push(Command::TrustServerKey(key))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.shared.stop();
        if let Some(thread) = self.thread.take() {
            // A thread that ended by a panic has said so itself; there is nobody to tell once more.
            let _ = thread.join();
        }
    }
}

/// Names for what is written, from the system's clock and randomness. One for the whole program keeps them rising.
#[derive(Debug)]
pub struct Cids {
    maker: CidMaker,
    clock: Clock,
}

impl Cids {
    /// A source of names.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new() -> io::Result<Self> {
        Ok(Self { maker: CidMaker::new(system_random()?), clock: Clock::new() })
    }

    /// The next name.
    pub fn make(&mut self) -> Cid {
        self.maker.make(self.clock.now().wall_ms)
    }
}

/// How long something takes, for those who may not look at a clock themselves.
#[derive(Debug)]
pub struct Stopwatch(Clock);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    pub fn start() -> Self {
        Self(Clock::new())
    }

    /// The time since the start. It never goes back.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.now().mono
    }
}

fn system_random() -> io::Result<Random> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(Random::from_seed(seed))
}
