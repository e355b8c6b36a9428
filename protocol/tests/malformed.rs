//! What is not a message, case by case: every decision of `docs/protocol.md`, sections 2 to 4, on bytes that another
//! program may have meant well. The hexadecimal digits are payloads; the type is the test's.

#[path = "common/golden_bytes.rs"]
mod golden_bytes;

use golden_bytes::bytes;
use tertulia_protocol::{
    Cid, ClientFrame, DecodeError, FrameDecoder, FrameError, Message, RawFrame, RequestId, Seq, ServerFrame, UserId,
    encode,
    entry::{KeepBody, MemberBody, MessageBody},
    push, reply, request,
};

const SYNC: request::Sync = request::Sync { request: RequestId(2), since: Seq(0), after: None };

/// A payload of type `Sync`.
fn check(payload: &str, expected: Result<request::Sync, DecodeError>) {
    let decoded = ClientFrame::decode(RawFrame { kind: request::Sync::TYPE, payload: &bytes(payload) });
    assert_eq!(decoded, expected.map(|sync| Some(ClientFrame::Sync(sync))), "{payload}");
}

fn malformed(payloads: &[&str]) {
    for payload in payloads {
        check(payload, Err(DecodeError::Malformed));
    }
}

fn server_refuses<M: Message>(payloads: &[&str]) {
    for payload in payloads {
        let decoded = ServerFrame::decode(RawFrame { kind: M::TYPE, payload: &bytes(payload) });
        assert_eq!(decoded, Err(DecodeError::Malformed), "{payload}");
    }
}

#[test]
fn what_may_be_written_in_several_ways_is_read() {
    check("a2 00 02 01 00", Ok(SYNC));
    check("a3 00 02 01 00 02 41 09", Ok(request::Sync { after: Some(vec![9]), ..SYNC }));
    check("a3 00 02 01 00 02 f6", Ok(SYNC)); // null for absent
    check("a2 00 1802 01 00", Ok(SYNC)); // numbers longer than they must be
    check("a2 00 1a00000002 01 1b0000000000000000", Ok(SYNC));
    check("b802 1800 02 190001 00", Ok(SYNC)); // heads and keys likewise
    check("a2 00 1affffffff 01 00", Ok(request::Sync { request: RequestId(u32::MAX), ..SYNC }));
}

#[test]
fn unknown_keys_are_skipped_with_all_that_they_hold() {
    for value in [
        "00",
        "20",
        "40",
        "60",
        "80",
        "a0",
        "f4",
        "f5",
        "f6",
        "3bffffffffffffffff",
        "83 01 81 02 a1 00 f6",
        "43 ff00ff",
    ] {
        check(&format!("a3 00 02 01 00 09 {value}"), Ok(SYNC));
        check(&format!("a3 00 02 01 00 1affffffff {value}"), Ok(SYNC));
    }
    let heartbeat = RawFrame { kind: request::Heartbeat::TYPE, payload: &bytes("a2 00 01 07 80") };
    assert_eq!(ClientFrame::decode(heartbeat), Ok(Some(ClientFrame::Heartbeat(request::Heartbeat {}))));
}

#[test]
fn keys_are_unsigned_and_rise() {
    malformed(&[
        "a3 00 02 01 00 01 00",                 // twice
        "a3 00 02 01 00 1801 00",               // twice, the second time longer
        "a4 00 02 01 00 09 00 09 00",           // twice, unknown
        "a2 01 00 00 02",                       // falling
        "a3 00 02 01 00 20 00",                 // negative
        "a3 00 02 01 00 61 61 00",              // text
        "a3 00 02 01 00 f6 00",                 // null
        "a3 00 02 01 00 80 00",                 // an array
        "a3 00 02 01 00 1b0000000100000000 00", // more than 32 bits
        "a3 00 02 01 00 09 a2 01 00 01 00",     // twice in what is skipped
    ]);
}

#[test]
fn lengths_are_definite_and_true() {
    malformed(&[
        "bf 00 02 01 00 ff",
        "a3 00 02 01 00 09 9f ff",
        "a3 00 02 01 00 09 9f 01 ff",
        "a3 00 02 01 00 09 5f 41 00 ff",
        "a3 00 02 01 00 09 7f 61 61 ff",
        "a3 00 02 01 00 09 ff", // a break with nothing to end
        "a3 00 02 01 00 09",    // cut off
        "a3 00 02 01 00",
        "a3 00 02 01 00 09 9b ffffffffffffffff 00",
        "a3 00 02 01 00 09 bb ffffffffffffffff 00",
        "a3 00 02 01 00 09 5b ffffffffffffffff 00",
        "a3 00 02 01 00 09 7b 7fffffffffffffff 00",
        "bb 8000000000000001 00 02 01 00",
        "a3 00 02 01 00 09 1c", // reserved
        "",
        "ff",
    ]);
}

