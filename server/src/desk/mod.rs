//! The desk between the sessions and the log: what a session asks for becomes a draft, a page, or an answer; what the
//! log tells becomes an answer to the one who waits for it.
//!
//! Owns the chat, the log, and the list of who waits for what, which bounds what is in flight. **It must not** touch a
//! connection: it hands answers out as bytes.
//!
//! | file      | what |
//! |-----------|------|
//! | `waiting` | who waits for what, and how much that is |
//! | `write`   | wishes become drafts: logins and whatever shall last |
//! | `page`    | ranges of rooms, and what was said about them later |
//! | `ask`     | what the state answers at once |
//! | `search`  | searches, in turn |
//! | `upkeep`  | what follows from what was applied: the index, erasures, marks; the full disk; what is kept for how long |
//! | `answer`  | the frames that come of it |

mod answer;
mod ask;
mod page;
mod search;
mod upkeep;
mod waiting;
mod write;

use std::net::IpAddr;

use tertulia_protocol::{LogId, RawFrame, RoomId, Seq, UserId};

pub use self::{
    answer::{acknowledge, acknowledge_unplaced, error, refuse, wire_entry},
    page::Assembled,
    search::{Found, Search, Searches},
    upkeep::{Upkeep, derived},
    waiting::{Login, Now, Waiting, Waits, Wish},
};
use crate::{
    admission::Claims,
    chat::{
        Chat, Outcome, Refusal,
        admit::{self, Author},
    },
    close_reason::CloseReason,
    connections::ConnectionId,
    keys::{Random, ServerKey},
    limits::Limits,
    log::{self, Draft, Log},
    session::{Challenger, Fault, Session, Step},
};

/// The desk.
pub struct Desk<L> {
    /// The state that the log means.
    pub chat: Chat,
    /// The log.
    pub log: L,
    /// What follows from what was applied, and what has to be looked after.
    pub upkeep: Upkeep,
    key: ServerKey,
    random: Box<dyn Random>,
    limits: Limits,
    /// Drafts of this turn, appended together.
    drafts: Vec<Draft>,
    waits: Waits,
    searches: Searches,
    /// Whether the log waits to hear that its failures were seen.
    has_failed: bool,
    claims: Claims,
}

/// Whose frame it is.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The connection.
    pub id: ConnectionId,
    /// Where it comes from.
    pub address: IpAddr,
}

/// What a frame has brought about, beside answers and drafts.
#[derive(Debug)]
pub enum Brought {
    /// Nothing further.
    Nothing,
    /// Somebody has logged in.
    Login(Login),
    /// Somebody is away from this device, or back.
    Away(bool),
    /// Somebody is writing in a room.
    Typing(RoomId),
}

impl<L: Log> Desk<L> {
    /// A desk over a chat that has taken in all of the log.
    pub fn new(chat: Chat, log: L, key: ServerKey, random: Box<dyn Random>, limits: Limits) -> Self {
        Self {
            chat,
            log,
            upkeep: Upkeep::default(),
            key,
            random,
            limits,
            drafts: Vec::new(),
            waits: Waits::default(),
            searches: Searches::default(),
            has_failed: false,
            claims: Claims::default(),
        }
    }

    /// Begins the log, if it is empty.
    pub fn begin(&mut self, now: Now) {
        if self.chat.position() == Seq(0) {
            let cid = self.server_cid(now);
            let mut log = LogId([0; 16]);
            self.random.fill(&mut log.0);
            let ticket = self.waits.add(None, Wish::Genesis);
            self.draft(admit::genesis(ticket, now.wall, cid, log));
            self.append();
        }
    }

    /// Goes on with other limits; what is in flight stays in flight.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether so much is in flight, or something of it is failing, that frames have to stay unread. `queued` is what
    /// waits in all send queues: the pages in the making will join it.
    pub fn is_full(&self, queued: usize) -> bool {
        self.has_failed || self.waits.is_full(queued, &self.limits)
    }

    /// Whether nothing is on its way into the log.
    pub fn is_settled(&self) -> bool {
        self.waits.drafts() == 0
    }

