//! Searches: only what the asker may read when the answer leaves, with nothing told of the rest, not even by how far the
//! search got; in answers that fit.

use tertulia_protocol::{
    ErrorCode, Kind, RequestId, RoomId, Seq, UserId,
    entry::{MessageBody, NO_BODY},
    limits::{HITS_MAX, MENTION_WEIGHT, PAGE_BODY_BYTES_MAX},
    reply::{Error, Hits, Placed},
    request::Search,
};

use crate::support::{Client, Rig, text};

const GENERAL: RoomId = RoomId(1);
const LUIS: UserId = UserId(3);

fn two() -> (Rig, Client, Client) {
    let mut rig = Rig::limited(|limits| (limits.frames_per_second, limits.bytes_per_second) = (1_000_000, 1 << 30));
    let (ana, luis) = (rig.login("ana"), rig.login("luis"));
    (rig, ana, luis)
}

/// A search for words and nothing else.
fn words(client: &mut Client, words: &str) -> Search {
    let request = client.new_request();
    let words = words.to_owned();
    Search { request, words, room: None, author: None, from: None, until: None, has_link: None, below: None }
}

#[track_caller]
fn ask(rig: &mut Rig, client: &mut Client, search: &Search) -> Hits {
    client.send(search);
    let hits: Hits = rig.answer(client);
    assert_eq!(hits.request, search.request);
    assert!(hits.hits.len() <= HITS_MAX && hits.hits.is_sorted_by(|a, b| a.entry.seq > b.entry.seq));
    assert!(hits.hits.iter().all(|hit| hit.entry.cid.is_none() && hit.entry.kind == Kind::MESSAGE));
    hits
}

#[track_caller]
fn found(rig: &mut Rig, client: &mut Client, asked: &str) -> Vec<String> {
    let search = words(client, asked);
    let hits = ask(rig, client, &search);
    assert_eq!(hits.below, None);
    hits.hits.iter().map(|hit| text(&hit.entry)).collect()
}

#[test]
fn a_hit_is_the_message_in_its_place_with_its_newest_text() {
    let (mut rig, mut ana, mut luis) = two();
    luis.say(GENERAL, "Buenos días a todos");
    rig.settle_with(&mut luis);
    // With keys that the server does not know, which a page passes on.
    let mut body = MessageBody { text: "un café con leche".into() }.to_bytes();
    body[0] += 1;
    body.extend_from_slice(&[0x18, 99, 0x07]);
    ana.put(GENERAL, Kind::MESSAGE, None, body);
    ana.edit(GENERAL, 2, "un CAFÉ sin leche");
    rig.settle_with(&mut ana);
    let search = words(&mut ana, "cafe un lec");
    let hits = ask(&mut rig, &mut ana, &search);
    let [hit] = &hits.hits[..] else { panic!("{hits:?}") };
    assert_eq!((hit.room, hit.entry.rseq.0, hit.entry.count, hit.entry.author), (GENERAL, 2, 2, UserId(2)));
    assert_eq!(hit.entry.body, MessageBody { text: "un CAFÉ sin leche".into() }.to_bytes());
    assert_eq!(found(&mut rig, &mut ana, "con leche"), [""; 0]);
    assert_eq!(found(&mut rig, &mut luis, "DIAS"), ["Buenos días a todos"]);
    // A body that has more than a text is cut down to it, edited or not.
    let mut body = MessageBody { text: "té verde".into() }.to_bytes();
    body[0] += 1;
    body.extend_from_slice(&[0x18, 99, 0x07]);
    ana.put(GENERAL, Kind::MESSAGE, None, body);
    rig.settle_with(&mut ana);
    let search = words(&mut luis, "verde");
    let hits = ask(&mut rig, &mut luis, &search);
    assert_eq!(hits.hits[0].entry.body, MessageBody { text: "té verde".into() }.to_bytes());
}

