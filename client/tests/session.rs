//! The session against a scripted server: every frame that it sends, every event that it tells, under a virtual clock.

#[cfg(test)]
mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::{GENERAL, ME, OTHER, Rig, body, config, entry, row, settled, user};
use tertulia_client::session::{Config, Event, History, Nonsense, StopCode, Why};
use tertulia_protocol::{
    Cid, ClientFrame, DeviceId, ErrorCode, Kind, Rseq, Seq, UserId, handshake, limits, push, reply, request,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_happy_path_frame_by_frame() {
    let mut rig = Rig::new(config());
    rig.start();
    assert_eq!((rig.connects, rig.next_event()), (1, Event::Connecting { attempt: 1 }));

    let hello = rig.hello();
    assert_eq!(hello.versions, [1]);
    assert_eq!(hello.device_key, config().device.public());
    assert_eq!(hello.agent.as_deref(), Some("test"));

    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    assert_eq!(rig.pins, [rig.server_key()]);
    let signed = handshake::login_bytes(&challenge.server_key, &challenge.nonce, b"", Some("ana"));
    let signature = config().device.sign(&signed).unwrap();
    assert_eq!(rig.next_sent(), ClientFrame::Prove(request::Prove { signature, name: Some("ana".to_owned()) }));

    rig.receive(&Rig::welcome(10, 1));
    let server_key = rig.server_key();
    assert_eq!(
        rig.next_event(),
        Event::LoggedIn { user: ME, device: DeviceId(2), name: "ana".to_owned(), server_key, encrypted: false }
    );
    rig.answer_sync(vec![row(3)], vec![user(2, "ana"), user(3, "luis")], false);
    assert_eq!(rig.next_event(), Event::Users(vec![(ME, "ana".to_owned()), (OTHER, "luis".to_owned())]));
    assert_eq!(rig.next_event(), Event::Room { id: GENERAL, name: "general".to_owned(), head: Rseq(3), count: 3 });
    rig.answer_pull(1, 3, 1);
    assert_eq!(rig.told_places(), [1, 2, 3]);
    assert_eq!(rig.next_event(), Event::SyncedOnce);

    rig.live_entry(4);
    rig.live_entry(5);
    assert_eq!(rig.told_places(), [4, 5]);
    let presence = push::Presence { online: 2, whole: Some(vec![ME, OTHER]), came: None, went: None };
    rig.receive(&presence);
    assert_eq!(rig.next_event(), Event::Presence(presence));

    let cid = rig.write("hello");
    let write = rig.next_write();
    assert_eq!((write.cid, write.room, write.kind, write.body), (cid, GENERAL, Kind::MESSAGE, body("hello")));
    rig.place(write.request, 6);
    assert_eq!(rig.next_event(), settled(cid, 6));
    rig.live_entry(6);
    assert_eq!(rig.told_places(), [6]);
    assert!(rig.sent.is_empty() && rig.events.is_empty());
    assert_eq!(rig.session.counters().gaps, 0);
}

// Who the server is.

#[test]
fn a_server_without_the_key_that_it_shows_is_left_before_anything_is_signed() {
    let mut rig = Rig::new(config());
    rig.start();
    let hello = rig.hello();
    let mut challenge = rig.challenge(&hello);
    challenge.signature.0[7] ^= 1;
    rig.receive(&challenge);
    rig.check_stopped(StopCode::ServerKeyUnproved, 1);
    assert!(rig.sent.is_empty());
    assert!(rig.pins.is_empty());
}

#[test]
fn a_signature_for_another_caller_does_not_count() {
    let mut rig = Rig::new(config());
    rig.start();
    let mut hello = rig.hello();
    hello.nonce.0[0] ^= 1;
    let replayed = rig.challenge(&hello);
    rig.receive(&replayed);
    rig.check_stopped(StopCode::ServerKeyUnproved, 1);
    assert!(rig.sent.is_empty());
}

#[test]
fn a_changed_key_stops_until_a_person_trusts_it() {
    let mut rig = Rig::live();
    let old_key = rig.server_key();
    rig.cut();
    rig.wait_for_connect();
    rig.use_server_key([9; 32]);
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.events.clear();
    rig.receive(&challenge);
    let new_key = rig.server_key();
    let params = vec![old_key.to_string(), new_key.to_string()];
    assert_eq!(rig.next_event(), Event::Stopped { code: StopCode::ServerKeyChanged, params });
    assert_eq!(rig.session.deadline(), None);
    assert_eq!(rig.pins, [old_key], "pinned at the first visit, and not since");

    rig.session.trust_server_key(rig.now, new_key);
    rig.collect();
    assert_eq!(rig.pins, [old_key, new_key]);
    rig.log_in();
    assert!(matches!(rig.next_sent(), ClientFrame::Sync(_)));
}

#[test]
fn a_refused_login_waits_for_a_person() {
    let mut rig = Rig::new(config());
    rig.start();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    assert!(matches!(rig.next_sent(), ClientFrame::Prove(_)));
    rig.receive(&reply::Error {
        request: None,
        code: ErrorCode::NAME_TAKEN,
        params: Some(vec!["ana".to_owned()]),
        text: "taken".to_owned(),
    });
    rig.check_stopped(StopCode::Refused(ErrorCode::NAME_TAKEN), 1);
    rig.pass(Duration::from_secs(3_600));
    assert_eq!(rig.connects, 1);

    rig.session.log_in_as(rig.now, "eva".to_owned());
    rig.collect();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.sent.clear();
    rig.receive(&challenge);
    let ClientFrame::Prove(prove) = rig.next_sent() else { panic!("not a Prove") };
    assert_eq!(prove.name.as_deref(), Some("eva"));
}

#[test]
fn a_server_that_is_stopping_is_tried_again() {
    let mut rig = Rig::live();
    rig.refuse(None, ErrorCode::STOPPING);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Told(ErrorCode::STOPPING), .. }));
    rig.wait_for_connect();
}

