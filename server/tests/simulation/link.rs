//! The network between one client and the server: frames on their way, in order, in whatever pieces, as late as it
//! likes; cut, half open, or not taken by a client that stalls.

use std::{collections::VecDeque, sync::Arc};

use tertulia_protocol::{ClientFrame, FrameDecoder, RequestId, Seq, ServerFrame, encode, limits, push};

use super::{
    dice::Dice,
    ear::{Acknowledged, Ear},
    faults::{self, Fault},
    finding::{Promise, broken, holds},
    witness::Witness,
};
use crate::support::Wire;

/// How a network is at present.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) latency_ms: u64,
    /// At most so many bytes are taken at once.
    pub(crate) chunk: u64,
}

/// Requests from this number on are somebody's prying beside the session, which does not learn of them.
pub(crate) const PRYING: u32 = 0xf000_0000;

/// One connection, from the client's side.
pub(crate) struct Link {
    pub(crate) wire: Wire,
    pub(crate) ear: Ear,
    decoder: FrameDecoder,
    /// Frames for the client, and when they arrive.
    inbox: VecDeque<(u64, Vec<u8>)>,
    /// Bytes for the server, and when they arrive.
    outbox: VecDeque<(u64, Arc<[u8]>)>,
    /// Nothing gets through any more, and nobody is told.
    pub(crate) is_half_open: bool,
    /// Until when the client does not read.
    pub(crate) stalled_until: u64,
    take_at: u64,
    /// The places of the log between which the client did not read, and how much was told it live of what lies between.
    stall: Option<(Seq, Seq)>,
    stalled_bytes: usize,
    /// How many questions are not answered.
    pub(crate) asked: usize,
    /// A live entry that is kept to change its place with the next one.
    swapped: Option<push::RoomEntry>,
}

/// What a frame is held against on its way.
pub(crate) struct Passage<'a> {
    pub(crate) position: Seq,
    pub(crate) witness: &'a Witness,
    pub(crate) acked: &'a mut Acknowledged,
    pub(crate) fault: Option<Fault>,
    pub(crate) trace: bool,
    pub(crate) stalled_max: usize,
}

impl Link {
    pub(crate) fn new(wire: Wire) -> Self {
        Self {
            wire,
            ear: Ear::default(),
            decoder: FrameDecoder::new(limits::FRAME_BYTES_MAX),
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            is_half_open: false,
            stalled_until: 0,
            take_at: 0,
            stall: None,
            stalled_bytes: 0,
            asked: 0,
            swapped: None,
        }
    }

    /// The client sends a frame.
    pub(crate) fn send(&mut self, bytes: Arc<[u8]>, now: u64, weather: Weather, dice: &mut Dice, fault: Option<Fault>) {
        let (mut decoder, copy) = (FrameDecoder::new(limits::FRAME_BYTES_MAX), Arc::clone(&bytes));
        let mut frames = decoder.feed(&copy);
        while let Ok(Some(raw)) = frames.next() {
            match ClientFrame::decode(raw) {
                Ok(Some(ClientFrame::Write(write))) => {
                    self.ear.wrote(write.request, write.cid);
                    if fault == Some(Fault::WritesDropped) {
                        return;
                    }
                    if fault == Some(Fault::ClientBelievesInSending) {
                        let (seq, rseq) = (Seq(1), tertulia_protocol::Rseq(1));
                        let placed = tertulia_protocol::reply::Placed {
                            request: write.request,
                            seq,
                            rseq,
                            count: 1,
                            at: 0,
                            room: None,
                        };
                        self.inbox.push_back((now, encode(&placed)));
                    }
                }
                Ok(Some(
                    ClientFrame::Pull(_)
                    | ClientFrame::Sync(_)
                    | ClientFrame::Search(_)
                    | ClientFrame::Members(_)
                    | ClientFrame::Browse(_),
                )) => self.asked += 1,
                Ok(Some(ClientFrame::Mark(_))) if fault == Some(Fault::MarksDropped) => return,
                _ => {}
            }
        }
        let due = now + dice.below(weather.latency_ms + 1);
        let due = self.outbox.back().map_or(due, |(last, _)| due.max(*last));
        self.outbox.push_back((due, bytes));
    }

