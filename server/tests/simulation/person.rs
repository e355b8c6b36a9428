//! A person at a desk: the real session over a store, and what the person sees, folded from its events.
//!
//! The owner's part, which in a window is the network thread's, is played here, step by step: so that the program can be
//! killed between any two steps.

mod computer;
mod eyes;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tertulia_client::{
    fold::Fold,
    session::{Action, Change, DeviceKey, Now, RoomState, Session, Why, Write},
};
use tertulia_protocol::{Cid, ErrorCode, FrameDecoder, PublicKey, RoomId, UserId, limits, reply::MemberRow};

use super::{
    dice::Dice,
    faults::Fault,
    keeper::Keeper,
    link::{Link, Weather},
    witness::Witness,
};

/// What is shown.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) folds: BTreeMap<RoomId, Fold>,
    pub(crate) rooms: BTreeMap<RoomId, RoomState>,
    pub(crate) names: BTreeMap<UserId, String>,
    /// What lies in the outbox; failed ones with their code.
    pub(crate) outbox: BTreeMap<Cid, Option<ErrorCode>>,
    pub(crate) members: BTreeMap<RoomId, Vec<MemberRow>>,
    /// Everything that there was at the login has been told.
    pub(crate) is_synced: bool,
    ended: BTreeSet<Cid>,
    asked: BTreeMap<u64, RoomId>,
}

/// What became of something written, over all lives of the program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    /// It lay in the outbox: from here on it may not get lost.
    pub(crate) queued: bool,
    pub(crate) settled: bool,
    pub(crate) refused: bool,
    pub(crate) discarded: bool,
}

/// Somebody.
pub(crate) struct Person {
    pub(crate) number: u64,
    key: Arc<DeviceKey>,
    name: String,
    pinned: Option<PublicKey>,
    pub(crate) user: Option<UserId>,
    pub(crate) keeper: Keeper,
    /// The program, while it runs.
    pub(crate) session: Option<Session>,
    todo: VecDeque<Action>,
    pub(crate) link: Option<Link>,
    pub(crate) connect_at: Option<u64>,
    pub(crate) view: View,
    /// In the order of writing.
    pub(crate) written: Vec<(Cid, Fate)>,
    /// The disk of the client takes so long.
    pub(crate) busy_until: u64,
    pub(crate) disk_fails: bool,
    pub(crate) disk_is_slow: bool,
    /// The computer sleeps, since when and until when.
    pub(crate) asleep: Option<(u64, u64)>,
    /// For how long it has slept in all.
    slept_ms: u64,
    pub(crate) wall_offset_ms: i64,
    pub(crate) weather: Weather,
    pub(crate) dice: Dice,
    fault: Option<Fault>,
    tokens: u64,
    pub(crate) is_dead: bool,
}

/// The world around a step.
pub(crate) struct Around<'a> {
    pub(crate) now: u64,
    pub(crate) wall: i64,
    pub(crate) witness: &'a Witness,
    pub(crate) trace: bool,
}

impl Person {
    pub(crate) fn new(number: u64, name: &str, real_store: bool, mut dice: Dice, fault: Option<Fault>) -> Self {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        seed[8..16].copy_from_slice(&dice.roll().to_be_bytes());
        Self {
            number,
            key: Arc::new(DeviceKey::from_seed(&seed).unwrap()),
            name: name.to_owned(),
            pinned: None,
            user: None,
            keeper: Keeper::new(real_store, fault),
            session: None,
            todo: VecDeque::new(),
            link: None,
            connect_at: None,
            view: View::default(),
            written: Vec::new(),
            busy_until: 0,
            disk_fails: false,
            disk_is_slow: true,
            asleep: None,
            slept_ms: 0,
            wall_offset_ms: 0,
            weather: Weather { latency_ms: 5, chunk: 4_000 },
            dice,
            fault,
            tokens: 0,
            is_dead: true,
        }
    }

    /// The server that it knows.
    pub(crate) fn key(&self) -> Option<PublicKey> {
        self.pinned
    }

    pub(crate) fn clock(&self, around: &Around<'_>) -> Now {
        let slept = self.slept_ms + self.asleep.map_or(0, |(since, _)| around.now - since);
        Now { mono: Duration::from_millis(around.now - slept), wall_ms: around.wall + self.wall_offset_ms }
    }

