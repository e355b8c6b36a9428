//! No bytes from a peer make this crate panic, recurse, or take memory that they have not paid for. Random bytes and
//! spoilt messages go through the whole path in both directions while an allocator counts; the worst frames that are
//! known are built on purpose, for every list that a message has.

#![expect(clippy::expect_used, reason = "helpers of tests: what cannot be ends the test")]

#[path = "common/counting.rs"]
mod counting;
#[path = "common/messages.rs"]
mod messages;

use counting::counted;
use messages::{client_frame, encode_client, encode_server, server_frame};
use proptest::{collection::vec, prelude::*, sample::Index};
use tertulia_protocol::{
    ClientFrame, DecodeError, FrameDecoder, HEADER_BYTES, Message, RawFrame, ServerFrame, UserName,
    entry::{MessageBody, RoomOpenBody},
    limits::{DECODED_BYTES_PER_FRAME_BYTE, FRAME_BYTES_MAX},
    push, reply, request,
};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Decodes a frame in both directions and holds what that takes against the limit.
fn decode_both(kind: u8, payload: &[u8]) {
    let frame = RawFrame { kind, payload };
    let most = DECODED_BYTES_PER_FRAME_BYTE * (HEADER_BYTES + payload.len());
    let (_, peak, _) = counted(|| ClientFrame::decode(frame));
    assert!(peak + size_of::<ClientFrame>() <= most, "{peak} bytes for {} of a client", payload.len());
    let (_, peak, _) = counted(|| ServerFrame::decode(frame));
    assert!(peak + size_of::<ServerFrame>() <= most, "{peak} bytes for {} of a server", payload.len());
}

/// All frames of `bytes`, fed in pieces of at most `piece` bytes.
fn decode_all(bytes: &[u8], piece: usize) {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    for piece in bytes.chunks(piece) {
        let mut frames = decoder.feed(piece);
        while let Ok(Some(frame)) = frames.next() {
            decode_both(frame.kind, frame.payload);
        }
        drop(frames);
        assert!(decoder.kept_bytes() <= bytes.len(), "no more is kept than has come");
    }
}

/// One way to spoil a message.
#[derive(Clone, Debug)]
enum Spoil {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Repeat(Index, Index),
    Cut(Index),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let head = proptest::sample::select(vec![
        0x00, 0x1b, 0x5b, 0x5f, 0x7f, 0x80, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xf6, 0xff,
    ]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Spoil::Set(at, byte)),
        (any::<Index>(), head).prop_map(|(at, byte)| Spoil::Set(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Spoil::Flip(at, 1 << bit)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Spoil::Insert(at, byte)),
        any::<Index>().prop_map(Spoil::Remove),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Spoil::Repeat(from, to)),
        any::<Index>().prop_map(Spoil::Cut),
    ]
}