// What was written.

#[test]
fn after_a_cut_all_unanswered_writes_go_again_in_order_under_their_names() {
    let mut rig = Rig::live();
    let cids: Vec<Cid> = (0..4).map(|i| rig.write(&format!("w{i}"))).collect();
    let first = rig.next_write();
    rig.place(first.request, 1);
    rig.sent.clear();
    rig.cut();
    let offline = rig.write("offline");
    assert!(rig.sent.is_empty(), "nobody is there to send to");
    rig.wait_for_connect();
    rig.log_in();
    rig.answer_sync(vec![row(2)], vec![], false);
    let again: Vec<Cid> = std::iter::from_fn(|| match rig.sent.pop_front() {
        Some(ClientFrame::Write(write)) => Some(write.cid),
        Some(ClientFrame::Pull(_)) | None => None,
        other => panic!("{other:?}"),
    })
    .collect();
    assert_eq!(again, [cids[1], cids[2], cids[3], offline]);
}

#[test]
fn no_more_than_64_writes_are_on_the_wire() {
    let mut rig = Rig::live();
    let cids: Vec<Cid> = (0..70).map(|i| rig.write(&i.to_string())).collect();
    assert_eq!(rig.sent.len(), limits::UNANSWERED_REQUESTS_MAX);
    assert_eq!(rig.session.unanswered(), (70, 64));
    for (rseq, cid) in (1..).zip(&cids) {
        let write = rig.next_write();
        assert_eq!(write.cid, *cid);
        rig.place(write.request, rseq);
        assert_eq!(rig.next_event(), settled(*cid, rseq));
    }
    assert_eq!(rig.session.unanswered(), (0, 0));
}

#[test]
fn what_was_not_stored_is_sent_again_behind_a_resend_after_a_wait() {
    for code in [ErrorCode::FAILED, ErrorCode::READ_ONLY] {
        let mut rig = Rig::live();
        let cids: Vec<Cid> = (0..3).map(|i| rig.write(&i.to_string())).collect();
        let writes: Vec<request::Write> = (0..3).map(|_| rig.next_write()).collect();
        rig.place(writes[0].request, 1);
        rig.refuse(Some(writes[1].request), code);
        let later = rig.write("meanwhile");
        assert!(rig.sent.is_empty(), "nothing is sent while the server stores nothing");
        rig.pass(SECOND);
        assert_eq!(rig.next_sent(), ClientFrame::Resend(request::Resend {}));
        let again: Vec<request::Write> = (0..3).map(|_| rig.next_write()).collect();
        assert_eq!(again.iter().map(|write| write.cid).collect::<Vec<_>>(), [cids[1], cids[2], later]);

        // The answer to the first sending of the third, given before the server saw the Resend.
        rig.refuse(Some(writes[2].request), code);
        rig.pass(SECOND);
        assert!(rig.sent.is_empty(), "an answer from before does not start it all over");

        for (rseq, write) in (2..).zip(&again) {
            rig.place(write.request, rseq);
        }
        rig.events.retain(|event| matches!(event, Event::Settled { .. } | Event::WriteRefused { .. }));
        assert_eq!(rig.events, [settled(cids[0], 1), settled(cids[1], 2), settled(cids[2], 3), settled(later, 4)]);
        assert_eq!(rig.session.counters().resends, 1);
    }
}

