//! The list to choose from that lies over the window: a field to type in, and rows below it.
//!
//! Owns which row is chosen and how far the list is scrolled. Which rows there are is the model's word; Enter or a click
//! pushes the number of a row.

use std::{cell::RefCell, rc::Rc};

use fltk::{
    app, draw,
    enums::{CallbackTrigger, Cursor, Event, Key},
    group::Group,
    input::Input,
    prelude::*,
    widget::Widget,
};

use super::{
    context::Context,
    fields::{border, field},
    offer_paint::{self, ROW},
    paint::{self, Rect},
    palette_words::{empty, hint, placeholder, title, trouble},
    shown::{SharedShown, ShownRow},
    theme::{REGULAR, STRONG},
};
use crate::model::{
    Action, Model,
    palette::{Palette, Purpose},
};

const WIDTH: i32 = 560;
const MARGIN: i32 = 24;
const FIELD: i32 = 40;
const HINT_LINE: i32 = 18;
/// A list to look through has room for so many rows at least, and shows so many at once at most.
const ROWS_LEAST: usize = 5;
const ROWS_MAX: i32 = 10;

#[derive(Debug, Default)]
struct State {
    purpose: Option<Purpose>,
    chosen: usize,
    scroll: usize,
    /// Where the pointer was last. A list that appears under one at rest is not chosen from by it.
    pointer: Option<(i32, i32)>,
}

/// The list.
#[derive(Clone, Debug)]
pub struct Chooser {
    group: Group,
    ground: Widget,
    input: Input,
    state: Rc<RefCell<State>>,
}

impl Chooser {
    /// The list, to be shown when the model has one.
    #[must_use]
    pub fn new(context: &Rc<Context>, shown: SharedShown) -> Self {
        let group = Group::default();
        let mut ground = Widget::default();
        let mut input = field(context);
        group.end();
        let state: Rc<RefCell<State>> = Rc::default();
        ground.draw({
            let (context, state, input) = (context.clone(), state.clone(), input.clone());
            move |ground| {
                let told = paint(&context, &mut state.borrow_mut(), &input, Rect::of(ground));
                shown.borrow_mut().painted(told);
            }
        });
        ground.handle({
            let (context, state) = (context.clone(), state.clone());
            move |ground, event| pointed(&context, &state, ground, event)
        });
        input.draw({
            let context = context.clone();
            move |input| {
                if let Some(palette) = context.model().palette.as_ref().filter(|_| input.value().is_empty()) {
                    let hint = placeholder(palette, &context.words);
                    let at = Rect::of(input);
                    paint::text_in(&hint, at.x + 6, at.y, at.h, (REGULAR, 15), context.theme.faint);
                }
            }
        });
        input.set_trigger(CallbackTrigger::Changed);
        input.set_callback({
            let (context, state) = (context.clone(), state.clone());
            move |input| {
                (state.borrow_mut().chosen, state.borrow_mut().scroll) = (0, 0);
                context.push(Action::PaletteTyped(input.value()));
            }
        });
        input.handle({
            let (context, state, mut ground) = (context.clone(), state.clone(), ground.clone());
            move |_, event| {
                let taken = event == Event::KeyDown && key(&context, &state);
                if taken || matches!(event, Event::Focus | Event::Unfocus) {
                    ground.redraw();
                }
                taken
            }
        });
        Self { group, ground, input, state }
    }

    /// Shows what the model has, or nothing.
    pub fn render(&mut self, palette: Option<&Palette>, context: &Context) {
        let Some(palette) = palette else {
            self.state.borrow_mut().purpose = None;
            return self.group.hide();
        };
        let new = self.state.borrow_mut().purpose.replace(palette.purpose) != Some(palette.purpose);
        if new {
            let mut state = self.state.borrow_mut();
            (state.chosen, state.scroll, state.pointer) = (0, 0, Some(app::event_coords()));
            drop(state);
            self.input.set_value(&palette.typed);
            let end = i32::try_from(palette.typed.len()).unwrap_or(0);
            let _ = self.input.set_position(end);
            let _ = self.input.set_mark(0);
            let ahead = context.take_ahead();
            if !ahead.is_empty() {
                // As if it had been typed here, over what was marked.
                self.input.set_value(&ahead);
                let _ = self.input.set_position(i32::try_from(ahead.len()).unwrap_or(0));
                context.push(Action::PaletteTyped(ahead));
                app::awake();
            }
        }
        self.group.show();
        if new {
            let _ = self.input.take_focus();
        }
        self.group.redraw();
    }

