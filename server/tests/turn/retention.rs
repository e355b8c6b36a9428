//! What is kept for how long: what is old is erased by an entry that says up to where, and nothing that is young.

use tertulia_protocol::{
    Kind, RoomId, Rseq,
    entry::ExpireBody,
    push::RoomEntry,
    reply::{Page, Synced},
    request,
};
use tertulia_server::log::Derived;

use crate::support::{Client, Options, Rig};

const GENERAL: RoomId = RoomId(1);
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// Time passes with nobody there: people would have to show all the while that they live.
fn nobody_for(rig: &mut Rig, clients: Vec<Client>, ms: u64) {
    clients.into_iter().for_each(|client| client.wire.reset());
    rig.sleep(10_000);
    assert_eq!(rig.turn.connections(), 0);
    rig.sleep(ms - 10_000);
}

/// A server that keeps what is said for so many days; `None` for ever.
fn keeping(days: Option<u64>) -> Rig {
    let keep_ms = Some(days.map(|days| (days * DAY).cast_signed()));
    Rig::with(Options { keep_ms, ..Options::default() })
}

/// The expire entries of the log: the room and the last place that goes.
fn expires(rig: &mut Rig) -> Vec<(u64, u64)> {
    let entries = rig.log().entries().iter().filter(|entry| entry.kind == Kind::EXPIRE);
    let upto = |body: &[u8]| ExpireBody::from_bytes(body).unwrap().upto.0;
    let mut expires: Vec<_> = entries.map(|entry| (entry.room.0, upto(&entry.body))).collect();
    expires.sort_unstable();
    expires
}

