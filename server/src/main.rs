//! The server's program. Everything is in the library, so that benches can run it in a process of their own.

use std::process::ExitCode;

use tertulia_server::{program, serve::Home};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the environment is read here, and passed in")]
    let environment = std::env::vars_os().collect();
    program::run(std::env::args_os(), &environment, Home::Disk)
}
