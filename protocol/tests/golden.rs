//! Every message against bytes that were written by hand, from `docs/protocol.md` alone: decoding gives the value, and
//! encoding gives the same bytes. The files in `golden/` were never made by the encoder under test, and are not to be:
//! whoever changes a message writes down first what it shall look like on the wire. Only the lengths were counted, and
//! the keys and signatures made, by a small program in another language that shares no code with this one.

#![expect(clippy::expect_used, reason = "helpers of tests: a broken file ends the test")]

#[path = "common/golden_bytes.rs"]
mod golden_bytes;

use tertulia_protocol::{
    Cid, ClientFrame, DeviceId, Entry, ErrorCode, FrameDecoder, Kind, LogId, Message, Nonce, PublicKey, RequestId,
    RoomId, Rseq, Seq, ServerFrame, Signature, UserId, encode, entry::MessageBody, limits::FRAME_BYTES_MAX, push,
    reply, request,
};

macro_rules! golden {
    ($name:literal) => {
        golden_bytes::bytes(include_str!(concat!("golden/", $name, ".hex")))
    };
}

fn client<M: Message + Clone>(bytes: &[u8], message: &M, wrap: fn(M) -> ClientFrame) {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = decoder.feed(bytes);
    let frame = frames.next().expect("a length within the limit").expect("a whole frame");
    assert_eq!(ClientFrame::decode(frame), Ok(Some(wrap(message.clone()))));
    assert_eq!(frames.next(), Ok(None), "the file holds one frame");
    assert_eq!(hex(&encode(message)), hex(bytes));
}

fn server<M: Message + Clone>(bytes: &[u8], message: &M, wrap: fn(M) -> ServerFrame) {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = decoder.feed(bytes);
    let frame = frames.next().expect("a length within the limit").expect("a whole frame");
    assert_eq!(ServerFrame::decode(frame), Ok(Some(wrap(message.clone()))));
    assert_eq!(frames.next(), Ok(None), "the file holds one frame");
    assert_eq!(hex(&encode(message)), hex(bytes));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x} ")).collect()
}

/// `N` bytes that rise from the first one.
fn rising<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|index| first + u8::try_from(index).expect("short arrays"))
}

fn array<const N: usize>(digits: &str) -> [u8; N] {
    golden_bytes::bytes(digits).try_into().expect("as many bytes as the type has")
}

fn device_key() -> PublicKey {
    PublicKey(array("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"))
}

/// The cids of the files, which differ in their last byte.
fn cid(last: u8) -> Cid {
    let mut bytes = array("019b76daa87b70008000000000000000");
    bytes[15] = last;
    Cid(bytes)
}

fn text(text: &str) -> Vec<u8> {
    MessageBody { text: text.into() }.to_bytes()
}

const AT: i64 = 1_767_225_600_123;

#[test]
fn hello() {
    let mut hello = request::Hello {
        versions: vec![1],
        device_key: device_key(),
        nonce: Nonce(rising(0xa0)),
        agent: Some("tertulia 0.1.0".into()),
        locale: Some("es-ES".into()),
    };
    client(&golden!("hello"), &hello, ClientFrame::Hello);
    (hello.versions, hello.agent, hello.locale) = (vec![1, 200, 300], None, None);
    client(&golden!("hello_least"), &hello, ClientFrame::Hello);
}

#[test]
fn challenge() {
    let challenge = reply::Challenge {
        version: 1,
        nonce: Nonce(rising(0xc0)),
        server_key: PublicKey(array("29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7")),
        signature: Signature(array(
            "870aa8a8cca0b7dd88f023e3745dae87b9ae09b4e7017c7c9482feb281e4a921
             38b3bb5faab93de2f894cfe4a93ef49cb118e5cc51133edf4c5bb94ae927b50f",
        )),
    };
    server(&golden!("challenge"), &challenge, ServerFrame::Challenge);
}

#[test]
fn prove() {
    let named = array(
        "13aba18613c5efc7cdc9dc2634f8e7e2a652aa4a9e36bcae2956f06abd616367
         f2a7b8f95aee210770677e1813d6db6eab8ba19e9a641de4f3a5b0c6326b2209",
    );
    let unnamed = array(
        "c7ac0e81a01448c1da78860f67d156f9797ce5ea1c3664dc0e39d9fcb99ca53a
         c43a88b2fdd6efc6046398d7a1d17b8111ede32bad4896c403250a4e41135309",
    );
    let prove = request::Prove { signature: Signature(named), name: Some("Zoë".into()) };
    client(&golden!("prove"), &prove, ClientFrame::Prove);
    let prove = request::Prove { signature: Signature(unnamed), name: None };
    client(&golden!("prove_least"), &prove, ClientFrame::Prove);
}

