//! A log that was set back: what stands behind the cut leaves its numbered place, and is kept aside.

use rusqlite::{Connection, params};
use tertulia_protocol::{
    Entry, ErrorCode, Kind, PublicKey, RoomId, Seq, UserId,
    entry::{MemberBody, MessageBody, RoleBody, RoomOpenBody},
};

use super::rows::{self, server_id, signed};

/// `general`, which every log has.
const GENERAL: i64 = 1;

/// Moves all that stands behind a place out of the way. With 0, the log is another one, and everything is.
pub(super) fn cut(connection: &Connection, id: i64, upto: Seq) -> rusqlite::Result<()> {
    let key = (id, signed(upto.0));
    fail_what_has_lost_its_place(connection, id, upto)?;
    fail_what_is_about_nobody(connection, id, upto)?;
    take_drafts(connection, id, upto)?;
    // Messages and edits are somebody's words; who reacted or came is not worth keeping without a place.
    let sql = format!(
        "INSERT INTO lost (server, room, {columns}) SELECT server, room, {columns} FROM entries \
         WHERE server = ?1 AND seq > ?2 AND kind IN ({}, {}) AND body <> x'' ORDER BY seq",
        Kind::MESSAGE.0,
        Kind::EDIT.0,
        columns = rows::ENTRY
    );
    connection.execute(&sql, key)?;
    // What is said about a place is known up to that place alone: what came behind it may be another thing now.
    for sql in [
        "DELETE FROM runs WHERE server = ?1 AND first >= \
         (SELECT min(rseq) FROM entries e WHERE e.server = ?1 AND e.room = runs.room AND e.seq > ?2)",
        "UPDATE runs SET last = min(last, coalesce((SELECT min(rseq) - 1 FROM entries e \
         WHERE e.server = ?1 AND e.room = runs.room AND e.seq > ?2), last)) WHERE server = ?1",
        "UPDATE runs SET known = last WHERE server = ?1 AND ?2 >= 0",
        "DELETE FROM entries WHERE server = ?1 AND seq > ?2",
        "DELETE FROM users WHERE server = ?1 AND user > ?2",
        "UPDATE servers SET since = min(since, ?2), set_back = iif(?2 = 0, 2, 1) WHERE id = ?1",
        "UPDATE rooms SET read = 0, mark = NULL, mark_count = NULL, mentions = NULL WHERE server = ?1 AND ?2 >= 0",
    ] {
        connection.execute(sql, key)?;
    }
    let key = (id, signed(upto.0), GENERAL);
    connection.execute("DELETE FROM rooms WHERE server = ?1 AND room > max(?2, ?3)", key)?;
    connection.execute("DELETE FROM runs WHERE server = ?1 AND room > max(?2, ?3)", key)?;
    Ok(())
}

/// What waits to be sent into a room, or about a message, that is not there any more, must not be sent about another
/// one that has the number now.
fn fail_what_has_lost_its_place(connection: &Connection, id: i64, upto: Seq) -> rusqlite::Result<()> {
    let sql = "UPDATE outbox SET code = ?3, params = '[]' WHERE server = ?1 AND code IS NULL \
               AND (room > max(?2, ?4) OR (?2 = 0 AND room = 0))";
    connection.execute(sql, params![id, signed(upto.0), ErrorCode::NO_ROOM.0, GENERAL])?;
    let sql = "UPDATE outbox SET code = ?3, params = '[]' WHERE server = ?1 AND code IS NULL AND target IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.server = ?1 AND e.room = outbox.room \
               AND e.rseq = outbox.target AND e.seq <= ?2)";
    connection.execute(sql, params![id, signed(upto.0), ErrorCode::NO_TARGET.0])?;
    Ok(())
}

