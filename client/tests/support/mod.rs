//! A session with a scripted server on the other side: in memory, under a virtual clock, frame by frame.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use ring::signature::{Ed25519KeyPair, KeyPair};
use tertulia_client::{
    session::{
        Action, Batch, Change, Config, DeviceKey, Event, History, Now, OutboxItem, Random, RoomState, Session,
        StopCode, Why,
    },
    store,
};
use tertulia_protocol::{
    Cid, ClientFrame, DeviceId, Entry, ErrorCode, FrameDecoder, Kind, LogId, Message, Nonce, PublicKey, RequestId,
    RoomId, Rseq, Seq, Signature, UserId, encode, handshake, push, reply, request,
};

pub(crate) const GENERAL: RoomId = RoomId(1);
pub(crate) const ME: UserId = UserId(2);
pub(crate) const OTHER: UserId = UserId(3);

pub(crate) struct Rig {
    pub(crate) session: Session,
    pub(crate) now: Now,
    /// What the session sent and the script did not look at yet.
    pub(crate) sent: VecDeque<ClientFrame>,
    /// What the session told and the script did not look at yet.
    pub(crate) events: VecDeque<Event>,
    pub(crate) connects: usize,
    pub(crate) closes: usize,
    pub(crate) pins: Vec<PublicKey>,
    /// The rows of rooms and the outbox items that it told: they come with nearly everything.
    pub(crate) rows: Vec<RoomState>,
    pub(crate) queued: Vec<OutboxItem>,
    /// What the session keeps its things in.
    pub(crate) history: store::History,
    /// While true, what is to be kept is set aside in `unkept` and not answered.
    pub(crate) hold_store: bool,
    pub(crate) unkept: VecDeque<(PublicKey, Arc<Batch>)>,
    /// Every change that was kept, in order.
    pub(crate) kept: Vec<Change>,
    server: Ed25519KeyPair,
    nonce: u8,
}

pub(crate) fn config() -> Config {
    Config {
        device: Arc::new(DeviceKey::from_seed(&[1; 32]).unwrap()),
        name: Some("ana".to_owned()),
        pinned: None,
        agent: "test".to_owned(),
        locale: None,
        room: Some("general".to_owned()),
        history: History::Kept,
    }
}

pub(crate) fn body(text: &str) -> Vec<u8> {
    tertulia_protocol::entry::MessageBody { text: text.to_owned() }.to_bytes()
}

pub(crate) fn entry(rseq: u64) -> Entry {
    Entry {
        seq: Seq(rseq.saturating_add(10)),
        rseq: Rseq(rseq),
        count: rseq,
        at: 1_000,
        author: OTHER,
        device: DeviceId(3),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: body(&format!("message {rseq}")),
        cid: None,
    }
}

pub(crate) fn row(head: u64) -> reply::RoomRow {
    reply::RoomRow {
        room: GENERAL,
        kind: reply::ROOM_PUBLIC,
        name: "general".to_owned(),
        head: Rseq(head),
        count: head,
        topic: None,
        role: Some(reply::ROLE_MEMBER),
        mark: None,
        mark_count: None,
        mentions: None,
        archived: None,
        with: None,
        members: None,
        keep_days: None,
    }
}

pub(crate) fn synced(position: u64) -> reply::Synced {
    reply::Synced {
        request: RequestId(0),
        position: Seq(position),
        rooms: Vec::new(),
        users: Vec::new(),
        next: None,
        gone: None,
        erased: None,
    }
}

pub(crate) fn user(id: u64, name: &str) -> reply::UserRow {
    reply::UserRow { user: UserId(id), name: name.to_owned(), hue: None }
}

impl Rig {
    pub(crate) fn new(config: Config) -> Self {
        Self::seeded(config, 5)
    }

    /// One of many, each with luck of its own.
    pub(crate) fn seeded(config: Config, seed: u8) -> Self {
        Self {
            session: Session::new(config, Random::from_seed([seed; 32])),
            now: Now { mono: Duration::from_secs(100), wall_ms: 1_700_000_000_000 },
            sent: VecDeque::new(),
            events: VecDeque::new(),
            connects: 0,
            closes: 0,
            pins: Vec::new(),
            rows: Vec::new(),
            queued: Vec::new(),
            history: store::History::in_memory().unwrap(),
            hold_store: false,
            unkept: VecDeque::new(),
            kept: Vec::new(),
            server: Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap(),
            nonce: 0,
        }
    }

    /// Logged in, with an empty room, and everything said so far set aside.
    pub(crate) fn live() -> Self {
        Self::live_with(config())
    }

    pub(crate) fn live_with(config: Config) -> Self {
        let mut rig = Self::new(config);
        rig.start();
        rig.log_in();
        rig.answer_sync(vec![row(0)], vec![], false);
        rig.collect();
        rig.events.clear();
        assert!(rig.sent.is_empty());
        rig
    }

