//! Pages and sync: how a client gets what it did not hear live, and that nothing falls between the two.

use tertulia_protocol::{
    ErrorCode, RoomId, Rseq, Seq, ServerFrame, UserId,
    limits::PAGE_BODY_BYTES_MAX,
    reply::{Page, Synced},
    request,
};

use crate::support::{Client, Rig};

fn page(rig: &mut Rig, client: &mut Client, from: u64, to: u64) -> Page {
    let request = client.pull(from, to);
    rig.settle_with(client);
    let page = client.all::<Page>().pop().unwrap();
    assert_eq!(page.request, request);
    page
}

fn rseqs(page: &Page) -> Vec<u64> {
    page.entries.iter().map(|entry| entry.rseq.0).collect()
}

/// A room in which ana and luis have written by turns, `count` messages.
fn room_of(count: u64) -> (Rig, Client, Client) {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    for n in 1..=count {
        let writer = if n % 2 == 1 { &mut ana } else { &mut luis };
        writer.write(&format!("number {n}"));
        rig.settle_with(writer);
    }
    ana.received();
    luis.received();
    (rig, ana, luis)
}

#[test]
fn a_page_holds_the_newest_of_the_range() {
    let (mut rig, mut ana, _) = room_of(450);
    let mut check = |from, to, expected: std::ops::RangeInclusive<u64>| {
        let page = page(&mut rig, &mut ana, from, to);
        assert_eq!(rseqs(&page), expected.collect::<Vec<_>>());
        assert_eq!(page.head, Rseq(450));
    };
    check(1, 450, 251..=450);
    check(1, 250, 51..=250);
    check(1, 50, 1..=50);
    check(7, 7, 7..=7);
    check(440, u64::MAX, 440..=450);
    #[expect(clippy::reversed_empty_ranges, reason = "beyond the head there is nothing")]
    check(451, 460, 1..=0);
}

#[test]
fn a_page_says_what_the_live_entries_said() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    ana.write("uno");
    luis.write("dos");
    rig.settle();
    let live: Vec<_> = luis.all::<tertulia_protocol::push::RoomEntry>().into_iter().map(|told| told.entry).collect();
    let mut stored = page(&mut rig, &mut luis, 1, 2).entries;
    stored.iter_mut().for_each(|entry| entry.cid = None);
    assert_eq!(stored, live);
}

#[test]
fn the_cid_stands_on_the_readers_own_entries_alone() {
    let (mut rig, mut ana, mut luis) = room_of(6);
    let own = |page: &Page| page.entries.iter().map(|entry| entry.cid.is_some()).collect::<Vec<_>>();
    assert_eq!(own(&page(&mut rig, &mut ana, 1, 6)), [true, false, true, false, true, false]);
    assert_eq!(own(&page(&mut rig, &mut luis, 1, 6)), [false, true, false, true, false, true]);
    let mut rig = rig.restart();
    let (mut ana, _) = rig.login_again(ana.device.number());
    assert_eq!(own(&page(&mut rig, &mut ana, 1, 6)), [true, false, true, false, true, false]);
}

#[test]
fn a_page_is_bounded_in_bytes_and_the_rest_can_be_pulled() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    for _ in 0..30 {
        ana.write(&"x".repeat(16_000));
        rig.settle_with(&mut ana);
    }
    let mut to = 30;
    let mut pages = 0;
    while to > 0 {
        let page = page(&mut rig, &mut ana, 1, to);
        assert_eq!(page.entries.last().unwrap().rseq.0, to);
        assert!(page.entries.iter().map(|entry| entry.body.len()).sum::<usize>() <= PAGE_BODY_BYTES_MAX);
        to = page.entries[0].rseq.0 - 1;
        pages += 1;
    }
    assert_eq!(pages, 4);
}

#[test]
fn a_range_that_is_none_is_refused() {
    let (mut rig, mut ana, _) = room_of(3);
    for (from, to) in [(3, 2), (0, 0), (0, 3), (u64::MAX, 0)] {
        ana.pull(from, to);
        rig.settle();
        ana.expect_error(ErrorCode::BAD_REQUEST);
    }
    let request = ana.new_request();
    ana.send(&request::Pull { request, room: RoomId(2), from: Rseq(1), to: Rseq(1), later_only: None });
    rig.settle();
    assert_eq!(ana.expect_error(ErrorCode::NO_ROOM).request, Some(request));
}