#[test]
fn a_refusal_drops_the_write_and_no_other() {
    let mut rig = Rig::live();
    let bad = rig.write("bad");
    let good = rig.write("good");
    let (first, second) = (rig.next_write(), rig.next_write());
    rig.receive(&reply::Error {
        request: Some(first.request),
        code: ErrorCode::BAD_TEXT,
        params: Some(vec!["why".to_owned()]),
        text: String::new(),
    });
    let params = vec!["why".to_owned()];
    assert_eq!(rig.next_event(), Event::WriteRefused { cid: bad, code: ErrorCode::BAD_TEXT, params });
    rig.place(second.request, 1);
    assert_eq!(rig.next_event(), settled(good, 1));
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    assert!(rig.sent.is_empty(), "nothing is left to send");
}

#[test]
fn what_no_server_would_take_is_refused_here() {
    let mut rig = Rig::live();
    let cid = rig.session.send(rig.now, GENERAL, Kind::MESSAGE, vec![0; limits::BODY_BYTES_MAX + 1]);
    rig.collect();
    let params = Vec::new();
    assert_eq!(rig.next_event(), Event::WriteRefused { cid, code: ErrorCode::BAD_TEXT, params });
    assert!(rig.sent.is_empty());
}

#[test]
fn an_own_entry_in_a_page_settles_the_write_once() {
    let mut rig = Rig::live();
    let cid = rig.write("hello");
    rig.sent.clear();
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.events.clear();
    rig.answer_sync(vec![row(1)], vec![], false);
    let again = rig.next_write();
    let ClientFrame::Pull(pull) = rig.next_sent() else { panic!("not a Pull") };
    let mut own = entry(1);
    own.cid = Some(cid);
    rig.page(pull.request, vec![own]);
    rig.place(again.request, 1);
    rig.events.retain(|event| matches!(event, Event::Settled { .. }));
    assert_eq!(rig.events, [settled(cid, 1)]);
}

// What others write.

#[test]
fn a_gap_is_proved_pulled_and_counted() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.live_entry(4);
    rig.live_entry(5);
    assert_eq!(rig.told_places(), [1], "nothing is told across a gap");
    rig.answer_pull(2, 3, 3);
    assert_eq!(rig.told_places(), [] as [u64; 0], "its beginning is still missing");
    rig.live_entry(6);
    rig.answer_pull(2, 2, 2);
    assert_eq!(rig.told_places(), [2, 3, 4, 5, 6]);
    assert_eq!(rig.session.counters().gaps, 1);
    rig.live_entry(6);
    rig.live_entry(3);
    assert!(rig.told_places().is_empty(), "nothing is told twice");
    assert!(rig.sent.is_empty());
}

#[test]
fn after_a_cut_what_was_missed_is_pulled_from_the_last_place() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.told_places();
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.live_entry(8);
    assert!(rig.told_places().is_empty(), "its author may not be known yet");
    rig.answer_sync(vec![row(7)], vec![user(3, "luis")], false);
    rig.answer_pull(2, 7, 5);
    rig.answer_pull(2, 4, 2);
    assert_eq!(rig.told_places(), [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(rig.events.pop_back(), Some(Event::SyncedOnce));
    assert_eq!(rig.session.counters().gaps, 0, "an absence is not a gap");
}

#[test]
fn after_a_long_absence_the_newest_page_comes_first_and_the_old_region_goes() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.events.clear();
    rig.answer_sync(vec![row(202)], vec![], false);
    assert!(rig.events.contains(&Event::Reset { room: GENERAL }));
    rig.answer_pull(153, 202, 153);
    assert_eq!(rig.told_places(), (153..=202).collect::<Vec<_>>());

    rig.session.load_older(rig.now, GENERAL);
    rig.session.load_older(rig.now, GENERAL);
    rig.collect();
    rig.answer_pull(103, 152, 120);
    rig.answer_pull(103, 119, 103);
    assert_eq!(rig.told_places(), (120..=152).chain(103..=119).collect::<Vec<_>>());
    assert!(rig.sent.is_empty(), "asked twice while one was on its way is asked once");
}

