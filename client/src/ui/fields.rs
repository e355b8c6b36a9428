//! A field to type in, as the dialogs have it.
//!
//! Owns its look: the toolkit's own input within a border of ours, which shows where the keyboard writes.

use fltk::{enums::FrameType, input::Input, prelude::*};

use super::{
    context::Context,
    paint::{self, Rect},
    theme::REGULAR,
};

/// A field without its border.
#[must_use]
pub fn field(context: &Context) -> Input {
    let theme = &context.theme;
    let mut input = Input::default();
    input.set_frame(FrameType::FlatBox);
    input.set_color(theme.raised);
    input.set_text_color(theme.text);
    input.set_cursor_color(theme.accent);
    input.set_selection_color(theme.selection);
    input.set_text_font(REGULAR);
    input.set_text_size(15);
    input.super_handle_first(false);
    input
}

/// Draws the border around a field, on the ground behind it.
pub fn border(context: &Context, input: &Input, margin: i32, wrong: bool) {
    let theme = &context.theme;
    let rect = Rect::of(input);
    let rect = Rect::new(rect.x - margin, rect.y - 1, rect.w + 2 * margin, rect.h + 2);
    let focused = input.has_focus();
    let border = match (wrong, focused) {
        (true, _) => theme.problem,
        (false, true) => theme.accent,
        _ => theme.line,
    };
    if focused || wrong {
        paint::fill_round(rect.shrunk(-1), 11, border);
    }
    paint::card(rect, 10, theme.raised, border);
}
