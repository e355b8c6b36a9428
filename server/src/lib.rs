//! The Tertulia server.

pub mod activity_log;
pub mod keys;
pub mod limits;
pub mod log;
pub mod names;
