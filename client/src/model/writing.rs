//! What the person writes, and what becomes of it: messages, mendings, reactions, commands.
//!
//! Owns what a submitted text means. What was written is shown at once and is handed over in the same step.

use tertulia_protocol::{Cid, InvalidText, Kind, RoomId, Rseq, Text, UserId, reply::ROOM_PUBLIC};

use super::{
    Effect, Model, Notice,
    commands::{self, Command, Typed},
    mentions,
    palette::{Palette, Purpose},
    pending::{self, State},
    question::About,
    timeline::{Local, RowKey},
};
use crate::session::{Failure, OutboxItem, Write};

impl Model {
    pub(super) fn submit(&mut self, cid: Cid, typed: &str) -> Vec<Effect> {
        self.notice = None;
        self.composer.completion = None;
        // It has left the composer; what the model does not take comes back as if it had been typed.
        self.composer.text.clear();
        if typed.trim().is_empty() {
            return Vec::new();
        }
        if let Some((rseq, before)) = self.composer.mending.clone() {
            return self.submit_mending(cid, typed, rseq, before);
        }
        match commands::read(typed) {
            Typed::Text(text) => self.submit_message(cid, &text),
            Typed::Command(command, words) => {
                let mut effects = self.forget_draft_text();
                effects.extend(self.command(command, words, cid));
                effects.push(Effect::TextTaken);
                effects
            }
            Typed::Unknown(name) => {
                self.add_local(Local::UnknownCommand(name));
                Vec::new()
            }
        }
    }

    /// A text as it may be sent, or why not beside the composer.
    fn valid(&mut self, typed: &str) -> Option<String> {
        self.notice = match Text::parse(typed) {
            Ok(text) => return Some(text.as_str().to_owned()),
            Err(InvalidText::TooLong { bytes }) => Some(Notice::TooLong { bytes }),
            Err(InvalidText::Nul) => Some(Notice::BadText),
            Err(InvalidText::Empty) => None,
        };
        None
    }

    /// A command is no draft text, though it was kept as one while it was being typed.
    fn forget_draft_text(&mut self) -> Vec<Effect> {
        self.composer.unkept_since = None;
        let Some(room) = self.current_mut().filter(|room| !room.draft.text.is_empty()) else { return Vec::new() };
        room.draft.text.clear();
        vec![Effect::KeepDraft(room.id, room.draft.clone())]
    }

    fn mentioned_in(&self, text: &str) -> Vec<UserId> {
        if text.contains('@') { mentions::find(text, &self.people.all()) } else { Vec::new() }
    }

    fn submit_message(&mut self, cid: Cid, typed: &str) -> Vec<Effect> {
        let Some(text) = self.valid(typed) else { return Vec::new() };
        let mentions = self.mentioned_in(&text);
        let now_ms = self.now_ms;
        let Some(room) = self.current_mut() else {
            self.notice = Some(Notice::NoRoom);
            return Vec::new();
        };
        if room.state.gone || room.is_archived() {
            self.notice = Some(Notice::Closed);
            return Vec::new();
        }
        let answers = room.draft.answers.take();
        room.draft.text.clear();
        let write = Write::message(room.id, text, answers, mentions).clearing_draft();
        room.timeline.go_to_newest();
        (room.new_since, room.reading) = (None, None);
        room.timeline.add_pending(cid, now_ms, write.clone());
        self.composer.unkept_since = None;
        self.jumping = None;
        self.at_end = true;
        vec![Effect::Write { cid, write, instead_of: None }, Effect::TextTaken, Effect::ScrollToEnd]
    }

