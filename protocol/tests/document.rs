//! `docs/protocol.md` against the code: what the document says with numbers is what the code does. A number that is
//! changed in one of them only fails here.

#[path = "common/golden_bytes.rs"]
mod golden_bytes;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use tertulia_protocol::{
    ClientFrame, ErrorCode, HEADER_BYTES, InvalidName, Kind, Nonce, PublicKey, RawFrame, ServerFrame, entry::NO_BODY,
    handshake, limits, push, reply,
};

macro_rules! golden {
    ($name:literal) => {
        golden_bytes::bytes(include_str!(concat!("golden/", $name, ".hex")))
    };
}

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// A frame read without the decoder under test.
fn raw(frame: &[u8]) -> RawFrame<'_> {
    RawFrame { kind: frame[4], payload: &frame[HEADER_BYTES..] }
}

fn says(what: &str) {
    assert!(DOCUMENT.contains(what), "docs/protocol.md does not say {what:?}");
}

#[test]
fn the_worked_example_is_true() {
    let squeezed: String = DOCUMENT.chars().filter(|c| !c.is_whitespace()).collect();
    let shown = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(squeezed.contains(&digits), "docs/protocol.md does not show {digits}");
    };
    let (hello, challenge, prove) = (golden!("hello"), golden!("challenge"), golden!("prove"));
    for frame in [&hello, &challenge, &prove] {
        shown(frame);
    }

    let Ok(Some(ClientFrame::Hello(hello))) = ClientFrame::decode(raw(&hello)) else { panic!("a hello") };
    let Ok(Some(ServerFrame::Challenge(challenge))) = ServerFrame::decode(raw(&challenge)) else {
        panic!("a challenge")
    };
    let Ok(Some(ClientFrame::Prove(prove))) = ClientFrame::decode(raw(&prove)) else { panic!("a proof") };

    let key = |first: u8| {
        let seed: Vec<u8> = (first..first + 32).collect();
        Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed")
    };
    assert_eq!(key(0x00).public_key().as_ref(), hello.device_key.0);
    assert_eq!(key(0x20).public_key().as_ref(), challenge.server_key.0);

    let by_server = handshake::server_bytes(challenge.version, &hello.nonce, &challenge.nonce, &hello.device_key, &[]);
    shown(&by_server);
    let key = UnparsedPublicKey::new(&ED25519, challenge.server_key.0);
    assert!(key.verify(&by_server, &challenge.signature.0).is_ok());

    let by_device = handshake::login_bytes(&challenge.server_key, &challenge.nonce, &[], prove.name.as_deref());
    shown(&by_device);
    let key = UnparsedPublicKey::new(&ED25519, hello.device_key.0);
    assert!(key.verify(&by_device, &prove.signature.0).is_ok());

    let Ok(Some(ClientFrame::Prove(nameless))) = ClientFrame::decode(raw(&golden!("prove_least"))) else {
        panic!("a proof")
    };
    let without_name = handshake::login_bytes(&challenge.server_key, &challenge.nonce, &[], None);
    assert!(key.verify(&without_name, &nameless.signature.0).is_ok());
}

#[test]
fn the_exporter_stands_where_the_document_has_it() {
    let (client, server) = (Nonce([1; 32]), Nonce([2; 32]));
    let signed = handshake::server_bytes(0x0304, &client, &server, &PublicKey([5; 32]), &[6; 32]);
    let parts: [&[u8]; 6] = [b"tertulia-server-v1\0", &[3, 4], &[1; 32], &[2; 32], &[5; 32], &[6; 32]];
    assert_eq!(signed, parts.concat());
    let signed = handshake::login_bytes(&PublicKey([5; 32]), &server, &[6; 32], Some("ñ"));
    let parts: [&[u8]; 5] = [b"tertulia-login-v1\0", &[5; 32], &[2; 32], &[6; 32], "ñ".as_bytes()];
    assert_eq!(signed, parts.concat());
}

#[test]
fn every_type_is_in_the_table() {
    // Known types are those that an empty payload is `malformed` for.
    let known = |kind: u8| {
        let frame = RawFrame { kind, payload: &[] };
        (ClientFrame::decode(frame) == Err(tertulia_protocol::DecodeError::Malformed))
            || (ServerFrame::decode(frame) == Err(tertulia_protocol::DecodeError::Malformed))
    };
    for kind in 0..=u8::MAX {
        assert_eq!(known(kind), DOCUMENT.contains(&format!("\n| 0x{kind:02x} | `")), "type {kind:#04x}");
    }
}

#[test]
fn every_code_is_in_the_table() {
    for code in 0..=u16::MAX {
        let known = ErrorCode::ALL.iter().find(|(known, _)| known.0 == code);
        assert_eq!(ErrorCode(code).name(), known.map_or("unknown", |(_, name)| name));
        if let Some((_, name)) = known {
            says(&format!("\n| {code} | `{name}` | "));
        }
    }
    let rows = DOCUMENT.lines().filter(|line| line.contains(" | connection |") || line.contains(" | request |"));
    let both = [" | request, or connection", " | connection, or a rename |"];
    let of_both = DOCUMENT.lines().filter(|line| both.iter().any(|about| line.contains(about)));
    assert_eq!(rows.count() + of_both.count(), ErrorCode::ALL.len());
}

