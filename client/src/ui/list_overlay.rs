//! What lies over the rows of the message list: the tools of the row under the pointer, the way back to the newest message,
//! who is writing; and what stands there while there is no row.
//!
//! Owns their look, and where the tools can be clicked.

use super::{
    message_list::{Click, ListState},
    message_paint::Scene,
    paint::{self, Rect},
    row_layout::Kind,
    shown::ShownRow,
    theme::{REGULAR, STRONG},
};
use crate::model::{Connection, palette::EMOJI, timeline::RowKey};

const TOOL: i32 = 30;
/// How many emoji are one click away.
const QUICK: usize = 3;

/// The tools of the message under the pointer.
pub(super) fn tools(list: &mut ListState, scene: &Scene<'_>, covered: i32) {
    let (rect, theme) = (scene.rect, &scene.context.theme);
    let Some((_, y)) = list.pointer else { return };
    let Some((placed, key)) = list.row_at(rect, y) else { return };
    let RowKey::Entry(rseq) = key else { return };
    let Some((_, _, layout)) = list.layouts.get(&key) else { return };
    let open = scene.model.room().is_some_and(|room| !room.state.gone && !room.is_archived());
    if !open || !matches!(layout.kind, Kind::Message | Kind::Sending) {
        return;
    }
    let mut tools: Vec<(&str, Click)> =
        EMOJI.iter().take(QUICK).map(|(emoji, ..)| (*emoji, Click::React(key, (*emoji).to_owned()))).collect();
    tools.extend([("+", Click::MoreEmoji(rseq)), ("↩", Click::Answer(key)), ("⋯", Click::Menu(key))]);
    let count = i32::try_from(tools.len()).unwrap_or(0);
    let width = count * TOOL + 8;
    let top = (rect.y + placed.top + layout.message.0 - 16).max(covered + 2);
    let card = Rect::new(rect.x + rect.w - width - 24, top, width, TOOL + 4);
    paint::card(card, 10, theme.raised, theme.line);
    let mut x = card.x + 4;
    for (label, click) in tools {
        let place = Rect::new(x, card.y + 2, TOOL, TOOL);
        if list.pointer.is_some_and(|(x, y)| place.holds(x, y)) {
            paint::fill_round(place, 8, theme.selected);
        }
        let font = (REGULAR, 16);
        let left = place.x + (TOOL - paint::width_in(label, font)) / 2;
        paint::text_in(label, left, place.y, TOOL, font, theme.text);
        // The tools lie on top of whatever else can be clicked there.
        list.clicks.insert(0, (place, click));
        x += TOOL;
    }
}

/// Who is writing, below the last row.
pub(super) fn typing(scene: &Scene<'_>) {
    let (rect, theme, words) = (scene.rect, &scene.context.theme, &scene.context.words);
    let names = scene.model.typing();
    let text = match names.as_slice() {
        [] => return,
        [one] => words.with("typing-one", &[("who", (*one).into())]),
        [one, other] => words.with("typing-two", &[("who", (*one).into()), ("other", (*other).into())]),
        _ => words.get("typing-many"),
    };
    let font = (REGULAR, 12);
    let text = paint::fitting(&text, rect.w - 60, font);
    let width = paint::width_in(&text, font);
    let place = Rect::new(rect.x + 20, rect.y + rect.h - 20, width + 12, 20);
    paint::fill(place, theme.surface);
    paint::text_in(&text, place.x + 4, place.y, place.h, font, theme.faint);
}

/// What leads back to the newest message.
pub(super) fn pill(scene: &Scene<'_>) -> Rect {
    let (rect, theme, words) = (scene.rect, &scene.context.theme, &scene.context.words);
    let unread = scene.model.unread();
    let text = if unread > 0 { words.with("list-new", &[("count", unread.into())]) } else { words.get("list-latest") };
    let label = format!("{text}  ↓");
    let font = (STRONG, 13);
    let width = paint::width_in(&label, font) + 32;
    let pill = Rect::new(rect.x + (rect.w - width) / 2, rect.y + rect.h - 48, width, 34);
    let (ground, ink) = if unread > 0 { (theme.accent, theme.on_accent) } else { (theme.raised, theme.text) };
    paint::card(pill, 17, ground, if unread > 0 { theme.accent } else { theme.line });
    paint::text_in(&label, pill.x + 16, pill.y, pill.h, font, ink);
    pill
}

/// An older page is on its way.
pub(super) fn loading(scene: &Scene<'_>) {
    if !matches!(scene.model.connection, Connection::Online { .. }) {
        return;
    }
    let (rect, theme) = (scene.rect, &scene.context.theme);
    let text = scene.context.words.get("list-loading");
    let font = (REGULAR, 12);
    let width = paint::width_in(&text, font) + 28;
    let chip = Rect::new(rect.x + (rect.w - width) / 2, rect.y + 8, width, 26);
    paint::card(chip, 13, theme.raised, theme.line);
    paint::text_in(&text, chip.x + 14, chip.y, chip.h, font, theme.faint);
}

/// What stands there while there is no row.
pub(super) fn empty(scene: &Scene<'_>, shown: &mut Vec<ShownRow>) {
    let (rect, theme, words) = (scene.rect, &scene.context.theme, &scene.context.words);
    let live = scene.model.room().is_some_and(|room| room.state.row.head.0 == 0);
    let mut told = ShownRow::new("none", None);
    let mut line = |text: &str, y: i32, font, color| {
        let text = paint::fitting(text, rect.w - 40, font);
        paint::text_in(&text, rect.x + (rect.w - paint::width_in(&text, font)) / 2, y, 24, font, color);
        told.drew(&text);
    };
    let middle = rect.y + rect.h / 2;
    if live {
        line("☕", middle - 92, (REGULAR, 44), theme.accent);
        line(&words.get("list-empty-title"), middle - 28, (STRONG, 18), theme.text);
        let private = scene.model.room().is_some_and(|room| !room.is_public());
        let text = if private { words.get("list-empty-private") } else { words.get("list-empty-text") };
        line(&text, middle + 4, (REGULAR, 14), theme.faint);
    } else {
        line(&words.get("list-waiting"), middle - 12, (REGULAR, 14), theme.faint);
    }
    shown.push(told);
}
