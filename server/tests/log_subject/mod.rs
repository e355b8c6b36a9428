//! A log under test, whichever it is: waits for what it tells, with a deadline, and can be stopped and started again.

#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses a part of it")]

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use tempfile::TempDir;
use tertulia_protocol::{Cid, DeviceId, Kind, RoomId, Seq, UserId};
use tertulia_server::log::local::LocalLog;
use tertulia_server::log::memory::MemoryLog;
use tertulia_server::log::store::{Fault, OpenError, Store};
use tertulia_server::log::{Draft, Entry, Event, FailureKind, Log, Stored, Ticket};

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
    Local { log: Option<LocalLog>, dir: TempDir },
}

impl Subject {
    pub(crate) fn new(home: Home) -> Self {
        let log = match home {
            Home::Memory => AnyLog::Memory(MemoryLog::new()),
            Home::Local => AnyLog::Local { log: None, dir: TempDir::new().expect("a directory for the log") },
        };
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
            AnyLog::Memory(log) => *log = MemoryLog::with_entries(log.entries().to_vec()).with_wake(wake),
            AnyLog::Local { log, .. } => {
                let store = opened.expect("it is opened").expect("the file opens");
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
