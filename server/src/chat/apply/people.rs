//! Apply, of people: names and how they are shown.

use tertulia_protocol::ErrorCode;

use super::{
    super::{
        Applied, Chat, Effect, Outcome, Refusal,
        body::{self, Rename},
        room::GENERAL_ROOM,
    },
    Decided,
};
use crate::log::Entry;

impl Chat {
    pub(super) fn claim(&mut self, entry: &Entry) -> Decided {
        let Some(claim) = body::NameClaim::from_bytes(&entry.body) else {
            return Err(Refusal::new(ErrorCode::MALFORMED, "the claim cannot be read"));
        };
        if let Some((user, device)) = self.directory.check(&claim.key, &claim.name, &claim.folded, &claim.skeletons)? {
            return Ok(Applied { outcome: Outcome::Claimed { user, device, new: false }, effect: Effect::Nothing });
        }
        let (user, device) = self.directory.insert(entry.seq, claim);
        self.read_all(GENERAL_ROOM, user);
        Ok(Applied { outcome: Outcome::Claimed { user, device, new: true }, effect: Effect::UserChanged { user } })
    }

    pub(super) fn rename(&mut self, entry: &Entry, rename: Rename) -> Applied {
        let is_new = self.directory.rename(entry.seq, entry.author, rename);
        changed(entry, is_new)
    }

    pub(super) fn set_profile(&mut self, entry: &Entry, hue: Option<u16>) -> Applied {
        let is_new = self.directory.set_hue(entry.seq, entry.author, hue);
        changed(entry, is_new)
    }
}

fn changed(entry: &Entry, is_new: bool) -> Applied {
    let effect = if is_new { Effect::UserChanged { user: entry.author } } else { Effect::Nothing };
    Applied::unplaced(entry.seq, effect)
}
