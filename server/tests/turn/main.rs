//! The whole server without sockets, by theme: every phase of the turn, the sessions, the desk and the chat together,
//! over the rig of `support`.

#[path = "../support/mod.rs"]
mod support;

mod claims;
mod flow;
mod login;
mod messages;
