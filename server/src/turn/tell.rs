//! Fourth and fifth phase: answers, rooms and presence go into the queues, and the queues into the sockets.

use std::sync::Arc;

use tertulia_protocol::{Message, UserId, encode, encode_into, limits as wire, push, reply};
use tertulia_transport::{FlushStatus, Socket};

use super::{Answer, NAMES_AFTER_MS, STOP_SETTLE_MS, Stopping, Turn, own_rooms};
use crate::{
    activity_log::Activity,
    chat::GENERAL_ROOM,
    close_reason::CloseReason,
    connection::State,
    connections::ConnectionId,
    desk::{Login, Now},
    log::Log,
};

/// Who has something to take and took nothing for so long, in milliseconds, does not read.
const STALLED_MS: u64 = 1_000;

/// A list of who is online that is no longer than this is copied behind each welcome; a longer one is shared by those
/// who come at the same time.
const COPIED_BYTES_MAX: usize = 128;

impl<S: Socket, L: Log> Turn<S, L> {
    /// Queues the answers that there are. What was answered while receiving is as of then, so it leaves ahead of all that
    /// is told while applying: an old name behind the new one would stay.
    pub(super) fn queue_answers(&mut self) {
        for Answer { id, mut frames, membership } in std::mem::take(&mut self.answers.0) {
            if let Some((room, user)) = membership {
                frames.append(&mut self.membership(room, user));
            }
            // Bounded by what is read of a connection while it does not take its answers.
            self.connections.queue_own(id, frames.into());
            self.finish_if_answered(id);
        }
    }

    pub(super) fn fan_out(&mut self, now: Now) {
        let limit = self.limits.send_queue_bytes;
        self.queue_answers();
        self.fan_out.deliver(&mut self.connections, limit);
        for (room, user) in std::mem::take(&mut self.joined) {
            if self.desk.chat.is_member(room, user) {
                self.fan_out.join(room, user);
            }
        }
        self.tell_of_marks(limit);
        if let Some(presence) = self.presence.due(now.mono) {
            self.announce(presence.whole.iter().chain(&presence.came).flatten().copied());
            self.tell_everybody(&presence);
        }
        self.tell_who_is_typing(now);
        if self.names_due.is_some_and(|due| due <= now.mono) {
            let some: Vec<UserId> = self.unannounced.iter().copied().take(wire::ROWS_MAX).collect();
            self.announce(some);
            self.names_due = (!self.unannounced.is_empty()).then_some(now.mono + NAMES_AFTER_MS);
        }
        self.welcome_all(now);
        self.catch_up();
        if !self.desk.is_full(self.held_bytes()) {
            for (_, id) in std::mem::take(&mut self.starved) {
                self.resume(id);
            }
        }
        self.tell_of_the_stop(now);
    }

    /// Tells people what they have read, and how many mentions are left. Behind this turn's entries, which clients count
    /// themselves.
    fn tell_of_marks(&mut self, limit: usize) {
        for (room, user) in std::mem::take(&mut self.marked) {
            let Some(marked) = self.desk.chat.marked(user, room) else { continue };
            let bytes = encode(&marked).into();
            for id in self.fan_out.of(user) {
                self.connections.push(id, &bytes, limit);
            }
        }
    }

    /// Tells everybody the names of those among these people who are new, by rising number.
    pub(super) fn announce(&mut self, people: impl IntoIterator<Item = UserId>) {
        let mut new: Vec<UserId> = people.into_iter().filter(|user| self.unannounced.remove(user)).collect();
        new.sort_unstable();
        if self.unannounced.is_empty() {
            self.names_due = None;
        }
        for some in new.chunks(wire::ROWS_MAX) {
            let directory = self.desk.chat.directory();
            let rows = some.iter().filter_map(|user| Some(directory.user(*user)?.row(*user)));
            let users = push::Users { users: rows.collect() };
            self.tell_everybody(&users);
        }
    }

    /// Queues a frame for everybody who is live.
    pub(super) fn tell_everybody<M: Message>(&mut self, message: &M) {
        self.fan_out.tell_everybody(message, &mut self.connections, self.limits.send_queue_bytes);
    }

    /// Tells the members of rooms who is writing there.
    fn tell_who_is_typing(&mut self, now: Now) {
        let limit = self.limits.send_queue_bytes;
        for typing in self.typing.due(now.mono) {
            self.announce(typing.users.iter().copied());
            let room = typing.room;
            let is_for_everybody = room == GENERAL_ROOM;
            self.fan_out.signal_room(room, is_for_everybody, &typing, &mut self.connections, limit);
        }
    }

