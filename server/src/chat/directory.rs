//! Who is known: users, their names, the keys of their devices, the rooms they are in. Compares bytes and computes
//! nothing: what folding and confusability mean was decided by admit and stands in the entry.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{DeviceId, ErrorCode, PublicKey, RoomId, Seq, UserId, reply::UserRow};

use super::{
    Refusal,
    body::{NameClaim, Rename},
};

/// A user as the log has it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct User {
    name: Box<str>,
    /// What the user was called before. Nobody else may take these.
    former: Vec<Box<str>>,
    hue: Option<u16>,
    index: u32,
    changed: Seq,
    /// Rooms that the user is a member of, without `general`.
    pub(super) rooms: BTreeSet<RoomId>,
    /// How many of them count for the limit: those that are not direct.
    pub(super) counted: usize,
    /// Rooms that the user is not a member of any more, and since when.
    pub(super) gone: BTreeMap<RoomId, Seq>,
}

impl User {
    /// What the user is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the user is called so, or ever was.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        *self.name == *name || self.former.iter().any(|former| **former == *name)
    }

    /// The last entry that changed how the user is shown.
    #[must_use]
    pub fn changed(&self) -> Seq {
        self.changed
    }

    /// The user as it stands, for a client.
    #[must_use]
    pub fn row(&self, id: UserId) -> UserRow {
        UserRow { user: id, name: self.name.to_string(), hue: self.hue }
    }
}

/// All users, and the ways to find one.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Directory {
    pub(super) users: BTreeMap<UserId, User>,
    keys: BTreeMap<PublicKey, (UserId, DeviceId)>,
    /// Present and former names.
    folded: BTreeMap<Box<str>, UserId>,
    skeletons: BTreeMap<Box<str>, UserId>,
    /// Who was changed by which entry last: an entry changes one user at most.
    changed: BTreeMap<Seq, UserId>,
}

