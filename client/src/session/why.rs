//! Why there is no connection: for a while, or until a person does something.
//!
//! Codes and parameters, and their names on command lines; the words for people are translations.

use std::fmt;

use tertulia_protocol::{DecodeError, ErrorCode, FrameError};

/// Why a connection ended, or did not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The name of the server could not be turned into an address. The system's words follow.
    NotResolved(String),
    /// No address of the server took the connection. The system's words follow.
    NotReached(String),
    /// The server closed the connection, or the network did.
    Closed,
    /// The server said why it closes the connection.
    Told(ErrorCode),
    /// Nothing was heard for too long, heartbeats included.
    Silent,
    /// The server did not finish the login in time.
    LoginTimedOut,
    /// The server sent something that makes no sense.
    Protocol(Nonsense),
    /// This computer slept, and the connection is not worth waiting for.
    Slept,
}

/// What made no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// Bytes that are not a frame.
    Frame(FrameError),
    /// A frame that is not a message.
    Message(DecodeError),
    /// A message that has no place in this state.
    OutOfOrder,
    /// A page that is not the one that was asked for.
    Page,
}

impl Why {
    /// The name that command lines and translations know it by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotResolved(_) => "not_resolved",
            Self::NotReached(_) => "not_reached",
            Self::Closed => "closed",
            Self::Told(code) => code.name(),
            Self::Silent => "silent",
            Self::LoginTimedOut => "login_timed_out",
            Self::Protocol(_) => "nonsense",
            Self::Slept => "slept",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotResolved(why) => write!(f, "the server's name has no address: {why}"),
            Self::NotReached(why) => write!(f, "the server cannot be reached: {why}"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::Told(code) => write!(f, "the server closed the connection: {code}"),
            Self::Silent => f.write_str("nothing was heard from the server for too long"),
            Self::LoginTimedOut => f.write_str("the server did not finish the login in time"),
            Self::Protocol(Nonsense::Frame(error)) => write!(f, "the server sent {error}"),
            Self::Protocol(Nonsense::Message(error)) => write!(f, "the server sent {error}"),
            Self::Protocol(Nonsense::OutOfOrder) => f.write_str("the server sent a message out of order"),
            Self::Protocol(Nonsense::Page) => f.write_str("the server sent a page that was not asked for"),
            Self::Slept => f.write_str("this computer was asleep"),
        }
    }
}

/// What is in the way of a login, so that only a person can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCode {
    /// The server refused: the name is taken, breaks a rule, is missing …
    Refused(ErrorCode),
    /// The server has another key than the one pinned at the first visit: it was set up anew, or it is another one that
    /// pretends. Parameters: the pinned and the offered key, in hex.
    ServerKeyChanged,
    /// The server could not prove that it holds the key that it shows. Parameter: that key, in hex.
    ServerKeyUnproved,
    /// The device's key could not sign. It never happens with a key that could be read.
    DeviceKeyUnusable,
    /// What the window keeps cannot be used: a newer version has made the file, or the disk fails. Parameter: what is
    /// wrong, in English.
    HistoryUnusable,
    /// The operating system failed the network thread. Parameter: its words.
    SystemFailed,
}

impl StopCode {
    /// The name that command lines and translations know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused(code) => code.name(),
            Self::ServerKeyChanged => "server_key_changed",
            Self::ServerKeyUnproved => "server_key_unproved",
            Self::DeviceKeyUnusable => "device_key_unusable",
            Self::HistoryUnusable => "history_unusable",
            Self::SystemFailed => "system_failed",
        }
    }

    /// Whether it is about who somebody is, server or user, rather than about the version or the way of connecting.
    #[must_use]
    pub fn is_about_identity(self) -> bool {
        !matches!(
            self,
            Self::Refused(ErrorCode::NO_COMMON_VERSION | ErrorCode::PLAINTEXT_REFUSED)
                | Self::HistoryUnusable
                | Self::SystemFailed
        )
    }
}

/// Whether a connection that was closed with this code is worth no further attempt without a person. All codes of the
/// range for names and keys are, also those that only a newer server knows.
pub(super) fn stops(code: ErrorCode) -> bool {
    (20..40).contains(&code.0) || matches!(code, ErrorCode::NO_COMMON_VERSION | ErrorCode::PLAINTEXT_REFUSED)
}
