//! The layout of one row of the message list: which words stand where.
//!
//! Owns the geometry of rows. Pure: takes finished words and something that measures text, and gives pieces with
//! places, so that it is tested without fonts and a painted row can be told from its pieces alone.

mod below;
#[cfg(test)]
mod tests;

use super::wrap::wrap;

/// How a piece of text looks; the theme and the fonts know the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// What people write.
    Body,
    /// The same, while it is on its way.
    BodyFaint,
    /// Who wrote it.
    Name,
    /// When, and other asides.
    Small,
    /// A day.
    Day,
    /// Words of the program.
    System,
    /// Words about a failure.
    Problem,
    /// Words that can be clicked.
    Link,
    /// The message that is answered.
    Quote,
    /// Something that happened to the room, and what is no longer there.
    Note,
    /// An emoji with the number of those who chose it.
    Chip,
}

/// What a piece is, for whoever reads what was painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A day.
    Day,
    /// The name of the author.
    Name,
    /// The time.
    Time,
    /// A line of the text.
    Line,
    /// How far the message has come.
    State,
    /// What can be clicked to send it again.
    Retry,
    /// What can be clicked to throw it away.
    Discard,
    /// Where what is new begins.
    New,
    /// The message that it answers.
    Quote,
    /// What is said about the text itself, such as that it was mended.
    Mark,
    /// A reaction, by its number.
    Chip(usize),
}

/// Something that knows how wide text is.
pub trait Measure {
    /// The width of a text without newlines.
    fn width(&mut self, text: &str, style: Style) -> f64;
}

/// What a row is to show, in finished words. Two equal ones have the same layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowWords {
    /// The day, on the first row of one.
    pub day: Option<String>,
    /// Name and time, where a heading stands.
    pub heading: Option<(String, String)>,
    /// The text.
    pub body: String,
    /// What kind of row it is.
    pub kind: Kind,
    /// What is told about its way to the server.
    pub state: Option<String>,
    /// What can be clicked to send it again, and to throw it away.
    pub retry: Option<(String, String)>,
    /// The line where what is new begins.
    pub new: Option<String>,
    /// Who wrote the message that it answers, and what.
    pub quote: Option<(String, String)>,
    /// What is said about the text itself.
    pub mark: Option<String>,
    /// The reactions, and whether each is ours too.
    pub reactions: Vec<(String, bool)>,
    /// Whether it mentions the person.
    pub mentions_me: bool,
}

/// What kind of row it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A message with its place.
    #[default]
    Message,
    /// A message on its way.
    Sending,
    /// A message that was refused.
    Failed,
    /// A message that this version cannot show.
    Newer,
    /// Words of the program.
    System,
    /// Something that happened to the room.
    Note,
    /// A message that is erased.
    Erased,
}

/// A piece of text in its place, from the top left of the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// What it is.
    pub role: Role,
    /// How it looks.
    pub style: Style,
    /// Its left.
    pub x: i32,
    /// Its top.
    pub top: i32,
    /// Its width.
    pub width: i32,
    /// What it says.
    pub text: String,
    /// What the break between it and the next line swallowed.
    pub swallowed: String,
}

/// A row with everything in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLayout {
    /// How high it is.
    pub height: i32,
    /// What kind of row it is.
    pub kind: Kind,
    /// Its pieces, from top to bottom.
    pub pieces: Vec<Piece>,
    /// The top of the picture beside the heading.
    pub avatar: Option<i32>,
    /// Top and height of what belongs to the message itself, without the day.
    pub message: (i32, i32),
    /// Whether it mentions the person.
    pub mentions_me: bool,
}

/// The left of the picture.
pub const AVATAR_X: i32 = 20;
/// The size of the picture.
pub const AVATAR: i32 = 36;
/// The left of the text.
pub const TEXT_X: i32 = AVATAR_X + AVATAR + 12;
/// What is left free on the right.
pub const RIGHT: i32 = 28;
/// Lines longer than this are hard to read.
const TEXT_WIDTH_MAX: i32 = 760;
const DAY_HEIGHT: i32 = 46;
const NEW_HEIGHT: i32 = 30;
/// What the bar beside a quotation takes.
pub const QUOTE_INSET: i32 = 12;
const ABOVE_HEADING: i32 = 14;
const CARD_PADDING: i32 = 12;

/// The height of a line in a style.
#[must_use]
pub const fn line_height(style: Style) -> i32 {
    match style {
        Style::Body | Style::BodyFaint => 22,
        Style::Name | Style::System | Style::Problem | Style::Link => 20,
        Style::Small | Style::Day | Style::Note => 18,
        Style::Quote => 20,
        Style::Chip => 26,
    }
}

