//! The commands of the composer: one table, with their names in both languages.
//!
//! Owns the table and how a typed text is told from a command. What a command does is the model's business.

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who is online.
    Users,
    /// Go into a room.
    Join,
    /// Leave the room.
    Leave,
    /// Open a new room.
    Create,
    /// Bring somebody in.
    Invite,
    /// What the room is about.
    Topic,
    /// Speak with one person.
    Direct,
    /// Take another name.
    Nick,
    /// Look for something that was said.
    Search,
    /// What is no longer on the server.
    Lost,
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

const fn spec(command: Command, es: &'static str, en: &'static str, about: &'static str) -> Spec {
    Spec { command, es, en, about }
}

/// Every command. Both names work in either language.
pub const COMMANDS: &[Spec] = &[
    spec(Command::Users, "usuarios", "users", "command-users"),
    spec(Command::Join, "unirse", "join", "command-join"),
    spec(Command::Leave, "salir", "leave", "command-leave"),
    spec(Command::Create, "crear", "create", "command-create"),
    spec(Command::Invite, "invitar", "invite", "command-invite"),
    spec(Command::Topic, "tema", "topic", "command-topic"),
    spec(Command::Direct, "directo", "direct", "command-direct"),
    spec(Command::Nick, "apodo", "nick", "command-nick"),
    spec(Command::Search, "buscar", "search", "command-search"),
    spec(Command::Lost, "perdido", "lost", "command-lost"),
    spec(Command::Help, "ayuda", "help", "command-help"),
];

/// What a typed text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A message.
    Text(String),
    /// A command that we know, and the words behind it.
    Command(Command, String),
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
    let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = word.to_lowercase();
    match COMMANDS.iter().find(|spec| spec.es == name || spec.en == name) {
        Some(spec) => Typed::Command(spec.command, behind.trim().to_owned()),
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
                assert_eq!(read(&format!("/{name}")), Typed::Command(spec.command, String::new()));
                let behind = read(&format!("/{}  dos palabras ", name.to_uppercase()));
                assert_eq!(behind, Typed::Command(spec.command, "dos palabras".into()));
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
