//! A list to choose from, with a line to type over it: rooms, people, what can be done with a room, what was found.
//!
//! Owns which rows there are for what was typed. What comes of choosing one stands in `choosing.rs`; the words are the
//! window's.

use tertulia_protocol::{
    RoomId, Rseq, Seq, UserId,
    entry::RoomEntry,
    reply::{MemberRow, ROLE_MEMBER, ROLE_OWNER, RoomRow},
};

use super::{Model, people::sort_key, room::Room, search};
use crate::session::Failure;

/// The emoji that are offered, each with what it is called in Spanish and in English: it is found by either.
pub const EMOJI: [(&str, &str, &str); 12] = [
    ("👍", "de acuerdo", "agreed"),
    ("❤️", "corazón", "heart"),
    ("😂", "risa", "laughter"),
    ("🎉", "fiesta", "party"),
    ("😮", "sorpresa", "surprise"),
    ("😢", "tristeza", "sadness"),
    ("🙏", "gracias", "thanks"),
    ("👏", "aplauso", "applause"),
    ("✅", "hecho", "done"),
    ("👀", "lo miro", "looking"),
    ("🔥", "fuego", "fire"),
    ("☕", "café", "coffee"),
];

/// What a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Go to another room.
    Switch,
    /// Find public rooms.
    Browse,
    /// Open a new room.
    Create,
    /// Speak with one person.
    Direct,
    /// What can be done with the open room.
    RoomMenu,
    /// Bring somebody into the open room.
    Invite,
    /// Who is in the open room.
    Members,
    /// What can be done with a member of it.
    Member(UserId),
    /// Give the open room another name.
    RenameRoom,
    /// Say what the open room is about.
    Topic,
    /// Ourselves.
    Profile,
    /// Take another name.
    Rename,
    /// Take another colour.
    Colour,
    /// Find what was said.
    Search,
    /// Read and copy what is no longer on the server.
    Lost,
    /// React to a message.
    React(Rseq),
}

impl Purpose {
    /// Whether what is typed is the thing itself, rather than a part of what is looked for.
    #[must_use]
    pub fn is_form(self) -> bool {
        matches!(self, Self::Create | Self::RenameRoom | Self::Topic | Self::Rename)
    }
}

/// What is wrong with what is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no connection.
    Offline,
    /// The server says no.
    Refused(Failure),
    /// What was typed means nothing.
    Search(search::Problem),
}

/// The list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// What it is for.
    pub purpose: Purpose,
    /// What was typed.
    pub typed: String,
    /// What is wrong.
    pub trouble: Option<Trouble>,
    /// The question that waits for its answer, and what was typed when it was asked.
    pub(super) asked: Option<(u64, String)>,
    /// Whether an answer has come for what was typed.
    pub answered: bool,
    pub(super) rooms: Vec<RoomRow>,
    pub(super) members: Vec<MemberRow>,
    pub(super) hits: Vec<RoomEntry>,
    pub(super) below: Option<Seq>,
    /// The words that were copied last.
    pub copied: Option<String>,
    /// Whether the next answer goes on from what is here.
    pub(super) going_on: bool,
}

impl Palette {
    /// A list with nothing typed.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            typed: String::new(),
            trouble: None,
            asked: None,
            answered: false,
            rooms: Vec::new(),
            members: Vec::new(),
            hits: Vec::new(),
            below: None,
            copied: None,
            going_on: false,
        }
    }

    /// The same with something typed.
    #[must_use]
    pub fn with(self, typed: impl Into<String>) -> Self {
        Self { typed: typed.into(), ..self }
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }
}

