//! Rooms as the connections see them: who is told what when somebody comes into a room or is put out of it.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Rseq, ServerFrame, UserId,
    entry::NO_BODY,
    push::{RoomEntry, Rooms},
    reply::{MemberList, Page, Placed, ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC, Synced},
};

use crate::support::{Client, Rig, text};

pub(super) const GENERAL: RoomId = RoomId(1);

/// The people of these tests, by their ids.
pub(super) const ANA: UserId = UserId(2);
pub(super) const LUIS: UserId = UserId(3);
pub(super) const EVA: UserId = UserId(4);

pub(super) fn three() -> (Rig, Client, Client, Client) {
    let mut rig = Rig::new();
    let (mut ana, mut luis, mut eva) = (rig.login("ana"), rig.login("luis"), rig.login("eva"));
    rig.sleep(1_000);
    [&mut ana, &mut luis, &mut eva].into_iter().for_each(|client| drop(client.received()));
    (rig, ana, luis, eva)
}

/// What came, in one word each: `rooms 5@3` is a row of room 5 whose head is 3.
pub(super) fn told(client: &mut Client) -> Vec<String> {
    let word = |frame| match frame {
        ServerFrame::Rooms(rooms) => {
            let rows: Vec<_> = rooms.rooms.iter().map(|row| format!("{}@{}", row.room, row.head)).collect();
            Some(format!("rooms {}", rows.join(" ")))
        }
        ServerFrame::Gone(gone) => Some(format!("gone {}", gone.room)),
        ServerFrame::Placed(placed) => Some(format!("placed {}", placed.rseq)),
        ServerFrame::Entry(told) => Some(format!("entry {}:{}", told.room, told.entry.rseq)),
        ServerFrame::Users(users) => {
            let names: Vec<_> = users.users.into_iter().map(|row| row.name).collect();
            Some(format!("users {}", names.join(" ")))
        }
        ServerFrame::Error(error) => Some(format!("error {}", error.code.0)),
        ServerFrame::Presence(_) | ServerFrame::Heartbeat(_) => None,
        other => Some(format!("{other:?}")),
    };
    client.frames().into_iter().filter_map(word).collect()
}

#[test]
fn who_opens_a_room_gets_its_row_and_then_the_place_of_what_opened_it() {
    let (mut rig, mut ana, mut luis, _) = three();
    for (name, kind) in [("bauen", ROOM_PUBLIC), ("secreto", ROOM_PRIVATE)] {
        let request = if kind == ROOM_PUBLIC { ana.open_public(name) } else { ana.open_private(name) };
        rig.settle();
        let mut rows = ana.expect::<Rooms>().rooms;
        let row = rows.pop().unwrap();
        assert_eq!((row.kind, row.name.as_str(), row.head, row.count), (kind, name, Rseq(1), 0));
        assert_eq!((row.role, row.members, rows.len()), (Some(ROLE_OWNER), Some(1), 0));
        let placed = ana.expect::<Placed>();
        assert_eq!((placed.request, placed.room, placed.rseq, placed.count), (request, Some(row.room), Rseq(1), 0));
        assert_eq!(placed.seq.0, row.room.0);
        // What makes one a member does not come by itself, and the others hear nothing of the room.
        assert_eq!((told(&mut ana), told(&mut luis)), (vec![], vec![]));
        // In the room, its own number is not said again.
        ana.say(row.room, "hola");
        rig.settle();
        assert_eq!(ana.expect::<Placed>().room, None);
        assert_eq!((ana.expect::<RoomEntry>().entry.rseq, told(&mut luis)), (Rseq(2), vec![]));
    }
    rig.check_replay();
}

#[test]
fn both_of_a_direct_room_get_it_on_all_their_connections() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    let (mut phone, _) = rig.login_again(luis.device.number());
    phone.received();
    ana.open_direct(LUIS);
    rig.settle();
    let row = ana.take::<Rooms>().rooms.remove(0);
    assert_eq!((row.kind, row.name.as_str(), row.role, row.with), (ROOM_DIRECT, "", Some(ROLE_MEMBER), Some(LUIS)));
    let room = row.room;
    assert_eq!(told(&mut ana), ["placed 1"]);
    for client in [&mut luis, &mut phone] {
        let row = client.take::<Rooms>().rooms.remove(0);
        assert_eq!((row.room, row.with, row.head), (room, Some(ANA), Rseq(1)));
        assert_eq!(told(client), Vec::<String>::new());
    }
    luis.say(room, "hola");
    rig.settle();
    for client in [&mut ana, &mut phone] {
        assert_eq!(text(&client.expect::<RoomEntry>().entry), "hola");
    }
    assert_eq!(told(&mut eva), Vec::<String>::new());
}

