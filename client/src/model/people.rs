//! Who is who, and who is online.
//!
//! Owns names and presence. A person we know nothing of yet still has a name to show, because a message may come
//! before the name of its author.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{UserId, reply::UserRow};

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
    rows: BTreeMap<UserId, UserRow>,
    online: Online,
    away: BTreeSet<UserId>,
}

impl Default for People {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), online: Online::People(BTreeSet::new()), away: BTreeSet::new() }
    }
}

impl People {
    /// Learns who somebody is.
    pub fn learn(&mut self, users: Vec<UserRow>) {
        self.rows.extend(users.into_iter().map(|row| (row.user, row)));
    }

    /// Learns a name alone.
    pub fn learn_name(&mut self, user: UserId, name: String) {
        let hue = self.hue(user);
        self.rows.insert(user, UserRow { user, name, hue });
    }

    /// The name of a user; empty while nobody has told us.
    #[must_use]
    pub fn name(&self, user: UserId) -> &str {
        self.rows.get(&user).map_or("", |row| row.name.as_str())
    }

    /// The colour that a user chose.
    #[must_use]
    pub fn hue(&self, user: UserId) -> Option<u16> {
        self.rows.get(&user).and_then(|row| row.hue)
    }

    /// Everybody who is known, in the order of a telephone book.
    #[must_use]
    pub fn all(&self) -> Vec<(UserId, &str)> {
        let people = self.rows.values().filter(|row| row.user.0 != 0 && !row.name.is_empty());
        let mut people: Vec<_> = people.map(|row| (row.user, row.name.as_str())).collect();
        people.sort_by_cached_key(|(user, name)| (sort_key(name), *user));
        people
    }

    /// Takes the whole presence.
    pub fn set_online(&mut self, users: Vec<UserId>, away: Vec<UserId>) {
        self.online = Online::People(users.into_iter().collect());
        self.away = away.into_iter().collect();
    }

    /// Takes only how many there are.
    pub fn set_count(&mut self, count: u64) {
        self.online = Online::Count(count);
        self.away.clear();
    }

    /// Takes what changed. Above a count a change means nothing: the whole set comes again below it.
    pub fn change_online(&mut self, came: Vec<UserId>, went: &[UserId], away: Vec<UserId>, back: &[UserId]) {
        if let Online::People(online) = &mut self.online {
            self.away.retain(|user| !came.contains(user) && !went.contains(user) && !back.contains(user));
            online.extend(came);
            online.retain(|user| !went.contains(user));
            self.away.extend(away.into_iter().filter(|user| online.contains(user)));
        }
    }

    /// Whether somebody is known to be online.
    #[must_use]
    pub fn is_online(&self, user: UserId) -> bool {
        matches!(&self.online, Online::People(online) if online.contains(&user))
    }

    /// Whether somebody is online and away from the desk.
    #[must_use]
    pub fn is_away(&self, user: UserId) -> bool {
        self.away.contains(&user)
    }

    /// Nobody is known to be online: the connection is gone, and what was true no longer is.
    pub fn forget_online(&mut self) {
        self.online = Online::People(BTreeSet::new());
        self.away.clear();
    }

    /// How many are online.
    #[must_use]
    pub fn online_count(&self) -> u64 {
        match &self.online {
            Online::People(online) => online.len() as u64,
            Online::Count(count) => *count,
        }
    }

    /// Who is online, as the server tells it.
    #[must_use]
    pub fn presence(&self) -> &Online {
        &self.online
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
pub(super) fn sort_key(name: &str) -> String {
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
        for (user, name) in (1..).map(UserId).zip(names) {
            people.learn_name(user, name.to_owned());
        }
        people.set_online((1..=7).map(UserId).collect(), vec![]);
        let sorted: Vec<_> = people.online().unwrap().into_iter().map(|(_, name)| name).collect();
        assert_eq!(sorted, ["Álvaro", "ana", "Bea", "luis", "nadia", "Ñusta", "Zoë"]);
    }

    #[test]
    fn presence_changes_add_up() {
        let mut people = People::default();
        people.set_online(vec![UserId(1), UserId(2)], vec![UserId(2)]);
        people.change_online(vec![UserId(3)], &[UserId(1)], vec![UserId(3)], &[UserId(2)]);
        assert_eq!((people.online_count(), people.is_away(UserId(2)), people.is_away(UserId(3))), (2, false, true));
        people.set_count(900);
        people.change_online(vec![UserId(3)], &[], vec![], &[]);
        assert_eq!((people.online(), people.online_count()), (None, 900));
    }
}
