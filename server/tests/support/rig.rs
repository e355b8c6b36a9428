//! The server under test, its clock, and what it has written into the activity log.

use std::{cell::RefCell, net::SocketAddr, rc::Rc};

use tertulia_protocol::{ServerFrame, limits as wire_limits, reply};
use tertulia_server::{
    activity_log::{Activity, Record},
    chat::Chat,
    config::{LogText, Plaintext},
    connections::ConnectionId,
    desk::{Desk, Now, derived},
    keys::{SeededRandom, ServerKey},
    limits::Limits,
    log::{Entry, memory::MemoryLog},
    turn::{Broken, Policy, Turn},
};

use super::{Client, Device, Manner, MemSocket, Wire};

/// So many turns without the clock moving, and the server spins.
const TURNS_MAX: usize = 50_000;

/// When every test begins.
const START: Now = Now { mono: 1_000, wall: 1_767_225_600_000 };

/// How a server is set up.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
    pub(crate) manner: Manner,
    pub(crate) seed: u64,
    /// Whether it is looked at what was kept for long enough, and how long that is; `Some(None)` for ever.
    pub(crate) keep_ms: Option<Option<i64>>,
}

impl Default for Options {
    fn default() -> Self {
        let policy = Policy { plaintext: Plaintext::Always, log_text: LogText::Public };
        Self { limits: Limits::default(), policy, manner: Manner::default(), seed: 1, keep_ms: None }
    }
}

/// The activity log as a list.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Rc<RefCell<Vec<(i64, Activity)>>>);

impl Record for Recorder {
    fn record(&mut self, at: i64, activity: Activity) {
        self.0.borrow_mut().push((at, activity));
    }
}

/// A server, driven by hand.
pub(crate) struct Rig {
    pub(crate) turn: Turn<MemSocket, MemoryLog>,
    pub(crate) now: Now,
    /// How many turns it has made.
    pub(crate) turns: usize,
    pub(crate) options: Options,
    recorder: Recorder,
    wires: Vec<(ConnectionId, Wire)>,
    devices: u64,
    ports: u16,
}