#[test]
fn welcome() {
    let first = reply::Lineage { log: LogId(rising(0)), from: Seq(1) };
    let second = reply::Lineage { log: LogId(rising(0xf0)), from: Seq(1_000) };
    let welcome = reply::Welcome {
        user: UserId(7),
        device: DeviceId(31),
        name: "Zoë".into(),
        position: Seq(65_536),
        lineage: vec![first, second],
        now: AT,
        agent: Some("tertulia-server".into()),
    };
    server(&golden!("welcome"), &welcome, ServerFrame::Welcome);
    let welcome = reply::Welcome {
        user: UserId(2),
        device: DeviceId(2),
        name: "ana".into(),
        position: Seq(2),
        lineage: vec![first],
        now: -1,
        agent: None,
    };
    server(&golden!("welcome_least"), &welcome, ServerFrame::Welcome);
}

#[test]
fn error() {
    let error = |request: Option<u32>, code, params: Option<&[&str]>, text: &str| reply::Error {
        request: request.map(RequestId),
        code,
        params: params.map(|params| params.iter().map(ToString::to_string).collect()),
        text: text.into(),
    };
    let confusable = error(Some(u32::MAX), ErrorCode::NAME_CONFUSABLE, Some(&["paul", "\u{440}aul"]), "confusing");
    server(&golden!("error_request"), &confusable, ServerFrame::Error);
    let read_only = error(Some(0), ErrorCode::READ_ONLY, None, "");
    server(&golden!("error_request_least"), &read_only, ServerFrame::Error);
    let stopping = error(None, ErrorCode::STOPPING, None, "stopping no");
    server(&golden!("error_connection"), &stopping, ServerFrame::Error);
    let unknown = error(None, ErrorCode(65_535), None, "?");
    server(&golden!("error_unknown_code"), &unknown, ServerFrame::Error);
    assert_eq!(unknown.code.name(), "unknown");
}

#[test]
fn heartbeats() {
    client(&golden!("heartbeat_client"), &request::Heartbeat {}, ClientFrame::Heartbeat);
    let heartbeat = push::Heartbeat { position: Seq(u64::MAX) };
    server(&golden!("heartbeat_server"), &heartbeat, ServerFrame::Heartbeat);
}

#[test]
fn write() {
    let message = request::Write {
        request: RequestId(1),
        cid: cid(1),
        room: RoomId(1),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: text("¡Hola"),
    };
    client(&golden!("write"), &message, ClientFrame::Write);
    let full = request::Write {
        request: RequestId(255),
        cid: cid(2),
        room: RoomId(256),
        kind: Kind(65_535),
        target: Some(Rseq(23)),
        mentions: Some(vec![UserId(2), UserId(24), UserId(1 << 32)]),
        body: vec![0xff, 0x00, 0xff],
    };
    client(&golden!("write_full"), &full, ClientFrame::Write);
    let no_mentions =
        request::Write { request: RequestId(2), cid: cid(3), mentions: Some(Vec::new()), body: Vec::new(), ..message };
    client(&golden!("write_no_mentions"), &no_mentions, ClientFrame::Write);
}

#[test]
fn placed_and_resend() {
    let placed = reply::Placed { request: RequestId(1), seq: Seq(42), rseq: Rseq(40), count: 39, at: AT };
    server(&golden!("placed"), &placed, ServerFrame::Placed);
    client(&golden!("resend"), &request::Resend {}, ClientFrame::Resend);
}

