//! The log of the one box: a writer thread and a reader thread over one SQLite file.
//!
//! The writer takes everything that is queued as one transaction with one fsync, so that a busy server pays for the disk
//! once per batch and an idle one waits for nobody. It alone writes and checkpoints. What it does behind that (index,
//! erasures, read marks) is `chores`'. The reader (`reading`) answers questions on a connection of its own, so that a
//! page read from a slow card never delays a commit.
//!
//! Answers wait in one list for [`Log::poll`]; whoever puts the first one there wakes the owner. The queues have no
//! bound of their own: the owner's caps on drafts, bytes and fetches in flight bound them, and the list of answers too.
//! **Invariant:** neither thread wakes up unless it was given something to do, or has just done something that leaves
//! a chore behind; and after [`Event::Broken`] nothing is written any more.

mod chores;
mod reading;

use std::fmt;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tertulia_protocol::{Cid, RoomId, Rseq, Seq, UserId};

use self::chores::{Chores, When};
use self::reading::Question;
use super::store::{Fault, OpenError, Outcome, Rows, Store, WriteError};
use super::{Derived, Draft, Entry, Event, FailureKind, Log, Mark, Query, Ticket, Wake};

/// Enough to make the fsync cheap for each; more would only let the first wait for the last.
const BATCH_DRAFTS_MAX: usize = 1024;
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// A log in a file.
pub struct LocalLog {
    writer: Option<Worker<Command>>,
    reader: Option<Worker<Question>>,
    answers: Arc<Answers>,
    failures_told: u64,
}

enum Command {
    Append(Vec<Draft>),
    /// The acknowledgement of all failures up to this one.
    Acknowledge(u64),
    Derive(Vec<Derived>, Seq),
    KeepMarks(Vec<Mark>),
    Probe,
    Inject(Option<Fault>),
}

impl LocalLog {
    /// Starts the threads on an opened file, after it was replayed. `wake` is called from both.
    ///
    /// # Errors
    /// The file cannot be opened a second time for reading, or the system gives no thread.
    pub fn start(store: Store, wake: Wake) -> Result<Self, OpenError> {
        let path = store.path().to_owned();
        let no_thread = |error| OpenError::io(&path, &error);
        let rows = Rows::beside(&store)?;
        let done_upto = store.derived_upto()?;
        let answers = Arc::new(Answers { told: Mutex::default(), wake });
        let told = Arc::clone(&answers);
        let reader = Worker::start("log-reader", move |questions| reading::answer(&rows, &questions, &told))
            .map_err(no_thread)?;
        let told = Arc::clone(&answers);
        let work = move |commands| Writer::new(store, done_upto, commands, told).run();
        let writer = Worker::start("log-writer", work).map_err(no_thread)?;
        Ok(Self { writer: Some(writer), reader: Some(reader), answers, failures_told: 0 })
    }

    /// Ends in order: what is queued is stored, the WAL moved into the file, the threads joined. What there was left to
    /// tell is returned.
    #[must_use]
    pub fn close(mut self) -> Vec<Event> {
        self.stop();
        let mut events = Vec::new();
        self.poll(&mut events);
        events
    }

    /// Makes the disk misbehave from the next append on, or mends it.
    #[doc(hidden)]
    pub fn inject(&mut self, fault: Option<Fault>) {
        self.command(Command::Inject(fault));
    }

    fn stop(&mut self) {
        // The reader first: an open read would keep the WAL from being emptied.
        if let Some(reader) = self.reader.take() {
            reader.end();
        }
        if let Some(writer) = self.writer.take() {
            writer.end();
        }
    }

    fn command(&mut self, command: Command) {
        let sent = self.writer.as_ref().is_some_and(|writer| writer.queue.send(command).is_ok());
        if !sent {
            self.answers.break_off("the thread that writes the log has ended");
        }
    }

    fn ask(&mut self, question: Question) {
        let sent = self.reader.as_ref().is_some_and(|reader| reader.queue.send(question).is_ok());
        if !sent {
            self.answers.break_off("the thread that reads the log has ended");
        }
    }
}

