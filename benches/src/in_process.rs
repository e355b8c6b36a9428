//! A whole server in this process, without sockets, threads or a clock: the turn over pipes in memory and the log in
//! memory. The same calls execute the same instructions, so they can be counted.
//!
//! Callgrind counts while the program is in `measured`, and nowhere else: clients cost nothing.

use std::{
    cell::RefCell,
    hint::black_box,
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
};

use tertulia_protocol::{ClientFrame, FrameDecoder, encode, limits as wire};
use tertulia_server::{
    activity_log::{Activity, Record},
    chat::Chat,
    config::{LogText, Plaintext},
    connections::ConnectionId,
    desk::{Desk, Now},
    keys::{SeededRandom, ServerKey},
    limits::Limits,
    log::memory::MemoryLog,
    turn::{Policy, Turn},
};
use tertulia_transport::Socket;

use crate::{
    Failure,
    dialect::{Dialect, Told},
    tertulia::{self, Tertulia},
};

/// The function that callgrind is told of; its own name is long enough to be nobody else's.
pub const MEASURED: &str = "*in_process*measured*";

/// People that are connected while deliveries are counted.
const RECEIVERS: usize = 200;

/// How often everything is done that is counted.
const TIMES: usize = 100;

/// Messages in a burst.
const BURST: usize = 64;

/// So many turns without an end, and the server spins.
const TURNS_MAX: usize = 1_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// One message on its way at a time.
    Delivery,
    /// Messages that come together and leave together.
    DeliveryInBursts,
    /// A login of somebody who was here before, from the connection to the welcome.
    Login,
    /// What a login has of it: one signature to make and one to check.
    Signatures,
    /// Finding a frame in a stream, and decoding it.
    Frame,
}

impl Work {
    /// Everything.
    pub const ALL: [Self; 5] = [Self::Delivery, Self::DeliveryInBursts, Self::Login, Self::Signatures, Self::Frame];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::DeliveryInBursts => "delivery-in-bursts",
            Self::Login => "login",
            Self::Signatures => "signatures",
            Self::Frame => "frame",
        }
    }

    /// Does it many times, and answers how many.
    ///
    /// # Errors
    /// The server does not do what it should.
    pub fn run(self) -> Result<usize, Failure> {
        match self {
            Self::Delivery => Rig::new()?.deliveries(1),
            Self::DeliveryInBursts => Rig::new()?.deliveries(BURST),
            Self::Login => Rig::new()?.logins(),
            Self::Signatures => {
                measured(|| tertulia::sign_and_check(TIMES))?;
                Ok(TIMES)
            }
            Self::Frame => frames(),
        }
    }
}

/// What is done in here is counted.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn frames() -> Result<usize, Failure> {
    let stream: Vec<u8> = (1..=TIMES as u64).flat_map(|number| encode(&tertulia::write(number))).collect();
    let mut decoder = FrameDecoder::new(wire::FRAME_BYTES_MAX);
    measured(|| {
        let mut count = 0;
        let mut frames = decoder.feed(&stream);
        while let Some(frame) = frames.next().map_err(|error| Failure::doing("a frame", error))? {
            black_box(ClientFrame::decode(frame)).map_err(|error| Failure::doing("a frame", error))?;
            count += 1;
        }
        Ok(count)
    })
}

