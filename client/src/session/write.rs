//! What a person may write: one constructor for each kind, so that no body is put together anywhere else.

use tertulia_protocol::{
    Cid, Kind, RoomId, Rseq, UserId,
    entry::{
        ArchiveBody, KeepBody, MemberBody, MessageBody, NO_BODY, NameBody, ProfileBody, ReactionBody, RoleBody,
        RoomOpenBody, TopicBody,
    },
    reply::ROOM_DIRECT,
};

use super::saved::OutboxItem;

/// Where what belongs to no room is written to.
const NO_ROOM: RoomId = RoomId(0);

/// Something to write, before it has a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where it belongs; 0 for what belongs to no room.
    pub room: RoomId,
    /// What it is.
    pub kind: Kind,
    /// What it is about.
    pub target: Option<Rseq>,
    /// Whom it mentions, at most 50.
    pub mentions: Vec<UserId>,
    /// What it says.
    pub body: Vec<u8>,
    /// Whether it is what stood in the room's draft text, which goes away in the same step.
    pub from_draft: bool,
}

impl Write {
    fn new(room: RoomId, kind: Kind, body: Vec<u8>) -> Self {
        Self { room, kind, target: None, mentions: Vec::new(), body, from_draft: false }
    }

    /// Something of a kind that has no constructor here.
    #[must_use]
    pub fn raw(room: RoomId, kind: Kind, body: Vec<u8>) -> Self {
        Self::new(room, kind, body)
    }

    /// A message, which may answer another one.
    #[must_use]
    pub fn message(room: RoomId, text: impl Into<String>, answers: Option<Rseq>, mentions: Vec<UserId>) -> Self {
        let body = MessageBody { text: text.into() }.to_bytes();
        Self { target: answers, mentions, ..Self::new(room, Kind::MESSAGE, body) }
    }

    /// The same, as what stood in the composer: the draft text goes away in the step that keeps the message.
    #[must_use]
    pub fn clearing_draft(self) -> Self {
        Self { from_draft: true, ..self }
    }

    /// Another text for an own message.
    #[must_use]
    pub fn edit(room: RoomId, message: Rseq, text: impl Into<String>, mentions: Vec<UserId>) -> Self {
        let body = MessageBody { text: text.into() }.to_bytes();
        Self { target: Some(message), mentions, ..Self::new(room, Kind::EDIT, body) }
    }

    /// Erases an own message.
    #[must_use]
    pub fn delete(room: RoomId, message: Rseq) -> Self {
        Self { target: Some(message), ..Self::new(room, Kind::DELETE, NO_BODY.to_vec()) }
    }

    /// Reacts to a message, or takes the reaction back.
    #[must_use]
    pub fn react(room: RoomId, message: Rseq, emoji: impl Into<String>, on: bool) -> Self {
        let kind = if on { Kind::REACT } else { Kind::UNREACT };
        Self { target: Some(message), ..Self::new(room, kind, ReactionBody { emoji: emoji.into() }.to_bytes()) }
    }

    /// Opens a public or private room.
    #[must_use]
    pub fn open_room(kind: u16, name: impl Into<String>, topic: Option<String>) -> Self {
        let body = RoomOpenBody { kind, name: Some(name.into()), topic, with: None };
        Self::new(NO_ROOM, Kind::ROOM_OPEN, body.to_bytes())
    }

    /// Opens the room of two people, or finds it.
    #[must_use]
    pub fn direct(with: UserId) -> Self {
        let body = RoomOpenBody { kind: ROOM_DIRECT, name: None, topic: None, with: Some(with) };
        Self::new(NO_ROOM, Kind::ROOM_OPEN, body.to_bytes())
    }

    /// Joins a public room.
    #[must_use]
    pub fn join(room: RoomId) -> Self {
        Self::new(room, Kind::JOIN, NO_BODY.to_vec())
    }

    /// Leaves a room.
    #[must_use]
    pub fn leave(room: RoomId) -> Self {
        Self::new(room, Kind::LEAVE, NO_BODY.to_vec())
    }

    /// Brings somebody in.
    #[must_use]
    pub fn invite(room: RoomId, user: UserId) -> Self {
        Self::new(room, Kind::INVITE, MemberBody { user }.to_bytes())
    }

    /// Puts somebody out.
    #[must_use]
    pub fn remove(room: RoomId, user: UserId) -> Self {
        Self::new(room, Kind::REMOVE, MemberBody { user }.to_bytes())
    }

    /// Gives somebody another role.
    #[must_use]
    pub fn role(room: RoomId, user: UserId, role: u16) -> Self {
        Self::new(room, Kind::ROLE, RoleBody { user, role }.to_bytes())
    }

    /// Gives a room another name.
    #[must_use]
    pub fn room_name(room: RoomId, name: impl Into<String>) -> Self {
        Self::new(room, Kind::ROOM_NAME, NameBody { name: name.into() }.to_bytes())
    }

    /// Gives a room another topic, or none.
    #[must_use]
    pub fn topic(room: RoomId, topic: Option<String>) -> Self {
        Self::new(room, Kind::ROOM_TOPIC, TopicBody { topic }.to_bytes())
    }

    /// Closes a room for writing, or opens it again.
    #[must_use]
    pub fn archive(room: RoomId, archived: bool) -> Self {
        Self::new(room, Kind::ARCHIVE, ArchiveBody { archived }.to_bytes())
    }

    /// Says for how many days a room keeps what is said in it.
    #[must_use]
    pub fn keep(room: RoomId, days: Option<u32>) -> Self {
        Self::new(room, Kind::KEEP, KeepBody { days }.to_bytes())
    }

    /// Takes another name.
    #[must_use]
    pub fn rename(name: impl Into<String>) -> Self {
        Self::new(NO_ROOM, Kind::RENAME, NameBody { name: name.into() }.to_bytes())
    }

    /// Chooses a colour.
    #[must_use]
    pub fn profile(hue: Option<u16>) -> Self {
        Self::new(NO_ROOM, Kind::PROFILE, ProfileBody { hue }.to_bytes())
    }

    /// Under a name, as it lies in the outbox.
    pub(super) fn named(self, cid: Cid) -> OutboxItem {
        let Self { room, kind, target, mentions, body, from_draft: _ } = self;
        OutboxItem { cid, room, kind, target, mentions, body, failed: None }
    }
}