impl Log for LocalLog {
    fn append(&mut self, drafts: Vec<Draft>) {
        if !drafts.is_empty() {
            self.command(Command::Append(drafts));
        }
    }

    fn acknowledge_failure(&mut self) {
        self.command(Command::Acknowledge(self.failures_told));
    }

    fn find(&mut self, ticket: Ticket, author: UserId, cid: Cid) {
        self.ask(Question::Find { ticket, author, cid });
    }

    fn fetch(&mut self, ticket: Ticket, seqs: Vec<Seq>, weight_max: usize) {
        self.ask(Question::Fetch { ticket, seqs, weight_max });
    }

    fn targeting(&mut self, ticket: Ticket, room: RoomId, targets: Vec<Rseq>, rows_max: usize) {
        self.ask(Question::Targeting { ticket, room, targets, rows_max });
    }

    fn search(&mut self, ticket: Ticket, query: Query, max: usize) {
        self.ask(Question::Search { ticket, query, max });
    }

    fn first_since(&mut self, ticket: Ticket, after: Seq, at: i64) {
        self.ask(Question::FirstSince { ticket, after, at });
    }

    fn derive(&mut self, work: Vec<Derived>, upto: Seq) {
        self.command(Command::Derive(work, upto));
    }

    fn keep_marks(&mut self, marks: Vec<Mark>) {
        self.command(Command::KeepMarks(marks));
    }

    fn probe(&mut self) {
        self.command(Command::Probe);
    }

    fn poll(&mut self, events: &mut Vec<Event>) {
        let mut told = self.answers.lock();
        self.failures_told = told.failures;
        if events.is_empty() {
            std::mem::swap(events, &mut told.events);
        } else {
            events.append(&mut told.events);
        }
    }
}

impl Drop for LocalLog {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for LocalLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLog").field("failures_told", &self.failures_told).finish_non_exhaustive()
    }
}

/// What both threads have to tell, until the owner takes it.
struct Answers {
    told: Mutex<Told>,
    wake: Wake,
}

#[derive(Default)]
struct Told {
    events: Vec<Event>,
    /// The number of the newest failure among all events so far.
    failures: u64,
    broken: bool,
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Told> {
        // A thread that panicked has pushed its events whole or not at all.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands events over, and wakes the owner unless earlier ones have done so and still lie there.
    fn tell(&self, events: &mut Vec<Event>, failures: Option<u64>) {
        if events.is_empty() {
            return;
        }
        let mut told = self.lock();
        let first = told.events.is_empty();
        told.events.append(events);
        told.failures = failures.unwrap_or(told.failures);
        drop(told);
        if first {
            (self.wake)();
        }
    }

    /// Tells that the log cannot go on, once.
    fn break_off(&self, why: &str) {
        let mut told = self.lock();
        if std::mem::replace(&mut told.broken, true) {
            return;
        }
        told.events.push(Event::Broken { why: why.to_owned() });
        drop(told);
        (self.wake)();
    }
}

/// A thread and the queue that it works off. It ends when the queue has.
struct Worker<T> {
    queue: Sender<T>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Worker<T> {
    #[expect(clippy::disallowed_methods, reason = "the log owns its two threads")]
    fn start(name: &str, work: impl FnOnce(Receiver<T>) + Send + 'static) -> io::Result<Self> {
        let (queue, given) = mpsc::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(given))?;
        Ok(Self { queue, thread })
    }

    /// Lets it do what is queued, and waits for it.
    fn end(self) {
        drop(self.queue);
        drop(self.thread.join());
    }
}

struct Writer {
    store: Store,
    commands: Receiver<Command>,
    answers: Arc<Answers>,
    batch: Vec<Draft>,
    batch_bytes: usize,
    outcomes: Vec<Outcome>,
    events: Vec<Event>,
    failures: u64,
    /// What failed last, until its acknowledgement.
    stuck: Option<FailureKind>,
    chores: Chores,
}

impl Writer {
    fn new(store: Store, done_upto: Seq, commands: Receiver<Command>, answers: Arc<Answers>) -> Self {
        Self {
            store,
            commands,
            answers,
            batch: Vec::new(),
            batch_bytes: 0,
            outcomes: Vec::new(),
            events: Vec::new(),
            failures: 0,
            stuck: None,
            chores: Chores::new(done_upto),
        }
    }

