//! The Tertulia server.

pub mod activity_log;
pub mod admission;
pub mod chat;
pub mod close_reason;
pub mod config;
pub mod connection;
pub mod connections;
pub mod data_dir;
pub mod desk;
pub mod event_loop;
pub mod fan_out;
pub mod keys;
pub mod limits;
pub mod listener;
pub mod log;
pub mod names;
pub mod session;
pub mod timers;
pub mod turn;