    pub(crate) fn use_server_key(&mut self, seed: [u8; 32]) {
        self.server = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    }

    pub(crate) fn server_key(&self) -> PublicKey {
        PublicKey(self.server.public_key().as_ref().try_into().unwrap())
    }

    /// Takes out everything that the session wants.
    pub(crate) fn collect(&mut self) {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Connect => {
                    self.connects += 1;
                    self.sent.clear();
                }
                Action::Close => self.closes += 1,
                Action::Pin(key) => self.pins.push(key),
                Action::Restore(server) => {
                    let saved = self.history.saved(&server).unwrap();
                    self.session.restore(self.now, saved);
                }
                Action::Persist(server, batch) if self.hold_store => self.unkept.push_back((server, batch)),
                Action::Persist(server, batch) => self.keep(server, &batch),
                Action::Load { server, room, from, to } => {
                    let loaded = self.history.load(&server, room, from, to).unwrap();
                    self.session.loaded(self.now, room, from, to, loaded);
                }
                Action::Send(bytes) => {
                    let mut decoder = FrameDecoder::new(usize::MAX);
                    let mut frames = decoder.feed(&bytes);
                    while let Some(frame) = frames.next().unwrap() {
                        self.sent.push_back(ClientFrame::decode(frame).unwrap().unwrap());
                    }
                }
            }
        }
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Room(state) => self.rows.push(state),
                Event::Queued(item) => self.queued.push(item),
                event => self.events.push_back(event),
            }
        }
    }

    fn keep(&mut self, server: PublicKey, batch: &Arc<Batch>) {
        match self.history.keep(&server, batch) {
            Ok(()) => {
                self.kept.extend(batch.iter().cloned());
                self.session.persisted(self.now);
            }
            Err(error) => self.session.persist_failed(self.now, error.to_string()),
        }
    }

    /// Lets the store do what it was held up with.
    pub(crate) fn release_store(&mut self) {
        self.hold_store = false;
        while let Some((server, batch)) = self.unkept.pop_front() {
            self.keep(server, &batch);
        }
        self.collect();
    }

    /// The program ends as if it was killed, and starts again: what is not in the store is gone.
    pub(crate) fn restart(&mut self) {
        let pinned = self.pins.last().copied();
        // Another process draws other names.
        let seed = u8::try_from(self.connects).unwrap() + 10;
        self.session = Session::new(Config { pinned, ..config() }, Random::from_seed([seed; 32]));
        self.unkept.clear();
        self.sent.clear();
        self.events.clear();
        self.start();
    }

    /// Lets time pass, with every deadline met exactly.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        let mut ticks = 0;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now.mono, "a deadline lies in the past");
            self.advance(deadline - self.now.mono);
            self.session.tick(self.now);
            self.collect();
            ticks += 1;
            assert!(ticks < 10_000, "deadlines without end");
        }
        self.advance(end - self.now.mono);
    }

    /// Lets time pass without telling the session.
    pub(crate) fn advance(&mut self, time: Duration) {
        self.now.mono += time;
        self.now.wall_ms += i64::try_from(time.as_millis()).unwrap();
    }

    /// The computer sleeps: the time of day goes on, the monotonic clock does not.
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now.wall_ms += i64::try_from(time.as_millis()).unwrap();
        self.session.slept(self.now);
        self.collect();
    }

    pub(crate) fn receive<M: Message>(&mut self, message: &M) {
        let bytes = encode(message);
        let mut decoder = FrameDecoder::new(usize::MAX);
        let mut frames = decoder.feed(&bytes);
        let frame = frames.next().unwrap().unwrap();
        self.session.receive(self.now, frame);
        self.collect();
    }

    pub(crate) fn start(&mut self) {
        self.session.start(self.now);
        self.collect();
    }

    pub(crate) fn cut(&mut self) {
        self.session.closed(self.now, Why::Closed);
        self.collect();
    }

    /// Waits for the next attempt to connect, and says how long that took.
    pub(crate) fn wait_for_connect(&mut self) -> Duration {
        let (from, connects) = (self.now.mono, self.connects);
        while self.connects == connects {
            let deadline = self.session.deadline().expect("it tries again");
            self.pass(deadline - self.now.mono);
        }
        self.now.mono - from
    }

    #[track_caller]
    pub(crate) fn next_sent(&mut self) -> ClientFrame {
        self.sent.pop_front().expect("the session sent something")
    }

    #[track_caller]
    pub(crate) fn next_event(&mut self) -> Event {
        self.events.pop_front().expect("the session told something")
    }

    pub(crate) fn hello(&mut self) -> request::Hello {
        self.session.connected(self.now);
        self.collect();
        let ClientFrame::Hello(hello) = self.next_sent() else { panic!("not a Hello") };
        hello
    }

    pub(crate) fn challenge(&mut self, hello: &request::Hello) -> reply::Challenge {
        self.nonce += 1;
        let nonce = Nonce([self.nonce; 32]);
        let signed = handshake::server_bytes(1, &hello.nonce, &nonce, &hello.device_key, b"");
        let signature = Signature(self.server.sign(&signed).as_ref().try_into().unwrap());
        reply::Challenge { version: 1, nonce, server_key: self.server_key(), signature }
    }

    pub(crate) fn welcome(position: u64, log: u8) -> reply::Welcome {
        reply::Welcome {
            user: ME,
            device: DeviceId(2),
            name: "ana".to_owned(),
            position: Seq(position),
            lineage: vec![reply::Lineage { log: LogId([log; 16]), from: Seq(1) }],
            now: 0,
            agent: None,
        }
    }

    /// From `Connect` to `Welcome`.
    pub(crate) fn log_in(&mut self) {
        let hello = self.hello();
        let challenge = self.challenge(&hello);
        self.receive(&challenge);
        assert!(matches!(self.next_sent(), ClientFrame::Prove(_)));
        self.receive(&Self::welcome(10, 1));
    }

    pub(crate) fn answer_sync(&mut self, rooms: Vec<reply::RoomRow>, users: Vec<reply::UserRow>, more: bool) {
        let next = more.then(|| vec![7]);
        self.answer_sync_with(reply::Synced { rooms, users, next, ..synced(10) });
    }

    pub(crate) fn answer_sync_with(&mut self, synced: reply::Synced) -> request::Sync {
        let ClientFrame::Sync(sync) = self.next_sent() else { panic!("not a Sync") };
        self.receive(&reply::Synced { request: sync.request, ..synced });
        sync
    }

    /// Expects a pull of a range, and answers with as much of its end as is said.
    #[track_caller]
    pub(crate) fn answer_pull(&mut self, from: u64, to: u64, first_given: u64) {
        let ClientFrame::Pull(pull) = self.next_sent() else { panic!("not a Pull") };
        assert_eq!((pull.room, pull.from, pull.to), (GENERAL, Rseq(from), Rseq(to)));
        self.page(pull.request, (first_given..=to).map(entry).collect());
    }

    pub(crate) fn page(&mut self, request: RequestId, entries: Vec<Entry>) {
        let head = entries.last().map_or(Rseq(0), |entry| entry.rseq);
        self.receive(&reply::Page { request, room: GENERAL, entries, head, later: None, cut: None, from: None });
    }

    pub(crate) fn live_entry(&mut self, rseq: u64) {
        self.receive(&push::RoomEntry { room: GENERAL, entry: entry(rseq) });
    }

    #[track_caller]
    pub(crate) fn write(&mut self, text: &str) -> Cid {
        let cid = self.session.send(self.now, GENERAL, Kind::MESSAGE, body(text));
        self.collect();
        cid
    }

    #[track_caller]
    pub(crate) fn next_write(&mut self) -> request::Write {
        match self.next_sent() {
            ClientFrame::Write(write) => write,
            other => panic!("not a Write: {other:?}"),
        }
    }

    pub(crate) fn place(&mut self, request: RequestId, rseq: u64) {
        self.receive(&reply::Placed {
            request,
            seq: Seq(10 + rseq),
            rseq: Rseq(rseq),
            count: rseq,
            at: 1_000,
            room: None,
        });
    }

    pub(crate) fn refuse(&mut self, request: Option<RequestId>, code: ErrorCode) {
        self.receive(&reply::Error { request, code, params: None, text: String::new() });
    }

    /// The session told, as the last thing, that it stopped, and means it.
    #[track_caller]
    pub(crate) fn check_stopped(&mut self, expected: StopCode, params_expected: usize) {
        let told = self.events.pop_back();
        let Some(Event::Stopped { code, params }) = told else { panic!("not stopped: {told:?}") };
        assert_eq!((code, params.len()), (expected, params_expected));
        assert_eq!((self.closes, self.session.deadline()), (1, None));
    }

    /// The places of all entries told since the last look, and what else was told.
    pub(crate) fn told_places(&mut self) -> Vec<u64> {
        let mut places = Vec::new();
        for event in std::mem::take(&mut self.events) {
            match event {
                Event::Entries { room, entries, .. } => {
                    assert_eq!(room, GENERAL);
                    places.extend(entries.iter().map(|entry| entry.rseq.0));
                }
                other => self.events.push_back(other),
            }
        }
        places
    }
}

pub(crate) fn settled(cid: Cid, rseq: u64) -> Event {
    Event::Settled { cid, room: GENERAL, rseq: Rseq(rseq), seq: Seq(10 + rseq), at: 1_000 }
}
