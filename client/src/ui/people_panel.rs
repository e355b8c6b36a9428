//! The people beside the conversation, on its right.
//!
//! Owns their drawing, how far they are scrolled, and who is where. Who stands here, and how they are here, is the
//! model's; a click on somebody pushes an action.

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
use crate::{
    i18n::Words,
    model::{
        Action, Connection, Model,
        members::{Beside, Person, Presence},
    },
};

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
    let beside = model.beside();
    let everybody = matches!(beside, Beside::Online(_) | Beside::Crowd(_));
    let title = words.get(if everybody { "people-title" } else { "people-members" });
    paint::text_in(&title, rect.x + 20, rect.y + 10, 26, (STRONG, 15), theme.text);
    let count = paint::fitting(&count_words(&beside, &model, words), rect.w - 32, (REGULAR, 12));
    paint::text_in(&count, rect.x + 20, rect.y + 33, 16, (REGULAR, 12), theme.faint);

    let top = rect.y + PEOPLE_TOP;
    places.borrow_mut().clear();
    match beside {
        Beside::Crowd(_) => {
            paint::text_in(&words.get("people-many"), rect.x + 20, top, 24, (REGULAR, 13), theme.faint);
        }
        Beside::Waiting | Beside::Unknown => {}
        Beside::Online(people) | Beside::Members(people) => {
            let room = rect.h - PEOPLE_TOP - 8;
            let all = i32::try_from(people.len()).unwrap_or(i32::MAX).saturating_mul(PERSON);
            let offset = scroll.get().clamp(0, (all - room).max(0));
            scroll.set(offset);
            draw::push_clip(rect.x, top, rect.w, room);
            let mut y = top - offset;
            for person in people {
                if y + PERSON > top && y < top + room {
                    let row = Rect::new(rect.x, y, rect.w, PERSON);
                    if model.me() != Some(person.user) {
                        places.borrow_mut().push((Rect::new(row.x + 8, y, row.w - 16, PERSON), person.user));
                    }
                    paint_person(context, &model, &person, row);
                }
                y += PERSON;
            }
            draw::pop_clip();
        }
    }
    draw::pop_clip();
}

/// How many there are, as far as that is known.
fn count_words(beside: &Beside<'_>, model: &Model, words: &Words) -> String {
    let online = matches!(model.connection, Connection::Online { .. });
    match beside {
        Beside::Online(_) | Beside::Crowd(_) if online => {
            words.with("people-online", &[("count", model.people.online_count().into())])
        }
        Beside::Waiting => words.get("list-wait"),
        Beside::Members(people) => {
            let count = words.with("people-count", &[("count", people.len().into())]);
            let here =
                people.iter().filter(|person| matches!(person.presence, Presence::Online | Presence::Away)).count();
            if people.iter().any(|person| person.presence == Presence::Unknown) {
                return count;
            }
            format!("{count} · {}", words.with("people-online", &[("count", here.into())]))
        }
        Beside::Unknown if online => words.get("room-gone"),
        _ => words.get("people-unknown"),
    }
}

fn paint_person(context: &Context, model: &Model, person: &Person<'_>, row: Rect) {
    let (theme, words) = (&context.theme, &context.words);
    let me = model.me() == Some(person.user);
    let shown = if person.name.is_empty() { words.get("unknown-person") } else { person.name.to_owned() };
    let color = theme.person(person.user, model.people.hue(person.user));
    paint::avatar(&shown, row.x + 18, row.y + 6, 26, color, theme.side);
    match person.presence {
        Presence::Online => paint::presence_dot((row.x + 44, row.y + 32), 8, theme.good, theme.side, false),
        Presence::Away => paint::presence_dot((row.x + 44, row.y + 32), 8, theme.waiting, theme.side, true),
        Presence::Unknown | Presence::Offline => {}
    }
    let font = (REGULAR, 12);
    // Who keeps the room stands at the right; the name gives way to it.
    let owner = if person.owner { words.get("offer-is-owner") } else { String::new() };
    let owner_width = if person.owner { paint::width_in(&owner, font) + 10 } else { 0 };
    paint::text_in(&owner, row.x + row.w - 16 - owner_width + 10, row.y, PERSON, font, theme.faint);
    let you = if me { words.get("people-you") } else { String::new() };
    let you_width = if me { paint::width_in(&you, font) + 6 } else { 0 };
    let shown = paint::fitting(&shown, row.w - 56 - 16 - you_width - owner_width, (REGULAR, 14));
    let ink = if person.presence == Presence::Offline { theme.faint } else { theme.text };
    paint::text_in(&shown, row.x + 56, row.y, PERSON, (REGULAR, 14), ink);
    let after = row.x + 56 + paint::width_in(&shown, (REGULAR, 14)) + 6;
    paint::text_in(&you, after, row.y, PERSON, font, theme.faint);
}
