//! One direction of a connection through the proxy: what is on its way, and when it may go on.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::Instant,
};

use super::{Cut, State, Then, Way, Weather};

/// How much of one direction the proxy holds before it reads no more.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// Why a connection cannot go on.
pub(super) enum Broken {
    /// One side has gone.
    Lost,
    /// The test wants it, for all of them.
    Cut(Cut),
}

#[derive(Default)]
pub(super) struct Pipe {
    chunks: VecDeque<(Instant, VecDeque<u8>)>,
    held: usize,
    /// Nothing more comes in; passed on once all chunks are out.
    ended: bool,
    pub(super) end_passed: bool,
    /// Of a trickle: when the next bytes may go.
    not_before: Option<Instant>,
}

impl Pipe {
    pub(super) fn turn(
        &mut self,
        from: &TcpStream,
        to: &TcpStream,
        state: &mut State,
        way: Way,
    ) -> Result<Option<Instant>, Broken> {
        let now = Instant::now();
        loop {
            self.fill(from, now, state.weather)?;
            let due = self.pass(to, now, state, way)?;
            if self.chunks.is_empty() && self.ended && !self.end_passed {
                self.end_passed = true;
                let _ = to.shutdown(Shutdown::Write);
            }
            // A full pipe that has room again must read again: there will be no new event for what was there before.
            if self.ended || due.is_some() || self.held > 0 || !self.more(from) {
                return Ok(due);
            }
        }
    }

    fn more(&self, from: &TcpStream) -> bool {
        from.peek(&mut [0]).is_ok()
    }

    fn fill(&mut self, mut from: &TcpStream, now: Instant, weather: Weather) -> Result<(), Broken> {
        let mut bytes = [0; 16 * 1024];
        while !self.ended && self.held < HELD_BYTES_MAX {
            match from.read(&mut bytes) {
                Ok(0) => self.ended = true,
                Ok(got) => {
                    let due = if let Weather::Slow(delay) = weather { now + delay } else { now };
                    self.chunks.push_back((due, bytes[..got].iter().copied().collect()));
                    self.held += got;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Broken::Lost),
            }
        }
        Ok(())
    }

    /// Passes on what is due. When there is more to do, if nothing happens before.
    fn pass(
        &mut self,
        mut to: &TcpStream,
        now: Instant,
        state: &mut State,
        way: Way,
    ) -> Result<Option<Instant>, Broken> {
        while let Some((due, chunk)) = self.chunks.front_mut() {
            let mut most = chunk.len();
            let mut not_before = *due;
            if let Weather::Trickling(bytes, _) = state.weather {
                most = most.min(bytes);
                not_before = not_before.max(self.not_before.unwrap_or(now));
            }
            if not_before > now {
                return Ok(Some(not_before));
            }
            let left = match state.after {
                _ if state.weather == Weather::Stalled => return Ok(None),
                Some((of, left, then)) if of == way => Some((left, then)),
                _ => None,
            };
            if let Some((left, _)) = left {
                most = most.min(usize::try_from(left).unwrap());
            }
            let (bytes, _) = chunk.as_slices();
            let passed = match to.write(&bytes[..most.min(bytes.len())]) {
                Ok(passed) => passed,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(Broken::Lost),
            };
            chunk.drain(..passed);
            self.held -= passed;
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
            state.seen.passed[way as usize] += passed as u64;
            if let Weather::Trickling(_, every) = state.weather {
                self.not_before = Some(now + every);
            }
            if let Some((left, then)) = left {
                let left = left - passed as u64;
                state.after = (left > 0).then_some((way, left, then));
                match then {
                    _ if left > 0 => {}
                    Then::Cut(cut) => return Err(Broken::Cut(cut)),
                    Then::Stall => state.weather = Weather::Stalled,
                }
            }
        }
        Ok(None)
    }
}
