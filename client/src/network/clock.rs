//! The only clock of the client.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::session::Now;

/// Reads both clocks of the computer at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the network module owns the clock")]
        Self { started: Instant::now() }
    }

    /// Now: the monotonic time since this clock was made, and the time of day.
    pub(super) fn now(self) -> Now {
        #[expect(clippy::disallowed_methods, reason = "the network module owns the clock")]
        let wall = SystemTime::now();
        // Before 1970 the time of day is 0: it is only compared with itself, and put into names.
        let wall_ms = wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Now { mono: self.started.elapsed(), wall_ms: i64::try_from(wall_ms).unwrap_or(i64::MAX) }
    }
}
