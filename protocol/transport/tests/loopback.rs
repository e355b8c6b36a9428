//! The same connection on real sockets and a real poll: the orderly end, a half-close, and connecting.
#![expect(clippy::disallowed_methods, reason = "a test on real sockets needs a real deadline")]
#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use tertulia_transport::connect::{self, Connecting};
use tertulia_transport::{FlushStatus, Framed, ReceiveStatus};

const HERE: Token = Token(0);
const PEER: Token = Token(1);
const LISTENER: Token = Token(2);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const LIMIT: usize = 256 * 1024;
const BUDGET: usize = 64 * 1024;

/// A poll that fails the test rather than waiting for ever.
struct Waiter {
    poll: Poll,
    events: Events,
    deadline: Instant,
}

impl Waiter {
    fn new() -> Self {
        let deadline = Instant::now() + Duration::from_secs(20);
        Self { poll: Poll::new().expect("a poll"), events: Events::with_capacity(16), deadline }
    }

    /// Polls once; `wait` as long as the deadline allows.
    fn turn(&mut self, wait: bool) -> Vec<(Token, bool, bool)> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "the deadline has passed");
        match self.poll.poll(&mut self.events, Some(if wait { left } else { Duration::ZERO })) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => result.expect("polling works"),
        }
        self.events.iter().map(|event| (event.token(), event.is_readable(), event.is_writable())).collect()
    }

    /// Two connected sockets, both registered.
    fn pair(&mut self) -> (Framed<TcpStream>, TcpStream) {
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let mut peer = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let registry = self.poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE).expect("registered");
        registry.register(&mut peer, PEER, BOTH).expect("registered");
        let mut accepted = None;
        let mut connected = false;
        while accepted.is_none() || !connected {
            for (token, ..) in self.turn(true) {
                match token {
                    LISTENER => accepted = listener.accept().ok(),
                    _ => connected |= connect::progress(&peer) == Connecting::Connected,
                }
            }
        }
        let (mut socket, _) = accepted.expect("accepted");
        self.poll.registry().register(&mut socket, HERE, BOTH).expect("registered");
        (Framed::new(socket, LIMIT), peer)
    }
}

/// What one plain read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Took {
    Bytes,
    Blocked,
    End,
}

/// Reads once, a little.
fn read_once(socket: &mut TcpStream, into: &mut Vec<u8>) -> Took {
    let mut buffer = [0; 8 * 1024];
    match socket.read(&mut buffer) {
        Ok(0) => Took::End,
        Ok(count) => {
            into.extend_from_slice(&buffer[..count]);
            Took::Bytes
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Took::Blocked,
        Err(error) if error.kind() == ErrorKind::Interrupted => Took::Bytes,
        result => panic!("the peer is cut off after {} bytes: {result:?}", into.len()),
    }
}

/// Regression: a socket that is closed while bytes lie unread in it resets the peer, which then loses megabytes that
/// were queued for it. Here the peer has written what nobody wants, and reads more slowly than it is sent to, so that
/// nearly everything is still in the hands of the system when the last byte has been written.
#[test]
fn all_of_a_long_answer_arrives_although_the_peers_bytes_were_not_read() {
    let mut waiter = Waiter::new();
    let (mut framed, mut peer) = waiter.pair();
    let answer: Arc<[u8]> = (0..3_900_000_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
    assert!(peer.write(&[0; 100_000]).expect("there is room") > 0);
    for piece in answer.chunks(150_000) {
        framed.queue(Arc::from(piece));
    }
    framed.finish();

    let mut scratch = vec![0; BUDGET];
    let mut got = Vec::new();
    let mut connection = Some(framed);
    let mut peer_reads = Took::Blocked;
    let mut peer_open = true;
    let mut again = true;
    while connection.is_some() || peer_open {
        for (token, readable, writable) in waiter.turn(!again) {
            match (token, &mut connection) {
                (HERE, Some(framed)) => framed.mark(readable, writable),
                (PEER, _) if readable && peer_open => peer_reads = Took::Bytes,
                _ => {}
            }
        }
        if peer_open && peer_reads == Took::Bytes {
            peer_reads = read_once(&mut peer, &mut got);
            if peer_reads == Took::End {
                // An orderly peer has nothing more to say either.
                peer.shutdown(Shutdown::Write).expect("half a close");
                peer_open = false;
            }
        }
        again = peer_reads == Took::Bytes;
        if let Some(framed) = &mut connection {
            let flushed = framed.flush().status;
            let received = framed.discard(&mut scratch, BUDGET).status;
            again |= flushed == FlushStatus::Budget || received == ReceiveStatus::Budget;
            match received {
                ReceiveStatus::Eof { .. } if framed.is_finished() => connection = None,
                ReceiveStatus::Drained | ReceiveStatus::Budget => {}
                other => panic!("{other:?} after {} bytes", got.len()),
            }
        }
    }
    assert_eq!(got.len(), answer.len());
    assert!(got == *answer, "the same bytes in the same order");
}

/// Regression: a peer that has ended its own direction still reads, and the end arrives although it shared its event
/// with the last bytes.
#[test]
fn a_request_followed_at_once_by_a_half_close_gets_its_answer() {
    let mut waiter = Waiter::new();
    let (mut framed, mut peer) = waiter.pair();
    assert_eq!(peer.write(&[0, 0, 0, 2, 7, 42]).expect("there is room"), 6);
    peer.shutdown(Shutdown::Write).expect("half a close");

    let mut scratch = vec![0; BUDGET];
    let mut frames = Vec::new();
    let mut got = Vec::new();
    let mut peer_at_end = false;
    while !peer_at_end {
        for (token, readable, writable) in waiter.turn(true) {
            match token {
                HERE => framed.mark(readable, writable),
                _ => {
                    while !peer_at_end {
                        match read_once(&mut peer, &mut got) {
                            Took::Bytes => {}
                            Took::Blocked => break,
                            Took::End => peer_at_end = true,
                        }
                    }
                }
            }
        }
        let received = framed.receive(&mut scratch, BUDGET, &mut |frame| {
            frames.push((frame.kind, frame.payload.to_vec()));
            ControlFlow::Continue(())
        });
        if received.status == (ReceiveStatus::Eof { inside_frame: false }) {
            framed.queue(Arc::from(*b"\0\0\0\x01\x08"));
            framed.finish();
        }
        assert!(!matches!(framed.flush().status, FlushStatus::Failed(_)));
    }
    assert_eq!(frames, [(7, vec![42])]);
    assert_eq!(got, b"\0\0\0\x01\x08");
}

#[test]
fn a_connection_that_nobody_accepts_fails_with_its_reason() {
    let mut waiter = Waiter::new();
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut socket = TcpStream::connect(address).expect("begun");
    waiter.poll.registry().register(&mut socket, PEER, BOTH).expect("registered");
    let mut outcome = Connecting::Pending;
    while outcome == Connecting::Pending {
        if !waiter.turn(true).is_empty() {
            outcome = connect::progress(&socket);
        }
    }
    assert_eq!(outcome, Connecting::Failed(ErrorKind::ConnectionRefused));
}
