//! What goes from the loop to the thread of the activity log: bounded, and never waited for by the loop.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Activity;
use crate::limits::Limits;

/// How long the thread lets lines gather after the first. Woken for each, it would cost a busy loop two switches a
/// login: as much as the login itself.
const LINGER: Duration = Duration::from_millis(50);

/// So many lines are enough for one write: more would only hold memory that a storm leaves full of holes.
pub(super) const GATHERED: usize = 64;

/// What goes from the loop to the writer.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    lines: Vec<(i64, Activity)>,
    /// How much waits or is being written: both cost memory, so both count.
    held: Held,
    lost: Lost,
    /// How much may be held.
    pub(super) max: Held,
    /// The file is to be opened anew, and turned over at so many bytes from then on.
    pub(super) reopen: Option<u64>,
    closed: bool,
}

impl State {
    pub(super) fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.lost.count == 0 && self.reopen.is_none()
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

impl Held {
    pub(super) fn limit(limits: &Limits) -> Self {
        Self { lines: limits.activity_queue_lines, bytes: limits.activity_queue_bytes }
    }

    /// What one activity holds.
    pub(super) fn of(activity: &Activity) -> Self {
        Self { lines: 1, bytes: activity.text_bytes() }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.lines += more.lines;
        self.bytes = self.bytes.saturating_add(more.bytes);
    }

    /// Whether there is room for as much again.
    fn has_room_for(self, held: Self) -> bool {
        held.lines < self.lines / 2 && held.bytes < self.bytes / 2
    }
}

/// What the thread has to do.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) lost: Lost,
    pub(super) reopen: Option<u64>,
}

/// Lines that nobody will read, and when the first of them was recorded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost {
    pub(super) since: i64,
    pub(super) count: u64,
}

impl Lost {
    pub(super) fn add(&mut self, since: i64, count: u64) {
        if self.count == 0 {
            self.since = since;
        }
        self.count = self.count.saturating_add(count);
    }
}

impl Queue {
    pub(super) fn new(limits: &Limits) -> Self {
        let state = State {
            lines: Vec::new(),
            held: Held::default(),
            lost: Lost::default(),
            max: Held::limit(limits),
            reopen: None,
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn reopen(&self, limits: &Limits) {
        let mut state = self.lock();
        state.max = Held::limit(limits);
        state.reopen = Some(limits.activity_file_bytes);
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn push(&self, at: i64, activity: Activity) {
        let mut state = self.lock();
        let mut held = state.held;
        held.add(Held::of(&activity));
        let fits = held.lines <= state.max.lines && held.bytes <= state.max.bytes;
        // It sleeps while there is nothing, and lingers while there is little.
        let mut wakes = state.is_idle() || (state.max.has_room_for(state.held) && !state.max.has_room_for(held));
        if fits && !state.closed {
            state.held = held;
            state.lines.push((at, activity));
            wakes |= state.lines.len() == GATHERED;
        } else {
            state.lost.add(at, 1);
        }
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// What of a batch is written or lost, and makes room for others.
    pub(super) fn done(&self, done: Held) {
        let mut state = self.lock();
        state.held.lines -= done.lines;
        state.held.bytes -= done.bytes;
    }

    /// Waits for lines, lets more come for a moment, and swaps them for the empty `batch`. `None` once the queue is closed
    /// and empty.
    pub(super) fn take(&self, batch: &mut Vec<(i64, Activity)>) -> Option<Work> {
        let mut state = self.lock();
        while state.is_idle() {
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let may_wait = |state: &mut State| {
            let has_room = state.lines.len() < GATHERED && state.max.has_room_for(state.held);
            !state.closed && state.reopen.is_none() && has_room
        };
        state = match self.changed.wait_timeout_while(state, LINGER, may_wait) {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        };
        std::mem::swap(&mut state.lines, batch);
        Some(Work { lost: std::mem::take(&mut state.lost), reopen: state.reopen.take() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held; if something did, the state is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
