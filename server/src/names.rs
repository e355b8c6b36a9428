//! When two names are the same name, and when they only look like it.
//!
//! What is computed here depends on the tables of one Unicode version, so only `chat::admit` may ask: it writes the
//! results into the entry, and `chat::apply` compares bytes. A later release with newer tables therefore reads an old
//! log as it was written.
//!
//! * [`folded`]: names with the same folded form are one name: `ana`, `Ana`, `ＡＮＡ`.
//! * [`skeletons`]: names that share a skeleton can be taken for each other, as `ana` and `аnа` (with Cyrillic а) can.
//!   Accents are told apart by readers and by UTS #39: `Zoe` and `Zoë`, `Nuno` and `Nuño` may all come in.

use std::sync::LazyLock;

use caseless::Caseless;
use tertulia_protocol::UserName;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton as uts39_skeleton;

/// Names that nobody may claim, nor anything that looks like one of them: what the program calls itself and its
/// operator, and what people write when they mean everybody.
///
/// Lower case, ASCII. Short on purpose: a name is refused because it would mislead, not because it is rude.
pub const RESERVED: [&str; 18] = [
    "admin",
    "administrador",
    "administrator",
    "all",
    "channel",
    "everybody",
    "everyone",
    "here",
    "moderador",
    "moderator",
    "operador",
    "operator",
    "server",
    "servidor",
    "sistema",
    "system",
    "tertulia",
    "todos",
];

/// After so many rounds [`skeleton`] stops, whatever comes: far more than any character needs, as a test shows.
const ROUNDS_MAX: usize = 8;

/// The name without regard to case and width: the full default case folding of Unicode (section 3.13, D146), in NFKC.
#[must_use]
pub fn folded(name: &UserName) -> String {
    fold(name.as_str())
}

/// What the name looks like to somebody who pays no attention to case: the confusable skeleton (UTS #39, section 4) of
/// the folded name.
///
/// The skeleton may hold capitals (`0` looks like `O`), and their small letters may look like something else again;
/// so folding and skeleton alternate until nothing changes. The result is a key to compare, never a text to show.
#[must_use]
pub fn skeleton(name: &UserName) -> String {
    let mut form = folded(name);
    for _ in 0..ROUNDS_MAX {
        let next = fold(&uts39_skeleton(&form).collect::<String>());
        if next == form {
            break;
        }
        form = next;
    }
    form
}

/// All that the name looks like: as [`skeleton`], and exactly as it is typed. Sorted, one or two.
///
/// Both are needed: `Іan` with a Cyrillic І is found only by the first, `lan` with a small L for `Ian` only by the
/// second, because folding turns the capital that looks alike into a small letter that does not. Two people may not
/// have names with a skeleton in common.
#[must_use]
pub fn skeletons(name: &UserName) -> Vec<String> {
    let mut both = vec![skeleton(name), uts39_skeleton(name.as_str()).collect()];
    both.sort();
    both.dedup();
    both
}

/// Whether the [`skeletons`] of a name are those of one of [`RESERVED`]. The reserved names are plain enough to be their
/// own folded form; their skeletons are computed, once, because `m` looks like `rn`.
#[must_use]
pub fn is_reserved(skeletons: &[String]) -> bool {
    static TAKEN: LazyLock<Vec<String>> =
        LazyLock::new(|| RESERVED.iter().map(|reserved| uts39_skeleton(reserved).collect()).collect());
    skeletons.iter().any(|form| TAKEN.contains(form))
}

