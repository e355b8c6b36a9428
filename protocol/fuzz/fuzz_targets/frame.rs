//! Cutting a stream into frames: the fuzzer chooses the bytes, how they are split, and when the reader pauses. The
//! frames must be those of the same bytes in one piece, and the decoder must keep no more than has come.
//!
//! `cargo +nightly fuzz run frame`, in `protocol/`. Input: a byte for the length of the plan, the plan, the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_protocol::{FrameDecoder, limits::FRAME_BYTES_MAX_BEFORE_LOGIN};

type Frames = Vec<(u8, Vec<u8>)>;

fuzz_target!(|input: &[u8]| {
    let Some((&length, rest)) = input.split_first() else { return };
    let (plan, stream) = rest.split_at(usize::from(length).min(rest.len()));

    let mut whole = Frames::new();
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX_BEFORE_LOGIN);
    let failed = take(&mut decoder, stream, usize::MAX, &mut whole);

    // Each byte of the plan is a piece: how many bytes come (low half), how many frames are taken then (high half).
    let mut split = Frames::new();
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX_BEFORE_LOGIN);
    let mut left = stream;
    let mut failed_in_pieces = false;
    for step in plan {
        let (piece, later) = left.split_at(usize::from(step & 0x0f).min(left.len()));
        left = later;
        failed_in_pieces |= take(&mut decoder, piece, usize::from(step >> 4), &mut split);
        assert!(decoder.kept_bytes() <= stream.len() - left.len());
    }
    failed_in_pieces |= take(&mut decoder, left, usize::MAX, &mut split);

    assert_eq!(split, whole);
    assert_eq!(failed_in_pieces, failed);
});

/// Takes at most `most` frames. Whether the stream turned out not to be one.
fn take(decoder: &mut FrameDecoder, bytes: &[u8], most: usize, into: &mut Frames) -> bool {
    let mut frames = decoder.feed(bytes);
    for _ in 0..most {
        match frames.next() {
            Ok(Some(frame)) => into.push((frame.kind, frame.payload.to_vec())),
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
    false
}
