//! The choices that are words, and what follows from them.

use std::net::IpAddr;

/// Who may talk to the server without encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// Everybody.
    Always,
    /// Programs on this computer.
    Loopback,
    /// Nobody.
    Never,
}

impl Plaintext {
    /// The words for it in the configuration.
    pub const WORDS: &[(&str, Self)] =
        &[("always", Self::Always), ("loopback", Self::Loopback), ("never", Self::Never)];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Loopback => "loopback",
            Self::Never => "never",
        }
    }
}

/// Whether a peer with this address may talk without encryption.
///
/// The address is judged in its canonical form: a socket that takes both families shows `127.0.0.1` as
/// `::ffff:127.0.0.1`, and it is this computer all the same.
#[must_use]
pub fn plaintext_allowed(policy: Plaintext, peer: IpAddr) -> bool {
    match policy {
        Plaintext::Always => true,
        Plaintext::Loopback => peer.to_canonical().is_loopback(),
        Plaintext::Never => false,
    }
}

/// Which texts go to the activity log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogText {
    /// Those of public rooms; never those of private rooms or of direct messages.
    Public,
    /// None at all.
    None,
}

impl LogText {
    /// The words for it in the configuration.
    pub const WORDS: &[(&str, Self)] = &[("public", Self::Public), ("none", Self::None)];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::None => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_judged_on_the_canonical_address() {
        let here = ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "::ffff:127.1.2.3"];
        let elsewhere = ["192.168.1.7", "::ffff:192.168.1.7", "fe80::1", "2001:db8::1", "0.0.0.0", "::", "::127.0.0.1"];
        for (addresses, loopback) in [(here.as_slice(), true), (elsewhere.as_slice(), false)] {
            for address in addresses {
                let peer = address.parse().unwrap();
                assert!(plaintext_allowed(Plaintext::Always, peer), "{address}");
                assert_eq!(plaintext_allowed(Plaintext::Loopback, peer), loopback, "{address}");
                assert!(!plaintext_allowed(Plaintext::Never, peer), "{address}");
            }
        }
    }

    #[test]
    fn every_choice_has_its_word() {
        for (word, choice) in Plaintext::WORDS {
            assert_eq!(choice.word(), *word);
        }
        for (word, choice) in LogText::WORDS {
            assert_eq!(choice.word(), *word);
        }
    }
}
