//! Listening: bind, accept within a budget, and what to do when there are no descriptors left.
//!
//! Readiness is edge-triggered: an accept that stops before `WouldBlock`, for a budget or for want of descriptors, will
//! hear of those who wait from nobody. So the listener remembers that there may be more, and when to look again.
//!
//! At the limit on open files an accept fails whether somebody waits or not, and who waits hears nothing. So one
//! descriptor is held in reserve: it is given up for the one that waits longest, who is told and closed, and taken
//! back. That also shows when nobody waits any more, so that a server at its limit sleeps like any other.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

/// How many connections the system keeps for us while we are busy: a whole office that comes back at once.
const BACKLOG: i32 = 4096;

/// Whether an accepted socket sends small messages at once because the listening one does. A system call less for each.
const INHERITS_NODELAY: bool = cfg!(target_os = "linux");

/// How long to wait after running out of descriptors, in milliseconds.
const OUT_OF_DESCRIPTORS_MS: u64 = 100;

/// So many are told at once that there are no descriptors. The others wait a moment longer: one may become free, and
/// whoever comes back at once must not keep the server busy.
const TURNED_AWAY_AT_ONCE: usize = 16;

/// Where connections come from: the system, or a test that plays it.
pub trait Source {
    /// A connection.
    type Socket;
    /// What holds a descriptor, to be dropped when one is needed.
    type Spare;

    /// Accepts one connection without waiting.
    ///
    /// # Errors
    /// The system's.
    fn accept(&self) -> io::Result<(Self::Socket, SocketAddr)>;

    /// Takes a descriptor into reserve.
    ///
    /// # Errors
    /// There is none.
    fn spare(&self) -> io::Result<Self::Spare>;
}

impl Source for TcpListener {
    type Socket = TcpStream;
    type Spare = Socket;

    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, peer) = Self::accept(self)?;
        if !INHERITS_NODELAY {
            let _ = socket.set_nodelay(true);
        }
        Ok((socket, peer))
    }

    fn spare(&self) -> io::Result<Socket> {
        // A socket without an address: a descriptor on every system, and no file.
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))
    }
}

/// One listening socket.
#[derive(Debug)]
pub struct Listener<A: Source = TcpListener> {
    socket: A,
    address: SocketAddr,
    may_have_more: bool,
    retry_at: Option<u64>,
    spare: Option<A::Spare>,
    turned_away: usize,
}

/// What one attempt to accept brought.
#[derive(Debug)]
pub enum Accepted<S> {
    /// A connection.
    Connection(S, SocketAddr),
    /// A connection on the descriptor in reserve: to be told, and closed before the next attempt.
    Beyond(S, SocketAddr),
    /// This one was over before it began; there may be more.
    Aborted,
    /// Nobody waits, or it is not time yet.
    Nobody,
    /// There are no descriptors, or no memory for them, or something else is wrong: try again later.
    NotNow,
}

impl Listener {
    /// Listens. An IPv6 wildcard takes IPv4 as well; where IPv6 is switched off, it becomes the IPv4 wildcard.
    ///
    /// # Errors
    /// The system's: in use, not ours, not allowed.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        match bind(address) {
            Err(error) if address.ip().is_unspecified() && address.is_ipv6() && is_no_ipv6(&error) => {
                bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
            }
            bound => bound,
        }
    }
}

impl<A: Source> Listener<A> {
    /// A listener over a source that listens there.
    pub fn new(socket: A, address: SocketAddr) -> Self {
        let spare = socket.spare().ok();
        Self { socket, address, may_have_more: false, retry_at: None, spare, turned_away: 0 }
    }

    /// Where it listens: the port that the system chose, if it was to choose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, to register it.
    pub fn socket_mut(&mut self) -> &mut A {
        &mut self.socket
    }

    /// An event said that somebody waits.
    pub fn mark(&mut self) {
        self.may_have_more = true;
    }

    /// When to try again without an event; 0 is at once.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.may_have_more.then(|| self.retry_at.unwrap_or_default())
    }

    /// Accepts one connection.
    pub fn accept(&mut self, now: u64) -> Accepted<A::Socket> {
        if !self.may_have_more || self.retry_at.is_some_and(|at| now < at) {
            return Accepted::Nobody;
        }
        if self.retry_at.take().is_some() {
            self.turned_away = 0;
        }
        if self.spare.is_none() {
            self.spare = self.socket.spare().ok();
        }
        match self.socket.accept() {
            Ok((socket, peer)) => {
                self.turned_away = 0;
                Accepted::Connection(socket, peer)
            }
            Err(error) if is_out_of_descriptors(&error) && self.turned_away < TURNED_AWAY_AT_ONCE => {
                // The one in reserve becomes free, if it is there.
                if self.spare.take().is_none() {
                    return self.later(now);
                }
                match self.socket.accept() {
                    Ok((socket, peer)) => {
                        self.turned_away += 1;
                        Accepted::Beyond(socket, peer)
                    }
                    Err(error) => {
                        self.spare = self.socket.spare().ok();
                        self.failed(&error, now)
                    }
                }
            }
            Err(error) => self.failed(&error, now),
        }
    }

    fn failed(&mut self, error: &io::Error, now: u64) -> Accepted<A::Socket> {
        match error.kind() {
            ErrorKind::WouldBlock => {
                self.may_have_more = false;
                Accepted::Nobody
            }
            // These belong to one peer, not to the listener.
            ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted => Accepted::Aborted,
            // Whatever else it is may well be so the next time, and must not keep the loop busy.
            _ => self.later(now),
        }
    }

    fn later(&mut self, now: u64) -> Accepted<A::Socket> {
        self.retry_at = Some(now + OUT_OF_DESCRIPTORS_MS);
        Accepted::NotNow
    }
}

fn bind(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the connections of the last run to be forgotten by the system.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Only a latency; where the system refuses it, messages are a little later. On Linux what is accepted here has it too.
    let _ = socket.set_tcp_nodelay(true);
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from_std(socket.into());
    let address = socket.local_addr()?;
    Ok(Listener::new(socket, address))
}

/// EAFNOSUPPORT (97), EADDRNOTAVAIL (99), as on a kernel with IPv6 switched off.
fn is_no_ipv6(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(97 | 99)) || error.kind() == ErrorKind::AddrNotAvailable
}

/// EMFILE (24), ENFILE (23), ENOBUFS (105), ENOMEM (12).
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24 | 105)) || error.kind() == ErrorKind::OutOfMemory
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody sets it on each socket: a system that does not pass it on would make every message wait.
    #[test]
    fn what_is_accepted_sends_small_messages_at_once() {
        let mut listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        #[expect(clippy::disallowed_types, reason = "a client that waits until it is connected")]
        let _client = std::net::TcpStream::connect(listener.address()).unwrap();
        listener.mark();
        let Accepted::Connection(socket, _) = listener.accept(0) else { panic!("nobody was accepted") };
        assert!(socket.nodelay().unwrap());
    }
}
