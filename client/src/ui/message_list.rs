//! The message list: a widget that lays out and draws the rows in sight and no others.
//!
//! Owns where the list stands, which row is chosen, and the layouts of the rows last seen. Changes nothing in the
//! model: it pushes actions (the top was reached, the end is in sight, copy, try again).

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use fltk::{prelude::*, widget::Widget};
use tertulia_protocol::{Cid, Rseq};

use super::{
    context::Context,
    list_events, message_menu,
    message_paint::{self, Scene},
    paint::{Fonts, Rect},
    row_layout::{RowLayout, RowWords, lay_out},
    row_words::words_of,
    shown::SharedShown,
    viewport::{Placed, Position, at_part, extent, place, scrolled},
};
use crate::model::{Action, Connection, Model, timeline::RowKey};

/// What stays free between the last row and the composer.
pub(super) const BELOW: i32 = 20;
/// More layouts than this are not kept: a screen shows some forty.
const LAYOUTS_KEPT: usize = 256;

/// Where the list stands, by the name of a row: its number changes when older ones come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Held {
    End,
    Row(RowKey, i32),
}

/// What a click means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Click {
    Retry(Cid),
    Discard(Cid),
    React(RowKey, String),
    MoreEmoji(Rseq),
    Jump(Rseq),
    Answer(RowKey),
    Menu(RowKey),
}

/// What the list remembers between two paints.
#[derive(Debug)]
pub(super) struct ListState {
    pub(super) held: Held,
    pub(super) placed: Vec<Placed>,
    pub(super) keys: Vec<RowKey>,
    pub(super) layouts: BTreeMap<RowKey, (RowWords, i32, RowLayout)>,
    fonts: Fonts,
    pub(super) shown: SharedShown,
    pub(super) selected: Option<RowKey>,
    /// Where the pointer is, if it is inside.
    pub(super) pointer: Option<(i32, i32)>,
    /// What can be clicked, as last painted.
    pub(super) pill: Option<Rect>,
    pub(super) clicks: Vec<(Rect, Click)>,
    pub(super) thumb: Option<Rect>,
    /// The part of all rows that stood at the top when the scroll bar was taken, and where it was taken.
    pub(super) drag: Option<(f64, i32)>,
    told_end: bool,
    told_place: Option<(Rseq, i32)>,
    told_top: Option<(Rseq, bool)>,
    told_last: Option<(Rseq, bool)>,
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
    pub fn new(context: &Rc<Context>, shown: SharedShown) -> Self {
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
            clicks: Vec::new(),
            thumb: None,
            drag: None,
            told_end: true,
            told_place: None,
            told_top: None,
            told_last: None,
        }));
        let mut widget = Widget::default();
        widget.draw({
            let (state, context) = (state.clone(), context.clone());
            move |widget| state.borrow_mut().paint(&context, Rect::of(widget))
        });
        widget.handle({
            let (state, context) = (state.clone(), context.clone());
            move |widget, event| list_events::handle(widget, event, &state, &context)
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
        let mut state = self.state.borrow_mut();
        (state.held, state.told_place) = (Held::End, None);
        drop(state);
        self.widget.redraw();
    }

    /// Brings a row into sight and chooses it.
    pub fn go_to(&mut self, key: RowKey) {
        let third = self.widget.h() / 3;
        let mut state = self.state.borrow_mut();
        let in_sight = state.placed.iter().zip(&state.keys).any(|(row, placed)| *placed == key && row.top >= 0);
        if !in_sight {
            state.held = Held::Row(key, third);
        }
        state.told_end = false;
        state.selected = Some(key);
        drop(state);
        self.widget.redraw();
    }

    /// Goes on where somebody was reading. Nothing is chosen by that.
    pub fn read_on(&mut self, rseq: Rseq, top: Option<i32>) {
        let mut state = self.state.borrow_mut();
        state.held = Held::Row(RowKey::Entry(rseq), top.unwrap_or(self.widget.h() / 3));
        (state.told_end, state.told_place, state.selected) = (false, None, None);
        drop(state);
        self.widget.redraw();
    }

    /// Chooses the next message above the chosen one, or below it, and brings it into sight.
    pub fn choose_next(&mut self, context: &Context, up: bool) {
        let model = context.model();
        let timeline = model.timeline();
        let from = self.selected().and_then(|key| timeline.index_of(key));
        let next = match (from, up) {
            (Some(at), true) => at.checked_sub(1),
            (Some(at), false) => Some(at + 1),
            (None, true) => timeline.len().checked_sub(1),
            (None, false) => None,
        };
        match next.and_then(|index| timeline.row(index)) {
            Some(row) => self.go_to(row.key),
            None => {
                self.unselect();
            }
        }
    }

    /// Opens the menu of the chosen row.
    pub fn open_menu(&mut self, context: &Context, at: (i32, i32)) -> bool {
        let Some(key) = self.selected() else { return false };
        message_menu::show(key, context, at);
        true
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

        let at_end = self.held == Held::End && timeline.is_newest_stretch();
        if at_end != self.told_end {
            self.told_end = at_end;
            context.push(Action::AtEnd(at_end));
        }
        let place = match self.held {
            Held::Row(RowKey::Entry(rseq), top) if !at_end => Some((rseq, top)),
            _ => None,
        };
        if place != self.told_place {
            self.told_place = place;
            if let Some((rseq, top)) = place {
                context.push(Action::Reads { rseq, top });
            }
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
        let last = self.placed.last().is_some_and(|row| row.index + 1 == timeline.len());
        if last && !timeline.is_newest_stretch() {
            let now = (timeline.newest(), matches!(model.connection, Connection::Online { .. }));
            if self.told_last != Some(now) {
                self.told_last = Some(now);
                context.push(Action::ReachedEnd);
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
            Held::Row(key, top) => Position::At { index: timeline.index_near(key), top },
        };
        let (layouts, fonts) = (&mut self.layouts, &mut self.fonts);
        let mut height = |index: usize| layout_of(index, context, model, rect.w, layouts, fonts);
        let (placed, position) = place(position, rect.h - BELOW, rows, &mut height);
        self.keys = placed.iter().filter_map(|row| timeline.row(row.index)).map(|row| row.key).collect();
        self.held = match position {
            // The end of a part is not the end: what follows must not push away what is being read.
            Position::End if timeline.is_newest_stretch() || placed.is_empty() => Held::End,
            _ => {
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

    pub(super) fn scroll(&mut self, by: i32) {
        // The pages that were asked for in vain may be had now.
        (self.told_top, self.told_last) = (None, None);
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

    pub(super) fn drag_to(&mut self, context: &Context, rect: Rect, y: i32) {
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
