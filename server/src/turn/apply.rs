//! Third phase: what the log has told is decided, and who waits for it is answered.

use tertulia_protocol::{ErrorCode, Kind, RoomId, Rseq, UserId, encode, entry::MessageBody, push};
use tertulia_transport::Socket;

use super::{Broken, NAMES_AFTER_MS, Turn};
use crate::{
    activity_log::Activity,
    chat::{Applied, Effect, GENERAL_ROOM, Outcome, Refusal, Room, admit::Author},
    close_reason::CloseReason,
    config::LogText,
    connections::ConnectionId,
    desk::{self, Assembled, Found, Login, Now, Waiting, Wish},
    log::{self, Event, FailureKind, Log, Ticket},
    session::Ready,
};

impl<S: Socket, L: Log> Turn<S, L> {
    pub(super) fn apply(&mut self, now: Now) -> Result<(), Broken> {
        self.desk.log.poll(&mut self.told);
        self.backlog.extend(self.told.drain(..));
        while let Some(event) = self.backlog.pop_front() {
            match event {
                Event::Committed { ticket, entry } => {
                    if self.committed(ticket, entry, now)? >= self.limits.room_bytes_per_turn {
                        break;
                    }
                }
                Event::Duplicate { ticket, of } => {
                    if let Some(waiting) = self.desk.waits().take(ticket) {
                        self.answer_stored(&waiting, of);
                    }
                }
                Event::Found { ticket, stored } => {
                    if let Some(waiting) = self.desk.waits().take(ticket) {
                        self.answer_found(waiting, stored);
                    }
                }
                Event::Failed { ticket, why } => {
                    self.desk.note_failure();
                    if let Some(waiting) = self.desk.waits().take(ticket) {
                        if matches!(waiting.wish, Wish::Genesis) {
                            // Whatever came next would take the first place, and no log begins with that.
                            return Err(Broken::Log(format!("it could not begin: {why}")));
                        }
                        self.answer_failed(&waiting, why, now);
                    }
                }
                Event::Targeting { ticket, rows, from, cut } => {
                    if let Some(Waiting { id, wish: Wish::Page(wish), .. }) = self.desk.waits().take(ticket) {
                        let step = self.desk.choose(id, *wish, rows, from, cut);
                        self.answer_assembled(id, step);
                    }
                }
                Event::Fetched { ticket, entries } => {
                    if let Some(Waiting { id, wish: Wish::Page(wish), .. }) = self.desk.waits().take(ticket) {
                        let step = self.desk.page(*wish, entries);
                        self.answer_assembled(id, step);
                    }
                }
                Event::Searched { ticket, entries, below } => self.searched(ticket, Some(Found { entries, below })),
                Event::SearchFailed { ticket } => self.searched(ticket, None),
                Event::FirstSince { ticket, seq } => {
                    if let Some(Waiting { wish: Wish::Expiry { room, head }, .. }) = self.desk.waits().take(ticket) {
                        self.desk.expire(room, head, seq, now);
                    }
                }
                Event::Marked { marks } => {
                    for mark in marks {
                        if self.desk.chat.take_mark(mark) {
                            self.marked.insert((mark.room, mark.user));
                        }
                    }
                }
                Event::Probed { writable } => {
                    if self.desk.upkeep.probed(writable, now) {
                        self.tell_everybody(&push::Notice { what: push::NOTICE_READ_ONLY, on: false });
                    }
                }
                Event::Broken { why } => return Err(Broken::Log(why)),
            }
        }
        self.desk.acknowledge_failure();
        self.desk.hand_over();
        Ok(())
    }

    fn searched(&mut self, ticket: Ticket, found: Option<Found>) {
        if let Some(Waiting { id, wish: Wish::Search { search, rooms }, .. }) = self.desk.waits().take(ticket) {
            let is_there = id.is_some_and(|id| self.connections.get_mut(id).is_some());
            let step = self.desk.hits(*search, &rooms, found, is_there);
            self.answer_assembled(id, step);
        }
    }

