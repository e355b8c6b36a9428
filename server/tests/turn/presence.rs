//! Who is online: few frames however many come, and everybody holds the same list.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tertulia_protocol::{
    ServerFrame, UserId, encode,
    limits::PRESENCE_LISTED_MAX,
    push::{Heartbeat, Presence, Users},
    request,
};

use crate::support::{Client, Options, Rig};

/// A client's list: folded from whatever frames come, as the protocol says.
#[derive(Clone, Debug, Default, PartialEq)]
struct List {
    /// `None`: too many to list.
    listed: Option<BTreeSet<UserId>>,
    online: u64,
}

impl List {
    fn fold(&mut self, presence: Presence) {
        let Presence { online, whole, came, went, .. } = presence;
        self.online = online;
        if came.is_none() && went.is_none() {
            self.listed = whole.map(|whole| whole.into_iter().collect());
        } else {
            let listed = self.listed.as_mut().unwrap();
            listed.extend(came.into_iter().flatten());
            for user in went.into_iter().flatten() {
                listed.remove(&user);
            }
        }
        if let Some(listed) = &self.listed {
            assert_eq!(listed.len() as u64, online);
        }
    }

    fn read(&mut self, client: &mut Client) {
        client.all::<Presence>().into_iter().for_each(|presence| self.fold(presence));
    }
}

fn users(ids: impl IntoIterator<Item = u64>) -> Option<BTreeSet<UserId>> {
    Some(ids.into_iter().map(UserId).collect())
}

#[test]
fn who_comes_and_goes_is_told_to_all() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let mut list = List::default();
    rig.settle();
    list.read(&mut ana);
    assert_eq!(list.listed, users([2]));
    let luis = rig.login("luis");
    rig.sleep(250);
    list.read(&mut ana);
    assert_eq!(list.listed, users([2, 3]));
    luis.wire.end();
    rig.sleep(4_999);
    list.read(&mut ana);
    assert_eq!(list.listed, users([2, 3]), "gone is who is gone for 5 s");
    rig.sleep(1);
    list.read(&mut ana);
    assert_eq!(list.listed, users([2]));
}

#[test]
fn who_comes_back_soon_never_left_and_a_second_connection_is_no_news() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let luis = rig.login("luis");
    rig.sleep(1_000);
    let (second, _) = rig.login_again(luis.device.number());
    luis.wire.reset();
    rig.sleep(6_000);
    second.wire.end();
    rig.sleep(3_000);
    rig.login_again(luis.device.number());
    ana.received();
    rig.sleep(10_000);
    assert_eq!(ana.all::<Presence>(), []);
}

/// The name is claimed when its owner has given up waiting: an empty server must not wake up to tell it to nobody.
#[test]
fn a_name_whose_owner_has_left_wakes_no_empty_server() {
    let mut rig = Rig::new();
    let client = rig.challenged();
    rig.log().hold();
    client.prove(Some("ana"));
    rig.sleep(20_000);
    assert_eq!(rig.turn.connections(), 0);
    rig.log().release_all();
    rig.sleep(1);
    assert_eq!((rig.log().entries().len(), rig.turn.deadline()), (2, None));
}

#[test]
fn a_storm_of_logins_costs_each_connection_a_few_frames() {
    const STORM: u64 = 400;
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.sleep(1_000);
    ana.received();
    let mut crowd: Vec<Client> = Vec::new();
    let mut before = 0;
    for n in 0..STORM {
        let client = rig.challenged();
        client.prove(Some(&format!("user {n}")));
        crowd.push(client);
        // All of them come within 100 ms.
        if n % 4 == 0 {
            rig.sleep(1);
        }
        before = rig.now.mono;
    }
    rig.sleep(1_000);
    assert!(before < 3_000);
    let mut list = List::default();
    let frames = ana.frames();
    assert!(frames.len() <= 6, "{} frames for {STORM} logins", frames.len());
    for client in &mut crowd {
        let frames = client.frames();
        assert!(frames.len() <= 8, "{} frames", frames.len());
        list = List::default();
        for frame in frames {
            if let ServerFrame::Presence(presence) = frame {
                list.fold(presence);
            }
        }
    }
    assert_eq!(list.online, STORM + 1);
}

#[test]
fn above_500_people_are_counted_and_listed_again_when_they_are_500() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let mut list = List::default();
    let mut crowd: Vec<Client> = (0..PRESENCE_LISTED_MAX).map(|_| rig.connect()).collect();
    crowd.iter().for_each(Client::hello);
    rig.settle();
    for (n, client) in crowd.iter_mut().enumerate() {
        client.challenged();
        client.prove(Some(&format!("user {n}")));
    }
    rig.sleep(1_000);
    list.read(&mut ana);
    assert_eq!(list, List { listed: None, online: 501 });
    // A newcomer is told the number, too.
    let mut last = rig.login("last");
    let mut lasts = List::default();
    rig.sleep(1_000);
    lasts.read(&mut last);
    assert_eq!(lasts, List { listed: None, online: 502 });
    // A storm of newcomers, whom nobody lists, once cost everybody every name. A name comes when it is needed.
    ana.received();
    rig.login("one more");
    rig.sleep(1_000);
    assert!(ana.frames().iter().all(|frame| !matches!(frame, ServerFrame::Users(_))));
    last.write("hola");
    rig.settle();
    let frames = ana.frames();
    let [ServerFrame::Users(users), ServerFrame::Entry(entry)] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((users.users.len(), users.users[0].name.as_str()), (1, "last"));
    assert_eq!(users.users[0].user, entry.entry.author);
    for client in crowd.drain(..3) {
        client.wire.end();
    }
    rig.sleep(6_000);
    for (list, client) in [(&mut list, &mut ana), (&mut lasts, &mut last)] {
        list.read(client);
        assert_eq!((list.online, list.listed.as_ref().map(BTreeSet::len)), (500, Some(500)));
    }
}

