//! Rooms with a store behind: what somebody looks at is pulled, and no more; gaps, later words, marks, signals, questions.

use std::time::Duration;

use crate::support::{GENERAL, ME, OTHER, Rig, config, entry, row, synced};
use tertulia_client::session::{Answer, Ask, Event, Search, Write};
use tertulia_protocol::{ClientFrame, Entry, ErrorCode, Kind, RoomId, Rseq, Seq, push, reply, request};

const SECOND: Duration = Duration::from_secs(1);

fn room_row(id: u64, head: u64) -> reply::RoomRow {
    reply::RoomRow { room: RoomId(id), name: format!("room {id}"), ..row(head) }
}

fn edit(rseq: u64, target: u64) -> Entry {
    Entry { kind: Kind::EDIT, target: Some(Rseq(target)), ..entry(rseq) }
}

#[track_caller]
fn next_pull(rig: &mut Rig) -> request::Pull {
    let ClientFrame::Pull(pull) = rig.next_sent() else { unreachable!("the next frame is a Pull") };
    pull
}

fn page(rig: &mut Rig, pull: &request::Pull, entries: Vec<Entry>, head: u64, later: Vec<Entry>) {
    let later = (!later.is_empty()).then_some(later);
    rig.receive(&reply::Page {
        request: pull.request,
        room: pull.room,
        entries,
        head: Rseq(head),
        later,
        cut: None,
        from: None,
    });
}

#[test]
fn a_month_away_with_200_rooms_pays_for_what_is_opened() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    let mut rooms = vec![row(1_000)];
    rooms.extend((2..=200).map(|id| room_row(id, 5_000)));
    rig.answer_sync(rooms, vec![], false);
    let pull = next_pull(&mut rig);
    assert_eq!((pull.room, pull.from, pull.to), (GENERAL, Rseq(951), Rseq(1_000)));
    page(&mut rig, &pull, (951..=1_000).map(entry).collect(), 1_000, vec![]);
    assert!(rig.sent.is_empty(), "the other 199 cost their rows");
    assert_eq!(rig.events.pop_back(), Some(Event::SyncedOnce));

    rig.session.open(rig.now, RoomId(7));
    rig.collect();
    let pull = next_pull(&mut rig);
    assert_eq!((pull.room, pull.from, pull.to, pull.later_only), (RoomId(7), Rseq(4_951), Rseq(5_000), None));
}

#[test]
fn a_live_gap_is_counted_told_around_and_repaired() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.live_entry(4);
    assert_eq!(rig.told_places(), [1, 4], "what is here is shown, at its place");
    assert_eq!(rig.session.counters().gaps, 1);
    rig.live_entry(5);
    rig.answer_pull(2, 3, 3);
    rig.answer_pull(2, 2, 2);
    assert_eq!(rig.told_places(), [5, 3, 2]);
    assert!(rig.sent.is_empty());
    assert_eq!(rig.session.counters().gaps, 1);
}

#[test]
fn after_an_absence_the_newest_page_comes_first_and_a_long_gap_stays() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    for (head, gap_is_pulled) in [(150, true), (1_000, false)] {
        rig.cut();
        rig.wait_for_connect();
        rig.log_in();
        rig.answer_sync(vec![row(head)], vec![], false);
        let pull = next_pull(&mut rig);
        assert_eq!((pull.from, pull.to), (Rseq(head - 49), Rseq(head)));
        page(&mut rig, &pull, (head - 49..=head).map(entry).collect(), head, vec![]);
        if gap_is_pulled {
            rig.answer_pull(2, head - 50, 2);
        }
        assert!(rig.sent.is_empty(), "{:?}", rig.sent);
    }
    assert_eq!(rig.session.counters().gaps, 0, "an absence is not a gap");
    rig.told_places();
    // Somebody reads back over the gap: what is kept of the range comes at once, what is missing by pages.
    rig.session.show(rig.now, GENERAL, Rseq(141), Rseq(160));
    rig.collect();
    assert_eq!(rig.told_places(), (141..=150).collect::<Vec<_>>());
    rig.answer_pull(151, 160, 151);
    assert_eq!(rig.told_places(), (151..=160).collect::<Vec<_>>());
}

