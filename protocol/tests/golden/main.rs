//! Every message against bytes that were written by hand, from `docs/protocol.md` alone: decoding gives the value, and
//! encoding gives the same bytes. The `.hex` files beside this one were never made by the encoder under test, and are not to be:
//! whoever changes a message writes down first what it shall look like on the wire. Only the lengths were counted, and
//! the keys and signatures made, by a small program in another language that shares no code with this one.

#![expect(clippy::expect_used, reason = "helpers of tests: a broken file ends the test")]

#[path = "../common/golden_bytes.rs"]
mod golden_bytes;

use tertulia_protocol::{
    Cid, ClientFrame, FrameDecoder, Message, PublicKey, ServerFrame, encode, entry::MessageBody,
    limits::FRAME_BYTES_MAX,
};

macro_rules! golden {
    ($name:literal) => {
        crate::golden_bytes::bytes(include_str!(concat!($name, ".hex")))
    };
}

mod login;
mod reading;
mod writing;

pub(crate) fn client<M: Message + Clone>(bytes: &[u8], message: &M, wrap: fn(M) -> ClientFrame) {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = decoder.feed(bytes);
    let frame = frames.next().expect("a length within the limit").expect("a whole frame");
    assert_eq!(ClientFrame::decode(frame), Ok(Some(wrap(message.clone()))));
    assert_eq!(frames.next(), Ok(None), "the file holds one frame");
    assert_eq!(hex(&encode(message)), hex(bytes));
}

pub(crate) fn server<M: Message + Clone>(bytes: &[u8], message: &M, wrap: fn(M) -> ServerFrame) {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = decoder.feed(bytes);
    let frame = frames.next().expect("a length within the limit").expect("a whole frame");
    assert_eq!(ServerFrame::decode(frame), Ok(Some(wrap(message.clone()))));
    assert_eq!(frames.next(), Ok(None), "the file holds one frame");
    assert_eq!(hex(&encode(message)), hex(bytes));
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x} ")).collect()
}

/// `N` bytes that rise from the first one.
pub(crate) fn rising<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|index| first + u8::try_from(index).expect("short arrays"))
}

pub(crate) fn array<const N: usize>(digits: &str) -> [u8; N] {
    golden_bytes::bytes(digits).try_into().expect("as many bytes as the type has")
}

pub(crate) fn device_key() -> PublicKey {
    PublicKey(array("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"))
}

/// The cids of the files, which differ in their last byte.
pub(crate) fn cid(last: u8) -> Cid {
    let mut bytes = array("019b76daa87b70008000000000000000");
    bytes[15] = last;
    Cid(bytes)
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    MessageBody { text: text.into() }.to_bytes()
}

pub(crate) const AT: i64 = 1_767_225_600_123;
