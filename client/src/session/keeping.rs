//! What is to be kept, in order, and what comes back: the session against its store.
//!
//! Changes gather until the end of an input and leave as one batch. **Invariant:** batches leave in order and are
//! answered in order; after a failure the same changes leave again, oldest first; nothing written goes out on the wire
//! before its batch was answered, and the sync point stands behind what it covers.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tertulia_protocol::{PublicKey, RoomId, Rseq};

use super::{
    Action, Batch, Change, Event, History, Now, Phase, Session, State,
    kept::Kept,
    outbox::Outbox,
    saved::{DraftText, Loaded, Saved},
    unkept::with_unkept,
};

/// How long after a failure the store is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// While so many changes wait for a store that fails, nothing more is read from the server.
const CHANGES_MAX: usize = 4_096;

/// What the store has been told and not answered, and what it is to be told.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Whose rows these are.
    server: Option<PublicKey>,
    changes: Batch,
    on_the_way: VecDeque<(PublicKey, Arc<Batch>)>,
    /// What a store that failed has not taken of servers that were there before this one.
    of_others: VecDeque<(PublicKey, Batch)>,
    again_at: Option<Duration>,
    /// It is to be read anew once everything is kept.
    read_anew: bool,
    /// The first connection waits until what is kept has been told.
    connects_then: bool,
}

impl Keeping {
    /// Nothing of what is on its way was kept: it leaves again, oldest first, and never under another server's name.
    fn take_back(&mut self) {
        let mut changes = Batch::new();
        for (server, batch) in std::mem::take(&mut self.on_the_way) {
            let batch = Vec::clone(&batch);
            if Some(server) == self.server {
                changes.extend(batch);
            } else {
                changes.extend(self.set_aside(server, batch));
            }
        }
        changes.append(&mut self.changes);
        self.changes = changes;
    }

    /// From here on another server's rows are kept.
    fn turn_to(&mut self, server: PublicKey) {
        if let Some(before) = self.server.replace(server) {
            let changes = std::mem::take(&mut self.changes);
            self.changes = self.set_aside(before, changes);
        }
    }

    /// What was told by a server is kept as that server's. What was written and is not kept yet goes to whichever is
    /// there now.
    fn set_aside(&mut self, server: PublicKey, batch: Batch) -> Batch {
        let (written, told): (Batch, Batch) =
            batch.into_iter().partition(|change| matches!(change, Change::Queued { .. }));
        if !told.is_empty() {
            self.of_others.push_back((server, told));
        }
        written
    }
}

impl Session {
    /// Whether there is a store.
    pub(super) fn keeps(&self) -> bool {
        self.config.history == History::Kept
    }

    /// Something to keep, if there is a store.
    pub(super) fn keep(&mut self, change: Change) {
        if self.keeps() {
            self.keeping.changes.push(change);
        }
    }

    /// Lets what has gathered leave.
    pub(super) fn persist(&mut self) {
        if self.keeping.again_at.is_some() {
            return;
        }
        while let Some((server, batch)) = self.keeping.of_others.pop_front() {
            self.send_to_store(server, batch);
        }
        if let (Some(server), false) = (self.keeping.server, self.keeping.changes.is_empty()) {
            let batch = std::mem::take(&mut self.keeping.changes);
            self.send_to_store(server, batch);
        }
    }

    fn send_to_store(&mut self, server: PublicKey, batch: Batch) {
        let batch = Arc::new(batch);
        self.keeping.on_the_way.push_back((server, Arc::clone(&batch)));
        self.actions.push_back(Action::Persist(server, batch));
    }

    /// When the store is to be tried again.
    pub(super) fn persist_again_at(&self) -> Option<Duration> {
        self.keeping.again_at
    }

    pub(super) fn persist_again(&mut self, now: Now) {
        if self.keeping.again_at.is_some_and(|at| at <= now.mono) {
            self.keeping.again_at = None;
            self.persist();
        }
    }

