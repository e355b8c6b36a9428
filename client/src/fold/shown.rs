//! What a fold shows, line by line: plain values that can be compared.
//!
//! Owns how kinds and bodies are read for people. It holds no words: a note is a value, which the window translates.

use tertulia_protocol::{
    Entry, Kind, Rseq, Seq, UserId,
    entry::{ArchiveBody, ExpireBody, KeepBody, MemberBody, MessageBody, NameBody, RoleBody, RoomOpenBody, TopicBody},
};

use super::{About, Fold};

/// A line of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the room.
    pub rseq: Rseq,
    /// Its place in the log.
    pub seq: Seq,
    /// When the server took it, in milliseconds since 1970 (UTC).
    pub at: i64,
    /// Who wrote it.
    pub author: UserId,
    /// What it says.
    pub shown: Shown,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Somebody wrote a message.
    Message(Message),
    /// Something happened to the room.
    Note(Note),
    /// Something that only a newer version can read.
    NeedsNewer(Kind),
}

/// A message as it stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The newest text. `None` if it is erased, or if only a newer version can read it.
    pub text: Option<String>,
    /// Whether it is erased: nothing else is shown of it then.
    pub erased: bool,
    /// When it was edited last.
    pub edited: Option<i64>,
    /// The message that it answers.
    pub answers: Option<Rseq>,
    /// Whom it mentions, as it stands now.
    pub mentions: Vec<UserId>,
    /// The reactions in force, by emoji.
    pub reactions: Vec<Reaction>,
}

/// Everybody who reacted with an emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who, by rising id.
    pub users: Vec<UserId>,
}

/// What happened to a room. The line's author did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The log began, and `general` with it.
    Began,
    /// The room was opened; its name, if it has one.
    Opened(Option<String>),
    /// It has another name.
    Named(String),
    /// It has another topic, or none.
    Topic(Option<String>),
    /// The author came.
    Joined,
    /// The author left.
    Left,
    /// The author brought somebody in.
    Invited(UserId),
    /// The author put somebody out.
    Removed(UserId),
    /// Somebody has another role.
    Role(UserId, u16),
    /// It is closed for writing, or open again.
    Archived(bool),
    /// It keeps what is said for so many days, or as long as the server does.
    Keep(Option<u32>),
    /// What was said up to a place is erased.
    Expired(Rseq),
}

impl Fold {
    /// All lines, by rising place.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.values().map(|entry| self.show(entry)).collect()
    }

    /// The lines from one place to another.
    #[must_use]
    pub fn lines_between(&self, from: Rseq, to: Rseq) -> Vec<Line> {
        self.lines.range(from.0..=to.0.max(from.0)).map(|(_, entry)| self.show(entry)).collect()
    }

    /// The line at a place; `None` if there is none, or it was not told.
    #[must_use]
    pub fn line(&self, rseq: Rseq) -> Option<Line> {
        self.lines.get(&rseq.0).map(|entry| self.show(entry))
    }

    fn show(&self, entry: &Entry) -> Line {
        let shown = if entry.kind == Kind::MESSAGE {
            Shown::Message(message(entry, self.about.get(&entry.rseq.0)))
        } else {
            note(entry).map_or(Shown::NeedsNewer(entry.kind), Shown::Note)
        };
        Line { rseq: entry.rseq, seq: entry.seq, at: entry.at, author: entry.author, shown }
    }
}

fn message(entry: &Entry, about: Option<&About>) -> Message {
    if entry.body.is_empty() {
        return Message { erased: true, ..Message::default() };
    }
    let mut message = Message {
        text: MessageBody::from_bytes(&entry.body).map(|body| body.text),
        answers: entry.target,
        mentions: entry.mentions.clone().unwrap_or_default(),
        ..Message::default()
    };
    let Some(about) = about else { return message };
    if let Some(edit) = about.edits.get(&entry.author) {
        message.text.clone_from(&edit.text);
        message.mentions.clone_from(&edit.mentions);
        message.edited = Some(edit.at);
    }
    for ((emoji, user), (_, on)) in &about.reactions {
        if !on {
            continue;
        }
        match message.reactions.last_mut().filter(|last| last.emoji == *emoji) {
            Some(reaction) => reaction.users.push(*user),
            None => message.reactions.push(Reaction { emoji: emoji.clone(), users: vec![*user] }),
        }
    }
    message
}

fn note(entry: &Entry) -> Option<Note> {
    let body = entry.body.as_slice();
    Some(match entry.kind {
        Kind::GENESIS => Note::Began,
        Kind::ROOM_OPEN => Note::Opened(RoomOpenBody::from_bytes(body)?.name),
        Kind::ROOM_NAME => Note::Named(NameBody::from_bytes(body)?.name),
        Kind::ROOM_TOPIC => Note::Topic(TopicBody::from_bytes(body)?.topic),
        Kind::JOIN => Note::Joined,
        Kind::LEAVE => Note::Left,
        Kind::INVITE => Note::Invited(MemberBody::from_bytes(body)?.user),
        Kind::REMOVE => Note::Removed(MemberBody::from_bytes(body)?.user),
        Kind::ROLE => RoleBody::from_bytes(body).map(|body| Note::Role(body.user, body.role))?,
        Kind::ARCHIVE => Note::Archived(ArchiveBody::from_bytes(body)?.archived),
        Kind::KEEP => Note::Keep(KeepBody::from_bytes(body)?.days),
        Kind::EXPIRE => Note::Expired(ExpireBody::from_bytes(body)?.upto),
        _ => return None,
    })
}
