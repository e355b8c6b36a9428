//! Whatever comes: no panic, no spinning, no memory, and whoever behaves is served as if nothing was.

use proptest::prelude::*;
use tertulia_protocol::{
    Cid, ErrorCode, Kind, RequestId, RoomId, Rseq, Seq, ServerFrame, encode, reply::Placed, request,
};
use tertulia_server::{activity_log::Activity, log::FailureKind};

use crate::support::{Client, Manner, Options, Rig};

/// What a client may do to a server, sense or nonsense.
#[derive(Clone, Debug)]
enum Act {
    Connect,
    Bytes(usize, Vec<u8>),
    /// A frame of some type around noise.
    Frame(usize, u8, Vec<u8>),
    Hello(usize, Vec<u16>),
    Prove(usize, String),
    Write(usize, u8, u64, u16, Vec<u8>),
    Pull(usize, u64, u64),
    Sync(usize, u64, Option<u64>),
    Resend(usize),
    /// The beginning of a frame and no end.
    Half(usize, usize),
    Read(usize, usize),
    End(usize),
    Reset(usize),
    Stale(usize),
    Sleep(u64),
    Step,
    Hold,
    Release(usize),
    Fail(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let who = || 0..12_usize;
    let noise = || prop::collection::vec(any::<u8>(), 0..60);
    let room = prop_oneof![Just(1_u64), any::<u64>()];
    let body = prop_oneof![noise(), Just(b"\xa1\x00\x64hola".to_vec())];
    let kind = prop_oneof![3 => Just(256_u16), 1 => any::<u16>()];
    prop_oneof![
        3 => Just(Act::Connect),
        1 => (who(), noise()).prop_map(|(n, bytes)| Act::Bytes(n, bytes)),
        2 => (who(), any::<u8>(), noise()).prop_map(|(n, kind, noise)| Act::Frame(n, kind, noise)),
        4 => (who(), prop_oneof![Just(vec![1]), prop::collection::vec(0..3_u16, 0..4)])
            .prop_map(|(n, versions)| Act::Hello(n, versions)),
        4 => (who(), "[ab]{1,2}|\\PC{0,40}").prop_map(|(n, name)| Act::Prove(n, name)),
        6 => (who(), 0..6_u8, room, kind, body)
            .prop_map(|(n, cid, room, kind, body)| Act::Write(n, cid, room, kind, body)),
        2 => (who(), 0..20_u64, 0..20_u64).prop_map(|(n, from, to)| Act::Pull(n, from, to)),
        2 => (who(), 0..20_u64, any::<Option<u64>>()).prop_map(|(n, since, after)| Act::Sync(n, since, after)),
        1 => who().prop_map(Act::Resend),
        1 => (who(), 1..30_usize).prop_map(|(n, bytes)| Act::Half(n, bytes)),
        4 => (who(), 1..2_000_usize).prop_map(|(n, bytes)| Act::Read(n, bytes)),
        1 => who().prop_map(Act::End),
        1 => who().prop_map(Act::Reset),
        1 => who().prop_map(Act::Stale),
        2 => prop_oneof![0..300_u64, 5_000..30_000_u64].prop_map(Act::Sleep),
        6 => Just(Act::Step),
        1 => Just(Act::Hold),
        3 => (0..6_usize).prop_map(Act::Release),
        1 => any::<bool>().prop_map(Act::Fail),
    ]
}

/// A client of which nothing is expected but that it does harm.
struct Peer {
    client: Client,
    is_ended: bool,
}

impl Peer {
    fn send(&self, bytes: &[u8]) {
        if !self.is_ended {
            self.client.wire.send(bytes);
        }
    }

