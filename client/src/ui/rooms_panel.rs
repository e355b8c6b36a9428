//! The rooms beside the conversation, on its left.
//!
//! Owns their drawing, how far they are scrolled, and what can be clicked. Which rooms there are, in which order and with
//! how much unread, is the model's.

use std::{cell::RefCell, rc::Rc};

use fltk::{
    app, draw,
    enums::{Cursor, Event},
    prelude::*,
    widget::Widget,
};
use tertulia_protocol::RoomId;

use super::{
    context::Context,
    paint::{self, Rect},
    theme::{REGULAR, STRONG},
};
use crate::model::{
    Action, Model,
    palette::{Palette, Purpose},
    room::Room,
};

const ROW: i32 = 34;
const TITLE: i32 = 30;
const TOP: i32 = 104;
const FOOT: i32 = 56;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hit {
    Room(RoomId),
    List(Purpose),
}

#[derive(Debug, Default)]
struct State {
    scroll: i32,
    /// The open room when it was painted last: another one is brought into sight.
    open: Option<RoomId>,
    hits: Vec<(Rect, Hit)>,
    pointer: Option<(i32, i32)>,
}

/// The rooms.
#[must_use]
pub fn rooms(context: &Rc<Context>) -> Widget {
    let mut widget = Widget::default();
    let state = Rc::new(RefCell::new(State::default()));
    widget.draw({
        let (context, state) = (context.clone(), state.clone());
        move |widget| paint_rooms(&context, &mut state.borrow_mut(), Rect::of(widget))
    });
    let context = context.clone();
    widget.handle(move |widget, event| {
        let (x, y) = app::event_coords();
        let mut state = state.borrow_mut();
        let under = state.hits.iter().find(|(place, _)| place.holds(x, y)).map(|(_, hit)| *hit);
        match event {
            Event::MouseWheel => state.scroll += app::event_dy_value() * ROW,
            Event::Enter | Event::Move => {
                state.pointer = Some((x, y));
                if let Some(mut window) = widget.window() {
                    window.set_cursor(if under.is_some() { Cursor::Hand } else { Cursor::Default });
                }
            }
            Event::Leave => state.pointer = None,
            Event::Push => match under {
                Some(Hit::Room(room)) => context.push(Action::OpenRoom(room)),
                Some(Hit::List(purpose)) => context.push(Action::OpenPalette(Palette::new(purpose))),
                None => {}
            },
            _ => return false,
        }
        widget.redraw();
        true
    });
    widget
}

fn paint_rooms(context: &Context, state: &mut State, rect: Rect) {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    state.hits.clear();
    draw::push_clip(rect.x, rect.y, rect.w, rect.h);
    paint::fill(rect, theme.side);
    paint::text_in(&words.get("app-name"), rect.x + 20, rect.y + 10, 26, (STRONG, 18), theme.accent);
    let server = paint::fitting(&model.server(), rect.w - 40, (REGULAR, 12));
    paint::text_in(&server, rect.x + 20, rect.y + 33, 16, (REGULAR, 12), theme.faint);

    // Looks like a field, because the list that it opens has one.
    let field = Rect::new(rect.x + 12, rect.y + 60, rect.w - 24, 32);
    paint::card(field, 9, theme.surface, theme.line);
    let hint = paint::fitting(&words.get("rooms-find"), field.w - 24, (REGULAR, 13));
    paint::text_in(&hint, field.x + 12, field.y, field.h, (REGULAR, 13), theme.faint);
    state.hits.push((field, Hit::List(Purpose::Switch)));

    let view = Rect::new(rect.x, rect.y + TOP, rect.w, (rect.h - TOP - FOOT).max(0));
    draw::push_clip(view.x, view.y, view.w, view.h);
    paint_list(context, &model, state, view);
    draw::pop_clip();

    if let Some(me) = model.me() {
        let y = rect.y + rect.h - 52;
        let place = Rect::new(rect.x + 8, y, rect.w - 16, 44);
        if state.pointer.is_some_and(|(x, y)| place.holds(x, y)) {
            paint::fill_round(place, 8, theme.hover);
        }
        let color = theme.person(me, model.people.hue(me));
        paint::avatar(model.my_name(), rect.x + 16, y + 8, 28, color, theme.side);
        let name = paint::fitting(model.my_name(), rect.w - 68, (STRONG, 14));
        paint::text_in(&name, rect.x + 54, y, 44, (STRONG, 14), theme.text);
        state.hits.push((place, Hit::List(Purpose::Profile)));
    }
    draw::pop_clip();
}

