//! Who is online. Signals, never logged: few frames with the same bytes for everybody, however many people come and go.
//!
//! There are two sets: who is here, and who everybody was *told* is here. A newcomer is shown the first one, so that
//! it finds itself in it; every frame tells the difference between the two, so that behind each frame all clients hold
//! the same list. Whatever changes between a newcomer and the next frame is told in that frame even if the others know.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{UserId, limits::PRESENCE_LISTED_MAX, push};

/// At most one frame in this time.
const LIST_EVERY_MS: u64 = 250;

/// At most one in this time while there are too many people to list. A frame goes to all of them, and is worth less to
/// each: a number. While ten thousand come, four a second would cost as much as their logins.
const COUNT_EVERY_MS: u64 = 2_000;

/// How long a person stays after the last connection is gone: a restart of the window, a short loss of the network,
/// are nobody's news.
const LINGER_MS: u64 = 5_000;

/// Who is online, and who was told so. Times are milliseconds of the loop's monotonic clock.
#[derive(Debug, Default)]
pub struct Presence {
    /// Who is here, or was told to be.
    people: BTreeMap<UserId, Person>,
    /// How many of them are here: have a connection, or had one a moment ago.
    here: usize,
    /// How many of them were told to be here.
    told: usize,
    /// Those who are here, by rising id, for as long as there are few enough to list.
    listed: Vec<UserId>,
    /// Who has no connection left, and until when they count as here.
    lingering: BTreeMap<UserId, u64>,
    /// The same by time, so that the next one is found at once.
    departures: BTreeSet<(u64, UserId)>,
    came: BTreeSet<UserId>,
    went: BTreeSet<UserId>,
    /// Who of those who are here is away, who was told to be, and what there is to tell of that.
    away: BTreeSet<UserId>,
    told_away: BTreeSet<UserId>,
    gone_away: BTreeSet<UserId>,
    back: BTreeSet<UserId>,
    /// Whether a newcomer was shown what the others have not been told yet.
    is_ahead: bool,
    /// Whether that was a number, while the others have a list.
    is_counted: bool,
    next_frame: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Person {
    connections: u32,
    /// How many of them are away.
    away: u32,
    is_here: bool,
    is_told: bool,
}

impl Presence {
    /// A connection of somebody has logged in. It is not away.
    pub fn arrive(&mut self, user: UserId) {
        let person = self.people.entry(user).or_default();
        person.connections += 1;
        let is_told = person.is_told;
        if std::mem::replace(&mut person.is_here, true) {
            if let Some(at) = self.lingering.remove(&user) {
                self.departures.remove(&(at, user));
            }
        } else {
            self.here += 1;
            if self.here > PRESENCE_LISTED_MAX {
                self.listed = Vec::new();
            } else if let Err(index) = self.listed.binary_search(&user) {
                self.listed.insert(index, user);
            }
        }
        self.went.remove(&user);
        if self.is_ahead || !is_told {
            self.came.insert(user);
        }
        self.note_away(user);
    }

    /// A connection of somebody has gone away, or is back. Call it only if that is news of this connection.
    pub fn set_away(&mut self, user: UserId, is_away: bool) {
        let Some(person) = self.people.get_mut(&user) else { return };
        let away = if is_away { person.away + 1 } else { person.away.saturating_sub(1) };
        person.away = away.min(person.connections);
        self.note_away(user);
    }

    /// A connection of somebody is gone; `was_away` says what it was.
    pub fn leave(&mut self, user: UserId, was_away: bool, now: u64) {
        let Some(person) = self.people.get_mut(&user).filter(|person| person.connections > 0) else { return };
        person.connections -= 1;
        person.away = person.away.saturating_sub(u32::from(was_away)).min(person.connections);
        if person.connections == 0 {
            // Until it is settled whether the person returns, nobody is told anything.
            self.lingering.insert(user, now + LINGER_MS);
            self.departures.insert((now + LINGER_MS, user));
        } else {
            self.note_away(user);
        }
    }

    /// How many people are online.
    #[must_use]
    pub fn online(&self) -> usize {
        self.here
    }

    /// When [`Self::due`] has something to do next.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let departure = self.departures.first().map(|(at, _)| *at);
        let frame = self.has_news().then_some(self.next_frame);
        departure.into_iter().chain(frame).min()
    }

