//! Sixth and seventh phase: what the clock has made due, how a connection ends, and who leaves the slab.

use std::sync::Arc;

use tertulia_protocol::{Seq, encode, limits as wire, push};
use tertulia_transport::Socket;

use super::{STOP_MS, Turn, own_rooms};
use crate::{
    activity_log::Activity,
    chat::Refusal,
    close_reason::CloseReason,
    connection::State,
    connections::ConnectionId,
    desk::{self, Now},
    log::Log,
    session::Session,
};

impl<S: Socket, L: Log> Turn<S, L> {
    pub(super) fn expire(&mut self, now: Now) {
        self.desk.look_after(now);
        self.resume_paced(now.mono);
        while let Some((at, id)) = self.timers.expired(now.mono) {
            let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.timer == at) else {
                continue;
            };
            connection.timer = u64::MAX;
            if let Some(next) = self.expire_one(id, now) {
                self.set_timer(id, next.max(now.mono + 1));
            }
        }
        if self.stopping.is_some_and(|stopping| stopping.told && now.mono >= stopping.since + STOP_MS) {
            // Who has not gone by now is not waited for, but is written down like everybody else.
            for id in self.connections.ids() {
                self.connections.make_closed(id);
            }
        }
    }

    /// Does what is due for a connection, and says when to look again.
    pub(super) fn expire_one(&mut self, id: ConnectionId, now: Now) -> Option<u64> {
        let limits = &self.limits;
        let connection = self.connections.get_mut(id)?;
        let is_ready = matches!(connection.session, Session::Ready(_));
        // A pause is not the peer's, unless it does not take what it is sent and keeps others from being read.
        let is_in_the_way =
            connection.claim > 0 && connection.framed.queued_bytes() > 0 && self.large_frames.is_short();
        let since = connection.since().filter(|_| !connection.is_paused || is_in_the_way);
        match connection.state {
            State::Closed => return None,
            State::Draining => {
                let until = connection.since().unwrap_or(now.mono) + limits.drain_ms;
                if until > now.mono {
                    return Some(until);
                }
                self.connections.make_closed(id);
                return None;
            }
            State::Open => {}
        }
        let handshake = (!is_ready).then_some((connection.opened + limits.handshake_ms, CloseReason::HandshakeTimeout));
        let frame = since.map(|since| (since + limits.partial_frame_ms, CloseReason::FrameTimeout));
        let silent = is_ready.then_some((connection.heard + wire::DEAD_AFTER_MS, CloseReason::Silent));
        let due = handshake.into_iter().chain(frame).chain(silent).min()?;
        if due.0 <= now.mono {
            self.close(id, due.1, now);
            return self.connections.get_mut(id).map(|_| now.mono + self.limits.drain_ms);
        }
        if !is_ready {
            return Some(due.0);
        }
        let mut heartbeat = connection.sent + wire::HEARTBEAT_AFTER_MS;
        if heartbeat <= now.mono {
            // Who lags has not been sent all of it, and must not believe so.
            let position = if connection.is_lagging { Seq(0) } else { self.told_position() };
            self.connections.queue_own(id, encode(&push::Heartbeat { position }).into());
            heartbeat = now.mono + wire::HEARTBEAT_AFTER_MS;
        }
        Some(heartbeat.min(due.0))
    }

    /// Up to which place of the log everything that concerns a live connection has been queued for it. Names may be
    /// told later than the entries around them, and a client that was told a place never asks for what is before it.
    fn told_position(&self) -> Seq {
        match self.unannounced.first() {
            Some(user) => Seq(user.0 - 1),
            None => self.desk.chat.position(),
        }
    }

    /// Makes sure that a connection is looked at by then.
    pub(super) fn set_timer(&mut self, id: ConnectionId, at: u64) {
        if let Some(connection) = self.connections.get_mut(id)
            && at < connection.timer
        {
            connection.timer = at;
            self.timers.set(at, id);
        }
    }

    pub(super) fn close(&mut self, id: ConnectionId, reason: CloseReason, now: Now) {
        self.close_with(id, reason, None, now);
    }

    /// Ends a connection: it is told why, nobody is told anything through it any more, and when it has taken what is
    /// queued, or the time for that is up, it is reaped. The first reason counts.
    pub(super) fn close_with(&mut self, id: ConnectionId, reason: CloseReason, refusal: Option<Refusal>, now: Now) {
        let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.state == State::Open) else {
            return;
        };
        if let Some(refusal) = &refusal {
            let (conn, name) = (connection.number, connection.session.wanted_name().map(ToOwned::to_owned));
            self.record(now, Activity::Refused { conn, name, why: refusal.code.name() });
        }
        let words = refusal.or_else(|| reason.code().map(|(code, text)| Refusal::new(code, text)));
        let last = words.map(|words| encode(&desk::error(None, words))).unwrap_or_default();
        self.end(id, reason, &last, now);
    }

    pub(super) fn close_stranger(&mut self, id: ConnectionId, reason: CloseReason, last: &[u8], now: Now) {
        self.end(id, reason, last, now);
    }

    pub(super) fn end(&mut self, id: ConnectionId, reason: CloseReason, last: &[u8], now: Now) {
        let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.state == State::Open) else {
            return;
        };
        self.large_frames.forget(connection);
        connection.reason = Some(reason);
        connection.state = State::Draining;
        connection.set_since(Some(now.mono));
        let user = connection.session.user();
        let was_away = connection.session.as_ready().is_some_and(|ready| ready.is_away);
        // Answers of this turn come before the end.
        let mut words = Vec::new();
        for answer in self.answers.0.iter_mut().filter(|answer| answer.id == id) {
            words.append(&mut answer.frames);
            answer.membership = None;
        }
        words.extend_from_slice(last);
        if !words.is_empty() {
            connection.count_own(words.len());
            connection.framed.queue(Arc::from(words));
        }
        // Who has only ended the own direction gets the answers that are still to come, if they come in time.
        if reason != CloseReason::PeerLeft || !connection.session.has_unanswered() {
            connection.framed.finish();
        }
        if let Some(user) = user {
            self.fan_out.remove(id, user, own_rooms(&self.desk.chat, user));
            self.presence.leave(user, was_away, now.mono);
        }
        if reason.is_abrupt() {
            self.connections.make_closed(id);
        } else {
            self.connections.make_dirty(id);
            self.set_timer(id, now.mono + self.limits.drain_ms);
        }
    }

    /// Ends the sending direction of a connection that has left and now has the last of its answers.
    pub(super) fn finish_if_answered(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id)
            && connection.state == State::Draining
            && !connection.session.has_unanswered()
        {
            connection.framed.finish();
        }
    }

    /// Ends out of order: nobody is told another word, for what is durable is not known any more; but that they are gone
    /// is written down, and why.
    pub fn abandon(&mut self, now: Now) {
        for id in self.connections.ids() {
            self.close(id, CloseReason::ServerFailed, now);
            self.connections.make_closed(id);
        }
        self.reap(now);
        self.record(now, Activity::Stop { why: "failure" });
    }

    pub(super) fn reap(&mut self, now: Now) {
        for (id, connection) in self.connections.reap() {
            self.admission.forget(connection.address);
            if let Some(user) = connection.session.user() {
                self.desk.forget(id, user);
            }
            let user = connection.session.user().map(|user| self.desk.chat.directory().name(user).to_owned());
            let reason = connection.reason.unwrap_or(CloseReason::ConnectionLost);
            let duration_ms = now.mono.saturating_sub(connection.opened);
            let why = reason.name();
            self.record(now, Activity::Disconnected { conn: connection.number, user, why, duration_ms });
            self.reaped.push(connection.framed.into_socket());
        }
        self.read_large_frames_on();
        if self.connections.is_empty() {
            // Else the timers of those who were here would wake an empty house.
            self.timers.clear();
            self.paced.clear();
            // And nobody is left to be told a name: whoever comes syncs.
            self.unannounced.clear();
            self.names_due = None;
        }
    }
}