impl Directory {
    /// A user by id.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// A user's name; empty for nobody.
    #[must_use]
    pub fn name(&self, id: UserId) -> &str {
        self.users.get(&id).map_or("", User::name)
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nobody has ever claimed a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The user and the device of a key.
    #[must_use]
    pub fn by_key(&self, key: &PublicKey) -> Option<(UserId, DeviceId)> {
        self.keys.get(key).copied()
    }

    /// Who was changed behind a place of the log, in that order: who changes meanwhile comes later, and nobody is missed.
    pub(super) fn changed_since(&self, since: Seq) -> impl Iterator<Item = (Seq, UserId, &User)> {
        let behind = self.changed.range(Seq(since.0.saturating_add(1))..);
        behind.filter_map(|(seq, id)| Some((*seq, *id, self.users.get(id)?)))
    }

    /// The small number that the place index knows a user by.
    pub(super) fn index_of(&self, id: UserId) -> Option<u32> {
        self.users.get(&id).map(|user| user.index)
    }

    /// Whether a key may have a name: `Some` if it has it already or had it once, `None` if both are free.
    ///
    /// # Errors
    /// What the claimant is told.
    pub fn check(
        &self,
        key: &PublicKey,
        name: &str,
        folded: &str,
        skeletons: &[String],
    ) -> Result<Option<(UserId, DeviceId)>, Refusal> {
        if let Some((user, device)) = self.by_key(key) {
            let is_called = self.user(user).is_some_and(|user| user.is_called(name));
            return if is_called { Ok(Some((user, device))) } else { Err(self.key_has_name(user)) };
        }
        self.check_name(None, name, folded, skeletons).map(|()| None)
    }

    /// Whether a name is free, for somebody new or for this user: nobody else has it, had it, or could be mistaken.
    ///
    /// # Errors
    /// What the claimant is told.
    pub fn check_name(
        &self,
        user: Option<UserId>,
        name: &str,
        folded: &str,
        skeletons: &[String],
    ) -> Result<(), Refusal> {
        let is_other = |owner: &&UserId| Some(**owner) != user;
        if self.folded.get(folded).filter(is_other).is_some() {
            return Err(name_taken(name));
        }
        let alike = |skeleton: &String| self.skeletons.get(skeleton.as_str()).filter(is_other);
        if let Some(other) = skeletons.iter().find_map(alike) {
            let other = self.name(*other).to_owned();
            let text = format!("the name {name:?} could be mistaken for {other:?}");
            return Err(Refusal::new(ErrorCode::NAME_CONFUSABLE, text).with([name.to_owned(), other]));
        }
        Ok(())
    }

    /// What a key's owner is told who asks for another name.
    #[must_use]
    pub fn key_has_name(&self, user: UserId) -> Refusal {
        let name = self.name(user).to_owned();
        Refusal::new(ErrorCode::KEY_HAS_NAME, format!("this device belongs to {name:?}")).with([name])
    }

    /// Takes a user in who claimed a free name with a free key.
    pub(super) fn insert(&mut self, seq: Seq, claim: NameClaim) -> (UserId, DeviceId) {
        let (id, device) = (UserId(seq.0), DeviceId(seq.0));
        let NameClaim { key, name, folded, skeletons } = claim;
        let user = User {
            name: name.into(),
            former: Vec::new(),
            hue: None,
            // Number 0 is the server. Claims beyond 2³² would take a century of ten a second.
            index: u32::try_from(self.users.len() + 1).unwrap_or(u32::MAX),
            changed: seq,
            rooms: BTreeSet::new(),
            counted: 0,
            gone: BTreeMap::new(),
        };
        self.users.insert(id, user);
        self.keys.insert(key, (id, device));
        self.changed.insert(seq, id);
        self.reserve(id, folded, skeletons);
        (id, device)
    }

    /// Gives a user another name, which is free. Whether that is another one than before.
    pub(super) fn rename(&mut self, seq: Seq, id: UserId, rename: Rename) -> bool {
        let Rename { name, folded, skeletons } = rename;
        let Some(user) = self.users.get_mut(&id).filter(|user| *user.name != *name) else { return false };
        user.former.retain(|former| **former != *name);
        let former = std::mem::replace(&mut user.name, name.into());
        user.former.push(former);
        self.touch(seq, id);
        self.reserve(id, folded, skeletons);
        true
    }

    /// Shows a user in another colour. Whether that is another one than before.
    pub(super) fn set_hue(&mut self, seq: Seq, id: UserId, hue: Option<u16>) -> bool {
        let Some(user) = self.users.get_mut(&id).filter(|user| user.hue != hue) else { return false };
        user.hue = hue;
        self.touch(seq, id);
        true
    }

    fn touch(&mut self, seq: Seq, id: UserId) {
        if let Some(user) = self.users.get_mut(&id) {
            self.changed.remove(&user.changed);
            user.changed = seq;
            self.changed.insert(seq, id);
        }
    }

    fn reserve(&mut self, id: UserId, folded: String, skeletons: Vec<String>) {
        self.folded.insert(folded.into(), id);
        self.skeletons.extend(skeletons.into_iter().map(|skeleton| (skeleton.into(), id)));
    }

    /// Whether the indices say what the users say: see [`super::Chat::check_invariants`].
    pub(super) fn is_sound(&self) -> bool {
        self.changed.len() == self.users.len()
            && self.users.iter().all(|(id, user)| self.changed.get(&user.changed) == Some(id))
            && self.keys.values().all(|(id, _)| self.users.contains_key(id))
            && self.folded.values().chain(self.skeletons.values()).all(|id| self.users.contains_key(id))
    }
}

/// What somebody is told whose wish belongs to somebody else.
fn name_taken(name: &str) -> Refusal {
    Refusal::new(ErrorCode::NAME_TAKEN, format!("the name {name:?} belongs to somebody else")).with([name.to_owned()])
}
