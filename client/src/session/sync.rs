//! What changed while we were away: the sync, its pages, and what it means for each room.
//!
//! Owns the sync point C and the lineage. **Invariant:** C moves by a whole sync or by a heartbeat outside of one, never
//! by an entry; it falls only with a log that was set back, and with who comes back into a room.

use tertulia_protocol::{Kind, RoomId, Rseq, Seq, push, reply, request};

use super::{Action, Change, Event, Kept, Nonsense, Now, Phase, Request, Room, RoomState, Session, State, Why, rooms};

/// Live entries that wait for a sync. Of more, none is kept, and another sync says where they belong.
const EARLY_MAX: usize = 4_096;

/// Up to which place the log that we know is the one that we met, if they are not the same: they part behind the newest
/// log that both grew out of, where one of the two goes on under another name first. With no such log, nowhere.
fn cut(known: &[reply::Lineage], met: &[reply::Lineage], position: Seq) -> Option<Seq> {
    let newest = known.last()?.log;
    if met.last().is_some_and(|last| last.log == newest) {
        return None;
    }
    let at_of = |log| met.iter().position(|one| one.log == log);
    let both = known.iter().enumerate().rev().find_map(|(ours, one)| Some((ours, at_of(one.log)?)));
    let Some((ours, theirs)) = both else { return Some(Seq(0)) };
    let end = |lineage: &[reply::Lineage], at: usize| lineage.get(at + 1).map(|next| next.from.0.saturating_sub(1));
    // What we hold of a log that went on under no other name for us is all of that log, however far it reaches.
    let (ours, theirs) = (end(known, ours).unwrap_or(u64::MAX), end(met, theirs).unwrap_or(position.0));
    Some(Seq(ours.min(theirs)))
}

impl Session {
    /// A login stands: in the log that we know, or in another one. `position` is that log's last place.
    pub(super) fn enter_log(&mut self, now: Now, lineage: Vec<reply::Lineage>, position: Seq) {
        let cut = cut(&self.lineage, &lineage, position);
        if self.lineage != lineage {
            self.lineage.clone_from(&lineage);
        }
        let Some(cut) = cut else {
            self.keep(Change::Lineage(lineage));
            return self.sync(now, false);
        };
        // Numbers behind the cut mean something else now. The rooms as they stand are asked for all together, behind
        // what was erased since the cut.
        self.all_rooms = true;
        if self.keeps() {
            self.set_phase(Phase::Cutting);
            self.keep(Change::Cut(cut));
            self.keep(Change::Lineage(lineage));
            self.read_anew();
        } else {
            self.since = Seq(0);
            for room in std::mem::take(&mut self.rooms).into_keys() {
                self.tell(Event::Reset { room });
            }
            self.sync(now, false);
        }
    }

    /// Asks what has changed; with `all`, for every room.
    pub(super) fn sync(&mut self, now: Now, all: bool) {
        let request = self.number(Request::Sync);
        let since = if all { Seq(0) } else { self.since };
        self.named.clear();
        self.fell_back = false;
        self.set_phase(Phase::Syncing { request, since, first: None });
        self.transmit(now, &request::Sync { request, since, after: None });
    }

    pub(super) fn synced(&mut self, now: Now, phase: Phase, synced: reply::Synced) {
        let Some(Request::Sync) = self.requests.remove(&synced.request) else {
            return self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        };
        let Phase::Syncing { request, since, first } = phase else { return };
        if request != synced.request {
            // Of a sync that was given up for a newer one.
            return;
        }
        let reply::Synced { position, rooms, users, next, gone, erased, .. } = synced;
        self.tell_users(users);
        for row in rooms {
            self.room_row(row);
        }
        for room in gone.unwrap_or_default() {
            self.gone(room);
        }
        for reply::Erased { room, from, to } in erased.unwrap_or_default() {
            if self.keeps() {
                self.erase_what_waits(room, from, to);
                self.tell(Event::Erased { room, from, to });
                self.keep(Change::Erased { room, from, to });
            }
        }
        // Later answers of the same sync were made later, but not for what was named in earlier ones.
        let position = first.unwrap_or(position);
        if next.is_some() {
            let request = self.number(Request::Sync);
            self.set_phase(Phase::Syncing { request, since, first: Some(position) });
            return self.transmit(now, &request::Sync { request, since, after: next });
        }
        let all = since == Seq(0);
        if all {
            let mine = self.kept.iter().filter(|(id, kept)| !kept.state.gone && !self.named.contains(id));
            let gone: Vec<RoomId> = mine.map(|(id, _)| *id).collect();
            for room in gone {
                self.gone(room);
            }
        }
        if !self.fell_back {
            self.move_since(position);
        }
        if all && std::mem::take(&mut self.all_rooms) {
            self.keep(Change::Mended);
        }
        if self.all_rooms {
            return self.sync(now, true);
        }
        if std::mem::take(&mut self.early_lost) || self.fell_back {
            return self.sync(now, false);
        }
        self.set_phase(Phase::CatchingUp);
        self.tell_what_waited(now);
        self.mark_again(now);
    }

