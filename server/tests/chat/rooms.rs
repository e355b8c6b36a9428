//! Rooms and people, kind by kind, and the races that only apply can settle.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Rseq, UserId,
    entry::{ArchiveBody, KeepBody, NO_BODY, ProfileBody, TopicBody},
    reply::{ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC},
};
use tertulia_server::chat::{Effect, Outcome, ROOMS_PER_USER_MAX};

use crate::world::{GENERAL, NONE, World, direct_wish, name, open_wish, person, role, wish};

fn leave(room: RoomId) -> crate::world::Wish {
    wish(room, Kind::LEAVE, NO_BODY.to_vec())
}

fn archive(room: RoomId, archived: bool) -> crate::world::Wish {
    wish(room, Kind::ARCHIVE, ArchiveBody { archived }.to_bytes())
}

#[test]
fn a_public_room_is_opened_joined_and_left() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let applied = world.write(ana, open_wish(ROOM_PUBLIC, "Café")).unwrap();
    let room = RoomId(world.chat.position().0);
    assert_eq!(applied.effect, Effect::Opened { room, members: vec![ana] });
    let row = world.chat.row(room, ana).unwrap();
    assert_eq!(
        (row.kind, &*row.name, row.head, row.role, row.members),
        (1, "Café", Rseq(1), Some(ROLE_OWNER), Some(1))
    );
    assert_eq!(world.chat.row(room, luis).unwrap().role, None, "anybody may look");
    assert_eq!(world.join(luis, room), Effect::Joined { room, user: luis });
    assert_eq!(world.join(luis, room), Effect::Nothing, "placed, and changes nothing");
    assert_eq!(world.chat.rooms_of(luis).map(|(id, _)| id).collect::<Vec<_>>(), [GENERAL, room]);
    assert_eq!(world.effect(luis, leave(room)), Effect::Left { room, user: luis });
    assert_eq!(world.effect(luis, leave(room)), Effect::Nothing);
    assert_eq!(world.chat.row(room, ana).unwrap().head, Rseq(5));
    world.check();
}

#[test]
fn a_private_room_is_known_to_its_members_alone() {
    let mut world = World::new();
    let (ana, luis, eva) = (world.user("ana"), world.user("luis"), world.user("eva"));
    let room = world.open(ana, ROOM_PRIVATE, "Café");
    assert!(world.chat.row(room, luis).is_none() && world.chat.browse(luis, None, 9).0.len() == 1);
    assert_eq!(world.write(luis, wish(room, Kind::JOIN, NO_BODY.to_vec())).unwrap_err(), ErrorCode::NO_ROOM);
    assert_eq!(world.effect(ana, wish(room, Kind::INVITE, person(luis))), Effect::Joined { room, user: luis });
    // Every member of a private room may bring somebody in.
    assert_eq!(world.effect(luis, wish(room, Kind::INVITE, person(eva))), Effect::Joined { room, user: eva });
    assert_eq!(world.effect(luis, wish(room, Kind::INVITE, person(eva))), Effect::Nothing);
    assert_eq!(world.write(luis, wish(room, Kind::REMOVE, person(eva))).unwrap_err(), ErrorCode::NOT_ALLOWED);
    assert_eq!(world.effect(ana, wish(room, Kind::REMOVE, person(eva))), Effect::Left { room, user: eva });
    assert!(world.chat.readable(room, eva).is_none());
    assert_eq!(world.write(ana, wish(room, Kind::REMOVE, person(ana))).unwrap_err(), ErrorCode::NOT_ALLOWED);
    world.effect(ana, wish(room, Kind::ROLE, role(luis, ROLE_OWNER)));
    assert_eq!(world.write(ana, wish(room, Kind::REMOVE, person(luis))).unwrap_err(), ErrorCode::NOT_ALLOWED);
    world.effect(luis, wish(room, Kind::ROLE, role(ana, ROLE_MEMBER)));
    world.effect(luis, wish(room, Kind::ROLE, role(luis, ROLE_MEMBER)));
    assert_eq!(world.write(ana, wish(room, Kind::ROOM_NAME, name("Bar"))).unwrap_err(), ErrorCode::NOT_ALLOWED);
    world.check();
}

#[test]
fn two_people_have_one_direct_room_even_if_both_open_it_at_once() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let first = world.place(ana, direct_wish(luis));
    for (who, other) in [(luis, ana), (ana, luis)] {
        let applied = world.write(who, direct_wish(other)).unwrap();
        assert_eq!((&applied.outcome, applied.effect), (&Outcome::Existing(first), Effect::Nothing));
        let stored = world.log.last().unwrap().stored();
        assert_eq!(world.chat.outcome_of(stored), Some(applied.outcome), "and a resend gets the same");
    }
    let row = world.chat.row(first.room, luis).unwrap();
    assert_eq!((row.kind, row.with, row.role, row.head), (ROOM_DIRECT, Some(ana), Some(ROLE_MEMBER), Rseq(1)));
    assert_eq!(world.write(ana, leave(first.room)).unwrap_err(), ErrorCode::NOT_ALLOWED);
    assert_eq!(world.write(ana, direct_wish(ana)).unwrap_err(), ErrorCode::BAD_REQUEST);
    assert_eq!(world.write(ana, direct_wish(UserId(99))).unwrap_err(), ErrorCode::NO_USER);
    world.check();
}

