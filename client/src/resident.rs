//! A person with a session and a store and no window: what a window would know, without sockets, clocks or threads.
//!
//! For the simulation, which is its network, its disk and its clock; and the model of what a window has to do with the
//! events of a session. Owns the folds of the rooms that it reads, and a record of how everything that it wrote has
//! ended. [`Resident::kill`] leaves what a killed process leaves: the store, and nothing else.

use std::{collections::BTreeMap, sync::Arc};

use tertulia_protocol::{Cid, ErrorCode, PublicKey, RawFrame, RoomId, Rseq, Seq, UserId};

use crate::{
    fold::Fold,
    session::{Action, Config, Event, Now, OutboxItem, Random, RoomState, Session, Write},
    store::History,
};

/// So many places are asked for at once.
const SHOWN: u64 = 200;

/// What a resident wants of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Connect, and say [`Session::connected`] or [`Session::connect_failed`].
    Connect,
    /// Send these bytes, in order.
    Send(Arc<[u8]>),
    /// Let go of the connection.
    Close,
}

/// Where something that was written stands, as it was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The room that it is in.
    pub room: RoomId,
    /// Its place there.
    pub rseq: Rseq,
    /// Its place in the log.
    pub seq: Seq,
}

/// What somebody sees who folds the events of a session, as a window does.
#[derive(Debug, Default)]
pub struct Seen {
    /// Who this is; `None` before the first login.
    pub me: Option<UserId>,
    /// The rooms as they stand, those too that this person was put out of.
    pub rooms: BTreeMap<RoomId, RoomState>,
    /// What each room shows, as far as it was told.
    pub folds: BTreeMap<RoomId, Fold>,
    /// What people are called.
    pub names: BTreeMap<UserId, String>,
    /// What is shown as being sent, or as failed.
    pub outbox: BTreeMap<Cid, OutboxItem>,
    /// What was shown as sent, since the start.
    pub acknowledged: BTreeMap<Cid, Acknowledged>,
    /// What was refused, since the start.
    pub refused: BTreeMap<Cid, ErrorCode>,
    /// Whether a login stands and everything that there was has been told.
    pub is_up_to_date: bool,
}

/// See the module's page.
#[derive(Debug)]
pub struct Resident {
    session: Session,
    history: History,
    config: Config,
    seen: Seen,
    /// Everything that was told since it was last taken, in order.
    events: Vec<Event>,
}

impl Resident {
    /// Somebody with a store, fresh or left by a kill. `config.history` has to be [`crate::session::History::Kept`].
    #[must_use]
    pub fn new(config: Config, random: Random, history: History) -> Self {
        Self {
            session: Session::new(config.clone(), random),
            history,
            config,
            seen: Seen::default(),
            events: Vec::new(),
        }
    }

    /// What a killed process leaves: its configuration, with the pin, and its store. What was not kept yet is gone.
    #[must_use]
    pub fn kill(self) -> (Config, History) {
        (self.config, self.history)
    }

    /// The session, to be told of the network and of time. What it wants in turn comes by [`Self::next_wish`].
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The store, for faults.
    pub fn history(&mut self) -> &mut History {
        &mut self.history
    }

    /// A whole frame arrived.
    pub fn receive(&mut self, now: Now, frame: RawFrame<'_>) {
        self.session.receive(now, frame);
    }

    /// Writes something.
    pub fn write(&mut self, now: Now, write: Write) -> Cid {
        self.session.write(now, write)
    }

    /// Does what has to do with the store, takes in what is told, and gives the next thing that the world has to do.
    pub fn next_wish(&mut self, now: Now) -> Option<Wish> {
        loop {
            let wish = match self.session.next_action() {
                None => {
                    self.take_events();
                    return None;
                }
                Some(Action::Connect) => Wish::Connect,
                Some(Action::Send(bytes)) => Wish::Send(bytes),
                Some(Action::Close) => Wish::Close,
                Some(Action::Pin(key)) => {
                    self.config.pinned = Some(key);
                    continue;
                }
                Some(action) => {
                    self.act_on_history(now, action);
                    continue;
                }
            };
            return Some(wish);
        }
    }

