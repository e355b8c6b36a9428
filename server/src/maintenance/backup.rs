//! Copying the database, and going on from a copy.
//!
//! A restored log is not the one that was copied: what was written behind the copy is not in it, and clients have it. So
//! its first new entry gives it a name of its own, and clients learn from the lineage where the two part.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tertulia_protocol::{Cid, LogId, Seq};

use super::Trouble;
use crate::{
    chat::{Chat, admit},
    data_dir::DataDir,
    keys::{SystemRandom, random_bytes},
    log::{
        Ticket,
        store::{self, Store},
    },
};

/// A copy of the database as of one moment, while the server may be writing.
pub(super) fn backup(database: &Path, to: &Path) -> Result<(), Trouble> {
    Ok(store::copy_to(database, to)?)
}

/// Makes a copy the database of a data directory that has none.
#[expect(clippy::disallowed_methods, reason = "a restore is about files, and its entry has the time of day")]
pub(super) fn restore(data: &Path, from: &Path) -> Result<(), Trouble> {
    std::fs::metadata(from).map_err(|error| Trouble::wrong(format_args!("{}: {error}", from.display())))?;
    // From here on no server runs on it, and its empty database is there.
    let data = DataDir::open(data).map_err(Trouble::unusable)?;
    let database = data.database();
    let wal = database.with_extension("db-wal");
    for file in [&database, &wal] {
        if std::fs::metadata(file).is_ok_and(|about| about.len() > 0) {
            let what = "is there already; move it away if you mean to replace it";
            return Err(Trouble::unusable(format_args!("{} {what}", file.display())));
        }
    }
    data.clear_restoring().map_err(Trouble::unusable)?;
    let partial = data.restoring();
    let done = prepare(from, &partial).and_then(|()| Ok(store::put_in_place(&partial, &database)?));
    // If it was brought to the present form, the copy before that is the one that it was restored from.
    let cleared = data.clear_restoring().map_err(Trouble::wrong);
    done?;
    _ = std::fs::remove_file(&wal);
    return cleared;

    fn prepare(from: &Path, partial: &Path) -> Result<(), Trouble> {
        store::copy_to(from, partial)?;
        let mut store = Store::open(partial)?;
        let mut chat = Chat::new();
        store.for_each(Seq(1), |entry| chat.apply(entry).map(drop).map_err(Trouble::wrong))?;
        if chat.position() == Seq(0) {
            return Err(Trouble::wrong(format_args!("{}: the log is empty", from.display())));
        }
        let mut random = SystemRandom::new().map_err(Trouble::wrong)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let at = since.ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0);
        let (cid, log) = (Cid(random_bytes(&mut random)), LogId(random_bytes(&mut random)));
        store.append_now(&admit::new_log(Ticket(0), at, cid, log))?;
        drop(store);
        // The last to close a file writes what its WAL holds into it, and removes the WAL; unless it cannot.
        let wal = partial.with_extension("db-wal");
        match std::fs::metadata(&wal) {
            Ok(about) if about.len() > 0 => Err(Trouble::wrong(format_args!(
                "{}: it was not brought into the file; is the disk full?",
                wal.display()
            ))),
            _ => Ok(()),
        }
    }
}
