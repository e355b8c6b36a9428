//! One socket, whose answers are put into the four words that the rest of the crate works with.
//!
//! Owns the socket. It keeps no bytes and no readiness, and never tries again after `WouldBlock`. When connections can
//! be encrypted, the channel goes in here: everything above sees plain bytes.

use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;

/// How often a call that a signal interrupted is made again. A non-blocking call has no reason to be interrupted even
/// once; the bound is there so that a broken socket can end a connection, but never hold the loop.
const INTERRUPTED_MAX: usize = 16;

/// A non-blocking byte socket: the poll's own, or a test double.
pub trait Socket: io::Read + io::Write {
    /// Ends the sending direction after what was written so far; reading goes on.
    ///
    /// # Errors
    /// Whatever the system answers, most likely that the peer is gone.
    fn shutdown_write(&self) -> io::Result<()>;
}

impl Socket for mio::net::TcpStream {
    fn shutdown_write(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// What one call on a stream came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// So many bytes were moved, and never zero. More may be possible, however short of the request this is: only
    /// `WouldBlock` ends a readiness. (One system promises that after a short read the next byte brings an event, the
    /// poll does not; and an end of stream that arrived together with the last bytes brings none anywhere.)
    Progress(usize),
    /// Nothing at the moment; an event will tell.
    WouldBlock,
    /// Reading: the peer has ended its direction. Writing: the socket takes nothing any more.
    Eof,
    /// The connection is of no more use.
    Failed(ErrorKind),
}

/// A socket, and the place for what may stand between its bytes and ours.
#[derive(Debug)]
pub(crate) struct Stream<S> {
    socket: S,
}

impl<S> Stream<S> {
    /// A stream whose bytes travel as they are.
    pub(crate) const fn plain(socket: S) -> Self {
        Self { socket }
    }

    /// The socket, to register it or ask for its addresses.
    pub(crate) const fn socket(&self) -> &S {
        &self.socket
    }

    /// The socket, to register it. Bytes that are read or written here are lost to the stream.
    pub(crate) const fn socket_mut(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Gives the socket back.
    pub(crate) fn into_socket(self) -> S {
        self.socket
    }
}

impl<S: Socket> Stream<S> {
    /// Reads once into `buffer`, which must not be empty.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Outcome {
        let asked = buffer.len();
        settle(asked, || self.socket.read(buffer))
    }

    /// Writes once from `bytes`, which must not be empty.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Outcome {
        settle(bytes.len(), || self.socket.write(bytes))
    }

    /// Writes once from several slices, not all of them empty.
    pub(crate) fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> Outcome {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        settle(offered, || self.socket.write_vectored(slices))
    }

    /// Ends the sending direction, or gives the kind of whatever the system answered.
    pub(crate) fn shutdown_write(&self) -> Result<(), ErrorKind> {
        self.socket.shutdown_write().map_err(|error| error.kind())
    }
}

/// Makes the call until it was not interrupted, and never believes that more was moved than was offered.
fn settle(offered: usize, mut call: impl FnMut() -> io::Result<usize>) -> Outcome {
    for _ in 0..INTERRUPTED_MAX {
        return match call() {
            Ok(0) => Outcome::Eof,
            Ok(moved) => Outcome::Progress(moved.min(offered)),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => continue,
                ErrorKind::WouldBlock => Outcome::WouldBlock,
                kind => Outcome::Failed(kind),
            },
        };
    }
    Outcome::Failed(ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answers: &[Result<usize, ErrorKind>], expected: Outcome) {
        let mut answers = answers.iter();
        let outcome = settle(10, || answers.next().copied().expect("an answer").map_err(io::Error::from));
        assert_eq!(outcome, expected);
        assert_eq!(answers.next(), None, "every answer was asked for");
    }

    #[test]
    fn an_interrupted_call_is_made_again() {
        check(&[Err(ErrorKind::Interrupted), Err(ErrorKind::Interrupted), Ok(7)], Outcome::Progress(7));
        check(&[Err(ErrorKind::Interrupted), Err(ErrorKind::WouldBlock)], Outcome::WouldBlock);
    }

    #[test]
    fn a_call_that_is_always_interrupted_ends_the_connection_and_not_the_loop() {
        check(&[Err(ErrorKind::Interrupted); INTERRUPTED_MAX], Outcome::Failed(ErrorKind::Interrupted));
    }

    #[test]
    fn every_answer_has_its_word() {
        check(&[Ok(0)], Outcome::Eof);
        check(&[Ok(10)], Outcome::Progress(10));
        check(&[Ok(11)], Outcome::Progress(10));
        check(&[Err(ErrorKind::ConnectionReset)], Outcome::Failed(ErrorKind::ConnectionReset));
    }
}
