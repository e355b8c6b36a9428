//! Parts of a painted line that can be pushed: by the mouse, and by the keyboard, which Tab takes from one to the next.
//!
//! Owns where they are, and on which of them the keyboard is. What they look like is said by whoever paints the line,
//! and what comes of pushing one is the model's.

use std::{cell::Cell, rc::Rc};

use fltk::{
    app,
    enums::{Cursor, Event, Key, Shortcut},
    prelude::*,
    widget::Widget,
};

use super::{buttons::is_enter, context::Context, paint::Rect};
use crate::model::Action;

/// The parts of one line, from left to right as far as the keyboard is concerned.
#[derive(Debug)]
pub struct Links {
    parts: Vec<Part>,
    /// The part that the keyboard is on.
    at: Cell<Option<usize>>,
}

#[derive(Debug)]
struct Part {
    /// Empty while it is not there.
    place: Cell<Rect>,
    action: fn() -> Action,
}

impl Links {
    /// Parts that mean this when pushed. None of them is there before it is painted.
    #[must_use]
    pub fn new(actions: &[fn() -> Action]) -> Rc<Self> {
        let parts = actions.iter().map(|action| Part { place: Cell::default(), action: *action }).collect();
        Rc::new(Self { parts, at: Cell::default() })
    }

    /// The line was painted, and this part of it is here, or is not there for now.
    pub fn put(&self, part: usize, place: Option<Rect>) {
        if let Some(part) = self.parts.get(part) {
            part.place.set(place.unwrap_or_default());
        }
        if place.is_none() && self.at.get() == Some(part) {
            self.at.set(self.next(None, false));
        }
    }

    /// Whether the keyboard is on this part, so that it has to be seen.
    #[must_use]
    pub fn is_at(&self, part: usize) -> bool {
        self.at.get() == Some(part)
    }

    /// The part behind one, or before it, or the first or the last.
    fn next(&self, from: Option<usize>, back: bool) -> Option<usize> {
        let is_there = |part: &usize| self.parts.get(*part).is_some_and(|part| part.place.get().w > 0);
        let count = self.parts.len();
        if back {
            (0..from.unwrap_or(count)).rev().find(is_there)
        } else {
            (from.map_or(0, |from| from + 1)..count).find(is_there)
        }
    }

    fn push(&self, part: Option<usize>, context: &Context) -> bool {
        let pushed = part.and_then(|part| self.parts.get(part));
        if let Some(part) = pushed {
            context.push((part.action)());
        }
        pushed.is_some()
    }

    /// Makes them work on the widget that paints them.
    pub fn attach(self: &Rc<Self>, widget: &mut Widget, context: &Rc<Context>) {
        let (links, context) = (self.clone(), context.clone());
        widget.handle(move |widget, event| links.handle(widget, event, &context));
    }

    fn handle(&self, widget: &mut Widget, event: Event, context: &Context) -> bool {
        let (x, y) = app::event_coords();
        let under = self.parts.iter().position(|part| part.place.get().holds(x, y));
        let back = app::event_state().contains(Shortcut::Shift);
        match event {
            Event::Enter | Event::Move => {
                if let Some(mut window) = widget.window() {
                    window.set_cursor(if under.is_some() { Cursor::Hand } else { Cursor::Default });
                }
                true
            }
            Event::Push => self.push(under, context),
            Event::Focus => {
                self.at.set(self.next(None, back && app::event_key() == Key::Tab));
                let taken = self.at.get().is_some();
                if taken {
                    // The person is looking, as with the keyboard in the composer.
                    context.push(Action::Focus(true));
                    widget.redraw();
                }
                taken
            }
            Event::Unfocus => {
                self.at.set(None);
                context.push(Action::Focus(false));
                widget.redraw();
                true
            }
            event if is_enter(event) => self.push(self.at.get(), context),
            Event::KeyDown if app::event_key() == Key::from_char(' ') => self.push(self.at.get(), context),
            Event::KeyDown if app::event_key() == Key::Tab => {
                // Beyond the last one the window goes on to the next widget.
                let next = self.at.get().and_then(|at| self.next(Some(at), back));
                if next.is_some() {
                    self.at.set(next);
                    widget.redraw();
                }
                next.is_some()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyboard_goes_over_what_is_there_and_no_further() {
        let links = Links::new(&[|| Action::ChangeLogin, || Action::StopHosting, || Action::TogglePeople]);
        assert_eq!(links.next(None, false), None, "nothing has been painted");
        let place = Some(Rect::new(0, 0, 10, 10));
        links.put(0, place);
        links.put(2, place);
        assert_eq!((links.next(None, false), links.next(None, true)), (Some(0), Some(2)));
        assert_eq!((links.next(Some(0), false), links.next(Some(2), false)), (Some(2), None));
        assert_eq!((links.next(Some(2), true), links.next(Some(0), true)), (Some(0), None));
        // What the keyboard was on goes away.
        links.at.set(Some(0));
        links.put(0, None);
        assert!(links.is_at(2));
        links.put(2, None);
        assert_eq!(links.at.get(), None);
    }
}
