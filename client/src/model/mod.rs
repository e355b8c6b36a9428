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
pub mod timeline;
pub mod zone;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use tertulia_protocol::{Cid, ErrorCode, InvalidText, RoomId, Rseq, Text, UserId, limits::DEFAULT_PORT};

pub use self::action::{Action, Effect, Entry, HostFailure, Lost, Refusal, RoomInfo};
use self::{
    calendar::{Date, Local as LocalTime},
    commands::{Command, Typed},
    first_start::Form,
    people::People,
    timeline::{Content, Local, Room, Row, RowKey, State},
    zone::Zone,
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
    pub time: LocalTime,
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
    /// What stands beside the composer.
    pub notice: Option<Notice>,
    /// Now, as last heard.
    pub now_ms: i64,
    server: Option<ServerAddress>,
    name: String,
    me: Option<UserId>,
    rooms: BTreeMap<RoomId, Room>,
    current: Option<RoomId>,
    /// Local rows that were made before there was a room.
    lobby: timeline::Timeline,
    focused: bool,
    at_end: bool,
    /// Whether name and server come from the dialog, and have not worked yet.
    from_form: bool,
    zone: Zone,
}

impl Model {
    /// A model that knows nothing yet. With a name and a server it connects at once, else it shows the dialog.
    #[must_use]
    pub fn new(zone: Zone, now_ms: i64, known: Known) -> (Self, Vec<Effect>) {
        let Known { server, name, suggested_name } = known;
        let mut model = Self {
            form: None,
            connection: Connection::Idle,
            people: People::default(),
            people_shown: true,
            notice: None,
            now_ms,
            server: server.clone(),
            name: name.clone().unwrap_or_default(),
            me: None,
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

    /// Takes in what happened.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Connecting { attempt } => self.connection = Connection::Connecting { attempt },
            Action::Connected { user, name, encrypted } => {
                self.me = Some(user);
                self.name.clone_from(&name);
                self.people.learn(vec![(user, name)]);
                self.connection = Connection::Online { encrypted };
                self.from_form = false;
            }
            Action::Disconnected { why, retry_in } => {
                let wait = i64::try_from(retry_in.as_millis()).unwrap_or(i64::MAX);
                let retry_at_ms = self.now_ms.saturating_add(wait);
                self.connection = Connection::Lost { why, retry_at_ms };
                self.disconnected();
            }
            Action::Refused(refusal) => self.refused(refusal),
            Action::Users(users) => self.people.learn(users),
            Action::Online(users) => self.people.set_online(users),
            Action::OnlineCount(count) => self.people.set_count(count),
            Action::Presence { came, went } => self.people.change_online(came, &went),
            Action::Rooms(rooms) => rooms.into_iter().for_each(|room| self.room_changed(room)),
            Action::Reset(room) => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.timeline.reset();
                    room.unread = 0;
                }
            }
            Action::ProfileNotSaved(why) => self.add_local(Local::ProfileNotSaved(why)),
            Action::Entries(room, entries) => self.entries(room, entries),
            Action::Settled { cid, seq, rseq, at_ms } => {
                if let Some(me) = self.me {
                    self.rooms.values_mut().any(|room| room.timeline.settle(cid, me, seq, rseq, at_ms));
                }
            }
            Action::Failed { cid, code } => {
                self.rooms.values_mut().any(|room| room.timeline.fail(cid, code));
            }
            Action::Submit { cid, text } => return self.submit(cid, &text),
            Action::Edited => self.notice = None,
            Action::Retry { failed, cid } => {
                for room in self.rooms.values_mut() {
                    if let Some(text) = room.timeline.take_failed(failed) {
                        room.timeline.add_pending(cid, self.now_ms, text.clone());
                        return vec![Effect::Send { room: room.id, cid, text }];
                    }
                }
            }
            Action::ReachedTop => {
                let online = matches!(self.connection, Connection::Online { .. });
                if let Some(room) = self.current_mut().filter(|_| online)
                    && let Some(before) = room.timeline.ask_older()
                {
                    return vec![Effect::LoadOlder { room: room.id, before }];
                }
            }
            Action::OlderNotAsked(room) => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.timeline.stop_loading();
                }
            }
            Action::AtEnd(at_end) => {
                self.at_end = at_end;
                self.mark_read();
            }
            Action::Focus(focused) => {
                self.focused = focused;
                self.mark_read();
            }
            Action::TogglePeople => self.people_shown = !self.people_shown,
            Action::Copy(key) => {
                let timeline = self.timeline();
                let row = timeline.index_of(key).and_then(|index| timeline.row(index));
                if let Some(Row { content: Content::Text(text), .. }) = row {
                    return vec![Effect::Copy(text.to_owned())];
                }
            }
            Action::Start { name, server, host } => return self.start(name, server, host),
            Action::ChangeLogin => {
                let refusal = match &self.connection {
                    Connection::Refused(refusal) => Some(refusal.clone()),
                    _ => None,
                };
                self.connection = Connection::Idle;
                self.disconnected();
                let (name, server) = (self.name.clone(), self.server());
                self.form = Some(Form { name, server, refusal, ..Form::default() });
                return vec![Effect::Disconnect];
            }
            Action::HostFailed(failure) => {
                self.connection = Connection::Idle;
                let form = Form { name: self.name.clone(), host: true, ..Form::default() };
                self.form = Some(Form { host_failure: Some(failure), ..form });
            }
            Action::Close => return vec![Effect::Quit],
            Action::Tick { now_ms } => self.now_ms = now_ms,
        }
        Vec::new()
    }

    fn start(&mut self, name: String, server: String, host: bool) -> Vec<Effect> {
        let form = self.form.get_or_insert_default();
        (form.name, form.server, form.host) = (name, server, host);
        let Some((name, server)) = form.check() else { return Vec::new() };
        self.form = None;
        self.from_form = true;
        self.name.clone_from(&name);
        if self.server.as_ref() != Some(&server) {
            // What another server said does not belong here.
            self.rooms.clear();
            self.current = None;
            self.people = People::default();
            self.me = None;
            self.server = Some(server.clone());
        }
        if host {
            return vec![Effect::Host { name }];
        }
        let mut effects = vec![Effect::Connect { server, name }];
        // The old connection took what it had not sent with it. What was stored already is recognised by its name.
        for room in self.rooms.values() {
            let unsent = room.timeline.unsent().map(|(cid, text)| (cid, text.to_owned()));
            effects.extend(unsent.map(|(cid, text)| Effect::Send { room: room.id, cid, text }));
        }
        effects
    }

    fn disconnected(&mut self) {
        self.people.forget_online();
        self.rooms.values_mut().for_each(|room| room.timeline.stop_loading());
    }

    fn refused(&mut self, refusal: Refusal) {
        self.disconnected();
        self.connection = Connection::Refused(refusal.clone());
        if self.from_form && matches!(refusal, Refusal::Server { .. }) {
            // Whoever has just typed it wants to type it again.
            self.form = Some(Form {
                name: self.name.clone(),
                server: self.server(),
                refusal: Some(refusal),
                ..Form::default()
            });
        } else {
            self.add_local(Local::Refused(refusal));
        }
    }

    fn room_changed(&mut self, info: RoomInfo) {
        let room = self.rooms.entry(info.id).or_insert_with(|| Room {
            id: info.id,
            name: String::new(),
            timeline: timeline::Timeline::default(),
            // Read marks do not outlive the window yet: what was there when it opened counts as read.
            read: info.head,
            unread: 0,
        });
        room.name = info.name;
        if self.current.is_none() {
            self.current = Some(info.id);
            if let Some(Row { at_ms, content: Content::Local(local), .. }) = self.lobby.row(0) {
                room.timeline.add_local(at_ms, local.clone());
            }
            self.lobby = timeline::Timeline::default();
        }
    }

    fn entries(&mut self, id: RoomId, entries: Vec<Entry>) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        for entry in entries {
            let unread = entry.rseq > room.read && Some(entry.author) != self.me;
            if room.timeline.insert(entry) && unread {
                room.unread += 1;
            }
        }
        self.mark_read();
    }

    fn mark_read(&mut self) {
        let seen = self.focused && self.at_end;
        if let Some(room) = self.current_mut().filter(|_| seen) {
            room.read = room.read.max(room.timeline.newest());
            room.unread = 0;
        }
    }

    fn submit(&mut self, cid: Cid, typed: &str) -> Vec<Effect> {
        self.notice = None;
        if typed.trim().is_empty() {
            return Vec::new();
        }
        let typed = match commands::read(typed) {
            Typed::Text(text) => text,
            Typed::Command(command) => {
                let local = match (command, self.people.online()) {
                    (Command::Help, _) => Local::Help,
                    (Command::Users, Some(people)) => {
                        Local::Online(people.into_iter().map(|(_, name)| name.to_owned()).collect())
                    }
                    (Command::Users, None) => Local::OnlineCount(self.people.online_count()),
                };
                self.add_local(local);
                return vec![Effect::ClearComposer];
            }
            Typed::Unknown(name) => {
                self.add_local(Local::UnknownCommand(name));
                return Vec::new();
            }
        };
        let text = match Text::parse(&typed) {
            Ok(text) => text.as_str().to_owned(),
            Err(InvalidText::TooLong { bytes }) => {
                self.notice = Some(Notice::TooLong { bytes });
                return Vec::new();
            }
            Err(InvalidText::Empty) => return Vec::new(),
            Err(InvalidText::Nul) => {
                self.notice = Some(Notice::BadText);
                return Vec::new();
            }
        };
        let now_ms = self.now_ms;
        let Some(room) = self.current_mut() else {
            self.notice = Some(Notice::NoRoom);
            return Vec::new();
        };
        room.timeline.add_pending(cid, now_ms, text.clone());
        vec![Effect::Send { room: room.id, cid, text }, Effect::ClearComposer]
    }

    fn add_local(&mut self, local: Local) {
        let now_ms = self.now_ms;
        match self.current_mut() {
            Some(room) => room.timeline.add_local(now_ms, local),
            None => self.lobby.add_local(now_ms, local),
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

    /// The day it is.
    #[must_use]
    pub fn today(&self) -> Date {
        LocalTime::at(self.now_ms, &self.zone).date
    }

    /// A row of the open room as it is to be shown.
    #[must_use]
    pub fn view(&self, index: usize) -> Option<View<'_>> {
        let timeline = self.timeline();
        let row = timeline.row(index)?;
        let before = index.checked_sub(1).and_then(|before| timeline.row(before));
        let time = LocalTime::at(row.at_ms, &self.zone);
        let author = self.author(&row);
        let new_day = before.is_none_or(|before| LocalTime::at(before.at_ms, &self.zone).date != time.date);
        let continued = before.is_some_and(|before| {
            self.author(&before) == author && (0..GROUP_MS).contains(&row.at_ms.saturating_sub(before.at_ms))
        });
        Some(View {
            row,
            time,
            day: new_day.then_some(time.date),
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
