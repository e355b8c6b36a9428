//! What readers ask: syncs that go on where they ended, lists, the lineage.

use tertulia_protocol::{
    Cid, ErrorCode, Kind, LogId, RoomId, Rseq, Seq, UserId,
    entry::NO_BODY,
    reply::{Erased, ROOM_PRIVATE, ROOM_PUBLIC},
};
use tertulia_server::{
    chat::{Outcome, SyncRows, admit},
    log::{Entry, Ticket},
};

use crate::world::{GENERAL, World, name, person, wish};

/// All answers to one sync, taken together.
fn sync(world: &World, reader: UserId, since: Seq, max: usize) -> SyncRows {
    let mut all = SyncRows::default();
    let mut after: Option<Vec<u8>> = None;
    for _ in 0..1_000 {
        let rows = world.chat.sync_rows(reader, since, after.as_deref(), max).unwrap();
        assert!(rows.rooms.len() + rows.users.len() + rows.gone.len() + rows.erased.len() <= max);
        all.rooms.extend(rows.rooms);
        all.users.extend(rows.users);
        all.gone.extend(rows.gone);
        all.erased.extend(rows.erased);
        let Some(next) = rows.next else { return all };
        assert!(next.len() <= 16 && Some(&next) != after.as_ref());
        after = Some(next);
    }
    panic!("it never ends");
}

#[test]
fn a_sync_tells_what_changed_whatever_the_size_of_its_answers() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let room = world.open(ana, ROOM_PUBLIC, "Café");
    let private = world.open(ana, ROOM_PRIVATE, "Bar");
    world.join(luis, room);
    world.place(ana, wish(private, Kind::INVITE, person(luis)));
    let old: Vec<Rseq> = (0..3).map(|_| world.say(ana, room)).collect();
    let since = world.chat.position();
    let idle = sync(&world, luis, since, 500);
    assert_eq!(idle, SyncRows::default());
    assert_eq!(sync(&world, luis, Seq(u64::MAX), 500), SyncRows::default());

    let new = world.say(ana, room);
    for rseq in [old[1], new] {
        world.place(ana, wish(room, Kind::DELETE, NO_BODY.to_vec()).about(rseq.0));
    }
    world.place(ana, wish(private, Kind::REMOVE, person(luis)));
    world.write(ana, wish(RoomId(0), Kind::RENAME, name("Eva"))).unwrap();
    let eva = world.user("nueva");
    world.expire(room, new.0);
    for max in [1, 2, 3, 500] {
        let rows = sync(&world, luis, since, max);
        assert_eq!(rows.rooms.iter().map(|row| row.room).collect::<Vec<_>>(), [room]);
        assert_eq!(rows.users.iter().map(|row| row.user).collect::<Vec<_>>(), [ana, eva]);
        assert_eq!(rows.gone, [private]);
        // What was said behind the place that the reader has may have been told live.
        let erased = |from, to| Erased { room, from, to };
        assert_eq!(rows.erased, [erased(old[1], old[1]), erased(new, new), erased(Rseq(1), new)]);
    }
    assert_eq!(sync(&world, eva, since, 500).erased, [], "of rooms that she is not in she keeps nothing");
    let fresh = sync(&world, luis, Seq(0), 2);
    assert_eq!(fresh.rooms.iter().map(|row| row.room).collect::<Vec<_>>(), [GENERAL, room]);
    assert_eq!((fresh.users.len(), fresh.erased.len()), (3, 0));
    for noise in [&b""[..], b"x", &[4, 0, 0, 0, 0, 0, 0, 0, 0], &[0; 10], &[0; 8]] {
        let refused = world.chat.sync_rows(luis, Seq(0), Some(noise), 500).unwrap_err();
        assert_eq!(refused.code, ErrorCode::BAD_REQUEST);
    }
    world.check();
}

#[test]
fn an_answer_that_finds_nothing_for_long_ends_all_the_same() {
    let mut world = World::new();
    let (ana, luis) = (world.user("ana"), world.user("luis"));
    let rooms: Vec<RoomId> = (0..50).map(|number| world.open(ana, ROOM_PRIVATE, &format!("room {number}"))).collect();
    let said: Vec<Rseq> = rooms.iter().map(|room| world.say(ana, *room)).collect();
    let since = world.chat.position();
    for (room, rseq) in rooms.iter().zip(said) {
        world.place(ana, wish(*room, Kind::DELETE, NO_BODY.to_vec()).about(rseq.0));
    }
    let rows = world.chat.sync_rows(luis, since, None, 2).unwrap();
    assert!(rows.next.is_some() && rows.erased.is_empty(), "luis may know nothing of these rooms: {rows:?}");
    assert_eq!(sync(&world, luis, since, 2), SyncRows::default());
    assert_eq!(sync(&world, ana, since, 3).erased.len(), 50);
}

#[test]
fn lists_go_on_behind_the_last_row() {
    let mut world = World::new();
    let ana = world.user("ana");
    let rooms: Vec<RoomId> = (0..3).map(|number| world.open(ana, ROOM_PUBLIC, &format!("room {number}"))).collect();
    world.open(ana, ROOM_PRIVATE, "Bar");
    let ids = |(rows, more): (Vec<tertulia_protocol::reply::RoomRow>, bool)| {
        (rows.iter().map(|row| row.room).collect::<Vec<_>>(), more)
    };
    assert_eq!(ids(world.chat.browse(ana, None, 2)), (vec![GENERAL, rooms[0]], true));
    assert_eq!(ids(world.chat.browse(ana, Some(rooms[0]), 2)), (vec![rooms[1], rooms[2]], false));
    assert_eq!(ids(world.chat.browse(ana, Some(RoomId(u64::MAX)), 2)), (vec![], false));
    let luis = world.user("luis");
    world.join(luis, rooms[0]);
    let members = |after| world.chat.member_rows(rooms[0], luis, after, 1).unwrap();
    assert_eq!((members(None).0[0].user, members(None).1), (ana, true));
    assert_eq!((members(Some(ana)).0[0].user, members(Some(ana)).1), (luis, false));
    assert_eq!(world.chat.member_rows(GENERAL, luis, None, 9), Some((vec![], false)));
    assert_eq!(world.chat.member_rows(RoomId(99), luis, None, 9), None);
    assert!(world.chat.tells_typing(rooms[0], luis, 9_999) && !world.chat.tells_typing(rooms[1], luis, 1));
    assert!(world.chat.tells_typing(GENERAL, luis, 500) && !world.chat.tells_typing(GENERAL, luis, 501));
}

#[test]
fn a_restored_log_goes_on_under_another_name() {
    let mut world = World::new();
    let new_log =
        |world: &World, log| Entry::new(world.next(), admit::new_log(Ticket(0), 0, Cid([7; 16]), LogId([log; 16])));
    let entry = new_log(&world, 8);
    assert_eq!(world.take(entry).outcome, Outcome::Unplaced { seq: Seq(2) });
    let again = new_log(&world, 9);
    assert!(matches!(world.take(again).outcome, Outcome::Refused(_)), "a name names one log");
    let lineage: Vec<_> = world.chat.lineage().iter().map(|known| (known.log, known.from)).collect();
    assert_eq!(lineage, [(LogId([9; 16]), Seq(1)), (LogId([8; 16]), Seq(2))]);
    world.check();
}
