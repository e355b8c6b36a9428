//! What came out: for people as a table, for programs as JSON. Every row names its server, for there may be others.

use std::fmt;

use serde::Serialize;

use crate::{
    compare::{self, Verdict},
    machine::{Machine, Pins},
    process::Memory,
    stats::Latency,
    tertulia::{Signatures, TEXT_BYTES},
};

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was measured.
    pub version: &'static str,
    /// What it was measured on.
    pub machine: Machine,
    /// How it was measured.
    pub setup: Setup,
    /// What a signature costs, for every login has two of them.
    pub signatures: Signatures,
    /// What was measured, by server and log.
    pub runs: Vec<Run>,
    /// What that is in comparison.
    pub verdicts: Vec<Verdict>,
}

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Setup {
    /// How many people are connected.
    pub connections: usize,
    /// How long a message is, in bytes of text.
    pub text_bytes: usize,
    /// How often all servers took their turn.
    pub rounds: usize,
    /// How long each load lasts, in each round.
    pub load_seconds: f64,
    /// Who runs on which core.
    pub pins: Option<Pins>,
    /// The command that the server ran under.
    pub under: String,
    /// The server's configuration file; what it does not name is the default.
    pub config: String,
}

/// One server with one home of its log.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Which server.
    pub server: String,
    /// Where its log was.
    pub log: String,
    /// Many logins at once.
    pub storms: Vec<Storm>,
    /// Messages to everybody.
    pub loads: Vec<FanOut>,
    /// The server's memory after all of it.
    pub memory: Memory,
}

impl Run {
    /// Of the rounds of one subject, for each row the one with the median CPU; memory as of the last.
    #[must_use]
    pub fn median(rounds: &[Self]) -> Option<Self> {
        let mut median = rounds.last()?.clone();
        for (place, storm) in median.storms.iter_mut().enumerate() {
            *storm = middle(rounds.iter().filter_map(|round| round.storms.get(place)), |storm| storm.cpu_us)?;
        }
        for (place, load) in median.loads.iter_mut().enumerate() {
            *load = middle(rounds.iter().filter_map(|round| round.loads.get(place)), |load| load.cpu_us)?;
        }
        Some(median)
    }
}

fn middle<'a, T: Clone + 'a>(rows: impl Iterator<Item = &'a T>, cost: impl Fn(&T) -> f64) -> Option<T> {
    let mut rows: Vec<&T> = rows.collect();
    rows.sort_by(|one, other| cost(one).total_cmp(&cost(other)));
    rows.get(rows.len() / 2).copied().cloned()
}

/// Many logins at once.
#[derive(Clone, Debug, Serialize)]
pub struct Storm {
    /// Which one.
    pub name: String,
    /// How many logins.
    pub logins: u64,
    /// CPU of the server for each, all that it told others of it included, in microseconds.
    pub cpu_us: f64,
    /// How much of that it spent outside of the kernel; coarse.
    pub user_share: f64,
    /// CPU of the generator for each, in microseconds.
    pub generator_cpu_us: f64,
    /// Logins a second.
    pub per_second: f64,
    /// From connecting to being logged in.
    pub latency: Latency,
    /// Memory of the server's process for each, in bytes; absent where it cannot be told.
    pub memory_bytes: Option<u64>,
}

/// Messages to everybody.
#[derive(Clone, Debug, Serialize)]
pub struct FanOut {
    /// Which load.
    pub name: String,
    /// Messages that were published.
    pub messages: u64,
    /// Messages times receivers.
    pub deliveries: u64,
    /// CPU of the server for each delivery, in microseconds.
    pub cpu_us: f64,
    /// How much of that it spent outside of the kernel; coarse.
    pub user_share: f64,
    /// CPU of the generator for each delivery, in microseconds.
    pub generator_cpu_us: f64,
    /// Deliveries a second.
    pub per_second: f64,
    /// From publishing to one receipt.
    pub each: Latency,
    /// From publishing to the last receipt.
    pub last: Latency,
}