    /// The frame that is due, for everybody who was shown [`Self::show_newcomers`] before.
    pub fn due(&mut self, now: u64) -> Option<push::Presence> {
        while let Some(&(at, user)) = self.departures.first().filter(|(at, _)| *at <= now) {
            self.departures.remove(&(at, user));
            self.lingering.remove(&user);
            self.depart(user);
            self.note_away(user);
        }
        if now < self.next_frame || !self.has_news() {
            return None;
        }
        let were_listed = self.told <= PRESENCE_LISTED_MAX && !self.is_counted;
        (self.is_ahead, self.is_counted) = (false, false);
        let came = std::mem::take(&mut self.came);
        let went = std::mem::take(&mut self.went);
        for user in &came {
            self.tell(*user, true);
        }
        for user in &went {
            self.tell(*user, false);
        }
        // Whoever differed between the two sets was in one of these lists, so now they are the same.
        debug_assert_eq!(self.told, self.here, "everybody who is here was told to be");
        let is_listed = self.told <= PRESENCE_LISTED_MAX;
        self.next_frame = now + if is_listed { LIST_EVERY_MS } else { COUNT_EVERY_MS };
        let (mut away, mut back) = (std::mem::take(&mut self.gone_away), std::mem::take(&mut self.back));
        // Who comes is not away until it is said; of who goes nothing is.
        away.extend(came.intersection(&self.away));
        back.retain(|user| !went.contains(user));
        self.told_away.clone_from(&self.away);
        if !were_listed || !is_listed {
            return Some(self.whole(|listed| listed.clone()));
        }
        let online = self.told as u64;
        let (came, went, away, back) = (some(came), some(went), some(away), some(back));
        Some(push::Presence { online, whole: None, came, went, away, back })
    }

    /// Shows what newcomers get, themselves included: everybody who is online, or their number if they are too many. Lent
    /// and not given, because in a storm hundreds get a list of hundreds.
    pub fn show_newcomers(&mut self, show: impl FnOnce(&push::Presence)) {
        self.is_ahead |= self.has_news();
        self.is_counted |= self.here > PRESENCE_LISTED_MAX;
        let presence = self.whole(std::mem::take);
        show(&presence);
        self.listed = presence.whole.unwrap_or_default();
    }

    /// Everybody and who of them is away, or their number if they are too many.
    fn whole(&mut self, list: impl FnOnce(&mut Vec<UserId>) -> Vec<UserId>) -> push::Presence {
        let whole = (self.here <= PRESENCE_LISTED_MAX).then(|| list(&mut self.listed));
        let away = whole.is_some().then(|| some(self.away.clone())).flatten();
        push::Presence { online: self.here as u64, whole, came: None, went: None, away, back: None }
    }

    /// Somebody is not here any more.
    fn depart(&mut self, user: UserId) {
        let Some(person) = self.people.get_mut(&user) else { return };
        person.is_here = false;
        let is_told = person.is_told;
        self.forget_if_nobody(user);
        self.here -= 1;
        if self.here == PRESENCE_LISTED_MAX {
            self.listed = self.people.iter().filter(|(_, person)| person.is_here).map(|(user, _)| *user).collect();
        } else if let Ok(index) = self.listed.binary_search(&user) {
            self.listed.remove(index);
        }
        // Who came and went in between is nobody's news, unless a newcomer has seen it.
        self.came.remove(&user);
        if self.is_ahead || is_told {
            self.went.insert(user);
        }
    }

    /// Everybody is told that somebody is here, or is not.
    fn tell(&mut self, user: UserId, is_here: bool) {
        let Some(person) = self.people.get_mut(&user) else { return };
        match (std::mem::replace(&mut person.is_told, is_here), is_here) {
            (false, true) => self.told += 1,
            (true, false) => self.told -= 1,
            _ => {}
        }
        self.forget_if_nobody(user);
    }

    fn forget_if_nobody(&mut self, user: UserId) {
        if self.people.get(&user).is_some_and(|person| !person.is_here && !person.is_told) {
            self.people.remove(&user);
        }
    }

