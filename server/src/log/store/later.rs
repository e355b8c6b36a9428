//! What was said about entries later, and how old entries are: questions that pages and retention ask of the rows.

use tertulia_protocol::{Kind, RoomId, Rseq, Seq, UserId};

use super::entries::{Rows, number};
use crate::log::Targeting;

/// How far [`Rows::first_since`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Since {
    /// There it is, or there is none.
    Known(Option<Seq>),
    /// Not up to and with this place; there is more behind it.
    Behind(Seq),
}

/// Edits and deletions first: who reacts ten thousand times must not hide what a message says. The conditions are those of
/// two indexes, which are used only if they are said; what is erased says nothing. The texts of edits are not wanted.
const SAID: [&str; 2] = [
    "SELECT seq, kind, author, x'' FROM log WHERE room = ?1 AND target = ?2 AND kind BETWEEN 257 AND 258 \
     AND length(body) > 0 ORDER BY seq DESC LIMIT ?3",
    "SELECT seq, kind, author, body FROM log WHERE room = ?1 AND target = ?2 AND kind BETWEEN 259 AND 260 \
     AND length(body) > 0 ORDER BY seq DESC LIMIT ?3",
];

impl Rows {
    /// What was said about these places of a room, which rise; see [`crate::log::Log::targeting`]. Also from which of
    /// them on it is whole, and whether there is more about the highest.
    pub(in crate::log) fn targeting(
        &self,
        room: RoomId,
        targets: &[Rseq],
        rows_max: usize,
    ) -> rusqlite::Result<(Vec<Targeting>, Rseq, bool)> {
        let moment = self.connection.unchecked_transaction()?;
        let [edits, reactions] = SAID;
        let mut questions = [(moment.prepare_cached(edits)?, rows_max), (moment.prepare_cached(reactions)?, rows_max)];
        let mut rows = Vec::new();
        let (mut from, mut cut) = (targets.last().copied().unwrap_or_default(), false);
        for (nth, target) in targets.iter().rev().enumerate() {
            let (mut about, mut is_short) = (Vec::new(), false);
            for (statement, left) in &mut questions {
                let limit = i64::try_from(*left + 1).unwrap_or(i64::MAX);
                let said = statement.query_map((room.0.cast_signed(), target.0.cast_signed(), limit), |row| {
                    Ok(Targeting {
                        seq: Seq(number(row, 0)?),
                        target: *target,
                        kind: Kind(row.get(1)?),
                        author: UserId(number(row, 2)?),
                        body: row.get(3)?,
                    })
                })?;
                let mut said = said.collect::<Result<Vec<_>, _>>()?;
                is_short |= said.len() > *left;
                said.truncate(*left);
                *left -= said.len();
                about.append(&mut said);
            }
            if is_short {
                if nth > 0 {
                    break;
                }
                cut = true;
            }
            rows.append(&mut about);
            from = *target;
        }
        Ok((rows, from, cut))
    }

    /// The first place behind `after` that is of `at` or later, looking at so many places at most.
    pub(in crate::log) fn first_since(&self, after: Seq, at: i64, places_max: u32) -> rusqlite::Result<Since> {
        let sql = "SELECT seq, at FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let Ok(behind) = i64::try_from(after.0) else { return Ok(Since::Known(None)) };
        let mut rows = statement.query((behind, places_max))?;
        let (mut last, mut seen) = (after, 0);
        while let Some(row) = rows.next()? {
            last = Seq(number(row, 0)?);
            seen += 1;
            if row.get::<_, i64>(1)? >= at {
                return Ok(Since::Known(Some(last)));
            }
        }
        Ok(if seen < places_max { Since::Known(None) } else { Since::Behind(last) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::store::Store;

    /// Keeps out: a page that reads through everything that was ever said in a room.
    #[test]
    fn what_was_said_later_is_looked_up_and_never_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("tertulia.db")).unwrap();
        for (sql, index) in SAID.into_iter().zip(["log_edits", "log_reactions"]) {
            let plan = format!("EXPLAIN QUERY PLAN {sql}");
            let mut plan = store.connection.prepare(&plan).unwrap();
            let plan = plan.query_map((1, 1, 1), |row| row.get::<_, String>("detail")).unwrap();
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap();
            assert_eq!(plan, [format!("SEARCH log USING INDEX {index} (room=? AND target=?)")]);
        }
    }
}
