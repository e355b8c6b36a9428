//! Every refusal of a write that the protocol names, by admit and by apply: the table of its section 10.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, UserId,
    entry::{ExpireBody, KeepBody, NO_BODY, ProfileBody, RoomOpenBody, TopicBody},
    reply::{ROLE_OWNER, ROOM_PRIVATE, ROOM_PUBLIC},
};
use tertulia_server::{chat::Outcome, log::Entry};

use crate::world::{GENERAL, NONE, Wish, World, emoji, name, open_wish, person, role, text, wish};

fn none(room: RoomId, kind: Kind) -> Wish {
    wish(room, kind, NO_BODY.to_vec())
}

fn topic(room: RoomId, topic: String) -> Wish {
    wish(room, Kind::ROOM_TOPIC, TopicBody { topic: Some(topic) }.to_bytes())
}

fn open(kind: u16, name: Option<&str>, topic: Option<&str>, with: Option<u64>) -> Wish {
    let (name, topic) = (name.map(str::to_owned), topic.map(str::to_owned));
    wish(NONE, Kind::ROOM_OPEN, RoomOpenBody { kind, name, topic, with: with.map(UserId) }.to_bytes())
}

#[test]
fn what_makes_no_sense_by_itself_is_refused_even_with_something_in_flight() {
    let mut world = World::new();
    let ana = world.user("ana");
    let said = world.say(ana, GENERAL).0;
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    let before = world.chat.state_digest();
    let crowd = |kind| Wish { mentions: (0..51).map(UserId).collect(), ..wish(GENERAL, kind, text("a")).about(said) };
    let mention = |wish: Wish| Wish { mentions: vec![ana], ..wish };
    use ErrorCode as Code;
    // The last column: whether apply refuses the same by itself. Bodies of content are admit's business alone.
    let table = [
        (none(NONE, Kind::GENESIS), Code::BAD_KIND, false),
        (none(NONE, Kind::NAME_CLAIM), Code::BAD_KIND, false),
        (none(NONE, Kind::NEW_LOG), Code::BAD_KIND, true),
        (wish(GENERAL, Kind::EXPIRE, ExpireBody { upto: tertulia_protocol::Rseq(1) }.to_bytes()), Code::BAD_KIND, true),
        (none(GENERAL, Kind(300)), Code::BAD_KIND, false),
        (wish(GENERAL, Kind::MESSAGE, vec![0; 32 * 1024 + 1]), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::MESSAGE, b"noise".to_vec()), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::MESSAGE, text("")), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::MESSAGE, text("a\n")), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::EDIT, text("a\0b")).about(said), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::REACT, emoji("")).about(said), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::REACT, emoji("a b")).about(said), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::UNREACT, emoji(&"a".repeat(65))).about(said), Code::BAD_TEXT, false),
        (wish(GENERAL, Kind::DELETE, b"noise".to_vec()).about(said), Code::BAD_TEXT, false),
        (wish(room, Kind::JOIN, b"noise".to_vec()), Code::BAD_TEXT, false),
        (wish(room, Kind::ROOM_TOPIC, b"noise".to_vec()), Code::BAD_TEXT, true),
        (topic(room, String::new()), Code::BAD_TEXT, true),
        (topic(room, "a\nb".to_owned()), Code::BAD_TEXT, true),
        (topic(room, "a".repeat(257)), Code::BAD_TEXT, true),
        (wish(NONE, Kind::PROFILE, ProfileBody { hue: Some(360) }.to_bytes()), Code::BAD_REQUEST, true),
        (wish(room, Kind::KEEP, KeepBody { days: Some(0) }.to_bytes()), Code::BAD_REQUEST, true),
        (wish(room, Kind::KEEP, KeepBody { days: Some(36_501) }.to_bytes()), Code::BAD_REQUEST, true),
        (wish(room, Kind::ROLE, role(ana, 3)), Code::BAD_REQUEST, true),
        (wish(GENERAL, Kind::RENAME, name("eva")), Code::BAD_REQUEST, true),
        (Wish { room: GENERAL, ..open_wish(ROOM_PUBLIC, "Bar") }, Code::BAD_REQUEST, true),
        (none(NONE, Kind::JOIN), Code::NO_ROOM, true),
        (wish(NONE, Kind::MESSAGE, text("a")), Code::NO_ROOM, true),
        (wish(GENERAL, Kind::EDIT, text("a")), Code::NO_TARGET, true),
        (none(GENERAL, Kind::DELETE), Code::NO_TARGET, true),
        (wish(GENERAL, Kind::REACT, emoji("a")), Code::NO_TARGET, true),
        (none(room, Kind::JOIN).about(1), Code::BAD_REQUEST, true),
        (crowd(Kind::MESSAGE), Code::BAD_REQUEST, true),
        (crowd(Kind::EDIT), Code::BAD_REQUEST, true),
        (mention(none(GENERAL, Kind::DELETE).about(said)), Code::BAD_REQUEST, true),
        (mention(wish(GENERAL, Kind::REACT, emoji("a")).about(said)), Code::BAD_REQUEST, true),
        (mention(none(room, Kind::JOIN)), Code::BAD_REQUEST, true),
        (wish(NONE, Kind::RENAME, name(" ")), Code::BAD_NAME, false),
        (open_wish(ROOM_PRIVATE, "..."), Code::BAD_ROOM_NAME, false),
        (wish(room, Kind::ROOM_NAME, name("a\u{200b}")), Code::BAD_ROOM_NAME, false),
        (open(1, None, None, None), Code::BAD_REQUEST, true),
        (open(2, Some("Bar"), None, Some(2)), Code::BAD_REQUEST, false),
        (open(3, None, None, None), Code::BAD_REQUEST, true),
        (open(3, Some("Bar"), None, Some(2)), Code::BAD_REQUEST, false),
        (open(3, None, Some("té"), Some(2)), Code::BAD_REQUEST, true),
        (open(4, Some("Bar"), None, None), Code::BAD_REQUEST, false),
    ];
    for (wish, code, by_apply) in table {
        for in_flight in [false, true] {
            assert_eq!(world.ask(ana, &wish, in_flight).unwrap_err(), code, "{wish:?}");
        }
        if by_apply {
            let Wish { room, kind, target, mentions, body } = wish.clone();
            let (seq, cid, device) = (world.next(), world.cid(), tertulia_protocol::DeviceId(ana.0));
            let entry = Entry { seq, at: 0, author: ana, device, cid, room, kind, target, mentions, body };
            match world.take(entry).outcome {
                Outcome::Refused(refusal) => assert_eq!(refusal.code, code, "{wish:?}"),
                other => panic!("{wish:?}: {other:?}"),
            }
        }
    }
    assert_ne!(world.chat.state_digest(), before, "the refusals are remembered");
    world.check();
}

