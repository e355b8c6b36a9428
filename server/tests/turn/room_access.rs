//! Who may see a room and what of it, and what is listed: leaving, other people's rooms, public ones, `general`, names; and a
//! crowd that comes in at once.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId,
    push::{RoomEntry, Rooms},
    reply::{Browsed, MemberList, Page, ROLE_OWNER, Synced},
};

use super::rooms::{ANA, EVA, GENERAL, LUIS, three, told};
use crate::support::{Client, Rig};

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
