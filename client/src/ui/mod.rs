//! The window: FLTK widgets that draw the model and push actions. Nothing else.
//!
//! Owns the loop of the window's thread. In each round it takes what happened outside and what the person did, lets the
//! model take it in, has the effects carried out, and draws what changed. Knows no sockets and no files: what is
//! outside stands behind [`Outside`].
//!
//! Other threads never touch a widget and never use the toolkit's own channel (one untyped, unbounded queue for the
//! whole process): they put actions into a bounded queue of theirs and call `fltk::app::awake` when it turns from
//! empty to not empty.

pub mod buttons;
pub mod composer;
mod composer_paint;
pub mod context;
pub mod fields;
pub mod first_start;
pub mod geometry;
mod keys;
pub mod lines;
pub mod links;
mod list_events;
mod list_overlay;
pub mod message_list;
mod message_menu;
mod message_paint;
mod offer_paint;
pub mod paint;
pub mod palette;
pub mod palette_words;
pub mod people_panel;
pub mod question;
pub mod rooms_panel;
pub mod row_layout;
pub mod row_words;
pub mod shown;
pub mod theme;
pub mod viewport;
pub mod window;
pub mod wrap;

use std::fs::File;

use jiff::tz::TimeZone;
use tertulia_protocol::Cid;

pub use self::{theme::Choice, window::run};
use crate::{
    i18n::Language,
    model::{Action, Effect, Known},
};

/// What the window asks of the rest of the program. All of it returns at once.
pub trait Outside {
    /// What happened outside first, of what was not told yet.
    fn poll(&mut self) -> Option<Action>;
    /// Carries out what the model wishes. What comes of it is told by [`Outside::poll`].
    fn carry_out(&mut self, effect: Effect);
    /// The time, in milliseconds since 1970 (UTC).
    fn now_ms(&mut self) -> i64;
}

/// How the window is to be.
pub struct Options {
    /// What is known of the person.
    pub known: Known,
    /// The language.
    pub language: Language,
    /// Whether it is dark.
    pub dark: bool,
    /// The time zone of the clocks here.
    pub zone: TimeZone,
    /// Where to tell what was painted.
    pub shown: Option<File>,
    /// Makes names for what the person writes.
    pub fresh_cid: Box<dyn FnMut() -> Cid>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("known", &self.known).finish_non_exhaustive()
    }
}
