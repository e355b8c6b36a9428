//! Holding the database against itself: is the file sound, and does the log mean what a log means?

use std::collections::BTreeMap;
use std::path::Path;

use tertulia_protocol::{Kind, RoomId, Rseq, Seq, entry::MessageBody};

use super::Trouble;
use crate::{
    chat::{Chat, Outcome},
    log::{
        Entry,
        store::{OpenError, Snapshot},
    },
};

/// So much is told of what is wrong: a damaged file would fill the screen.
const TOLD_MAX: usize = 20;

/// Says that all is well, or what is not.
pub(super) fn verify(database: &Path) -> Result<String, Trouble> {
    let snapshot = Snapshot::open(database).map_err(Trouble::unusable)?;
    let mut wrong = snapshot.check_file()?;
    wrong.extend(snapshot.check_form()?);
    let mut chat = Chat::new();
    let mut again = Chat::new();
    let mut heads: BTreeMap<RoomId, Rseq> = BTreeMap::new();
    let replayed = snapshot.for_each(|entry| {
        let applied = chat.apply(entry).map_err(|error| Stop(error.to_string()))?;
        if again.apply(entry).map_err(|error| Stop(error.to_string()))? != applied {
            return Err(Stop(format!("entry {}: two replays do not agree about it", entry.seq)));
        }
        if let Outcome::Placed(placed) = applied.outcome {
            let head = heads.entry(placed.room).or_default();
            if placed.rseq.0 != head.0 + 1 {
                return Err(Stop(format!(
                    "entry {}: place {} of room {} follows {head}",
                    entry.seq, placed.rseq, placed.room
                )));
            }
            *head = placed.rseq;
        }
        Ok(())
    });
    match replayed {
        Err(Stop(why)) => wrong.push(why),
        Ok(()) => {
            if chat != again {
                wrong.push("two replays of the log do not agree".to_owned());
            }
            wrong.extend(chat.check_invariants().err());
            let done = snapshot.derived_upto()?;
            if done > chat.position() {
                wrong.push(format!(
                    "what follows from the log is done up to {done}, and the log ends at {}",
                    chat.position()
                ));
            }
            let told = snapshot.for_each(|entry| {
                if wrong.len() < TOLD_MAX {
                    wrong.extend(ill(&chat, &snapshot, done, entry)?);
                }
                Ok::<(), OpenError>(())
            });
            told?;
        }
    }
    wrong.truncate(TOLD_MAX);
    if wrong.is_empty() {
        let rooms = chat.rooms().count();
        Ok(format!(
            "the database is sound: {} entries, {rooms} rooms, {} people\n",
            chat.position(),
            chat.directory().len()
        ))
    } else {
        Err(Trouble::Wrong(wrong))
    }
}

/// Why a replay ended early.
struct Stop(String);

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        Self(error.to_string())
    }
}

/// What is wrong with an entry: what it says cannot be read, cannot be found, or should not be there any more.
fn ill(chat: &Chat, snapshot: &Snapshot, done: Seq, entry: &Entry) -> Result<Option<String>, OpenError> {
    let Some(room) = chat.room(entry.room).filter(|_| entry.seq > Seq(1)) else { return Ok(None) };
    let Some((rseq, _)) = room.places().find(entry.seq) else { return Ok(None) };
    let is_said = matches!(entry.kind, Kind::MESSAGE | Kind::EDIT);
    Ok(if room.is_blank(rseq, entry.kind, entry.target) {
        // Only what the server has had the time to erase can be expected to be gone.
        let is_due = done >= chat.position() && !entry.body.is_empty();
        is_due.then(|| format!("entry {}: it is erased, and its text is still stored", entry.seq))
    } else if is_said && MessageBody::from_bytes(&entry.body).is_none() {
        Some(format!("entry {}: what it says cannot be read", entry.seq))
    } else if entry.kind == Kind::MESSAGE && entry.seq <= done && !snapshot.is_indexed(entry.seq)? {
        Some(format!("entry {}: the search index does not have it", entry.seq))
    } else {
        None
    })
}