    /// Whether so much waits to be kept that nothing more should be read from the server for now.
    #[must_use]
    pub fn holds_too_much(&self) -> bool {
        let on_the_way = self.keeping.on_the_way.iter().map(|(_, batch)| batch.len());
        let of_others = self.keeping.of_others.iter().map(|(_, batch)| batch.len());
        self.keeping.changes.len() + on_the_way.chain(of_others).sum::<usize>() > CHANGES_MAX
    }

    /// The oldest [`Action::Persist`] that was not answered was done.
    pub fn persisted(&mut self, now: Now) {
        self.observe(now);
        let Some((_, batch)) = self.keeping.on_the_way.pop_front() else { return };
        for change in batch.iter() {
            if let Change::Queued { item, .. } = change {
                self.outbox.kept(item.cid);
                self.tell(Event::Queued(item.clone()));
            }
        }
        if self.keeping.read_anew && self.keeping.on_the_way.is_empty() && self.keeping.changes.is_empty() {
            self.keeping.read_anew = false;
            self.actions.extend(self.keeping.server.map(Action::Restore));
        }
        self.pump(now);
    }

    /// The oldest [`Action::Persist`] that was not answered could not be done, and nothing of it was.
    pub fn persist_failed(&mut self, now: Now, why: String) {
        self.observe(now);
        // Later ones must not get ahead of it.
        self.actions.retain(|action| !matches!(action, Action::Persist(..)));
        self.keeping.take_back();
        self.keeping.again_at = Some(now.mono + AGAIN_AFTER);
        self.tell(Event::ProfileNotSaved { why });
    }

    /// Asks for what is kept of a server, if there is a store and it is not known yet.
    /// True if that is so.
    pub(super) fn restore_from(&mut self, server: PublicKey) -> bool {
        if !self.keeps() || self.keeping.server == Some(server) {
            return false;
        }
        self.persist();
        self.keeping.turn_to(server);
        self.actions.push_back(Action::Restore(server));
        true
    }

    /// Begins to connect once what is kept has been told.
    pub(super) fn connect_then(&mut self) {
        self.keeping.connects_then = true;
    }

    /// What is kept is not known any more; what was to be kept still is.
    pub(super) fn forget_store(&mut self) {
        self.keeping.take_back();
        let Keeping { changes, of_others, .. } = std::mem::take(&mut self.keeping);
        self.keeping = Keeping { changes, of_others, ..Keeping::default() };
    }

    /// Takes what is kept, as the answer to [`Action::Restore`], and tells all of it but the entries.
    pub fn restore(&mut self, now: Now, saved: Saved) {
        self.observe(now);
        let open: Vec<RoomId> = self.kept.iter().filter(|(_, kept)| kept.is_open()).map(|(id, _)| *id).collect();
        for room in std::mem::take(&mut self.kept).into_keys() {
            self.tell(Event::Reset { room });
            if saved.rooms.iter().all(|(state, _)| state.row.room != room) {
                // A log that was set back does not have it, and its number may become that of another one.
                self.tell(Event::Draft { room, draft: DraftText::default() });
            }
        }
        self.since = saved.since;
        self.lineage = saved.lineage;
        if let Some((user, name)) = saved.me {
            self.me = Some(user);
            self.tell(Event::Me { user, name });
        }
        if !saved.users.is_empty() {
            self.tell(Event::Users(saved.users));
        }
        for (state, runs) in saved.rooms {
            let id = state.row.room;
            let named = self.config.room.as_deref() == Some(state.row.name.as_str());
            let mut kept = Kept::new(state, &runs);
            kept.open(named || open.contains(&id));
            self.tell(Event::Room(kept.state.clone()));
            self.kept.insert(id, kept);
        }
        // What is kept comes first, in its order; what was written since, and is on its way to the store, behind it.
        let mut outbox = std::mem::replace(&mut self.outbox, Outbox::new());
        outbox.clear_kept();
        for item in saved.outbox {
            if item.failed.is_none() {
                self.outbox.push(item.clone(), true);
            }
            self.tell(Event::Queued(item));
        }
        for item in outbox.into_writes() {
            self.outbox.push(item, false);
        }
        for (room, draft) in saved.drafts {
            self.tell(Event::Draft { room, draft });
        }
        let opened: Vec<(RoomId, u64)> =
            self.kept.iter().filter(|(_, kept)| kept.is_open()).map(|(id, kept)| (*id, kept.head())).collect();
        for (room, head) in opened {
            self.look_at(room, head.saturating_sub(super::kept::PAGE - 1).max(1), head);
        }
        if let Some(how) = saved.set_back {
            // Told again after a kill: nobody can say whether it was read. And all rooms are asked for again.
            self.all_rooms = true;
            self.tell(Event::LogChanged { how, lost: saved.lost });
        }
        if std::mem::take(&mut self.keeping.connects_then) && matches!(self.state, State::Stopped | State::Waiting(_)) {
            self.connect();
        }
        if let State::Ready { phase: Phase::Cutting, .. } = self.state {
            self.sync(now, false);
        }
        self.pump(now);
    }

