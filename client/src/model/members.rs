//! Who stands beside the conversation: everybody online in the room of everybody, the members in every other.
//!
//! Owns the list of members of the open room, and when it is asked for: when the room is opened, after a login, and when
//! somebody has come, gone, or been given a role. Who is online is [`super::people`]'s, how it is drawn the window's.

use tertulia_protocol::{
    Entry, Kind, RoomId, Rseq, UserId,
    reply::{MemberRow, ROLE_OWNER},
};

use super::{
    Connection, Effect, Model,
    people::{Online, sort_key},
    room::Room,
};
use crate::session::{Answer, Ask};

/// The members of the open room, as last told.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    rows: Option<Vec<MemberRow>>,
    /// What has come of a list that is longer than one answer.
    coming: Vec<MemberRow>,
    /// The question that waits for its answer.
    asked: Option<u64>,
    /// Whether somebody came or went since it was asked.
    again: bool,
    /// Who came and who went up to this place of the room needs no question any more.
    upto: Rseq,
}

/// How somebody is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// At the desk.
    Online,
    /// Away from it.
    Away,
    /// Nobody tells: there is no connection, or there are too many people.
    Unknown,
    /// Not connected.
    Offline,
}

/// Somebody beside the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person<'a> {
    /// Who.
    pub user: UserId,
    /// The name; empty while nobody has told us.
    pub name: &'a str,
    /// Whether it is an owner of the room.
    pub owner: bool,
    /// How this person is here.
    pub presence: Presence,
}

/// Who stands beside the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside<'a> {
    /// Everybody who is online, in the order of a telephone book.
    Online(Vec<Person<'a>>),
    /// So many are online that only their number is known.
    Crowd(u64),
    /// The members of the open room: who is at the desk first, each part in the order of a telephone book.
    Members(Vec<Person<'a>>),
    /// The members, who are not known yet.
    Waiting,
    /// The members of a room that is not ours any more, or that was never asked for: nobody tells.
    Unknown,
}

impl Model {
    /// Who stands beside the conversation.
    #[must_use]
    pub fn beside(&self) -> Beside<'_> {
        let person =
            |user: UserId, owner| Person { user, name: self.people.name(user), owner, presence: self.presence(user) };
        let Some(room) = self.room().filter(|room| !room.is_general()) else {
            return match self.people.online() {
                Some(people) => Beside::Online(people.into_iter().map(|(user, _)| person(user, false)).collect()),
                None => Beside::Crowd(self.people.online_count()),
            };
        };
        let mut people: Vec<Person<'_>> = match (room.state.row.with, &self.members.rows) {
            (Some(with), _) => self.me.into_iter().chain([with]).map(|user| person(user, false)).collect(),
            _ if room.state.gone => return Beside::Unknown,
            (None, Some(rows)) => rows.iter().map(|row| person(row.user, row.role == ROLE_OWNER)).collect(),
            (None, None) if self.members.asked.is_some() => return Beside::Waiting,
            (None, None) => return Beside::Unknown,
        };
        let at_desk = |presence| matches!(presence, Presence::Online | Presence::Away);
        people.sort_by_cached_key(|person| (!at_desk(person.presence), sort_key(person.name), person.user));
        Beside::Members(people)
    }

    fn presence(&self, user: UserId) -> Presence {
        match (&self.connection, self.people.presence()) {
            (Connection::Online { .. }, Online::People(_)) if self.people.is_away(user) => Presence::Away,
            (Connection::Online { .. }, Online::People(online)) if online.contains(&user) => Presence::Online,
            (Connection::Online { .. }, Online::People(_)) => Presence::Offline,
            _ => Presence::Unknown,
        }
    }

    /// The open room is another one: nothing is known of who is in it.
    pub(super) fn forget_members(&mut self) -> Vec<Effect> {
        let upto = self.room().map_or(Rseq(0), |room| room.state.row.head);
        self.members = Members { upto, ..Members::default() };
        self.ask_members()
    }

    /// Asks who is in the open room. What is known stays until the answer is there.
    pub(super) fn ask_members(&mut self) -> Vec<Effect> {
        let listed = |room: &&Room| !room.is_general() && !room.is_direct() && !room.state.gone;
        let Some(room) = self.room().filter(listed).map(|room| room.id) else { return Vec::new() };
        if !matches!(self.connection, Connection::Online { .. }) {
            return Vec::new();
        }
        self.members.again = self.members.asked.is_some();
        if self.members.again {
            return Vec::new();
        }
        self.members.coming.clear();
        self.go_on_asking(room, None)
    }

    fn go_on_asking(&mut self, room: RoomId, after: Option<UserId>) -> Vec<Effect> {
        self.asked += 1;
        self.members.asked = Some(self.asked);
        vec![Effect::Ask { token: self.asked, ask: Ask::Members { room, after } }]
    }

    /// The connection has gone, and the answer with it.
    pub(super) fn stop_asking_members(&mut self) {
        (self.members.asked, self.members.again) = (None, false);
    }

    /// Whether an answer is the one to our question; then it is taken.
    pub(super) fn members_answered(&mut self, token: u64, answer: &Answer) -> Option<Vec<Effect>> {
        self.members.asked.take_if(|asked| *asked == token)?;
        if let Answer::Members { room, members, more } = answer {
            self.members.coming.extend(members.iter().cloned());
            let last = self.members.coming.last().map(|row| row.user);
            if *more && last.is_some() {
                return Some(self.go_on_asking(*room, last));
            }
            self.members.rows = Some(std::mem::take(&mut self.members.coming));
        }
        Some(if std::mem::take(&mut self.members.again) { self.ask_members() } else { Vec::new() })
    }

    /// Entries have come into the open room: somebody may have come or gone.
    pub(super) fn members_may_differ(&mut self, newest: Option<Rseq>) -> Vec<Effect> {
        let Some(newest) = newest.filter(|newest| *newest > self.members.upto) else { return Vec::new() };
        self.members.upto = newest;
        self.ask_members()
    }
}

/// The last place of these at which somebody came, went, or was given a role.
pub(super) fn newest_about_members(entries: &[Entry]) -> Option<Rseq> {
    let about = |kind| matches!(kind, Kind::JOIN | Kind::LEAVE | Kind::INVITE | Kind::REMOVE | Kind::ROLE);
    entries.iter().filter(|entry| about(entry.kind)).map(|entry| entry.rseq).max()
}
