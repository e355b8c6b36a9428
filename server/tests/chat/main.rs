//! The chat alone: the fold, its rules and what readers ask of it, without sessions, sockets or a log that waits.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod fold;
mod noise;
mod readers;
mod refusals;
mod rooms;
mod said;
mod world;
