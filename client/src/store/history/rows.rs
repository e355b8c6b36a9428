//! Rows ⇄ values: how each table is read, and the few conversions that reading and writing share.

use rusqlite::{Connection, OptionalExtension as _, Row};
use tertulia_protocol::{
    Cid, DeviceId, Entry, ErrorCode, Kind, LogId, PublicKey, RoomId, Rseq, Seq, UserId,
    reply::{Lineage, RoomRow, UserRow},
};

use crate::session::{DraftText, Failure, Loaded, OutboxItem, RoomState, Run, Saved, SetBack};

/// The columns of an entry, in the order of [`entry`].
pub(super) const ENTRY: &str = "rseq, seq, count, at, author, device, kind, target, mentions, body";

/// The most people that are read from a row: far more than an entry may mention.
const MENTIONS_MAX: usize = 1_000;

pub(super) fn server_id(connection: &Connection, server: &PublicKey) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT id FROM servers WHERE key = ?1", [&server.0[..]], |row| row.get(0)).optional()
}

pub(super) fn saved(connection: &Connection, server: &PublicKey) -> rusqlite::Result<Saved> {
    let Some(id) = server_id(connection, server)? else { return Ok(Saved::default()) };
    let sql = "SELECT since, user, name, set_back FROM servers WHERE id = ?1";
    let (since, me, set_back) = connection.query_row(sql, [id], |row| {
        let user = unsigned_option(row, 1)?.map(UserId);
        let set_back = match row.get::<_, Option<i64>>(3)? {
            Some(1) => Some(SetBack::ToABackup),
            Some(_) => Some(SetBack::AnotherLog),
            None => None,
        };
        Ok((Seq(unsigned(row, 0)?), user.zip(row.get::<_, Option<String>>(2)?), set_back))
    })?;
    let lineage = all(connection, "SELECT log, begins FROM lineage WHERE server = ?1 ORDER BY at", id, |row| {
        Ok(Lineage { log: LogId(row.get(0)?), from: Seq(unsigned(row, 1)?) })
    })?;
    let users = all(connection, "SELECT user, name, hue FROM users WHERE server = ?1 ORDER BY user", id, |row| {
        Ok(UserRow { user: UserId(unsigned(row, 0)?), name: row.get(1)?, hue: row.get(2)? })
    })?;
    let outbox = all(
        connection,
        "SELECT cid, room, kind, target, mentions, body, code, params FROM outbox WHERE server = ?1 ORDER BY place",
        id,
        outbox_item,
    )?;
    let drafts =
        all(connection, "SELECT room, text, answers FROM drafts WHERE server = ?1 ORDER BY room", id, |row| {
            let draft = DraftText { text: row.get(1)?, answers: unsigned_option(row, 2)?.map(Rseq) };
            Ok((RoomId(unsigned(row, 0)?), draft))
        })?;
    let lost = connection.query_row("SELECT count(*) FROM lost WHERE server = ?1", [id], |row| unsigned(row, 0))?;
    Ok(Saved { me, lineage, since, users, rooms: rooms(connection, id)?, outbox, drafts, lost, set_back })
}

fn rooms(connection: &Connection, id: i64) -> rusqlite::Result<Vec<(RoomState, Vec<Run>)>> {
    let sql = "SELECT room, kind, name, head, count, topic, role, mark, mark_count, mentions, archived, peer, members, \
               keep_days, gone, read FROM rooms WHERE server = ?1 ORDER BY room";
    let states = all(connection, sql, id, |row| {
        let room = RoomRow {
            room: RoomId(unsigned(row, 0)?),
            kind: row.get(1)?,
            name: row.get(2)?,
            head: Rseq(unsigned(row, 3)?),
            count: unsigned(row, 4)?,
            topic: row.get(5)?,
            role: row.get(6)?,
            mark: unsigned_option(row, 7)?.map(Rseq),
            mark_count: unsigned_option(row, 8)?,
            mentions: unsigned_option(row, 9)?,
            archived: row.get(10)?,
            with: unsigned_option(row, 11)?.map(UserId),
            members: unsigned_option(row, 12)?,
            keep_days: row.get(13)?,
        };
        Ok(RoomState { row: room, gone: row.get(14)?, read: Rseq(unsigned(row, 15)?) })
    })?;
    let sql = "SELECT first, last, known FROM runs WHERE server = ?1 AND room = ?2 ORDER BY first";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rooms = Vec::with_capacity(states.len());
    for state in states {
        let runs = statement.query_map((id, signed(state.row.room.0)), |row| {
            Ok(Run { first: unsigned(row, 0)?, last: unsigned(row, 1)?, known: unsigned(row, 2)? })
        })?;
        let runs = runs.collect::<rusqlite::Result<_>>()?;
        rooms.push((state, runs));
    }
    Ok(rooms)
}