#[test]
fn a_gap_of_200_is_pulled() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.answer_sync(vec![row(201)], vec![], false);
    rig.answer_pull(2, 201, 2);
    assert_eq!(rig.told_places(), (1..=201).collect::<Vec<_>>());
    assert!(!rig.events.contains(&Event::Reset { room: GENERAL }));
}

#[test]
fn older_pages_end_at_the_beginning_and_survive_a_cut() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(60)], vec![], false);
    rig.answer_pull(11, 60, 11);
    rig.session.load_older(rig.now, GENERAL);
    rig.collect();
    rig.sent.clear();
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    rig.told_places();
    rig.answer_pull(1, 10, 1);
    assert_eq!(rig.told_places(), (1..=10).collect::<Vec<_>>());
    rig.session.load_older(rig.now, GENERAL);
    rig.collect();
    assert!(rig.sent.is_empty(), "there is nothing before the first");
}

#[test]
fn people_are_paged_before_entries_are_told() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(1)], vec![user(2, "ana"), user(3, "luis")], true);
    let ClientFrame::Sync(again) = &rig.sent[0] else { panic!("not a Sync") };
    assert_eq!((again.since, again.users_after), (Seq(0), Some(UserId(3))));
    rig.live_entry(2);
    rig.answer_sync(vec![row(1)], vec![user(7, "eva")], false);
    rig.answer_pull(1, 1, 1);
    let order: Vec<&str> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Users(_) => Some("users"),
            Event::Entries { .. } => Some("entries"),
            Event::SyncedOnce => Some("synced"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["users", "users", "entries", "entries", "synced"]);
    assert_eq!(rig.told_places(), [2, 1], "what is live need not wait for what is older");
}

#[test]
fn the_sync_point_moves_by_syncs_and_heartbeats_only() {
    let mut rig = Rig::live();
    rig.receive(&push::Heartbeat { position: Seq(20) });
    rig.live_entry(1);
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    rig.receive(&push::Heartbeat { position: Seq(99) });
    let ClientFrame::Sync(sync) = &rig.sent[0] else { panic!("not a Sync") };
    assert_eq!(sync.since, Seq(20));
    rig.answer_sync(vec![], vec![], false);
    rig.cut();
    rig.wait_for_connect();
    rig.log_in();
    let ClientFrame::Sync(sync) = &rig.sent[0] else { panic!("not a Sync") };
    assert_eq!(sync.since, Seq(20), "a heartbeat while a Sync is unanswered does not count");
}

#[test]
fn another_log_starts_everything_anew() {
    let mut rig = Rig::live();
    rig.live_entry(1);
    rig.cut();
    rig.wait_for_connect();
    let hello = rig.hello();
    let challenge = rig.challenge(&hello);
    rig.receive(&challenge);
    rig.sent.clear();
    rig.events.clear();
    rig.receive(&Rig::welcome(5, 2));
    assert!(rig.events.contains(&Event::Reset { room: GENERAL }));
    let ClientFrame::Sync(sync) = &rig.sent[0] else { panic!("not a Sync") };
    assert_eq!(sync.since, Seq(0));
    rig.answer_sync(vec![row(1)], vec![], false);
    rig.answer_pull(1, 1, 1);
    assert_eq!(rig.told_places(), [1]);
}

