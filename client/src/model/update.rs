//! How the model takes in what happened.
//!
//! Owns every change of the model: one arm for each action, and what an action brings about. Nothing else writes to it.

use tertulia_protocol::{Cid, InvalidText, RoomId, Text};

use super::{
    Connection, Model, Notice,
    action::{Action, Effect, Entry, Refusal, RoomInfo},
    commands::{self, Command, Typed},
    first_start::Form,
    people::People,
    question::{About, Answer, Question, StopFailure, Stopping},
    timeline::{self, Content, Local, Room, Row},
};
use crate::address::ServerAddress;

impl Model {
    /// Takes in what happened.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Connecting { attempt } => self.connection = Connection::Connecting { attempt },
            Action::Connected { user, name, encrypted } => {
                self.me = Some(user);
                self.name.clone_from(&name);
                self.people.learn(vec![(user, name)]);
                self.connection = Connection::Online { encrypted };
                self.online_at_ms = self.now_ms;
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
                self.count_unsent();
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
            Action::StopHosting if self.hosted => self.ask(About::StopHosting),
            Action::StopHosting => {}
            Action::Answer(answer) => return self.answered(answer),
            // Who closes the window while being asked about it means it.
            Action::Close
                if self.question.as_ref().is_some_and(|asked| asked.about == About::Quit || asked.is_waiting()) =>
            {
                return vec![Effect::Quit];
            }
            Action::Close if self.in_hosted_chat() || self.unsent() > 0 => self.ask(About::Quit),
            Action::Close => return vec![Effect::Quit],
            Action::Hosting(hosted) => self.hosted = hosted,
            Action::HostStopped(result) => return self.host_stopped(result),
            Action::Tick { now_ms } => self.now_ms = now_ms,
        }
        Vec::new()
    }

    fn start(&mut self, name: String, server: String, host: bool) -> Vec<Effect> {
        let form = self.form.get_or_insert_default();
        (form.name, form.server, form.host) = (name, server, host);
        let Some((name, server)) = form.check() else { return Vec::new() };
        if self.server.as_ref() != Some(&server) && self.unsent() > 0 {
            self.ask(About::ChangeServer { name, server, host });
            return Vec::new();
        }
        self.enter(name, server, host)
    }

    fn enter(&mut self, name: String, server: ServerAddress, host: bool) -> Vec<Effect> {
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
        let mut effects = vec![if host { Effect::Host { name } } else { Effect::Connect { server, name } }];
        // The old connection took what it had not sent with it. What was stored already is recognised by its name.
        for room in self.rooms.values() {
            let unsent = room.timeline.unsent().map(|(cid, text)| (cid, text.to_owned()));
            effects.extend(unsent.map(|(cid, text)| Effect::Send { room: room.id, cid, text }));
        }
        effects
    }

    fn answered(&mut self, answer: Answer) -> Vec<Effect> {
        match (self.question.take_if(|asked| !asked.is_waiting()), answer) {
            (Some(asked), Answer::Stop) => {
                self.question = Some(Question { stopping: Stopping::Waiting, ..asked });
                vec![Effect::StopHosted]
            }
            (Some(Question { about: About::Quit, .. }), Answer::Go) => vec![Effect::Quit],
            (Some(Question { about: About::ChangeServer { name, server, host }, .. }), Answer::Go) => {
                self.enter(name, server, host)
            }
            _ => Vec::new(),
        }
    }

    fn host_stopped(&mut self, result: Result<(), StopFailure>) -> Vec<Effect> {
        self.hosted = result.is_err();
        let Some(asked) = self.question.as_mut().filter(|asked| asked.is_waiting()) else {
            return Vec::new();
        };
        if let Err(why) = result {
            asked.stopping = Stopping::Failed(why);
            return Vec::new();
        }
        if self.question.take().is_some_and(|asked| asked.about == About::Quit) {
            return vec![Effect::Quit];
        }
        // Trying again to reach what was stopped on purpose would be foolish; starting it again is one key away.
        let effects = self.update(Action::ChangeLogin);
        if let Some(form) = &mut self.form {
            form.host = true;
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
        self.count_unsent();
    }

    /// What is being asked may have been overtaken.
    fn count_unsent(&mut self) {
        let unsent = self.unsent();
        if let Some(asked) = self.question.as_mut().filter(|asked| asked.careful) {
            asked.unsent = unsent;
        }
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
                return vec![Effect::TextTaken];
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
        vec![Effect::Send { room: room.id, cid, text }, Effect::TextTaken]
    }

    fn add_local(&mut self, local: Local) {
        let now_ms = self.now_ms;
        match self.current_mut() {
            Some(room) => room.timeline.add_local(now_ms, local),
            None => self.lobby.add_local(now_ms, local),
        }
    }
}
