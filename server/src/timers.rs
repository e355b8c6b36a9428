//! Deadlines as poll timeouts: a heap with at most one live timer per connection. A timer that goes off asks the
//! connection what is due; nothing is rearranged when a message moves a deadline further away, which is nearly always.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::connections::ConnectionId;

/// The timers of all connections, in milliseconds of the loop's monotonic clock.
#[derive(Debug, Default)]
pub struct Timers(BinaryHeap<Reverse<(u64, ConnectionId)>>);

impl Timers {
    /// Sets a timer. The owner remembers the time: a timer with another one is stale when it goes off.
    pub fn set(&mut self, at: u64, id: ConnectionId) {
        self.0.push(Reverse((at, id)));
    }

    /// When the next one goes off.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one that has gone off.
    pub fn expired(&mut self, now: u64) -> Option<(u64, ConnectionId)> {
        let Reverse((at, id)) = *self.0.peek()?;
        if at > now {
            return None;
        }
        self.0.pop();
        Some((at, id))
    }

    /// Forgets everything: there are no connections.
    pub fn clear(&mut self) {
        self.0 = BinaryHeap::new();
    }
}
