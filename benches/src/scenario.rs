//! What is measured, in which order.
//!
//! For each home of the log:
//!
//! 1. Everybody comes for the first time: each login claims a name, which is an entry of the log.
//! 2. Everybody comes again. With the log on disk the server was killed in between and started on the same data, so
//!    that its memory, before and after, differs by the connections alone; with the log in memory everybody leaves, and
//!    the memory that is free then is used again, so nothing can be said about it.
//! 3. The loads, one after the other, with everybody connected: 1 message in flight, 8 in flight, bursts of 64.
//!
//! A handful of people come ahead of the others each time, so that what a server does once is not charged to them.

use std::{ops::Range, time::Duration};

use tempfile::TempDir;
use tertulia_server::serve::Home;

use crate::{
    Failure,
    arguments::Arguments,
    dialect::Dialect,
    generator::{Generator, Load},
    machine::Pins,
    process::{Cpu, Memory, Process},
    report::{FanOut, Run, Storm},
    server::{self, Server, Settings},
    stats::{micros_each, per_second},
};

/// Those who come ahead of the others.
const VANGUARD: usize = 8;

/// How long a server tells people about each other after a storm: presence goes out four times a second.
const AFTER_A_STORM: Duration = Duration::from_millis(600);

/// For how long a server that is at rest must not have run.
const AT_REST: Duration = Duration::from_millis(30);

/// How often that is tried.
const REST_TRIES: usize = 200;

const LOADS: [(&str, Load); 3] = [
    ("1 in flight", Load { in_flight: 1, in_bursts: false }),
    ("8 in flight", Load { in_flight: 8, in_bursts: false }),
    ("bursts of 64", Load { in_flight: 64, in_bursts: true }),
];

/// Measures our own server with the log in one of its homes. `say` hears of the progress.
///
/// # Errors
/// It did not work, or anything was lost, doubled, reordered or disconnected.
pub fn measure(
    home: Home,
    arguments: &Arguments,
    dialect: &impl Dialect,
    pins: Option<Pins>,
    say: &mut dyn FnMut(&str),
) -> Result<Run, Failure> {
    let count = arguments.connections;
    let settings = Settings::for_connections(count, pins, arguments.under.clone());
    let data = TempDir::with_prefix_in("fan-out-", &arguments.data)
        .map_err(|error| Failure::doing("no directory for the data", error))?;
    let log = server::name(home);
    let mut server = Server::start(home, data.path(), &settings)?;
    say(&format!("log {log}: server {} has started, {count} people come", server.pid()));
    let mut crowd = Crowd::new(dialect, &server)?;
    let first = crowd.come("first", count)?;

    say(&format!("log {log}: they come again"));
    let again = if home == Home::Disk {
        drop(crowd);
        drop(server);
        server = Server::start(home, data.path(), &settings)?;
        crowd = Crowd::new(dialect, &server)?;
        crowd.come("again", count)?
    } else {
        crowd.go()?;
        Storm { memory_bytes: None, ..crowd.come("again", count)? }
    };

    let mut loads = Vec::new();
    for (name, load) in LOADS {
        say(&format!("log {log}: {name}"));
        loads.push(crowd.load(name, load, arguments.load_time)?);
    }
    let memory = server.process().memory()?;
    Ok(Run { server: "tertulia".to_owned(), log: log.to_owned(), storms: vec![first, again], loads, memory })
}

/// The people, and the server that they meet on.
struct Crowd<'d, D: Dialect> {
    generator: Generator<'d, D>,
    server: Process,
}

impl<'d, D: Dialect> Crowd<'d, D> {
    fn new(dialect: &'d D, server: &Server) -> Result<Self, Failure> {
        Ok(Self { generator: Generator::new(dialect, server.address())?, server: server.process() })
    }

    /// Everybody connects and logs in.
    fn come(&mut self, name: &str, count: usize) -> Result<Storm, Failure> {
        let vanguard = VANGUARD.min(count - 1);
        self.storm(0..vanguard)?;
        let before = self.server.memory()?;
        let (cpu, ours, (wall, latency)) = self.charged(|crowd| crowd.storm(vanguard..count))?;
        let memory = self.server.memory()?;
        self.generator.begin();
        let logins = (count - vanguard) as u64;
        Ok(Storm {
            name: name.to_owned(),
            logins,
            cpu_us: micros_each(cpu.total, logins),
            user_share: cpu.user_share(),
            generator_cpu_us: micros_each(ours.total, logins),
            per_second: per_second(logins, wall),
            latency,
            memory_bytes: Some(bytes_each(before, memory, logins)),
        })
    }

    /// Some log in, and the server has told everybody of it.
    fn storm(&mut self, who: Range<usize>) -> Result<(Duration, crate::stats::Latency), Failure> {
        let logged_in = self.generator.log_in(who)?;
        self.generator.quiet(AFTER_A_STORM)?;
        Ok(logged_in)
    }

    /// Everybody leaves.
    fn go(&mut self) -> Result<(), Failure> {
        self.generator.leave();
        self.rest().map(drop)
    }

    fn load(&mut self, name: &str, load: Load, time: Duration) -> Result<FanOut, Failure> {
        self.generator.keep_alive()?;
        self.generator.publish(load, time / 10)?;
        let (cpu, ours, delivered) = self.charged(|crowd| crowd.generator.publish(load, time))?;
        Ok(FanOut {
            name: name.to_owned(),
            messages: delivered.messages,
            deliveries: delivered.deliveries,
            cpu_us: micros_each(cpu.total, delivered.deliveries),
            user_share: cpu.user_share(),
            generator_cpu_us: micros_each(ours.total, delivered.deliveries),
            per_second: per_second(delivered.deliveries, delivered.wall),
            each: delivered.each,
            last: delivered.last,
        })
    }

    /// What the server, and this process, were charged for something, from rest to rest.
    fn charged<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<(Cpu, Cpu, T), Failure> {
        let before = self.rest()?;
        let ours = Process::this().cpu()?;
        let result = work(self)?;
        let ours = Process::this().cpu()? - ours;
        Ok((self.rest()? - before, ours, result))
    }

    /// Waits until the server does nothing, and answers with what it was charged for up to then.
    fn rest(&mut self) -> Result<Cpu, Failure> {
        let mut before = self.server.cpu()?;
        for _ in 0..REST_TRIES {
            self.generator.quiet(AT_REST)?;
            let now = self.server.cpu()?;
            if now.total == before.total {
                return Ok(now);
            }
            before = now;
        }
        Err(Failure::new("the server does not come to rest"))
    }
}

fn bytes_each(before: Memory, after: Memory, count: u64) -> u64 {
    after.anonymous.saturating_sub(before.anonymous) / count.max(1)
}
