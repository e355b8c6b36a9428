//! How long to wait before trying again: longer each time, and never in step with anybody else.

use std::time::Duration;

use super::identity::Random;

/// A growing wait with jitter.
///
/// The ceiling grows by a factor with each attempt. The wait itself is drawn evenly from between a small floor and the
/// ceiling: a hundred windows that lost the same server come back spread out, not as one storm.
#[derive(Debug)]
pub(super) struct Backoff {
    ceiling_ms: u64,
    first_ms: u64,
    last_ms: u64,
    /// Growth per attempt, in tenths.
    growth_tenths: u64,
}

/// No wait is shorter: a peer that refuses at once must not be asked in a busy loop.
pub(super) const WAIT_MIN_MS: u64 = 50;

impl Backoff {
    /// For connecting: from a quarter of a second to 15 seconds. A restarted server is found again within a breath, and
    /// a server that is gone for the night costs four attempts a minute.
    pub(super) fn connecting() -> Self {
        Self { ceiling_ms: 250, first_ms: 250, last_ms: 15_000, growth_tenths: 17 }
    }

    /// For writes that failed to be stored: from half a second to 5 seconds.
    pub(super) fn resending() -> Self {
        Self { ceiling_ms: 500, first_ms: 500, last_ms: 5_000, growth_tenths: 20 }
    }

    /// The next wait.
    pub(super) fn next(&mut self, random: &mut Random) -> Duration {
        let ceiling_ms = self.ceiling_ms;
        self.ceiling_ms = (ceiling_ms * self.growth_tenths / 10).min(self.last_ms);
        Duration::from_millis(WAIT_MIN_MS + random.below(ceiling_ms + 1 - WAIT_MIN_MS))
    }

    /// The next wait, while there is reason to hope: it grows no further than this.
    pub(super) fn next_within(&mut self, most_ms: u64, random: &mut Random) -> Duration {
        self.ceiling_ms = self.ceiling_ms.min(most_ms);
        let wait = self.next(random);
        self.ceiling_ms = self.ceiling_ms.min(most_ms);
        wait
    }

    /// All is well again: the next wait is a short one.
    pub(super) fn reset(&mut self) {
        self.ceiling_ms = self.first_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_within_their_bounds_and_start_again() {
        let mut random = Random::from_seed([9; 32]);
        let mut longest = [0; 30];
        for _ in 0..200 {
            let mut backoff = Backoff::connecting();
            for (attempt, longest) in longest.iter_mut().enumerate() {
                let wait_ms = u64::try_from(backoff.next(&mut random).as_millis()).unwrap();
                let ceiling_ms = 250.0 * 1.7_f64.powi(i32::try_from(attempt).unwrap());
                assert!((WAIT_MIN_MS..=15_000).contains(&wait_ms), "{wait_ms} ms");
                assert!((wait_ms as f64) <= ceiling_ms, "attempt {attempt}: {wait_ms} ms");
                *longest = wait_ms.max(*longest);
            }
            backoff.reset();
            assert!(backoff.next(&mut random) <= Duration::from_millis(250));
        }
        // The jitter uses its whole range: of 200 draws, some come near the ceiling.
        assert!(longest[0] > 200 && longest[5] > 2_500 && longest[29] > 13_000, "{longest:?}");
    }
}
