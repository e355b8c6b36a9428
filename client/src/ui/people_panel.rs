//! The people beside the conversation, on its right.
//!
//! Owns their drawing, how far they are scrolled, and who is where. Who is online is the model's; a click on somebody
//! pushes an action.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use fltk::{
    app, draw,
    enums::{Cursor, Event},
    prelude::*,
    widget::Widget,
};
use tertulia_protocol::UserId;

use super::{
    context::Context,
    paint::{self, Rect},
    theme::{REGULAR, STRONG},
};
use crate::model::{Action, Connection};

const PERSON: i32 = 38;
const PEOPLE_TOP: i32 = 64;

/// Who is where, as last painted.
type Places = Rc<RefCell<Vec<(Rect, UserId)>>>;

/// The people.
#[must_use]
pub fn people(context: &Rc<Context>) -> Widget {
    let mut widget = Widget::default();
    let scroll = Rc::new(Cell::new(0));
    let places = Places::default();
    widget.draw({
        let (context, scroll, places) = (context.clone(), scroll.clone(), places.clone());
        move |widget| paint_people(&context, &scroll, &places, Rect::of(widget))
    });
    let context = context.clone();
    widget.handle(move |widget, event| {
        let (x, y) = app::event_coords();
        let under = places.borrow().iter().find(|(place, _)| place.holds(x, y)).map(|(_, user)| *user);
        match event {
            Event::MouseWheel => scroll.set(scroll.get() + app::event_dy_value() * PERSON),
            Event::Enter | Event::Move => {
                if let Some(mut window) = widget.window() {
                    window.set_cursor(if under.is_some() { Cursor::Hand } else { Cursor::Default });
                }
                return true;
            }
            Event::Push => {
                if let Some(user) = under {
                    context.push(Action::Direct { user, cid: context.fresh_cid() });
                }
            }
            _ => return false,
        }
        widget.redraw();
        true
    });
    widget
}

fn paint_people(context: &Context, scroll: &Cell<i32>, places: &Places, rect: Rect) {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    draw::push_clip(rect.x, rect.y, rect.w, rect.h);
    paint::fill(rect, theme.side);
    paint::text_in(&words.get("people-title"), rect.x + 20, rect.y + 10, 26, (STRONG, 15), theme.text);
    let count = match model.connection {
        Connection::Online { .. } => words.with("people-online", &[("count", model.people.online_count().into())]),
        _ => words.get("people-unknown"),
    };
    paint::text_in(&count, rect.x + 20, rect.y + 33, 16, (REGULAR, 12), theme.faint);

    let top = rect.y + PEOPLE_TOP;
    places.borrow_mut().clear();
    match model.people.online() {
        None => paint::text_in(&words.get("people-many"), rect.x + 20, top, 24, (REGULAR, 13), theme.faint),
        Some(people) => {
            let room = rect.h - PEOPLE_TOP - 8;
            let all = i32::try_from(people.len()).unwrap_or(i32::MAX).saturating_mul(PERSON);
            let offset = scroll.get().clamp(0, (all - room).max(0));
            scroll.set(offset);
            draw::push_clip(rect.x, top, rect.w, room);
            let mut y = top - offset;
            for (user, name) in people {
                if y + PERSON > top && y < top + room {
                    let (me, away) = (model.me() == Some(user), model.people.is_away(user));
                    if !me {
                        places.borrow_mut().push((Rect::new(rect.x + 8, y, rect.w - 16, PERSON), user));
                    }
                    let shown = if name.is_empty() { words.get("unknown-person") } else { name.to_owned() };
                    paint::avatar(
                        &shown,
                        rect.x + 18,
                        y + 6,
                        26,
                        theme.person(user, model.people.hue(user)),
                        theme.side,
                    );
                    // A ring of the ground keeps the dot apart from the picture.
                    paint::fill_round(Rect::new(rect.x + 35, y + 22, 12, 12), 6, theme.side);
                    paint::fill_round(
                        Rect::new(rect.x + 37, y + 24, 8, 8),
                        4,
                        if away { theme.waiting } else { theme.good },
                    );
                    if away {
                        // A crescent: the colour alone would not tell everybody.
                        paint::fill_round(Rect::new(rect.x + 40, y + 23, 6, 6), 3, theme.side);
                    }
                    let you = if me { words.get("people-you") } else { String::new() };
                    let you_width = if me { paint::width_in(&you, (REGULAR, 12)) + 6 } else { 0 };
                    let shown = paint::fitting(&shown, rect.w - 56 - 16 - you_width, (REGULAR, 14));
                    paint::text_in(&shown, rect.x + 56, y, PERSON, (REGULAR, 14), theme.text);
                    let after = rect.x + 56 + paint::width_in(&shown, (REGULAR, 14)) + 6;
                    paint::text_in(&you, after, y, PERSON, (REGULAR, 12), theme.faint);
                }
                y += PERSON;
            }
            draw::pop_clip();
        }
    }
    draw::pop_clip();
}
