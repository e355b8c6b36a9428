//! One connection: its bytes, its protocol, its times.
//!
//! ```text
//! Open ──close()──▶ Draining ──all sent, FIN sent, FIN received, or too late──▶ Closed ──reap──▶ (key free)
//!   └───────────────abrupt reason──────────────────────────────────────────────────▲
//! ```

use std::net::IpAddr;

use tertulia_protocol::limits::FRAME_BYTES_MAX_BEFORE_LOGIN;
use tertulia_transport::Framed;

use crate::{close_reason::CloseReason, pace::Pace, session::Session};

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Both ways.
    Open,
    /// What is queued still goes out, what comes in is thrown away.
    Draining,
    /// To be reaped.
    Closed,
}

/// One connection. Times are milliseconds of the loop's monotonic clock.
///
/// The order is the one in memory: what a delivery looks at comes first and lies side by side, up to the send queue that
/// [`Framed`] begins with. Between two deliveries the kernel has used the processor's caches for itself, so each further
/// line of them is waited for, a thousand times a message.
#[derive(Debug)]
#[repr(C)]
pub struct Connection<S> {
    /// When bytes last went.
    pub sent: u64,
    /// Bytes queued for it alone since nothing waited: no more than these are not shared with others.
    pub own: u32,
    /// What it counts for in the sum of all send queues.
    pub held: u32,
    /// Where it stands.
    pub state: State,
    /// Whether it is on the list of those with something to send.
    pub is_dirty: bool,
    /// Whether it read too slowly, and is told nothing but answers until it has taken what is queued.
    pub is_lagging: bool,
    /// Whether its frames stay unread until something changes.
    pub is_paused: bool,
    /// Whether that is because it talks too fast: then it is read again when its time has come, and not before.
    pub is_paced: bool,
    /// Whether that is because its frame waits for room: then it is read again when there is some, and not before.
    pub is_queueing: bool,
    /// Whether it is on the ready list.
    pub is_ready: bool,
    /// Whether the peer has ended its direction.
    pub peer_ended: bool,
    /// The bytes.
    pub framed: Framed<S>,
    /// The protocol.
    pub session: Session,
    /// How much it has said of late.
    pub pace: Pace,
    /// In which turn its frames were last read.
    pub read_in: u64,
    /// Its number in the activity log.
    pub number: u64,
    /// When it was accepted.
    pub opened: u64,
    /// When bytes last came.
    pub heard: u64,
    /// See [`Self::since`]; `NEVER` if nothing has begun.
    since: u64,
    /// When the timer that stands for it goes off; later ones of it are stale.
    pub timer: u64,
    /// What the large frame that it has begun has in all, if there was room for it.
    pub claim: u32,
    /// Where it comes from. Not the port, which is in the activity log: every byte here is there ten thousand times.
    pub address: IpAddr,
    /// Why it ended; the first reason counts.
    pub reason: Option<CloseReason>,
}

/// Eight bytes less than an `Option`, which would besides put what tells a place that is taken from one that is free into
/// another line than the rest.
const NEVER: u64 = u64::MAX;

impl<S> Connection<S> {
    /// A connection that was just accepted.
    pub fn new(socket: S, number: u64, address: IpAddr, now: u64) -> Self {
        Self {
            sent: now,
            own: 0,
            held: 0,
            state: State::Open,
            is_dirty: false,
            is_lagging: false,
            is_paused: false,
            is_paced: false,
            is_queueing: false,
            is_ready: false,
            peer_ended: false,
            framed: Framed::new(socket, FRAME_BYTES_MAX_BEFORE_LOGIN),
            session: Session::AwaitHello,
            pace: Pace::default(),
            read_in: 0,
            number,
            opened: now,
            heard: now,
            since: NEVER,
            timer: u64::MAX,
            claim: 0,
            address,
            reason: None,
        }
    }

    /// When the frame began that has not ended, or the draining.
    pub fn since(&self) -> Option<u64> {
        (self.since != NEVER).then_some(self.since)
    }

    /// Notes since when a frame is owed, or that none is; or when the draining began.
    pub fn set_since(&mut self, since: Option<u64>) {
        self.since = since.unwrap_or(NEVER);
    }

    /// Whether what nobody asked for may be queued. Once more than `limit` bytes wait it may not, until all of them are
    /// taken.
    #[inline]
    pub fn may_push(&mut self, limit: usize) -> bool {
        self.is_lagging |= self.framed.queued_bytes() > limit;
        !self.is_lagging
    }

    /// Whether nothing follows from its having taken everything: nearly always.
    #[inline]
    pub fn is_content(&self) -> bool {
        self.state == State::Open && !(self.is_paused || self.is_lagging) && self.own | self.held == 0
    }

    /// Notes that so many bytes are queued for it and for nobody else.
    pub fn count_own(&mut self, bytes: usize) {
        self.own = self.own.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// What waits for it and for nobody else, in bytes: what is counted once for all is not in it.
    pub fn weight(&self) -> u32 {
        let own = self.framed.queued_bytes().min(self.own as usize);
        u32::try_from(own + self.framed.queue_list_bytes()).unwrap_or(u32::MAX)
    }
}