#[test]
fn what_is_kept_below_a_gap_is_asked_after_when_it_is_shown() {
    let mut rig = Rig::live();
    (1..=3).for_each(|rseq| rig.live_entry(rseq));
    rig.session.close(GENERAL);
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.answer_sync(vec![row(900)], vec![], false);
    assert!(rig.sent.is_empty());
    rig.session.show(rig.now, GENERAL, Rseq(1), Rseq(3));
    rig.collect();
    rig.events.clear();
    let pull = next_pull(&mut rig);
    assert_eq!((pull.from, pull.to, pull.later_only), (Rseq(1), Rseq(3), Some(true)));
    let later = vec![edit(500, 2)];
    page(&mut rig, &pull, vec![], 900, later.clone());
    assert_eq!(rig.events.pop_front(), Some(Event::Later { room: GENERAL, entries: later.clone() }));
    assert!(rig.sent.is_empty(), "known up to the head");

    // Kept, and told again with what is kept; the gap above is still one.
    rig.session.show(rig.now, GENERAL, Rseq(1), Rseq(3));
    rig.collect();
    let told = Event::Entries { room: GENERAL, entries: (1..=3).map(entry).collect(), later };
    assert_eq!(rig.next_event(), told);
    assert!(rig.sent.is_empty());
}

#[test]
fn later_words_that_do_not_fit_into_a_page_are_asked_for_again() {
    let mut rig = Rig::live();
    (1..=9).for_each(|rseq| rig.live_entry(rseq));
    rig.session.close(GENERAL);
    rig.receive(&push::Rooms { rooms: vec![row(900)] });
    rig.session.show(rig.now, GENERAL, Rseq(1), Rseq(9));
    rig.collect();
    let pull = next_pull(&mut rig);
    let later = Some(vec![edit(500, 7)]);
    let from = Some(Rseq(6));
    let short =
        reply::Page { request: pull.request, room: GENERAL, entries: vec![], head: Rseq(900), later, cut: None, from };
    rig.receive(&short);
    let rest = next_pull(&mut rig);
    assert_eq!((rest.from, rest.to, rest.later_only), (Rseq(1), Rseq(5), Some(true)));
    page(&mut rig, &rest, vec![], 900, vec![]);
    assert!(rig.sent.is_empty());
}

#[test]
fn a_page_with_what_was_said_later_is_known_to_its_head() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(1_000)], vec![], false);
    let pull = next_pull(&mut rig);
    page(&mut rig, &pull, (951..=1_000).map(entry).collect(), 1_000, vec![]);
    rig.session.show(rig.now, GENERAL, Rseq(100), Rseq(110));
    rig.collect();
    let pull = next_pull(&mut rig);
    page(&mut rig, &pull, (100..=110).map(entry).collect(), 1_000, vec![edit(200, 105)]);
    rig.live_entry(1_001);
    rig.session.show(rig.now, GENERAL, Rseq(100), Rseq(110));
    rig.collect();
    assert!(rig.sent.is_empty(), "nothing can have been said about it that we do not hold: {:?}", rig.sent);
}

#[test]
fn pulls_are_few_at_a_time() {
    let mut rig = Rig::live();
    rig.receive(&push::Rooms { rooms: (2..=20).map(|id| room_row(id, 10)).collect() });
    (2..=20).for_each(|id| rig.session.open(rig.now, RoomId(id)));
    rig.collect();
    for _ in 2..=20 {
        assert!((1..4).contains(&rig.sent.len()), "{}", rig.sent.len());
        let pull = next_pull(&mut rig);
        page(&mut rig, &pull, (1..=10).map(entry).collect(), 10, vec![]);
    }
    assert!(rig.sent.is_empty());
}

#[test]
fn who_reads_too_slowly_syncs_again_and_heartbeats_wait_for_it() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.receive(&push::Lagged { position: Seq(500) });
    rig.receive(&push::Heartbeat { position: Seq(501) });
    rig.live_entry(90);
    assert_eq!(rig.told_places(), [1], "its author may not be known yet");
    let sync = rig.answer_sync_with(reply::Synced { rooms: vec![row(89)], ..synced(500) });
    assert_eq!(sync.since, Seq(10));
    let pull = next_pull(&mut rig);
    assert_eq!((pull.from, pull.to), (Rseq(41), Rseq(89)));
    assert_eq!(rig.told_places(), [90]);
    page(&mut rig, &pull, (41..=89).map(entry).collect(), 90, vec![]);
    rig.answer_pull(2, 40, 2);
    assert_eq!((rig.session.counters().gaps, rig.session.counters().lagged), (0, 1));
    assert_eq!(rig.events.pop_back(), Some(Event::SyncedOnce));
}

