//! What is written, and entries of every kind as they are told.

use crate::{AT, cid, client, golden_bytes, server, text};
use tertulia_protocol::{
    ClientFrame, DeviceId, Entry, Kind, RequestId, RoomId, Rseq, Seq, ServerFrame, UserId,
    entry::{
        ArchiveBody, ExpireBody, KeepBody, MemberBody, NO_BODY, NameBody, ProfileBody, ReactionBody, RoleBody,
        RoomOpenBody, TopicBody,
    },
    push, reply, request,
};

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
