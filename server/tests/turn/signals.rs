//! What is told and never stored: who is writing, who is away.

use tertulia_protocol::{
    Kind, RoomId, UserId,
    push::{Presence, Typing},
    request,
};

use crate::support::{Client, Rig};

const GENERAL: RoomId = RoomId(1);
const LUIS: UserId = UserId(3);

fn three() -> (Rig, Client, Client, Client) {
    let mut rig = Rig::new();
    let (mut ana, mut luis, mut eva) = (rig.login("ana"), rig.login("luis"), rig.login("eva"));
    rig.sleep(1_000);
    [&mut ana, &mut luis, &mut eva].into_iter().for_each(|client| drop(client.received()));
    (rig, ana, luis, eva)
}

fn typing(client: &mut Client) -> Vec<(u64, Vec<u64>)> {
    let told = client.all::<Typing>();
    told.into_iter().map(|told| (told.room.0, told.users.into_iter().map(|user| user.0).collect())).collect()
}

fn types(client: &Client, room: RoomId) {
    client.send(&request::Typing { room });
}

#[test]
fn who_writes_is_told_at_once_and_then_at_most_every_quarter_of_a_second() {
    let (mut rig, mut ana, mut luis, _) = three();
    types(&ana, GENERAL);
    rig.settle();
    assert_eq!((typing(&mut ana), typing(&mut luis)), (vec![(1, vec![2])], vec![(1, vec![2])]), "oneself included");
    types(&luis, GENERAL);
    rig.sleep(249);
    assert_eq!(typing(&mut ana), []);
    rig.sleep(1);
    rig.settle();
    assert_eq!(typing(&mut ana), [(1, vec![2, 3])]);
    // Nobody is told that it is over, and nothing wakes up for it.
    ana.received();
    rig.sleep(5_900);
    types(&luis, GENERAL);
    rig.settle();
    assert_eq!(typing(&mut ana), [(1, vec![3])], "ana's six seconds are over");
    let entries = rig.log().entries().len();
    assert_eq!(entries, 4, "nothing of it is stored");
}

#[test]
fn a_message_ends_it_and_so_does_leaving() {
    let (mut rig, mut ana, mut luis, mut eva) = three();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    luis.join(room);
    rig.settle();
    types(&luis, room);
    types(&ana, room);
    rig.settle();
    assert_eq!(typing(&mut ana).pop(), Some((room.0, vec![2, 3])));
    // A reaction says nothing of what one is writing; a message does.
    luis.react(room, 1, "👍");
    luis.say(room, "hola");
    rig.settle();
    rig.sleep(250);
    types(&ana, room);
    rig.settle();
    assert_eq!(typing(&mut luis).pop(), Some((room.0, vec![2])));
    types(&luis, room);
    luis.leave(room);
    rig.sleep(300);
    types(&ana, room);
    rig.sleep(300);
    assert!(typing(&mut ana).iter().skip(1).all(|(_, users)| users == &[2]), "who left writes nothing there");
    // Only members write, and only members are told.
    luis.received();
    types(&eva, room);
    types(&eva, RoomId(77));
    rig.sleep(300);
    assert_eq!((typing(&mut ana), typing(&mut luis), typing(&mut eva)), (vec![], vec![], vec![]));
}

/// Who writes is named before: whoever has just come is not in anybody's list yet.
#[test]
fn a_newcomer_who_writes_has_a_name_first() {
    let (mut rig, mut ana, _, _) = three();
    rig.login("pia");
    let (teo, welcome) = rig.login_to("teo");
    ana.received();
    types(&teo, GENERAL);
    rig.settle();
    let frames = ana.frames();
    let named = frames.iter().position(|frame| {
        matches!(frame, tertulia_protocol::ServerFrame::Users(users) if users.users.iter().any(|row| row.user == welcome.user))
    });
    let told = frames.iter().position(|frame| matches!(frame, tertulia_protocol::ServerFrame::Typing(_)));
    assert!(named.is_some() && named < told, "{frames:?}");
}

#[test]
fn above_five_hundred_nobody_is_told_who_writes() {
    let mut rig =
        Rig::limited(|limits| (limits.connections_per_address, limits.names_per_address_per_hour) = (9_999, 9_999));
    let mut ana = rig.login("ana");
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    let mut crowd: Vec<Client> = (0..500).map(|_| rig.connect()).collect();
    crowd.iter().for_each(Client::hello);
    rig.settle();
    for (n, client) in crowd.iter_mut().enumerate() {
        client.challenged();
        client.prove(Some(&format!("user {n}")));
    }
    rig.settle();
    for client in &mut crowd[..499] {
        client.put(room, Kind::JOIN, None, tertulia_protocol::entry::NO_BODY.to_vec());
    }
    rig.settle_with(&mut ana);
    rig.sleep(1_000);
    ana.received();
    // 501 are online and 500 are in the room.
    types(&crowd[0], GENERAL);
    types(&crowd[0], room);
    rig.settle();
    assert_eq!(typing(&mut ana).iter().map(|(room, _)| *room).collect::<Vec<_>>(), [room.0]);
    crowd[499].join(room);
    rig.sleep(7_000);
    ana.received();
    types(&crowd[0], room);
    rig.sleep(300);
    assert_eq!(typing(&mut ana), []);
}

fn away(client: &Client, away: bool) {
    client.send(&request::Away { away });
}

fn told(client: &mut Client) -> Vec<(Vec<u64>, Vec<u64>)> {
    let ids = |users: Option<Vec<UserId>>| users.unwrap_or_default().into_iter().map(|user| user.0).collect();
    client.all::<Presence>().into_iter().map(|told| (ids(told.away), ids(told.back))).collect()
}

#[test]
fn a_person_is_away_when_every_connection_says_so() {
    let (mut rig, mut ana, mut luis, _) = three();
    let (mut phone, _) = rig.login_again(luis.device.number());
    rig.sleep(1_000);
    [&mut ana, &mut luis, &mut phone].into_iter().for_each(|client| drop(client.received()));
    away(&luis, true);
    rig.sleep(1_000);
    assert_eq!(told(&mut ana), [], "the phone is there");
    away(&phone, true);
    away(&phone, true);
    rig.sleep(1_000);
    assert_eq!(told(&mut ana), [(vec![LUIS.0], vec![])]);
    // A newcomer sees it with the first list, a new connection is not away.
    let mut eva = rig.login("pia");
    rig.settle();
    assert_eq!(told(&mut eva)[0], (vec![LUIS.0], vec![]));
    rig.sleep(1_000);
    ana.received();
    let (tablet, _) = rig.login_again(luis.device.number());
    rig.sleep(1_000);
    assert_eq!(told(&mut ana), [(vec![], vec![LUIS.0])]);
    // The one that was there goes: those that are left are away.
    tablet.wire.reset();
    rig.sleep(1_000);
    assert_eq!(told(&mut ana), [(vec![LUIS.0], vec![])]);
    away(&luis, false);
    rig.sleep(100);
    away(&luis, true);
    rig.sleep(1_000);
    let ends = told(&mut ana);
    assert_eq!(ends.last().cloned().unwrap_or((vec![LUIS.0], vec![])).0, [LUIS.0], "{ends:?}");
}
