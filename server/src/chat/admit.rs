//! Admission: holds a wish against what is known, and writes the draft. What it computes from a library's tables or
//! takes from the configuration goes into the draft, so that apply need not know it.
//!
//! Two halves: what can be said of a wish by itself is always checked; what depends on the state is checked only when
//! nothing of the same author is in flight, because the state is about to change then, and apply decides anyway.

use tertulia_protocol::{
    Cid, DeviceId, ErrorCode, Kind, PublicKey, RoomId, Text, UserId, UserName,
    entry::MessageBody,
    limits::{BODY_BYTES_MAX, MENTIONS_MAX},
    request,
};

use super::{Chat, RULES_VERSION, Refusal, body, no_room};
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
pub fn genesis(ticket: Ticket, at: i64, cid: Cid, log: tertulia_protocol::LogId) -> Draft {
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
    let name = UserName::parse(typed)
        .map_err(|broken| Refusal::new(ErrorCode::BAD_NAME, broken.to_string()).with([broken.rule().to_owned()]))?;
    let (folded, skeletons) = (names::folded(&name), names::skeletons(&name));
    if names::is_reserved(&skeletons) {
        let text = format!("nobody may have the name {:?}", name.as_str());
        return Err(Refusal::new(ErrorCode::NAME_RESERVED, text).with([name.as_str().to_owned()]));
    }
    if !in_flight {
        chat.directory().check(&key, name.as_str(), &folded, &skeletons)?;
    }
    let body = body::NameClaim { key, name: name.as_str().to_owned(), folded, skeletons }.to_bytes();
    Ok(server_draft(ticket, at, cid, Kind::NAME_CLAIM, body))
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
    if kind != Kind::MESSAGE {
        return Err(Refusal::new(ErrorCode::BAD_KIND, format!("nothing of kind {} can be written", kind.0)));
    }
    if body.len() > BODY_BYTES_MAX {
        return Err(Refusal::new(ErrorCode::BAD_TEXT, "the body is too long"));
    }
    let Some(message) = MessageBody::from_bytes(&body) else {
        return Err(Refusal::new(ErrorCode::BAD_TEXT, "the body is not a message"));
    };
    match Text::parse(&message.text) {
        Ok(text) if text.as_str() == message.text => {}
        Ok(_) => return Err(Refusal::new(ErrorCode::BAD_TEXT, "the text ends with a newline")),
        Err(wrong) => return Err(Refusal::new(ErrorCode::BAD_TEXT, wrong.to_string())),
    }
    if target.is_some() {
        return Err(Refusal::new(ErrorCode::BAD_REQUEST, "a message is about no other entry"));
    }
    if mentions.as_ref().is_some_and(Vec::is_empty) {
        return Err(Refusal::new(ErrorCode::BAD_REQUEST, "mentions nobody, which is said by leaving it out"));
    }
    let mentions = mentions.unwrap_or_default();
    if mentions.len() > MENTIONS_MAX {
        return Err(Refusal::new(ErrorCode::BAD_REQUEST, format!("more than {MENTIONS_MAX} mentions")));
    }
    if !in_flight && chat.readable(room, author.user).is_none() {
        return Err(no_room());
    }
    Ok(Draft { ticket, at, author: author.user, device: author.device, cid, room, kind, target, mentions, body })
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
