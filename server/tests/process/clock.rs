//! The clock of the computer is set by days while the server runs, as far as the server can tell: a library loaded before
//! the C library sees to it (`clock.c`).
#![cfg(target_os = "linux")]

use std::fs;

use crate::{
    child::{PATIENCE, until},
    crowd::Crowd,
    durable::library,
    server::{Home, Server},
};

/// Keeps out: texts that are not erased although they should be, and an operator who never hears of it. What becomes of
/// the texts themselves is shown by the turn.
#[test]
fn an_operator_hears_that_nothing_is_erased_any_more() {
    let home = Home::with_config("keep = \"30d\"\n");
    let jumps = home.folder().join("clock-jumps");
    let mut command = home.command(&["127.0.0.1:0"]);
    command.env("LD_PRELOAD", library(&home, "clock")).env("CLOCK_JUMPS_IF", &jumps);
    let mut server = Server::start(&mut command);
    const WORDS: &str = "the clock of this computer has moved by more than a day";
    Crowd::new(server.address).log_in(1, "ana");
    assert!(!server.process.errors().contains(WORDS), "{}", server.process.errors());
    fs::write(&jumps, "").unwrap();
    // The loop sleeps by a clock that did not jump: somebody wakes it up.
    let mut visitor = 10;
    until("the server says so", PATIENCE, || {
        visitor += 1;
        Crowd::new(server.address).log_in(visitor, &format!("visitor {visitor}"));
        server.process.errors().contains(WORDS).then_some(())
    });
    server.stop();
    assert_eq!(server.process.errors().matches(WORDS).count(), 1, "{}", server.process.errors());
}
