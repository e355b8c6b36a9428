//! The bytes that wait to be sent on one connection, shared with every other connection that gets the same ones.
//!
//! Owns the buffers' order and how far the first of them has gone. It has **one way out**, [`SendQueue::send`]: two
//! ways that had to agree about offsets would one day not. How much may wait is for the owner to decide.

use std::collections::VecDeque;
use std::io::IoSlice;
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

    /// Puts bytes behind what waits already.
    pub(crate) fn push(&mut self, buffer: Arc<[u8]>) {
        if buffer.is_empty() {
            return;
        }
        self.0 = match std::mem::take(&mut self.0) {
            Waiting::Nothing if u32::try_from(buffer.len()).is_ok() => Waiting::One { buffer, sent: 0 },
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

    /// Offers what waits to the stream, in order and at most `bytes_max` of it, in one call: a plain write for a single
    /// buffer, which is cheaper, and a vectored one for several. What the stream took is gone from the queue, and the
    /// queue's memory with it once nothing waits. Where there is nothing to offer, `Progress(0)`.
    pub(crate) fn send<S: Socket>(&mut self, stream: &mut Stream<S>, bytes_max: usize) -> Outcome {
        if bytes_max == 0 {
            return Outcome::Progress(0);
        }
        let outcome = match &self.0 {
            Waiting::Nothing => return Outcome::Progress(0),
            Waiting::One { buffer, sent } => stream.write(cut(&buffer[*sent as usize..], bytes_max)),
            Waiting::Many(many) => many.offer(stream, bytes_max),
        };
        if let Outcome::Progress(count) = outcome {
            self.advance(count);
        }
        outcome
    }

    fn advance(&mut self, count: usize) {
        let left = self.queued_bytes().saturating_sub(count);
        match &mut self.0 {
            _ if left == 0 => self.0 = Waiting::Nothing,
            Waiting::Nothing => {}
            // Less than the length, and the length fits: `push` saw to it.
            Waiting::One { sent, .. } => *sent += u32::try_from(count).unwrap_or(0),
            Waiting::Many(many) => many.advance(count),
        }
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
