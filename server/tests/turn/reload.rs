//! Other settings while people talk: the next decision is made by them, and whoever is in stays in.

use tertulia_protocol::{ErrorCode, reply::Placed};
use tertulia_server::{
    activity_log::Activity,
    config::{LogText, Plaintext},
    limits::Limits,
    reload::Settings,
    turn::Policy,
};

use crate::support::{Manner, Rig};

fn reload(rig: &mut Rig, plaintext: Plaintext, log_text: LogText, change: impl FnOnce(&mut Limits)) {
    let mut limits = rig.options.limits.clone();
    change(&mut limits);
    rig.turn.reconfigure(Settings { policy: Policy { plaintext, log_text }, keep_ms: None, limits }, rig.now);
}

#[test]
fn texts_are_written_down_or_not_from_the_next_message_on() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    for (log_text, expected) in [(LogText::Public, Some("hola")), (LogText::None, None)] {
        reload(&mut rig, Plaintext::Always, log_text, |_| {});
        rig.activities();
        ana.write("hola");
        rig.settle();
        ana.expect::<Placed>();
        ana.received();
        let [Activity::Message { text, .. }] = &rig.activities()[..] else { panic!("one line") };
        assert_eq!(text.as_deref(), expected);
    }
}

#[test]
fn a_stricter_policy_is_for_those_who_come_and_nobody_is_sent_away() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    reload(&mut rig, Plaintext::Never, LogText::Public, |limits| limits.connections = 1);
    let mut late = rig.connect_from(90, Manner::default(), ([127, 0, 0, 1], 9).into());
    rig.settle();
    late.expect_error(ErrorCode::TOO_MANY_CONNECTIONS);
    late.wire.end();
    reload(&mut rig, Plaintext::Never, LogText::Public, |_| {});
    let mut late = rig.connect_from(91, Manner::default(), ([127, 0, 0, 1], 9).into());
    rig.settle();
    late.expect_error(ErrorCode::PLAINTEXT_REFUSED);
    for one in [&mut ana, &mut luis] {
        one.write("still here");
        rig.settle();
        assert_eq!(one.all::<Placed>().len(), 1);
    }
}

#[test]
fn who_waits_for_a_limit_goes_on_when_it_is_raised() {
    let mut rig = Rig::limited(|limits| limits.drafts_in_flight = 2);
    let mut ana = rig.login("ana");
    rig.log().hold();
    for _ in 0..10 {
        ana.write("hola");
    }
    rig.settle();
    assert!(ana.wire.unread() > 0 || rig.log().entries().len() < 12);
    reload(&mut rig, Plaintext::Always, LogText::Public, |limits| limits.drafts_in_flight = 100);
    rig.settle();
    rig.log().release_all();
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 10);
}
