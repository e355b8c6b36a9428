//! One server: its session, the socket that there is or will be, and the profile that remembers it.
//!
//! Carries values between the session and the socket, in both directions, and nothing else: no decision is made here
//! but when to read.

use std::{ops::ControlFlow, time::Duration};

use mio::{Token, event::Event as Readiness, net::TcpStream};
use tertulia_protocol::limits;
use tertulia_transport::{FlushStatus, Framed, ReceiveStatus};

use super::{
    Options, Unanswered,
    dial::{Dialled, Dialler, Tools},
    queues::Command,
};
use crate::{
    address::ServerAddress,
    session::{Action, Event, History, Nonsense, Now, Random, Session, Why},
    store::{self, Profile},
};

/// How much is read from a server before its events are looked at.
const READ_BUDGET_BYTES: usize = 64 * 1024;

/// How many events may wait in the session before reading pauses.
const EVENTS_BEFORE_PAUSE: usize = 64;

#[derive(Debug)]
pub(super) struct Link {
    server: ServerAddress,
    pub(super) profile: Option<Profile>,
    pub(super) session: Session,
    /// What a window keeps. `None` for scripts, and while it cannot be used: nothing begins without it then.
    pub(super) history: Option<store::History>,
    pub(super) keeps: bool,
    dialler: Dialler,
    open: Option<Open>,
    /// Reading pauses because nobody takes the events.
    paused: bool,
    /// Something about the profile that has to be told.
    pub(super) problem: Option<Event>,
    /// What the store has aside and has to be told.
    pub(super) aside: Option<Event>,
}

#[derive(Debug)]
struct Open {
    framed: Framed<TcpStream>,
    token: Token,
}

impl Link {
    pub(super) fn new(options: Options, random: Random) -> Self {
        Self {
            dialler: Dialler::new(options.server.clone()),
            server: options.server,
            profile: options.profile,
            keeps: options.session.history == History::Kept,
            session: Session::new(options.session, random),
            history: None,
            open: None,
            paused: false,
            problem: None,
            aside: None,
        }
    }

    pub(super) fn start(&mut self, now: Now) {
        if self.open_history() {
            self.session.start(now);
        }
    }

    /// The computer slept, and what the socket says about its connection may be long past.
    pub(super) fn slept(&mut self, now: Now) {
        self.session.slept(now);
    }

    /// Whether a command would only make the session's own queue longer.
    pub(super) fn is_full(&self) -> bool {
        self.session.is_full()
    }

    pub(super) fn unanswered(&self) -> Unanswered {
        let (taken, on_wire) = self.session.unanswered();
        Unanswered { taken, on_wire }
    }

    pub(super) fn command(&mut self, now: Now, command: Command) {
        match command {
            Command::Write { cid, write, instead_of: None } => self.session.write_as(now, cid, write),
            Command::Write { cid, write, instead_of: Some(refused) } => {
                self.session.write_instead(now, refused, cid, write);
            }
            Command::Discard(cid) => self.session.discard(now, cid),
            Command::Draft(room, draft) => self.session.set_draft(now, room, draft),
            Command::Open(room) => self.session.open(now, room),
            Command::Close(room) => self.session.close(room),
            Command::Show { room, from, to } => self.session.show(now, room, from, to),
            Command::Mark { room, rseq } => self.session.mark(now, room, rseq),
            Command::Away(away) => self.session.set_away(now, away),
            Command::Typing(room) => self.session.typing(now, room),
            Command::Ask { token, ask } => self.session.ask(now, token, ask),
            Command::Retry => self.start(now),
            Command::LogInAs(name) if self.open_history() => self.session.log_in_as(now, name),
            Command::TrustServerKey(key) if self.open_history() => self.session.trust_server_key(now, key),
            // It was told why.
            Command::LogInAs(_) | Command::TrustServerKey(_) => {}
        }
    }

    /// An event of the poll: remembered if it is about a socket of ours that still is one.
    pub(super) fn mark(&mut self, event: &Readiness) {
        if let Some(open) = self.open.as_mut().filter(|open| open.token == event.token()) {
            open.framed.mark(event.is_readable() || event.is_read_closed() || event.is_error(), event.is_writable());
        }
    }

    /// Whether an event is about a socket of ours.
    pub(super) fn owns(&self, token: Token) -> bool {
        self.dialler.owns(token) || self.open.as_ref().is_some_and(|open| open.token == token)
    }

    /// How long the poll may wait on our account.
    pub(super) fn deadline(&self, now: Duration) -> Option<Duration> {
        let leftover = self
            .open
            .as_ref()
            .is_some_and(|open| open.framed.can_flush() || (!self.paused && open.framed.can_receive()));
        if leftover {
            return Some(now);
        }
        [self.session.deadline(), self.dialler.deadline()].into_iter().flatten().min()
    }

    /// Everything that can be done now.
    pub(super) fn turn(&mut self, now: Now, scratch: &mut [u8], tools: &mut Tools<'_>) {
        let dialled = self.dialler.turn(now.mono, tools);
        self.dialled(now, dialled);
        // Reading comes first: a thread that was held up for a minute must not take for silence what it did not read.
        self.receive(now, scratch);
        self.session.tick(now);
        // Doing one thing may bring up the next: a failed flush closes, a close waits for a new attempt.
        loop {
            self.act(now, tools);
            if !self.flush(now) {
                return;
            }
        }
    }

