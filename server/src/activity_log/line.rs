//! One activity as one line of JSON.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::Activity;

/// The last millisecond of the year 9999: what comes after it has no RFC 3339 form.
const TIME_MAX: i64 = 253_402_300_799_999;

/// Appends the line of an activity, with its newline.
pub(super) fn write(to: &mut Vec<u8>, at: i64, activity: &Activity) {
    match activity {
        Activity::Start { version, listen } => {
            let mut line = Line::new(to, at, "start").text("version", version);
            line.begin("listen");
            for (i, address) in listen.iter().enumerate() {
                line.to.push(if i == 0 { b'[' } else { b',' });
                line.string(address);
            }
            line.to.extend_from_slice(if listen.is_empty() { b"[]" } else { b"]" });
            line.end();
        }
        Activity::Stop { why } => Line::new(to, at, "stop").text("why", why).end(),
        Activity::Connected { conn, peer } => {
            Line::new(to, at, "connected").number("conn", *conn).text("peer", peer).end();
        }
        Activity::Login { conn, user, device, new } => Line::new(to, at, "login")
            .number("conn", *conn)
            .text("user", user)
            .number("device", *device)
            .switch("new", *new)
            .end(),
        Activity::Refused { conn, name, why } => Line::new(to, at, "refused")
            .number("conn", *conn)
            .text_if_any("name", name.as_deref())
            .text("why", why)
            .end(),
        Activity::Disconnected { conn, user, why, duration_ms } => Line::new(to, at, "disconnected")
            .number("conn", *conn)
            .text_if_any("user", user.as_deref())
            .text("why", why)
            .number("duration_ms", *duration_ms)
            .end(),
        Activity::Message { user, room, seq, rseq, bytes, text } => Line::new(to, at, "message")
            .text("user", user)
            .text("room", room)
            .number("seq", seq.0)
            .number("rseq", rseq.0)
            .number("bytes", *bytes as u64)
            .text_if_any("text", text.as_deref())
            .end(),
    }
}

/// Appends the line that stands for those that are not there.
pub(super) fn write_lost(to: &mut Vec<u8>, since: i64, count: u64) {
    Line::new(to, since, "lost").number("count", count).end();
}

/// A line that is being written. By hand, because the order of the fields is part of the interface.
struct Line<'a> {
    to: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    fn new(to: &'a mut Vec<u8>, at: i64, event: &str) -> Self {
        to.extend_from_slice(b"{\"time\":\"");
        // Writing to a vector cannot fail, here and below.
        _ = write!(to, "{}", humantime::format_rfc3339_millis(time(at)));
        to.push(b'"');
        Self { to }.text("event", event)
    }

    fn text(mut self, name: &str, value: &str) -> Self {
        self.begin(name);
        self.string(value);
        self
    }

    fn text_if_any(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    fn number(mut self, name: &str, value: u64) -> Self {
        self.begin(name);
        _ = write!(self.to, "{value}");
        self
    }

    fn switch(mut self, name: &str, value: bool) -> Self {
        self.begin(name);
        _ = write!(self.to, "{value}");
        self
    }

    fn end(self) {
        self.to.extend_from_slice(b"}\n");
    }

    fn begin(&mut self, name: &str) {
        _ = write!(self.to, ",\"{name}\":");
    }

    fn string(&mut self, value: &str) {
        let mut serializer = Serializer::with_formatter(&mut *self.to, Visible);
        _ = serde::Serialize::serialize(value, &mut serializer);
    }
}

/// `at` as a time that has an RFC 3339 form: a clock that is wrong by centuries must not end the thread.
fn time(at: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.clamp(0, TIME_MAX).unsigned_abs())
}

