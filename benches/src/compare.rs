//! What the figures are worth: everything as a multiple of the floors of the same run, our server beside its bars.
//!
//! With one message in flight nobody can batch, and the floor is the naive one; else it is the one that batches.

use std::fmt;

use serde::Serialize;

use crate::{
    floor::Floor,
    report::Run,
    scenario::{BURSTS, EIGHT, ONE, TERTULIA},
    tertulia::Signatures,
};

/// What our server may cost at most for a delivery, with the log in memory, as a multiple of the floor.
const DELIVERY_BARS: [(&str, Floor, f64); 3] =
    [(ONE, Floor::Naive, 1.15), (EIGHT, Floor::Batch, 1.3), (BURSTS, Floor::Batch, 2.0)];

/// What it may cost with the log on disk, as a multiple of what it costs with the log in memory.
const DISK_BAR: f64 = 1.2;

/// What a login may cost beside the check of a signature, in microseconds.
const LOGIN_BAR_US: f64 = 40.0;

/// What an idle connection may occupy, in bytes.
const MEMORY_BAR: f64 = 512.0;

/// One figure beside what it is held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Which server.
    pub server: String,
    /// Where its log was.
    pub log: String,
    /// Which figure.
    pub what: String,
    /// The figure.
    pub figure: f64,
    /// What it is divided by.
    pub against: String,
    /// What comes of that.
    pub ratio: f64,
    /// What may come of it at most, where that has been decided.
    pub bar: Option<f64>,
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self.bar {
            Some(bar) if self.ratio <= bar => "met",
            Some(_) => "MISSED",
            None => "",
        }
    }
}

/// Holds everything against everything that it is to be held against.
#[must_use]
pub fn verdicts(runs: &[Run], signatures: Signatures) -> Vec<Verdict> {
    let cost = |server: &str, log: &str, load: &str| {
        let run = runs.iter().find(|run| run.server == server && run.log == log)?;
        run.loads.iter().find(|found| found.name == load).map(|load| load.cpu_us)
    };
    let mut verdicts = Vec::new();
    for run in runs {
        let ours = run.server == TERTULIA;
        let mut judge = |what: &str, figure: f64, (against, by): (&str, f64), bar: Option<f64>| {
            let (server, log, what) = (run.server.clone(), run.log.clone(), what.to_owned());
            verdicts.push(Verdict { server, log, what, figure, against: against.to_owned(), ratio: figure / by, bar });
        };
        for load in &run.loads {
            for (_, floor, bar) in DELIVERY_BARS.iter().filter(|(name, ..)| *name == load.name) {
                if let Some(least) = cost(floor.name(), "-", &load.name) {
                    let bar = (ours && run.log == "memory").then_some(*bar);
                    judge(&format!("{}, µs", load.name), load.cpu_us, (floor.name(), least), bar);
                }
            }
            if ours
                && run.log == "disk"
                && let Some(memory) = cost(TERTULIA, "memory", &load.name)
            {
                judge(&format!("{}, µs", load.name), load.cpu_us, ("log in memory", memory), Some(DISK_BAR));
            }
        }
        for storm in run.storms.iter().filter(|_| ours) {
            let rest = storm.cpu_us - signatures.check_us;
            judge(&format!("login ({}), µs", storm.name), rest, ("1, no check", 1.0), Some(LOGIN_BAR_US));
        }
        if let Some(bytes) = run.storms.last().and_then(|storm| storm.memory_bytes) {
            let bytes = bytes as f64;
            judge("idle connection, bytes", bytes, ("1", 1.0), ours.then_some(MEMORY_BAR));
        }
    }
    verdicts
}

/// As a table.
pub(crate) fn table(verdicts: &[Verdict], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let head = ["against", "", "what", "figure", "divided by", "ratio", "bar", ""];
    let [server, log, what, figure, against, ratio, bar, word] = head;
    writeln!(f, "\n{server:<11} {log:<7} {what:<23} {figure:>9} {against:>15} {ratio:>8} {bar:>7} {word}")?;
    for verdict in verdicts {
        let Verdict { server, log, what, figure, against, ratio, bar } = verdict;
        let bar = bar.map_or_else(String::new, |bar| bar.to_string());
        let word = verdict.word();
        writeln!(f, "{server:<11} {log:<7} {what:<23} {figure:>9.4} {against:>15} {ratio:>8.2} {bar:>7} {word}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_or_missed_and_without_one_there_is_no_word() {
        let verdict = |ratio, bar| {
            let word = String::new();
            let (server, log, what, against) = (word.clone(), word.clone(), word.clone(), word);
            Verdict { server, log, what, figure: ratio, against, ratio, bar }
        };
        let words = [(1.0, Some(1.0)), (1.1, Some(1.0)), (9.0, None)].map(|(ratio, bar)| verdict(ratio, bar).word());
        assert_eq!(words, ["met", "MISSED", ""]);
    }
}
