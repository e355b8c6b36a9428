//! What is measured, in which order.
//!
//! All subjects take turns: the floors, our server with each home of its log, the peers; then the next round, with
//! every server started anew. So whatever else the machine does falls on all of them, and what counts is, for each row,
//! the round with the median CPU. For each subject, in each round:
//!
//! 1. Everybody comes for the first time: with our server each login claims a name, which is an entry of the log.
//! 2. To our server, everybody comes again. With the log on disk the server was killed in between and started on the
//!    same data, so that its memory, before and after, differs by the connections alone; with the log in memory
//!    everybody leaves, and the memory that is free then is used again, so nothing can be said about it.
//! 3. The loads, one after the other, with everybody connected: 1 message in flight, 8 in flight, bursts of 64.
//!
//! A handful of people come ahead of the others each time, so that what a server does once is not charged to them.

use std::{ops::Range, path::PathBuf, time::Duration};

use tempfile::TempDir;
use tertulia_server::serve::Home;

use crate::{
    Failure,
    arguments::Arguments,
    dialect::Dialect,
    floor::{Floor, FloorDialect},
    generator::{Generator, Load},
    machine::Pins,
    peers::{Peer, mosquitto::Mosquitto, nats::Nats, ngircd::Ngircd, redis::Redis},
    process::{Cpu, Memory, Process},
    report::{FanOut, Run, Storm},
    server::{self, Server, Settings},
    stats::{micros_each, per_second},
    tertulia::Tertulia,
};

/// Those who come ahead of the others.
const VANGUARD: usize = 8;

/// How long a server tells people about each other after a storm: the number of those who are online goes out every two
/// seconds, and the last one is a part of what the storm costs.
const AFTER_A_STORM: Duration = Duration::from_millis(2_500);

/// For how long a server that is at rest must not have run.
const AT_REST: Duration = Duration::from_millis(30);

/// How often that is tried.
const REST_TRIES: usize = 200;

/// One message is on its way at a time: nobody can batch.
pub const ONE: &str = "1 in flight";
/// Eight are.
pub const EIGHT: &str = "8 in flight";
/// As many as a floor can make the most of.
pub const BURSTS: &str = "bursts of 64";

const LOADS: [(&str, Load); 3] = [
    (ONE, Load { in_flight: 1, in_bursts: false }),
    (EIGHT, Load { in_flight: 8, in_bursts: false }),
    (BURSTS, Load { in_flight: 64, in_bursts: true }),
];

/// What our server is called in the table.
pub const TERTULIA: &str = "tertulia";

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A floor.
    Floor(Floor),
    /// Our own server.
    Tertulia(Home),
    /// Somebody else's, and where its program is.
    Peer(Peer, PathBuf),
}

/// Measures all subjects, in rounds. `say` hears of the progress.
///
/// # Errors
/// It did not work, or anything was lost, doubled, reordered or disconnected.
pub fn measure(
    subjects: &[Subject],
    arguments: &Arguments,
    pins: Option<Pins>,
    say: &mut dyn FnMut(&str),
) -> Result<Vec<Run>, Failure> {
    let tertulia = Tertulia::new(arguments.connections)?;
    let mut rounds: Vec<Vec<Run>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 1..=arguments.rounds {
        for (subject, runs) in subjects.iter().zip(&mut rounds) {
            let run = Visit { arguments, pins }.measure(subject, &tertulia)?;
            let costs: Vec<String> = run.loads.iter().map(|load| format!("{:.4}", load.cpu_us)).collect();
            let (server, log) = (&run.server, &run.log);
            say(&format!("round {round}: {server} {log}: µs for each delivery: {}", costs.join(", ")));
            runs.push(run);
        }
    }
    Ok(rounds.into_iter().filter_map(|runs| Run::median(&runs)).collect())
}

/// One subject in one round.
struct Visit<'a> {
    arguments: &'a Arguments,
    pins: Option<Pins>,
}

impl Visit<'_> {
    fn measure(&self, subject: &Subject, tertulia: &Tertulia) -> Result<Run, Failure> {
        let Self { arguments, pins } = *self;
        let under = if matches!(subject, Subject::Tertulia(_)) { arguments.under.clone() } else { Vec::new() };
        let settings = Settings::for_connections(arguments.connections, pins, under);
        let data = TempDir::with_prefix_in("fan-out-", &arguments.data)
            .map_err(|error| Failure::doing("no directory for the data", error))?;
        let data = data.path();
        match subject {
            Subject::Floor(floor) => {
                let server = Server::start_floor(*floor, data, &settings)?;
                self.once(floor.name(), &server, &FloorDialect)
            }
            Subject::Tertulia(home) => {
                let start = || Server::start(*home, data, &settings);
                self.twice(*home, start, tertulia)
            }
            Subject::Peer(peer, program) => {
                let server = Server::start_peer(*peer, program, arguments.connections, data, &settings)?;
                match peer {
                    Peer::Redis => self.once(peer.name(), &server, &Redis),
                    Peer::Mosquitto => self.once(peer.name(), &server, &Mosquitto),
                    Peer::Ngircd => self.once(peer.name(), &server, &Ngircd),
                    Peer::Nats => self.once(peer.name(), &server, &Nats),
                }
            }
        }
    }

    fn once<D: Dialect>(&self, name: &str, server: &Server, dialect: &D) -> Result<Run, Failure> {
        let in_words = |failure| Failure::doing(name, failure);
        let mut crowd = Crowd::new(dialect, server)?;
        let storm = crowd.come("first", self.arguments.connections).map_err(in_words)?;
        self.loads(name, "-", crowd, vec![storm]).map_err(in_words)
    }

    fn twice(
        &self,
        home: Home,
        start: impl Fn() -> Result<Server, Failure>,
        dialect: &Tertulia,
    ) -> Result<Run, Failure> {
        let count = self.arguments.connections;
        let mut server = start()?;
        let mut crowd = Crowd::new(dialect, &server)?;
        let first = crowd.come("first", count)?;
        let again = if home == Home::Disk {
            drop(crowd);
            drop(server);
            server = start()?;
            crowd = Crowd::new(dialect, &server)?;
            crowd.come("again", count)?
        } else {
            crowd.go()?;
            Storm { memory_bytes: None, ..crowd.come("again", count)? }
        };
        self.loads(TERTULIA, server::name(home), crowd, vec![first, again])
    }

    fn loads<D: Dialect>(
        &self,
        server: &str,
        log: &str,
        mut crowd: Crowd<'_, D>,
        storms: Vec<Storm>,
    ) -> Result<Run, Failure> {
        let load_time = self.arguments.load_time;
        let wanted = |load: &Load| self.arguments.load.is_none_or(|in_flight| in_flight == load.in_flight);
        let loads = LOADS.iter().filter(|(_, load)| wanted(load));
        let loads = loads.map(|(name, load)| crowd.load(name, *load, load_time)).collect::<Result<_, _>>()?;
        let memory = crowd.server.memory()?;
        Ok(Run { server: server.to_owned(), log: log.to_owned(), storms, loads, memory })
    }
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
