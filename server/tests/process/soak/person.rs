//! One person of the soak: connects, proves who it is, catches up, hears what is live, says something, leaves.
//!
//! It speaks frames and not the client's session, which would mend what the server leaves out by asking again. Whatever
//! it is told goes to the [`Ledger`]; what it was not told, it notices itself.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc};

use mio::net::TcpStream;
use tertulia_protocol::{
    Kind, Message, RawFrame, RequestId, Rseq, Seq, ServerFrame, UserId, encode, limits, push, reply, request,
};
use tertulia_transport::{
    Framed, ReceiveStatus,
    connect::{Connecting, progress},
};

use super::{
    device::Device,
    greeting,
    ledger::{GENERAL, Ledger},
};

/// How much of the past somebody new looks at.
const NEWEST: u64 = 50;

/// What a person is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is not there.
    Away,
    /// It connects and logs in.
    Entering,
    /// It asks what it has missed.
    CatchingUp,
    /// It has everything, and hears the rest as it comes.
    In,
    /// It wants to go, and first asks how far it has to have heard.
    Asking,
    /// It goes once it has heard up to here.
    Leaving(u64),
    /// It has ended its direction and waits for the server to end its own.
    Ending,
}

pub(super) struct Person {
    number: u32,
    device: Device,
    link: Link,
    pub(super) stage: Stage,
    /// Who it is, once it has logged in for the first time.
    pub(super) user: Option<UserId>,
    requests: u32,
    /// Writes without an answer, oldest first.
    unanswered: VecDeque<(RequestId, usize)>,
    /// A page that was asked for: request, first and last place.
    pull: Option<(RequestId, u64, u64)>,
    /// Everything up to this place it had been told before this connection's live entries.
    held: u64,
    /// How far it has to catch up, once it knows.
    target: Option<u64>,
    /// The place of the first live entry of this connection, and of the next.
    live: Option<(u64, u64)>,
    /// Where it was welcomed, and what it has asked about changes.
    position: Seq,
    synced: Seq,
    is_new: bool,
}

enum Link {
    None,
    Connecting(TcpStream),
    Up(Box<Framed<TcpStream>>),
}

