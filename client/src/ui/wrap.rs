//! Breaking a text into lines of a given width.
//!
//! Owns where lines may break. Pure: the width of a piece of text is asked of whoever can measure it, so that tests
//! need no fonts.

use unicode_segmentation::UnicodeSegmentation;

/// A line of a text, by its place in it. Between the end of one and the start of the next stands what the break
/// swallowed: spaces, a newline, or nothing where a long word was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Breaks a text at its newlines, then at spaces, then wherever it must. There is always at least one line.
pub fn wrap(text: &str, max_width: f64, width: &mut dyn FnMut(&str) -> f64) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        wrap_paragraph(text, start, start + paragraph.len(), max_width, width, &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

fn wrap_paragraph(
    text: &str,
    from: usize,
    to: usize,
    max_width: f64,
    width: &mut dyn FnMut(&str) -> f64,
    lines: &mut Vec<Line>,
) {
    let mut line = Line { start: from, end: from };
    let mut used = 0.0;
    // Spaces count only once something follows them on the same line.
    let mut spaces = 0.0;
    for (start, end) in pieces(text, from, to) {
        let piece = text.get(start..end).unwrap_or_default();
        let wide = width(piece);
        if piece.starts_with(char::is_whitespace) {
            spaces += wide;
            if line.end == line.start {
                // At the beginning of a paragraph they are indentation, and stay.
                (line.end, used, spaces) = (end, used + spaces, 0.0);
            }
            continue;
        }
        if used + spaces + wide <= max_width {
            (line.end, used, spaces) = (end, used + spaces + wide, 0.0);
            continue;
        }
        if line.end > line.start {
            lines.push(line);
        }
        (line, used, spaces) = (Line { start, end }, wide, 0.0);
        if wide > max_width {
            (line, used) = cut(text, line, max_width, width, lines);
        }
    }
    lines.push(line);
}

/// Cuts a word that is longer than a line between characters as people see them; the last part is still open.
fn cut(
    text: &str,
    word: Line,
    max_width: f64,
    width: &mut dyn FnMut(&str) -> f64,
    lines: &mut Vec<Line>,
) -> (Line, f64) {
    let mut line = Line { start: word.start, end: word.start };
    let mut used = 0.0;
    for (at, grapheme) in text.get(word.start..word.end).unwrap_or_default().grapheme_indices(true) {
        let wide = width(grapheme);
        if used + wide > max_width && line.end > line.start {
            lines.push(line);
            line.start = line.end;
            used = 0.0;
        }
        line.end = word.start + at + grapheme.len();
        used += wide;
    }
    (line, used)
}

/// The parts between which a line may break: runs of spaces, and what stands between them, divided further after
/// hyphens and slashes (addresses are long) and around characters of scripts that write no spaces.
fn pieces(text: &str, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut start = from;
    let mut before: Option<char> = None;
    for (at, c) in text.get(from..to).unwrap_or_default().char_indices() {
        if let Some(last) = before
            && may_break(last, c)
        {
            pieces.push((start, from + at));
            start = from + at;
        }
        before = Some(c);
    }
    if start < to {
        pieces.push((start, to));
    }
    pieces
}

fn may_break(before: char, after: char) -> bool {
    let space = |c: char| c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}';
    if space(before) || space(after) {
        return space(before) != space(after);
    }
    let closes = matches!(
        after,
        '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '、' | '。' | '」' | '』' | '）' | '！' | '？' | '，'
    );
    if closes {
        return false;
    }
    (matches!(before, '-' | '/' | '–' | '—') && after.is_alphanumeric())
        || (without_spaces(before) && before != '「' && before != '（')
        || (without_spaces(after) && (before.is_alphanumeric() || without_spaces(before)))
}

/// Han, kana and full-width forms.
fn without_spaces(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xf900..=0xfaff | 0xff00..=0xff60 | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every character is one wide.
    fn lines(text: &str, max: f64) -> Vec<&str> {
        let mut count = |piece: &str| piece.graphemes(true).count() as f64;
        wrap(text, max, &mut count).into_iter().map(|line| &text[line.start..line.end]).collect()
    }

    #[test]
    fn words_and_newlines() {
        assert_eq!(lines("", 5.0), [""]);
        assert_eq!(lines("una frase corta", 9.0), ["una frase", "corta"]);
        assert_eq!(lines("a\n\n  b\n", 9.0), ["a", "", "  b", ""]);
        assert_eq!(lines("dos   espacios ", 8.0), ["dos", "espacios"]);
    }

    #[test]
    fn long_words_and_addresses() {
        assert_eq!(lines("x abcdefghij y", 4.0), ["x", "abcd", "efgh", "ij y"]);
        assert_eq!(lines("http://box.local/uno/dos", 12.0), ["http://", "box.local/", "uno/dos"]);
        assert_eq!(lines("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 2.0), ["👩‍👩‍👧👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(lines("日本語です。終", 5.0), ["日本語で", "す。終"]);
        assert_eq!(lines("wide", 0.0), ["w", "i", "d", "e"]);
    }

    proptest! {
        #[test]
        fn nothing_but_spaces_and_newlines_is_swallowed(text in "[a-c日 \n/é👩-]{0,60}", max in 1u8..20) {
            let mut count = |piece: &str| piece.graphemes(true).count() as f64;
            let max = f64::from(max);
            let mut end = 0;
            let lines = wrap(&text, max, &mut count);
            for line in &lines {
                prop_assert!(text[end..line.start].chars().all(char::is_whitespace));
                let shown = &text[line.start..line.end];
                let blank = shown.chars().all(char::is_whitespace);
                prop_assert!(blank || shown.trim_start().graphemes(true).count() as f64 <= max.max(1.0), "{shown:?}");
                end = line.end;
            }
            prop_assert!(text[end..].chars().all(char::is_whitespace));
        }
    }
}
