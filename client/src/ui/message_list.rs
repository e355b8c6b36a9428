//! The message list: a widget that lays out and draws the rows in sight and no others.
//!
//! Owns where the list stands, which row is chosen, and the layouts of the rows last seen. Changes nothing in the
//! model: it pushes actions (the top was reached, the end is in sight, copy, try again).

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use fltk::{
    app,
    enums::{Cursor, Event},
    menu::MenuButton,
    prelude::*,
    widget::Widget,
};
use tertulia_protocol::{Cid, Rseq};

use super::{
    context::Context,
    message_menu,
    message_paint::{self, Scene},
    paint::{Fonts, Rect},
    row_layout::{RowLayout, RowWords, lay_out},
    row_words::words_of,
    shown::Shown,
    viewport::{Placed, Position, at_part, extent, place, scrolled},
};
use crate::model::{Action, Connection, Model, timeline::RowKey};

/// How far one notch of the wheel goes.
const WHEEL: i32 = 66;
/// What stays free between the last row and the composer.
const BELOW: i32 = 12;
/// More layouts than this are not kept: a screen shows some forty.
const LAYOUTS_KEPT: usize = 256;

/// Where the list stands, by the name of a row: its number changes when older ones come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Held {
    End,
    Row(RowKey, i32),
}

/// What the list remembers between two paints.
#[derive(Debug)]
pub(super) struct ListState {
    held: Held,
    pub(super) placed: Vec<Placed>,
    pub(super) keys: Vec<RowKey>,
    pub(super) layouts: BTreeMap<RowKey, (RowWords, i32, RowLayout)>,
    fonts: Fonts,
    pub(super) shown: Shown,
    pub(super) selected: Option<RowKey>,
    /// Where the pointer is, if it is inside.
    pub(super) pointer: Option<(i32, i32)>,
    /// What can be clicked, as last painted.
    pub(super) pill: Option<Rect>,
    pub(super) retries: Vec<(Rect, Cid)>,
    pub(super) thumb: Option<Rect>,
    /// The part of all rows that stood at the top when the scroll bar was taken, and where it was taken.
    drag: Option<(f64, i32)>,
    told_end: bool,
    told_top: Option<(Rseq, bool)>,
}

/// The widget.
#[derive(Clone, Debug)]
pub struct MessageList {
    /// Its place in the window.
    pub widget: Widget,
    state: Rc<RefCell<ListState>>,
}

impl MessageList {
    /// A list; the window says where it stands.
    #[must_use]
    pub fn new(context: &Rc<Context>, shown: Shown) -> Self {
        let state = Rc::new(RefCell::new(ListState {
            held: Held::End,
            placed: Vec::new(),
            keys: Vec::new(),
            layouts: BTreeMap::new(),
            fonts: Fonts::default(),
            shown,
            selected: None,
            pointer: None,
            pill: None,
            retries: Vec::new(),
            thumb: None,
            drag: None,
            told_end: true,
            told_top: None,
        }));
        let mut widget = Widget::default();
        widget.draw({
            let (state, context) = (state.clone(), context.clone());
            move |widget| state.borrow_mut().paint(&context, Rect::of(widget))
        });
        let menu = message_menu::make(context);
        widget.handle({
            let (state, context) = (state.clone(), context.clone());
            move |widget, event| handle(widget, event, &state, &context, &menu)
        });
        Self { widget, state }
    }

    /// Moves by so many heights of the view.
    pub fn page(&mut self, pages: i32) {
        let step = (self.widget.h() - 60).max(60);
        self.state.borrow_mut().scroll(pages * step);
        self.widget.redraw();
    }

    /// Goes to the first row that is here.
    pub fn home(&mut self) {
        let mut state = self.state.borrow_mut();
        state.told_top = None;
        state.held = Held::Row(RowKey::Local(Rseq(0), 0), 0);
        drop(state);
        self.widget.redraw();
    }

    /// Goes to the last row, and stays there.
    pub fn end(&mut self) {
        self.state.borrow_mut().held = Held::End;
        self.widget.redraw();
    }

    /// The row that is chosen.
    #[must_use]
    pub fn selected(&self) -> Option<RowKey> {
        self.state.borrow().selected
    }

    /// Chooses no row. Says whether one was chosen.
    pub fn unselect(&mut self) -> bool {
        self.widget.redraw();
        self.state.borrow_mut().selected.take().is_some()
    }
}

