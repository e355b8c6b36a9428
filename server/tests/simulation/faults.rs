//! Deliberately broken variants: each breaks one thing that the design rests on, so that the simulation can show that it
//! would be found. Nothing of this is in the product; everything happens at the edges that the harness owns: the log
//! behind the server, the frames on their way, the store behind a session.

use tertulia_protocol::{Entry, RoomId, ServerFrame, push, reply};

use super::finding::Promise;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The log says that it has stored what it has only queued.
    LogAcksEarly,
    /// The log stores a `cid` a second time.
    LogStoresTwice,
    /// The log loses the last entry that it reported, with the power.
    LogLosesTheLast,
    /// The log stores what is queued behind a failure.
    LogGoesOnBehindFailures,
    /// An erasure takes the body of a state entry, too.
    LogErasesState,
    /// Nothing is erased in the log.
    LogKeepsErased,
    /// Live entries get lost on the way out.
    EntriesDropped,
    /// Two live entries change their places for one client.
    EntriesSwapped,
    /// Who has left a room is told the next entry of it.
    LeaversTold,
    /// A page shows what is erased.
    PageShowsErased,
    /// Pages come without what was said later.
    PageWithoutLater,
    /// A heartbeat moves the sync point of who lags.
    HeartbeatWhileLagging,
    /// Who becomes a member is not told.
    RoomsDropped,
    /// Names are not told.
    UsersDropped,
    /// Mentions are not counted.
    MentionsLost,
    /// Read marks do not reach the server.
    MarksDropped,
    /// The client takes its own write for placed when it goes out.
    ClientBelievesInSending,
    /// The client's store forgets what was written.
    ClientForgetsOutbox,
    /// The client's store brings back what was erased.
    ClientKeepsErased,
    /// The server keeps whatever a slow reader does not take.
    NoBoundForReaders,
    /// A write of a client is never answered.
    WritesDropped,
}

impl Fault {
    /// The promises of which one is found to be broken then.
    pub(crate) fn breaks(self) -> &'static [Promise] {
        match self {
            Self::LogAcksEarly => &[Promise::Told, Promise::Kept],
            Self::LogStoresTwice | Self::LogLosesTheLast => &[Promise::Kept],
            Self::LogGoesOnBehindFailures | Self::ClientForgetsOutbox => &[Promise::Written],
            Self::LogErasesState => &[Promise::Replay],
            Self::EntriesDropped => &[Promise::Same, Promise::Covered],
            Self::EntriesSwapped | Self::PageWithoutLater => &[Promise::Same],
            Self::LeaversTold => &[Promise::Private],
            Self::LogKeepsErased | Self::PageShowsErased | Self::ClientKeepsErased => &[Promise::Erased],
            Self::HeartbeatWhileLagging => &[Promise::Covered],
            Self::RoomsDropped | Self::UsersDropped => &[Promise::Rooms, Promise::Covered],
            Self::MentionsLost | Self::MarksDropped => &[Promise::Marks],
            Self::ClientBelievesInSending => &[Promise::Sent],
            Self::NoBoundForReaders => &[Promise::Bounded],
            Self::WritesDropped => &[Promise::Calm],
        }
    }
}

/// What reaches a client of a frame that the server sent.
pub(crate) fn tamper(fault: Option<Fault>, frame: ServerFrame, position: u64, roll: u64) -> Option<ServerFrame> {
    let Some(fault) = fault else { return Some(frame) };
    Some(match (fault, frame) {
        (Fault::EntriesDropped, ServerFrame::Entry(_)) if roll.is_multiple_of(8) => return None,
        (Fault::PageWithoutLater, ServerFrame::Page(page)) => ServerFrame::Page(reply::Page { later: None, ..page }),
        (Fault::HeartbeatWhileLagging, ServerFrame::Heartbeat(push::Heartbeat { .. })) => {
            ServerFrame::Heartbeat(push::Heartbeat { position: tertulia_protocol::Seq(position) })
        }
        (Fault::RoomsDropped, ServerFrame::Rooms(_)) if roll.is_multiple_of(2) => return None,
        (Fault::UsersDropped, ServerFrame::Users(_)) => return None,
        (Fault::MentionsLost, ServerFrame::Synced(mut synced)) => {
            synced.rooms.iter_mut().for_each(|row| row.mentions = None);
            ServerFrame::Synced(synced)
        }
        (_, frame) => frame,
    })
}

/// Lets two entries change their places.
pub(crate) fn swap(room: RoomId, one: Entry, other: &Entry) -> [push::RoomEntry; 2] {
    let first = Entry { seq: one.seq, rseq: one.rseq, count: one.count, ..other.clone() };
    let second = Entry { seq: other.seq, rseq: other.rseq, count: other.count, ..one };
    [push::RoomEntry { room, entry: first }, push::RoomEntry { room, entry: second }]
}
