//! How a broken promise is told: by a panic that begins with the promise's name, so that a run ends where it was broken,
//! and so that whatever product code asserts ends it in the same way.

use std::fmt::Display;

/// What holds, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// An acknowledged entry is in the log, once, in its place, for ever.
    Kept,
    /// Nothing is told before it is durable, and nothing but what the log says.
    Told,
    /// Nothing is shown as sent that is not placed.
    Sent,
    /// Everything written is placed, or refused with a reason; in the order of writing.
    Written,
    /// Everybody sees the same, and what the server means.
    Same,
    /// Nobody is sent what he may not read.
    Private,
    /// What is erased is gone.
    Erased,
    /// The sync point covers nothing that the client does not have.
    Covered,
    /// Read marks, unread and mentions are the server's.
    Marks,
    /// The rooms and people are the server's.
    Rooms,
    /// The log means the state.
    Replay,
    /// Queues are bounded.
    Bounded,
    /// With everything in order, everything comes to rest.
    Calm,
}

/// Ends the run: this promise was broken.
#[track_caller]
pub(crate) fn broken(promise: Promise, what: impl Display) -> ! {
    panic!("{promise:?} is broken: {what}");
}

/// Ends the run unless something holds.
#[track_caller]
pub(crate) fn holds<D: Display>(holds: bool, promise: Promise, what: impl FnOnce() -> D) {
    if !holds {
        broken(promise, what());
    }
}
