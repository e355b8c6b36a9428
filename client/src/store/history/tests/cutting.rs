//! A log that was set back: what becomes of what is kept, of what waits to be sent, and of what is being written.

use tertulia_protocol::entry::{MemberBody, RoleBody, RoomOpenBody};

use super::*;
use crate::session::Write;

#[test]
fn a_cut_sets_everything_back_and_keeps_the_words_aside() {
    let mut history = History::in_memory().unwrap();
    let said: Vec<Entry> = (1..=9).map(|rseq| entry(rseq, Kind::MESSAGE, None, &format!("message {rseq}"))).collect();
    let batch = vec![
        Change::Room(state(1, 9)),
        Change::Room(state(18, 1)),
        Change::Runs {
            room: ROOM,
            runs: vec![
                Run { first: 1, last: 3, known: 9 },
                Run { first: 5, last: 7, known: 9 },
                Run { first: 9, last: 9, known: 9 },
            ],
        },
        entries(said),
        Change::Users(vec![
            UserRow { user: UserId(2), name: "ana".into(), hue: None },
            UserRow { user: UserId(17), name: "late".into(), hue: None },
        ]),
        Change::Since(Seq(30)),
        queued(OutboxItem { mentions: vec![], ..item(1, 1, None) }),
        queued(item(2, 1, Some(6))),
        queued(item(3, 1, Some(7))),
        queued(item(4, 18, None)),
        queued(item(5, 0, None)),
    ];
    history.keep(&SERVER, &batch).unwrap();
    // Entry 6 has the place 16.
    history.keep(&SERVER, &vec![Change::Cut(Seq(16))]).unwrap();
    let saved = history.saved(&SERVER).unwrap();
    assert_eq!((saved.since, saved.lost, saved.users.len(), saved.rooms.len()), (Seq(16), 3, 1, 1));
    assert_eq!(saved.set_back, Some(SetBack::ToABackup));
    assert_eq!(saved.rooms[0].1, [Run { first: 1, last: 3, known: 3 }, Run { first: 5, last: 6, known: 6 }]);
    let failed = saved.outbox.iter().map(|item| item.failed.as_ref().map(|failure| failure.code));
    assert!(failed.eq([None, None, Some(ErrorCode::NO_TARGET), Some(ErrorCode::NO_ROOM), None]));
    assert_eq!(history.load(&SERVER, ROOM, Rseq(1), Rseq(9)).unwrap().entries.len(), 6);
    let lost = history.lost(&SERVER, 10).unwrap();
    assert!(lost.iter().map(|(room, entry)| (*room, entry.rseq.0)).eq([(ROOM, 7), (ROOM, 8), (ROOM, 9)]));

    // Another server's log: nothing has its place, and what would be about it is not sent.
    history.keep(&SERVER, &vec![Change::Cut(Seq(0))]).unwrap();
    let saved = history.saved(&SERVER).unwrap();
    assert_eq!((saved.since, saved.lost, saved.users.len()), (Seq(0), 9, 0));
    assert_eq!(saved.set_back, Some(SetBack::AnotherLog));
    history.keep(&SERVER, &vec![Change::Mended]).unwrap();
    assert_eq!(history.saved(&SERVER).unwrap().set_back, None);
    let sendable: Vec<u8> =
        saved.outbox.iter().filter(|item| item.failed.is_none()).map(|item| item.cid.0[0]).collect();
    assert_eq!(sendable, [1], "what was written in general goes there");
}

fn written(cid: u8, write: Write) -> Change {
    let Write { room, kind, target, mentions, body, .. } = write;
    queued(OutboxItem { cid: Cid([cid; 16]), room, kind, target, mentions, body, failed: None })
}

/// Keeps out: an invitation into a private room, with all that was said in it, that reaches whoever has got the number of
/// the person that was meant.
#[test]
fn what_is_about_a_person_who_is_not_there_any_more_reaches_nobody_else() {
    let mut history = History::in_memory().unwrap();
    let (early, late, private) = (UserId(4), UserId(17), RoomId(9));
    let message = |text: &str, mentions| Write::message(ROOM, text, None, mentions);
    let writes = vec![
        written(1, Write::invite(private, late)),
        written(2, Write::remove(private, late)),
        written(3, Write::role(private, late, 2)),
        written(4, Write::direct(late)),
        written(5, message("@early @late", vec![early, late])),
        written(6, Write::invite(private, early)),
        written(7, Write::direct(early)),
        written(8, message("@early", vec![early])),
        written(9, Write::open_room(2, "tea", None)),
    ];
    history.keep(&SERVER, &writes).unwrap();
    history.keep(&SERVER, &vec![Change::Cut(Seq(16))]).unwrap();
    let outbox = history.saved(&SERVER).unwrap().outbox;
    let (failed, waiting) = outbox.split_at(5);
    let is_so = |item: &OutboxItem| item.failed.as_ref().map(|failure| failure.code) == Some(ErrorCode::NO_USER);
    assert!(failed.iter().all(is_so), "{failed:?}");
    assert!(waiting.iter().all(|item| item.failed.is_none()), "{waiting:?}");
    // Nor when the person tries it again.
    let nobody = UserId(0);
    let [invite, remove, role, direct, said] = failed else { panic!("five of them") };
    assert_eq!(MemberBody::from_bytes(&invite.body), Some(MemberBody { user: nobody }));
    assert_eq!(MemberBody::from_bytes(&remove.body), Some(MemberBody { user: nobody }));
    assert_eq!(RoleBody::from_bytes(&role.body), Some(RoleBody { user: nobody, role: 2 }));
    assert_eq!(RoomOpenBody::from_bytes(&direct.body).and_then(|body| body.with), Some(nobody));
    assert_eq!(said.mentions, [early]);
}

/// Keeps out: a text for one room that stands in the composer of another one, which has got its number.
#[test]
fn what_was_being_written_in_a_room_that_is_not_there_any_more_is_kept_aside() {
    let mut history = History::in_memory().unwrap();
    let draft = |text: &str, answers: Option<u64>| DraftText { text: text.to_owned(), answers: answers.map(Rseq) };
    let said: Vec<Entry> = (1..=9).map(|rseq| entry(rseq, Kind::MESSAGE, None, "")).collect();
    let batch = vec![
        Change::Me { user: UserId(2), name: "ana".to_owned() },
        entries(said),
        Change::Draft(ROOM, draft("here", Some(7))),
        Change::Draft(RoomId(5), draft("there", None)),
        Change::Draft(RoomId(18), draft("a secret", Some(3))),
        Change::Draft(RoomId(19), draft("", Some(3))),
    ];
    history.keep(&SERVER, &batch).unwrap();
    history.keep(&SERVER, &vec![Change::Cut(Seq(16))]).unwrap();
    let saved = history.saved(&SERVER).unwrap();
    assert_eq!(saved.drafts, [(ROOM, draft("here", None)), (RoomId(5), draft("there", None))]);
    let lost = history.lost(&SERVER, 10).unwrap();
    let text = |entry: &Entry| MessageBody::from_bytes(&entry.body).map(|body| body.text);
    let words = lost.iter().filter(|(room, _)| *room != ROOM).map(|(room, entry)| (*room, entry.author, text(entry)));
    assert!(words.eq([(RoomId(18), UserId(2), Some("a secret".to_owned()))]), "{lost:?}");
}
