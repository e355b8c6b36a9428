//! The protocol's state machine of one connection: frames in, commands out.
//!
//! ```text
//!              Hello                    Prove                   admitted, committed, applied
//! AwaitHello ─────────▶ Authenticating ─────────▶ (claiming) ─────────────────────────────────▶ Ready ─┐
//!     │                       │                       │                                          ▲    │ Write, Pull,
//!     │ anything else         │ anything else,        │ name refused                             └────┘ Sync, Search …
//!     ▼                       ▼ wrong signature       ▼
//!   the connection closes, with the reason
//! ```
//!
//! Owns what the protocol promises one peer: who it is, how many of its requests wait, whether it has to start again
//! after a failure. **It must not** touch a socket, the log, or another connection; it asks the chat nothing.

mod login;

use tertulia_protocol::{ClientFrame, DeviceId, ErrorCode, Kind, PublicKey, RawFrame, RoomId, UserId, limits, request};

pub use self::login::{Authenticating, Challenger};
use crate::{chat::Refusal, close_reason::CloseReason};

/// How many pages, and answers to searches, one connection may have in the making. Each is up to a frame in size; the answers of all
/// together must fit into its send queue.
const PULLS_MAX: u8 = 4;

/// The state of one connection's protocol.
#[derive(Debug)]
pub enum Session {
    /// Nothing has been said.
    AwaitHello,
    /// The server has proved itself; the device has to, or waits for its name.
    Authenticating(Box<Authenticating>),
    /// Logged in.
    Ready(Ready),
}

/// A logged-in session.
#[derive(Debug)]
pub struct Ready {
    /// Who it is.
    pub user: UserId,
    /// With which device.
    pub device: DeviceId,
    /// Whether the person is away from this device.
    pub is_away: bool,
    unanswered: u16,
    pulls: u8,
    /// After a write was answered so, every later one is, until the client starts again from its oldest.
    stuck: Option<ErrorCode>,
}

/// What a frame asks for.
#[derive(Debug)]
pub enum Step {
    /// Nothing further.
    Nothing,
    /// A frame for this peer.
    Answer(Vec<u8>),
    /// The device has proved its key, and wants this name.
    Login {
        /// The key.
        key: PublicKey,
        /// The name as typed.
        name: Option<String>,
    },
    /// Something shall last.
    Write(request::Write),
    /// A page is wanted.
    Pull(request::Pull),
    /// What changed is wanted.
    Sync(request::Sync),
    /// It is wanted which public rooms there are.
    Browse(request::Browse),
    /// It is wanted who is in a room.
    Members(request::Members),
    /// Messages are looked for.
    Search(request::Search),
    /// A room was read.
    Mark(request::Mark),
    /// The person is away from this device, or back.
    Away(bool),
    /// The person is writing in a room.
    Typing(RoomId),
    /// The request is answered with an error at once.
    Refuse(tertulia_protocol::RequestId, Refusal),
}

/// Why a session cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The reason that the connection closes for.
    pub reason: CloseReason,
    /// What the peer is told instead of the reason's own words.
    pub refusal: Option<Refusal>,
}

impl From<CloseReason> for Fault {
    fn from(reason: CloseReason) -> Self {
        Self { reason, refusal: None }
    }
}

impl Session {
    /// Takes a whole frame in.
    ///
    /// # Errors
    /// The connection has to close.
    pub fn on_frame(&mut self, frame: RawFrame<'_>, challenger: &mut Challenger<'_>) -> Result<Step, Fault> {
        let Some(frame) = ClientFrame::decode(frame).map_err(CloseReason::from)? else { return Ok(Step::Nothing) };
        match (&mut *self, frame) {
            (Self::AwaitHello, ClientFrame::Hello(hello)) => {
                let (authenticating, answer) = Authenticating::begin(&hello, challenger)?;
                *self = Self::Authenticating(Box::new(authenticating));
                Ok(Step::Answer(answer))
            }
            (Self::Authenticating(login), ClientFrame::Prove(prove)) => login.prove(prove, challenger),
            (Self::Authenticating(_) | Self::Ready(_), ClientFrame::Heartbeat(_)) => Ok(Step::Nothing),
            (Self::Ready(ready), frame) => ready.on_frame(frame),
            _ => Err(CloseReason::OutOfOrder.into()),
        }
    }

