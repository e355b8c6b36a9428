//! A client that does what the test tells it and remembers what it was told, down to the bytes.

use std::collections::VecDeque;

use tertulia_protocol::{
    Cid, ErrorCode, FrameDecoder, Kind, Message, Nonce, PublicKey, RequestId, RoomId, Rseq, Seq, ServerFrame, encode,
    entry::MessageBody,
    handshake::{login_bytes, server_bytes},
    limits, push, reply, request,
};
use tertulia_server::connections::ConnectionId;

use super::{Device, Rig, Wire};

/// The room that everybody is in.
const GENERAL: RoomId = RoomId(1);

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) frame: ServerFrame,
    pub(crate) bytes: Vec<u8>,
}

/// A message of the server that [`Client::expect`] can wait for.
pub(crate) trait Told: Message + Sized {
    fn from_frame(frame: ServerFrame) -> Option<Self>;
}

macro_rules! told {
    ($($variant:ident($message:ty)),*) => {$(
        impl Told for $message {
            fn from_frame(frame: ServerFrame) -> Option<Self> {
                if let ServerFrame::$variant(message) = frame { Some(message) } else { None }
            }
        }
    )*};
}

told! {
    Challenge(reply::Challenge), Welcome(reply::Welcome), Error(reply::Error), Heartbeat(push::Heartbeat),
    Placed(reply::Placed), Synced(reply::Synced), Page(reply::Page), Browsed(reply::Browsed),
    MemberList(reply::MemberList), Hits(reply::Hits), Entry(push::RoomEntry), Users(push::Users), Rooms(push::Rooms),
    Gone(push::Gone), Lagged(push::Lagged), Marked(push::Marked), Presence(push::Presence), Typing(push::Typing),
    Notice(push::Notice)
}

/// A scripted client.
pub(crate) struct Client {
    pub(crate) id: ConnectionId,
    pub(crate) wire: Wire,
    pub(crate) device: Device,
    decoder: FrameDecoder,
    inbox: VecDeque<Received>,
    challenge: Option<reply::Challenge>,
    /// What came was not frames.
    is_foreign: bool,
    requests: u32,
    cids: u64,
    nonce: Nonce,
}

impl Client {
    pub(crate) fn new(id: ConnectionId, wire: Wire, device: Device) -> Self {
        Self {
            id,
            wire,
            nonce: Nonce([u8::try_from(device.number() % 251).unwrap(); 32]),
            device,
            decoder: FrameDecoder::new(limits::FRAME_BYTES_MAX),
            inbox: VecDeque::new(),
            challenge: None,
            is_foreign: false,
            requests: 0,
            cids: 0,
        }
    }

    /// The same device calls nothing on a later connection as it did on an earlier one.
    pub(crate) fn with_cids_of(self, connection: u64) -> Self {
        Self { cids: connection << 32, ..self }
    }

    // What it sends.

    pub(crate) fn send<M: Message>(&self, message: &M) {
        self.wire.send(&encode(message));
    }

    pub(crate) fn hello(&self) {
        self.hello_with(limits::VERSIONS.to_vec());
    }

    pub(crate) fn hello_with(&self, versions: Vec<u16>) {
        let device_key = self.device.public();
        self.send(&request::Hello { versions, device_key, nonce: self.nonce, agent: None, locale: None });
    }

    /// Takes the challenge in, and checks it as every client has to.
    pub(crate) fn challenged(&mut self) -> reply::Challenge {
        let challenge = self.expect::<reply::Challenge>();
        self.challenged_by(challenge.clone());
        challenge
    }

    pub(crate) fn challenged_by(&mut self, challenge: reply::Challenge) {
        let reply::Challenge { version, nonce, server_key, signature } = challenge.clone();
        let signed = server_bytes(version, &self.nonce, &nonce, &self.device.public(), &[]);
        assert!(Device::trusts(&server_key, &signed, &signature), "the server proves its key");
        self.challenge = Some(challenge);
    }

    /// The proof that answers the challenge.
    pub(crate) fn proof(&self, name: Option<&str>) -> request::Prove {
        let challenge = self.challenge.as_ref().unwrap();
        self.proof_for(&challenge.server_key, &challenge.nonce, name)
    }

    pub(crate) fn proof_for(&self, server: &PublicKey, nonce: &Nonce, name: Option<&str>) -> request::Prove {
        let signature = self.device.sign(&login_bytes(server, nonce, &[], name));
        request::Prove { signature, name: name.map(ToOwned::to_owned) }
    }

    pub(crate) fn prove(&self, name: Option<&str>) {
        self.send(&self.proof(name));
    }

    /// Writes to the room that everybody is in, under a new cid.
    pub(crate) fn write(&mut self, text: &str) -> (RequestId, Cid) {
        let cid = self.new_cid();
        (self.write_as(cid, text), cid)
    }

    /// Writes under a cid that was perhaps used before.
    pub(crate) fn write_as(&mut self, cid: Cid, text: &str) -> RequestId {
        let write = self.a_write(cid, text);
        self.send(&write);
        write.request
    }

    /// A write that is not sent yet.
    pub(crate) fn a_write(&mut self, cid: Cid, text: &str) -> request::Write {
        let body = MessageBody { text: text.to_owned() }.to_bytes();
        let request = self.new_request();
        request::Write { request, cid, room: GENERAL, kind: Kind::MESSAGE, target: None, mentions: None, body }
    }

