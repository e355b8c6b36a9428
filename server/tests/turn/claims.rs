//! Claims in flight: a name is an entry, so between `Prove` and `Welcome` lies the log.

use tertulia_protocol::{
    Cid, ErrorCode, encode,
    reply::{Error, Placed},
};
use tertulia_server::{activity_log::Activity, log::FailureKind};

use crate::support::{Manner, Rig};

#[test]
fn of_two_who_claim_a_name_at_once_exactly_one_gets_it() {
    let mut rig = Rig::new();
    let mut clients = [rig.challenged(), rig.challenged(), rig.challenged()];
    for (client, name) in clients.iter().zip(["ana", "Ana", "ana"]) {
        client.prove(Some(name));
    }
    rig.settle();
    let [first, second, third] = &mut clients;
    assert_eq!(first.welcomed().name, "ana");
    assert_eq!(second.expect_error(ErrorCode::NAME_TAKEN).params, Some(vec!["Ana".to_owned()]));
    third.expect_error(ErrorCode::NAME_TAKEN);
    rig.check_replay();
}

#[test]
fn a_key_that_claims_twice_at_once_is_one_user() {
    let mut rig = Rig::new();
    let device = 77;
    let mut clients = [rig.connect_with(device), rig.connect_with(device), rig.connect_with(device)];
    for client in &mut clients {
        client.hello();
        rig.settle();
        client.challenged();
    }
    for (client, name) in clients.iter().zip(["ana", "ana", "luis"]) {
        client.prove(Some(name));
    }
    rig.settle();
    let [first, second, third] = &mut clients;
    let (first, second) = (first.welcomed(), second.welcomed());
    assert_eq!((first.user, first.device), (second.user, second.device));
    assert_eq!(third.expect_error(ErrorCode::KEY_HAS_NAME).params, Some(vec!["ana".to_owned()]));
    assert_eq!(rig.turn.chat().directory().len(), 1);
    let new: Vec<bool> = rig
        .activities()
        .into_iter()
        .filter_map(|activity| if let Activity::Login { new, .. } = activity { Some(new) } else { None })
        .collect();
    assert_eq!(new, [true, false]);
}

#[test]
fn frames_behind_the_proof_wait_for_the_welcome() {
    let mut rig = Rig::new();
    let mut ana = rig.challenged();
    rig.log().hold();
    ana.prove(Some("ana"));
    ana.write("uno");
    // Beyond what a frame may have before the login: the limit in force is the one behind the welcome.
    ana.write(&"dos".repeat(3_000));
    rig.settle();
    ana.expect_nothing();
    assert_eq!(rig.log().waiting(), 1, "nothing is read before the name is there");
    rig.log().release_all();
    rig.settle();
    ana.welcomed();
    assert_eq!((ana.expect::<Placed>().rseq.0, ana.expect::<Placed>().rseq.0), (1, 2));
}

#[test]
fn a_frame_that_would_be_too_large_before_the_login_is_so_only_before_it() {
    let mut rig = Rig::new();
    let mut ana = rig.challenged();
    let mut prove = encode(&ana.proof(Some("ana")));
    let write = encode(&ana.a_write(Cid([1; 16]), &"x".repeat(5_000)));
    // The first bytes of the next frame come in one read with the proof.
    prove.extend_from_slice(&write[..10]);
    ana.wire.send(&prove);
    rig.settle();
    ana.wire.send(&write[10..]);
    rig.settle();
    ana.welcomed();
    ana.expect::<Placed>();
}

#[test]
fn a_claim_that_the_log_fails_is_told_so_and_can_be_made_again() {
    for (why, code) in [(FailureKind::DiskFull, ErrorCode::READ_ONLY), (FailureKind::Refused, ErrorCode::FAILED)] {
        let mut rig = Rig::new();
        let known = rig.login("luis");
        rig.activities();
        rig.log().fail(Some(why));
        let mut client = rig.challenged();
        client.prove(Some("ana"));
        rig.settle();
        client.expect_error(code);
        assert!(rig.activities().iter().any(|a| matches!(a, Activity::Refused { why, .. } if *why == code.name())));
        rig.login_again(known.device.number());
        rig.log().fail(None);
        // A full disk is asked about every five seconds.
        rig.sleep(5_000);
        rig.login("ana");
    }
}

