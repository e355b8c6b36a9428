//! Admission: holds a wish against what is known, and writes the draft. What it computes from a library's tables or
//! takes from the configuration goes into the draft, so that apply need not know it.
//!
//! Two halves: what can be said of a wish by itself is always checked; what depends on the state is checked only when
//! nothing of the same author is in flight, because the state is about to change then, and apply decides anyway.

use tertulia_protocol::{
    Cid, DeviceId, ErrorCode, Kind, LogId, PublicKey, RoomId, Rseq, Text, UserId, UserName,
    entry::{
        ArchiveBody, ExpireBody, KeepBody, MemberBody, MessageBody, NO_BODY, NameBody, NoBody, ProfileBody,
        ReactionBody, RoleBody, RoomOpenBody, TopicBody,
    },
    limits::{BODY_BYTES_MAX, EMOJI_BYTES_MAX},
    request,
};

use super::{
    Chat, RULES_VERSION, Refusal, body,
    deed::{Deed, check_columns, unreadable},
    outcome::bad_request,
};
use crate::{
    log::{Draft, Ticket},
    names,
};

/// What the first room is called.
pub const GENERAL: &str = "general";

/// Who writes: taken from the session, never from the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
}

/// The draft that begins a log.
#[must_use]
pub fn genesis(ticket: Ticket, at: i64, cid: Cid, log: LogId) -> Draft {
    let body = body::Genesis { log, rules: RULES_VERSION, general: GENERAL.to_owned() }.to_bytes();
    server_draft(ticket, at, cid, Kind::GENESIS, body)
}

/// A device key asks for a name.
///
/// # Errors
/// What the claimant is told.
pub fn claim(
    chat: &Chat,
    in_flight: bool,
    ticket: Ticket,
    at: i64,
    cid: Cid,
    key: PublicKey,
    typed: &str,
) -> Result<Draft, Refusal> {
    let (name, folded, skeletons) = person_name(typed)?;
    if !in_flight {
        chat.directory().check(&key, &name, &folded, &skeletons)?;
    }
    let body = body::NameClaim { key, name, folded, skeletons }.to_bytes();
    Ok(server_draft(ticket, at, cid, Kind::NAME_CLAIM, body))
}

/// A log that was restored from a backup goes on under another name.
#[must_use]
pub fn new_log(ticket: Ticket, at: i64, cid: Cid, log: LogId) -> Draft {
    server_draft(ticket, at, cid, Kind::NEW_LOG, body::NewLog { log }.to_bytes())
}

/// What was said in a room up to a place is to be erased, because its time is over.
#[must_use]
pub fn expire(ticket: Ticket, at: i64, cid: Cid, room: RoomId, upto: Rseq) -> Draft {
    Draft { room, ..server_draft(ticket, at, cid, Kind::EXPIRE, ExpireBody { upto }.to_bytes()) }
}

/// A client writes.
///
/// # Errors
/// What the writer is told, unless the log turns out to hold this `cid` already.
pub fn write(
    chat: &Chat,
    in_flight: bool,
    ticket: Ticket,
    at: i64,
    author: Author,
    write: request::Write,
) -> Result<Draft, Refusal> {
    let request::Write { request: _, cid, room, kind, target, mentions, body } = write;
    if !is_written_by_clients(kind) {
        return Err(Refusal::new(ErrorCode::BAD_KIND, format!("nothing of kind {} can be written", kind.0)));
    }
    if body.len() > BODY_BYTES_MAX {
        return Err(bad_text("the body is too long"));
    }
    if mentions.as_ref().is_some_and(Vec::is_empty) {
        return Err(bad_request("mentions nobody, which is said by leaving it out"));
    }
    let mentions = mentions.unwrap_or_default();
    check_columns(kind, room, target, &mentions)?;
    let body = stored_body(kind, body)?;
    let deed = Deed::read(kind, &body).transpose()?;
    if !in_flight {
        match deed {
            Some(deed) => chat.may(author.user, room, &deed)?,
            None => chat.may_write(author.user, room, kind, target)?,
        }
    }
    Ok(Draft { ticket, at, author: author.user, device: author.device, cid, room, kind, target, mentions, body })
}

fn is_written_by_clients(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::RENAME
            | Kind::PROFILE
            | Kind::ROOM_OPEN
            | Kind::ROOM_NAME
            | Kind::ROOM_TOPIC
            | Kind::JOIN
            | Kind::LEAVE
            | Kind::INVITE
            | Kind::REMOVE
            | Kind::ROLE
            | Kind::ARCHIVE
            | Kind::KEEP
            | Kind::MESSAGE
            | Kind::EDIT
            | Kind::DELETE
            | Kind::REACT
            | Kind::UNREACT
    )
}

