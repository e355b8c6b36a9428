//! One connection's bytes in both directions: reading frames within a budget, sending what is queued, ending in order.
//!
//! Owns the stream, the readiness, the incomplete tail of what arrived, and the send queue. **It must not** look into a
//! frame, read a clock, or decide that a peer is slow, idle or unwelcome: it reports, and the owner decides.

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::Arc;

use tertulia_protocol::{FrameDecoder, FrameError, RawFrame};

use crate::readiness::Readiness;
use crate::report::{FlushStatus, Flushed, ReceiveStatus, Received};
use crate::send_queue::SendQueue;
use crate::stream::{Outcome, Socket, Stream};

/// How much one [`Framed::flush`] writes, in bytes, so that one receiver with a long queue and a fast line does not
/// make all the others wait. No smaller than the largest frame, so that none is a matter of two turns.
pub const WRITE_BUDGET_BYTES: usize = 256 * 1024;

/// A non-blocking socket that speaks in frames.
///
/// Kept small, for a server touches thousands of them in a row: 64 bytes with a socket of four. The order is the one in
/// memory: sending needs the first half alone.
///
/// ```text
/// input:   Fresh ──a frame──▶ Flowing ──the callback stops──▶ Held          any of them ──▶ Over
///                                ▲                             │             (ended, failed, broken, or discarded)
///                                └─────── all handed out ──────┘
/// output:  Open ──finish()──▶ Finishing ──queue empty: shutdown──▶ Finished
/// ```
#[derive(Debug)]
#[repr(C)]
pub struct Framed<S> {
    stream: Stream<S>,
    readiness: Readiness,
    input: Input,
    output: Output,
    queue: SendQueue,
    decoder: FrameDecoder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// No frame has come yet: whatever is on the other side may not speak our language.
    Fresh,
    /// The decoder holds at most one frame, and that incomplete.
    Flowing,
    /// The callback stopped: the decoder may hold whole frames, which come before anything that is read.
    Held,
    /// Nothing is handed out any more.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Open,
    /// What is queued still goes out; nothing is added.
    Finishing,
    /// The peer was told that nothing follows.
    Finished,
}

impl<S> Framed<S> {
    /// A connection on a socket that is connected already, taking frames of at most `frame_limit` bytes.
    pub fn new(socket: S, frame_limit: usize) -> Self {
        Self {
            stream: Stream::plain(socket),
            readiness: Readiness::new(),
            input: Input::Fresh,
            output: Output::Open,
            queue: SendQueue::new(),
            decoder: FrameDecoder::new(frame_limit),
        }
    }

    /// The socket, to ask for its addresses.
    pub const fn socket(&self) -> &S {
        self.stream.socket()
    }

    /// The socket, to register it. Bytes that are read or written here are lost to the connection.
    pub const fn socket_mut(&mut self) -> &mut S {
        self.stream.socket_mut()
    }

    /// Gives the socket back, and forgets what waits in either direction.
    pub fn into_socket(self) -> S {
        self.stream.into_socket()
    }

    /// Remembers what an event said.
    pub const fn mark(&mut self, readable: bool, writable: bool) {
        if readable {
            self.readiness.mark_readable();
        }
        if writable {
            self.readiness.mark_writable();
        }
    }

    /// Sets the limit for the frames that are not handed out yet.
    pub fn set_frame_limit(&mut self, frame_limit: usize) {
        self.decoder.set_limit(frame_limit);
    }

    /// Whether [`Framed::receive`] may have something to hand out without another event. Resuming after a pause, this
    /// is what puts the connection back on the list of those that get a turn.
    #[must_use]
    pub fn can_receive(&self) -> bool {
        self.input != Input::Over && (self.readiness.is_readable() || self.input == Input::Held)
    }

    /// Whether [`Framed::flush`] may get something done without another event.
    #[must_use]
    pub fn can_flush(&self) -> bool {
        if self.queue.is_empty() { self.output == Output::Finishing } else { self.readiness.is_writable() }
    }

    /// Whether the peer owes the rest of a frame. While frames are held back it owes nothing. An owner that pauses
    /// reading must not hold the wait against the peer: the rest may lie in the socket.
    #[must_use]
    pub fn has_partial_frame(&self) -> bool {
        matches!(self.input, Input::Fresh | Input::Flowing) && self.decoder.has_partial()
    }

