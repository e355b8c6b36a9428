//! The chat as a fold over the log: apply decides, the same way every time.

use tertulia_protocol::{
    Cid, DeviceId, ErrorCode, Kind, LogId, PublicKey, RoomId, Rseq, Seq, UserId, UserName, entry::MessageBody,
};
use tertulia_server::{
    chat::{
        CannotApply, Chat, Outcome, RULES_VERSION,
        admit::{self, Author},
        body::{Genesis, NameClaim},
    },
    log::{Entry, Ticket},
    names,
};

const NOBODY: (UserId, DeviceId) = (UserId(0), DeviceId(0));

fn entry(seq: u64, (author, device): (UserId, DeviceId), room: u64, kind: Kind, body: Vec<u8>) -> Entry {
    let mut cid = [0; 16];
    cid[..8].copy_from_slice(&seq.to_be_bytes());
    let (target, mentions) = (None, Vec::new());
    Entry { seq: Seq(seq), at: 0, author, device, cid: Cid(cid), room: RoomId(room), kind, target, mentions, body }
}

fn genesis() -> Entry {
    Entry::new(Seq(1), admit::genesis(Ticket(0), 0, Cid([0; 16]), LogId([9; 16])))
}

fn claim(seq: u64, key: u8, typed: &str) -> Entry {
    let name = UserName::parse(typed).unwrap();
    let (folded, skeletons) = (names::folded(&name), names::skeletons(&name));
    let claim = NameClaim { key: PublicKey([key; 32]), name: name.as_str().to_owned(), folded, skeletons };
    entry(seq, NOBODY, 0, Kind::NAME_CLAIM, claim.to_bytes())
}

fn message(seq: u64, user: u64, room: u64) -> Entry {
    let body = MessageBody { text: "hola".to_owned() }.to_bytes();
    entry(seq, (UserId(user), DeviceId(user)), room, Kind::MESSAGE, body)
}

fn fold(entries: &[Entry]) -> (Chat, Vec<Outcome>) {
    let mut chat = Chat::new();
    let outcomes = entries.iter().map(|entry| chat.apply(entry).unwrap().outcome).collect();
    (chat, outcomes)
}

/// What an entry comes to, as a short word.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Began => "began".to_owned(),
        Outcome::Claimed { user, device, new } => format!("{user}/{device}{}", if *new { " new" } else { "" }),
        Outcome::Placed(placement) => format!("{}#{}", placement.rseq, placement.count),
        Outcome::Unplaced { .. } => "unplaced".to_owned(),
        Outcome::Existing(first) => format!("existing {}", first.room),
        Outcome::Refused(refusal) => refusal.code.name().to_owned(),
    }
}

#[test]
fn every_entry_is_decided_by_what_stands_before_it() {
    let entries = [
        genesis(),
        claim(2, 1, "ana"),
        message(3, 2, 1),
        claim(4, 2, "Ana"),
        claim(5, 1, "ana"),
        claim(6, 1, "luis"),
        claim(7, 2, "luis"),
        message(8, 7, 1),
        message(9, 4, 1),
        message(10, 7, 8),
        genesis_again(11),
        entry(12, (UserId(2), DeviceId(2)), 1, Kind(300), Vec::new()),
        message(13, 2, 1),
        claim(14, 3, "аnа"),
    ];
    let (chat, outcomes) = fold(&entries);
    let words: Vec<String> = outcomes.iter().map(word).collect();
    let expected = [
        "began",
        "2/2 new",
        "1#1",
        "name_taken",
        "2/2",
        "key_has_name",
        "7/7 new",
        "2#2",
        "no_room",
        "no_room",
        "bad_kind",
        "3#2",
        "4#3",
        "name_confusable",
    ];
    assert_eq!(words, expected);
    assert_eq!((chat.position(), chat.directory().len()), (Seq(14), 2));
    let room = chat.readable(RoomId(1), UserId(2)).unwrap();
    assert_eq!((room.name(), room.places().head(), room.places().count()), ("general", Rseq(4), 3));
    // What became of each is remembered, for a resend.
    for (entry, outcome) in entries.iter().zip(&outcomes) {
        let remembered = chat.outcome_of(entry.stored());
        match outcome {
            // Nobody waits for these.
            Outcome::Began | Outcome::Claimed { .. } => {}
            _ => assert_eq!(remembered.as_ref(), Some(outcome)),
        }
    }
    assert_eq!(chat.outcome_of(message(15, 2, 1).stored()), None);
    assert_eq!(fold(&entries).0, chat);
    assert_eq!(fold(&entries).0.state_digest(), chat.state_digest());
}

fn genesis_again(seq: u64) -> Entry {
    Entry { seq: Seq(seq), ..genesis() }
}