/// The body as it is stored: of content kinds as it came, if it is one; of state kinds in our own spelling, with what
/// depends on a library's tables computed.
fn stored_body(kind: Kind, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let read = |stored: Option<Vec<u8>>| stored.ok_or_else(unreadable);
    match kind {
        Kind::MESSAGE | Kind::EDIT => check_text(&body).map(|()| body),
        Kind::REACT | Kind::UNREACT => check_emoji(&body).map(|()| body),
        Kind::DELETE => read(NoBody::from_bytes(&body).map(|_| body)),
        Kind::JOIN | Kind::LEAVE => read(NoBody::from_bytes(&body).map(|_| NO_BODY.to_vec())),
        Kind::RENAME => rename(&NameBody::from_bytes(&body).ok_or_else(unreadable)?.name),
        Kind::ROOM_NAME => {
            let (name, folded) = room_name(&NameBody::from_bytes(&body).ok_or_else(unreadable)?.name)?;
            Ok(body::RoomName { name, folded }.to_bytes())
        }
        Kind::ROOM_OPEN => room_open(RoomOpenBody::from_bytes(&body).ok_or_else(unreadable)?),
        Kind::PROFILE => read(ProfileBody::from_bytes(&body).map(|body| body.to_bytes())),
        Kind::ROOM_TOPIC => read(TopicBody::from_bytes(&body).map(|body| body.to_bytes())),
        Kind::INVITE | Kind::REMOVE => read(MemberBody::from_bytes(&body).map(|body| body.to_bytes())),
        Kind::ROLE => read(RoleBody::from_bytes(&body).map(|body| body.to_bytes())),
        Kind::ARCHIVE => read(ArchiveBody::from_bytes(&body).map(|body| body.to_bytes())),
        Kind::KEEP => read(KeepBody::from_bytes(&body).map(|body| body.to_bytes())),
        _ => Err(unreadable()),
    }
}

fn check_text(body: &[u8]) -> Result<(), Refusal> {
    let MessageBody { text } = MessageBody::from_bytes(body).ok_or_else(unreadable)?;
    match Text::parse(&text) {
        Ok(parsed) if parsed.as_str() == text => Ok(()),
        Ok(_) => Err(bad_text("the text ends with a newline")),
        Err(wrong) => Err(bad_text(&wrong.to_string())),
    }
}

fn check_emoji(body: &[u8]) -> Result<(), Refusal> {
    let ReactionBody { emoji } = ReactionBody::from_bytes(body).ok_or_else(unreadable)?;
    let is_bad = |c: char| c.is_whitespace() || c.is_control();
    if (1..=EMOJI_BYTES_MAX).contains(&emoji.len()) && !emoji.contains(is_bad) {
        return Ok(());
    }
    Err(bad_text("a reaction has 1 to 64 bytes, no white space and no control characters"))
}

fn rename(typed: &str) -> Result<Vec<u8>, Refusal> {
    let (name, folded, skeletons) = person_name(typed)?;
    Ok(body::Rename { name, folded, skeletons }.to_bytes())
}

/// A person's name in NFKC, folded, and what it looks like.
fn person_name(typed: &str) -> Result<(String, String, Vec<String>), Refusal> {
    let name = UserName::parse(typed)
        .map_err(|broken| Refusal::new(ErrorCode::BAD_NAME, broken.to_string()).with([broken.rule().to_owned()]))?;
    let (folded, skeletons) = (names::folded(&name), names::skeletons(&name));
    if names::is_reserved(&skeletons) {
        let text = format!("nobody may have the name {:?}", name.as_str());
        return Err(Refusal::new(ErrorCode::NAME_RESERVED, text).with([name.as_str().to_owned()]));
    }
    Ok((name.as_str().to_owned(), folded, skeletons))
}

fn room_name(typed: &str) -> Result<(String, String), Refusal> {
    let name = UserName::parse(typed).map_err(|broken| {
        Refusal::new(ErrorCode::BAD_ROOM_NAME, broken.to_string()).with([broken.rule().to_owned()])
    })?;
    Ok((name.as_str().to_owned(), names::folded(&name)))
}

fn room_open(open: RoomOpenBody) -> Result<Vec<u8>, Refusal> {
    let RoomOpenBody { kind, name, topic, with } = open;
    let (name, folded) = name.map(|typed| room_name(&typed)).transpose()?.unzip();
    Ok(body::RoomOpen { kind, name, topic, with, folded }.to_bytes())
}

fn bad_text(why: &str) -> Refusal {
    Refusal::new(ErrorCode::BAD_TEXT, why)
}

fn server_draft(ticket: Ticket, at: i64, cid: Cid, kind: Kind, body: Vec<u8>) -> Draft {
    Draft {
        ticket,
        at,
        author: UserId(0),
        device: DeviceId(0),
        cid,
        room: RoomId(0),
        kind,
        target: None,
        mentions: Vec::new(),
        body,
    }
}
