//! Apply, of what people say: decided by columns alone, because bodies may be erased or sealed. No allocation for a
//! plain message but the growth of the place index.

use tertulia_protocol::{Kind, Seq};

use super::{
    super::{
        Applied, Chat, Effect, Erasure, Outcome, Placement, deed::check_columns, outcome::no_room, rules::may_say,
    },
    Decided,
    rooms::full,
};
use crate::log::Entry;

impl Chat {
    pub(super) fn say(&mut self, entry: &Entry) -> Decided {
        let &Entry { seq, author, room: id, kind, target, .. } = entry;
        check_columns(kind, id, target, &entry.mentions)?;
        let index = self.directory.index_of(author).ok_or_else(no_room)?;
        let room = self.rooms.get_mut(&id).ok_or_else(no_room)?;
        may_say(room, author, index, kind, target)?;
        let about = target.and_then(|rseq| Some((rseq, room.places.get(rseq)?.seq())));
        let Some((rseq, count)) = room.place(seq, index, kind) else { return Err(full()) };
        let effect = match (kind, about) {
            (Kind::MESSAGE, _) => {
                for user in &entry.mentions {
                    if self.directory.user(*user).is_some() && room.role(*user).is_some() {
                        room.readers.entry(*user).or_default().mention(rseq);
                    }
                }
                // What one says oneself is read, and so is all before it. Whoever learns of the message learns of that.
                room.readers.entry(author).or_default().mark(rseq, Seq(0));
                Effect::Said
            }
            (Kind::EDIT, Some((target, message))) => {
                room.places.set_later(target);
                Effect::Edited { message }
            }
            (Kind::DELETE, Some((target, message))) => {
                room.places.set_deleted(target);
                self.erasures.push(Erasure { by: seq, room: id, from: target, to: target });
                Effect::Erased { message, rseq: target }
            }
            (Kind::REACT | Kind::UNREACT, Some((target, _))) => {
                room.places.set_later(target);
                Effect::Nothing
            }
            _ => Effect::Nothing,
        };
        Ok(Applied { outcome: Outcome::Placed(Placement { room: id, seq, rseq, count }), effect })
    }
}
