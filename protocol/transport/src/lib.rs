//! Bytes to frames and back on a non-blocking socket, for the loops of both programs.
//!
//! ```text
//!  event ──mark──▶ Readiness          ┌─receive─▶ FrameDecoder ─▶ the caller's callback, frame by frame
//!                      │              │
//!                   Framed ──▶ Stream ┤
//!                                     │
//!                                     └─◀─flush── SendQueue ◀─queue─ bytes that many connections share
//! ```
//!
//! This crate owns the way of bytes through one connection. It knows no message, no session and no clock: which frames
//! are welcome, how long a peer may take, and how much may wait in a send queue is for the owner of the connection.
//!
//! # The readiness contract
//!
//! The poll says once that a socket became ready, and says nothing more until the socket was found not ready. So:
//!
//! - A socket is registered once, for reading and writing, and never again. What an event says goes into
//!   [`Framed::mark`], which only ever adds; nothing else needs to be remembered.
//! - **Invariant:** a remembered readiness ends only when the socket itself answered `WouldBlock`. A short read, a short
//!   write, a spent budget or a pause does not end it, for no second event would ever bring it back.
//! - Events are hints: one too many costs one system call. That a peer has ended or broken off is learnt by reading.
//! - To pause reading, do not call [`Framed::receive`]. The readiness stays, and so do frames that were not taken.
//! - Whatever stops before `WouldBlock` says so ([`ReceiveStatus::Budget`], [`ReceiveStatus::Stopped`],
//!   [`FlushStatus::Budget`]): keep the connection on a list, and poll with a timeout of zero while there is one on it.
//! - Write first: [`Framed::flush`] in the turn that queued, without waiting for an event. Only
//!   [`FlushStatus::Blocked`] means that an event will come.
//!
//! # Memory
//!
//! **Invariant:** between frames, with nothing to send, a connection holds no memory besides the [`Framed`] itself. The
//! buffer for reading belongs to the loop, and one serves all its connections.
//!
//! # Ending
//!
//! [`Framed::finish`] promises that everything queued before it arrives: closing a socket that holds unread bytes would
//! make the system destroy what the peer has not read yet. The owner flushes, then reads with [`Framed::discard`] until
//! the peer has ended too, and gives up at a deadline of its own.

pub mod connect;
mod framed;
mod readiness;
mod report;
mod send_queue;
mod stream;

pub use framed::{Framed, WRITE_BUDGET_BYTES};
pub use report::{FlushStatus, Flushed, ReceiveStatus, Received};
pub use stream::Socket;
