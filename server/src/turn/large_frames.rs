//! Room for large frames that have begun to come and not ended: a bound over all connections together, in the order in
//! which they began.
//!
//! A frame's length is known as soon as it begins. If there is room for all of it, it is read on; if not, its connection
//! is not read until another one's frame has come, or was late and its connection closed. What is small passes by: who
//! has no room reads in small bites, so that of what has to wait only the beginning is kept.

use std::collections::VecDeque;

use tertulia_protocol::limits::{FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN};
use tertulia_transport::Socket;

use super::Turn;
use crate::{connection::Connection, connections::ConnectionId, limits::Limits, log::Log};

/// A frame of no more than this needs no room, length included: as much as may be sent before the login.
const SMALL_BYTES: usize = 4 + FRAME_BYTES_MAX_BEFORE_LOGIN;

/// Who has room, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct LargeFrames {
    /// All claims together, in bytes.
    claimed: usize,
    /// Those who wait, the first one first. May name some who are gone.
    queue: VecDeque<ConnectionId>,
}

impl LargeFrames {
    /// How much of a connection may be read at once.
    pub(super) fn budget<S>(&self, connection: &Connection<S>, limits: &Limits, is_pressed: bool) -> usize {
        if connection.claim > 0 {
            // The rest of its frame, and a little of the next one, which has no room yet.
            (connection.claim as usize).saturating_sub(connection.framed.kept_bytes()) + SMALL_BYTES
        } else if is_pressed || !self.queue.is_empty() || self.claimed + FRAME_BYTES_MAX >= limits.partial_frames_bytes
        {
            SMALL_BYTES
        } else {
            usize::MAX
        }
    }

    /// Looks at what a connection has begun, after `frames` were read: it keeps its room, or gets some, or waits.
    pub(super) fn claim<S>(&mut self, id: ConnectionId, connection: &mut Connection<S>, frames: u64, limits: &Limits) {
        let claim = connection.framed.claimed_bytes();
        if claim > SMALL_BYTES && connection.claim > 0 && frames == 0 {
            return;
        }
        self.forget(connection);
        if claim > SMALL_BYTES {
            if self.queue.is_empty() && self.has_room(claim, limits) {
                self.take(connection, claim);
            } else {
                connection.is_queueing = true;
                connection.is_paused = true;
                self.queue.push_back(id);
            }
        }
    }

    /// Whether somebody waits.
    pub(super) fn is_short(&self) -> bool {
        !self.queue.is_empty()
    }

    /// A connection needs its room no more.
    pub(super) fn forget<S>(&mut self, connection: &mut Connection<S>) {
        self.claimed -= std::mem::take(&mut connection.claim) as usize;
        connection.is_queueing = false;
    }

    fn take<S>(&mut self, connection: &mut Connection<S>, claim: usize) {
        connection.claim = u32::try_from(claim).unwrap_or(u32::MAX);
        self.claimed += connection.claim as usize;
    }

    /// The least limit holds several of the largest frames, so whoever is first gets room in the end.
    fn has_room(&self, claim: usize, limits: &Limits) -> bool {
        self.claimed + claim <= limits.partial_frames_bytes
    }
}

impl<S: Socket, L: Log> Turn<S, L> {
    /// Reads those on for whom there is room now.
    pub(super) fn read_large_frames_on(&mut self) {
        while let Some(&id) = self.large_frames.queue.front() {
            if let Some(connection) = self.connections.get_mut(id).filter(|connection| connection.is_queueing) {
                let claim = connection.framed.claimed_bytes();
                if !self.large_frames.has_room(claim, &self.limits) {
                    return;
                }
                connection.is_queueing = false;
                self.large_frames.take(connection, claim);
                self.connections.make_ready(id);
            }
            self.large_frames.queue.pop_front();
        }
        self.large_frames.queue = VecDeque::new();
    }

    /// Asserts what has to hold between two turns.
    pub(super) fn check_large_frames(&self) {
        let claimed: usize = self.connections.iter().map(|connection| connection.claim as usize).sum();
        assert_eq!(self.large_frames.claimed, claimed, "the sum of all claims");
        let queueing = self.connections.iter().filter(|connection| connection.is_queueing).count();
        assert!(queueing <= self.large_frames.queue.len(), "who waits for room is in the queue");
    }
}
