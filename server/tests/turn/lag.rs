//! Slow readers: one costs no more than its limit, a thousand no more than that together, and nobody else notices.

use tertulia_protocol::{
    RoomId, ServerFrame,
    push::{Heartbeat, Lagged, RoomEntry},
    reply::{Page, Placed, Synced},
    request,
};
use tertulia_server::limits::Limits;

use crate::support::{Client, Manner, Rig};

pub(super) const GENERAL: RoomId = RoomId(1);

/// A line on which next to nothing fits until somebody reads.
pub(super) const NARROW: Manner = Manner { capacity: 300, chunk_max: usize::MAX, blocks_one_in: 0 };

/// Read marks of another desk, rooms that one is brought into and put out of: they cost a stalled desk no more than
/// entries do.
#[test]
fn what_is_told_to_one_person_alone_stops_at_the_limit_too() {
    let mut rig = Rig::limited(|limits: &mut Limits| {
        limits.send_queue_bytes = 4_096;
        limits.frames_per_second = 1_000_000;
    });
    let mut ana = rig.login("ana");
    let mut luis = rig.connect_as(500, NARROW);
    let user = rig.log_in(&mut luis, Some("luis")).user;
    let (mut phone, _) = rig.login_again(500);
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    for n in 0..2_000 {
        ana.say(GENERAL, "x");
        if n % 64 == 0 {
            rig.settle_with(&mut ana);
        }
    }
    rig.settle_with(&mut ana);
    // Whoever reads has taken what was said; luis now as well.
    rig.settle_with(&mut luis);
    luis.received();
    phone.received();
    let mut most = 0;
    for rseq in 1..=2_000 {
        phone.mark(GENERAL, rseq);
        rig.settle_with(&mut phone);
        phone.received();
        most = most.max(rig.turn.held_bytes());
    }
    assert!((4_000..10_000).contains(&most), "{most}");
    for _ in 0..100 {
        ana.invite(room, user);
        ana.remove(room, user);
        rig.settle_with(&mut ana);
        rig.settle_with(&mut phone);
        most = most.max(rig.turn.held_bytes());
    }
    assert!((4_000..10_000).contains(&most), "{most}");
    rig.settle_with(&mut luis);
    let lagged = luis.all::<Lagged>();
    assert_eq!((lagged.len(), lagged[0].position), (1, rig.turn.chat().position()));
    assert_eq!(rig.endings(), Vec::<&str>::new());
}

#[test]
fn while_it_lags_a_connection_is_told_no_place_and_its_answers_go_on() {
    let mut rig = Rig::limited(|limits: &mut Limits| limits.send_queue_bytes = 8_192);
    let mut ana = rig.login("ana");
    let mut luis = rig.connect_as(500, NARROW);
    rig.log_in(&mut luis, Some("luis"));
    rig.sleep(1_000);
    rig.settle_with(&mut luis);
    luis.received();
    // Asked while it still keeps up, and answered when it lags.
    rig.log().hold_answers();
    let pull = luis.pull_from(GENERAL, 1, 1);
    let write = luis.say(GENERAL, "mío");
    rig.settle();
    for _ in 0..20 {
        ana.say(GENERAL, &"x".repeat(1_000));
        rig.settle_with(&mut ana);
    }
    rig.log().release_answers();
    // Not for so long that it counts as dead.
    for _ in 0..2 {
        ana.send(&request::Heartbeat {});
        rig.sleep(21_000);
        rig.settle_with(&mut ana);
    }
    rig.settle_with(&mut luis);
    let frames = luis.frames();
    let lagged = frames.iter().position(|frame| matches!(frame, ServerFrame::Lagged(_))).unwrap();
    let heartbeats: Vec<u64> = frames[..lagged]
        .iter()
        .filter_map(
            |frame| if let ServerFrame::Heartbeat(heartbeat) = frame { Some(heartbeat.position.0) } else { None },
        )
        .collect();
    assert_eq!(heartbeats, [0, 0]);
    assert!(
        frames[..lagged]
            .iter()
            .any(|frame| matches!(frame, ServerFrame::Page(Page { request, .. }) if *request == pull))
    );
    assert!(
        frames.iter().any(|frame| matches!(frame, ServerFrame::Placed(Placed { request, .. }) if *request == write))
    );
    // Behind it heartbeats tell a place again.
    luis.send(&request::Heartbeat {});
    ana.send(&request::Heartbeat {});
    rig.sleep(21_000);
    rig.settle_with(&mut luis);
    assert_eq!(luis.take::<Heartbeat>().position, rig.turn.chat().position());
}