    fn challenge(&mut self) {
        self.client.read_anything(usize::MAX);
        while self.client.has_frames() {
            if let ServerFrame::Challenge(challenge) = self.client.next_frame() {
                self.client.challenged_by(challenge);
            }
        }
    }
}

fn play(rig: &mut Rig, peers: &mut Vec<Peer>, gone: &mut Vec<Peer>, act: Act) {
    let index = match &act {
        Act::Bytes(n, _)
        | Act::Frame(n, ..)
        | Act::Hello(n, _)
        | Act::Prove(n, _)
        | Act::Write(n, ..)
        | Act::Pull(n, ..)
        | Act::Sync(n, ..)
        | Act::Resend(n)
        | Act::Half(n, _)
        | Act::Read(n, _)
        | Act::End(n)
        | Act::Reset(n) => Some(*n),
        _ => None,
    };
    if index.is_some_and(|n| n >= peers.len()) {
        return;
    }
    let (request, target, mentions) = (RequestId(7), None, None);
    match act {
        Act::Connect if peers.len() < 12 => {
            let client = rig.connect();
            peers.push(Peer { client, is_ended: false });
        }
        Act::Connect => {}
        Act::Bytes(n, bytes) => peers[n].send(&bytes),
        Act::Frame(n, kind, noise) => {
            let length = u32::try_from(noise.len() + 1).unwrap();
            peers[n].send(&[&length.to_be_bytes(), [kind].as_slice(), &noise].concat());
        }
        Act::Hello(n, versions) if !peers[n].is_ended => peers[n].client.hello_with(versions),
        Act::Prove(n, name) if !peers[n].is_ended => {
            peers[n].challenge();
            if peers[n].client.is_challenged() {
                peers[n].client.prove(Some(&name));
            }
        }
        Act::Hello(..) | Act::Prove(..) => {}
        Act::Write(n, cid, room, kind, body) => {
            let (cid, room, kind) = (Cid([cid; 16]), RoomId(room), Kind(kind));
            peers[n].send(&encode(&request::Write { request, cid, room, kind, target, mentions, body }));
        }
        Act::Pull(n, from, to) => {
            peers[n].send(&encode(&request::Pull {
                request,
                room: RoomId(1),
                from: Rseq(from),
                to: Rseq(to),
                later_only: None,
            }));
        }
        Act::Sync(n, since, after) => {
            let after = after.map(|after| after.to_be_bytes().to_vec());
            peers[n].send(&encode(&request::Sync { request, since: Seq(since), after }));
        }
        Act::Resend(n) => peers[n].send(&encode(&request::Resend {})),
        Act::Half(n, most) => {
            let frame =
                encode(&request::Pull { request, room: RoomId(1), from: Rseq(1), to: Rseq(1), later_only: None });
            peers[n].send(&frame[..most.min(frame.len() - 1)]);
        }
        Act::Read(n, most) => peers[n].client.read_anything(most),
        Act::End(n) => {
            peers[n].client.wire.end();
            peers[n].is_ended = true;
        }
        Act::Reset(n) => {
            let peer = peers.remove(n);
            peer.client.wire.reset();
            gone.push(peer);
        }
        Act::Stale(n) => {
            if let Some(peer) = gone.get(n) {
                rig.turn.mark(peer.client.id, true, true);
            }
        }
        Act::Sleep(ms) => rig.sleep(ms),
        Act::Step => rig.step(),
        Act::Hold => rig.log().hold(),
        Act::Release(count) => rig.log().release(count),
        Act::Fail(fails) => rig.log().fail(fails.then_some(FailureKind::DiskFull)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn whoever_behaves_is_served_whatever_the_others_do(
        acts in prop::collection::vec(act(), 1..150),
        seed in 0..1_000_u64,
        is_nasty in any::<bool>(),
    ) {
        let mut options = Options { seed, ..Options::default() };
        options.limits.drafts_in_flight = 8;
        options.limits.fetches_in_flight = 2;
        options.limits.connections = 10;
        options.limits.room_bytes_per_turn = 1_024;
        if is_nasty {
            options.manner = Manner::nasty();
        }
        let mut rig = Rig::with(options);
        let (mut peers, mut gone) = (Vec::new(), Vec::new());
        for act in acts {
            play(&mut rig, &mut peers, &mut gone, act);
        }
        // The storm is over: what is left of it leaves, and somebody ordinary comes.
        rig.log().fail(None);
        rig.log().release_all();
        for peer in peers.drain(..) {
            peer.client.wire.reset();
        }
        rig.sleep(20_000);
        prop_assert_eq!((rig.turn.connections(), rig.turn.deadline()), (0, None));
        let (mut came, mut went) = (Vec::new(), Vec::new());
        for activity in rig.activities() {
            match activity {
                Activity::Connected { conn, .. } => came.push(conn),
                Activity::Disconnected { conn, .. } => went.push(conn),
                _ => {}
            }
        }
        went.sort_unstable();
        prop_assert_eq!(went, came, "every connection ends once");
        let mut ana = rig.login("somebody ordinary");
        ana.write("hola");
        rig.settle_with(&mut ana);
        ana.expect::<Placed>();
        rig.check_replay();
        // Every place is there once, and no entry was stored twice.
        let mut cids: Vec<_> = rig.log().entries().iter().map(|entry| (entry.author, entry.cid)).collect();
        let entries = cids.len();
        cids.sort();
        cids.dedup();
        prop_assert_eq!(cids.len(), entries);
    }

    /// Bytes of no sense at all, in any pieces: an answer that is an error or nothing, and an end.
    #[test]
    fn noise_ends_only_its_own_connection(noise in prop::collection::vec(any::<u8>(), 0..3_000), piece in 1..500_usize) {
        let mut rig = Rig::new();
        let mut ana = rig.login("ana");
        rig.sleep(1_000);
        ana.received();
        let client = rig.connect();
        for piece in noise.chunks(piece) {
            client.wire.send(piece);
            rig.settle();
        }
        rig.sleep(16_000);
        prop_assert!(client.wire.is_dropped());
        prop_assert_eq!(rig.turn.connections(), 1);
        ana.expect_nothing();
    }

    /// The same behind a login, where frames may be large and more of them mean something.
    #[test]
    fn noise_behind_a_login_does_no_more(
        frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..30),
    ) {
        let mut rig = Rig::new();
        let mut ana = rig.login("ana");
        for (kind, noise) in frames {
            let length = u32::try_from(noise.len() + 1).unwrap();
            ana.wire.send(&[&length.to_be_bytes(), [kind].as_slice(), &noise].concat());
        }
        rig.settle();
        let errors = ana.all::<tertulia_protocol::reply::Error>();
        prop_assert!(errors.iter().filter(|error| error.request.is_none()).count() <= 1);
        prop_assert!(errors.iter().all(|error| error.code != ErrorCode::FAILED));
    }
}