/// The place of the first opening is the answer to both, and so is its time.
#[test]
fn a_direct_room_that_is_opened_twice_at_the_same_moment_is_one() {
    let (mut rig, mut ana, mut luis, _) = three();
    ana.open_direct(LUIS);
    let cid = luis.new_cid();
    let open = |luis: &mut Client| {
        let body =
            tertulia_protocol::entry::RoomOpenBody { kind: ROOM_DIRECT, name: None, topic: None, with: Some(ANA) };
        luis.put_as(cid, RoomId(0), Kind::ROOM_OPEN, None, body.to_bytes())
    };
    open(&mut luis);
    rig.settle();
    let (first, second) = (ana.take::<Placed>(), luis.take::<Placed>());
    let place = |placed: Placed| (placed.seq, placed.rseq, placed.count, placed.at, placed.room);
    assert_eq!(place(first), place(second));
    let room = first.room.unwrap();
    assert_eq!((told(&mut ana).len(), told(&mut luis).len()), (1, 1), "one row each");
    // Much later, by either of them, and by sending again what has its answer.
    rig.sleep(3_000);
    ana.received();
    luis.received();
    ana.open_direct(LUIS);
    open(&mut luis);
    rig.settle();
    for client in [&mut ana, &mut luis] {
        assert_eq!(place(client.take::<Placed>()), place(first));
        assert_eq!(told(client), Vec::<String>::new());
    }
    let mut rig = rig.restart();
    let (mut luis, _) = rig.login_again(luis.device.number());
    luis.received();
    open(&mut luis);
    rig.settle();
    assert_eq!(place(luis.take::<Placed>()), place(first));
    assert_eq!(rig.turn.chat().rooms().map(|(id, _)| id).collect::<Vec<_>>(), [GENERAL, room]);
}

#[test]
fn who_joins_gets_the_row_ahead_of_the_answer_and_what_is_said_from_then_on() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    ana.received();
    ana.say(room, "antes");
    rig.settle();
    assert_eq!(told(&mut luis), Vec::<String>::new(), "only members hear it by themselves");
    let (mut phone, _) = rig.login_again(luis.device.number());
    phone.received();
    ana.received();
    luis.join(room);
    rig.settle();
    assert_eq!(told(&mut luis), [format!("rooms {room}@3"), "placed 3".to_owned()]);
    assert_eq!(told(&mut phone), [format!("rooms {room}@3")]);
    assert_eq!(told(&mut ana), [format!("entry {room}:3")]);
    // Twice is no news, but has a place.
    luis.join(room);
    rig.settle();
    assert_eq!(told(&mut luis), ["placed 4".to_owned(), format!("entry {room}:4")]);
    ana.say(room, "ahora");
    rig.settle();
    for client in [&mut luis, &mut phone] {
        assert_eq!(text(&client.all::<RoomEntry>().pop().unwrap().entry), "ahora");
    }
    assert_eq!(told(&mut eva), Vec::<String>::new());
}

/// All in one turn: what was said ahead of the joining is in the row's head, what was said behind it comes or is in it,
/// and nothing comes that the row has already.
#[test]
fn who_joins_amid_a_turn_misses_nothing_and_gets_nothing_twice() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    ana.received();
    rig.log().hold();
    ana.say(room, "dos");
    rig.settle();
    luis.join(room);
    rig.settle();
    ana.say(room, "cuatro");
    rig.settle();
    eva.join(room);
    rig.settle();
    ana.say(room, "seis");
    rig.settle();
    rig.log().release_all();
    rig.settle();
    for client in [&mut luis, &mut eva] {
        let row = client.take::<Rooms>().rooms.remove(0);
        let entries: Vec<u64> = client.all::<RoomEntry>().iter().map(|told| told.entry.rseq.0).collect();
        assert_eq!(entries, (row.head.0 + 1..=6).collect::<Vec<_>>(), "behind the head {}", row.head);
    }
    let entries: Vec<u64> = ana.all::<RoomEntry>().iter().map(|told| told.entry.rseq.0).collect();
    assert_eq!(entries, [2, 3, 4, 5, 6]);
    ana.say(room, "siete");
    rig.settle();
    for client in [&mut luis, &mut eva] {
        assert_eq!(told(client), [format!("entry {room}:7")]);
    }
}

