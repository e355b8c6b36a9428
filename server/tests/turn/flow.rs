//! What happens when the log is slow or fails, and who waits then: nothing is lost, nothing overtakes, nothing grows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tertulia_protocol::{
    Cid, ErrorCode, RequestId, ServerFrame,
    reply::{Error, Placed, Synced},
    request,
};
use tertulia_server::log::FailureKind;

use crate::support::{Client, Rig, text};

#[test]
fn at_most_64_writes_wait_and_the_next_is_read_when_one_is_answered() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold();
    for _ in 0..100 {
        ana.write("hola");
    }
    rig.settle();
    assert_eq!(rig.log().waiting(), 64);
    rig.log().release(1);
    rig.settle();
    assert_eq!(rig.log().waiting(), 64);
    rig.log().release_all();
    rig.settle_with(&mut ana);
    assert_eq!(ana.all::<Placed>().len(), 100);
}

#[test]
fn a_full_desk_leaves_frames_unread_and_goes_on_where_it_stopped() {
    let mut rig = Rig::limited(|limits| limits.drafts_in_flight = 5);
    let mut clients: Vec<Client> = (0..4).map(|n| rig.login(&format!("u{n}"))).collect();
    rig.log().hold();
    for client in &mut clients {
        for n in 0..10 {
            client.write(&n.to_string());
        }
    }
    rig.settle();
    assert_eq!(rig.log().waiting(), 5);
    for _ in 0..4 {
        rig.log().release(2);
        rig.settle();
        assert_eq!(rig.log().waiting(), 5);
    }
    rig.log().release_all();
    rig.settle();
    for client in &mut clients {
        let frames = client.frames();
        assert_eq!(frames.iter().filter(|frame| matches!(frame, ServerFrame::Placed(_))).count(), 10);
    }
    assert_orders(&mut rig, &clients);
}

#[test]
fn a_desk_full_by_bytes_is_full() {
    let mut rig = Rig::limited(|limits| limits.draft_bytes_in_flight = 64 * 1024);
    let mut ana = rig.login("ana");
    rig.log().hold();
    for _ in 0..20 {
        ana.write(&"x".repeat(16_000));
    }
    rig.settle();
    assert_eq!(rig.log().waiting(), 5);
    rig.log().release_all();
    rig.settle_with(&mut ana);
    assert_eq!(ana.all::<Placed>().len(), 20);
}

#[test]
fn after_a_failure_every_write_fails_until_resend() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.log().fail(Some(FailureKind::Refused));
    let (_, first) = ana.write("uno");
    rig.settle();
    assert_eq!(ana.expect::<Error>().code, ErrorCode::FAILED);
    rig.log().fail(None);
    let (_, second) = ana.write("dos");
    luis.write("de luis");
    rig.settle();
    assert_eq!(ana.expect::<Error>().code, ErrorCode::FAILED, "ana's second word must not get ahead of the first");
    luis.expect::<Placed>();
    // Reading goes on all the while.
    ana.sync(tertulia_protocol::Seq(0));
    rig.settle();
    let frames = ana.frames();
    assert!(frames.iter().any(|frame| matches!(frame, ServerFrame::Synced(Synced { .. }))));
    ana.send(&request::Resend {});
    ana.write_as(first, "uno");
    ana.write_as(second, "dos");
    rig.settle();
    assert_eq!((ana.expect::<Placed>().rseq.0, ana.expect::<Placed>().rseq.0), (2, 3));
}

#[test]
fn the_first_reason_of_a_failure_is_the_one_that_is_repeated() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold();
    ana.write("uno");
    ana.write("dos");
    rig.settle();
    rig.log().fail(Some(FailureKind::DiskFull));
    rig.log().release_all();
    rig.settle();
    ana.expect_error(ErrorCode::READ_ONLY);
    // The log says of what was queued behind only that it was behind.
    ana.expect::<Error>();
    ana.write("tres");
    rig.settle();
    ana.expect_error(ErrorCode::READ_ONLY);
}

#[test]
fn a_new_connection_begins_without_the_failure() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().fail(Some(FailureKind::Refused));
    ana.write("uno");
    rig.settle();
    ana.expect_error(ErrorCode::FAILED);
    rig.log().fail(None);
    let (mut again, _) = rig.login_again(ana.device.number());
    again.write("dos");
    rig.settle();
    again.expect::<Placed>();
}

/// The texts of each client's entries are numbers that rise.
#[track_caller]
fn assert_orders(rig: &mut Rig, clients: &[Client]) {
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    let mut entries = 0;
    for entry in rig.log().entries().iter().filter(|entry| entry.room.0 == 1) {
        let body = tertulia_protocol::entry::MessageBody::from_bytes(&entry.body).unwrap();
        let number: u64 = body.text.parse().unwrap();
        if let Some(before) = last.insert(entry.author.0, number) {
            assert!(before < number, "author {}: {number} behind {before}", entry.author);
        }
        entries += 1;
    }
    assert!(entries > 0 && !clients.is_empty());
}

/// A client that writes numbers, resends what failed from the oldest on, and believes only acknowledgements.
struct Writer {
    client: Client,
    /// What is not acknowledged, oldest first, and the requests that wait for it.
    outbox: Vec<(Cid, u64)>,
    waiting: BTreeMap<RequestId, Cid>,
    failed: bool,
    written: u64,
}