    /// Takes its place in a window of this size.
    pub fn place(&mut self, w: i32, h: i32, context: &Context, model: &Model) {
        self.group.resize(0, 0, w, h);
        self.ground.resize(0, 0, w, h);
        let Some(palette) = &model.palette else { return };
        let places = places(context, palette, model.offers().len(), Rect::new(0, 0, w, h));
        let field = places.field;
        self.input.resize(field.x + 12, field.y + 1, field.w - 24, field.h - 2);
    }
}

struct Places {
    card: Rect,
    hint: Vec<String>,
    field: Rect,
    rows: Rect,
}

fn places(context: &Context, palette: &Palette, rows: usize, window: Rect) -> Places {
    let width = WIDTH.min(window.w - 16);
    let top = (window.h / 10).min(64);
    let (left, inside) = ((window.w - width) / 2, width - 2 * MARGIN);
    let hint = hint(palette, &context.words).map(|hint| paint::wrapped(&hint, inside, (REGULAR, 13)));
    let hint = hint.unwrap_or_default();
    let lines = i32::try_from(hint.len()).unwrap_or(0) * HINT_LINE;
    let field = Rect::new(left + MARGIN, top + 54 + lines + if lines > 0 { 8 } else { 0 }, inside, FIELD);
    let below = field.y + field.h + 12;
    // As high as its rows, but not so that it jumps with each letter.
    let least = if palette.purpose.is_form() { 1 } else { ROWS_LEAST };
    let wanted = i32::try_from(rows.max(least)).unwrap_or(i32::MAX / ROW).saturating_mul(ROW);
    let room = (window.h - top - below - 14).min(ROWS_MAX * ROW) / ROW * ROW;
    let rows = Rect::new(left + 12, below, width - 24, wanted.min(room).max(ROW));
    let card = Rect::new(left, top, width, rows.y + rows.h + 14 - top);
    Places { card, hint, field, rows }
}

fn in_sight(rows: Rect) -> usize {
    usize::try_from(rows.h / ROW).unwrap_or(1).max(1)
}

/// The row at a height.
fn row_at(context: &Context, state: &State, window: Rect, (x, y): (i32, i32)) -> Option<usize> {
    let model = context.model();
    let rows = model.offers().len();
    let places = places(context, model.palette.as_ref()?, rows, window);
    let row =
        places.rows.holds(x, y).then(|| state.scroll + usize::try_from((y - places.rows.y) / ROW).unwrap_or(0))?;
    (row < rows).then_some(row)
}

fn pointed(context: &Context, state: &RefCell<State>, ground: &mut Widget, event: Event) -> bool {
    let at = app::event_coords();
    let window = Rect::of(ground);
    match event {
        Event::Enter | Event::Move => {
            let row = row_at(context, &state.borrow(), window, at);
            let moved = state.borrow_mut().pointer.replace(at) != Some(at);
            if let Some(row) = row.filter(|_| moved) {
                state.borrow_mut().chosen = row;
            }
            if let Some(mut window) = ground.window() {
                window.set_cursor(if row.is_some() { Cursor::Hand } else { Cursor::Default });
            }
        }
        Event::MouseWheel => {
            let count = context.model().offers().len();
            let mut state = state.borrow_mut();
            state.scroll = match app::event_dy_value() {
                0 => return false,
                by if by > 0 => (state.scroll + 2).min(count.saturating_sub(1)),
                _ => state.scroll.saturating_sub(2),
            };
        }
        Event::Push => {
            let row = row_at(context, &state.borrow(), window, at);
            let rows = context.model().offers().len();
            let outside = context
                .model()
                .palette
                .as_ref()
                .is_some_and(|palette| !places(context, palette, rows, window).card.holds(at.0, at.1));
            if let Some(index) = row {
                context.push(Action::PaletteChose { index, cid: context.fresh_cid() });
            } else if outside {
                context.push(Action::ClosePalette);
            }
        }
        _ => return false,
    }
    ground.redraw();
    true
}

