//! Writing what was said in a room: a line of JSON for each entry, for other programs and other chats.
//!
//! Every placed entry of the room gets a line, in order, so that `rseq` has no holes; `kind` says in a word what it is,
//! and what was erased says so instead of a text. It reads no more than one entry at a time.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tertulia_protocol::{
    Kind, RoomId,
    entry::{
        ArchiveBody, ExpireBody, KeepBody, MemberBody, MessageBody, NameBody, ReactionBody, RoleBody, RoomOpenBody,
        TopicBody,
    },
    reply::{ROLE_MEMBER, ROLE_OWNER},
};

use super::Trouble;
use crate::{
    chat::Chat,
    log::{
        Entry,
        store::{OpenError, Snapshot},
    },
};

/// Writes the room to `out`. The inner result is what became of `out`.
pub(super) fn export(database: &Path, room: &str, out: &mut dyn Write) -> Result<io::Result<()>, Trouble> {
    let snapshot = Snapshot::open(database).map_err(Trouble::unusable)?;
    let mut chat = Chat::new();
    snapshot.for_each(|entry| chat.apply(entry).map(drop).map_err(Trouble::wrong))?;
    let id = find(&chat, room)?;
    let written = snapshot.for_each(|entry| match line(&chat, id, entry) {
        Some(line) => writeln!(out, "{line}").map_err(Stop::Out),
        None => Ok(()),
    });
    match written {
        Ok(()) => Ok(Ok(())),
        Err(Stop::Out(error)) => Ok(Err(error)),
        Err(Stop::Log(error)) => Err(error.into()),
    }
}

enum Stop {
    Out(io::Error),
    Log(OpenError),
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        Self::Log(error)
    }
}

/// A room by its name, or by its number: names of private rooms may be the same, and direct ones have none. A number with
/// `#` before it is never a name.
fn find(chat: &Chat, wanted: &str) -> Result<RoomId, Trouble> {
    let is_called = |name: &str| !name.is_empty() && name == wanted;
    let named: Vec<RoomId> = chat.rooms().filter(|(_, room)| is_called(room.name())).map(|(id, _)| id).collect();
    let number = |digits: &str| digits.parse().map(RoomId).ok().filter(|id| chat.room(*id).is_some());
    if let Some(id) = wanted.strip_prefix('#').and_then(number) {
        return Ok(id);
    }
    let mut meant = named;
    meant.extend(number(wanted).filter(|id| !meant.contains(id)));
    match &meant[..] {
        [one] => Ok(*one),
        [] => Err(Trouble::wrong(format_args!("there is no room {wanted:?}"))),
        several => {
            let numbers: Vec<String> = several.iter().map(|id| format!("#{id}")).collect();
            let numbers = numbers.join(", ");
            Err(Trouble::wrong(format_args!(
                "several rooms may be meant by {wanted:?}: choose one by its number, {numbers}"
            )))
        }
    }
}

/// What is told of an entry; `None` if it has no place in the room.
fn line(chat: &Chat, id: RoomId, entry: &Entry) -> Option<Value> {
    // The entry that opens a room stands in no other.
    if entry.room != id && entry.seq.0 != id.0 {
        return None;
    }
    let room = chat.room(id)?;
    let (rseq, _) = room.places().find(entry.seq)?;
    let mut line = Map::new();
    line.insert("room".into(), room.name().into());
    line.insert("seq".into(), entry.seq.0.into());
    line.insert("rseq".into(), rseq.0.into());
    line.insert("time".into(), time(entry.at).into());
    line.insert("user".into(), chat.directory().name(entry.author).into());
    line.insert("kind".into(), word(entry.kind));
    if let Some(target) = entry.target {
        line.insert("target".into(), target.0.into());
    }
    if !entry.mentions.is_empty() {
        line.insert("mentions".into(), entry.mentions.iter().map(|user| chat.directory().name(*user)).collect());
    }
    if room.is_blank(rseq, entry.kind, entry.target) {
        line.insert("erased".into(), true.into());
    } else {
        line.extend(said(chat, entry).unwrap_or_default().into_iter().map(|(key, said)| (key.to_owned(), said)));
    }
    Some(Value::Object(line))
}

fn time(at: i64) -> String {
    let since = UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or(0));
    humantime::format_rfc3339_millis(since).to_string()
}

fn word(kind: Kind) -> Value {
    let word = match kind {
        Kind::GENESIS => "genesis",
        Kind::ROOM_OPEN => "room_open",
        Kind::ROOM_NAME => "room_name",
        Kind::ROOM_TOPIC => "room_topic",
        Kind::JOIN => "join",
        Kind::LEAVE => "leave",
        Kind::INVITE => "invite",
        Kind::REMOVE => "remove",
        Kind::ROLE => "role",
        Kind::ARCHIVE => "archive",
        Kind::KEEP => "keep",
        Kind::EXPIRE => "expire",
        Kind::MESSAGE => "message",
        Kind::EDIT => "edit",
        Kind::DELETE => "delete",
        Kind::REACT => "react",
        Kind::UNREACT => "unreact",
        Kind(other) => return json!(other),
    };
    word.into()
}

/// What an entry says, and under which keys.
fn said(chat: &Chat, entry: &Entry) -> Option<Vec<(&'static str, Value)>> {
    let body = &entry.body;
    let name = |user| chat.directory().name(user);
    Some(match entry.kind {
        Kind::MESSAGE | Kind::EDIT => vec![("text", MessageBody::from_bytes(body)?.text.into())],
        Kind::REACT | Kind::UNREACT => vec![("emoji", ReactionBody::from_bytes(body)?.emoji.into())],
        Kind::ROOM_OPEN => {
            let RoomOpenBody { kind: _, name: called, topic, with } = RoomOpenBody::from_bytes(body)?;
            let called = called.map(|called| ("name", called.into()));
            let topic = topic.map(|topic| ("topic", topic.into()));
            let with = with.map(|user| ("whom", name(user).into()));
            [called, topic, with].into_iter().flatten().collect()
        }
        Kind::ROOM_NAME => vec![("name", NameBody::from_bytes(body)?.name.into())],
        Kind::ROOM_TOPIC => vec![("topic", TopicBody::from_bytes(body)?.topic.into())],
        Kind::INVITE | Kind::REMOVE => vec![("whom", name(MemberBody::from_bytes(body)?.user).into())],
        Kind::ROLE => {
            let RoleBody { user, role } = RoleBody::from_bytes(body)?;
            let role = match role {
                ROLE_MEMBER => "member".into(),
                ROLE_OWNER => "owner".into(),
                other => json!(other),
            };
            vec![("whom", name(user).into()), ("role", role)]
        }
        Kind::ARCHIVE => vec![("archived", ArchiveBody::from_bytes(body)?.archived.into())],
        Kind::KEEP => vec![("days", KeepBody::from_bytes(body)?.days.into())],
        Kind::EXPIRE => vec![("upto", ExpireBody::from_bytes(body)?.upto.0.into())],
        _ => return None,
    })
}
