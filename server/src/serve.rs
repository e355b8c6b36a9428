//! Putting the server together: the data directory, the log, the listeners, the loop; and taking it apart again.
//!
//! The order is the point. The directory is locked before anything in it is touched; addresses are bound before the log
//! is read, so that a second server fails at once; the ready lines come when a connection would be answered. Signals
//! are caught before all that, and a stop is heeded in the midst of a long replay.

use std::{
    fmt, io,
    net::{SocketAddr, ToSocketAddrs as _},
    time::Duration,
};

use tertulia_protocol::Seq;

use crate::{
    activity_log::{ActivityLog, Recorder},
    chat::Chat,
    config::{Config, Listen},
    data_dir::DataDir,
    descriptors,
    desk::{self, Desk},
    event_loop::{EventLoop, Reactor},
    keys::{Random as _, ServerKey, SystemRandom},
    listener::Listener,
    log::{
        Log,
        local::LocalLog,
        memory::MemoryLog,
        store::{OpenError, Store},
    },
    reload::{Load, Reload, Settings, who_may_connect},
    signals::Signals,
    turn::Turn,
};

/// How long an ordered stop waits for the last lines of the activity log.
const ACTIVITY_PATIENCE: Duration = Duration::from_secs(1);

/// So many entries are replayed between two looks at the signals: a few milliseconds on a small box.
const REPLAY_LOOK_ENTRIES: u64 = 1_000;

/// Where the log lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the data directory.
    Disk,
    /// Nowhere: for benches, which measure everything but the disk.
    Memory,
}

/// Why the server did not serve, or stopped out of order.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// An address, or the data directory, cannot be used.
    Unusable(String),
    /// Something broke while it ran.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(text) | Self::Broken(text) => f.write_str(text),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// Why a replay did not come to its end.
enum Interrupted {
    /// A signal asked for it.
    Stop,
    /// The log cannot be replayed.
    Failure(Failure),
}

impl From<OpenError> for Interrupted {
    fn from(error: OpenError) -> Self {
        Self::Failure(error.into())
    }
}

/// What a log of its home needs to end in order.
trait Ending: Log {
    fn end(self);
}

impl Ending for LocalLog {
    fn end(self) {
        // What is left to tell has nobody left to hear it.
        drop(self.close());
    }
}

impl Ending for MemoryLog {
    fn end(self) {}
}

