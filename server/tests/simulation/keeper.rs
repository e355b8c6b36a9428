//! What a client keeps: the real store in memory, or as cheap a one as does the same, which can also lose with the power
//! what was not synced.

use std::collections::BTreeMap;

use tertulia_client::{
    session::{Batch, Change, Loaded, Run, Saved},
    store::History,
};
use tertulia_protocol::{Entry, Kind, PublicKey, RoomId, Rseq, entry::ExpireBody};

use super::{dice::Dice, faults::Fault};

/// The store behind one client.
pub(crate) enum Keeper {
    Cheap(Box<Cheap>),
    Real(Box<History>),
}

/// The cheap one: as of the last sync, and as of now.
#[derive(Default)]
pub(crate) struct Cheap {
    synced: Kept,
    now: Kept,
    /// Kept since the last sync.
    since: Vec<Batch>,
    fault: Option<Fault>,
}

#[derive(Default)]
struct Kept {
    saved: Saved,
    runs: BTreeMap<RoomId, Vec<Run>>,
    entries: BTreeMap<(RoomId, Rseq), Entry>,
}

impl Keeper {
    pub(crate) fn new(real: bool, fault: Option<Fault>) -> Self {
        let faulty = matches!(fault, Some(Fault::ClientForgetsOutbox | Fault::ClientKeepsErased));
        match History::in_memory() {
            Ok(history) if real && !faulty => Self::Real(Box::new(history)),
            _ => Self::Cheap(Box::new(Cheap { fault, ..Cheap::default() })),
        }
    }

    pub(crate) fn keep(&mut self, server: &PublicKey, batch: &Batch) {
        match self {
            Self::Real(history) => history.keep(server, batch).unwrap(),
            Self::Cheap(cheap) => cheap.keep(batch),
        }
    }

    pub(crate) fn saved(&mut self, server: &PublicKey) -> Saved {
        match self {
            Self::Real(history) => history.saved(server).unwrap(),
            Self::Cheap(cheap) => cheap.now.saved.clone(),
        }
    }

    pub(crate) fn load(&mut self, server: &PublicKey, room: RoomId, from: Rseq, to: Rseq) -> Loaded {
        match self {
            Self::Real(history) => history.load(server, room, from, to).unwrap(),
            Self::Cheap(cheap) => cheap.now.load(room, from, to),
        }
    }

    /// The computer loses its power: some of the last batches are gone, the newest first.
    pub(crate) fn lose_power(&mut self, dice: &mut Dice) {
        if let Self::Cheap(cheap) = self {
            let left = dice.index(cheap.since.len() + 1).unwrap_or(0);
            let batches = cheap.since.drain(..).take(left).collect::<Vec<_>>();
            let fault = cheap.fault;
            batches.iter().for_each(|batch| cheap.synced.take(batch, fault));
            let Kept { saved, runs, entries } = &cheap.synced;
            cheap.now = Kept { saved: saved.clone(), runs: runs.clone(), entries: entries.clone() };
        }
    }
}

impl Cheap {
    fn keep(&mut self, batch: &Batch) {
        self.now.take(batch, self.fault);
        self.since.push(batch.clone());
        // What comes from here is worth waiting for the disk.
        if batch.iter().any(|change| matches!(change, Change::Queued { .. } | Change::Cut(_))) {
            let fault = self.fault;
            self.since.drain(..).for_each(|batch| self.synced.take(&batch, fault));
        }
    }
}

impl Kept {
    fn take(&mut self, batch: &Batch, fault: Option<Fault>) {
        batch.iter().for_each(|change| self.change(change, fault));
    }