    /// Does what is due.
    pub(crate) fn tend(&mut self, around: &Around<'_>) {
        if self.asleep.is_some_and(|(_, until)| until <= around.now) {
            self.wake(around);
        }
        if !self.is_running(around.now) {
            return;
        }
        let now = self.clock(around);
        self.work(around);
        while self.is_running(around.now)
            && let Some(bytes) = self.link.as_mut().and_then(|link| link.receive(around.now))
        {
            let mut decoder = FrameDecoder::new(limits::FRAME_BYTES_MAX);
            let mut frames = decoder.feed(&bytes);
            if let (Ok(Some(raw)), Some(session)) = (frames.next(), self.session.as_mut()) {
                session.receive(now, raw);
            }
            self.work(around);
        }
        if self.link.as_ref().is_some_and(Link::is_over) {
            self.link = None;
            if let Some(session) = &mut self.session {
                session.closed(now, Why::Closed);
            }
        }
        if let Some(session) = &mut self.session {
            session.tick(now);
        }
        self.work(around);
        if let Some(link) = &mut self.link {
            link.deliver(around.now);
        }
    }

    /// Lets the session do something, and then everything that follows.
    pub(crate) fn say<T>(&mut self, around: &Around<'_>, what: impl FnOnce(&mut Session, Now) -> T) -> Option<T> {
        if !self.is_running(around.now) {
            return None;
        }
        let now = self.clock(around);
        let said = self.session.as_mut().map(|session| what(session, now));
        self.work(around);
        said
    }

    /// Writes something.
    pub(crate) fn write(&mut self, around: &Around<'_>, write: Write) -> Option<Cid> {
        if !self.is_running(around.now) {
            return None;
        }
        let now = self.clock(around);
        let cid = self.session.as_mut().map(|session| session.write(now, write))?;
        self.written.push((cid, Fate::default()));
        self.work(around);
        Some(cid)
    }

    pub(crate) fn ask_members(&mut self, around: &Around<'_>, room: RoomId) {
        self.tokens += 1;
        let token = self.tokens;
        self.view.asked.insert(token, room);
        self.say(around, |session, now| {
            session.ask(now, token, tertulia_client::session::Ask::Members { room, after: None });
        });
    }

    pub(crate) fn fate(&mut self, cid: Cid) -> Option<&mut Fate> {
        self.written.iter_mut().find(|(of, _)| *of == cid).map(|(_, fate)| fate)
    }

    /// Takes the session's actions and events, one after the other.
    fn work(&mut self, around: &Around<'_>) {
        loop {
            self.listen(around);
            if !self.is_running(around.now) {
                return;
            }
            let Some(action) = self.todo.pop_front().or_else(|| self.session.as_mut().and_then(Session::next_action))
            else {
                return;
            };
            self.act(action, around);
        }
    }

    fn act(&mut self, action: Action, around: &Around<'_>) {
        let now = self.clock(around);
        // The disk takes its time, and whoever pulls the plug meanwhile finds it undone.
        let is_disk = matches!(action, Action::Persist(..) | Action::Load { .. } | Action::Restore(_));
        if is_disk && self.disk_is_slow && self.dice.one_in(40) && self.busy_until < around.now {
            self.busy_until = around.now + 1 + self.dice.below(400);
            self.todo.push_front(action);
            return;
        }
        let Some(session) = &mut self.session else { return };
        match action {
            Action::Connect => self.connect_at = Some(around.now + self.dice.below(3 * self.weather.latency_ms + 1)),
            Action::Send(bytes) => {
                if let Some(link) = &mut self.link {
                    link.send(bytes, around.now, self.weather, &mut self.dice, self.fault);
                }
            }
            Action::Close => {
                self.connect_at = None;
                self.hang_up();
            }
            Action::Pin(key) => self.pinned = Some(key),
            Action::Restore(key) => {
                let saved = self.keeper.saved(&key);
                session.restore(now, saved);
            }
            Action::Persist(key, batch) => {
                if self.disk_fails {
                    session.persist_failed(now, "the disk of this desk fails".to_owned());
                    return;
                }
                self.keeper.keep(&key, &batch);
                if around.trace && batch.iter().any(|change| matches!(change, Change::Since(_))) {
                    println!("{:>8} {} keeps {batch:?}", around.now, self.number);
                }
                session.persisted(now);
                for change in batch.iter() {
                    if let Change::Since(since) = change {
                        let saved = self.keeper.saved(&key);
                        eyes::covered(&saved, *since, around.witness);
                        self.check_erased(&key, &saved, *since, around.witness);
                    }
                }
            }
            Action::Load { server, room, from, to } => {
                let loaded = self.keeper.load(&server, room, from, to);
                session.loaded(now, room, from, to, loaded);
            }
        }
    }

    /// Is connected by now.
    pub(crate) fn connected(&mut self, link: Link, around: &Around<'_>) {
        self.link = Some(link);
        self.connect_at = None;
        self.say(around, |session, now| session.connected(now));
    }

    pub(crate) fn not_connected(&mut self, around: &Around<'_>) {
        self.connect_at = None;
        self.say(around, |session, now| session.connect_failed(now, Why::NotReached("nobody there".to_owned())));
    }
}
