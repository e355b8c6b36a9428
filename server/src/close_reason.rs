//! Every way that a connection ends: written once to the activity log, counted once, told to the peer where it helps.

use tertulia_protocol::{DecodeError, ErrorCode, FrameError};

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// The peer ended it between two frames.
    PeerLeft,
    /// The peer ended it inside a frame.
    PeerBrokeOff,
    /// The network or the peer's system ended it.
    ConnectionLost,
    /// The peer sent what is not a frame or not a message.
    Malformed,
    /// The peer sent a frame beyond the limit in force.
    TooLarge,
    /// The peer sent a frame of a type that is not known and may not be skipped.
    UnknownType,
    /// The peer sent a message that has no place in the session's state.
    OutOfOrder,
    /// There is no version that both speak.
    NoCommonVersion,
    /// The login was refused.
    LoginRefused,
    /// The login took too long.
    HandshakeTimeout,
    /// A frame began and did not end.
    FrameTimeout,
    /// Nothing came for too long, not even a heartbeat.
    Silent,
    /// The peer does not read what it is sent.
    SlowReader,
    /// There are as many connections as there may be, in all or from one address.
    TooManyConnections,
    /// There are no descriptors for one more connection.
    OutOfDescriptors,
    /// The peer has to encrypt from where it calls.
    PlaintextRefused,
    /// The peer began to encrypt, which this server does not do.
    TlsRefused,
    /// The peer speaks some other protocol.
    Stranger,
    /// The server stops.
    Stopping,
    /// The server broke.
    ServerFailed,
}

impl CloseReason {
    /// The name in the activity log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PeerLeft => "peer_left",
            Self::PeerBrokeOff => "peer_broke_off",
            Self::ConnectionLost => "connection_lost",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::UnknownType => "unknown_type",
            Self::OutOfOrder => "out_of_order",
            Self::NoCommonVersion => "no_common_version",
            Self::LoginRefused => "login_refused",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::FrameTimeout => "frame_timeout",
            Self::Silent => "silent",
            Self::SlowReader => "slow_reader",
            Self::TooManyConnections => "too_many_connections",
            Self::OutOfDescriptors => "out_of_descriptors",
            Self::PlaintextRefused => "plaintext_refused",
            Self::TlsRefused => "tls_refused",
            Self::Stranger => "stranger",
            Self::Stopping => "stopping",
            Self::ServerFailed => "server_failed",
        }
    }

    /// What the peer is told, if telling makes sense.
    #[must_use]
    pub fn code(self) -> Option<(ErrorCode, &'static str)> {
        Some(match self {
            Self::Malformed => (ErrorCode::MALFORMED, "these bytes are not the protocol"),
            Self::TooLarge => (ErrorCode::TOO_LARGE, "the frame is larger than the limit"),
            Self::UnknownType => (ErrorCode::UNKNOWN_TYPE, "the frame's type is not known"),
            Self::OutOfOrder => (ErrorCode::OUT_OF_ORDER, "the message has no place here"),
            Self::NoCommonVersion => (ErrorCode::NO_COMMON_VERSION, "no version that both sides speak"),
            Self::HandshakeTimeout => (ErrorCode::TIMEOUT, "the login took too long"),
            Self::FrameTimeout => (ErrorCode::TIMEOUT, "the frame took too long"),
            Self::TooManyConnections | Self::OutOfDescriptors => {
                (ErrorCode::TOO_MANY_CONNECTIONS, "too many connections")
            }
            Self::PlaintextRefused => (ErrorCode::PLAINTEXT_REFUSED, "this server takes no unencrypted connections"),
            Self::Stopping => (ErrorCode::STOPPING, "the server is stopping"),
            Self::PeerLeft
            | Self::PeerBrokeOff
            | Self::ConnectionLost
            | Self::Silent
            | Self::LoginRefused
            | Self::SlowReader
            | Self::TlsRefused
            | Self::Stranger
            | Self::ServerFailed => return None,
        })
    }

    /// Whether it makes no sense to go on writing: the peer is gone, or does not read.
    #[must_use]
    pub fn is_abrupt(self) -> bool {
        matches!(self, Self::ConnectionLost | Self::Silent | Self::SlowReader | Self::ServerFailed)
    }
}

impl From<FrameError> for CloseReason {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLarge { .. } => Self::TooLarge,
            FrameError::Empty => Self::Malformed,
        }
    }
}

impl From<DecodeError> for CloseReason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::UnknownType(_) => Self::UnknownType,
            DecodeError::Malformed | DecodeError::TrailingBytes => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    /// The page for operators names every way, and no other.
    #[test]
    fn operations_lists_every_reason() {
        let names = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let page = include_str!("../../docs/operations.md");
        let (_, list) = page.split_once("`why` of `disconnected` is one of").unwrap();
        let mut told = names(list.split_once("\n\nA program").unwrap().0);
        let code = include_str!("close_reason.rs");
        let (_, body) = code.split_once("pub fn name(self)").unwrap();
        let body = body.split_once("    }\n\n").unwrap().0;
        let mut written: Vec<String> = body.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        told.sort();
        written.sort();
        assert!(written.len() >= 20, "{written:?}");
        assert_eq!(told, written);
    }
}
