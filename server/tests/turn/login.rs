//! From `Hello` to `Welcome`: who gets in, who does not, and what each is told.

use tertulia_protocol::{
    ErrorCode, ServerFrame,
    reply::{Placed, Welcome},
    request,
};
use tertulia_server::activity_log::Activity;

use crate::support::{Client, Device, Manner, Options, Received, Rig};

/// Proves with a name, and is refused.
#[track_caller]
fn refused(rig: &mut Rig, name: Option<&str>, code: ErrorCode) -> Vec<String> {
    let mut client = rig.challenged();
    client.prove(name);
    rig.settle();
    client.expect_error(code).params.unwrap_or_default()
}

#[test]
fn a_new_name_is_an_entry_and_a_welcome_comes_once_it_is_applied() {
    let mut rig = Rig::new();
    rig.activities();
    let (mut ana, welcome) = rig.login_to("ana");
    assert_eq!((welcome.name.as_str(), welcome.user.0, welcome.device.0, welcome.position.0), ("ana", 2, 2, 2));
    assert_eq!((welcome.lineage.len(), welcome.now), (1, rig.now.wall));
    assert_eq!(rig.log().entries().len(), 2);
    let Some(ServerFrame::Presence(first)) = ana.frames().into_iter().next() else { panic!("no presence") };
    assert_eq!(first.whole, Some(vec![welcome.user]), "a newcomer finds itself");
    let [Activity::Connected { conn: 1, peer }, Activity::Login { conn: 1, user, device: 2, new: true }] =
        &rig.activities()[..]
    else {
        panic!("other activities")
    };
    assert_eq!((peer.as_str(), user.as_str()), ("192.168.1.7:1", "ana"));
}

#[test]
fn a_known_key_is_its_user_with_its_name_and_without() {
    let mut rig = Rig::new();
    let (ana, first) = rig.login_to("Zoë");
    for name in [None, Some("Zoë"), Some("Zoe\u{308}")] {
        let mut again = rig.connect_with(ana.device.number());
        let welcome = rig.log_in(&mut again, name);
        assert_eq!((welcome.user, welcome.device, welcome.name), (first.user, first.device, "Zoë".to_owned()));
    }
    assert_eq!(rig.log().entries().len(), 2, "a login of a known key is no entry");
    let mut other = rig.connect_with(ana.device.number());
    other.hello();
    rig.settle();
    other.challenged();
    other.prove(Some("zoë"));
    rig.settle();
    assert_eq!(other.expect_error(ErrorCode::KEY_HAS_NAME).params, Some(vec!["Zoë".to_owned()]));
}

#[test]
fn a_key_is_known_after_a_restart() {
    let mut rig = Rig::new();
    let (ana, first) = rig.login_to("ana");
    let mut rig = rig.restart();
    let (_, welcome) = rig.login_again(ana.device.number());
    assert_eq!((welcome.user, welcome.device, welcome.lineage), (first.user, first.device, first.lineage));
}

#[test]
fn a_name_that_is_taken_or_looks_taken_is_refused_with_its_names() {
    let mut rig = Rig::new();
    rig.login("paul");
    assert_eq!(refused(&mut rig, Some("paul"), ErrorCode::NAME_TAKEN), ["paul"]);
    assert_eq!(refused(&mut rig, Some("Paul"), ErrorCode::NAME_TAKEN), ["Paul"]);
    assert_eq!(refused(&mut rig, Some("раul"), ErrorCode::NAME_CONFUSABLE), ["раul", "paul"]);
    assert_eq!(refused(&mut rig, Some("operator"), ErrorCode::NAME_RESERVED), ["operator"]);
    refused(&mut rig, None, ErrorCode::NAME_NEEDED);
    assert_eq!(rig.log().entries().len(), 2, "what admit refuses is no entry");
}

#[test]
fn a_bad_name_is_refused_with_the_rule_that_it_breaks() {
    let mut rig = Rig::new();
    let long = "a".repeat(33);
    let far_too_long = "a".repeat(2_000);
    let names = [
        ("", "empty"),
        (&long, "too_long"),
        (&far_too_long, "too_long"),
        ("a\u{202e}b", "character"),
        (" ana", "spaces"),
        ("--", "no_letter"),
    ];
    for (name, rule) in names {
        assert_eq!(refused(&mut rig, Some(name), ErrorCode::BAD_NAME), [rule], "{name:?}");
    }
}

#[test]
fn a_refused_login_writes_refused_and_one_disconnected() {
    let mut rig = Rig::new();
    rig.login("ana");
    rig.activities();
    let mut client = rig.challenged();
    client.prove(Some("Ana"));
    rig.settle();
    client.expect_error(ErrorCode::NAME_TAKEN);
    client.wire.end();
    rig.settle();
    assert!(client.wire.is_dropped());
    let activities = rig.activities();
    let [
        _,
        Activity::Refused { conn: 2, name, why: "name_taken" },
        Activity::Disconnected { conn: 2, user: None, why, .. },
    ] = &activities[..]
    else {
        panic!("{activities:?}")
    };
    assert_eq!((name.as_deref(), *why), (Some("Ana"), "login_refused"));
}

