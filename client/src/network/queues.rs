//! The two bounded queues between the network thread and everybody else, and the bells that go with them.
//!
//! A bell rings only when a queue was empty before: the other side takes everything when it comes, so more rings would
//! be noise, and some windowing systems choke on it.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tertulia_protocol::{Cid, PublicKey, RoomId, Rseq};

use super::{Busy, Unanswered};
use crate::session::{Ask, DraftText, Event, Write};

/// Commands that may wait for the network thread.
const COMMANDS_MAX: usize = 1_024;

/// Events that may wait to be drained. Each is a page or a burst at most, and a window that is stuck for a minute in a
/// busy room should not stop the reading.
const EVENTS_MAX: usize = 1_024;

/// What the other side wants of the network thread.
#[derive(Debug)]
pub(super) enum Command {
    Write { cid: Cid, write: Write, instead_of: Option<Cid> },
    Discard(Cid),
    Draft(RoomId, DraftText),
    Open(RoomId),
    Close(RoomId),
    Show { room: RoomId, from: Rseq, to: Rseq },
    Mark { room: RoomId, rseq: Rseq },
    Away(bool),
    Typing(RoomId),
    Ask { token: u64, ask: Ask },
    Retry,
    LogInAs(String),
    TrustServerKey(PublicKey),
}

/// Both queues.
#[derive(Debug)]
pub(super) struct Shared {
    commands: Mutex<Commands>,
    events: Mutex<Events>,
    unanswered: Mutex<Unanswered>,
    /// Rings for those who wait in [`Shared::next`].
    arrived: Condvar,
    waker: mio::Waker,
}

#[derive(Debug, Default)]
struct Commands {
    queue: VecDeque<Command>,
    stop: bool,
}

#[derive(Debug, Default)]
struct Events {
    queue: VecDeque<Event>,
    /// The network thread holds events back, and wants to hear when there is room.
    held_back: bool,
}

impl Shared {
    pub(super) fn new(waker: mio::Waker) -> Self {
        Self {
            commands: Mutex::default(),
            events: Mutex::default(),
            unanswered: Mutex::default(),
            arrived: Condvar::new(),
            waker,
        }
    }

    // The side of the window.

    pub(super) fn push(&self, command: Command) -> Result<(), Busy> {
        let mut commands = lock(&self.commands);
        if commands.queue.len() >= COMMANDS_MAX {
            return Err(Busy);
        }
        commands.queue.push_back(command);
        drop(commands);
        self.wake_network();
        Ok(())
    }

    pub(super) fn stop(&self) {
        lock(&self.commands).stop = true;
        self.wake_network();
    }

    pub(super) fn drain(&self, into: &mut Vec<Event>) {
        let mut events = lock(&self.events);
        into.extend(events.queue.drain(..));
        self.let_more_come(events);
    }

    pub(super) fn next(&self, timeout: Duration) -> Option<Event> {
        let events = lock(&self.events);
        let (mut events, _) = self
            .arrived
            .wait_timeout_while(events, timeout, |events| events.queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let event = events.queue.pop_front();
        self.let_more_come(events);
        event
    }

    pub(super) fn unanswered(&self) -> Unanswered {
        *lock(&self.unanswered)
    }

    fn let_more_come(&self, mut events: MutexGuard<'_, Events>) {
        // Half the queue, so that the thread is not woken for each single place.
        let wake = events.held_back && events.queue.len() <= EVENTS_MAX / 2;
        if wake {
            events.held_back = false;
            drop(events);
            self.wake_network();
        }
    }

    // The side of the network thread.

    /// Wakes the network thread. Also from threads that work for it.
    pub(super) fn wake_network(&self) {
        // It fails only if the poll is gone, and then there is nobody to wake.
        let _ = self.waker.wake();
    }

    pub(super) fn next_command(&self) -> Option<Command> {
        lock(&self.commands).queue.pop_front()
    }

    pub(super) fn is_stopping(&self) -> bool {
        lock(&self.commands).stop
    }

    pub(super) fn set_unanswered(&self, unanswered: Unanswered) {
        *lock(&self.unanswered) = unanswered;
    }

    /// Moves events over, as many as there is room for. True if there were none before and are now.
    pub(super) fn tell(&self, next: &mut dyn FnMut() -> Option<Event>) -> bool {
        let mut events = lock(&self.events);
        let was_empty = events.queue.is_empty();
        while events.queue.len() < EVENTS_MAX
            && let Some(event) = next()
        {
            events.queue.push_back(event);
        }
        events.held_back = events.queue.len() >= EVENTS_MAX;
        let ring = was_empty && !events.queue.is_empty();
        drop(events);
        if ring {
            self.arrived.notify_all();
        }
        ring
    }
}

/// A thread that panicked while it held a queue left it whole: each change of one is a single push or pop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
