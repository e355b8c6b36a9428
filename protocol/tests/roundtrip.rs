//! Properties of whole conversations: what one side encodes, the other decodes, however the network splits the bytes,
//! however often the reader pauses, and although one of the two is older than the other.

#![expect(clippy::expect_used, reason = "helpers of tests: what cannot be ends the test")]

#[path = "common/messages.rs"]
mod messages;

use messages::{client_frame, encode_client, encode_server, server_frame};
use minicbor::{Encode, Encoder};
use proptest::{collection::vec, prelude::*, sample::Index};
use tertulia_protocol::{
    Cid, ClientFrame, DeviceId, Entry, FrameDecoder, Kind, Message, RawFrame, RequestId, RoomId, Rseq, Seq,
    ServerFrame, Text, UserId, encode,
    entry::{MessageBody, ReactionBody},
    limits::{self, FRAME_BYTES_MAX},
    push, reply, request,
};

/// A frame that was handed out, on its own.
type Owned = (u8, Vec<u8>);

fn owned(frame: RawFrame<'_>) -> Owned {
    (frame.kind, frame.payload.to_vec())
}

fn raw((kind, payload): &Owned) -> RawFrame<'_> {
    RawFrame { kind: *kind, payload }
}

/// The one frame that `bytes` are.
fn only(bytes: &[u8]) -> Owned {
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = decoder.feed(bytes);
    let frame = owned(frames.next().expect("a length within the limit").expect("a whole frame"));
    assert_eq!(frames.next(), Ok(None), "one frame");
    frame
}

/// Feeds `bytes` cut at `cuts`, and after each piece takes at most as many frames as the next of `taken` says.
fn feed_in_pieces(bytes: &[u8], cuts: &[Index], taken: &[usize]) -> Vec<Owned> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let mut taken = taken.iter().cycle();
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut frames = Vec::new();
    for piece in cuts.windows(2) {
        let mut fed = decoder.feed(&bytes[piece[0]..piece[1]]);
        for _ in 0..*taken.next().expect("a cycle") {
            let Some(frame) = fed.next().expect("lengths within the limit") else { break };
            frames.push(owned(frame));
        }
    }
    let mut rest = decoder.feed(&[]);
    while let Some(frame) = rest.next().expect("lengths within the limit") {
        frames.push(owned(frame));
    }
    drop(rest);
    assert!(!decoder.has_partial(), "nothing is left of whole frames");
    frames
}

proptest! {
    #[test]
    fn what_a_client_says_arrives(
        said in vec(client_frame(), 1..6),
        cuts in vec(any::<Index>(), 0..12),
        taken in vec(0..4_usize, 1..5),
    ) {
        let bytes: Vec<u8> = said.iter().flat_map(encode_client).collect();
        let heard: Vec<_> = feed_in_pieces(&bytes, &cuts, &taken)
            .iter()
            .map(|frame| ClientFrame::decode(raw(frame)).expect("a message").expect("a known one"))
            .collect();
        prop_assert_eq!(heard, said);
    }

    #[test]
    fn what_a_server_says_arrives(
        said in vec(server_frame(), 1..6),
        cuts in vec(any::<Index>(), 0..12),
        taken in vec(0..4_usize, 1..5),
    ) {
        let bytes: Vec<u8> = said.iter().flat_map(encode_server).collect();
        let heard: Vec<_> = feed_in_pieces(&bytes, &cuts, &taken)
            .iter()
            .map(|frame| ServerFrame::decode(raw(frame)).expect("a message").expect("a known one"))
            .collect();
        prop_assert_eq!(heard, said);
    }

    #[test]
    fn types_that_may_be_skipped_are_skipped_whatever_they_hold(
        kind in 0x92..=u8::MAX,
        payload in vec(any::<u8>(), 0..50),
    ) {
        prop_assert_eq!(ServerFrame::decode(RawFrame { kind, payload: &payload }), Ok(None));
        prop_assert_eq!(ClientFrame::decode(RawFrame { kind, payload: &payload }), Ok(None));
    }

    #[test]
    fn a_field_of_a_newer_version_is_skipped(
        frame in client_frame(),
        key in 100..=u32::MAX,
        value in any_item(),
    ) {
        let (kind, mut payload) = only(&encode_client(&frame));
        append_field(&mut payload, key, &value);
        prop_assert_eq!(ClientFrame::decode(RawFrame { kind, payload: &payload }), Ok(Some(frame)));
    }

    #[test]
    fn a_field_of_a_newer_server_is_skipped(frame in server_frame(), key in 100..=u32::MAX, value in any_item()) {
        let (kind, mut payload) = only(&encode_server(&frame));
        prop_assume!(payload[0] >> 5 == 5);
        append_field(&mut payload, key, &value);
        prop_assert_eq!(ServerFrame::decode(RawFrame { kind, payload: &payload }), Ok(Some(frame)));
    }

    #[test]
    fn a_message_body_arrives(text in any::<String>()) {
        let body = MessageBody { text };
        prop_assert_eq!(MessageBody::from_bytes(&body.to_bytes()), Some(body));
    }
}