/// What a row stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Go to a room of ours.
    Room(RoomId),
    /// Join a room.
    Join(RoomId),
    /// Speak with somebody.
    Direct(UserId),
    /// Bring somebody in.
    Invite(UserId),
    /// A member of the room.
    Member(UserId, u16),
    /// Give somebody another role.
    Role(UserId, u16),
    /// Put somebody out.
    Remove(UserId),
    /// Open a room of this name.
    Create {
        /// Whether by invitation only.
        private: bool,
    },
    /// Take what was typed.
    Save,
    /// A colour, or that of chance.
    Hue(Option<u16>),
    /// Another list.
    Open(Purpose),
    /// Leave the room.
    Leave,
    /// Close the room for writing, or open it.
    Archive(bool),
    /// What was found.
    Hit {
        /// Where.
        room: RoomId,
        /// Its place.
        rseq: Rseq,
    },
    /// Something that is no longer on the server: its words, to be copied.
    Copy(String),
    /// What else there is.
    More,
    /// An emoji.
    React(String),
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it stands for.
    pub choice: Choice,
    /// A name of a person or a room, if it has one.
    pub name: String,
    /// What else there is to know.
    pub detail: String,
    /// When it was said, for what was found.
    pub at_ms: Option<i64>,
    /// Whose picture stands beside it.
    pub person: Option<UserId>,
    /// How much is unread.
    pub unread: u64,
}

impl Offer {
    pub(super) fn new(choice: Choice) -> Self {
        Self { choice, name: String::new(), detail: String::new(), at_ms: None, person: None, unread: 0 }
    }

    pub(super) fn named(choice: Choice, name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::new(choice) }
    }

    fn of_person(choice: Choice, user: UserId, name: &str) -> Self {
        Self { person: Some(user), ..Self::named(choice, name) }
    }
}

