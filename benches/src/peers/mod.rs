//! Other people's servers, for comparison: `--peers`. Each as its own package installs it, set so that it runs at its
//! best for this load, and spoken to in its own protocol. One that is not installed is left out, and the bench says so.

pub mod mosquitto;
pub mod nats;
pub mod ngircd;
pub mod redis;
pub mod redis_log;

use std::path::PathBuf;

use crate::{Failure, tertulia::text};

/// A server of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Publish and subscribe, in memory.
    Redis,
    /// MQTT with quality of service 0.
    Mosquitto,
    /// IRC.
    Ngircd,
    /// NATS without JetStream.
    Nats,
}

impl Peer {
    /// All that the bench knows.
    pub const ALL: [Self; 4] = [Self::Redis, Self::Mosquitto, Self::Ngircd, Self::Nats];

    /// What the row is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Mosquitto => "mosquitto",
            Self::Ngircd => "ngircd",
            Self::Nats => "nats",
        }
    }

    /// What the program is called.
    #[must_use]
    pub fn binary(self) -> &'static str {
        match self {
            Self::Redis => "redis-server",
            Self::Mosquitto => "mosquitto",
            Self::Ngircd => "ngircd",
            Self::Nats => "nats-server",
        }
    }

    /// Where the program is, if it is installed.
    #[must_use]
    pub fn find(self) -> Option<PathBuf> {
        #[expect(clippy::disallowed_methods, reason = "the edge, where the environment is read")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Debian puts servers where only an administrator looks.
        let more = ["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from);
        let directories: Vec<PathBuf> = std::env::split_paths(&path).chain(more).collect();
        let mut programs = directories.into_iter().map(|directory| directory.join(self.binary()));
        #[expect(clippy::disallowed_methods, reason = "whether a program is installed")]
        programs.find(|program| program.is_file())
    }

    /// Its configuration file for so many connections, listening on this port of loopback. What differs from the
    /// defaults lifts limits that would be met, or turns off what is not measured.
    #[must_use]
    pub fn config(self, port: u16, connections: usize) -> String {
        let room = connections + 64;
        match self {
            Self::Redis => format!(
                "bind 127.0.0.1\nport {port}\ndaemonize no\nsave \"\"\nappendonly no\nmaxclients {room}\n\
                 tcp-backlog 4096\nclient-output-buffer-limit pubsub 0 0 0\n\
                 client-output-buffer-limit normal 0 0 0\n"
            ),
            // Unless duplicates are allowed, each receiver of a message is compared with all those before it.
            Self::Mosquitto => format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\nmax_connections -1\nmax_queued_messages 0\n\
                 max_inflight_messages 0\nset_tcp_nodelay true\npersistence false\nallow_duplicate_messages true\n\
                 log_type error\nlog_dest stderr\n"
            ),
            Self::Ngircd => format!(
                "[Global]\nName = irc.bench.test\nInfo = bench\nListen = 127.0.0.1\nPorts = {port}\n\
                 MotdPhrase = bench\n[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\n\
                 MaxPenaltyTime = 0\nPingTimeout = 3600\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"
            ),
            Self::Nats => format!(
                "listen: \"127.0.0.1:{port}\"\nmax_connections: {room}\nmax_pending: 1GB\nwrite_deadline: \"60s\"\n\
                 ping_interval: \"30m\"\n"
            ),
        }
    }

    /// The arguments that make it read that file, and stay in the foreground.
    #[must_use]
    pub fn arguments(self, config: String) -> Vec<String> {
        match self {
            Self::Redis => vec![config],
            Self::Mosquitto | Self::Nats => vec!["-c".to_owned(), config],
            Self::Ngircd => vec!["-n".to_owned(), "-f".to_owned(), config],
        }
    }
}

/// Whether this is the text of message `number`.
fn check(number: u64, delivery: &[u8]) -> Result<(), Failure> {
    if delivery == text(number).as_bytes() {
        Ok(())
    } else {
        let came = String::from_utf8_lossy(delivery);
        Err(Failure::new(format!("message {number} is due, and this came: {came}")))
    }
}
