//! The commands of the composer: one table, with their names in both languages.
//!
//! Owns the table and how a typed text is told from a command. What a command does is the model's business.

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who is online.
    Users,
    /// Which commands there are.
    Help,
}

/// A row of the table.
#[derive(Debug)]
pub struct Spec {
    /// What it asks for.
    pub command: Command,
    /// Its name in Spanish.
    pub es: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// The key of the sentence that explains it.
    pub about: &'static str,
}

/// Every command. Both names work in either language.
pub const COMMANDS: &[Spec] = &[
    Spec { command: Command::Users, es: "usuarios", en: "users", about: "command-users" },
    Spec { command: Command::Help, es: "ayuda", en: "help", about: "command-help" },
];

/// What a typed text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A message.
    Text(String),
    /// A command that we know.
    Command(Command),
    /// A slash, and then something that is no command.
    Unknown(String),
}

/// Reads what was typed. A slash makes a command, two make a text that begins with one.
#[must_use]
pub fn read(typed: &str) -> Typed {
    let Some(rest) = typed.strip_prefix('/') else { return Typed::Text(typed.to_owned()) };
    if rest.starts_with('/') {
        return Typed::Text(rest.to_owned());
    }
    let word = rest.split_whitespace().next().unwrap_or_default();
    let name = word.to_lowercase();
    match COMMANDS.iter().find(|spec| spec.es == name || spec.en == name) {
        Some(spec) => Typed::Command(spec.command),
        None => Typed::Unknown(word.chars().take(40).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_every_command_are_read_in_any_case() {
        for spec in COMMANDS {
            for name in [spec.es, spec.en] {
                assert_eq!(read(&format!("/{name}")), Typed::Command(spec.command));
                assert_eq!(read(&format!("/{} ", name.to_uppercase())), Typed::Command(spec.command));
            }
        }
    }

    #[test]
    fn a_slash_that_is_no_command_is_never_a_text() {
        assert_eq!(read("/etc/passwd was read"), Typed::Unknown("etc/passwd".into()));
        assert_eq!(read("/"), Typed::Unknown(String::new()));
    }

    #[test]
    fn two_slashes_write_one() {
        assert_eq!(read("//etc"), Typed::Text("/etc".into()));
        assert_eq!(read("///"), Typed::Text("//".into()));
        assert_eq!(read("a / b"), Typed::Text("a / b".into()));
    }
}
