//! From `Write` to `Placed` and to everybody's window.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Rseq, ServerFrame, encode,
    push::{RoomEntry, Users},
    reply::{Error, Placed},
    request,
};
use tertulia_server::{activity_log::Activity, config::LogText};

use crate::support::{Client, Options, Rig, text};

fn texts(client: &mut Client) -> Vec<String> {
    client.all::<RoomEntry>().iter().map(|told| text(&told.entry)).collect()
}

#[test]
fn the_writer_gets_the_acknowledgement_and_then_the_entry_and_so_does_everybody() {
    let mut rig = Rig::new();
    let mut clients = ["ana", "luis", "Zoë"].map(|name| rig.login(name));
    clients.iter_mut().for_each(|client| drop(client.received()));
    let (request, _) = clients[0].write("¡Hola!");
    rig.step();
    let mut told = clients[0].received();
    let ServerFrame::Placed(placed) = told.remove(0).frame else { panic!("the acknowledgement comes first") };
    assert_eq!((placed.request, placed.rseq.0, placed.count, placed.at), (request, 1, 1, rig.now.wall));
    for client in &mut clients[1..] {
        let also_told = client.received();
        assert_eq!(also_told, told, "the same bytes for everybody");
        let entries: Vec<_> = also_told.iter().filter(|r| matches!(r.frame, ServerFrame::Entry(_))).collect();
        let [ServerFrame::Entry(RoomEntry { room: RoomId(1), entry })] =
            &entries.iter().map(|r| r.frame.clone()).collect::<Vec<_>>()[..]
        else {
            panic!("{entries:?}")
        };
        assert_eq!((entry.seq, entry.rseq, entry.cid, text(entry).as_str()), (placed.seq, Rseq(1), None, "¡Hola!"));
    }
}

#[test]
fn one_buffer_holds_what_a_room_says_in_a_turn() {
    let mut rig = Rig::new();
    let mut clients = ["ana", "luis", "Zoë"].map(|name| rig.login(name));
    rig.sleep(1_000);
    clients.iter_mut().for_each(|client| drop(client.received()));
    for round in 0..3 {
        for client in &mut clients {
            client.write(&format!("{round}"));
        }
    }
    rig.step();
    let [ana, luis, zoe] = &mut clients;
    let entries = |client: &mut Client| {
        let told = client.received().into_iter();
        told.filter(|told| matches!(told.frame, ServerFrame::Entry(_))).map(|told| told.bytes).collect::<Vec<_>>()
    };
    let seen = entries(ana);
    assert_eq!(seen.len(), 9);
    assert_eq!((entries(luis), entries(zoe)), (seen.clone(), seen));
}

#[test]
fn nothing_is_told_before_it_is_durable() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.log().hold();
    ana.write("uno");
    ana.write("dos");
    rig.settle();
    ana.expect_nothing();
    luis.expect_nothing();
    rig.log().release(1);
    rig.settle();
    assert_eq!(ana.expect::<Placed>().rseq, Rseq(1));
    assert_eq!(text(&ana.expect::<RoomEntry>().entry), "uno");
    ana.expect_nothing();
    assert_eq!(texts(&mut luis), ["uno"]);
    rig.log().release_all();
    rig.settle();
    assert_eq!(texts(&mut luis), ["dos"]);
}

#[test]
fn everybody_knows_an_authors_name_before_the_first_entry() {
    let mut rig = Rig::new();
    let mut luis = rig.login("luis");
    luis.received();
    let mut ana = rig.challenged();
    ana.prove(Some("ana"));
    ana.write("hola");
    // No time passes: the presence that is due later would tell the name, too.
    rig.settle();
    for client in [&mut luis, &mut ana] {
        let frames = client.frames();
        let name = frames.iter().position(
            |frame| matches!(frame, ServerFrame::Users(Users { users }) if users.iter().any(|row| row.name == "ana")),
        );
        let entry = frames.iter().position(|frame| matches!(frame, ServerFrame::Entry(_)));
        assert!(name.unwrap() < entry.unwrap());
    }
}