#[test]
fn all_words_count_however_many() {
    let (mut rig, mut ana, _) = two();
    let many: Vec<String> = (0..30).map(|n| format!("w{n}")).collect();
    ana.say(GENERAL, &many.join(" "));
    ana.say(GENERAL, &many[..20].join(" "));
    rig.settle_with(&mut ana);
    assert_eq!(found(&mut rig, &mut ana, &many.join(" ")).len(), 1);
    assert_eq!(found(&mut rig, &mut ana, &many[..20].join("\t")).len(), 2);
    assert_eq!(found(&mut rig, &mut ana, &format!("{} nope", many[..20].join(" "))).len(), 0);
    // As many as fit into what may be asked.
    assert_eq!(found(&mut rig, &mut ana, &["w"; 128].join(" ")).len(), 0);
    ana.say(GENERAL, "w w w");
    rig.settle_with(&mut ana);
    assert_eq!(found(&mut rig, &mut ana, &["w"; 128].join(" ")).len(), 1);
}

#[test]
fn conditions_hold_together() {
    let (mut rig, mut ana, mut luis) = two();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    ana.say(GENERAL, "uno");
    rig.settle_with(&mut ana);
    let early = rig.now.wall;
    rig.sleep(1_000);
    luis.say(GENERAL, "uno https://example.org");
    rig.settle_with(&mut luis);
    ana.say(room, "uno");
    rig.settle_with(&mut ana);
    let mut rseqs = |condition: &dyn Fn(Search) -> Search| {
        let search = condition(words(&mut luis, ""));
        let hits = ask(&mut rig, &mut luis, &search);
        hits.hits.iter().map(|hit| (hit.room.0, hit.entry.rseq.0)).collect::<Vec<_>>()
    };
    assert_eq!(rseqs(&|it| Search { words: "uno".into(), ..it }), [(room.0, 2), (1, 2), (1, 1)], "public ones too");
    assert_eq!(rseqs(&|it| Search { room: Some(GENERAL), ..it }), [(1, 2), (1, 1)]);
    assert_eq!(rseqs(&|it| Search { author: Some(LUIS), ..it }), [(1, 2)]);
    assert_eq!(rseqs(&|it| Search { has_link: Some(true), ..it }), [(1, 2)]);
    assert_eq!(rseqs(&|it| Search { until: Some(early + 1), ..it }), [(1, 1)], "behind the last millisecond");
    assert_eq!(rseqs(&|it| Search { until: Some(early), ..it }), []);
    assert_eq!(rseqs(&|it| Search { from: Some(early), until: Some(early + 1), ..it }), [(1, 1)]);
    assert_eq!(rseqs(&|it| Search { from: Some(early + 1), room: Some(room), ..it }), [(room.0, 2)]);
    assert_eq!(rseqs(&|it| Search { words: "otro".into(), author: Some(LUIS), ..it }), []);
}

#[test]
fn a_search_that_is_none_is_refused_and_so_is_a_room_of_others() {
    let (mut rig, mut ana, mut luis) = two();
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    let long = "x".repeat(257);
    let plain = words(&mut luis, "");
    let cases = [
        (plain.clone(), ErrorCode::BAD_REQUEST),
        (Search { words: " \t\n".into(), ..plain.clone() }, ErrorCode::BAD_REQUEST),
        (Search { has_link: Some(false), ..plain.clone() }, ErrorCode::BAD_REQUEST),
        (Search { below: Some(Seq(5)), ..plain.clone() }, ErrorCode::BAD_REQUEST),
        (Search { words: long, ..plain.clone() }, ErrorCode::BAD_REQUEST),
        (Search { room: Some(room), ..plain.clone() }, ErrorCode::NO_ROOM),
        (Search { room: Some(RoomId(99)), words: "x".into(), ..plain.clone() }, ErrorCode::NO_ROOM),
    ];
    for (search, code) in cases {
        luis.send(&search);
        rig.settle();
        let error = luis.take::<Error>();
        assert_eq!((error.request, error.code), (Some(plain.request), code), "{search:?}");
    }
    // What a person types is data.
    for odd in ["\"", "\" OR \"", "NEAR(a b)", "text:x", "*", "-x", "^a", "a\0b", "(", "👍", "{text} : x"] {
        let search = words(&mut luis, odd);
        assert_eq!(ask(&mut rig, &mut luis, &search).hits, []);
    }
}

