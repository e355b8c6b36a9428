//! What others write, for scripts, without a store: live, by pages, and what was missed in between.

use crate::support::{GENERAL, Rig, config, entry, row, user};
use tertulia_client::session::{Config, Event, History};
use tertulia_protocol::{ClientFrame, Rseq, Seq, limits, push};

fn script() -> Config {
    Config { history: History::Last(0), ..config() }
}

#[test]
fn a_gap_is_proved_pulled_and_counted() {
    let mut rig = Rig::live_with(script());
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
    let mut rig = Rig::live_with(script());
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
fn people_are_paged_before_entries_are_told() {
    let mut rig = Rig::new(Config { history: History::From(Rseq(1)), ..config() });
    rig.start();
    rig.log_in();
    rig.answer_sync(vec![row(1)], vec![user(2, "ana"), user(3, "luis")], true);
    let ClientFrame::Sync(again) = &rig.sent[0] else { panic!("not a Sync") };
    assert_eq!((again.since, again.after.as_deref()), (Seq(0), Some(&[7][..])));
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
    assert_eq!(order, ["users", "users", "entries", "synced"]);
    assert_eq!(rig.told_places(), [1, 2]);
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
    let mut rig = Rig::live_with(Config { history: History::From(Rseq(1)), ..config() });
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
