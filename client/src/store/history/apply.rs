//! Changes → rows, within one transaction.

use rusqlite::{Connection, params};
use tertulia_protocol::{Entry, Kind, PublicKey, RoomId, Rseq, entry::ExpireBody};

use super::{
    cut,
    rows::{people_bytes, server_id, signed},
};
use crate::session::{Batch, Change, DraftText, Failure, OutboxItem, RoomState, Run};

// What is said about a message has an index. Left to choose, SQLite reads the whole room instead, since that is sorted too.
pub(super) const DELETED: &str = "SELECT EXISTS (SELECT 1 FROM entries INDEXED BY entries_target \
                                  WHERE server = ?1 AND room = ?2 AND target = ?3 AND kind = 258)";
pub(super) const ERASE_EDITS: &str = "UPDATE entries INDEXED BY entries_target SET body = x'' WHERE server = ?1 \
                                      AND room = ?2 AND target BETWEEN ?3 AND ?4 AND kind = 257 AND body <> x''";

/// Whether a change is news from here, which no server could tell again.
pub(super) fn comes_from_here(change: &Change) -> bool {
    matches!(change, Change::Queued { .. } | Change::Cut(_))
}

/// Makes the changes. True if something was erased, so that the file's journal holds what should be gone.
pub(super) fn batch(connection: &Connection, server: &PublicKey, batch: &Batch) -> rusqlite::Result<bool> {
    let id = match server_id(connection, server)? {
        Some(id) => id,
        None => {
            connection.execute("INSERT INTO servers (key) VALUES (?1)", [&server.0[..]])?;
            connection.last_insert_rowid()
        }
    };
    let mut erased = false;
    for one in batch {
        erased |= change(connection, id, one)?;
    }
    Ok(erased)
}

fn change(connection: &Connection, id: i64, change: &Change) -> rusqlite::Result<bool> {
    match change {
        Change::Me { user, name } => {
            connection.execute("UPDATE servers SET user = ?2, name = ?3 WHERE id = ?1", (id, signed(user.0), name))?;
        }
        Change::Lineage(lineage) => {
            connection.execute("DELETE FROM lineage WHERE server = ?1", [id])?;
            for (at, one) in (0_i64..).zip(lineage) {
                let sql = "INSERT INTO lineage (server, at, log, begins) VALUES (?1, ?2, ?3, ?4)";
                connection.execute(sql, (id, at, &one.log.0[..], signed(one.from.0)))?;
            }
        }
        Change::Since(since) => {
            connection.execute("UPDATE servers SET since = ?2 WHERE id = ?1", (id, signed(since.0)))?;
        }
        Change::Users(users) => {
            let sql = "INSERT OR REPLACE INTO users (server, user, name, hue) VALUES (?1, ?2, ?3, ?4)";
            let mut statement = connection.prepare_cached(sql)?;
            for row in users {
                statement.execute((id, signed(row.user.0), &row.name, row.hue))?;
            }
        }
        Change::Room(state) => room(connection, id, state)?,
        Change::Runs { room, runs } => self::runs(connection, id, *room, runs)?,
        Change::Entries { room, entries } => {
            let mut erased = false;
            for entry in entries {
                erased |= self::entry(connection, id, *room, entry)?;
            }
            return Ok(erased);
        }
        Change::Erased { room, from, to } => return erase_range(connection, id, *room, *from, *to),
        Change::Queued { item, from_draft } => {
            queue(connection, id, item)?;
            if *from_draft {
                draft(connection, id, item.room, &DraftText::default())?;
            }
        }
        Change::Removed(cid) => {
            connection.execute("DELETE FROM outbox WHERE server = ?1 AND cid = ?2", (id, &cid.0[..]))?;
        }
        Change::Failed(cid, failure) => {
            let sql = "UPDATE outbox SET code = ?3, params = ?4 WHERE server = ?1 AND cid = ?2";
            connection.execute(sql, (id, &cid.0[..], failure.code.0, words(failure)))?;
        }
        Change::Draft(room, text) => draft(connection, id, *room, text)?,
        Change::Mended => {
            connection.execute("UPDATE servers SET set_back = NULL WHERE id = ?1", [id])?;
        }
        Change::Cut(upto) => {
            cut::cut(connection, id, *upto)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn room(connection: &Connection, id: i64, state: &RoomState) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO rooms (server, room, kind, name, head, count, topic, role, mark, mark_count, \
               mentions, archived, peer, members, keep_days, gone, read) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let row = &state.row;
    connection.prepare_cached(sql)?.execute(params![
        id,
        signed(row.room.0),
        row.kind,
        row.name,
        signed(row.head.0),
        signed(row.count),
        row.topic,
        row.role,
        row.mark.map(|mark| signed(mark.0)),
        row.mark_count.map(signed),
        row.mentions.map(signed),
        row.archived,
        row.with.map(|user| signed(user.0)),
        row.members.map(signed),
        row.keep_days,
        state.gone,
        signed(state.read.0),
    ])?;
    Ok(())
}

fn runs(connection: &Connection, id: i64, room: RoomId, runs: &[Run]) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM runs WHERE server = ?1 AND room = ?2")?.execute((id, signed(room.0)))?;
    let sql = "INSERT INTO runs (server, room, first, last, known) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    for run in runs {
        statement.execute((id, signed(room.0), signed(run.first), signed(run.last), signed(run.known)))?;
    }
    Ok(())
}

