//! A network thread and a time limit: what all three commands wait with.

use std::{io, time::Duration};

use super::Failure;
use crate::{
    network::{Network, Options, Stopwatch},
    session::{Event, Why},
};

/// Without a limit a wait still ends now and then; nothing depends on how often.
const LONG: Duration = Duration::from_secs(3_600);

pub(super) struct Connection {
    pub(super) network: Network,
    server: String,
    watch: Stopwatch,
    limit: Option<Duration>,
    /// How the last attempt ended.
    why: Option<Why>,
}

impl Connection {
    pub(super) fn start(options: Options, limit: Duration) -> Result<Self, Failure> {
        let server = options.server.to_string();
        let network = Network::start(options, Box::new(|| {}))
            .map_err(|error: io::Error| Failure::unknown("system_failed", error.to_string()))?;
        Ok(Self { network, server, watch: Stopwatch::start(), limit: Some(limit), why: None })
    }

    /// The server answers, if slowly: the time begins anew.
    pub(super) fn got_on(&mut self) {
        self.watch = Stopwatch::start();
    }

    /// From here on, wait for as long as it takes.
    pub(super) fn wait_for_ever(&mut self) {
        self.limit = None;
    }

    /// The next event. A login that needs a person is the end, and so is the end of the time.
    pub(super) fn next(&mut self) -> Result<Event, Failure> {
        loop {
            let left = self.limit.map_or(LONG, |limit| limit.saturating_sub(self.watch.elapsed()));
            match self.network.next_event(left) {
                Some(Event::Stopped { code, params }) => return Err(Failure::stopped(code, &params)),
                Some(event) => {
                    match &event {
                        Event::Disconnected { why, .. } => self.why = Some(why.clone()),
                        Event::LoggedIn { .. } => self.why = None,
                        _ => {}
                    }
                    return Ok(event);
                }
                None if self.limit.is_some() => return Err(Failure::unreachable(&self.server, self.why.as_ref())),
                None => {}
            }
        }
    }
}
