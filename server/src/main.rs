//! The server's program. Everything is in the library, so that benches can run it in a process of their own.

use std::process::ExitCode;

use tertulia_server::{program, serve::Home};

fn main() -> ExitCode {
    program::run(std::env::args_os(), &std::env::vars_os().collect(), Home::Disk)
}
