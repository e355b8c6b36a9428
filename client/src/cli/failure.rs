//! How the program can fail, as exit codes and as `code: text` lines.

use std::io;

use tertulia_protocol::ErrorCode;

use super::print::escape;
use crate::{
    session::{StopCode, Why},
    store::StoreError,
};

pub(super) const EXIT_OK: u8 = 0;
pub(super) const EXIT_REFUSED: u8 = 1;
pub(super) const EXIT_USAGE: u8 = 2;
pub(super) const EXIT_UNKNOWN: u8 = 3;
pub(super) const EXIT_IDENTITY: u8 = 4;

/// An ending that is not the one that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    exit_code: u8,
    /// None: whoever read our output has gone, and that is no failure.
    line: Option<(&'static str, String)>,
}

impl Failure {
    fn new(exit_code: u8, code: &'static str, text: impl Into<String>) -> Self {
        Self { exit_code, line: Some((code, text.into())) }
    }

    pub(super) fn usage(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(EXIT_USAGE, code, text)
    }

    pub(super) fn refused(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(EXIT_REFUSED, code, text)
    }

    pub(super) fn unknown(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(EXIT_UNKNOWN, code, text)
    }

    pub(super) fn name_needed() -> Self {
        Self::usage("name_needed", "nobody has logged in from this profile yet: say with --name NAME who you are")
    }

    pub(super) fn no_room(room: &str) -> Self {
        Self::refused(ErrorCode::NO_ROOM.name(), format!("there is no room {room}, or it is not yours"))
    }

    /// The server refused a request.
    pub(super) fn from_code(code: ErrorCode, params: &[String]) -> Self {
        Self::refused(code.name(), explain(code, params))
    }

    /// A login that needs a person.
    pub(super) fn stopped(code: StopCode, params: &[String]) -> Self {
        let param = |at: usize| params.get(at).map_or("?", String::as_str);
        let text = match code {
            StopCode::Refused(ErrorCode::NAME_NEEDED) => return Self::name_needed(),
            StopCode::Refused(code) => explain(code, params),
            StopCode::ServerKeyChanged => format!(
                "the server shows another key ({}) than at the first visit ({}). If it was set up anew, remove its entry \
                 from servers.json in the profile; if not, somebody pretends to be it",
                param(1),
                param(0)
            ),
            StopCode::ServerKeyUnproved => format!("the server could not prove that it holds the key {}", param(0)),
            StopCode::DeviceKeyUnusable => "the key of this device cannot sign".to_owned(),
            StopCode::HistoryUnusable | StopCode::SystemFailed => param(0).to_owned(),
        };
        let exit_code = match code {
            StopCode::HistoryUnusable | StopCode::SystemFailed => EXIT_UNKNOWN,
            code if code.is_about_identity() => EXIT_IDENTITY,
            _ => EXIT_REFUSED,
        };
        Self::new(exit_code, code.name(), text)
    }

    /// The time is over, and there never was a login. `why`: how the last attempt ended.
    pub(super) fn unreachable(server: &str, why: Option<&Why>) -> Self {
        match why {
            Some(why) => Self::unknown(why.name(), format!("{server}: {why}")),
            None => Self::unknown("timeout", format!("{server}: no answer in time")),
        }
    }

    /// What to write to standard error.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        // Escaped, because names and the server's words are part of it.
        self.line.as_ref().map(|(code, text)| format!("{code}: {}", escape(text)))
    }

    /// What the process should answer.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        // Without the key nobody is anybody: that is a matter of identity, as the exit code says.
        Self::new(EXIT_IDENTITY, "profile", error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self { exit_code: EXIT_OK, line: None }
        } else {
            Self::unknown("output", error.to_string())
        }
    }
}

/// A code of the server in English.
fn explain(code: ErrorCode, params: &[String]) -> String {
    let param = |at: usize| params.get(at).map_or("?", String::as_str);
    match code {
        ErrorCode::NO_COMMON_VERSION => "the server speaks no version that this program speaks".to_owned(),
        ErrorCode::PLAINTEXT_REFUSED => "the server takes only encrypted connections from here".to_owned(),
        ErrorCode::BAD_SIGNATURE => "the server did not accept the proof of this device's key".to_owned(),
        ErrorCode::BAD_NAME => format!("the name breaks a rule: {}", param(0)),
        ErrorCode::NAME_TAKEN => format!("the name {} belongs to somebody else", param(0)),
        ErrorCode::NAME_CONFUSABLE => format!("the name {} could be mistaken for {}", param(0), param(1)),
        ErrorCode::KEY_HAS_NAME => {
            format!("this profile is {} on the server; another name needs another profile", param(0))
        }
        ErrorCode::NAME_RESERVED => format!("nobody may have the name {}", param(0)),
        ErrorCode::TOO_MANY_NAMES => {
            "too many new names came from this address in the last hour: try again later".to_owned()
        }
        ErrorCode::NO_ROOM => "there is no such room, or it is not yours".to_owned(),
        ErrorCode::BAD_TEXT => "the server does not take this text".to_owned(),
        other => format!("the server refused (code {})", other.0),
    }
}