/// Puts everything in its place.
pub fn lay_out(words: &RowWords, width: i32, measure: &mut dyn Measure) -> RowLayout {
    let mut layout = RowLayout {
        height: 0,
        kind: words.kind,
        pieces: Vec::new(),
        avatar: None,
        message: (0, 0),
        mentions_me: words.mentions_me,
    };
    let mut y = 0;
    if let Some(day) = &words.day {
        let wide = ceil(measure.width(day, Style::Day));
        let top = y + (DAY_HEIGHT - line_height(Style::Day)) / 2;
        let x = ((width - wide) / 2).max(AVATAR_X);
        layout.pieces.push(piece(Role::Day, Style::Day, x, top, wide, day));
        y += DAY_HEIGHT;
    }
    if let Some(new) = &words.new {
        let wide = ceil(measure.width(new, Style::Day));
        let top = y + (NEW_HEIGHT - line_height(Style::Day)) / 2;
        layout.pieces.push(piece(Role::New, Style::Day, AVATAR_X, top, wide, new));
        y += NEW_HEIGHT;
    }
    let begin = y;
    let card = words.kind == Kind::System;
    if card {
        y += 8 + CARD_PADDING;
    } else if let Some((name, time)) = &words.heading {
        y += if words.day.is_some() { 2 } else { ABOVE_HEADING };
        layout.avatar = Some(y);
        let time_width = ceil(measure.width(time, Style::Small));
        let name = fitting(name, width - RIGHT - TEXT_X - 8 - time_width, Style::Name, measure);
        let name_width = ceil(measure.width(&name, Style::Name));
        layout.pieces.push(piece(Role::Name, Style::Name, TEXT_X, y - 1, name_width, &name));
        layout.pieces.push(piece(Role::Time, Style::Small, TEXT_X + name_width + 8, y + 1, time_width, time));
        y += line_height(Style::Name) + 1;
    } else {
        y += 3;
    }

    let (style, x) = match words.kind {
        Kind::Message | Kind::Failed => (Style::Body, TEXT_X),
        Kind::Sending | Kind::Newer | Kind::Erased => (Style::BodyFaint, TEXT_X),
        Kind::Note => (Style::Note, TEXT_X),
        Kind::System => (Style::System, TEXT_X + CARD_PADDING),
    };
    let room = (width - RIGHT - x - if card { CARD_PADDING } else { 0 }).clamp(40, TEXT_WIDTH_MAX);
    if let Some((name, text)) = &words.quote {
        y = below::lay_out_quote(name, text, (x, room, y), &mut layout.pieces, measure);
    }
    let lines = wrap(&words.body, f64::from(room), &mut |text| measure.width(text, style));
    let mut last_width = 0;
    for (index, line) in lines.iter().enumerate() {
        let text = words.body.get(line.start..line.end).unwrap_or_default();
        last_width = ceil(measure.width(text, style));
        let next = lines.get(index + 1).map_or(line.end, |next| next.start);
        let mut piece = piece(Role::Line, style, x, y, last_width, text);
        piece.swallowed = words.body.get(line.end..next).unwrap_or_default().to_owned();
        layout.pieces.push(piece);
        y += line_height(style);
    }
    if let Some(mark) = &words.mark {
        (last_width, y) = below::lay_out_mark(mark, (x, room, last_width, y), &mut layout.pieces, measure);
    }
    if let Some(state) = &words.state {
        y = below::lay_out_state(words, state, (x, room, last_width, y), &mut layout.pieces, measure);
    }
    y = below::lay_out_chips(&words.reactions, (x, room, y), &mut layout.pieces, measure);
    if card {
        y += CARD_PADDING;
    }
    y += 3;
    layout.message = (begin, y - begin);
    layout.height = y;
    layout
}

/// As much of a text as fits, with an ellipsis where it is cut.
fn fitting(text: &str, room: i32, style: Style, measure: &mut dyn Measure) -> String {
    let mut shown = text.to_owned();
    while ceil(measure.width(&shown, style)) > room && shown.trim_end_matches('…').chars().count() > 1 {
        let end = shown.trim_end_matches('…').char_indices().last().map_or(0, |(at, _)| at);
        shown.truncate(end);
        shown = format!("{}…", shown.trim_end());
    }
    shown
}

fn piece(role: Role, style: Style, x: i32, top: i32, width: i32, text: &str) -> Piece {
    Piece { role, style, x, top, width, text: text.to_owned(), swallowed: String::new() }
}

fn ceil(width: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a width on a screen")]
    let whole = width.ceil() as i32;
    whole
}

/// A text as it can be painted: tabs are spaces, and what has no shape is shown as such.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            '\r' => {}
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}
