//! Read marks: kept beside the log, one row a person and room.

use tertulia_protocol::{RoomId, Rseq, Seq, UserId};

use super::{OpenError, Store, WriteError};
use crate::log::Mark;

impl Store {
    /// The read marks that are kept, by person and room.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn marks(&self) -> Result<Vec<Mark>, OpenError> {
        let marks = || {
            let mut statement =
                self.connection.prepare("SELECT user, room, rseq, at FROM marks ORDER BY user, room")?;
            let number = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            let marks = statement.query_map([], |row| {
                Ok(Mark {
                    user: UserId(number(row, 0)?),
                    room: RoomId(number(row, 1)?),
                    rseq: Rseq(number(row, 2)?),
                    at: Seq(number(row, 3)?),
                })
            })?;
            marks.collect::<Result<Vec<_>, _>>()
        };
        marks().map_err(|error| OpenError::new(&self.path, &error))
    }

    /// Keeps these marks instead of smaller ones of the same person and room: durable when this returns.
    pub(in crate::log) fn keep_marks(&mut self, marks: &[Mark]) -> Result<(), WriteError> {
        self.durable(|connection| {
            let mut keep = connection.prepare_cached(
                "INSERT INTO marks (user, room, rseq, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (user, room) DO UPDATE SET rseq = ?3, at = ?4 WHERE rseq < ?3",
            )?;
            for mark in marks {
                let Mark { user, room, rseq, at } = mark;
                keep.execute([user.0, room.0, rseq.0, at.0].map(u64::cast_signed))?;
            }
            Ok(())
        })
    }
}