/// Compatibility caseless form. Folding comes twice, because NFKC can bring out capitals that the first round could not
/// see (`℡` is `TEL`); NFD comes first because of U+0345, whose place among other marks changes when it is folded.
fn fold(text: &str) -> String {
    text.nfd().default_case_fold().nfkc().default_case_fold().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(typed: &str) -> UserName {
        UserName::parse(typed).unwrap()
    }

    fn same(a: &str, b: &str) -> bool {
        folded(&name(a)) == folded(&name(b))
    }

    fn alike(a: &str, b: &str) -> bool {
        let b = skeletons(&name(b));
        skeletons(&name(a)).iter().any(|form| b.contains(form))
    }

    #[test]
    fn case_and_width_make_no_difference() {
        for other in ["Ana", "ANA", "aNa", "ａｎａ", "ＡＮＡ"] {
            assert!(same("ana", other), "{other}");
            assert!(alike("ana", other), "{other}");
        }
        assert!(same("Straße", "STRASSE"));
        assert!(same("José", "JOSE\u{301}"));
        assert!(same("ΟΔΥΣΣΕΥΣ", "Οδυσσευς"), "a final sigma is a sigma");
        assert!(same("ﬁn", "FIN"), "a ligature is its letters");
        assert!(!same("ana", "anna"));
    }

    #[test]
    fn other_scripts_that_look_the_same_are_alike_and_not_the_same() {
        for (a, b) in [
            ("ana", "аnа"),         // Cyrillic а
            ("Ana", "Аna"),         // Cyrillic capital А
            ("luis", "lui\u{455}"), // Cyrillic ѕ
            ("bob", "b0b"),
            ("Bob", "B0B"),
            ("Carmen", "Carrnen"),
            ("paul", "раul"), // Cyrillic р and а
            ("Ian", "lan"),   // a small L for a capital i
            ("Ian", "1an"),
            ("Ian", "\u{456}an"), // the Cyrillic small i, whatever the case of the other
            ("Ian", "\u{406}AN"),
        ] {
            assert!(alike(a, b), "{a} {b}: {:?} {:?}", skeletons(&name(a)), skeletons(&name(b)));
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_a_reader_tells_apart_may_come_in() {
        for (a, b) in [
            ("Zoe", "Zoë"),
            ("Nuno", "Nuño"),
            ("Jose", "José"),
            ("Lia", "Ila"),
            ("ALI", "all"),
            ("Eli", "Ell"),
            ("Ana", "Anna"),
            ("ana", "ana 2"),
            ("Анна", "Anna"),
        ] {
            assert!(!alike(a, b), "{a} {b}: {:?} {:?}", skeletons(&name(a)), skeletons(&name(b)));
        }
    }

    #[test]
    fn nobody_is_called_like_the_server() {
        for typed in [
            "operator",
            "Operator",
            "0perator",
            "ОPERATOR",
            "Tertulia",
            "TERTU1IA",
            "Adrnin",
            "ａｄｍｉｎ",
            "Todos",
            "aII",
        ] {
            assert!(is_reserved(&skeletons(&name(typed))), "{typed}");
        }
        for typed in ["Ana", "Ali", "ALI", "Servando", "operator 2", "Alla", "Hero"] {
            assert!(!is_reserved(&skeletons(&name(typed))), "{typed}");
        }
    }

    #[test]
    fn reserved_names_are_in_order_and_in_their_folded_form() {
        assert!(RESERVED.is_sorted());
        for reserved in RESERVED {
            assert_eq!(folded(&name(reserved)), reserved);
            assert!(is_reserved(&skeletons(&name(reserved))), "{reserved}");
        }
    }

    /// The tables could in principle chase each other in a circle; they do not.
    #[test]
    fn every_character_settles() {
        for c in ('\u{20}'..=char::MAX).filter(|c| c.is_alphanumeric()) {
            let Ok(name) = UserName::parse(&c.to_string()) else { continue };
            let form = skeleton(&name);
            assert_eq!(fold(&uts39_skeleton(&form).collect::<String>()), form, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn case_never_separates(typed in "\\PC{1,12}") {
            let (Ok(plain), Ok(folded_name)) = (UserName::parse(&typed), UserName::parse(&fold(&typed))) else {
                return Ok(());
            };
            prop_assert_eq!(folded(&plain), folded(&folded_name));
            prop_assert_eq!(skeleton(&plain), skeleton(&folded_name));
        }

        #[test]
        fn folding_twice_changes_nothing(typed in "\\PC{1,12}") {
            prop_assert_eq!(fold(&fold(&typed)), fold(&typed));
        }

        #[test]
        fn the_same_name_is_always_alike(typed in "\\PC{1,12}") {
            let Ok(name) = UserName::parse(&typed) else { return Ok(()) };
            let forms = skeletons(&name);
            prop_assert!(forms.contains(&skeleton(&name)));
            prop_assert!(forms.is_sorted() && (1..=2).contains(&forms.len()));
        }
    }
}