impl ListState {
    fn paint(&mut self, context: &Context, rect: Rect) {
        let model = context.model();
        self.arrange(context, &model, rect);
        let timeline = model.timeline();
        let scene = Scene { context, model: &model, rect, bar: extent(&self.placed, rect.h - BELOW, timeline.len()) };
        message_paint::paint(self, &scene);

        let at_end = self.held == Held::End;
        if at_end != self.told_end {
            self.told_end = at_end;
            context.push(Action::AtEnd(at_end));
        }
        let top = self.placed.first().is_none_or(|row| row.index == 0 && row.top > -rect.h);
        if let Some(oldest) = timeline.oldest().filter(|_| top) {
            // Once for each first row and connection, not once for each paint.
            let now = (oldest, matches!(model.connection, Connection::Online { .. }));
            if self.told_top != Some(now) {
                self.told_top = Some(now);
                context.push(Action::ReachedTop);
            }
        }
    }

    /// Finds the rows in sight and lays them out.
    fn arrange(&mut self, context: &Context, model: &Model, rect: Rect) {
        let timeline = model.timeline();
        let rows = timeline.len();
        let position = match self.held {
            Held::End => Position::End,
            // The row may have gone: what was on its way has its place now, and that is near the end.
            Held::Row(key @ RowKey::Pending(_), top) => {
                timeline.index_of(key).map_or(Position::End, |index| Position::At { index, top })
            }
            Held::Row(key, top) => Position::At { index: timeline.index_of(key).unwrap_or(0), top },
        };
        let (layouts, fonts) = (&mut self.layouts, &mut self.fonts);
        let mut height = |index: usize| layout_of(index, context, model, rect.w, layouts, fonts);
        let (placed, position) = place(position, rect.h - BELOW, rows, &mut height);
        self.keys = placed.iter().filter_map(|row| timeline.row(row.index)).map(|row| row.key).collect();
        self.held = match position {
            Position::End => Held::End,
            Position::At { .. } => {
                // Held by a row that keeps its name, where there is one.
                let named = placed.iter().zip(&self.keys).find(|(_, key)| !matches!(key, RowKey::Pending(_)));
                named.or(placed.iter().zip(&self.keys).next()).map_or(Held::End, |(row, key)| Held::Row(*key, row.top))
            }
        };
        self.placed = placed;
        if self.layouts.len() > LAYOUTS_KEPT {
            let keys = &self.keys;
            self.layouts.retain(|key, _| keys.contains(key));
        }
    }

    fn scroll(&mut self, by: i32) {
        // The pages that were asked for in vain may be had now.
        self.told_top = None;
        if self.held == Held::End && by >= 0 {
            return;
        }
        if let Position::At { top, .. } = scrolled(&self.placed, by)
            && let Some(key) = self.keys.first()
        {
            self.held = Held::Row(*key, top);
        }
    }

    /// The row at a height of the window.
    pub(super) fn row_at(&self, rect: Rect, y: i32) -> Option<(Placed, RowKey)> {
        let inside = |row: &Placed| (row.top..row.top + row.height).contains(&(y - rect.y));
        self.placed.iter().zip(&self.keys).find(|(row, _)| inside(row)).map(|(row, key)| (*row, *key))
    }

    fn drag_to(&mut self, context: &Context, rect: Rect, y: i32) {
        let Some((part, from)) = self.drag else { return };
        let model = context.model();
        let rows = model.timeline().len();
        let part = part + f64::from(y - from) / f64::from(rect.h.max(1));
        let (layouts, fonts) = (&mut self.layouts, &mut self.fonts);
        let position = at_part(part, rows, &mut |index| layout_of(index, context, &model, rect.w, layouts, fonts));
        if let Position::At { index, top } = position
            && let Some(row) = model.timeline().row(index)
        {
            self.held = Held::Row(row.key, top);
            self.told_top = None;
        }
    }
}

/// Lays out a row if that was not done yet or if anything in it has changed; its height.
fn layout_of(
    index: usize,
    context: &Context,
    model: &Model,
    width: i32,
    layouts: &mut BTreeMap<RowKey, (RowWords, i32, RowLayout)>,
    fonts: &mut Fonts,
) -> i32 {
    let Some(view) = model.view(index) else { return 0 };
    let words = words_of(&view, model, &context.words);
    match layouts.get(&view.row.key) {
        Some((known, at_width, layout)) if *known == words && *at_width == width => layout.height,
        _ => {
            let layout = lay_out(&words, width, fonts);
            let height = layout.height;
            layouts.insert(view.row.key, (words, width, layout));
            height
        }
    }
}

fn handle(widget: &mut Widget, event: Event, state: &RefCell<ListState>, context: &Context, menu: &MenuButton) -> bool {
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
                || list.retries.iter().any(|(place, _)| place.holds(x, y));
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
                message_menu::show(menu, key, context);
            }
        }
        Event::Push => {
            if list.pill.is_some_and(|pill| pill.holds(x, y)) {
                list.held = Held::End;
            } else if let Some((_, failed)) = list.retries.iter().find(|(place, _)| place.holds(x, y)) {
                context.push(Action::Retry { failed: *failed, cid: context.fresh_cid() });
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
