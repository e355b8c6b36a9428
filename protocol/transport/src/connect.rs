//! Finding out whether a connection that was begun has come about.
//!
//! A non-blocking connect returns before it is decided, and the event that ends the wait says only that something
//! happened: on some systems it comes early, on others together with an error. Owns nothing; touches nothing but the
//! socket that it is asked about.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::TcpStream;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connecting {
    /// Not decided: wait for the next writable event, and bound the wait with a deadline.
    Pending,
    /// It stands: make a [`Framed`](crate::Framed) of the socket, and mark it with what the event said.
    Connected,
    /// It did not come about, and this socket never will.
    Failed(ErrorKind),
}

/// To be asked after each event of a socket from [`TcpStream::connect`], until the answer is no longer
/// [`Connecting::Pending`]. The answer is taken from the socket, so a failure is told once.
#[must_use]
pub fn progress(socket: &TcpStream) -> Connecting {
    settle(socket.take_error(), || socket.peer_addr())
}

fn settle(error: io::Result<Option<io::Error>>, peer: impl FnOnce() -> io::Result<SocketAddr>) -> Connecting {
    // The error first: a socket whose attempt failed can still name the peer that it never reached.
    if let Err(error) | Ok(Some(error)) = error {
        return Connecting::Failed(error.kind());
    }
    match peer() {
        Ok(_) => Connecting::Connected,
        // An event that came before its time.
        Err(error) if error.kind() == ErrorKind::NotConnected => Connecting::Pending,
        Err(error) => Connecting::Failed(error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: Result<Option<ErrorKind>, ErrorKind>, peer: Result<(), ErrorKind>, expected: Connecting) {
        let error = error.map(|error| error.map(io::Error::from)).map_err(io::Error::from);
        let peer = peer.map(|()| SocketAddr::from(([127, 0, 0, 1], 7667))).map_err(io::Error::from);
        assert_eq!(settle(error, || peer), expected);
    }

    #[test]
    fn an_event_before_its_time_is_no_connection() {
        check(Ok(None), Err(ErrorKind::NotConnected), Connecting::Pending);
        check(Ok(None), Ok(()), Connecting::Connected);
    }

    #[test]
    fn the_sockets_error_counts_more_than_a_peer_that_it_can_name() {
        check(Ok(Some(ErrorKind::ConnectionRefused)), Ok(()), Connecting::Failed(ErrorKind::ConnectionRefused));
        check(Err(ErrorKind::InvalidInput), Ok(()), Connecting::Failed(ErrorKind::InvalidInput));
        check(Ok(None), Err(ErrorKind::InvalidInput), Connecting::Failed(ErrorKind::InvalidInput));
    }
}