fn spoilt(mut bytes: Vec<u8>, spoils: &[Spoil]) -> Vec<u8> {
    for spoil in spoils {
        let length = bytes.len().max(1);
        bytes.resize(length, 0);
        match spoil {
            Spoil::Set(at, byte) => bytes[at.index(length)] = *byte,
            Spoil::Flip(at, bit) => bytes[at.index(length)] ^= bit,
            Spoil::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Spoil::Remove(at) => drop(bytes.remove(at.index(length))),
            Spoil::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
            Spoil::Cut(at) => bytes.truncate(at.index(length)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_bytes_are_survived(bytes in vec(any::<u8>(), 0..400), piece in 1..50_usize) {
        decode_all(&bytes, piece);
        let (_, peak, _) = counted(|| (MessageBody::from_bytes(&bytes), RoomOpenBody::from_bytes(&bytes)));
        prop_assert!(peak <= 4 * bytes.len() + 64, "{peak} bytes for bodies of {}", bytes.len());
        for kind in (0x01..=0x17).chain(0x40..=0x55).chain(0x80..=0x91) {
            decode_both(kind, &bytes);
        }
    }

    #[test]
    fn a_spoilt_message_of_a_client_is_survived(
        frame in client_frame(),
        spoils in vec(spoil(), 1..6),
        piece in 1..50_usize,
    ) {
        let bytes = encode_client(&frame);
        decode_both(bytes[4], &spoilt(bytes[HEADER_BYTES..].to_vec(), &spoils));
        decode_all(&spoilt(bytes, &spoils), piece);
    }

    #[test]
    fn a_spoilt_message_of_a_server_is_survived(
        frame in server_frame(),
        spoils in vec(spoil(), 1..6),
        piece in 1..50_usize,
    ) {
        let bytes = encode_server(&frame);
        decode_both(bytes[4], &spoilt(bytes[HEADER_BYTES..].to_vec(), &spoils));
        decode_all(&spoilt(bytes, &spoils), piece);
    }

    /// What is read means the same when it is written again: nobody can hide a second meaning in a message.
    #[test]
    fn what_is_read_is_what_is_written_again(frame in server_frame(), spoils in vec(spoil(), 1..4)) {
        let bytes = encode_server(&frame);
        let payload = spoilt(bytes[HEADER_BYTES..].to_vec(), &spoils);
        if let Ok(Some(read)) = ServerFrame::decode(RawFrame { kind: bytes[4], payload: &payload }) {
            let again = encode_server(&read);
            let frame = RawFrame { kind: again[4], payload: &again[HEADER_BYTES..] };
            prop_assert_eq!(ServerFrame::decode(frame), Ok(Some(read)));
        }
    }

    #[test]
    fn any_name_is_survived(name in any::<String>()) {
        let (_, peak, _) = counted(|| UserName::parse(&name));
        prop_assert!(peak <= 16 * 1024, "{peak} bytes");
    }
}

/// The head of an item of `major` type with `argument`.
fn head(major: u8, argument: usize) -> Vec<u8> {
    let argument = u32::try_from(argument).expect("a frame's length");
    [vec![major << 5 | 26], argument.to_be_bytes().to_vec()].concat()
}

/// `before`, a list of `count` times `element`, `after`.
fn list(before: &[u8], count: usize, element: &[u8], after: &[u8]) -> Vec<u8> {
    [before, &head(4, count), &element.repeat(count), after].concat()
}

/// How many bytes the worst frame of a list costs, in hundredths of a byte per byte of the frame.
fn worst<M>(decode: impl Fn(RawFrame<'_>) -> M, kind: u8, before: &[u8], element: &[u8], after: &[u8]) -> usize {
    let room = FRAME_BYTES_MAX - 1 - before.len() - after.len() - HEADER_BYTES;
    let most = room / element.len();
    // Vectors double: the worst counts are the powers of two and the ones behind them.
    let powers = (0..usize::BITS).map(|power| 1_usize << power).take_while(|count| *count < most);
    powers
        .flat_map(|count| [count, count + 1])
        .chain([0, most])
        .map(|count| {
            let payload = list(before, count, element, after);
            let (_, peak, _) = counted(|| decode(RawFrame { kind, payload: &payload }));
            100 * peak / (payload.len() + HEADER_BYTES)
        })
        .max()
        .unwrap_or(0)
}

fn of_client(frame: RawFrame<'_>) -> ClientFrame {
    ClientFrame::decode(frame).expect("a message").expect("a known one")
}

fn of_server(frame: RawFrame<'_>) -> ServerFrame {
    ServerFrame::decode(frame).expect("a message").expect("a known one")
}

/// Every list of every message, filled with the smallest elements that there are.
#[test]
fn the_worst_lists_stay_within_the_limit() {
    let key = [&[0x01, 0x58, 0x20][..], &[0; 32], &[0x02, 0x58, 0x20], &[0; 32]].concat();
    let versions = worst(of_client, request::Hello::TYPE, &[0xa3, 0x00], &[0x00], &key);
    let cid = [&[0xa6, 0x00, 0x00, 0x01, 0x50][..], &[0; 16], &[0x02, 0x00, 0x03, 0x00, 0x05]].concat();
    let mentions = worst(of_client, request::Write::TYPE, &cid, &[0x00], &[0x06, 0x40]);
    // What the document promises a server.
    assert!(versions.max(mentions) < 100 * 24, "{versions} {mentions}");

    let params = worst(of_server, reply::Error::TYPE, &[0xa3, 0x01, 0x00, 0x02], &[0x60], &[0x03, 0x60]);
    let lineage = [&[0x82, 0x50][..], &[0; 16], &[0x00]].concat();
    let welcome = [0xa6, 0x00, 0x00, 0x01, 0x00, 0x02, 0x60, 0x03, 0x00, 0x04];
    let lineage = worst(of_server, reply::Welcome::TYPE, &welcome, &lineage, &[0x05, 0x00]);
    let row = [0xa5, 0x00, 0x00, 0x01, 0x00, 0x02, 0x60, 0x03, 0x00, 0x04, 0x00];
    let rooms = worst(of_server, reply::Synced::TYPE, &[0xa4, 0x00, 0x00, 0x01, 0x00, 0x02], &row, &[0x03, 0x80]);
    let more = worst(of_server, reply::Browsed::TYPE, &[0xa3, 0x00, 0x00, 0x01], &row, &[0x02, 0xf4]);
    let mine = worst(of_server, push::Rooms::TYPE, &[0xa1, 0x00], &row, &[]);
    let synced = [0xa5, 0x00, 0x00, 0x01, 0x00, 0x02, 0x80, 0x03, 0x80];
    let gone = worst(of_server, reply::Synced::TYPE, &[&synced[..], &[0x05]].concat(), &[0x00], &[]);
    let row = [0x83, 0x00, 0x00, 0x00];
    let erased = worst(of_server, reply::Synced::TYPE, &[&synced[..], &[0x06]].concat(), &row, &[]);
    let list = [0xa4, 0x00, 0x00, 0x01, 0x00, 0x02];
    let members = worst(of_server, reply::MemberList::TYPE, &list, &[0x82, 0x00, 0x00], &[0x03, 0xf4]);
    let users = worst(of_server, push::Users::TYPE, &[0xa1, 0x00], &[0xa2, 0x00, 0x00, 0x01, 0x60], &[]);
    let page = [0xa4, 0x00, 0x00, 0x01, 0x00, 0x02];
    let entry = [&[0x8a][..], &[0; 7], &[0xf6, 0xf6, 0x40]].concat();
    let entries = worst(of_server, reply::Page::TYPE, &page, &entry, &[0x03, 0x00]);
    // One mention makes a vector of four; a body of one byte an allocation of its own.
    let entry = [&[0x8a][..], &[0; 7], &[0xf6, 0x81, 0x00, 0x41, 0x00]].concat();
    let mentioning = worst(of_server, reply::Page::TYPE, &page, &entry, &[0x03, 0x00]);
    let later = [0xa5, 0x00, 0x00, 0x01, 0x00, 0x02, 0x80, 0x03, 0x00, 0x04];
    let later = worst(of_server, reply::Page::TYPE, &later, &entry, &[]);
    let hit = [&[0x82, 0x00][..], &entry].concat();
    let hits = worst(of_server, reply::Hits::TYPE, &[0xa2, 0x00, 0x00, 0x01], &hit, &[]);
    let presence = worst(of_server, push::Presence::TYPE, &[0xa2, 0x00, 0x00, 0x01], &[0x00], &[]);
    let typing = worst(of_server, push::Typing::TYPE, &[0xa2, 0x00, 0x00, 0x01], &[0x00], &[]);

    let all = [
        params, lineage, rooms, more, mine, gone, erased, members, users, entries, mentioning, later, hits, presence,
        typing,
    ];
    let limit = 100 * DECODED_BYTES_PER_FRAME_BYTE;
    assert!(all.iter().all(|worst| *worst <= limit), "{all:?}");
    assert!(params > limit - 100, "the limit is not a guess: {params}");
}

/// The largest text and the largest body cost what they are.
#[test]
fn long_strings_cost_their_length_once() {
    let length = FRAME_BYTES_MAX - 100;
    let text = [&[0xa2, 0x01, 0x00, 0x03][..], &head(3, length), &vec![b'x'; length]].concat();
    let (_, peak, _) = counted(|| of_server(RawFrame { kind: reply::Error::TYPE, payload: &text }));
    assert_eq!(peak, length);
    let skipped = [&[0xa1, 0x09][..], &head(2, length), &vec![0xff; length]].concat();
    let (_, peak, _) = counted(|| of_client(RawFrame { kind: request::Resend::TYPE, payload: &skipped }));
    assert_eq!(peak, 0, "what is skipped costs nothing");
    let many = list(&[0xa1, 0x09], length, &[0x80], &[]);
    let (_, peak, _) = counted(|| of_client(RawFrame { kind: request::Resend::TYPE, payload: &many }));
    assert_eq!(peak, 0);
}

#[test]
fn a_million_nested_arrays_and_maps_are_refused_without_recursion() {
    for opening in [&[0x81][..], &[0xa1, 0x00], &[0x9f], &[0xbf, 0x00], &[0x82, 0x00], &[0xc1], &[0x82, 0x9f]] {
        let nested = [&[0xa1, 0x09][..], &opening.repeat(1_000_000)].concat();
        for payload in [&nested[..], &nested[2..]] {
            let frame = RawFrame { kind: request::Resend::TYPE, payload };
            let (decoded, peak, _) = counted(|| ClientFrame::decode(frame));
            assert_eq!((decoded, peak), (Err(DecodeError::Malformed), 0));
        }
    }
}

#[test]
fn claimed_counts_and_lengths_reserve_nothing() {
    for claim in [0x3b_u8, 0x5b, 0x7b, 0x9b, 0xbb] {
        for (kind, before) in [
            (reply::Error::TYPE, &[0xa3, 0x01, 0x00, 0x02][..]),
            (push::Users::TYPE, &[0xa1, 0x00]),
            (push::Presence::TYPE, &[0xa2, 0x00, 0x00, 0x01]),
            (push::Heartbeat::TYPE, &[0xa2, 0x00, 0x00, 0x01]),
        ] {
            let payload = [before, &[claim], &(u64::MAX / 2).to_be_bytes()].concat();
            let (_, peak, _) = counted(|| ServerFrame::decode(RawFrame { kind, payload: &payload }));
            assert!(peak < 200, "{peak} bytes for a claim");
        }
    }
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let claim = [0x00, 0x03, 0xff, 0xff, 0x10];
    let (_, peak, _) = counted(|| assert_eq!(decoder.feed(&claim).next(), Ok(None)));
    assert!(peak <= 8, "{peak} bytes for a claim");
}

/// A frame that trickles in never costs more than a growing vector of what has come, and is gone when it is read.
#[test]
fn a_decoder_keeps_what_has_come_and_no_more() {
    let length = u32::try_from(FRAME_BYTES_MAX).expect("a frame's length").to_be_bytes();
    let frame = [&length[..], &[0x7f; FRAME_BYTES_MAX]].concat();
    let (mut decoder, peak, held) = counted(|| {
        let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        for piece in frame[..frame.len() - 1].chunks(1_000) {
            assert_eq!(decoder.feed(piece).next(), Ok(None));
        }
        decoder
    });
    assert!(held >= frame.len() - 1 && held <= 2 * frame.len(), "{held} bytes");
    assert!(peak <= 3 * frame.len(), "{peak} bytes");

    // The last byte of a frame, and the first of the next one behind it: in one piece, and held back by the reader.
    let (_decoder, _, held) = counted(|| {
        let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        assert_eq!(decoder.feed(&frame[..frame.len() - 1]).next(), Ok(None));
        assert!(decoder.feed(&[0x7f, 0x00]).next().is_ok_and(|frame| frame.is_some()));
        assert_eq!(decoder.kept_bytes(), 1);
        decoder
    });
    assert_eq!(held, 1, "only the first byte of the next frame is left");
    decoder.feed(&[0x7f]).next().map(|frame| assert!(frame.is_some())).expect("a length within the limit");
    assert_eq!(decoder.kept_bytes(), 0);
}
