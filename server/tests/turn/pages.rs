//! Pages of rooms in which things were edited, erased and reacted to: an old message never shows an old truth, whatever
//! fits, and nobody gets a page of what may not be read when it leaves.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, UserId,
    entry::ReactionBody,
    limits::{MENTION_WEIGHT, PAGE_BODY_BYTES_MAX, PAGE_ENTRIES_MAX, PAGE_LATER_MAX},
    reply::{Error, Page, Placed},
    request,
};

use crate::support::{Client, Rig, text};

pub(super) const GENERAL: RoomId = RoomId(1);

pub(super) fn two() -> (Rig, Client, Client) {
    let mut rig = Rig::limited(|limits| (limits.frames_per_second, limits.bytes_per_second) = (1_000_000, 1 << 30));
    let (ana, luis) = (rig.login("ana"), rig.login("luis"));
    (rig, ana, luis)
}

#[track_caller]
pub(super) fn page(rig: &mut Rig, client: &mut Client, from: u64, to: u64) -> Page {
    let request = client.pull_from(GENERAL, from, to);
    checked(rig.answer(client), request)
}

#[track_caller]
pub(super) fn later(rig: &mut Rig, client: &mut Client, from: u64, to: u64) -> Page {
    let request = client.pull_later(GENERAL, from, to);
    let page: Page = checked(rig.answer(client), request);
    assert_eq!(page.entries, []);
    page
}

/// What holds of every page.
#[track_caller]
fn checked(page: Page, request: tertulia_protocol::RequestId) -> Page {
    assert_eq!(page.request, request);
    let later = page.later.as_deref().unwrap_or_default();
    assert_ne!(page.later, Some(vec![]), "absent if there is nothing");
    assert_ne!(page.cut, Some(false), "absent if it is not so");
    assert!(page.entries.len() as u64 <= PAGE_ENTRIES_MAX && later.len() <= PAGE_LATER_MAX);
    assert!(page.entries.windows(2).all(|two| two[0].rseq.0 + 1 == two[1].rseq.0));
    assert!(later.is_sorted_by(|a, b| a.rseq < b.rseq));
    if let Some(last) = page.entries.last() {
        assert!(later.iter().all(|entry| entry.rseq > last.rseq), "behind the last one");
    }
    let weight = |entry: &tertulia_protocol::Entry| {
        entry.body.len() + entry.mentions.as_ref().map_or(0, Vec::len) * MENTION_WEIGHT
    };
    let total: usize = page.entries.iter().chain(later).map(weight).sum();
    assert!(total <= PAGE_BODY_BYTES_MAX, "{total}");
    page
}

/// What was said later, in words.
fn said(page: &Page) -> Vec<String> {
    let word = |entry: &tertulia_protocol::Entry| {
        let about = entry.target.map_or(0, |target| target.0);
        match entry.kind {
            Kind::EDIT if entry.body.is_empty() => format!("{about} edit, erased"),
            Kind::EDIT => format!("{about}={}", text(entry)),
            Kind::DELETE => format!("{about} erased"),
            Kind::REACT | Kind::UNREACT => {
                let sign = if entry.kind == Kind::REACT { '+' } else { '-' };
                format!("{about}{sign}{} of {}", ReactionBody::from_bytes(&entry.body).unwrap().emoji, entry.author)
            }
            other => format!("{other:?}"),
        }
    };
    page.later.iter().flatten().map(word).collect()
}