#[test]
fn a_script_gets_everything_in_order_however_much_it_is() {
    for (history, first) in [(History::From(Rseq(1)), 1), (History::Last(450), 51), (History::From(Rseq(490)), 490)] {
        let mut rig = Rig::new(Config { history, ..config() });
        rig.start();
        rig.log_in();
        rig.answer_sync(vec![row(500)], vec![], false);
        rig.live_entry(501);
        while let Some(frame) = rig.sent.pop_front() {
            let ClientFrame::Pull(pull) = frame else { panic!("{frame:?}") };
            assert!(pull.to.0 - pull.from.0 < limits::PAGE_ENTRIES_MAX);
            let given = pull.from.0.max(pull.to.0.saturating_sub(90));
            rig.page(pull.request, (given..=pull.to.0).map(entry).collect());
        }
        assert_eq!(rig.told_places(), (first..=501).collect::<Vec<_>>());
    }
}

#[test]
fn a_script_that_wants_only_what_is_new_pulls_nothing() {
    let mut rig = Rig::new(Config { history: History::Last(0), ..config() });
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(500)], vec![], false);
    assert_eq!(rig.events.pop_back(), Some(Event::SyncedOnce));
    rig.live_entry(501);
    assert_eq!(rig.told_places(), [501]);
    assert!(rig.sent.is_empty());
}

// What makes no sense.

#[test]
fn nonsense_ends_the_connection_and_nothing_else() {
    let page = |request, entries| reply::Page { request, room: GENERAL, entries, head: Rseq(9) };
    let wrong_pages: [&dyn Fn(u64) -> Vec<tertulia_protocol::Entry>; 4] =
        [&|_| vec![], &|to| vec![entry(to - 1)], &|to| vec![entry(to - 2), entry(to)], &|to| {
            (0..=to).map(entry).collect()
        }];
    for wrong in wrong_pages {
        let mut rig = Rig::new(config());
        rig.start();
        rig.log_in();
        rig.answer_sync(vec![row(9)], vec![], false);
        let ClientFrame::Pull(pull) = rig.next_sent() else { panic!("not a Pull") };
        rig.events.clear();
        rig.receive(&page(pull.request, wrong(9)));
        assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Protocol(Nonsense::Page), .. }));
    }

    let mut rig = Rig::live();
    rig.receive(&push::RoomEntry { room: GENERAL, entry: entry(0) });
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Protocol(_), .. }));

    let mut rig = Rig::new(config());
    rig.start();
    rig.hello();
    rig.events.clear();
    rig.live_entry(1);
    let why = Why::Protocol(Nonsense::OutOfOrder);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: told, .. } if told == why));
}

#[test]
fn heads_and_places_beyond_reason_overflow_nothing() {
    for head in [u64::MAX, u64::MAX >> 1, 1 << 63] {
        for history in [History::Newest, History::Last(5), History::Last(u64::MAX), History::From(Rseq(u64::MAX))] {
            let mut rig = Rig::new(Config { history, ..config() });
            rig.start();
            rig.log_in();
            rig.answer_sync(vec![row(head)], vec![], false);
            rig.live_entry(u64::MAX);
            rig.pass(SECOND);
        }
    }
}

// Time.

#[test]
fn waits_grow_with_jitter_and_start_again_after_a_stable_login() {
    let mut rig = Rig::new(config());
    rig.start();
    let mut ceiling_ms = 250.0_f64;
    for attempt in 1..=20 {
        assert_eq!(rig.next_event(), Event::Connecting { attempt });
        rig.session.connect_failed(rig.now, Why::NotReached("refused".to_owned()));
        rig.collect();
        let Event::Disconnected { retry_in, .. } = rig.next_event() else { panic!("not told") };
        let bounds = Duration::from_millis(50)..=Duration::from_secs_f64(ceiling_ms / 1_000.0);
        assert!(bounds.contains(&retry_in), "{retry_in:?} at attempt {attempt}");
        assert_eq!(rig.wait_for_connect(), retry_in, "what is told is what is done");
        ceiling_ms = (ceiling_ms * 1.7).min(15_000.0);
    }
    rig.log_in();
    rig.events.clear();
    rig.cut();
    let Event::Disconnected { retry_in, .. } = rig.next_event() else { panic!("not told") };
    rig.pass(retry_in);
    assert_eq!(rig.next_event(), Event::Connecting { attempt: 22 }, "a login that does not last proves nothing");

    rig.log_in();
    rig.pass(11 * SECOND);
    rig.events.clear();
    rig.cut();
    let Event::Disconnected { retry_in, .. } = rig.next_event() else { panic!("not told") };
    assert!(retry_in <= Duration::from_millis(250));
    rig.pass(retry_in);
    assert_eq!(rig.next_event(), Event::Connecting { attempt: 1 });
}

