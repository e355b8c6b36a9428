//! A bad network: a proxy between clients and a server, on a thread of its own, whose weather the test makes.
//!
//! ```text
//!   client ══ taken ══▶ [ up: chunks on their way ] ══▶ server
//!   client ◀══════════ [ chunks on their way: down ] ═══ server
//! ```
//!
//! Whatever the test asks for has happened when the call returns; what comes of it is waited for ([`Proxy::waits_for`]),
//! never slept for. The port stays ours also while nobody listens on it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a network of the tests' own has a thread, a clock and blocking sockets"
)]

use std::{
    io::{ErrorKind, Read},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::JoinHandle,
    time::{Duration, Instant},
};

mod pipe;

use mio::{Events, Interest, Poll, Token, Waker, unix::SourceFd};
use socket2::{Domain, SockRef, Socket, Type};
use std::os::fd::AsRawFd;

use pipe::{Broken, Pipe};

/// More than anything here should take, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

const WAKER: Token = Token(0);

/// What the network is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything passes at once.
    Clear,
    /// Whoever connects is refused by the system. Who is connected stays so.
    Refusing,
    /// Connections are taken, and nothing passes on any of them: both sides stay open and hear nothing, not even an end.
    Stalled,
    /// Every chunk is on its way for so long.
    Slow(Duration),
    /// So many bytes at a time, then as many again after a pause. A count that is odd splits every field.
    Trickling(usize, Duration),
}

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Both sides get a reset.
    Reset,
    /// Both sides get an end, in order.
    End,
}

/// What happens in the middle of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Every connection that there is breaks.
    Cut(Cut),
    /// The weather becomes [`Weather::Stalled`].
    Stall,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What the proxy has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Connections taken.
    pub(crate) taken: usize,
    /// Those of them that are open.
    pub(crate) open: usize,
    /// Bytes passed on, on all connections, by direction.
    pub(crate) passed: [u64; 2],
}

pub(crate) struct Proxy {
    /// Where clients connect to.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    waker: Waker,
}

struct State {
    server: SocketAddr,
    weather: Weather,
    /// Cuts that the thread has not made yet.
    cut: Option<Cut>,
    /// What happens after so many more bytes of a direction.
    after: Option<(Way, u64, Then)>,
    /// Counts up whenever something is asked for, and when it is done.
    asked: u64,
    done: u64,
    seen: Seen,
    stop: bool,
}

impl Proxy {
    /// A proxy in front of a server, in clear weather.
    pub(crate) fn new(server: SocketAddr) -> Self {
        // Holds the port, and never listens: with the listener gone, the system refuses, and gives the port to nobody.
        let guard = bound(([127, 0, 0, 1], 0).into());
        let address = guard.local_addr().unwrap().as_socket().unwrap();
        let poll = Poll::new().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                server,
                weather: Weather::Clear,
                cut: None,
                after: None,
                asked: 0,
                done: 0,
                seen: Seen::default(),
                stop: false,
            }),
            changed: Condvar::new(),
            waker: Waker::new(poll.registry(), WAKER).unwrap(),
        });
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || Network { poll, shared, guard, listener: None, links: Vec::new(), next: 1 }.run()
        });
        let proxy = Self { address, shared, thread: Some(thread) };
        proxy.set(Weather::Clear);
        proxy
    }

    /// From now on the network is like this, also for who is connected.
    #[track_caller]
    pub(crate) fn set(&self, weather: Weather) {
        self.ask(|state| state.weather = weather);
    }

    /// Breaks every connection that there is. What was on its way is lost.
    #[track_caller]
    pub(crate) fn cut(&self, cut: Cut) {
        self.ask(|state| state.cut = Some(cut));
    }

    /// Breaks every connection that there is, and from then on the network is like this: nothing slips through between.
    #[track_caller]
    pub(crate) fn cut_into(&self, cut: Cut, weather: Weather) {
        self.ask(|state| (state.cut, state.weather) = (Some(cut), weather));
    }

    /// Once so many more bytes of a direction have passed, in mid-sentence, something happens.
    #[track_caller]
    pub(crate) fn after(&self, way: Way, bytes: u64, then: Then) {
        assert!(bytes > 0, "that would be now");
        self.ask(|state| state.after = Some((way, bytes, then)));
    }

    /// What it has seen so far.
    pub(crate) fn seen(&self) -> Seen {
        self.shared.lock().seen
    }

    /// Waits until it has seen this.
    #[track_caller]
    pub(crate) fn waits_for(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let state = self.shared.lock();
        let (state, timeout) =
            self.shared.changed.wait_timeout_while(state, PATIENCE, |state| !is_so(&state.seen)).unwrap();
        assert!(!timeout.timed_out(), "the proxy did not see {what}: {:?}", state.seen);
    }

    #[track_caller]
    fn ask(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.shared.lock();
        change(&mut state);
        state.asked += 1;
        let asked = state.asked;
        self.shared.waker.wake().unwrap();
        let (state, timeout) =
            self.shared.changed.wait_timeout_while(state, PATIENCE, |state| state.done < asked).unwrap();
        drop(state);
        assert!(!timeout.timed_out(), "the proxy does not answer");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            state.stop = true;
        }
        let _ = self.shared.waker.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("--- the proxy's thread panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket
}