/// One byte at a time, and every way to cut a conversation in two.
#[test]
fn every_split_gives_the_same_frames() {
    let said = [
        encode(&request::Heartbeat {}),
        encode(&request::Sync { request: RequestId(1), since: Seq(500), after: None }),
        encode(&request::Resend {}),
    ];
    let bytes = said.concat();
    let expected: Vec<Owned> = said.iter().map(|frame| only(frame)).collect();
    for cut in 0..=bytes.len() {
        let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
        let mut heard = Vec::new();
        for piece in [&bytes[..cut], &bytes[cut..]] {
            let mut frames = decoder.feed(piece);
            while let Some(frame) = frames.next().expect("lengths within the limit") {
                heard.push(owned(frame));
            }
        }
        assert_eq!(heard, expected, "cut at {cut}");
    }
    let mut decoder = FrameDecoder::new(FRAME_BYTES_MAX);
    let mut heard = Vec::new();
    for byte in &bytes {
        let mut frames = decoder.feed(std::slice::from_ref(byte));
        while let Some(frame) = frames.next().expect("lengths within the limit") {
            heard.push(owned(frame));
        }
    }
    assert_eq!(heard, expected);
    assert_eq!(decoder.kept_bytes(), 0);
}

/// The limit is raised behind the login, for frames that may have arrived before it.
#[test]
fn a_limit_holds_for_frames_that_are_not_handed_out_yet() {
    let large = encode(&request::Write {
        request: RequestId(1),
        cid: Cid([0; 16]),
        room: RoomId(1),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: vec![0; 5_000],
    });
    let mut decoder = FrameDecoder::new(limits::FRAME_BYTES_MAX_BEFORE_LOGIN);
    let bytes = [encode(&request::Heartbeat {}), large.clone()].concat();
    assert!(decoder.feed(&bytes).next().is_ok_and(|frame| frame.is_some()));
    decoder.set_limit(FRAME_BYTES_MAX);
    assert_eq!(decoder.feed(&[]).next().map(|frame| frame.map(owned)), Ok(Some(only(&large))));
}

/// The same message with a field that this version does not have: what a newer program sends.
#[derive(Encode)]
#[cbor(map)]
struct NewerPull {
    #[n(0)]
    request: u32,
    #[n(1)]
    room: u64,
    #[n(2)]
    from: u64,
    #[n(3)]
    to: u64,
    #[n(4)]
    later_only: Option<bool>,
    #[n(5)]
    newest_edits: Option<bool>,
}

#[derive(Encode)]
struct NewerLineage {
    #[cbor(n(0), with = "minicbor::bytes")]
    log: [u8; 16],
    #[n(1)]
    from: u64,
    #[n(2)]
    reason: Option<String>,
}

#[test]
fn older_and_newer_programs_understand_each_other() {
    let mut newer = NewerPull { request: 1, room: 1, from: 2, to: 3, later_only: None, newest_edits: Some(true) };
    let older = request::Pull { request: RequestId(1), room: RoomId(1), from: Rseq(2), to: Rseq(3), later_only: None };
    let read = |payload: &[u8]| ClientFrame::decode(RawFrame { kind: request::Pull::TYPE, payload });
    let encoded = |pull: &NewerPull| minicbor::to_vec(pull).expect("vectors take everything");
    assert_eq!(read(&encoded(&newer)), Ok(Some(ClientFrame::Pull(older))));
    newer.newest_edits = None;
    assert_eq!(encoded(&newer), only(&encode(&older)).1, "absent, it is the older message");

    // An array of three where two are known, inside of a message.
    let lineage = NewerLineage { log: [7; 16], from: 3, reason: Some("restored".into()) };
    let mut payload = Encoder::new(Vec::new());
    payload.map(6).expect("vectors take everything");
    for (key, value) in [(0_u8, 2_u8), (1, 2)] {
        payload.u8(key).and_then(|p| p.u8(value)).expect("vectors take everything");
    }
    payload.u8(2).and_then(|p| p.str("ana")).and_then(|p| p.u8(3)).and_then(|p| p.u8(9)).expect("likewise");
    payload.u8(4).and_then(|p| p.array(1)).and_then(|p| p.encode(&lineage)).expect("likewise");
    payload.u8(5).and_then(|p| p.u8(0)).expect("likewise");
    let welcome = reply::Welcome {
        user: UserId(2),
        device: DeviceId(2),
        name: "ana".into(),
        position: Seq(9),
        lineage: vec![reply::Lineage { log: tertulia_protocol::LogId([7; 16]), from: Seq(3) }],
        now: 0,
        agent: None,
    };
    let frame = RawFrame { kind: reply::Welcome::TYPE, payload: payload.writer() };
    assert_eq!(ServerFrame::decode(frame), Ok(Some(ServerFrame::Welcome(welcome))));
}