#[test]
fn names_of_public_rooms_are_unlike_each_other_and_private_ones_are_free() {
    let mut world = World::new();
    let ana = world.user("ana");
    let cafe = world.open(ana, ROOM_PUBLIC, "Café");
    for taken in ["CAFÉ", "café", "General"] {
        assert_eq!(world.write(ana, open_wish(ROOM_PUBLIC, taken)).unwrap_err(), ErrorCode::ROOM_NAME_TAKEN);
    }
    world.open(ana, ROOM_PRIVATE, "café");
    let bar = world.open(ana, ROOM_PUBLIC, "Bar");
    assert_eq!(world.write(ana, wish(bar, Kind::ROOM_NAME, name("café"))).unwrap_err(), ErrorCode::ROOM_NAME_TAKEN);
    world.place(ana, wish(cafe, Kind::ROOM_NAME, name("CAFÉ")));
    world.place(ana, wish(cafe, Kind::ROOM_NAME, name("Té")));
    world.place(ana, wish(bar, Kind::ROOM_NAME, name("Ｃafé")));
    assert_eq!(world.chat.row(bar, ana).unwrap().name, "Café", "in NFKC");
    world.check();
}

#[test]
fn an_archived_room_takes_only_its_end() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    let said = world.say(ana, room);
    world.place(ana, archive(room, true));
    // Admitted before, placed behind: apply refuses.
    assert_eq!(world.write(luis, wish(room, Kind::JOIN, NO_BODY.to_vec())).unwrap_err(), ErrorCode::ARCHIVED);
    let message = wish(room, Kind::MESSAGE, crate::world::text("hola"));
    assert_eq!(world.write(ana, message.clone()).unwrap_err(), ErrorCode::ARCHIVED);
    let edit = wish(room, Kind::EDIT, crate::world::text("adiós")).about(said.0);
    assert_eq!(world.write(ana, edit).unwrap_err(), ErrorCode::ARCHIVED);
    world.place(ana, wish(room, Kind::DELETE, NO_BODY.to_vec()).about(said.0));
    assert_eq!(world.chat.row(room, ana).unwrap().archived, Some(true));
    world.place(ana, archive(room, false));
    world.place(ana, message);
    world.place(ana, archive(room, true));
    world.place(ana, leave(room));
    world.check();
}

#[test]
fn a_room_is_described() {
    let mut world = World::new();
    let ana = world.user("ana");
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    world.place(ana, wish(room, Kind::ROOM_TOPIC, TopicBody { topic: Some("té".to_owned()) }.to_bytes()));
    world.place(ana, wish(room, Kind::KEEP, KeepBody { days: Some(90) }.to_bytes()));
    let row = world.chat.row(room, ana).unwrap();
    assert_eq!((row.topic.as_deref(), row.keep_days), (Some("té"), Some(90)));
    world.place(ana, wish(room, Kind::ROOM_TOPIC, TopicBody { topic: None }.to_bytes()));
    world.place(ana, wish(room, Kind::KEEP, KeepBody { days: None }.to_bytes()));
    let row = world.chat.row(room, ana).unwrap();
    assert_eq!((row.topic, row.keep_days), (None, None));
    world.check();
}

#[test]
fn nobody_is_in_more_than_500_rooms() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let rooms: Vec<RoomId> =
        (0..ROOMS_PER_USER_MAX).map(|number| world.open(ana, ROOM_PUBLIC, &format!("room {number}"))).collect();
    let of_luis = world.open(luis, ROOM_PUBLIC, "Café");
    assert_eq!(world.write(ana, open_wish(ROOM_PRIVATE, "más")).unwrap_err(), ErrorCode::TOO_MANY_ROOMS);
    assert_eq!(world.write(ana, wish(of_luis, Kind::JOIN, NO_BODY.to_vec())).unwrap_err(), ErrorCode::TOO_MANY_ROOMS);
    assert_eq!(world.write(luis, wish(of_luis, Kind::INVITE, person(ana))).unwrap_err(), ErrorCode::TOO_MANY_ROOMS);
    world.place(ana, direct_wish(luis));
    assert_eq!(world.join(ana, rooms[0]), Effect::Nothing);
    world.place(ana, leave(rooms[0]));
    assert_eq!(world.join(ana, of_luis), Effect::Joined { room: of_luis, user: ana });
    world.check();
}

#[test]
fn names_of_people_change_and_stay_theirs() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let rename = |to: &str| wish(NONE, Kind::RENAME, name(to));
    let applied = world.write(ana, rename("Eva")).unwrap();
    assert_eq!(applied.effect, Effect::UserChanged { user: ana });
    assert!(matches!(applied.outcome, Outcome::Unplaced { .. }));
    assert_eq!(world.chat.outcome_of(world.log.last().unwrap().stored()), Some(applied.outcome));
    // Her former name is hers, and so is what looks like it.
    for (to, code) in [
        ("ANA", ErrorCode::NAME_TAKEN),
        ("eva", ErrorCode::NAME_TAKEN),
        ("аnа", ErrorCode::NAME_CONFUSABLE),
        ("operator", ErrorCode::NAME_RESERVED),
        ("", ErrorCode::BAD_NAME),
    ] {
        assert_eq!(world.write(luis, rename(to)).unwrap_err(), code, "{to}");
    }
    let user = world.chat.directory().user(ana).unwrap();
    assert!(user.is_called("ana") && user.is_called("Eva") && !user.is_called("eva"));
    assert_eq!(world.effect(ana, rename("Eva")), Effect::Nothing);
    assert_eq!(world.effect(ana, rename("ana")), Effect::UserChanged { user: ana });
    let hue = |hue| wish(NONE, Kind::PROFILE, ProfileBody { hue }.to_bytes());
    assert_eq!(world.effect(luis, hue(Some(120))), Effect::UserChanged { user: luis });
    assert_eq!(world.effect(luis, hue(Some(120))), Effect::Nothing);
    assert_eq!(world.chat.user_row(luis).unwrap().hue, Some(120));
    world.check();
}