#[test]
fn a_refused_entry_changes_nothing_but_the_position() {
    let before = [genesis(), claim(2, 1, "ana"), message(3, 2, 1)];
    let refused = [claim(4, 2, "ANA"), claim(4, 1, "luis"), message(4, 99, 1), message(4, 2, 99), genesis_again(4)];
    for refused in refused {
        let (mut chat, _) = fold(&before);
        assert!(matches!(chat.apply(&refused).unwrap().outcome, Outcome::Refused(_)));
        // A state in which the same place is taken by something else that is refused differs in nothing else.
        let other = entry(4, NOBODY, 0, Kind::NAME_CLAIM, b"noise".to_vec());
        let (mut with_other, _) = fold(&before);
        assert!(matches!(with_other.apply(&other).unwrap().outcome, Outcome::Refused(_)));
        let rows = |chat: &Chat| chat.sync_rows(UserId(2), Seq(0), None, 500).unwrap();
        assert_eq!(rows(&chat), rows(&with_other));
        assert_eq!(chat.directory(), with_other.directory());
        assert_eq!(chat.position(), with_other.position());
    }
}

#[test]
fn what_is_not_a_log_or_of_a_newer_version_stops_the_server() {
    let check = |before: &[Entry], entry: &Entry, expected: CannotApply| {
        let (mut chat, _) = fold(before);
        assert_eq!(chat.apply(entry), Err(expected));
        assert_eq!(chat, fold(before).0);
    };
    check(&[], &claim(1, 1, "ana"), CannotApply::NotALog { seq: Seq(1) });
    check(&[], &entry(1, NOBODY, 0, Kind::GENESIS, b"noise".to_vec()), CannotApply::NotALog { seq: Seq(1) });
    check(&[], &genesis_again(2), CannotApply::NotALog { seq: Seq(2) });
    check(&[genesis()], &message(3, 2, 1), CannotApply::NotALog { seq: Seq(3) });
    check(&[genesis()], &genesis(), CannotApply::NotALog { seq: Seq(1) });
    let newer = Genesis { log: LogId([1; 16]), rules: RULES_VERSION + 1, general: "general".to_owned() };
    let newer = entry(1, NOBODY, 0, Kind::GENESIS, newer.to_bytes());
    check(&[], &newer, CannotApply::UnknownRules { version: RULES_VERSION + 1 });
    for kind in [0, 6, 27, 255] {
        let unknown = entry(2, NOBODY, 0, Kind(kind), Vec::new());
        check(&[genesis()], &unknown, CannotApply::UnknownStateKind { seq: Seq(2), kind: Kind(kind) });
    }
}

#[test]
fn erased_bodies_make_no_difference_to_a_replay() {
    let entries = [genesis(), claim(2, 1, "ana"), message(3, 2, 1), message(4, 2, 1)];
    let erased: Vec<Entry> = entries
        .iter()
        .map(|entry| match entry.kind.is_state() {
            true => entry.clone(),
            false => Entry { body: Vec::new(), ..entry.clone() },
        })
        .collect();
    assert_eq!(fold(&entries).0, fold(&erased).0);
}

#[test]
fn admit_and_apply_agree_where_nothing_is_in_flight() {
    let (chat, _) = fold(&[genesis(), claim(2, 1, "ana")]);
    for (key, name) in [(1, "ana"), (1, "luis"), (2, "Ana"), (2, "luis"), (2, "аnа"), (3, "ana maría")] {
        let ticket = Ticket(0);
        let admitted = admit::claim(&chat, false, ticket, 0, Cid([3; 16]), PublicKey([key; 32]), name);
        let blind = admit::claim(&chat, true, ticket, 0, Cid([3; 16]), PublicKey([key; 32]), name).unwrap();
        let (mut applied, _) = fold(&[genesis(), claim(2, 1, "ana")]);
        match (admitted, applied.apply(&Entry::new(Seq(3), blind)).unwrap().outcome) {
            (Ok(_), Outcome::Claimed { .. }) => {}
            (Err(refused), Outcome::Refused(also_refused)) => assert_eq!(refused, also_refused),
            (admitted, applied) => panic!("{name}: {admitted:?} and {applied:?}"),
        }
    }
    let author = Author { user: UserId(2), device: DeviceId(2) };
    let write = tertulia_protocol::request::Write {
        request: tertulia_protocol::RequestId(1),
        cid: Cid([1; 16]),
        room: RoomId(77),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: MessageBody { text: "hola".to_owned() }.to_bytes(),
    };
    let refused = admit::write(&chat, false, Ticket(0), 0, author, write.clone()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::NO_ROOM);
    assert!(admit::write(&chat, true, Ticket(0), 0, author, write).is_ok());
}
