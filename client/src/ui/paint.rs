//! The few shapes that everything in the window is made of, and the measuring of text.
//!
//! Owns the calls to the toolkit's drawing functions that more than one widget needs. Knows nothing of the model.

use std::collections::BTreeMap;

use fltk::{
    draw,
    enums::{Color, Font},
};

use super::{
    row_layout::{Measure, Style, line_height},
    theme::{self, STRONG},
    wrap::wrap,
};

/// A rectangle in the coordinates of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// Its left.
    pub x: i32,
    /// Its top.
    pub y: i32,
    /// Its width.
    pub w: i32,
    /// Its height.
    pub h: i32,
}

impl Rect {
    /// A rectangle.
    #[must_use]
    pub const fn new(x: i32, y: i32, w: i32, h: i32) -> Self {
        Self { x, y, w, h }
    }

    /// Where a widget is.
    #[must_use]
    pub fn of(widget: &impl fltk::prelude::WidgetExt) -> Self {
        Self::new(widget.x(), widget.y(), widget.w(), widget.h())
    }

    /// Whether a point is inside.
    #[must_use]
    pub fn holds(&self, x: i32, y: i32) -> bool {
        (self.x..self.x + self.w).contains(&x) && (self.y..self.y + self.h).contains(&y)
    }

    /// The same with a margin taken off (or put on, if negative).
    #[must_use]
    pub fn shrunk(&self, by: i32) -> Self {
        Self::new(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)
    }
}

/// Fills a rectangle.
pub fn fill(rect: Rect, color: Color) {
    draw::draw_rect_fill(rect.x, rect.y, rect.w, rect.h, color);
}

/// Fills a rectangle with round corners.
pub fn fill_round(rect: Rect, radius: i32, color: Color) {
    draw::set_draw_color(color);
    if rect.w == rect.h && radius * 2 >= rect.w {
        // Small circles made of four corners come out as crosses.
        let (x, y, size) = (f64::from(rect.x), f64::from(rect.y), f64::from(rect.w));
        draw::begin_polygon();
        draw::draw_circle(x + size / 2.0, y + size / 2.0, size / 2.0);
        draw::end_polygon();
        return;
    }
    draw::draw_rounded_rectf(rect.x, rect.y, rect.w, rect.h, radius.min(rect.w / 2).min(rect.h / 2));
}

/// A card with a border: the border's colour first, then the inside on top of it, which no line style can blur.
pub fn card(rect: Rect, radius: i32, inside: Color, border: Color) {
    fill_round(rect, radius, border);
    fill_round(rect.shrunk(1), radius - 1, inside);
}

/// Writes a text with its line box at this top left.
pub fn text(words: &str, x: i32, top: i32, style: Style, color: Color) {
    let (font, size) = theme::font(style);
    text_in(words, x, top, line_height(style), (font, size), color);
}

/// Writes a text in a font, in the middle of a line box of this height.
pub fn text_in(words: &str, x: i32, top: i32, height: i32, (font, size): (Font, i32), color: Color) {
    draw::set_font(font, size);
    draw::set_draw_color(color);
    let baseline = top + (height + draw::height()) / 2 - draw::descent();
    draw::draw_text_n(words, x, baseline);
}

/// Writes the sign before the name of a room, of whatever shape as wide as any other.
pub fn sign(sign: &str, (x, top): (i32, i32), height: i32, size: i32, color: Color) {
    let box_width = width_in("#", (theme::REGULAR, size)) * 5 / 4;
    let natural = width_in(sign, (theme::REGULAR, size)).max(1);
    let size = if natural > box_width { size * box_width / natural } else { size };
    let left = x + (box_width - width_in(sign, (theme::REGULAR, size))) / 2;
    text_in(sign, left, top, height, (theme::REGULAR, size), color);
}

/// The width of a text in a font.
#[must_use]
pub fn width_in(words: &str, (font, size): (Font, i32)) -> i32 {
    draw::set_font(font, size);
    #[expect(clippy::cast_possible_truncation, reason = "a width on a screen")]
    let width = draw::width(words).ceil() as i32;
    width
}

/// As much of a text as fits, with an ellipsis where it is cut.
#[must_use]
pub fn fitting(words: &str, width: i32, font: (Font, i32)) -> String {
    if width_in(words, font) <= width {
        return words.to_owned();
    }
    let mut shown = words.to_owned();
    while shown.pop().is_some() {
        let cut = format!("{}…", shown.trim_end());
        if width_in(&cut, font) <= width {
            return cut;
        }
    }
    String::new()
}

/// A text in lines that fit.
#[must_use]
pub fn wrapped(text: &str, width: i32, (font, size): (Font, i32)) -> Vec<String> {
    draw::set_font(font, size);
    wrap(text, f64::from(width), &mut draw::width)
        .iter()
        .map(|line| text.get(line.start..line.end).unwrap_or_default().to_owned())
        .collect()
}

/// The picture of a person: the first letter of the name on their colour.
pub fn avatar(name: &str, x: i32, y: i32, size: i32, color: Color, ink: Color) {
    fill_round(Rect::new(x, y, size, size), size / 2, color);
    let letter: String = name.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let font = (STRONG, size * 9 / 20);
    text_in(&letter, x + (size - width_in(&letter, font)) / 2, y, size, font, ink);
}

/// The dot on the picture of somebody who is here, on a ground; its place is the corner of the picture, at the bottom right.
pub fn presence_dot((x, y): (i32, i32), size: i32, color: Color, ground: Color, away: bool) {
    // A ring of the ground keeps the dot apart from the picture.
    fill_round(Rect::new(x - size - 1, y - size - 1, size + 4, size + 4), (size + 4) / 2, ground);
    fill_round(Rect::new(x - size + 1, y - size + 1, size, size), size / 2, color);
    if away {
        // A crescent: the colour alone would not tell everybody.
        let bite = size * 3 / 4;
        fill_round(Rect::new(x - size + 1 + size * 3 / 8, y - size, bite, bite), bite / 2, ground);
    }
}

/// Measures text with the toolkit's fonts, remembering words: most of them come again.
#[derive(Debug, Default)]
pub struct Fonts {
    widths: BTreeMap<(Style, Box<str>), f64>,
}

/// Beyond this many words the memory is begun anew.
const WORDS_REMEMBERED: usize = 8_192;

impl Measure for Fonts {
    fn width(&mut self, text: &str, style: Style) -> f64 {
        let measured = || {
            let (font, size) = theme::font(style);
            draw::set_font(font, size);
            draw::width(text)
        };
        if text.len() > 40 {
            return measured();
        }
        if self.widths.len() > WORDS_REMEMBERED {
            self.widths.clear();
        }
        *self.widths.entry((style, text.into())).or_insert_with(measured)
    }
}
