//! Ed25519 (RFC 8032) and randomness, behind names of our own; the work is ring's.
//!
//! The server signs with its **chat key**, which clients pin; it checks the signatures of devices. What the signatures
//! cover is written in `tertulia_protocol::handshake`.

use std::fmt;

use ring::rand::SecureRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{hmac, rand};
use tertulia_protocol::{PublicKey, Signature};

/// The server's chat key. Whoever has its seed is the server, as far as clients can tell.
pub struct ServerKey {
    seed: [u8; Self::SEED_BYTES],
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl ServerKey {
    /// How long a seed is.
    pub const SEED_BYTES: usize = 32;

    /// A new key.
    ///
    /// # Errors
    /// As [`Self::from_seed`].
    pub fn generate(random: &mut (impl Random + ?Sized)) -> Result<Self, KeyError> {
        Self::from_seed(random_bytes(random))
    }

    /// The key that a stored seed stands for.
    ///
    /// # Errors
    /// The library refuses it, or signs with it in a way that does not check: a key that clients are going to pin had
    /// better be tried before anybody relies on it.
    pub fn from_seed(seed: [u8; Self::SEED_BYTES]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError)?;
        let public = PublicKey(pair.public_key().as_ref().try_into().map_err(|_| KeyError)?);
        let key = Self { seed, pair, public };
        let probe = b"tertulia-probe-v1\0";
        if verify(&key.public, probe, &key.sign(probe)) { Ok(key) } else { Err(KeyError) }
    }

    /// The seed, to be stored where only the server reads it.
    #[must_use]
    pub fn seed(&self) -> &[u8; Self::SEED_BYTES] {
        &self.seed
    }

    /// What clients pin.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs these bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        let mut signature = Signature([0; 64]);
        // Ed25519 signatures have 64 bytes; were it otherwise, an empty signature, which never checks, beats a panic.
        if let Ok(made) = self.pair.sign(bytes).as_ref().try_into() {
            signature.0 = made;
        }
        signature
    }
}

impl fmt::Debug for ServerKey {
    /// The public half only: a key must not end up in a log because a structure around it was printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Whether the holder of this key signed these bytes. Wrong keys and noise are simply `false`.
#[must_use]
pub fn verify(key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
    UnparsedPublicKey::new(&ED25519, &key.0).verify(bytes, &signature.0).is_ok()
}

/// A chat key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the chat key cannot be used")
    }
}

impl std::error::Error for KeyError {}

/// Where random bytes come from. Injected, so that a test can run twice the same way.
pub trait Random {
    /// Fills the buffer.
    fn fill(&mut self, buffer: &mut [u8]);
}

/// That many bytes, for keys and nonces.
#[must_use]
pub fn random_bytes<const N: usize>(random: &mut (impl Random + ?Sized)) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// The randomness of the operating system.
///
/// Only [`SystemRandom::new`] can fail, at start, where ending with a message is right. Should the system ever refuse
/// later, with people connected, a generator of our own steps in: HMAC-SHA-256 of a counter under a key that came from
/// the system at start, which nobody can guess or meet twice.
pub struct SystemRandom {
    system: rand::SystemRandom,
    reserve: Reserve,
    stock: Stock,
}

/// Random bytes that nobody has seen yet: one call of the system is good for many nonces. What was handed out is gone.
struct Stock {
    bytes: [u8; STOCK_BYTES],
    left: usize,
}

/// As many as the system gives in one piece without being interrupted (getrandom(2)).
const STOCK_BYTES: usize = 256;

impl SystemRandom {
    /// Asks the system once, so that it may refuse now.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn new() -> Result<Self, NoRandomness> {
        let system = rand::SystemRandom::new();
        let mut key = [0; 32];
        system.fill(&mut key).map_err(|_| NoRandomness)?;
        Ok(Self { system, reserve: Reserve::new(key), stock: Stock { bytes: [0; STOCK_BYTES], left: 0 } })
    }
}

impl SystemRandom {
    fn ask(&mut self, buffer: &mut [u8]) {
        if self.system.fill(buffer).is_err() {
            self.reserve.fill(buffer);
        }
    }
}

impl Random for SystemRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        if buffer.len() > STOCK_BYTES {
            return self.ask(buffer);
        }
        if buffer.len() > self.stock.left {
            let mut bytes = [0; STOCK_BYTES];
            self.ask(&mut bytes);
            self.stock = Stock { bytes, left: STOCK_BYTES };
        }
        let first = self.stock.left - buffer.len();
        let taken = &mut self.stock.bytes[first..self.stock.left];
        buffer.copy_from_slice(taken);
        taken.fill(0);
        self.stock.left = first;
    }
}

