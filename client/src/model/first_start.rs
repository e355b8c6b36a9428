//! The dialog of the first start, without its widgets: what was typed, and what is wrong with it.
//!
//! Owns which fields have to be right for which choice. Looks nothing up: whether somebody answers is the network's word.

use tertulia_protocol::{InvalidName, UserName};

use super::action::{HostFailure, Refusal};
use crate::address::{InvalidAddress, ServerAddress};

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
    pub server_problem: Option<InvalidAddress>,
    /// What the server said to the last try.
    pub refusal: Option<Refusal>,
    /// Why no server could be started here.
    pub host_failure: Option<HostFailure>,
}

impl Form {
    /// Checks what was typed and remembers what is wrong. The name and the server as they are meant, if all is well.
    pub fn check(&mut self) -> Option<(String, ServerAddress)> {
        let name = UserName::parse(self.name.trim());
        let server = if self.host { Ok(ServerAddress::default()) } else { self.server.parse() };
        self.name_problem = name.as_ref().err().copied();
        self.server_problem = server.as_ref().err().copied();
        self.refusal = None;
        self.host_failure = None;
        Some((name.ok()?.as_str().to_owned(), server.ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_needs_a_name_only() {
        let mut form = Form { name: " ana ".into(), host: true, ..Form::default() };
        assert_eq!(form.check(), Some(("ana".into(), ServerAddress::default())));
        form.host = false;
        form.name = "a\u{200b}".into();
        assert_eq!(form.check(), None);
        assert_eq!(form.name_problem, Some(InvalidName::Character('\u{200b}')));
        assert_eq!(form.server_problem, Some(InvalidAddress::Empty));
    }
}
