use tertulia_protocol::{
    Cid, DeviceId, ErrorCode, Kind, LogId, Seq, UserId,
    entry::{ExpireBody, MessageBody},
    reply::{Lineage, RoomRow, UserRow},
};

use super::*;
use crate::session::{Change, DraftText, Failure, OutboxItem, RoomState, Run, SetBack};

mod cutting;

const VM_STEP: rusqlite::StatementStatus = rusqlite::StatementStatus::VmStep;
const SERVER: PublicKey = PublicKey([1; 32]);
const ROOM: RoomId = RoomId(1);

fn entry(rseq: u64, kind: Kind, target: Option<u64>, text: &str) -> Entry {
    Entry {
        seq: tertulia_protocol::Seq(rseq + 10),
        rseq: Rseq(rseq),
        count: rseq,
        at: -5,
        author: UserId(2),
        device: DeviceId(3),
        kind,
        target: target.map(Rseq),
        mentions: Some(vec![UserId(7), UserId(u64::MAX)]),
        body: MessageBody { text: text.to_owned() }.to_bytes(),
        cid: None,
    }
}

fn state(room: u64, head: u64) -> RoomState {
    RoomState::new(RoomRow {
        room: RoomId(room),
        kind: 2,
        name: "ñandú".to_owned(),
        head: Rseq(head),
        count: head,
        topic: Some("tea".to_owned()),
        role: Some(2),
        mark: Some(Rseq(1)),
        mark_count: Some(1),
        mentions: Some(3),
        archived: Some(true),
        with: Some(UserId(9)),
        members: Some(12),
        keep_days: Some(90),
    })
}

fn item(cid: u8, room: u64, target: Option<u64>) -> OutboxItem {
    OutboxItem {
        cid: Cid([cid; 16]),
        room: RoomId(room),
        kind: Kind::MESSAGE,
        target: target.map(Rseq),
        mentions: vec![UserId(4)],
        body: vec![1, 2, 3],
        failed: None,
    }
}

fn queued(item: OutboxItem) -> Change {
    Change::Queued { item, from_draft: false }
}

fn entries(entries: Vec<Entry>) -> Change {
    Change::Entries { room: ROOM, entries }
}

/// Every byte of the file and of what stands beside it.
fn bytes_of(dir: &Path) -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "the test looks at the files themselves")]
    let files = std::fs::read_dir(dir).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test looks at the files themselves")]
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn everything_comes_back_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tertulia.db");
    let saved = Saved {
        me: Some((UserId(2), "Zoë".to_owned())),
        lineage: vec![Lineage { log: LogId([5; 16]), from: Seq(1) }],
        since: Seq(u64::MAX >> 2),
        users: vec![UserRow { user: UserId(2), name: "Zoë".to_owned(), hue: Some(200) }],
        rooms: vec![
            (state(1, 40), vec![Run { first: 3, last: 9, known: 11 }]),
            (RoomState { gone: true, ..state(8, 2) }, vec![]),
        ],
        outbox: vec![
            item(9, 1, Some(3)),
            OutboxItem {
                failed: Some(Failure { code: ErrorCode::ARCHIVED, params: vec!["a".into()] }),
                ..item(2, 0, None)
            },
        ],
        drafts: vec![(ROOM, DraftText { text: "half a".to_owned(), answers: Some(Rseq(3)) })],
        lost: 0,
        set_back: None,
    };
    let mut history = History::open(&path).unwrap();
    assert_eq!(history.saved(&SERVER).unwrap(), Saved::default());
    let batch = vec![
        Change::Me { user: UserId(2), name: "Zoë".to_owned() },
        Change::Lineage(saved.lineage.clone()),
        Change::Users(saved.users.clone()),
        Change::Room(saved.rooms[0].0.clone()),
        Change::Room(saved.rooms[1].0.clone()),
        Change::Runs { room: ROOM, runs: saved.rooms[0].1.clone() },
        queued(item(9, 1, Some(3))),
        queued(item(7, 1, None)),
        queued(item(2, 0, None)),
        queued(item(9, 1, None)),
        Change::Removed(Cid([7; 16])),
        Change::Failed(Cid([2; 16]), Failure { code: ErrorCode::ARCHIVED, params: vec!["a".into()] }),
        Change::Draft(ROOM, saved.drafts[0].1.clone()),
        Change::Since(saved.since),
    ];
    history.keep(&SERVER, &batch).unwrap();
    drop(history);
    let mut history = History::open(&path).unwrap();
    assert_eq!(history.saved(&SERVER).unwrap(), saved);
    assert_eq!(history.saved(&PublicKey([2; 32])).unwrap(), Saved::default(), "another server has its own");
}

