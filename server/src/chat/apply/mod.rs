//! Apply: takes the next entry in. **This is the authority**; what it answers is what everybody is told.
//!
//! Each kind is held against `rules` first and changes the state only then, so that a refused entry leaves no trace but
//! its refusal. One mutation, then all its consequences; nothing here calls anybody.

mod content;
mod people;
mod rooms;

use tertulia_protocol::{ErrorCode, Kind, Seq, UserId, reply::Lineage};

use super::{
    Applied, CannotApply, Chat, Effect, Outcome, RULES_VERSION, Refusal, body,
    deed::{Deed, check_columns, unreadable},
    outcome::bad_request,
    room::{GENERAL_ROOM, Room, Sort},
};
use crate::log::Entry;

/// What an entry came to; `Err` if it is refused.
type Decided = Result<Applied, Refusal>;

impl Applied {
    /// Done, and belongs to no room.
    fn unplaced(seq: Seq, effect: Effect) -> Self {
        Self { outcome: Outcome::Unplaced { seq }, effect }
    }
}

impl Chat {
    /// Takes the next entry in. Total and deterministic: any entry whatever has an outcome or is an error.
    ///
    /// # Errors
    /// The log is not for this version, or not a log. The server stops; nothing was changed.
    pub fn apply(&mut self, entry: &Entry) -> Result<Applied, CannotApply> {
        if Some(entry.seq.0) != self.position.0.checked_add(1) {
            return Err(CannotApply::NotALog { seq: entry.seq });
        }
        let decided = match entry.kind {
            Kind::GENESIS if entry.seq == Seq(1) => Ok(self.begin(entry)?),
            _ if self.lineage.is_empty() => return Err(CannotApply::NotALog { seq: entry.seq }),
            kind if !kind.is_state() => self.say(entry),
            Kind::GENESIS => Err(Refusal::new(ErrorCode::BAD_KIND, "the log has begun already")),
            Kind::NAME_CLAIM => server_wrote(entry).and_then(|()| self.claim(entry)),
            Kind::NEW_LOG => server_wrote(entry).and_then(|()| self.go_on_as(entry)),
            kind => match Deed::read(kind, &entry.body) {
                Some(deed) => self.act(entry, deed),
                None => return Err(CannotApply::UnknownStateKind { seq: entry.seq, kind }),
            },
        };
        self.position = entry.seq;
        let applied =
            decided.unwrap_or_else(|refusal| Applied { outcome: Outcome::Refused(refusal), effect: Effect::Nothing });
        if let Outcome::Refused(_) | Outcome::Existing(_) = applied.outcome {
            self.kept.insert(entry.seq, applied.outcome.clone());
        }
        Ok(applied)
    }

    fn begin(&mut self, entry: &Entry) -> Result<Applied, CannotApply> {
        let Some(genesis) = body::Genesis::from_bytes(&entry.body) else {
            return Err(CannotApply::NotALog { seq: entry.seq });
        };
        if genesis.rules != RULES_VERSION {
            return Err(CannotApply::UnknownRules { version: genesis.rules });
        }
        self.lineage.push(Lineage { log: genesis.log, from: entry.seq });
        // The name that admit gives it is its own folded form.
        let general = Room::new(Sort::General, &genesis.general, &genesis.general, entry.seq, entry.at);
        self.public_names.insert(genesis.general.into(), GENERAL_ROOM);
        self.public.insert(GENERAL_ROOM);
        self.rooms.insert(GENERAL_ROOM, general);
        Ok(Applied { outcome: Outcome::Began, effect: Effect::Nothing })
    }

    /// A restored backup goes on under another name.
    fn go_on_as(&mut self, entry: &Entry) -> Decided {
        let body::NewLog { log } = body::NewLog::from_bytes(&entry.body).ok_or_else(unreadable)?;
        if self.lineage.iter().any(|lineage| lineage.log == log) {
            return Err(bad_request("the log was called so before"));
        }
        self.lineage.push(Lineage { log, from: entry.seq });
        Ok(Applied::unplaced(entry.seq, Effect::Nothing))
    }

    fn act(&mut self, entry: &Entry, deed: Result<Deed, Refusal>) -> Decided {
        check_columns(entry.kind, entry.room, entry.target, &entry.mentions)?;
        let deed = deed?;
        self.may(entry.author, entry.room, &deed)?;
        match deed {
            Deed::Rename(rename) => Ok(self.rename(entry, rename)),
            Deed::Profile { hue } => Ok(self.set_profile(entry, hue)),
            Deed::Open(open) => self.open(entry, &open),
            deed => self.change_room(entry, deed),
        }
    }
}

/// Some kinds are the server's own.
fn server_wrote(entry: &Entry) -> Result<(), Refusal> {
    check_columns(entry.kind, entry.room, entry.target, &entry.mentions)?;
    if entry.author != UserId(0) {
        return Err(Refusal::new(ErrorCode::BAD_KIND, "only the server writes this kind"));
    }
    Ok(())
}
