//! A display with a Spanish keyboard and a clipboard, for one person.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use crate::child::{PATIENCE, Process, until};

/// Large enough that a long message is painted whole.
const SCREEN: &str = "1400x1000x24";

/// A display. It and what holds its clipboard end with it.
pub(crate) struct Display {
    /// How programs call it.
    pub(crate) name: String,
    clipboard: Option<Process>,
    server: Process,
}

impl Display {
    /// A display that nobody else has: the server chooses its number, so that no two ever clash.
    pub(crate) fn new() -> Self {
        let mut command = tool("Xvfb", "xvfb");
        // Without -noreset the keyboard is the usual one again as soon as the last client has gone.
        command.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]);
        let server = Process::start("Xvfb", &mut command);
        let number: u32 = server.line("its number", |line| line.trim().parse().ok());
        let display = Self { name: format!(":{number}"), clipboard: None, server };
        display.run(tool("setxkbmap", "x11-xkb-utils").args(["-layout", "es"]));
        display
    }

    /// A tool that works on this display.
    pub(crate) fn run(&self, command: &mut Command) -> String {
        let output = command.env("DISPLAY", &self.name).stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The window of the program, once there is one.
    pub(crate) fn window(&self) -> String {
        until("the window is there", PATIENCE, || {
            let mut command = tool("xdotool", "xdotool");
            command.args(["search", "--onlyvisible", "--class", "^tertulia$"]).env("DISPLAY", &self.name);
            let found = String::from_utf8(command.output().unwrap().stdout).unwrap();
            found.lines().next().map(ToOwned::to_owned)
        })
    }

    /// Gives a window the whole screen and the keyboard: there is no window manager to do it.
    pub(crate) fn put_in_front(&self, window: &str) {
        self.run(tool("xdotool", "xdotool").args([
            "windowmove",
            window,
            "0",
            "0",
            "windowsize",
            window,
            "1380",
            "980",
        ]));
        self.run(tool("xdotool", "xdotool").args(["windowfocus", window]));
    }

    /// Writes on the keyboard as a person with a Spanish one does: accents are a key before the letter.
    pub(crate) fn type_text(&self, text: &str) {
        let mut command = tool("xdotool", "xdotool");
        let mut plain = String::new();
        for letter in text.chars() {
            match accented(letter) {
                Some([accent, key]) => {
                    type_plain(&mut command, &mut plain);
                    command.args(["key", "--delay", "2", accent, key]);
                }
                None => plain.push(letter),
            }
        }
        type_plain(&mut command, &mut plain);
        self.run(&mut command);
    }

    /// Presses keys, such as `Return` or `ctrl+v`.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.run(tool("xdotool", "xdotool").arg("key").args(keys));
    }

    /// Turns the wheel of the mouse over the middle of the window, by so many notches.
    pub(crate) fn wheel(&self, up: bool, notches: u32) {
        let mut command = tool("xdotool", "xdotool");
        command.args(["mousemove", "600", "400", "click", "--delay", "12", "--repeat", &notches.to_string()]);
        self.run(command.arg(if up { "4" } else { "5" }));
    }

    /// What a window is called on the desktop.
    pub(crate) fn title(&self) -> String {
        self.run(tool("xdotool", "xdotool").args(["getwindowname", &self.window()])).trim_end().to_owned()
    }

    /// Puts a text into the clipboard, as if it had been copied in another program.
    pub(crate) fn copy(&mut self, text: &str) {
        // The one before must not answer any more.
        self.clipboard = None;
        let mut command = tool("xclip", "xclip");
        // In the foreground, so that it ends with us.
        command.args(["-quiet", "-selection", "clipboard", "-in"]);
        command.env("DISPLAY", &self.name).stdin(Stdio::piped());
        let mut holder = Process::start("xclip", &mut command);
        holder.stdin().unwrap().write_all(text.as_bytes()).unwrap();
        self.clipboard = Some(holder);
        until("the clipboard holds the text", PATIENCE, || {
            let mut look = tool("xclip", "xclip");
            look.args(["-selection", "clipboard", "-out"]).env("DISPLAY", &self.name);
            (look.output().unwrap().stdout == text.as_bytes()).then_some(())
        });
    }

    /// Keeps a picture of it for whoever looks into a failure. Best effort: the test is failing already.
    pub(crate) fn keep_picture(&self, name: &str) {
        let path = format!("{}/{name}.png", env!("CARGO_TARGET_TMPDIR"));
        let mut command = Command::new("import");
        command.args(["-display", &self.name, "-window", "root", &path]);
        match command.output() {
            Ok(output) if output.status.success() => eprintln!("--- a picture of {name}'s display: {path}"),
            _ => eprintln!("--- no picture of {name}'s display: `import` of the package imagemagick did not work"),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.clipboard = None;
        // Asked to end, it takes its socket and its lock file with it. A test that is failing must not fail twice.
        if !std::thread::panicking() {
            self.server.signal("TERM");
            until("the display is gone", PATIENCE, || self.server.has_ended().then_some(()));
        }
    }
}

/// A program of the system. Without it the test fails: a test that is left out proves nothing.
fn tool(name: &str, package: &str) -> Command {
    let there = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()));
    assert!(there, "{name} is missing: client/setup.sh installs its package, {package}");
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    command
}

fn type_plain(command: &mut Command, plain: &mut String) {
    if !plain.is_empty() {
        command.args(["type", "--delay", "2", "--args", "1", plain]);
        plain.clear();
    }
}

/// The two keys of a letter that has none of its own on a Spanish keyboard.
fn accented(letter: char) -> Option<[&'static str; 2]> {
    Some(match letter {
        'á' => ["dead_acute", "a"],
        'é' => ["dead_acute", "e"],
        'í' => ["dead_acute", "i"],
        'ó' => ["dead_acute", "o"],
        'ú' => ["dead_acute", "u"],
        'Á' => ["dead_acute", "shift+a"],
        'É' => ["dead_acute", "shift+e"],
        'ë' => ["dead_diaeresis", "e"],
        'ü' => ["dead_diaeresis", "u"],
        _ => return None,
    })
}

/// Between two presses of a key whose effect may not be there yet.
pub(crate) const AGAIN_AFTER: Duration = Duration::from_millis(500);
