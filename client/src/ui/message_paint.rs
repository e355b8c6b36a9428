//! Drawing the message list: rows, scroll bar, pill, and what stands there while there is nothing.
//!
//! Owns the look of the list, and reports what it draws (`TERTULIA_SHOWN`) from the very strings that it hands to the
//! toolkit. Decides nothing.

use fltk::{draw, enums::Color};
use tertulia_protocol::UserId;

use super::{
    context::Context,
    list_overlay,
    message_list::{Click, ListState},
    paint::{self, Rect},
    row_layout::{AVATAR, AVATAR_X, Kind, Piece, QUOTE_INSET, RIGHT, Role, RowLayout, Style, TEXT_X, line_height},
    row_words::author_name,
    shown::ShownRow,
    theme::{REGULAR, STRONG},
    viewport::Placed,
};
use crate::model::{Model, View, calendar::clock, timeline::RowKey};

/// The height of a heading that is kept in sight.
const KEPT: i32 = 28;

/// What is to be drawn, and where.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) context: &'a Context,
    pub(super) model: &'a Model,
    pub(super) rect: Rect,
    /// The begin and the end of the scroll bar, as parts of all rows.
    pub(super) bar: Option<(f64, f64)>,
}

impl Scene<'_> {
    /// The colour of a person.
    pub(super) fn person(&self, user: UserId) -> Color {
        self.context.theme.person(user, self.model.people.hue(user))
    }
}

/// Draws the list.
pub(super) fn paint(list: &mut ListState, scene: &Scene<'_>) {
    let rect = scene.rect;
    draw::push_clip(rect.x, rect.y, rect.w, rect.h);
    paint::fill(rect, scene.context.theme.surface);
    let mut shown = Vec::new();
    list.clicks.clear();
    let rows: Vec<(Placed, RowKey)> = list.placed.iter().copied().zip(list.keys.iter().copied()).collect();
    if rows.is_empty() {
        list_overlay::empty(scene, &mut shown);
    }
    let kept = kept_heading(list, scene);
    let covered = kept.as_ref().map_or(rect.y, |kept| kept.place.y + kept.place.h);
    for (placed, key) in rows {
        let Some(view) = scene.model.view(placed.index) else { continue };
        let Some((_, _, layout)) = list.layouts.get(&key) else { continue };
        let top = rect.y + placed.top;
        let hovered = list.pointer.is_some_and(|(_, y)| (top..top + placed.height).contains(&y));
        let marks = Marks { selected: list.selected == Some(key), hovered };
        paint_row(scene, &view, layout, (top, covered), marks, &mut shown, &mut list.clicks);
    }
    if let Some(kept) = kept {
        paint_kept(scene, &kept, &mut shown);
    }
    list_overlay::tools(list, scene, covered);
    list.thumb = scene.bar.map(|bar| paint_bar(scene, bar, list.pointer));
    list.pill = (!at_end(list, scene)).then(|| list_overlay::pill(scene));
    if scene.model.timeline().is_loading() && list.placed.first().is_some_and(|row| row.index == 0) {
        list_overlay::loading(scene);
    }
    list_overlay::typing(scene);
    draw::pop_clip();
    let mut told = list.shown.borrow_mut();
    if told.is_on() {
        told.painted(shown);
    }
}

fn at_end(list: &ListState, scene: &Scene<'_>) -> bool {
    let timeline = scene.model.timeline();
    timeline.is_newest_stretch()
        && list.placed.last().is_none_or(|row| row.index + 1 == timeline.len() && row.top + row.height <= scene.rect.h)
}

#[derive(Clone, Copy)]
struct Marks {
    selected: bool,
    hovered: bool,
}

