//! When to connect, when to give up, when to speak, and when somebody else has to decide: the session against time.

use std::time::Duration;

use tertulia_protocol::{limits, request};

use super::{Action, Event, Now, Session, State, StopCode, Why};

/// A login that lasted this long was a good one, and the next wait is short again. Without it, a server that falls over
/// whenever somebody logs in would be asked four times a second.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// By how much the wall clock must run ahead of the monotonic one to mean that the computer slept. Less than the
/// heartbeat's patience, more than a clock is set by in the ordinary way.
const SLEPT_MS: i64 = 15_000;

/// Two leaps of the clock within this time count as one: a clock that is being set to and fro makes no storm.
const LEAP_PAUSE: Duration = Duration::from_secs(5);

/// While more events than this wait to be taken, no new attempt to connect adds to them.
const EVENTS_HELD_MAX: usize = 256;

impl Session {
    /// A moment has come. To be called at [`Self::deadline`]; at any other time it does no harm.
    pub fn tick(&mut self, now: Now) {
        self.observe(now);
        match self.state {
            State::Waiting(until) if until <= now.mono => {
                if self.events.len() < EVENTS_HELD_MAX {
                    self.connect();
                } else {
                    self.state = State::Waiting(now.mono + Duration::from_secs(1));
                }
            }
            State::Greeting { until, .. } | State::Proving { until, .. } if until <= now.mono => {
                self.lose(now, Why::LoginTimedOut);
            }
            State::Ready { .. } => {
                if !self.paused && now.mono >= self.last_heard + Duration::from_millis(limits::DEAD_AFTER_MS) {
                    self.lose(now, Why::Silent);
                    return;
                }
                self.pump(now);
                if now.mono >= self.last_sent + Duration::from_millis(limits::HEARTBEAT_AFTER_MS) {
                    self.transmit(now, &request::Heartbeat {});
                }
            }
            _ => {}
        }
    }

    /// When [`Self::tick`] has something to do. Always later than the last tick.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::Waiting(until) | State::Greeting { until, .. } | State::Proving { until, .. } => Some(until),
            State::Ready { .. } => {
                let heartbeat = self.last_sent + Duration::from_millis(limits::HEARTBEAT_AFTER_MS);
                let dead = (!self.paused).then(|| self.last_heard + Duration::from_millis(limits::DEAD_AFTER_MS));
                [Some(heartbeat), dead, self.outbox.again_at()].into_iter().flatten().min()
            }
            State::Connecting | State::Stopped => None,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(self.state, State::Greeting { .. } | State::Proving { .. } | State::Ready { .. })
    }

    /// Looks at the clocks. While a computer sleeps the monotonic clock stands still and the wall clock does not; after
    /// that the server has long given us up, and waiting for a silence to be noticed would waste a minute.
    pub(super) fn observe(&mut self, now: Now) {
        let Some(seen) = self.seen.replace(now) else { return };
        let passed_ms = i64::try_from(now.mono.saturating_sub(seen.mono).as_millis()).unwrap_or(i64::MAX);
        if now.wall_ms.saturating_sub(seen.wall_ms).saturating_sub(passed_ms) < SLEPT_MS
            || self.leapt.is_some_and(|leapt| now.mono < leapt + LEAP_PAUSE)
        {
            return;
        }
        self.leapt = Some(now.mono);
        if self.is_connected() {
            self.forget_connection(now);
            self.tell(Event::Disconnected { why: Why::Slept, retry_in: Duration::ZERO });
            self.connect();
        } else if let State::Waiting(_) = self.state {
            self.connect();
        }
    }

    pub(super) fn connect(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
        self.counters.attempts += 1;
        self.state = State::Connecting;
        self.tell(Event::Connecting { attempt: self.attempt });
        self.actions.push_back(Action::Connect);
    }

    /// The connection is over, and another one is tried later.
    pub(super) fn lose(&mut self, now: Now, why: Why) {
        self.forget_connection(now);
        let retry_in = self.connecting.next(&mut self.random);
        self.state = State::Waiting(now.mono + retry_in);
        self.tell(Event::Disconnected { why, retry_in });
    }

    /// The connection is over, and no other one is tried before a person says so.
    pub(super) fn stop(&mut self, now: Now, code: StopCode, params: Vec<String>) {
        self.forget_connection(now);
        self.state = State::Stopped;
        self.tell(Event::Stopped { code, params });
    }

    /// The one place where a connection is taken out of the state.
    fn forget_connection(&mut self, now: Now) {
        if let State::Ready { since, .. } = self.state
            && now.mono >= since + STABLE_AFTER
        {
            self.connecting.reset();
            self.attempt = 0;
        }
        if self.is_connected() {
            self.actions.retain(|action| !matches!(action, Action::Send(_)));
            self.actions.push_back(Action::Close);
        }
        self.requests.clear();
        self.outbox.take_off_the_wire();
        for room in self.rooms.values_mut() {
            room.cut();
        }
    }
}