/// JSON in which nothing hides. Its own rules escape the first 32 characters; we also escape the other controls and
/// what turns the direction of writing, which a terminal would obey when somebody looks at the file.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        // Few characters may hide, and this is where the thread spends its time: the bytes are looked at, not each
        // character.
        let (mut plain, mut at) = (0, 0);
        while let Some(next) = fragment.as_bytes()[at..].iter().position(|byte| may_hide(*byte)) {
            at += next;
            let Some(c) = fragment[at..].chars().next() else { break };
            if hides(c) {
                CompactFormatter.write_string_fragment(to, &fragment[plain..at])?;
                // All of them are below U+10000 and need no surrogates.
                write!(to, "\\u{:04x}", u32::from(c))?;
                plain = at + c.len_utf8();
            }
            at += c.len_utf8();
        }
        CompactFormatter.write_string_fragment(to, &fragment[plain..])
    }
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character that hides may begin with this byte: DEL, and in UTF-8 U+0080 to U+00BF, U+0600 to U+063F and
/// U+2000 to U+2FFF. (The controls below the space never come here: JSON has them escaped.)
fn may_hide(byte: u8) -> bool {
    matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use tertulia_protocol::{Rseq, Seq};

    use super::*;

    fn line(at: i64, activity: &Activity) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, at, activity);
        String::from_utf8(bytes).unwrap()
    }

    fn message(text: Option<&str>) -> Activity {
        Activity::Message {
            user: "Zoë".to_owned(),
            room: "general".to_owned(),
            seq: Seq(7),
            rseq: Rseq(3),
            bytes: 4,
            text: text.map(str::to_owned),
        }
    }

    /// The interface: names and order of the fields.
    #[test]
    fn every_event_has_its_form() {
        let user = || "ana".to_owned();
        let why = "left";
        for (activity, fields) in [
            (
                Activity::Start { version: "1.2.3", listen: vec!["[::]:7667".to_owned(), "a".to_owned()] },
                r#""start","version":"1.2.3","listen":["[::]:7667","a"]"#,
            ),
            (Activity::Start { version: "1", listen: vec![] }, r#""start","version":"1","listen":[]"#),
            (Activity::Stop { why: "signal" }, r#""stop","why":"signal""#),
            (Activity::Connected { conn: 1, peer: "[::1]:80".to_owned() }, r#""connected","conn":1,"peer":"[::1]:80""#),
            (
                Activity::Login { conn: 1, user: user(), device: 2, new: true },
                r#""login","conn":1,"user":"ana","device":2,"new":true"#,
            ),
            (
                Activity::Refused { conn: 1, name: Some(user()), why: "name_taken" },
                r#""refused","conn":1,"name":"ana","why":"name_taken""#,
            ),
            (Activity::Refused { conn: 1, name: None, why }, r#""refused","conn":1,"why":"left""#),
            (
                Activity::Disconnected { conn: 1, user: Some(user()), why, duration_ms: 9 },
                r#""disconnected","conn":1,"user":"ana","why":"left","duration_ms":9"#,
            ),
            (
                Activity::Disconnected { conn: 1, user: None, why, duration_ms: 0 },
                r#""disconnected","conn":1,"why":"left","duration_ms":0"#,
            ),
            (
                message(Some("hola")),
                r#""message","user":"Zoë","room":"general","seq":7,"rseq":3,"bytes":4,"text":"hola""#,
            ),
            (message(None), r#""message","user":"Zoë","room":"general","seq":7,"rseq":3,"bytes":4"#),
        ] {
            let expected = format!("{{\"time\":\"2023-11-14T22:13:20.007Z\",\"event\":{fields}}}\n");
            assert_eq!(line(1_700_000_000_007, &activity), expected);
        }
        let mut bytes = Vec::new();
        write_lost(&mut bytes, 0, 5);
        assert_eq!(bytes, b"{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"lost\",\"count\":5}\n");
    }

    #[test]
    fn no_clock_is_too_wrong() {
        for (at, time) in [
            (i64::MIN, "1970-01-01T00:00:00.000Z"),
            (-1, "1970-01-01T00:00:00.000Z"),
            (TIME_MAX, "9999-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert!(line(at, &Activity::Stop { why: "" }).contains(time), "{at}");
        }
    }

    #[test]
    fn nothing_hides_in_a_line() {
        let text = "a\n\r\t\u{1b}[31m\u{7f}\u{9b}31m\u{202e}b\u{2066}\u{2028}\"\\\0 ñ 🙂";
        let line = line(0, &message(Some(text)));
        assert!(
            line.contains(r#""text":"a\n\r\t\u001b[31m\u007f\u009b31m\u202eb\u2066\u2028\"\\\u0000 ñ 🙂""#),
            "{line}"
        );
    }

    #[test]
    fn no_character_hides_from_a_look_at_its_first_byte() {
        let hidden: Vec<char> = ('\u{20}'..=char::MAX).filter(|c| hides(*c)).collect();
        assert!(hidden.len() > 40);
        for c in hidden {
            assert!(may_hide(c.encode_utf8(&mut [0; 4]).as_bytes()[0]), "{c:?}");
        }
    }

    proptest! {
        /// Whatever people write, a line is one line, one object, and says exactly that.
        #[test]
        fn every_text_survives(text in any::<String>(), user in "\\PC*", peer in any::<String>(), conn in any::<u64>()) {
            for activity in [
                Activity::Message {
                    user: user.clone(), room: peer.clone(), seq: Seq(1), rseq: Rseq(1), bytes: text.len(), text: Some(text.clone()),
                },
                Activity::Refused { conn, name: Some(text.clone()), why: "x" },
                Activity::Start { version: "1", listen: vec![peer.clone(), text.clone()] },
            ] {
                let line = line(0, &activity);
                let (object, rest) = line.split_at(line.len() - 1);
                prop_assert_eq!(rest, "\n");
                prop_assert!(!object.contains(hides));
                let value: Value = serde_json::from_str(object).unwrap();
                match activity {
                    Activity::Message { .. } => {
                        prop_assert_eq!(&value["text"], &text);
                        prop_assert_eq!(&value["user"], &user);
                        prop_assert_eq!(&value["room"], &peer);
                        prop_assert_eq!(&value["bytes"], text.len());
                    }
                    Activity::Refused { .. } => {
                        prop_assert_eq!(&value["name"], &text);
                        prop_assert_eq!(&value["conn"], conn);
                    }
                    _ => prop_assert_eq!(&value["listen"], &serde_json::json!([peer, text])),
                }
            }
        }
    }
}
