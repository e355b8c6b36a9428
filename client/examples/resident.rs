//! A person without a window, as a process that may be killed at any moment: for tests of what is lost then.
//!
//! ```text
//! resident SERVER PROFILE NAME ROUND COUNT
//! ```
//!
//! Writes COUNT messages "NAME ROUND n" into `general`, each as soon as it may and [`WAITING_MAX`] ahead of their answers,
//! and says on standard output, a line each, flushed: `kept CID TEXT` when a message lies in the outbox on disk, `acked CID
//! RSEQ SEQ` when the server has it, `refused CID CODE`, `cut N` when a connection is gone under which N kept messages
//! have no answer, and `done` when everything written, now or before an earlier kill, was answered.
//!
//! On standard input it is told, a line each: `stop` (write no more), `read RSEQ` (have the room up to there; it says
//! `complete RSEQ`). It ends when its standard input has ended and it is done.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, Write as _},
    sync::mpsc::{Receiver, TryRecvError, channel},
    time::Duration,
};

use tertulia_client::{
    network::{Cids, Network, Options},
    resident::Seen,
    session::{Event, Why, Write},
    store::Profile,
};
use tertulia_protocol::{Cid, RoomId, Rseq, entry::MessageBody};

/// Always something on the wire, and never so much that the end of it takes long.
const WAITING_MAX: usize = 24;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, profile, name, round, count] = arguments.as_slice() else {
        return Err("resident SERVER PROFILE NAME ROUND COUNT".into());
    };
    let profile = Profile::open(profile)?;
    let _lock = profile.lock()?;
    let options = Options::from_profile(profile, server.parse()?, Some(name.clone()))?;
    let mut resident = Resident {
        network: Network::start(options, Box::new(|| {}))?,
        cids: Cids::new()?,
        name: format!("{name} {round}"),
        next: 1,
        last: count.parse()?,
        room: None,
        seen: Seen::default(),
        waiting: BTreeSet::new(),
        kept: BTreeSet::new(),
        synced: false,
        done: false,
        read: None,
    };
    resident.run(&commands())
}

struct Resident {
    network: Network,
    cids: Cids,
    name: String,
    /// The numbers of the messages that are still to be written.
    next: u64,
    last: u64,
    room: Option<RoomId>,
    seen: Seen,
    /// What was written and has no answer, and which of it lies in the outbox on disk.
    waiting: BTreeSet<Cid>,
    kept: BTreeSet<Cid>,
    synced: bool,
    done: bool,
    /// Up to where the room is wanted.
    read: Option<Rseq>,
}

impl Resident {
    fn run(&mut self, commands: &Receiver<String>) -> Result<(), Box<dyn std::error::Error>> {
        loop {
            match commands.try_recv() {
                Ok(command) if command == "stop" => self.last = self.next - 1,
                Ok(command) => {
                    let upto = command.strip_prefix("read ").ok_or("stop, or read RSEQ")?;
                    self.read = Some(Rseq(upto.parse()?));
                    self.read_on()?;
                }
                Err(TryRecvError::Disconnected) if self.done => return Ok(()),
                Err(TryRecvError::Disconnected | TryRecvError::Empty) => {}
            }
            self.write();
            if !self.done && self.synced && self.next > self.last && self.waiting.is_empty() {
                self.done = true;
                say("done")?;
            }
            if let Some(event) = self.network.next_event(Duration::from_millis(50)) {
                self.take(event)?;
            }
        }
    }

    fn write(&mut self) {
        let Some(room) = self.room else { return };
        while self.next <= self.last && self.waiting.len() < WAITING_MAX {
            let (cid, text) = (self.cids.make(), format!("{} {}", self.name, self.next));
            if self.network.write(cid, Write::message(room, text, None, Vec::new())).is_err() {
                return;
            }
            self.waiting.insert(cid);
            self.next += 1;
        }
    }

    fn take(&mut self, event: Event) -> Result<(), Box<dyn std::error::Error>> {
        self.seen.take(&event);
        match event {
            Event::Room(state) if state.row.name == "general" => {
                self.room = Some(state.row.room);
                self.read_on()?;
            }
            Event::Queued(item) if item.failed.is_none() => {
                self.waiting.insert(item.cid);
                self.kept.insert(item.cid);
                let text = MessageBody::from_bytes(&item.body).map(|body| body.text).unwrap_or_default();
                say(&format!("kept {} {text}", item.cid))?;
            }
            Event::Settled { cid, rseq, seq, .. } => {
                self.answered(cid);
                say(&format!("acked {cid} {rseq} {seq}"))?;
            }
            Event::WriteRefused { cid, code, .. } => {
                self.answered(cid);
                say(&format!("refused {cid} {code}"))?;
            }
            Event::Entries { .. } => self.read_on()?,
            // An attempt that found nobody is not the end of anything.
            Event::Disconnected { why: Why::Closed, .. } => say(&format!("cut {}", self.kept.len()))?,
            Event::SyncedOnce => self.synced = true,
            Event::Stopped { code, params } => return Err(format!("{}: {}", code.name(), params.join(" ")).into()),
            _ => {}
        }
        Ok(())
    }

    fn answered(&mut self, cid: Cid) {
        self.waiting.remove(&cid);
        self.kept.remove(&cid);
    }

    /// Asks for the newest part of the room that is missing, until nothing is.
    fn read_on(&mut self) -> std::io::Result<()> {
        let (Some(upto), Some(room)) = (self.read, self.room) else { return Ok(()) };
        if self.seen.rooms.get(&room).is_none_or(|state| state.row.head < upto) {
            return Ok(());
        }
        match self.seen.missing().into_iter().find(|(missing, ..)| *missing == room) {
            // Asked again with the next event if too much waits.
            Some((_, from, to)) => drop(self.network.show(room, from, to)),
            None => {
                self.read = None;
                say(&format!("complete {upto}"))?;
            }
        }
        Ok(())
    }
}

fn commands() -> Receiver<String> {
    let (given, commands) = channel();
    #[expect(clippy::disallowed_methods, reason = "whoever waits for a line cannot wait for an event as well")]
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if given.send(line).is_err() {
                return;
            }
        }
    });
    commands
}

fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
