//! What a person sees: the session's events, folded and held against the oracle; and what is kept, against what the sync
//! point covers.

use tertulia_client::session::{Answer, Event, OutboxItem, Saved, Session};
use tertulia_protocol::{Cid, ErrorCode, PublicKey, Rseq, Seq, UserId};

use super::{Around, Person};
use crate::simulation::{
    finding::{Promise, broken, holds},
    witness::Witness,
};

impl Person {
    /// Nothing that was erased up to a place is kept.
    pub(crate) fn check_erased(&mut self, server: &PublicKey, saved: &Saved, since: Seq, witness: &Witness) {
        for (state, runs) in saved.rooms.iter().filter(|(state, _)| !state.gone) {
            let room = state.row.room;
            let Some(last) = runs.last().map(|run| run.last) else { continue };
            for entry in self.keeper.load(server, room, Rseq(1), Rseq(last)).entries {
                let by = witness.erased_by(room, entry.rseq).filter(|by| *by <= since);
                holds(by.is_none() || entry.body.is_empty(), Promise::Erased, || {
                    format!("{} keeps {room}/{}, erased by {by:?}, at C = {since}", self.number, entry.rseq)
                });
            }
        }
    }

    pub(super) fn listen(&mut self, around: &Around<'_>) {
        while let Some(event) = self.session.as_mut().and_then(Session::next_event) {
            if around.trace {
                println!("{:>8} {} sees {event:?}", around.now, self.number);
            }
            self.see(event, around.witness);
        }
    }

    fn see(&mut self, event: Event, witness: &Witness) {
        match event {
            Event::LoggedIn { user, .. } => {
                self.user = Some(user);
                self.view.is_synced = false;
            }
            Event::Me { user, .. } => self.user = Some(user),
            Event::Disconnected { .. } => self.view.is_synced = false,
            Event::Stopped { code, params } => {
                broken(Promise::Calm, format!("{} stops: {code:?} {params:?}", self.number))
            }
            Event::Users(rows) => self.view.names.extend(rows.into_iter().map(|row| (row.user, row.name))),
            Event::Room(state) => drop(self.view.rooms.insert(state.row.room, state)),
            Event::Entries { room, entries, later } => {
                for entry in entries.iter().chain(&later) {
                    let known = entry.author == UserId(0) || self.view.names.contains_key(&entry.author);
                    holds(known, Promise::Rooms, || format!("{} sees {} without a name", self.number, entry.author));
                    let true_one = witness.wire(room, entry.rseq);
                    let held = true_one.is_some_and(|one| (one.seq, one.author) == (entry.seq, entry.author));
                    holds(held, Promise::Same, || format!("{} sees {room}/{entry:?}", self.number));
                }
                self.view.folds.entry(room).or_default().take(entries, later);
            }
            Event::Later { room, entries } => drop(self.view.folds.entry(room).or_default().take(Vec::new(), entries)),
            Event::Erased { room, from, to } => self.view.folds.entry(room).or_default().erase(from, to),
            Event::Reset { room } => drop(self.view.folds.remove(&room)),
            Event::Queued(item) => self.queued(&item),
            Event::Settled { cid, rseq, seq, .. } => self.settled(cid, rseq, seq, witness),
            Event::WriteRefused { cid, code, .. } => self.refused(cid, code),
            Event::SyncedOnce => self.view.is_synced = true,
            Event::Answer { token, answer: Answer::Members { room, members, more } } => {
                let asked = self.view.asked.remove(&token);
                holds(asked == Some(room) && !more, Promise::Told, || format!("{} asked {asked:?}", self.number));
                self.view.members.insert(room, members);
            }
            _ => {}
        }
    }

    fn queued(&mut self, item: &OutboxItem) {
        let code = item.failed.as_ref().map(|failure| failure.code);
        self.view.outbox.insert(item.cid, code);
        if let Some(fate) = self.fate(item.cid) {
            fate.queued = true;
        }
    }

    fn settled(&mut self, cid: Cid, rseq: Rseq, seq: Seq, witness: &Witness) {
        let (number, user) = (self.number, self.user.unwrap_or_default());
        let own = witness.find(user, cid);
        holds(own.is_some(), Promise::Sent, || format!("{number} shows {cid} as sent, and it is not in the log"));
        let outcome = own.and_then(|own| witness.outcome(own));
        let place = witness.place(seq).map_or(Rseq(0), |(_, rseq)| rseq);
        holds(place == rseq, Promise::Sent, || format!("{number} shows {cid} at {seq}/{rseq}, and it is {outcome:?}"));
        self.view.outbox.remove(&cid);
        let again = !self.view.ended.insert(cid);
        if let Some(fate) = self.fate(cid) {
            fate.settled = true;
        }
        holds(!again, Promise::Sent, || format!("{number} is told of {cid} twice"));
    }

    fn refused(&mut self, cid: Cid, code: ErrorCode) {
        let number = self.number;
        self.view.outbox.insert(cid, Some(code));
        let again = !self.view.ended.insert(cid);
        let Some(fate) = self.fate(cid) else { return };
        let settled = fate.settled;
        fate.refused = true;
        holds(!again && !settled, Promise::Sent, || format!("{number} is told of {cid} twice, now {code}"));
    }
}

/// Whatever a sync point covers is there.
pub(super) fn covered(saved: &Saved, since: Seq, witness: &Witness) {
    let Some((user, _)) = saved.me else { return };
    for room in witness.rooms.keys() {
        let held = saved.rooms.iter().map(|(state, _)| state).find(|state| state.row.room == *room);
        if witness.is_member_at(*room, user, since) {
            let head = witness.head_at(*room, since);
            let is_told = held.is_some_and(|state| state.gone || state.row.head >= head);
            holds(is_told, Promise::Covered, || {
                format!("C of {user} is {since}, where {room} is at {head}, and holds {held:?}")
            });
        } else if let Some(state) = held {
            let is_told = state.gone || witness.was_member(*room, user, since, witness.position());
            holds(is_told, Promise::Covered, || {
                format!("C of {user} is {since}, {room} is gone by then, not {state:?}")
            });
        }
    }
    for (other, claimed) in witness.users.range(..=UserId(since.0)) {
        let known = saved.users.iter().any(|row| row.user == *other);
        holds(known, Promise::Covered, || format!("C of {user} is {since}, and {other} of {claimed} has no name"));
    }
}
