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
    model::{Action, Model},
};

/// What every widget shares.
pub struct Context {
    model: RefCell<Model>,
    actions: RefCell<VecDeque<Action>>,
    fresh_cid: RefCell<Box<dyn FnMut() -> Cid>>,
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

    /// A name for something that the person writes.
    #[must_use]
    pub fn fresh_cid(&self) -> Cid {
        (self.fresh_cid.borrow_mut())()
    }
}