#[test]
fn a_page_tells_what_was_said_about_its_entries_behind_it() {
    let (mut rig, mut ana, mut luis) = two();
    for word in ["uno", "dos", "tres"] {
        ana.say(GENERAL, word);
    }
    ana.edit(GENERAL, 1, "UNO");
    rig.settle_with(&mut ana);
    for (emoji, is_on) in [("👍", true), ("🎉", true), ("👍", false), ("🎉", false), ("🎉", true)] {
        if is_on {
            luis.react(GENERAL, 1, emoji)
        } else {
            luis.unreact(GENERAL, 1, emoji)
        };
    }
    rig.settle_with(&mut luis);
    ana.edit(GENERAL, 1, "¡UNO!");
    ana.delete(GENERAL, 2);
    ana.react(GENERAL, 3, "👍");
    rig.settle_with(&mut ana);
    assert_eq!(
        said(&page(&mut rig, &mut luis, 1, 1)),
        ["1-👍 of 3", "1+🎉 of 3", "1=¡UNO!"],
        "the newest edit, and the newest word of each person about each emoji"
    );
    let three = page(&mut rig, &mut luis, 1, 3);
    assert_eq!(said(&three), ["1-👍 of 3", "1+🎉 of 3", "1=¡UNO!", "2 erased", "3+👍 of 2"]);
    assert_eq!((three.entries[1].body.len(), three.from, three.cut), (0, None, None));
    assert_eq!(said(&page(&mut rig, &mut luis, 3, 3)), ["3+👍 of 2"]);
    // What stands in the page itself is not said again.
    let whole = page(&mut rig, &mut luis, 1, 99);
    assert_eq!((whole.entries.len(), whole.later, whole.head.0), (12, None, 12));
    let to_the_edit = page(&mut rig, &mut luis, 1, 4);
    assert_eq!(said(&to_the_edit), ["1-👍 of 3", "1+🎉 of 3", "1=¡UNO!", "2 erased", "3+👍 of 2"]);
    // For who holds the entries already.
    let only = later(&mut rig, &mut luis, 1, 2);
    assert_eq!((said(&only), only.from.unwrap().0), (vec_of(&["1-👍 of 3", "1+🎉 of 3", "1=¡UNO!", "2 erased"]), 1));
    // An own word carries its cid there, too.
    assert_eq!(only.later.unwrap().iter().filter(|entry| entry.cid.is_some()).count(), 2);
    let none = later(&mut rig, &mut luis, 4, 9);
    assert_eq!((none.later, none.from.unwrap().0, none.head.0), (None, 4, 12));
    let beyond = later(&mut rig, &mut luis, 50, u64::MAX);
    assert_eq!((beyond.later, beyond.from.unwrap().0), (None, 50));
    for (from, to) in [(0, 3), (3, 2)] {
        luis.pull_later(GENERAL, from, to);
        rig.settle();
        assert_eq!(luis.take::<Error>().code, ErrorCode::BAD_REQUEST);
    }
}

fn vec_of(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn refused_words_about_a_message_are_not_told() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "uno");
    rig.settle_with(&mut ana);
    // While something of the author is in flight, apply alone decides: both are in the log.
    rig.log().hold();
    luis.say(GENERAL, "dos");
    rig.settle();
    luis.edit(GENERAL, 1, "not mine");
    luis.delete(GENERAL, 1);
    luis.react(GENERAL, 1, "👍");
    rig.settle();
    rig.log().release_all();
    rig.settle();
    assert_eq!(luis.all::<Error>().len(), 2);
    assert_eq!(said(&page(&mut rig, &mut ana, 1, 1)), ["1+👍 of 3"]);
}

#[test]
fn what_is_erased_is_blank_at_once_even_if_the_file_still_has_it() {
    let (mut rig, mut ana, mut luis) = two();
    rig.log().hold_derived();
    ana.say(GENERAL, "secreto");
    ana.edit(GENERAL, 1, "secreto, mejor dicho");
    rig.settle_with(&mut ana);
    luis.react(GENERAL, 1, "👍");
    rig.settle_with(&mut luis);
    ana.delete(GENERAL, 1);
    rig.settle_with(&mut ana);
    let check = |rig: &mut Rig, luis: &mut Client| {
        let whole = page(rig, luis, 1, 9);
        assert_eq!(whole.entries.iter().map(|entry| entry.body.len()).collect::<Vec<_>>()[..2], [0, 0]);
        assert_eq!((whole.entries.len(), whole.entries[3].kind), (4, Kind::DELETE));
        // What was said about it is not told any more.
        assert_eq!(said(&page(rig, luis, 1, 1)), ["1 erased"]);
        assert_eq!(said(&page(rig, luis, 1, 2)), ["1 erased"]);
        assert_eq!(said(&later(rig, luis, 1, 1)), ["1 erased"]);
    };
    assert!(!rig.log().entries()[3].body.is_empty(), "the file still has it");
    check(&mut rig, &mut luis);
    rig.log().release_derived();
    assert!(rig.log().entries()[3].body.is_empty());
    check(&mut rig, &mut luis);
}