    fn run(mut self) {
        match self.work() {
            Ok(()) => self.store.close(),
            Err(why) => {
                self.answers.break_off(&why);
                self.store.abandon();
            }
        }
    }

    /// Works until the owner has gone and everything is done, or until it is not known what is on the disk.
    fn work(&mut self) -> Result<(), String> {
        loop {
            let batch = match self.next() {
                Ok(command) => {
                    self.take(command)?;
                    while self.batch.len() < BATCH_DRAFTS_MAX
                        && self.batch_bytes < BATCH_BYTES_MAX
                        && let Ok(command) = self.commands.try_recv()
                    {
                        self.take(command)?;
                    }
                    let drafts = self.batch.len();
                    self.commit()?;
                    // Told before the chores, which take their time.
                    self.answers.tell(&mut self.events, Some(self.failures));
                    Some(drafts)
                }
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => return self.chores.finish(&mut self.store),
            };
            self.chores.work(&mut self.store, batch)?;
            let marks = self.chores.take_kept();
            if !marks.is_empty() {
                self.events.push(Event::Marked { marks });
                self.answers.tell(&mut self.events, None);
            }
        }
    }

    /// The next command; none if a chore is due first.
    fn next(&self) -> Result<Command, TryRecvError> {
        match self.chores.due(&self.store) {
            When::Now => self.commands.try_recv(),
            When::In(time) => self.commands.recv_timeout(time).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            }),
            When::Never => self.commands.recv().map_err(|_| TryRecvError::Disconnected),
        }
    }

    fn take(&mut self, command: Command) -> Result<(), String> {
        match command {
            Command::Append(drafts) => match self.stuck {
                Some(why) => self.events.extend(drafts.iter().map(|draft| Event::Failed { ticket: draft.ticket, why })),
                None => {
                    self.batch_bytes += drafts.iter().map(Draft::weight).sum::<usize>();
                    self.batch.extend(drafts);
                }
            },
            Command::Acknowledge(upto) if upto >= self.failures => self.stuck = None,
            Command::Acknowledge(_) => {}
            Command::Derive(work, upto) => self.chores.derive(work, upto),
            Command::KeepMarks(marks) => self.chores.keep_marks(marks),
            Command::Probe => {
                self.commit()?;
                let writable = self.store.probe().map_err(|error| error.to_string())?;
                self.events.push(Event::Probed { writable });
            }
            Command::Inject(fault) => {
                self.commit()?;
                self.store.inject(fault);
            }
        }
        Ok(())
    }

    /// Stores the batch, and turns it into events: the drafts themselves move on, nothing is read back.
    fn commit(&mut self) -> Result<(), String> {
        self.batch_bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        match self.store.append(&self.batch, &mut self.outcomes) {
            Ok(()) => {
                let stored = self.batch.drain(..).zip(self.outcomes.drain(..));
                self.events.extend(stored.map(|(draft, outcome)| {
                    let ticket = draft.ticket;
                    match outcome {
                        Outcome::Placed(seq) => Event::Committed { ticket, entry: Entry::new(seq, draft) },
                        Outcome::Duplicate(of) => Event::Duplicate { ticket, of },
                    }
                }));
            }
            Err(WriteError::Failed(why)) => {
                if why == FailureKind::DiskFull {
                    self.store.release_ballast();
                }
                self.failures += 1;
                self.stuck = Some(why);
                self.events.extend(self.batch.drain(..).map(|draft| Event::Failed { ticket: draft.ticket, why }));
            }
            Err(WriteError::Broken(why)) => return Err(why),
        }
        Ok(())
    }
}
