//! What waits for people who do not read: bounded for all of them together, and nobody else notices.

use tertulia_protocol::{
    Seq,
    push::RoomEntry,
    reply::{Page, Placed, Synced},
    request,
};

use crate::support::{Client, Manner, Rig};

const MIB: usize = 1 << 20;

/// People on lines that take next to nothing until they read.
#[track_caller]
fn stalled(rig: &mut Rig, count: u64) -> Vec<Client> {
    let stalled = (0..count).map(|n| {
        let mut client = rig.connect_as(1_000 + n, Manner { capacity: 500, ..Manner::default() });
        rig.log_in(&mut client, Some(&format!("stalled {n}")));
        client
    });
    let mut stalled: Vec<Client> = stalled.collect();
    // Who came is told a few times a second.
    rig.sleep(1_000);
    stalled.iter_mut().for_each(|client| rig.settle_with(client));
    assert_eq!(rig.turn.held_bytes(), 0);
    stalled
}

/// Turns until nothing is left to do; the most that waited after any of them.
#[track_caller]
fn most_held(rig: &mut Rig) -> usize {
    let mut most = 0;
    loop {
        rig.step();
        most = most.max(rig.turn.held_bytes());
        if !rig.is_due() {
            rig.turn.check_invariants();
            return most;
        }
    }
}

/// Two hundred who asked for pages and read none of them once took 183 MB.
#[test]
fn pages_for_those_who_do_not_read_stay_within_the_sum() {
    let mut rig = Rig::limited(|limits| limits.send_queues_bytes = 8 * MIB);
    let mut ana = rig.login("ana");
    for _ in 0..40 {
        ana.write(&"x".repeat(8_000));
        rig.settle_with(&mut ana);
    }
    let mut crowd = stalled(&mut rig, 200);
    ana.received();
    rig.activities();
    for client in &mut crowd {
        for _ in 0..8 {
            client.pull(1, 40);
        }
    }
    let most = most_held(&mut rig);
    assert!((4 * MIB..=8 * MIB).contains(&most), "{most}");
    // Whoever reads gets pages all the while.
    for _ in 0..20 {
        ana.pull(1, 40);
        rig.settle_with(&mut ana);
        assert_eq!(ana.all::<Page>().len(), 1);
    }
    // And so do the others, once they read: nobody who has not had to go loses a page.
    let ends = rig.endings();
    assert!(ends.iter().all(|why| *why == "slow_reader"), "{ends:?}");
    let mut left = 0;
    for mut client in crowd.into_iter().filter(|client| !client.wire.is_ended()) {
        client.wire.widen(MIB);
        rig.settle_with(&mut client);
        assert_eq!(client.all::<Page>().len(), 8);
        left += 1;
    }
    assert!(left >= 20 && left + ends.len() == 200, "{left} are left");
    assert_eq!(rig.turn.held_bytes(), 0);
}

#[test]
fn what_is_told_to_many_counts_once() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let mut crowd = stalled(&mut rig, 60);
    ana.received();
    for n in 1..=20 {
        ana.write(&"x".repeat(16_000));
        rig.settle_with(&mut ana);
        let held = rig.turn.held_bytes();
        assert!((n * 16_000..n * 16_000 + 100_000).contains(&held), "{held} after {n}");
    }
    rig.activities();
    for client in &mut crowd {
        // Who reads takes all that there is; by half a kilobyte at a time the rig would go round 200,000 times.
        client.wire.widen(MIB);
        rig.settle_with(client);
        assert_eq!(client.all::<RoomEntry>().len(), 20);
    }
    assert_eq!(rig.turn.held_bytes(), 0);
    assert_eq!(rig.endings(), Vec::<&str>::new());
}

/// Small messages share their bytes, but each queue has a list of them; ten thousand small ones are a list of 160 KB.
#[test]
fn when_pushes_alone_are_too_much_the_largest_queues_go_and_nobody_else() {
    let mut rig = Rig::limited(|limits| limits.send_queues_bytes = 4 * MIB);
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let mut crowd = stalled(&mut rig, 100);
    // One of them reads now and then.
    let mut slow = crowd.pop().unwrap();
    ana.received();
    luis.received();
    rig.activities();
    let (mut said, mut most, mut heard, mut slow_heard) = (0, 0, 0, 0);
    while rig.turn.connections() == 102 {
        for _ in 0..16 {
            ana.write("x");
            most = most.max(most_held(&mut rig));
            said += 1;
        }
        assert_eq!(ana.all::<Placed>().len(), 16);
        heard += luis.all::<RoomEntry>().len();
        if said % 256 == 0 {
            rig.settle_with(&mut slow);
            slow_heard += slow.all::<RoomEntry>().len();
        }
        assert!(said < 10_000, "{} bytes wait", rig.turn.held_bytes());
    }
    assert!((3 * MIB..=4 * MIB).contains(&most), "{most}");
    let ends = rig.endings();
    assert!(ends.iter().all(|why| *why == "slow_reader") && (1..60).contains(&ends.len()), "{ends:?}");
    rig.settle_with(&mut slow);
    slow_heard += slow.all::<RoomEntry>().len();
    assert_eq!((heard, slow_heard), (said, said));
    rig.sleep(1_000);
}

