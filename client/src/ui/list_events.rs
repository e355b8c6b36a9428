//! What the mouse does in the message list.
//!
//! Owns which action a click is. The places that can be clicked were noted when they were painted.

use std::cell::RefCell;

use fltk::{
    app,
    enums::{Cursor, Event},
    prelude::*,
    widget::Widget,
};

use super::{
    context::Context,
    message_list::{BELOW, Click, ListState},
    message_menu,
    paint::Rect,
    viewport::extent,
};
use crate::model::{
    Action,
    palette::{Palette, Purpose},
};

/// How far one notch of the wheel goes.
const WHEEL: i32 = 66;

fn clicked(click: Click, context: &Context, at: (i32, i32)) {
    context.push(match click {
        Click::Retry(failed) => Action::Retry { failed, cid: context.fresh_cid() },
        Click::Discard(cid) => Action::Discard(cid),
        Click::React(row, emoji) => Action::React { row, emoji, cid: context.fresh_cid() },
        Click::MoreEmoji(rseq) => Action::OpenPalette(Palette::new(Purpose::React(rseq))),
        Click::Jump(rseq) => Action::Jump(rseq),
        Click::Answer(key) => Action::AnswerTo(key),
        Click::Menu(key) => return message_menu::show(key, context, at),
    });
}

pub(super) fn handle(widget: &mut Widget, event: Event, state: &RefCell<ListState>, context: &Context) -> bool {
    let rect = Rect::of(widget);
    let (x, y) = app::event_coords();
    let mut list = state.borrow_mut();
    match event {
        Event::MouseWheel => {
            match app::event_dy_value() {
                0 => return false,
                notches => list.scroll(notches * WHEEL),
            }
            widget.redraw();
        }
        Event::Enter | Event::Move => {
            list.pointer = Some((x, y));
            let hand = list.pill.is_some_and(|pill| pill.holds(x, y))
                || list.clicks.iter().any(|(place, _)| place.holds(x, y));
            drop(list);
            if let Some(mut window) = widget.window() {
                window.set_cursor(if hand { Cursor::Hand } else { Cursor::Default });
            }
            widget.redraw();
        }
        Event::Leave => {
            list.pointer = None;
            widget.redraw();
        }
        Event::Push if app::event_mouse_button() == app::MouseButton::Right => {
            list.selected = list.row_at(rect, y).map(|(_, key)| key);
            let selected = list.selected;
            drop(list);
            widget.redraw();
            if let Some(key) = selected {
                message_menu::show(key, context, (x, y));
            }
        }
        Event::Push => {
            if list.pill.is_some_and(|pill| pill.holds(x, y)) {
                context.push(Action::JumpToNewest);
            } else if let Some((_, click)) = list.clicks.iter().find(|(place, _)| place.holds(x, y)).cloned() {
                drop(list);
                clicked(click, context, (x, y));
                widget.redraw();
                return true;
            } else if let Some((begin, _)) = extent(&list.placed, rect.h - BELOW, context.model().timeline().len())
                && x >= rect.x + rect.w - 16
            {
                let thumb = list.thumb.filter(|thumb| (thumb.y..thumb.y + thumb.h).contains(&y));
                // Beside the thumb: as if it had been taken in its middle and brought here.
                let from = thumb.map_or(list.thumb.map_or(y, |thumb| thumb.y + thumb.h / 2), |_| y);
                list.drag = Some((begin, from));
                list.drag_to(context, rect, y);
            } else {
                let row = list.row_at(rect, y).map(|(_, key)| key);
                list.selected = if list.selected == row { None } else { row };
            }
            widget.redraw();
        }
        Event::Drag => {
            list.drag_to(context, rect, y);
            widget.redraw();
        }
        Event::Released => list.drag = None,
        _ => return false,
    }
    true
}
