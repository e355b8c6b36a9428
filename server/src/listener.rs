//! Listening: bind, accept within a budget, and what to do when there are no descriptors left.
//!
//! Readiness is edge-triggered: an accept that stops before `WouldBlock`, for a budget or for want of descriptors, will
//! hear of those who wait from nobody. So the listener remembers that there may be more, and when to look again.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

/// How many connections the system keeps for us while we are busy: a whole office that comes back at once.
const BACKLOG: i32 = 4096;

/// How long to wait after running out of descriptors, in milliseconds.
const OUT_OF_DESCRIPTORS_MS: u64 = 100;

/// One listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    may_have_more: bool,
    retry_at: Option<u64>,
}

/// What one attempt to accept brought.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    Connection(TcpStream, SocketAddr),
    /// This one was over before it began; there may be more.
    Aborted,
    /// Nobody waits.
    Nobody,
    /// There are no descriptors, or no memory for them: try again later.
    OutOfDescriptors,
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

    /// Where it listens: the port that the system chose, if it was to choose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, to register it.
    pub fn socket_mut(&mut self) -> &mut TcpListener {
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
    pub fn accept(&mut self, now: u64) -> Accepted {
        if !self.may_have_more || self.retry_at.is_some_and(|at| now < at) {
            return Accepted::Nobody;
        }
        self.retry_at = None;
        match self.socket.accept() {
            Ok((socket, peer)) => Accepted::Connection(socket, peer),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    self.may_have_more = false;
                    Accepted::Nobody
                }
                _ if is_out_of_descriptors(&error) => {
                    self.retry_at = Some(now + OUT_OF_DESCRIPTORS_MS);
                    Accepted::OutOfDescriptors
                }
                // ECONNABORTED and its like belong to one peer, not to the listener.
                _ => Accepted::Aborted,
            },
        }
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
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from_std(socket.into());
    let address = socket.local_addr()?;
    Ok(Listener { socket, address, may_have_more: false, retry_at: None })
}

/// EAFNOSUPPORT (97), EADDRNOTAVAIL (99), as on a kernel with IPv6 switched off.
fn is_no_ipv6(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(97 | 99)) || error.kind() == ErrorKind::AddrNotAvailable
}

/// EMFILE (24), ENFILE (23), ENOBUFS (105), ENOMEM (12).
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24 | 105)) || error.kind() == ErrorKind::OutOfMemory
}