#[test]
fn there_are_no_tags_floats_or_other_simple_values() {
    for value in
        ["c1 00", "d818 40", "c2 41 01", "f90000", "fa00000000", "fb0000000000000000", "f7", "e0", "f814", "f8ff"]
    {
        malformed(&[&format!("a2 00 02 01 {value}"), &format!("a3 00 02 01 00 09 {value}")]);
    }
    malformed(&["d9d9f7 a2 00 02 01 00"]); // "self-described CBOR"
}

#[test]
fn nothing_follows_the_item() {
    check("a2 00 02 01 00 00", Err(DecodeError::TrailingBytes));
    check("a2 00 02 01 00 a2 00 02 01 00", Err(DecodeError::TrailingBytes));
    check("a2 00 02 01 00 ff", Err(DecodeError::TrailingBytes));
    assert_eq!(MessageBody::from_bytes(&bytes("a1 00 61 61 00")), None);
}

#[test]
fn values_are_of_their_type_and_in_its_range() {
    for value in ["20", "1b0000000100000000", "61 32", "41 02", "80", "81 02", "a0", "f4", "f6"] {
        malformed(&[&format!("a2 00 {value} 01 00")]);
    }
    malformed(&["a2 00 02 01 20", "a1 00 02", "a1 01 00", "a0", "82 02 00", "02", "f6"]);
    // Texts and byte strings are two things; a list of numbers is no byte string; fixed lengths are fixed.
    let cid = |cid: &str| format!("a5 00 01 01 {cid} 02 01 03 190100 06 40");
    let sixteen = "000102030405060708090a0b0c0d0e0f";
    let decode =
        |payload: String| ClientFrame::decode(RawFrame { kind: request::Write::TYPE, payload: &bytes(&payload) });
    let Ok(Some(ClientFrame::Write(write))) = decode(cid(&format!("50 {sixteen}"))) else { panic!("a write") };
    assert_eq!(write.cid, Cid(std::array::from_fn(|index| u8::try_from(index).unwrap())));
    for wrong in [
        format!("51 {sixteen} 10"),
        "4f 000102030405060708090a0b0c0d0e".into(),
        format!("70 {sixteen}"),
        format!("90 {sixteen}"),
    ] {
        assert_eq!(decode(cid(&wrong)), Err(DecodeError::Malformed), "{wrong}");
    }
    // A boolean is no number.
    server_refuses::<reply::Browsed>(&["a3 00 02 01 80 02 01", "a3 00 02 01 f6 02 f4", "a3 00 02 01 80 02 f6"]);
    // Bytes are no list and no text; a number is no byte string.
    server_refuses::<reply::Synced>(&[
        "a5 00 02 01 00 02 80 03 80 04 81 00",
        "a5 00 02 01 00 02 80 03 80 04 60",
        "a5 00 02 01 00 02 80 03 80 04 00",
        "a5 00 02 01 00 02 80 03 80 05 40",
    ]);
    // 64 bits with a sign.
    server_refuses::<reply::Placed>(&[
        "a5 00 01 01 01 02 01 03 01 04 1b8000000000000000",
        "a5 00 01 01 01 02 01 03 01 04 3b8000000000000000",
    ]);
}

#[test]
fn texts_are_utf8_also_where_they_are_skipped() {
    for text in ["61 ff", "62 c080", "63 eda080", "64 f4908080", "61 c3", "62 c328", "65 6162 e282 61"] {
        malformed(&[&format!("a3 00 02 01 00 09 {text}")]);
        server_refuses::<reply::Error>(&[&format!("a2 01 01 03 {text}"), &format!("a3 01 01 02 81 {text} 03 60")]);
        assert_eq!(MessageBody::from_bytes(&bytes(&format!("a1 00 {text}"))), None, "{text}");
    }
}

#[test]
fn arrays_may_be_longer_than_known_and_not_shorter() {
    let entry = |entry: &str| {
        ServerFrame::decode(RawFrame { kind: push::RoomEntry::TYPE, payload: &bytes(&format!("82 01 {entry}")) })
    };
    let plain = entry("8a 03 01 01 00 02 02 190100 f6 f6 40").expect("ten elements");
    for same in ["8b 03 01 01 00 02 02 190100 f6 f6 40 f6", "8d 03 01 01 00 02 02 190100 f6 f6 40 f6 a1 00 81 00 60"] {
        assert_eq!(entry(same).as_ref(), Ok(&plain), "{same}");
    }
    for wrong in [
        "89 03 01 01 00 02 02 190100 f6 f6",    // no body
        "8a f6 01 01 00 02 02 190100 f6 f6 40", // no seq
        "8a 03 01 01 00 02 02 190100 f6 f6 f6", // null for the body
        "8a 03 01 01 00 02 02 190100 f6 f6 60", // a text for the body
        "80",
        "a0",
        "f6",
    ] {
        assert_eq!(entry(wrong), Err(DecodeError::Malformed), "{wrong}");
    }
}