#[test]
fn what_the_state_forbids_is_refused_by_both() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let public = world.open(ana, ROOM_PUBLIC, "Café");
    let private = world.open(ana, ROOM_PRIVATE, "Bar");
    let (nowhere, nobody) = (RoomId(99), UserId(99));
    use ErrorCode as Code;
    let table = [
        (luis, wish(nowhere, Kind::MESSAGE, text("a")), Code::NO_ROOM),
        (luis, wish(private, Kind::MESSAGE, text("a")), Code::NO_ROOM),
        (luis, none(nowhere, Kind::JOIN), Code::NO_ROOM),
        (luis, none(private, Kind::JOIN), Code::NO_ROOM),
        (luis, none(private, Kind::LEAVE), Code::NO_ROOM),
        (luis, wish(private, Kind::INVITE, person(luis)), Code::NO_ROOM),
        (luis, wish(public, Kind::MESSAGE, text("a")), Code::NOT_ALLOWED),
        (luis, wish(public, Kind::INVITE, person(luis)), Code::NOT_ALLOWED),
        (luis, topic(public, "té".to_owned()), Code::NOT_ALLOWED),
        (luis, wish(public, Kind::ROLE, role(luis, ROLE_OWNER)), Code::NOT_ALLOWED),
        (luis, none(GENERAL, Kind::LEAVE), Code::NOT_ALLOWED),
        (ana, topic(GENERAL, "té".to_owned()), Code::NOT_ALLOWED),
        (ana, wish(GENERAL, Kind::ROOM_NAME, name("todo")), Code::NOT_ALLOWED),
        (ana, wish(GENERAL, Kind::INVITE, person(luis)), Code::NOT_ALLOWED),
        (ana, wish(GENERAL, Kind::REMOVE, person(luis)), Code::NOT_ALLOWED),
        (ana, wish(public, Kind::INVITE, person(nobody)), Code::NO_USER),
        (ana, wish(public, Kind::REMOVE, person(nobody)), Code::NO_USER),
        (ana, wish(public, Kind::ROLE, role(nobody, ROLE_OWNER)), Code::NO_USER),
        (ana, wish(public, Kind::ROLE, role(luis, ROLE_OWNER)), Code::NO_USER),
        (ana, wish(GENERAL, Kind::REACT, emoji("a")).about(1), Code::NO_TARGET),
        (ana, wish(public, Kind::REACT, emoji("a")).about(1), Code::NO_TARGET),
    ];
    for (author, wish, code) in table {
        let asked = format!("{wish:?}");
        assert_eq!(world.write(author, wish).unwrap_err(), code, "{asked}");
        let stored = world.log.last().unwrap().stored();
        match world.chat.outcome_of(stored) {
            Some(Outcome::Refused(refusal)) => assert_eq!(refusal.code, code, "a resend gets the same"),
            other => panic!("{other:?}"),
        }
    }
    world.check();
}