#[test]
fn a_wrong_signature_is_refused_whatever_is_wrong_with_it() {
    let mut rig = Rig::new();
    let (ana, _) = rig.login_to("ana");
    // Another device signs for ana's key; the name is not the one signed; the nonce is another connection's.
    let wrong: [fn(&Client, &Client) -> request::Prove; 3] = [
        |_, _| request::Prove { signature: Device::new(100).sign(b"anything"), name: None },
        |client, _| request::Prove { name: Some("luis".to_owned()), ..client.proof(None) },
        |_, earlier| earlier.proof(None),
    ];
    for wrong in wrong {
        let mut clients = [rig.connect_with(ana.device.number()), rig.connect_with(ana.device.number())];
        for client in &mut clients {
            client.hello();
            rig.settle();
            client.challenged();
        }
        let [mut client, earlier] = clients;
        let prove = wrong(&client, &earlier);
        client.send(&prove);
        rig.settle();
        client.expect_error(ErrorCode::BAD_SIGNATURE);
    }
}

#[test]
fn no_two_challenges_have_the_same_nonce() {
    let mut rig = Rig::new();
    let mut nonces: Vec<_> = (0..20)
        .map(|_| {
            let mut client = rig.connect();
            client.hello();
            rig.settle();
            client.challenged().nonce
        })
        .collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 20);
}

#[test]
fn the_highest_common_version_is_taken_and_none_is_an_error() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    client.hello_with(vec![7, 1, 0]);
    rig.settle();
    assert_eq!(client.challenged().version, 1);
    for versions in [vec![], vec![0, 2]] {
        let mut client = rig.connect();
        client.hello_with(versions);
        rig.settle();
        client.expect_error(ErrorCode::NO_COMMON_VERSION);
    }
}

#[test]
fn messages_out_of_order_close_the_connection() {
    let mut rig = Rig::new();
    let check = |rig: &mut Rig, mut client: Client, send: &dyn Fn(&mut Client)| {
        send(&mut client);
        rig.settle();
        client.expect_error(ErrorCode::OUT_OF_ORDER);
    };
    let ready = |rig: &mut Rig, name| rig.login(name);
    let fresh = [
        |client: &mut Client| {
            client.write("hola");
        },
        |client: &mut Client| client.send(&request::Heartbeat {}),
        |client: &mut Client| client.send(&request::Resend {}),
        |client: &mut Client| {
            let signature = client.device.sign(b"");
            client.send(&request::Prove { signature, name: None });
        },
    ];
    for send in fresh {
        let client = rig.connect();
        check(&mut rig, client, &send);
    }
    let challenged = rig.challenged();
    check(&mut rig, challenged, &|client| client.hello());
    let challenged = rig.challenged();
    check(&mut rig, challenged, &|client| {
        client.pull(1, 2);
    });
    let ana = ready(&mut rig, "ana");
    check(&mut rig, ana, &|client| client.hello());
    let luis = ready(&mut rig, "luis");
    check(&mut rig, luis, &|client| client.prove(None));
}

#[test]
fn a_heartbeat_is_allowed_from_the_challenge_on() {
    let mut rig = Rig::new();
    let mut client = rig.challenged();
    client.send(&request::Heartbeat {});
    client.prove(Some("ana"));
    client.send(&request::Heartbeat {});
    rig.settle();
    client.welcomed();
    client.expect_nothing();
}

#[test]
fn several_connections_of_one_device_are_welcome_and_each_gets_everything() {
    let mut rig = Rig::new();
    let (mut one, _) = rig.login_to("ana");
    let (mut two, _) = rig.login_again(one.device.number());
    one.write("hola");
    rig.settle();
    one.expect::<Placed>();
    let (seen, also_seen) = (one.received(), two.received());
    let entries = |received: Vec<Received>| {
        received.into_iter().filter(|r| matches!(r.frame, ServerFrame::Entry(_))).map(|r| r.bytes).collect::<Vec<_>>()
    };
    let (seen, also_seen) = (entries(seen), entries(also_seen));
    assert_eq!(seen.len(), 1);
    assert_eq!(seen, also_seen);
}

#[test]
fn welcome_comes_with_whims_of_the_network_too() {
    let mut options = Options { manner: Manner::nasty(), ..Options::default() };
    for seed in 0..20 {
        options.seed = seed;
        let mut rig = Rig::with(options.clone());
        for name in ["ana", "luis", "Zoë"] {
            let (_, Welcome { name: given, .. }) = rig.login_to(name);
            assert_eq!(given, name);
        }
    }
}
