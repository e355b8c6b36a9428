//! What is being written: the text as last seen, whether it mends a message, and the name that is being completed.
//!
//! Owns when a draft text is kept: a while after the last key, and whenever the person goes elsewhere. The text itself
//! lives in the widget; the model sees it once for each round of the loop.

use tertulia_protocol::Rseq;

use super::{Effect, Model, mentions, mentions::Completion, timeline::RowKey};
use crate::session::DraftText;

/// How long after the last key a draft text is kept.
const KEEP_AFTER_MS: i64 = 1_000;

/// What is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composer {
    /// The text, as last seen.
    pub text: String,
    /// The own message that it mends, and what stood here before.
    pub mending: Option<(Rseq, String)>,
    /// The name that is being completed.
    pub completion: Option<Completion>,
    /// Since when it differs from what is kept.
    pub(super) unkept_since: Option<i64>,
}

impl Model {
    /// The message that is being answered.
    #[must_use]
    pub fn answering(&self) -> Option<Rseq> {
        self.room().filter(|_| self.composer.mending.is_none()).and_then(|room| room.draft.answers)
    }

    /// Whether there is a draft text to keep soon.
    #[must_use]
    pub fn has_unkept_draft(&self) -> bool {
        self.composer.unkept_since.is_some()
    }

    /// The text in the composer was changed.
    pub(super) fn composed(&mut self, text: String, cursor: usize) -> Vec<Effect> {
        self.notice = None;
        // Most texts name nobody, and there may be thousands to sort.
        let people = if text.contains('@') { self.people.all() } else { Vec::new() };
        self.composer.completion = mentions::complete(&text, cursor, &people);
        if self.composer.text == text {
            return Vec::new();
        }
        let written = !text.is_empty() && text.len() > self.composer.text.len();
        self.composer.text = text;
        if self.composer.mending.is_none() {
            self.composer.unkept_since.get_or_insert(self.now_ms);
        }
        let command = self.composer.text.starts_with('/');
        self.current.filter(|_| written && !command).map(Effect::Typing).into_iter().collect()
    }

    /// Keeps the draft text, if it differs from what is kept.
    pub(super) fn keep_draft(&mut self) -> Vec<Effect> {
        if self.composer.unkept_since.take().is_none() || self.composer.mending.is_some() {
            return Vec::new();
        }
        let text = self.composer.text.clone();
        let Some(room) = self.current_mut() else { return Vec::new() };
        room.draft.text = text;
        vec![Effect::KeepDraft(room.id, room.draft.clone())]
    }

    pub(super) fn keep_old_draft(&mut self) -> Vec<Effect> {
        let old = self.composer.unkept_since.is_some_and(|since| self.now_ms.saturating_sub(since) >= KEEP_AFTER_MS);
        if old { self.keep_draft() } else { Vec::new() }
    }

    /// Puts a text into the composer.
    pub(super) fn compose(&mut self, text: String) -> Effect {
        self.composer.completion = None;
        self.composer.text.clone_from(&text);
        let cursor = text.len();
        Effect::Compose(text, cursor)
    }

    /// A draft text from before the start, or of a room that is opened.
    pub(super) fn restore_draft(&mut self, room: tertulia_protocol::RoomId, draft: DraftText) -> Vec<Effect> {
        let Some(known) = self.rooms.get_mut(&room) else { return Vec::new() };
        known.draft = draft.clone();
        // What the person is writing now is worth more.
        if self.current == Some(room) && self.composer.text.is_empty() && self.composer.mending.is_none() {
            vec![self.compose(draft.text)]
        } else {
            Vec::new()
        }
    }

    pub(super) fn answer_to(&mut self, key: RowKey) -> Vec<Effect> {
        let RowKey::Entry(rseq) = key else { return Vec::new() };
        if self.timeline().find(key).is_none_or(|row| !row.is_live_message()) {
            return Vec::new();
        }
        let mut effects = self.stop_mending();
        self.composer.unkept_since.get_or_insert(self.now_ms);
        if let Some(room) = self.current_mut() {
            room.draft.answers = Some(rseq);
        }
        effects.extend(self.keep_draft());
        effects
    }

    pub(super) fn mend(&mut self, key: Option<RowKey>) -> Vec<Effect> {
        let Some(me) = self.me else { return Vec::new() };
        let rseq = match key {
            Some(RowKey::Entry(rseq)) => Some(rseq),
            Some(_) => None,
            None => self.timeline().last_message_of(me),
        };
        let Some(key) = rseq.map(RowKey::Entry) else { return Vec::new() };
        let Some(index) = self.timeline().index_of(key) else { return Vec::new() };
        let text = self.view(index).filter(|view| view.row.author == Some(me)).and_then(|view| view.text);
        let Some(text) = text.map(str::to_owned) else { return Vec::new() };
        let mut effects = self.stop_mending();
        effects.extend(self.keep_draft());
        let before = std::mem::take(&mut self.composer.text);
        self.composer.mending = rseq.map(|rseq| (rseq, before));
        effects.push(self.compose(text));
        effects.push(Effect::ScrollTo(key));
        effects
    }

    /// The message that is mended stays as it is.
    pub(super) fn stop_mending(&mut self) -> Vec<Effect> {
        match self.composer.mending.take() {
            Some((_, before)) => vec![self.compose(before)],
            None => Vec::new(),
        }
    }

    pub(super) fn escape(&mut self) -> Vec<Effect> {
        if self.composer.completion.take().is_some() {
            return Vec::new();
        }
        if self.composer.mending.is_some() {
            return self.stop_mending();
        }
        let Some(room) = self.current_mut().filter(|room| room.draft.answers.is_some()) else { return Vec::new() };
        room.draft.answers = None;
        self.composer.unkept_since.get_or_insert(0);
        self.keep_draft()
    }

    pub(super) fn complete(&mut self, index: usize) -> Vec<Effect> {
        let Some(completion) = self.composer.completion.take() else { return Vec::new() };
        let Some((text, cursor)) = completion.apply(&self.composer.text, index) else { return Vec::new() };
        self.composer.text.clone_from(&text);
        self.composer.unkept_since.get_or_insert(self.now_ms);
        vec![Effect::Compose(text, cursor)]
    }
}
