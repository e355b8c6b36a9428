//! What a session tells its owner: the model of a window, a terminal program, a bot.
//!
//! Events are values, in the order in which they happened; folding them is enough to show the truth. Nothing in here
//! holds a word for people: codes and parameters, which the window translates.

use std::{fmt, time::Duration};

use tertulia_protocol::{
    Cid, DecodeError, DeviceId, Entry, ErrorCode, FrameError, PublicKey, RoomId, Rseq, Seq, UserId,
    entry::RoomEntry,
    push,
    reply::{MemberRow, RoomRow, UserRow},
};

use super::saved::{DraftText, OutboxItem, RoomState, SetBack};

/// Something that the owner of a session should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An attempt to reach the server begins. The first since the start, or since the last stable login, is number 1.
    Connecting {
        /// The number of the attempt.
        attempt: u32,
    },
    /// The server is the right one and knows who we are. Writes go out from here on; what happened meanwhile follows.
    LoggedIn {
        /// Who we are.
        user: UserId,
        /// The device that our key is.
        device: DeviceId,
        /// What we are called.
        name: String,
        /// The server's chat key, which is now pinned.
        server_key: PublicKey,
        /// Whether others on the network can read along: false on plain TCP.
        encrypted: bool,
    },
    /// The connection is gone, or could not be made. Nobody is known to be online any more. A new attempt is made by
    /// itself after `retry_in`.
    Disconnected {
        /// Why.
        why: Why,
        /// How long until the next attempt.
        retry_in: Duration,
    },
    /// There is no point in trying again before a person has done something: choose another name, look at the key of
    /// the server. `retry`, `log_in_as` and `trust_server_key` start again.
    Stopped {
        /// What is in the way.
        code: StopCode,
        /// What its translation needs: the parameters of the server's error, or the pinned and the offered key in hex.
        params: Vec<String>,
    },
    /// Who we were at the last login, from what is kept: told before any connection.
    Me {
        /// The person.
        user: UserId,
        /// The name.
        name: String,
    },
    /// People who are new to us, renamed, or shown otherwise. Always ahead of the first entry that one of them wrote.
    Users(Vec<UserRow>),
    /// Who is online, as it travels: the whole set, a change of it, or a number alone.
    Presence(push::Presence),
    /// A room that is new to us, or that stands otherwise than when it was told last: its name, its head, what is unread.
    Room(RoomState),
    /// Entries of a room, by rising place and without a hole among them: live, pulled, or from what is kept.
    ///
    /// With a store: in any order, and some perhaps twice; whatever a newer version of one says holds, and an empty body
    /// is erased for ever (see [`crate::fold`]). Without one, for scripts: they join what was told before at its end,
    /// never one twice between two resets.
    Entries {
        /// The room.
        room: RoomId,
        /// The entries.
        entries: Vec<Entry>,
        /// What was said about them further on, by rising place, with holes.
        later: Vec<Entry>,
    },
    /// What was said about entries that were told before, by rising place, with holes.
    Later {
        /// The room.
        room: RoomId,
        /// Edits, deletions, reactions.
        entries: Vec<Entry>,
    },
    /// Content of a room that is erased: to be forgotten at once.
    Erased {
        /// The room.
        room: RoomId,
        /// The first place.
        from: Rseq,
        /// The last place.
        to: Rseq,
    },
    /// Forget what was told of this room: its places mean something else from now on.
    Reset {
        /// The room.
        room: RoomId,
    },
    /// The log of the server was set back, or is another one. What was told of all rooms is void (a `Reset` of each
    /// follows), and what is not on the server any more is kept aside. People have to be told.
    LogChanged {
        /// Into what.
        how: SetBack,
        /// How many entries that we held are no longer on the server, all such changes together.
        lost: u64,
    },
    /// Something lies in the outbox: newly written and kept, or from before the start (failed ones too).
    Queued(OutboxItem),
    /// What stands in the composer of a room, from before the start.
    Draft {
        /// The room.
        room: RoomId,
        /// The text.
        draft: DraftText,
    },
    /// Who is writing in a room. Whoever is not named again within 6 s has stopped.
    Typing {
        /// The room.
        room: RoomId,
        /// Everybody who is writing, ourselves perhaps too.
        users: Vec<UserId>,
    },
    /// A state of the server has begun or is over. None holds while there is no connection.
    Notice {
        /// Which one; 1: nothing but deletions can be stored.
        what: u16,
        /// Whether it has begun.
        on: bool,
    },
    /// The answer to a question.
    Answer {
        /// What the asker called it.
        token: u64,
        /// The answer.
        answer: Answer,
    },
    /// A write is durable, ordered, and on its way to everybody. Told exactly once, and then never `WriteRefused`.
    Settled {
        /// What we called it.
        cid: Cid,
        /// Its room.
        room: RoomId,
        /// Its place in the room.
        rseq: Rseq,
        /// Its place in the log.
        seq: Seq,
        /// When the server took it, in milliseconds since 1970 (UTC).
        at: i64,
    },
    /// A write was refused. With a store it stays in the outbox as failed, until it is retried under a new name or thrown
    /// away; without one it is forgotten here.
    WriteRefused {
        /// What we called it.
        cid: Cid,
        /// Why.
        code: ErrorCode,
        /// What the translation of the code needs.
        params: Vec<String>,
    },
    /// Everything that there was at this login has been told: people, rooms, and what was missed or the newest page of
    /// each open room. Once per login, and once more after each time that the server had to leave something out.
    SyncedOnce,
    /// Something could not be written to the profile, such as the pin of a new server. The chat goes on.
    ProfileNotSaved {
        /// What the system said, in English.
        why: String,
    },
}

/// A question to the server. It is asked once: without a connection, or when that breaks, the answer is [`Answer::Cut`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which public rooms there are, behind this one.
    Browse {
        /// The last room of the answer before.
        after: Option<RoomId>,
    },
    /// Who the members of a room are, behind this one.
    Members {
        /// The room.
        room: RoomId,
        /// The last person of the answer before.
        after: Option<UserId>,
    },
    /// Where something was said.
    Search(Search),
}

/// What to look for. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Words that all stand in the text; may be empty if there is another condition.
    pub words: String,
    /// Only in this room.
    pub room: Option<RoomId>,
    /// Only of this person.
    pub author: Option<UserId>,
    /// Only from this time on, in milliseconds since 1970 (UTC).
    pub from: Option<i64>,
    /// Only before this time.
    pub until: Option<i64>,
    /// Only with a link in it.
    pub has_link: bool,
    /// Only before this place: what the answer before said in `below`.
    pub below: Option<Seq>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Public rooms, by rising id.
    Rooms {
        /// The rooms.
        rooms: Vec<RoomRow>,
        /// Whether there are more behind the last one.
        more: bool,
    },
    /// Members of a room, by rising id.
    Members {
        /// The room.
        room: RoomId,
        /// The members.
        members: Vec<MemberRow>,
        /// Whether there are more behind the last one.
        more: bool,
    },
    /// What was found, newest first.
    Hits {
        /// The messages, with their newest text.
        hits: Vec<RoomEntry>,
        /// From where to go on, if not everything was looked through.
        below: Option<Seq>,
    },
    /// The server says no.
    Refused {
        /// Why.
        code: ErrorCode,
        /// What the translation of the code needs.
        params: Vec<String>,
    },
    /// There is no connection, or it broke before the answer.
    Cut,
}

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
