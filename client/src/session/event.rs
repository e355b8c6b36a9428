//! What a session tells its owner: the model of a window, a terminal program, a bot.
//!
//! Events are values, in the order in which they happened; folding them is enough to show the truth. Nothing in here
//! holds a word for people: codes and parameters, which the window translates.

use std::time::Duration;

use tertulia_protocol::{
    Cid, DeviceId, Entry, ErrorCode, PublicKey, RoomId, Rseq, Seq, UserId, entry::RoomEntry, push, reply::UserRow,
};

use super::{
    ask::Answer,
    saved::{DraftText, OutboxItem, RoomState, SetBack},
    why::{StopCode, Why},
};

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
    /// What logs that were set back have taken from us, in the order of those logs, as far as it is worth showing: told when
    /// what is kept is told.
    Lost(Vec<RoomEntry>),
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
    /// each open room. Once per login, and once more after each time that the server had to leave something out, or that
    /// we came back into a room.
    SyncedOnce,
    /// Something could not be written to the profile, such as the pin of a new server. The chat goes on.
    ProfileNotSaved {
        /// What the system said, in English.
        why: String,
    },
}
