//! Where to listen, as people write it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use tertulia_protocol::limits::DEFAULT_PORT;

/// One thing to listen on. Port 0 means any free one, which the ready line then tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Every address of this computer: `[::]` for both families (`IPV6_V6ONLY` off), `0.0.0.0` where IPv6 is off.
    Everywhere {
        /// The port.
        port: u16,
    },
    /// This address alone.
    Address(SocketAddr),
    /// The addresses that a name stands for, when the server starts.
    Name {
        /// The name.
        host: String,
        /// The port.
        port: u16,
    },
}

impl Default for Listen {
    fn default() -> Self {
        Self::Everywhere { port: DEFAULT_PORT }
    }
}

impl fmt::Display for Listen {
    /// As it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere { port } => write!(f, ":{port}"),
            Self::Address(address) => address.fmt(f),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl FromStr for Listen {
    type Err = InvalidListen;

    /// `host:port`, `:port`, `port`, or an address or host without a port. An IPv6 address with a port stands in
    /// brackets; `[::]` is [`Listen::Everywhere`], for that is what people mean by it.
    fn from_str(typed: &str) -> Result<Self, InvalidListen> {
        if typed.is_empty() {
            return Err(InvalidListen::Empty);
        }
        if let Ok(address) = typed.parse::<SocketAddr>() {
            return Ok(Self::from_address(address));
        }
        let inner = typed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(typed);
        if let Ok(ip) = inner.parse::<IpAddr>() {
            return Ok(Self::from_address(SocketAddr::new(ip, DEFAULT_PORT)));
        }
        if typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Everywhere { port: port(typed)? });
        }
        match typed.rsplit_once(':') {
            Some(("", digits)) => Ok(Self::Everywhere { port: port(digits)? }),
            Some((host, digits)) => Ok(Self::Name { host: name(host)?, port: port(digits)? }),
            None => Ok(Self::Name { host: name(typed)?, port: DEFAULT_PORT }),
        }
    }
}

impl Listen {
    /// What to bind. `look_up` asks the system for the addresses of a name; it may take its time, so this belongs to the
    /// start. [`Listen::Everywhere`] is the IPv6 wildcard here; the listener knows what to do where IPv6 is off.
    ///
    /// # Errors
    /// As `look_up` has it, or the name stands for nothing.
    pub fn addresses(
        &self,
        look_up: impl FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>>,
    ) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Everywhere { port } => Ok(vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port))]),
            Self::Address(address) => Ok(vec![*address]),
            Self::Name { host, port } => {
                let mut found = look_up(host, *port)?;
                // A name server may well give the same address twice, and the second bind would fail.
                found.sort();
                found.dedup();
                if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
            }
        }
    }

    /// Whether whoever listens on one of these already listens on the other, so that the second would find the port taken.
    /// What a name stands for is not known before the start.
    #[must_use]
    pub fn is_twice(&self, other: &Self) -> bool {
        // Port 0 is another one each time.
        match (self, other) {
            (Self::Everywhere { port }, other) | (other, Self::Everywhere { port }) => {
                *port == other.port() && *port != 0
            }
            (Self::Address(one), Self::Address(other)) => {
                let (ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
                let is_all = |ip: IpAddr| ip.is_unspecified();
                let is_same = ip == other_ip || ip.is_ipv4() == other_ip.is_ipv4() && (is_all(ip) || is_all(other_ip));
                is_same && one.port() == other.port() && one.port() != 0
            }
            (Self::Name { port, .. }, Self::Name { .. }) => self == other && *port != 0,
            (Self::Name { .. }, Self::Address(_)) | (Self::Address(_), Self::Name { .. }) => false,
        }
    }

    /// What is wrong with a list in which one thing stands twice: which entry, and in words.
    pub(super) fn doubled(listen: &[Self]) -> Option<(usize, String)> {
        listen.iter().enumerate().find_map(|(at, later)| {
            let earlier = listen[..at].iter().find(|earlier| earlier.is_twice(later))?;
            let what = if earlier == later {
                format!("\"{later}\" stands twice")
            } else {
                format!("\"{later}\" and \"{earlier}\" have addresses in common")
            };
            Some((at, format!("{what}; each port of an address can be listened on once")))
        })
    }

    fn port(&self) -> u16 {
        match self {
            Self::Everywhere { port } | Self::Name { port, .. } => *port,
            Self::Address(address) => address.port(),
        }
    }

    fn from_address(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => Self::Everywhere { port: v6.port() },
            address => Self::Address(address),
        }
    }
}

fn port(digits: &str) -> Result<u16, InvalidListen> {
    // `u16::from_str` would take a plus sign.
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().map_err(|_| InvalidListen::Port)
    } else {
        Err(InvalidListen::Port)
    }
}

/// A host name, roughly: whether it exists is found out when the server starts. What ends in a number is an IPv4
/// address that somebody mistyped, and asking a name server for it would only hide that.
fn name(host: &str) -> Result<String, InvalidListen> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if !host.is_empty() && host.chars().all(allowed) && !last.is_empty() && !last.bytes().all(|b| b.is_ascii_digit()) {
        Ok(host.to_owned())
    } else {
        Err(InvalidListen::Host)
    }
}

