//! Clients of ours under bad networks: a proxy between them and the real server cuts, refuses, delays, stalls and
//! trickles, at any moment of a conversation. What was said stands once and in order; what is not known is said so.
//!
//! Windows under the same proxy are in `tests/e2e/bad_network.rs`; the long silences are passed under a virtual clock in
//! `tests/session/time.rs`, and here by a network thread that is given one.
#![cfg(unix)]

#[cfg(test)]
#[path = "../support/black_hole.rs"]
mod black_hole;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod headless;
#[cfg(test)]
#[path = "../support/proxy.rs"]
mod proxy;
#[cfg(test)]
#[expect(dead_code, reason = "shared with tests that kill the server")]
#[path = "../support/server.rs"]
mod server;
#[cfg(test)]
#[expect(dead_code, reason = "shared with the tests of the cli")]
#[path = "../support/terminal.rs"]
mod terminal;
