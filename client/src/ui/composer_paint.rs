//! What is drawn around the composer's editor: its card and button, what is answered or mended above it, the names that may
//! be meant, and what has to be said about the text below it.
//!
//! Owns where these stand, so that a click finds what was drawn.

use fltk::{draw, text::TextBuffer};
use tertulia_protocol::limits::TEXT_BYTES_MAX;

use super::{
    context::Context,
    paint::{self, Rect},
    row_words::quote_words,
    theme::{REGULAR, STRONG},
};
use crate::model::{Action, Model, Notice};

const SIDE: i32 = 20;
/// What is left free between the card and the text.
pub(super) const PADDING: i32 = 12;
/// The size of the button.
pub(super) const BUTTON: i32 = 34;
/// The size of the text.
pub(super) const TEXT: i32 = 15;
/// The line for what has to be said about the text.
const HINT: i32 = 22;
/// The line for what is answered or mended.
const BAR: i32 = 34;
/// A name that may be meant.
const NAME: i32 = 28;

fn hint_needed(length: i32, model: &Model) -> bool {
    model.notice.is_some() || usize::try_from(length).is_ok_and(|length| length > TEXT_BYTES_MAX * 9 / 10)
}

/// The height of what stands above the editor: what is answered or mended, and the names that may be meant.
pub(super) fn above(model: &Model) -> i32 {
    let bar = model.answering().is_some() || model.composer.mending.is_some();
    let names = model.composer.completion.as_ref().map_or(0, |completion| completion.people.len());
    let names = i32::try_from(names).unwrap_or(0) * NAME;
    names + if names > 0 { 6 } else { 0 } + if bar { BAR } else { 0 }
}

/// The height of what stands below it.
pub(super) fn below(length: i32, model: &Model) -> i32 {
    if hint_needed(length, model) { HINT } else { 0 }
}

/// The card around the editor.
pub(super) fn card(area: Rect, length: i32, model: &Model) -> Rect {
    let (above, below) = (above(model), below(length, model));
    Rect::new(area.x + SIDE, area.y + 4 + above, area.w - 2 * SIDE, area.h - 10 - above - below)
}

/// The button that sends: it stays at the last line.
pub(super) fn button(area: Rect) -> Rect {
    Rect::new(area.x + area.w - SIDE - BUTTON - 7, area.y + area.h - 13 - BUTTON, BUTTON, BUTTON)
}

fn bar(area: Rect, model: &Model) -> Option<Rect> {
    let shown = model.answering().is_some() || model.composer.mending.is_some();
    let y = area.y + 4 + above(model) - BAR;
    shown.then(|| Rect::new(area.x + SIDE, y, area.w - 2 * SIDE, BAR - 4))
}

fn name_places(area: Rect, model: &Model) -> Vec<Rect> {
    let count = model.composer.completion.as_ref().map_or(0, |completion| completion.people.len());
    let row = |index: usize| {
        let y = area.y + 6 + i32::try_from(index).unwrap_or(0) * NAME;
        Rect::new(area.x + SIDE, y, (area.w - 2 * SIDE).min(320), NAME)
    };
    (0..count).map(row).collect()
}

/// What a click at this place means, besides sending and writing.
pub(super) fn hit(context: &Context, area: Rect, (x, y): (i32, i32)) -> Option<Action> {
    let model = context.model();
    if let Some(index) = name_places(area, &model).iter().position(|place| place.holds(x, y)) {
        return Some(Action::Complete { index });
    }
    let bar = bar(area, &model).filter(|bar| bar.holds(x, y))?;
    if x >= bar.x + bar.w - 34 {
        return Some(Action::Escape);
    }
    let answered = model.answering().or(model.composer.mending.as_ref().map(|(rseq, _)| *rseq));
    answered.map(Action::Jump)
}

/// The message that is answered or mended.
fn paint_bar(context: &Context, model: &Model, area: Rect) {
    let Some(bar) = bar(area, model) else { return };
    let (theme, words) = (&context.theme, &context.words);
    paint::fill_round(bar, 8, theme.raised);
    paint::fill_round(Rect::new(bar.x, bar.y + 4, 3, bar.h - 8), 1, theme.accent);
    let quote = model.answering().map(|rseq| quote_words(&model.quote(rseq), words));
    let (what, text) = match quote {
        Some((name, text)) if name.is_empty() => (words.get("composer-answers-earlier"), text),
        Some((name, text)) => (words.with("composer-answers", &[("who", name.into())]), text),
        None => (words.get("composer-mends"), String::new()),
    };
    let what = paint::fitting(&what, bar.w - 60, (STRONG, 12));
    paint::text_in(&what, bar.x + 14, bar.y, bar.h, (STRONG, 12), theme.text);
    let left = bar.x + 14 + paint::width_in(&what, (STRONG, 12)) + 8;
    let text = paint::fitting(&text, bar.x + bar.w - 40 - left, (REGULAR, 12));
    paint::text_in(&text, left, bar.y, bar.h, (REGULAR, 12), theme.faint);
    paint::text_in("×", bar.x + bar.w - 24, bar.y, bar.h, (REGULAR, 17), theme.faint);
}