impl Writer {
    fn write(&mut self) {
        self.written += 1;
        let cid = self.client.new_cid();
        self.outbox.push((cid, self.written));
        let request = self.client.write_as(cid, &self.written.to_string());
        self.waiting.insert(request, cid);
    }

    fn read(&mut self) {
        for frame in self.client.frames() {
            match frame {
                ServerFrame::Placed(Placed { request, .. }) => {
                    let cid = self.waiting.remove(&request).unwrap();
                    self.outbox.retain(|(other, _)| *other != cid);
                }
                ServerFrame::Error(Error { request, code, .. }) => {
                    assert!([ErrorCode::FAILED, ErrorCode::READ_ONLY].contains(&code), "{code}");
                    self.waiting.remove(&request.unwrap()).unwrap();
                    self.failed = true;
                }
                _ => {}
            }
        }
    }

    fn resend(&mut self) {
        if std::mem::take(&mut self.failed) {
            self.client.send(&request::Resend {});
            for (cid, number) in self.outbox.clone() {
                let request = self.client.write_as(cid, &number.to_string());
                self.waiting.insert(request, cid);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Write(usize),
    Resend(usize),
    Read(usize),
    Hold,
    Release(usize),
    ReleaseAll,
    Fail(FailureKind),
    Mend,
    Step,
    Settle,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..3_usize).prop_map(Act::Write),
        3 => (0..3_usize).prop_map(Act::Resend),
        3 => (0..3_usize).prop_map(Act::Read),
        2 => Just(Act::Hold),
        3 => (0..5_usize).prop_map(Act::Release),
        1 => Just(Act::ReleaseAll),
        1 => Just(Act::Fail(FailureKind::DiskFull)),
        1 => Just(Act::Fail(FailureKind::Refused)),
        2 => Just(Act::Mend),
        4 => Just(Act::Step),
        2 => Just(Act::Settle),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever fails and whenever: nobody's order is reversed, everything acknowledged is stored once, and in the end
    /// everything is.
    #[test]
    fn failures_reverse_nobodys_order(acts in prop::collection::vec(act(), 1..80)) {
        let mut rig = Rig::limited(|limits| limits.drafts_in_flight = 6);
        let mut writers: Vec<Writer> = (0..3)
            .map(|n| Writer {
                client: rig.login(&format!("u{n}")),
                outbox: Vec::new(),
                waiting: BTreeMap::new(),
                failed: false,
                written: 0,
            })
            .collect();
        for act in acts {
            match act {
                Act::Write(n) => writers[n].write(),
                Act::Resend(n) => writers[n].resend(),
                Act::Read(n) => writers[n].read(),
                Act::Hold => rig.log().hold(),
                Act::Release(count) => rig.log().release(count),
                Act::ReleaseAll => rig.log().release_all(),
                Act::Fail(why) => rig.log().fail(Some(why)),
                Act::Mend => rig.log().fail(None),
                Act::Step => rig.step(),
                Act::Settle => rig.settle(),
            }
        }
        rig.log().fail(None);
        rig.log().release_all();
        for _ in 0..10 {
            // Whether the disk has room again is asked every five seconds.
            rig.sleep(5_000);
            writers.iter_mut().for_each(|writer| { writer.read(); writer.resend(); });
        }
        for writer in &mut writers {
            prop_assert_eq!(&writer.outbox, &[]);
            prop_assert!(writer.waiting.is_empty());
        }
        let mut stored: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for entry in rig.log().entries().iter().filter(|entry| entry.room.0 == 1) {
            let body = tertulia_protocol::entry::MessageBody::from_bytes(&entry.body).unwrap();
            stored.entry(entry.author.0).or_default().push(body.text);
        }
        for (n, writer) in writers.iter().enumerate() {
            let expected: Vec<String> = (1..=writer.written).map(|number| number.to_string()).collect();
            prop_assert_eq!(stored.remove(&(n as u64 + 2)).unwrap_or_default(), expected);
        }
        rig.check_replay();
    }
}

#[test]
fn live_entries_are_the_ones_that_the_log_holds() {
    let mut rig = Rig::limited(|limits| limits.room_bytes_per_turn = 1_024);
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    for n in 0..200 {
        ana.write(&n.to_string());
        if n % 7 == 0 {
            rig.step();
        }
    }
    rig.settle();
    let told: Vec<String> =
        luis.all::<tertulia_protocol::push::RoomEntry>().iter().map(|told| text(&told.entry)).collect();
    assert_eq!(told, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_failure_that_its_writer_has_not_heard_of_is_not_acknowledged() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.log().hold();
    ana.write("1");
    luis.write("1");
    rig.settle();
    rig.log().fail(Some(FailureKind::Refused));
    rig.log().release(1);
    rig.log().fail(None);
    rig.settle();
    ana.expect_error(ErrorCode::FAILED);
    // Ana's failure was seen; luis's first word is to fail behind it, and his second must not be stored then.
    luis.write("2");
    rig.settle();
    rig.log().release_all();
    rig.settle();
    luis.expect_error(ErrorCode::FAILED);
    luis.expect_error(ErrorCode::FAILED);
    assert_eq!(rig.log().entries().len(), 3);
}