    /// Notes what goes on while the client does not read.
    pub(crate) fn watch(&mut self, now: u64, position: Seq) {
        if now >= self.stalled_until {
            return;
        }
        match &mut self.stall {
            Some((_, to)) if self.stalled_bytes == 0 => *to = position,
            stall => (*stall, self.stalled_bytes) = (Some((position, position)), 0),
        }
    }

    /// Holds what somebody who did not read is told live against what may wait for such a one.
    fn measure(&mut self, frame: &ServerFrame, most: usize) {
        match (frame, self.stall) {
            (ServerFrame::Lagged(_), _) => (self.stall, self.stalled_bytes) = (None, 0),
            (ServerFrame::Entry(entry), Some((from, to))) if entry.entry.seq > from && entry.entry.seq <= to => {
                self.stalled_bytes += encode(entry).len();
                holds(self.stalled_bytes <= most, Promise::Bounded, || {
                    format!("{} bytes waited for one reader, at most {most}", self.stalled_bytes)
                });
            }
            _ => {}
        }
    }

    /// Moves what is due towards the server.
    pub(crate) fn deliver(&mut self, now: u64) {
        while self.outbox.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, bytes)) = self.outbox.pop_front() else { return };
            if !self.is_half_open {
                self.wire.send(&bytes);
            }
        }
    }

    /// Takes what the server has sent, as far as the network and the client do; each frame is heard on its way.
    pub(crate) fn take(&mut self, now: u64, weather: Weather, dice: &mut Dice, passage: &mut Passage<'_>) {
        if self.is_half_open || now < self.stalled_until || now < self.take_at || self.wire.waiting() == 0 {
            return;
        }
        let most = usize::try_from(1 + dice.below(weather.chunk)).unwrap_or(1);
        let bytes = self.wire.take(most);
        self.take_at = if self.wire.waiting() > 0 { now + dice.below(2) } else { now };
        let due = now + dice.below(weather.latency_ms + 1);
        let due = self.inbox.back().map_or(due, |(last, _)| due.max(*last));
        let mut heard = Vec::new();
        let mut frames = self.decoder.feed(&bytes);
        loop {
            match frames.next() {
                Ok(Some(raw)) => match ServerFrame::decode(raw) {
                    Ok(Some(frame)) => heard.push(frame),
                    other => broken(Promise::Told, format!("the server sent {other:?}")),
                },
                Ok(None) => break,
                Err(error) => broken(Promise::Told, format!("the server sent {error}")),
            }
        }
        drop(frames);
        for mut frame in heard {
            self.before(&mut frame, passage);
            if passage.trace {
                println!("{now:>8} {:?} is told {frame:?}", self.ear.user);
            }
            self.ear.hear(&frame, passage.position, passage.witness, passage.acked);
            self.measure(&frame, passage.stalled_max);
            if is_answer(&frame) {
                self.asked = self.asked.saturating_sub(1);
            }
            if answers_prying(&frame) {
                continue;
            }
            for frame in self.behind(frame, dice, passage) {
                self.inbox.push_back((due, encode_frame(&frame)));
            }
        }
    }

    /// What a broken server would say.
    fn before(&mut self, frame: &mut ServerFrame, passage: &Passage<'_>) {
        let witness = passage.witness;
        match (passage.fault, frame) {
            (Some(Fault::PageShowsErased), ServerFrame::Page(page)) => {
                for entry in &mut page.entries {
                    let true_one = witness.wire(page.room, entry.rseq);
                    entry.body = true_one.map_or_else(Vec::new, |entry| entry.body);
                }
            }
            (Some(Fault::LeaversTold), frame @ ServerFrame::Gone(_)) => {
                let ServerFrame::Gone(gone) = *frame else { return };
                let head = witness.head_at(gone.room, witness.position());
                if let Some(entry) = witness.wire(gone.room, head) {
                    *frame = ServerFrame::Entry(push::RoomEntry { room: gone.room, entry });
                }
            }
            _ => {}
        }
    }

    /// What a broken network or client would make of it.
    fn behind(&mut self, frame: ServerFrame, dice: &mut Dice, passage: &Passage<'_>) -> Vec<ServerFrame> {
        if passage.fault == Some(Fault::EntriesSwapped)
            && let ServerFrame::Entry(entry) = frame
        {
            return match self.swapped.take() {
                Some(kept) if kept.room == entry.room && kept.entry.rseq.0 + 1 == entry.entry.rseq.0 => {
                    faults::swap(entry.room, kept.entry, &entry.entry).map(ServerFrame::Entry).to_vec()
                }
                None if dice.one_in(4) => {
                    self.swapped = Some(entry);
                    Vec::new()
                }
                kept => kept.into_iter().chain([entry]).map(ServerFrame::Entry).collect(),
            };
        }
        faults::tamper(passage.fault, frame, passage.position.0, dice.roll()).into_iter().collect()
    }

    /// The next frame that has arrived.
    pub(crate) fn receive(&mut self, now: u64) -> Option<Vec<u8>> {
        if now < self.stalled_until || self.inbox.front().is_none_or(|(due, _)| *due > now) {
            return None;
        }
        self.inbox.pop_front().map(|(_, bytes)| bytes)
    }

    /// Whether the server has ended it, and everything that came before was taken.
    pub(crate) fn is_over(&self) -> bool {
        !self.is_half_open && self.inbox.is_empty() && self.wire.waiting() == 0 && self.wire.is_ended()
    }

    /// When something happens here by itself.
    pub(crate) fn deadline(&self, now: u64) -> Option<u64> {
        let inbox = self.inbox.front().map(|(due, _)| (*due).max(self.stalled_until));
        let outbox = self.outbox.front().map(|(due, _)| *due);
        let taking = (!self.is_half_open && self.wire.waiting() > 0).then(|| self.take_at.max(self.stalled_until));
        let over = self.is_over().then_some(now);
        [inbox, outbox, taking, over].into_iter().flatten().min()
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_calm(&self) -> bool {
        !self.is_half_open
            && self.inbox.is_empty()
            && self.outbox.is_empty()
            && self.wire.waiting() == 0
            && self.wire.unread() == 0
    }
}