/// Rows that are arrays: too short is an error, longer is a newer server.
#[test]
fn rows_may_be_longer_than_known_and_not_shorter() {
    let read = |kind, payload: &str| ServerFrame::decode(RawFrame { kind, payload: &bytes(payload) });
    let erased = |row: &str| read(reply::Synced::TYPE, &format!("a5 00 02 01 00 02 80 03 80 06 81 {row}"));
    let member = |row: &str| read(reply::MemberList::TYPE, &format!("a4 00 02 01 1820 02 81 {row} 03 f4"));
    let hit = |row: &str| read(reply::Hits::TYPE, &format!("a2 00 02 01 81 {row}"));
    let entry = "8a 03 01 01 00 02 02 190100 f6 f6 40";
    assert!(erased("83 01 02 03").is_ok() && member("82 02 01").is_ok() && hit(&format!("82 01 {entry}")).is_ok());
    assert_eq!(erased("84 01 02 03 81 00"), erased("83 01 02 03"));
    assert_eq!(member("83 02 01 f6"), member("82 02 01"));
    assert_eq!(hit(&format!("83 01 {entry} 60")), hit(&format!("82 01 {entry}")));
    for wrong in ["82 01 02", "83 01 02 f6", "a3 00 01 01 02 02 03", "f6", "80"] {
        assert_eq!(erased(wrong), Err(DecodeError::Malformed), "{wrong}");
    }
    for wrong in ["81 02", "82 02 f6", "82 02 1a00010000", "02"] {
        assert_eq!(member(wrong), Err(DecodeError::Malformed), "{wrong}");
    }
    for wrong in ["81 01", "82 01 f6", "01", entry] {
        assert_eq!(hit(wrong), Err(DecodeError::Malformed), "{wrong}");
    }
}

/// A body that is none is no reason to end a connection: it is shown as unreadable.
#[test]
fn bodies_are_read_as_strictly_as_frames() {
    assert_eq!(MemberBody::from_bytes(&bytes("a1 00 07")), Some(MemberBody { user: UserId(7) }));
    assert_eq!(MemberBody::from_bytes(&bytes("a2 00 07 1820 60")), Some(MemberBody { user: UserId(7) }));
    for wrong in ["", "a0", "a1 00 f6", "a1 00 20", "81 07", "07", "a1 00 07 00", "a2 00 07 00 07", "bf 00 07 ff"] {
        assert_eq!(MemberBody::from_bytes(&bytes(wrong)), None, "{wrong}");
    }
    assert_eq!(KeepBody::from_bytes(&bytes("a0")), Some(KeepBody { days: None }));
    assert_eq!(KeepBody::from_bytes(&bytes("a1 00 f6")), Some(KeepBody { days: None }));
    for wrong in ["", "f6", "a1 00 20", "a1 00 1b0000000100000000", "a1 00 61 31"] {
        assert_eq!(KeepBody::from_bytes(&bytes(wrong)), None, "{wrong}");
    }
}

#[test]
fn types_below_0x80_must_be_known_in_their_direction() {
    let payload = &encode(&SYNC)[5..];
    for kind in 0..=u8::MAX {
        let frame = RawFrame { kind, payload };
        let unknown = (kind < 0x80).then_some(DecodeError::UnknownType(kind));
        // Of a known type, `Sync` or not, these bytes give another answer.
        let client = ClientFrame::decode(frame).map_or_else(|error| Some(error) == unknown, |read| read.is_none());
        assert_eq!(client, !matches!(kind, 0x01..=0x03 | 0x10..=0x17 | 0x90 | 0x91), "{kind:#04x}");
        let server = ServerFrame::decode(frame).map_or_else(|error| Some(error) == unknown, |read| read.is_none());
        assert_eq!(server, !matches!(kind, 0x40..=0x49 | 0x50..=0x55 | 0x80..=0x82), "{kind:#04x}");
    }
}

#[test]
fn lengths_of_frames_are_within_the_limit_and_not_zero() {
    let error = |bytes: &[u8]| {
        let mut decoder = FrameDecoder::new(4_096);
        let error = decoder.feed(bytes).next().expect_err("not a frame");
        // Nothing that follows is taken for a frame, and nothing is kept of it.
        assert_ne!(decoder.feed(&encode(&SYNC)).next().map(|frame| frame.is_some()), Ok(true));
        assert_eq!(decoder.kept_bytes(), 0);
        error
    };
    assert_eq!(error(&[0, 0, 0, 0]), FrameError::Empty);
    assert_eq!(error(&[0, 0, 0x10, 0x01]), FrameError::TooLarge { length: 4_097, limit: 4_096 });
    assert_eq!(error(b"GET / HTTP/1.1\r\n"), FrameError::TooLarge { length: 0x4745_5420, limit: 4_096 });
    assert_eq!(error(&[0x16, 3, 1, 2, 0, 1]), FrameError::TooLarge { length: 0x1603_0102, limit: 4_096 });
    let mut decoder = FrameDecoder::new(4_096);
    assert_eq!(decoder.feed(&[0, 0, 0x10]).next(), Ok(None), "three bytes say nothing");
    assert_eq!(decoder.feed(&[0x00]).next(), Ok(None), "4,096 is within the limit");
}
