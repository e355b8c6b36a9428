//! What there is to show: a pure value, changed by [`Action`]s, answering with [`Effect`]s.
//!
//! Owns the state of the window's program. Knows no widgets, no sockets and no clock (time comes in actions), so that
//! what a person sees after any sequence of events can be tested without any of them.

pub mod action;
pub mod calendar;
pub mod commands;
pub mod first_start;
pub mod from_session;
pub mod people;
pub mod question;
pub mod timeline;
mod update;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::IpAddr};

use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};
use tertulia_protocol::{ErrorCode, RoomId, Rseq, UserId, limits::DEFAULT_PORT};

pub use self::action::{Action, Effect, Entry, HostFailure, Lost, Refusal, RoomInfo};
use self::{
    first_start::Form,
    people::People,
    question::{About, Question, Stopping},
    timeline::{Content, Room, Row, RowKey, State},
};
use crate::address::ServerAddress;

/// Messages of one person within this time stand under one heading.
const GROUP_MS: i64 = 5 * 60 * 1_000;

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
}

/// What a row looks like from the outside, with everything that depends on its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'a> {
    /// The row.
    pub row: Row<'a>,
    /// When it was written, on the clocks here.
    pub time: DateTime,
    /// The day, if it is the first row of it.
    pub day: Option<Date>,
    /// Whether the name of the author stands above it.
    pub heading: bool,
    /// Who wrote it; nobody for local rows.
    pub author: Option<(UserId, &'a str)>,
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
    /// Now, as last heard.
    pub now_ms: i64,
    server: Option<ServerAddress>,
    name: String,
    me: Option<UserId>,
    /// Since when there has been a connection, if there is one.
    online_at_ms: i64,
    rooms: BTreeMap<RoomId, Room>,
    current: Option<RoomId>,
    /// Local rows that were made before there was a room.
    lobby: timeline::Timeline,
    focused: bool,
    at_end: bool,
    /// Whether name and server come from the dialog, and have not worked yet.
    from_form: bool,
    zone: TimeZone,
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
            now_ms,
            server: server.clone(),
            name: name.clone().unwrap_or_default(),
            me: None,
            online_at_ms: now_ms,
            rooms: BTreeMap::new(),
            current: None,
            lobby: timeline::Timeline::default(),
            focused: true,
            at_end: true,
            from_form: false,
            zone,
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

    /// Every room, in the order of their making.
    pub fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.rooms.values()
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

    /// Whether this window is in the chat that this person hosts on this computer.
    #[must_use]
    pub fn in_hosted_chat(&self) -> bool {
        let here = |host: &str| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.hosted && self.server.as_ref().is_some_and(|at| at.port() == DEFAULT_PORT && here(at.host()))
    }

    /// How many messages of ours no server has.
    fn unsent(&self) -> usize {
        self.rooms.values().map(|room| room.timeline.unplaced()).sum()
    }

    /// For how long something of ours has waited for its answer on this connection.
    #[must_use]
    pub fn waited_ms(&self) -> Option<i64> {
        let since = self.rooms.values().filter_map(|room| room.timeline.waiting_since_ms()).min()?;
        // What was written before has waited for something else.
        let since = since.max(self.online_at_ms);
        matches!(self.connection, Connection::Online { .. }).then(|| self.now_ms.saturating_sub(since).max(0))
    }

    fn ask(&mut self, about: About) {
        let unsent = if about == About::StopHosting { 0 } else { self.unsent() };
        self.question = Some(Question {
            hosted: self.in_hosted_chat(),
            careful: unsent > 0,
            unsent,
            others: self.people.online_count().saturating_sub(1),
            stopping: Stopping::No,
            about,
        });
    }

    /// The day it is.
    #[must_use]
    pub fn today(&self) -> Date {
        calendar::local(self.now_ms, &self.zone).date()
    }

    /// A row of the open room as it is to be shown.
    #[must_use]
    pub fn view(&self, index: usize) -> Option<View<'_>> {
        let timeline = self.timeline();
        let row = timeline.row(index)?;
        let before = index.checked_sub(1).and_then(|before| timeline.row(before));
        let time = calendar::local(row.at_ms, &self.zone);
        let author = self.author(&row);
        let new_day = before.is_none_or(|before| calendar::local(before.at_ms, &self.zone).date() != time.date());
        let continued = before.is_some_and(|before| {
            self.author(&before) == author && (0..GROUP_MS).contains(&row.at_ms.saturating_sub(before.at_ms))
        });
        Some(View {
            row,
            time,
            day: new_day.then_some(time.date()),
            heading: author.is_some() && (new_day || !continued),
            author: author.map(|user| (user, self.people.name(user))),
        })
    }

    fn author(&self, row: &Row<'_>) -> Option<UserId> {
        match row.content {
            Content::Local(_) => None,
            _ => row.author.or(self.me),
        }
    }

    /// Why something that we wrote was refused.
    #[must_use]
    pub fn failure(&self, key: RowKey) -> Option<ErrorCode> {
        let timeline = self.timeline();
        match timeline.index_of(key).and_then(|index| timeline.row(index))?.state {
            State::Failed(code) => Some(code),
            _ => None,
        }
    }

    /// How many messages of others in the open room were not seen yet.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.room().map_or(0, |room| room.unread)
    }

    /// The last place that was seen in the open room.
    #[must_use]
    pub fn read(&self) -> Rseq {
        self.room().map_or(Rseq(0), |room| room.read)
    }
}

/// An address as people say it: the port only where it is not the usual one.
fn short(server: &ServerAddress) -> String {
    let whole = server.to_string();
    if server.port() == DEFAULT_PORT { server.host().to_owned() } else { whole }
}
