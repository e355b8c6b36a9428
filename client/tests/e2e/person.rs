//! A person: a window on a display of its own, hands on the keyboard, eyes on what was painted.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Seek as _, SeekFrom},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    child::{PATIENCE, Process, program, until},
    display::{AGAIN_AFTER, Display},
};

/// A person at a desk.
pub(crate) struct Person {
    pub(crate) name: String,
    // Ends before the display does.
    pub(crate) window: Process,
    pub(crate) display: Display,
    /// How often the window was opened.
    round: u32,
    home: TempDir,
}

fn start(name: &str, home: &Path, round: u32, display: &Display, flags: &[&str]) -> Process {
    let mut command = program("tertulia");
    command.args(["--lang", "es", "--theme", "light", "--profile"]).arg(home.join("profile")).args(flags);
    command.env("DISPLAY", &display.name).env("TERTULIA_SHOWN", shown(home, round)).env("HOME", home);
    command.env_remove("XDG_DATA_HOME").env_remove("WAYLAND_DISPLAY");
    Process::start(&format!("{name}'s window"), &mut command)
}

/// Where a window tells what it paints: each in a file of its own, so that nobody takes for seen what was seen before.
fn shown(home: &Path, round: u32) -> PathBuf {
    home.join(format!("shown-{round}"))
}

/// A row as it was painted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Row {
    paint: u64,
    /// What sort of row it is.
    pub(crate) row: String,
    pub(crate) rseq: Option<u64>,
    pub(crate) name: Option<String>,
    pub(crate) text: String,
    /// What is said about its way.
    pub(crate) state: Option<String>,
    /// The message that it answers; of an offer, what stands below its name.
    pub(crate) quote: Option<String>,
    #[serde(default)]
    pub(crate) reactions: Vec<String>,
    #[serde(default)]
    pub(crate) cut: bool,
}

impl Person {
    /// Somebody who opens the window with a server and a name, and sees the room.
    #[track_caller]
    pub(crate) fn comes(server: SocketAddr, name: &str) -> Self {
        let person = Self::opens(name, &["--server", &server.to_string(), "--name", name]);
        person.waits_for("the room", |rows| {
            rows.iter().any(|row| row.text.contains("Aquí no se oye nada") || row.rseq.is_some())
        });
        person
    }

    /// Somebody who starts the program with these flags. The name is for the test's own words.
    #[track_caller]
    pub(crate) fn opens(name: &str, flags: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let display = Display::new();
        let window = start(name, home.path(), 1, &display, flags);
        let person = Self { name: name.to_owned(), display, window, round: 1, home };
        person.display.put_in_front(&person.display.window());
        person
    }

    /// Closes the window and opens it again, with the same profile.
    #[track_caller]
    pub(crate) fn opens_again(&mut self, flags: &[&str]) {
        self.display.press(&["ctrl+q"]);
        assert_eq!(self.window.exit_code(PATIENCE), 0, "{}", self.window.errors());
        self.opens_what_is_closed(flags);
    }

    /// Opens the window with the same profile, after it has gone in whatever way.
    #[track_caller]
    pub(crate) fn opens_what_is_closed(&mut self, flags: &[&str]) {
        self.round += 1;
        self.window = start(&self.name, self.home.path(), self.round, &self.display, flags);
        self.display.put_in_front(&self.display.window());
    }

    /// Closes the window and opens it again; how long it took from the start of the program until rows were painted.
    #[track_caller]
    pub(crate) fn closes_and_paints_first(&mut self, flags: &[&str]) -> Duration {
        self.display.press(&["ctrl+q"]);
        assert_eq!(self.window.exit_code(PATIENCE), 0, "{}", self.window.errors());
        self.round += 1;
        let began = Instant::now();
        self.window = start(&self.name, self.home.path(), self.round, &self.display, flags);
        let shown = shown(self.home.path(), self.round);
        until("the first paint", PATIENCE, || told(&shown, PAINT_BYTES_MAX).contains("\"rseq\"").then_some(()));
        let took = began.elapsed();
        self.display.put_in_front(&self.display.window());
        took
    }

    /// How often the list was painted otherwise than before.
    pub(crate) fn paints(&self) -> u64 {
        self.sees().last().map_or(0, |row| row.paint)
    }

    /// The file of the window's store.
    pub(crate) fn store(&self) -> PathBuf {
        self.home.path().join("profile").join("tertulia.db")
    }

    /// Looks for something in a list that lies over the window, and takes the row that is named so.
    #[track_caller]
    pub(crate) fn chooses(&self, list: &str, typed: &str, row: &str) {
        self.waits_for(list, |rows| rows.iter().any(|shown| shown.row == "list" && shown.text == list));
        if !typed.is_empty() {
            self.display.type_text(typed);
        }
        self.waits_for(row, |rows| {
            rows.iter().find(|shown| shown.row == "offer").is_some_and(|shown| shown.text == row)
        });
        self.display.press(&["Return"]);
    }

    /// Writes a message on the keyboard and sends it.
    pub(crate) fn says(&self, text: &str) {
        self.display.type_text(text);
        self.display.press(&["Return"]);
    }

