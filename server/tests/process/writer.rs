//! A writer: a headless program over the client's session that writes without a pause until it is told to stop.
//!
//! It is this test binary itself, started once more. It reads commands from standard input and tells, line by line,
//! what happened; the test that started it holds that against what the server has in the end.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tertulia_client::session::{History, Why};
use tertulia_protocol::Rseq;

use crate::{
    child::{PATIENCE, Process, until},
    crowd::Crowd,
};

const SERVER: &str = "TEST_WRITER_SERVER";
const NUMBER: &str = "TEST_WRITER_NUMBER";

/// A writer as its test sees it.
pub(crate) struct Writer {
    process: Process,
    pub(crate) name: String,
}

impl Writer {
    /// Starts one. Its number makes its name and its key.
    pub(crate) fn start(server: SocketAddr, number: u32) -> Self {
        let name = format!("writer {number}");
        let binary = std::env::current_exe().unwrap();
        let mut command = Command::new(Path::new(&binary));
        command.args(["--exact", "writer::a_writer_of_its_own", "--nocapture", "--test-threads=1"]);
        command.env(SERVER, server.to_string()).env(NUMBER, number.to_string()).stdin(Stdio::piped());
        Self { process: Process::start(&name, &mut command), name }
    }

    /// The last number that it told under a heading.
    pub(crate) fn last(&self, heading: &str) -> Option<usize> {
        self.process.last_line(|line| number(line, heading))
    }

    /// Everything that it told under a heading.
    pub(crate) fn all(&self, heading: &str) -> Vec<usize> {
        self.process.output().iter().filter_map(|line| number(line, heading)).collect()
    }

    /// Has it write no more. It goes on until everything that it wrote is answered.
    pub(crate) fn end(&mut self) {
        // Closing its standard input is the command.
        drop(self.process.stdin());
    }

    /// Waits for its end. What it tells then: the place of each of its messages, in the order of writing.
    pub(crate) fn places(&mut self) -> Vec<u64> {
        assert_eq!(self.process.exit_code(PATIENCE), 0, "{}", self.process.errors());
        self.all("place").into_iter().map(|place| place as u64).collect()
    }
}

fn number(line: &str, heading: &str) -> Option<usize> {
    line.strip_prefix(heading)?.strip_prefix(' ')?.parse().ok()
}

/// What a writer writes as its n-th message, counted from 0.
pub(crate) fn text(name: &str, index: usize) -> String {
    format!("{name}: {index} — ¿qué tal? 👋")
}

/// Not a test: the program that the tests start. It does nothing unless they do.
#[test]
fn a_writer_of_its_own() {
    let (Ok(server), Ok(number)) = (std::env::var(SERVER), std::env::var(NUMBER)) else { return };
    let is_over = Arc::new(AtomicBool::new(false));
    thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || {
            for _ in std::io::stdin().lock().lines() {}
            is_over.store(true, Ordering::Relaxed);
        }
    });
    write(server.parse().unwrap(), number.parse().unwrap(), &is_over);
}

fn write(server: SocketAddr, number: u32, is_over: &AtomicBool) {
    let name = format!("writer {number}");
    let mut crowd = Crowd::new(server);
    let me = crowd.join(number, &name, History::From(Rseq(1)));
    crowd.run("the login", |crowd| crowd.members[me].synced > 0);
    let mut cids = Vec::new();
    let mut told = (usize::MAX, usize::MAX);
    let mut cuts = 0;
    while !is_over.load(Ordering::Relaxed) {
        while crowd.members[me].wants_to_write() {
            cids.push(crowd.say(me, &text(&name, cids.len())));
        }
        crowd.step(Duration::from_millis(20));
        let member = &crowd.members[me];
        for (why, unanswered) in &member.cuts[cuts..] {
            eprintln!("{why}; {unanswered} were sent and unanswered");
            // An attempt that found nobody is not the end of anything.
            if *why == Why::Closed {
                tell("unanswered_at_cut", *unanswered);
            }
            cuts += 1;
        }
        let now = (member.settled.len(), member.sent_and_unanswered());
        if now != told {
            told = now;
            tell("settled", now.0);
            tell("unanswered", now.1);
        }
    }
    crowd.run("all of it is answered", |crowd| crowd.members[me].settled.len() >= cids.len());
    let settled = &crowd.members[me].settled;
    let places: BTreeMap<_, _> = settled.iter().copied().collect();
    assert_eq!((places.len(), settled.len()), (cids.len(), cids.len()), "each write is settled once");
    for cid in &cids {
        tell("place", usize::try_from(places[cid]).unwrap());
    }
}

fn tell(heading: &str, number: usize) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{heading} {number}").and_then(|()| output.flush()).unwrap();
}

/// Waits until each of the writers has told a number under a heading that is good enough.
#[track_caller]
pub(crate) fn wait_for(writers: &[Writer], heading: &str, is_good: impl Fn(usize) -> bool) {
    for writer in writers {
        until(&format!("{}: {heading}", writer.name), PATIENCE, || writer.last(heading).filter(|last| is_good(*last)));
    }
}
