//! What makes no sense ends a connection and nothing else.

use std::time::Duration;

use crate::support::{GENERAL, Rig, config, entry, row};
use tertulia_client::session::{Config, Event, History, Nonsense, Why};
use tertulia_protocol::{ClientFrame, Rseq, push, reply};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn nonsense_ends_the_connection_and_nothing_else() {
    let page = |request, entries| reply::Page {
        request,
        room: GENERAL,
        entries,
        head: Rseq(9),
        later: None,
        cut: None,
        from: None,
    };
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
        for history in [History::Kept, History::Last(5), History::Last(u64::MAX), History::From(Rseq(u64::MAX))] {
            let mut rig = Rig::new(Config { history, ..config() });
            rig.start();
            rig.log_in();
            rig.answer_sync(vec![row(head)], vec![], false);
            rig.live_entry(u64::MAX);
            rig.pass(SECOND);
        }
    }
}
