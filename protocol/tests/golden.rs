//! Every message against bytes that were written by hand, from `docs/protocol.md` alone: decoding gives the value, and
//! encoding gives the same bytes. The files in `golden/` were never made by the encoder under test, and are not to be:
//! whoever changes a message writes down first what it shall look like on the wire. Only the lengths were counted, and
//! the keys and signatures made, by a small program in another language that shares no code with this one.

#![expect(clippy::expect_used, reason = "helpers of tests: a broken file ends the test")]

#[path = "common/golden_bytes.rs"]
mod golden_bytes;

use tertulia_protocol::{
    Cid, ClientFrame, DeviceId, Entry, ErrorCode, FrameDecoder, Kind, LogId, Message, Nonce, PublicKey, RequestId,
    RoomId, Rseq, Seq, ServerFrame, Signature, UserId, encode,
    entry::{
        ArchiveBody, ExpireBody, KeepBody, MemberBody, MessageBody, NO_BODY, NameBody, ProfileBody, ReactionBody,
        RoleBody, RoomOpenBody, TopicBody,
    },
    limits::FRAME_BYTES_MAX,
    push, reply, request,
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
    let placed = reply::Placed { request: RequestId(1), seq: Seq(42), rseq: Rseq(40), count: 39, at: AT, room: None };
    server(&golden!("placed"), &placed, ServerFrame::Placed);
    let opened =
        reply::Placed { request: RequestId(2), seq: Seq(32), rseq: Rseq(1), count: 0, at: AT, room: Some(RoomId(32)) };
    server(&golden!("placed_room"), &opened, ServerFrame::Placed);
    client(&golden!("resend"), &request::Resend {}, ClientFrame::Resend);
}

#[test]
fn pull_and_page() {
    let mut pull =
        request::Pull { request: RequestId(3), room: RoomId(1), from: Rseq(1), to: Rseq(u64::MAX), later_only: None };
    client(&golden!("pull"), &pull, ClientFrame::Pull);
    (pull.request, pull.from, pull.to, pull.later_only) = (RequestId(4), Rseq(100), Rseq(200), Some(true));
    client(&golden!("pull_later"), &pull, ClientFrame::Pull);
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
    let (later, cut, from) = (None, None, None);
    let page = reply::Page { request: RequestId(3), room: RoomId(1), entries, head: Rseq(3), later, cut, from };
    server(&golden!("page"), &page, ServerFrame::Page);
    let empty = reply::Page { request: RequestId(4), entries: Vec::new(), head: Rseq(0), ..page };
    server(&golden!("page_empty"), &empty, ServerFrame::Page);
}

#[test]
fn what_was_said_later() {
    let edit = Entry {
        seq: Seq(40),
        rseq: Rseq(38),
        count: 37,
        at: AT,
        author: UserId(2),
        device: DeviceId(2),
        kind: Kind::EDIT,
        target: Some(Rseq(100)),
        mentions: None,
        body: text("hey"),
        cid: None,
    };
    let own = Entry {
        seq: Seq(41),
        rseq: Rseq(39),
        at: AT + 1,
        author: UserId(7),
        device: DeviceId(7),
        kind: Kind::REACT,
        body: ReactionBody { emoji: "👍".into() }.to_bytes(),
        cid: Some(cid(5)),
        ..edit.clone()
    };
    let page = reply::Page {
        request: RequestId(4),
        room: RoomId(1),
        entries: Vec::new(),
        head: Rseq(42),
        later: Some(vec![edit, own]),
        cut: Some(true),
        from: Some(Rseq(100)),
    };
    server(&golden!("page_later"), &page, ServerFrame::Page);
}

fn ana_and_zoe() -> Vec<reply::UserRow> {
    [(2, "ana", None), (7, "Zoë", Some(359))]
        .map(|(user, name, hue)| reply::UserRow { user: UserId(user), name: name.into(), hue })
        .into()
}

/// A room of which there is nothing to say.
fn room(room: u64, kind: u16, name: &str, head: u64, count: u64) -> reply::RoomRow {
    reply::RoomRow {
        room: RoomId(room),
        kind,
        name: name.into(),
        head: Rseq(head),
        count,
        topic: None,
        role: None,
        mark: None,
        mark_count: None,
        mentions: None,
        archived: None,
        with: None,
        members: None,
        keep_days: None,
    }
}