    /// Tells those who lagged, and have taken everything by now, that they are live again from here on.
    fn catch_up(&mut self) {
        for id in self.connections.take_caught_up() {
            let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.state == State::Open)
            else {
                continue;
            };
            connection.is_lagging = false;
            let mut bytes = encode(&push::Lagged { position: self.desk.chat.position() });
            self.presence.show_newcomers(|presence| encode_into(presence, &mut bytes));
            encode_into(&self.notice(), &mut bytes);
            self.connections.queue_own(id, bytes.into());
        }
    }

    fn notice(&self) -> push::Notice {
        push::Notice { what: push::NOTICE_READ_ONLY, on: self.desk.upkeep.is_read_only() }
    }

    /// Lets this turn's newcomers in. All of them are shown the same list of who is online, themselves included: it is
    /// made once, and when hundreds come at once there are not hundreds of it in memory.
    fn welcome_all(&mut self, now: Now) {
        let mut logins = std::mem::take(&mut self.logins);
        let connections = &mut self.connections;
        logins.retain(|login| connections.get_mut(login.id).is_some_and(|c| c.state == State::Open));
        if logins.is_empty() {
            return;
        }
        logins.iter().for_each(|login| self.presence.arrive(login.author.user));
        let mut online = Vec::with_capacity(4 * COPIED_BYTES_MAX);
        self.presence.show_newcomers(|presence| encode_into(presence, &mut online));
        // A second buffer is more work for a queue than a few bytes that are copied.
        let is_shared = logins.len() > 1 && online.len() > COPIED_BYTES_MAX;
        let shared: Option<Arc<[u8]>> = is_shared.then(|| online.as_slice().into());
        for login in logins {
            self.welcome(login, if shared.is_some() { &[] } else { &online }, now);
            if let Some(shared) = &shared {
                self.connections.queue_own(login.id, Arc::clone(shared));
            }
            self.resume(login.id);
        }
    }

    fn welcome(&mut self, Login { id, author, new }: Login, online: &[u8], now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.session.ready(author.user, author.device);
        connection.framed.set_frame_limit(wire::FRAME_BYTES_MAX);
        let number = connection.number;
        let chat = &self.desk.chat;
        let name = chat.directory().name(author.user).to_owned();
        let welcome = reply::Welcome {
            user: author.user,
            device: author.device,
            name: name.clone(),
            position: chat.position(),
            lineage: chat.lineage().to_vec(),
            now: now.wall,
            agent: Some(concat!("tertulia-server/", env!("CARGO_PKG_VERSION")).to_owned()),
        };
        let mut bytes = encode(&welcome);
        bytes.extend_from_slice(online);
        if self.desk.upkeep.is_read_only() {
            encode_into(&self.notice(), &mut bytes);
        }
        self.fan_out.add(id, author.user, own_rooms(chat, author.user));
        self.connections.queue_own(id, bytes.into());
        self.record(now, Activity::Login { conn: number, user: name, device: author.device.0, new });
    }

    pub(super) fn flush(&mut self, now: Now) {
        let mut dirty = std::mem::take(&mut self.taken);
        self.connections.take_dirty(&mut dirty);
        for id in &dirty {
            let Some(connection) = self.connections.get_mut(*id) else { continue };
            connection.is_dirty = false;
            let flushed = connection.framed.flush();
            if flushed.bytes_written > 0 {
                connection.sent = now.mono;
                if connection.is_paused {
                    // Its own heartbeats lie unread; that it takes bytes shows that it lives.
                    connection.heard = now.mono;
                }
            }
            if flushed.status != FlushStatus::Empty || !connection.is_content() {
                self.look_after_flush(*id, flushed.status, now);
            }
        }
        self.taken = dirty;
        self.fan_out.release();
        self.relieve(now);
    }

    /// What follows from a flush that has not sent everything, or whose connection waited for just that.
    fn look_after_flush(&mut self, id: ConnectionId, status: FlushStatus, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let is_draining = connection.state == State::Draining;
        match status {
            FlushStatus::Empty if is_draining && connection.framed.is_finished() && connection.peer_ended => {
                self.connections.make_closed(id);
            }
            FlushStatus::Empty if is_draining && !connection.peer_ended => self.connections.make_ready(id),
            FlushStatus::Empty if connection.is_paused || connection.is_lagging => {
                if connection.is_lagging {
                    self.connections.catch_up(id);
                }
                self.resume(id);
            }
            FlushStatus::Empty | FlushStatus::Blocked => {}
            FlushStatus::Budget => self.connections.make_dirty(id),
            FlushStatus::Failed(_) => {
                self.close(id, CloseReason::ConnectionLost, now);
                self.connections.make_closed(id);
            }
        }
        self.connections.weigh(id);
    }

    /// When more waits for all together than may, the largest queues go. Who asks is not read long before that, so this
    /// is for what is told unasked to people who do not read.
    fn relieve(&mut self, now: Now) {
        let limit = self.limits.send_queues_bytes;
        let mut held = self.held_bytes();
        if held <= limit {
            return;
        }
        // A little more than needed, so that it is not done again in every turn.
        for (weight, id) in self.connections.by_weight(now.mono.saturating_sub(STALLED_MS)) {
            self.close(id, CloseReason::SlowReader, now);
            self.connections.make_closed(id);
            held -= weight;
            if weight == 0 || held <= limit - limit / 16 {
                break;
            }
        }
    }

    pub(super) fn tell_of_the_stop(&mut self, now: Now) {
        let Some(stopping) = self.stopping.filter(|stopping| !stopping.told) else { return };
        let is_answered = self.desk.is_idle() && self.backlog.is_empty();
        if is_answered || now.mono >= stopping.since + STOP_SETTLE_MS {
            self.stopping = Some(Stopping { told: true, ..stopping });
            for id in self.connections.ids() {
                self.close(id, CloseReason::Stopping, now);
            }
        }
    }
}
