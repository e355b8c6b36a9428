//! A whole server without sockets, threads or a clock: the turn over sockets in memory and the log in memory, with
//! clients that speak the protocol crate. Everything is decided by the test: what arrives when and in which pieces,
//! what the log has made durable, what time it is. The same calls give the same bytes.
//!
//! ```text
//! Client ──bytes──▶ Wire ──MemSocket──▶ Turn ──▶ MemoryLog
//!    ▲                │ edges ──Rig──▶ mark        Rig: run, sleep, restart
//!    └────────────────┘
//! ```
#![allow(dead_code, unused_imports, reason = "every test program uses another part of the rig")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod client;
mod device;
mod rig;
mod wire;
mod writes;

pub(crate) use self::{
    client::{Client, Received, Told, text},
    device::Device,
    rig::{Options, Recorder, Rig},
    wire::{Manner, MemSocket, Wire},
};