/// What is wrong with an address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidListen {
    /// There is nothing.
    Empty,
    /// The port is not a number from 0 to 65535.
    Port,
    /// The host is neither a name nor an address.
    Host,
}

impl fmt::Display for InvalidListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the address is empty",
            Self::Port => "the port is not a number from 0 to 65535",
            Self::Host => "the host is neither a name nor an address",
        })?;
        f.write_str("; an address is host:port, :port, port, or an address (IPv6 with a port as [::1]:7667)")
    }
}

impl std::error::Error for InvalidListen {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn everywhere(port: u16) -> Listen {
        Listen::Everywhere { port }
    }

    fn address(text: &str) -> Listen {
        Listen::Address(text.parse().unwrap())
    }

    fn host(host: &str, port: u16) -> Listen {
        Listen::Name { host: host.to_owned(), port }
    }

    #[test]
    fn an_address_may_be_written_in_several_ways() {
        for (typed, expected) in [
            (":7667", everywhere(7667)),
            ("8000", everywhere(8000)),
            ("0", everywhere(0)),
            ("[::]:7667", everywhere(7667)),
            ("::", everywhere(7667)),
            ("0.0.0.0:7667", address("0.0.0.0:7667")),
            ("0.0.0.0", address("0.0.0.0:7667")),
            ("127.0.0.1:0", address("127.0.0.1:0")),
            ("192.168.1.7", address("192.168.1.7:7667")),
            ("::1", address("[::1]:7667")),
            ("[::1]", address("[::1]:7667")),
            ("[::1]:80", address("[::1]:80")),
            ("[fe80::1%2]:80", address("[fe80::1%2]:80")),
            ("localhost", host("localhost", 7667)),
            ("localhost:80", host("localhost", 80)),
            ("casa.example:80", host("casa.example", 80)),
        ] {
            assert_eq!(typed.parse(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_is_wrong() {
        use InvalidListen::{Empty, Host, Port};
        for (typed, wrong) in [
            ("", Empty),
            (":", Port),
            ("70000", Port),
            (":70000", Port),
            ("localhost:", Port),
            ("localhost:+80", Port),
            ("localhost:http", Port),
            ("http://localhost:80", Host),
            ("127.0.0:80", Host),
            ("1.2.3.4.5", Host),
            ("::1:80x", Host),
            ("a b:80", Host),
            (" :80", Host),
            ("[::1:80", Host),
        ] {
            assert_eq!(typed.parse::<Listen>(), Err(wrong), "{typed}");
        }
        assert!(Port.to_string().contains("0 to 65535") && Port.to_string().contains("host:port"));
    }

    #[test]
    fn what_would_find_its_port_taken_by_us_is_twice() {
        let is_twice = |one: &str, other: &str| {
            let (one, other): (Listen, Listen) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.is_twice(&other), other.is_twice(&one));
            one.is_twice(&other)
        };
        for (one, other) in [
            (":7667", "7667"),
            (":7667", "0.0.0.0:7667"),
            (":7667", "[::1]:7667"),
            (":7667", "casa:7667"),
            ("0.0.0.0:7667", "192.168.1.7:7667"),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80"),
            ("casa:80", "casa:80"),
        ] {
            assert!(is_twice(one, other), "{one} {other}");
        }
        for (one, other) in [
            (":0", ":0"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            (":7667", ":7668"),
            ("0.0.0.0:7667", "[::1]:7667"),
            ("127.0.0.1:80", "127.0.0.2:80"),
            ("casa:80", "127.0.0.1:80"),
            ("casa:80", "casa.example:80"),
        ] {
            assert!(!is_twice(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_name_is_looked_up_and_nothing_else_is() {
        let never = |_: &str, _| panic!("nothing to look up");
        assert_eq!(everywhere(80).addresses(never).unwrap(), ["[::]:80".parse().unwrap()]);
        assert_eq!(address("[::1]:80").addresses(never).unwrap(), ["[::1]:80".parse().unwrap()]);
        let found = host("casa", 80).addresses(|name, port| {
            assert_eq!((name, port), ("casa", 80));
            Ok(["[::1]:80", "127.0.0.1:80", "[::1]:80"].map(|text| text.parse().unwrap()).to_vec())
        });
        assert_eq!(found.unwrap(), ["127.0.0.1:80", "[::1]:80"].map(|text| text.parse().unwrap()));
        assert_eq!(host("casa", 80).addresses(|_, _| Ok(vec![])).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(host("casa", 80).addresses(|_, _| Err(io::ErrorKind::Other.into())).is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read_again(typed in "[a-z0-9:.\\[\\]]{1,12}") {
            if let Ok(listen) = typed.parse::<Listen>() {
                prop_assert_eq!(listen.to_string().parse(), Ok(listen));
            }
        }

        #[test]
        fn noise_never_panics(typed in "\\PC*") {
            _ = typed.parse::<Listen>();
        }
    }
}