#[test]
fn a_server_that_falls_over_at_each_login_is_not_stormed() {
    let mut rig = Rig::new(config());
    rig.start();
    let from = rig.now.mono;
    while rig.now.mono < from + Duration::from_secs(600) {
        rig.log_in();
        rig.sent.clear();
        rig.cut();
        rig.wait_for_connect();
    }
    assert!(rig.connects < 130, "{} attempts in ten minutes", rig.connects);
}

#[test]
fn heartbeats_go_out_and_silence_is_noticed() {
    let mut rig = Rig::live();
    rig.pass(19 * SECOND);
    assert!(rig.sent.is_empty());
    rig.pass(SECOND);
    assert_eq!(rig.next_sent(), ClientFrame::Heartbeat(request::Heartbeat {}));
    rig.receive(&push::Heartbeat { position: Seq(10) });
    rig.pass(54 * SECOND);
    assert_eq!(rig.sent.len(), 2);
    assert!(rig.events.is_empty());
    rig.pass(SECOND);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Silent, .. }));
}

#[test]
fn while_nobody_reads_silence_means_nothing() {
    let mut rig = Rig::live();
    rig.session.pause_reading(rig.now, true);
    rig.pass(300 * SECOND);
    assert!(rig.events.is_empty());
    assert_eq!(rig.sent.len(), 15, "the server still hears from us");
    rig.session.pause_reading(rig.now, false);
    rig.pass(56 * SECOND);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::Silent, .. }));
}

#[test]
fn a_login_that_does_not_come_to_an_end_is_given_up() {
    let mut rig = Rig::new(config());
    rig.start();
    rig.hello();
    rig.events.clear();
    rig.pass(16 * SECOND);
    assert!(matches!(rig.next_event(), Event::Disconnected { why: Why::LoginTimedOut, .. }));
}

#[test]
fn a_computer_that_slept_is_back_at_once_and_without_a_storm() {
    let mut rig = Rig::live();
    let cid = rig.write("before the lid closed");
    rig.sent.clear();
    rig.now.wall_ms += 3_600_000;
    rig.session.tick(rig.now);
    rig.collect();
    assert_eq!(rig.next_event(), Event::Disconnected { why: Why::Slept, retry_in: Duration::ZERO });
    assert!(matches!(rig.next_event(), Event::Connecting { .. }));
    assert_eq!((rig.connects, rig.closes), (2, 1));
    rig.log_in();
    rig.answer_sync(vec![], vec![], false);
    assert_eq!(rig.next_write().cid, cid);

    // The clock is being set to and fro, ten times a second, for a minute.
    for step in 0..600 {
        rig.now.wall_ms += if step % 2 == 0 { 60_000 } else { -60_000 };
        rig.pass(Duration::from_millis(100));
        rig.session.tick(rig.now);
        rig.collect();
        if matches!(rig.events.back(), Some(Event::Connecting { .. })) {
            rig.log_in();
            rig.events.clear();
        }
    }
    assert!(rig.connects <= 2 + 13, "{} attempts", rig.connects);
}

#[test]
fn a_leap_of_the_clock_ends_a_long_wait() {
    let mut rig = Rig::new(config());
    rig.start();
    for _ in 0..15 {
        rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
        rig.collect();
        rig.wait_for_connect();
    }
    rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
    rig.collect();
    let connects = rig.connects;
    rig.now.wall_ms += 60_000;
    rig.session.tick(rig.now);
    rig.collect();
    assert_eq!(rig.connects, connects + 1);
    rig.session.connect_failed(rig.now, Why::NotReached(String::new()));
    rig.collect();
    assert!(rig.session.deadline().is_some_and(|deadline| deadline > rig.now.mono), "and then it waits as before");
}

// Whatever happens.