    /// How many bytes the frame whose rest the peer owes has in all, as it claims; 0 if it owes none.
    #[must_use]
    pub fn claimed_bytes(&self) -> usize {
        if self.has_partial_frame() { self.decoder.claimed_bytes() } else { 0 }
    }

    /// How many bytes are kept that were read and not handed out.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.decoder.kept_bytes()
    }

    /// Puts bytes behind what waits to be sent, and answers how many wait then. After [`Framed::finish`] they are
    /// dropped: for a fan-out that still reaches a connection on its way out, that is no error.
    #[inline]
    pub fn queue(&mut self, bytes: Arc<[u8]>) -> usize {
        if self.output == Output::Open { self.queue.push(bytes) } else { self.queue.queued_bytes() }
    }

    /// How many bytes wait to be sent.
    #[must_use]
    #[inline]
    pub fn queued_bytes(&self) -> usize {
        self.queue.queued_bytes()
    }

    /// What the list of the buffers that wait occupies beside their bytes, which others may share.
    #[must_use]
    pub fn queue_list_bytes(&self) -> usize {
        self.queue.list_bytes()
    }

    /// Begins an orderly end: what is queued now is the last that the peer gets. [`Framed::flush`] sends it and then,
    /// once, tells the peer that nothing follows. Until the peer has ended too, read with [`Framed::discard`] (or with
    /// [`Framed::receive`], if answers are still welcome): dropping the socket with unread bytes in it would destroy
    /// what the peer has not read yet. A peer may never end, so the owner needs a deadline.
    pub fn finish(&mut self) {
        if self.output == Output::Open {
            self.output = Output::Finishing;
        }
    }

    /// Whether everything was handed to the system and the peer was told that nothing follows.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.output == Output::Finished
    }

    /// Nothing is handed out any more, so nothing needs to be kept.
    fn end_input(&mut self) {
        self.input = Input::Over;
        self.decoder = FrameDecoder::new(0);
    }

    /// Hands out the frames that `bytes` complete, and keeps what the callback leaves. `None`: bytes are needed.
    fn hand_out(
        &mut self,
        bytes: &[u8],
        on_frame: &mut dyn FnMut(RawFrame<'_>) -> ControlFlow<()>,
    ) -> Option<ReceiveStatus> {
        let mut frames = self.decoder.feed(bytes);
        loop {
            match frames.next() {
                Ok(None) => return None,
                Ok(Some(frame)) => {
                    self.input = Input::Flowing;
                    if on_frame(frame).is_break() {
                        drop(frames);
                        if self.decoder.has_partial() {
                            self.input = Input::Held;
                        }
                        return Some(ReceiveStatus::Stopped);
                    }
                }
                Err(error) => {
                    drop(frames);
                    let first_byte = (self.input == Input::Fresh).then(|| first_byte(error));
                    self.end_input();
                    return Some(ReceiveStatus::Broken { error, first_byte });
                }
            }
        }
    }
}