/// Comes, goes and comes again within a turn: what the last word was holds.
#[test]
fn coming_and_going_within_a_turn_ends_as_it_ends() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    for client in [&mut luis, &mut eva] {
        client.join(room);
        rig.settle();
    }
    [&mut ana, &mut luis, &mut eva].into_iter().for_each(|client| drop(client.received()));
    rig.log().hold();
    for kind in [Kind::LEAVE, Kind::JOIN, Kind::LEAVE] {
        luis.put(room, kind, None, NO_BODY.to_vec());
        eva.put(room, kind, None, NO_BODY.to_vec());
    }
    eva.join(room);
    rig.settle();
    ana.say(room, "fin");
    rig.settle();
    rig.log().release_all();
    rig.settle();
    let memberships = |client: &mut Client| {
        let frames = client.frames();
        assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::Entry(_))), "{frames:?}");
        frames.into_iter().rfind(|frame| matches!(frame, ServerFrame::Rooms(_) | ServerFrame::Gone(_)))
    };
    assert!(matches!(memberships(&mut luis), Some(ServerFrame::Gone(_))));
    let Some(ServerFrame::Rooms(Rooms { rooms })) = memberships(&mut eva) else { panic!("eva is in") };
    assert_eq!(
        (rooms[0].head, rooms[0].role),
        (rig.turn.chat().room(room).unwrap().places().head(), Some(ROLE_MEMBER))
    );
    ana.say(room, "y ahora");
    rig.settle();
    assert_eq!((luis.all::<RoomEntry>().len(), eva.all::<RoomEntry>().len()), (0, 1));
}

#[test]
fn the_invited_see_the_whole_room_at_once() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.received();
    ana.say(room, "hace mucho");
    rig.settle();
    // Until then it is not there.
    luis.pull_from(room, 1, 10);
    luis.members(room, None);
    luis.say(room, "hola?");
    rig.settle();
    for _ in 0..3 {
        luis.expect_error(ErrorCode::NO_ROOM);
    }
    ana.received();
    // Any member of a private room brings others in.
    ana.invite(room, LUIS);
    rig.settle();
    assert_eq!(told(&mut luis), [format!("rooms {room}@3")]);
    assert_eq!(told(&mut ana), ["placed 3".to_owned(), format!("entry {room}:3")]);
    luis.invite(room, EVA);
    rig.settle();
    assert_eq!(told(&mut eva), [format!("rooms {room}@4")]);
    eva.pull_from(room, 1, 10);
    let page = rig.answer::<Page>(&mut eva);
    assert_eq!(page.entries.iter().map(|entry| entry.rseq.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(text(&page.entries[1]), "hace mucho");
    eva.members(room, None);
    let members: Vec<_> =
        rig.answer::<MemberList>(&mut eva).members.into_iter().map(|row| (row.user, row.role)).collect();
    assert_eq!(members, [(ANA, ROLE_OWNER), (LUIS, ROLE_MEMBER), (EVA, ROLE_MEMBER)]);
}

#[test]
fn who_is_removed_gets_the_notice_and_nothing_more() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.invite(room, LUIS);
    ana.invite(room, EVA);
    rig.settle();
    let (mut phone, _) = rig.login_again(luis.device.number());
    [&mut ana, &mut luis, &mut eva, &mut phone].into_iter().for_each(|client| drop(client.received()));
    // All of it becomes durable at once: what was said before the removal is in the same turn's buffer.
    rig.log().hold();
    for text in ["uno", "dos"] {
        ana.say(room, text);
    }
    ana.remove(room, LUIS);
    ana.say(room, "tres");
    rig.settle();
    rig.log().release_all();
    rig.settle();
    for client in [&mut luis, &mut phone] {
        assert_eq!(told(client), [format!("gone {room}")]);
    }
    assert_eq!(told(&mut eva).len(), 4);
    luis.pull_from(room, 1, 10);
    luis.say(room, "sigo");
    luis.leave(room);
    luis.sync(tertulia_protocol::Seq(0));
    rig.settle();
    for _ in 0..3 {
        luis.take::<tertulia_protocol::reply::Error>();
    }
    let synced = luis.take::<Synced>();
    assert_eq!(synced.rooms.iter().map(|row| row.room).collect::<Vec<_>>(), [GENERAL]);
    assert_eq!(synced.gone, Some(vec![room]));
    assert_eq!(told(&mut phone), Vec::<String>::new());
    rig.check_replay();
}
