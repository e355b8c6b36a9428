//! Entries as rows: how they are read, in order, by place and by `cid`.
//!
//! Owns the columns of the log and how each value stands in them. `Rows` is the connection of whoever only reads.

use std::path::Path;

use rusqlite::types::FromSqlResult;
use rusqlite::{Connection, OptionalExtension as _, Row};
use tertulia_protocol::{Cid, DeviceId, Kind, RoomId, Rseq, Seq, UserId};

use super::{OpenError, OpenFailure, Store, open};
use crate::log::{Entry, Stored};

const FIND: &str = "SELECT seq, room, at FROM log WHERE cid = ?1 AND author = ?2";
pub(super) const ROW: &str =
    "SELECT seq, at, author, device, cid, room, kind, target, mentions, body FROM log WHERE seq = ?1";
const ROWS: &str = "SELECT seq, at, author, device, cid, room, kind, target, mentions, body FROM log \
                    WHERE seq >= ?1 ORDER BY seq";

/// The file of the log, open for reading beside its [`Store`].
#[derive(Debug)]
pub(in crate::log) struct Rows {
    pub(super) connection: Connection,
}

impl Rows {
    pub(in crate::log) fn beside(store: &Store) -> Result<Self, OpenError> {
        Ok(Self { connection: open::for_reading(store.path())? })
    }

    /// Where an author's `cid` stands.
    pub(in crate::log) fn find(&self, author: UserId, cid: Cid) -> rusqlite::Result<Option<Stored>> {
        find(&self.connection, author, cid)
    }

    /// The entries at these places, asked for in this order: those whose bodies fit, and at least one; by rising place.
    pub(in crate::log) fn fetch(&self, seqs: &[Seq], weight_max: usize) -> rusqlite::Result<Vec<Entry>> {
        // One transaction: all rows from one moment, and one pair of locks instead of one a row.
        let moment = self.connection.unchecked_transaction()?;
        let mut statement = moment.prepare_cached(ROW)?;
        let mut entries = Vec::with_capacity(seqs.len());
        let mut total = 0;
        for seq in seqs {
            let mut rows = statement.query([seq.0.cast_signed()])?;
            let Some(row) = rows.next()? else { continue };
            let mut entry = blank();
            read_into(row, &mut entry)?;
            total += entry.weight();
            if total > weight_max && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        entries.sort_unstable_by_key(|entry| entry.seq);
        Ok(entries)
    }
}

/// Shows entries in order, up to the last one that has to be there.
pub(super) fn each_entry<E: From<OpenError>>(
    connection: &Connection,
    path: &Path,
    from: Seq,
    last: Seq,
    mut each: impl FnMut(&Entry) -> Result<(), E>,
) -> Result<(), E> {
    let explain = |error| E::from(OpenError::new(path, &error));
    let hole = |missing| {
        let why = OpenFailure::Damaged(format!("entry {missing} is missing"));
        E::from(OpenError { path: path.to_owned(), why })
    };
    let mut entry = blank();
    let mut expected = Seq(from.0.max(1));
    let mut statement = connection.prepare(ROWS).map_err(explain)?;
    let mut rows = statement.query([expected.0.cast_signed()]).map_err(explain)?;
    while let Some(row) = rows.next().map_err(explain)? {
        read_into(row, &mut entry).map_err(explain)?;
        if entry.seq != expected {
            return Err(hole(expected));
        }
        each(&entry)?;
        expected.0 += 1;
    }
    if expected.0 <= last.0 { Err(hole(expected)) } else { Ok(()) }
}

pub(super) fn find(connection: &Connection, author: UserId, cid: Cid) -> rusqlite::Result<Option<Stored>> {
    let mut statement = connection.prepare_cached(FIND)?;
    let stored = statement.query_row((cid.0.as_slice(), author.0.cast_signed()), |row| {
        Ok(Stored { seq: Seq(number(row, 0)?), room: RoomId(number(row, 1)?), at: row.get(2)? })
    });
    stored.optional()
}

pub(super) fn blank() -> Entry {
    Entry {
        seq: Seq(0),
        at: 0,
        author: UserId(0),
        device: DeviceId(0),
        cid: Cid([0; 16]),
        room: RoomId(0),
        kind: Kind(0),
        target: None,
        mentions: Vec::new(),
        body: Vec::new(),
    }
}

pub(super) fn read_into(row: &Row<'_>, entry: &mut Entry) -> rusqlite::Result<()> {
    entry.seq = Seq(number(row, 0)?);
    entry.at = row.get_ref(1)?.as_i64()?;
    entry.author = UserId(number(row, 2)?);
    entry.device = DeviceId(number(row, 3)?);
    entry.cid = Cid(row.get(4)?);
    entry.room = RoomId(number(row, 5)?);
    entry.kind = Kind(row.get(6)?);
    entry.target = row.get_ref(7)?.as_i64_or_null()?.map(|rseq| Rseq(rseq.cast_unsigned()));
    decode_mentions(row.get_ref(8)?.as_blob_or_null()?, &mut entry.mentions)?;
    entry.body.clear();
    entry.body.extend_from_slice(row.get_ref(9)?.as_blob()?);
    Ok(())
}

/// SQLite's integers are signed; ours are kept bit by bit, so that whatever was given comes back.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get_ref(column)?.as_i64()?.cast_unsigned())
}

/// Eight bytes a person; nothing for nobody, which is nearly always.
pub(super) fn encode_mentions(mentions: &[UserId]) -> Option<Vec<u8>> {
    (!mentions.is_empty()).then(|| mentions.iter().flat_map(|user| user.0.to_be_bytes()).collect())
}

pub(super) fn decode_mentions(bytes: Option<&[u8]>, mentions: &mut Vec<UserId>) -> FromSqlResult<()> {
    mentions.clear();
    let (users, rest) = bytes.unwrap_or_default().as_chunks::<8>();
    if !rest.is_empty() {
        return Err(rusqlite::types::FromSqlError::InvalidType);
    }
    mentions.extend(users.iter().map(|user| UserId(u64::from_be_bytes(*user))));
    Ok(())
}
