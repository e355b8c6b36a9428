//! Rooms as the connections see them: who is told what when somebody comes into a room or is put out of it, who may
//! read, and that a crowd that joins costs no more than it has to.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Rseq, ServerFrame, UserId,
    entry::NO_BODY,
    push::{RoomEntry, Rooms},
    reply::{
        Browsed, MemberList, Page, Placed, ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC, Synced,
    },
};

use crate::support::{Client, Rig, text};

const GENERAL: RoomId = RoomId(1);

/// The people of these tests, by their ids.
const ANA: UserId = UserId(2);
const LUIS: UserId = UserId(3);
const EVA: UserId = UserId(4);

fn three() -> (Rig, Client, Client, Client) {
    let mut rig = Rig::new();
    let (mut ana, mut luis, mut eva) = (rig.login("ana"), rig.login("luis"), rig.login("eva"));
    rig.sleep(1_000);
    [&mut ana, &mut luis, &mut eva].into_iter().for_each(|client| drop(client.received()));
    (rig, ana, luis, eva)
}

/// What came, in one word each: `rooms 5@3` is a row of room 5 whose head is 3.
fn told(client: &mut Client) -> Vec<String> {
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

#[test]
fn who_leaves_gets_the_notice_ahead_of_the_answer() {
    let (mut rig, mut ana, mut luis, _) = three();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    luis.join(room);
    rig.settle();
    let (mut phone, _) = rig.login_again(luis.device.number());
    [&mut ana, &mut luis, &mut phone].into_iter().for_each(|client| drop(client.received()));
    luis.leave(room);
    rig.settle();
    assert_eq!(told(&mut luis), [format!("gone {room}"), "placed 3".to_owned()]);
    assert_eq!(told(&mut phone), [format!("gone {room}")]);
    assert_eq!(told(&mut ana), [format!("entry {room}:3")]);
    // A public room can be read all the same, and nothing of it arrives by itself.
    ana.say(room, "sin luis");
    rig.settle();
    assert_eq!(told(&mut luis), Vec::<String>::new());
    luis.pull_from(room, 1, 10);
    assert_eq!(rig.answer::<Page>(&mut luis).entries.len(), 4);
    luis.members(room, None);
    assert_eq!(rig.answer::<MemberList>(&mut luis).members.len(), 1);
    luis.say(room, "hola");
    rig.settle();
    luis.expect_error(ErrorCode::NOT_ALLOWED);
    luis.sync(tertulia_protocol::Seq(0));
    let synced = rig.answer::<Synced>(&mut luis);
    assert_eq!((synced.rooms.len(), synced.gone), (1, Some(vec![room])));
}

/// The connection that goes at the same moment as its person comes into a room is live nowhere.
#[test]
fn a_connection_that_ends_in_the_turn_of_the_joining_is_live_nowhere() {
    let (mut rig, mut ana, mut luis, _) = three();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    let (mut phone, _) = rig.login_again(luis.device.number());
    rig.log().hold();
    phone.join(room);
    rig.settle();
    phone.wire.reset();
    rig.log().release_all();
    rig.settle();
    ana.say(room, "hola");
    rig.settle();
    assert!(luis.all::<RoomEntry>().iter().any(|told| told.room == room));
    rig.turn.check_invariants();
}

#[test]
fn who_logs_in_while_being_invited_is_in_the_room_from_the_welcome_on() {
    let (mut rig, mut ana, luis, _) = three();
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    let mut phone = rig.connect_with(luis.device.number());
    phone.hello();
    rig.settle();
    phone.challenged();
    phone.prove(None);
    ana.invite(room, LUIS);
    rig.settle();
    let welcome = phone.welcomed();
    phone.sync(tertulia_protocol::Seq(0));
    let rows: Vec<_> = rig.answer::<Synced>(&mut phone).rooms.into_iter().map(|row| row.room).collect();
    assert_eq!(rows, [GENERAL, room]);
    assert_eq!(welcome.position, rig.turn.chat().position());
    ana.say(room, "hola");
    rig.settle();
    assert_eq!(phone.all::<RoomEntry>().len(), 1);
}

#[test]
fn other_peoples_rooms_and_rooms_that_are_not_there_are_one_answer() {
    let (mut rig, mut ana, mut luis, _) = three();
    ana.open_private("secreto");
    let private = rig.opened(&mut ana);
    ana.open_direct(EVA);
    let direct = rig.opened(&mut ana);
    ana.say(private, "x");
    ana.say(direct, "x");
    rig.settle();
    luis.received();
    let mut answers = Vec::new();
    for room in [private, direct, RoomId(99)] {
        luis.pull_from(room, 1, 5);
        luis.pull_later(room, 1, 5);
        luis.members(room, None);
        luis.say(room, "x");
        luis.edit(room, 2, "y");
        luis.react(room, 2, "👍");
        luis.join(room);
        luis.leave(room);
        luis.invite(room, LUIS);
        luis.topic(room, "x");
        luis.mark(room, 1);
        luis.send(&tertulia_protocol::request::Typing { room });
        rig.settle();
        let errors: Vec<_> = luis.all::<tertulia_protocol::reply::Error>();
        answers.push(errors.into_iter().map(|error| (error.code, error.text, error.params)).collect::<Vec<_>>());
    }
    assert_eq!(answers[0].len(), 10);
    assert!(answers[0].iter().all(|(code, ..)| *code == ErrorCode::NO_ROOM), "{:?}", answers[0]);
    assert_eq!((&answers[0], &answers[1]), (&answers[2], &answers[2]));
    // Nor does the way in tell.
    luis.browse(None);
    let rows: Vec<_> = rig.answer::<Browsed>(&mut luis).rooms.into_iter().map(|row| row.room).collect();
    assert_eq!(rows, [GENERAL]);
}

#[test]
fn public_rooms_and_members_are_listed_by_and_by() {
    let mut rig = Rig::limited(|limits| limits.frames_per_second = 1_000_000);
    let mut people: Vec<Client> = (0..3).map(|n| rig.login(&format!("person {n}"))).collect();
    // More rooms than one person may be in, and than fit into an answer.
    for (nth, client) in people.iter_mut().enumerate() {
        for n in 0..200 {
            client.open_public(&format!("room {nth} {n}"));
            if n % 50 == 49 {
                rig.settle_with(client);
            }
        }
        rig.settle_with(client);
        client.received();
    }
    let ana = &mut people[0];
    let (mut after, mut seen, mut answers) = (None, Vec::new(), 0);
    loop {
        ana.browse(after);
        let browsed = rig.answer::<Browsed>(ana);
        assert!(browsed.rooms.len() <= 500 && (!browsed.more || browsed.rooms.len() == 500));
        seen.extend(browsed.rooms.iter().map(|row| (row.room, row.role.is_some())));
        answers += 1;
        if !browsed.more {
            break;
        }
        after = seen.last().map(|(room, _)| *room);
    }
    assert_eq!((answers, seen.len()), (2, 601));
    assert!(seen.is_sorted() && seen[0] == (GENERAL, true));
    assert_eq!(seen.iter().filter(|(_, is_mine)| *is_mine).count(), 201);
    ana.browse(Some(RoomId(u64::MAX)));
    let browsed = rig.answer::<Browsed>(ana);
    assert_eq!((browsed.rooms.len(), browsed.more), (0, false));
    ana.members(GENERAL, None);
    let members = rig.answer::<MemberList>(ana);
    assert_eq!((members.members.len(), members.more), (0, false));
}

#[test]
fn general_is_everybodys_and_nobodys() {
    let (mut rig, mut ana, mut luis, _) = three();
    let writes = [
        ana.leave(GENERAL),
        ana.topic(GENERAL, "x"),
        ana.invite(GENERAL, LUIS),
        ana.remove(GENERAL, LUIS),
        ana.give_role(GENERAL, ANA, ROLE_OWNER),
        ana.keep(GENERAL, 1),
        ana.put(GENERAL, Kind::ARCHIVE, None, tertulia_protocol::entry::ArchiveBody { archived: true }.to_bytes()),
        ana.put(GENERAL, Kind::ROOM_NAME, None, tertulia_protocol::entry::NameBody { name: "x".into() }.to_bytes()),
    ];
    rig.settle();
    for request in writes {
        assert_eq!(ana.expect_error(ErrorCode::NOT_ALLOWED).request, Some(request));
    }
    // Joining it is done already.
    ana.join(GENERAL);
    rig.settle();
    assert_eq!(told(&mut ana), ["placed 1", "entry 1:1"]);
    assert_eq!(told(&mut luis), ["entry 1:1"]);
}

#[test]
fn a_name_is_told_ahead_of_what_names_its_bearer() {
    let (mut rig, mut ana, mut luis, _) = three();
    // With zoe a frame of presence has just left; so nobody has been told of zoe's friends.
    rig.login("zoe");
    let (mut pia, _) = rig.login_to("pia");
    let (_teo, teo) = rig.login_to("teo");
    pia.received();
    [&mut ana, &mut luis].into_iter().for_each(|client| drop(client.received()));
    pia.open_direct(ANA);
    rig.settle();
    let order = told(&mut ana);
    assert_eq!((order[0].as_str(), order.len()), ("users pia", 2), "{order:?}");
    // A name that is changed comes ahead of the answer, and of what is said under it.
    luis.received();
    luis.rename("luisa");
    luis.say(GENERAL, "hola");
    rig.settle();
    assert_eq!(told(&mut luis)[..2], ["users luisa", "placed 0"]);
    let order = told(&mut ana);
    assert_eq!(order[..], ["users luisa", "entry 1:1"]);
    // Whoever is brought into a room has a name there, too.
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.received();
    ana.invite(room, teo.user);
    rig.settle();
    let order = told(&mut ana);
    assert_eq!(order, ["users teo".to_owned(), "placed 2".to_owned(), format!("entry {room}:2")]);
}

/// The other one's came first, whoever that was.
#[test]
fn the_names_of_two_who_open_a_direct_room_are_told_by_rising_number() {
    let (mut rig, mut ana, _luis, _eva) = three();
    rig.login("zoe");
    let (mut pia, _) = rig.login_to("pia");
    let (_teo, teo) = rig.login_to("teo");
    ana.received();
    pia.open_direct(teo.user);
    rig.settle();
    assert_eq!(told(&mut ana), ["users pia teo"]);
}

/// What is told of a room when a thousand come in: each entry to each member, in a handful of buffers, and a row to each.
#[test]
fn a_storm_of_joins_costs_no_more_than_telling_each_join_once() {
    const PEOPLE: usize = 300;
    let mut rig = Rig::limited(|limits| limits.drafts_in_flight = 10_000);
    let mut ana = rig.login("ana");
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    let mut crowd: Vec<Client> = (0..PEOPLE).map(|n| rig.login(&format!("person {n}"))).collect();
    rig.sleep(1_000);
    crowd.iter_mut().for_each(|client| drop(client.received()));
    ana.received();
    rig.log().hold();
    for client in &mut crowd {
        client.join(room);
    }
    rig.settle();
    let turns = rig.turns;
    rig.log().release_all();
    rig.settle();
    let turns = rig.turns - turns;
    assert!(turns <= 5, "{turns} turns");
    let head = rig.turn.chat().room(room).unwrap().places().head();
    assert_eq!(head.0, 1 + PEOPLE as u64);
    assert_eq!(ana.all::<RoomEntry>().len(), PEOPLE);
    let mut entries = 0;
    for client in &mut crowd {
        let row = client.take::<Rooms>().rooms.remove(0);
        let heard: Vec<u64> = client.all::<RoomEntry>().iter().map(|told| told.entry.rseq.0).collect();
        assert_eq!(heard, (row.head.0 + 1..=head.0).collect::<Vec<_>>());
        entries += heard.len();
    }
    assert!(entries < PEOPLE * PEOPLE / 4, "{entries} entries to {PEOPLE} who joined at once");
    assert_eq!(rig.turn.held_bytes(), 0);
}
