//! The whole server without sockets, by theme: every phase of the turn, the sessions, the desk and the chat together,
//! over the rig of `support`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

#[path = "../support/mod.rs"]
mod support;

mod accepting;
mod claims;
mod ending;
mod flow;
mod joining;
mod lag;
mod lag_complete;
mod leaving;
mod limits;
mod login;
mod marks;
mod messages;
mod noise;
mod pace;
mod pages;
mod pages_folded;
mod presence;
mod queues;
mod reading;
mod readonly;
mod reload;
mod resend;
mod retention;
mod room_access;
mod rooms;
mod search;
mod signals;
mod stopping;
