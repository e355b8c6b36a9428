//! Frames: finding where one ends in a stream of bytes. Knows no message and looks at nothing behind the type byte.
//!
//! **Invariant:** a claimed length reserves nothing. The decoder keeps only bytes that have arrived and belong to
//! frames that were not handed out yet; between whole frames it keeps nothing at all.

use std::fmt;

/// The bytes in front of a payload: the length (four) and the type (one).
pub const HEADER_BYTES: usize = 5;

const LENGTH_BYTES: usize = 4;

/// One whole frame, borrowed from the bytes that carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawFrame<'a> {
    /// The type byte.
    pub kind: u8,
    /// What follows the type: one CBOR item.
    pub payload: &'a [u8],
}

/// Why bytes are not a frame. After one of these the stream cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The length is beyond the limit in force.
    TooLarge {
        /// The claimed length, in bytes.
        length: usize,
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// The length is zero: there is not even a type.
    Empty,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { length, limit } => write!(f, "a frame of {length} bytes, the limit is {limit}"),
            Self::Empty => f.write_str("a frame without a type"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Cuts a stream of bytes into frames, however the bytes were split on their way.
#[derive(Debug)]
pub struct FrameDecoder {
    /// Bytes that arrived and were not handed out; empty, without memory, whenever the last frame ended evenly.
    kept: Vec<u8>,
    limit: usize,
}

impl FrameDecoder {
    /// A decoder that takes frames of at most `limit` bytes (type and payload).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit }
    }

    /// Sets the limit for the frames that are not handed out yet.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Whether bytes are kept: of a frame that has begun and not ended, whose rest the peer owes, or of whole frames
    /// that the caller left, which nobody owes anything for.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        !self.kept.is_empty()
    }

    /// How many bytes are kept for frames that were not handed out yet.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.kept.len()
    }

    /// How many bytes the frame that has begun has in all, as it claims; 0 if none has, or not far enough to tell.
    #[must_use]
    pub fn claimed_bytes(&self) -> usize {
        frame_length(&self.kept, usize::MAX).ok().flatten().map_or(0, |length| LENGTH_BYTES.saturating_add(length))
    }

    /// Takes bytes in, and gives the frames that they complete. Frames that the caller leaves are kept: a later call,
    /// with no new bytes if need be, gives them. The limit is applied when a frame is handed out, so that one set
    /// behind the login holds for what was sent behind it.
    pub fn feed<'a>(&'a mut self, bytes: &'a [u8]) -> Frames<'a> {
        Frames { decoder: self, bytes, start: 0, failed: false }
    }
}

/// The frames of one [`FrameDecoder::feed`]. Dropping it keeps what was not handed out.
#[derive(Debug)]
pub struct Frames<'a> {
    decoder: &'a mut FrameDecoder,
    /// What is left of the new bytes.
    bytes: &'a [u8],
    /// How much of `decoder.kept` has been handed out.
    start: usize,
    failed: bool,
}

impl Frames<'_> {
    /// The next whole frame, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// A length that cannot be right. It is given once; the stream is of no more use, and nothing is kept of it.
    #[expect(
        clippy::should_implement_trait,
        reason = "the frame borrows from the decoder, which `Iterator` cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<RawFrame<'_>>, FrameError> {
        if self.failed {
            return Ok(None);
        }
        let limit = self.decoder.limit;
        if self.start < self.decoder.kept.len() {
            // A frame that began earlier: complete it, and take no byte more than it needs, so that all later frames
            // are read where they lie.
            loop {
                let have = self.decoder.kept.len() - self.start;
                let needed = match frame_length(&self.decoder.kept[self.start..], limit) {
                    Ok(Some(length)) => LENGTH_BYTES + length,
                    Ok(None) => LENGTH_BYTES,
                    Err(error) => return Err(self.fail(error)),
                };
                if have >= needed && needed > LENGTH_BYTES {
                    let frame = split(&self.decoder.kept[self.start..self.start + needed]);
                    self.start += needed;
                    return Ok(Some(frame));
                }
                let taken = (needed - have).min(self.bytes.len());
                if taken == 0 {
                    return Ok(None);
                }
                self.decoder.kept.extend_from_slice(&self.bytes[..taken]);
                self.bytes = &self.bytes[taken..];
            }
        }
        match frame_length(self.bytes, limit) {
            Ok(Some(length)) if self.bytes.len() >= LENGTH_BYTES + length => {
                let (frame, rest) = self.bytes.split_at(LENGTH_BYTES + length);
                self.bytes = rest;
                Ok(Some(split(frame)))
            }
            Ok(_) => Ok(None),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn fail(&mut self, error: FrameError) -> FrameError {
        self.failed = true;
        // Where the next frame begins is not known any more: whatever is fed from now on must not be taken for one.
        self.decoder.limit = 0;
        error
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        let kept = &mut self.decoder.kept;
        if self.failed {
            *kept = Vec::new();
        } else if self.start == 0 {
            kept.extend_from_slice(self.bytes);
        } else {
            // A new vector of just this size, and none for nothing: ten thousand idle connections must not each hold
            // on to the memory of the largest frame they ever sent, be it for the first byte of the next one.
            *kept = [&kept[self.start..], self.bytes].concat();
        }
    }
}

/// The length that `bytes` begins with, once its four bytes are there.
fn frame_length(bytes: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    let Some(prefix) = bytes.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    match usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX) {
        0 => Err(FrameError::Empty),
        length if length > limit => Err(FrameError::TooLarge { length, limit }),
        length => Ok(Some(length)),
    }
}

/// Splits a whole frame, length included, which is never shorter than its header.
fn split(frame: &[u8]) -> RawFrame<'_> {
    RawFrame { kind: frame[LENGTH_BYTES], payload: &frame[HEADER_BYTES..] }
}