/// Serves until a signal stops it in order. `load` reads the configuration again when another signal asks for it; `ready`
/// is told each address as soon as it would be answered; `complain` what an operator should know, from any thread.
///
/// # Errors
/// It could not begin, or could not go on.
pub fn serve(
    config: Config,
    load: Load,
    home: Home,
    ready: &mut dyn FnMut(SocketAddr),
    complain: fn(&str),
) -> Result<(), Failure> {
    let unusable = |what: &dyn fmt::Display| Failure::Unusable(what.to_string());
    let mut signals = Signals::catch().map_err(|error| Failure::Broken(format!("no signals: {error}")))?;
    let data = DataDir::open(&config.data.value).map_err(|error| unusable(&error))?;
    // It is nobody's way but the next restore's, which refuses.
    if let Err(error) = data.clear_restoring() {
        complain(&error.to_string());
    }
    descriptors::raise(complain);
    let listeners = listen(&config.listen.value)?;
    let reactor = Reactor::new().map_err(|error| Failure::Broken(format!("no poll: {error}")))?;
    let mut random = SystemRandom::new().map_err(|error| unusable(&error))?;
    let activity = ActivityLog::start(data.activity_log(), &config.limits, complain)
        .map_err(|error| Failure::Broken(format!("no thread for the activity log: {error}")))?;
    let mut chat = Chat::new();
    match home {
        Home::Memory => {
            let key = ServerKey::generate(&mut random).map_err(|error| unusable(&error))?;
            let desk = Desk::new(chat, MemoryLog::new(), key, Box::new(random), config.limits.clone());
            run(config, load, desk, activity, reactor, listeners, signals, ready, complain)
        }
        Home::Disk => {
            let store = Store::open(&data.database()).map_err(|error| unusable(&error))?;
            let done_upto = store.derived_upto()?;
            let mut left = Vec::new();
            let replayed = store.for_each(Seq(1), |entry| {
                if entry.seq.0.is_multiple_of(REPLAY_LOOK_ENTRIES) && signals.is_stop_asked() {
                    return Err(Interrupted::Stop);
                }
                let applied = chat.apply(entry).map_err(|error| Interrupted::Failure(unusable(&error)))?;
                if entry.seq > done_upto {
                    left.extend(desk::derived(entry, &applied));
                }
                Ok(())
            });
            match replayed {
                // Nobody was served and nothing was changed: there is nothing to end but this.
                Err(Interrupted::Stop) => return Ok(()),
                Err(Interrupted::Failure(failure)) => return Err(failure),
                Ok(()) => {}
            }
            chat.set_marks(store.marks()?);
            let key = chat_key(&store, &mut random)?;
            let ballast = data.ballast(config.limits.ballast_bytes);
            if let Err(error) = ballast.make() {
                complain(&format!("no room is kept for a full disk (limits.ballast_bytes): {error}"));
            }
            let log = LocalLog::start(store.with_ballast(ballast), reactor.wake()).map_err(|error| unusable(&error))?;
            let mut desk = Desk::new(chat, log, key, Box::new(random), config.limits.clone());
            desk.upkeep.left_over(left, done_upto);
            run(config, load, desk, activity, reactor, listeners, signals, ready, complain)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "everything that was put together, once for each sort of log")]
fn run<L: Ending>(
    config: Config,
    load: Load,
    mut desk: Desk<L>,
    (activity, recorder): (ActivityLog, Recorder),
    reactor: Reactor,
    listeners: Vec<Listener>,
    signals: Signals,
    ready: &mut dyn FnMut(SocketAddr),
    complain: fn(&str),
) -> Result<(), Failure> {
    desk.begin(reactor.now());
    let Settings { policy, keep_ms, limits } = Settings::new(&config, complain);
    desk.upkeep.keep(keep_ms, reactor.now());
    let plaintext = policy.plaintext;
    let addresses: Vec<SocketAddr> = listeners.iter().map(Listener::address).collect();
    let reload = Reload::start(config, load, activity.reopener(), complain, reactor.wake())
        .map_err(|error| Failure::Broken(format!("no thread for the configuration: {error}")))?;
    let turn = Turn::new(desk, Box::new(recorder), limits.clone(), policy);
    let mut event_loop = EventLoop::new(reactor, listeners, signals, turn, reload, &limits)
        .map_err(|error| Failure::Broken(format!("the loop cannot begin: {error}")))?;
    complain(who_may_connect(plaintext));
    addresses.into_iter().for_each(ready);
    let ran = event_loop.run().map_err(|error| Failure::Broken(error.to_string()));
    let (mut turn, now) = event_loop.into_turn();
    if ran.is_err() {
        turn.abandon(now);
    }
    turn.into_log().end();
    if !activity.close(ACTIVITY_PATIENCE) {
        complain("the activity log's disk does not answer: its last lines may be missing");
    }
    ran
}

/// The addresses that the configuration means, bound.
fn listen(wanted: &[Listen]) -> Result<Vec<Listener>, Failure> {
    let mut listeners = Vec::new();
    for listen in wanted {
        let refuse = |error: &io::Error| {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => ": another program listens there; stop it, or choose another with --listen",
                io::ErrorKind::AddrNotAvailable => ": this computer has no such address",
                io::ErrorKind::PermissionDenied => ": ports below 1024 need special rights; choose another",
                _ => "",
            };
            Failure::Unusable(format!("cannot listen on {listen}: {error}{hint}"))
        };
        #[expect(clippy::disallowed_methods, reason = "names are looked up at the start, when nobody waits yet")]
        let look_up = |host: &str, port| Ok((host, port).to_socket_addrs()?.collect());
        for address in listen.addresses(look_up).map_err(|error| refuse(&error))? {
            // What a name stands for is known here for the first time.
            let is_ours = |bound: &Listener| Listen::Address(bound.address()).is_twice(&Listen::Address(address));
            if listeners.iter().any(is_ours) {
                return Err(Failure::Unusable(format!(
                    "cannot listen on {listen}: it stands for {address}, where this server listens already; leave one of \
                     the two out"
                )));
            }
            listeners.push(Listener::bind(address).map_err(|error| refuse(&error))?);
        }
    }
    Ok(listeners)
}

/// The chat key: made at the first start, the same ever after, for clients pin it.
fn chat_key(store: &Store, random: &mut SystemRandom) -> Result<ServerKey, Failure> {
    const NAME: &str = "chat_key";
    let unusable = |what: &dyn fmt::Display| Failure::Unusable(what.to_string());
    let mut seed = [0; ServerKey::SEED_BYTES];
    match store.get(NAME).map_err(|error| unusable(&error))? {
        Some(stored) if stored.len() == seed.len() => seed.copy_from_slice(&stored),
        Some(_) => return Err(unusable(&"the chat key in the database is damaged: restore a backup")),
        None => {
            random.fill(&mut seed);
            store.put(NAME, &seed).map_err(|error| unusable(&error))?;
        }
    }
    ServerKey::from_seed(seed).map_err(|error| unusable(&error))
}
