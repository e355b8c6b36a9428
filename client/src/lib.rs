//! The client: everything between a person or a script and the server.

pub mod i18n;
pub mod model;
#[cfg(feature = "window")]
pub mod ui;
