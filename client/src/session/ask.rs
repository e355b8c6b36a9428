//! Questions to the server, and what becomes of them: values that are shown and never kept.

use tertulia_protocol::{
    ErrorCode, RoomId, Seq, UserId,
    entry::RoomEntry,
    reply::{MemberRow, RoomRow},
};

/// A question to the server. It is asked once: without a connection, or when that breaks, the answer is [`Answer::Cut`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which public rooms there are, behind this one.
    Browse {
        /// The last room of the answer before.
        after: Option<RoomId>,
    },
    /// Who the members of a room are, behind this one.
    Members {
        /// The room.
        room: RoomId,
        /// The last person of the answer before.
        after: Option<UserId>,
    },
    /// Where something was said.
    Search(Search),
}

/// What to look for. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Words that all stand in the text; may be empty if there is another condition.
    pub words: String,
    /// Only in this room.
    pub room: Option<RoomId>,
    /// Only of this person.
    pub author: Option<UserId>,
    /// Only from this time on, in milliseconds since 1970 (UTC).
    pub from: Option<i64>,
    /// Only before this time.
    pub until: Option<i64>,
    /// Only with a link in it.
    pub has_link: bool,
    /// Only before this place: what the answer before said in `below`.
    pub below: Option<Seq>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Public rooms, by rising id.
    Rooms {
        /// The rooms.
        rooms: Vec<RoomRow>,
        /// Whether there are more behind the last one.
        more: bool,
    },
    /// Members of a room, by rising id.
    Members {
        /// The room.
        room: RoomId,
        /// The members.
        members: Vec<MemberRow>,
        /// Whether there are more behind the last one.
        more: bool,
    },
    /// What was found, newest first.
    Hits {
        /// The messages, with their newest text.
        hits: Vec<RoomEntry>,
        /// From where to go on, if not everything was looked through.
        below: Option<Seq>,
    },
    /// The server says no.
    Refused {
        /// Why.
        code: ErrorCode,
        /// What the translation of the code needs.
        params: Vec<String>,
    },
    /// There is no connection, or it broke before the answer.
    Cut,
}
