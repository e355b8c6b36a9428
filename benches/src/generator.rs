//! The load: many clients on one thread, with one poll, as cheap as they can be made, for they share the machine with
//! what they measure. Owns the sockets and the clock. Knows no protocol; a [`Dialect`] does.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, event::Event, net::TcpStream};
use tertulia_transport::connect::{self, Connecting};

use crate::{
    Failure,
    dialect::{Dialect, Told},
    ledger::Ledger,
    stats::{Latency, Recorder},
};

/// How long nothing may happen before it is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a client shows that it lives. Servers that ask for it ask for less.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Bytes read at once, by all connections into one buffer.
const SCRATCH_BYTES: usize = 256 * 1024;

const EVENTS_MAX: usize = 1024;

/// Many clients of one server.
pub struct Generator<'d, D: Dialect> {
    dialect: &'d D,
    server: SocketAddr,
    poll: Poll,
    events: Events,
    people: Vec<Person<D::Client>>,
    welcomed: usize,
    logins: Recorder,
    ledger: Ledger,
    last_alive: Instant,
    scratch: Box<[u8]>,
}

struct Person<C> {
    number: usize,
    socket: TcpStream,
    client: C,
    is_connected: bool,
    /// When it began to connect.
    began: Instant,
    /// The number of the message that it gets next.
    next: u64,
    /// What the socket did not take yet.
    out: Vec<u8>,
}

/// A way of publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Messages that not everybody has seen, at most.
    pub in_flight: usize,
    /// Whether they are published all at once, the next ones only when everybody has seen these.
    pub in_bursts: bool,
}

/// What came of a load.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// Messages that were published.
    pub messages: u64,
    /// Messages times receivers.
    pub deliveries: u64,
    /// From the first to the end of the last.
    pub wall: Duration,
    /// From publishing to one receipt.
    pub each: Latency,
    /// From publishing to the last receipt.
    pub last: Latency,
}

impl<'d, D: Dialect> Generator<'d, D> {
    /// Nobody yet.
    ///
    /// # Errors
    /// The system has no poll for us.
    pub fn new(dialect: &'d D, server: SocketAddr) -> Result<Self, Failure> {
        Ok(Self {
            dialect,
            server,
            poll: Poll::new().map_err(|error| Failure::doing("no poll", error))?,
            events: Events::with_capacity(EVENTS_MAX),
            people: Vec::new(),
            welcomed: 0,
            logins: Recorder::default(),
            ledger: Ledger::new(0, 1),
            last_alive: now(),
            scratch: vec![0; SCRATCH_BYTES].into_boxed_slice(),
        })
    }

    /// Connects these clients and logs them in, as fast as the server can. How long it took, and how long for each.
    ///
    /// # Errors
    /// One of them did not get in.
    pub fn log_in(&mut self, numbers: Range<usize>) -> Result<(Duration, Latency), Failure> {
        self.logins = Recorder::default();
        let began = now();
        let mut progress = (self.welcomed, began);
        let wanted = self.people.len() + numbers.len();
        let mut numbers = numbers.into_iter();
        while self.welcomed < wanted {
            while self.people.len() < self.welcomed + self.dialect.logins_at_once()
                && let Some(number) = numbers.next()
            {
                self.connect(number)?;
            }
            self.poll(PATIENCE)?;
            progress = if self.welcomed > progress.0 { (self.welcomed, now()) } else { progress };
            if progress.1.elapsed() > PATIENCE {
                return Err(Failure::new(format!("{} of {wanted} have been logged in, and no more", self.welcomed)));
            }
        }
        Ok((began.elapsed(), self.logins.summary()))
    }

    /// Everybody who is logged in gets every message from now on.
    pub fn begin(&mut self) {
        let first = self.ledger.next_number();
        let silent = usize::from(!self.dialect.publisher_receives());
        self.ledger = Ledger::new(self.people.len() - silent, first);
        self.people.iter_mut().for_each(|person| person.next = first);
    }

    /// Publishes from the first client for that long, and waits until everything has arrived everywhere.
    ///
    /// # Errors
    /// Anything was lost, doubled, reordered or damaged, or somebody was disconnected.
    pub fn publish(&mut self, load: Load, time: Duration) -> Result<Delivered, Failure> {
        self.ledger.reset();
        let first = self.ledger.next_number();
        let began = now();
        let mut progress = (0, began);
        loop {
            let now = now();
            let in_flight = self.ledger.in_flight();
            let count = if load.in_bursts && in_flight > 0 { 0 } else { load.in_flight.saturating_sub(in_flight) };
            if now - began < time {
                self.publish_now(count)?;
            } else if in_flight == 0 && (self.ledger.is_acknowledged() || !self.dialect.acknowledges()) {
                break;
            }
            self.poll(PATIENCE)?;
            let deliveries = self.ledger.deliveries();
            progress = if deliveries > progress.0 { (deliveries, now) } else { progress };
            if now - progress.1 > PATIENCE {
                let in_flight = self.ledger.in_flight();
                return Err(Failure::new(format!("{in_flight} messages are on their way, and nothing arrives")));
            }
        }
        let (each, last) = self.ledger.latencies();
        let messages = self.ledger.next_number() - first;
        Ok(Delivered { messages, deliveries: self.ledger.deliveries(), wall: began.elapsed(), each, last })
    }