#[test]
fn what_is_old_is_erased_up_to_an_explicit_place() {
    let mut rig = keeping(Some(2));
    let (mut ana, luis) = (rig.login("ana"), rig.login("luis"));
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.say(GENERAL, "uno");
    ana.edit(GENERAL, 1, "UNO");
    ana.say(room, "uno");
    rig.settle_with(&mut ana);
    let since = rig.turn.chat().position();
    nobody_for(&mut rig, vec![ana, luis], DAY + 3_600_000);
    assert_eq!(expires(&mut rig), [], "nothing is old enough");
    let (mut ana, _) = rig.login_again(1);
    ana.say(GENERAL, "dos");
    rig.settle_with(&mut ana);
    nobody_for(&mut rig, vec![ana], DAY);
    assert_eq!(expires(&mut rig), [(1, 2), (room.0, 2)], "each room once, and what is young stays");
    // Who comes back learns of it, and gets empty bodies.
    let (mut luis, _) = rig.login_again(2);
    luis.sync(since);
    let synced = rig.answer::<Synced>(&mut luis);
    let erased = synced.erased.unwrap();
    assert_eq!(
        erased.iter().map(|erased| (erased.room, erased.from.0, erased.to.0)).collect::<Vec<_>>(),
        [(GENERAL, 1, 2)]
    );
    luis.pull_from(GENERAL, 1, 99);
    let page = rig.answer::<Page>(&mut luis);
    assert_eq!(page.entries.iter().map(|entry| entry.body.is_empty()).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!((page.entries[3].kind, page.entries[3].author.0), (Kind::EXPIRE, 0));
    assert!(
        rig.log()
            .entries()
            .iter()
            .filter(|entry| entry.kind == Kind::MESSAGE)
            .filter(|entry| entry.body.is_empty())
            .count()
            == 2
    );
    rig.check_replay();
    // And when the rest is old, the rest goes, once.
    nobody_for(&mut rig, vec![luis], 4 * DAY);
    assert_eq!(expires(&mut rig), [(1, 2), (1, 3), (room.0, 2)]);
}

#[test]
fn a_room_may_keep_for_less_than_the_server_and_not_for_more() {
    for (server, expected) in [(None, vec![1]), (Some(3), vec![1]), (Some(1), vec![0, 1, 2])] {
        let mut rig = keeping(server);
        let mut ana = rig.login("ana");
        let rooms: Vec<RoomId> = ["a", "b", "c"]
            .into_iter()
            .map(|name| {
                ana.open_public(name);
                rig.opened(&mut ana)
            })
            .collect();
        ana.keep(rooms[1], 1);
        ana.keep(rooms[2], 30);
        for room in &rooms {
            ana.say(*room, "uno");
        }
        rig.settle_with(&mut ana);
        nobody_for(&mut rig, vec![ana], 2 * DAY);
        let gone: Vec<u64> = expires(&mut rig).into_iter().map(|(room, _)| room).collect();
        assert_eq!(gone, expected.iter().map(|which: &usize| rooms[*which].0).collect::<Vec<_>>(), "{server:?}");
    }
}

#[test]
fn what_comes_live_says_so_and_deletions_stay_what_they_are() {
    let mut rig = keeping(Some(1));
    let mut ana = rig.login("ana");
    ana.say(GENERAL, "uno");
    ana.say(GENERAL, "dos");
    ana.delete(GENERAL, 1);
    rig.settle_with(&mut ana);
    nobody_for(&mut rig, vec![ana], DAY - MINUTE);
    let (mut ana, _) = rig.login_again(1);
    let mut told = Vec::new();
    for _ in 0..5 {
        ana.send(&request::Heartbeat {});
        rig.sleep(30 * 1_000);
        told.extend(ana.all::<RoomEntry>());
    }
    for _ in 0..200 {
        ana.send(&request::Heartbeat {});
        rig.sleep(30 * 1_000);
        told.extend(ana.all::<RoomEntry>());
    }
    let [told] = &told[..] else { panic!("{told:?}") };
    assert_eq!((told.entry.kind, told.entry.author.0, told.entry.rseq.0, told.entry.count), (Kind::EXPIRE, 0, 4, 2));
}

/// The log is asked what is too old, and before it answers somebody speaks. If nothing was young then, what was said
/// since is not old.
#[test]
fn what_is_said_while_the_log_looks_is_not_erased() {
    let mut rig = keeping(Some(1));
    let mut ana = rig.login("ana");
    ana.say(GENERAL, "viejo");
    rig.settle_with(&mut ana);
    nobody_for(&mut rig, vec![ana], DAY - 10 * MINUTE);
    rig.log().hold_answers();
    rig.sleep(20 * MINUTE);
    let (mut ana, _) = rig.login_again(1);
    ana.say(GENERAL, "nuevo");
    rig.settle_with(&mut ana);
    rig.log().release_answers();
    rig.settle();
    assert_eq!(expires(&mut rig), [(1, 1)]);
    ana.pull_from(GENERAL, 1, 2);
    let page = rig.answer::<Page>(&mut ana);
    assert_eq!(page.entries.iter().map(|entry| entry.body.is_empty()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn one_room_after_the_other_and_each_with_one_question() {
    let mut rig = keeping(Some(1));
    let mut ana = rig.login("ana");
    for n in 0..20 {
        ana.open_public(&format!("room {n}"));
        let room = rig.opened(&mut ana);
        ana.say(room, "uno");
        rig.settle_with(&mut ana);
        ana.received();
    }
    nobody_for(&mut rig, vec![ana], DAY - 10 * MINUTE);
    // Even if the log takes longer than until the next look.
    rig.log().hold_answers();
    rig.sleep(180 * MINUTE);
    let mut rounds = 0;
    while expires(&mut rig).len() < 20 {
        let before = expires(&mut rig).len();
        rig.log().release_answers();
        rig.log().hold_answers();
        rig.settle();
        assert!(expires(&mut rig).len() <= before + 1, "one at a time");
        rounds += 1;
        assert!(rounds < 50);
    }
}

/// A clock that was set by years says of everything that it is old. Nothing is erased because of that.
#[test]
fn a_clock_that_jumps_erases_nothing_for_the_rest_of_the_run() {
    for jump in [400 * DAY.cast_signed(), -400 * DAY.cast_signed()] {
        let mut rig = keeping(Some(30));
        let mut ana = rig.login("ana");
        ana.say(GENERAL, "uno");
        rig.settle_with(&mut ana);
        rig.sleep(2 * MINUTE);
        assert_eq!(rig.turn.take_warning(), None, "nothing has happened");
        rig.now.wall += jump;
        nobody_for(&mut rig, vec![ana], 2 * DAY);
        assert_eq!(expires(&mut rig), []);
        // What is not erased as it should be has an operator who has to know.
        let warning = rig.turn.take_warning().unwrap();
        assert!(warning.contains("clock") && warning.contains("started again"), "{warning}");
        // Even when it was set right again.
        rig.now.wall -= jump;
        rig.sleep(40 * DAY);
        assert_eq!(expires(&mut rig), []);
        assert_eq!(rig.turn.take_warning(), None, "once");
        assert_eq!(rig.turn.deadline(), None, "and nothing wakes it up for that");
        // The next run knows no better than its clock.
        let mut rig = rig.restart();
        rig.sleep(DAY);
        assert_eq!(expires(&mut rig), [(1, 1)]);
    }
}

#[test]
fn the_file_is_told_what_goes_and_up_to_where() {
    let mut rig = keeping(Some(1));
    let mut ana = rig.login("ana");
    ana.say(GENERAL, "uno");
    rig.settle_with(&mut ana);
    rig.log().hold_derived();
    nobody_for(&mut rig, vec![ana], 2 * DAY);
    let expire = rig.turn.chat().position();
    let message = rig.turn.chat().room(GENERAL).unwrap().places().get(Rseq(1)).unwrap().seq();
    let behind = rig.log().derived_behind();
    let expired = Derived::Expired { by: expire, room: GENERAL, upto: message, rseq: Rseq(1) };
    assert!(behind.contains(&expired), "{behind:?}");
    // A restart ahead of that gives it again.
    assert!(!rig.log().entries()[usize::try_from(message.0).unwrap() - 1].body.is_empty());
    let mut rig = rig.restart();
    assert!(rig.log().entries()[usize::try_from(message.0).unwrap() - 1].body.is_empty());
    assert_eq!(rig.log().derived_upto(), expire);
}

/// A room with nothing but state in it never moves on: the whole log was walked through from its opening, each hour anew.
#[test]
fn where_nothing_can_be_erased_the_log_is_not_asked() {
    let mut rig = keeping(Some(2));
    let mut ana = rig.login("ana");
    for nth in 0..20 {
        ana.open_private(&format!("sala {nth}"));
    }
    ana.say(GENERAL, "uno");
    rig.settle_with(&mut ana);
    rig.log().hold_answers();
    nobody_for(&mut rig, vec![ana], 3_600_000);
    assert_eq!(rig.log().held_answers(), 1, "about the room in which something was said");
}