    fn tell_what_waited(&mut self, now: Now) {
        for presence in std::mem::take(&mut self.early_presence) {
            self.tell(Event::Presence(presence));
        }
        for push::RoomEntry { room, entry } in std::mem::take(&mut self.early) {
            self.live_kept(now, room, entry);
        }
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            let entries = self.rooms.get_mut(&id).map(Room::join).unwrap_or_default();
            self.tell_entries(id, entries);
        }
    }

    /// Everything up to a place is known.
    pub(super) fn move_since(&mut self, position: Seq) {
        if position > self.since {
            self.since = position;
            self.keep(Change::Since(position));
        }
    }

    /// What happened since then in a room was not told, because we were no member: only a sync from there on tells what
    /// was erased in it, and no heartbeat covers that.
    fn fall_back(&mut self, to: Option<Seq>) {
        if let Some(to) = to.filter(|to| *to <= self.since) {
            self.since = to;
            self.fell_back = true;
            self.keep(Change::Since(to));
        }
    }

    /// Asks again if the sync point fell; if a sync is under way, its end does.
    pub(super) fn sync_if_fallen(&mut self, now: Now, phase: Phase) {
        if self.fell_back && matches!(phase, Phase::CatchingUp | Phase::Live) {
            self.sync(now, false);
        }
    }

    /// A live entry that came before its author was named.
    pub(super) fn wait_for_sync(&mut self, entry: push::RoomEntry) {
        if self.early.len() >= EARLY_MAX {
            self.early.clear();
            self.early_lost = true;
        }
        self.early.push_back(entry);
    }

    /// What waits for this sync is told behind it, and must not bring back what it says is erased.
    fn erase_what_waits(&mut self, room: RoomId, from: Rseq, to: Rseq) {
        let is_within = |rseq: Rseq| from <= rseq && rseq <= to;
        for push::RoomEntry { entry, .. } in self.early.iter_mut().filter(|early| early.room == room) {
            let edits = entry.target.filter(|_| entry.kind == Kind::EDIT);
            if !entry.kind.is_state() && (is_within(entry.rseq) || edits.is_some_and(is_within)) {
                entry.body.clear();
            }
        }
    }

    /// The server had to leave something out: live again, and a sync tells what it was.
    pub(super) fn lagged(&mut self, now: Now) {
        self.counters.lagged += 1;
        self.sync(now, false);
    }

    pub(super) fn room_row(&mut self, row: reply::RoomRow) {
        let id = row.room;
        // Also by a push: who joins in the middle of a sync may have missed the page that it would be in.
        self.named.insert(id);
        let named = self.config.room.as_deref() == Some(row.name.as_str());
        if self.keeps() {
            let new = !self.kept.contains_key(&id);
            let kept = self.kept.entry(id).or_insert_with(|| Kept::new(RoomState::new(row.clone()), &[]));
            let back_to = kept.comes_back();
            let shrunk = kept.update(row);
            let state = kept.state.clone();
            self.tell_room(state);
            if shrunk {
                self.tell(Event::Reset { room: id });
            }
            if new && named {
                self.kept.entry(id).and_modify(|kept| kept.open(true));
            }
            self.keep_room(id);
            return self.fall_back(back_to);
        }
        let room = self.rooms.entry(id).or_insert_with(|| Room::new(&row));
        let shrunk = room.update(&row);
        if shrunk {
            room.reset();
        }
        if named {
            room.open(self.config.history);
        }
        self.tell(Event::Room(RoomState::new(row)));
        if shrunk {
            self.tell(Event::Reset { room: id });
        }
    }

    /// We are not a member of a room any more. What is held stays.
    pub(super) fn gone(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.close();
        }
        let since = self.since;
        let Some(kept) = self.kept.get_mut(&id) else { return };
        kept.gone(since);
        let state = kept.state.clone();
        self.tell_room(state);
        self.keep_room(id);
    }

    pub(super) fn marked(&mut self, marked: push::Marked) {
        let push::Marked { room, rseq, count, mentions } = marked;
        let Some(kept) = self.kept.get_mut(&room) else { return };
        let row = &mut kept.state.row;
        row.mark = Some(rseq);
        row.mark_count = Some(count);
        row.mentions = Some(mentions);
        kept.state.read = kept.state.read.max(rseq).min(tertulia_protocol::Rseq(rooms::PLACE_MAX));
        let state = kept.state.clone();
        self.tell_room(state);
        self.keep_room(room);
    }

    pub(super) fn tell_users(&mut self, users: Vec<reply::UserRow>) {
        if !users.is_empty() {
            self.keep(Change::Users(users.clone()));
            self.tell(Event::Users(users));
        }
    }

    pub(super) fn set_phase(&mut self, to: Phase) {
        if let State::Ready { phase, .. } = &mut self.state {
            *phase = to;
        }
    }

    /// The next thing to do. What is to be kept leaves when nothing else is left: all of a turn together.
    pub fn next_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.persist();
        }
        self.actions.pop_front()
    }
}
