//! What we wrote into a room and has no place yet.

use tertulia_protocol::{Cid, Rseq};

use super::{Pending, State, Timeline};
use crate::session::Write;

impl Timeline {
    /// Adds something that we wrote, at the end. Nothing if it is there.
    pub fn add_pending(&mut self, cid: Cid, at_ms: i64, write: Write) -> bool {
        let new = self.pending.iter().all(|pending| pending.cid != cid);
        if new {
            self.pending.push(Pending::new(cid, at_ms, write));
        }
        new
    }

    /// What we wrote and has no place.
    #[must_use]
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// What we wrote under this name, to change how far it has come.
    pub(in crate::model) fn pending_mut(&mut self, cid: Cid) -> Option<&mut Pending> {
        self.pending.iter_mut().find(|pending| pending.cid == cid)
    }

    /// Gives what we wrote its place. Its row stays until the entry itself is there. Says whether it was ours.
    pub(in crate::model) fn settle(&mut self, cid: Cid, rseq: Rseq, at_ms: i64) -> bool {
        let here = self.fold.is_whole(rseq, rseq);
        let Some(index) = self.pending.iter().position(|pending| pending.cid == cid) else { return false };
        if here || !self.pending.get(index).is_some_and(Pending::is_message) {
            self.pending.remove(index);
        } else if let Some(pending) = self.pending.get_mut(index) {
            (pending.state, pending.at_ms) = (State::Settled(rseq), at_ms);
        }
        true
    }

    /// Takes away something that we wrote and that has no place.
    pub(in crate::model) fn take_pending(&mut self, cid: Cid) -> Option<Pending> {
        let index = self.pending.iter().position(|pending| pending.cid == cid)?;
        Some(self.pending.remove(index))
    }

    /// What is on its way about a message.
    pub fn pending_about(&self, rseq: Rseq) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(move |pending| pending.is_about(rseq))
    }
}
