//! How fast one connection may talk: frames and bytes a second, with a burst on top. Pure arithmetic; the turn decides
//! what to do with who has talked too much, which is not to read on for a while.
//!
//! A bucket of tokens, kept the other way round: not how much is left in it, but when it would be full again. So it is
//! one number, fills by itself, and costs nothing while nobody talks.

use crate::limits::Limits;

/// Who has used everything up is read again when so much time's worth is there, so that a flood costs a few wake-ups a
/// second, not one for each frame. The least burst is no shorter.
pub const STEP_MS: u64 = 100;

const NANOS_PER_MS: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000 * NANOS_PER_MS;

/// What one connection has used up. Eight bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// When the bucket is full again, in nanoseconds of the loop's monotonic clock.
    full_at: u64,
}

/// How much may be taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Frames, at least one.
    pub frames: u64,
    /// Bytes, at least one.
    pub bytes: usize,
}

impl Pace {
    /// How much may be taken now; `None` if everything is used up.
    #[must_use]
    pub fn allowance(self, limits: &Limits, now_ms: u64) -> Option<Allowance> {
        let left = (limits.burst_ms * NANOS_PER_MS).checked_sub(self.full_at.saturating_sub(now_ms * NANOS_PER_MS))?;
        // What saturates here is beyond every budget of a turn.
        let bytes = left.saturating_mul(limits.bytes_per_second) / NANOS_PER_SECOND;
        Some(Allowance {
            frames: left / (NANOS_PER_SECOND / limits.frames_per_second) + 1,
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(1),
        })
    }

    /// Whether everything is used up.
    #[must_use]
    pub fn is_spent(self, limits: &Limits, now_ms: u64) -> bool {
        self.full_at > (now_ms + limits.burst_ms) * NANOS_PER_MS
    }

    /// Counts what was taken: as frames or as bytes, whichever are dearer.
    pub fn spend(&mut self, frames: u64, bytes: usize, limits: &Limits, now_ms: u64) {
        let frames = frames.saturating_mul(NANOS_PER_SECOND / limits.frames_per_second);
        let bytes = (bytes as u64).saturating_mul(NANOS_PER_SECOND).div_ceil(limits.bytes_per_second);
        self.full_at = self.full_at.max(now_ms * NANOS_PER_MS).saturating_add(frames.max(bytes));
    }

    /// Other limits hold from now on: what was used up under those before is at most the burst that these allow.
    pub fn cap(&mut self, limits: &Limits, now_ms: u64) {
        self.full_at = self.full_at.min((now_ms + limits.burst_ms) * NANOS_PER_MS);
    }

    /// When to read on, in milliseconds, for a connection that has used everything up.
    #[must_use]
    pub fn resumes_at(self, limits: &Limits) -> u64 {
        self.full_at.div_ceil(NANOS_PER_MS).saturating_sub(limits.burst_ms) + STEP_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(frames_per_second: u64, bytes_per_second: u64, burst_ms: u64) -> Limits {
        Limits { frames_per_second, bytes_per_second, burst_ms, ..Limits::default() }
    }

    /// Takes all that there is at once, until a time; how many frames and bytes.
    fn take_all(limits: &Limits, until_ms: u64) -> (u64, u64) {
        let (mut pace, mut now, mut frames, mut bytes) = (Pace::default(), 0, 0, 0);
        while now < until_ms {
            match pace.allowance(limits, now) {
                Some(allowed) if limits.frames_per_second > 1_000_000 => {
                    let some = allowed.bytes.min(64 * 1024);
                    pace.spend(0, some, limits, now);
                    bytes += some as u64;
                }
                Some(allowed) => {
                    pace.spend(allowed.frames, 1, limits, now);
                    frames += allowed.frames;
                }
                None => now = pace.resumes_at(limits),
            }
        }
        (frames, bytes)
    }

    #[test]
    fn all_that_comes_is_the_burst_and_the_rate() {
        for (rate, burst_ms) in [(1, 100), (7, 1_000), (1_000, 100), (1_000, 10_000), (30_000, 500)] {
            let (frames, _) = take_all(&limits(rate, 1 << 30, burst_ms), 60_000);
            let expected = rate * (60_000 + burst_ms) / 1_000;
            assert!(
                frames.abs_diff(expected) <= 2 + expected / 100 + rate * STEP_MS / 1_000,
                "{rate} {burst_ms}: {frames}"
            );
        }
        for (rate, burst_ms) in [(4_096, 100), (1 << 20, 10_000), (1 << 30, 100)] {
            let (_, bytes) = take_all(&limits(10_000_000, rate, burst_ms), 60_000);
            let expected = rate * (60_000 + burst_ms) / 1_000;
            assert!(
                bytes.abs_diff(expected) <= 2 + expected / 100 + rate * STEP_MS / 1_000,
                "{rate} {burst_ms}: {bytes}"
            );
        }
    }

    #[test]
    fn who_is_quiet_gets_the_burst_back_and_never_more() {
        let limits = limits(100, 1 << 30, 2_000);
        let mut pace = Pace::default();
        pace.spend(200, 0, &limits, 1_000);
        assert_eq!(pace.allowance(&limits, 1_000).unwrap().frames, 1);
        assert_eq!(pace.allowance(&limits, 2_000).unwrap().frames, 101);
        assert_eq!(
            pace.allowance(&limits, 3_600_000).unwrap().frames,
            pace.allowance(&limits, u64::MAX >> 24).unwrap().frames
        );
    }

    #[test]
    fn the_largest_settings_do_not_overflow() {
        let mut limits = Limits::default();
        for key in crate::limits::KEYS {
            key.set(&mut limits, key.max).unwrap();
        }
        let mut pace = Pace::default();
        pace.spend(u64::MAX, usize::MAX, &limits, 1 << 40);
        assert_eq!(pace.allowance(&limits, 1 << 40), None);
        assert!(pace.resumes_at(&limits) > 1 << 40);
        assert_eq!(size_of::<Pace>(), 8);
    }
}
