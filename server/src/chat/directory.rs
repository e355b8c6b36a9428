//! Who is known: users, their names, the keys of their devices. Compares bytes and computes nothing: what folding and
//! confusability mean was decided by admit and stands in the claim.

use std::collections::BTreeMap;

use tertulia_protocol::{DeviceId, ErrorCode, PublicKey, Seq, UserId, reply::UserRow};

use super::{Refusal, body::NameClaim};

/// A user as the log has it.
#[derive(Debug)]
pub struct User {
    name: Box<str>,
    index: u32,
}

impl User {
    /// What the user is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user as it stands, for a client.
    #[must_use]
    pub fn row(&self, id: UserId) -> UserRow {
        UserRow { user: id, name: self.name.to_string() }
    }
}

/// All users, and the three ways to find one.
#[derive(Debug, Default)]
pub struct Directory {
    users: BTreeMap<UserId, User>,
    keys: BTreeMap<PublicKey, (UserId, DeviceId)>,
    folded: BTreeMap<Box<str>, UserId>,
    skeletons: BTreeMap<Box<str>, UserId>,
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

    /// The users whose ids are beyond one, by rising id.
    pub fn newer_than(&self, id: UserId) -> impl Iterator<Item = (UserId, &User)> {
        self.users.range(UserId(id.0.saturating_add(1))..).map(|(id, user)| (*id, user))
    }

    /// The small number that the place index knows a user by.
    pub(super) fn index_of(&self, id: UserId) -> Option<u32> {
        self.users.get(&id).map(|user| user.index)
    }

    /// Whether a key may have a name: `Some` if it has it already, `None` if both are free.
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
            return if self.name(user) == name { Ok(Some((user, device))) } else { Err(self.key_has_name(user)) };
        }
        if self.folded.contains_key(folded) {
            return Err(name_taken(name));
        }
        if let Some(other) = skeletons.iter().find_map(|skeleton| self.skeletons.get(skeleton.as_str())) {
            let other = self.name(*other).to_owned();
            let text = format!("the name {name:?} could be mistaken for {other:?}");
            return Err(Refusal::new(ErrorCode::NAME_CONFUSABLE, text).with([name.to_owned(), other]));
        }
        Ok(None)
    }

    /// What a key's owner is told who asks for another name.
    #[must_use]
    pub fn key_has_name(&self, user: UserId) -> Refusal {
        let name = self.name(user).to_owned();
        Refusal::new(ErrorCode::KEY_HAS_NAME, format!("this device belongs to {name:?}")).with([name])
    }

    /// Takes a user in who claimed a free name with a free key.
    pub(super) fn insert(&mut self, seq: Seq, claim: NameClaim) -> (UserId, DeviceId) {
        let (user, device) = (UserId(seq.0), DeviceId(seq.0));
        // Number 0 is the server. Claims beyond 2³² would take a century of ten a second.
        let index = u32::try_from(self.users.len() + 1).unwrap_or(u32::MAX);
        self.users.insert(user, User { name: claim.name.into(), index });
        self.keys.insert(claim.key, (user, device));
        self.folded.insert(claim.folded.into(), user);
        self.skeletons.extend(claim.skeletons.into_iter().map(|skeleton| (skeleton.into(), user)));
        (user, device)
    }
}

/// What somebody is told whose wish belongs to somebody else.
fn name_taken(name: &str) -> Refusal {
    Refusal::new(ErrorCode::NAME_TAKEN, format!("the name {name:?} belongs to somebody else")).with([name.to_owned()])
}