/// Somebody on a slow line, who takes something in every moment, has more waiting than anybody; those who take nothing
/// go first all the same.
#[test]
fn who_takes_something_stays_however_much_waits_and_who_takes_nothing_goes() {
    let mut rig = Rig::limited(|limits| limits.send_queues_bytes = 4 * MIB);
    let mut ana = rig.login("ana");
    for _ in 0..30 {
        ana.write(&"x".repeat(8_000));
        rig.settle_with(&mut ana);
    }
    let mut crowd = stalled(&mut rig, 15);
    let mut slow = crowd.pop().unwrap();
    ana.received();
    rig.activities();
    (0..3).for_each(|_| _ = slow.pull(1, 30));
    rig.settle();
    crowd.iter_mut().for_each(|client| _ = client.pull(1, 30));
    rig.settle();
    assert!((2 * MIB..3 * MIB).contains(&rig.turn.held_bytes()), "{}", rig.turn.held_bytes());
    while rig.turn.connections() == 16 {
        ana.write(&"x".repeat(16_000));
        rig.settle_with(&mut ana);
        slow.read_at_most(500);
        rig.sleep(100);
        assert!(rig.turn.held_bytes() <= 4 * MIB);
    }
    assert!(crowd.iter().any(|client| client.wire.is_ended()) && !slow.wire.is_ended(), "{:?}", rig.endings());
}

/// Who has much to ask has more of it in every turn; it was ahead of those for whom there had been no room in the last.
#[test]
fn who_was_put_off_is_ahead_of_who_has_been_answered() {
    let mut rig = Rig::limited(|limits| {
        limits.answer_bytes_per_turn = 1_024;
        limits.receive_bytes_per_turn = 4_096;
    });
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.sleep(1_000);
    ana.received();
    luis.received();
    (0..2_000).for_each(|_| _ = ana.sync(Seq(0)));
    luis.sync(Seq(0));
    (0..2).for_each(|_| rig.step());
    assert!(ana.wire.unread() > 0 && !ana.all::<Synced>().is_empty(), "ana is answered and has more to ask");
    assert_eq!(luis.all::<Synced>().len(), 1);
}

/// When much waits for all together, of each who asks and does not read a bite is kept and not what a turn may read.
#[test]
fn while_much_waits_little_is_read_of_anybody() {
    const BITE: usize = 4 + 4_096;
    let mut rig = Rig::limited(|limits| limits.send_queues_bytes = 4 * MIB);
    let mut ana = rig.login("ana");
    for _ in 0..30 {
        ana.write(&"x".repeat(8_000));
        rig.settle_with(&mut ana);
    }
    let mut crowd = stalled(&mut rig, 40);
    let mut asking = crowd.split_off(20);
    crowd.iter_mut().for_each(|client| _ = client.pull(1, 30));
    rig.settle();
    assert!(rig.turn.held_bytes() >= 2 * MIB, "{}", rig.turn.held_bytes());
    assert_eq!(rig.turn.kept_bytes(), 0);
    for client in &mut asking {
        (0..6_000).for_each(|_| _ = client.sync(Seq(0)));
    }
    let most = (0..10).map(|_| {
        rig.step();
        rig.turn.kept_bytes()
    });
    let most = most.max().unwrap();
    assert!((1..=20 * BITE).contains(&most), "{most} bytes of 20 connections");
}

