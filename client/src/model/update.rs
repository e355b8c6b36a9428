//! How the model takes in what happened.
//!
//! Owns every change of the model: one arm for each action, and what an action brings about. Nothing else writes to it.

use super::{
    Connection, Model,
    action::{Action, Refusal},
    effect::Effect,
    first_start::Form,
    people::People,
    question::{About, Answer, Question, StopFailure, Stopping},
    timeline::Local,
};
use crate::{address::ServerAddress, session::Write};
use tertulia_protocol::Cid;

/// Who has done nothing for so long is away from the desk.
const AWAY_AFTER_MS: i64 = 5 * 60 * 1_000;

/// The state of a server that can store nothing but deletions.
const READ_ONLY: u16 = 1;

impl Model {
    /// Takes in what happened.
    pub fn update(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = if action.is_by_person() { self.is_active() } else { Vec::new() };
        effects.extend(self.take(action));
        effects
    }

    fn take(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Connecting { attempt } => self.connection = Connection::Connecting { attempt },
            Action::Connected { user, name, encrypted } => {
                self.is_me(user, name);
                self.connection = Connection::Online { encrypted };
                self.online_at_ms = self.now_ms;
                self.from_form = false;
                return self.ask_members();
            }
            Action::Me { user, name } => self.is_me(user, name),
            Action::Disconnected { why, retry_in } => {
                let wait = i64::try_from(retry_in.as_millis()).unwrap_or(i64::MAX);
                let retry_at_ms = self.now_ms.saturating_add(wait);
                self.connection = Connection::Lost { why, retry_at_ms };
                self.disconnected();
            }
            Action::Refused(refusal) => self.refused(refusal),
            Action::Users(users) => {
                self.people.learn(users);
                if let Some(me) = self.me.filter(|me| !self.people.name(*me).is_empty()) {
                    self.name = self.people.name(me).to_owned();
                }
            }
            Action::Online { people, away } => self.people.set_online(people, away),
            Action::OnlineCount(count) => self.people.set_count(count),
            Action::Presence { came, went, away, back } => self.people.change_online(came, &went, away, &back),
            Action::Room(state) => return self.room_changed(state),
            Action::Reset(room) => self.reset(room),
            Action::LogChanged { same_server: true, lost } => self.add_local(Local::LogSetBack(lost)),
            Action::LogChanged { same_server: false, .. } => self.add_local(Local::LogIsNew),
            Action::Lost(lost) => self.lost = lost,
            Action::ProfileNotSaved(why) => self.add_local(Local::ProfileNotSaved(why)),
            Action::Entries { room, entries, later } => return self.entries(room, entries, later),
            Action::Erased { room, from, to } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.timeline.erase(from, to);
                }
            }
            Action::Settled { cid, room, rseq, at_ms } => return self.settled(cid, room, rseq, at_ms),
            Action::Failed { cid, failure } => return self.failed(cid, failure),
            Action::Queued(item) => {
                self.queued(item);
                return self.go_if_kept();
            }
            Action::Draft(room, draft) => return self.restore_draft(room, draft),
            Action::Typing(room, users) => {
                let now_ms = self.now_ms;
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.set_typing(users, now_ms);
                }
            }
            Action::Notice { what, on } if what == READ_ONLY => self.read_only = on,
            Action::Notice { .. } | Action::Edited => {}
            Action::Answered { token, answer } => return self.answered_by_server(token, answer),
            Action::Submit { cid, text } => return self.submit(cid, &text),
            Action::Composed { text, cursor } => return self.composed(text, cursor),
            Action::Retry { failed, cid } => return self.retry(failed, cid),
            Action::Discard(cid) => return self.discard(cid),
            Action::ReachedTop => return self.reached(true),
            Action::ReachedEnd => return self.reached(false),
            Action::PageNotAsked(room) => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.timeline.stop_loading();
                }
            }
            Action::OpenRoom(room) => return self.open_room(room),
            Action::NextRoom { up } => return self.next_room(up),
            Action::JumpToNewest => return self.jump_to_newest(),
            Action::Jump(rseq) => return self.jump(rseq),
            Action::AnswerTo(key) => return self.answer_to(key),
            Action::Mend(key) => return self.mend(key),
            Action::Delete(key) => return self.ask_delete(key),
            Action::React { row, emoji, cid } => return self.react(row, emoji, cid),
            Action::Direct { user, cid } => return self.direct(user, cid),
            Action::Escape => return self.escape(),
            Action::Complete { index } => return self.complete(index),
            Action::NextCompletion { up } => {
                if let Some(completion) = &mut self.composer.completion {
                    let count = completion.people.len();
                    completion.chosen = (completion.chosen + if up { count - 1 } else { 1 }) % count;
                }
            }
            Action::OpenPalette(palette) => return self.open_palette(palette),
            Action::PaletteTyped(typed) => return self.palette_typed(typed),
            Action::PaletteChose { index, cid } => return self.chose(index, cid),
            Action::ClosePalette => {
                self.palette = None;
                return self.mark_read();
            }
            Action::AtEnd(at_end) => return self.at_end(at_end),
            Action::Reads { rseq, top } => self.reads(rseq, top),
            Action::Focus(focused) => {
                self.focused = focused;
                let mut effects = if focused { Vec::new() } else { self.keep_draft() };
                effects.extend(self.mark_read());
                return effects;
            }
            Action::TogglePeople => self.people_shown = !self.people_shown,
            Action::Copy(key) => {
                let index = self.timeline().index_of(key);
                let text = index.and_then(|index| self.view(index)).and_then(|view| view.text);
                return text.map(|text| Effect::Copy(text.to_owned())).into_iter().collect();
            }
            Action::Start { name, server, host } => return self.start(name, server, host),
            Action::ChangeLogin => {
                let refusal = match &self.connection {
                    Connection::Refused(refusal) => Some(refusal.clone()),
                    _ => None,
                };
                let mut effects = self.keep_draft();
                self.connection = Connection::Idle;
                self.disconnected();
                let (name, server) = (self.name.clone(), self.server());
                self.form = Some(Form { name, server, refusal, ..Form::default() });
                effects.push(Effect::Disconnect);
                return effects;
            }
            Action::HostFailed(failure) => {
                self.connection = Connection::Idle;
                let form = Form { name: self.name.clone(), host: true, ..Form::default() };
                self.form = Some(Form { host_failure: Some(failure), ..form });
            }
            Action::StopHosting if self.hosted => self.ask(About::StopHosting),
            Action::StopHosting => {}
            Action::Answer { answer, cid } => return self.answered(answer, cid),
            Action::Close => return self.close(),
            Action::Hosting(hosted) => self.hosted = hosted,
            Action::HostStopped(result) => return self.host_stopped(result),
            Action::Tick { now_ms } => return self.tick(now_ms),
        }
        Vec::new()
    }

    fn close(&mut self) -> Vec<Effect> {
        let mut effects = self.keep_draft();
        // Who closes the window while being asked about it means it.
        let meant = self.question.as_ref().is_some_and(|asked| asked.about == About::Quit || asked.is_waiting());
        if !meant && (self.in_hosted_chat() || self.unsent() > 0) {
            self.ask(About::Quit);
        } else {
            effects.push(Effect::Quit);
        }
        effects
    }

    /// Who was asked about going only because something was not kept yet, goes when it is: there is nothing left to ask.
    fn go_if_kept(&mut self) -> Vec<Effect> {
        let is_asked = self.question.as_ref().is_some_and(|asked| asked.about == About::Quit && !asked.is_waiting());
        if !is_asked || self.in_hosted_chat() || self.unsent() > 0 {
            return Vec::new();
        }
        self.question = None;
        vec![Effect::Quit]
    }

    fn tick(&mut self, now_ms: i64) -> Vec<Effect> {
        self.now_ms = now_ms;
        let mut effects = self.keep_old_draft();
        if !self.away && now_ms.saturating_sub(self.active_ms) >= AWAY_AFTER_MS {
            self.away = true;
            effects.push(Effect::Away(true));
        }
        effects
    }

    /// The person has done something.
    fn is_active(&mut self) -> Vec<Effect> {
        self.active_ms = self.now_ms;
        if std::mem::take(&mut self.away) { vec![Effect::Away(false)] } else { Vec::new() }
    }

    fn is_me(&mut self, user: tertulia_protocol::UserId, name: String) {
        self.me = Some(user);
        self.name.clone_from(&name);
        self.people.learn_name(user, name);
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
            self.forget_rooms();
            self.people = People::default();
            self.me = None;
            self.server = Some(server.clone());
        }
        let mut effects = vec![if host { Effect::Host { name } } else { Effect::Connect { server, name } }];
        // The old connection took with it what was not kept yet. What was stored already is recognised by its name.
        for pending in self.rooms.values().flat_map(|room| room.timeline.pending()) {
            if !pending.kept && pending.is_waiting() {
                let write = Write { from_draft: false, ..pending.write.clone() };
                effects.push(Effect::Write { cid: pending.cid, write, instead_of: None });
            }
        }
        effects
    }

    fn answered(&mut self, answer: Answer, cid: Cid) -> Vec<Effect> {
        match (self.question.take_if(|asked| !asked.is_waiting()), answer) {
            (Some(Question { about: About::Delete(room, rseq), .. }), Answer::Go) => self.delete(room, rseq, cid),
            (Some(Question { about: About::Join { room, rseq, .. }, .. }), Answer::Go) => {
                self.join(room, Some(rseq), cid)
            }
            (Some(Question { about: About::Leave(room), .. }), Answer::Go) => self.write(cid, Write::leave(room)),
            (Some(Question { about: About::Archive(room), .. }), Answer::Go) => {
                self.write(cid, Write::archive(room, true))
            }
            (Some(Question { about: About::Remove(room, user), .. }), Answer::Go) => {
                self.write(cid, Write::remove(room, user))
            }
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
        self.read_only = false;
        self.jumping = None;
        self.stop_asking_members();
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

    /// What is being asked may have been overtaken.
    pub(super) fn count_unsent(&mut self) {
        let unsent = self.unsent();
        if let Some(asked) = self.question.as_mut().filter(|asked| asked.careful) {
            asked.unsent = unsent;
        }
    }
}

impl Action {
    /// Whether it shows that somebody sits before the window.
    fn is_by_person(&self) -> bool {
        matches!(
            self,
            Self::Submit { .. }
                | Self::Composed { .. }
                | Self::OpenRoom(_)
                | Self::NextRoom { .. }
                | Self::PaletteTyped(_)
                | Self::PaletteChose { .. }
                | Self::AtEnd(_)
                | Self::Reads { .. }
                | Self::React { .. }
                | Self::Focus(true)
        )
    }
}