    fn submit_mending(&mut self, cid: Cid, typed: &str, rseq: Rseq, before: String) -> Vec<Effect> {
        let Some(text) = self.valid(typed) else { return Vec::new() };
        let mentions = self.mentioned_in(&text);
        let now_ms = self.now_ms;
        let Some(room) = self.current_mut() else { return Vec::new() };
        let index = room.timeline.index_of(RowKey::Entry(rseq));
        let write = Write::edit(room.id, rseq, text, mentions);
        let unchanged = index
            .and_then(|index| self.view(index))
            .is_some_and(|view| view.text.is_some_and(|text| pending::text_of(&write).as_deref() == Some(text)));
        self.composer.mending = None;
        let back = self.compose(before);
        let mut effects = vec![Effect::TextTaken, back];
        if !unchanged && let Some(room) = self.current_mut() {
            room.timeline.add_pending(cid, now_ms, write.clone());
            effects.insert(0, Effect::Write { cid, write, instead_of: None });
        }
        effects
    }

    fn command(&mut self, command: Command, words: String, cid: Cid) -> Vec<Effect> {
        let local = match command {
            Command::Help => Local::Help,
            Command::Users => match self.people.online() {
                Some(people) => Local::Online(people.into_iter().map(|(_, name)| name.to_owned()).collect()),
                None => Local::OnlineCount(self.people.online_count()),
            },
            Command::Join => return self.join_by_name(&words),
            Command::Leave => match self.room().filter(|room| !room.is_general() && !room.is_direct()) {
                Some(room) => {
                    let about = About::Leave(room.id);
                    self.ask(about);
                    return Vec::new();
                }
                None => Local::CannotLeave,
            },
            Command::Create if words.is_empty() => return self.open_palette(Palette::new(Purpose::Create)),
            Command::Create => return self.write(cid, Write::open_room(ROOM_PUBLIC, words, None)),
            Command::Search => return self.open_palette(Palette::new(Purpose::Search).with(words)),
            Command::Lost => return self.open_palette(Palette::new(Purpose::Lost).with(words)),
            Command::Topic if words.is_empty() => return self.open_palette(Palette::new(Purpose::Topic)),
            Command::Nick if words.is_empty() => return self.open_palette(Palette::new(Purpose::Rename)),
            Command::Nick => return self.write(cid, Write::rename(words)),
            Command::Direct if words.is_empty() => return self.open_palette(Palette::new(Purpose::Direct)),
            Command::Invite if words.is_empty() => return self.open_palette(Palette::new(Purpose::Invite)),
            Command::Topic => return self.write(cid, Write::topic(self.current.unwrap_or(RoomId(0)), Some(words))),
            Command::Direct | Command::Invite => {
                let name = words.trim_start_matches('@').to_lowercase();
                let found = self.people.all().into_iter().find(|(_, known)| known.to_lowercase() == name);
                match (found.map(|(user, _)| user), command) {
                    (Some(user), Command::Direct) => return self.direct(user, cid),
                    // The list says that the history is shared, before anything is done.
                    (Some(_), _) => return self.open_palette(Palette::new(Purpose::Invite).with(name)),
                    (None, _) => Local::NotFound(words),
                }
            }
        };
        self.add_local(local);
        Vec::new()
    }

    fn join_by_name(&mut self, words: &str) -> Vec<Effect> {
        let name = words.trim_start_matches('#').to_lowercase();
        let ours = self.rooms().into_iter().find(|room| self.room_name(room).to_lowercase() == name);
        match ours.filter(|_| !name.is_empty()).map(|room| room.id) {
            Some(room) => self.open_room(room),
            None => self.open_palette(Palette::new(Purpose::Browse).with(name)),
        }
    }

    /// What lies in the outbox: just kept, or from before the start.
    pub(super) fn queued(&mut self, item: OutboxItem) {
        let now_ms = self.now_ms;
        let (cid, write, failed) = pending::write_of(item);
        let Some(room) = self.rooms.get_mut(&write.room).filter(|_| write.kind.0 >= Kind::MESSAGE.0) else {
            self.writes.entry(cid).or_insert(write);
            return;
        };
        room.timeline.add_pending(cid, now_ms, write);
        if let Some(pending) = room.timeline.pending_mut(cid) {
            pending.kept = true;
            if let Some(failure) = failed {
                pending.state = State::Failed(failure.code);
            }
        }
        self.count_unsent();
    }

