//! What is asked for and answered, and what is told of rooms and people.

use crate::{AT, cid, client, server, text};
use tertulia_protocol::{
    ClientFrame, DeviceId, Entry, Kind, RequestId, RoomId, Rseq, Seq, ServerFrame, UserId, entry::ReactionBody, push,
    reply, request,
};

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
