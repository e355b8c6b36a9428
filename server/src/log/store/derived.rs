//! What follows from the entries, in the same file: the search index and the erasures, done in small steps behind the
//! acknowledgements.
//!
//! The index is an FTS5 table without content. It is told what goes out of it in the same words that went in (its
//! `delete` command), because only so is anything really erased: with `contentless_delete` FTS5 keeps the words and
//! sets a tombstone beside them, whatever `secure-delete` says. So the text by which a message is found is always one
//! that the log still holds: `texts` says which entry's. **Invariant:** a text leaves the index in the transaction that
//! erases it from the log, and `derived` says in that transaction how far the work is done.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension as _};
use tertulia_protocol::{Kind, RoomId, Rseq, Seq, entry::MessageBody};

use super::super::search::has_link;
use super::{OpenError, Store, WriteError, judge, open};
use crate::log::Derived;

/// How many places an expiry looks at in one step.
const EXPIRY_PLACES: u64 = 4096;
/// How many texts an expiry erases in one step: each is taken out of the index word by word.
const EXPIRY_TEXTS: usize = 64;

/// What is known to be left to do.
#[derive(Debug, Default)]
pub(in crate::log) struct Backlog {
    work: VecDeque<Derived>,
    done: Seq,
    upto: Seq,
}

impl Backlog {
    pub(in crate::log) fn new(done: Seq) -> Self {
        Self { done, upto: done, ..Self::default() }
    }

    /// More to do. What is done already, from an earlier run, is left out.
    pub(in crate::log) fn add(&mut self, work: Vec<Derived>, upto: Seq) {
        self.work.extend(work.into_iter().filter(|derived| derived.by() > self.done));
        self.upto = self.upto.max(upto);
    }

    /// How many places it is behind.
    pub(in crate::log) fn lag(&self) -> u64 {
        self.upto.0.saturating_sub(self.done.0)
    }
}

/// How much one step may do.
#[derive(Clone, Copy, Debug)]
pub(in crate::log) struct StepSize {
    pub entries: usize,
    pub text_bytes: usize,
}

impl Store {
    /// Up to which place the derived work is done. Beyond it, whoever replays the log gives it again.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn derived_upto(&self) -> Result<Seq, OpenError> {
        open::derived_upto(&self.connection, &self.path)
    }

    /// Does some of what is left. Says whether something was erased.
    pub(in crate::log) fn derive(&mut self, backlog: &mut Backlog, size: StepSize) -> Result<bool, WriteError> {
        self.relaxed(|connection| {
            let mut step = Step { connection, size, done: backlog.done, finished: 0, erased: false };
            step.run(backlog)?;
            let sql = "UPDATE derived SET done_upto = ?1";
            connection.prepare_cached(sql)?.execute([step.done.0.cast_signed()])?;
            let Step { done, finished, erased, .. } = step;
            Ok((done, finished, erased))
        })
        .map(|(done, finished, erased)| {
            backlog.done = done;
            backlog.work.drain(..finished);
            erased
        })
    }

    /// A transaction for what can be done again if it is lost: without an fsync of its own. The next commit of entries
    /// brings it to the disk, and so does the next checkpoint.
    pub(super) fn relaxed<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, WriteError> {
        // Never from the cache: SQLite obeys this pragma when it is prepared, not when it is run.
        self.connection.execute_batch("PRAGMA synchronous = NORMAL").map_err(|error| judge(&error))?;
        let done = self.durable(work);
        // An acknowledgement without its fsync would be a lie: rather no server than that.
        let strict = self.connection.execute_batch("PRAGMA synchronous = FULL");
        strict.map_err(|error| WriteError::Broken(error.to_string()))?;
        done
    }

    /// A transaction beside the entries, with an fsync of its own.
    pub(super) fn durable<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, WriteError> {
        let connection = &self.connection;
        let run = |sql: &str| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map(drop);
        let done = run("BEGIN IMMEDIATE").and_then(|()| work(connection)).and_then(|done| {
            run("COMMIT")?;
            Ok(done)
        });
        if done.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK").map_err(|error| WriteError::Broken(error.to_string()))?;
        }
        done.map_err(|error| judge(&error))
    }
}

struct Step<'c> {
    connection: &'c Connection,
    size: StepSize,
    done: Seq,
    /// How many pieces of the work are done, from the first on.
    finished: usize,
    erased: bool,
}

