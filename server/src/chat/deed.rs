//! What an entry of a state kind wants, read out of its body: the one place that knows which body belongs to which kind
//! and what a body may say by itself. Admit asks before it writes the draft, apply asks again.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Rseq, UserId,
    entry::{ArchiveBody, ExpireBody, KeepBody, MemberBody, ProfileBody, RoleBody, TopicBody},
    limits::{MENTIONS_MAX, NAME_BYTES_MAX, TOPIC_BYTES_MAX},
    reply::{ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC},
};

use super::{
    body::{Rename, RoomName, RoomOpen},
    outcome::{Refusal, bad_request, no_room, no_target},
};

/// The longest that a room may be told to keep what is said, in days: a century.
const KEEP_DAYS_MAX: u32 = 36_500;

/// The greatest hue, in degrees.
const HUE_MAX: u16 = 359;

/// What an entry of a state kind wants that a user may write, or retention does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Rename(Rename),
    Profile { hue: Option<u16> },
    Open(RoomOpen),
    Name(RoomName),
    Topic(Option<String>),
    Join,
    Leave,
    Invite(UserId),
    Remove(UserId),
    Role(UserId, u16),
    Archive(bool),
    Keep(Option<u32>),
    Expire(Rseq),
}

impl Deed {
    /// Reads the body of a state kind. `None` if the kind is not one of these.
    pub(super) fn read(kind: Kind, body: &[u8]) -> Option<Result<Self, Refusal>> {
        let deed = match kind {
            Kind::RENAME => Rename::from_bytes(body).map(Self::Rename),
            Kind::PROFILE => ProfileBody::from_bytes(body).map(|ProfileBody { hue }| Self::Profile { hue }),
            Kind::ROOM_OPEN => RoomOpen::from_bytes(body).map(Self::Open),
            Kind::ROOM_NAME => RoomName::from_bytes(body).map(Self::Name),
            Kind::ROOM_TOPIC => TopicBody::from_bytes(body).map(|TopicBody { topic }| Self::Topic(topic)),
            Kind::JOIN => Some(Self::Join),
            Kind::LEAVE => Some(Self::Leave),
            Kind::INVITE => MemberBody::from_bytes(body).map(|MemberBody { user }| Self::Invite(user)),
            Kind::REMOVE => MemberBody::from_bytes(body).map(|MemberBody { user }| Self::Remove(user)),
            Kind::ROLE => RoleBody::from_bytes(body).map(|RoleBody { user, role }| Self::Role(user, role)),
            Kind::ARCHIVE => ArchiveBody::from_bytes(body).map(|ArchiveBody { archived }| Self::Archive(archived)),
            Kind::KEEP => KeepBody::from_bytes(body).map(|KeepBody { days }| Self::Keep(days)),
            Kind::EXPIRE => ExpireBody::from_bytes(body).map(|ExpireBody { upto }| Self::Expire(upto)),
            _ => return None,
        };
        Some(deed.ok_or_else(unreadable).and_then(|deed| deed.check().map(|()| deed)))
    }

    /// What can be said of it without knowing the state.
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Rename(Rename { name, .. }) if !is_name(name) => {
                Err(Refusal::new(ErrorCode::BAD_NAME, "not a name").with(["character".to_owned()]))
            }
            Self::Name(RoomName { name, .. }) if !is_name(name) => Err(bad_room_name()),
            Self::Profile { hue: Some(hue) } if *hue > HUE_MAX => Err(bad_request("a hue goes up to 359")),
            Self::Keep(Some(days)) if !(1..=KEEP_DAYS_MAX).contains(days) => {
                Err(bad_request("days go from 1 to 36500"))
            }
            Self::Role(_, role) if ![ROLE_MEMBER, ROLE_OWNER].contains(role) => Err(bad_request("no such role")),
            Self::Topic(Some(topic)) if !is_topic(topic) => Err(bad_topic()),
            Self::Open(open) => check_open(open),
            _ => Ok(()),
        }
    }
}

fn check_open(open: &RoomOpen) -> Result<(), Refusal> {
    match open {
        RoomOpen { topic: Some(topic), .. } if !is_topic(topic) => Err(bad_topic()),
        RoomOpen { kind: ROOM_PUBLIC | ROOM_PRIVATE, name: Some(name), folded: Some(_), with: None, .. } => {
            if is_name(name) { Ok(()) } else { Err(bad_room_name()) }
        }
        RoomOpen { kind: ROOM_DIRECT, name: None, topic: None, with: Some(_), folded: None } => Ok(()),
        _ => Err(bad_request("a room is public or private and has a name, or it is direct and has another person")),
    }
}

/// Bounds only: whether it is a good name was decided by admit, from tables that apply must not know.
fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control)
}

fn is_topic(topic: &str) -> bool {
    (1..=TOPIC_BYTES_MAX).contains(&topic.len()) && !topic.contains(char::is_control)
}

fn bad_topic() -> Refusal {
    Refusal::new(ErrorCode::BAD_TEXT, "a topic has 1 to 256 bytes and no control characters")
}

fn bad_room_name() -> Refusal {
    Refusal::new(ErrorCode::BAD_ROOM_NAME, "not a name").with(["character".to_owned()])
}

/// A body that is not of its kind.
pub(super) fn unreadable() -> Refusal {
    Refusal::new(ErrorCode::BAD_TEXT, "the body is not of its kind")
}

/// Which columns fit the kind: what can be said of them without knowing the state.
pub(super) fn check_columns(
    kind: Kind,
    room: RoomId,
    target: Option<Rseq>,
    mentions: &[UserId],
) -> Result<(), Refusal> {
    let belongs_to_none =
        matches!(kind, Kind::NAME_CLAIM | Kind::NEW_LOG | Kind::RENAME | Kind::PROFILE | Kind::ROOM_OPEN);
    if belongs_to_none && room != RoomId(0) {
        return Err(bad_request("this kind is written to room 0"));
    }
    if !belongs_to_none && room == RoomId(0) {
        return Err(no_room());
    }
    let is_about_another = matches!(kind, Kind::EDIT | Kind::DELETE | Kind::REACT | Kind::UNREACT);
    if is_about_another && target.is_none() {
        return Err(no_target("it says nothing about which message"));
    }
    if kind.is_state() && target.is_some() {
        return Err(bad_request("this kind is about no other entry"));
    }
    if !mentions.is_empty() && (kind.is_state() || matches!(kind, Kind::DELETE | Kind::REACT | Kind::UNREACT)) {
        return Err(bad_request("this kind mentions nobody"));
    }
    if mentions.len() > MENTIONS_MAX {
        return Err(bad_request("more than 50 mentions"));
    }
    Ok(())
}
