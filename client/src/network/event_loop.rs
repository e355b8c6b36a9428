//! The loop of the network thread: wait, look at the clocks once, give every link its turn, tell what happened.

use std::{io, sync::Arc, time::Duration};

use mio::{Events, Poll, Token};
use slab::Slab;

use super::{
    Options,
    clock::{Bell, Clocks, Reading, SLEPT},
    dial::Tools,
    link::Link,
    queues::Shared,
};
use crate::session::{Event, Random, StopCode};

/// The token of the bell that other threads ring.
pub(super) const WAKER: Token = Token(0);

/// The token of the bell that rings after a sleep. Sockets count up from here.
const BELL: Token = Token(1);

/// Events of one poll.
const POLL_EVENTS: usize = 64;

/// The one buffer for reading.
const SCRATCH_BYTES: usize = 64 * 1024;

/// How often the clocks are looked at when nothing happens and there is no bell: a computer that wakes from sleep is back
/// within this time. (Poll timeouts do not count the time asleep, so without either the sleep would only be noticed by the
/// next heartbeat.)
const CLOCKS_EVERY: Duration = Duration::from_secs(5);

/// How long the end may take: what is queued has gone out by then, or nobody takes it.
const END_MAX: Duration = Duration::from_millis(500);

pub(super) struct EventLoop {
    poll: Poll,
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send>,
    clocks: Clocks,
    /// How long the computer had slept when the clocks were read last.
    asleep: Duration,
    /// None where the system has none.
    bell: Option<Bell>,
    /// One per server.
    links: Slab<Link>,
    next_token: usize,
    scratch: Vec<u8>,
}

impl EventLoop {
    pub(super) fn new(
        poll: Poll,
        shared: Arc<Shared>,
        options: Options,
        random: Random,
        mut clocks: Clocks,
        wake: Box<dyn Fn() + Send>,
    ) -> Self {
        let mut links = Slab::new();
        links.insert(Link::new(options, random));
        let scratch = vec![0; SCRATCH_BYTES];
        let bell = Bell::new(poll.registry(), BELL, SLEPT).ok();
        let asleep = clocks.read().asleep;
        Self { poll, shared, wake, clocks, asleep, bell, links, next_token: BELL.0, scratch }
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(POLL_EVENTS);
        let now = self.clocks.read().now;
        for (_, link) in &mut self.links {
            link.start(now);
        }
        loop {
            // Looked at first: what was handed over before the end is taken in, and kept, by the turn that follows.
            let last = self.shared.is_stopping();
            self.turn(last);
            if last {
                return self.end(&mut events);
            }
            let timeout = self.timeout();
            if let Err(error) = self.wait(&mut events, timeout) {
                return self.tell_failure(&error);
            }
        }
    }

    fn turn(&mut self, last: bool) {
        let Reading { now, asleep } = self.clocks.read();
        let slept = asleep.saturating_sub(self.asleep) >= SLEPT;
        self.asleep = asleep;
        for (_, link) in &mut self.links {
            if slept {
                link.slept(now);
            }
            while (last || !link.is_full())
                && let Some(command) = self.shared.next_command()
            {
                link.command(now, command);
            }
            let next_token = &mut self.next_token;
            let mut tools = Tools { registry: self.poll.registry(), shared: &self.shared, next_token };
            link.turn(now, &mut self.scratch, &mut tools);
            // Ahead of the events, so that whoever has seen a write end does not find it counted.
            self.shared.set_unanswered(link.unanswered());
            if self.shared.tell(&mut || link.next_event()) {
                (self.wake)();
            }
            link.told(now);
        }
    }

    fn timeout(&mut self) -> Option<Duration> {
        let now = self.clocks.read().now.mono;
        let deadline = self.links.iter().filter_map(|(_, link)| link.deadline(now)).min();
        let look = if self.bell.is_none() { Some(CLOCKS_EVERY) } else { None };
        [deadline.map(|deadline| deadline.saturating_sub(now)), look].into_iter().flatten().min()
    }

    fn wait(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(events, timeout.map(round_up)) {
            Ok(()) => {}
            // A signal: the turn that follows finds nothing, and a fresh timeout is computed.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
            Err(error) => return Err(error),
        }
        for event in events.iter() {
            if let Some(bell) = self.bell.as_ref().filter(|_| event.token() == BELL) {
                bell.heard();
            } else if let Some((_, link)) = self.links.iter_mut().find(|(_, link)| link.owns(event.token())) {
                link.mark(event);
            }
        }
        Ok(())
    }

    /// Lets the servers know that we leave, as far as they listen.
    fn end(mut self, events: &mut Events) {
        let until = self.clocks.read().now.mono + END_MAX;
        for (_, link) in &mut self.links {
            link.finish();
        }
        loop {
            let mut ended = true;
            for (_, link) in &mut self.links {
                ended &= link.finish_turn(&mut self.scratch);
            }
            let now = self.clocks.read().now.mono;
            if ended || now >= until || self.wait(events, Some(until - now)).is_err() {
                return;
            }
        }
    }

    /// The poll itself failed, which no link can live with.
    fn tell_failure(&self, error: &io::Error) {
        let mut event = Some(Event::Stopped { code: StopCode::SystemFailed, params: vec![error.to_string()] });
        if self.shared.tell(&mut || event.take()) {
            (self.wake)();
        }
    }
}

/// To whole milliseconds, upwards: the poll counts in them, and a wait that ends too early is a turn for nothing.
fn round_up(timeout: Duration) -> Duration {
    Duration::from_millis(u64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}
