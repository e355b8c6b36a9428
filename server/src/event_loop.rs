//! The loop: polls, reads the clock once a turn, accepts, and drives the [`Turn`]. The one place with real sockets, and
//! the one place with a clock. It decides nothing about the chat.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mio::{Events, Interest, Poll, Registry, Token, Waker, net::TcpStream};

use crate::{
    activity_log::Activity,
    connections::ConnectionId,
    desk::Now,
    limits::Limits,
    listener::{Accepted, Listener},
    listeners::Listeners,
    log::Log,
    reload::Reload,
    signals::Signals,
    turn::{Broken, Turn},
};

const WAKER: Token = Token(usize::MAX);
const SIGNALS: Token = Token(usize::MAX - 1);
/// The listeners' tokens count down from here. A connection's token has a key in its low bits that no slab reaches.
const FIRST_LISTENER: usize = usize::MAX - 2;

/// Events taken in one poll. Too few, and light connections wait a turn behind heavy ones.
const EVENTS_MAX: usize = 4096;

/// So many places there are above the limit, so that those beyond it hear a clear word instead of silence.
pub const PLACES_BEYOND: usize = 64;

/// What must exist before the log, which wakes the loop.
pub struct Reactor {
    poll: Poll,
    waker: Arc<Waker>,
    started: Instant,
}

impl Reactor {
    /// A poll and its one waker.
    ///
    /// # Errors
    /// The system's.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        #[expect(clippy::disallowed_methods, reason = "the loop owns the clock")]
        let started = Instant::now();
        Ok(Self { poll, waker, started })
    }

    /// Wakes the loop, from any thread. Wakes merge.
    #[must_use]
    pub fn wake(&self) -> Arc<dyn Fn() + Send + Sync> {
        let waker = Arc::clone(&self.waker);
        Arc::new(move || {
            // The eventfd behind it can be full, never broken; then the loop is awake already.
            let _ = waker.wake();
        })
    }

    /// What the clock says.
    #[must_use]
    pub fn now(&self) -> Now {
        #[expect(clippy::disallowed_methods, reason = "the loop owns the clock")]
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Now { mono: millis(self.started.elapsed()), wall: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX) }
    }
}

/// The loop.
pub struct EventLoop<L> {
    reactor: Reactor,
    listeners: Listeners,
    signals: Signals,
    turn: Turn<TcpStream, L>,
    reload: Reload,
    is_stopping: bool,
    accepts_per_turn: usize,
    connections_max: usize,
}

impl<L: Log> EventLoop<L> {
    /// A loop that serves on these listeners as soon as it runs, and heeds these signals, also those that came before.
    ///
    /// # Errors
    /// The system's.
    pub fn new(
        reactor: Reactor,
        listeners: Vec<Listener>,
        mut signals: Signals,
        turn: Turn<TcpStream, L>,
        reload: Reload,
        limits: &Limits,
    ) -> io::Result<Self> {
        let registry = reactor.poll.registry();
        signals.register(registry, SIGNALS)?;
        let mut listeners = Listeners::new(listeners);
        for (index, listener) in listeners.iter_mut().enumerate() {
            registry.register(listener.socket_mut(), Token(FIRST_LISTENER - index), Interest::READABLE)?;
        }
        let (accepts_per_turn, connections_max) = (limits.accepts_per_turn, limits.connections);
        let mut event_loop =
            Self { reactor, listeners, signals, turn, reload, is_stopping: false, accepts_per_turn, connections_max };
        // What was caught while the log was replayed has been taken from the poll already.
        event_loop.heed_signals();
        if event_loop.is_stopping {
            event_loop.reactor.waker.wake()?;
        }
        Ok(event_loop)
    }

