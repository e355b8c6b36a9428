//! Redis as a log: each message is appended to a list, and answered when the file that it was written to is synced
//! (`appendfsync always`). What the bench of our log stands beside.
//!
//! At its best: of appending to a list, to a stream and setting keys, the list is the cheapest. Requests are pipelined, over
//! as many connections as it takes: of each it reads 16 KiB at a time, and syncs once for all that it has read.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::Peer;
use crate::{
    Failure,
    process::Cpu,
    server::{Server, Settings},
    tertulia::text,
};

/// What one connection may have in flight: as many requests as are read of it at once.
const PIPELINE: u64 = 100;

/// How long nothing may happen before it is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running Redis that keeps everything.
#[derive(Debug)]
pub struct RedisLog {
    server: Server,
}

/// What a number of durable acknowledgements took.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged {
    /// What Redis was charged for; its client is not counted.
    pub cpu: Duration,
    /// How long it was.
    pub wall: Duration,
}

impl RedisLog {
    /// Starts it with its file in this directory.
    ///
    /// # Errors
    /// It does not become ready.
    pub fn start(program: &Path, data: &Path) -> Result<Self, Failure> {
        let settings = Settings { config: String::new(), pins: None, under: Vec::new() };
        let directory = data.display();
        let config = |port| {
            format!(
                "bind 127.0.0.1\nport {port}\ndaemonize no\nsave \"\"\ndir {directory}\nappendonly yes\n\
                 appendfsync always\nauto-aof-rewrite-percentage 0\n"
            )
        };
        Ok(Self { server: Server::start_configured(Peer::Redis, program, &config, data, &settings)? })
    }

    /// Where its program is, if it is installed.
    #[must_use]
    pub fn find() -> Option<PathBuf> {
        Peer::Redis.find()
    }

    /// Has so many messages kept, with so many of them unanswered at most.
    ///
    /// # Errors
    /// It does not keep them.
    pub fn append(&self, count: u64, in_flight: u64) -> Result<Acknowledged, Failure> {
        let connections = in_flight.div_ceil(PIPELINE);
        let mut client = Client::connect(self.server.address(), connections)?;
        let process = self.server.process();
        let (cpu, began): (Cpu, _) = (process.cpu()?, now());
        client.append(count, in_flight / connections)?;
        Ok(Acknowledged { cpu: (process.cpu()? - cpu).total, wall: began.elapsed() })
    }
}

struct Client {
    poll: Poll,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
}

struct Connection {
    socket: TcpStream,
    out: Vec<u8>,
    unanswered: u64,
}

impl Client {
    fn connect(address: SocketAddr, connections: u64) -> Result<Self, Failure> {
        let failed = |error| Failure::doing("cannot connect to redis", error);
        let poll = Poll::new().map_err(failed)?;
        let connect = |token| {
            let mut socket = TcpStream::connect(address)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(usize::try_from(token).unwrap_or_default()), interest)?;
            Ok(Connection { socket, out: Vec::new(), unanswered: 0 })
        };
        let connections = (0..connections).map(connect).collect::<io::Result<_>>().map_err(failed)?;
        Ok(Self { poll, connections, scratch: vec![0; 64 * 1024] })
    }

    fn append(&mut self, count: u64, each: u64) -> Result<(), Failure> {
        let mut events = Events::with_capacity(1_024);
        let (mut asked, mut answered) = (0, 0);
        while answered < count {
            for connection in &mut self.connections {
                while connection.unanswered < each && asked < count {
                    asked += 1;
                    connection.unanswered += 1;
                    connection.ask(asked);
                }
                connection.flush()?;
            }
            let polled = self.poll.poll(&mut events, Some(PATIENCE));
            match polled {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(Failure::doing("redis", error)),
                Ok(()) if events.is_empty() => return Err(Failure::new("redis does not answer")),
                _ => {}
            }
            for event in &events {
                if let Some(connection) = self.connections.get_mut(event.token().0) {
                    answered += connection.hear(&mut self.scratch)?;
                }
            }
        }
        Ok(())
    }
}

impl Connection {
    fn ask(&mut self, number: u64) {
        let text = text(number);
        self.out.extend_from_slice(b"*3\r\n$5\r\nRPUSH\r\n$3\r\nlog\r\n");
        self.out.extend_from_slice(format!("${}\r\n{text}\r\n", text.len()).as_bytes());
    }

    fn flush(&mut self) -> Result<(), Failure> {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(sent) => drop(self.out.drain(..sent)),
                // Before it is connected, too: an event comes then.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(error) => return Err(Failure::doing("redis", error)),
            }
        }
        Ok(())
    }

    /// How many answers have come. Each is a line with the number of messages by then.
    fn hear(&mut self, scratch: &mut [u8]) -> Result<u64, Failure> {
        let mut answered = 0;
        loop {
            match self.socket.read(scratch) {
                Ok(0) => return Err(Failure::new("redis has ended the connection")),
                Ok(count) => {
                    let came = &scratch[..count];
                    if came.contains(&b'-') {
                        return Err(Failure::new(format!("redis says {}", String::from_utf8_lossy(came))));
                    }
                    answered += came.iter().filter(|byte| **byte == b'\n').count() as u64;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(error) => return Err(Failure::doing("redis", error)),
            }
        }
        self.unanswered -= answered;
        Ok(answered)
    }
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a bench reads clocks")]
    Instant::now()
}