    pub(super) fn settled(&mut self, cid: Cid, room: RoomId, rseq: Rseq, at_ms: i64) -> Vec<Effect> {
        self.rooms.values_mut().any(|room| room.timeline.settle(cid, rseq, at_ms));
        self.count_unsent();
        match self.writes.remove(&cid) {
            Some(Write { kind: Kind::ROOM_OPEN, .. }) => self.open_room(room),
            _ => Vec::new(),
        }
    }

    /// A refused message, or a refused mending, keeps its words in a row; of everything else it is enough to say so.
    pub(super) fn failed(&mut self, cid: Cid, failure: Failure) -> Vec<Effect> {
        let write = self.writes.remove(&cid);
        if write.as_ref().is_some_and(|write| write.kind == Kind::JOIN) {
            self.going_to = None;
        }
        for room in self.rooms.values_mut() {
            if let Some(pending) = room.timeline.pending_mut(cid) {
                pending.state = State::Failed(failure.code);
                if pending.is_row() {
                    return Vec::new();
                }
                room.timeline.take_pending(cid);
            }
        }
        self.add_local(Local::WriteRefused(failure));
        vec![Effect::Discard(cid)]
    }

    pub(super) fn retry(&mut self, failed: Cid, cid: Cid) -> Vec<Effect> {
        let now_ms = self.now_ms;
        for room in self.rooms.values_mut() {
            let is_failed = |state| matches!(state, State::Failed(_));
            if room.timeline.pending_mut(failed).is_some_and(|pending| is_failed(pending.state))
                && let Some(pending) = room.timeline.take_pending(failed)
            {
                let write = Write { from_draft: false, ..pending.write };
                room.timeline.add_pending(cid, now_ms, write.clone());
                return vec![Effect::Write { cid, write, instead_of: Some(failed) }];
            }
        }
        Vec::new()
    }

    pub(super) fn discard(&mut self, cid: Cid) -> Vec<Effect> {
        let taken = self.rooms.values_mut().find_map(|room| room.timeline.take_pending(cid));
        taken.map(|_| Effect::Discard(cid)).into_iter().collect()
    }

    pub(super) fn react(&mut self, key: RowKey, emoji: String, cid: Cid) -> Vec<Effect> {
        let RowKey::Entry(rseq) = key else { return Vec::new() };
        let now_ms = self.now_ms;
        let Some(index) = self.timeline().index_of(key) else { return Vec::new() };
        let Some(view) = self.view(index).filter(|view| view.row.is_live_message()) else { return Vec::new() };
        let on = !view.reactions.iter().any(|chip| chip.emoji == emoji && chip.mine);
        let Some(room) = self.current_mut().filter(|room| !room.state.gone && !room.is_archived()) else {
            return Vec::new();
        };
        let write = Write::react(room.id, rseq, emoji, on);
        room.timeline.add_pending(cid, now_ms, write.clone());
        vec![Effect::Write { cid, write, instead_of: None }]
    }

    /// Asks whether an own message is to be taken back.
    pub(super) fn ask_delete(&mut self, key: RowKey) -> Vec<Effect> {
        match (key, self.current, self.timeline().find(key)) {
            (RowKey::Entry(rseq), Some(room), Some(row)) if row.author == self.me && row.is_live_message() => {
                self.ask(About::Delete(room, rseq));
                Vec::new()
            }
            (RowKey::Pending(cid), _, Some(row)) if matches!(row.state, State::Failed(_)) => self.discard(cid),
            _ => Vec::new(),
        }
    }

    /// Takes an own message back.
    pub(super) fn delete(&mut self, room: RoomId, rseq: Rseq, cid: Cid) -> Vec<Effect> {
        let now_ms = self.now_ms;
        let write = Write::delete(room, rseq);
        if let Some(room) = self.rooms.get_mut(&room) {
            room.timeline.add_pending(cid, now_ms, write.clone());
        }
        vec![Effect::Write { cid, write, instead_of: None }]
    }
}