impl fmt::Debug for SystemRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemRandom").finish_non_exhaustive()
    }
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gives no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// Blocks of HMAC-SHA-256 over a counter that only goes up.
struct Reserve {
    key: hmac::Key,
    blocks: u64,
}

impl Reserve {
    fn new(key: [u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), blocks: 0 }
    }
}

impl Random for Reserve {
    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            self.blocks += 1;
            let block = hmac::sign(&self.key, &self.blocks.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(block.as_ref()) {
                *to = *from;
            }
        }
    }
}

/// **For tests and simulations only**: bytes that follow from a number (SplitMix64). Anybody can compute them.
#[derive(Clone, Debug)]
pub struct SeededRandom(u64);

impl SeededRandom {
    /// The same number gives the same bytes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(self.next().to_le_bytes()) {
                *to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ServerKey {
        ServerKey::generate(&mut SeededRandom::new(1)).unwrap()
    }

    #[test]
    fn what_is_signed_checks_and_nothing_else_does() {
        let key = key();
        let other = ServerKey::generate(&mut SeededRandom::new(2)).unwrap();
        let signature = key.sign(b"hola");
        assert!(verify(&key.public(), b"hola", &signature));
        assert!(!verify(&key.public(), b"holb", &signature));
        assert!(!verify(&key.public(), b"", &signature));
        assert!(!verify(&other.public(), b"hola", &signature));
        for byte in 0..64 {
            let mut bent = signature;
            bent.0[byte] ^= 1;
            assert!(!verify(&key.public(), b"hola", &bent), "byte {byte}");
        }
    }

    /// The first test of RFC 8032, section 7.1: what clients in other languages compute, too.
    #[test]
    fn it_is_ed25519() {
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let key = ServerKey::from_seed(seed).unwrap();
        assert_eq!(key.public().to_string(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(
            key.sign(b"").to_string(),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        );
    }

    #[test]
    fn a_seed_brings_the_key_back() {
        let key = key();
        assert_eq!(ServerKey::from_seed(*key.seed()).unwrap().public(), key.public());
    }

    #[test]
    fn printing_a_key_does_not_tell_it() {
        let key = key();
        let seed = PublicKey(*key.seed()).to_string();
        let shown = format!("{key:?}");
        assert!(shown.contains(&key.public().to_string()) && !shown.contains(&seed), "{shown}");
    }

    #[test]
    fn noise_is_no_signature() {
        let mut random = SeededRandom::new(3);
        for _ in 0..100 {
            assert!(!verify(&PublicKey(random_bytes(&mut random)), b"hola", &Signature(random_bytes(&mut random))));
        }
    }

    #[test]
    fn random_bytes_differ_and_fill_every_length() {
        let mut system = SystemRandom::new().unwrap();
        let sources: [&mut dyn Random; 3] = [&mut system, &mut Reserve::new([7; 32]), &mut SeededRandom::new(4)];
        for source in sources {
            assert_ne!(random_bytes::<32>(source), random_bytes::<32>(source));
            for length in [0, 1, 7, 8, 31, 32, 33, 100] {
                // One byte in 256 is 0 by chance; sixteen tries in a row are not.
                let mut seen = vec![0; length];
                for _ in 0..16 {
                    let mut buffer = vec![0; length];
                    source.fill(&mut buffer);
                    seen.iter_mut().zip(&buffer).for_each(|(seen, byte)| *seen |= byte);
                }
                assert!(seen.iter().all(|byte| *byte != 0), "length {length}");
            }
        }
    }

    /// A stock that handed the same bytes out twice would give two peers the same nonce.
    #[test]
    fn no_bytes_of_the_stock_are_handed_out_twice() {
        let mut system = SystemRandom::new().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for round in 0..1_000 {
            assert!(seen.insert(random_bytes::<16>(&mut system)), "{round}");
            // So that the stock ends in different places.
            let mut others = vec![0; round % 300];
            system.fill(&mut others);
        }
        assert!(system.stock.bytes[system.stock.left..].iter().all(|byte| *byte == 0), "what was handed out is gone");
    }

    #[test]
    fn a_seed_gives_the_same_bytes() {
        assert_eq!(random_bytes::<40>(&mut SeededRandom::new(5)), random_bytes::<40>(&mut SeededRandom::new(5)));
        assert_ne!(random_bytes::<40>(&mut SeededRandom::new(5)), random_bytes::<40>(&mut SeededRandom::new(6)));
    }

    fn hex(text: &str) -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }
}
