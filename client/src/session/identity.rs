//! Who this device is, and the randomness that a session draws from.
//!
//! Both are pure: the bytes that they start from are given. Only the store makes and keeps key files, and only the
//! network thread asks the system for a seed.

use std::fmt;

use ring::{
    digest,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use tertulia_protocol::{PublicKey, Signature};

/// The secret key of a device. It proves on every login that its holder is who first came with it.
pub struct DeviceKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl DeviceKey {
    /// Reads a key from its PKCS#8 document (RFC 8410). `None` if it is damaged or something else.
    #[must_use]
    pub fn from_pkcs8(document: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8(document).ok().and_then(Self::new)
    }

    /// The key that a seed stands for.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().and_then(Self::new)
    }

    fn new(pair: Ed25519KeyPair) -> Option<Self> {
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    /// The public half, by which servers know the device.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs bytes. `None` never happens with this algorithm; it is no reason to end the program.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Option<Signature> {
        Some(Signature(self.pair.sign(bytes).as_ref().try_into().ok()?))
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The public half alone: what is printed for a developer ends up in bug reports.
        write!(f, "DeviceKey({})", self.public)
    }
}

/// Whether a signature over `bytes` was made by the holder of `key`.
pub(super) fn is_signed_by(key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
    UnparsedPublicKey::new(&ED25519, &key.0).verify(bytes, &signature.0).is_ok()
}

/// Random bytes from a seed: SHA-256 over the seed and a counter. Nobody who lacks the seed can foresee them, the same
/// seed gives the same bytes (so a test can replay a run), and drawing from it cannot fail.
pub struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    /// A source that starts from `seed`, which has to come from the system's own generator.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// As many fresh bytes as are asked for, at most 32.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= 32, "one block of SHA-256 has 32 bytes") };
        self.counter += 1;
        let mut block = digest::Context::new(&digest::SHA256);
        block.update(&self.seed);
        block.update(&self.counter.to_be_bytes());
        let mut bytes = [0; N];
        bytes.copy_from_slice(&block.finish().as_ref()[..N]);
        bytes
    }

    /// A number below `bound`, or 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        // 64 random bits against bounds of a few thousand milliseconds: the bias is of no account.
        u64::from_be_bytes(self.bytes()).checked_rem(bound).unwrap_or(0)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").field("counter", &self.counter).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_signs_is_known_to_be_its_own() {
        let key = DeviceKey::from_seed(&[7; 32]).unwrap();
        let signature = key.sign(b"hello").unwrap();
        assert!(is_signed_by(&key.public(), b"hello", &signature));
        assert!(!is_signed_by(&key.public(), b"hallo", &signature));
        assert!(!is_signed_by(&DeviceKey::from_seed(&[8; 32]).unwrap().public(), b"hello", &signature));
        assert!(!format!("{key:?}").contains("0707"), "a secret is never printed");
    }

    #[test]
    fn randomness_replays_from_its_seed_and_differs_between_draws() {
        let mut one = Random::from_seed([1; 32]);
        let mut other = Random::from_seed([1; 32]);
        let first: [u8; 32] = one.bytes();
        assert_eq!(first, other.bytes::<32>());
        assert_ne!(first, one.bytes::<32>());
        assert_eq!(one.below(0), 0);
        assert!((0..100).all(|_| one.below(10) < 10));
    }
}
