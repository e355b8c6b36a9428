//! The clocks of the client, and the bell that rings when the computer wakes up.
//!
//! While a computer sleeps its monotonic clock stands still, and so do the timeouts of a poll. Linux has a second clock
//! that goes on: by how much it runs ahead of the first is how long the computer has slept, whatever is done to the time
//! of day meanwhile. Other systems have to go by the time of day.
//!
//! **It must not** say what follows from a sleep: that is the session's.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::session::Now;

/// A shorter sleep than this one is none: a connection outlives it, for the other side waits longer for a sign of life.
pub(super) const SLEPT: Duration = Duration::from_secs(15);

/// What the clocks of a computer show at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the session goes by.
    pub now: Now,
    /// How long the computer has slept so far. It may count from anywhere: only its growth means something.
    pub asleep: Duration,
}

/// Where a network thread looks at the clocks: those of this computer, or those of a test.
pub struct Clocks(Box<dyn FnMut() -> Reading + Send>);

impl Clocks {
    /// The clocks of this computer.
    #[must_use]
    pub fn of_this_computer() -> Self {
        let clock = Clock::new();
        Self::new(move || clock.read())
    }

    /// Whatever this says. `now.mono` must not go back.
    #[must_use]
    pub fn new(read: impl FnMut() -> Reading + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    pub(super) fn read(&mut self) -> Reading {
        (self.0)()
    }
}

impl fmt::Debug for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clocks").finish_non_exhaustive()
    }
}

/// Reads the clocks of the computer.
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

    fn read(self) -> Reading {
        let now = self.now();
        Reading { now, asleep: asleep(now) }
    }
}

/// How long this computer has slept since it was started.
#[cfg(target_os = "linux")]
fn asleep(_: Now) -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    // In this order: what passes between the two looks counts as time awake.
    let with_sleep = read(ClockId::Boottime);
    with_sleep.saturating_sub(read(ClockId::Monotonic))
}

/// How far the time of day is ahead of the monotonic clock, which stands still in sleep on some of these systems.
#[cfg(not(target_os = "linux"))]
fn asleep(now: Now) -> Duration {
    Duration::from_millis(u64::try_from(now.wall_ms).unwrap_or(0)).saturating_sub(now.mono)
}

/// A timer that goes on in sleep. It is due at regular times, so after a sleep that was longer it rings as soon as the
/// computer is awake.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Bell {
    timer: std::os::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl Bell {
    pub(super) fn new(registry: &mio::Registry, token: mio::Token, every: Duration) -> std::io::Result<Self> {
        use rustix::time::{
            Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
        };
        use std::os::fd::AsRawFd;

        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        let every = Timespec::try_from(every).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        let times = Itimerspec { it_interval: every, it_value: every };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &times)?;
        registry.register(&mut mio::unix::SourceFd(&timer.as_raw_fd()), token, mio::Interest::READABLE)?;
        Ok(Self { timer })
    }

    /// To be called when it has rung: the system winds it up again only when it is read.
    pub(super) fn heard(&self) {
        // Whatever it says (how often it was due), the clocks say more.
        let _ = rustix::io::read(&self.timer, &mut [0; 8]);
    }
}

/// There is none here: the clocks have to be looked at now and then.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct Bell;

#[cfg(not(target_os = "linux"))]
impl Bell {
    pub(super) fn new(_: &mio::Registry, _: mio::Token, _: Duration) -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(super) fn heard(&self) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// It rang once and never again, because it was not read.
    #[test]
    fn the_bell_rings_again_and_again() {
        let mut poll = mio::Poll::new().unwrap();
        let bell = Bell::new(poll.registry(), mio::Token(7), Duration::from_millis(10)).unwrap();
        let mut events = mio::Events::with_capacity(4);
        for _ in 0..3 {
            poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(events.iter().any(|event| event.token() == mio::Token(7) && event.is_readable()));
            bell.heard();
        }
    }
}
