//! What operators and service managers tell a running process: SIGTERM and SIGINT stop it in order, SIGHUP has the
//! configuration read again. Caught from before the data directory is touched, for a long log takes a while to replay;
//! what was caught is remembered until somebody heeds it. Decides nothing else.

use std::io;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The signals that have arrived.
pub struct Signals {
    caught: signal_hook_mio::v1_0::Signals,
    is_stop_asked: bool,
    is_reload_asked: bool,
}

impl Signals {
    /// From here on none of them ends the process by itself.
    ///
    /// # Errors
    /// The system's.
    pub fn catch() -> io::Result<Self> {
        let caught = signal_hook_mio::v1_0::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        Ok(Self { caught, is_stop_asked: false, is_reload_asked: false })
    }

    /// Has a poll report under this token when there is something to look at.
    ///
    /// # Errors
    /// The system's.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.caught, token, Interest::READABLE)
    }

    /// Whether the server shall stop. That is never taken back.
    pub fn is_stop_asked(&mut self) -> bool {
        self.look();
        self.is_stop_asked
    }

    /// Whether the configuration shall be read again; asked once for however many signals.
    pub fn take_reload(&mut self) -> bool {
        self.look();
        std::mem::take(&mut self.is_reload_asked)
    }

    fn look(&mut self) {
        for signal in self.caught.pending() {
            if signal == SIGHUP {
                self.is_reload_asked = true;
            } else {
                self.is_stop_asked = true;
            }
        }
    }
}
