//! What was written and not answered yet, in memory, in the order of writing.
//!
//! ```text
//!   on the wire (have a request number)  │  waiting for their turn
//!   oldest ──────────────────────────────┼────────────────────────▶ newest
//! ```
//!
//! A cut moves the line to the far left: everything is sent again, oldest first, under the same cids, and the server
//! sets aside what it already has. So does an answer `failed` or `read_only`, after a wait and behind a `Resend`.
//! **Invariant:** an item leaves by exactly one of [`Outbox::settle`] and [`Outbox::refuse`].

use std::{collections::VecDeque, time::Duration};

use tertulia_protocol::{Cid, ErrorCode, RequestId};

use super::{backoff::Backoff, identity::Random, saved::OutboxItem};

/// How long a server that can store nothing for now is left alone: as often as it looks itself whether it can again.
const READ_ONLY_WAIT: Duration = Duration::from_secs(5);

/// What is added to that wait at most, so that all whom a full disk held up do not come back in the same moment.
const READ_ONLY_SPREAD_MS: u64 = 500;

/// A write that waits for its answer.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) write: OutboxItem,
    /// The store has it, or there is none: it may go out.
    kept: bool,
    request: Option<RequestId>,
}

#[derive(Debug)]
pub(super) struct Outbox {
    items: VecDeque<Item>,
    /// How many of the oldest are on the wire.
    on_wire: usize,
    /// The server stores nothing for now: nothing is sent before this.
    again_at: Option<Duration>,
    backoff: Backoff,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { items: VecDeque::new(), on_wire: 0, again_at: None, backoff: Backoff::resending() }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn on_wire(&self) -> usize {
        self.on_wire
    }

    /// When [`Self::start_again`] is due.
    pub(super) fn again_at(&self) -> Option<Duration> {
        self.again_at
    }

    /// Takes a write in, behind all others. Not if one of that name is already here.
    /// It goes out once it is `kept`. False if it was there.
    pub(super) fn push(&mut self, write: OutboxItem, kept: bool) -> bool {
        let new = self.position(write.cid).is_none();
        if new {
            self.items.push_back(Item { write, kept, request: None });
        }
        new
    }

    /// The store has it now.
    pub(super) fn kept(&mut self, cid: Cid) {
        if let Some(at) = self.position(cid) {
            self.items[at].kept = true;
        }
    }

    /// Everything goes, as what is kept is read anew. What is not kept yet stays.
    pub(super) fn clear_kept(&mut self) {
        self.take_off_the_wire();
        self.items.retain(|item| !item.kept);
    }

    /// The writes themselves, in order.
    pub(super) fn into_writes(self) -> impl Iterator<Item = OutboxItem> {
        self.items.into_iter().map(|item| item.write)
    }

    /// The oldest item that is not on the wire, unless nothing may be sent for now.
    pub(super) fn next_cid(&self) -> Option<Cid> {
        if self.again_at.is_some() {
            None
        } else {
            self.items.get(self.on_wire).filter(|item| item.kept).map(|item| item.write.cid)
        }
    }

    /// Takes that item as sent, as `request`.
    pub(super) fn put_on_wire(&mut self, request: RequestId) -> Option<&Item> {
        let item = self.items.get_mut(self.on_wire)?;
        item.request = Some(request);
        self.on_wire += 1;
        Some(item)
    }

    /// The server has it, by an acknowledgement or by a page that holds it. `None` if that was known before.
    pub(super) fn settle(&mut self, cid: Cid) -> Option<Item> {
        let item = self.remove(cid)?;
        self.backoff.reset();
        Some(item)
    }

    /// The server will never have it. `None` if that, or the opposite, was known before.
    pub(super) fn refuse(&mut self, cid: Cid) -> Option<Item> {
        self.remove(cid)
    }

    /// A write was not stored, and neither will be what is behind it until all starts again, after a wait. Answers to
    /// requests from before the last start change nothing: the server gives them until it has seen `Resend`.
    pub(super) fn not_stored(
        &mut self,
        now: Duration,
        (cid, request): (Cid, RequestId),
        code: ErrorCode,
        random: &mut Random,
    ) {
        let is_current = self.position(cid).is_some_and(|at| self.items[at].request == Some(request));
        if is_current && self.again_at.is_none() {
            let wait = if code == ErrorCode::READ_ONLY {
                READ_ONLY_WAIT + Duration::from_millis(random.below(READ_ONLY_SPREAD_MS))
            } else {
                self.backoff.next(random)
            };
            self.again_at = Some(now + wait);
        }
    }

    /// Ends the wait, if it is over: nothing is on the wire any more, and `Resend` has to go ahead of the rest.
    pub(super) fn start_again(&mut self, now: Duration) -> bool {
        let due = self.again_at.is_some_and(|at| at <= now);
        if due {
            self.take_off_the_wire();
        }
        due
    }

    /// The connection is gone, and with it whatever was on its way.
    pub(super) fn take_off_the_wire(&mut self) {
        self.again_at = None;
        for item in self.items.iter_mut().take(self.on_wire) {
            item.request = None;
        }
        self.on_wire = 0;
    }

    fn remove(&mut self, cid: Cid) -> Option<Item> {
        let at = self.position(cid)?;
        if at < self.on_wire {
            self.on_wire -= 1;
        }
        self.items.remove(at)
    }

    /// Answers come in the order of writing, so the search nearly always ends at its first step.
    fn position(&self, cid: Cid) -> Option<usize> {
        self.items.iter().position(|item| item.write.cid == cid)
    }
}