fn entry(connection: &Connection, id: i64, room: RoomId, entry: &Entry) -> rusqlite::Result<bool> {
    // What is erased stays erased: an older copy of the entry does not bring it back.
    let sql = "INSERT INTO entries (server, room, rseq, seq, count, at, author, device, kind, target, mentions, body) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (server, room, rseq) DO UPDATE \
               SET seq = ?4, count = ?5, at = ?6, author = ?7, device = ?8, kind = ?9, target = ?10, mentions = ?11, \
               body = iif(kind >= 256 AND body = x'', body, ?12)";
    connection.prepare_cached(sql)?.execute(params![
        id,
        signed(room.0),
        signed(entry.rseq.0),
        signed(entry.seq.0),
        signed(entry.count),
        entry.at,
        signed(entry.author.0),
        signed(entry.device.0),
        entry.kind.0,
        entry.target.map(|target| signed(target.0)),
        entry.mentions.as_deref().and_then(people_bytes),
        entry.body,
    ])?;
    match (entry.kind, entry.target) {
        (Kind::MESSAGE, _) if entry.body.is_empty() => erase_message(connection, id, room, entry.rseq),
        (Kind::MESSAGE, _) => erase_if_deleted(connection, id, room, entry.rseq),
        (Kind::EDIT, Some(target)) => erase_if_deleted(connection, id, room, target),
        (Kind::DELETE, Some(target)) => erase_message(connection, id, room, target),
        (Kind::EXPIRE, _) => match ExpireBody::from_bytes(&entry.body) {
            Some(ExpireBody { upto }) => erase_range(connection, id, room, Rseq(1), upto),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

fn erase_if_deleted(connection: &Connection, id: i64, room: RoomId, message: Rseq) -> rusqlite::Result<bool> {
    let key = (id, signed(room.0), signed(message.0));
    let deleted: bool = connection.prepare_cached(DELETED)?.query_row(key, |row| row.get(0))?;
    if deleted { erase_message(connection, id, room, message) } else { Ok(false) }
}

/// The text of a message, and those of its edits, wherever they stand. The places stay.
fn erase_message(connection: &Connection, id: i64, room: RoomId, message: Rseq) -> rusqlite::Result<bool> {
    let own =
        "UPDATE entries SET body = x'' WHERE server = ?1 AND room = ?2 AND rseq = ?3 AND kind = 256 AND body <> x''";
    let changed = connection.prepare_cached(own)?.execute((id, signed(room.0), signed(message.0)))?;
    Ok(changed + erase_edits(connection, id, room, message, message)? > 0)
}

fn erase_edits(connection: &Connection, id: i64, room: RoomId, from: Rseq, to: Rseq) -> rusqlite::Result<usize> {
    connection.prepare_cached(ERASE_EDITS)?.execute((id, signed(room.0), signed(from.0), signed(to.0)))
}

fn erase_range(connection: &Connection, id: i64, room: RoomId, from: Rseq, to: Rseq) -> rusqlite::Result<bool> {
    let range = (id, signed(room.0), signed(from.0), signed(to.0));
    let own = "UPDATE entries SET body = x'' WHERE server = ?1 AND room = ?2 AND rseq BETWEEN ?3 AND ?4 \
               AND kind >= 256 AND body <> x''";
    let changed = connection.prepare_cached(own)?.execute(range)?;
    Ok(changed + erase_edits(connection, id, room, from, to)? > 0)
}

fn queue(connection: &Connection, id: i64, item: &OutboxItem) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO outbox (server, cid, room, kind, target, mentions, body, code, params) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare_cached(sql)?.execute(params![
        id,
        &item.cid.0[..],
        signed(item.room.0),
        item.kind.0,
        item.target.map(|target| signed(target.0)),
        people_bytes(&item.mentions),
        item.body,
        item.failed.as_ref().map(|failure| failure.code.0),
        item.failed.as_ref().map(words),
    ])?;
    Ok(())
}

fn draft(connection: &Connection, id: i64, room: RoomId, draft: &DraftText) -> rusqlite::Result<()> {
    if draft.text.is_empty() && draft.answers.is_none() {
        let sql = "DELETE FROM drafts WHERE server = ?1 AND room = ?2";
        connection.prepare_cached(sql)?.execute((id, signed(room.0)))?;
    } else {
        let sql = "INSERT OR REPLACE INTO drafts (server, room, text, answers) VALUES (?1, ?2, ?3, ?4)";
        let answers = draft.answers.map(|answers| signed(answers.0));
        connection.prepare_cached(sql)?.execute((id, signed(room.0), &draft.text, answers))?;
    }
    Ok(())
}

fn words(failure: &Failure) -> String {
    serde_json::Value::from(failure.params.clone()).to_string()
}
