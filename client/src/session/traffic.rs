//! What goes to and fro once a login stands: writes and their answers, the sync, pages, and what is told live.

use tertulia_protocol::{
    Cid, DecodeError, Entry, ErrorCode, RawFrame, RequestId, RoomId, Rseq, Seq, ServerFrame, limits, push, reply,
    request,
};

use super::{
    Answer, Change, Event, Failure, Nonsense, Now, OutboxItem, Phase, Request, RoomState, Session, State, StopCode,
    Why,
    kept::{Pull, WrongPage},
    rooms::{self, Live, Room},
    why::stops,
};

/// Presence that waits for a sync.
const EARLY_PRESENCE_MAX: usize = 1_024;

/// Pulls and questions that are on their way at once: the server takes four, and one place is for who is typing a search.
const READING_MAX: usize = 3;

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
        let quiet = matches!(phase, Phase::Syncing { .. } | Phase::Cutting);
        match frame {
            ServerFrame::Heartbeat(push::Heartbeat { position }) => {
                // Sent while a Sync was unanswered, it may be ahead of what that will say.
                if !quiet {
                    self.move_since(position);
                }
            }
            ServerFrame::Placed(placed) => {
                if let Some(Request::Write(cid)) = self.requests.remove(&placed.request) {
                    let reply::Placed { rseq, seq, at, room, .. } = placed;
                    self.settle(cid, room, rseq, seq, at);
                }
            }
            ServerFrame::Synced(synced) => self.synced(now, phase, synced),
            ServerFrame::Page(page) => self.page(now, page),
            ServerFrame::Entry(entry) if quiet && self.keeps() => self.wait_for_sync(entry),
            ServerFrame::Entry(push::RoomEntry { room, entry }) if self.keeps() => self.live_kept(now, room, entry),
            ServerFrame::Entry(push::RoomEntry { room, entry }) => self.live(now, quiet, room, entry),
            ServerFrame::Users(push::Users { users }) => self.tell_users(users),
            ServerFrame::Rooms(push::Rooms { rooms }) => {
                rooms.into_iter().for_each(|row| self.room_row(row));
                self.sync_if_fallen(now, phase);
            }
            ServerFrame::Gone(push::Gone { room }) => self.gone(room),
            ServerFrame::Marked(marked) => self.marked(marked),
            ServerFrame::Lagged(push::Lagged { .. }) if phase != Phase::Cutting => self.lagged(now),
            // The sync that follows the cut tells everything.
            ServerFrame::Lagged(push::Lagged { .. }) => {}
            ServerFrame::Presence(presence) if quiet => {
                if presence.whole.is_some() || self.early_presence.len() >= EARLY_PRESENCE_MAX {
                    self.early_presence.clear();
                }
                self.early_presence.push_back(presence);
            }
            ServerFrame::Presence(presence) => self.tell(Event::Presence(presence)),
            ServerFrame::Typing(push::Typing { room, users }) => self.tell(Event::Typing { room, users }),
            ServerFrame::Notice(push::Notice { what, on }) => self.tell(Event::Notice { what, on }),
            ServerFrame::Browsed(reply::Browsed { request, rooms, more }) => {
                return self.answered(now, request, Answer::Rooms { rooms, more });
            }
            ServerFrame::MemberList(reply::MemberList { request, room, members, more }) => {
                return self.answered(now, request, Answer::Members { room, members, more });
            }
            ServerFrame::Hits(reply::Hits { request, hits, below }) => {
                return self.answered(now, request, Answer::Hits { hits, below });
            }
            ServerFrame::Challenge(_) | ServerFrame::Welcome(_) | ServerFrame::Error(_) => {
                // Taken before; named so that a new frame cannot be forgotten here.
            }
        }
        self.pump(now);
    }

    fn answered(&mut self, now: Now, request: RequestId, answer: Answer) {
        if self.answer(request, answer) {
            self.pump(now);
        } else {
            self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        }
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
                self.keep(Change::Failed(cid, Failure { code, params: params.clone() }));
                self.tell(Event::WriteRefused { cid, code, params });
            }
            Some(Request::Ask(token)) => {
                self.tell(Event::Answer { token, answer: Answer::Refused { code, params } });
            }
            Some(Request::Pull(id)) if code == ErrorCode::NO_ROOM => {
                if let Some(room) = self.rooms.get_mut(&id) {
                    room.close();
                }
                if let Some(kept) = self.kept.get_mut(&id) {
                    kept.refuse();
                }
            }
            // Without an answer to these nothing can be shown. Another connection, after a wait, may fare better.
            Some(Request::Pull(..) | Request::Sync) => return self.lose(now, Why::Told(code)),
            // Ended before, by a page.
            Some(Request::Write(_)) | None => {}
        }
        self.pump(now);
    }

    fn page(&mut self, now: Now, page: reply::Page) {
        let reply::Page { request, room: id, entries, head, later, from, .. } = page;
        if !matches!(self.requests.remove(&request), Some(Request::Pull(asked)) if asked == id) {
            return self.lose(now, Why::Protocol(Nonsense::Page));
        }
        let later = later.unwrap_or_default();
        for entry in entries.iter().chain(&later) {
            self.settle_by(id, entry);
        }
        if let Some(room) = self.rooms.get_mut(&id) {
            match room.page(request, entries) {
                Ok(entries) => self.tell_entries(id, entries),
                Err(WrongPage) => return self.lose(now, Why::Protocol(Nonsense::Page)),
            }
        } else if let Some(kept) = self.kept.get_mut(&id) {
            let later_only = kept.asked.is_some_and(|pull| pull.later_only);
            let makes_sense = later.iter().all(|entry| (1..=rooms::PLACE_MAX).contains(&entry.rseq.0));
            if kept.page(&entries, head.0, from) == Err(WrongPage) || !makes_sense {
                return self.lose(now, Why::Protocol(Nonsense::Page));
            }
            let all: Vec<Entry> = entries.iter().chain(&later).cloned().collect();
            if !all.is_empty() {
                self.keep(Change::Entries { room: id, entries: all });
            }
            self.keep_room(id);
            if later_only && !later.is_empty() {
                self.tell(Event::Later { room: id, entries: later });
            } else if !entries.is_empty() {
                self.tell(Event::Entries { room: id, entries, later });
            }
        }
        self.pump(now);
    }

    /// An own entry in a page: what we wrote was stored, and the answer was lost.
    fn settle_by(&mut self, room: RoomId, entry: &Entry) {
        if let Some(cid) = entry.cid {
            self.settle(cid, Some(room), entry.rseq, entry.seq, entry.at);
        }
    }

    fn settle(&mut self, cid: Cid, room: Option<RoomId>, rseq: Rseq, seq: Seq, at: i64) {
        if let Some(item) = self.outbox.settle(cid) {
            self.keep(Change::Removed(cid));
            self.tell(Event::Settled { cid, room: room.unwrap_or(item.write.room), rseq, seq, at });
        }
    }

    fn live(&mut self, now: Now, quiet: bool, id: RoomId, entry: Entry) {
        if !(1..=rooms::PLACE_MAX).contains(&entry.rseq.0) {
            return self.lose(now, Why::Protocol(Nonsense::Message(DecodeError::Malformed)));
        }
        // A room that is not known yet comes with the answer to the sync.
        let Some(room) = self.rooms.get_mut(&id) else { return };
        match room.live(entry, quiet) {
            Live::Next(entry) => self.tell_entries(id, vec![entry]),
            Live::Later(gap) => self.counters.gaps += u64::from(gap),
            Live::Known => {}
            Live::Closed => {
                let state = RoomState::new(room.row.clone());
                self.tell_room(state);
            }
        }
    }

    /// A live entry, for those who keep it: it is told and kept wherever it stands, and what is missing below it is
    /// pulled if somebody looks at the room.
    pub(super) fn live_kept(&mut self, now: Now, id: RoomId, entry: Entry) {
        if !(1..=rooms::PLACE_MAX).contains(&entry.rseq.0) {
            return self.lose(now, Why::Protocol(Nonsense::Message(DecodeError::Malformed)));
        }
        let me = self.me;
        let Some(kept) = self.kept.get_mut(&id) else { return };
        self.counters.gaps += u64::from(kept.live(&entry, me));
        let state = kept.state.clone();
        self.keep(Change::Entries { room: id, entries: vec![entry.clone()] });
        self.keep_room(id);
        // How the room stood before this entry is of no interest any more, and entries that follow each other are one event.
        if matches!(self.events.back(), Some(Event::Room(last)) if last.row.room == id) {
            self.events.pop_back();
        }
        self.tell_entries(id, vec![entry]);
        self.tell_room(state);
    }

    /// Sends whatever may be sent by now: a second start of the writes, pulls, writes.
    pub(super) fn pump(&mut self, now: Now) {
        let State::Ready { phase, .. } = self.state else { return };
        if phase == Phase::Cutting {
            return;
        }
        if self.outbox.start_again(now.mono) {
            self.counters.resends += 1;
            self.transmit(now, &request::Resend {});
        }
        if !matches!(phase, Phase::Syncing { .. }) {
            self.pull(now);
        }
        while self.outbox.on_wire() < limits::UNANSWERED_REQUESTS_MAX
            && let Some(cid) = self.outbox.next_cid()
        {
            let request = self.number(Request::Write(cid));
            let Some(item) = self.outbox.put_on_wire(request) else { break };
            let OutboxItem { room, kind, target, mentions, body, .. } = item.write.clone();
            let mentions = (!mentions.is_empty()).then_some(mentions);
            self.transmit(now, &request::Write { request, cid, room, kind, target, mentions, body });
        }
    }

    fn pull(&mut self, now: Now) {
        let mut complete = true;
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            if let Some((from, to)) = self.rooms.get_mut(&id).and_then(Room::need) {
                let request = self.number(Request::Pull(id));
                if let Some(room) = self.rooms.get_mut(&id) {
                    room.asked(request);
                }
                self.send_pull(now, request, id, Pull { from, to, later_only: false });
            }
            complete &= self.rooms.get(&id).is_none_or(Room::is_complete);
        }
        // What somebody looks at comes first.
        let mut ids: Vec<(bool, RoomId)> = self.kept.iter().map(|(id, kept)| (!kept.is_open(), *id)).collect();
        ids.sort_unstable();
        let mut reading = self.requests.values().filter(|request| request.is_reading()).count();
        for (_, id) in ids {
            let Some(kept) = self.kept.get_mut(&id) else { continue };
            if reading < READING_MAX
                && let Some(pull) = kept.need()
            {
                kept.asked = Some(pull);
                reading += 1;
                let request = self.number(Request::Pull(id));
                self.send_pull(now, request, id, pull);
                complete = false;
            } else {
                complete &= kept.is_complete();
            }
        }
        if let State::Ready { phase: phase @ Phase::CatchingUp, .. } = &mut self.state
            && complete
        {
            *phase = Phase::Live;
            self.tell(Event::SyncedOnce);
        }
    }

    fn send_pull(&mut self, now: Now, request: RequestId, room: RoomId, pull: Pull) {
        let Pull { from, to, later_only } = pull;
        let later_only = later_only.then_some(true);
        self.transmit(now, &request::Pull { request, room, from: Rseq(from), to: Rseq(to), later_only });
    }

    /// Tells entries, as a part of the last event if that was about the same room: a burst of single frames becomes one
    /// event for a window that was busy.
    pub(super) fn tell_entries(&mut self, room: RoomId, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        if let Some(Event::Entries { room: last, entries: told, later }) = self.events.back_mut()
            && *last == room
            && later.is_empty()
            && told.len() + entries.len() <= ENTRIES_PER_EVENT_MAX
            && told.last().zip(entries.first()).is_some_and(|(old, new)| old.rseq.0 + 1 == new.rseq.0)
        {
            told.extend(entries);
        } else {
            self.tell(Event::Entries { room, entries, later: Vec::new() });
        }
    }
}
