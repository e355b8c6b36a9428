//! The columns beside the conversation: the rooms on the left, the people on the right.
//!
//! Owns their drawing and how far the people are scrolled. Who is online and which rooms there are is the model's.

use std::{cell::Cell, rc::Rc};

use fltk::{app, draw, enums::Event, prelude::*, widget::Widget};

use super::{
    context::Context,
    paint::{self, Rect},
    theme::{REGULAR, STRONG},
};
use crate::model::Connection;

const PERSON: i32 = 38;
const PEOPLE_TOP: i32 = 64;

/// The rooms.
#[must_use]
pub fn rooms(context: &Rc<Context>) -> Widget {
    let mut widget = Widget::default();
    let context = context.clone();
    widget.draw(move |widget| paint_rooms(&context, Rect::of(widget)));
    widget
}

fn paint_rooms(context: &Context, rect: Rect) {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    draw::push_clip(rect.x, rect.y, rect.w, rect.h);
    paint::fill(rect, theme.side);
    paint::text_in(&words.get("app-name"), rect.x + 20, rect.y + 10, 26, (STRONG, 18), theme.accent);
    let server = paint::fitting(&model.server(), rect.w - 40, (REGULAR, 12));
    paint::text_in(&server, rect.x + 20, rect.y + 33, 16, (REGULAR, 12), theme.faint);

    let mut y = rect.y + 76;
    paint::text_in(&words.get("rooms-title"), rect.x + 20, y, 18, (STRONG, 12), theme.faint);
    y += 26;
    for room in model.rooms() {
        let open = model.room().is_some_and(|current| current.id == room.id);
        let row = Rect::new(rect.x + 10, y, rect.w - 20, 34);
        if open {
            paint::fill_round(row, 8, theme.selected);
        }
        let font = if open || room.unread > 0 { (STRONG, 14) } else { (REGULAR, 14) };
        let name = paint::fitting(&room.name, row.w - 70, font);
        paint::text_in("#", row.x + 10, y, row.h, (REGULAR, 14), theme.faint);
        paint::text_in(&name, row.x + 26, y, row.h, font, theme.text);
        if room.unread > 0 {
            let count = if room.unread > 99 { "99+".to_owned() } else { room.unread.to_string() };
            let width = (paint::width_in(&count, (STRONG, 11)) + 12).max(20);
            let badge = Rect::new(row.x + row.w - width - 8, y + 7, width, 20);
            paint::fill_round(badge, 10, theme.accent);
            let x = badge.x + (width - paint::width_in(&count, (STRONG, 11))) / 2;
            paint::text_in(&count, x, badge.y, badge.h, (STRONG, 11), theme.on_accent);
        }
        y += row.h + 2;
    }

    if let Some(me) = model.me() {
        let y = rect.y + rect.h - 52;
        paint::avatar(model.my_name(), rect.x + 16, y + 8, 28, theme.person(me), theme.side);
        let name = paint::fitting(model.my_name(), rect.w - 68, (STRONG, 14));
        paint::text_in(&name, rect.x + 54, y, 44, (STRONG, 14), theme.text);
    }
    draw::pop_clip();
}

/// The people.
#[must_use]
pub fn people(context: &Rc<Context>) -> Widget {
    let mut widget = Widget::default();
    let scroll = Rc::new(Cell::new(0));
    widget.draw({
        let (context, scroll) = (context.clone(), scroll.clone());
        move |widget| paint_people(&context, &scroll, Rect::of(widget))
    });
    widget.handle(move |widget, event| {
        if event != Event::MouseWheel {
            return false;
        }
        scroll.set(scroll.get() + app::event_dy_value() * PERSON);
        widget.redraw();
        true
    });
    widget
}

fn paint_people(context: &Context, scroll: &Cell<i32>, rect: Rect) {
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
                    let me = model.me() == Some(user);
                    let shown = if name.is_empty() { words.get("unknown-person") } else { name.to_owned() };
                    paint::avatar(&shown, rect.x + 18, y + 6, 26, theme.person(user), theme.side);
                    // A ring of the ground keeps the dot apart from the picture.
                    paint::fill_round(Rect::new(rect.x + 35, y + 22, 12, 12), 6, theme.side);
                    paint::fill_round(Rect::new(rect.x + 37, y + 24, 8, 8), 4, theme.good);
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
