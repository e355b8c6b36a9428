//! Names for what a client writes: UUIDs of version 7 (RFC 9562), rising within the process.
//!
//! A `cid` is made once, before the first attempt to send, and never again for the same thing: it is what makes a
//! second attempt harmless. Clock and randomness are given.

use tertulia_protocol::Cid;

use super::identity::Random;

/// The random bits of a UUID of version 7: 12 beside the version, 62 beside the variant.
const RANDOM_BITS: u32 = 74;

/// Makes cids, each greater than the one before.
#[derive(Debug)]
pub struct CidMaker {
    random: Random,
    last_ms: u64,
    last_random: u128,
}

impl CidMaker {
    /// A maker that draws from `random`.
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self { random, last_ms: 0, last_random: 0 }
    }

    /// The next cid. A wall clock that stands still or goes back does not make it smaller: then the last moment is kept
    /// and its random part counted up by a random step (RFC 9562, section 6.2, method 2).
    pub fn make(&mut self, wall_ms: i64) -> Cid {
        let now_ms = u64::try_from(wall_ms).unwrap_or(0) & ((1 << 48) - 1);
        if now_ms > self.last_ms {
            self.start(now_ms);
        } else {
            self.last_random += 1 + u128::from(self.random.below(1 << 32));
            if self.last_random >> RANDOM_BITS != 0 {
                self.start(self.last_ms + 1);
            }
        }
        let high = self.last_random >> 62;
        let low = self.last_random & ((1 << 62) - 1);
        let bits = (u128::from(self.last_ms) << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low;
        Cid(bits.to_be_bytes())
    }

    fn start(&mut self, ms: u64) {
        self.last_ms = ms;
        // The topmost bit stays free, so that counting up within one millisecond has somewhere to go.
        self.last_random = u128::from_be_bytes(self.random.bytes()) & ((1 << (RANDOM_BITS - 1)) - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cids_are_uuids_of_version_7_that_begin_with_the_time() {
        let mut maker = CidMaker::new(Random::from_seed([3; 32]));
        let cid = maker.make(0x0192_3456_789a);
        assert_eq!(cid.0[..6], [0x01, 0x92, 0x34, 0x56, 0x78, 0x9a]);
        let uuid = uuid::Uuid::from_bytes(cid.0);
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn cids_rise_whatever_the_clock_does() {
        let mut maker = CidMaker::new(Random::from_seed([4; 32]));
        let mut last = maker.make(1_000);
        for wall_ms in [1_000, 1_000, 999, 5, -1, 1_001, 1_001, 2_000, 1_000].repeat(50) {
            let next = maker.make(wall_ms);
            assert!(next > last, "{next:?} after {last:?} at {wall_ms}");
            assert_eq!(uuid::Uuid::from_bytes(next.0).get_version_num(), 7);
            last = next;
        }
    }
}