    /// Whether frames stay unread for now: the peer waits for its name, or for too many answers.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        match self {
            Self::AwaitHello => false,
            Self::Authenticating(login) => login.is_claiming(),
            Self::Ready(ready) => {
                usize::from(ready.unanswered) >= limits::UNANSWERED_REQUESTS_MAX || ready.pulls >= PULLS_MAX
            }
        }
    }

    /// Whether the peer waits for an answer.
    #[must_use]
    pub fn has_unanswered(&self) -> bool {
        matches!(self, Self::Ready(ready) if ready.unanswered > 0)
    }

    /// How many pages are on their way to the peer.
    #[must_use]
    pub fn pages(&self) -> usize {
        match self {
            Self::Ready(ready) => ready.pulls.into(),
            _ => 0,
        }
    }

    /// The login is done.
    pub fn ready(&mut self, user: UserId, device: DeviceId) {
        *self = Self::Ready(Ready { user, device, is_away: false, unanswered: 0, pulls: 0, stuck: None });
    }

    /// The logged-in session, if it is one.
    #[must_use]
    pub fn as_ready(&mut self) -> Option<&mut Ready> {
        match self {
            Self::Ready(ready) => Some(ready),
            _ => None,
        }
    }

    /// Who it is, once logged in.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Ready(ready) => Some(ready.user),
            _ => None,
        }
    }

    /// The name that a login asks for, for the activity log.
    #[must_use]
    pub fn wanted_name(&self) -> Option<&str> {
        match self {
            Self::Authenticating(login) => login.wanted_name(),
            _ => None,
        }
    }
}

impl Ready {
    fn on_frame(&mut self, frame: ClientFrame) -> Result<Step, Fault> {
        Ok(match frame {
            ClientFrame::Write(write) => match self.stuck.filter(|_| write.kind != Kind::DELETE) {
                Some(code) => Step::Refuse(write.request, Refusal::new(code, "an earlier write was not stored")),
                None => {
                    self.unanswered += 1;
                    Step::Write(write)
                }
            },
            ClientFrame::Pull(pull) => {
                self.unanswered += 1;
                self.pulls += 1;
                Step::Pull(pull)
            }
            ClientFrame::Sync(sync) => {
                self.unanswered += 1;
                Step::Sync(sync)
            }
            ClientFrame::Resend(_) => {
                self.stuck = None;
                Step::Nothing
            }
            ClientFrame::Heartbeat(_) => Step::Nothing,
            ClientFrame::Browse(browse) => {
                self.unanswered += 1;
                Step::Browse(browse)
            }
            ClientFrame::Members(members) => {
                self.unanswered += 1;
                Step::Members(members)
            }
            ClientFrame::Search(search) => {
                self.unanswered += 1;
                self.pulls += 1;
                Step::Search(search)
            }
            ClientFrame::Mark(mark) => Step::Mark(mark),
            ClientFrame::Away(request::Away { away }) if away == self.is_away => Step::Nothing,
            ClientFrame::Away(request::Away { away }) => {
                self.is_away = away;
                Step::Away(away)
            }
            ClientFrame::Typing(request::Typing { room }) => Step::Typing(room),
            ClientFrame::Hello(_) | ClientFrame::Prove(_) => return Err(CloseReason::OutOfOrder.into()),
        })
    }

    /// A request that is not a page has its answer.
    pub fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// A page has its answer.
    pub fn page_answered(&mut self) {
        self.answered();
        self.pulls = self.pulls.saturating_sub(1);
    }

    /// A write was not stored: later ones must not get ahead of it.
    pub fn stick(&mut self, code: ErrorCode) {
        self.stuck = Some(code);
    }
}
