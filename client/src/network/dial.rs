//! From the address of a server to a connected socket: looked up, then tried one after the other.
//!
//! A name is looked up by the system's resolver, which blocks for as long as it likes: on a thread of its own, at most
//! one at a time for a dialler, so that commands and timers go on meanwhile. Numbers need no looking up.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError, sync_channel},
    },
    time::Duration,
};

use mio::{Interest, Registry, Token, net::TcpStream};
use tertulia_transport::connect::{Connecting, progress};

use super::queues::Shared;
use crate::{address::ServerAddress, session::Why};

/// How long one address gets. On a local network an answer takes milliseconds; a wrong IPv6 route, which is tried
/// first, should not cost more than a breath.
const ADDRESS_MAX: Duration = Duration::from_secs(3);

/// How long a lookup gets before the attempt is given up. The lookup itself goes on, and the next attempt takes what it
/// found.
const LOOKUP_MAX: Duration = Duration::from_secs(10);

type Found = io::Result<Vec<SocketAddr>>;

/// One way to one server.
#[derive(Debug)]
pub(super) struct Dialler {
    server: ServerAddress,
    lookup: Option<Receiver<Found>>,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    LookingUp { until: Duration },
    Trying { socket: TcpStream, token: Token, until: Duration, rest: VecDeque<SocketAddr> },
}

/// What came of dialling.
#[derive(Debug)]
pub(super) enum Dialled {
    /// Not decided.
    Pending,
    /// Connected. The socket is registered under the token.
    Connected(TcpStream, Token),
    Failed(Why),
}

/// What a dialler needs from its thread for a moment.
pub(super) struct Tools<'a> {
    pub(super) registry: &'a Registry,
    pub(super) shared: &'a Arc<Shared>,
    /// Every socket gets the next one, so that an event for a socket that is gone meets nobody.
    pub(super) next_token: &'a mut usize,
}

impl Dialler {
    pub(super) fn new(server: ServerAddress) -> Self {
        Self { server, lookup: None, state: State::Idle }
    }

    /// Whether an event with this token is about the socket that is being connected.
    pub(super) fn owns(&self, event: Token) -> bool {
        matches!(self.state, State::Trying { token, .. } if token == event)
    }

    /// When [`Self::turn`] has something to do, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Idle => None,
            State::LookingUp { until } | State::Trying { until, .. } => Some(until),
        }
    }

    /// Begins anew.
    pub(super) fn start(&mut self, now: Duration, tools: &mut Tools<'_>) -> Dialled {
        if let Ok(ip) = self.server.host().parse::<IpAddr>() {
            return self.try_next(now, [SocketAddr::new(ip, self.server.port())].into(), None, tools);
        }
        if self.lookup.is_none() {
            match look_up(&self.server, Arc::clone(tools.shared)) {
                Ok(lookup) => self.lookup = Some(lookup),
                Err(error) => return Dialled::Failed(Why::NotResolved(error.to_string())),
            }
        }
        self.state = State::LookingUp { until: now + LOOKUP_MAX };
        self.turn(now, tools)
    }

    /// Gives up.
    pub(super) fn stop(&mut self) {
        self.state = State::Idle;
    }

    /// Looks whether something was decided.
    pub(super) fn turn(&mut self, now: Duration, tools: &mut Tools<'_>) -> Dialled {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Dialled::Pending,
            State::LookingUp { until } => match self.found() {
                Some(Ok(addresses)) => self.try_next(now, addresses.into(), None, tools),
                Some(Err(error)) => Dialled::Failed(Why::NotResolved(error.to_string())),
                None if until <= now => Dialled::Failed(Why::NotResolved("no answer in time".to_owned())),
                None => {
                    self.state = State::LookingUp { until };
                    Dialled::Pending
                }
            },
            State::Trying { socket, token, until, rest } => match progress(&socket) {
                Connecting::Connected => Dialled::Connected(socket, token),
                Connecting::Failed(kind) => self.try_next(now, rest, Some(kind), tools),
                Connecting::Pending if until <= now => self.try_next(now, rest, Some(io::ErrorKind::TimedOut), tools),
                Connecting::Pending => {
                    self.state = State::Trying { socket, token, until, rest };
                    Dialled::Pending
                }
            },
        }
    }

    fn found(&mut self) -> Option<Found> {
        let found = match self.lookup.as_ref()?.try_recv() {
            Ok(found) => found,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(io::Error::other("the lookup broke off")),
        };
        self.lookup = None;
        Some(found)
    }

    fn try_next(
        &mut self,
        now: Duration,
        mut rest: VecDeque<SocketAddr>,
        mut last: Option<io::ErrorKind>,
        tools: &mut Tools<'_>,
    ) -> Dialled {
        while let Some(address) = rest.pop_front() {
            match connect(address, tools) {
                Ok((socket, token)) => {
                    self.state = State::Trying { socket, token, until: now + ADDRESS_MAX, rest };
                    return Dialled::Pending;
                }
                Err(error) => last = Some(error.kind()),
            }
        }
        let why = last.map_or_else(|| "the name has no address".to_owned(), |kind| kind.to_string());
        Dialled::Failed(Why::NotReached(why))
    }
}

fn connect(address: SocketAddr, tools: &mut Tools<'_>) -> io::Result<(TcpStream, Token)> {
    let mut socket = TcpStream::connect(address)?;
    *tools.next_token += 1;
    let token = Token(*tools.next_token);
    // Both directions, once and for all: who wants what is remembered by the transport.
    tools.registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok((socket, token))
}

/// Asks the system's resolver, on a thread that lives until it has answered.
fn look_up(server: &ServerAddress, shared: Arc<Shared>) -> io::Result<Receiver<Found>> {
    let (host, port) = (server.host().to_owned(), server.port());
    let (sender, receiver) = sync_channel(1);
    #[expect(clippy::disallowed_methods, reason = "the system's resolver blocks, so it gets a thread of its own")]
    std::thread::Builder::new().name("lookup".to_owned()).spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        // Nobody waits any more: then nobody needs it.
        let _ = sender.send(found);
        shared.wake_network();
    })?;
    Ok(receiver)
}
