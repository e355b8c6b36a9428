//! What we wrote and has no place yet, as it is shown: on its way, waiting for a connection, refused.
//!
//! Owns which of it has a row of its own: a message always, the mending of one when it was refused (it holds words that
//! nobody should have to write again). What else is about a message is shown with that message.

use tertulia_protocol::{
    Cid, ErrorCode, Kind, Rseq,
    entry::{MessageBody, ReactionBody},
};

use crate::{
    fold::Message,
    session::{Failure, OutboxItem, Write},
};

/// How far something that we wrote has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has its place.
    Placed,
    /// The server has it; the entry itself is on its way to us.
    Settled(Rseq),
    /// On its way, or waiting for a connection.
    Sending,
    /// Refused.
    Failed(ErrorCode),
}

/// Something that we wrote and that has no place yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What we call it.
    pub cid: Cid,
    /// What it is.
    pub write: Write,
    /// What its row says.
    pub message: Message,
    /// When it was written.
    pub at_ms: i64,
    /// How far it has come.
    pub state: State,
    /// Whether it is kept, so that it outlasts the window.
    pub kept: bool,
}

impl Pending {
    pub(super) fn new(cid: Cid, at_ms: i64, write: Write) -> Self {
        let text = MessageBody::from_bytes(&write.body).map(|body| body.text);
        let answers = write.target.filter(|_| write.kind == Kind::MESSAGE);
        let message = Message { text, answers, mentions: write.mentions.clone(), ..Message::default() };
        Self { cid, write, message, at_ms, state: State::Sending, kept: false }
    }

    /// Whether it is a message, rather than about one.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.write.kind == Kind::MESSAGE
    }

    /// Whether it has a row of its own.
    #[must_use]
    pub fn is_row(&self) -> bool {
        let failed = matches!(self.state, State::Failed(_));
        self.is_message() || (failed && self.write.kind == Kind::EDIT)
    }

    /// Whether it waits for its answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state == State::Sending
    }

    /// Whether it changes this message.
    #[must_use]
    pub fn is_about(&self, rseq: Rseq) -> bool {
        !self.is_message() && self.write.target == Some(rseq) && self.is_waiting()
    }

    /// The emoji and whether it is to be there, if it is a reaction.
    #[must_use]
    pub fn reaction(&self) -> Option<(String, bool)> {
        let on = match self.write.kind {
            Kind::REACT => true,
            Kind::UNREACT => false,
            _ => return None,
        };
        ReactionBody::from_bytes(&self.write.body).map(|body| (body.emoji, on))
    }
}

/// What lies in the outbox, as it was written.
pub(super) fn write_of(item: OutboxItem) -> (Cid, Write, Option<Failure>) {
    let OutboxItem { cid, room, kind, target, mentions, body, failed } = item;
    (cid, Write { room, kind, target, mentions, body, from_draft: false }, failed)
}

/// What a message or a mending says.
pub(super) fn text_of(write: &Write) -> Option<String> {
    MessageBody::from_bytes(&write.body).map(|body| body.text)
}
