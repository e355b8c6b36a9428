//! Any sequence of entries whatever: apply never panics, always comes to the same state, and what always holds does.

use proptest::prelude::*;
use tertulia_protocol::{
    Cid, DeviceId, Kind, LogId, PublicKey, RoomId, Rseq, Seq, UserId,
    entry::{ArchiveBody, ExpireBody, KeepBody, MemberBody, NO_BODY, ProfileBody, RoleBody, TopicBody},
};
use tertulia_server::{
    chat::{
        Chat, Outcome, admit,
        body::{NameClaim, NewLog, Rename, RoomName, RoomOpen},
    },
    log::{Entry, Ticket},
};

/// One of so few that they meet.
fn id() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..14_u64, 1 => any::<u64>()]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let word =
        || prop_oneof![Just("ana"), Just("luis"), Just("café"), Just("bar"), Just("general")].prop_map(str::to_owned);
    prop_oneof![
        Just(NO_BODY.to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
        (0..6_u8, word()).prop_map(|(key, name)| {
            NameClaim { key: PublicKey([key; 32]), folded: name.clone(), skeletons: vec![name.clone()], name }
                .to_bytes()
        }),
        any::<u8>().prop_map(|log| NewLog { log: LogId([log; 16]) }.to_bytes()),
        word().prop_map(|name| Rename { folded: name.clone(), skeletons: vec![name.clone()], name }.to_bytes()),
        word().prop_map(|name| RoomName { folded: name.clone(), name }.to_bytes()),
        (1..4_u16, word(), id()).prop_map(|(kind, name, with)| {
            let name = (kind < 3).then_some(name);
            let with = (kind == 3).then_some(UserId(with));
            RoomOpen { kind, folded: name.clone(), name, topic: None, with }.to_bytes()
        }),
        id().prop_map(|user| MemberBody { user: UserId(user) }.to_bytes()),
        (id(), 0..4_u16).prop_map(|(user, role)| RoleBody { user: UserId(user), role }.to_bytes()),
        any::<bool>().prop_map(|archived| ArchiveBody { archived }.to_bytes()),
        any::<Option<u32>>().prop_map(|days| KeepBody { days }.to_bytes()),
        any::<Option<u16>>().prop_map(|hue| ProfileBody { hue }.to_bytes()),
        id().prop_map(|upto| ExpireBody { upto: Rseq(upto) }.to_bytes()),
        word().prop_map(|topic| TopicBody { topic: Some(topic) }.to_bytes()),
    ]
}

/// Bodies that fit their kinds are likely, so that the rules are reached.
fn fitting(kind: Kind, body: Vec<u8>, id: u64) -> Vec<u8> {
    match kind {
        Kind::INVITE | Kind::REMOVE => MemberBody { user: UserId(id) }.to_bytes(),
        Kind::ROLE => RoleBody { user: UserId(id), role: 1 + u16::try_from(id % 2).unwrap() }.to_bytes(),
        Kind::ARCHIVE => ArchiveBody { archived: id.is_multiple_of(4) }.to_bytes(),
        Kind::EXPIRE => ExpireBody { upto: Rseq(id) }.to_bytes(),
        Kind::NAME_CLAIM => {
            let name = format!("user {id}");
            let key = PublicKey([u8::try_from(id % 256).unwrap(); 32]);
            NameClaim { key, folded: name.clone(), skeletons: vec![name.clone()], name }.to_bytes()
        }
        Kind::ROOM_OPEN => {
            let kind = 1 + u16::try_from(id % 3).unwrap();
            let name = (kind < 3).then(|| format!("room {id}"));
            let with = (kind == 3).then_some(UserId(2 + id % 3));
            RoomOpen { kind, folded: name.clone(), name, topic: None, with }.to_bytes()
        }
        _ => body,
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let kinds = prop_oneof![
        3 => Just(2), 1 => 1..6_u16, 6 => 16..27_u16, 3 => Just(16), 6 => 256..262_u16, 4 => Just(256), 1 => any::<u16>(),
    ];
    let mentions = proptest::collection::vec(id().prop_map(UserId), 0..3);
    let target = proptest::option::of(id().prop_map(Rseq));
    (kinds, id(), id(), target, mentions, body(), id(), 0..3_u8).prop_map(
        |(kind, author, room, target, mentions, body, other, fits)| {
            let kind = Kind(kind);
            let is_mine = matches!(kind.0, 1..=3 | 26);
            let is_whole = matches!(kind.0, 1..=5 | 16);
            let (mut entry_room, mut author) = (RoomId(room), UserId(author));
            let (mut target, mut mentions, mut body) = (target, mentions, body);
            if fits > 0 {
                body = fitting(kind, body, other);
                author = if is_mine { UserId(0) } else { author };
                entry_room = if is_whole { RoomId(0) } else { entry_room };
                target = target.filter(|_| !kind.is_state());
                mentions.retain(|_| matches!(kind, Kind::MESSAGE | Kind::EDIT));
            }
            let (seq, device, cid) = (Seq(0), DeviceId(author.0), Cid([0; 16]));
            Entry { seq, at: 0, author, device, cid, room: entry_room, kind, target, mentions, body }
        },
    )
}

proptest! {
    #[test]
    fn any_log_has_one_meaning(entries in proptest::collection::vec(entry(), 0..120)) {
        let genesis = Entry::new(Seq(1), admit::genesis(Ticket(0), 0, Cid([0; 16]), LogId([9; 16])));
        let mut chat = Chat::new();
        chat.apply(&genesis).unwrap();
        let mut log = vec![genesis];
        let mut outcomes = Vec::new();
        for entry in entries {
            let entry = Entry { seq: Seq(chat.position().0 + 1), ..entry };
            let before = chat.state_digest();
            match chat.apply(&entry) {
                Ok(applied) => {
                    outcomes.push((entry.stored(), applied.outcome));
                    log.push(entry);
                }
                Err(_) => prop_assert_eq!(chat.state_digest(), before, "what cannot be applied changes nothing"),
            }
            prop_assert_eq!(chat.check_invariants(), Ok(()));
        }
        let mut replayed = Chat::new();
        let mut erased = Chat::new();
        for entry in &log {
            replayed.apply(entry).unwrap();
            let body = if entry.kind.is_state() { entry.body.clone() } else { Vec::new() };
            erased.apply(&Entry { body, ..entry.clone() }).unwrap();
        }
        prop_assert_eq!(&replayed, &chat);
        prop_assert_eq!(&erased, &chat);
        prop_assert_eq!(replayed.state_digest(), chat.state_digest());
        for (stored, outcome) in outcomes {
            if !matches!(outcome, Outcome::Claimed { .. }) {
                prop_assert_eq!(chat.outcome_of(stored), Some(outcome));
            }
        }
        for user in [0, 2, 3, u64::MAX] {
            let rows = chat.sync_rows(UserId(user), Seq(1), None, 7).unwrap();
            prop_assert!(rows.rooms.iter().all(|row| chat.is_member(row.room, UserId(user))));
        }
    }
}