fn key(context: &Context, state: &RefCell<State>) -> bool {
    let count = context.model().offers().len();
    let mut state = state.borrow_mut();
    match app::event_key() {
        Key::Enter | Key::KPEnter => {
            context.push(Action::PaletteChose { index: state.chosen, cid: context.fresh_cid() });
        }
        Key::Escape => context.push(Action::ClosePalette),
        Key::Down | Key::Tab => state.chosen = (state.chosen + 1).min(count.saturating_sub(1)),
        Key::Up => state.chosen = state.chosen.saturating_sub(1),
        Key::PageDown => state.chosen = (state.chosen + 8).min(count.saturating_sub(1)),
        Key::PageUp => state.chosen = state.chosen.saturating_sub(8),
        _ => return false,
    }
    // The chosen row is brought into sight when it is painted.
    state.scroll = state.scroll.min(state.chosen);
    true
}

fn paint(context: &Context, state: &mut State, input: &Input, rect: Rect) -> Vec<ShownRow> {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    let mut told = Vec::new();
    let Some(palette) = &model.palette else { return told };
    paint::fill(rect, theme.side);
    let offers = model.offers();
    let places = places(context, palette, offers.len(), rect);
    paint::card(places.card, 18, theme.surface, theme.line);
    let (x, width) = (places.card.x + MARGIN, places.card.w - 2 * MARGIN);
    let title = paint::fitting(&title(palette, &model, words), width, (STRONG, 18));
    paint::text_in(&title, x, places.card.y + 18, 26, (STRONG, 18), theme.text);
    let mut tell = |row: ShownRow, text: &str| {
        told.push(row);
        if let Some(row) = told.last_mut() {
            row.drew(text);
        }
    };
    tell(ShownRow::new("list", None), &title);
    let mut y = places.card.y + 50;
    for line in &places.hint {
        paint::text_in(line, x, y, HINT_LINE, (REGULAR, 13), theme.faint);
        y += HINT_LINE;
    }
    border(context, input, 12, palette.trouble.is_some());

    let shown = in_sight(places.rows);
    state.chosen = state.chosen.min(offers.len().saturating_sub(1));
    state.scroll = state.scroll.min(offers.len().saturating_sub(shown));
    if app::event() != Event::MouseWheel && state.chosen >= state.scroll + shown {
        state.scroll = state.chosen + 1 - shown;
    }
    let mut top = places.rows.y;
    let message = trouble(palette, words).map(|text| (text, theme.problem));
    let message = message.or_else(|| empty(palette, offers.len(), words).map(|text| (text, theme.faint)));
    if let Some((text, color)) = message {
        tell(ShownRow::new("trouble", None), &text);
        for line in paint::wrapped(&text, width, (REGULAR, 14)) {
            paint::text_in(&line, x, top, 22, (REGULAR, 14), color);
            top += 22;
        }
        top += 6;
    }
    draw::push_clip(places.rows.x, places.rows.y, places.rows.w, places.rows.h);
    for (index, offer) in offers.iter().enumerate().skip(state.scroll).take(shown) {
        let row = Rect::new(places.rows.x, top, places.rows.w, ROW);
        let painted = offer_paint::row(context, &model, offer, row, index == state.chosen);
        let mut row = ShownRow::new("offer", None);
        if !offer.detail.is_empty() {
            row.drew_quote(&offer.detail);
        }
        tell(row, &painted);
        top += ROW;
    }
    draw::pop_clip();
    paint_thumb(context, places.rows, (state.scroll, shown, offers.len()));
    told
}

/// Where the rows in sight stand among all of them.
fn paint_thumb(context: &Context, rows: Rect, (first, shown, all): (usize, usize, usize)) {
    if shown >= all {
        return;
    }
    let part = |count: usize| {
        let high = usize::try_from(rows.h).unwrap_or(0) * count / all.max(1);
        i32::try_from(high).unwrap_or(rows.h)
    };
    let thumb = Rect::new(rows.x + rows.w - 4, rows.y + part(first), 4, part(shown).max(24));
    paint::fill_round(thumb, 2, context.theme.line);
}