    fn dialled(&mut self, now: Now, dialled: Dialled) {
        match dialled {
            Dialled::Pending => {}
            Dialled::Failed(why) => self.session.connect_failed(now, why),
            Dialled::Connected(socket, token) => {
                // Small writes must not wait for the answer to earlier ones. Where it cannot be set, they do.
                let _ = socket.set_nodelay(true);
                // The larger limit from the start: the server is not to be trusted before it has proved itself, but
                // 256 KiB of one connection that we chose to make is no danger.
                let mut framed = Framed::new(socket, limits::FRAME_BYTES_MAX);
                framed.mark(true, true);
                self.open = Some(Open { framed, token });
                self.session.connected(now);
            }
        }
    }

    fn receive(&mut self, now: Now, scratch: &mut [u8]) {
        let Some(open) = self.open.as_mut().filter(|_| !self.paused) else { return };
        let session = &mut self.session;
        let received = open.framed.receive(scratch, READ_BUDGET_BYTES, &mut |frame| {
            session.receive(now, frame);
            if session.events_waiting() < EVENTS_BEFORE_PAUSE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        if received.bytes_read > 0 {
            session.heard(now);
        }
        match received.status {
            ReceiveStatus::Drained | ReceiveStatus::Budget | ReceiveStatus::Stopped => {}
            ReceiveStatus::Eof { .. } | ReceiveStatus::Failed(_) => self.ended(now, Why::Closed),
            ReceiveStatus::Broken { error, .. } => self.ended(now, Why::Protocol(Nonsense::Frame(error))),
        }
    }

    fn ended(&mut self, now: Now, why: Why) {
        self.open = None;
        self.session.closed(now, why);
    }

    fn act(&mut self, now: Now, tools: &mut Tools<'_>) {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Connect => {
                    let dialled = self.dialler.start(now.mono, tools);
                    self.dialled(now, dialled);
                }
                Action::Send(bytes) => {
                    if let Some(open) = &mut self.open {
                        open.framed.queue(bytes);
                    }
                }
                Action::Close => {
                    self.dialler.stop();
                    self.let_go();
                }
                Action::Restore(_) | Action::Persist(..) | Action::Load { .. } => self.act_on_history(now, action),
                Action::Pin(key) => {
                    let pinned = self.profile.as_ref().map_or(Ok(()), |profile| profile.pin(&self.server, key));
                    self.keep_problem(pinned);
                }
            }
        }
    }

    /// Sends what is queued. True if that ended the connection, so that there is more to do.
    fn flush(&mut self, now: Now) -> bool {
        let Some(open) = &mut self.open else { return false };
        match open.framed.flush().status {
            FlushStatus::Empty | FlushStatus::Blocked | FlushStatus::Budget => false,
            FlushStatus::Failed(_) => {
                self.ended(now, Why::Closed);
                true
            }
        }
    }

    /// Nothing can go on before somebody has done something.
    pub(super) fn give_up(&mut self) {
        self.dialler.stop();
        self.let_go();
        self.session.give_up();
    }

    /// Ends the connection from our side: what the socket takes at once still goes out.
    fn let_go(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.framed.finish();
            // Whatever it answers, the socket goes.
            let _ = open.framed.flush();
        }
    }

    /// The next event to tell. A login is remembered on its way.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.problem.take().or_else(|| self.aside.take()) {
            return Some(event);
        }
        let event = self.session.next_event()?;
        if let (Event::LoggedIn { name, .. }, Some(profile)) = (&event, &self.profile) {
            let remembered = profile.remember_login(&self.server, name);
            self.keep_problem(remembered);
        }
        Some(event)
    }

    /// To be called when the events were told, as far as there was room for them.
    pub(super) fn told(&mut self, now: Now) {
        let paused = self.session.events_waiting() > 0 || self.session.holds_too_much();
        if paused != self.paused {
            self.paused = paused;
            self.session.pause_reading(now, paused);
        }
    }

    fn keep_problem<E: std::fmt::Display>(&mut self, result: Result<(), E>) {
        if let Err(error) = result {
            self.problem = Some(Event::ProfileNotSaved { why: error.to_string() });
        }
    }

    /// Begins the end of everything: what is queued goes out, then the server is told that nothing follows.
    pub(super) fn finish(&mut self) {
        if let Some(open) = &mut self.open {
            open.framed.finish();
        }
    }

    /// A turn on the way out. True when there is nothing left to wait for.
    pub(super) fn finish_turn(&mut self, scratch: &mut [u8]) -> bool {
        let Some(open) = &mut self.open else { return true };
        let flushed = open.framed.flush().status;
        let received = open.framed.discard(scratch, READ_BUDGET_BYTES).status;
        matches!(flushed, FlushStatus::Failed(_))
            || matches!(received, ReceiveStatus::Eof { .. } | ReceiveStatus::Failed(_))
    }
}