#[test]
fn a_range_comes_with_what_was_said_about_it() {
    let mut history = History::in_memory().unwrap();
    let all = vec![
        entry(1, Kind::MESSAGE, None, "one"),
        entry(2, Kind::MESSAGE, Some(1), "an answer"),
        entry(3, Kind(999), None, "odd"),
        entry(50, Kind::EDIT, Some(1), "uno"),
        entry(60, Kind::MESSAGE, Some(1), "a late answer"),
    ];
    history.keep(&SERVER, &vec![entries(all.clone())]).unwrap();
    let loaded = history.load(&SERVER, ROOM, Rseq(1), Rseq(3)).unwrap();
    assert_eq!((loaded.entries.as_slice(), loaded.later.as_slice()), (&all[..3], &all[3..4]));
}

#[test]
fn a_batch_is_kept_as_a_whole_or_not_at_all() {
    let mut history = History::in_memory().unwrap();
    let trigger = "CREATE TEMP TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'no'); END";
    history.connection.execute_batch(trigger).unwrap();
    let batch =
        vec![Change::Since(Seq(9)), entries(vec![entry(1, Kind::MESSAGE, None, "one")]), queued(item(1, 1, None))];
    assert!(history.keep(&SERVER, &batch).is_err());
    assert_eq!(history.saved(&SERVER).unwrap(), Saved::default());
    assert_eq!(history.load(&SERVER, ROOM, Rseq(1), Rseq(9)).unwrap(), Loaded::default());
    history.connection.execute_batch("DROP TRIGGER refuse").unwrap();
    history.keep(&SERVER, &batch).unwrap();
    assert_eq!(history.saved(&SERVER).unwrap().outbox.len(), 1);
}

#[test]
fn what_is_erased_is_in_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut history = History::open(&dir.path().join("tertulia.db")).unwrap();
    let erasures: [(&str, Change); 4] = [
        ("deleted", entries(vec![entry(3, Kind::DELETE, Some(1), "")])),
        ("told by a sync", Change::Erased { room: ROOM, from: Rseq(1), to: Rseq(1) }),
        ("paged", entries(vec![Entry { body: vec![], ..entry(1, Kind::MESSAGE, None, "") }])),
        (
            "expired",
            entries(vec![Entry { body: ExpireBody { upto: Rseq(1) }.to_bytes(), ..entry(3, Kind::EXPIRE, None, "") }]),
        ),
    ];
    for (at, (how, erasure)) in (0_u8..).zip(erasures) {
        let server = PublicKey([at; 32]);
        let said = vec![
            entry(1, Kind::MESSAGE, None, &format!("a secret that is {how}")),
            entry(2, Kind::EDIT, Some(1), &format!("another secret that is {how}")),
            entry(4, Kind::MESSAGE, None, &format!("what is not {how}")),
        ];
        history.keep(&server, &vec![entries(said.clone())]).unwrap();
        assert!(holds(&bytes_of(dir.path()), &format!("secret that is {how}")));
        history.keep(&server, &vec![erasure]).unwrap();
        let bytes = bytes_of(dir.path());
        assert!(!holds(&bytes, &format!("secret that is {how}")), "{how}");
        assert!(holds(&bytes, &format!("what is not {how}")));

        // An older copy of it, which was on its way, changes nothing.
        history.keep(&server, &vec![entries(said)]).unwrap();
        assert!(!holds(&bytes_of(dir.path()), &format!("a secret that is {how}")), "{how}");
        let loaded = history.load(&server, ROOM, Rseq(1), Rseq(2)).unwrap().entries;
        assert!(loaded.iter().all(|entry| entry.body.is_empty()), "{how}: {loaded:?}");
    }
}

