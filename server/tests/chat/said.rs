//! What people say, and what is said about it: edits, deletions, reactions, mentions, and what time erases.

use tertulia_protocol::{ErrorCode, Kind, Rseq, Seq, UserId, entry::NO_BODY, reply::ROOM_PUBLIC};
use tertulia_server::{
    chat::{Chat, Effect, Outcome},
    log::Mark,
};

use crate::world::{GENERAL, Wish, World, emoji, text, wish};

fn delete(target: Rseq) -> Wish {
    wish(GENERAL, Kind::DELETE, NO_BODY.to_vec()).about(target.0)
}

fn edit(target: Rseq) -> Wish {
    wish(GENERAL, Kind::EDIT, text("otra")).about(target.0)
}

#[test]
fn a_message_is_edited_reacted_to_and_erased() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let said = world.place(ana, wish(GENERAL, Kind::MESSAGE, text("hola")));
    let answer = world.place(luis, wish(GENERAL, Kind::MESSAGE, text("hola")).about(said.rseq.0));
    assert_eq!((answer.rseq, answer.count), (Rseq(2), 2));
    assert_eq!(world.write(luis, edit(said.rseq)).unwrap_err(), ErrorCode::NO_TARGET);
    assert_eq!(world.write(luis, delete(said.rseq)).unwrap_err(), ErrorCode::NO_TARGET);
    assert!(!world.chat.room(GENERAL).unwrap().places().get(said.rseq).unwrap().has_later());
    assert_eq!(world.effect(ana, edit(said.rseq)), Effect::Edited { message: said.seq });
    let reaction = |kind| wish(GENERAL, kind, emoji("❤️")).about(said.rseq.0);
    assert_eq!(world.place(luis, reaction(Kind::REACT)).count, 2, "only messages count");
    world.place(luis, reaction(Kind::UNREACT));
    assert!(world.chat.room(GENERAL).unwrap().places().get(said.rseq).unwrap().has_later());
    assert_eq!(world.effect(ana, delete(said.rseq)), Effect::Erased { message: said.seq, rseq: said.rseq });
    // Whoever was admitted before and placed behind is refused.
    for late in [edit(said.rseq), delete(said.rseq), reaction(Kind::REACT)] {
        assert_eq!(world.write(ana, late).unwrap_err(), ErrorCode::NO_TARGET);
    }
    let answer = wish(GENERAL, Kind::MESSAGE, text("hola")).about(said.rseq.0);
    assert_eq!(world.write(luis, answer).unwrap_err(), ErrorCode::NO_TARGET);
    let room = world.chat.room(GENERAL).unwrap();
    assert!(room.is_erased(said.rseq) && room.is_blank(Rseq(3), Kind::EDIT, Some(said.rseq)));
    assert!(!room.is_blank(Rseq(4), Kind::REACT, Some(said.rseq)));
    assert_eq!(world.chat.shown(said.seq, GENERAL, luis), None);
    world.check();
}

#[test]
fn only_messages_can_be_targets() {
    let mut world = World::new();
    let ana = world.user("ana");
    let said = world.say(ana, GENERAL);
    let edited = world.place(ana, edit(said)).rseq;
    for target in [edited.0, 0, 99, u64::MAX] {
        assert_eq!(world.write(ana, edit(Rseq(target))).unwrap_err(), ErrorCode::NO_TARGET, "{target}");
    }
    world.check();
}

