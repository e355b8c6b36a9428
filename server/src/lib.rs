//! The Tertulia server: one thread runs the chat, one log holds all that lasts.
//!
//! ```text
//! socket ─bytes→ Framed ─frame→ session ─step→ desk ─draft→ log (writer thread)
//!                                                               │ committed
//! socket ←bytes─ Framed ←shared buffer─ fan_out ←outcome─ chat::apply
//! ```
//!
//! [`program`] and [`serve`] put it together; [`event_loop`] owns sockets and clock; [`turn`] is the order of things;
//! [`session`] is the protocol, [`chat`] the meaning, [`log`] the memory. `docs/architecture.md` is the guide.

pub mod activity_log;
pub mod admission;
pub mod ballast;
pub mod chat;
pub mod close_reason;
pub mod config;
pub mod connection;
pub mod connections;
pub mod data_dir;
pub mod descriptors;
pub mod desk;
pub mod event_loop;
pub mod fan_out;
pub mod keys;
pub mod limits;
pub mod listener;
pub mod listeners;
pub mod log;
pub mod maintenance;
pub mod names;
pub mod pace;
pub mod program;
pub mod reload;
pub mod serve;
pub mod session;
pub mod signals;
pub mod timers;
pub mod turn;
