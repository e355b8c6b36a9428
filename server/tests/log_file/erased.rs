//! What is erased is in no file, journals included.

use std::time::{Duration, Instant};

use crate::log_subject::{Home, Subject, draft};
use crate::{all_bytes, says};
use rusqlite::Connection;
use tertulia_protocol::{Kind, RoomId, Rseq, Seq};
use tertulia_server::log::{Derived, Draft};

/// That there was something to cut off the WAL was known to the killed process alone.
#[test]
fn what_was_erased_before_a_kill_is_in_no_file_after_the_next_start() {
    let mut log = Subject::new(Home::Local);
    log.append(vec![says(1, 1, "geheimnis".to_owned()), says(1, 2, "ein gruß".to_owned())]);
    log.wait(2);
    log.derived(vec![], 2);
    log.append(vec![Draft { kind: Kind::DELETE, target: Some(Rseq(1)), ..draft(1, 3) }]);
    log.wait(1);
    log.derived(vec![Derived::Erased { by: Seq(3), room: RoomId(1), message: Seq(1), rseq: Rseq(1) }], 3);
    let mut after = Subject::new(Home::Local);
    after.stop();
    for extension in ["db", "db-wal"] {
        std::fs::copy(log.path().with_extension(extension), after.path().with_extension(extension)).expect("copied");
    }
    assert!(all_bytes(&after).contains("geheimnis"), "the WAL had it when the process died");
    after.start();
    let end = Instant::now() + Duration::from_secs(60);
    while all_bytes(&after).contains("geheimnis") {
        assert!(Instant::now() < end, "still there");
        after.idle(Duration::from_millis(20));
    }
    assert!(all_bytes(&after).contains("gruß"), "what is not erased stays");
}

/// Keeps out: words that stay in the index, in the WAL, in free pages, or in what SQLite moved about within a page; and the
/// text of an edit that came too late.
#[test]
fn what_is_erased_is_in_no_file() {
    let mut log = Subject::new(Home::Local);
    // Of the message, of its edit, and a long text that has pages of its own. In between a great deal of others, so that
    // pages are split and merged and the index has many segments.
    let secret = |nth: u8| format!("xq{nth}zw geheimnis{nth}vk");
    let mut upto = 0;
    let mut work = Vec::new();
    for nth in 0..40_u8 {
        let long = format!("{} {}", secret(nth), format!("lang{nth}jj ").repeat(1500));
        let mut drafts = vec![says(1, nth, if nth % 4 == 0 { long } else { secret(nth) })];
        drafts.push(Draft {
            kind: Kind::EDIT,
            target: Some(Rseq(u64::from(nth))),
            ..says(2, nth, format!("{} neu{nth}pp", secret(nth)))
        });
        drafts.extend((3..20).map(|author| {
            says(author, nth, format!("{nth} und {author} reden viel {}", "so ".repeat(usize::from(nth))))
        }));
        let count = drafts.len();
        log.append(drafts);
        log.wait(count);
        let message = Seq(upto + 1);
        upto += count as u64;
        log.derive(vec![Derived::Edited { edit: Seq(message.0 + 1), message }], upto);
        if nth % 3 == 0 {
            log.await_derived(upto);
        }
        work.push((message, Rseq(u64::from(nth))));
    }
    log.await_derived(upto);
    let before = all_bytes(&log);
    for nth in 0..40_u8 {
        for word in [format!("xq{nth}zw"), format!("geheimnis{nth}vk"), format!("neu{nth}pp")] {
            assert!(before.contains(&word), "{word} is stored");
        }
    }
    // All but one, so that nothing is gone only because everything is.
    for (nth, (message, rseq)) in (1_u8..).zip(work.split_off(1)) {
        log.append(vec![Draft { kind: Kind::DELETE, target: Some(rseq), ..draft(30, nth) }]);
        log.wait(1);
        upto += 1;
        log.derive(vec![Derived::Erased { by: Seq(upto), room: RoomId(1), message, rseq }], upto);
    }
    log.await_derived(upto);
    // Edits that are refused behind the deletions, when the work of those is done.
    log.append((1..40).map(|nth| Draft { kind: Kind::EDIT, ..says(31, nth, format!("spaet{nth}rr")) }).collect());
    log.wait(39);
    assert!(all_bytes(&log).contains("spaet39rr"), "it is stored");
    upto += 39;
    log.derive((upto - 38..=upto).map(|edit| Derived::Refused { entry: Seq(edit) }).collect(), upto);
    log.await_derived(upto);
    let left = |bytes: &str| {
        let words = (1..40_u8).flat_map(|nth| {
            ["xq{}zw", "geheimnis{}vk", "neu{}pp", "lang{}jj", "spaet{}rr"]
                .map(|word| word.replace("{}", &nth.to_string()))
        });
        words.filter(|word| bytes.contains(word)).collect::<Vec<_>>()
    };
    // While it runs: within a minute.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let left = left(&all_bytes(&log));
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "still there: {left:?}");
        log.idle(Duration::from_millis(100));
    }
    log.stop();
    let bytes = all_bytes(&log);
    assert_eq!(left(&bytes), [] as [String; 0]);
    assert!(bytes.contains("geheimnis0vk"), "what is not erased stays");
    let check = Connection::open(log.path()).expect("the file");
    check.execute_batch("INSERT INTO words (words) VALUES ('integrity-check')").expect("the index is sound");
}