    fn act_on_history(&mut self, now: Now, action: Action) {
        match action {
            Action::Restore(server) => match self.history.saved(&server) {
                Ok(saved) => self.session.restore(now, saved),
                Err(_) => self.session.give_up(),
            },
            Action::Persist(server, batch) => match self.history.keep(&server, &batch) {
                Ok(()) => self.session.persisted(now),
                Err(error) => self.session.persist_failed(now, error.to_string()),
            },
            Action::Load { server, room, from, to } => {
                let loaded = self.history.load(&server, room, from, to).unwrap_or_default();
                self.session.loaded(now, room, from, to, loaded);
            }
            Action::Connect | Action::Send(_) | Action::Close | Action::Pin(_) => {}
        }
    }

    /// Asks for the newest part that is missing of every room that it is in. True if there is any.
    pub fn read_on(&mut self, now: Now) -> bool {
        let missing = self.seen.missing();
        for (room, from, to) in &missing {
            self.session.show(now, *room, *from, *to);
        }
        !missing.is_empty()
    }

    /// What it sees.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The server's chat key, once it is pinned.
    #[must_use]
    pub fn server(&self) -> Option<PublicKey> {
        self.config.pinned
    }

    /// Takes what was told, in order.
    pub fn take_told(&mut self) -> Vec<Event> {
        self.take_events();
        std::mem::take(&mut self.events)
    }

    fn take_events(&mut self) {
        while let Some(event) = self.session.next_event() {
            self.seen.take(&event);
            self.events.push(event);
        }
    }
}

impl Seen {
    /// Takes what was told.
    pub fn take(&mut self, event: &Event) {
        match event.clone() {
            Event::LoggedIn { user, name, .. } | Event::Me { user, name } => {
                self.me = Some(user);
                self.names.insert(user, name);
            }
            Event::Disconnected { .. } | Event::Stopped { .. } | Event::Connecting { .. } => self.is_up_to_date = false,
            Event::SyncedOnce => self.is_up_to_date = true,
            Event::Users(users) => self.names.extend(users.into_iter().map(|row| (row.user, row.name))),
            Event::Room(state) => {
                self.rooms.insert(state.row.room, state);
            }
            Event::Entries { room, entries, later } => {
                self.folds.entry(room).or_default().take(entries, later);
            }
            Event::Later { room, entries } => {
                self.folds.entry(room).or_default().take(Vec::new(), entries);
            }
            Event::Erased { room, from, to } => self.folds.entry(room).or_default().erase(from, to),
            Event::Reset { room } => {
                self.folds.remove(&room);
                self.rooms.remove(&room);
            }
            Event::Queued(item) => {
                self.outbox.insert(item.cid, item);
            }
            Event::Settled { cid, room, rseq, seq, .. } => {
                self.outbox.remove(&cid);
                self.acknowledged.insert(cid, Acknowledged { room, rseq, seq });
            }
            Event::WriteRefused { cid, code, params } => {
                if let Some(item) = self.outbox.get_mut(&cid) {
                    item.failed = Some(crate::session::Failure { code, params });
                }
                self.refused.insert(cid, code);
            }
            Event::Presence(_)
            | Event::LogChanged { .. }
            | Event::Lost(_)
            | Event::Draft { .. }
            | Event::Typing { .. }
            | Event::Notice { .. }
            | Event::Answer { .. }
            | Event::ProfileNotSaved { .. } => {}
        }
    }

    /// The newest part that is missing of every room that this person is in, as what to ask for next.
    #[must_use]
    pub fn missing(&self) -> Vec<(RoomId, Rseq, Rseq)> {
        let mut missing = Vec::new();
        for (id, state) in self.rooms.iter().filter(|(_, state)| !state.gone) {
            let whole = self.folds.get(id).map(Fold::whole).unwrap_or_default();
            let mut to = state.row.head.0;
            let mut below = 0;
            for (first, last) in whole.iter().rev() {
                if *last < to {
                    below = *last;
                    break;
                }
                to = to.min(first - 1);
            }
            if to > 0 {
                missing.push((*id, Rseq((below + 1).max(to.saturating_sub(SHOWN - 1))), Rseq(to)));
            }
        }
        missing
    }
}
