//! What goes to and fro once a login stands: writes and their answers, the sync, pages, and what is told live.

use tertulia_protocol::{
    DecodeError, Entry, ErrorCode, RawFrame, RequestId, RoomId, Seq, ServerFrame, UserId, limits, push, reply, request,
};

use super::{
    Event, Nonsense, Now, Phase, Request, Session, State, StopCode, Why,
    event::stops,
    rooms::{self, Live, Need, Room, WrongPage},
};

/// So many entries are told as one event at most: a window paints between two of them.
const ENTRIES_PER_EVENT_MAX: usize = 200;

impl Session {
    /// A whole frame arrived.
    pub fn receive(&mut self, now: Now, frame: RawFrame<'_>) {
        self.heard(now);
        if !self.is_connected() {
            return;
        }
        match ServerFrame::decode(frame) {
            Ok(Some(frame)) => self.take(now, frame),
            Ok(None) => {}
            Err(error) => self.lose(now, Why::Protocol(Nonsense::Message(error))),
        }
    }

    fn take(&mut self, now: Now, frame: ServerFrame) {
        match frame {
            ServerFrame::Challenge(challenge) => self.challenged(now, &challenge),
            ServerFrame::Welcome(welcome) => self.welcomed(now, welcome),
            ServerFrame::Error(error) => self.error(now, error),
            frame => {
                if let State::Ready { phase, .. } = self.state {
                    self.take_ready(now, phase, frame);
                } else {
                    self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
                }
            }
        }
    }

    fn take_ready(&mut self, now: Now, phase: Phase, frame: ServerFrame) {
        match frame {
            ServerFrame::Heartbeat(push::Heartbeat { position }) => {
                // Sent while a Sync was unanswered, it may be ahead of what that will say.
                if !matches!(phase, Phase::Syncing(_)) {
                    self.since = self.since.max(position);
                }
            }
            ServerFrame::Placed(placed) => {
                if let Some(Request::Write(cid)) = self.requests.remove(&placed.request)
                    && let Some(item) = self.outbox.settle(cid)
                {
                    let reply::Placed { rseq, seq, at, .. } = placed;
                    self.tell(Event::Settled { cid, room: item.room, rseq, seq, at });
                }
            }
            ServerFrame::Synced(synced) => self.synced(now, phase, synced),
            ServerFrame::Page(page) => self.page(now, page),
            ServerFrame::Entry(push::RoomEntry { room, entry }) => self.live(now, phase, room, entry),
            ServerFrame::Users(push::Users { users }) => self.tell_users(users),
            ServerFrame::Presence(presence) => self.tell(Event::Presence(presence)),
            ServerFrame::Challenge(_) | ServerFrame::Welcome(_) | ServerFrame::Error(_) => {
                // Taken before; named so that a new frame cannot be forgotten here.
            }
        }
        self.pump(now);
    }

