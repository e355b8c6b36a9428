//! What there is to show: a pure value, changed by [`Action`]s, answering with [`Effect`]s.
//!
//! Owns the state of the window's program. Knows no widgets, no sockets and no clock (time comes in actions), so that
//! what a person sees after any sequence of events can be tested without any of them.

pub mod action;
pub mod calendar;
mod choosing;
pub mod commands;
pub mod composer;
pub mod effect;
pub mod first_start;
pub mod from_session;
pub mod members;
pub mod mentions;
pub mod palette;
pub mod pending;
pub mod people;
pub mod question;
mod reading;
pub mod room;
pub mod search;
pub mod timeline;
mod update;
pub mod view;
mod writing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use tertulia_protocol::{Cid, ErrorCode, RoomId, Rseq, UserId, entry::RoomEntry, limits::DEFAULT_PORT};

pub use self::{
    action::{Action, HostFailure, Lost, Refusal},
    effect::Effect,
    view::View,
};
use self::{
    composer::Composer,
    first_start::Form,
    members::Members,
    palette::Palette,
    people::People,
    question::Question,
    room::Room,
    timeline::{Row, RowKey, State},
};
use crate::{address::ServerAddress, session::Write};

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not asked for yet.
    Idle,
    /// Being made.
    Connecting {
        /// Which attempt this is.
        attempt: u32,
    },
    /// Live.
    Online {
        /// Whether nobody on the way can read along.
        encrypted: bool,
    },
    /// Gone, and tried again at this time.
    Lost {
        /// What happened.
        why: Lost,
        /// When the next attempt is, in milliseconds since 1970.
        retry_at_ms: i64,
    },
    /// Refused; a person has to decide.
    Refused(Refusal),
}

/// What stands beside the composer until the person types again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The text is longer than a message may be.
    TooLong {
        /// How long it is, in bytes.
        bytes: usize,
    },
    /// The text holds a character that no message may hold.
    BadText,
    /// There has been no connection yet, so that there is no room to write to.
    NoRoom,
    /// The room is closed for writing, or not ours any more.
    Closed,
}

/// What is known of the person before anything is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The server to go to.
    pub server: Option<ServerAddress>,
    /// The name to go there with.
    pub name: Option<String>,
    /// The name that stands in the dialog if there is none.
    pub suggested_name: Option<String>,
}

/// Everything there is to show.
#[derive(Clone, Debug)]
pub struct Model {
    /// The dialog, while it is what is shown.
    pub form: Option<Form>,
    /// How the connection is.
    pub connection: Connection,
    /// The people.
    pub people: People,
    /// Whether the people are shown.
    pub people_shown: bool,
    /// What the person is being asked; nothing else is shown then.
    pub question: Option<Question>,
    /// Whether a server of this person runs on this computer.
    pub hosted: bool,
    /// What stands beside the composer.
    pub notice: Option<Notice>,
    /// What is being written.
    pub composer: Composer,
    /// The list to choose from, while one is open.
    pub palette: Option<Palette>,
    /// Whether the server can store nothing but deletions for now.
    pub read_only: bool,
    /// Now, as last heard.
    pub now_ms: i64,
    server: Option<ServerAddress>,
    name: String,
    me: Option<UserId>,
    /// Since when there has been a connection, if there is one.
    online_at_ms: i64,
    rooms: BTreeMap<RoomId, Room>,
    current: Option<RoomId>,
    /// Who is in the open room.
    members: Members,
    /// Local rows that were made before there was a room.
    lobby: timeline::Timeline,
    focused: bool,
    at_end: bool,
    /// Whether name and server come from the dialog, and have not worked yet.
    from_form: bool,
    zone: TimeZone,
    /// What we wrote that belongs to no room, or is about the room itself.
    writes: BTreeMap<Cid, Write>,
    /// What is no longer on the server.
    lost: Vec<RoomEntry>,
    /// Where to go as soon as it is known: a room that is being opened or joined, and a place in it.
    going_to: Option<(RoomId, Option<Rseq>)>,
    /// The place that is on its way here, to be shown when it is there.
    jumping: Option<reading::Jump>,
    /// The number of the last question to the server.
    asked: u64,
    /// When the person last did something, and whether the others know that it is long ago.
    active_ms: i64,
    away: bool,
}