/// Whoever has the number of a person that is not there any more is somebody else: nobody is brought into a room, or
/// called, in the place of another. The number goes, so that it means nobody when it is tried again, either.
fn fail_what_is_about_nobody(connection: &Connection, id: i64, upto: Seq) -> rusqlite::Result<()> {
    let sql = "SELECT place, kind, mentions, body FROM outbox WHERE server = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        let mentions: Option<Vec<u8>> = row.get(2)?;
        Ok((
            row.get::<_, i64>(0)?,
            Kind(row.get(1)?),
            mentions.map(|bytes| rows::people(&bytes)),
            row.get::<_, Vec<u8>>(3)?,
        ))
    };
    let waiting = statement.query_map([id], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let is_gone = |user: UserId| user.0 > upto.0;
    let sql = "UPDATE outbox SET code = coalesce(code, ?2), params = coalesce(params, '[]'), mentions = ?3, body = ?4 \
               WHERE place = ?1";
    for (place, kind, mentions, body) in waiting {
        let mentions: Vec<UserId> = mentions.unwrap_or_default();
        let about_nobody = about_nobody(kind, &body, is_gone);
        if about_nobody.is_some() || mentions.iter().copied().any(is_gone) {
            let there: Vec<UserId> = mentions.into_iter().filter(|user| !is_gone(*user)).collect();
            let body = about_nobody.unwrap_or(body);
            connection.execute(sql, params![place, ErrorCode::NO_USER.0, rows::people_bytes(&there), body])?;
        }
    }
    Ok(())
}

/// The body without the person that it is about, if that one is not there any more.
fn about_nobody(kind: Kind, body: &[u8], is_gone: impl Fn(UserId) -> bool) -> Option<Vec<u8>> {
    let user = UserId(0);
    match kind {
        Kind::INVITE | Kind::REMOVE => {
            let member = MemberBody::from_bytes(body)?;
            is_gone(member.user).then(|| MemberBody { user }.to_bytes())
        }
        Kind::ROLE => {
            let role = RoleBody::from_bytes(body)?;
            is_gone(role.user).then(|| RoleBody { user, ..role }.to_bytes())
        }
        Kind::ROOM_OPEN => {
            let open = RoomOpenBody::from_bytes(body)?;
            open.with.is_some_and(is_gone).then(|| RoomOpenBody { with: Some(user), ..open }.to_bytes())
        }
        _ => None,
    }
}

/// What stands in the composer of a room that is not there any more must not stand in that of another one that gets its
/// number: it goes to the other words, as of when the room was last heard of. An answer to nothing is a message.
fn take_drafts(connection: &Connection, id: i64, upto: Seq) -> rusqlite::Result<()> {
    let key = (id, signed(upto.0), GENERAL);
    let sql = "SELECT d.room, d.text, coalesce(s.user, 0), \
               coalesce((SELECT max(at) FROM entries e WHERE e.server = d.server AND e.room = d.room), \
               (SELECT max(at) FROM entries e WHERE e.server = d.server), 0) \
               FROM drafts d JOIN servers s ON s.id = d.server WHERE d.server = ?1 AND d.room > max(?2, ?3) ORDER BY d.room";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    };
    let drafts = statement.query_map(key, read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let sql = "INSERT INTO lost (server, room, rseq, seq, count, at, author, device, kind, body) \
               VALUES (?1, ?2, 0, 0, 0, ?3, ?4, 0, ?5, ?6)";
    for (room, text, author, at) in drafts.into_iter().filter(|draft| !draft.1.trim().is_empty()) {
        let body = MessageBody { text }.to_bytes();
        connection.execute(sql, params![id, room, at, author, Kind::MESSAGE.0, body])?;
    }
    connection.execute("DELETE FROM drafts WHERE server = ?1 AND room > max(?2, ?3)", key)?;
    let sql = "UPDATE drafts SET answers = NULL WHERE server = ?1 AND answers IS NOT NULL AND NOT EXISTS (SELECT 1 \
               FROM entries e WHERE e.server = ?1 AND e.room = drafts.room AND e.rseq = drafts.answers AND e.seq <= ?2)";
    connection.execute(sql, (id, signed(upto.0)))?;
    connection.execute("DELETE FROM drafts WHERE server = ?1 AND text = '' AND answers IS NULL", [id])?;
    Ok(())
}

pub(super) fn lost(connection: &Connection, server: &PublicKey, most: u32) -> rusqlite::Result<Vec<(RoomId, Entry)>> {
    let Some(id) = server_id(connection, server)? else { return Ok(Vec::new()) };
    let sql = format!("SELECT {}, room FROM lost WHERE server = ?1 ORDER BY rowid LIMIT ?2", rows::ENTRY);
    let read = |row: &rusqlite::Row<'_>| Ok((RoomId(row.get::<_, i64>(10)?.cast_unsigned()), rows::entry(row)?));
    connection.prepare_cached(&sql)?.query_map((id, most), read)?.collect()
}
