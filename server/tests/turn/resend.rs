//! Sent again: whatever was written gets the answer that the first one got, whatever has happened since. And what follows
//! from entries is handed to the log once, and again after a restart that came ahead of it.

use tertulia_protocol::{
    Cid, ErrorCode, Kind, RequestId, RoomId, Seq, UserId,
    entry::{MemberBody, MessageBody, NO_BODY, NameBody, RoomOpenBody},
    reply::{Error, Placed, ROOM_DIRECT, ROOM_PUBLIC},
};
use tertulia_server::log::Derived;

use crate::support::{Client, Rig};

const GENERAL: RoomId = RoomId(1);
const NOWHERE: RoomId = RoomId(0);
const ANA: UserId = UserId(2);
const LUIS: UserId = UserId(3);

/// An answer without its request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Placed(Seq, u64, u64, i64, Option<RoomId>),
    Refused(ErrorCode, Option<Vec<String>>),
}

type Write = (Cid, RoomId, Kind, Option<u64>, Vec<u8>);

#[track_caller]
fn answer(rig: &mut Rig, client: &mut Client, (cid, room, kind, target, body): &Write) -> Answer {
    let request: RequestId = client.put_as(*cid, *room, *kind, *target, body.clone());
    rig.settle_with(client);
    let frames = client.frames();
    let answers = frames.into_iter().filter_map(|frame| match frame {
        tertulia_protocol::ServerFrame::Placed(it) if it.request == request => {
            Some(Answer::Placed(it.seq, it.rseq.0, it.count, it.at, it.room))
        }
        tertulia_protocol::ServerFrame::Error(it) if it.request == Some(request) => {
            Some(Answer::Refused(it.code, it.params))
        }
        _ => None,
    });
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 1, "one answer");
    answers[0].clone()
}

fn message(text: &str) -> Vec<u8> {
    MessageBody { text: text.to_owned() }.to_bytes()
}

#[test]
fn whatever_is_sent_again_gets_the_answer_of_the_first() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let open = |kind, name: Option<&str>, with| {
        RoomOpenBody { kind, name: name.map(ToOwned::to_owned), topic: None, with }.to_bytes()
    };
    luis.open_direct(ANA);
    let direct = rig.opened(&mut luis);
    rig.sleep(1_000);
    let public = RoomId(rig.turn.chat().position().0 + 1);
    let kinds: Vec<(RoomId, Kind, Option<u64>, Vec<u8>)> = vec![
        (NOWHERE, Kind::ROOM_OPEN, None, open(ROOM_PUBLIC, Some("bauen"), None)),
        (NOWHERE, Kind::ROOM_OPEN, None, open(ROOM_DIRECT, None, Some(LUIS))),
        (NOWHERE, Kind::RENAME, None, NameBody { name: "anita".into() }.to_bytes()),
        (GENERAL, Kind::MESSAGE, None, message("uno")),
        (GENERAL, Kind::EDIT, Some(1), message("UNO")),
        (GENERAL, Kind::DELETE, Some(1), NO_BODY.to_vec()),
        (public, Kind::ROOM_NAME, None, NameBody { name: "planos".into() }.to_bytes()),
        (public, Kind::INVITE, None, MemberBody { user: LUIS }.to_bytes()),
        (public, Kind::REMOVE, None, MemberBody { user: LUIS }.to_bytes()),
        (public, Kind::MESSAGE, None, message("dos")),
        (public, Kind::LEAVE, None, NO_BODY.to_vec()),
        (public, Kind::LEAVE, None, NO_BODY.to_vec()),
        (public, Kind::JOIN, None, NO_BODY.to_vec()),
        (public, Kind::LEAVE, None, NO_BODY.to_vec()),
    ];
    let writes: Vec<Write> =
        kinds.into_iter().map(|(room, kind, target, body)| (ana.new_cid(), room, kind, target, body)).collect();
    let first: Vec<Answer> = writes
        .iter()
        .map(|write| {
            rig.sleep(10);
            answer(&mut rig, &mut ana, write)
        })
        .collect();
    assert!(first.iter().all(|answer| matches!(answer, Answer::Placed(..))), "{first:?}");
    assert!(matches!(first[1], Answer::Placed(_, 1, 0, _, Some(room)) if room == direct));
    assert!(matches!(first[2], Answer::Placed(_, 0, 0, _, None)));
    let entries = rig.log().entries().len();
    // Now none of it would be allowed any more, or would mean the same; and some of it comes out of order.
    for write in writes.iter().rev().chain(&writes) {
        let index = writes.iter().position(|other| other.0 == write.0).unwrap();
        assert_eq!(answer(&mut rig, &mut ana, write), first[index], "{write:?}");
    }
    let mut rig = rig.restart();
    let (mut again, _) = rig.login_again(ana.device.number());
    for (write, first) in writes.iter().zip(&first) {
        assert_eq!(&answer(&mut rig, &mut again, write), first, "{write:?}");
        // Whatever else it says.
        let other = (write.0, GENERAL, Kind::MESSAGE, None, message("something else"));
        let Answer::Placed(seq, rseq, count, at, room) = answer(&mut rig, &mut again, &other) else { panic!("placed") };
        let Answer::Placed(seq_1, rseq_1, count_1, at_1, _) = first else { panic!("placed") };
        assert_eq!((seq, rseq, count, at), (*seq_1, *rseq_1, *count_1, *at_1));
        assert!(write.1 == GENERAL || rseq == 0 || room.is_some());
    }
    assert_eq!(rig.log().entries().len(), entries, "nothing was stored twice");
    rig.check_replay();
}