#[test]
fn pull_and_page() {
    let pull = request::Pull { request: RequestId(3), room: RoomId(1), from: Rseq(1), to: Rseq(u64::MAX) };
    client(&golden!("pull"), &pull, ClientFrame::Pull);
    let somebodys = Entry {
        seq: Seq(3),
        rseq: Rseq(1),
        count: 1,
        at: AT,
        author: UserId(2),
        device: DeviceId(2),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: text("hi"),
        cid: None,
    };
    let own = Entry {
        seq: Seq(4),
        rseq: Rseq(2),
        count: 2,
        at: AT + 1,
        author: UserId(7),
        device: DeviceId(7),
        body: text("hey"),
        cid: Some(cid(1)),
        ..somebodys.clone()
    };
    let unknown = Entry {
        seq: Seq(5),
        rseq: Rseq(3),
        count: 2,
        at: AT + 2,
        author: UserId(7),
        device: DeviceId(32),
        kind: Kind(300),
        target: Some(Rseq(2)),
        mentions: Some(vec![UserId(2)]),
        body: Vec::new(),
        cid: Some(cid(4)),
    };
    let entries = vec![somebodys, own, unknown];
    let page = reply::Page { request: RequestId(3), room: RoomId(1), entries, head: Rseq(3) };
    server(&golden!("page"), &page, ServerFrame::Page);
    let empty = reply::Page { request: RequestId(4), room: RoomId(1), entries: Vec::new(), head: Rseq(0) };
    server(&golden!("page_empty"), &empty, ServerFrame::Page);
}

fn ana_and_zoe() -> Vec<reply::UserRow> {
    [(2, "ana"), (7, "Zoë")].map(|(user, name)| reply::UserRow { user: UserId(user), name: name.into() }).into()
}

#[test]
fn sync_and_synced() {
    let sync = request::Sync { request: RequestId(2), since: Seq(0), users_after: None };
    client(&golden!("sync"), &sync, ClientFrame::Sync);
    let more = request::Sync { request: RequestId(3), since: Seq(0), users_after: Some(UserId(1_002)) };
    client(&golden!("sync_more"), &more, ClientFrame::Sync);
    let general =
        reply::RoomRow { room: RoomId(1), kind: reply::ROOM_PUBLIC, name: "general".into(), head: Rseq(40), count: 39 };
    let sala = reply::RoomRow { room: RoomId(32), kind: 2, name: "sala".into(), head: Rseq(0), count: 0 };
    let synced = reply::Synced {
        request: RequestId(2),
        position: Seq(42),
        rooms: vec![general, sala],
        users: ana_and_zoe(),
        more_users: true,
    };
    server(&golden!("synced"), &synced, ServerFrame::Synced);
    let empty = reply::Synced {
        request: RequestId(5),
        position: Seq(42),
        rooms: Vec::new(),
        users: Vec::new(),
        more_users: false,
    };
    server(&golden!("synced_empty"), &empty, ServerFrame::Synced);
}

#[test]
fn live_entries() {
    let message = Entry {
        seq: Seq(42),
        rseq: Rseq(40),
        count: 39,
        at: AT,
        author: UserId(7),
        device: DeviceId(7),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: text("¡Hola, Zoë! ☕"),
        cid: None,
    };
    let entry = push::RoomEntry { room: RoomId(1), entry: message.clone() };
    server(&golden!("entry"), &entry, ServerFrame::Entry);
    let targeting = Entry {
        seq: Seq(512),
        rseq: Rseq(255),
        count: 0,
        at: -1_000,
        author: UserId(0),
        device: DeviceId(0),
        kind: Kind(25),
        target: Some(Rseq(254)),
        mentions: None,
        body: Vec::new(),
        cid: None,
    };
    let entry = push::RoomEntry { room: RoomId(100), entry: targeting };
    server(&golden!("entry_target"), &entry, ServerFrame::Entry);
    let mentioning = Entry {
        seq: Seq(513),
        rseq: Rseq(256),
        count: 1,
        at: 0,
        mentions: Some(vec![UserId(2), UserId(7)]),
        body: text("@"),
        ..message
    };
    let entry = push::RoomEntry { room: RoomId(100), entry: mentioning };
    server(&golden!("entry_mentions"), &entry, ServerFrame::Entry);
}

#[test]
fn users_and_presence() {
    server(&golden!("users"), &push::Users { users: ana_and_zoe() }, ServerFrame::Users);
    let some = |ids: &[u64]| Some(ids.iter().copied().map(UserId).collect());
    let presence = |online, whole, came, went| push::Presence { online, whole, came, went };
    let check = |bytes: Vec<u8>, presence| server(&bytes, &presence, ServerFrame::Presence);
    check(golden!("presence_whole"), presence(2, some(&[2, 7]), None, None));
    check(golden!("presence_change"), presence(101, None, some(&[2, 7]), some(&[24, 1_000])));
    check(golden!("presence_number"), presence(501, None, None, None));
    check(golden!("presence_nobody"), presence(0, some(&[]), None, None));
}
