//! Third phase: what the log has told is decided, and who waits for it is answered.

use tertulia_protocol::{ErrorCode, Rseq, entry::MessageBody, push};
use tertulia_transport::Socket;

use super::{Broken, NAMES_AFTER_MS, Turn};
use crate::{
    activity_log::Activity,
    chat::{Outcome, Refusal, admit::Author},
    close_reason::CloseReason,
    config::LogText,
    connections::ConnectionId,
    desk::{self, Login, Now, Waiting, Wish},
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
                    if let Some(waiting) = self.desk.take(ticket) {
                        self.answer_stored(&waiting, of);
                    }
                }
                Event::Found { ticket, stored } => {
                    if let Some(waiting) = self.desk.take(ticket) {
                        self.answer_found(waiting, stored);
                    }
                }
                Event::Failed { ticket, why } => {
                    self.desk.note_failure();
                    if let Some(waiting) = self.desk.take(ticket) {
                        if matches!(waiting.wish, Wish::Genesis) {
                            // Whatever came next would take the first place, and no log begins with that.
                            return Err(Broken::Log(format!("it could not begin: {why}")));
                        }
                        self.answer_failed(&waiting, why, now);
                    }
                }
                Event::Fetched { ticket, entries } => {
                    if let Some(waiting) = self.desk.take(ticket) {
                        self.answer_page(&waiting, entries);
                    }
                }
                Event::Broken { why } => return Err(Broken::Log(why)),
            }
        }
        self.desk.acknowledge_failure();
        Ok(())
    }

    /// Applies an entry, answers who waits for it, and tells its room. How many bytes the room is told by now.
    fn committed(&mut self, ticket: Ticket, entry: log::Entry, now: Now) -> Result<usize, Broken> {
        let waiting = self.desk.take(ticket);
        let outcome = self.desk.chat.apply(&entry).map_err(Broken::Chat)?;
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
                if let Some(Waiting { id: Some(id), wish: Wish::Write { request, .. }, .. }) = waiting
                    && self.answered(id)
                {
                    desk::acknowledge(request, placement, entry.at, self.answers.of(id));
                }
                self.record_message(&entry, placement.rseq);
                self.announce([entry.author]);
                let room = placement.room;
                let entry = desk::wire_entry(entry, placement.rseq, placement.count, None);
                Ok(self.fan_out.tell_room(&push::RoomEntry { room, entry }))
            }
            Outcome::Refused(refusal) => {
                match waiting {
                    Some(Waiting { id: Some(id), wish: Wish::Write { request, .. }, .. }) if self.answered(id) => {
                        desk::refuse(request, refusal, self.answers.of(id));
                    }
                    Some(Waiting { id: Some(id), wish: Wish::Claim { .. }, .. }) => {
                        self.close_with(id, CloseReason::LoginRefused, Some(refusal), now);
                    }
                    _ => {}
                }
                Ok(0)
            }
        }
    }

    fn answer_stored(&mut self, waiting: &Waiting, of: log::Stored) {
        let &Waiting { id: Some(id), wish: Wish::Write { request, .. } | Wish::Refused { request, .. }, .. } = waiting
        else {
            return;
        };
        if !self.answered(id) {
            return;
        }
        match self.desk.outcome_of(of) {
            Outcome::Placed(placement) => desk::acknowledge(request, placement, of.at, self.answers.of(id)),
            Outcome::Refused(refusal) => desk::refuse(request, refusal, self.answers.of(id)),
            Outcome::Began | Outcome::Claimed { .. } => {}
        }
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

    fn answer_failed(&mut self, waiting: &Waiting, why: FailureKind, now: Now) {
        let code = match why {
            FailureKind::DiskFull => ErrorCode::READ_ONLY,
            FailureKind::Refused => ErrorCode::FAILED,
        };
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

    fn answer_page(&mut self, waiting: &Waiting, entries: Vec<log::Entry>) {
        let &Waiting { id: Some(id), wish: Wish::Page { request, reader, room }, .. } = waiting else { return };
        let Some(ready) = self.connections.get_mut(id).and_then(|connection| connection.session.as_ready()) else {
            return;
        };
        ready.page_answered();
        self.resume(id);
        let page = self.desk.page(request, reader, room, entries);
        self.answers.add(id, page);
    }

    /// Counts a request of a connection as answered. Whether there is still somebody to answer.
    fn answered(&mut self, id: ConnectionId) -> bool {
        let ready = self.connections.get_mut(id).and_then(|connection| connection.session.as_ready());
        let is_there = ready.map(Ready::answered).is_some();
        self.resume(id);
        is_there
    }

    fn record_message(&mut self, entry: &log::Entry, rseq: Rseq) {
        let Some(MessageBody { text }) = MessageBody::from_bytes(&entry.body) else { return };
        let chat = &self.desk.chat;
        let Some(room) = chat.readable(entry.room, entry.author) else { return };
        let activity = Activity::Message {
            user: chat.directory().name(entry.author).to_owned(),
            room: room.name().to_owned(),
            seq: entry.seq,
            rseq,
            bytes: text.len(),
            text: (self.policy.log_text == LogText::Public && room.is_public()).then_some(text),
        };
        self.activity.record(entry.at, activity);
    }
}