/// Only what was erased by this run was cut off the journal: after a kill in between it stayed there.
#[test]
fn what_was_erased_before_a_kill_is_gone_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tertulia.db");
    let mut history = History::open(&path).unwrap();
    let said = vec![entry(1, Kind::MESSAGE, None, "a secret"), entry(2, Kind::MESSAGE, None, "a greeting")];
    history.keep(&SERVER, &vec![Change::Entries { room: ROOM, entries: said }]).unwrap();
    // Somebody who reads keeps the journal as it is, as the kill does that comes before it is cut off.
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM entries").unwrap();
    history.keep(&SERVER, &vec![Change::Erased { room: ROOM, from: Rseq(1), to: Rseq(1) }]).unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["tertulia.db", "tertulia.db-wal"] {
        #[expect(clippy::disallowed_methods, reason = "what a killed program leaves")]
        std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    assert!(holds(&bytes_of(copy.path()), "a secret"));
    let _history = History::open(&copy.path().join("tertulia.db")).unwrap();
    let bytes = bytes_of(copy.path());
    assert!(!holds(&bytes, "a secret") && holds(&bytes, "a greeting"));
}

/// Keeps out: a text that a kill leaves both in the outbox and in the composer, to be sent twice.
#[test]
fn what_is_sent_from_a_draft_leaves_it_in_the_same_batch() {
    let mut history = History::in_memory().unwrap();
    let draft = DraftText { text: "hello".to_owned(), answers: Some(Rseq(3)) };
    history.keep(&SERVER, &vec![Change::Draft(ROOM, draft.clone()), queued(item(1, ROOM.0, None))]).unwrap();
    let saved = history.saved(&SERVER).unwrap();
    assert_eq!((saved.drafts, saved.outbox.len()), (vec![(ROOM, draft)], 1), "another text was sent");
    history.keep(&SERVER, &vec![Change::Queued { item: item(2, ROOM.0, None), from_draft: true }]).unwrap();
    let saved = history.saved(&SERVER).unwrap();
    assert_eq!((saved.drafts, saved.outbox.len()), (vec![], 2));
}

/// Every message that was kept had the whole room read, so that a busy room grew slower with each.
#[test]
fn a_message_costs_no_more_in_a_large_room() {
    let steps = |messages: u64| {
        let mut history = History::in_memory().unwrap();
        let say = |entries| vec![Change::Entries { room: ROOM, entries }];
        history
            .keep(&SERVER, &say((1..=messages).map(|rseq| entry(rseq, Kind::MESSAGE, None, "hello")).collect()))
            .unwrap();
        let later = rows::later();
        let statements = [apply::DELETED, apply::ERASE_EDITS, &later];
        let steps = |history: &History| {
            statements.map(|sql| history.connection.prepare_cached(sql).unwrap().reset_status(VM_STEP))
        };
        steps(&history);
        let about = [(1, Kind::MESSAGE, None), (2, Kind::EDIT, Some(1)), (3, Kind::DELETE, Some(2))];
        let about = about.map(|(nth, kind, target)| entry(messages + nth, kind, target.map(|nth| messages + nth), "x"));
        history.keep(&SERVER, &say(about.to_vec())).unwrap();
        history.load(&SERVER, ROOM, Rseq(messages), Rseq(messages + 1)).unwrap();
        steps(&history)
    };
    let (small, large) = (steps(10), steps(3_000));
    assert!(small.iter().all(|steps| *steps > 0), "{small:?}");
    assert_eq!(small, large);
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tertulia.db");
    let history = History::open(&path).unwrap();
    history.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(history);
    let before = bytes_of(dir.path());
    let error = History::open(&path).unwrap_err();
    assert_eq!(error.why, HistoryFailure::Newer);
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(bytes_of(dir.path()), before);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let profile = crate::store::Profile::open(dir.path().join("profile")).unwrap();
    let mut history = profile.history().unwrap();
    history.keep(&SERVER, &vec![Change::Since(Seq(1))]).unwrap();
    for name in ["tertulia.db", "tertulia.db-wal", "tertulia.db-shm"] {
        #[expect(clippy::disallowed_methods, reason = "the test looks at the files themselves")]
        let mode = std::fs::metadata(profile.dir().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