#[derive(Clone, Debug)]
enum Step {
    Write,
    /// The server takes the oldest write that it has not seen on this connection.
    Take,
    /// The same, but the connection is cut before the answer gets out.
    TakeAndCut,
    Refuse,
    Fail,
    Cut,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Write),
        4 => Just(Step::Take),
        1 => Just(Step::TakeAndCut),
        1 => Just(Step::Refuse),
        1 => Just(Step::Fail),
        1 => Just(Step::Cut),
        2 => (0_u64..3_000).prop_map(Step::Pass),
    ]
}

/// A server that keeps its promises: order, no doubles, and nothing stored between a failure and `Resend`.
#[derive(Default)]
struct Server {
    log: Vec<Cid>,
    refused: Vec<Cid>,
    failing: bool,
}

impl Server {
    /// Handles the next frame that the session sent. `step` says how.
    fn handle(&mut self, rig: &mut Rig, step: &Step) {
        let Some(frame) = rig.sent.pop_front() else { return };
        let write = match frame {
            ClientFrame::Write(write) => write,
            ClientFrame::Resend(_) => {
                self.failing = false;
                return;
            }
            ClientFrame::Pull(pull) => {
                let entries = (pull.from.0..=pull.to.0).map(|rseq| self.entry(rseq)).collect();
                return rig.page(pull.request, entries);
            }
            _ => return,
        };
        let known = self.log.iter().position(|cid| *cid == write.cid);
        if let (None, Step::Fail) = (known, step) {
            self.failing = true;
        }
        if self.failing {
            return rig.refuse(Some(write.request), ErrorCode::FAILED);
        }
        if known.is_none() && (matches!(step, Step::Refuse) || self.refused.contains(&write.cid)) {
            self.refused.push(write.cid);
            return rig.refuse(Some(write.request), ErrorCode::BAD_TEXT);
        }
        let place = known.unwrap_or_else(|| {
            self.log.push(write.cid);
            self.log.len() - 1
        });
        let rseq = place as u64 + 1;
        if matches!(step, Step::TakeAndCut) {
            return self.reconnect(rig);
        }
        rig.place(write.request, rseq);
        if known.is_none() {
            rig.live_entry(rseq);
        }
    }

    fn entry(&self, rseq: u64) -> tertulia_protocol::Entry {
        let mut entry = entry(rseq);
        entry.cid = usize::try_from(rseq - 1).ok().and_then(|at| self.log.get(at)).copied();
        entry
    }

    fn reconnect(&mut self, rig: &mut Rig) {
        self.failing = false;
        rig.sent.clear();
        rig.cut();
        rig.wait_for_connect();
        rig.log_in();
        rig.answer_sync(vec![row(self.log.len() as u64)], vec![], false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_write_ends_exactly_once_and_the_order_is_kept(steps in prop::collection::vec(step(), 1..120)) {
        let mut rig = Rig::live();
        let mut server = Server::default();
        let mut written = Vec::new();
        for step in &steps {
            match step {
                Step::Write => written.push(rig.write(&written.len().to_string())),
                Step::Cut => server.reconnect(&mut rig),
                Step::Pass(ms) => rig.pass(Duration::from_millis(*ms)),
                take => server.handle(&mut rig, take),
            }
        }
        for _ in 0..10_000 {
            if rig.session.unanswered().0 == 0 && rig.sent.is_empty() {
                break;
            }
            server.handle(&mut rig, &Step::Take);
            rig.pass(Duration::from_millis(100));
        }
        prop_assert_eq!(rig.session.unanswered(), (0, 0));

        let ended: Vec<Cid> = rig.events.iter().filter_map(|event| match event {
            Event::Settled { cid, .. } | Event::WriteRefused { cid, .. } => Some(*cid),
            _ => None,
        }).collect();
        prop_assert_eq!(ended.len(), written.len(), "each ends once");
        for event in &rig.events {
            if let Event::Settled { cid, rseq, .. } = event {
                let at = usize::try_from(rseq.0 - 1).unwrap();
                prop_assert_eq!(server.log[at], *cid, "what is told is where it is");
            }
        }
        let stored: Vec<Cid> = written.iter().copied().filter(|cid| server.log.contains(cid)).collect();
        prop_assert_eq!(&stored, &server.log, "stored once each, in the order of writing");
        prop_assert_eq!(stored.len() + server.refused.len(), written.len());
        prop_assert_eq!(rig.told_places(), (1..=server.log.len() as u64).collect::<Vec<_>>());
    }
}