impl Person {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            device: Device::new(number.into()),
            link: Link::None,
            stage: Stage::Away,
            user: None,
            requests: 0,
            unanswered: VecDeque::new(),
            pull: None,
            held: 0,
            target: None,
            live: None,
            position: Seq(0),
            synced: Seq(0),
            is_new: true,
        }
    }

    /// Begins to connect.
    pub(super) fn enter(&mut self, socket: TcpStream) {
        self.link = Link::Connecting(socket);
        self.stage = Stage::Entering;
        (self.target, self.live, self.pull) = (None, None, None);
    }

    /// Says something.
    pub(super) fn say(&mut self, text: &str, ledger: &mut Ledger) {
        let (index, cid, body) = ledger.say(self.user.unwrap(), text);
        let request = self.new_request();
        self.unanswered.push_back((request, index));
        let (room, kind) = (GENERAL, Kind::MESSAGE);
        self.send(&request::Write { request, cid, room, kind, target: None, mentions: None, body });
    }

    /// How many of its writes nobody has answered.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// Whether it does nothing but listen.
    pub(super) fn is_idle(&self) -> bool {
        self.stage == Stage::In && self.unanswered.is_empty() && self.pull.is_none()
    }

    /// The last place that it was told.
    pub(super) fn heard(&self) -> u64 {
        self.live.map_or(self.held, |(_, next)| next - 1)
    }

    /// Looks at a page of the past.
    pub(super) fn look_back(&mut self, to: u64) {
        let from = to.saturating_sub(limits::PAGE_ENTRIES_MAX - 1).max(1);
        self.ask_page(from, to);
    }

    /// Begins to leave, with nothing left behind.
    pub(super) fn leave(&mut self) {
        self.stage = Stage::Asking;
        self.sync();
    }

    /// Is gone at once, as when a computer is switched off.
    pub(super) fn vanish(&mut self) {
        self.part();
    }

    /// Shows that it lives.
    pub(super) fn beat(&mut self) {
        self.send(&request::Heartbeat {});
        self.flush();
    }

    /// Something happened on its socket.
    pub(super) fn event(&mut self, readable: bool, writable: bool, scratch: &mut [u8], ledger: &mut Ledger) {
        if let Link::Connecting(socket) = &self.link {
            match progress(socket) {
                Connecting::Pending => return,
                Connecting::Failed(kind) => panic!("person {} cannot connect: {kind}", self.number),
                Connecting::Connected => {}
            }
            let Link::Connecting(socket) = std::mem::replace(&mut self.link, Link::None) else { return };
            socket.set_nodelay(true).unwrap();
            self.link = Link::Up(Box::new(Framed::new(socket, limits::FRAME_BYTES_MAX)));
            let hello = greeting::hello(&self.device);
            self.send(&hello);
        }
        let Link::Up(framed) = &mut self.link else { return };
        framed.mark(readable, writable);
        self.receive(scratch, ledger);
        self.flush();
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self) {
        if let Link::Up(framed) = &mut self.link {
            while framed.can_flush() {
                let flushed = framed.flush();
                assert!(
                    !matches!(flushed.status, tertulia_transport::FlushStatus::Failed(_)),
                    "person {}: {flushed:?}",
                    self.number
                );
            }
        }
    }

    fn receive(&mut self, scratch: &mut [u8], ledger: &mut Ledger) {
        // Out of its place while its frames are looked at, which may end it.
        let Link::Up(mut framed) = std::mem::replace(&mut self.link, Link::None) else { return };
        let mut answers = Vec::new();
        let received = framed.receive(scratch, usize::MAX, &mut |frame| {
            self.frame(frame, ledger, &mut answers);
            ControlFlow::Continue(())
        });
        for bytes in answers {
            framed.queue(bytes);
        }
        if self.stage == Stage::Ending {
            framed.finish();
        }
        match received.status {
            ReceiveStatus::Drained | ReceiveStatus::Budget | ReceiveStatus::Stopped => self.link = Link::Up(framed),
            ReceiveStatus::Eof { .. } if self.stage == Stage::Ending => self.part(),
            other => panic!("person {} was disconnected in {:?}: {other:?}", self.number, self.stage),
        }
    }

    fn part(&mut self) {
        assert!(self.unanswered.is_empty());
        self.held = self.heard();
        (self.link, self.stage) = (Link::None, Stage::Away);
    }

    fn frame(&mut self, frame: RawFrame<'_>, ledger: &mut Ledger, answers: &mut Vec<Arc<[u8]>>) {
        match frame.kind {
            push::RoomEntry::TYPE => self.hear(frame.payload, ledger),
            // Not what this is about; decoding them a thousand times would cost more than all the rest.
            push::Users::TYPE | push::Presence::TYPE | push::Heartbeat::TYPE => {}
            _ => match ServerFrame::decode(frame).unwrap() {
                Some(ServerFrame::Challenge(challenge)) => {
                    answers.push(encode(&greeting::proof(&self.device, &challenge, name(self.number))).into())
                }
                Some(ServerFrame::Welcome(welcome)) => {
                    assert_eq!(welcome.name, name(self.number));
                    (self.user, self.position) = (Some(welcome.user), welcome.position);
                    self.stage = Stage::CatchingUp;
                    answers.push(self.sync_frame(None));
                }
                Some(ServerFrame::Placed(placed)) => {
                    let (request, index) = self.unanswered.pop_front().expect("it had written something");
                    assert_eq!(placed.request, request, "answers come in the order of the writes");
                    ledger.placed(index, placed.seq, placed.rseq);
                }
                Some(ServerFrame::Synced(synced)) => answers.extend(self.on_synced(&synced)),
                Some(ServerFrame::Page(page)) => answers.extend(self.on_page(page, ledger)),
                other => panic!("person {} was told {other:?}", self.number),
            },
        }
        if let Stage::Leaving(upto) = self.stage
            && self.heard() >= upto
        {
            self.stage = Stage::Ending;
        }
    }

    fn hear(&mut self, payload: &[u8], ledger: &mut Ledger) {
        let live = match self.live {
            Some((first, next)) => {
                ledger.live(next, payload);
                (first, next + 1)
            }
            None => {
                let first = ledger.first_live(self.position, payload);
                let target = self.target.unwrap_or(first);
                assert!(first <= target + 1, "person {}: nothing between {target} and {first}", self.number);
                (first, first + 1)
            }
        };
        self.live = Some(live);
    }

    fn on_synced(&mut self, synced: &reply::Synced) -> Option<Arc<[u8]>> {
        let head = synced.rooms.iter().find(|row| row.room == GENERAL).map(|row| row.head.0);
        match self.stage {
            Stage::CatchingUp => {
                if self.target.is_none() {
                    let head = head.unwrap_or(self.held);
                    let before_live = self.live.map_or(u64::MAX, |(first, _)| first - 1);
                    assert!(before_live == u64::MAX || before_live <= head, "live entries begin behind a gap");
                    self.target = Some(head.min(before_live));
                    if std::mem::take(&mut self.is_new) {
                        self.held = self.target.unwrap_or(0).saturating_sub(NEWEST);
                    }
                }
                if let Some(next) = &synced.next {
                    return Some(self.sync_frame(Some(next.clone())));
                }
                self.synced = synced.position;
                self.catch_up()
            }
            Stage::Asking => {
                self.stage = Stage::Leaving(head.unwrap_or(0));
                None
            }
            stage => panic!("person {} asked for nothing in {stage:?}", self.number),
        }
    }

    fn on_page(&mut self, page: reply::Page, ledger: &mut Ledger) -> Option<Arc<[u8]>> {
        let (request, from, to) = self.pull.take().expect("it asked for a page");
        assert_eq!(page.request, request);
        let places: Vec<u64> = page.entries.iter().map(|entry| entry.rseq.0).collect();
        assert_eq!(places, (from..=to).collect::<Vec<_>>(), "the page holds what was asked for");
        page.entries.into_iter().for_each(|entry| ledger.page(entry));
        if self.stage != Stage::CatchingUp {
            return None;
        }
        self.held = to;
        self.catch_up()
    }

    /// Asks for the next page that is missing, or is in.
    fn catch_up(&mut self) -> Option<Arc<[u8]>> {
        let target = self.target.unwrap_or(0);
        if self.held >= target {
            self.stage = Stage::In;
            return None;
        }
        let (from, to) = (self.held + 1, target.min(self.held + limits::PAGE_ENTRIES_MAX));
        Some(self.page_frame(from, to))
    }

    fn sync(&mut self) {
        let frame = self.sync_frame(None);
        self.queue(frame);
    }

    fn sync_frame(&mut self, after: Option<Vec<u8>>) -> Arc<[u8]> {
        encode(&request::Sync { request: self.new_request(), since: self.synced, after }).into()
    }

    fn ask_page(&mut self, from: u64, to: u64) {
        let frame = self.page_frame(from, to);
        self.queue(frame);
    }

    fn page_frame(&mut self, from: u64, to: u64) -> Arc<[u8]> {
        let request = self.new_request();
        self.pull = Some((request, from, to));
        encode(&request::Pull { request, room: GENERAL, from: Rseq(from), to: Rseq(to), later_only: None }).into()
    }

    fn new_request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    fn send<M: Message>(&mut self, message: &M) {
        self.queue(encode(message).into());
    }

    fn queue(&mut self, bytes: Arc<[u8]>) {
        let Link::Up(framed) = &mut self.link else { panic!("person {} is not connected", self.number) };
        framed.queue(bytes);
    }
}

fn name(number: u32) -> String {
    format!("person {number}")
}