/// Whether a question is answered with it. A refused one counts as asked for ever, which allows a little more.
fn is_answer(frame: &ServerFrame) -> bool {
    matches!(
        frame,
        ServerFrame::Page(_)
            | ServerFrame::Synced(_)
            | ServerFrame::Hits(_)
            | ServerFrame::MemberList(_)
            | ServerFrame::Browsed(_)
    )
}

fn answers_prying(frame: &ServerFrame) -> bool {
    let request = match frame {
        ServerFrame::Page(page) => page.request,
        ServerFrame::MemberList(list) => list.request,
        ServerFrame::Hits(hits) => hits.request,
        ServerFrame::Browsed(browsed) => browsed.request,
        ServerFrame::Synced(synced) => synced.request,
        ServerFrame::Error(error) => error.request.unwrap_or(RequestId(0)),
        _ => return false,
    };
    request.0 >= PRYING
}

fn encode_frame(frame: &ServerFrame) -> Vec<u8> {
    macro_rules! encoded {
        ($($variant:ident)*) => {
            match frame { $(ServerFrame::$variant(message) => encode(message),)* }
        };
    }
    encoded! {
        Challenge Welcome Error Heartbeat Placed Synced Page Browsed MemberList Hits Entry Users Rooms Gone Lagged Marked
        Presence Typing Notice
    }
}
