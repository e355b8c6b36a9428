//! A room as the window knows it: how it stands, its rows, and what is written in it.
//!
//! Owns what is unread. What the room is called is the model's business, for a direct one is called by a person.

use tertulia_protocol::{
    RoomId, Rseq, UserId, limits,
    reply::{ROLE_OWNER, ROOM_DIRECT, ROOM_PUBLIC},
};

use super::timeline::Timeline;
use crate::session::{DraftText, RoomState};

/// The room of everybody, by its number.
pub const GENERAL: RoomId = RoomId(1);

/// A room with its rows.
#[derive(Clone, Debug)]
pub struct Room {
    /// Which one.
    pub id: RoomId,
    /// How it stands.
    pub state: RoomState,
    /// Its rows.
    pub timeline: Timeline,
    /// What stands in its composer.
    pub draft: DraftText,
    /// Where what is new begins: behind this place. It stays while the person looks, so that the line does not vanish.
    pub new_since: Option<Rseq>,
    /// Where somebody was reading who was not at the end: a row, and how far below the top of the view it stood.
    pub reading: Option<(Rseq, i32)>,
    /// Who is writing in it, and since when we know.
    typing: (Vec<UserId>, i64),
}

impl Room {
    pub(super) fn new(state: RoomState) -> Self {
        Self {
            id: state.row.room,
            state,
            timeline: Timeline::default(),
            draft: DraftText::default(),
            new_since: None,
            reading: None,
            typing: (Vec::new(), 0),
        }
    }

    /// Whether it is the room of everybody.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.id == GENERAL
    }

    /// Whether it is the room of two people.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.state.row.kind == ROOM_DIRECT
    }

    /// Whether anybody may find it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.state.row.kind == ROOM_PUBLIC
    }

    /// Whether we are an owner of it.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.state.row.role == Some(ROLE_OWNER)
    }

    /// Whether it is closed for writing.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.state.row.archived == Some(true)
    }

    /// Whether it has a place in the list: a direct room in which nothing was ever said has none before it is opened.
    pub(super) fn is_listed(&self) -> bool {
        !(self.state.gone && self.state.row.head.0 == 0)
    }

    /// How many messages were not read.
    #[must_use]
    pub fn unread(&self) -> u64 {
        // Without a connection the count behind the mark is not known; that all was read is.
        if self.state.gone || self.state.read >= self.state.row.head { 0 } else { self.state.unread() }
    }

    /// How many of them mention us.
    #[must_use]
    pub fn mentions(&self) -> u64 {
        if self.unread() == 0 { 0 } else { self.state.mentions() }
    }

    pub(super) fn set_typing(&mut self, users: Vec<UserId>, now_ms: i64) {
        self.typing = (users, now_ms);
    }

    /// Who has just written something is not writing it any more.
    pub(super) fn has_written(&mut self, user: UserId) {
        self.typing.0.retain(|typing| *typing != user);
    }

    /// Who is writing, as far as is known at this time.
    pub(super) fn typing_at(&self, now_ms: i64) -> &[UserId] {
        let (users, since) = &self.typing;
        if (0..limits::TYPING_MS.cast_signed()).contains(&now_ms.saturating_sub(*since)) { users } else { &[] }
    }
}

/// `general`, with nothing in it, for the tests of what is painted.
#[cfg(all(test, feature = "window"))]
pub(crate) fn general_for_tests() -> RoomState {
    use tertulia_protocol::reply::{ROLE_MEMBER, RoomRow};
    RoomState::new(RoomRow {
        room: GENERAL,
        kind: ROOM_PUBLIC,
        name: "general".into(),
        head: Rseq(0),
        count: 0,
        topic: None,
        role: Some(ROLE_MEMBER),
        mark: None,
        mark_count: None,
        mentions: None,
        archived: None,
        with: None,
        members: None,
        keep_days: None,
    })
}