    /// Goes on reading until nothing has come for that long.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub fn quiet(&mut self, time: Duration) -> Result<(), Failure> {
        let began = now();
        while self.poll(time)? > 0 {
            if began.elapsed() > PATIENCE {
                return Err(Failure::new("the server does not come to rest"));
            }
        }
        Ok(())
    }

    /// Lets the server know that everybody is alive, if it is time for that.
    ///
    /// # Errors
    /// Somebody was disconnected.
    pub fn keep_alive(&mut self) -> Result<(), Failure> {
        if self.last_alive.elapsed() >= ALIVE_EVERY {
            self.last_alive = now();
            for person in &mut self.people {
                self.dialect.keep_alive(&mut person.out);
                person.flush()?;
            }
        }
        Ok(())
    }

    /// Everybody leaves, in order: nothing is on its way to them.
    pub fn leave(&mut self) {
        self.people.clear();
        self.welcomed = 0;
    }

    fn connect(&mut self, number: usize) -> Result<(), Failure> {
        let began = now();
        let failed = |error: io::Error| Failure::doing(&format!("client {number} cannot connect"), error);
        let mut socket = TcpStream::connect(self.server).map_err(failed)?;
        let token = Token(self.people.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, token, interest).map_err(failed)?;
        let client = self.dialect.client(number)?;
        let (is_connected, next, out) = (false, 0, Vec::new());
        self.people.push(Person { number, socket, client, is_connected, began, next, out });
        Ok(())
    }

    fn publish_now(&mut self, count: usize) -> Result<(), Failure> {
        let Some(publisher) = self.people.first_mut().filter(|_| count > 0) else { return Ok(()) };
        let now = now();
        for _ in 0..count {
            let number = self.ledger.sent(now);
            self.dialect.publish(number, &mut publisher.out);
        }
        publisher.flush()
    }

    /// Waits for something to happen, at most that long, and deals with it. How many things there were.
    fn poll(&mut self, time: Duration) -> Result<usize, Failure> {
        match self.poll.poll(&mut self.events, Some(time)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
            Err(error) => return Err(Failure::doing("waiting for events", error)),
            Ok(()) => {}
        }
        let Self { dialect, events, people, welcomed, logins, ledger, scratch, .. } = self;
        for event in &*events {
            let Some(person) = people.get_mut(event.token().0) else { continue };
            let number = person.number;
            let mut news = News { welcomed, logins, ledger };
            person
                .on_event(event, *dialect, scratch, &mut news)
                .map_err(|failure| Failure::doing(&format!("client {number}"), failure))?;
        }
        Ok(events.iter().count())
    }
}

/// What is told of all clients together.
struct News<'a> {
    welcomed: &'a mut usize,
    logins: &'a mut Recorder,
    ledger: &'a mut Ledger,
}

impl<C> Person<C> {
    fn on_event<D: Dialect<Client = C>>(
        &mut self,
        event: &Event,
        dialect: &D,
        scratch: &mut [u8],
        news: &mut News<'_>,
    ) -> Result<(), Failure> {
        if !self.is_connected {
            match connect::progress(&self.socket) {
                Connecting::Pending => return Ok(()),
                Connecting::Failed(kind) => return Err(Failure::doing("cannot connect", io::Error::from(kind))),
                Connecting::Connected => {}
            }
            self.is_connected = true;
            // Only a latency: without it small writes wait for each other.
            let _ = self.socket.set_nodelay(true);
            dialect.begin(&mut self.client, &mut self.out)?;
            self.flush()?;
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.read(event.is_read_closed(), dialect, scratch, news)?;
        }
        if self.out.is_empty() { Ok(()) } else { self.flush() }
    }

    fn read<D: Dialect<Client = C>>(
        &mut self,
        is_closed: bool,
        dialect: &D,
        scratch: &mut [u8],
        news: &mut News<'_>,
    ) -> Result<(), Failure> {
        loop {
            let count = match self.socket.read(scratch) {
                Ok(0) => return Err(Failure::new("was disconnected")),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::doing("was disconnected", error)),
            };
            let now = now();
            let Self { client, out, next, began, .. } = self;
            dialect.receive(client, &scratch[..count], out, &mut |told| {
                match told {
                    Told::Welcome => {
                        *news.welcomed += 1;
                        news.logins.record(now.saturating_duration_since(*began));
                    }
                    Told::Delivery(bytes) => {
                        news.ledger.delivered(*next, bytes, now, |number, bytes| dialect.check(number, bytes))?;
                        *next += 1;
                    }
                    Told::Acknowledged => news.ledger.acknowledge()?,
                    Told::Other => {}
                }
                Ok(())
            })?;
            // On Linux a short read has emptied the socket, and what comes later brings an event; an end that has come
            // already brought its own.
            if count < scratch.len() && !is_closed {
                return Ok(());
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let mut sent = 0;
        while self.is_connected && sent < self.out.len() {
            match self.socket.write(&self.out[sent..]) {
                Ok(0) => return Err(Failure::new("the socket takes nothing any more")),
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::doing("cannot write", error)),
            }
        }
        self.out.drain(..sent);
        if self.out.is_empty() {
            // Ten thousand of them are not to hold what each has once said.
            self.out = Vec::new();
        }
        Ok(())
    }
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the generator owns the clock")]
    Instant::now()
}
