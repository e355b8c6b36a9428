//! A connection against a socket whose every answer a property test chooses: how the bytes are cut, when it blocks, how
//! little it takes, when it ends. The socket is strict about events: there is one only after it has answered
//! `WouldBlock`, so that a connection which forgets a readiness hangs here and not on somebody's network.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "the helpers of a test fail it, and a pattern of bytes is meant to wrap"
)]

mod ending;
mod mock;
mod receiving;
mod sending;