    /// Whether nobody waits for anything.
    pub fn is_idle(&self) -> bool {
        self.waits.is_empty()
    }

    /// Asserts what has to hold between two turns.
    pub fn check_invariants(&self) {
        self.waits.check_invariants();
        self.searches.check_invariants(self.waits.searches());
    }

    /// A connection has gone: nobody waits for its searches any more.
    pub fn forget(&mut self, id: ConnectionId, user: UserId) {
        self.searches.forget(id, user);
    }

    /// Who waits for what.
    pub fn waits(&mut self) -> &mut Waits {
        &mut self.waits
    }

    /// Remembers that the log has failed something.
    pub fn note_failure(&mut self) {
        self.has_failed = true;
    }

    /// Tells the log that its failures were seen, but not before all of them were: a writer who does not know yet that
    /// an earlier word has failed would send the next one, and that would get ahead. So nothing is read in between.
    pub fn acknowledge_failure(&mut self) {
        if self.has_failed && self.is_settled() {
            self.has_failed = false;
            self.log.acknowledge_failure();
        }
    }

    /// Takes a frame of a connection in. What can be answered at once is appended to `answers`.
    ///
    /// # Errors
    /// The connection has to close.
    pub fn on_frame(
        &mut self,
        caller: Caller,
        session: &mut Session,
        frame: RawFrame<'_>,
        now: Now,
        answers: &mut Vec<u8>,
    ) -> Result<Brought, Fault> {
        let mut challenger = Challenger { key: &self.key, random: &mut *self.random, exporter: &[] };
        let step = session.on_frame(frame, &mut challenger)?;
        let id = caller.id;
        match (step, session) {
            (Step::Nothing, _) => {}
            (Step::Answer(bytes), _) if answers.is_empty() => *answers = bytes,
            (Step::Answer(bytes), _) => answers.extend_from_slice(&bytes),
            (Step::Login { key, name }, _) => {
                return Ok(self.login(caller, key, name.as_deref(), now)?.map_or(Brought::Nothing, Brought::Login));
            }
            (Step::Refuse(request, refusal), _) => refuse(request, refusal, answers),
            (Step::Write(write), Session::Ready(ready)) => {
                let author = Author { user: ready.user, device: ready.device };
                if let Some(code) = self.write(caller, author, write, now, answers) {
                    ready.answered();
                    ready.stick(code);
                }
            }
            (Step::Pull(pull), Session::Ready(ready)) => {
                if self.pull(id, ready.user, pull, answers) {
                    ready.page_answered();
                }
            }
            (Step::Search(search), Session::Ready(ready)) => {
                if self.search(id, ready.user, search, answers) {
                    ready.page_answered();
                }
            }
            (Step::Sync(sync), Session::Ready(ready)) => {
                self.sync(ready.user, &sync, answers);
                ready.answered();
            }
            (Step::Browse(browse), Session::Ready(ready)) => {
                self.browse(ready.user, browse, answers);
                ready.answered();
            }
            (Step::Members(members), Session::Ready(ready)) => {
                self.members(ready.user, members, answers);
                ready.answered();
            }
            (Step::Mark(mark), Session::Ready(ready)) => {
                self.upkeep.mark(self.chat.mark(ready.user, mark.room, mark.rseq));
            }
            (Step::Away(away), Session::Ready(_)) => return Ok(Brought::Away(away)),
            (Step::Typing(room), Session::Ready(_)) => return Ok(Brought::Typing(room)),
            // Only a ready session asks for these.
            _ => return Err(CloseReason::OutOfOrder.into()),
        }
        Ok(Brought::Nothing)
    }

    /// Hands the turn's drafts to the log.
    pub fn append(&mut self) {
        if !self.drafts.is_empty() {
            self.log.append(std::mem::take(&mut self.drafts));
        }
    }

    /// What a resend is answered: the place or the refusal of the first one.
    pub fn outcome_of(&self, stored: log::Stored) -> Outcome {
        self.chat.outcome_of(stored).unwrap_or_else(|| {
            let refusal = Refusal::new(tertulia_protocol::ErrorCode::FAILED, "it has no place yet");
            Outcome::Refused(refusal)
        })
    }
}