#[test]
fn own_words_are_read_and_mentions_wait_behind_the_mark() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let mention = |who| Wish { mentions: vec![who, who, UserId(99)], ..wish(GENERAL, Kind::MESSAGE, text("hola")) };
    world.place(ana, mention(luis));
    let second = world.place(ana, mention(luis)).rseq;
    world.say(ana, GENERAL);
    let row = world.chat.row(GENERAL, luis).unwrap();
    assert_eq!((row.mark, row.mark_count, row.mentions, row.count), (None, None, Some(2), 3));
    let mark = world.chat.mark(luis, GENERAL, Rseq(1)).unwrap();
    assert_eq!(mark, Mark { user: luis, room: GENERAL, rseq: Rseq(1), at: world.chat.position() });
    assert_eq!(world.chat.marked(luis, GENERAL).unwrap().rseq, Rseq(0), "it may still get lost");
    assert!(world.chat.take_mark(mark));
    assert!(!world.chat.take_mark(mark));
    assert_eq!(world.chat.mark(luis, GENERAL, Rseq(1)), None, "the greatest wins");
    let marked = world.chat.marked(luis, GENERAL).unwrap();
    assert_eq!((marked.rseq, marked.count, marked.mentions), (Rseq(1), 1, 1));
    world.place(ana, delete(second));
    assert_eq!(world.chat.marked(luis, GENERAL).unwrap().mentions, 0, "what is erased mentions nobody");
    let own = world.say(luis, GENERAL);
    assert_eq!(world.chat.row(GENERAL, luis).unwrap().mark, Some(own));
    assert_eq!(world.chat.mark(luis, GENERAL, Rseq(u64::MAX)), None, "never beyond the head");
    world.chat.check_invariants().unwrap();
}

#[test]
fn marks_set_behind_a_replay_make_the_state_that_was() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    let mut kept = Vec::new();
    for round in 0..40 {
        let mentions = vec![luis];
        world.place(ana, Wish { mentions, ..wish(GENERAL, Kind::MESSAGE, text("hola")) });
        if round % 7 == 3 {
            let marks = [world.chat.mark(luis, GENERAL, Rseq(round)), world.chat.mark(ana, room, Rseq(round))];
            for mark in marks.into_iter().flatten() {
                world.chat.take_mark(mark);
                kept.push(mark);
            }
        }
        if round == 12 {
            world.say(luis, GENERAL);
        }
    }
    let mut replayed = Chat::new();
    world.log.iter().for_each(|entry| drop(replayed.apply(entry).unwrap()));
    assert_ne!(replayed, world.chat);
    replayed.set_marks(kept);
    assert_eq!(replayed, world.chat);
    assert_eq!(replayed.state_digest(), world.chat.state_digest());
}

#[test]
fn who_is_no_member_has_no_mark() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    assert_eq!(world.chat.mark(luis, room, Rseq(1)), None);
    assert_eq!(world.chat.marked(luis, room), None);
    assert_eq!(world.chat.mark(UserId(99), GENERAL, Rseq(1)), None);
    let mention = Wish { mentions: vec![luis], ..wish(room, Kind::MESSAGE, text("hola")) };
    world.place(ana, mention);
    assert_eq!(world.chat.row(room, luis).unwrap().mentions, None);
}

#[test]
fn time_erases_content_up_to_a_place_and_never_less() {
    let mut world = World::new();
    let ana = world.user("ana");
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    let seqs: Vec<Seq> = (0..3).map(|_| world.place(ana, wish(room, Kind::MESSAGE, text("hola"))).seq).collect();
    // The opening is place 1, the messages are 2 to 4.
    assert_eq!(world.expire(room, 3).effect, Effect::Expired { upto: seqs[1], rseq: Rseq(3) });
    let found = world.chat.room(room).unwrap();
    assert_eq!((1..=5).map(|rseq| found.is_erased(Rseq(rseq))).collect::<Vec<_>>(), [false, true, true, false, false]);
    for upto in [0, 3, 99] {
        assert!(matches!(world.expire(room, upto).outcome, Outcome::Refused(_)), "{upto}");
    }
    let late = wish(room, Kind::EDIT, text("otra")).about(3);
    assert_eq!(world.write(ana, late).unwrap_err(), ErrorCode::NO_TARGET);
    world.place(ana, wish(room, Kind::EDIT, text("otra")).about(4));
    world.check();
}