#[test]
fn a_sync_that_a_lag_overtook_is_no_answer() {
    let mut rig = Rig::live();
    rig.receive(&push::Lagged { position: Seq(50) });
    rig.receive(&push::Lagged { position: Seq(60) });
    let ClientFrame::Sync(first) = rig.next_sent() else { panic!("not a Sync") };
    rig.receive(&reply::Synced { request: first.request, ..synced(55) });
    rig.live_entry(1);
    assert!(rig.told_places().is_empty());
    rig.answer_sync_with(reply::Synced { rooms: vec![row(0)], ..synced(61) });
    assert_eq!(rig.told_places(), [1]);
}

#[test]
fn who_joins_in_the_middle_of_a_sync_is_not_taken_for_gone() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    rig.answer_sync_with(reply::Synced { rooms: vec![row(0), room_row(9, 1)], next: Some(vec![1]), ..synced(10) });
    rig.receive(&push::Rooms { rooms: vec![room_row(7, 1)] });
    rig.answer_sync_with(reply::Synced { rooms: vec![room_row(12, 1)], ..synced(11) });
    assert!(rig.rows.iter().all(|state| !state.gone));
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    let sync = rig.answer_sync_with(reply::Synced { gone: Some(vec![RoomId(9)]), ..synced(20) });
    assert_eq!(sync.since, Seq(10), "C is the position of the first answer");
    assert!(rig.rows.last().is_some_and(|state| state.gone && state.row.room == RoomId(9)));
}

#[test]
fn a_burst_is_told_together() {
    let mut rig = Rig::live();
    for rseq in 1..=100 {
        let bytes = tertulia_protocol::encode(&push::RoomEntry { room: GENERAL, entry: entry(rseq) });
        let mut decoder = tertulia_protocol::FrameDecoder::new(usize::MAX);
        let mut frames = decoder.feed(&bytes);
        rig.session.receive(rig.now, frames.next().unwrap().unwrap());
    }
    assert_eq!(rig.session.events_waiting(), 2, "the entries, and how the room stands now");
    rig.kept.clear();
    rig.rows.clear();
    rig.collect();
    assert_eq!((rig.told_places().len(), rig.rows.len(), rig.rows[0].row.head), (100, 1, Rseq(100)));
    let rows = rig.kept.iter().filter(|change| matches!(change, tertulia_client::session::Change::Room(_))).count();
    assert_eq!(rows, 1, "only the last row is worth keeping");
}

#[test]
fn who_is_put_out_keeps_what_is_here_and_asks_for_nothing() {
    let mut rig = Rig::live();
    rig.receive(&push::Rooms { rooms: vec![room_row(7, 2)] });
    rig.session.open(rig.now, RoomId(7));
    rig.collect();
    let pull = next_pull(&mut rig);
    page(&mut rig, &pull, vec![entry(1), entry(2)], 2, vec![]);
    rig.receive(&push::Gone { room: RoomId(7) });
    assert!(rig.rows.last().is_some_and(|state| state.gone && state.row.room == RoomId(7)));
    rig.events.clear();
    rig.session.show(rig.now, RoomId(7), Rseq(1), Rseq(2));
    rig.collect();
    let kept = Event::Entries { room: RoomId(7), entries: vec![entry(1), entry(2)], later: vec![] };
    assert_eq!(rig.next_event(), kept);
    assert!(rig.sent.is_empty());
    rig.receive(&push::Rooms { rooms: vec![room_row(7, 3)] });
    assert!(rig.rows.last().is_some_and(|state| !state.gone));
    rig.answer_sync(vec![], vec![], false);
    assert_eq!(next_pull(&mut rig).to, Rseq(3));
}

#[test]
fn rows_follow_live_entries() {
    let mut rig = Rig::live();
    let live = |rig: &mut Rig, entry: Entry| rig.receive(&push::RoomEntry { room: GENERAL, entry });
    live(&mut rig, Entry { mentions: Some(vec![ME]), ..entry(1) });
    live(&mut rig, entry(2));
    let topic = tertulia_protocol::entry::TopicBody { topic: Some("tea".to_owned()) }.to_bytes();
    live(&mut rig, Entry { kind: Kind::ROOM_TOPIC, body: topic, count: 2, ..entry(3) });
    let state = rig.rows.last().unwrap();
    assert_eq!((state.unread(), state.mentions(), state.row.topic.as_deref()), (2, 1, Some("tea")));
    rig.receive(&push::Marked { room: GENERAL, rseq: Rseq(2), count: 2, mentions: 0 });
    let state = rig.rows.last().unwrap();
    assert_eq!((state.unread(), state.mentions(), state.read), (0, 0, Rseq(2)));
    live(&mut rig, Entry { author: ME, count: 3, ..entry(4) });
    let state = rig.rows.last().unwrap();
    assert_eq!((state.unread(), state.read), (0, Rseq(4)), "who writes has read what stands above");
}

