//! Names in a text: which people an `@name` means, and which names an unfinished one may become.
//!
//! Pure. A name may hold spaces, so the longest one that fits is meant; case does not matter.

use tertulia_protocol::{UserId, limits::MENTIONS_MAX};

/// How many completions are offered at a time.
const COMPLETIONS_MAX: usize = 6;

/// Whom a text mentions, each once, in the order of the text.
#[must_use]
pub fn find(text: &str, people: &[(UserId, &str)]) -> Vec<UserId> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let Some(after) = begins(text, at).then(|| text.get(at + 1..)).flatten() else { continue };
        let fits = people.iter().filter(|(_, name)| starts_with(after, name).is_some());
        if let Some((user, _)) = fits.max_by_key(|(_, name)| name.chars().count())
            && !found.contains(user)
            && found.len() < MENTIONS_MAX
        {
            found.push(*user);
        }
    }
    found
}

/// An `@` within a word, as of a mail address, is none.
fn begins(text: &str, at: usize) -> bool {
    !text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
}

/// What follows a name that the text begins with, if a word ends there.
fn starts_with<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in name.chars() {
        if !rest.next()?.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    let rest = rest.as_str();
    (!rest.chars().next().is_some_and(char::is_alphanumeric)).then_some(rest)
}

/// A name that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where its `@` stands, in bytes.
    pub at: usize,
    /// Where the cursor stands.
    pub cursor: usize,
    /// Who may be meant, with names.
    pub people: Vec<(UserId, String)>,
    /// Which of them is chosen.
    pub chosen: usize,
}

/// What may become of the name before the cursor, if there is one.
#[must_use]
pub fn complete(text: &str, cursor: usize, people: &[(UserId, &str)]) -> Option<Completion> {
    let before = text.get(..cursor)?;
    let at = before.rfind('@').filter(|at| begins(text, *at))?;
    let written = before.get(at + 1..)?.to_lowercase();
    if written.contains('\n') || written.chars().count() > 32 {
        return None;
    }
    let fits = people.iter().filter(|(_, name)| {
        let name = name.to_lowercase();
        // A name that is all there already needs no help.
        name != written.trim_end() && (name.starts_with(&written) || inner_word(&name, &written))
    });
    let people: Vec<(UserId, String)> =
        fits.take(COMPLETIONS_MAX).map(|(user, name)| (*user, (*name).to_owned())).collect();
    (!people.is_empty()).then_some(Completion { at, cursor, people, chosen: 0 })
}

fn inner_word(name: &str, written: &str) -> bool {
    !written.is_empty() && name.split_whitespace().any(|word| word.starts_with(written))
}

impl Completion {
    /// The text with a name completed, and where the cursor stands then.
    #[must_use]
    pub fn apply(&self, text: &str, index: usize) -> Option<(String, usize)> {
        let (_, name) = self.people.get(index)?;
        let (before, after) = (text.get(..self.at)?, text.get(self.cursor..)?);
        let head = format!("{before}@{name} ");
        let cursor = head.len();
        Some((format!("{head}{}", after.strip_prefix(' ').unwrap_or(after)), cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: [(UserId, &str); 4] =
        [(UserId(2), "ana"), (UserId(3), "Ana María"), (UserId(4), "Zoë"), (UserId(5), "luis")];

    #[test]
    fn the_longest_name_that_fits_is_meant_once_and_in_order() {
        for (text, expected) in [
            ("hola @luis y @ZOË!", vec![5, 4]),
            ("@ana maría, @ana: @Ana", vec![3, 2]),
            ("@anabel, ana@luis.example, @ nadie, luis", vec![]),
            ("(@luis)", vec![5]),
        ] {
            let expected: Vec<UserId> = expected.into_iter().map(UserId).collect();
            assert_eq!(find(text, &PEOPLE), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_completed_where_the_cursor_stands() {
        let found = complete("hola @an, ¿vienes?", 8, &PEOPLE).unwrap();
        assert_eq!(found.people.iter().map(|(user, _)| user.0).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(found.apply("hola @an, ¿vienes?", 1), Some(("hola @Ana María , ¿vienes?".into(), 17)));
        assert_eq!(complete("hola", 4, &PEOPLE), None);
        assert_eq!(complete("a@an", 4, &PEOPLE), None, "a mail address");
        assert_eq!(complete("@luis", 5, &PEOPLE), None, "it is all there");
        assert_eq!(complete("@mar", 4, &PEOPLE).unwrap().people.len(), 1, "by the second word");
        assert_eq!(complete("@", 1, &PEOPLE).unwrap().people.len(), 4);
    }

    proptest::proptest! {
        #[test]
        fn any_text_and_cursor_will_do(text in ".{0,40}", cursor in 0usize..60, index in 0usize..4) {
            let _ = find(&text, &PEOPLE);
            if let Some(found) = complete(&text, cursor, &PEOPLE) {
                let _ = found.apply(&text, index);
            }
        }
    }
}