impl Model {
    /// A model that knows nothing yet. With a name and a server it connects at once, else it shows the dialog.
    #[must_use]
    pub fn new(zone: TimeZone, now_ms: i64, known: Known) -> (Self, Vec<Effect>) {
        let Known { server, name, suggested_name } = known;
        let mut model = Self {
            form: None,
            connection: Connection::Idle,
            people: People::default(),
            people_shown: true,
            question: None,
            hosted: false,
            notice: None,
            composer: Composer::default(),
            palette: None,
            read_only: false,
            now_ms,
            server: server.clone(),
            name: name.clone().unwrap_or_default(),
            me: None,
            online_at_ms: now_ms,
            rooms: BTreeMap::new(),
            current: None,
            members: Members::default(),
            lobby: timeline::Timeline::default(),
            focused: true,
            at_end: true,
            from_form: false,
            zone,
            writes: BTreeMap::new(),
            lost: Vec::new(),
            going_to: None,
            jumping: None,
            asked: 0,
            active_ms: now_ms,
            away: false,
        };
        if let (Some(server), Some(name)) = (server.clone(), name.clone()) {
            (model, vec![Effect::Connect { server, name }])
        } else {
            let name = name.or(suggested_name).unwrap_or_default();
            model.form = Some(Form { name, server: short(&server.unwrap_or_default()), ..Form::default() });
            (model, Vec::new())
        }
    }

    fn current_mut(&mut self) -> Option<&mut Room> {
        self.current.and_then(|id| self.rooms.get_mut(&id))
    }

    /// The room that is open, if there is one yet.
    #[must_use]
    pub fn room(&self) -> Option<&Room> {
        self.current.and_then(|id| self.rooms.get(&id))
    }

    /// A room.
    #[must_use]
    pub fn room_of(&self, room: RoomId) -> Option<&Room> {
        self.rooms.get(&room)
    }

    /// Every room in the order in which they are listed: `general`, the other rooms and then the people, by name.
    #[must_use]
    pub fn rooms(&self) -> Vec<&Room> {
        let mut rooms: Vec<&Room> = self.rooms.values().filter(|room| room.is_listed()).collect();
        rooms.sort_by_cached_key(|room| {
            (room.is_direct(), !room.is_general(), people::sort_key(self.room_name(room)), room.id)
        });
        rooms
    }

    /// What a room is called: a direct one by the other person.
    #[must_use]
    pub fn room_name<'a>(&'a self, room: &'a Room) -> &'a str {
        room.state.row.with.map_or(room.state.row.name.as_str(), |user| self.people.name(user))
    }

    /// Who is writing in the open room, besides ourselves.
    #[must_use]
    pub fn typing(&self) -> Vec<&str> {
        let Some(room) = self.room() else { return Vec::new() };
        let users = room.typing_at(self.now_ms).iter().filter(|user| Some(**user) != self.me);
        users.map(|user| self.people.name(*user)).filter(|name| !name.is_empty()).collect()
    }

    /// The time zone of the clocks here.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The rows of the open room.
    #[must_use]
    pub fn timeline(&self) -> &timeline::Timeline {
        self.room().map_or(&self.lobby, |room| &room.timeline)
    }

    /// The name that we have, or ask for.
    #[must_use]
    pub fn my_name(&self) -> &str {
        &self.name
    }

    /// Who we are, once the server has told.
    #[must_use]
    pub fn me(&self) -> Option<UserId> {
        self.me
    }

    /// The server, as short as it can be said.
    #[must_use]
    pub fn server(&self) -> String {
        self.server.as_ref().map(short).unwrap_or_default()
    }

    /// For how long something of ours has waited for its answer on this connection.
    #[must_use]
    pub fn waited_ms(&self) -> Option<i64> {
        let all = self.rooms.values().flat_map(|room| room.timeline.pending());
        let since = all.filter(|pending| pending.is_waiting()).map(|pending| pending.at_ms).min()?;
        // What was written before has waited for something else.
        let since = since.max(self.online_at_ms);
        matches!(self.connection, Connection::Online { .. }).then(|| self.now_ms.saturating_sub(since).max(0))
    }

    /// The day it is.
    #[must_use]
    pub fn today(&self) -> Date {
        calendar::local(self.now_ms, &self.zone).date()
    }

    fn author(&self, row: &Row<'_>) -> Option<UserId> {
        match row.content {
            timeline::Content::Local(_) | timeline::Content::Note(_) => None,
            _ => row.author.or(self.me),
        }
    }

    /// Why something that we wrote was refused.
    #[must_use]
    pub fn failure(&self, key: RowKey) -> Option<ErrorCode> {
        match self.timeline().find(key)?.state {
            State::Failed(code) => Some(code),
            _ => None,
        }
    }

    /// Whether what we wrote under this name mends a message.
    #[must_use]
    pub fn is_mending_of(&self, cid: Cid) -> bool {
        self.timeline().pending().iter().any(|pending| pending.cid == cid && !pending.is_message())
    }

    /// How many messages of others in the open room were not seen yet.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.room().map_or(0, Room::unread)
    }

    /// How many messages were not seen yet, in all rooms.
    #[must_use]
    pub fn unread_everywhere(&self) -> u64 {
        self.rooms.values().map(Room::unread).sum()
    }
}

/// An address as people say it: the port only where it is not the usual one.
fn short(server: &ServerAddress) -> String {
    let whole = server.to_string();
    if server.port() == DEFAULT_PORT { server.host().to_owned() } else { whole }
}
