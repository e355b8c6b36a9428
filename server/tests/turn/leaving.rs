//! Peers that leave by themselves: in order, in the middle of a word, or with questions that are still unanswered.

use tertulia_protocol::{
    encode,
    push::RoomEntry,
    reply::{Page, Placed, Welcome},
};
use tertulia_server::activity_log::Activity;

use crate::support::Rig;

#[test]
fn who_leaves_between_two_frames_left_and_inside_one_broke_off() {
    let mut rig = Rig::new();
    let ana = rig.login("ana");
    rig.activities();
    ana.wire.end();
    rig.sleep(1);
    assert!(ana.wire.is_dropped());
    let [Activity::Disconnected { conn: 1, user, why: "peer_left", duration_ms }] = &rig.activities()[..] else {
        panic!("one ending")
    };
    assert_eq!((user.as_deref(), *duration_ms), (Some("ana"), 0));
    let luis = rig.login("luis");
    rig.activities();
    luis.wire.send(&[0, 0]);
    luis.wire.end();
    rig.settle();
    assert_eq!(rig.endings(), ["peer_broke_off"]);
    let zoe = rig.login("Zoë");
    rig.activities();
    zoe.wire.reset();
    rig.settle();
    assert_eq!(rig.endings(), ["connection_lost"]);
    assert_eq!(rig.turn.connections(), 0);
}

#[test]
fn a_reset_in_the_middle_of_a_frame_ends_that_connection_alone() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.activities();
    let cid = ana.new_cid();
    let bytes = encode(&ana.a_write(cid, "never finished"));
    ana.wire.send(&bytes[..bytes.len() - 3]);
    rig.settle();
    ana.wire.reset();
    rig.settle();
    assert!(ana.wire.is_dropped());
    luis.write("hola");
    rig.settle();
    luis.expect::<Placed>();
    assert_eq!((rig.endings(), rig.log().entries().len()), (vec!["connection_lost"], 4));
}

#[test]
fn who_half_closes_still_gets_the_answers() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    ana.received();
    let requests = [ana.write("uno").0, ana.write("dos").0];
    ana.pull(1, 2);
    ana.wire.end();
    rig.settle();
    ana.expect::<Page>();
    for request in requests {
        assert_eq!(ana.expect::<Placed>().request, request);
    }
    ana.expect_end();
    assert!(ana.wire.is_dropped());
    assert_eq!(luis.all::<RoomEntry>().len(), 2);
}

#[test]
fn who_half_closes_waits_for_a_slow_log_but_not_for_ever() {
    for patience in [1_000, 6_000] {
        let mut rig = Rig::new();
        let mut ana = rig.login("ana");
        rig.sleep(1_000);
        ana.received();
        rig.log().hold();
        ana.write("uno");
        ana.wire.end();
        rig.sleep(patience);
        assert_eq!(ana.wire.is_dropped(), patience > 5_000);
        rig.log().release_all();
        rig.settle();
        if patience < 5_000 {
            ana.expect::<Placed>();
        }
        ana.expect_end();
        assert!(ana.wire.is_dropped());
        assert_eq!(rig.log().entries().len(), 3);
    }
}

#[test]
fn the_whole_conversation_may_come_in_one_piece_with_its_end() {
    let mut rig = Rig::new();
    let mut ana = rig.challenged();
    ana.prove(Some("ana"));
    ana.write("hola");
    ana.wire.end();
    rig.settle();
    ana.expect::<Welcome>();
    ana.expect::<Placed>();
    ana.expect_end();
}
