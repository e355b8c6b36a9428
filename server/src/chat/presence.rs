//! Who is online. Signals, never logged: at most one frame per 250 ms with the same bytes for everybody, however many
//! people come and go.
//!
//! There are two sets: who is online, and who everybody was *told* is online. A newcomer is shown the first one, so that
//! it finds itself in it; every frame tells the difference between the two, so that behind each frame all clients hold
//! the same list. Whatever changes between a newcomer and the next frame is told in that frame even if the others know.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{UserId, limits::PRESENCE_LISTED_MAX, push};

/// At most one frame in this time.
const FRAME_EVERY_MS: u64 = 250;

/// How long a person stays after the last connection is gone: a restart of the window, a short loss of the network,
/// are nobody's news.
const LINGER_MS: u64 = 5_000;

/// Who is online, and who was told so. Times are milliseconds of the loop's monotonic clock.
#[derive(Debug, Default)]
pub struct Presence {
    /// How many connections each person has.
    connections: BTreeMap<UserId, u32>,
    /// Who has none left, and until when they count as here.
    lingering: BTreeMap<UserId, u64>,
    /// The same by time, so that the next one is found at once.
    departures: BTreeSet<(u64, UserId)>,
    /// Who counts as here: has a connection, or had one a moment ago.
    here: BTreeSet<UserId>,
    told: BTreeSet<UserId>,
    came: BTreeSet<UserId>,
    went: BTreeSet<UserId>,
    /// Whether a newcomer was shown what the others have not been told yet.
    is_ahead: bool,
    /// Whether that was a number, while the others have a list.
    is_counted: bool,
    next_frame: u64,
}

impl Presence {
    /// A connection of somebody has logged in.
    pub fn arrive(&mut self, user: UserId) {
        *self.connections.entry(user).or_default() += 1;
        if let Some(at) = self.lingering.remove(&user) {
            self.departures.remove(&(at, user));
        }
        self.note(user, true);
    }

    /// A connection of somebody is gone.
    pub fn leave(&mut self, user: UserId, now: u64) {
        let Some(connections) = self.connections.get_mut(&user) else { return };
        *connections -= 1;
        if *connections == 0 {
            self.connections.remove(&user);
            self.lingering.insert(user, now + LINGER_MS);
            self.departures.insert((now + LINGER_MS, user));
        }
    }

    /// When [`Self::due`] has something to do next.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let departure = self.departures.first().map(|(at, _)| *at);
        let frame = (!self.came.is_empty() || !self.went.is_empty()).then_some(self.next_frame);
        departure.into_iter().chain(frame).min()
    }

    /// The frame that is due, for everybody who was shown [`Self::newcomer`] before.
    pub fn due(&mut self, now: u64) -> Option<push::Presence> {
        while let Some(&(at, user)) = self.departures.first().filter(|(at, _)| *at <= now) {
            self.departures.remove(&(at, user));
            self.lingering.remove(&user);
            self.note(user, false);
        }
        if now < self.next_frame || (self.came.is_empty() && self.went.is_empty()) {
            return None;
        }
        self.next_frame = now + FRAME_EVERY_MS;
        let were_listed = self.told.len() <= PRESENCE_LISTED_MAX && !self.is_counted;
        (self.is_ahead, self.is_counted) = (false, false);
        let came = std::mem::take(&mut self.came);
        let went = std::mem::take(&mut self.went);
        self.told.extend(came.iter().copied());
        self.told.retain(|user| !went.contains(user));
        let online = self.told.len() as u64;
        if !were_listed || self.told.len() > PRESENCE_LISTED_MAX {
            return Some(whole(&self.told));
        }
        let some = |users: BTreeSet<UserId>| (!users.is_empty()).then(|| users.into_iter().collect());
        Some(push::Presence { online, whole: None, came: some(came), went: some(went), away: None, back: None })
    }

    /// What a newcomer is shown, itself included: everybody who is online, or their number if they are too many.
    pub fn newcomer(&mut self) -> push::Presence {
        self.is_ahead |= !self.came.is_empty() || !self.went.is_empty();
        self.is_counted |= self.here.len() > PRESENCE_LISTED_MAX;
        whole(&self.here)
    }

    /// Notes what the next frame has to say. Who came and went in between is nobody's news, unless a newcomer has seen it.
    fn note(&mut self, user: UserId, is_here: bool) {
        if is_here {
            self.here.insert(user);
        } else {
            self.here.remove(&user);
        }
        let (news, stale) = if is_here { (&mut self.came, &mut self.went) } else { (&mut self.went, &mut self.came) };
        stale.remove(&user);
        if self.is_ahead || is_here != self.told.contains(&user) {
            news.insert(user);
        }
    }
}

/// Everybody, or their number if they are too many.
fn whole(people: &BTreeSet<UserId>) -> push::Presence {
    let listed = people.len() <= PRESENCE_LISTED_MAX;
    let whole = listed.then(|| people.iter().copied().collect());
    push::Presence { online: people.len() as u64, whole, came: None, went: None, away: None, back: None }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        presence.leave(UserId(1), 1_000);
        assert_eq!(presence.deadline(), None);
        presence.leave(UserId(1), 1_000);
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
        presence.leave(UserId(1), 1_000);
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
        presence.leave(UserId(2), 10);
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
        assert_eq!(frame, push::Presence { online: 501, whole: None, came: None, went: None });
        presence.leave(UserId(7), 300);
        let frame = presence.due(5_300).unwrap();
        assert_eq!((frame.online, frame.whole.map(|whole| whole.len())), (500, Some(500)));
    }
}
