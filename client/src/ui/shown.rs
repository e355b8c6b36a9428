//! Tells other programs what the message list has just painted, for tests that look at real windows.
//!
//! With `TERTULIA_SHOWN=FILE` every paint that differs from the one before appends its rows to the file, from top to
//! bottom, one JSON object a line:
//!
//! | key | what |
//! |---|---|
//! | `paint` | the number of the paint, from 1; the rows of one paint share it |
//! | `row` | `message`, `erased`, `note` (something happened to the room), `sending`, `failed`, `system` (words of the program, seen by this person alone), `day`, or `new` (the line where what is new begins) |
//! | `text` | the text as painted: the strings that were drawn, with what the breaks between them swallowed (a newline, the spaces where a line was wrapped) |
//! | `rseq` | the place of a message, once it has one |
//! | `name`, `time` | what stands above or beside a message; rows of one author that follow each other have one heading, which is kept at the top when it would be out of sight |
//! | `state` | what is told about a message: that it was edited, why it was refused |
//! | `quote` | the message that it answers, as painted above it |
//! | `reactions` | the reactions, each with its number |
//! | `cut` | `true` if some lines of the row were out of sight, and so are not in `text` |
//!
//! While a list to choose from lies over the window, it tells of itself instead: `list` with its title, `trouble` with what
//! is wrong or why it is empty, and an `offer` for each row, whose `quote` is what stands below its name.
//!
//! A paint without any row appends `{"paint":n,"row":"none","text":…}` with the words of the empty list. The file is
//! flushed after each paint. Everything is taken in the drawing code, from the strings being drawn: what stands here is
//! what was painted, whatever the model says.

use std::{
    cell::RefCell,
    fs::File,
    io::{BufWriter, Write},
    rc::Rc,
};

use serde::Serialize;

/// A painted row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ShownRow {
    row: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rseq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

impl ShownRow {
    /// A row of which nothing has been drawn yet.
    #[must_use]
    pub fn new(row: &'static str, rseq: Option<u64>) -> Self {
        Self { row, rseq, ..Self::default() }
    }

    /// A piece of the text was drawn, or swallowed by a break between two that were.
    pub fn drew(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The name was drawn.
    pub fn drew_name(&mut self, name: &str) {
        self.name = Some(name.to_owned());
    }

    /// The time was drawn.
    pub fn drew_time(&mut self, time: &str) {
        self.time = Some(time.to_owned());
    }

    /// Whether it is a person's row whose author stands elsewhere.
    #[must_use]
    pub fn lacks_name(&self) -> bool {
        self.name.is_none() && !matches!(self.row, "day" | "new" | "note" | "system" | "none")
    }

    /// Words about the way of the message were drawn.
    pub fn drew_state(&mut self, state: &str) {
        let all = self.state.get_or_insert_default();
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(state);
    }

    /// The message that it answers was drawn.
    pub fn drew_quote(&mut self, quote: &str) {
        self.quote = Some(quote.to_owned());
    }

    /// A reaction was drawn.
    pub fn drew_reaction(&mut self, reaction: &str) {
        self.reactions.push(reaction.to_owned());
    }

    /// A line was left out because it is out of sight.
    pub fn left_out(&mut self) {
        self.cut = true;
    }
}

#[derive(Serialize)]
struct Line<'a> {
    paint: u64,
    #[serde(flatten)]
    row: &'a ShownRow,
}

/// One for all widgets that tell what they painted.
pub type SharedShown = Rc<RefCell<Shown>>;

/// The file and what was last written to it.
#[derive(Debug, Default)]
pub struct Shown {
    file: Option<BufWriter<File>>,
    paint: u64,
    last: Option<Vec<ShownRow>>,
}

impl Shown {
    /// Writes to a file, or nowhere.
    #[must_use]
    pub fn new(file: Option<File>) -> Self {
        Self { file: file.map(BufWriter::new), ..Self::default() }
    }

    /// Whether anybody wants to know.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.file.is_some()
    }

    /// Takes the rows of a paint.
    pub fn painted(&mut self, rows: Vec<ShownRow>) {
        let Some(file) = &mut self.file else { return };
        if self.last.as_ref() == Some(&rows) {
            return;
        }
        self.paint += 1;
        for row in &rows {
            let line = Line { paint: self.paint, row };
            // A full disk must not end the window, and a test that misses rows says so itself.
            if serde_json::to_writer(&mut *file, &line).is_err() || file.write_all(b"\n").is_err() {
                break;
            }
        }
        let _ = file.flush();
        self.last = Some(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paint_is_written_once_and_one_object_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shown");
        #[expect(clippy::disallowed_methods, reason = "the test brings the file that others open")]
        let file = File::options().create(true).append(true).open(&path).unwrap();
        let mut shown = Shown::new(Some(file));
        let mut row = ShownRow::new("message", Some(7));
        row.drew_name("Zoë");
        row.drew("dos\nlíneas 👋");
        shown.painted(vec![row.clone()]);
        shown.painted(vec![row.clone()]);
        row.drew(" más");
        shown.painted(vec![row]);
        #[expect(clippy::disallowed_methods, reason = "the test reads what was written")]
        let written = std::fs::read_to_string(path).unwrap();
        let expected = "{\"paint\":1,\"row\":\"message\",\"rseq\":7,\"name\":\"Zoë\",\"text\":\"dos\\nlíneas 👋\"}\n\
                        {\"paint\":2,\"row\":\"message\",\"rseq\":7,\"name\":\"Zoë\",\"text\":\"dos\\nlíneas 👋 más\"}\n";
        assert_eq!(written, expected);
    }
}
