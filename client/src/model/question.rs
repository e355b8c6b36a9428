//! What a person is asked before something that could not be taken back.
//!
//! Owns which questions there are, when one is asked, which answers each of them has, and which answer is the safe one. The words and the
//! buttons are the window's.

use std::net::IpAddr;

use tertulia_protocol::{RoomId, Rseq, UserId, limits::DEFAULT_PORT};

use super::{Model, timeline::State};
use crate::address::ServerAddress;

/// What the question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The window is to close.
    Quit,
    /// The server that runs on this computer is to stop.
    StopHosting,
    /// The dialog leads to another server.
    ChangeServer {
        /// The name to go there with.
        name: String,
        /// Where it is.
        server: ServerAddress,
        /// Whether it is to run on this computer.
        host: bool,
    },
    /// An own message is to be taken back.
    Delete(RoomId, Rseq),
    /// The person is to come into a public room, because what was found stands there.
    Join {
        /// The room.
        room: RoomId,
        /// Its name; empty if it is not known.
        name: String,
        /// The place that leads there.
        rseq: Rseq,
    },
    /// The person is to leave a room.
    Leave(RoomId),
    /// A room is to be closed for writing.
    Archive(RoomId),
    /// Somebody is to be put out of a room.
    Remove(RoomId, UserId),
}

impl About {
    /// Whether it is about the window or the server as a whole, and so about everything that was not sent.
    #[must_use]
    pub fn concerns_everything(&self) -> bool {
        matches!(self, Self::Quit | Self::ChangeServer { .. })
    }
}

/// What can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Leave everything as it is.
    Cancel,
    /// Do what the question is about.
    Go,
    /// Stop the server on this computer (and then do what the question is about).
    Stop,
}

/// How far the server's end has come, once it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stopping {
    /// It was not asked for.
    #[default]
    No,
    /// It was.
    Waiting,
    /// It did not come.
    Failed(StopFailure),
}

/// Why the server on this computer still runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopFailure {
    /// It was told to stop and takes its time.
    TooSlow,
    /// It could not be told; what the system said.
    System(String),
}

/// A question that is being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What it is about.
    pub about: About,
    /// Whether a server of this person runs on this computer, and this window is in it.
    pub hosted: bool,
    /// Whether something would have been lost when it was asked: then nothing is done by the first answer.
    pub careful: bool,
    /// How many messages would be lost now.
    pub unsent: usize,
    /// How many others are in the chat.
    pub others: u64,
    /// How far the server's end has come.
    pub stopping: Stopping,
}

impl Question {
    /// Whether the end of the server is being waited for: there is nothing to answer then.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.stopping == Stopping::Waiting
    }

    /// The answers there are; the first is the one that harms nobody.
    #[must_use]
    pub fn answers(&self) -> &'static [Answer] {
        match (&self.about, self.hosted, self.careful) {
            _ if self.is_waiting() => &[],
            (About::Quit, true, false) => &[Answer::Go, Answer::Stop, Answer::Cancel],
            (About::Quit, true, true) => &[Answer::Cancel, Answer::Go, Answer::Stop],
            (About::StopHosting, ..) => &[Answer::Cancel, Answer::Stop],
            _ => &[Answer::Cancel, Answer::Go],
        }
    }
}

impl Model {
    /// Whether this window is in the chat that this person hosts on this computer.
    #[must_use]
    pub fn in_hosted_chat(&self) -> bool {
        let here = |host: &str| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.hosted && self.server.as_ref().is_some_and(|at| at.port() == DEFAULT_PORT && here(at.host()))
    }

    /// How many things that we wrote would be lost with the window: neither a server nor the profile has them.
    pub(super) fn unsent(&self) -> usize {
        let all = self.rooms.values().flat_map(|room| room.timeline.pending());
        all.filter(|pending| !pending.kept && !matches!(pending.state, State::Settled(_))).count()
    }

    pub(super) fn ask(&mut self, about: About) {
        let unsent = if about.concerns_everything() { self.unsent() } else { 0 };
        self.question = Some(Question {
            hosted: self.in_hosted_chat(),
            careful: unsent > 0,
            unsent,
            others: self.people.online_count().saturating_sub(1),
            stopping: Stopping::No,
            about,
        });
    }
}
