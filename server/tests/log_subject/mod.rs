//! A log under test, whichever it is: waits for what it tells, with a deadline, and can be stopped and started again.

#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "a test has a clock to give up by")]

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rusqlite::OpenFlags;
use tempfile::TempDir;
use tertulia_protocol::{Cid, DeviceId, Kind, RoomId, Rseq, Seq, UserId};
use tertulia_server::ballast::Ballast;
use tertulia_server::log::local::LocalLog;
use tertulia_server::log::memory::MemoryLog;
use tertulia_server::log::store::{Fault, OpenError, Store};
use tertulia_server::log::{Derived, Draft, Entry, Event, FailureKind, Log, Mark, Query, Stored, Targeting, Ticket};

/// No answer takes this long, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a log lives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home {
    Memory,
    Local,
}

/// A log under test.
pub(crate) struct Subject {
    log: AnyLog,
    woken: Receiver<()>,
    events: Vec<Event>,
}

enum AnyLog {
    Memory(MemoryLog),
    Local { log: Option<LocalLog>, dir: TempDir, ballast: Option<Ballast> },
}

impl Subject {
    pub(crate) fn new(home: Home) -> Self {
        match home {
            Home::Memory => Self::started(AnyLog::Memory(MemoryLog::new())),
            Home::Local => Self::in_a_file(None),
        }
    }

    /// In a file, with a ballast.
    pub(crate) fn with_ballast(ballast: Ballast) -> Self {
        Self::in_a_file(Some(ballast))
    }

    fn in_a_file(ballast: Option<Ballast>) -> Self {
        let dir = TempDir::new().expect("a directory for the log");
        Self::started(AnyLog::Local { log: None, dir, ballast })
    }

    fn started(log: AnyLog) -> Self {
        let mut subject = Self { log, woken: mpsc::channel().1, events: Vec::new() };
        subject.start();
        subject
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.log {
            AnyLog::Memory(_) => panic!("there is no file"),
            AnyLog::Local { dir, .. } => dir.path().join("tertulia.db"),
        }
    }

    /// Stops the log and starts it on what it has stored.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Stops the log, and gives what it had left to tell.
    pub(crate) fn stop(&mut self) -> Vec<Event> {
        match &mut self.log {
            AnyLog::Memory(_) => Vec::new(),
            AnyLog::Local { log, .. } => log.take().map(LocalLog::close).unwrap_or_default(),
        }
    }

    pub(crate) fn start(&mut self) {
        let (sender, woken) = mpsc::channel();
        let wake = Arc::new(move || {
            // Nobody listens any more once the test is over.
            let _ = sender.send(());
        });
        let opened = matches!(self.log, AnyLog::Local { .. }).then(|| Store::open(&self.path()));
        match &mut self.log {
            AnyLog::Memory(log) => *log = std::mem::take(log).after_power_loss().with_wake(wake),
            AnyLog::Local { log, ballast, .. } => {
                let mut store = opened.expect("it is opened").expect("the file opens");
                if let Some(ballast) = ballast {
                    store = store.with_ballast(ballast.clone());
                }
                *log = Some(LocalLog::start(store, wake).expect("the log starts"));
            }
        }
        self.woken = woken;
        self.events.clear();
    }

    fn log(&mut self) -> &mut dyn Log {
        match &mut self.log {
            AnyLog::Memory(log) => log,
            AnyLog::Local { log, .. } => log.as_mut().expect("the log runs"),
        }
    }

    pub(crate) fn append(&mut self, drafts: Vec<Draft>) {
        self.log().append(drafts);
    }

    pub(crate) fn acknowledge_failure(&mut self) {
        self.log().acknowledge_failure();
    }

    /// From now on storing fails. The disk that is full of a file has room for small things: append large ones.
    pub(crate) fn fail(&mut self, why: FailureKind) {
        if let AnyLog::Memory(log) = &mut self.log {
            return log.fail(Some(why));
        }
        self.inject(Some(match why {
            FailureKind::DiskFull => Fault::Full,
            FailureKind::Refused => Fault::Busy,
        }));
    }