/// A thousand who do not read cost what one costs, and a list of what waits for each; who reads hears everything as it
/// is said; and each of the thousand has everything once it wakes.
#[test]
fn a_thousand_stalled_readers_harm_nobody_and_lose_nothing() {
    const PEOPLE: u64 = 1_000;
    const SAID: u64 = 60;
    const LIMIT: usize = 64 * 1024;
    let mut rig = Rig::limited(|limits: &mut Limits| {
        (limits.connections_per_address, limits.names_per_address_per_hour) = (10_000, 10_000);
        limits.send_queue_bytes = LIMIT;
    });
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let mut crowd: Vec<Client> = (0..PEOPLE).map(|n| rig.connect_as(1_000 + n, Manner::default())).collect();
    crowd.iter().for_each(Client::hello);
    rig.settle();
    for (n, client) in crowd.iter_mut().enumerate() {
        client.challenged();
        client.prove(Some(&format!("stalled {n}")));
    }
    rig.settle();
    rig.sleep(1_000);
    for client in &mut crowd {
        client.received();
        client.wire.widen(NARROW.capacity);
    }
    ana.received();
    luis.received();
    let since = rig.turn.chat().position();
    let mut most = 0;
    for n in 1..=SAID {
        ana.say(GENERAL, &"x".repeat(2_000));
        let turns = rig.turns;
        rig.settle();
        assert!(rig.turns - turns <= 4, "{} turns for one message", rig.turns - turns);
        most = most.max(rig.turn.held_bytes());
        assert_eq!(ana.take::<Placed>().rseq.0, n);
        assert_eq!(luis.all::<RoomEntry>().len(), 1);
        ana.received();
    }
    let waited = 2 * LIMIT + 200_000 + 2_000 * usize::try_from(PEOPLE).unwrap();
    assert!((LIMIT..waited).contains(&most), "{most}");
    assert_eq!(rig.endings(), Vec::<&str>::new());
    for client in &mut crowd {
        client.wire.widen(1 << 20);
    }
    rig.settle();
    let head = rig.turn.chat().position();
    for client in &mut crowd {
        let heard = client.frames();
        let entries = |frames: &[ServerFrame]| {
            frames.iter().filter(|frame| matches!(frame, ServerFrame::Entry(_))).count() as u64
        };
        let held = entries(&heard);
        assert!((30..SAID).contains(&held), "{held}");
        assert!(heard.iter().any(|frame| matches!(frame, ServerFrame::Lagged(lagged) if lagged.position == head)));
        client.sync(since);
        client.pull_from(GENERAL, held + 1, SAID);
    }
    rig.settle();
    for client in &mut crowd {
        let frames = client.frames();
        let synced =
            frames.iter().find_map(|frame| if let ServerFrame::Synced(synced) = frame { Some(synced) } else { None });
        let Synced { position, rooms, .. } = synced.unwrap();
        assert_eq!((*position, rooms.len(), rooms[0].head.0), (head, 1, SAID));
        let page = frames
            .iter()
            .find_map(|frame| if let ServerFrame::Page(page) = frame { Some(page) } else { None })
            .unwrap();
        assert_eq!(page.entries.last().unwrap().rseq.0, SAID);
        assert!(page.entries.iter().all(|entry| entry.body.len() > 2_000));
    }
    // All of them are live again.
    ana.say(GENERAL, "buenos días");
    rig.settle();
    assert!(crowd.iter_mut().all(|client| client.all::<RoomEntry>().len() == 1));
    rig.settle();
    assert_eq!(rig.turn.held_bytes(), 0);
}
