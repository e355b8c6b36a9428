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
        // The bounds of the kind are those of the index; the texts of edits are not wanted, so they are not read.
        let mut statement = moment.prepare_cached(
            "SELECT seq, kind, author, CASE WHEN kind >= 259 THEN body ELSE x'' END FROM log \
             WHERE room = ?1 AND target = ?2 AND kind BETWEEN 257 AND 260 ORDER BY seq DESC LIMIT ?3",
        )?;
        let mut rows = Vec::new();
        let (mut from, mut cut) = (targets.last().copied().unwrap_or_default(), false);
        for (nth, target) in targets.iter().rev().enumerate() {
            let left = rows_max - rows.len();
            let limit = i64::try_from(left + 1).unwrap_or(i64::MAX);
            let about = statement.query_map((room.0.cast_signed(), target.0.cast_signed(), limit), |row| {
                Ok(Targeting {
                    seq: Seq(number(row, 0)?),
                    target: *target,
                    kind: Kind(row.get(1)?),
                    author: UserId(number(row, 2)?),
                    body: row.get(3)?,
                })
            })?;
            let mut about = about.collect::<Result<Vec<_>, _>>()?;
            if about.len() > left {
                if nth > 0 {
                    break;
                }
                about.truncate(left);
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
