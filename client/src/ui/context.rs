//! What every widget shares: the model to draw, the words and colours to draw it with, and the queue of actions.
//!
//! Owns the one way from a callback to the model: a callback pushes an [`Action`] and returns; the loop takes it from
//! there. Only the loop changes the model, and never while something is being drawn.

use std::{
    cell::{BorrowError, Ref, RefCell, RefMut},
    collections::VecDeque,
    rc::Rc,
};

use tertulia_protocol::Cid;

use super::theme::Theme;
use crate::{
    i18n::Words,
    model::{Action, Model, palette::Palette},
};

/// What every widget shares.
pub struct Context {
    model: RefCell<Model>,
    actions: RefCell<VecDeque<Action>>,
    fresh_cid: RefCell<Box<dyn FnMut() -> Cid>>,
    /// What was typed since a list was asked for that is not there yet.
    ahead: RefCell<Option<String>>,
    /// The sentences.
    pub words: Words,
    /// The colours.
    pub theme: Theme,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("words", &self.words).finish_non_exhaustive()
    }
}

impl Context {
    /// What every widget of one window shares.
    #[must_use]
    pub fn new(model: Model, words: Words, theme: Theme, fresh_cid: Box<dyn FnMut() -> Cid>) -> Rc<Self> {
        Rc::new(Self {
            model: RefCell::new(model),
            actions: RefCell::default(),
            fresh_cid: RefCell::new(fresh_cid),
            ahead: RefCell::default(),
            words,
            theme,
        })
    }

    /// The model, to draw it.
    pub fn model(&self) -> Ref<'_, Model> {
        self.model.borrow()
    }

    /// The model, to draw it, if nobody is changing it just now.
    ///
    /// # Errors
    /// Somebody is.
    pub fn try_model(&self) -> Result<Ref<'_, Model>, BorrowError> {
        self.model.try_borrow()
    }

    /// The model, to change it: for the loop alone.
    pub(super) fn model_mut(&self) -> RefMut<'_, Model> {
        self.model.borrow_mut()
    }

    /// Something happened.
    pub fn push(&self, action: Action) {
        self.actions.borrow_mut().push_back(action);
    }

    /// What happened first, of what the loop has not seen yet.
    pub(super) fn take(&self) -> Option<Action> {
        self.actions.borrow_mut().pop_front()
    }

    /// A list is asked for by a key. The keys that come before it is there, as they do when the window is busy, are meant
    /// for it: written into the composer, they would be sent to a room.
    pub(super) fn open_palette(&self, palette: Palette) {
        self.ahead.replace(Some(String::new()));
        self.push(Action::OpenPalette(palette));
    }

    /// Keeps what a key typed, if it is meant for a list that is not there yet.
    pub(super) fn type_ahead(&self, text: &str) -> bool {
        let mut ahead = self.ahead.borrow_mut();
        if let Some(ahead) = ahead.as_mut() {
            ahead.extend(text.chars().filter(|c| !c.is_control()));
        }
        ahead.is_some()
    }

    /// What was typed for the list, which is there now.
    pub(super) fn take_ahead(&self) -> String {
        self.ahead.take().unwrap_or_default()
    }

    /// A name for something that the person writes.
    #[must_use]
    pub fn fresh_cid(&self) -> Cid {
        (self.fresh_cid.borrow_mut())()
    }
}