    fn change(&mut self, change: &Change, fault: Option<Fault>) {
        let saved = &mut self.saved;
        match change {
            Change::Me { user, name } => saved.me = Some((*user, name.clone())),
            Change::Lineage(lineage) => saved.lineage.clone_from(lineage),
            Change::Since(since) => saved.since = *since,
            Change::Users(users) => {
                for row in users {
                    match saved.users.binary_search_by_key(&row.user, |held| held.user) {
                        Ok(at) => saved.users[at] = row.clone(),
                        Err(at) => saved.users.insert(at, row.clone()),
                    }
                }
            }
            Change::Room(state) => match saved.rooms.binary_search_by_key(&state.row.room, |held| held.0.row.room) {
                Ok(at) => saved.rooms[at].0 = state.clone(),
                Err(at) => {
                    let runs = self.runs.get(&state.row.room).cloned().unwrap_or_default();
                    saved.rooms.insert(at, (state.clone(), runs));
                }
            },
            Change::Runs { room, runs } => {
                // They may come ahead of their room.
                self.runs.insert(*room, runs.clone());
                if let Some(held) = saved.rooms.iter_mut().find(|held| held.0.row.room == *room) {
                    held.1.clone_from(runs);
                }
            }
            Change::Entries { room, entries } => {
                for entry in entries {
                    self.entry(*room, entry, fault == Some(Fault::ClientKeepsErased));
                }
            }
            Change::Erased { room, from, to } => self.erase(*room, *from, *to),
            Change::Queued { .. } if fault == Some(Fault::ClientForgetsOutbox) => {}
            Change::Queued { item, from_draft } => {
                if saved.outbox.iter().all(|held| held.cid != item.cid) {
                    saved.outbox.push(item.clone());
                }
                if *from_draft {
                    saved.drafts.retain(|(room, _)| *room != item.room);
                }
            }
            Change::Removed(cid) => saved.outbox.retain(|item| item.cid != *cid),
            Change::Failed(cid, failure) => {
                for item in saved.outbox.iter_mut().filter(|item| item.cid == *cid) {
                    item.failed = Some(failure.clone());
                }
            }
            Change::Draft(room, draft) => {
                saved.drafts.retain(|(of, _)| of != room);
                if !draft.text.is_empty() || draft.answers.is_some() {
                    saved.drafts.push((*room, draft.clone()));
                    saved.drafts.sort_by_key(|(room, _)| *room);
                }
            }
            Change::Mended => {}
            Change::Cut(seq) => panic!("no log is set back here, and a client cuts at {seq}"),
        }
    }

    fn entry(&mut self, room: RoomId, entry: &Entry, forgets: bool) {
        let held =
            self.entries.get(&(room, entry.rseq)).is_some_and(|held| !held.kind.is_state() && held.body.is_empty());
        let mut entry = entry.clone();
        entry.cid = None;
        if held && !forgets {
            entry.body.clear();
        }
        let (rseq, kind, target) = (entry.rseq, entry.kind, entry.target);
        let (body, is_blank) = (entry.body.clone(), entry.body.is_empty());
        self.entries.insert((room, rseq), entry);
        let message = if kind == Kind::MESSAGE { Some(rseq) } else { target };
        let Some(message) = message else {
            if let (Kind::EXPIRE, Some(ExpireBody { upto })) = (kind, ExpireBody::from_bytes(&body)) {
                self.erase(room, Rseq(1), upto);
            }
            return;
        };
        let deleted = self
            .entries
            .range((room, Rseq(0))..=(room, Rseq(u64::MAX)))
            .any(|(_, entry)| entry.kind == Kind::DELETE && entry.target == Some(message));
        if (kind == Kind::MESSAGE && is_blank) || (deleted && !forgets) {
            for ((of, rseq), entry) in &mut self.entries {
                let is_edit = entry.kind == Kind::EDIT && entry.target == Some(message);
                let is_message = entry.kind == Kind::MESSAGE && *rseq == message;
                if *of == room && (is_edit || is_message) {
                    entry.body.clear();
                }
            }
        }
    }

    fn erase(&mut self, room: RoomId, from: Rseq, to: Rseq) {
        for (_, entry) in self.entries.range_mut((room, Rseq(0))..=(room, Rseq(u64::MAX))) {
            let about = entry.target.filter(|_| entry.kind == Kind::EDIT).unwrap_or(entry.rseq);
            let within = |rseq: Rseq| (from..=to).contains(&rseq);
            if !entry.kind.is_state() && (within(entry.rseq) || within(about)) {
                entry.body.clear();
            }
        }
    }

    fn load(&self, room: RoomId, from: Rseq, to: Rseq) -> Loaded {
        let all = self.entries.range((room, Rseq(0))..=(room, Rseq(u64::MAX))).map(|(_, entry)| entry);
        let inside = |rseq: Rseq| (from..=to).contains(&rseq);
        let is_later = |entry: &&Entry| {
            (Kind::EDIT..=Kind::UNREACT).contains(&entry.kind)
                && !inside(entry.rseq)
                && entry.target.is_some_and(inside)
        };
        let entries = all.clone().filter(|entry| inside(entry.rseq)).cloned().collect();
        Loaded { entries, later: all.filter(is_later).cloned().collect() }
    }
}