fn everybody(count: usize) -> Option<Vec<UserId>> {
    Some(vec![UserId(u64::MAX); count])
}

/// The largest entry there is with so many mentions and such a body.
fn largest_entry(mentions: usize, body: usize) -> Entry {
    Entry {
        seq: Seq(u64::MAX),
        rseq: Rseq(u64::MAX),
        count: u64::MAX,
        at: i64::MAX,
        author: UserId(u64::MAX),
        device: DeviceId(u64::MAX),
        kind: Kind(u16::MAX),
        target: Some(Rseq(u64::MAX)),
        mentions: everybody(mentions),
        body: vec![0; body],
        cid: Some(Cid([0xff; 16])),
    }
}

/// The largest row there is of a room.
fn largest_room() -> reply::RoomRow {
    reply::RoomRow {
        room: RoomId(u64::MAX),
        kind: u16::MAX,
        name: "ñ".repeat(limits::NAME_BYTES_MAX / 2),
        head: Rseq(u64::MAX),
        count: u64::MAX,
        topic: Some("ñ".repeat(limits::TOPIC_BYTES_MAX / 2)),
        role: Some(u16::MAX),
        mark: Some(Rseq(u64::MAX)),
        mark_count: Some(u64::MAX),
        mentions: Some(u64::MAX),
        archived: Some(true),
        with: Some(UserId(u64::MAX)),
        members: Some(u64::MAX),
        keep_days: Some(u32::MAX),
    }
}

/// How many bytes a part of a message takes.
fn length<T: Encode<()>>(part: T) -> usize {
    minicbor::to_vec(part).expect("vectors take everything").len()
}

fn fits(frame: &[u8]) {
    assert!(frame.len() - 4 <= FRAME_BYTES_MAX, "{} bytes", frame.len() - 4);
}

/// Whatever the limits allow together must fit into a frame, with every number at its longest.
#[test]
fn the_largest_of_each_fits_into_a_frame() {
    fits(&encode(&push::RoomEntry {
        room: RoomId(u64::MAX),
        entry: largest_entry(limits::MENTIONS_MAX, limits::BODY_BYTES_MAX),
    }));
    fits(&encode(&push::Presence {
        online: u64::MAX,
        whole: everybody(limits::PRESENCE_LISTED_MAX),
        came: everybody(limits::PRESENCE_LISTED_MAX),
        went: everybody(limits::PRESENCE_LISTED_MAX),
        away: everybody(limits::PRESENCE_LISTED_MAX),
        back: everybody(limits::PRESENCE_LISTED_MAX),
    }));
    let users = vec![UserId(u64::MAX); limits::TYPING_MEMBERS_MAX];
    fits(&encode(&push::Typing { room: RoomId(u64::MAX), users }));
    let longest = Text::parse(&"x".repeat(limits::TEXT_BYTES_MAX)).expect("a text at its limit");
    assert!(MessageBody { text: longest.as_str().into() }.to_bytes().len() <= limits::BODY_BYTES_MAX);
}

/// As many rows as there may be, of the longest sort, and of each sort.
#[test]
fn the_largest_rows_fit_into_a_frame() {
    let request = RequestId(u32::MAX);
    let rooms = || vec![largest_room(); limits::ROWS_MAX];
    let user =
        reply::UserRow { user: UserId(u64::MAX), name: "ñ".repeat(limits::NAME_BYTES_MAX / 2), hue: Some(u16::MAX) };
    let erased = reply::Erased { room: RoomId(u64::MAX), from: Rseq(u64::MAX), to: Rseq(u64::MAX) };
    let member = reply::MemberRow { user: UserId(u64::MAX), role: u16::MAX };
    let synced = reply::Synced {
        request,
        position: Seq(u64::MAX),
        rooms: rooms(),
        users: Vec::new(),
        next: Some(vec![0xff; limits::NEXT_BYTES_MAX]),
        gone: Some(Vec::new()),
        erased: Some(Vec::new()),
    };
    fits(&encode(&synced));
    // A row of a room is the longest: however the rows are shared out, this is the most.
    let room = length(largest_room());
    assert!([length(&user), length(erased), length(u64::MAX)].iter().all(|row| *row < room));
    fits(&encode(&push::Rooms { rooms: rooms() }));
    fits(&encode(&reply::Browsed { request, rooms: rooms(), more: true }));
    fits(&encode(&push::Users { users: vec![user; limits::ROWS_MAX] }));
    let members = vec![member; limits::ROWS_MAX];
    fits(&encode(&reply::MemberList { request, room: RoomId(u64::MAX), members, more: true }));
}