    pub(crate) fn pull(&mut self, from: u64, to: u64) -> RequestId {
        let request = self.new_request();
        self.send(&request::Pull { request, room: GENERAL, from: Rseq(from), to: Rseq(to), later_only: None });
        request
    }

    pub(crate) fn sync(&mut self, since: Seq) -> RequestId {
        self.sync_on(since, None)
    }

    /// Goes on with a sync of which there was more.
    pub(crate) fn sync_on(&mut self, since: Seq, after: Option<Vec<u8>>) -> RequestId {
        let request = self.new_request();
        self.send(&request::Sync { request, since, after });
        request
    }

    pub(crate) fn new_request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    pub(crate) fn new_cid(&mut self) -> Cid {
        self.cids += 1;
        let mut cid = [0; 16];
        cid[..8].copy_from_slice(&self.device.number().to_be_bytes());
        cid[8..].copy_from_slice(&self.cids.to_be_bytes());
        Cid(cid)
    }

    // What it gets.

    /// Takes in what has arrived.
    pub(crate) fn read(&mut self) {
        self.read_at_most(usize::MAX);
    }

    /// Takes in some of what has arrived.
    pub(crate) fn read_at_most(&mut self, most: usize) {
        self.read_anything(most);
        assert!(!self.is_foreign, "frames and nothing else");
    }

    /// Takes in some of what has arrived, frames or not: a stranger is answered in another language.
    pub(crate) fn read_anything(&mut self, most: usize) {
        let bytes = self.wire.take(most);
        let mut frames = self.decoder.feed(&bytes);
        while !self.is_foreign {
            match frames.next() {
                Ok(Some(raw)) => {
                    let length = u32::try_from(raw.payload.len() + 1).unwrap();
                    let bytes = [&length.to_be_bytes(), [raw.kind].as_slice(), raw.payload].concat();
                    let frame = ServerFrame::decode(raw).unwrap().unwrap();
                    self.inbox.push_back(Received { frame, bytes });
                }
                Ok(None) => break,
                Err(_) => self.is_foreign = true,
            }
        }
    }

    pub(crate) fn is_challenged(&self) -> bool {
        self.challenge.is_some()
    }

    /// Whether something has arrived that was not looked at.
    pub(crate) fn has_frames(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// The next of it.
    pub(crate) fn next_frame(&mut self) -> ServerFrame {
        self.inbox.pop_front().unwrap().frame
    }

    /// Everything that has arrived and was not looked at, in order.
    pub(crate) fn received(&mut self) -> Vec<Received> {
        self.read();
        self.inbox.drain(..).collect()
    }

    /// The same without the bytes.
    pub(crate) fn frames(&mut self) -> Vec<ServerFrame> {
        self.received().into_iter().map(|received| received.frame).collect()
    }

    /// The first that has arrived of one sort; the rest is left to be looked at.
    #[track_caller]
    pub(crate) fn take<T: Told>(&mut self) -> T {
        self.read();
        let index = self.inbox.iter().position(|received| T::from_frame(received.frame.clone()).is_some());
        let Some(index) = index else { panic!("no frame of type {:#04x} among {:?}", T::TYPE, self.inbox) };
        self.inbox.remove(index).and_then(|received| T::from_frame(received.frame)).unwrap()
    }

    /// All that has arrived of one sort; the rest is forgotten.
    pub(crate) fn all<T: Told>(&mut self) -> Vec<T> {
        self.frames().into_iter().filter_map(T::from_frame).collect()
    }

    /// The next frame must be this. Who is online, who is called what and heartbeats are passed over unless asked for.
    #[track_caller]
    pub(crate) fn expect<T: Told>(&mut self) -> T {
        self.read();
        loop {
            let Some(Received { frame, .. }) = self.inbox.pop_front() else {
                panic!("nothing came where a frame of type {:#04x} was expected", T::TYPE);
            };
            let is_passing = Rig::is_signal(&frame);
            match T::from_frame(frame.clone()) {
                Some(message) => return message,
                None if is_passing => {}
                None => panic!("{frame:?} came where a frame of type {:#04x} was expected", T::TYPE),
            }
        }
    }

    /// The next frame must be an error about the connection or about a request, and nothing may follow an error about
    /// the connection.
    #[track_caller]
    pub(crate) fn expect_error(&mut self, code: ErrorCode) -> reply::Error {
        let error = self.expect::<reply::Error>();
        assert_eq!(error.code, code, "{error:?}");
        if error.request.is_none() {
            assert_eq!(self.inbox, [], "nothing follows the error that closes a connection");
            assert!(self.wire.is_ended(), "the end follows the error that closes a connection");
        }
        error
    }

    /// Nothing but who is online may have come.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self) {
        let mut frames = self.frames();
        frames.retain(|frame| !matches!(frame, ServerFrame::Presence(_) | ServerFrame::Users(_)));
        assert_eq!(frames, []);
    }

    /// The end came, and nothing before it.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        self.read();
        assert_eq!(self.inbox, []);
        assert!(self.wire.is_ended());
    }

    /// What the last welcome said about who this is.
    #[track_caller]
    pub(crate) fn welcomed(&mut self) -> reply::Welcome {
        self.expect::<reply::Welcome>()
    }
}

/// The text of an entry.
pub(crate) fn text(entry: &tertulia_protocol::Entry) -> String {
    MessageBody::from_bytes(&entry.body).unwrap().text
}
