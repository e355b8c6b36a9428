//! What is said and asked beside writing and reading: read marks, being away, typing, questions.
//!
//! Owns when each may be said: a mark waits for a connection, being away is said on each anew, typing at most every 3 s,
//! and a question is asked once.

use std::time::Duration;

use tertulia_protocol::{RoomId, Rseq, limits, request};

use super::{Answer, Ask, Change, Event, Now, Phase, Request, Search, Session, State};

/// How often it is said that the person is writing.
const TYPING_EVERY: Duration = Duration::from_millis(limits::TYPING_MS / 2);

/// Questions that may wait for their answers. The server takes fewer than that at a time.
const ASKS_MAX: usize = 8;

impl Session {
    /// The person has read a room up to a place. Without a connection it is said on the next one.
    pub fn mark(&mut self, now: Now, room: RoomId, rseq: Rseq) {
        self.observe(now);
        let Some(kept) = self.kept.get_mut(&room) else { return };
        let rseq = rseq.min(kept.state.row.head);
        if rseq > kept.state.read {
            kept.state.read = rseq;
            let state = kept.state.clone();
            self.keep(Change::Room(state));
            if self.is_told() {
                self.transmit(now, &request::Mark { room, rseq });
            }
        }
    }

    /// Says what was read while there was no connection, once it is known what the server knows.
    pub(super) fn mark_again(&mut self, now: Now) {
        let unsaid: Vec<(RoomId, Rseq)> = self
            .kept
            .iter()
            .filter(|(_, kept)| !kept.state.gone && kept.state.read > kept.state.row.mark.unwrap_or(Rseq(0)))
            .map(|(room, kept)| (*room, kept.state.read))
            .collect();
        for (room, rseq) in unsaid {
            self.transmit(now, &request::Mark { room, rseq });
        }
    }

    /// The person is away from this desk, or back.
    pub fn set_away(&mut self, now: Now, away: bool) {
        self.observe(now);
        if away != self.away {
            self.away = away;
            if let State::Ready { .. } = self.state {
                self.transmit(now, &request::Away { away });
            }
        }
    }

    /// The person is writing in a room. To be called at each key; it is said every 3 s.
    pub fn typing(&mut self, now: Now, room: RoomId) {
        self.observe(now);
        if !self.is_told() || self.typing.get(&room).is_some_and(|said| now.mono < *said + TYPING_EVERY) {
            return;
        }
        self.typing.retain(|_, said| now.mono < *said + TYPING_EVERY);
        self.typing.insert(room, now.mono);
        self.transmit(now, &request::Typing { room });
    }

    /// Asks the server something. The answer is an event that carries `token`.
    pub fn ask(&mut self, now: Now, token: u64, ask: Ask) {
        self.observe(now);
        let waiting = self.requests.values().filter(|request| matches!(request, Request::Ask(_))).count();
        if !self.is_told() || waiting >= ASKS_MAX {
            return self.tell(Event::Answer { token, answer: Answer::Cut });
        }
        let request = self.number(Request::Ask(token));
        match ask {
            Ask::Browse { after } => self.transmit(now, &request::Browse { request, after }),
            Ask::Members { room, after } => self.transmit(now, &request::Members { request, room, after }),
            Ask::Search(search) => {
                let Search { words, room, author, from, until, has_link, below } = search;
                let has_link = has_link.then_some(true);
                self.transmit(now, &request::Search { request, words, room, author, from, until, has_link, below });
            }
        }
    }

    pub(super) fn answer(&mut self, request: tertulia_protocol::RequestId, answer: Answer) -> bool {
        let asked = self.requests.remove(&request);
        if let Some(Request::Ask(token)) = asked {
            self.tell(Event::Answer { token, answer });
        }
        matches!(asked, Some(Request::Ask(_)))
    }

    /// Whether a login stands and what there was has been told.
    fn is_told(&self) -> bool {
        matches!(self.state, State::Ready { phase: Phase::CatchingUp | Phase::Live, .. })
    }
}