/// The names that may be meant.
fn paint_names(context: &Context, model: &Model, area: Rect) {
    let Some(completion) = &model.composer.completion else { return };
    let theme = &context.theme;
    let places = name_places(area, model);
    if let (Some(first), Some(last)) = (places.first(), places.last()) {
        paint::card(
            Rect::new(first.x, first.y - 2, first.w, last.y + last.h + 4 - first.y),
            8,
            theme.raised,
            theme.line,
        );
    }
    for (index, (place, (user, name))) in places.iter().zip(&completion.people).enumerate() {
        if index == completion.chosen {
            paint::fill_round(place.shrunk(2), 6, theme.selected);
        }
        paint::avatar(name, place.x + 10, place.y + 4, 20, theme.person(*user, model.people.hue(*user)), theme.surface);
        let shown = paint::fitting(name, place.w - 50, (REGULAR, 14));
        paint::text_in(&shown, place.x + 40, place.y, place.h, (REGULAR, 14), theme.text);
    }
}

/// Draws what is around the editor.
pub(super) fn area(context: &Context, buffer: &TextBuffer, rect: Rect) {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    let length = usize::try_from(buffer.length()).unwrap_or_default();
    let hint = hint_needed(buffer.length(), &model);
    paint::fill(rect, theme.surface);
    paint_names(context, &model, rect);
    paint_bar(context, &model, rect);
    let too_long = length > TEXT_BYTES_MAX;
    let card = card(rect, buffer.length(), &model);
    paint::card(card, 12, theme.surface, if too_long { theme.problem } else { theme.line });

    let button = Rect { y: card.y + card.h - BUTTON - 7, ..button(rect) };
    let ready = length > 0 && !too_long;
    paint::fill_round(button, BUTTON / 2, if ready { theme.accent } else { theme.raised });
    let ink = if ready { theme.on_accent } else { theme.faint };
    let arrow = (STRONG, 17);
    paint::text_in("↑", button.x + (BUTTON - paint::width_in("↑", arrow)) / 2, button.y, BUTTON, arrow, ink);

    if hint {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX).into();
        let limit = || ("limit", number(TEXT_BYTES_MAX));
        let (text, color) = match model.notice {
            Some(Notice::BadText) => (words.get("composer-bad-text"), theme.problem),
            Some(Notice::Closed) => (words.get("composer-closed"), theme.problem),
            Some(Notice::NoRoom) => (words.get("composer-no-room"), theme.problem),
            Some(Notice::TooLong { bytes }) => {
                (words.with("composer-too-long", &[("bytes", number(bytes)), limit()]), theme.problem)
            }
            None if too_long => (
                words.with("composer-over-limit", &[("over", number(length - TEXT_BYTES_MAX)), limit()]),
                theme.problem,
            ),
            None => (words.with("composer-near-limit", &[("left", number(TEXT_BYTES_MAX - length))]), theme.faint),
        };
        let font = (REGULAR, 12);
        let text = paint::fitting(&text, card.w - 8, font);
        paint::text_in(&text, card.x + 4, card.y + card.h + 2, HINT, font, color);
    }
}

/// Draws what stands in the empty editor.
pub(super) fn placeholder(context: &Context, buffer: &TextBuffer, rect: Rect) {
    if buffer.length() > 0 {
        return;
    }
    let (words, model) = (&context.words, context.model());
    let text = match model.room() {
        Some(room) if room.state.gone => words.get("composer-gone"),
        Some(room) if room.is_archived() => words.get("composer-archived"),
        // The sign of a public room; of any other the name alone.
        Some(room) if !room.is_public() => {
            words.with("composer-placeholder", &[("room", model.room_name(room).to_owned().into())])
        }
        Some(room) => words.with("composer-placeholder", &[("room", format!("#{}", model.room_name(room)).into())]),
        None => words.get("composer-placeholder-waiting"),
    };
    let font = (REGULAR, TEXT);
    let text = paint::fitting(&text, rect.w - 8, font);
    draw::set_font(font.0, font.1);
    paint::text_in(&text, rect.x + 7, rect.y + 2, draw::height(), font, context.theme.faint);
}