    /// Applies an entry, answers who waits for it, and tells its room. How many bytes the room is told by now.
    fn committed(&mut self, ticket: Ticket, entry: log::Entry, now: Now) -> Result<usize, Broken> {
        let waiting = self.desk.waits().take(ticket);
        let applied = self.desk.chat.apply(&entry).map_err(Broken::Chat)?;
        self.desk.upkeep.note(&entry, &applied);
        let Applied { outcome, effect } = applied;
        match outcome {
            Outcome::Began => Ok(0),
            Outcome::Claimed { user, device, new } => {
                if new {
                    self.unannounced.insert(user);
                    self.names_due.get_or_insert(now.mono + NAMES_AFTER_MS);
                }
                if let Some(id) = waiting.and_then(|waiting| waiting.id) {
                    let author = Author { user, device };
                    self.logins.push(Login { id, author, new });
                }
                Ok(0)
            }
            Outcome::Placed(placement) => {
                self.spread(&effect);
                self.note_unmentioned(placement.room, &effect);
                self.answer_write(waiting.as_ref(), &Outcome::Placed(placement), entry.at);
                if entry.kind == Kind::MESSAGE {
                    self.record_message(&entry, placement.room, placement.rseq);
                    self.typing.stopped(placement.room, entry.author);
                }
                self.announce([entry.author]);
                let room = placement.room;
                let is_for_everybody = room == GENERAL_ROOM;
                let entry = desk::wire_entry(entry, placement.rseq, placement.count, None);
                Ok(self.fan_out.tell_room(&push::RoomEntry { room, entry }, is_for_everybody))
            }
            outcome @ (Outcome::Unplaced { .. } | Outcome::Existing(_)) => {
                self.spread(&effect);
                self.answer_write(waiting.as_ref(), &outcome, entry.at);
                Ok(0)
            }
            Outcome::Refused(refusal) => {
                if let Some(Waiting { id: Some(id), wish: Wish::Claim { .. }, .. }) = waiting {
                    self.close_with(id, CloseReason::LoginRefused, Some(refusal), now);
                } else {
                    self.answer_write(waiting.as_ref(), &Outcome::Refused(refusal), entry.at);
                }
                Ok(0)
            }
        }
    }

    /// Remembers whose mentions are erased: they are fewer now, which no entry says to those whom they were about.
    fn note_unmentioned(&mut self, room: RoomId, effect: &Effect) {
        let chat = &self.desk.chat;
        let (from, to) = match *effect {
            Effect::Erased { rseq, .. } => (rseq, rseq),
            Effect::Expired { rseq, .. } => (Rseq(1), rseq),
            _ => return,
        };
        self.marked.extend(chat.mentioned(room, from, to).into_iter().map(|user| (room, user)));
    }

    /// Tells the people whom an entry concerns by themselves, and settles who is live in the room from now on.
    fn spread(&mut self, effect: &Effect) {
        match *effect {
            Effect::Opened { room, ref members } => members.iter().for_each(|user| self.bring_in(room, *user)),
            Effect::Joined { room, user } => self.bring_in(room, user),
            Effect::Left { room, user } => {
                self.fan_out.leave(room, user);
                self.typing.stopped(room, user);
                self.tell_membership(room, user);
            }
            Effect::UserChanged { user } => {
                self.unannounced.insert(user);
                self.announce([user]);
            }
            Effect::Nothing | Effect::Said | Effect::Edited { .. } | Effect::Erased { .. } | Effect::Expired { .. } => {
            }
        }
    }

    fn bring_in(&mut self, room: RoomId, user: UserId) {
        self.joined.push((room, user));
        // Whoever is in it has a name before the room has.
        let with = self.desk.chat.room(room).and_then(|room| room.other(user));
        self.announce(with.into_iter().chain([user]));
        self.tell_membership(room, user);
    }

    /// Tells all connections of a person, ahead of this turn's answers that come later, what the person is to a room
    /// when the turn ends. Not what the person is now: the row says what is pulled, and live is what comes behind it.
    fn tell_membership(&mut self, room: RoomId, user: UserId) {
        let limit = self.limits.send_queue_bytes;
        for id in self.fan_out.of(user) {
            if self.connections.may_push(id, limit) {
                self.answers.add_membership(id, room, user);
            }
        }
    }

    /// The frame that says so.
    pub(super) fn membership(&self, room: RoomId, user: UserId) -> Vec<u8> {
        let chat = &self.desk.chat;
        match chat.row(room, user).filter(|_| chat.is_member(room, user)) {
            Some(row) => encode(&push::Rooms { rooms: vec![row] }),
            None => encode(&push::Gone { room }),
        }
    }

    fn answer_stored(&mut self, waiting: &Waiting, of: log::Stored) {
        let outcome = self.desk.outcome_of(of);
        self.answer_write(Some(waiting), &outcome, of.at);
    }

