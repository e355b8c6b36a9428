//! The server as a process: what only a real one shows. Its flags and exit codes, its files, signals, a thousand
//! connections, and being killed in the middle of a sentence.
//!
//! These tests prove the wiring; what a turn or a session does is tested below, without processes. They take the
//! programs that lie beside their own binary, so `cargo test --workspace` builds everything they need.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these tests start processes, look at their files, print what helps, and fail where a helper fails"
)]

mod activity;
#[expect(dead_code, reason = "shared with the tests of windows, which look into their stores as well")]
mod aftermath;
mod child;
mod clock;
mod crowd;
mod durable;
mod full_disk;
mod ill_descriptors;
mod ill_logs;
mod ill_peers;
mod kill;
mod reload;
mod replay;
mod resident;
mod second_client;
mod server;
mod small_disk;
mod soak;
mod start;
mod stop;
mod strangers;
mod thousand;
#[cfg(target_os = "linux")]
mod trace;
