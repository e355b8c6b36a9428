//! The buttons of the dialog and of questions.
//!
//! Owns their look. What they do is set by whoever makes them.

use std::rc::Rc;

use fltk::{
    app,
    button::Button,
    enums::{Event, Key},
    prelude::*,
};

use super::{
    context::Context,
    paint::{self, Rect},
    theme::STRONG,
};

/// How high a button is.
pub const HEIGHT: i32 = 44;

const RING: i32 = 2;

/// How much a button offers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What most people want here.
    Primary,
    /// Another way.
    Plain,
}

/// A button that shows its label in our own way.
#[must_use]
pub fn button(context: &Rc<Context>, look: Look) -> Button {
    let mut button = Button::default();
    button.super_draw(false);
    let context = context.clone();
    button.draw(move |button| {
        let (theme, rect) = (&context.theme, Rect::of(button));
        paint::fill(rect, theme.surface);
        if button.has_focus() {
            paint::fill_round(rect, 12, theme.text);
        }
        let inside = rect.shrunk(RING);
        let ink = match look {
            Look::Primary => {
                paint::fill_round(inside, 10, theme.accent);
                theme.on_accent
            }
            Look::Plain => {
                paint::card(inside, 10, theme.raised, theme.line);
                theme.text
            }
        };
        let font = (STRONG, 15);
        let label = paint::fitting(&button.label(), rect.w - 24, font);
        let x = rect.x + (rect.w - paint::width_in(&label, font)) / 2;
        paint::text_in(&label, x, rect.y, rect.h, font, ink);
    });
    button
}

/// Puts a button into its place; what shows where the keyboard is stands around it.
pub fn put(button: &mut Button, place: Rect) {
    let around = place.shrunk(-RING);
    button.resize(around.x, around.y, around.w, around.h);
}

/// Whether Enter was pressed: the toolkit presses buttons with the space bar only.
#[must_use]
pub fn is_enter(event: Event) -> bool {
    event == Event::KeyDown && matches!(app::event_key(), Key::Enter | Key::KPEnter)
}
