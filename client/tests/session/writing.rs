//! What is written: again after a cut, in order, once.

use std::time::Duration;

use crate::support::{GENERAL, Rig, entry, row, settled};
use tertulia_client::session::Event;
use tertulia_protocol::{Cid, ClientFrame, ErrorCode, Kind, limits, reply, request};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

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
    // A full disk is looked at every five seconds; asked more often, the server would answer the same again and again.
    let cases = [(ErrorCode::FAILED, Duration::ZERO, SECOND), (ErrorCode::READ_ONLY, 4_999 * MILLI, 5_500 * MILLI)];
    for (code, not_before, by_then) in cases {
        let mut rig = Rig::live();
        let cids: Vec<Cid> = (0..3).map(|i| rig.write(&i.to_string())).collect();
        let writes: Vec<request::Write> = (0..3).map(|_| rig.next_write()).collect();
        rig.place(writes[0].request, 1);
        rig.refuse(Some(writes[1].request), code);
        let later = rig.write("meanwhile");
        assert!(rig.sent.is_empty(), "nothing is sent while the server stores nothing");
        rig.pass(not_before);
        assert!(rig.sent.is_empty(), "{code}: not so soon");
        rig.pass(by_then - not_before);
        assert_eq!(rig.next_sent(), ClientFrame::Resend(request::Resend {}));
        let again: Vec<request::Write> = (0..3).map(|_| rig.next_write()).collect();
        assert_eq!(again.iter().map(|write| write.cid).collect::<Vec<_>>(), [cids[1], cids[2], later]);

        // The answer to the first sending of the third, given before the server saw the Resend.
        rig.refuse(Some(writes[2].request), code);
        rig.pass(6 * SECOND);
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