/// Both directions of a connection.
#[derive(Default)]
struct Pipes {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

/// The server's end.
#[derive(Clone, Default)]
struct End(Rc<RefCell<Pipes>>);

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let came = &mut self.0.borrow_mut().to_server;
        let count = came.len().min(buffer.len());
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        buffer[..count].copy_from_slice(&came[..count]);
        came.drain(..count);
        Ok(count)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().to_client.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for End {
    fn shutdown_write(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Nobody reads this activity log.
struct Nowhere;

impl Record for Nowhere {
    fn record(&mut self, _at: i64, activity: Activity) {
        drop(activity);
    }
}

struct Person {
    id: ConnectionId,
    end: End,
}

/// A server with people.
struct Rig {
    turn: Turn<End, MemoryLog>,
    now: Now,
    tertulia: Tertulia,
    people: Vec<Person>,
}

impl Rig {
    /// Everybody is logged in, and knows of everybody.
    fn new() -> Result<Self, Failure> {
        let key = ServerKey::generate(&mut SeededRandom::new(1)).map_err(|_| Failure::new("no key for the server"))?;
        let limits = Limits {
            connections_per_address: RECEIVERS + TIMES,
            frames_per_second: 10_000_000,
            bytes_per_second: 1 << 30,
            ..Limits::default()
        };
        let now = Now { mono: 1_000, wall: 1_767_225_600_000 };
        let random = Box::new(SeededRandom::new(2));
        let mut desk = Desk::new(Chat::new(), MemoryLog::new(), key, random, limits.clone());
        desk.begin(now);
        let policy = Policy { plaintext: Plaintext::Always, log_text: LogText::Public };
        let turn = Turn::new(desk, Box::new(Nowhere), limits, policy);
        let mut rig = Self { turn, now, tertulia: Tertulia::new(RECEIVERS)?, people: Vec::new() };
        rig.settle()?;
        for number in 0..RECEIVERS {
            rig.come(number, |settle| settle())?;
        }
        // Presence goes out a few times a second.
        for _ in 0..8 {
            rig.now.mono += 250;
            rig.settle()?;
        }
        rig.hear();
        Ok(rig)
    }

    /// Somebody connects and logs in; `count` is what the server's part of it is done in.
    fn come(
        &mut self,
        number: usize,
        count: impl Fn(&mut dyn FnMut() -> Result<(), Failure>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut client = self.tertulia.client(number)?;
        let end = End::default();
        let mut said = Vec::new();
        self.tertulia.begin(&mut client, &mut said)?;
        let mut id = None;
        let mut is_in = false;
        for _ in 0..8 {
            end.0.borrow_mut().to_server.append(&mut said);
            count(&mut || {
                let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 7));
                let id = *id.get_or_insert_with(|| self.turn.accept(end.clone(), peer, self.now));
                self.turn.mark(id, true, true);
                self.settle()
            })?;
            let came = std::mem::take(&mut end.0.borrow_mut().to_client);
            self.tertulia.receive(&mut client, &came, &mut said, &mut |told| {
                is_in |= told == Told::Welcome;
                Ok(())
            })?;
            if let Some(id) = id.filter(|_| is_in) {
                self.people.push(Person { id, end });
                return Ok(());
            }
        }
        Err(Failure::new(format!("person {number} does not get in")))
    }

    /// Turns until nothing is left to do without time passing.
    fn settle(&mut self) -> Result<(), Failure> {
        for _ in 0..TURNS_MAX {
            self.turn.run(self.now).map_err(|_| Failure::new("the server broke"))?;
            if self.turn.deadline().is_none_or(|at| at > self.now.mono) {
                return Ok(());
            }
        }
        Err(Failure::new("the server spins"))
    }

    /// Everybody takes what has come, and how many bytes that were.
    fn hear(&mut self) -> usize {
        let heard = self.people.iter().map(|person| {
            let came = &mut person.end.0.borrow_mut().to_client;
            let count = came.len();
            came.clear();
            count
        });
        heard.sum()
    }

    fn deliveries(&mut self, at_once: usize) -> Result<usize, Failure> {
        let mut number = 0;
        let rounds = TIMES.div_ceil(at_once) + 1;
        for round in 0..rounds {
            for _ in 0..at_once {
                number += 1;
                self.tertulia.publish(number, &mut self.people[0].end.0.borrow_mut().to_server);
            }
            let id = self.people[0].id;
            self.turn.mark(id, true, false);
            if round == 0 {
                self.settle()?;
            } else {
                measured(|| self.settle())?;
            }
            let heard = self.hear();
            if heard < at_once * RECEIVERS * tertulia::TEXT_BYTES {
                return Err(Failure::new(format!("{heard} bytes were delivered, which is too little")));
            }
            self.now.mono += 1;
        }
        Ok((rounds - 1) * at_once * RECEIVERS)
    }

    /// The first of all people come again, from further devices so to say.
    fn logins(&mut self) -> Result<usize, Failure> {
        let before = self.people.len();
        for number in 0..TIMES.min(RECEIVERS) {
            self.come(number, |settle| measured(settle))?;
        }
        Ok(self.people.len() - before)
    }
}
