//! Names and texts: what a person may be called, and what a message may say. Two names that look alike must not differ
//! by a character that cannot be seen, so the list of those is held against Unicode's tables, every code point at a time.

use std::ops::RangeInclusive;

use proptest::prelude::*;
use tertulia_protocol::{InvalidName, InvalidText, Text, UserName, limits};

/// What Unicode calls Cc, Cf, Co, Zl, Zp, Zs (but for U+0020) or `Default_Ignorable_Code_Point`, from its tables.
const UNSEEN: [RangeInclusive<u32>; 41] = [
    0x00..=0x1f,
    0x7f..=0xa0,
    0xad..=0xad,
    0x34f..=0x34f,
    0x600..=0x605,
    0x61c..=0x61c,
    0x6dd..=0x6dd,
    0x70f..=0x70f,
    0x890..=0x891,
    0x8e2..=0x8e2,
    0x115f..=0x1160,
    0x1680..=0x1680,
    0x17b4..=0x17b5,
    0x180b..=0x180f,
    0x2000..=0x200f,
    0x2028..=0x202f,
    0x205f..=0x206f,
    0x3000..=0x3000,
    0x3164..=0x3164,
    0xe000..=0xf8ff,
    0xfe00..=0xfe0f,
    0xfeff..=0xfeff,
    0xffa0..=0xffa0,
    0xfff0..=0xfffb,
    0x110bd..=0x110bd,
    0x110cd..=0x110cd,
    0x13430..=0x1343f,
    0x1bca0..=0x1bca3,
    0x1d173..=0x1d17a,
    0xe0000..=0xe0fff,
    0xf0000..=0xffffd,
    0x100000..=0x10fffd,
    // What is drawn as nothing although no table says so: the blank of Braille, of hieroglyphs and of music, fillers
    // and joiners, and what stands for something that is missing.
    0x2800..=0x2800,
    0x2d7f..=0x2d7f,
    0xfffc..=0xfffd,
    0x1107f..=0x1107f,
    0x13440..=0x1345f,
    0x16fe4..=0x16fe4,
    0x1d159..=0x1d159,
    // Noncharacters that end no plane, and planes that hold nothing but private use and tags.
    0xfdd0..=0xfdef,
    0xe1000..=0xeffff,
];

fn is_unseen(c: char) -> bool {
    let c = u32::from(c);
    c & 0xfffe == 0xfffe || UNSEEN.iter().any(|range| range.contains(&c))
}

fn check(typed: &str, expected: Result<&str, InvalidName>) {
    let parsed = UserName::parse(typed);
    assert_eq!(parsed.as_ref().map(UserName::as_str), expected.as_ref().copied(), "{typed:?}");
}

#[test]
fn no_name_holds_a_character_that_cannot_be_seen_and_none_is_refused_for_one_that_can() {
    for c in '\0'..=char::MAX {
        match UserName::parse(&format!("a{c}b")) {
            Ok(name) => assert!(!name.as_str().chars().any(is_unseen), "{name} of U+{:04X}", u32::from(c)),
            Err(InvalidName::Character(bad)) => {
                // Accents that stand alone become a space and a mark.
                let accent = unicode_normalization::char::is_combining_mark(bad) && !is_unseen(c);
                assert!(is_unseen(bad) || accent, "U+{:04X} because of U+{:04X}", u32::from(c), u32::from(bad));
            }
            // A few characters become two spaces, or more than a name is long.
            Err(other) => assert!(other == InvalidName::TooLong || other == InvalidName::Spaces, "{other} {c:?}"),
        }
    }
}

#[test]
fn people_are_called_this() {
    for name in [
        "ana",
        "Ñandú",
        "María José",
        "Zoë",
        "Íñigo de la Peña",
        "Güiza",
        "l·l",
        "D'Artagnan",
        "O’Neill",
        "x",
        "7",
        "Jean-Luc",
        "a_b",
        "山田 太郎",
        "김철수",
        "زوي",
        "Владимир",
        "नमस्ते",
        "Ana ❤",
        "Luis 🇪🇸",
        "👍🏽 Eva",
        "@ana",
        "ana#2",
    ] {
        check(name, Ok(name));
    }
}

#[test]
fn typed_in_another_way_it_is_the_same_name() {
    check("Zoe\u{308}", Ok("Zoë"));
    check("Ｚｏｅ", Ok("Zoe"));
    check("ﬁn", Ok("fin"));
    check("a\u{a0}b", Ok("a b"));
    check("a\u{3000}b", Ok("a b"));
    check("𝓐na", Ok("Ana"));
    check("Ana ❤\u{fe0f}", Ok("Ana ❤"));
    check("Ana ❤\u{fe0e}", Ok("Ana ❤"));
    check("1\u{fe0f}\u{20e3}", Ok("1\u{20e3}"));
}