/// The page was asked for while it could be read, and its answer comes when it cannot.
#[test]
fn who_may_read_and_what_is_erased_is_asked_again_when_the_page_leaves() {
    let (mut rig, mut ana, mut luis) = two();
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.say(room, "uno");
    ana.say(room, "dos");
    ana.edit(room, 2, "UNO");
    ana.invite(room, UserId(3));
    rig.settle_with(&mut ana);
    luis.received();
    rig.log().hold_answers();
    let (first, second, third) = (luis.pull_from(room, 1, 2), luis.pull_from(room, 3, 3), luis.pull_later(room, 1, 5));
    rig.settle();
    ana.delete(room, 3);
    rig.settle_with(&mut ana);
    // The first step of all is over, the second is under way.
    rig.log().release_answers();
    rig.log().hold_answers();
    rig.settle_with(&mut luis);
    let pages = luis.all::<Page>();
    assert_eq!((pages.len(), pages[0].request), (1, second), "one page had nothing to look up");
    assert!(pages[0].entries[0].body.is_empty(), "it was erased in between");
    let asked = [first, third, luis.pull_from(room, 1, 2)];
    rig.settle();
    ana.remove(room, UserId(3));
    rig.settle_with(&mut ana);
    rig.log().release_answers();
    rig.settle_with(&mut luis);
    let mut refused: Vec<_> =
        luis.all::<Error>().into_iter().map(|error| (error.code, error.request.unwrap())).collect();
    refused.sort_by_key(|(_, request)| request.0);
    assert_eq!(refused, asked.iter().map(|request| (ErrorCode::NO_ROOM, *request)).collect::<Vec<_>>());
    // And no answer is owed any more: more pulls are taken.
    for _ in 0..6 {
        luis.pull_from(GENERAL, 1, 5);
    }
    rig.settle_with(&mut luis);
    assert_eq!(luis.all::<Page>().len(), 6);
}

#[test]
fn a_connection_that_has_gone_gets_no_page_and_nobody_else_does() {
    let (mut rig, mut ana, luis) = two();
    ana.say(GENERAL, "uno");
    ana.edit(GENERAL, 1, "dos");
    rig.settle_with(&mut ana);
    ana.received();
    rig.log().hold_answers();
    let mut luis = luis;
    luis.pull_from(GENERAL, 1, 1);
    rig.settle();
    luis.wire.reset();
    rig.settle();
    // The key of the slab has another owner by now.
    let mut eva = rig.login("eva");
    eva.received();
    rig.log().release_answers();
    rig.settle();
    assert_eq!((eva.all::<Page>().len(), ana.all::<Page>().len()), (0, 0));
    assert!(rig.turn.deadline() > Some(rig.now.mono));
}

#[test]
fn what_does_not_fit_shortens_the_page_from_its_old_end() {
    let (mut rig, mut ana, mut luis) = two();
    // Each message and its edit weigh 28 KB: five of six fit.
    for _ in 0..6 {
        ana.say(GENERAL, &"x".repeat(14_000));
    }
    for target in 1..=6 {
        ana.edit(GENERAL, target, &"y".repeat(14_000));
    }
    rig.settle_with(&mut ana);
    let first = page(&mut rig, &mut luis, 1, 6);
    let rseqs: Vec<u64> = first.entries.iter().map(|entry| entry.rseq.0).collect();
    assert_eq!((rseqs, first.cut), (vec![2, 3, 4, 5, 6], None));
    assert_eq!(first.later.as_ref().unwrap().len(), 5, "each with all that was said about it");
    let rest = page(&mut rig, &mut luis, 1, 1);
    assert_eq!((rest.entries.len(), rest.later.unwrap().len()), (1, 1));
    // The same of what is asked for alone: the places below are asked for again.
    let six = later(&mut rig, &mut luis, 1, 6);
    assert_eq!((six.later.unwrap().len(), six.from.unwrap().0), (6, 1));
    for _ in 0..6 {
        ana.say(GENERAL, &"x".repeat(14_000));
    }
    for target in 13..=18 {
        ana.edit(GENERAL, target, &"z".repeat(14_000));
    }
    rig.settle_with(&mut ana);
    let some = later(&mut rig, &mut luis, 1, 18);
    let abouts: Vec<u64> = some.later.as_ref().unwrap().iter().map(|entry| entry.target.unwrap().0).collect();
    assert_eq!((abouts, some.from.unwrap().0), (vec![3, 4, 5, 6, 13, 14, 15, 16, 17, 18], 3));
}