/// When many come back at once, their answers are not all made at once, and nobody is passed over.
#[test]
fn the_answers_of_one_turn_are_bounded_and_go_round() {
    const ANSWERS: usize = 64 * 1024;
    let mut rig = Rig::limited(|limits| limits.answer_bytes_per_turn = ANSWERS);
    let mut crowd: Vec<Client> = (0..200).map(|n| rig.login(&format!("somebody with a long name {n:03}"))).collect();
    rig.sleep(1_000);
    crowd.iter_mut().for_each(|client| drop(client.received()));
    let written = |crowd: &[Client]| crowd.iter().map(|client| client.wire.written()).sum::<u64>();
    for client in &mut crowd {
        client.sync(Seq(0));
    }
    let (mut before, mut turns, mut first) = (written(&crowd), 0, None);
    while rig.is_due() {
        rig.step();
        let now = written(&crowd);
        let bytes = usize::try_from(now - before).unwrap();
        // The one answer that goes beyond is made all the same.
        assert!(bytes < ANSWERS + 10_000, "{bytes} bytes in one turn");
        (before, turns) = (now, turns + usize::from(bytes > 0));
        // Who has been answered and asks again stands behind those who wait.
        if first.is_none() {
            let mut again: Vec<&mut Client> = crowd.iter_mut().filter(|client| client.wire.waiting() > 0).collect();
            for client in &mut again {
                client.sync(Seq(0));
            }
            first = Some(again.len());
        } else if crowd.iter().any(|client| client.wire.waiting() == 0) {
            assert!(crowd.iter_mut().all(|client| client.wire.waiting() < 15_000), "twice, and others not once");
        }
    }
    let first = first.unwrap();
    assert!((2..100).contains(&first) && turns > 200 / (first + 1), "{first} in the first of {turns} turns");
    let answers: usize = crowd.iter_mut().map(|client| client.all::<Synced>().len()).sum();
    assert_eq!(answers, 200 + first);
}

/// The first half of a frame of 200 KiB. Of what type it is shows only at its end.
fn half_a_frame() -> Vec<u8> {
    let length: u32 = 200 * 1024;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend([0x10; 100 * 1024]);
    bytes
}

/// Three hundred half frames of 200 KiB took 73 MB.
#[test]
fn half_frames_wait_for_room_in_their_order_and_small_ones_do_not() {
    let mut rig = Rig::limited(|limits| limits.partial_frames_bytes = 4 * MIB);
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let crowd: Vec<Client> = (0..50).map(|n| rig.login(&format!("half {n}"))).collect();
    rig.activities();
    crowd.iter().for_each(|client| client.wire.send(&half_a_frame()));
    rig.settle();
    let kept = rig.turn.kept_bytes();
    assert!((2 * MIB - 128 * 1024..4 * MIB + 50 * 8 * 1024).contains(&kept), "{kept}");
    // A large message of somebody honest waits with them; whatever is small does not.
    luis.write(&"x".repeat(16_000));
    for _ in 0..3 {
        ana.write("hola");
        ana.send(&request::Heartbeat {});
        rig.settle();
        assert_eq!(ana.all::<Placed>().len(), 1);
    }
    assert_eq!(luis.all::<Placed>().len(), 0);
    let closed = |crowd: &[Client]| crowd.iter().filter(|client| client.wire.is_ended()).count();
    // Twenty have room, and ten seconds each.
    for gone in [20, 40] {
        rig.sleep(9_000);
        assert_eq!(closed(&crowd), gone - 20);
        rig.sleep(1_000);
        rig.settle();
        assert_eq!(closed(&crowd), gone);
        ana.send(&request::Heartbeat {});
    }
    // The last ten leave room for more.
    assert_eq!(luis.all::<Placed>().len(), 1);
    rig.sleep(20_000);
    assert_eq!((closed(&crowd), rig.turn.kept_bytes()), (50, 0));
    assert_eq!(rig.endings(), vec!["frame_timeout"; 50]);
}

#[test]
fn large_frames_that_do_come_all_come_however_many_there_are() {
    let mut rig = Rig::limited(|limits| limits.partial_frames_bytes = 300 * 1024);
    rig.options.manner.chunk_max = 2_000;
    let mut crowd: Vec<Client> = (0..20).map(|n| rig.login(&format!("somebody {n}"))).collect();
    for client in &mut crowd {
        for _ in 0..3 {
            client.write(&"x".repeat(16_000));
        }
    }
    rig.settle();
    for client in &mut crowd {
        rig.settle_with(client);
        assert_eq!(client.all::<Placed>().len(), 3);
    }
    assert_eq!(rig.turn.kept_bytes(), 0);
}

/// Who takes nothing is not read, and so its frame is not late: it would keep the room for as long as it lives.
#[test]
fn who_is_in_the_way_and_does_not_read_goes() {
    let mut rig = Rig::limited(|limits| {
        limits.partial_frames_bytes = 1_030_000;
        limits.send_queue_bytes = 512 * 1024;
    });
    let mut ana = rig.login("ana");
    let crowd = stalled(&mut rig, 5);
    crowd.iter().for_each(|client| client.wire.send(&half_a_frame()));
    rig.settle();
    for _ in 0..100 {
        ana.write(&"x".repeat(3_000));
        rig.settle_with(&mut ana);
    }
    crowd.iter().for_each(|client| client.wire.send(&[0]));
    rig.settle();
    rig.activities();
    ana.received();
    ana.write(&"x".repeat(16_000));
    rig.settle();
    assert!(ana.all::<Placed>().is_empty());
    rig.sleep(35_000);
    assert_eq!((rig.endings(), ana.all::<Placed>().len()), (vec!["frame_timeout"; 5], 1));
}