#[test]
fn nobody_is_called_this() {
    check("", Err(InvalidName::Empty));
    check("\u{fe0f}", Err(InvalidName::Empty));
    check(" ana", Err(InvalidName::Spaces));
    check("ana ", Err(InvalidName::Spaces));
    check("ana  luis", Err(InvalidName::Spaces));
    check("ana \u{a0}luis", Err(InvalidName::Spaces));
    check("❤", Err(InvalidName::NoLetter));
    check("...", Err(InvalidName::NoLetter));
    for bad in
        ['\0', '\n', '\t', '\u{1b}', '\u{7f}', '\u{85}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}', '\u{feff}']
    {
        check(&format!("an{bad}a"), Err(InvalidName::Character(bad)));
        check(&format!("{bad}ana"), Err(InvalidName::Character(bad)));
        check(&format!("ana{bad}"), Err(InvalidName::Character(bad)));
    }
    check("👩\u{200d}💻 Eva", Err(InvalidName::Character('\u{200d}')));
    check("🏴\u{e0067}\u{e007f} a", Err(InvalidName::Character('\u{e0067}')));
    check("\u{301}ana", Err(InvalidName::Character('\u{301}')));
    check("ana \u{301}a", Err(InvalidName::Character('\u{301}')));
    check("ana´s", Err(InvalidName::Character('\u{301}')));
    check("\u{3164}", Err(InvalidName::Character('\u{1160}')));
}

#[test]
fn a_name_has_32_characters_and_64_bytes_and_no_more() {
    let check_length = |part: &str, most: usize| {
        assert!(UserName::parse(&part.repeat(most)).is_ok(), "{most} × {part:?}");
        check(&part.repeat(most + 1), Err(InvalidName::TooLong));
    };
    check_length("a", 32);
    check_length("ñ", 32);
    check_length("n\u{303}", 32);
    check_length("山", 21);
    check_length("𠀀", 16);
    check("\u{fdfa}", Ok("صلى الله عليه وسلم"));
    check(&"\u{fdfa}".repeat(2), Err(InvalidName::TooLong));
    // Beyond 256 bytes nothing is looked at.
    check(&"\u{fe0f}".repeat(86), Err(InvalidName::TooLong));
    check(&format!("a{}", "\u{fe0f}".repeat(85)), Ok("a"));
}

fn check_text(typed: &str, expected: Result<&str, InvalidText>) {
    let parsed = Text::parse(typed);
    assert_eq!(parsed.as_ref().map(Text::as_str), expected.as_ref().copied());
}

#[test]
fn texts_keep_everything_but_their_final_newlines() {
    check_text("hola", Ok("hola"));
    check_text("hola\n\r\n\n", Ok("hola"));
    check_text("\n hola \n ", Ok("\n hola \n "));
    check_text(" ", Ok(" "));
    check_text("\u{1b}[31m\u{202e}e\u{301}", Ok("\u{1b}[31m\u{202e}e\u{301}"));
    check_text("", Err(InvalidText::Empty));
    check_text("\r\n\n", Err(InvalidText::Empty));
    check_text("a\0b", Err(InvalidText::Nul));
}

#[test]
fn a_text_has_16_kib_and_no_more() {
    let longest = "x".repeat(limits::TEXT_BYTES_MAX);
    check_text(&longest, Ok(&longest));
    check_text(&format!("{longest}\n"), Ok(&longest));
    check_text(&format!("{longest}x"), Err(InvalidText::TooLong { bytes: limits::TEXT_BYTES_MAX + 1 }));
    // Half a character more than fits is a character too many, never half of one.
    let wide = "ñ".repeat(limits::TEXT_BYTES_MAX / 2);
    check_text(&wide, Ok(&wide));
    check_text(&format!("{wide}ñ"), Err(InvalidText::TooLong { bytes: limits::TEXT_BYTES_MAX + 2 }));
}

/// What people and pranksters type: letters, marks, spaces, emoji and what cannot be seen, close together.
fn typed() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        2 => any::<char>(),
        1 => Just(' '),
        1 => proptest::sample::select(vec![
            '\u{301}', '\u{308}', '\u{a0}', '\u{b4}', '\u{200d}', '\u{fe0f}', '\u{3164}', '\u{fdfa}', '\u{1d400}', '\u{ad}',
            '\u{130}', '\u{1e9e}', '❤', 'ñ', '각', '\u{1161}', '\n',
        ]),
    ];
    proptest::collection::vec(c, 0..40).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn a_name_is_a_name_and_keeps_the_rules(typed in typed()) {
        if let Ok(name) = UserName::parse(&typed) {
            prop_assert_eq!(UserName::parse(name.as_str()), Ok(name.clone()));
            let name = name.as_str();
            prop_assert!((1..=limits::NAME_CHARS_MAX).contains(&name.chars().count()));
            prop_assert!(name.len() <= limits::NAME_BYTES_MAX);
            prop_assert!(!name.chars().any(is_unseen));
            prop_assert_eq!(name.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "), name);
        }
    }

    #[test]
    fn a_text_is_a_text(typed in any::<String>()) {
        if let Ok(text) = Text::parse(&typed) {
            prop_assert!(typed.starts_with(text.as_str()));
            prop_assert_eq!(Text::parse(text.as_str()), Ok(text));
        }
    }
}