#[test]
fn every_kind_is_in_the_table() {
    let kinds = [
        (Kind::GENESIS, "genesis"),
        (Kind::NAME_CLAIM, "name claim"),
        (Kind::NEW_LOG, "new log"),
        (Kind::RENAME, "rename"),
        (Kind::PROFILE, "profile"),
        (Kind::ROOM_OPEN, "room open"),
        (Kind::ROOM_NAME, "room name"),
        (Kind::ROOM_TOPIC, "room topic"),
        (Kind::JOIN, "join"),
        (Kind::LEAVE, "leave"),
        (Kind::INVITE, "invite"),
        (Kind::REMOVE, "remove"),
        (Kind::ROLE, "role"),
        (Kind::ARCHIVE, "archive"),
        (Kind::KEEP, "keep"),
        (Kind::EXPIRE, "expire"),
        (Kind::MESSAGE, "message"),
        (Kind::EDIT, "edit"),
        (Kind::DELETE, "delete"),
        (Kind::REACT, "react"),
        (Kind::UNREACT, "unreact"),
    ];
    for (kind, name) in kinds {
        says(&format!("\n| {} | {name} | ", kind.0));
    }
    let section = DOCUMENT.split("\n## 8.").nth(1).and_then(|rest| rest.split("\n## 9.").next());
    let rows = section
        .unwrap_or_default()
        .lines()
        .filter(|line| line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())));
    assert_eq!(rows.count(), kinds.len());
    assert_eq!(Kind::FIRST_CONTENT.0, 256);
    says("Kinds below 256 are *state*, from 256 on *content*");
}

#[test]
fn numbers_of_rooms_and_notices_are_what_the_document_says() {
    assert_eq!([reply::ROOM_PUBLIC, reply::ROOM_PRIVATE, reply::ROOM_DIRECT], [1, 2, 3]);
    says("`RoomRow.kind` is 1 for a public room");
    says("2 for a private one");
    says("3 for a direct one");
    says(&format!("`role` is {} for a member, {} for an owner", reply::ROLE_MEMBER, reply::ROLE_OWNER));
    says(&format!("`what` {}: nothing but deletions", push::NOTICE_READ_ONLY));
    assert_eq!(NO_BODY, [0xa0]);
    says("| none | join, leave, delete | none: `a0` |");
}

#[test]
fn every_rule_of_names_is_in_the_table() {
    let rules = [
        InvalidName::Empty,
        InvalidName::TooLong,
        InvalidName::Character('\0'),
        InvalidName::Spaces,
        InvalidName::NoLetter,
    ];
    for rule in rules {
        says(&format!("| `{}` |\n", rule.rule()));
    }
}

#[test]
fn limits_are_what_the_document_says() {
    assert_eq!(limits::VERSIONS, [1]);
    assert_eq!(limits::DEFAULT_PORT, 7667);
    assert_eq!(limits::FRAME_BYTES_MAX_BEFORE_LOGIN, 4_096);
    assert_eq!(limits::FRAME_BYTES_MAX, 262_144);
    says("port **7667**");
    says("**4,096** for every frame of the client up to `Welcome`, and at most **262,144**");
    says(&format!("lie at most {} deep", limits::NESTING_MAX));
    says(&format!("at most {} times the frame's bytes", limits::DECODED_BYTES_PER_FRAME_BYTE));
    assert_eq!((limits::TEXT_BYTES_MAX, limits::BODY_BYTES_MAX), (16_384, 32_768));
    says("1 byte to 16,384 bytes");
    says("(32,768 bytes)");
    says(&format!("| `mentions` | at most {} people,", limits::MENTIONS_MAX));
    says(&format!(
        "At most {} characters (code points) and at most {} bytes",
        limits::NAME_CHARS_MAX,
        limits::NAME_BYTES_MAX
    ));
    says(&format!("more than {} bytes as `too_long`", 4 * limits::NAME_BYTES_MAX));
    assert_eq!(limits::PAGE_BODY_BYTES_MAX, 147_456);
    says(&format!("A page has at most {} entries", limits::PAGE_ENTRIES_MAX));
    says("all entries of a page together, those in `later` included, weigh\nat most 144 KiB (147,456 bytes)");
    says("they weigh at most 144 KiB (147,456 bytes; the weight is that\nof a page)");
    says(&format!("and {} for each mention", limits::MENTION_WEIGHT));
    assert_eq!(limits::PAGE_LATER_MAX, 1_000);
    says("at most 1,000 entries in `later`");
    says(&format!("At most {} hits stand in one answer", limits::HITS_MAX));
    says(&format!("At most {} rows of\n", limits::ROWS_MAX));
    says(&format!("Both hold at most {}\nrows", limits::ROWS_MAX));
    says(&format!("A frame holds at most {} rows; so does one of `Rooms`", limits::ROWS_MAX));
    says(&format!("`next` (at most {} bytes", limits::NEXT_BYTES_MAX));
    says(&format!("They have at most {} bytes, and may be empty", limits::SEARCH_BYTES_MAX));
    says(&format!("| topic | 1 to {} bytes", limits::TOPIC_BYTES_MAX));
    says(&format!("| emoji | 1 to {} bytes", limits::EMOJI_BYTES_MAX));
    says(&format!("mention the person, at most {};", limits::MENTIONS_COUNTED_MAX));
    says(&format!("a message ends it, and so do {} s.", limits::TYPING_MS / 1_000));
    says(&format!("not in rooms of more than {} members", limits::TYPING_MEMBERS_MAX));
    says(&format!("Above {} people", limits::PRESENCE_LISTED_MAX));
    says(&format!("At most {} requests of a connection", limits::UNANSWERED_REQUESTS_MAX));
    says(&format!("nothing for **{} s**", limits::HEARTBEAT_AFTER_MS / 1_000));
    says(&format!("no byte for **{} s**", limits::DEAD_AFTER_MS / 1_000));
}