#[test]
fn the_same_cid_has_the_same_place_wherever_it_is_sent_again() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let cid = ana.new_cid();
    ana.write_as(cid, "hola");
    ana.write_as(cid, "hola");
    rig.settle();
    let first = ana.expect::<Placed>();
    let same = |placed: Placed| (placed.seq, placed.rseq, placed.count, placed.at);
    let second = ana.expect::<Placed>();
    assert_ne!(first.request, second.request);
    assert_eq!(same(second), same(first));
    rig.sleep(5_000);
    ana.write_as(cid, "something else");
    rig.settle();
    ana.expect::<RoomEntry>();
    assert_eq!(same(ana.expect::<Placed>()), same(first));
    let (mut other, _) = rig.login_again(ana.device.number());
    other.write_as(cid, "hola");
    rig.settle();
    assert_eq!(same(other.expect::<Placed>()), same(first));
    let mut rig = rig.restart();
    let (mut later, _) = rig.login_again(ana.device.number());
    later.write_as(cid, "hola");
    rig.settle();
    assert_eq!(same(later.expect::<Placed>()), same(first));
    later.expect_nothing();
    assert_eq!(rig.log().entries().len(), 3);
}

#[test]
fn a_cid_belongs_to_its_author() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    let cid = ana.new_cid();
    ana.write_as(cid, "soy ana");
    luis.write_as(cid, "soy luis");
    rig.settle();
    assert_eq!((ana.expect::<Placed>().rseq, luis.expect::<Placed>().rseq), (Rseq(1), Rseq(2)));
}

/// What a write is answered that differs from a good one.
fn answer(rig: &mut Rig, ana: &mut Client, change: impl FnOnce(&mut request::Write)) -> ErrorCode {
    let cid = ana.new_cid();
    let mut write = ana.a_write(cid, "hola");
    change(&mut write);
    ana.send(&write);
    rig.settle_with(ana);
    let error = ana.expect::<Error>();
    assert_eq!(error.request, Some(write.request));
    error.code
}

#[test]
fn what_cannot_be_stored_is_refused_and_the_connection_stays() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let mut check = |change: &dyn Fn(&mut request::Write), code| assert_eq!(answer(&mut rig, &mut ana, change), code);
    let body = |text: &str| tertulia_protocol::entry::MessageBody { text: text.to_owned() }.to_bytes();
    for text in ["", "\n", "hola\n", "hola\r", "a\0b", &"x".repeat(16 * 1024 + 1)] {
        check(&|write| write.body = body(text), ErrorCode::BAD_TEXT);
    }
    check(&|write| write.body = b"noise".to_vec(), ErrorCode::BAD_TEXT);
    check(&|write| write.body = vec![0; 32 * 1024 + 1], ErrorCode::BAD_TEXT);
    for kind in [0, 1, 2, 3, 26, 255, 261, 9_999] {
        check(&|write| write.kind = Kind(kind), ErrorCode::BAD_KIND);
    }
    for room in [0, 2, 99, u64::MAX] {
        check(&|write| write.room = RoomId(room), ErrorCode::NO_ROOM);
    }
    check(&|write| write.mentions = Some(vec![tertulia_protocol::UserId(2); 51]), ErrorCode::BAD_REQUEST);
    check(&|write| write.target = Some(Rseq(1)), ErrorCode::NO_TARGET);
    assert_eq!(rig.log().entries().len(), 2, "none of it is an entry");
    ana.write(&"x".repeat(16 * 1024));
    rig.settle_with(&mut ana);
    ana.expect::<Placed>();
}

#[test]
fn mentions_and_unknown_keys_of_a_body_travel_as_they_came() {
    let mut rig = Rig::new();
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    luis.received();
    let cid = ana.new_cid();
    let mut write = ana.a_write(cid, "");
    write.body = b"\xa2\x00\x64hola\x18\x63\x82\x01\x02".to_vec();
    write.mentions = Some(vec![tertulia_protocol::UserId(3), tertulia_protocol::UserId(77)]);
    ana.send(&write);
    rig.settle();
    ana.expect::<Placed>();
    let told = luis.expect::<RoomEntry>().entry;
    assert_eq!((told.body, told.mentions), (write.body, write.mentions));
}