/// Refused by apply, it stands in the log, and its answer stays.
#[test]
fn what_apply_refused_is_refused_again_even_if_it_were_allowed_now() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    let writes: Vec<Write> = [
        (room, Kind::MESSAGE, None, message("no member")),
        (room, Kind::INVITE, None, MemberBody { user: LUIS }.to_bytes()),
        (
            NOWHERE,
            Kind::ROOM_OPEN,
            None,
            RoomOpenBody { kind: ROOM_PUBLIC, name: Some("bauen".into()), topic: None, with: None }.to_bytes(),
        ),
        (NOWHERE, Kind::RENAME, None, NameBody { name: "ana".into() }.to_bytes()),
        (GENERAL, Kind::EDIT, Some(77), message("nothing")),
    ]
    .into_iter()
    .map(|(room, kind, target, body)| (luis.new_cid(), room, kind, target, body))
    .collect();
    // While something of the author is in flight, admit does not look at the state.
    rig.log().hold();
    luis.say(GENERAL, "en vuelo");
    rig.settle();
    for (cid, room, kind, target, body) in &writes {
        luis.put_as(*cid, *room, *kind, *target, body.clone());
    }
    rig.settle();
    rig.log().release_all();
    rig.settle();
    let first: Vec<_> =
        luis.all::<Error>().into_iter().map(|error| Answer::Refused(error.code, error.params)).collect();
    let codes = [
        ErrorCode::NOT_ALLOWED,
        ErrorCode::NOT_ALLOWED,
        ErrorCode::ROOM_NAME_TAKEN,
        ErrorCode::NAME_TAKEN,
        ErrorCode::NO_TARGET,
    ];
    assert_eq!(first.len(), codes.len());
    for (answer, code) in first.iter().zip(codes) {
        assert!(matches!(answer, Answer::Refused(is, _) if *is == code), "{answer:?}");
    }
    // Now all of it would pass.
    luis.join(room);
    ana.give_role(room, LUIS, 2);
    ana.put(room, Kind::ROOM_NAME, None, NameBody { name: "otro".into() }.to_bytes());
    ana.rename("anita");
    rig.settle_with(&mut luis);
    for (write, first) in writes.iter().zip(&first) {
        assert_eq!(&answer(&mut rig, &mut luis, write), first);
    }
    let mut rig = rig.restart();
    let (mut luis, _) = rig.login_again(luis.device.number());
    for (write, first) in writes.iter().zip(&first) {
        assert_eq!(&answer(&mut rig, &mut luis, write), first);
    }
}

/// Refused by admit, nothing was stored: the same cid may be used again.
#[test]
fn what_admit_refused_left_nothing_behind() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let cid = ana.new_cid();
    let edit = (cid, GENERAL, Kind::EDIT, Some(1), message("uno"));
    assert!(matches!(answer(&mut rig, &mut ana, &edit), Answer::Refused(ErrorCode::NO_TARGET, _)));
    ana.say(GENERAL, "cero");
    assert!(matches!(answer(&mut rig, &mut ana, &edit), Answer::Placed(_, 2, 1, _, None)));
}

#[test]
fn two_at_once_with_one_cid_are_one() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let (mut phone, _) = rig.login_again(ana.device.number());
    rig.log().hold();
    let cid = ana.new_cid();
    ana.write_as(cid, "uno");
    ana.write_as(cid, "uno");
    phone.write_as(cid, "dos");
    rig.settle();
    rig.log().release_all();
    rig.settle();
    let places: Vec<u64> =
        [ana.all::<Placed>(), phone.all::<Placed>()].concat().iter().map(|placed| placed.seq.0).collect();
    assert_eq!(places, [3, 3, 3]);
}

#[test]
fn what_follows_from_entries_is_handed_over_once_a_turn_and_in_order() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold_derived();
    rig.log().hold();
    ana.say(GENERAL, "uno");
    ana.say(GENERAL, "dos");
    rig.settle();
    ana.edit(GENERAL, 1, "UNO");
    ana.react(GENERAL, 1, "👍");
    ana.delete(GENERAL, 2);
    // Refused: nothing follows from it but that its text goes, which nobody could ever see or erase.
    ana.edit(GENERAL, 2, "tarde");
    rig.settle();
    assert_eq!(rig.log().derived_behind(), []);
    rig.log().release_all();
    rig.settle();
    let (room, message, rseq) = (GENERAL, Seq(4), tertulia_protocol::Rseq(2));
    let work = [
        Derived::Edited { edit: Seq(5), message: Seq(3) },
        Derived::Erased { by: Seq(7), room, message, rseq },
        Derived::Refused { entry: Seq(8) },
    ];
    assert_eq!(rig.log().derived_behind(), work);
    assert_eq!(rig.log().derived_upto(), Seq(2));
    // The plug is pulled ahead of it: the next run gives it again, and what is done is not given again.
    let mut rig = rig.restart();
    let bodies: Vec<bool> = rig.log().entries()[2..].iter().map(|entry| entry.body.is_empty()).collect();
    assert_eq!((rig.log().derived_upto(), &bodies[..]), (Seq(8), &[false, true, false, false, false, true][..]));
    let (mut ana, _) = rig.login_again(ana.device.number());
    rig.log().hold_derived();
    ana.edit(GENERAL, 1, "¡UNO!");
    rig.settle();
    assert_eq!(rig.log().derived_behind(), [Derived::Edited { edit: Seq(9), message: Seq(3) }]);
}