fn general() -> reply::RoomRow {
    room(1, reply::ROOM_PUBLIC, "general", 40, 39)
}

fn direct() -> reply::RoomRow {
    reply::RoomRow {
        role: Some(reply::ROLE_MEMBER),
        with: Some(UserId(7)),
        members: Some(2),
        ..room(33, reply::ROOM_DIRECT, "", 1, 0)
    }
}

#[test]
fn sync_and_synced() {
    let sync = request::Sync { request: RequestId(2), since: Seq(0), after: None };
    client(&golden!("sync"), &sync, ClientFrame::Sync);
    let more = request::Sync { request: RequestId(3), since: Seq(0), after: Some(vec![1, 3, 0xea]) };
    client(&golden!("sync_more"), &more, ClientFrame::Sync);
    let sala = reply::RoomRow {
        topic: Some("ñ ".into()),
        role: Some(reply::ROLE_OWNER),
        mark: Some(Rseq(29)),
        mark_count: Some(19),
        mentions: Some(1),
        archived: Some(true),
        members: Some(3),
        keep_days: Some(90),
        ..room(32, reply::ROOM_PRIVATE, "sala", 30, 20)
    };
    let erased = |room, from, to| reply::Erased { room: RoomId(room), from: Rseq(from), to: Rseq(to) };
    let synced = reply::Synced {
        request: RequestId(2),
        position: Seq(42),
        rooms: vec![general(), sala, direct()],
        users: ana_and_zoe(),
        next: Some(vec![1, 3, 0xea]),
        gone: Some(vec![RoomId(34), RoomId(300)]),
        erased: Some(vec![erased(1, 2, 2), erased(32, 1, 256)]),
    };
    server(&golden!("synced"), &synced, ServerFrame::Synced);
    let empty = reply::Synced {
        request: RequestId(5),
        position: Seq(42),
        rooms: Vec::new(),
        users: Vec::new(),
        next: None,
        gone: None,
        erased: None,
    };
    server(&golden!("synced_empty"), &empty, ServerFrame::Synced);
}

#[test]
fn rooms_and_who_is_in_them() {
    let browse = |after: Option<u64>| request::Browse { request: RequestId(6), after: after.map(RoomId) };
    client(&golden!("browse"), &browse(Some(1_002)), ClientFrame::Browse);
    client(&golden!("browse_least"), &browse(None), ClientFrame::Browse);
    let si = reply::RoomRow { topic: Some("x".into()), members: Some(1), ..room(43, reply::ROOM_PUBLIC, "sí", 2, 0) };
    let general = reply::RoomRow { role: Some(reply::ROLE_MEMBER), ..general() };
    let browsed = reply::Browsed { request: RequestId(6), rooms: vec![general, si], more: true };
    server(&golden!("browsed"), &browsed, ServerFrame::Browsed);
    let empty = reply::Browsed { request: RequestId(6), rooms: Vec::new(), more: false };
    server(&golden!("browsed_empty"), &empty, ServerFrame::Browsed);

    let members =
        |after: Option<u64>| request::Members { request: RequestId(7), room: RoomId(32), after: after.map(UserId) };
    client(&golden!("members"), &members(Some(1_002)), ClientFrame::Members);
    client(&golden!("members_least"), &members(None), ClientFrame::Members);
    let rows = [(2, reply::ROLE_OWNER), (1_002, reply::ROLE_MEMBER)];
    let rows = rows.map(|(user, role)| reply::MemberRow { user: UserId(user), role });
    let list = reply::MemberList { request: RequestId(7), room: RoomId(32), members: rows.into(), more: true };
    server(&golden!("member_list"), &list, ServerFrame::MemberList);
    let empty = reply::MemberList { room: RoomId(1), members: Vec::new(), more: false, ..list };
    server(&golden!("member_list_empty"), &empty, ServerFrame::MemberList);

    let sala = reply::RoomRow {
        role: Some(reply::ROLE_MEMBER),
        members: Some(2),
        ..room(32, reply::ROOM_PRIVATE, "sala", 2, 0)
    };
    server(&golden!("rooms"), &push::Rooms { rooms: vec![sala, direct()] }, ServerFrame::Rooms);
    server(&golden!("gone"), &push::Gone { room: RoomId(32) }, ServerFrame::Gone);
}

