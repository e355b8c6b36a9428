//! The bytes that wait to be sent on one connection, shared with every other connection that gets the same ones.
//!
//! Owns the buffers' order and how far the first of them has gone. It has **one way out**, [`SendQueue::send`]: two
//! ways that had to agree about offsets would one day not. How much may wait is for the owner to decide.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem;
use std::sync::Arc;

use crate::stream::{Outcome, Socket, Stream};

/// How many buffers one system call takes at most. More would need a larger array on the stack and save nothing that
/// can be measured.
const SLICES_MAX: usize = 64;

/// What waits to be sent.
///
/// Nearly every connection has nothing waiting, and nearly every other one a single buffer that goes out at once: these
/// two cases allocate nothing. 24 bytes on a 64-bit machine.
#[derive(Debug, Default)]
pub(crate) struct SendQueue(Waiting);

#[derive(Debug, Default)]
enum Waiting {
    #[default]
    Nothing,
    /// `sent` is less than the length. It is narrow for the size's sake; a buffer that it cannot measure goes to `Many`.
    One {
        buffer: Arc<[u8]>,
        sent: u32,
    },
    Many(Box<Many>),
}

#[derive(Debug, Default)]
struct Many {
    /// None is empty. May be one alone, if others went out before it.
    buffers: VecDeque<Arc<[u8]>>,
    /// How much of the first buffer is sent: less than its length.
    sent: usize,
    /// What is left of all buffers together.
    bytes: usize,
}

impl SendQueue {
    /// A queue in which nothing waits.
    pub(crate) const fn new() -> Self {
        Self(Waiting::Nothing)
    }

    /// Whether nothing waits.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self.0, Waiting::Nothing)
    }

    /// How many bytes wait.
    pub(crate) fn queued_bytes(&self) -> usize {
        match &self.0 {
            Waiting::Nothing => 0,
            Waiting::One { buffer, sent } => buffer.len() - *sent as usize,
            Waiting::Many(many) => many.bytes,
        }
    }

    /// Puts bytes behind what waits already, and answers how many wait then.
    #[inline]
    pub(crate) fn push(&mut self, buffer: Arc<[u8]>) -> usize {
        let length = buffer.len();
        if let Waiting::Nothing = self.0
            && length > 0
            && u32::try_from(length).is_ok()
        {
            // By far the most frequent case, and the only one that a fan-out should meet: a few instructions, in line. What
            // was there needs no end, which an assignment would look for.
            mem::forget(mem::replace(&mut self.0, Waiting::One { buffer, sent: 0 }));
            return length;
        }
        self.push_behind(buffer);
        self.queued_bytes()
    }

    #[cold]
    fn push_behind(&mut self, buffer: Arc<[u8]>) {
        if buffer.is_empty() {
            return;
        }
        self.0 = match mem::take(&mut self.0) {
            Waiting::Nothing => Waiting::Many(Many::default().with(buffer)),
            Waiting::One { buffer: first, sent } => {
                let sent = sent as usize;
                let bytes = first.len() - sent;
                let many = Many { buffers: VecDeque::from([first]), sent, bytes };
                Waiting::Many(many.with(buffer))
            }
            Waiting::Many(mut many) => {
                many.push(buffer);
                Waiting::Many(many)
            }
        };
    }

    /// What the list of the buffers occupies by itself, in bytes: beside many small ones that is not little.
    pub(crate) fn list_bytes(&self) -> usize {
        match &self.0 {
            Waiting::Nothing | Waiting::One { .. } => 0,
            Waiting::Many(many) => size_of::<Many>() + many.buffers.capacity() * size_of::<Arc<[u8]>>(),
        }
    }

    /// Offers what waits to the stream, in order and at most `bytes_max` of it, in one call: a plain write for a single
    /// buffer, which is cheaper, and a vectored one for several. What the stream took is gone from the queue, and the
    /// queue's memory with it once nothing waits. Where there is nothing to offer, `Progress(0)`.
    pub(crate) fn send<S: Socket>(&mut self, stream: &mut Stream<S>, bytes_max: usize) -> Outcome {
        let Waiting::One { buffer, sent } = &mut self.0 else { return self.send_many(stream, bytes_max) };
        let rest = &buffer[*sent as usize..];
        let offered = cut(rest, bytes_max);
        if offered.is_empty() {
            return Outcome::Progress(0);
        }
        let outcome = stream.write(offered);
        if let Outcome::Progress(count) = outcome {
            if count < rest.len() {
                // Less than the length, and the length fits: `push` saw to it.
                *sent += u32::try_from(count).unwrap_or(0);
            } else if let Waiting::One { buffer, .. } = mem::take(&mut self.0) {
                drop(buffer);
            }
        }
        outcome
    }

    #[cold]
    fn send_many<S: Socket>(&mut self, stream: &mut Stream<S>, bytes_max: usize) -> Outcome {
        let Waiting::Many(many) = &mut self.0 else { return Outcome::Progress(0) };
        if bytes_max == 0 {
            return Outcome::Progress(0);
        }
        let outcome = many.offer(stream, bytes_max);
        if let Outcome::Progress(count) = outcome {
            many.advance(count);
            if many.bytes == 0 {
                self.0 = Waiting::Nothing;
            }
        }
        outcome
    }
}

impl Many {
    fn with(mut self, buffer: Arc<[u8]>) -> Box<Self> {
        self.push(buffer);
        Box::new(self)
    }

    fn push(&mut self, buffer: Arc<[u8]>) {
        self.bytes += buffer.len();
        self.buffers.push_back(buffer);
    }

