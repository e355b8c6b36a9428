//! Backup, restore, verify and export, as an operator runs them: the program itself on a data directory.

#![expect(clippy::disallowed_methods, reason = "these tests run a program on files")]
#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of a test fail it")]

mod copies;
mod data;
mod exporting;
#[path = "../log_subject/mod.rs"]
mod log_subject;
mod verifying;
