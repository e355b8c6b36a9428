//! The simulation: the real turn, chat, log, sessions, stores and folds, in a world that a seed decides.
//!
//! ```text
//! Person ── Session ──▶ Keeper          Link            Server ── Turn ──▶ Disk ── MemoryLog
//!    ▲  (the real one)  (the store)  (the network, ─── (the real one)    (the log, as slow, full or
//!    └── View: Fold, rows, outbox     with an Ear)                         broken as it likes)
//!                                         │
//!                                      Witness: what the log meant, place by place
//! ```
//!
//! | file | what |
//! |------|------|
//! | `world` | the clock, who is there, starting and crashing |
//! | `script` | what happens |
//! | `person`, `keeper` | a client: its program, its store, what it shows |
//! | `link`, `ear` | a connection, and the check of each frame on it |
//! | `disk` | the log under the server |
//! | `witness` | the oracle |
//! | `verdict` | the comparison at the end |
//! | `finding` | the promises |
//! | `faults` | deliberately broken variants |

mod dice;
mod disk;
mod ear;
mod faults;
mod finding;
mod keeper;
mod link;
mod person;
mod script;
mod verdict;
mod witness;
mod world;

pub(crate) use self::{faults::Fault, world::World};

/// How much happens in one run.
const EVENTS_LEAST: u64 = 60;
const EVENTS_MORE: u64 = 120;

/// One run. It panics if a promise is broken.
pub(crate) fn run(seed: u64, fault: Option<Fault>, trace: bool) {
    let mut world = World::new(seed, fault, trace);
    let events = EVENTS_LEAST + world.dice.below(EVENTS_MORE);
    for _ in 0..events {
        world.happen();
    }
    world.judge();
}
