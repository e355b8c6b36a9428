//! When to connect, when to give up, when to speak, and when somebody else has to decide: the session against time.

use std::time::Duration;

use tertulia_protocol::{limits, request};

use super::{Action, Answer, Event, Now, Request, Session, State, StopCode, Why};

/// A login that lasted this long was a good one, and the next wait is short again. Without it, a server that falls over
/// whenever somebody logs in would be asked four times a second.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// By how much the wall clock must run ahead of the monotonic one to mean more than that it was set right.
const LEAP_MS: i64 = 15_000;

/// Two leaps of the clock, or two sleeps, within this time cost one connection: a clock that is being set to and fro, or a
/// lid that is opened and closed, makes no storm.
const LEAP_PAUSE: Duration = Duration::from_secs(5);

/// Whoever woke up comes back within this time, at a moment of chance: a room full of people may have opened their lids at
/// once.
const WAKE_SPREAD_MS: u64 = 1_000;

/// For so long after it woke up, a computer may still be on its way back into its network …
const EAGER_FOR: Duration = Duration::from_secs(20);

/// … and waits no longer than this between two attempts, so that it is there soon after the network is.
const EAGER_WAIT_MAX_MS: u64 = 2_000;

/// While more events than this wait to be taken, no new attempt to connect adds to them.
const EVENTS_HELD_MAX: usize = 256;

impl Session {
    /// A moment has come. To be called at [`Self::deadline`]; at any other time it does no harm.
    pub fn tick(&mut self, now: Now) {
        self.observe(now);
        self.persist_again(now);
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
        [self.deadline_of_connection(), self.persist_again_at()].into_iter().flatten().min()
    }

    fn deadline_of_connection(&self) -> Option<Duration> {
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

    /// The computer slept, and has woken up. Others long take us for gone, and waiting for a silence to be noticed would
    /// waste a minute; so would a wait that grew while the network was away. One new connection, soon.
    pub fn slept(&mut self, now: Now) {
        self.seen = Some(now);
        if let State::Stopped = self.state {
            return;
        }
        let retry_in = self.wake_wait(now);
        if let State::Connecting = self.state {
            self.actions.retain(|action| *action != Action::Connect);
            self.actions.push_back(Action::Close);
        }
        self.forget_connection(now);
        self.connecting.reset();
        self.attempt = 0;
        self.state = State::Waiting(now.mono + retry_in);
        self.tell(Event::Disconnected { why: Why::Slept, retry_in });
    }

    /// How long to wait after a sleep or a leap.
    fn wake_wait(&mut self, now: Now) -> Duration {
        let spread = Duration::from_millis(self.random.below(WAKE_SPREAD_MS));
        match self.leapt.map(|leapt| leapt + LEAP_PAUSE) {
            Some(pause_end) if now.mono < pause_end => spread.max(pause_end - now.mono),
            _ => {
                self.leapt = Some(now.mono);
                spread
            }
        }
    }

    /// Looks at the clocks. The time of day may be set at any moment and proves nothing; but a machine that was stopped
    /// for a while learns of it in this way alone. So the server is asked at once: if it has given us up, the answer is
    /// the end of the connection. And a long wait is cut short.
    pub(super) fn observe(&mut self, now: Now) {
        let Some(seen) = self.seen.replace(now) else { return };
        let passed_ms = i64::try_from(now.mono.saturating_sub(seen.mono).as_millis()).unwrap_or(i64::MAX);
        if now.wall_ms.saturating_sub(seen.wall_ms).saturating_sub(passed_ms) < LEAP_MS
            || self.leapt.is_some_and(|leapt| now.mono < leapt + LEAP_PAUSE)
        {
            return;
        }
        let wait = self.wake_wait(now);
        match &mut self.state {
            State::Ready { .. } => self.transmit(now, &request::Heartbeat {}),
            State::Waiting(until) => *until = (*until).min(now.mono + wait),
            _ => {}
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
        let retry_in = if self.leapt.is_some_and(|leapt| now.mono < leapt + EAGER_FOR) {
            self.connecting.next_within(EAGER_WAIT_MAX_MS, &mut self.random)
        } else {
            self.connecting.next(&mut self.random)
        };
        self.state = State::Waiting(now.mono + retry_in);
        self.tell(Event::Disconnected { why, retry_in });
    }

    /// The connection is over, and no other one is tried before a person says so.
    pub(super) fn stop(&mut self, now: Now, code: StopCode, params: Vec<String>) {
        self.forget_connection(now);
        self.state = State::Stopped;
        self.tell(Event::Stopped { code, params });
    }

    /// The owner cannot go on: nothing is tried before [`Self::start`], which begins with what is kept.
    pub fn give_up(&mut self) {
        if let Some(seen) = self.seen {
            self.forget_connection(seen);
        }
        self.state = State::Stopped;
        self.actions.clear();
        self.forget_store();
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
        for request in std::mem::take(&mut self.requests).into_values() {
            if let Request::Ask(token) = request {
                self.tell(Event::Answer { token, answer: Answer::Cut });
            }
        }
        self.outbox.take_off_the_wire();
        self.early.clear();
        self.early_presence.clear();
        self.early_lost = false;
        self.typing.clear();
        for kept in self.kept.values_mut() {
            kept.cut();
        }
        for room in self.rooms.values_mut() {
            room.cut();
        }
    }
}
