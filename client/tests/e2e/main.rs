//! People at their desks: the real window on a display of its own for everybody, the real server between them.
//!
//! Letters come from a keyboard and everything else through the clipboard; no event is made inside the program. What a
//! window shows is what it painted, as it tells by `TERTULIA_SHOWN`; nobody asks its model.
//!
//! These tests prove the wiring, and there are few of them: what a row looks like or what a command does is tested
//! without a window. They need Xvfb, setxkbmap, xdotool and xclip, which `client/setup.sh` installs.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "these tests start processes, look at their files, print what helps, and fail where a helper fails"
)]

#[path = "../../../server/tests/process/aftermath.rs"]
mod aftermath;
mod bad_network;
#[expect(
    dead_code,
    reason = "shared with the tests of the server's process, some of which start it by another program"
)]
#[path = "../../../server/tests/process/child.rs"]
mod child;
mod cost;
#[expect(dead_code, reason = "shared with the tests of the server's process, which ask more of a crowd")]
#[path = "../../../server/tests/process/crowd.rs"]
mod crowd;
mod display;
mod first_start;
mod kill;
mod outage;
mod person;
#[expect(dead_code, reason = "shared with the tests of the other clients, which are cut in the middle of their words")]
#[path = "../support/proxy.rs"]
mod proxy;
#[expect(dead_code, reason = "shared with the tests of the server's process, which kill them as well")]
#[path = "../../../server/tests/process/resident.rs"]
mod resident;
mod rooms;
#[expect(dead_code, reason = "shared with the tests of the server's process, which ask more of a server")]
#[path = "../../../server/tests/process/server.rs"]
mod server;
mod talk;
