//! What goes into the model and what comes out: the whole boundary of the window's program with everything else.
//!
//! Owns the vocabulary. An [`Action`] is a fact (the network reports, a person did something, time passed); an
//! [`Effect`] is a wish that somebody else carries out. Nothing here knows of sockets, widgets or clocks.

use std::time::Duration;

use tertulia_protocol::{Cid, ErrorCode, Kind, RoomId, Rseq, Seq, UserId};

use super::{
    question::{Answer, StopFailure},
    timeline::RowKey,
};
use crate::address::ServerAddress;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    // From the network.
    /// A connection is being made; the first attempt is 1.
    Connecting {
        /// Which attempt this is since it last worked.
        attempt: u32,
    },
    /// Logged in, and live from here on.
    Connected {
        /// Who we are.
        user: UserId,
        /// What the server calls us.
        name: String,
        /// Whether nobody on the way can read along.
        encrypted: bool,
    },
    /// The connection is gone, or could not be made. It is tried again without anybody's help.
    Disconnected {
        /// What happened.
        why: Lost,
        /// How long until the next attempt.
        retry_in: Duration,
    },
    /// The login was refused, and trying again would not help: a person has to decide.
    Refused(Refusal),
    /// People who are new to us, or have another name now.
    Users(Vec<(UserId, String)>),
    /// Who is online, as a whole.
    Online(Vec<UserId>),
    /// Who came and who went since.
    Presence {
        /// Who came.
        came: Vec<UserId>,
        /// Who went.
        went: Vec<UserId>,
    },
    /// So many are online that only their number is told.
    OnlineCount(u64),
    /// The rooms that are new or have changed.
    Rooms(Vec<RoomInfo>),
    /// Forget the entries of a room: too much was missed, and its newest page follows.
    Reset(RoomId),
    /// Something could not be kept in the profile; what the system said.
    ProfileNotSaved(String),
    /// Entries of a room, live or from a page, in any order, known ones among them.
    Entries(RoomId, Vec<Entry>),
    /// The server has stored what we wrote.
    Settled {
        /// What we called it.
        cid: Cid,
        /// Its place in the log.
        seq: Seq,
        /// Its place in the room.
        rseq: Rseq,
        /// When the server took it.
        at_ms: i64,
    },
    /// The server refused what we wrote.
    Failed {
        /// What we called it.
        cid: Cid,
        /// Why.
        code: ErrorCode,
    },

    // From the person.
    /// Enter was pressed in the composer.
    Submit {
        /// A fresh name for what may become a message.
        cid: Cid,
        /// Everything that stood in the composer.
        text: String,
    },
    /// The text in the composer was changed.
    Edited,
    /// Send again what was refused.
    Retry {
        /// What failed.
        failed: Cid,
        /// A fresh name for the new try: the server remembers its answer to the old one.
        cid: Cid,
    },
    /// The list shows its first row: more is wanted, if there is more.
    ReachedTop,
    /// The page that was wished for could not even be asked for: it may be wished for again.
    OlderNotAsked(RoomId),
    /// Whether the list shows its last row.
    AtEnd(bool),
    /// Whether the window has the keyboard.
    Focus(bool),
    /// Show or fold away the people.
    TogglePeople,
    /// Put the text of a row on the clipboard.
    Copy(RowKey),
    /// The first-start dialog was filled in.
    Start {
        /// The name as typed.
        name: String,
        /// The server as typed.
        server: String,
        /// Whether to start a server on this computer.
        host: bool,
    },
    /// Go back to the dialog, to choose another name or server.
    ChangeLogin,
    /// The server that runs on this computer is to stop.
    StopHosting,
    /// The answer to what was asked.
    Answer(Answer),
    /// The window is to close.
    Close,

    // From the loop.
    /// Time passed.
    Tick {
        /// Now, in milliseconds since 1970 (UTC).
        now_ms: i64,
    },
    /// Starting a server on this computer did not work.
    HostFailed(HostFailure),
    /// Whether a server of this person runs on this computer.
    Hosting(bool),
    /// What came of stopping it.
    HostStopped(Result<(), StopFailure>),
}

/// Something that somebody else has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Hand this to the server, until it is settled or refused.
    Send {
        /// Where to.
        room: RoomId,
        /// Its name.
        cid: Cid,
        /// A valid text.
        text: String,
    },
    /// Ask for the page that ends before this place.
    LoadOlder {
        /// Of which room.
        room: RoomId,
        /// The first place that we hold.
        before: Rseq,
    },
    /// Connect to a server under a name, and stay connected.
    Connect {
        /// Where it is.
        server: ServerAddress,
        /// The name.
        name: String,
    },
    /// Make sure that a server runs on this computer, then connect to it under a name.
    Host {
        /// The name.
        name: String,
    },
    /// Stop the server that this person runs on this computer.
    StopHosted,
    /// Let go of the connection, and do not try again.
    Disconnect,
    /// The submitted text has been taken. Without this it goes back into the composer.
    TextTaken,
    /// Put this on the clipboard.
    Copy(String),
    /// End the program.
    Quit,
}

/// Why a connection ended or was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody answers there.
    Unreachable,
    /// The name of the server means nothing to this computer.
    UnknownHost,
    /// The other side went away.
    Closed,
    /// Nothing was heard for too long.
    Silent,
    /// This computer slept.
    Slept,
    /// What came back is not the language of this chat.
    NotTertulia,
    /// The server gave a reason.
    Told(ErrorCode),
}

/// Why a login was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The server said no.
    Server {
        /// Its code.
        code: ErrorCode,
        /// What the code is about, as the protocol says.
        params: Vec<String>,
    },
    /// The server is not the one that was here before: its key is another one.
    ServerKeyChanged,
    /// The server did not prove that it has the key that it shows.
    ServerKeyUnproved,
    /// The profile is open in another window.
    ProfileInUse,
    /// The profile cannot be used; what is wrong.
    Profile(String),
}

/// Why no server could be started here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostFailure {
    /// There is no `tertulia-server` beside this program or on the path.
    NotFound,
    /// It did not start; what it said.
    Stopped(String),
}

/// A room as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomInfo {
    /// Which one.
    pub id: RoomId,
    /// What it is called.
    pub name: String,
    /// The place of its last entry.
    pub head: Rseq,
    /// How many messages it holds.
    pub count: u64,
}

/// An entry of a room, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the room.
    pub rseq: Rseq,
    /// Its place in the log.
    pub seq: Seq,
    /// When the server took it, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// Who wrote it.
    pub author: UserId,
    /// What it is.
    pub kind: Kind,
    /// What it says, if its kind is known and its body can be read.
    pub text: Option<String>,
    /// What we called it, on our own entries in a page.
    pub cid: Option<Cid>,
}