#[test]
fn nothing_of_other_peoples_rooms_is_found_nor_seen_by_how_far_it_got() {
    let (mut rig, mut ana, mut luis) = two();
    rig.log().limit_search(10);
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.say(GENERAL, "la palabra de todos");
    for n in 0..300 {
        ana.say(room, &format!("la palabra secreta {n}"));
        if n % 50 == 0 {
            rig.settle_with(&mut ana);
        }
    }
    rig.settle_with(&mut ana);
    // Ten steps of the log would not get through the secrets, were they looked at.
    let search = words(&mut luis, "palabra");
    let hits = ask(&mut rig, &mut luis, &search);
    assert_eq!((hits.hits.len(), hits.below), (1, None));
    assert_eq!(found(&mut rig, &mut luis, "secreta"), [""; 0]);
}

/// The question is asked as a member; the answer leaves when that is over.
#[test]
fn who_is_put_out_while_searching_finds_nothing_there() {
    let (mut rig, mut ana, mut luis) = two();
    ana.open_private("secreto");
    let room = rig.opened(&mut ana);
    ana.invite(room, LUIS);
    ana.say(GENERAL, "la palabra de todos");
    for _ in 0..60 {
        ana.say(room, "la palabra secreta");
    }
    rig.settle_with(&mut ana);
    luis.received();
    rig.log().hold_answers();
    let everywhere = words(&mut luis, "palabra");
    luis.send(&everywhere);
    let there = words(&mut luis, "palabra");
    luis.send(&Search { room: Some(room), ..there.clone() });
    rig.settle();
    ana.remove(room, LUIS);
    rig.settle_with(&mut ana);
    rig.log().release_answers();
    rig.settle_with(&mut luis);
    let hits = luis.take::<Hits>();
    assert_eq!((hits.request, hits.below), (everywhere.request, None));
    assert_eq!(hits.hits.iter().map(|hit| text(&hit.entry)).collect::<Vec<_>>(), ["la palabra de todos"]);
    let error = luis.take::<Error>();
    assert_eq!((error.request, error.code), (Some(there.request), ErrorCode::NO_ROOM));
    // Whoever comes back finds it again.
    ana.invite(room, LUIS);
    rig.settle_with(&mut ana);
    let search = words(&mut luis, "palabra");
    let hits = ask(&mut rig, &mut luis, &search);
    assert_eq!(hits.hits.len(), HITS_MAX);
}

#[test]
fn what_is_erased_is_not_found_even_while_the_index_has_it() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "la palabra");
    ana.say(GENERAL, "otra palabra");
    rig.settle_with(&mut ana);
    rig.log().hold_derived();
    ana.delete(GENERAL, 1);
    rig.settle_with(&mut ana);
    assert_eq!(found(&mut rig, &mut luis, "palabra"), ["otra palabra"]);
    rig.log().release_derived();
    assert_eq!(found(&mut rig, &mut luis, "palabra"), ["otra palabra"]);
}

/// What was refused stands in the log, and in its index perhaps.
#[test]
fn what_was_refused_is_not_found() {
    let (mut rig, mut ana, mut luis) = two();
    ana.open_public("bauen");
    let room = rig.opened(&mut ana);
    rig.log().hold();
    luis.put(room, Kind::JOIN, None, NO_BODY.to_vec());
    rig.settle();
    luis.put(room, Kind::LEAVE, None, NO_BODY.to_vec());
    luis.say(room, "la palabra");
    rig.settle();
    rig.log().release_all();
    rig.settle_with(&mut luis);
    assert_eq!(luis.take::<Error>().code, ErrorCode::NOT_ALLOWED);
    assert_eq!(found(&mut rig, &mut ana, "palabra"), [""; 0]);
}

/// Goes on until all was looked through: every hit comes once, whatever the steps and the answers are.
#[track_caller]
fn all(rig: &mut Rig, client: &mut Client, asked: &Search) -> (usize, Vec<u64>) {
    let (mut below, mut seqs, mut answers) = (None, Vec::new(), 0);
    loop {
        let request: RequestId = client.new_request();
        let hits = ask(rig, client, &Search { request, below, ..asked.clone() });
        let weight = |hit: &tertulia_protocol::push::RoomEntry| {
            hit.entry.body.len() + hit.entry.mentions.as_ref().map_or(0, Vec::len) * MENTION_WEIGHT
        };
        let total: usize = hits.hits.iter().map(weight).sum();
        assert!(total <= PAGE_BODY_BYTES_MAX, "{total}");
        seqs.extend(hits.hits.iter().map(|hit| hit.entry.seq.0));
        answers += 1;
        assert!(answers < 1_000 && (hits.below.is_none() || hits.below < below || below.is_none()));
        match hits.below {
            Some(_) => below = hits.below,
            None => return (answers, seqs),
        }
    }
}