    /// Serves until a signal has stopped the server in order.
    ///
    /// # Errors
    /// The server cannot go on; nobody was told anything that is not durable.
    pub fn run(&mut self) -> Result<(), RunError> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let listen = self.listeners.iter().map(|listener| listener.address().to_string()).collect();
        let now = self.reactor.now();
        self.turn.record(now, Activity::Start { version: env!("CARGO_PKG_VERSION"), listen });
        loop {
            let now = self.reactor.now();
            if self.is_stopping && self.turn.is_stopped() {
                self.turn.record(now, Activity::Stop { why: "signal" });
                return Ok(());
            }
            match self.reactor.poll.poll(&mut events, self.timeout(now)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(RunError::Poll(error)),
                Ok(()) => {}
            }
            let now = self.reactor.now();
            for event in &events {
                match event.token() {
                    WAKER => self.take_settings(now),
                    SIGNALS => self.heed_signals(),
                    Token(token) if token > FIRST_LISTENER - self.listeners.len().max(1) => {
                        self.listeners.mark(FIRST_LISTENER - token);
                    }
                    Token(token) => {
                        let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                        let writable = event.is_writable() || event.is_write_closed() || event.is_error();
                        self.turn.mark(ConnectionId::from_token(token), readable, writable);
                    }
                }
            }
            if self.is_stopping {
                self.stop_listening();
                self.turn.stop(now);
            }
            self.accept(now);
            self.turn.run(now).map_err(RunError::Broken)?;
            if let Some(warning) = self.turn.take_warning() {
                self.reload.say(warning);
            }
            let registry = self.reactor.poll.registry();
            for mut socket in self.turn.take_reaped() {
                // Linux forgets a socket that is dropped, without a call of its own; other systems want to be told. One
                // that is gone already is fine.
                if !cfg!(target_os = "linux") {
                    let _ = registry.deregister(&mut socket);
                }
            }
        }
    }

    /// The turn, once the loop has ended, and when that was.
    #[must_use]
    pub fn into_turn(self) -> (Turn<TcpStream, L>, Now) {
        (self.turn, self.reactor.now())
    }

    fn heed_signals(&mut self) {
        if self.signals.take_reload() {
            self.reload.ask();
        }
        self.is_stopping = self.signals.is_stop_asked();
    }

    fn take_settings(&mut self, now: Now) {
        if let Some(settings) = self.reload.take() {
            self.accepts_per_turn = settings.limits.accepts_per_turn;
            self.connections_max = settings.limits.connections;
            self.turn.reconfigure(settings, now);
        }
    }

    fn timeout(&self, now: Now) -> Option<Duration> {
        let listeners = self.listeners.deadline().filter(|_| !self.is_full());
        let next = listeners.into_iter().chain(self.turn.deadline()).min()?;
        Some(Duration::from_millis(next.saturating_sub(now.mono)))
    }

    /// Whether nobody more is accepted, not even to be told why not: a reaped connection makes room again.
    fn is_full(&self) -> bool {
        is_full(&self.turn, self.connections_max)
    }

    fn accept(&mut self, now: Now) {
        if self.is_full() {
            return;
        }
        let Self { listeners, turn, reactor, connections_max, .. } = self;
        listeners.accept(now.mono, self.accepts_per_turn, |accepted| {
            match accepted {
                Accepted::Connection(socket, peer) => {
                    let id = turn.accept(socket, peer, now);
                    register(reactor.poll.registry(), turn, id);
                }
                Accepted::Beyond(socket, peer) => turn.turn_away(socket, peer, now),
                Accepted::Aborted | Accepted::Nobody | Accepted::NotNow => {}
            }
            !is_full(turn, *connections_max)
        });
    }

    fn stop_listening(&mut self) {
        let registry = self.reactor.poll.registry();
        for mut listener in self.listeners.take() {
            let _ = registry.deregister(listener.socket_mut());
        }
    }
}

fn is_full<L: Log>(turn: &Turn<TcpStream, L>, connections_max: usize) -> bool {
    turn.connections() >= connections_max.saturating_add(PLACES_BEYOND)
}

/// Both directions, once, for as long as the connection lives: what is wanted at the moment is known in software, and no
/// message costs a system call to change it.
fn register<L: Log>(registry: &Registry, turn: &mut Turn<TcpStream, L>, id: ConnectionId) {
    if let Some(socket) = turn.socket_mut(id)
        && registry.register(socket, Token(id.to_token()), Interest::READABLE | Interest::WRITABLE).is_err()
    {
        // No events will come: let it look once, fail or time out.
        turn.mark(id, true, true);
    }
}

/// Why the loop ended out of order.
#[derive(Debug)]
pub enum RunError {
    /// The poll failed.
    Poll(io::Error),
    /// The log, or what it says, cannot be relied on.
    Broken(Broken),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Poll(error) => write!(f, "waiting for events failed: {error}"),
            Self::Broken(broken) => broken.fmt(f),
        }
    }
}
