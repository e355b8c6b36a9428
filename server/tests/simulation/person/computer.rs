//! The computer of a person: its program starts and is killed, it sleeps and wakes up, and it knows when something is due.

use std::{sync::Arc, time::Duration};

use tertulia_client::session::{Config, History, Random, Session};

use super::{Around, Person, View};

impl Person {
    /// Starts the program.
    pub(crate) fn start(&mut self, around: &Around<'_>) {
        let config = Config {
            device: Arc::clone(&self.key),
            // A person who was here before may say nothing, or the first name.
            name: (self.user.is_none() || self.dice.one_in(2)).then(|| self.name.clone()),
            pinned: self.pinned,
            agent: "simulation".to_owned(),
            locale: None,
            room: self.dice.one_in(2).then(|| "general".to_owned()),
            history: History::Kept,
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.dice.roll().to_be_bytes());
        let mut session = Session::new(config, Random::from_seed(seed));
        session.start(self.clock(around));
        self.view = View::default();
        (self.session, self.is_dead) = (Some(session), false);
    }

    /// Kills the program where it stands.
    pub(crate) fn kill(&mut self) {
        self.session = None;
        self.todo.clear();
        self.connect_at = None;
        self.busy_until = 0;
        self.is_dead = true;
        self.hang_up();
    }

    pub(super) fn hang_up(&mut self) {
        if let Some(mut link) = self.link.take() {
            if !link.is_half_open && self.dice.one_in(2) {
                link.deliver(u64::MAX);
                // What was sent still arrives; what comes is taken by nobody.
                link.wire.end();
            } else {
                link.wire.reset();
            }
        }
    }

    /// Wakes the computer up.
    pub(crate) fn wake(&mut self, around: &Around<'_>) {
        let Some((since, _)) = self.asleep.take() else { return };
        self.slept_ms += around.now - since;
        let now = self.clock(around);
        // Some systems tell it, others show it by their clocks.
        let told = self.dice.one_in(2);
        if let Some(session) = self.session.as_mut().filter(|_| told) {
            session.slept(now);
        }
        self.work(around);
    }

    pub(crate) fn is_running(&self, now: u64) -> bool {
        self.session.is_some() && self.asleep.is_none() && now >= self.busy_until
    }

    /// When something happens here by itself.
    pub(crate) fn deadline(&self, now: u64) -> Option<u64> {
        if let Some((_, until)) = self.asleep {
            return Some(until);
        }
        let session = self.session.as_ref()?;
        if now < self.busy_until {
            return Some(self.busy_until);
        }
        let slept = Duration::from_millis(self.slept_ms);
        let session = session.deadline().map(|at| u64::try_from((at + slept).as_millis()).unwrap_or(u64::MAX) + 1);
        let link = self.link.as_ref().and_then(|link| link.deadline(now));
        [session, link, self.connect_at].into_iter().flatten().min()
    }
}
