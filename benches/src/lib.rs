//! How fast, how small: what the `fan_out` bench is made of.
//!
//! ```text
//! this process                                                   a process of its own
//! scenario ─▶ Generator ── N connections on loopback ──────────▶ the real server, a floor, or a peer
//!    │            │ bytes ⇄ Dialect (how a server is spoken to)      ▲
//!    │            └ Ledger (everything once, in order, how late)     │ start, kill
//!    └──────────▶ process: CPU clock and memory of ─────────────────▶│ server
//!    └──────────▶ report: a table for people, JSON for programs
//! ```
//!
//! The generator knows no protocol: what is specific to a server is a [`dialect::Dialect`], so that other programs can
//! be measured by the same hand, beside ours, in the same run. **A figure counts only if nothing was lost, doubled,
//! reordered or disconnected**: the [`ledger`] holds every delivery of every receiver against what was published, and
//! the first thing that is wrong ends the bench with an error instead of a table.
//!
//! CPU is what the operating system charged the server's process for, not wall time: a busy machine makes a run longer
//! and the tails later, and changes the cost of a delivery much less.

pub mod arguments;
pub mod compare;
pub mod dialect;
pub mod floor;
pub mod generator;
pub mod in_process;
pub mod ledger;
pub mod machine;
pub mod peers;
pub mod process;
pub mod report;
pub mod scenario;
pub mod server;
pub mod stats;
pub mod tail;
pub mod tertulia;

use std::fmt;

/// Why there is no result, as a sentence for whoever started the bench.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure in words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// What was being done when something else failed.
    pub fn doing(what: &str, error: impl fmt::Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