fn paint_list(context: &Context, model: &Model, state: &mut State, view: Rect) {
    let words = &context.words;
    let all = model.rooms();
    let (direct, rooms): (Vec<&Room>, Vec<&Room>) = all.into_iter().partition(|room| room.is_direct());
    let count = |list: &[&Room]| i32::try_from(list.len()).unwrap_or(i32::MAX / 64);
    let whole = 2 * TITLE + (count(&rooms) + count(&direct)) * (ROW + 2) + 12;
    let open = model.room().map(|room| room.id);
    if state.open != open {
        state.open = open;
        // The open room has to be seen, but nothing moves without need.
        let before = |list: &[&Room], from: i32| {
            list.iter()
                .position(|room| Some(room.id) == open)
                .map(|at| from + i32::try_from(at).unwrap_or(0) * (ROW + 2))
        };
        let at = before(&rooms, TITLE).or_else(|| before(&direct, 2 * TITLE + 12 + count(&rooms) * (ROW + 2)));
        if let Some(at) = at {
            state.scroll = state.scroll.clamp((at + ROW - view.h).max(0), at);
        }
    }
    state.scroll = state.scroll.clamp(0, (whole - view.h).max(0));
    let mut y = view.y - state.scroll;
    title(context, state, view, y, &words.get("rooms-title"), Purpose::Browse);
    y += TITLE;
    for room in rooms {
        row(context, model, state, (view, y), room);
        y += ROW + 2;
    }
    y += 12;
    title(context, state, view, y, &words.get("rooms-direct"), Purpose::Direct);
    y += TITLE;
    for room in direct {
        row(context, model, state, (view, y), room);
        y += ROW + 2;
    }
}

/// A heading with what adds to the list below it.
fn title(context: &Context, state: &mut State, view: Rect, y: i32, text: &str, purpose: Purpose) {
    let theme = &context.theme;
    paint::text_in(text, view.x + 20, y, 24, (STRONG, 12), theme.faint);
    let plus = Rect::new(view.x + view.w - 40, y, 24, 24);
    if state.pointer.is_some_and(|(x, y)| plus.holds(x, y)) {
        paint::fill_round(plus, 6, theme.selected);
    }
    let font = (REGULAR, 17);
    paint::text_in("+", plus.x + (plus.w - paint::width_in("+", font)) / 2, plus.y, plus.h, font, theme.faint);
    if view.holds(plus.x, plus.y) {
        state.hits.push((plus, Hit::List(purpose)));
    }
}

fn row(context: &Context, model: &Model, state: &mut State, (view, y): (Rect, i32), room: &Room) {
    if y + ROW <= view.y || y >= view.y + view.h {
        return;
    }
    let theme = &context.theme;
    let row = Rect::new(view.x + 10, y, view.w - 20, ROW);
    let open = model.room().is_some_and(|current| current.id == room.id);
    if open {
        paint::fill_round(row, 8, theme.selected);
    } else if state.pointer.is_some_and(|(x, y)| row.holds(x, y)) {
        paint::fill_round(row, 8, theme.hover);
    }
    let seen = Rect::new(row.x, y.max(view.y), row.w, (y + ROW).min(view.y + view.h) - y.max(view.y));
    state.hits.push((seen, Hit::Room(room.id)));
    let (unread, mentions) = (room.unread(), room.mentions());
    let closed = room.state.gone || room.is_archived();
    let font = if open || unread > 0 { (STRONG, 14) } else { (REGULAR, 14) };
    let ink = if closed { theme.faint } else { theme.text };
    let mut right = row.x + row.w - 8;
    if unread > 0 {
        right = badge(context, right, row, unread, mentions);
    }
    let left = match room.state.row.with {
        Some(user) => {
            let name = model.room_name(room);
            paint::avatar(name, row.x + 8, y + 7, 20, theme.person(user, model.people.hue(user)), theme.side);
            if model.people.is_online(user) {
                let away = model.people.is_away(user);
                let ground = if open { theme.selected } else { theme.side };
                let color = if away { theme.waiting } else { theme.good };
                paint::presence_dot((row.x + 29, y + 28), 8, color, ground, away);
            }
            row.x + 38
        }
        None => {
            paint::sign(sign(room), (row.x + 10, y), row.h, 14, theme.faint);
            row.x + 28
        }
    };
    let name = match model.room_name(room) {
        "" => context.words.get("unknown-person"),
        name => name.to_owned(),
    };
    let name = paint::fitting(&name, right - left - 6, font);
    paint::text_in(&name, left, y, row.h, font, ink);
}

/// What stands before the name of a room: who may come in.
#[must_use]
pub fn sign(room: &Room) -> &'static str {
    match (room.state.gone, room.is_archived(), room.is_public()) {
        (true, ..) => "×",
        (_, true, _) => "▪",
        (_, _, true) => "#",
        _ => "◇",
    }
}

/// How much is unread; what mentions the person is louder. Where it begins.
fn badge(context: &Context, right: i32, row: Rect, unread: u64, mentions: u64) -> i32 {
    let theme = &context.theme;
    let label = match (mentions, unread) {
        (1.., _) => format!("@{}", if mentions > 99 { "99+".to_owned() } else { mentions.to_string() }),
        (0, 100..) => "99+".to_owned(),
        _ => unread.to_string(),
    };
    let font = (STRONG, 11);
    let width = (paint::width_in(&label, font) + 12).max(20);
    let place = Rect::new(right - width, row.y + 7, width, 20);
    let (ground, ink) = if mentions > 0 { (theme.accent, theme.on_accent) } else { (theme.line, theme.text) };
    paint::fill_round(place, 10, ground);
    paint::text_in(&label, place.x + (width - paint::width_in(&label, font)) / 2, place.y, place.h, font, ink);
    place.x
}
