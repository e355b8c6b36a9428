//! What stands around the text of a message: the quotation above it; marks, its way to the server and reactions below.
//!
//! Pure, as the layout that it is a part of.

use super::{Kind, Measure, Piece, QUOTE_INSET, Role, RowWords, Style, ceil, fitting, line_height, piece};
use crate::ui::wrap::wrap;

/// What a chip has beside its words.
const CHIP_SIDES: i32 = 18;

/// What is told about the way of a message: after its last line if there is room, else below.
pub(super) fn lay_out_state(
    words: &RowWords,
    state: &str,
    (x, room, last_width, mut y): (i32, i32, i32, i32),
    pieces: &mut Vec<Piece>,
    measure: &mut dyn Measure,
) -> i32 {
    let style = if words.kind == Kind::Failed { Style::Problem } else { Style::Small };
    let wide = ceil(measure.width(state, style));
    if words.kind == Kind::Sending && last_width + 10 + wide <= room {
        // Beside the text: nothing jumps when the message has its place.
        let top = y - line_height(Style::Body) + 3;
        pieces.push(piece(Role::State, style, x + last_width + 10, top, wide, state));
        return y;
    }
    let mut right = 0;
    for line in wrap(state, f64::from(room), &mut |text| measure.width(text, style)) {
        let text = state.get(line.start..line.end).unwrap_or_default();
        right = ceil(measure.width(text, style));
        pieces.push(piece(Role::State, style, x, y, right, text));
        y += line_height(style);
    }
    let links = words.retry.iter().flat_map(|(retry, discard)| [(Role::Retry, retry), (Role::Discard, discard)]);
    for (role, link) in links {
        let wide = ceil(measure.width(link, Style::Link));
        if right > 0 && right + 12 + wide > room {
            right = 0;
            y += line_height(Style::Link);
        }
        let left = if right > 0 { right + 12 } else { 0 };
        pieces.push(piece(role, Style::Link, x + left, y - line_height(Style::Link), wide, link));
        right = left + wide;
    }
    y
}

/// The message that is answered: one line above the answer, beside a bar.
pub(super) fn lay_out_quote(
    name: &str,
    text: &str,
    (x, room, y): (i32, i32, i32),
    pieces: &mut Vec<Piece>,
    measure: &mut dyn Measure,
) -> i32 {
    let words = if name.is_empty() { text.to_owned() } else { format!("{name}: {text}") };
    let shown = fitting(&words, room - QUOTE_INSET, Style::Quote, measure);
    let wide = ceil(measure.width(&shown, Style::Quote));
    pieces.push(piece(Role::Quote, Style::Quote, x + QUOTE_INSET, y + 1, wide, &shown));
    y + line_height(Style::Quote) + 4
}

/// What is said about the text itself: after its last line if there is room, else below.
pub(super) fn lay_out_mark(
    mark: &str,
    (x, room, last_width, y): (i32, i32, i32, i32),
    pieces: &mut Vec<Piece>,
    measure: &mut dyn Measure,
) -> (i32, i32) {
    let wide = ceil(measure.width(mark, Style::Small));
    if last_width + 8 + wide <= room {
        let top = y - line_height(Style::Body) + 3;
        pieces.push(piece(Role::Mark, Style::Small, x + last_width + 8, top, wide, mark));
        return (last_width + 8 + wide, y);
    }
    pieces.push(piece(Role::Mark, Style::Small, x, y, wide, mark));
    // What comes behind it on the same line is measured as if it were a line of the text.
    (wide, y + line_height(Style::Body))
}

/// The reactions, one beside the other in as many lines as they need.
pub(super) fn lay_out_chips(
    chips: &[(String, bool)],
    (x, room, y): (i32, i32, i32),
    pieces: &mut Vec<Piece>,
    measure: &mut dyn Measure,
) -> i32 {
    if chips.is_empty() {
        return y;
    }
    let (mut left, mut top) = (0, y + 4);
    for (index, (label, _)) in chips.iter().enumerate() {
        let label = fitting(label, room - CHIP_SIDES, Style::Chip, measure);
        let wide = ceil(measure.width(&label, Style::Chip)) + CHIP_SIDES;
        if left > 0 && left + wide > room {
            (left, top) = (0, top + line_height(Style::Chip) + 4);
        }
        pieces.push(piece(Role::Chip(index), Style::Chip, x + left, top, wide, &label));
        left += wide + 6;
    }
    top + line_height(Style::Chip) + 4
}
