//! What goes to the terminal: escaped, so that no message can command it, and with times that sort.

use std::{
    fmt::Write as _,
    time::{Duration, UNIX_EPOCH},
};

/// The last millisecond of the year 9999, after which a date has more digits than the format has.
const LAST_MS: u64 = 253_402_300_799_999;

/// A text on one line, harmless to a terminal: every character that would move the cursor, change colours, turn the
/// direction of writing, or be invisible is written as an escape. The backslash is too, so nothing is ambiguous.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if is_risky(c) => {
                // Writing to a string does not fail.
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Controls of both kinds, separators that some terminals take for newlines, and marks that turn the direction.
fn is_risky(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A moment as RFC 3339 in UTC, to the second for people.
pub(super) fn time_seconds(at_ms: i64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since_1970(at_ms)).to_string()
}

/// A moment as RFC 3339 in UTC, to the millisecond for programs.
pub(super) fn time_millis(at_ms: i64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + since_1970(at_ms)).to_string()
}

/// A time that a server named may be any number; the nearest that can be written stands for it.
fn since_1970(at_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(at_ms).unwrap_or(0).min(LAST_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected);
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        check("plain text, ñ, 日本, 🎉", "plain text, ñ, 日本, 🎉");
        check("two\nlines\tand a return\r", "two\\nlines\\tand a return\\r");
        check("\u{1b}[31mred\u{1b}]0;title\u{7}", "\\u{1b}[31mred\\u{1b}]0;title\\u{7}");
        check("\u{9b}31m \u{7f} \u{85}", "\\u{9b}31m \\u{7f} \\u{85}");
        check("evil\u{202e}gpj.exe\u{2066}\u{2028}", "evil\\u{202e}gpj.exe\\u{2066}\\u{2028}");
        check(r"C:\new", r"C:\\new");
    }

    #[test]
    fn times_are_utc_and_never_a_panic() {
        assert_eq!(time_seconds(1_700_000_000_123), "2023-11-14T22:13:20Z");
        assert_eq!(time_millis(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(time_millis(i64::MIN), "1970-01-01T00:00:00.000Z");
        assert_eq!(time_millis(i64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