/// Draws a row, and notes where it can be clicked.
fn paint_row(
    scene: &Scene<'_>,
    view: &View<'_>,
    layout: &RowLayout,
    (top, covered): (i32, i32),
    marks: Marks,
    shown: &mut Vec<ShownRow>,
    clicks: &mut Vec<(Rect, Click)>,
) {
    let (rect, theme) = (scene.rect, &scene.context.theme);
    let message = Rect::new(rect.x, top + layout.message.0, rect.w, layout.message.1);
    if layout.kind == Kind::System {
        let width = layout.pieces.iter().map(|piece| piece.x + piece.width).max().unwrap_or(0);
        let card = Rect::new(
            rect.x + TEXT_X,
            message.y + 8,
            (width - TEXT_X + 12).min(rect.w - TEXT_X - RIGHT),
            message.h - 11,
        );
        paint::card(card, 8, if marks.selected { theme.selected } else { theme.raised }, theme.line);
    } else if marks.selected {
        paint::fill(message, theme.selected);
    } else if layout.mentions_me {
        paint::fill(message, if marks.hovered { theme.selected } else { theme.mention });
    } else if marks.hovered {
        paint::fill(message, theme.hover);
    }
    if layout.mentions_me {
        paint::fill(Rect::new(message.x, message.y, 3, message.h), theme.accent);
    }
    let (rseq, row) = match (view.row.key, layout.kind) {
        (RowKey::Entry(rseq), Kind::Note) => (Some(rseq.0), "note"),
        (RowKey::Entry(rseq), Kind::Erased) => (Some(rseq.0), "erased"),
        (RowKey::Entry(rseq), _) => (Some(rseq.0), "message"),
        (_, Kind::System) => (None, "system"),
        (_, Kind::Failed) => (None, "failed"),
        _ => (None, "sending"),
    };
    let mut told = ShownRow::new(row, rseq);
    let mut told_any = false;
    // The picture goes with the heading: what is kept in sight has its own.
    let picture = layout.avatar.filter(|y| covered == rect.y || top + y >= covered);
    if let (Some(y), Some((user, _))) = (picture, view.author) {
        let name = author_name(view, &scene.context.words);
        paint::avatar(&name, rect.x + AVATAR_X, top + y, AVATAR, scene.person(user), theme.surface);
    }
    for piece in &layout.pieces {
        let (x, y, high) = (rect.x + piece.x, top + piece.top, line_height(piece.style));
        if y + high <= covered || y >= rect.y + rect.h {
            if piece.role == Role::Line {
                told.left_out();
            }
            continue;
        }
        let place = Rect::new(x - 4, y - 2, piece.width + 8, high + 4);
        if let Role::Chip(index) = piece.role {
            if let Some(chip) = view.reactions.get(index) {
                paint_chip(scene, piece, Rect::new(x, y, piece.width, high), chip.mine);
                clicks.push((Rect::new(x, y, piece.width, high), Click::React(view.row.key, chip.emoji.clone())));
                told.drew_reaction(&piece.text);
            }
            continue;
        }
        paint::text(&piece.text, x, y, piece.style, ink(scene, view, piece));
        match piece.role {
            Role::Day => {
                paint_day_lines(scene, x, y + high / 2, piece.width);
                let mut day = ShownRow::new("day", None);
                day.drew(&piece.text);
                shown.push(day);
                continue;
            }
            Role::Name => told.drew_name(&piece.text),
            Role::Time => told.drew_time(&piece.text),
            Role::Line => {
                told.drew(&piece.text);
                told.drew(&piece.swallowed);
            }
            Role::State => told.drew_state(&piece.text),
            Role::Mark => told.drew_state(&piece.text),
            Role::Retry | Role::Discard => {
                if let RowKey::Pending(cid) = view.row.key {
                    let click = if piece.role == Role::Retry { Click::Retry(cid) } else { Click::Discard(cid) };
                    clicks.push((place, click));
                }
            }
            Role::New => {
                let left = x + piece.width + 10;
                paint::fill(Rect::new(left, y + high / 2, (rect.x + rect.w - RIGHT - left).max(0), 1), theme.accent);
                let mut new = ShownRow::new("new", None);
                new.drew(&piece.text);
                shown.push(new);
                continue;
            }
            Role::Quote => {
                let bar = Rect::new(x - QUOTE_INSET, y + 1, 3, high - 2);
                paint::fill_round(bar, 1, theme.line);
                told.drew_quote(&piece.text);
                if let Some(quote) = &view.quote {
                    clicks.push((place, Click::Jump(quote.rseq)));
                }
            }
            Role::Chip(_) => {}
        }
        told_any = true;
    }
    // Rows without a heading show their time where the pointer is: every minute beside every line would be noise.
    if marks.hovered && layout.avatar.is_none() && view.author.is_some() {
        let time = clock(view.time);
        let x = rect.x + TEXT_X - 12 - paint::width_in(&time, (REGULAR, 11));
        let first = layout.pieces.iter().find(|piece| piece.role == Role::Line);
        let y = top + first.map_or(layout.message.0, |piece| piece.top);
        paint::text_in(&time, x, y, line_height(Style::Body), (REGULAR, 11), theme.faint);
        told.drew_time(&time);
    }
    if told_any {
        shown.push(told);
    }
}

