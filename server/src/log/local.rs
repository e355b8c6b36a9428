//! The log of the one box: a writer thread and a reader thread over one SQLite file.
//!
//! The writer takes everything that is queued as one transaction with one fsync, so that a busy server pays for the disk
//! once per batch and an idle one waits for nobody. It alone writes and checkpoints. The reader answers [`Log::find`] and
//! [`Log::fetch`] on a connection of its own, so that a page read from a slow card never delays a commit.
//!
//! Answers wait in one list for [`Log::poll`]; whoever puts the first one there wakes the owner. The queues have no
//! bound of their own: the owner's caps on drafts, bytes and fetches in flight bound them, and the list of answers too.
//! **Invariant:** neither thread wakes up unless it was given something to do, or has just done something that leaves
//! the WAL in need of a checkpoint; and after [`Event::Broken`] nothing is written any more.

use std::fmt;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tertulia_protocol::{Cid, RoomId, Rseq, Seq, UserId};

use super::store::{Fault, OpenError, Outcome, Rows, Store, WriteError};
use super::{Derived, Draft, Entry, Event, FailureKind, Log, Mark, Query, Ticket, Wake};

/// Enough to make the fsync cheap for each; more would only let the first wait for the last.
const BATCH_DRAFTS_MAX: usize = 1024;
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// 16 MiB: a WAL as large as this is moved into the file even while there is work.
const WAL_PAGES_MAX: u32 = 4096;
/// If a reader stood in the way of that: how much more before the next attempt.
const WAL_PAGES_STEP: u32 = 1024;
/// 1 MiB: a WAL as large as this is moved into the file when there is nothing else to do. A smaller one stays, which
/// saves an SD card from writing the same pages again after every message.
const WAL_PAGES_IDLE: u32 = 256;
/// How long without work is idle.
const IDLE: Duration = Duration::from_secs(2);

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
    Inject(Option<Fault>),
}

enum Question {
    Find { ticket: Ticket, author: UserId, cid: Cid },
    Fetch { ticket: Ticket, seqs: Vec<Seq>, body_bytes_max: usize },
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
        let answers = Arc::new(Answers { told: Mutex::default(), wake });
        let told = Arc::clone(&answers);
        let reader = Worker::start("log-reader", move |questions| read(&rows, &questions, &told)).map_err(no_thread)?;
        let told = Arc::clone(&answers);
        let work = |commands| Writer::new(store, commands, told).run();
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

    fn fetch(&mut self, ticket: Ticket, seqs: Vec<Seq>, body_bytes_max: usize) {
        self.ask(Question::Fetch { ticket, seqs, body_bytes_max });
    }

    fn targeting(&mut self, _ticket: Ticket, _room: RoomId, _targets: Vec<Rseq>, _rows_max: usize) {
        todo!()
    }

    fn search(&mut self, _ticket: Ticket, _query: Query, _max: usize) {
        todo!()
    }

    fn first_since(&mut self, _ticket: Ticket, _after: Seq, _at: i64) {
        todo!()
    }

    fn derive(&mut self, _work: Vec<Derived>, _upto: Seq) {
        todo!()
    }

    fn keep_marks(&mut self, _marks: Vec<Mark>) {
        todo!()
    }

    fn probe(&mut self) {
        todo!()
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
    checkpoint_at: u32,
}

impl Writer {
    fn new(store: Store, commands: Receiver<Command>, answers: Arc<Answers>) -> Self {
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
            checkpoint_at: WAL_PAGES_MAX,
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
        while let Some(command) = self.next()? {
            self.take(command)?;
            while self.batch.len() < BATCH_DRAFTS_MAX
                && self.batch_bytes < BATCH_BYTES_MAX
                && let Ok(command) = self.commands.try_recv()
            {
                self.take(command)?;
            }
            self.commit()?;
            // Told before the checkpoint, which takes its time.
            self.answers.tell(&mut self.events, Some(self.failures));
            if self.store.wal_pages() >= self.checkpoint_at {
                self.checkpoint()?;
            }
        }
        Ok(())
    }

    /// Waits for the next command. Only while the WAL is worth a checkpoint is there a deadline, and only one.
    fn next(&mut self) -> Result<Option<Command>, String> {
        if self.store.wal_pages() >= WAL_PAGES_IDLE {
            match self.commands.recv_timeout(IDLE) {
                Ok(command) => return Ok(Some(command)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.checkpoint()?,
            }
        }
        Ok(self.commands.recv().ok())
    }

    fn checkpoint(&mut self) -> Result<(), String> {
        match self.store.checkpoint() {
            Err(WriteError::Broken(why)) => return Err(why),
            Err(WriteError::Failed(_)) | Ok(()) => {}
        }
        self.checkpoint_at = WAL_PAGES_MAX.max(self.store.wal_pages() + WAL_PAGES_STEP);
        Ok(())
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
                self.failures += 1;
                self.stuck = Some(why);
                self.events.extend(self.batch.drain(..).map(|draft| Event::Failed { ticket: draft.ticket, why }));
            }
            Err(WriteError::Broken(why)) => return Err(why),
        }
        Ok(())
    }
}

/// The reader's whole life: one question, one answer.
fn read(rows: &Rows, questions: &Receiver<Question>, answers: &Answers) {
    let answer = |question| match question {
        Question::Find { ticket, author, cid } => rows.find(author, cid).map(|stored| Event::Found { ticket, stored }),
        Question::Fetch { ticket, seqs, body_bytes_max } => {
            rows.fetch(&seqs, body_bytes_max).map(|entries| Event::Fetched { ticket, entries })
        }
    };
    for question in questions {
        match answer(question) {
            Ok(event) => answers.tell(&mut vec![event], None),
            Err(error) => return answers.break_off(&error.to_string()),
        }
    }
}
