//! A log that was set back: what stands behind the cut leaves its numbered place, and is kept aside.

use rusqlite::{Connection, params};
use tertulia_protocol::{Entry, ErrorCode, Kind, PublicKey, RoomId, Seq};

use super::rows::{self, server_id, signed};

/// `general`, which every log has.
const GENERAL: i64 = 1;

/// Moves all that stands behind a place out of the way. With 0, the log is another one, and everything is.
pub(super) fn cut(connection: &Connection, id: i64, upto: Seq) -> rusqlite::Result<()> {
    let key = (id, signed(upto.0));
    fail_what_has_lost_its_place(connection, id, upto)?;
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

pub(super) fn lost(connection: &Connection, server: &PublicKey, most: u32) -> rusqlite::Result<Vec<(RoomId, Entry)>> {
    let Some(id) = server_id(connection, server)? else { return Ok(Vec::new()) };
    let sql = format!("SELECT {}, room FROM lost WHERE server = ?1 ORDER BY rowid LIMIT ?2", rows::ENTRY);
    let read = |row: &rusqlite::Row<'_>| Ok((RoomId(row.get::<_, i64>(10)?.cast_unsigned()), rows::entry(row)?));
    connection.prepare_cached(&sql)?.query_map((id, most), read)?.collect()
}
