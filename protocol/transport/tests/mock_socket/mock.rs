//! The socket, the steps it goes through, and frames made by hand.

use std::cell::Cell;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use proptest::prelude::*;
use tertulia_transport::Socket;

/// The answer to one call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Move at most so many bytes.
    Move(usize),
    Block,
    Interrupt,
}

/// What comes behind the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing yet: the peer is quiet.
    Quiet,
    Eof,
    Reset,
}

/// One direction: what the next calls answer, and whether an event is owed.
#[derive(Debug)]
struct Direction {
    steps: Vec<Step>,
    next: usize,
    interrupts: usize,
    /// `WouldBlock` was answered, and no event has been given since.
    blocked: bool,
    calls: usize,
}

impl Direction {
    fn new(steps: Vec<Step>) -> Self {
        Self { steps, next: 0, interrupts: 0, blocked: false, calls: 0 }
    }

    /// How many bytes may move now. The steps come round again; without any, everything may.
    fn step(&mut self) -> io::Result<usize> {
        let step = self.steps.get(self.next).copied().unwrap_or(Step::Move(usize::MAX));
        self.next = if self.next + 1 < self.steps.len() { self.next + 1 } else { 0 };
        match step {
            // As many in a row as a connection must put up with.
            Step::Interrupt if self.interrupts < 8 => {
                self.interrupts += 1;
                return Err(ErrorKind::Interrupted.into());
            }
            Step::Block if !self.blocked => return Err(self.block()),
            Step::Move(count) => {
                self.interrupts = 0;
                self.calls += 1;
                return Ok(count.max(1));
            }
            // Asked again before the event: on a real socket the bytes may be there by now.
            Step::Block | Step::Interrupt => {}
        }
        self.interrupts = 0;
        self.calls += 1;
        Ok(1)
    }

    fn block(&mut self) -> io::Error {
        self.interrupts = 0;
        self.calls += 1;
        self.blocked = true;
        ErrorKind::WouldBlock.into()
    }
}

#[derive(Debug)]
pub(crate) struct MockSocket {
    incoming: Vec<u8>,
    taken: usize,
    end: End,
    reading: Direction,
    sent: Vec<u8>,
    writing: Direction,
    /// What every write answers from now on.
    write_answer: Option<Result<usize, ErrorKind>>,
    shutdown_answer: Option<ErrorKind>,
    shutdowns: Cell<usize>,
}

impl MockSocket {
    pub(crate) fn new(incoming: &[u8], end: End, reads: &[Step], writes: &[Step]) -> Self {
        let mut reading = Direction::new(reads.to_vec());
        // Registering a socket reports what is there already.
        reading.blocked = true;
        let writing = Direction::new(writes.to_vec());
        Self {
            incoming: incoming.to_vec(),
            taken: 0,
            end,
            reading,
            sent: Vec::new(),
            writing,
            write_answer: None,
            shutdown_answer: None,
            shutdowns: Cell::new(0),
        }
    }

    /// A peer that says nothing.
    pub(crate) fn quiet(writes: &[Step]) -> Self {
        Self::new(&[], End::Quiet, &[], writes)
    }

    /// The event that is owed, if any: what `Framed::mark` is to be told.
    pub(crate) fn event(&mut self) -> (bool, bool) {
        let readable = self.reading.blocked && (self.taken < self.incoming.len() || self.end != End::Quiet);
        let writable = self.writing.blocked;
        self.reading.blocked &= !readable;
        self.writing.blocked = false;
        (readable, writable)
    }

    pub(crate) fn arrive(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
    }

    pub(crate) fn end(&mut self, end: End) {
        self.end = end;
    }

    pub(crate) fn answer_writes(&mut self, answer: Result<usize, ErrorKind>) {
        self.write_answer = Some(answer);
    }

    pub(crate) fn answer_shutdown(&mut self, kind: ErrorKind) {
        self.shutdown_answer = Some(kind);
    }

    /// How far the incoming bytes have been read.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    pub(crate) fn sent(&self) -> &[u8] {
        &self.sent
    }

    pub(crate) fn shutdowns(&self) -> usize {
        self.shutdowns.get()
    }

    pub(crate) fn read_blocked(&self) -> bool {
        self.reading.blocked
    }

    pub(crate) fn write_blocked(&self) -> bool {
        self.writing.blocked
    }

    /// System calls that were answered, interrupted ones not counted.
    pub(crate) fn read_calls(&self) -> usize {
        self.reading.calls
    }

    pub(crate) fn write_calls(&self) -> usize {
        self.writing.calls
    }

    fn take(&mut self, slices: &[&[u8]]) -> io::Result<usize> {
        assert_eq!(self.shutdowns.get(), 0, "written after the end was told");
        assert!(slices.iter().any(|slice| !slice.is_empty()), "a call for nothing");
        if let Some(answer) = self.write_answer {
            self.writing.calls += 1;
            return answer.map_err(io::Error::from);
        }
        let mut room = self.writing.step()?;
        let before = self.sent.len();
        for slice in slices {
            let count = slice.len().min(room);
            self.sent.extend_from_slice(&slice[..count]);
            room -= count;
        }
        Ok(self.sent.len() - before)
    }
}

impl Read for MockSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a call for nothing");
        let left = self.incoming.len() - self.taken;
        if left == 0 && self.end == End::Quiet {
            return Err(self.reading.block());
        }
        let room = self.reading.step()?;
        if left == 0 && self.end == End::Reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let count = room.min(left).min(buffer.len());
        buffer[..count].copy_from_slice(&self.incoming[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

impl Write for MockSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(&[bytes])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        assert!((2..=64).contains(&slices.len()), "{} slices: one is a plain write's work", slices.len());
        self.take(&slices.iter().map(|slice| &**slice).collect::<Vec<_>>())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for MockSocket {
    fn shutdown_write(&self) -> io::Result<()> {
        self.shutdowns.set(self.shutdowns.get() + 1);
        self.shutdown_answer.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

/// Steps that come round again and, in each round, let at least one byte pass.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_usize..40).prop_map(Step::Move),
        2 => (1_usize..5000).prop_map(Step::Move),
        3 => Just(Step::Block),
        1 => Just(Step::Interrupt),
    ];
    prop::collection::vec(step, 0..12).prop_map(|mut steps| {
        steps.push(Step::Move(3));
        steps
    })
}

/// A frame as a person reads and compares it.
pub(crate) type Frame = (u8, Vec<u8>);

pub(crate) fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let length = prop_oneof![4 => 0_usize..8, 2 => 0_usize..200, 1 => 0_usize..3000];
    prop::collection::vec((any::<u8>(), length.prop_map(pattern)), 0..20)
}

/// Bytes of which no two neighbourhoods look alike, so that one lost or doubled shows. Drawing each byte would be slow.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + length * 7 + at / 251) as u8).collect()
}

/// The bytes of one frame, put together by hand.
pub(crate) fn bytes_of((kind, payload): &Frame) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).expect("a small frame");
    [&length.to_be_bytes(), &[*kind][..], payload].concat()
}