#[test]
fn many_hits_come_in_several_answers_and_each_once() {
    let (mut rig, mut ana, mut luis) = two();
    let fifty: Vec<UserId> = (1..=50).map(UserId).collect();
    let mut expected = Vec::new();
    for n in 0..240 {
        let is_hit = n % 3 != 0;
        let word = if is_hit { "aguja" } else { "paja" };
        // Some are heavy by their text, some by whom they mention.
        match n % 7 {
            0 => ana.say(GENERAL, &format!("{word} {}", "x".repeat(15_000))),
            1 => ana.say_to(GENERAL, &fifty, &format!("{word} {}", "y".repeat(4_000))),
            _ => ana.say_to(GENERAL, &fifty, &format!("{word} {}", "z".repeat(500))),
        };
        rig.settle_with(&mut ana);
        if is_hit {
            expected.insert(0, rig.turn.chat().position().0);
        }
    }
    let search = words(&mut luis, "aguja");
    let (answers, seqs) = all(&mut rig, &mut luis, &search);
    assert_eq!(seqs, expected);
    assert!((4..40).contains(&answers), "{answers}");
    // With little time a step, the server goes on by itself for a while.
    for step in [1, 3, 7] {
        rig.log().limit_search(step);
        let (_, seqs) = all(&mut rig, &mut luis, &search);
        assert_eq!(seqs, expected);
    }
}

#[test]
fn a_search_that_finds_nothing_for_long_says_where_to_go_on() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "aguja");
    for n in 0..400 {
        ana.say(GENERAL, "paja");
        if n % 50 == 0 {
            rig.settle_with(&mut ana);
        }
    }
    rig.settle_with(&mut ana);
    rig.log().limit_search(10);
    let search = words(&mut luis, "aguja");
    let hits = ask(&mut rig, &mut luis, &search);
    assert_eq!(hits.hits, []);
    assert!(hits.below.is_some(), "twenty steps of ten are not all of them");
    let (answers, seqs) = all(&mut rig, &mut luis, &search);
    assert_eq!((answers, seqs.len()), (3, 1));
    // And another of its requests waits no longer than that.
    rig.turn.check_invariants();
}

/// They counted as questions in flight, of which 256 leave all frames unread: one person's searches stopped the chat.
#[test]
fn hundreds_of_searches_of_one_person_keep_nobody_else_waiting() {
    let (mut rig, mut ana, mut luis) = two();
    ana.say(GENERAL, "la palabra");
    rig.settle_with(&mut ana);
    let device = luis.device.number();
    let mut desks: Vec<Client> = (0..80).map(|_| rig.login_again(device).0).collect();
    rig.log().hold_answers();
    for desk in &mut desks {
        for _ in 0..4 {
            let search = words(desk, "palabra");
            desk.send(&search);
        }
    }
    rig.settle();
    assert_eq!(rig.log().held_answers(), 2, "few are in the log at once");
    [&mut ana, &mut luis].into_iter().for_each(|client| drop(client.received()));
    ana.say(GENERAL, "sigue la charla");
    rig.settle();
    ana.take::<Placed>();
    // Those who go take theirs along.
    for desk in desks.drain(40..) {
        desk.wire.reset();
    }
    rig.settle();
    let search = words(&mut ana, "palabra");
    ana.send(&search);
    let mut before = 0;
    while ana.all::<Hits>().is_empty() {
        before += 1;
        rig.log().release_answers();
        rig.log().hold_answers();
        rig.settle();
    }
    assert!(before <= 3, "{before} rounds of searches came before it");
    rig.log().release_answers();
    rig.settle();
    assert_eq!(desks.iter_mut().map(|desk| desk.all::<Hits>().len()).sum::<usize>(), 160);
}
