//! Holding the database against itself: is the file sound, and does the log mean what a log means?

use std::collections::BTreeMap;
use std::path::Path;

use tertulia_protocol::{RoomId, Rseq, Seq};

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
            // Only what the server has had the time to erase can be expected to be gone.
            if snapshot.derived_upto()? >= chat.position() {
                let erased = snapshot.for_each(|entry| {
                    if is_erased(&chat, entry) && !entry.body.is_empty() && wrong.len() < TOLD_MAX {
                        wrong.push(format!("entry {}: it is erased, and its text is still stored", entry.seq));
                    }
                    Ok::<(), OpenError>(())
                });
                erased?;
            }
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

fn is_erased(chat: &Chat, entry: &Entry) -> bool {
    chat.room(entry.room).is_some_and(|room| {
        let place = room.places().find(entry.seq);
        place.is_some_and(|(rseq, _)| entry.seq > Seq(1) && room.is_blank(rseq, entry.kind, entry.target))
    })
}