impl Step<'_> {
    fn run(&mut self, backlog: &Backlog) -> rusqlite::Result<()> {
        loop {
            let next = backlog.work.get(self.finished).copied().filter(|next| next.by() <= backlog.upto);
            // The entry that work follows from is not done before the work is: a crash between them would lose it.
            let limit = next.map_or(backlog.upto, |next| Seq(next.by().0.saturating_sub(1)));
            if self.done < limit && !self.index_upto(limit)? {
                return Ok(());
            }
            let Some(next) = next else { return Ok(()) };
            if self.size.entries == 0 || !self.follow(next)? {
                return Ok(());
            }
            self.size.entries -= 1;
            self.finished += 1;
            if backlog.work.get(self.finished).is_none_or(|after| after.by() > next.by()) {
                self.done = self.done.max(next.by());
            }
        }
    }

    /// Indexes the messages up to a place; says whether it got there.
    fn index_upto(&mut self, limit: Seq) -> rusqlite::Result<bool> {
        let sql =
            "SELECT seq, kind, CASE kind WHEN 256 THEN body END FROM log WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((self.done.0.cast_signed(), limit.0.cast_signed()))?;
        while let Some(row) = rows.next()? {
            let seq = Seq(row.get::<_, i64>(0)?.cast_unsigned());
            if let Some(body) = row.get_ref(2)?.as_blob_or_null()?
                && let Some(text) = text_of(body)
            {
                if self.size.entries == 0 || self.size.text_bytes == 0 {
                    return Ok(false);
                }
                self.size.entries -= 1;
                self.size.text_bytes = self.size.text_bytes.saturating_sub(text.len());
                self.put(seq, seq, &text)?;
            }
            self.done = seq;
        }
        // Places that the log does not have yet cannot be done.
        let reached = self.done >= limit;
        debug_assert!(reached, "what was applied is in the file");
        Ok(reached)
    }

    /// Does a piece of work; says whether it is finished.
    fn follow(&mut self, work: Derived) -> rusqlite::Result<bool> {
        match work {
            Derived::Edited { edit, message } => self.edit(edit, message).map(|()| true),
            Derived::Erased { by: _, room, message, rseq } => self.erase(room, message, rseq).map(|()| true),
            Derived::Expired { by: _, room, upto, rseq } => self.expire(room, upto, rseq),
            Derived::Refused { entry } => self.refuse(entry).map(|()| true),
        }
    }

    fn edit(&mut self, edit: Seq, message: Seq) -> rusqlite::Result<()> {
        if let Some(text) = self.body(edit)?.as_deref().and_then(text_of)
            && self.body(message)?.is_some_and(|body| !body.is_empty())
        {
            self.remove(message)?;
            self.put(message, edit, &text)?;
        }
        Ok(())
    }

    fn erase(&mut self, room: RoomId, message: Seq, rseq: Rseq) -> rusqlite::Result<()> {
        self.remove(message)?;
        self.blank(message)?;
        // The bounds of the kind are those of the index, which is used only if they are said.
        let edits = "UPDATE log SET body = x'' WHERE room = ?1 AND target = ?2 AND kind BETWEEN 257 AND 258 \
                     AND kind = ?3 AND length(body) > 0";
        let mut edits = self.connection.prepare_cached(edits)?;
        edits.execute((room.0.cast_signed(), rseq.0.cast_signed(), Kind::EDIT.0))?;
        self.erased = true;
        Ok(())
    }

    /// Erases what was refused. The index does not have it: it takes an entry when all that follows from it is done.
    fn refuse(&mut self, entry: Seq) -> rusqlite::Result<()> {
        self.blank(entry)?;
        self.erased = true;
        Ok(())
    }

    /// Erases the content of a room up to a place, from where the last expiry of the room ended, and the edits of it.
    fn expire(&mut self, room: RoomId, upto: Seq, rseq: Rseq) -> rusqlite::Result<bool> {
        let key = room.0.cast_signed();
        let connection = self.connection;
        let mut begun = connection.prepare_cached("SELECT upto FROM expired WHERE room = ?1")?;
        let begun: Option<i64> = begun.query_row([key], |row| row.get(0)).optional()?;
        let begun = Seq(begun.unwrap_or(0).cast_unsigned());
        let mut end = upto.min(Seq(begun.0 + EXPIRY_PLACES));
        let sql = "SELECT seq FROM log WHERE seq > ?1 AND seq <= ?2 AND room = ?3 AND kind >= ?4 AND length(body) > 0 \
                   ORDER BY seq LIMIT ?5";
        let mut old = connection.prepare_cached(sql)?;
        let limit = i64::try_from(EXPIRY_TEXTS).unwrap_or(i64::MAX);
        let within = (begun.0.cast_signed(), end.0.cast_signed(), key, Kind::FIRST_CONTENT.0, limit);
        let old: Vec<i64> = old.query_map(within, |row| row.get(0))?.collect::<Result<_, _>>()?;
        for seq in &old {
            let seq = Seq(seq.cast_unsigned());
            self.remove(seq)?;
            self.blank(seq)?;
        }
        if old.len() == EXPIRY_TEXTS
            && let Some(last) = old.last()
        {
            end = Seq(last.cast_unsigned());
        }
        self.erased |= !old.is_empty();
        self.size.entries = self.size.entries.saturating_sub(old.len());
        let sql =
            "INSERT INTO expired (room, upto) VALUES (?1, ?2) ON CONFLICT (room) DO UPDATE SET upto = max(upto, ?2)";
        connection.prepare_cached(sql)?.execute((key, end.0.cast_signed()))?;
        Ok(end >= upto && self.expire_edits(room, rseq)?)
    }

    /// Erases what stands behind, but is about what is erased. Says whether that was all.
    fn expire_edits(&mut self, room: RoomId, upto: Rseq) -> rusqlite::Result<bool> {
        let sql = "UPDATE log SET body = x'' WHERE seq IN (SELECT seq FROM log WHERE room = ?1 AND target <= ?2 \
                   AND kind BETWEEN 257 AND 258 AND kind = ?3 AND length(body) > 0 LIMIT ?4)";
        let limit = i64::try_from(EXPIRY_TEXTS).unwrap_or(i64::MAX);
        let key = (room.0.cast_signed(), upto.0.cast_signed(), Kind::EDIT.0, limit);
        let erased = self.connection.prepare_cached(sql)?.execute(key)?;
        self.erased |= erased > 0;
        Ok(erased < EXPIRY_TEXTS)
    }

    /// Takes a message into the index, by the text of this entry.
    fn put(&self, message: Seq, shown: Seq, text: &str) -> rusqlite::Result<()> {
        let message = message.0.cast_signed();
        let sql = "INSERT OR IGNORE INTO texts (seq, shown, link) VALUES (?1, ?2, ?3)";
        let new = self.connection.prepare_cached(sql)?.execute((message, shown.0.cast_signed(), has_link(text)))?;
        if new == 1 {
            let sql = "INSERT INTO words (rowid, text) VALUES (?1, ?2)";
            self.connection.prepare_cached(sql)?.execute((message, text))?;
        }
        Ok(())
    }

    /// Takes a message out of the index, if it is in it.
    fn remove(&self, message: Seq) -> rusqlite::Result<()> {
        let key = message.0.cast_signed();
        let mut shown = self.connection.prepare_cached("SELECT shown FROM texts WHERE seq = ?1")?;
        let Some(shown) = shown.query_row([key], |row| row.get::<_, i64>(0)).optional()? else { return Ok(()) };
        if let Some(text) = self.body(Seq(shown.cast_unsigned()))?.as_deref().and_then(text_of) {
            let sql = "INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)";
            self.connection.prepare_cached(sql)?.execute((key, text))?;
        }
        self.connection.prepare_cached("DELETE FROM texts WHERE seq = ?1")?.execute([key])?;
        Ok(())
    }

    fn blank(&self, seq: Seq) -> rusqlite::Result<()> {
        let sql = "UPDATE log SET body = x'' WHERE seq = ?1 AND length(body) > 0";
        self.connection.prepare_cached(sql)?.execute([seq.0.cast_signed()])?;
        Ok(())
    }

    fn body(&self, seq: Seq) -> rusqlite::Result<Option<Vec<u8>>> {
        let mut body = self.connection.prepare_cached("SELECT body FROM log WHERE seq = ?1")?;
        body.query_row([seq.0.cast_signed()], |row| row.get(0)).optional()
    }
}