    fn offer<S: Socket>(&self, stream: &mut Stream<S>, bytes_max: usize) -> Outcome {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut count = 0;
        let mut room = bytes_max;
        let mut skip = self.sent;
        for (slot, buffer) in slices.iter_mut().zip(&self.buffers) {
            if room == 0 {
                break;
            }
            let slice = cut(&buffer[skip..], room);
            skip = 0;
            room -= slice.len();
            *slot = IoSlice::new(slice);
            count += 1;
        }
        match &slices[..count] {
            [single] => stream.write(single),
            several => stream.write_vectored(several),
        }
    }

    fn advance(&mut self, count: usize) {
        self.bytes -= count;
        self.sent += count;
        while let Some(first) = self.buffers.front() {
            if self.sent < first.len() {
                break;
            }
            self.sent -= first.len();
            self.buffers.pop_front();
        }
    }
}

fn cut(bytes: &[u8], length_max: usize) -> &[u8] {
    &bytes[..bytes.len().min(length_max)]
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};

    use super::*;

    /// Takes up to `room` bytes, then blocks; remembers how each call offered them.
    #[derive(Default)]
    struct Sink {
        room: usize,
        taken: Vec<u8>,
        slices: Vec<usize>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            self.slices.push(slices.len());
            let offered: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            let count = offered.len().min(self.room);
            self.taken.extend_from_slice(&offered[..count]);
            self.room -= count;
            if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Sink {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl Socket for Sink {
        fn shutdown_write(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn queue_of(buffers: &[&Arc<[u8]>]) -> SendQueue {
        let mut queue = SendQueue::new();
        for buffer in buffers {
            queue.push(Arc::clone(buffer));
        }
        queue
    }

    fn stream(room: usize) -> Stream<Sink> {
        Stream::plain(Sink { room, ..Sink::default() })
    }

    #[test]
    fn a_single_buffer_is_written_and_several_are_gathered() {
        let (a, b): (Arc<[u8]>, Arc<[u8]>) = (Arc::from(*b"abc"), Arc::from(*b"de"));
        let mut stream = stream(100);
        assert_eq!(queue_of(&[&a]).send(&mut stream, 100), Outcome::Progress(3));
        assert_eq!(queue_of(&[&a, &b]).send(&mut stream, 100), Outcome::Progress(5));
        assert_eq!(stream.socket().slices, [1, 2]);
        assert_eq!(stream.socket().taken, b"abcabcde");
    }

    #[test]
    fn what_was_sent_is_let_go_at_once_and_a_drained_queue_holds_nothing() {
        let (a, b): (Arc<[u8]>, Arc<[u8]>) = (Arc::from(*b"abc"), Arc::from(*b"de"));
        let mut queue = queue_of(&[&a, &b]);
        let mut stream = stream(4);
        assert_eq!(queue.send(&mut stream, 100), Outcome::Progress(4));
        assert_eq!((Arc::strong_count(&a), Arc::strong_count(&b)), (1, 2));
        assert_eq!((queue.queued_bytes(), queue.send(&mut stream, 100)), (1, Outcome::WouldBlock));
        stream.socket_mut().room = 1;
        assert_eq!(queue.send(&mut stream, 100), Outcome::Progress(1));
        assert!(matches!(queue.0, Waiting::Nothing));
        assert_eq!(Arc::strong_count(&b), 1);
        assert_eq!(stream.socket().taken, b"abcde");
    }

    #[test]
    fn a_long_queue_goes_out_in_order_and_no_call_takes_too_many_slices() {
        let buffers: Vec<Arc<[u8]>> = (0..200_u8).map(|n| Arc::from([n, n])).collect();
        let mut queue = queue_of(&buffers.iter().collect::<Vec<_>>());
        let mut stream = stream(400);
        while !queue.is_empty() {
            assert!(matches!(queue.send(&mut stream, 1000), Outcome::Progress(_)));
        }
        assert_eq!(stream.socket().taken, (0..200).flat_map(|n| [n, n]).collect::<Vec<u8>>());
        assert_eq!(stream.socket().slices, [64, 64, 64, 8]);
    }

    #[test]
    fn the_limit_of_one_call_cuts_inside_a_buffer() {
        let (a, b): (Arc<[u8]>, Arc<[u8]>) = (Arc::from(*b"abc"), Arc::from(*b"de"));
        let mut queue = queue_of(&[&a, &b]);
        let mut stream = stream(100);
        for expected in [4, 1, 0] {
            assert_eq!(queue.send(&mut stream, 4), Outcome::Progress(expected));
        }
        assert_eq!(stream.socket().taken, b"abcde");
    }

    #[test]
    fn the_list_counts_while_there_is_one() {
        let a: Arc<[u8]> = Arc::from(*b"a");
        assert_eq!(queue_of(&[&a]).list_bytes(), 0);
        let mut queue = queue_of(&[&a; 1_000]);
        assert!((16_000..40_000).contains(&queue.list_bytes()), "{}", queue.list_bytes());
        let mut stream = stream(1_000);
        while !queue.is_empty() {
            assert!(matches!(queue.send(&mut stream, 1_000), Outcome::Progress(_)));
        }
        assert_eq!(queue.list_bytes(), 0);
    }

    #[test]
    fn empty_buffers_do_not_wait() {
        let empty: Arc<[u8]> = Arc::from([]);
        assert!(queue_of(&[&empty, &empty]).is_empty());
    }
}
