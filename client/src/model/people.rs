//! Who is who, and who is online.
//!
//! Owns names and presence. A person we know nothing of yet still has a name to show, because a message may come
//! before the name of its author.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::UserId;

/// Who is online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Online {
    /// These.
    People(BTreeSet<UserId>),
    /// So many that the server tells only how many.
    Count(u64),
}

/// The people of the server.
#[derive(Clone, Debug)]
pub struct People {
    names: BTreeMap<UserId, String>,
    online: Online,
}

impl Default for People {
    fn default() -> Self {
        Self { names: BTreeMap::new(), online: Online::People(BTreeSet::new()) }
    }
}

impl People {
    /// Learns names.
    pub fn learn(&mut self, users: Vec<(UserId, String)>) {
        self.names.extend(users);
    }

    /// The name of a user; empty while nobody has told us.
    #[must_use]
    pub fn name(&self, user: UserId) -> &str {
        self.names.get(&user).map_or("", String::as_str)
    }

    /// Takes the whole presence.
    pub fn set_online(&mut self, users: Vec<UserId>) {
        self.online = Online::People(users.into_iter().collect());
    }

    /// Takes only how many there are.
    pub fn set_count(&mut self, count: u64) {
        self.online = Online::Count(count);
    }

    /// Takes what changed. Above a count a change means nothing: the whole set comes again below it.
    pub fn change_online(&mut self, came: Vec<UserId>, went: &[UserId]) {
        if let Online::People(online) = &mut self.online {
            online.extend(came);
            online.retain(|user| !went.contains(user));
        }
    }

    /// Nobody is known to be online: the connection is gone, and what was true no longer is.
    pub fn forget_online(&mut self) {
        self.online = Online::People(BTreeSet::new());
    }

    /// How many are online.
    #[must_use]
    pub fn online_count(&self) -> u64 {
        match &self.online {
            Online::People(online) => online.len() as u64,
            Online::Count(count) => *count,
        }
    }

    /// Who is online, in the order of a telephone book; `None` if only the number is known.
    #[must_use]
    pub fn online(&self) -> Option<Vec<(UserId, &str)>> {
        let Online::People(online) = &self.online else { return None };
        let mut people: Vec<_> = online.iter().map(|user| (*user, self.name(*user))).collect();
        people.sort_by_cached_key(|(user, name)| (sort_key(name), *user));
        Some(people)
    }
}

/// Where a name stands in a list: letters without regard to case and to the accents of western languages.
fn sort_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => key.push('a'),
            'é' | 'è' | 'ê' | 'ë' => key.push('e'),
            'í' | 'ì' | 'î' | 'ï' => key.push('i'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' => key.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => key.push('u'),
            'ç' => key.push('c'),
            // A letter of its own, after every other n.
            'ñ' => key.push_str("n~"),
            other => key.push(other),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_people_look_for_them() {
        let mut people = People::default();
        let names = ["Zoë", "ana", "Álvaro", "luis", "Ñusta", "nadia", "Bea"];
        people.learn((1..).map(UserId).zip(names.map(String::from)).collect());
        people.set_online((1..=7).map(UserId).collect());
        let sorted: Vec<_> = people.online().unwrap().into_iter().map(|(_, name)| name).collect();
        assert_eq!(sorted, ["Álvaro", "ana", "Bea", "luis", "nadia", "Ñusta", "Zoë"]);
    }

    #[test]
    fn presence_changes_add_up() {
        let mut people = People::default();
        people.set_online(vec![UserId(1), UserId(2)]);
        people.change_online(vec![UserId(3)], &[UserId(1)]);
        assert_eq!(people.online_count(), 2);
        people.set_count(900);
        people.change_online(vec![UserId(3)], &[]);
        assert_eq!((people.online(), people.online_count()), (None, 900));
    }
}
