//! The full disk: nothing but deletions is stored, everything that needs no entry goes on, and when it is over everybody's
//! words come in their order.

use tertulia_protocol::{
    ErrorCode, RoomId, Seq, ServerFrame, UserId,
    push::{Marked, NOTICE_READ_ONLY, Notice, RoomEntry},
    reply::{Error, Hits, Page, Placed, Synced},
    request,
};

use crate::support::{Client, Rig, text};

const GENERAL: RoomId = RoomId(1);

/// Ana has said something, and then the disk is full.
fn full() -> (Rig, Client, Client) {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    ana.say(GENERAL, "uno");
    ana.say(GENERAL, "dos");
    rig.settle_with(&mut ana);
    rig.sleep(1_000);
    ana.received();
    luis.received();
    rig.log().fill(true);
    (rig, ana, luis)
}

fn notices(client: &mut Client) -> Vec<bool> {
    let told = client.all::<Notice>();
    assert!(told.iter().all(|notice| notice.what == NOTICE_READ_ONLY));
    told.into_iter().map(|notice| notice.on).collect()
}

#[test]
fn a_full_disk_is_told_to_everybody_once_and_its_end_too() {
    let (mut rig, mut ana, mut luis) = full();
    ana.say(GENERAL, "tres");
    rig.settle();
    let error = ana.take::<Error>();
    assert_eq!(error.code, ErrorCode::READ_ONLY);
    assert_eq!((notices(&mut ana), notices(&mut luis)), (vec![true], vec![true]));
    // Nobody's later words are asked of the disk.
    luis.say(GENERAL, "cuatro");
    rig.settle();
    assert_eq!((luis.take::<Error>().code, rig.log().waiting()), (ErrorCode::READ_ONLY, 0));
    luis.send(&request::Resend {});
    luis.say(GENERAL, "cinco");
    rig.sleep(20_000);
    assert_eq!(luis.take::<Error>().code, ErrorCode::READ_ONLY);
    assert_eq!((notices(&mut ana), notices(&mut luis)), (vec![], vec![]));
    // It is asked about every five seconds.
    rig.log().fill(false);
    rig.sleep(4_900);
    let mut ends = notices(&mut luis);
    rig.sleep(200);
    ends.extend(notices(&mut luis));
    assert_eq!((ends, notices(&mut ana)), (vec![false], vec![false]));
    ana.send(&request::Heartbeat {});
    luis.send(&request::Heartbeat {});
    rig.sleep(20_000);
    assert_eq!((notices(&mut luis), notices(&mut ana)), (vec![], vec![]));
}

#[test]
fn everything_that_needs_no_entry_goes_on() {
    let (mut rig, mut ana, mut luis) = full();
    ana.say(GENERAL, "tres");
    rig.settle();
    ana.received();
    // Who is known logs in, and is told how it stands, behind the welcome and the list of people.
    let mut phone = rig.connect_with(luis.device.number());
    phone.hello();
    rig.settle();
    phone.challenged();
    phone.prove(None);
    rig.settle();
    let frames = phone.frames();
    assert!(matches!(frames[0], ServerFrame::Welcome(_)) && matches!(frames[1], ServerFrame::Presence(_)));
    assert_eq!(frames[2], ServerFrame::Notice(Notice { what: NOTICE_READ_ONLY, on: true }));
    // Who is new cannot have a name, and the attempt stands in nobody's way.
    let mut pia = rig.challenged();
    let (mut again, _) = rig.login_again(ana.device.number());
    pia.prove(Some("pia"));
    again.delete(GENERAL, 1);
    rig.settle();
    pia.expect_error(ErrorCode::READ_ONLY);
    assert_eq!(again.take::<Placed>().rseq.0, 3);
    // Reading, searching, marking.
    luis.received();
    luis.pull_from(GENERAL, 1, 9);
    assert_eq!(rig.answer::<Page>(&mut luis).entries.len(), 3);
    let request = luis.new_request();
    let (author, words) = (Some(UserId(2)), "dos".to_owned());
    luis.send(&request::Search {
        request,
        words,
        room: None,
        author,
        from: None,
        until: None,
        has_link: None,
        below: None,
    });
    assert_eq!(rig.answer::<Hits>(&mut luis).hits.len(), 1);
    luis.mark(GENERAL, 2);
    rig.settle();
    assert_eq!(luis.take::<Marked>().rseq.0, 2);
    luis.sync(Seq(0));
    assert_eq!(rig.answer::<Synced>(&mut luis).users.len(), 2);
    for request in [luis.open_public("x"), luis.rename("y"), luis.join(GENERAL), luis.react(GENERAL, 2, "👍")] {
        rig.settle();
        let error = luis.take::<Error>();
        assert_eq!((error.request, error.code), (Some(request), ErrorCode::READ_ONLY));
    }
}

#[test]
fn a_deletion_passes_and_its_bytes_go() {
    let (mut rig, mut ana, mut luis) = full();
    ana.say(GENERAL, "tres");
    rig.settle();
    assert_eq!(ana.take::<Error>().code, ErrorCode::READ_ONLY);
    // Also of who has been told that nothing is stored.
    let request = ana.delete(GENERAL, 2);
    rig.settle();
    assert_eq!(ana.take::<Placed>().request, request);
    assert_eq!(luis.take::<RoomEntry>().entry.rseq.0, 3);
    let erased = rig.log().entries().iter().filter(|entry| entry.body.is_empty()).count();
    assert_eq!(erased, 1);
    // One that makes no sense is refused as ever.
    ana.delete(GENERAL, 77);
    rig.settle();
    assert_eq!(ana.take::<Error>().code, ErrorCode::NO_TARGET);
}

#[test]
fn what_waited_comes_in_its_order_when_it_is_over() {
    let (mut rig, mut ana, mut luis) = full();
    let words: Vec<_> = ["tres", "cuatro", "cinco"].into_iter().map(|word| (ana.new_cid(), word)).collect();
    for (cid, word) in &words {
        ana.write_as(*cid, word);
        rig.settle();
    }
    assert_eq!(ana.all::<Error>().len(), 3);
    rig.log().fill(false);
    rig.sleep(6_000);
    // Over or not: until the client begins again, nothing gets ahead.
    let late = (ana.new_cid(), "seis");
    ana.write_as(late.0, late.1);
    rig.settle();
    assert_eq!(ana.take::<Error>().code, ErrorCode::READ_ONLY);
    ana.send(&request::Resend {});
    for (cid, word) in words.iter().chain([&late]) {
        ana.write_as(*cid, word);
    }
    rig.settle();
    assert_eq!(ana.all::<Placed>().len(), 4);
    let heard: Vec<String> = luis.all::<RoomEntry>().iter().map(|told| text(&told.entry)).collect();
    assert_eq!(heard, ["tres", "cuatro", "cinco", "seis"]);
    rig.check_replay();
}

#[test]
fn a_new_connection_behind_the_full_disk_writes_at_once() {
    let (mut rig, mut ana, _) = full();
    ana.say(GENERAL, "tres");
    rig.settle();
    rig.log().fill(false);
    rig.sleep(6_000);
    let (mut again, _) = rig.login_again(ana.device.number());
    assert!(notices(&mut again).is_empty());
    again.say(GENERAL, "tres");
    rig.settle();
    assert_eq!(again.take::<Placed>().rseq.0, 3);
}