impl Rig {
    /// A server over an empty log.
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::over(Vec::new(), options, START)
    }

    /// A server with other limits.
    pub(crate) fn limited(limit: impl FnOnce(&mut Limits)) -> Self {
        let mut options = Options::default();
        limit(&mut options.limits);
        Self::with(options)
    }

    /// A server over what an earlier one has left.
    pub(crate) fn over(entries: Vec<Entry>, options: Options, now: Now) -> Self {
        let mut rig = Self::started(MemoryLog::with_entries(entries), options, now);
        rig.settle();
        rig
    }

    /// A server over an empty log of some sort, before its first turn.
    pub(crate) fn unbegun(set_up: impl FnOnce(&mut MemoryLog)) -> Self {
        let mut log = MemoryLog::new();
        set_up(&mut log);
        Self::started(log, Options::default(), START)
    }

    fn started(log: MemoryLog, options: Options, now: Now) -> Self {
        let (done_upto, mut left) = (log.derived_upto(), Vec::new());
        let mut chat = Chat::new();
        for entry in log.entries() {
            let applied = chat.apply(entry).unwrap();
            if entry.seq > done_upto {
                left.extend(derived(entry, &applied));
            }
        }
        chat.set_marks(log.marks());
        let key = ServerKey::generate(&mut SeededRandom::new(options.seed)).unwrap();
        let random = Box::new(SeededRandom::new(options.seed.wrapping_add(now.mono)));
        let limits = options.limits.clone();
        let mut desk = Desk::new(chat, log, key, random, limits.clone());
        desk.upkeep.left_over(left, done_upto);
        if let Some(keep_ms) = options.keep_ms {
            desk.upkeep.keep(keep_ms, now);
        }
        desk.begin(now);
        let recorder = Recorder::default();
        let turn = Turn::new(desk, Box::new(recorder.clone()), limits, options.policy);
        Self { turn, now, turns: 0, options, recorder, wires: Vec::new(), devices: 0, ports: 0 }
    }

    /// Pulls the plug and starts again from what was durable. The clients' wires are cut.
    pub(crate) fn restart(self) -> Self {
        for (_, wire) in &self.wires {
            wire.reset();
        }
        let Self { turn, now, options, devices, ports, .. } = self;
        let mut rig = Self { devices, ports, ..Self::started(turn.into_log().after_power_loss(), options, now) };
        rig.settle();
        rig
    }

    // Time.

    /// One turn, with the edges that there are. What the turn says about going on.
    pub(crate) fn try_step(&mut self) -> Result<(), Broken> {
        self.wires.retain(|(_, wire)| !wire.is_dropped());
        for (id, wire) in &self.wires {
            let (readable, writable) = wire.edges();
            if readable || writable {
                self.turn.mark(*id, readable, writable);
            }
        }
        self.turns += 1;
        self.turn.run(self.now)?;
        self.turn.take_reaped();
        Ok(())
    }

    #[track_caller]
    pub(crate) fn step(&mut self) {
        self.try_step().unwrap();
    }

    /// Turns until nothing is left to do without time passing.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            self.step();
            if !self.is_due() {
                self.turn.check_invariants();
                return;
            }
        }
        panic!("the server spins: it is still not done after {TURNS_MAX} turns");
    }

    /// Whether the poll would return at once.
    pub(crate) fn is_due(&mut self) -> bool {
        self.turn.log_mut().has_news()
            || self.turn.deadline().is_some_and(|at| at <= self.now.mono)
            || self.wires.iter().any(|(_, wire)| wire.has_edges())
    }

    /// Lets time pass, with a turn whenever one is due.
    #[track_caller]
    pub(crate) fn sleep(&mut self, ms: u64) {
        let until = self.now.mono + ms;
        self.settle();
        while let Some(at) = self.turn.deadline().filter(|at| *at <= until) {
            self.set_clock(at);
            self.settle();
        }
        self.set_clock(until);
    }

    fn set_clock(&mut self, mono: u64) {
        self.now.wall += i64::try_from(mono - self.now.mono).unwrap();
        self.now.mono = mono;
    }

    // Clients.

    /// Somebody connects with a device that was never here.
    pub(crate) fn connect(&mut self) -> Client {
        self.devices += 1;
        self.connect_with(self.devices)
    }

    pub(crate) fn connect_with(&mut self, device: u64) -> Client {
        let manner = self.options.manner;
        self.connect_as(device, manner)
    }

    pub(crate) fn connect_as(&mut self, device: u64, manner: Manner) -> Client {
        self.ports += 1;
        self.connect_from(device, manner, SocketAddr::from(([192, 168, 1, 7], self.ports)))
    }

    pub(crate) fn connect_from(&mut self, device: u64, manner: Manner, peer: SocketAddr) -> Client {
        let wire = Wire::new(manner, self.options.seed ^ device);
        let id = self.turn.accept(wire.socket(), peer, self.now);
        self.wires.push((id, wire.clone()));
        Client::new(id, wire, Device::new(device)).with_cids_of(self.ports.into())
    }

    /// A client that has its challenge.
    #[track_caller]
    pub(crate) fn challenged(&mut self) -> Client {
        let mut client = self.connect();
        client.hello();
        self.settle();
        client.challenged();
        client
    }

    /// Somebody new logs in.
    #[track_caller]
    pub(crate) fn login(&mut self, name: &str) -> Client {
        self.login_to(name).0
    }

    #[track_caller]
    pub(crate) fn login_to(&mut self, name: &str) -> (Client, reply::Welcome) {
        let mut client = self.connect();
        let welcome = self.log_in(&mut client, Some(name));
        (client, welcome)
    }

    /// A device that was here comes again.
    #[track_caller]
    pub(crate) fn login_again(&mut self, device: u64) -> (Client, reply::Welcome) {
        let mut client = self.connect_with(device);
        let welcome = self.log_in(&mut client, None);
        (client, welcome)
    }

    /// The whole handshake, and what the welcome said. Whatever came behind it is left to be looked at.
    #[track_caller]
    pub(crate) fn log_in(&mut self, client: &mut Client, name: Option<&str>) -> reply::Welcome {
        client.hello();
        self.settle_with(client);
        client.challenged();
        client.prove(name);
        self.settle_with(client);
        client.welcomed()
    }

    /// Turns until nothing is left to do, with this client reading all the while.
    #[track_caller]
    pub(crate) fn settle_with(&mut self, client: &mut Client) {
        loop {
            self.settle();
            if client.wire.waiting() == 0 {
                return;
            }
            client.read();
        }
    }

    // What there is to look at.

    pub(crate) fn log(&mut self) -> &mut MemoryLog {
        self.turn.log_mut()
    }

    /// What the activity log got since the last call.
    pub(crate) fn activities(&self) -> Vec<Activity> {
        self.recorder.0.borrow_mut().drain(..).map(|(_, activity)| activity).collect()
    }

    /// Why connections ended since the activity log was last looked at.
    pub(crate) fn endings(&self) -> Vec<&'static str> {
        let ending = |activity| if let Activity::Disconnected { why, .. } = activity { Some(why) } else { None };
        self.activities().into_iter().filter_map(ending).collect()
    }

    /// Asserts that a replay of the log comes to the state that the server has.
    #[track_caller]
    pub(crate) fn check_replay(&mut self) {
        let entries = self.log().entries().to_vec();
        let mut chat = Chat::new();
        for entry in entries.iter().take(usize::try_from(self.turn.chat().position().0).unwrap()) {
            chat.apply(entry).unwrap();
        }
        chat.set_marks(self.log().marks());
        assert_eq!(format!("{chat:?}"), format!("{:?}", self.turn.chat()));
    }

    /// What a client is told of people and of the server, beside all that it waits for.
    pub(crate) fn is_signal(frame: &ServerFrame) -> bool {
        matches!(
            frame,
            ServerFrame::Presence(_)
                | ServerFrame::Users(_)
                | ServerFrame::Typing(_)
                | ServerFrame::Notice(_)
                | ServerFrame::Heartbeat(_)
        )
    }

    /// Whatever a server may send to a client at any time without having been asked.
    pub(crate) fn is_push(frame: &ServerFrame) -> bool {
        matches!(
            frame,
            ServerFrame::Entry(_)
                | ServerFrame::Rooms(_)
                | ServerFrame::Gone(_)
                | ServerFrame::Lagged(_)
                | ServerFrame::Marked(_)
        ) || Self::is_signal(frame)
    }

    /// How long a connection may be silent.
    pub(crate) const DEAD_AFTER_MS: u64 = wire_limits::DEAD_AFTER_MS;
}