impl<S: Socket> Framed<S> {
    /// Hands out the frames that were held back, then reads and hands out until the socket has no more, `budget` bytes
    /// were read, or the callback stops. A frame that the callback was given is taken, whatever it answered.
    ///
    /// `scratch` is the loop's one buffer for reading; only the tail of an incomplete frame is copied out of it. Once
    /// the status was [`ReceiveStatus::Eof`], `Broken` or `Failed`, nothing more is handed out.
    pub fn receive(
        &mut self,
        scratch: &mut [u8],
        budget: usize,
        on_frame: &mut dyn FnMut(RawFrame<'_>) -> ControlFlow<()>,
    ) -> Received {
        let mut bytes_read = 0;
        if self.input == Input::Over {
            return Received { bytes_read, status: ReceiveStatus::Drained };
        }
        if self.input == Input::Held {
            self.input = Input::Flowing;
            if let Some(status) = self.hand_out(&[], on_frame) {
                return Received { bytes_read, status };
            }
        }
        // Each round either moves at least one byte of the budget or is the last.
        loop {
            match self.read_some(scratch, budget - bytes_read) {
                Ok(bytes) => {
                    bytes_read += bytes.len();
                    if let Some(status) = self.hand_out(bytes, on_frame) {
                        return Received { bytes_read, status };
                    }
                }
                Err(status) => {
                    if matches!(status, ReceiveStatus::Eof { .. } | ReceiveStatus::Failed(_)) {
                        self.end_input();
                    }
                    return Received { bytes_read, status };
                }
            }
        }
    }

    /// Reads like [`Framed::receive`] and throws everything away, from now on for good: what a connection on its way
    /// out still has to do so that its last bytes arrive.
    pub fn discard(&mut self, scratch: &mut [u8], budget: usize) -> Received {
        if self.input != Input::Over {
            self.end_input();
        }
        let mut bytes_read = 0;
        loop {
            match self.read_some(scratch, budget - bytes_read) {
                Ok(bytes) => bytes_read += bytes.len(),
                Err(status) => return Received { bytes_read, status },
            }
        }
    }

    /// Sends what waits until nothing does, the socket blocks, or [`WRITE_BUDGET_BYTES`] are written; then, if the end
    /// was asked for and nothing waits, ends the sending direction.
    pub fn flush(&mut self) -> Flushed {
        let mut bytes_written = 0;
        let status = loop {
            if self.queue.is_empty() {
                break self.end_output();
            }
            if !self.readiness.is_writable() {
                break FlushStatus::Blocked;
            }
            if bytes_written == WRITE_BUDGET_BYTES {
                break FlushStatus::Budget;
            }
            match self.queue.send(&mut self.stream, WRITE_BUDGET_BYTES - bytes_written) {
                Outcome::Progress(count) => bytes_written += count,
                Outcome::WouldBlock => self.readiness.clear_writable(),
                Outcome::Eof => break FlushStatus::Failed(ErrorKind::WriteZero),
                Outcome::Failed(kind) => break FlushStatus::Failed(kind),
            }
        };
        Flushed { bytes_written, status }
    }

    fn end_output(&mut self) -> FlushStatus {
        if self.output == Output::Finishing {
            self.output = Output::Finished;
            if let Err(kind) = self.stream.shutdown_write() {
                return FlushStatus::Failed(kind);
            }
        }
        FlushStatus::Empty
    }

    /// Reads once, at least one byte and at most `room`; anything else is a reason to stop.
    fn read_some<'a>(&mut self, scratch: &'a mut [u8], room: usize) -> Result<&'a [u8], ReceiveStatus> {
        if !self.readiness.is_readable() {
            return Err(ReceiveStatus::Drained);
        }
        let length = scratch.len().min(room);
        if length == 0 {
            return Err(ReceiveStatus::Budget);
        }
        match self.stream.read(&mut scratch[..length]) {
            Outcome::Progress(count) => Ok(&scratch[..count]),
            Outcome::WouldBlock => {
                self.readiness.clear_readable();
                Err(ReceiveStatus::Drained)
            }
            Outcome::Eof => Err(ReceiveStatus::Eof { inside_frame: self.decoder.has_partial() }),
            Outcome::Failed(kind) => Err(ReceiveStatus::Failed(kind)),
        }
    }
}

/// The first of the bytes that the decoder refused: the top byte of the claimed length, which is why nobody needs to
/// remember it. Our own frames begin with zero, since none is as long as 16 MiB.
fn first_byte(error: FrameError) -> u8 {
    match error {
        FrameError::Empty => 0,
        FrameError::TooLarge { length, .. } => u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()[0],
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn ten_thousand_connections_fit_side_by_side() {
        // A socket is a number of four bytes; the 64 are one line of the processor's cache.
        assert!(size_of::<Framed<u32>>() <= 64, "{}", size_of::<Framed<u32>>());
        assert!(size_of::<SendQueue>() <= 24, "{}", size_of::<SendQueue>());
        assert_eq!(offset_of!(Framed<u32>, decoder), 32, "what sending needs is the first half");
    }

    #[test]
    fn a_strangers_first_byte_is_the_top_of_the_length_that_it_seems_to_claim() {
        let refused = |bytes: &[u8]| FrameDecoder::new(4096).feed(bytes).next().expect_err("not a frame");
        assert_eq!(first_byte(refused(&[0x16, 3, 1, 2, 0])), 0x16);
        assert_eq!(first_byte(refused(b"GET / HTTP/1.1")), b'G');
        assert_eq!(first_byte(refused(&[0, 0, 0, 0])), 0);
        assert_eq!(first_byte(refused(&[0, 0, 0x10, 1])), 0);
        assert_eq!(first_byte(refused(&[0xFF; 4])), 0xFF);
    }
}
