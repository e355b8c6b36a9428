//! The Tertulia client: everything between a person or a script and the server.
//!
//! ```text
//! socket ─frame→ session ─Event→ (bounded queue) ─→ model, terminal, bot
//! socket ←bytes─ session ←Command─ (bounded queue) ←─ window, terminal, bot
//! ```
//!
//! Arrows point one way. [`session`] is pure: it is told what happened and when, and says what to do. [`store`] is the
//! only module that touches files, [`network`] the only one that knows sockets and clocks.

pub mod address;
pub mod cli;
pub mod fold;
pub mod headless;
pub mod i18n;
pub mod model;
pub mod network;
pub mod resident;
pub mod session;
pub mod store;
#[cfg(feature = "window")]
pub mod ui;
