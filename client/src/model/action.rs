//! What goes into the model: every fact that it is told.
//!
//! Owns that half of the vocabulary: the network reports, a person did something, time passed. What comes out is an
//! [`super::effect::Effect`]. Nothing here knows of sockets, widgets or clocks.

use std::time::Duration;

use tertulia_protocol::{Cid, Entry, ErrorCode, RoomId, Rseq, UserId, entry::RoomEntry, reply::UserRow};

use super::{
    palette::Palette,
    question::{Answer, StopFailure},
    timeline::RowKey,
};
use crate::session::{self, DraftText, Failure, OutboxItem, RoomState};

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
    /// Who we are, from what is kept, before any connection.
    Me {
        /// Who we are.
        user: UserId,
        /// What we were called.
        name: String,
    },
    /// People who are new to us, or are shown otherwise now.
    Users(Vec<UserRow>),
    /// Who is online, as a whole.
    Online {
        /// Everybody.
        people: Vec<UserId>,
        /// Those of them who are away from their desks.
        away: Vec<UserId>,
    },
    /// Who came and who went since, who is away and who is back.
    Presence {
        /// Who came.
        came: Vec<UserId>,
        /// Who went.
        went: Vec<UserId>,
        /// Who is away.
        away: Vec<UserId>,
        /// Who is back.
        back: Vec<UserId>,
    },
    /// So many are online that only their number is told.
    OnlineCount(u64),
    /// A room that is new or stands otherwise.
    Room(RoomState),
    /// Forget the entries of a room: its places mean something else from now on.
    Reset(RoomId),
    /// The log of the server was set back, or is another one.
    LogChanged {
        /// Whether it grew out of the one that we knew.
        same_server: bool,
        /// How many entries that we held are no longer on the server.
        lost: u64,
    },
    /// What is kept of the entries that are no longer on the server.
    Lost(Vec<RoomEntry>),
    /// Something could not be kept in the profile; what the system said.
    ProfileNotSaved(String),
    /// Entries of a room, by rising place and without a hole, with what was said about them further on.
    Entries {
        /// The room.
        room: RoomId,
        /// The entries.
        entries: Vec<Entry>,
        /// What was said about them.
        later: Vec<Entry>,
    },
    /// Content of a room that is erased.
    Erased {
        /// The room.
        room: RoomId,
        /// The first place.
        from: Rseq,
        /// The last place.
        to: Rseq,
    },
    /// The server has stored what we wrote.
    Settled {
        /// What we called it.
        cid: Cid,
        /// Its room, which may be another one than it was written to.
        room: RoomId,
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
        failure: Failure,
    },
    /// What we wrote is kept, and outlasts the window.
    Queued(OutboxItem),
    /// What stood in the composer of a room when the window was last closed.
    Draft(RoomId, DraftText),
    /// Who is writing in a room.
    Typing(RoomId, Vec<UserId>),
    /// A state of the server began, or is over.
    Notice {
        /// Which one.
        what: u16,
        /// Whether it began.
        on: bool,
    },
    /// The answer to a question.
    Answered {
        /// What we called the question.
        token: u64,
        /// The answer.
        answer: session::Answer,
    },

    // From the person.
    /// Enter was pressed in the composer.
    Submit {
        /// A fresh name for what may become a message.
        cid: Cid,
        /// Everything that stood in the composer.
        text: String,
    },
    /// The text in the composer was changed, by whoever sits before it.
    Composed {
        /// All of it.
        text: String,
        /// Where the cursor stands, in bytes.
        cursor: usize,
    },
    /// A key was pressed in the composer: it is worth looking at its text.
    Edited,
    /// Send again what was refused.
    Retry {
        /// What failed.
        failed: Cid,
        /// A fresh name for the new try: the server remembers its answer to the old one.
        cid: Cid,
    },
    /// Throw away what was refused.
    Discard(Cid),
    /// The list shows its first row: more is wanted, if there is more.
    ReachedTop,
    /// The list shows its last row: more is wanted, if there is more.
    ReachedEnd,
    /// The page that was wished for could not even be asked for: it may be wished for again.
    PageNotAsked(RoomId),
    /// Show a room.
    OpenRoom(RoomId),
    /// Show the room above the open one, or below it.
    NextRoom {
        /// Whether the one above.
        up: bool,
    },
    /// Go to the newest message.
    JumpToNewest,
    /// Go to a message of the open room.
    Jump(Rseq),
    /// Write an answer to a message.
    AnswerTo(RowKey),
    /// Mend an own message; without a name, the last one.
    Mend(Option<RowKey>),
    /// Take an own message back: asks first.
    Delete(RowKey),
    /// React to a message, or take the reaction back.
    React {
        /// The message.
        row: RowKey,
        /// The emoji.
        emoji: String,
        /// A fresh name for it.
        cid: Cid,
    },
    /// Speak with one person.
    Direct {
        /// With whom.
        user: UserId,
        /// A fresh name for the room that may be opened.
        cid: Cid,
    },
    /// Get out of whatever is smaller than the window: an answer, a mending.
    Escape,
    /// Take the chosen completion of a name into the text.
    Complete {
        /// Which one of those that are shown.
        index: usize,
    },
    /// Show something else than the first completion as chosen.
    NextCompletion {
        /// Whether the one above.
        up: bool,
    },
    /// Open a list to choose from.
    OpenPalette(Palette),
    /// Something was typed over the list.
    PaletteTyped(String),
    /// A row of the list was chosen.
    PaletteChose {
        /// Which row.
        index: usize,
        /// A fresh name for what may be written because of it.
        cid: Cid,
    },
    /// Close the list.
    ClosePalette,
    /// Whether the list shows its last row.
    AtEnd(bool),
    /// The list stands elsewhere than at its end: the first row of a place in sight, and how far it is below the top of the
    /// view.
    Reads {
        /// The place.
        rseq: Rseq,
        /// How far below.
        top: i32,
    },
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
    Answer {
        /// Which one.
        answer: Answer,
        /// A fresh name for what may be written because of it.
        cid: Cid,
    },
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
