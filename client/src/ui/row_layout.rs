//! The layout of one row of the message list: which words stand where.
//!
//! Owns the geometry of rows. Pure: takes finished words and something that measures text, and gives pieces with
//! places, so that it is tested without fonts and a painted row can be told from its pieces alone.

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
    /// What can be clicked to send it again.
    pub retry: Option<String>,
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
const ABOVE_HEADING: i32 = 14;
const CARD_PADDING: i32 = 12;

/// The height of a line in a style.
#[must_use]
pub const fn line_height(style: Style) -> i32 {
    match style {
        Style::Body | Style::BodyFaint => 22,
        Style::Name | Style::System | Style::Problem | Style::Link => 20,
        Style::Small | Style::Day => 18,
    }
}

/// Puts everything in its place.
pub fn lay_out(words: &RowWords, width: i32, measure: &mut dyn Measure) -> RowLayout {
    let mut layout = RowLayout { height: 0, kind: words.kind, pieces: Vec::new(), avatar: None, message: (0, 0) };
    let mut y = 0;
    if let Some(day) = &words.day {
        let wide = ceil(measure.width(day, Style::Day));
        let top = y + (DAY_HEIGHT - line_height(Style::Day)) / 2;
        let x = ((width - wide) / 2).max(AVATAR_X);
        layout.pieces.push(piece(Role::Day, Style::Day, x, top, wide, day));
        y += DAY_HEIGHT;
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
        Kind::Sending | Kind::Newer => (Style::BodyFaint, TEXT_X),
        Kind::System => (Style::System, TEXT_X + CARD_PADDING),
    };
    let room = (width - RIGHT - x - if card { CARD_PADDING } else { 0 }).clamp(40, TEXT_WIDTH_MAX);
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
    if let Some(state) = &words.state {
        y = lay_out_state(words, state, (x, room, last_width, y), &mut layout.pieces, measure);
    }
    if card {
        y += CARD_PADDING;
    }
    y += 3;
    layout.message = (begin, y - begin);
    layout.height = y;
    layout
}

/// What is told about the way of a message: after its last line if there is room, else below.
fn lay_out_state(
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
    let retry = words.retry.as_ref().map(|retry| (retry, ceil(measure.width(retry, Style::Link))));
    let mut right = 0;
    for line in wrap(state, f64::from(room), &mut |text| measure.width(text, style)) {
        let text = state.get(line.start..line.end).unwrap_or_default();
        right = ceil(measure.width(text, style));
        pieces.push(piece(Role::State, style, x, y, right, text));
        y += line_height(style);
    }
    if let Some((retry, wide)) = retry {
        if right + 10 + wide <= room {
            pieces.push(piece(Role::Retry, Style::Link, x + right + 10, y - line_height(style), wide, retry));
        } else {
            pieces.push(piece(Role::Retry, Style::Link, x, y, wide, retry));
            y += line_height(Style::Link);
        }
    }
    y
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character is 10 wide.
    struct Ten;

    impl Measure for Ten {
        fn width(&mut self, text: &str, _: Style) -> f64 {
            text.chars().count() as f64 * 10.0
        }
    }

    fn lines(layout: &RowLayout, role: Role) -> Vec<&str> {
        layout.pieces.iter().filter(|piece| piece.role == role).map(|piece| piece.text.as_str()).collect()
    }

    #[test]
    fn pieces_stand_below_one_another_and_inside_the_row() {
        let words = RowWords {
            day: Some("hoy".into()),
            heading: Some(("ana".into(), "12:00".into())),
            body: "uno dos tres\ncuatro".into(),
            ..RowWords::default()
        };
        let layout = lay_out(&words, TEXT_X + RIGHT + 80, &mut Ten);
        assert_eq!(lines(&layout, Role::Line), ["uno dos", "tres", "cuatro"]);
        let mut bottom = 0;
        for piece in layout.pieces.iter().filter(|piece| !matches!(piece.role, Role::Time)) {
            assert!(piece.top >= bottom, "{piece:?}");
            bottom = piece.top + line_height(piece.style);
        }
        assert!(bottom <= layout.height);
    }

    #[test]
    fn a_name_that_is_too_wide_leaves_room_for_the_time() {
        let name = "W".repeat(32);
        let words = RowWords { heading: Some((name.clone(), "12:00".into())), body: "a".into(), ..RowWords::default() };
        let wide = lay_out(&words, 2_000, &mut Ten);
        assert_eq!(lines(&wide, Role::Name), [name]);
        let narrow = lay_out(&words, TEXT_X + RIGHT + 8 + 50 + 70, &mut Ten);
        assert_eq!(lines(&narrow, Role::Name), ["WWWWWW…"]);
        let time = narrow.pieces.iter().find(|piece| piece.role == Role::Time).unwrap();
        assert_eq!(time.x + time.width, TEXT_X + 70 + 8 + 50);
    }

    #[test]
    fn what_was_painted_gives_back_the_text() {
        let body = "una  línea larga con palabras\n\n  y otra, conunapalabralarguísima";
        let words = RowWords { body: body.into(), ..RowWords::default() };
        for width in [150, 200, 300, 2_000] {
            let layout = lay_out(&words, width, &mut Ten);
            let text: String =
                layout.pieces.iter().flat_map(|piece| [piece.text.as_str(), piece.swallowed.as_str()]).collect();
            assert_eq!(text, body);
        }
    }

    #[test]
    fn a_message_keeps_its_height_when_it_has_its_place() {
        let sent = RowWords { body: "hola".into(), ..RowWords::default() };
        let sending = RowWords { kind: Kind::Sending, state: Some("enviando…".into()), ..sent.clone() };
        assert_eq!(lay_out(&sent, 600, &mut Ten).height, lay_out(&sending, 600, &mut Ten).height);
    }

    #[test]
    fn a_failed_message_can_be_sent_again_at_any_width() {
        let words = RowWords {
            body: "hola".into(),
            kind: Kind::Failed,
            state: Some("No enviado: el servidor no admite este texto.".into()),
            retry: Some("Reintentar".into()),
            ..RowWords::default()
        };
        for width in [100, 300, 900] {
            let layout = lay_out(&words, width, &mut Ten);
            let retry = layout.pieces.iter().find(|piece| piece.role == Role::Retry).unwrap();
            assert!(retry.top + line_height(retry.style) <= layout.height);
        }
    }

    #[test]
    fn what_has_no_shape_is_shown() {
        assert_eq!(printable("a\tb\r\nc\u{7}"), "a    b\nc\u{fffd}");
    }
}
