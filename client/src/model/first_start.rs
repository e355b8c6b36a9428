//! The dialog of the first start, without its widgets: what was typed, and what is wrong with it.
//!
//! Owns the checks of a name and of a server address. Looks nothing up: whether somebody answers is the network's word.

use tertulia_protocol::{InvalidName, UserName};

use super::action::{HostFailure, Refusal};

/// What the dialog shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The name as typed.
    pub name: String,
    /// The server as typed.
    pub server: String,
    /// Whether to start a server on this computer.
    pub host: bool,
    /// What is wrong with the name.
    pub name_problem: Option<InvalidName>,
    /// What is wrong with the server.
    pub server_problem: Option<InvalidServer>,
    /// What the server said to the last try.
    pub refusal: Option<Refusal>,
    /// Why no server could be started here.
    pub host_failure: Option<HostFailure>,
}

/// What is wrong with a server address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidServer {
    /// There is nothing.
    Empty,
    /// A space, or another character that no address has.
    Character(char),
    /// The port is not a number from 1 to 65535.
    Port,
}

impl Form {
    /// Checks what was typed and remembers what is wrong. The name and the server as they are meant, if all is well.
    pub fn check(&mut self) -> Option<(String, String)> {
        let name = UserName::parse(self.name.trim());
        let server = if self.host { Ok(String::new()) } else { server_address(&self.server) };
        self.name_problem = name.as_ref().err().copied();
        self.server_problem = server.as_ref().err().copied();
        self.refusal = None;
        self.host_failure = None;
        Some((name.ok()?.as_str().to_owned(), server.ok()?))
    }
}

/// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address.
///
/// # Errors
/// What is wrong with it.
pub fn server_address(typed: &str) -> Result<String, InvalidServer> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(InvalidServer::Empty);
    }
    let known = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    if let Some(bad) = typed.chars().find(|c| !known(*c)) {
        return Err(InvalidServer::Character(bad));
    }
    let port = match typed.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or(InvalidServer::Character('['))?;
            if host.is_empty() {
                return Err(InvalidServer::Empty);
            }
            if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(InvalidServer::Port)?) }
        }
        // More than one colon without brackets is an IPv6 address, which ends in no port.
        None if typed.matches(':').count() > 1 => None,
        None => match typed.split_once(':') {
            Some(("", _)) => return Err(InvalidServer::Empty),
            Some((_, port)) => Some(port),
            None => None,
        },
    };
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(typed.to_owned()),
        _ => Err(InvalidServer::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["box", " box.local:7667 ", "192.168.1.4", "::1", "[::1]", "[fe80::1%eth0]:7667", "ñandú.local"] {
            assert_eq!(server_address(good).as_deref(), Ok(good.trim()));
        }
        for (bad, why) in [
            ("", InvalidServer::Empty),
            ("  ", InvalidServer::Empty),
            (":7667", InvalidServer::Empty),
            ("[]:1", InvalidServer::Empty),
            ("box:", InvalidServer::Port),
            ("box:0", InvalidServer::Port),
            ("box:70000", InvalidServer::Port),
            ("[::1]7667", InvalidServer::Port),
            ("http://box", InvalidServer::Character('/')),
            ("my box", InvalidServer::Character(' ')),
        ] {
            assert_eq!(server_address(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_host_needs_a_name_only() {
        let mut form = Form { name: " ana ".into(), host: true, ..Form::default() };
        assert_eq!(form.check(), Some(("ana".into(), String::new())));
        form.host = false;
        form.name = "a\u{200b}".into();
        assert_eq!(form.check(), None);
        assert_eq!(form.name_problem, Some(InvalidName::Character('\u{200b}')));
        assert_eq!(form.server_problem, Some(InvalidServer::Empty));
    }
}