/// The thread's own.
struct Network {
    poll: Poll,
    shared: Arc<Shared>,
    guard: Socket,
    listener: Option<TcpListener>,
    links: Vec<Link>,
    next: usize,
}

struct Link {
    client: TcpStream,
    /// None while the weather keeps it from being reached.
    server: Option<TcpStream>,
    up: Pipe,
    down: Pipe,
    lost: bool,
}

impl Network {
    fn run(mut self) {
        let mut events = Events::with_capacity(64);
        loop {
            let next = self.turn();
            if self.shared.lock().stop {
                return;
            }
            let now = Instant::now();
            let timeout = next.map(|due| due.saturating_duration_since(now).max(Duration::from_millis(1)));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                polled => polled.unwrap(),
            }
        }
    }

    /// Everything that can be done now; and when there is more to do, if nothing happens before.
    fn turn(&mut self) -> Option<Instant> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        if let Some(cut) = state.cut.take() {
            self.links.drain(..).for_each(|link| link.cut(cut));
        }
        self.listen(state.weather);
        self.take(&mut state);
        let mut next = None;
        if state.weather != Weather::Stalled {
            let mut cut_all = None;
            for link in &mut self.links {
                if state.weather == Weather::Stalled {
                    break;
                }
                match link.turn(&mut state, &self.poll, &mut self.next) {
                    Ok(due) => next = [next, due].into_iter().flatten().min(),
                    Err(Broken::Cut(cut)) => cut_all = Some(cut),
                    Err(Broken::Lost) => link.lost = true,
                }
            }
            if let Some(cut) = cut_all {
                self.links.drain(..).for_each(|link| link.cut(cut));
            }
            for link in std::mem::take(&mut self.links) {
                match (link.lost, link.up.end_passed && link.down.end_passed) {
                    (true, _) => link.cut(Cut::Reset),
                    (_, true) => {}
                    _ => self.links.push(link),
                }
            }
        }
        state.seen.open = self.links.len();
        state.done = state.asked;
        shared.changed.notify_all();
        next
    }

    fn listen(&mut self, weather: Weather) {
        if weather == Weather::Refusing {
            self.listener = None;
        } else if self.listener.is_none() {
            let address = self.guard.local_addr().unwrap().as_socket().unwrap();
            let listener = bound(address);
            listener.listen(1_024).unwrap();
            listener.set_nonblocking(true).unwrap();
            let listener = TcpListener::from(listener);
            watch(&self.poll, &mut self.next, &listener);
            self.listener = Some(listener);
        }
    }

    fn take(&mut self, state: &mut State) {
        while let Some(Ok((client, _))) = self.listener.as_ref().map(TcpListener::accept) {
            client.set_nonblocking(true).unwrap();
            client.set_nodelay(true).unwrap();
            watch(&self.poll, &mut self.next, &client);
            self.links.push(Link { client, server: None, up: Pipe::default(), down: Pipe::default(), lost: false });
            state.seen.taken += 1;
        }
    }
}

/// The thread looks at everything whenever anything happens, so the tokens only have to differ.
fn watch(poll: &Poll, next: &mut usize, socket: &impl AsRawFd) {
    let token = Token(*next);
    *next += 1;
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), token, interest).unwrap();
}

impl Link {
    fn turn(&mut self, state: &mut State, poll: &Poll, next: &mut usize) -> Result<Option<Instant>, Broken> {
        if self.server.is_none() {
            // On this computer it is there at once or not at all.
            let Ok(server) = TcpStream::connect(state.server) else { return Err(Broken::Lost) };
            server.set_nonblocking(true).unwrap();
            server.set_nodelay(true).unwrap();
            watch(poll, next, &server);
            self.server = Some(server);
        }
        let Some(server) = &self.server else { return Ok(None) };
        let up = self.up.turn(&self.client, server, state, Way::Up)?;
        let down = self.down.turn(server, &self.client, state, Way::Down)?;
        Ok([up, down].into_iter().flatten().min())
    }

    fn cut(self, cut: Cut) {
        for socket in [Some(self.client), self.server].into_iter().flatten() {
            match cut {
                Cut::Reset => SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap(),
                Cut::End => {
                    // What is unread would turn the end into a reset. The other side may be gone already.
                    let _ = socket.shutdown(Shutdown::Write);
                    let mut rest = [0; 4_096];
                    while matches!((&socket).read(&mut rest), Ok(1..)) {}
                }
            }
        }
    }
}