    pub(crate) fn mend(&mut self) {
        if let AnyLog::Memory(log) = &mut self.log {
            return log.fail(None);
        }
        self.inject(None);
    }

    pub(crate) fn inject(&mut self, fault: Option<Fault>) {
        match &mut self.log {
            AnyLog::Memory(_) => panic!("there is no file"),
            AnyLog::Local { log, .. } => log.as_mut().expect("the log runs").inject(fault),
        }
    }

    /// The next events, exactly so many.
    pub(crate) fn wait(&mut self, count: usize) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        while events.len() < count {
            self.woken.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{count} events awaited, got {events:?}"));
            self.log().poll(&mut events);
        }
        self.events = events.split_off(count);
        assert_eq!(self.events, [], "more was told than was expected");
        events
    }

    /// The next events in words.
    pub(crate) fn told(&mut self, count: usize) -> String {
        let words = self.wait(count).into_iter().map(|event| match event {
            Event::Committed { entry, .. } => format!("committed {}", entry.seq),
            Event::Duplicate { of, .. } => format!("duplicate of {}", of.seq),
            Event::Failed { .. } => "failed".to_owned(),
            other => format!("{other:?}"),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn find(&mut self, author: UserId, cid: Cid) -> Option<Stored> {
        self.log().find(Ticket(1_000_000), author, cid);
        match self.wait(1).pop() {
            Some(Event::Found { ticket: Ticket(1_000_000), stored }) => stored,
            other => panic!("not found and not missing: {other:?}"),
        }
    }

    pub(crate) fn fetch(&mut self, seqs: Vec<Seq>, body_bytes_max: usize) -> Vec<Entry> {
        self.log().fetch(Ticket(2_000_000), seqs, body_bytes_max);
        match self.wait(1).pop() {
            Some(Event::Fetched { ticket: Ticket(2_000_000), entries }) => entries,
            other => panic!("not fetched: {other:?}"),
        }
    }

    /// What was said about these places: from where on it is whole, whether it is cut, and what.
    pub(crate) fn targeting(&mut self, room: RoomId, targets: &[u64], rows_max: usize) -> (u64, bool, Vec<Targeting>) {
        let targets = targets.iter().copied().map(Rseq).collect();
        self.log().targeting(Ticket(3_000_000), room, targets, rows_max);
        match self.wait(1).pop() {
            Some(Event::Targeting { ticket: Ticket(3_000_000), rows, from, cut }) => (from.0, cut, rows),
            other => panic!("nothing is known about targets: {other:?}"),
        }
    }

    /// One search: what was found, and from where to go on.
    pub(crate) fn search(&mut self, query: &Query, max: usize) -> (Vec<Entry>, Option<Seq>) {
        self.log().search(Ticket(4_000_000), query.clone(), max);
        match self.wait(1).pop() {
            Some(Event::Searched { ticket: Ticket(4_000_000), entries, below }) => (entries, below),
            other => panic!("not searched: {other:?}"),
        }
    }

    /// Whether the log cannot search.
    pub(crate) fn search_fails(&mut self, query: &Query) -> bool {
        self.log().search(Ticket(4_000_000), query.clone(), 1);
        matches!(self.wait(1).pop(), Some(Event::SearchFailed { ticket: Ticket(4_000_000) }))
    }

    /// A search to its end: the places of what was found, newest first.
    pub(crate) fn find_all(&mut self, query: &Query, max: usize) -> Vec<u64> {
        let (mut found, mut query) = (Vec::new(), query.clone());
        loop {
            let (entries, below) = self.search(&query, max);
            assert!(entries.len() <= max, "{} found, {max} wanted", entries.len());
            found.extend(entries.iter().map(|entry| entry.seq.0));
            let Some(below) = below else { return found };
            assert!(query.below.is_none_or(|before| below < before), "it gets on");
            query.below = Some(below);
        }
    }

    pub(crate) fn first_since(&mut self, after: u64, at: i64) -> Option<u64> {
        self.log().first_since(Ticket(5_000_000), Seq(after), at);
        match self.wait(1).pop() {
            Some(Event::FirstSince { ticket: Ticket(5_000_000), seq }) => seq.map(|seq| seq.0),
            other => panic!("no answer: {other:?}"),
        }
    }

    pub(crate) fn derive(&mut self, work: Vec<Derived>, upto: u64) {
        self.log().derive(work, Seq(upto));
    }

    /// Derived work up to here, done.
    pub(crate) fn derived(&mut self, work: Vec<Derived>, upto: u64) {
        self.derive(work, upto);
        self.await_derived(upto);
    }

    /// Waits until the derived work is done up to here. A file tells nobody: it is looked at until it is so.
    pub(crate) fn await_derived(&mut self, upto: u64) {
        let end = Instant::now() + PATIENCE;
        while self.derived_upto() < upto {
            assert!(Instant::now() < end, "derived work is done up to {} only", self.derived_upto());
            self.idle(Duration::from_millis(1));
        }
    }

    /// Lets the log work for a while on what it says nothing about.
    pub(crate) fn idle(&mut self, time: Duration) {
        if self.woken.recv_timeout(time).is_ok() {
            let mut events = std::mem::take(&mut self.events);
            self.log().poll(&mut events);
            self.events = events;
        }
    }

    pub(crate) fn derived_upto(&self) -> u64 {
        match &self.log {
            AnyLog::Memory(log) => log.derived_upto().0,
            AnyLog::Local { .. } => {
                let side = rusqlite::Connection::open_with_flags(self.path(), OpenFlags::SQLITE_OPEN_READ_ONLY);
                let upto = side.and_then(|side| side.query_row("SELECT done_upto FROM derived", [], |row| row.get(0)));
                u64::try_from(upto.unwrap_or(0_i64)).expect("a place")
            }
        }
    }

    /// Keeps marks, and waits until they are durable: what is told then.
    pub(crate) fn keep_marks(&mut self, marks: Vec<Mark>) -> Vec<Mark> {
        self.log().keep_marks(marks);
        match self.wait(1).pop() {
            Some(Event::Marked { marks }) => marks,
            other => panic!("not kept: {other:?}"),
        }
    }

    pub(crate) fn marks(&mut self) -> Vec<Mark> {
        match &self.log {
            AnyLog::Memory(log) => log.marks(),
            AnyLog::Local { .. } => Store::open(&self.path()).and_then(|store| store.marks()).expect("marks"),
        }
    }

    pub(crate) fn probe(&mut self) -> bool {
        self.log().probe();
        match self.wait(1).pop() {
            Some(Event::Probed { writable }) => writable,
            other => panic!("not probed: {other:?}"),
        }
    }

    /// All that is stored. A file is read from the side while the log runs.
    pub(crate) fn entries(&mut self) -> Vec<Entry> {
        match &self.log {
            AnyLog::Memory(log) => log.entries().to_vec(),
            AnyLog::Local { .. } => replay(&Store::open(&self.path()).expect("the file opens")).expect("it replays"),
        }
    }
}

/// All entries of a file.
pub(crate) fn replay(store: &Store) -> Result<Vec<Entry>, OpenError> {
    let mut entries = Vec::new();
    store.for_each(Seq(1), |entry| {
        entries.push(entry.clone());
        Ok::<(), OpenError>(())
    })?;
    Ok(entries)
}

/// A draft that nobody mistakes for another.
pub(crate) fn draft(author: u64, cid: u8) -> Draft {
    Draft {
        ticket: Ticket(author * 1000 + u64::from(cid)),
        at: 100,
        author: UserId(author),
        device: DeviceId(author + 1),
        cid: Cid([cid; 16]),
        room: RoomId(1),
        kind: Kind::MESSAGE,
        target: None,
        mentions: Vec::new(),
        body: format!("{author}: {cid}").into_bytes(),
    }
}

pub(crate) fn seqs(range: RangeInclusive<u64>) -> Vec<Seq> {
    range.map(Seq).collect()
}