pub(super) fn load(
    connection: &Connection,
    server: &PublicKey,
    room: RoomId,
    from: Rseq,
    to: Rseq,
) -> rusqlite::Result<Loaded> {
    let Some(id) = server_id(connection, server)? else { return Ok(Loaded::default()) };
    let range = (id, signed(room.0), signed(from.0), signed(to.0));
    let sql =
        format!("SELECT {ENTRY} FROM entries WHERE server = ?1 AND room = ?2 AND rseq BETWEEN ?3 AND ?4 ORDER BY rseq");
    let entries = connection.prepare_cached(&sql)?.query_map(range, entry)?.collect::<rusqlite::Result<_>>()?;
    let later = connection.prepare_cached(&later())?.query_map(range, entry)?.collect::<rusqlite::Result<_>>()?;
    Ok(Loaded { entries, later })
}

/// What is said about a range from outside it. Left to choose, SQLite may read the whole room to have the order for nothing.
pub(super) fn later() -> String {
    format!(
        "SELECT {ENTRY} FROM entries INDEXED BY entries_target WHERE server = ?1 AND room = ?2 \
         AND target BETWEEN ?3 AND ?4 AND kind <> {} AND rseq NOT BETWEEN ?3 AND ?4 ORDER BY rseq",
        Kind::MESSAGE.0
    )
}

pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        rseq: Rseq(unsigned(row, 0)?),
        seq: Seq(unsigned(row, 1)?),
        count: unsigned(row, 2)?,
        at: row.get(3)?,
        author: UserId(unsigned(row, 4)?),
        device: DeviceId(unsigned(row, 5)?),
        kind: Kind(row.get(6)?),
        target: unsigned_option(row, 7)?.map(Rseq),
        mentions: row.get::<_, Option<Vec<u8>>>(8)?.map(|bytes| people(&bytes)),
        body: row.get(9)?,
        cid: None,
    })
}

fn outbox_item(row: &Row<'_>) -> rusqlite::Result<OutboxItem> {
    let failed = row.get::<_, Option<u16>>(6)?.map(|code| {
        let params = row.get::<_, Option<String>>(7).ok().flatten();
        let params = params.and_then(|params| serde_json::from_str(&params).ok()).unwrap_or_default();
        Failure { code: ErrorCode(code), params }
    });
    Ok(OutboxItem {
        cid: Cid(row.get(0)?),
        room: RoomId(unsigned(row, 1)?),
        kind: Kind(row.get(2)?),
        target: unsigned_option(row, 3)?.map(Rseq),
        mentions: row.get::<_, Option<Vec<u8>>>(4)?.map(|bytes| people(&bytes)).unwrap_or_default(),
        body: row.get(5)?,
        failed,
    })
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    id: i64,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map([id], read)?.collect()
}

/// People as bytes, eight each.
pub(super) fn people_bytes(people: &[UserId]) -> Option<Vec<u8>> {
    (!people.is_empty()).then(|| people.iter().flat_map(|user| user.0.to_le_bytes()).collect())
}

pub(super) fn people(bytes: &[u8]) -> Vec<UserId> {
    bytes.as_chunks().0.iter().take(MENTIONS_MAX).map(|chunk| UserId(u64::from_le_bytes(*chunk))).collect()
}

pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

fn unsigned_option(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned))
}