    /// Pastes a message and sends it, once it is there to be sent.
    #[track_caller]
    pub(crate) fn pastes(&mut self, text: &str) {
        self.display.copy(text);
        self.display.press(&["ctrl+v"]);
        // A paste arrives when it arrives, and on an empty composer Enter does nothing.
        let (mut last, start) = (Instant::now(), Instant::now());
        self.display.press(&["Return"]);
        until("the pasted message is painted", PATIENCE, || {
            if last.elapsed() > AGAIN_AFTER && start.elapsed() < PATIENCE / 2 {
                self.display.press(&["Return"]);
                last = Instant::now();
            }
            self.sees().iter().any(|row| row.text == text).then_some(())
        });
    }

    /// What the list shows now: the rows of the last paint.
    pub(crate) fn sees(&self) -> Vec<Row> {
        let told = told(&shown(self.home.path(), self.round), PAINT_BYTES_MAX);
        let mut rows = told.lines().rev().map(row).peekable();
        let last = rows.peek().map_or(0, |row| row.paint);
        let mut rows: Vec<_> = rows.take_while(|row| row.paint == last).collect();
        rows.reverse();
        rows
    }

    /// Everything that was ever painted, by this window and by those before it.
    pub(crate) fn saw(&self) -> Vec<Row> {
        let mut saw: Vec<Row> = Vec::new();
        for round in 1..=self.round {
            let before = saw.last().map_or(0, |row| row.paint);
            let rows = told(&shown(self.home.path(), round), u64::MAX);
            saw.extend(rows.lines().map(row).map(|row| Row { paint: before + row.paint, ..row }));
        }
        saw
    }

    /// Waits until the list shows this.
    #[track_caller]
    pub(crate) fn waits_for(&self, what: &str, is_there: impl Fn(&[Row]) -> bool) {
        self.waits_long_for(what, PATIENCE, is_there);
    }

    /// The same, for what takes its time by design.
    #[track_caller]
    pub(crate) fn waits_long_for(&self, what: &str, within: Duration, is_there: impl Fn(&[Row]) -> bool) {
        until(&format!("{} sees {what}", self.name), within, || is_there(&self.sees()).then_some(()));
    }

    /// Waits for a message with this text, placed and whole.
    #[track_caller]
    pub(crate) fn waits_for_message(&self, text: &str) {
        let is_it = |row: &Row| row.row == "message" && !row.cut && row.text == text;
        self.waits_for(text, |rows| rows.iter().any(is_it));
    }

    /// Gives a command, again and again, until this is its answer. A new answer may take the place of an older one.
    #[track_caller]
    pub(crate) fn asks(&self, command: &str, expected: &str) {
        let mut last: Option<Instant> = None;
        until(&format!("the answer to {command} is {expected:?}"), PATIENCE, || {
            if last.is_none_or(|last| last.elapsed() > AGAIN_AFTER) {
                self.says(command);
                last = Some(Instant::now());
            }
            let answer = self.sees().into_iter().rfind(|row| row.row == "system");
            answer.is_some_and(|answer| answer.text.contains(expected)).then_some(())
        });
    }

    /// Every message that was ever painted whole, by its place: who wrote it and what. Fails if two paints differ, or if
    /// a paint had them out of order.
    #[track_caller]
    pub(crate) fn read(&self) -> BTreeMap<u64, (String, String)> {
        let mut read: BTreeMap<u64, (String, String)> = BTreeMap::new();
        let mut last: Option<Row> = None;
        let mut author = None;
        for row in self.saw() {
            if last.as_ref().is_some_and(|last| last.paint != row.paint) {
                (last, author) = (None, None);
            }
            author = if row.name.is_some() || row.row == "system" { row.name.clone() } else { author };
            if let Some(rseq) = row.rseq {
                let before = last.as_ref().and_then(|last| last.rseq);
                assert!(before.is_none_or(|before| before < rseq), "{}: {before:?} above {rseq}", self.name);
                // The heading of the topmost row may be out of sight.
                if let (Some(author), false) = (&author, row.cut) {
                    let now = (author.clone(), row.text.clone());
                    let first = read.entry(rseq).or_insert_with(|| now.clone());
                    assert_eq!(*first, now, "{}: place {rseq} changed", self.name);
                }
                last = Some(row);
            }
        }
        read
    }

    /// Closes the window as its own command does.
    #[track_caller]
    pub(crate) fn leaves(mut self) {
        self.display.press(&["ctrl+q"]);
        assert_eq!(self.window.exit_code(PATIENCE), 0, "{}", self.window.errors());
    }
}

/// More than what is told of one paint.
const PAINT_BYTES_MAX: u64 = 1024 * 1024;

/// The end of what such a file holds, in whole lines. The last one may be on its way, or was when somebody died.
fn told(shown: &Path, bytes_max: u64) -> String {
    let Ok(mut file) = fs::File::open(shown) else { return String::new() };
    let skipped = file.metadata().unwrap().len().saturating_sub(bytes_max);
    file.seek(SeekFrom::Start(skipped)).unwrap();
    let mut told = Vec::new();
    file.read_to_end(&mut told).unwrap();
    let newline = |byte: &u8| *byte == b'\n';
    told.truncate(told.iter().rposition(newline).map_or(0, |at| at + 1));
    let first = if skipped > 0 { told.iter().position(newline).map_or(0, |at| at + 1) } else { 0 };
    String::from_utf8(told.split_off(first)).unwrap()
}

fn row(line: &str) -> Row {
    serde_json::from_str(line).unwrap()
}

impl Drop for Person {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.display.keep_picture(&self.name);
            eprintln!("--- {} saw last: {:#?}", self.name, self.sees());
        }
    }
}