    /// The log is not what it was: the store sets back what it holds, and is read anew behind that.
    pub(super) fn read_anew(&mut self) {
        self.keeping.read_anew = true;
        self.persist();
    }

    /// Somebody looks at a range: tells what is kept of it, and remembers to pull the rest.
    pub(super) fn look_at(&mut self, room: RoomId, from: u64, to: u64) {
        let Some(server) = self.keeping.server else { return };
        let Some(kept) = self.kept.get_mut(&room) else { return };
        if from > to {
            return;
        }
        kept.want(from, to);
        let parts = kept.runs.held(from, to);
        // What is loaded should have been kept; what could not be is laid over it.
        self.persist();
        for (from, to) in parts {
            self.actions.push_back(Action::Load { server, room, from: Rseq(from), to: Rseq(to) });
        }
    }

    /// Takes entries that were kept, as the answer to [`Action::Load`].
    pub fn loaded(&mut self, now: Now, room: RoomId, from: Rseq, to: Rseq, loaded: Loaded) {
        self.observe(now);
        let server = self.keeping.server;
        let on_the_way = self.keeping.on_the_way.iter().filter(|(of, _)| Some(*of) == server);
        let unkept = on_the_way.flat_map(|(_, batch)| batch.iter()).chain(&self.keeping.changes);
        let Loaded { entries, later } = with_unkept(loaded, room, (from, to), unkept);
        let Some(kept) = self.kept.get_mut(&room) else { return };
        if entries.iter().map(|entry| entry.rseq.0).eq(from.0..=to.0) {
            self.tell(Event::Entries { room, entries, later });
        } else {
            // The store does not have what it said it has: it is pulled again.
            kept.lost(from.0, to.0);
            let runs = kept.runs.as_slice().to_vec();
            self.keep(Change::Runs { room, runs });
        }
        self.pump(now);
    }

    /// Keeps a room's row and what is held of it.
    pub(super) fn keep_room(&mut self, room: RoomId) {
        let Some(kept) = self.kept.get(&room) else { return };
        let (state, runs) = (kept.state.clone(), kept.runs.as_slice().to_vec());
        // Only how it stands at the end of a batch is worth keeping.
        self.keeping.changes.retain(|change| match change {
            Change::Runs { room: of, .. } => *of != room,
            Change::Room(state) => state.row.room != room,
            _ => true,
        });
        self.keep(Change::Runs { room, runs });
        self.keep(Change::Room(state));
    }

    /// What stands in the composer of a room is kept.
    pub fn set_draft(&mut self, now: Now, room: RoomId, draft: DraftText) {
        self.observe(now);
        self.keep(Change::Draft(room, draft));
        self.persist();
    }

    /// Throws away what was refused, or what was not sent yet. What is on the wire may be placed all the same.
    pub fn discard(&mut self, now: Now, cid: tertulia_protocol::Cid) {
        self.observe(now);
        self.outbox.refuse(cid);
        self.keep(Change::Removed(cid));
        self.pump(now);
    }
}