fn text_of(body: &[u8]) -> Option<String> {
    MessageBody::from_bytes(body).map(|body| body.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps out: a pragma that is kept prepared, which SQLite obeys once and never again.
    #[test]
    fn what_is_done_behind_never_takes_the_fsync_from_an_acknowledgement() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("tertulia.db")).unwrap();
        for _ in 0..3 {
            let synchronous = |connection: &Connection| {
                connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
            };
            assert_eq!(store.relaxed(synchronous).unwrap(), 1, "NORMAL");
            assert_eq!(synchronous(&store.connection), Ok(2), "FULL");
            let failed = store.relaxed(|connection| connection.execute("not SQL", []));
            assert!(failed.is_err());
            assert_eq!(synchronous(&store.connection), Ok(2), "FULL after a failure too");
        }
    }

    #[test]
    fn a_crash_between_an_entry_and_what_follows_from_it_loses_nothing() {
        let erased = |by| Derived::Erased { by: Seq(by), room: RoomId(1), message: Seq(1), rseq: Rseq(1) };
        let mut backlog = Backlog::new(Seq(4));
        backlog.add(vec![erased(3), erased(4), erased(6), erased(6), erased(9)], Seq(8));
        assert_eq!(backlog.work.len(), 3, "what is done is left out");
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("tertulia.db")).unwrap();
        let sql = "WITH n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 8) INSERT INTO log \
                   SELECT n, 0, 1, 1, randomblob(16), 1, 256, NULL, NULL, x'00' FROM n";
        store.connection.execute(sql, []).unwrap();
        let one = StepSize { entries: 1, text_bytes: 1 };
        let mut seen = Vec::new();
        while backlog.lag() > 0 {
            store.derive(&mut backlog, one).unwrap();
            seen.push((store.derived_upto().unwrap().0, backlog.work.len()));
        }
        assert_eq!(seen, [(5, 2), (8, 1)], "6 counts as done once both pieces of it are");
    }
}