#[test]
fn a_connection_that_is_gone_leaves_its_claim_to_the_log() {
    let mut rig = Rig::new();
    rig.activities();
    let ana = rig.challenged();
    rig.log().hold();
    ana.prove(Some("ana"));
    rig.settle();
    ana.wire.reset();
    rig.sleep(15_000);
    assert!(ana.wire.is_dropped());
    rig.log().release_all();
    rig.settle();
    assert_eq!(rig.turn.chat().directory().len(), 1);
    assert_eq!(rig.endings().len(), 1);
    let (_, welcome) = rig.login_again(ana.device.number());
    assert_eq!(welcome.name, "ana");
}

#[test]
fn a_claim_decided_after_its_connection_was_given_up_is_not_recorded_as_refused() {
    let mut rig = Rig::new();
    let mut late = rig.challenged();
    rig.log().hold();
    late.prove(Some("ana"));
    rig.settle();
    rig.activities();
    rig.sleep(10_000);
    late.expect_error(ErrorCode::TIMEOUT);
    rig.log().fail(Some(FailureKind::DiskFull));
    rig.log().release_all();
    rig.sleep(6_000);
    let activities = rig.activities();
    assert!(
        matches!(&activities[..], [Activity::Disconnected { why: "handshake_timeout", .. }]),
        "one ending, one reason: {activities:?}"
    );
}

#[test]
fn a_log_that_cannot_begin_stops_the_server_before_anybody_is_in() {
    let mut rig = Rig::unbegun(|log| log.fail(Some(FailureKind::DiskFull)));
    assert!(rig.try_step().is_err());
    assert!(rig.log().entries().is_empty(), "nothing stands where the genesis has to stand");
}

/// Ten thousand names were a script's for the asking, and are for ever.
#[test]
fn an_address_has_its_names_an_hour_and_who_has_one_gets_in_all_the_same() {
    let mut rig = Rig::limited(|limits| limits.names_per_address_per_hour = 60);
    let come = |rig: &mut Rig, device: u64, address: [u8; 4], name: &str| {
        let mut client = rig.connect_from(device, Manner::default(), (address, 99).into());
        client.hello();
        rig.settle_with(&mut client);
        client.challenged();
        client.prove(Some(name));
        rig.settle_with(&mut client);
        client
    };
    let (here, there) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    // What is refused for another reason is not counted.
    come(&mut rig, 999, here, "operator").expect_error(ErrorCode::NAME_RESERVED);
    for n in 0..60 {
        come(&mut rig, n, here, &format!("user {n}")).welcomed();
    }
    come(&mut rig, 60, here, "one more").expect_error(ErrorCode::TOO_MANY_NAMES);
    assert_eq!(rig.log().entries().len(), 61);
    come(&mut rig, 7, here, "user 7").welcomed();
    come(&mut rig, 61, there, "somebody else").welcomed();
    rig.sleep(60_000);
    come(&mut rig, 60, here, "one more").welcomed();
    come(&mut rig, 62, here, "yet another").expect_error(ErrorCode::TOO_MANY_NAMES);
}

/// Names that nobody has needed are told in the end. With nobody there, nobody waits for that.
#[test]
fn an_empty_house_does_not_wake_up_for_a_name() {
    let mut rig = Rig::new();
    let ana = rig.challenged();
    rig.log().hold();
    ana.prove(Some("ana"));
    rig.sleep(16_000);
    assert!(ana.wire.is_dropped());
    rig.log().release_all();
    rig.settle();
    assert_eq!((rig.turn.connections(), rig.turn.deadline()), (0, None));
}

/// Former names stay reserved: one person took thousands of them by renaming, and newcomers found theirs taken.
#[test]
fn a_rename_counts_as_a_new_name_from_its_address() {
    let mut rig = Rig::limited(|limits| limits.names_per_address_per_hour = 3);
    let mut ana = rig.login("ana");
    ana.rename("eva");
    ana.rename("ida");
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 2);
    let third = ana.rename("uma");
    rig.settle();
    let errors = ana.all::<Error>();
    assert_eq!((errors.len(), errors[0].request, errors[0].code), (1, Some(third), ErrorCode::TOO_MANY_NAMES));
    rig.sleep(3_600_000 / 3 + 1_000);
    let (mut ana, _) = rig.login_again(ana.device.number());
    ana.rename("uma");
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 1);
}