#[test]
fn a_room_in_which_nothing_was_said_has_an_empty_page() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    assert_eq!(page(&mut rig, &mut ana, 1, 50).entries, []);
}

#[test]
fn sync_tells_what_changed_since() {
    let (mut rig, mut ana, _) = room_of(5);
    let mut sync = |since| {
        ana.sync(Seq(since));
        rig.settle();
        ana.expect::<Synced>()
    };
    let all = sync(0);
    assert_eq!((all.position, &all.next), (Seq(8), &None));
    assert_eq!(
        all.users.iter().map(|row| (row.user.0, row.name.as_str())).collect::<Vec<_>>(),
        [(2, "ana"), (3, "luis")]
    );
    let [room] = &all.rooms[..] else { panic!("one room") };
    assert_eq!((room.room.0, room.name.as_str(), room.kind, room.head.0, room.count), (1, "general", 1, 5, 5));
    let some = sync(2);
    assert_eq!((some.users.len(), some.rooms.len()), (1, 1));
    for since in [8, 9, u64::MAX] {
        let none = sync(since);
        assert_eq!((none.users.len(), none.rooms.len(), none.position), (0, 0, Seq(8)));
    }
}

#[test]
fn more_people_than_fit_come_in_several_answers() {
    let mut rig = Rig::limited(|limits| {
        limits.connections_per_address = 10_000;
        limits.names_per_address_per_hour = 10_000;
    });
    let mut challenged: Vec<Client> = (0..1_200).map(|_| rig.connect()).collect();
    challenged.iter().for_each(Client::hello);
    rig.settle();
    for (n, client) in challenged.iter_mut().enumerate() {
        client.challenged();
        client.prove(Some(&format!("user {n}")));
    }
    rig.settle();
    let ana = &mut challenged[0];
    ana.received();
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let request = ana.new_request();
        ana.send(&request::Sync { request, since: Seq(0), after });
        rig.settle();
        let synced = ana.expect::<Synced>();
        assert!(synced.users.len() + synced.rooms.len() <= 500);
        seen.extend(synced.users.iter().map(|row| row.user));
        after = synced.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (2..1_202).map(UserId).collect::<Vec<_>>());
}

#[test]
fn a_heartbeat_does_not_speak_of_a_name_that_was_not_told() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    // Luis gives up before the log has his name: it is a name all the same, and no presence will tell it.
    let luis = rig.challenged();
    rig.log().hold();
    luis.prove(Some("luis"));
    rig.sleep(16_000);
    assert!(luis.wire.is_dropped());
    rig.log().release_all();
    rig.sleep(20_000);
    let frames = ana.frames();
    assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::Users(users) if users.users[0].user == UserId(3))));
    let heartbeat = frames.iter().rev().find_map(|frame| match frame {
        ServerFrame::Heartbeat(heartbeat) => Some(heartbeat.position),
        _ => None,
    });
    assert_eq!((rig.turn.chat().position(), heartbeat), (Seq(3), Some(Seq(2))));
    // Once it is told, the next heartbeat goes as far as the log.
    rig.login_again(luis.device.number());
    ana.send(&request::Heartbeat {});
    rig.sleep(21_000);
    let frames = ana.frames();
    assert!(frames.iter().any(|frame| matches!(frame, ServerFrame::Users(users) if users.users[0].user == UserId(3))));
    assert!(matches!(frames.last(), Some(ServerFrame::Heartbeat(heartbeat)) if heartbeat.position == Seq(3)));
}

/// The answer is as of the moment of the question; a row of it that came behind the new name would replace that.
#[test]
fn a_sync_in_the_turn_of_a_rename_comes_ahead_of_the_new_name() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    ana.received();
    ana.sync(Seq(0));
    luis.rename("luisa");
    rig.settle();
    let told = ana.frames().into_iter().filter_map(|frame| match frame {
        ServerFrame::Synced(synced) => Some(synced.users),
        ServerFrame::Users(users) => Some(users.users),
        _ => None,
    });
    let last = told.flatten().rfind(|row| row.user == UserId(3));
    assert_eq!(last.unwrap().name, "luisa");
}