#[test]
fn what_was_read_without_a_connection_is_said_on_the_next() {
    let mut rig = Rig::live();
    (1..=5).for_each(|rseq| rig.live_entry(rseq));
    rig.session.mark(rig.now, GENERAL, Rseq(2));
    rig.session.mark(rig.now, GENERAL, Rseq(1));
    rig.collect();
    assert_eq!(rig.next_sent(), ClientFrame::Mark(request::Mark { room: GENERAL, rseq: Rseq(2) }));
    assert!(rig.sent.is_empty(), "the greatest wins");
    rig.receive(&push::Marked { room: GENERAL, rseq: Rseq(2), count: 2, mentions: 0 });
    rig.cut();
    rig.session.mark(rig.now, GENERAL, Rseq(4));
    rig.collect();
    rig.restart();
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    assert_eq!(rig.next_sent(), ClientFrame::Mark(request::Mark { room: GENERAL, rseq: Rseq(4) }));
}

#[test]
fn typing_is_said_every_three_seconds_and_away_on_each_connection() {
    let mut rig = Rig::live();
    for _ in 0..20 {
        rig.session.typing(rig.now, GENERAL);
        rig.collect();
        rig.advance(SECOND / 2);
    }
    let typing = ClientFrame::Typing(request::Typing { room: GENERAL });
    assert_eq!(rig.sent.iter().filter(|frame| **frame == typing).count(), 4);
    rig.sent.clear();
    rig.session.set_away(rig.now, true);
    rig.session.set_away(rig.now, true);
    rig.collect();
    let away = ClientFrame::Away(request::Away { away: true });
    assert!(rig.sent.drain(..).eq([away.clone()]));
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    assert_eq!(rig.next_sent(), away);
    rig.answer_sync(vec![], vec![], false);
    rig.receive(&push::Typing { room: GENERAL, users: vec![OTHER] });
    assert_eq!(rig.events.pop_back(), Some(Event::Typing { room: GENERAL, users: vec![OTHER] }));
    rig.receive(&push::Notice { what: push::NOTICE_READ_ONLY, on: true });
    assert_eq!(rig.events.pop_back(), Some(Event::Notice { what: 1, on: true }));
}

#[test]
fn questions_are_asked_once_and_always_answered() {
    let mut rig = Rig::live();
    rig.session.ask(rig.now, 1, Ask::Members { room: GENERAL, after: None });
    rig.session.ask(rig.now, 2, Ask::Search(Search { words: "tea".to_owned(), ..Search::default() }));
    rig.session.ask(rig.now, 3, Ask::Browse { after: None });
    rig.collect();
    let ClientFrame::Members(members) = rig.next_sent() else { panic!("not a Members") };
    let ClientFrame::Search(search) = rig.next_sent() else { panic!("not a Search") };
    let ClientFrame::Browse(_) = rig.next_sent() else { panic!("not a Browse") };
    assert_eq!((search.words.as_str(), search.has_link), ("tea", None));
    let rows = vec![reply::MemberRow { user: ME, role: 2 }];
    rig.receive(&reply::MemberList { request: members.request, room: GENERAL, members: rows.clone(), more: false });
    let answer = Answer::Members { room: GENERAL, members: rows, more: false };
    assert_eq!(rig.next_event(), Event::Answer { token: 1, answer });
    rig.refuse(Some(search.request), ErrorCode::BAD_REQUEST);
    let answer = Answer::Refused { code: ErrorCode::BAD_REQUEST, params: vec![] };
    assert_eq!(rig.next_event(), Event::Answer { token: 2, answer });
    rig.cut();
    assert_eq!(rig.next_event(), Event::Answer { token: 3, answer: Answer::Cut });
    rig.events.clear();
    rig.session.ask(rig.now, 4, Ask::Browse { after: None });
    rig.collect();
    assert_eq!(rig.next_event(), Event::Answer { token: 4, answer: Answer::Cut });
}

#[test]
fn a_write_travels_with_target_and_mentions() {
    let mut rig = Rig::live();
    rig.session.write(rig.now, Write::message(GENERAL, "yes", Some(Rseq(3)), vec![OTHER]));
    rig.session.write(rig.now, Write::react(GENERAL, Rseq(3), "❤", true));
    rig.collect();
    let (message, reaction) = (rig.next_write(), rig.next_write());
    assert_eq!((message.target, message.mentions), (Some(Rseq(3)), Some(vec![OTHER])));
    assert_eq!((reaction.kind, reaction.target, reaction.mentions), (Kind::REACT, Some(Rseq(3)), None));
}
