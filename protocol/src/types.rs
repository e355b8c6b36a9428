//! The types that messages are made of: parsed once, valid ever after.

use std::fmt;

use minicbor::{Decode, Encode};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::limits::{NAME_BYTES_MAX, NAME_CHARS_MAX, TEXT_BYTES_MAX};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A place in the log: 1 is the genesis, and there are no holes. 0 stands before everything.
    Seq(u64)
}
number! {
    /// A place in a room: contiguous from 1, so that a client can prove that it missed nothing.
    Rseq(u64)
}
number! {
    /// A person: the [`Seq`] of the entry that first claimed the name. 0 is the server itself.
    UserId(u64)
}
number! {
    /// A device: the [`Seq`] of the entry that made its key known. 0 is the server itself.
    DeviceId(u64)
}
number! {
    /// A room: the [`Seq`] of the entry that opened it. 0 stands for the server as a whole.
    RoomId(u64)
}
number! {
    /// The number that a connection gives a request; the answer carries it back.
    RequestId(u32)
}

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident($len:literal)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

bytes! {
    /// What a client calls a thing that it writes (a UUID of version 7, RFC 9562), from before it is sent until long
    /// after it is stored: unique per author, so that sending it again cannot store it twice.
    Cid(16)
}
bytes! {
    /// What a log is called; a restored backup gets a new one.
    LogId(16)
}
bytes! {
    /// An Ed25519 public key (RFC 8032).
    PublicKey(32)
}
bytes! {
    /// Fresh random bytes, so that a signature cannot be replayed.
    Nonce(32)
}
bytes! {
    /// An Ed25519 signature (RFC 8032).
    Signature(64)
}

/// The name of a person, in NFKC (UAX #15).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Box<str>);

impl UserName {
    /// Reads a name as somebody typed it: drops U+FE0E and U+FE0F, which only choose between two pictures of an emoji
    /// and come along when one is picked; brings the rest to NFKC; then holds it against the rules.
    ///
    /// # Errors
    /// Which rule it breaks, so that a person can mend it.
    pub fn parse(typed: &str) -> Result<Self, InvalidName> {
        // Before normalising: what is far too long is not worth the work, and NFKC can make one character eighteen.
        if typed.len() > 4 * NAME_BYTES_MAX {
            return Err(InvalidName::TooLong);
        }
        let name: String = typed.chars().filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}')).nfkc().collect();
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.chars().count() > NAME_CHARS_MAX || name.len() > NAME_BYTES_MAX {
            return Err(InvalidName::TooLong);
        }
        let mut before = ' ';
        for c in name.chars() {
            // A mark with nothing to stand on would join whatever is written in front of the name.
            if !is_visible(c) || (before == ' ' && is_combining_mark(c)) {
                return Err(InvalidName::Character(c));
            }
            before = c;
        }
        if name.starts_with(' ') || name.ends_with(' ') || name.contains("  ") {
            return Err(InvalidName::Spaces);
        }
        if !name.chars().any(char::is_alphanumeric) {
            return Err(InvalidName::NoLetter);
        }
        Ok(Self(name.into_boxed_str()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character shows itself, and leaves its neighbours where they are. Letters, marks, digits, punctuation and
/// symbols do; controls, format characters (joiners, bidi overrides, tags), fillers, blanks, private use, noncharacters
/// and spaces other than U+0020 do not: two names that look alike must not differ by one of them.
///
/// The list holds the general categories Cc, Cf, Co, Zl, Zp and Zs and the property `Default_Ignorable_Code_Point` of
/// Unicode (`tests/names.rs` has them, taken from its tables), the interlinear and replacement characters, and signs
/// that are drawn as nothing. It is a list of ours, and not a library's, because it must not change under us with a
/// library's version: what was a good name yesterday is one today.
fn is_visible(c: char) -> bool {
    let hidden = c.is_control()
        || (c.is_whitespace() && c != ' ')
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}' | '\u{890}' | '\u{891}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{2d7f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}'
            | '\u{1107f}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{16fe4}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}');
    !hidden
}

/// The rule that a name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidName {
    /// There is nothing.
    Empty,
    /// More than 32 characters, or more than 64 bytes.
    TooLong,
    /// A control, invisible, bidirectional, private or unusual space character, or a combining mark that has no letter
    /// in front of it.
    Character(char),
    /// A space at the beginning or the end, or two in a row.
    Spaces,
    /// No letter and no digit.
    NoLetter,
}

impl InvalidName {
    /// The rule's name: the parameter of [`crate::ErrorCode::BAD_NAME`].
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Character(_) => "character",
            Self::Spaces => "spaces",
            Self::NoLetter => "no_letter",
        }
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty"),
            Self::TooLong => {
                write!(f, "the name is longer than {NAME_CHARS_MAX} characters or {NAME_BYTES_MAX} bytes")
            }
            Self::Character(c) => {
                write!(f, "the name holds a character that cannot be seen there: U+{:04X}", u32::from(*c))
            }
            Self::Spaces => f.write_str("the name begins or ends with a space, or has two in a row"),
            Self::NoLetter => f.write_str("the name has no letter and no digit"),
        }
    }
}

impl std::error::Error for InvalidName {}

/// The text of a message: 1 byte to 16 KiB, without final newlines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text(Box<str>);

impl Text {
    /// Reads a text as somebody typed or piped it, dropping its final newlines.
    ///
    /// # Errors
    /// It is empty or too long then, or holds a NUL.
    pub fn parse(typed: &str) -> Result<Self, InvalidText> {
        let text = typed.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidText::TooLong { bytes: text.len() });
        }
        if text.contains('\0') {
            return Err(InvalidText::Nul);
        }
        Ok(Self(text.into()))
    }

    /// The text as it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidText {
    /// Nothing but newlines.
    Empty,
    /// Longer than 16 KiB.
    TooLong {
        /// How long it is, in bytes of UTF-8.
        bytes: usize,
    },
    /// It holds U+0000, which ends a text in many programs and would hide the rest.
    Nul,
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the text is empty"),
            Self::TooLong { bytes } => write!(f, "the text has {bytes} bytes, the limit is {TEXT_BYTES_MAX}"),
            Self::Nul => f.write_str("the text holds a NUL character"),
        }
    }
}

impl std::error::Error for InvalidText {}
