//! A program as a child: its lines, its end, and that it never outlives the test.
//!
//! Whatever a test waits for goes through [`until`], which has a deadline; nothing else sleeps but what paces a load.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that ought to be a matter of moments, on a machine that has other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until there is something, and fails the test when the time is up.
#[track_caller]
pub(crate) fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// One of our programs, as the same build made it. Starts without a terminal and without settings from outside.
pub(crate) fn program(name: &str) -> Command {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    // …/target/debug/deps/process-0123 → …/target/debug/name
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let release = if path.ends_with("release") { " --release" } else { "" };
    path.push(name);
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build --workspace --bins --examples --locked{release}` first",
        path.display()
    );
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("TERTULIA_") || name == "STATE_DIRECTORY");
        if ours {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// The same program, started by another that takes a command line behind its own words, such as `taskset -c 0`.
pub(crate) fn wrapped(by: &[&str], plain: &Command) -> Command {
    let mut command = Command::new(by[0]);
    command.args(&by[1..]).arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// A child. Dropping it kills it, and if the test is failing, prints what it had said.
pub(crate) struct Process {
    child: Child,
    name: String,
    output: Lines,
    errors: Lines,
}

impl Process {
    /// Starts it.
    #[track_caller]
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let output = Lines::read(child.stdout.take().unwrap());
        let errors = Lines::read(child.stderr.take().unwrap());
        Self { child, name: name.to_owned(), output, errors }
    }

    /// The lines of standard output so far.
    pub(crate) fn output(&self) -> Vec<String> {
        self.output.so_far()
    }

    /// The lines of standard output behind the first so many.
    pub(crate) fn output_from(&self, first: usize) -> Vec<String> {
        self.output.0.lock().unwrap().lines[first..].to_vec()
    }

    /// Standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.so_far().join("\n")
    }

    /// Waits for a line of standard output that `find` makes something of.
    #[track_caller]
    pub(crate) fn line<T>(&self, what: &str, mut find: impl FnMut(&str) -> Option<T>) -> T {
        until(&format!("{}: {what}", self.name), PATIENCE, || self.output().iter().find_map(|line| find(line)))
    }

    /// The number by which the system knows it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `TERM`.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: there is always a shell, and signals need nothing unsafe this way.
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.id())).status().unwrap();
        assert!(sent.success(), "{name} did not reach {}", self.name);
    }

    /// Ends it without a word, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its exit code, once it has ended by itself and everything it said has been read.
    #[track_caller]
    pub(crate) fn exit_code(&mut self, within: Duration) -> i32 {
        let status = until(&format!("{} ends", self.name), within, || self.child.try_wait().unwrap());
        until("its last words", PATIENCE, || (self.output.ended() && self.errors.ended()).then_some(()));
        status.code().unwrap_or_else(|| panic!("{} was ended by a signal: {status}", self.name))
    }

    /// Whether it has ended, and everything it said has been read.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some() && self.output.ended() && self.errors.ended()
    }

    /// Where it reads from, if it was started with a pipe there.
    pub(crate) fn stdin(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may well have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let errors = self.errors();
            eprintln!("--- {} said on standard error:\n{errors}", self.name);
        }
    }
}

/// Lines that a thread reads, so that no child ever waits for us.
struct Lines(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    fn read(from: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Heard::default()));
        let to = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n') {
                let Ok(line) = line else { break };
                to.lock().unwrap().lines.push(String::from_utf8_lossy(&line).into_owned());
            }
            to.lock().unwrap().ended = true;
        });
        Self(lines)
    }

    fn so_far(&self) -> Vec<String> {
        self.0.lock().unwrap().lines.clone()
    }

    fn ended(&self) -> bool {
        self.0.lock().unwrap().ended
    }
}