    fn error(&mut self, now: Now, error: reply::Error) {
        let reply::Error { request, code, params, .. } = error;
        let params = params.unwrap_or_default();
        let Some(number) = request else {
            return if stops(code) {
                self.stop(now, StopCode::Refused(code), params);
            } else {
                self.lose(now, Why::Told(code));
            };
        };
        match self.requests.remove(&number) {
            Some(Request::Write(cid)) if matches!(code, ErrorCode::FAILED | ErrorCode::READ_ONLY) => {
                self.outbox.not_stored(now.mono, (cid, number), code, &mut self.random);
            }
            Some(Request::Write(cid)) if self.outbox.refuse(cid).is_some() => {
                self.tell(Event::WriteRefused { cid, code, params });
            }
            Some(Request::Pull(room, _)) if code == ErrorCode::NO_ROOM => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.close();
                }
            }
            // Without an answer to these nothing can be shown. Another connection, after a wait, may fare better.
            Some(Request::Pull(..) | Request::Sync) => return self.lose(now, Why::Told(code)),
            // Ended before, by a page.
            Some(Request::Write(_)) | None => {}
        }
        self.pump(now);
    }

    fn synced(&mut self, now: Now, phase: Phase, synced: reply::Synced) {
        let (Some(Request::Sync), Phase::Syncing(first)) = (self.requests.remove(&synced.request), phase) else {
            return self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        };
        let last_user = synced.users.last().map(|row| row.user);
        self.tell_users(synced.users);
        for row in &synced.rooms {
            self.room_row(row);
        }
        // Later answers of the same sync were made later, but not for those who were named in earlier ones.
        let position = first.unwrap_or(synced.position);
        let State::Ready { phase, .. } = &mut self.state else { return };
        if let (true, Some(user)) = (synced.more_users, last_user) {
            *phase = Phase::Syncing(Some(position));
            self.sync(now, Some(user));
            return;
        }
        *phase = Phase::CatchingUp;
        self.since = self.since.max(position);
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            let entries = self.rooms.get_mut(&id).map(Room::join).unwrap_or_default();
            self.tell_entries(id, entries);
        }
    }

    fn room_row(&mut self, row: &reply::RoomRow) {
        let history = self.config.history;
        let room = self.rooms.entry(row.room).or_insert_with(|| Room::new(row));
        let shrunk = room.update(row);
        if shrunk {
            room.reset(history);
        }
        if self.config.room.as_deref() == Some(row.name.as_str()) {
            room.open(history);
        }
        let (head, count) = (row.head, row.count);
        self.events.push_back(Event::Room { id: row.room, name: row.name.clone(), head, count });
        if shrunk {
            self.tell(Event::Reset { room: row.room });
        }
    }

    fn page(&mut self, now: Now, page: reply::Page) {
        let Some(Request::Pull(id, direction)) = self.requests.remove(&page.request) else {
            return self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        };
        if id != page.room {
            return self.lose(now, Why::Protocol(Nonsense::Page));
        }
        for entry in &page.entries {
            self.settle_by(id, entry);
        }
        let told = self.rooms.get_mut(&id).map(|room| room.page(direction, page.request, page.entries));
        match told {
            Some(Ok(entries)) => self.tell_entries(id, entries),
            Some(Err(WrongPage)) => self.lose(now, Why::Protocol(Nonsense::Page)),
            None => {}
        }
    }

    /// An own entry in a page: what we wrote was stored, and the answer was lost.
    fn settle_by(&mut self, room: RoomId, entry: &Entry) {
        if let Some(cid) = entry.cid
            && self.outbox.settle(cid).is_some()
        {
            let Entry { rseq, seq, at, .. } = *entry;
            self.tell(Event::Settled { cid, room, rseq, seq, at });
        }
    }

    fn live(&mut self, now: Now, phase: Phase, id: RoomId, entry: Entry) {
        if !(1..=rooms::PLACE_MAX).contains(&entry.rseq.0) {
            return self.lose(now, Why::Protocol(Nonsense::Message(DecodeError::Malformed)));
        }
        // A room that is not known yet comes with the answer to the sync.
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let quiet = matches!(phase, Phase::Syncing(_));
        match room.live(entry, quiet) {
            Live::Next(entry) => self.tell_entries(id, vec![entry]),
            Live::Later(gap) => self.counters.gaps += u64::from(gap),
            Live::Known => {}
            Live::Closed => {
                let (name, head, count) = (room.name.clone(), tertulia_protocol::Rseq(room.head), room.count);
                self.tell(Event::Room { id, name, head, count });
            }
        }
    }

    /// Sends whatever may be sent by now: a second start of the writes, pulls, writes.
    pub(super) fn pump(&mut self, now: Now) {
        let State::Ready { phase, .. } = self.state else { return };
        if self.outbox.start_again(now.mono) {
            self.counters.resends += 1;
            self.transmit(now, &request::Resend {});
        }
        if !matches!(phase, Phase::Syncing(_)) {
            self.pull(now);
        }
        while self.outbox.on_wire() < limits::UNANSWERED_REQUESTS_MAX
            && let Some(cid) = self.outbox.next_cid()
        {
            let request = self.number(Request::Write(cid));
            let Some(item) = self.outbox.put_on_wire(request) else { break };
            let (room, kind, body) = (item.room, item.kind, item.body.clone());
            self.transmit(now, &request::Write { request, cid, room, kind, target: None, mentions: None, body });
        }
    }

    fn pull(&mut self, now: Now) {
        let history = self.config.history;
        let mut complete = true;
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            while let Some(room) = self.rooms.get_mut(&id) {
                match room.need(history) {
                    Need::Nothing => {
                        complete &= room.is_complete();
                        break;
                    }
                    Need::Reset => {
                        room.reset(history);
                        self.tell(Event::Reset { room: id });
                    }
                    Need::Pull(direction, from, to) => {
                        let request = self.number(Request::Pull(id, direction));
                        if let Some(room) = self.rooms.get_mut(&id) {
                            room.asked(direction, request);
                        }
                        self.send_pull(now, request, id, from, to);
                    }
                }
            }
        }
        if let State::Ready { phase: phase @ Phase::CatchingUp, .. } = &mut self.state
            && complete
        {
            *phase = Phase::Live;
            self.tell(Event::SyncedOnce);
        }
    }

    fn send_pull(&mut self, now: Now, request: RequestId, room: RoomId, from: u64, to: u64) {
        let (from, to) = (tertulia_protocol::Rseq(from), tertulia_protocol::Rseq(to));
        self.transmit(now, &request::Pull { request, room, from, to });
    }

    /// Another log speaks under the same key: all places start anew.
    pub(super) fn forget_log(&mut self) {
        self.since = Seq(0);
        let rooms = std::mem::take(&mut self.rooms);
        for room in rooms.into_keys() {
            self.tell(Event::Reset { room });
        }
    }

    fn tell_users(&mut self, users: Vec<reply::UserRow>) {
        if !users.is_empty() {
            let users: Vec<(UserId, String)> = users.into_iter().map(|row| (row.user, row.name)).collect();
            self.tell(Event::Users(users));
        }
    }

    /// Tells entries, as a part of the last event if that was about the same room: a burst of single frames becomes one
    /// event for a window that was busy.
    fn tell_entries(&mut self, room: RoomId, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        if let Some(Event::Entries { room: last, entries: told }) = self.events.back_mut()
            && *last == room
            && told.len() + entries.len() <= ENTRIES_PER_EVENT_MAX
            && told.last().zip(entries.first()).is_some_and(|(old, new)| old.rseq.0 + 1 == new.rseq.0)
        {
            told.extend(entries);
        } else {
            self.tell(Event::Entries { room, entries });
        }
    }
}