/// While more than 500 were there, the names of newcomers waited for ever to be needed, and heartbeats told no place
/// beyond the first of them.
#[test]
fn names_that_nobody_needs_are_told_in_the_end_and_few_at_a_time() {
    let mut rig =
        Rig::limited(|limits| (limits.connections_per_address, limits.names_per_address_per_hour) = (9_999, 9_999));
    let mut ana = rig.login("ana");
    rig.sleep(1_000);
    ana.received();
    let mut crowd: Vec<Client> = (0..800).map(|_| rig.connect()).collect();
    crowd.iter().for_each(Client::hello);
    rig.settle();
    for (n, client) in crowd.iter_mut().enumerate() {
        client.challenged();
        client.prove(Some(&format!("user {n}")));
    }
    rig.settle();
    let told = |client: &mut Client| -> Vec<usize> {
        client.all::<Users>().into_iter().map(|users| users.users.len()).collect()
    };
    for expected in [500, 300] {
        // Everybody lives all the while.
        for ms in [30_000, 29_999] {
            crowd.iter().chain([&ana]).for_each(|client| client.send(&request::Heartbeat {}));
            rig.sleep(ms);
        }
        assert_eq!(told(&mut ana), [0; 0]);
        rig.sleep(1);
        rig.settle();
        assert_eq!(told(&mut ana), [expected]);
    }
    // What heartbeats tell moves on again.
    crowd.iter().chain([&ana]).for_each(|client| client.send(&request::Heartbeat {}));
    rig.sleep(20_000);
    assert_eq!(ana.all::<Heartbeat>().last().unwrap().position, rig.turn.chat().position());
    crowd.iter().for_each(|client| client.wire.reset());
    ana.wire.reset();
    rig.sleep(10_000);
    assert_eq!(rig.turn.deadline(), None, "and then there is nothing left to tell");
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Come(u64),
    Go(usize),
    Reset(usize),
    Sleep(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..8_u64).prop_map(Act::Come),
        2 => (0..20_usize).prop_map(Act::Go),
        1 => (0..20_usize).prop_map(Act::Reset),
        3 => (0..400_u64).prop_map(Act::Sleep),
        1 => (4_000..6_000_u64).prop_map(Act::Sleep),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// However people come and go: a newcomer finds itself, whoever is there holds the same list as everybody else
    /// behind each frame, the frames have the same bytes for all, and after a while the list is the truth.
    #[test]
    fn everybody_holds_the_same_list(acts in prop::collection::vec(act(), 1..60)) {
        let mut rig = Rig::with(Options::default());
        let mut here: Vec<(Client, List)> = Vec::new();
        for act in acts {
            match act {
                Act::Come(device) => {
                    let mut client = rig.connect_with(device);
                    rig.log_in(&mut client, Some(&format!("user {device}")));
                    here.push((client, List::default()));
                }
                Act::Go(n) if n < here.len() => here.remove(n).0.wire.end(),
                Act::Reset(n) if n < here.len() => here.remove(n).0.wire.reset(),
                Act::Go(_) | Act::Reset(_) => {}
                Act::Sleep(ms) => {
                    here.iter().for_each(|(client, ..)| client.send(&request::Heartbeat {}));
                    rig.sleep(ms);
                }
            }
            rig.settle();
            let mut deltas: Vec<Vec<u8>> = Vec::new();
            for (client, list) in &mut here {
                let mut mine = Vec::new();
                for presence in client.all::<Presence>() {
                    if presence.whole.is_none() {
                        mine.push(encode(&presence));
                    }
                    list.fold(presence);
                }
                // Who came in between missed the first ones.
                let shared = mine.len().min(deltas.len());
                prop_assert_eq!(&mine[mine.len() - shared..], &deltas[deltas.len() - shared..]);
                if mine.len() > deltas.len() {
                    deltas = mine;
                }
            }
            // A newcomer is ahead of the others until the next frame, which is at most 250 ms away.
            if matches!(act, Act::Sleep(250..)) {
                prop_assert!(here.windows(2).all(|pair| pair[0].1 == pair[1].1));
            }
            if let (Act::Come(_), Some((client, list))) = (act, here.last()) {
                let chat = rig.turn.chat();
                let me = format!("user {}", client.device.number());
                let finds_itself =
                    list.listed.iter().flatten().any(|user| chat.directory().name(*user) == me);
                prop_assert!(finds_itself);
            }
        }
        rig.sleep(6_000);
        let expected: BTreeSet<String> =
            here.iter().map(|(client, ..)| format!("user {}", client.device.number())).collect();
        for (client, list) in &mut here {
            list.read(client);
            let chat = rig.turn.chat();
            let names: BTreeSet<String> =
                list.listed.iter().flatten().map(|user| chat.directory().name(*user).to_owned()).collect();
            prop_assert_eq!(&names, &expected);
        }
    }
}
