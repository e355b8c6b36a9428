//! The Tertulia server.

pub mod activity_log;
pub mod limits;
pub mod log;