/// Pages and hits at their weight, which is shared out in the ways that cost most.
#[test]
fn the_largest_pages_and_hits_fit_into_a_frame() {
    let entries_max = usize::try_from(limits::PAGE_ENTRIES_MAX).expect("a small number");
    let all = entries_max + limits::PAGE_LATER_MAX;
    let page = |entries, later| {
        fits(&encode(&reply::Page {
            request: RequestId(u32::MAX),
            room: RoomId(u64::MAX),
            entries,
            head: Rseq(u64::MAX),
            later: Some(later),
            cut: Some(true),
            from: Some(Rseq(u64::MAX)),
        }));
    };
    let hits = |entries: Vec<Entry>| {
        let hits = entries.into_iter().map(|entry| push::RoomEntry { room: RoomId(u64::MAX), entry });
        fits(&encode(&reply::Hits { request: RequestId(u32::MAX), hits: hits.collect(), below: Some(Seq(u64::MAX)) }));
    };
    // Nothing but bodies, and nothing but mentions, each until the weight is reached.
    let body = limits::PAGE_BODY_BYTES_MAX / all;
    page(vec![largest_entry(0, body); entries_max], vec![largest_entry(0, body); limits::PAGE_LATER_MAX]);
    let mentions = limits::PAGE_BODY_BYTES_MAX / limits::MENTION_WEIGHT / all;
    page(vec![largest_entry(mentions, 0); entries_max], vec![largest_entry(mentions, 0); limits::PAGE_LATER_MAX]);
    let crowded = limits::PAGE_BODY_BYTES_MAX / limits::MENTION_WEIGHT / limits::MENTIONS_MAX;
    let mut later = vec![largest_entry(0, 0); limits::PAGE_LATER_MAX];
    later[..crowded - entries_max].fill(largest_entry(limits::MENTIONS_MAX, 0));
    page(vec![largest_entry(limits::MENTIONS_MAX, 0); entries_max], later);
    hits(vec![largest_entry(limits::MENTIONS_MAX, 2_000); limits::HITS_MAX]);
    let long = limits::PAGE_BODY_BYTES_MAX / (limits::TEXT_BYTES_MAX + 5);
    hits(vec![largest_entry(0, limits::TEXT_BYTES_MAX + 5); long]);
    // Reactions at their longest, without a word beside them.
    let emoji = ReactionBody { emoji: "x".repeat(limits::EMOJI_BYTES_MAX) }.to_bytes();
    page(vec![largest_entry(0, 0); entries_max], vec![largest_entry(0, emoji.len()); limits::PAGE_LATER_MAX]);
    // One that is heavier than all together may be is the only one.
    page(Vec::new(), vec![largest_entry(limits::MENTIONS_MAX, limits::BODY_BYTES_MAX)]);
    // What the weight does not count.
    let entry = largest_entry(limits::MENTIONS_MAX, limits::BODY_BYTES_MAX);
    let weight = limits::MENTION_WEIGHT * limits::MENTIONS_MAX + limits::BODY_BYTES_MAX;
    assert_eq!(length(entry) - weight, 89);
}

/// Puts a field behind the last one of a map that has fewer than 23.
fn append_field(payload: &mut Vec<u8>, key: u32, value: &[u8]) {
    assert!((0xa0..0xb7).contains(&payload[0]), "a small map");
    payload[0] += 1;
    payload.extend(minicbor::to_vec(key).expect("vectors take everything"));
    payload.extend_from_slice(value);
}

/// Any item that may be sent, encoded: up to four levels of arrays and maps.
fn any_item() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(minicbor::to_vec),
        any::<i64>().prop_map(minicbor::to_vec),
        any::<String>().prop_map(minicbor::to_vec),
        vec(any::<u8>(), 0..40).prop_map(|value| minicbor::to_vec(minicbor::bytes::ByteVec::from(value))),
        any::<Option<bool>>().prop_map(minicbor::to_vec),
    ]
    .prop_map(|encoded| encoded.expect("vectors take everything"));
    leaf.prop_recursive(4, 40, 6, |inner| {
        vec(inner, 0..6).prop_flat_map(|items| {
            let head = u8::try_from(items.len()).expect("a few");
            let array = [vec![0x80 + head], items.concat()].concat();
            let mut map = vec![0xa0 + head];
            for (key, item) in (0..head).zip(&items) {
                map.push(key);
                map.extend_from_slice(item);
            }
            prop_oneof![Just(array), Just(map)]
        })
    })
}
