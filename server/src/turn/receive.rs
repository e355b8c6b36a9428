//! First phase: bytes become frames, frames become drafts and answers. Also: who is read at all.

use std::ops::ControlFlow;

use tertulia_protocol::limits as wire;
use tertulia_transport::{ReceiveStatus, Socket};

use super::{STRANGER_LINE, TLS_ALERT, TLS_FIRST_BYTE, Turn};
use crate::{
    close_reason::CloseReason,
    connection::{Connection, State},
    connections::ConnectionId,
    desk::{Brought, Caller, Now},
    log::Log,
    session::{Fault, Session},
};

impl<S: Socket, L: Log> Turn<S, L> {
    pub(super) fn receive(&mut self, now: Now) {
        let mut ready = std::mem::take(&mut self.taken);
        self.connections.take_ready(&mut ready);
        self.answered_bytes = 0;
        for (index, id) in ready.iter().enumerate() {
            if self.answered_bytes >= self.limits.answer_bytes_per_turn {
                // What was answered leaves first; then it is their turn before anybody else's.
                self.connections.put_back_ready(&ready[index..]);
                break;
            }
            self.receive_from(*id, now);
        }
        self.read_large_frames_on();
        self.taken = ready;
    }

    pub(super) fn receive_from(&mut self, id: ConnectionId, now: Now) {
        let held = self.held_bytes();
        let is_full = self.desk.is_full(held);
        let Self { connections, desk, scratch, answers, limits, large_frames, .. } = self;
        let Some(connection) = connections.get_mut(id) else { return };
        connection.is_ready = false;
        if connection.state != State::Open {
            let received = connection.framed.discard(scratch, limits.receive_bytes_per_turn);
            match received.status {
                ReceiveStatus::Budget => connections.make_ready(id),
                ReceiveStatus::Eof { .. } | ReceiveStatus::Failed(_) => {
                    connection.peer_ended = true;
                    connections.make_dirty(id);
                }
                _ => {}
            }
            return;
        }
        if connection.is_paced || connection.is_queueing {
            return;
        }
        // What waits for a peer that does not read must drain before the peer may ask for more. Pages count before they
        // are there; so all answers together stay within the queue's limit, and asking for much closes nobody.
        // When much waits for all together, one answer at a time is enough for each.
        let queued = connection.framed.queued_bytes();
        let most = if held >= limits.send_queues_bytes / 2 { 1 } else { limits.send_queue_bytes / 2 };
        let is_clogging =
            |answered: usize, session: &Session| queued + answered + session.pages() * wire::FRAME_BYTES_MAX >= most;
        let is_clogged = is_clogging(0, &connection.session);
        if is_full || is_clogged || connection.session.is_paused() || self.stopping.is_some() {
            return if is_full { self.starve(id) } else { self.pause(id) };
        }
        let Some(allowed) = connection.pace.allowance(limits, now.mono) else { return self.pace(id) };
        let is_pressed = held >= limits.send_queues_bytes / 2;
        let budget =
            limits.receive_bytes_per_turn.min(allowed.bytes).min(large_frames.budget(connection, limits, is_pressed));
        if std::mem::take(&mut connection.is_paused) && connection.since().is_some() {
            // The rest of the frame may have lain in the socket all the while: the pause was not the peer's.
            connection.set_since(Some(now.mono));
        }
        connection.read_in = self.number;
        let caller = Caller { id, address: connection.address };
        let Connection { framed, session, .. } = connection;
        let mut answered = Vec::new();
        let mut brought = Vec::new();
        let mut frames = 0;
        let mut fault = None;
        let received = framed.receive(scratch, budget, &mut |frame| {
            frames += 1;
            match desk.on_frame(caller, session, frame, now, &mut answered) {
                Ok(Brought::Nothing) => {}
                Ok(thing) => brought.push(thing),
                Err(error) => {
                    fault = Some(error);
                    return ControlFlow::Break(());
                }
            }
            if frames >= allowed.frames
                || session.is_paused()
                || desk.is_full(held)
                || is_clogging(answered.len(), session)
            {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        connection.pace.spend(frames, received.bytes_read, limits, now.mono);
        let is_too_fast = connection.pace.is_spent(limits, now.mono);
        if received.bytes_read > 0 {
            connection.heard = now.mono;
        }
        // Since when a frame is owed: a peer that ends one and begins the next owes that one since now.
        connection.set_since(match (connection.framed.has_partial_frame(), connection.since()) {
            (false, _) => None,
            (true, Some(since)) if frames == 0 => Some(since),
            (true, _) => Some(now.mono),
        });
        large_frames.claim(id, connection, frames, limits);
        let owed = connection.since().map(|since| since + limits.partial_frame_ms);
        if !answered.is_empty() {
            self.answered_bytes += answered.len();
            answers.add(id, answered);
        }
        if let Some(at) = owed {
            self.set_timer(id, at);
        }
        for thing in brought {
            self.bring(id, thing, now);
        }
        if let Some(Fault { reason, refusal }) = fault {
            return self.close_with(id, reason, refusal, now);
        }
        match received.status {
            ReceiveStatus::Drained => {}
            ReceiveStatus::Stopped | ReceiveStatus::Budget if is_too_fast => self.pace(id),
            ReceiveStatus::Stopped if self.desk.is_full(held) => self.starve(id),
            ReceiveStatus::Stopped => self.pause(id),
            ReceiveStatus::Budget => self.connections.make_ready(id),
            ReceiveStatus::Eof { inside_frame } => {
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.peer_ended = true;
                }
                let reason = if inside_frame { CloseReason::PeerBrokeOff } else { CloseReason::PeerLeft };
                self.close(id, reason, now);
            }
            ReceiveStatus::Failed(_) => self.close(id, CloseReason::ConnectionLost, now),
            ReceiveStatus::Broken { error, first_byte } => match first_byte {
                Some(TLS_FIRST_BYTE) => self.close_stranger(id, CloseReason::TlsRefused, TLS_ALERT, now),
                Some(1..) => self.close_stranger(id, CloseReason::Stranger, STRANGER_LINE, now),
                Some(0) | None => self.close(id, error.into(), now),
            },
        }
    }

    /// Passes on what a frame has brought about that is neither an answer nor a draft.
    fn bring(&mut self, id: ConnectionId, thing: Brought, now: Now) {
        let user = self.connections.get_mut(id).and_then(|connection| connection.session.user());
        match (thing, user) {
            (Brought::Login(login), _) => self.logins.push(login),
            (Brought::Away(away), Some(user)) => self.presence.set_away(user, away),
            (Brought::Typing(room), Some(user)) => {
                if self.desk.chat.tells_typing(room, user, self.presence.online()) {
                    self.typing.wrote(room, user, now.mono);
                }
            }
            (_, None) | (Brought::Nothing, _) => {}
        }
    }

    /// Leaves a connection's frames unread until something that it waits for has happened.
    pub(super) fn pause(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.is_paused = true;
        }
    }

    /// Leaves a connection's frames unread until the log can take more.
    pub(super) fn starve(&mut self, id: ConnectionId) {
        self.pause(id);
        if let Some(connection) = self.connections.get_mut(id) {
            // A set, since every event of a connection that waits brings it here again.
            self.starved.insert((connection.read_in, id));
        }
    }

    /// Leaves the frames of a connection that talks too fast unread until it has been quiet for long enough. It gets
    /// everything that there is to tell all the while.
    pub(super) fn pace(&mut self, id: ConnectionId) {
        self.pause(id);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.is_paced = true;
            self.paced.insert((connection.pace.resumes_at(&self.limits), id));
        }
    }

    /// Reads those on again whose time has come.
    pub(super) fn resume_paced(&mut self, now: u64) {
        while let Some(&(at, id)) = self.paced.first().filter(|(at, _)| *at <= now) {
            self.paced.remove(&(at, id));
            if let Some(connection) = self.connections.get_mut(id) {
                connection.is_paced = false;
                self.connections.make_ready(id);
            }
        }
    }

    /// Lets a paused connection have its turn again; it pauses itself if it has to. Not who waits for the log: an answer
    /// must not put anybody ahead of those who have waited longer. Nor who talks too fast: time alone helps there.
    pub(super) fn resume(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id)
            && connection.is_paused
            && !connection.is_paced
            && !connection.is_queueing
            && !self.starved.contains(&(connection.read_in, id))
        {
            self.connections.make_ready(id);
        }
    }
}
