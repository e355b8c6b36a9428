//! The store of a link: opened before anything else, and asked whenever its session wants something kept or read.

use tertulia_protocol::entry::RoomEntry;

use super::link::Link;
use crate::{
    session::{Action, Event, Loaded, Now, StopCode},
    store::{History, HistoryError},
};

/// As many texts that are no longer on the server are told; whoever lost more has them in the file.
const LOST_TOLD: u32 = 1_000;

impl Link {
    /// Makes sure that what is to be kept can be. False, and told, if not: a window that could not keep what is written
    /// in it must not take it in.
    pub(super) fn open_history(&mut self) -> bool {
        if !self.keeps || self.history.is_some() {
            return true;
        }
        let opened = self.profile.as_ref().map_or_else(History::in_memory, crate::store::Profile::history);
        match opened {
            Ok(history) => self.history = Some(history),
            Err(error) => self.tell_unusable(&error),
        }
        self.history.is_some()
    }

    fn tell_unusable(&mut self, error: &HistoryError) {
        self.problem = Some(Event::Stopped { code: StopCode::HistoryUnusable, params: vec![error.to_string()] });
    }

    pub(super) fn act_on_history(&mut self, now: Now, action: Action) {
        let Some(history) = &mut self.history else { return };
        match action {
            Action::Restore(server) => match history.saved(&server) {
                Ok(saved) => {
                    if saved.lost > 0 {
                        // What cannot be read is not there to be shown.
                        let lost = history.lost(&server, LOST_TOLD).unwrap_or_default();
                        let lost = lost.into_iter().map(|(room, entry)| RoomEntry { room, entry });
                        self.aside = Some(Event::Lost(lost.collect()));
                    }
                    self.session.restore(now, saved);
                }
                Err(error) => {
                    // Without what is kept, the outbox above all, nothing may begin.
                    self.history = None;
                    self.give_up();
                    self.tell_unusable(&error);
                }
            },
            Action::Persist(server, batch) => match history.keep(&server, &batch) {
                Ok(()) => self.session.persisted(now),
                Err(error) => self.session.persist_failed(now, error.to_string()),
            },
            Action::Load { server, room, from, to } => {
                // What cannot be read is pulled.
                let loaded = history.load(&server, room, from, to).unwrap_or_else(|_| Loaded::default());
                self.session.loaded(now, room, from, to, loaded);
            }
            _ => {}
        }
    }
}