#[test]
fn what_was_stored_once_is_placed_even_where_it_would_be_refused_now() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let (_, cid) = ana.write("hola");
    rig.settle();
    let first = ana.expect::<Placed>();
    ana.expect::<RoomEntry>();
    for (room, kind, text) in [(1, 256, ""), (99, 256, "hola"), (1, 7, "hola")] {
        let mut write = ana.a_write(cid, text);
        (write.room, write.kind) = (RoomId(room), Kind(kind));
        ana.send(&write);
        rig.settle();
        assert_eq!(ana.expect::<Placed>().seq, first.seq);
    }
    // The cid of somebody else is not found.
    let mut luis = rig.login("luis");
    luis.write_as(cid, "");
    rig.settle();
    luis.expect_error(ErrorCode::BAD_TEXT);
}

#[test]
fn the_state_is_asked_only_when_nothing_of_the_author_is_in_flight() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    rig.log().hold();
    ana.write("first");
    rig.settle();
    let cid = ana.new_cid();
    let mut write = ana.a_write(cid, "into a room that may be opened ahead of it");
    write.room = RoomId(99);
    ana.send(&write);
    rig.settle();
    assert_eq!(rig.log().waiting(), 2, "apply will decide");
    rig.log().release_all();
    rig.settle();
    ana.expect::<Placed>();
    ana.expect_error(ErrorCode::NO_ROOM);
    let entries = rig.log().entries().len();
    ana.expect::<RoomEntry>();
    // A resend gets the same answer, and so does one after a restart.
    ana.send(&write);
    rig.settle();
    ana.expect_error(ErrorCode::NO_ROOM);
    rig.check_replay();
    let mut rig = rig.restart();
    let (mut ana, _) = rig.login_again(ana.device.number());
    ana.send(&write);
    rig.settle();
    ana.expect_error(ErrorCode::NO_ROOM);
    assert_eq!(rig.log().entries().len(), entries);
}

#[test]
fn what_a_room_says_in_one_turn_is_bounded_and_the_rest_follows_at_once() {
    let mut rig = Rig::limited(|limits| limits.room_bytes_per_turn = 1_024);
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    rig.sleep(1_000);
    luis.received();
    rig.log().hold();
    for _ in 0..40 {
        ana.write(&"x".repeat(80));
    }
    rig.settle();
    rig.log().release_all();
    let mut turns = 0;
    while turns == 0 || rig.is_due() {
        rig.step();
        turns += 1;
        let told: usize = luis.received().iter().map(|told| told.bytes.len()).sum();
        assert!(told < 1_024 + 200, "{told} bytes in one turn");
    }
    assert!((4..=8).contains(&turns), "{turns} turns");
    assert_eq!(ana.all::<Placed>().len(), 40);
}

#[test]
fn an_entry_larger_than_the_bound_is_told_all_the_same() {
    let mut rig = Rig::limited(|limits| limits.room_bytes_per_turn = 1_024);
    let (mut ana, mut luis) = (rig.login("ana"), rig.login("luis"));
    for _ in 0..3 {
        ana.write(&"x".repeat(10_000));
    }
    rig.settle();
    assert_eq!(texts(&mut luis).len(), 3);
}

#[test]
fn a_message_is_written_down_with_its_text_unless_that_is_not_wanted() {
    for log_text in [LogText::Public, LogText::None] {
        let mut options = Options::default();
        options.policy.log_text = log_text;
        let mut rig = Rig::with(options);
        let mut ana = rig.login("ana");
        rig.activities();
        let (_, cid) = ana.write("¡hola!");
        ana.write_as(cid, "¡hola!");
        ana.write("");
        rig.settle();
        let [Activity::Message { user, room, seq, rseq, bytes: 7, text }] = &rig.activities()[..] else { panic!() };
        assert_eq!((user.as_str(), room.as_str(), seq.0, *rseq), ("ana", "general", 3, Rseq(1)));
        assert_eq!(text.as_deref(), (log_text == LogText::Public).then_some("¡hola!"));
    }
}

#[test]
fn live_frames_say_nothing_about_their_receiver() {
    let mut rig = Rig::new();
    let mut ana = rig.login("ana");
    let (_, cid) = ana.write("hola");
    rig.settle();
    ana.expect::<Placed>();
    let live = ana.expect::<RoomEntry>();
    assert_eq!(live.entry.cid, None);
    assert!(!encode(&live).windows(16).any(|window| window == cid.0));
}