/// A message that mentions fifty weighs 450 bytes more.
#[test]
fn mentions_weigh_in_a_page() {
    let (mut rig, mut ana, mut luis) = two();
    let fifty: Vec<UserId> = (1..=50).map(UserId).collect();
    for _ in 0..200 {
        ana.say_to(GENERAL, &fifty, &"x".repeat(600));
    }
    rig.settle_with(&mut ana);
    let page = page(&mut rig, &mut luis, 1, 200);
    assert_eq!((page.entries.len(), page.entries[0].rseq.0), (139, 62));
    let one = &page.entries[0];
    let weight = one.body.len() + 50 * MENTION_WEIGHT;
    assert_eq!(page.entries.len(), PAGE_BODY_BYTES_MAX / weight);
}

#[test]
fn of_too_much_about_one_message_the_newest_is_told_and_that_it_is_cut() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "uno");
    ana.say(GENERAL, "dos");
    ana.edit(GENERAL, 1, "UNO");
    rig.settle_with(&mut ana);
    for n in 0..1_200_u32 {
        luis.react(GENERAL, 1, &format!("e{n}"));
        if n % 50 == 0 {
            rig.settle_with(&mut luis);
        }
    }
    rig.settle_with(&mut luis);
    luis.received();
    let one = page(&mut rig, &mut ana, 1, 1);
    let told = said(&one);
    assert_eq!((one.cut, told.len()), (Some(true), PAGE_LATER_MAX));
    assert_eq!((told[0].as_str(), told[1].as_str()), ("1=UNO", "1+e201 of 3"), "the edit, and the newest reactions");
    let two = page(&mut rig, &mut ana, 1, 2);
    assert_eq!((two.entries.len(), two.cut, two.later.unwrap().len()), (2, Some(true), PAGE_LATER_MAX));
    let only = later(&mut rig, &mut ana, 1, 2);
    assert_eq!((only.cut, only.from.unwrap().0, only.later.unwrap().len()), (Some(true), 1, PAGE_LATER_MAX));
    // With anything said about a newer entry, the page ends above it.
    luis.react(GENERAL, 2, "👍");
    rig.settle_with(&mut luis);
    let two = page(&mut rig, &mut ana, 1, 2);
    assert_eq!((two.entries.len(), said(&two), two.cut), (1, vec_of(&["2+👍 of 3"]), None));
    let only = later(&mut rig, &mut ana, 1, 2);
    assert_eq!((said(&only), only.from.unwrap().0, only.cut), (vec_of(&["2+👍 of 3"]), 2, None));
}

/// At most 200 places are looked at, the newest ones, and the page says from where on.
#[test]
fn what_was_said_about_many_places_comes_by_and_by() {
    let (mut rig, mut ana, mut luis) = two();
    for n in 0..450 {
        ana.say(GENERAL, "x");
        if n % 50 == 0 {
            rig.settle_with(&mut ana);
        }
    }
    rig.settle_with(&mut ana);
    for target in [1, 200, 201, 250, 251, 450] {
        luis.react(GENERAL, target, "👍");
    }
    rig.settle_with(&mut luis);
    let (mut to, mut abouts) = (450, Vec::new());
    while to > 0 {
        let page = later(&mut rig, &mut luis, 1, to);
        abouts.extend(page.later.iter().flatten().rev().map(|entry| entry.target.unwrap().0));
        let from = page.from.unwrap().0;
        assert!(from <= to && to - from < PAGE_ENTRIES_MAX);
        to = from - 1;
    }
    assert_eq!(abouts, [450, 251, 250, 201, 200, 1]);
}

#[test]
fn a_pull_says_yes_or_no_to_later_only_and_no_is_the_default() {
    let (mut rig, mut ana, _) = two();
    ana.say(GENERAL, "uno");
    rig.settle_with(&mut ana);
    ana.take::<Placed>();
    let request = ana.new_request();
    let (from, to) = (tertulia_protocol::Rseq(1), tertulia_protocol::Rseq(1));
    ana.send(&request::Pull { request, room: GENERAL, from, to, later_only: Some(false) });
    let page: Page = rig.answer(&mut ana);
    assert_eq!((page.entries.len(), page.from), (1, None));
}