    fn answer_found(&mut self, waiting: Waiting, stored: Option<log::Stored>) {
        match (stored, waiting) {
            (Some(of), waiting) => self.answer_stored(&waiting, of),
            (None, Waiting { id: Some(id), wish: Wish::Refused { request, refusal, .. }, .. }) if self.answered(id) => {
                desk::refuse(request, refusal, self.answers.of(id));
            }
            (None, _) => {}
        }
    }

    /// Answers a write with what became of it.
    fn answer_write(&mut self, waiting: Option<&Waiting>, outcome: &Outcome, at: i64) {
        let Some(&Waiting {
            id: Some(id),
            wish: Wish::Write { request, room, .. } | Wish::Refused { request, room, .. },
            ..
        }) = waiting
        else {
            return;
        };
        if !self.answered(id) {
            return;
        }
        let answers = self.answers.of(id);
        match outcome {
            Outcome::Placed(placement) => desk::acknowledge(request, room, *placement, at, answers),
            Outcome::Existing(placement) => {
                // All that is said of the first one, and when it was.
                let at = self.desk.chat.room(placement.room).map_or(at, Room::opened_at);
                desk::acknowledge(request, room, *placement, at, answers);
            }
            Outcome::Unplaced { seq } => desk::acknowledge_unplaced(request, *seq, at, answers),
            Outcome::Refused(refusal) => desk::refuse(request, refusal.clone(), answers),
            Outcome::Began | Outcome::Claimed { .. } => {}
        }
    }

    fn answer_failed(&mut self, waiting: &Waiting, why: FailureKind, now: Now) {
        let code = match why {
            FailureKind::DiskFull => ErrorCode::READ_ONLY,
            FailureKind::Refused => ErrorCode::FAILED,
        };
        if why == FailureKind::DiskFull && self.desk.upkeep.disk_is_full(now) {
            self.tell_everybody(&push::Notice { what: push::NOTICE_READ_ONLY, on: true });
        }
        let refusal = Refusal::new(code, why.to_string());
        match *waiting {
            Waiting { id: Some(id), wish: Wish::Write { request, .. }, .. } if self.answered(id) => {
                if let Some(ready) = self.connections.get_mut(id).and_then(|c| c.session.as_ready()) {
                    ready.stick(code);
                }
                desk::refuse(request, refusal, self.answers.of(id));
            }
            Waiting { id: Some(id), wish: Wish::Claim { .. }, .. } => {
                self.close_with(id, CloseReason::LoginRefused, Some(refusal), now);
            }
            _ => {}
        }
    }

    /// Passes the answer to a pull or a search on, unless the log was asked further.
    fn answer_assembled(&mut self, id: Option<ConnectionId>, step: Assembled) {
        let (Some(id), Assembled::Answer(answer)) = (id, step) else { return };
        let Some(ready) = self.connections.get_mut(id).and_then(|connection| connection.session.as_ready()) else {
            return;
        };
        ready.page_answered();
        self.resume(id);
        self.answers.add(id, answer);
    }

    /// Counts a request of a connection as answered. Whether there is still somebody to answer.
    fn answered(&mut self, id: ConnectionId) -> bool {
        let ready = self.connections.get_mut(id).and_then(|connection| connection.session.as_ready());
        let is_there = ready.map(Ready::answered).is_some();
        self.resume(id);
        is_there
    }

    /// What a room is called in the activity log: a direct one by its two people.
    fn title(&self, room: RoomId) -> String {
        let chat = &self.desk.chat;
        match chat.room(room) {
            Some(found) if found.name().is_empty() => {
                let names: Vec<_> = found.members().map(|(user, _)| chat.directory().name(user)).collect();
                names.join(" + ")
            }
            Some(found) => found.name().to_owned(),
            None => String::new(),
        }
    }

    fn record_message(&mut self, entry: &log::Entry, room: RoomId, rseq: Rseq) {
        let Some(MessageBody { text }) = MessageBody::from_bytes(&entry.body) else { return };
        let chat = &self.desk.chat;
        let Some(found) = chat.room(room) else { return };
        let activity = Activity::Message {
            user: chat.directory().name(entry.author).to_owned(),
            room: self.title(room),
            seq: entry.seq,
            rseq,
            bytes: text.len(),
            text: (self.policy.log_text == LogText::Public && found.is_public()).then_some(text),
        };
        self.activity.record(entry.at, activity);
    }
}
