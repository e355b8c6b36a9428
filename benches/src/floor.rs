//! The floors: the least that a server on this system can do and still bring every message to everybody.
//!
//! Two of them, and what our server costs is told as a multiple of theirs, taken in the same run. Neither checks, keeps,
//! numbers or refuses anything; there are no rooms, no people, no queues. Frames have one length and are passed on as
//! they came.
//!
//! - [`Floor::Naive`]: one `send` for each message and receiver, as anybody would write it.
//! - [`Floor::Batch`]: all that one poll brought, in one `send` for each receiver, out of one buffer.
//!
//! A floor has no queues because the bench never needs one: at most 64 messages are on their way to a receiver, and a
//! socket holds more. If one ever does not, the floor ends, and so does the bench, with an error.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use crate::{
    Failure,
    dialect::{Dialect, Told},
    tail::Tail,
};

/// As long as what our server sends for a message of the bench.
pub const FRAME_BYTES: usize = 142;

const LISTENER: Token = Token(usize::MAX);
const EVENTS_MAX: usize = 4096;
const SCRATCH_BYTES: usize = 64 * 1024;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// One `send` for each message and receiver.
    Naive,
    /// One `send` for each receiver and turn.
    Batch,
}

impl Floor {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Naive, Self::Batch];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive => "floor-naive",
            Self::Batch => "floor-batch",
        }
    }

    /// Serves until the process is ended.
    ///
    /// # Errors
    /// Whatever the system said to the first thing that went wrong.
    pub fn serve(self) -> io::Result<()> {
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        writeln!(io::stdout().lock(), "listening on {}", listener.local_addr()?)?;

        let mut people: Vec<Option<TcpStream>> = Vec::new();
        let mut scratch = vec![0; SCRATCH_BYTES];
        // What has come and was not passed on. One publishes, so what several say never mixes.
        let mut came: Vec<u8> = Vec::new();
        loop {
            match poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    accept(&listener, &poll, &mut people)?;
                } else if let Some(place) = people.get_mut(event.token().0)
                    && let Some(person) = place
                    && read(person, &mut scratch, &mut came)?
                {
                    *place = None;
                }
            }
            let whole = came.len() - came.len() % FRAME_BYTES;
            match self {
                Self::Naive => came[..whole].chunks(FRAME_BYTES).try_for_each(|frame| tell(&mut people, frame))?,
                Self::Batch if whole > 0 => tell(&mut people, &came[..whole])?,
                Self::Batch => {}
            }
            came.drain(..whole);
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, people: &mut Vec<Option<TcpStream>>) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut person, _)) => {
                person.set_nodelay(true)?;
                poll.registry().register(&mut person, Token(people.len()), Interest::READABLE)?;
                send(&mut person, &frame(0))?;
                people.push(Some(person));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Reads all that there is; whether that was the end.
fn read(person: &mut TcpStream, scratch: &mut [u8], came: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        match person.read(scratch) {
            Ok(0) => return Ok(true),
            Ok(count) => {
                came.extend_from_slice(&scratch[..count]);
                if count < scratch.len() {
                    return Ok(false);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}

fn tell(people: &mut [Option<TcpStream>], bytes: &[u8]) -> io::Result<()> {
    people.iter_mut().flatten().try_for_each(|person| send(person, bytes))
}

fn send(person: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    match person.write(bytes)? {
        count if count == bytes.len() => Ok(()),
        _ => Err(ErrorKind::WriteZero.into()),
    }
}

fn frame(number: u64) -> [u8; FRAME_BYTES] {
    let mut frame = [b'x'; FRAME_BYTES];
    frame[..8].copy_from_slice(&number.to_be_bytes());
    frame
}

/// How a floor is spoken to. Frame 0 is the greeting.
#[derive(Debug)]
pub struct FloorDialect;

/// What a client of a floor remembers.
#[derive(Debug, Default)]
pub struct Client {
    tail: Tail,
    is_greeted: bool,
}

impl Dialect for FloorDialect {
    type Client = Client;

    fn client(&self, _number: usize) -> Result<Client, Failure> {
        Ok(Client::default())
    }

    fn begin(&self, _client: &mut Client, _out: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(())
    }

    fn receive(
        &self,
        Client { tail, is_greeted }: &mut Client,
        bytes: &[u8],
        _out: &mut Vec<u8>,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        tail.feed(bytes, |rest| {
            let Some(frame) = rest.get(..FRAME_BYTES) else { return Ok(None) };
            let greeted = std::mem::replace(is_greeted, true);
            tell(if greeted { Told::Delivery(frame) } else { Told::Welcome })?;
            Ok(Some(FRAME_BYTES))
        })
    }

    fn publish(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&frame(number));
    }

    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure> {
        if delivery == frame(number) { Ok(()) } else { Err(Failure::new(format!("message {number} came damaged"))) }
    }

    fn acknowledges(&self) -> bool {
        false
    }

    fn keep_alive(&self, _out: &mut Vec<u8>) {}
}
