//! The address of a server as people write it: `HOST`, `HOST:PORT`, `[IPV6]:PORT`, or a bare IPv6 address.
//!
//! Parsed once; its one written form is also the name under which the server's key is pinned. Looks nothing up.

use std::{fmt, str::FromStr};

use tertulia_protocol::limits::DEFAULT_PORT;

/// A host, by name or number, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerAddress {
    host: String,
    port: u16,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidAddress {
    /// There is no host.
    Empty,
    /// A character that no address has.
    Character(char),
    /// A bracket without its partner, or something other than a port behind it.
    Brackets,
    /// The port is not a number from 1 to 65535.
    Port,
}

impl ServerAddress {
    /// The host: a name, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Default for ServerAddress {
    fn default() -> Self {
        Self { host: "localhost".to_owned(), port: DEFAULT_PORT }
    }
}

impl FromStr for ServerAddress {
    type Err = InvalidAddress;

    fn from_str(typed: &str) -> Result<Self, InvalidAddress> {
        let typed = typed.trim();
        if let Some(bad) = typed.chars().find(|c| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '?')) {
            return Err(InvalidAddress::Character(bad));
        }
        let (host, port) = if let Some(rest) = typed.strip_prefix('[') {
            let (host, behind) = rest.split_once(']').ok_or(InvalidAddress::Brackets)?;
            match behind.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if behind.is_empty() => (host, None),
                None => return Err(InvalidAddress::Brackets),
            }
        } else {
            match typed.split_once(':') {
                // Several colons without brackets: an IPv6 address, and no port.
                Some((_, rest)) if rest.contains(':') => (typed, None),
                Some((host, port)) => (host, Some(port)),
                None => (typed, None),
            }
        };
        if host.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        if let Some(bad) = host.chars().find(|c| matches!(c, '[' | ']')) {
            return Err(InvalidAddress::Character(bad));
        }
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(InvalidAddress::Port)?,
            None => DEFAULT_PORT,
        };
        // Names do not tell large letters from small ones, and a pin has to be found again.
        Ok(Self { host: host.to_lowercase(), port })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the address has no host"),
            Self::Character(c) => write!(f, "no address holds the character {c:?}"),
            Self::Brackets => f.write_str("an address in brackets looks like [::1]:7667"),
            Self::Port => f.write_str("a port is a number from 1 to 65535"),
        }
    }
}

impl std::error::Error for InvalidAddress {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expected: Result<&str, InvalidAddress>) {
        let address: Result<ServerAddress, InvalidAddress> = typed.parse();
        assert_eq!(address.map(|address| address.to_string()), expected.map(str::to_owned), "{typed:?}");
    }

    #[test]
    fn addresses_have_one_written_form() {
        check("chat", Ok("chat:7667"));
        check(" Chat.Example:80 ", Ok("chat.example:80"));
        check("192.168.1.5", Ok("192.168.1.5:7667"));
        check("::1", Ok("[::1]:7667"));
        check("[FE80::1%eth0]:9", Ok("[fe80::1%eth0]:9"));
        check("[::1]", Ok("[::1]:7667"));
        assert_eq!(ServerAddress::default().to_string(), "localhost:7667");
    }

    #[test]
    fn what_is_no_address_says_why() {
        check("", Err(InvalidAddress::Empty));
        check(":80", Err(InvalidAddress::Empty));
        check("[]:80", Err(InvalidAddress::Empty));
        check("[::1", Err(InvalidAddress::Brackets));
        check("[::1]80", Err(InvalidAddress::Brackets));
        check("a]:1", Err(InvalidAddress::Character(']')));
        check("http://chat", Err(InvalidAddress::Character('/')));
        check("chat room", Err(InvalidAddress::Character(' ')));
        check("chat:", Err(InvalidAddress::Port));
        check("chat:0", Err(InvalidAddress::Port));
        check("chat:65536", Err(InvalidAddress::Port));
    }
}