#[test]
fn marks_and_lagging() {
    client(&golden!("mark"), &request::Mark { room: RoomId(1), rseq: Rseq(40) }, ClientFrame::Mark);
    let marked = push::Marked { room: RoomId(1), rseq: Rseq(40), count: 39, mentions: 999 };
    server(&golden!("marked"), &marked, ServerFrame::Marked);
    server(&golden!("lagged"), &push::Lagged { position: Seq(65_536) }, ServerFrame::Lagged);
}

#[test]
fn search_and_hits() {
    let least = request::Search {
        request: RequestId(8),
        words: "hola".into(),
        room: None,
        author: None,
        from: None,
        until: None,
        has_link: None,
        below: None,
    };
    client(&golden!("search_least"), &least, ClientFrame::Search);
    let full = request::Search {
        words: "café tort".into(),
        room: Some(RoomId(32)),
        author: Some(UserId(7)),
        from: Some(-1),
        until: Some(AT),
        has_link: Some(true),
        below: Some(Seq(512)),
        ..least
    };
    client(&golden!("search"), &full, ClientFrame::Search);
    let hi = Entry {
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
    let hey = Entry {
        seq: Seq(41),
        rseq: Rseq(3),
        count: 2,
        at: AT + 1,
        author: UserId(7),
        device: DeviceId(7),
        target: Some(Rseq(2)),
        mentions: Some(vec![UserId(2), UserId(7)]),
        body: text("hey"),
        ..hi.clone()
    };
    let hit = |room, entry| push::RoomEntry { room: RoomId(room), entry };
    let hits = reply::Hits { request: RequestId(8), hits: vec![hit(32, hey), hit(1, hi)], below: Some(Seq(3)) };
    server(&golden!("hits"), &hits, ServerFrame::Hits);
    let empty = reply::Hits { request: RequestId(8), hits: Vec::new(), below: None };
    server(&golden!("hits_empty"), &empty, ServerFrame::Hits);
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
        kind: Kind(300),
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
fn writes_to_no_room() {
    let check = |bytes: Vec<u8>, last, kind, body| {
        let write = request::Write {
            request: RequestId(1),
            cid: cid(last),
            room: RoomId(0),
            kind,
            target: None,
            mentions: None,
            body,
        };
        client(&bytes, &write, ClientFrame::Write);
    };
    check(golden!("write_rename"), 6, Kind::RENAME, NameBody { name: "Zoëe".into() }.to_bytes());
    check(golden!("write_profile"), 7, Kind::PROFILE, ProfileBody { hue: Some(359) }.to_bytes());
    check(golden!("write_profile_least"), 8, Kind::PROFILE, ProfileBody { hue: None }.to_bytes());
    let (name, topic) = (Some("sala".to_owned()), Some("x".to_owned()));
    let sala = RoomOpenBody { kind: reply::ROOM_PRIVATE, name, topic, with: None };
    check(golden!("write_room_open"), 9, Kind::ROOM_OPEN, sala.to_bytes());
    let direct = RoomOpenBody { kind: reply::ROOM_DIRECT, name: None, topic: None, with: Some(UserId(7)) };
    check(golden!("write_room_direct"), 10, Kind::ROOM_OPEN, direct.to_bytes());
}

#[test]
fn an_entry_of_each_kind() {
    let entry = |author, kind, target: Option<u64>, body: Vec<u8>| push::RoomEntry {
        room: RoomId(32),
        entry: Entry {
            seq: Seq(42),
            rseq: Rseq(40),
            count: 39,
            at: AT,
            author: UserId(author),
            device: DeviceId(author),
            kind,
            target: target.map(Rseq),
            mentions: None,
            body,
            cid: None,
        },
    };
    let state = |bytes: Vec<u8>, kind, body| server(&bytes, &entry(7, kind, None, body), ServerFrame::Entry);
    let user = UserId(2);
    // What the server wrote holds keys that are its business: passed on as they are, and skipped by who reads.
    let opened = golden_bytes::bytes("a3 0001 01 64 73616c61 1820 66 73616c616c61");
    let name = Some("sala".to_owned());
    let read = RoomOpenBody { kind: reply::ROOM_PUBLIC, name, topic: None, with: None };
    assert_eq!(RoomOpenBody::from_bytes(&opened), Some(read));
    state(golden!("entry_room_open"), Kind::ROOM_OPEN, opened);
    state(golden!("entry_room_name"), Kind::ROOM_NAME, NameBody { name: "sala".into() }.to_bytes());
    state(golden!("entry_room_topic"), Kind::ROOM_TOPIC, TopicBody { topic: Some("ñ x".into()) }.to_bytes());
    state(golden!("entry_room_topic_least"), Kind::ROOM_TOPIC, TopicBody { topic: None }.to_bytes());
    state(golden!("entry_join"), Kind::JOIN, NO_BODY.into());
    state(golden!("entry_leave"), Kind::LEAVE, NO_BODY.into());
    state(golden!("entry_invite"), Kind::INVITE, MemberBody { user }.to_bytes());
    state(golden!("entry_remove"), Kind::REMOVE, MemberBody { user }.to_bytes());
    state(golden!("entry_role"), Kind::ROLE, RoleBody { user, role: reply::ROLE_OWNER }.to_bytes());
    state(golden!("entry_archive"), Kind::ARCHIVE, ArchiveBody { archived: true }.to_bytes());
    state(golden!("entry_keep"), Kind::KEEP, KeepBody { days: Some(90) }.to_bytes());
    state(golden!("entry_keep_least"), Kind::KEEP, KeepBody { days: None }.to_bytes());
    let expire = entry(0, Kind::EXPIRE, None, ExpireBody { upto: Rseq(36) }.to_bytes());
    server(&golden!("entry_expire"), &expire, ServerFrame::Entry);

    let content = |bytes: Vec<u8>, kind, body| server(&bytes, &entry(7, kind, Some(38), body), ServerFrame::Entry);
    let emoji = || ReactionBody { emoji: "👍".into() }.to_bytes();
    content(golden!("entry_answer"), Kind::MESSAGE, text("hey"));
    content(golden!("entry_edit"), Kind::EDIT, text("hey"));
    content(golden!("entry_delete"), Kind::DELETE, NO_BODY.into());
    content(golden!("entry_react"), Kind::REACT, emoji());
    content(golden!("entry_unreact"), Kind::UNREACT, emoji());
}

#[test]
fn users_and_signals() {
    server(&golden!("users"), &push::Users { users: ana_and_zoe() }, ServerFrame::Users);
    let some = |ids: &[u64]| Some(ids.iter().copied().map(UserId).collect());
    let number = |online| push::Presence { online, whole: None, came: None, went: None, away: None, back: None };
    let check = |bytes: Vec<u8>, presence| server(&bytes, &presence, ServerFrame::Presence);
    check(golden!("presence_whole"), push::Presence { whole: some(&[2, 7]), ..number(2) });
    check(golden!("presence_change"), push::Presence { came: some(&[2, 7]), went: some(&[24, 1_000]), ..number(101) });
    check(golden!("presence_number"), number(501));
    check(golden!("presence_nobody"), push::Presence { whole: some(&[]), ..number(0) });
    check(golden!("presence_away"), push::Presence { whole: some(&[2, 7, 24]), away: some(&[7, 24]), ..number(3) });
    check(golden!("presence_back"), push::Presence { away: some(&[2, 7]), back: some(&[24, 1_000]), ..number(101) });

    client(&golden!("away"), &request::Away { away: true }, ClientFrame::Away);
    client(&golden!("away_back"), &request::Away { away: false }, ClientFrame::Away);
    client(&golden!("typing_client"), &request::Typing { room: RoomId(32) }, ClientFrame::Typing);
    let typing = push::Typing { room: RoomId(32), users: vec![UserId(2), UserId(7)] };
    server(&golden!("typing_server"), &typing, ServerFrame::Typing);
    server(&golden!("notice"), &push::Notice { what: push::NOTICE_READ_ONLY, on: true }, ServerFrame::Notice);
    server(&golden!("notice_over"), &push::Notice { what: 65_535, on: false }, ServerFrame::Notice);
}
