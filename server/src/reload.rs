//! Reading the configuration again while the server runs: on SIGHUP, on a thread of its own.
//!
//! Reading a file may take its time, and the chat does not wait for it. The loop asks; the thread reads, says on standard
//! error what came of it, has the activity log opened anew (whoever rotated it says so with the same signal), and wakes
//! the loop, which takes the new values between two turns. A configuration that is wrong changes nothing.
//!
//! Standard error may be a pipe that nobody reads: what the loop itself has to say there, the thread says.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread,
};

use crate::{
    activity_log::Reopener,
    config::{Config, ConfigError, Plaintext},
    descriptors,
    limits::Limits,
    turn::Policy,
};

/// Said at the start, and whenever it changes: who may connect, as long as nothing is encrypted.
pub(crate) fn who_may_connect(plaintext: Plaintext) -> &'static str {
    match plaintext {
        Plaintext::Always => {
            "connections are not encrypted (plaintext = \"always\"): whoever controls the network can read them"
        }
        Plaintext::Loopback => "only programs on this computer can connect (plaintext = \"loopback\")",
        Plaintext::Never => "nobody can connect: plaintext is \"never\", and this version does not encrypt",
    }
}

/// Reads the configuration as the start did: the same flags, the same environment, and what the file says now.
pub type Load = Box<dyn FnMut() -> Result<Config, ConfigError> + Send>;

/// What the loop goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How to talk to who has not logged in, and what to write down.
    pub policy: Policy,
    /// For how long what is said is kept, in milliseconds; `None` is forever.
    pub keep_ms: Option<i64>,
    /// Every cap.
    pub limits: Limits,
}

impl Settings {
    /// What a configuration says, as far as this process can keep it; `complain` is told how far, if not all the way.
    pub fn new(config: &Config, complain: fn(&str)) -> Self {
        let policy = Policy { plaintext: config.plaintext.value, log_text: config.log_text.value };
        Self { policy, keep_ms: config.keep.value.ms(), limits: descriptors::affordable(config, complain) }
    }
}

/// What the thread is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// To read the configuration.
    Read,
    /// To tell the operator something.
    Say(&'static str),
}

/// The loop's end of it.
#[derive(Debug)]
pub struct Reload {
    ask: SyncSender<Asked>,
    settings: Receiver<Settings>,
}

impl Reload {
    /// Starts the thread. It ends when this is dropped.
    ///
    /// # Errors
    /// The system starts no thread.
    pub fn start(
        mut config: Config,
        mut load: Load,
        activity: Reopener,
        complain: fn(&str),
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> io::Result<Self> {
        // One place for each sort: who asks while somebody waits already gets what is read after both, and there is no
        // more than one thing to say in a run.
        let (ask, asked) = sync_channel(2);
        let (tell, settings) = channel();
        #[expect(
            clippy::disallowed_methods,
            reason = "a file is read, which may block, and so has a thread of its own"
        )]
        thread::Builder::new().name("reload".to_owned()).spawn(move || {
            while let Ok(asked) = asked.recv() {
                if let Asked::Say(text) = asked {
                    complain(text);
                    continue;
                }
                let told = load().map(|new| reload(&mut config, new, complain));
                if let Err(error) = told {
                    complain(&format!("the configuration stays as it was:\n{error}"));
                }
                activity.reopen(&config.limits);
                if tell.send(Settings::new(&config, complain)).is_err() {
                    return;
                }
                wake();
            }
        })?;
        Ok(Self { ask, settings })
    }

    /// Has it read, some time soon.
    pub fn ask(&self) {
        // Full is as good: one that waits has not begun to read.
        let _ = self.ask.try_send(Asked::Read);
    }

    /// Has the operator told something, some time soon.
    pub fn say(&self, text: &'static str) {
        // Full is a thread that hangs on standard error, and could not say this either.
        let _ = self.ask.try_send(Asked::Say(text));
    }

    /// What was read since the last call, if anything was.
    pub fn take(&self) -> Option<Settings> {
        self.settings.try_iter().last()
    }
}

fn reload(config: &mut Config, new: Config, complain: fn(&str)) {
    let was = config.plaintext.value;
    let changes = config.reload(new);
    for refused in &changes.refused {
        complain(refused);
    }
    if changes.taken.is_empty() {
        complain("the configuration was read again: nothing changes");
    } else {
        complain(&format!("the configuration was read again: {}", changes.taken.join("; ")));
    }
    if was != config.plaintext.value {
        complain(who_may_connect(config.plaintext.value));
    }
}
