//! A device's key. Its own code and not the server's, so that the two check each other.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use tertulia_protocol::{PublicKey, Signature};

/// A device: a key that follows from a number.
pub(crate) struct Device {
    pair: Ed25519KeyPair,
    number: u64,
}

impl Device {
    /// The same number gives the same device.
    pub(crate) fn new(number: u64) -> Self {
        let mut seed = [0xd5; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        Self { pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap(), number }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.pair.public_key().as_ref().try_into().unwrap())
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.pair.sign(bytes).as_ref().try_into().unwrap())
    }

    /// Whether somebody else's signature is right.
    pub(crate) fn trusts(key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &key.0).verify(bytes, &signature.0).is_ok()
    }
}