/// What holds for all rows, said before the first is measured.
pub struct Preamble<'a>(pub &'a Machine, pub &'a Setup);

impl fmt::Display for Preamble<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(machine, setup) = self;
        let gib = machine.memory as f64 / f64::from(1 << 30);
        writeln!(f, "machine: {}, {} cores, {gib:.1} GiB, Linux {}", machine.cpu, machine.cores.len(), machine.kernel)?;
        writeln!(f, "data on {}; load before: {:.2}", machine.data_file_system, machine.load_before)?;
        match setup.pins {
            Some(pins) => writeln!(f, "server on core {}, generator on core {}", pins.server, pins.generator)?,
            None => writeln!(f, "server and generator on any core: CPU is comparable, times less so")?,
        }
        let Setup { connections, rounds, load_seconds, .. } = setup;
        write!(f, "{connections} people on loopback, messages of {TEXT_BYTES} bytes, ")?;
        write!(f, "{load_seconds} s for each load, medians of {rounds} rounds")?;
        if !setup.under.is_empty() {
            write!(f, "\nserver under: {}", setup.under)?;
        }
        write!(f, "\n\nthe server's configuration, all else being the default:\n")?;
        setup.config.lines().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signatures { check_us, make_us } = self.signatures;
        writeln!(
            f,
            "a signature on this core: {check_us:.1} µs to check, {make_us:.1} µs to make; a login has both\n"
        )?;

        writeln!(
            f,
            "{:<11} {:<7} {:<6} {:>7} {:>8} {:>6} {:>9} {:>9} {:>8} {:>8} {:>9}",
            "logins", "log", "", "count", "CPU µs", "user", "rest", "per s", "p50 ms", "p99 ms", "bytes"
        )?;
        for (run, storm) in self.runs.iter().flat_map(|run| run.storms.iter().map(move |storm| (run, storm))) {
            let Storm { name, logins, cpu_us, user_share, per_second, latency, .. } = storm;
            let bytes = storm.memory_bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
            let (rest, user) = (cpu_us - check_us - make_us, user_share * 100.0);
            writeln!(
                f,
                "{:<11} {:<7} {name:<6} {logins:>7} {cpu_us:>8.1} {user:>5.0}% {rest:>9.1} {per_second:>9.0} \
                 {:>8.2} {:>8.2} {bytes:>9}",
                run.server, run.log, latency.p50_ms, latency.p99_ms
            )?;
        }

        writeln!(
            f,
            "\n{:<11} {:<7} {:<13} {:>10} {:>8} {:>6} {:>11} {:>26} {:>26}",
            "deliveries",
            "log",
            "",
            "count",
            "CPU µs",
            "user",
            "per s",
            "each: p50, p99, p99.9 ms",
            "last: p50, p99, p99.9 ms"
        )?;
        for (run, load) in self.runs.iter().flat_map(|run| run.loads.iter().map(move |load| (run, load))) {
            let FanOut { name, deliveries, cpu_us, user_share, per_second, each, last, .. } = load;
            let user = user_share * 100.0;
            writeln!(
                f,
                "{:<11} {:<7} {name:<13} {deliveries:>10} {cpu_us:>8.4} {user:>5.0}% {per_second:>11.0} {:>26} {:>26}",
                run.server,
                run.log,
                quantiles(each),
                quantiles(last)
            )?;
        }
        compare::table(&self.verdicts, f)?;
        for run in &self.runs {
            let mib = |bytes| bytes as f64 / f64::from(1 << 20);
            let (resident, anonymous) = (mib(run.memory.resident), mib(run.memory.anonymous));
            write!(f, "\n{}, log {}: {resident:.1} MiB resident at the end, ", run.server, run.log)?;
            write!(f, "{anonymous:.1} of them heap and stacks")?;
        }
        writeln!(f, "\nnothing was lost, doubled, reordered or disconnected")
    }
}

fn quantiles(latency: &Latency) -> String {
    format!("{:.2} {:.2} {:.2}", latency.p50_ms, latency.p99_ms, latency.p999_ms)
}