fn paint_chip(scene: &Scene<'_>, piece: &Piece, place: Rect, mine: bool) {
    let theme = &scene.context.theme;
    let (ground, border) = if mine { (theme.selected, theme.accent) } else { (theme.raised, theme.line) };
    paint::card(place, place.h / 2, ground, border);
    let width = paint::width_in(&piece.text, super::theme::font(Style::Chip));
    paint::text(&piece.text, place.x + (place.w - width) / 2, place.y, Style::Chip, theme.text);
}

/// The heading of the group at the top, which was scrolled out of sight: without it nobody would know who speaks.
struct Kept {
    place: Rect,
    user: UserId,
    name: String,
    time: String,
}

fn kept_heading(list: &ListState, scene: &Scene<'_>) -> Option<Kept> {
    let first = list.placed.first()?;
    let view = scene.model.view(first.index)?;
    let (user, _) = view.author?;
    let (_, _, layout) = list.layouts.get(&view.row.key)?;
    let in_sight = |piece: &Piece| piece.role == Role::Name && first.top + piece.top >= 0;
    if layout.pieces.iter().any(in_sight) {
        return None;
    }
    // Only over something to read: where less than a line of the group is left, it would hide what it explains.
    let other = |row: &&Placed| scene.model.view(row.index).is_none_or(|view| view.heading || view.author.is_none());
    let end = list.placed.iter().skip(1).find(other).map_or(scene.rect.h, |row| row.top);
    if end < KEPT + line_height(Style::Body) {
        return None;
    }
    let place = Rect::new(scene.rect.x, scene.rect.y, scene.rect.w, KEPT);
    Some(Kept { place, user, name: author_name(&view, &scene.context.words), time: clock(view.time) })
}

fn paint_kept(scene: &Scene<'_>, kept: &Kept, shown: &mut [ShownRow]) {
    let (theme, place) = (&scene.context.theme, kept.place);
    paint::fill(place, theme.surface);
    paint::fill(Rect::new(place.x, place.y + place.h - 1, place.w, 1), theme.line);
    paint::avatar(
        &kept.name,
        place.x + AVATAR_X + AVATAR - 20,
        place.y + 4,
        20,
        scene.person(kept.user),
        theme.surface,
    );
    let (x, font) = (place.x + TEXT_X, (STRONG, 13));
    let time_width = paint::width_in(&kept.time, (REGULAR, 11));
    let name = paint::fitting(&kept.name, place.w - TEXT_X - RIGHT - time_width - 8, font);
    paint::text_in(&name, x, place.y, place.h - 1, font, scene.person(kept.user));
    let after = x + paint::width_in(&name, font) + 8;
    paint::text_in(&kept.time, after, place.y + 1, place.h - 1, (REGULAR, 11), theme.faint);
    if let Some(row) = shown.first_mut().filter(|row| row.lacks_name()) {
        row.drew_name(&name);
        row.drew_time(&kept.time);
    }
}

fn ink(scene: &Scene<'_>, view: &View<'_>, piece: &Piece) -> Color {
    match (piece.role, view.author) {
        (Role::New, _) => scene.context.theme.accent,
        (Role::Name, Some((user, _))) => scene.person(user),
        _ => scene.context.theme.ink(piece.style),
    }
}

fn paint_day_lines(scene: &Scene<'_>, x: i32, y: i32, width: i32) {
    let (rect, line) = (scene.rect, scene.context.theme.line);
    let left = rect.x + AVATAR_X;
    paint::fill(Rect::new(left, y, (x - 14 - left).max(0), 1), line);
    let right = x + width + 14;
    paint::fill(Rect::new(right, y, (rect.x + rect.w - RIGHT - right).max(0), 1), line);
}

/// The thumb lies over the rows: a bar of its own would cut the surface in two.
fn paint_bar(scene: &Scene<'_>, (begin, end): (f64, f64), pointer: Option<(i32, i32)>) -> Rect {
    let (rect, theme) = (scene.rect, &scene.context.theme);
    let at = |part: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a place on a screen")]
        let y = (part * f64::from(rect.h)) as i32;
        y
    };
    let height = (at(end) - at(begin)).max(36);
    let top = at(begin).min(rect.h - height);
    let near = pointer.is_some_and(|(x, _)| x >= rect.x + rect.w - 16);
    let wide = if near { 8 } else { 5 };
    let thumb = Rect::new(rect.x + rect.w - wide - 4, rect.y + top + 3, wide, height - 6);
    paint::fill_round(thumb, wide / 2, if near { theme.faint } else { theme.line });
    thumb
}