    /// Notes what the next frame has to say of who is away.
    fn note_away(&mut self, user: UserId) {
        let is_away =
            self.people.get(&user).is_some_and(|person| person.connections > 0 && person.away == person.connections);
        if is_away == self.away.contains(&user) {
            return;
        }
        if is_away {
            self.away.insert(user);
        } else {
            self.away.remove(&user);
        }
        let (news, stale) =
            if is_away { (&mut self.gone_away, &mut self.back) } else { (&mut self.back, &mut self.gone_away) };
        stale.remove(&user);
        if self.is_ahead || is_away != self.told_away.contains(&user) {
            news.insert(user);
        }
    }

    /// Whether there is something to tell. Who is away among too many to list is not.
    fn has_news(&self) -> bool {
        let is_listed = self.told <= PRESENCE_LISTED_MAX;
        let are_there = |news: [&BTreeSet<UserId>; 2]| news.iter().any(|news| !news.is_empty());
        are_there([&self.came, &self.went]) || is_listed && are_there([&self.gone_away, &self.back])
    }
}

/// The people, if there are any.
fn some(users: BTreeSet<UserId>) -> Option<Vec<UserId>> {
    (!users.is_empty()).then(|| users.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Presence {
        fn newcomer(&mut self) -> push::Presence {
            let mut shown = None;
            self.show_newcomers(|presence| shown = Some(presence.clone()));
            shown.unwrap()
        }
    }

    fn users(ids: impl IntoIterator<Item = u64>) -> Option<Vec<UserId>> {
        Some(ids.into_iter().map(UserId).collect())
    }

    #[test]
    fn one_frame_tells_of_all_who_came_within_250_ms() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        assert_eq!(presence.due(0).unwrap().came, users([1]));
        presence.arrive(UserId(2));
        presence.arrive(UserId(3));
        assert_eq!(presence.due(100), None);
        assert_eq!(presence.deadline(), Some(250));
        let frame = presence.due(250).unwrap();
        assert_eq!((frame.online, frame.came, frame.went), (3, users([2, 3]), None));
        assert_eq!(presence.deadline(), None);
    }

    #[test]
    fn a_second_connection_and_a_quick_return_are_nobodys_news() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        presence.due(0);
        presence.arrive(UserId(1));
        presence.leave(UserId(1), false, 1_000);
        assert_eq!(presence.deadline(), None);
        presence.leave(UserId(1), false, 1_000);
        assert_eq!(presence.deadline(), Some(6_000));
        assert_eq!(presence.due(5_999), None);
        presence.arrive(UserId(1));
        assert_eq!(presence.deadline(), None);
    }

    #[test]
    fn who_is_gone_for_five_seconds_is_gone() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        presence.due(0);
        presence.leave(UserId(1), false, 1_000);
        let frame = presence.due(6_000).unwrap();
        assert_eq!((frame.online, frame.went), (0, users([1])));
        assert_eq!(presence.newcomer().whole, users([]));
    }

    #[test]
    fn a_newcomer_finds_itself_and_ends_with_the_same_list_as_the_others() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        presence.due(0);
        presence.arrive(UserId(2));
        assert_eq!(presence.newcomer().whole, users([1, 2]));
        // Somebody goes who the newcomer has seen and the others have not; somebody returns the other way round.
        presence.leave(UserId(2), false, 10);
        presence.next_frame = 6_000;
        assert_eq!(presence.due(5_010), None);
        presence.arrive(UserId(3));
        let frame = presence.due(6_000).unwrap();
        assert_eq!((frame.online, frame.came, frame.went), (2, users([3]), users([2])));
        assert_eq!(presence.deadline(), None);
    }

    #[test]
    fn more_than_500_are_counted_and_listed_again_below() {
        let mut presence = Presence::default();
        (1..=500).for_each(|id| presence.arrive(UserId(id)));
        assert_eq!(presence.due(0).unwrap().came.unwrap().len(), 500);
        presence.arrive(UserId(501));
        let frame = presence.due(250).unwrap();
        assert_eq!(frame, push::Presence { online: 501, whole: None, came: None, went: None, away: None, back: None });
        presence.leave(UserId(7), false, 300);
        let frame = presence.due(5_300).unwrap();
        assert_eq!((frame.online, frame.whole.map(|whole| whole.len())), (500, Some(500)));
        assert_eq!(presence.newcomer().whole.map(|whole| whole.contains(&UserId(7))), Some(false));
    }

    /// A frame to ten thousand people costs as much as a message to them all; a number is not worth four a second.
    #[test]
    fn who_are_too_many_to_list_are_counted_less_often() {
        let mut presence = Presence::default();
        (1..=600).for_each(|id| presence.arrive(UserId(id)));
        assert_eq!(presence.due(0).unwrap().online, 600);
        presence.arrive(UserId(601));
        assert_eq!((presence.deadline(), presence.due(1_999)), (Some(2_000), None));
        assert_eq!(presence.due(2_000).unwrap().online, 601);
    }

    /// What is kept to answer quickly must say the same as what it is kept of.
    #[test]
    fn the_list_that_is_kept_is_the_list_of_those_who_are_here() {
        let mut presence = Presence::default();
        let mut now = 0;
        for step in 0..20_000_u64 {
            let user = UserId(step * 7_919 % 530);
            // Around 500 people, so that the list is given up and made again.
            if step % 3 == 0 {
                presence.leave(user, false, now)
            } else {
                presence.arrive(user)
            }
            now += step % 40;
            presence.due(now);
            let here: Vec<UserId> =
                presence.people.iter().filter(|(_, person)| person.is_here).map(|(user, _)| *user).collect();
            assert_eq!(presence.here, here.len());
            assert_eq!(presence.newcomer().whole, (here.len() <= PRESENCE_LISTED_MAX).then_some(here));
        }
    }

    #[test]
    fn a_person_is_away_when_every_connection_is() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        presence.arrive(UserId(1));
        presence.due(0);
        presence.set_away(UserId(1), true);
        assert_eq!(presence.deadline(), None);
        presence.set_away(UserId(1), true);
        let frame = presence.due(250).unwrap();
        assert_eq!((frame.came, frame.away, frame.back), (None, users([1]), None));
        let newcomer = presence.newcomer();
        assert_eq!((newcomer.whole, newcomer.away), (users([1]), users([1])));
        // A new connection is not away, and when it has gone the person is again.
        presence.arrive(UserId(1));
        assert_eq!(presence.due(500).unwrap().back, users([1]));
        presence.leave(UserId(1), false, 600);
        assert_eq!(presence.due(750).unwrap().away, users([1]));
        presence.set_away(UserId(1), false);
        presence.set_away(UserId(1), true);
        assert_eq!((presence.due(1_000), presence.deadline()), (None, None), "there and back is nobody's news");
    }

    #[test]
    fn a_newcomer_who_saw_somebody_away_learns_of_the_return() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        presence.due(0);
        presence.set_away(UserId(1), true);
        assert_eq!(presence.newcomer().away, users([1]));
        presence.set_away(UserId(1), false);
        assert_eq!(presence.due(250).unwrap().back, users([1]));
    }

    #[test]
    fn who_goes_is_not_away_and_returns_so() {
        let mut presence = Presence::default();
        presence.arrive(UserId(1));
        presence.set_away(UserId(1), true);
        let frame = presence.due(0).unwrap();
        assert_eq!((frame.came, frame.away), (users([1]), users([1])));
        presence.leave(UserId(1), true, 0);
        assert_eq!(presence.deadline(), Some(LINGER_MS));
        let frame = presence.due(LINGER_MS).unwrap();
        assert_eq!((frame.went, frame.away, frame.back), (users([1]), None, None));
        presence.arrive(UserId(1));
        let frame = presence.due(10_000).unwrap();
        assert_eq!((frame.came, frame.away, frame.back), (users([1]), None, None));
    }

    #[test]
    fn nobody_is_told_who_is_away_among_too_many() {
        let mut presence = Presence::default();
        (1..=501).for_each(|id| presence.arrive(UserId(id)));
        presence.due(0);
        presence.set_away(UserId(9), true);
        assert_eq!((presence.due(250), presence.deadline()), (None, None));
        presence.leave(UserId(7), false, 300);
        let frame = presence.due(5_300).unwrap();
        assert_eq!((frame.whole.map(|whole| whole.len()), frame.away), (Some(500), users([9])));
    }
}
