//! A connection in memory: two pipes of bytes, and the edges that a poll would report.
//!
//! Edges are given as sparingly as any system may: one when bytes or an end arrive, one when room appears after a
//! write was answered `WouldBlock`, and after a `WouldBlock` without cause. Who forgets one hangs, as in life.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    rc::Rc,
};

use tertulia_server::keys::{Random, SeededRandom};
use tertulia_transport::Socket;

/// How the server's end of a wire behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Bytes that fit into the direction to the client.
    pub(crate) capacity: usize,
    /// At most so many bytes move in one call; each call moves a random part of it.
    pub(crate) chunk_max: usize,
    /// One call in so many answers `WouldBlock` without cause; 0 for none.
    pub(crate) blocks_one_in: u64,
}

impl Default for Manner {
    /// As a good local network: large and without whims.
    fn default() -> Self {
        Self { capacity: 1 << 20, chunk_max: usize::MAX, blocks_one_in: 0 }
    }
}

impl Manner {
    /// A wire that does everything in the worst way that it may.
    pub(crate) fn nasty() -> Self {
        Self { capacity: 700, chunk_max: 40, blocks_one_in: 5 }
    }
}

/// Both ends of a connection. The test holds one, the server's socket is the other.
#[derive(Clone)]
pub(crate) struct Wire(Rc<RefCell<State>>);

struct State {
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// The client has ended its direction.
    client_ended: bool,
    /// The server has.
    server_ended: bool,
    reset: bool,
    /// The server has let go of its socket.
    dropped: bool,
    /// A write was answered `WouldBlock`, and no edge has been given since.
    write_blocked: bool,
    readable_edge: bool,
    writable_edge: bool,
    manner: Manner,
    random: SeededRandom,
    written: u64,
}

impl State {
    /// Answers `WouldBlock` without cause now and then.
    fn has_a_whim(&mut self) -> bool {
        self.manner.blocks_one_in > 0 && self.random().is_multiple_of(self.manner.blocks_one_in)
    }

    fn random(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn chunk(&mut self, available: usize) -> usize {
        let most = available.min(self.manner.chunk_max);
        if self.manner.chunk_max == usize::MAX {
            return most;
        }
        1 + usize::try_from(self.random() % most as u64).unwrap()
    }
}

impl Wire {
    pub(crate) fn new(manner: Manner, seed: u64) -> Self {
        Self(Rc::new(RefCell::new(State {
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            client_ended: false,
            server_ended: false,
            reset: false,
            dropped: false,
            write_blocked: false,
            // Registering a socket reports that it can be written to.
            readable_edge: false,
            writable_edge: true,
            manner,
            random: SeededRandom::new(seed),
            written: 0,
        })))
    }

    /// The server's end.
    pub(crate) fn socket(&self) -> MemSocket {
        MemSocket(self.clone())
    }

    /// The client sends.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let state = &mut *self.0.borrow_mut();
        if !state.reset && !state.dropped && !bytes.is_empty() {
            assert!(!state.client_ended, "the client has ended its direction");
            state.to_server.extend(bytes);
            state.readable_edge = true;
        }
    }

    /// The client ends its direction.
    pub(crate) fn end(&self) {
        let state = &mut *self.0.borrow_mut();
        state.client_ended = true;
        state.readable_edge = true;
    }

    /// The client's system resets the connection: what is on its way is lost.
    pub(crate) fn reset(&self) {
        let state = &mut *self.0.borrow_mut();
        state.reset = true;
        state.to_server.clear();
        state.to_client.clear();
        (state.readable_edge, state.writable_edge) = (true, true);
    }

    /// The client takes at most so many bytes.
    pub(crate) fn take(&self, most: usize) -> Vec<u8> {
        let state = &mut *self.0.borrow_mut();
        let count = most.min(state.to_client.len());
        if count > 0 && std::mem::take(&mut state.write_blocked) {
            state.writable_edge = true;
        }
        state.to_client.drain(..count).collect()
    }

    /// So many bytes fit into the direction to the client from now on.
    pub(crate) fn widen(&self, capacity: usize) {
        let state = &mut *self.0.borrow_mut();
        state.manner.capacity = capacity;
        state.writable_edge |= std::mem::take(&mut state.write_blocked);
    }

    /// How many bytes wait for the client.
    pub(crate) fn waiting(&self) -> usize {
        self.0.borrow().to_client.len()
    }

    /// How many bytes the client has sent that the server has not read.
    pub(crate) fn unread(&self) -> usize {
        self.0.borrow().to_server.len()
    }

    /// Whether nothing follows what waits: the server has ended its direction, or let go.
    pub(crate) fn is_ended(&self) -> bool {
        let state = self.0.borrow();
        state.server_ended || state.dropped || state.reset
    }

    /// Whether the server has let go of its socket.
    pub(crate) fn is_dropped(&self) -> bool {
        self.0.borrow().dropped
    }

    /// How many bytes the server has written in all.
    pub(crate) fn written(&self) -> u64 {
        self.0.borrow().written
    }

    /// The edges since the last call: what the poll would report.
    pub(crate) fn edges(&self) -> (bool, bool) {
        let state = &mut *self.0.borrow_mut();
        (std::mem::take(&mut state.readable_edge), std::mem::take(&mut state.writable_edge))
    }

    /// Whether the poll would report something.
    pub(crate) fn has_edges(&self) -> bool {
        let state = self.0.borrow();
        !state.dropped && (state.readable_edge || state.writable_edge)
    }
}

/// The server's end of a [`Wire`].
pub(crate) struct MemSocket(Wire);

impl Drop for MemSocket {
    fn drop(&mut self) {
        self.0.0.borrow_mut().dropped = true;
    }
}

impl Read for MemSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.0.0.borrow_mut();
        if state.reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if state.has_a_whim() {
            state.readable_edge |= !state.to_server.is_empty() || state.client_ended;
            return Err(ErrorKind::WouldBlock.into());
        }
        if state.to_server.is_empty() {
            return if state.client_ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let count = state.chunk(buffer.len().min(state.to_server.len()));
        for (to, from) in buffer.iter_mut().zip(state.to_server.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl Write for MemSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let state = &mut *self.0.0.borrow_mut();
        assert!(!state.server_ended, "a write behind the end of the direction");
        if state.reset {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let room = state.manner.capacity.saturating_sub(state.to_client.len());
        if room == 0 {
            state.write_blocked = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        if state.has_a_whim() {
            state.writable_edge = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = state.chunk(bytes.len().min(room));
        state.to_client.extend(&bytes[..count]);
        state.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for MemSocket {
    fn shutdown_write(&self) -> io::Result<()> {
        let state = &mut *self.0.0.borrow_mut();
        assert!(!state.server_ended, "the direction was ended twice");
        state.server_ended = true;
        if state.reset { Err(ErrorKind::NotConnected.into()) } else { Ok(()) }
    }
}
