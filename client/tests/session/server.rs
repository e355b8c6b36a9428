//! Who the server is, and whether it lets us in.

use std::time::Duration;

use crate::support::{Rig, config};
use tertulia_client::session::{Event, StopCode, Why};
use tertulia_protocol::{ClientFrame, ErrorCode, reply};

#[test]
fn a_server_without_the_key_that_it_shows_is_left_before_anything_is_signed() {
    let mut rig = Rig::new(config());
    rig.start();
    let hello = rig.hello();
    let mut challenge = rig.challenge(&hello);
    challenge.signature.0[7] ^= 1;
    rig.receive(&challenge);
    rig.check_stopped(StopCode::ServerKeyUnproved, 1);
    assert!(rig.sent.is_empty());
    assert!(rig.pins.is_empty());
}

#[test]
fn a_signature_for_another_caller_does_not_count() {
    let mut rig = Rig::new(config());
    rig.start();
    let mut hello = rig.hello();
    hello.nonce.0[0] ^= 1;
    let replayed = rig.challenge(&hello);
    rig.receive(&replayed);
    rig.check_stopped(StopCode::ServerKeyUnproved, 1);
    assert!(rig.sent.is_empty());
}

#[test]
fn a_changed_key_stops_until_a_person_trusts_it() {
    let mut rig = Rig::live();
    let old_key = rig.server_key();
    rig.cut();
    rig.wait_for_connect();
    rig.use_server_key([9; 32]);
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.events.clear();
    rig.receive(&challenge);
    let new_key = rig.server_key();
    let params = vec![old_key.to_string(), new_key.to_string()];
    assert_eq!(rig.next_event(), Event::Stopped { code: StopCode::ServerKeyChanged, params });
    assert_eq!(rig.session.deadline(), None);
    assert_eq!(rig.pins, [old_key], "pinned at the first visit, and not since");

    rig.session.trust_server_key(rig.now, new_key);
    rig.collect();
    assert_eq!(rig.pins, [old_key, new_key]);
    rig.log_in();
    assert!(matches!(rig.next_sent(), ClientFrame::Sync(_)));
}

#[test]
fn a_refused_login_waits_for_a_person() {
    let mut rig = Rig::new(config());
    rig.start();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    assert!(matches!(rig.next_sent(), ClientFrame::Prove(_)));
    rig.receive(&reply::Error {
        request: None,
        code: ErrorCode::NAME_TAKEN,
        params: Some(vec!["ana".to_owned()]),
        text: "taken".to_owned(),
    });
    rig.check_stopped(StopCode::Refused(ErrorCode::NAME_TAKEN), 1);
    rig.pass(Duration::from_secs(3_600));
    assert_eq!(rig.connects, 1);

    rig.session.log_in_as(rig.now, "eva".to_owned());
    rig.collect();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.sent.clear();
    rig.receive(&challenge);
    let ClientFrame::Prove(prove) = rig.next_sent() else { panic!("not a Prove") };
    assert_eq!(prove.name.as_deref(), Some("eva"));
}

#[test]
fn a_server_that_is_stopping_is_tried_again() {
    let mut rig = Rig::live();
    rig.refuse(None, ErrorCode::STOPPING);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Told(ErrorCode::STOPPING), .. }));
    rig.wait_for_connect();
}