impl Model {
    /// The rows of the list that is open.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        let Some(palette) = self.palette.as_ref().filter(|palette| palette.trouble.is_none()) else {
            return Vec::new();
        };
        let typed = sort_key(palette.typed.trim());
        let fits = |name: &str| typed.is_empty() || sort_key(name).contains(&typed);
        match palette.purpose {
            Purpose::Switch => self.rooms_to_go_to(&palette.typed, fits),
            Purpose::Browse => {
                let create = Offer::named(Choice::Open(Purpose::Create), palette.typed.trim());
                let found = palette.rooms.iter().filter(|row| fits(&row.name)).map(|row| self.found(row));
                found.chain((!palette.is_waiting()).then_some(create)).collect()
            }
            Purpose::Create => {
                [false, true].map(|private| Offer::named(Choice::Create { private }, palette.typed.trim())).into()
            }
            Purpose::Direct => self.others(fits, Choice::Direct),
            Purpose::Invite => {
                let is_member = |user: UserId| palette.members.iter().any(|member| member.user == user);
                let mut people = self.others(fits, Choice::Invite);
                people.retain(|offer| offer.person.is_some_and(|user| !is_member(user)));
                people
            }
            Purpose::RoomMenu => self.room_menu(),
            Purpose::Members => {
                let mut people: Vec<Offer> = palette
                    .members
                    .iter()
                    .map(|row| {
                        Offer::of_person(Choice::Member(row.user, row.role), row.user, self.people.name(row.user))
                    })
                    .filter(|offer| fits(&offer.name))
                    .collect();
                people.sort_by_cached_key(|offer| sort_key(&offer.name));
                people
            }
            Purpose::Member(user) => self.member_menu(user, &palette.members),
            Purpose::RenameRoom | Purpose::Topic | Purpose::Rename => vec![Offer::new(Choice::Save)],
            Purpose::Profile => {
                [Purpose::Rename, Purpose::Colour].map(|purpose| Offer::new(Choice::Open(purpose))).into()
            }
            Purpose::Colour => {
                let hues = (0..12u16).map(|twelfth| Some(twelfth * 30)).chain([None]);
                hues.map(|hue| Offer::new(Choice::Hue(hue))).collect()
            }
            Purpose::Search => self.found_messages(palette),
            Purpose::Lost => self.lost_messages(palette),
            Purpose::React(_) => {
                let found = EMOJI.into_iter().filter(|(_, es, en)| fits(es) || fits(en));
                found.map(|(emoji, ..)| Offer::named(Choice::React(emoji.to_owned()), emoji)).collect()
            }
        }
    }

    fn rooms_to_go_to(&self, typed: &str, fits: impl Fn(&str) -> bool) -> Vec<Offer> {
        let mut rooms: Vec<&Room> = self.rooms().into_iter().filter(|room| fits(self.room_name(room))).collect();
        // Where something waits comes first; whoever types knows the name.
        rooms.sort_by_key(|room| (room.state.gone, room.mentions() == 0, room.unread() == 0));
        let mut offers: Vec<Offer> = rooms
            .into_iter()
            .map(|room| Offer {
                detail: room.state.row.topic.clone().unwrap_or_default(),
                person: room.state.row.with,
                unread: room.unread(),
                ..Offer::named(Choice::Room(room.id), self.room_name(room))
            })
            .collect();
        if !typed.trim().is_empty() {
            let with = |user| self.rooms.values().any(|room| room.state.row.with == Some(user));
            let mut people = self.others(fits, Choice::Direct);
            people.retain(|offer| offer.person.is_some_and(|user| !with(user)));
            people.truncate(20);
            offers.extend(people);
        }
        if !self.lost.is_empty() {
            offers.push(Offer::new(Choice::Open(Purpose::Lost)));
        }
        offers.push(Offer::new(Choice::Open(Purpose::Browse)));
        offers.push(Offer::named(Choice::Open(Purpose::Create), typed.trim()));
        offers
    }

    fn found(&self, row: &RoomRow) -> Offer {
        let ours = self.rooms.get(&row.room).is_some_and(|room| !room.state.gone);
        let choice = if ours { Choice::Room(row.room) } else { Choice::Join(row.room) };
        Offer { detail: row.topic.clone().unwrap_or_default(), ..Offer::named(choice, &row.name) }
    }

    fn others(&self, fits: impl Fn(&str) -> bool, choice: impl Fn(UserId) -> Choice) -> Vec<Offer> {
        let people = self.people.all().into_iter().filter(|(user, name)| Some(*user) != self.me && fits(name));
        people.map(|(user, name)| Offer::of_person(choice(user), user, name)).collect()
    }

    fn room_menu(&self) -> Vec<Offer> {
        let Some(room) = self.room() else { return Vec::new() };
        let find = Offer::new(Choice::Open(Purpose::Search));
        if room.state.gone {
            // Who has left a public room may come back.
            let back = room.is_public().then(|| Offer::named(Choice::Join(room.id), self.room_name(room)));
            return back.into_iter().chain([find]).collect();
        }
        let mut choices = Vec::new();
        if !room.is_general() && !room.is_direct() {
            // In a public room owners bring people in; in a private one everybody may.
            if (!room.is_public() || room.is_owned()) && !room.is_archived() {
                choices.push(Choice::Open(Purpose::Invite));
            }
            choices.push(Choice::Open(Purpose::Members));
            if room.is_owned() {
                if !room.is_archived() {
                    choices.extend([Choice::Open(Purpose::Topic), Choice::Open(Purpose::RenameRoom)]);
                }
                choices.push(Choice::Archive(!room.is_archived()));
            }
            choices.push(Choice::Leave);
        }
        choices.into_iter().map(Offer::new).chain([find]).collect()
    }

    fn member_menu(&self, user: UserId, members: &[MemberRow]) -> Vec<Offer> {
        let name = self.people.name(user);
        let role = members.iter().find(|row| row.user == user).map_or(ROLE_MEMBER, |row| row.role);
        let mut choices = Vec::new();
        if self.me != Some(user) {
            choices.push(Choice::Direct(user));
        }
        if self.room().is_some_and(|room| room.is_owned() && !room.is_archived()) {
            let other = if role == ROLE_OWNER { ROLE_MEMBER } else { ROLE_OWNER };
            choices.push(Choice::Role(user, other));
            if role != ROLE_OWNER && self.me != Some(user) {
                choices.push(Choice::Remove(user));
            }
        }
        choices.into_iter().map(|choice| Offer::named(choice, name)).collect()
    }
}
