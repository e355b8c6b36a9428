//! The annotated bytes in `tests/golden`: hexadecimal digits, spaces as they please, and comments from `#` on.

#![expect(clippy::expect_used, reason = "a broken file ends the test")]

/// The bytes of an annotated file.
pub(crate) fn bytes(annotated: &str) -> Vec<u8> {
    let digits: Vec<u8> = annotated
        .lines()
        .flat_map(|line| line.split('#').next().unwrap_or_default().chars())
        .filter(|c| !c.is_whitespace())
        .map(|c| u8::try_from(c.to_digit(16).expect("a hexadecimal digit")).expect("a digit is small"))
        .collect();
    assert_eq!(digits.len() % 2, 0, "half a byte");
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
