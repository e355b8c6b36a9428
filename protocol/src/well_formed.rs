//! Which CBOR is read at all: the part of RFC 8949 in which the same bytes mean the same thing to everybody.
//!
//! The library reads more than that. Of two equal keys it takes the last, where others take the first; an odd map of
//! indefinite length and a stray break pass where it skips what it does not know; and skipping what is nested costs it
//! memory. So every payload is checked here before the library sees it, in one pass that reserves nothing, and the
//! rules stand in `docs/protocol.md` and not in the habits of a library. **It must not** recurse or reserve memory.

use crate::limits::NESTING_MAX;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const FALSE_TRUE_NULL: std::ops::RangeInclusive<u8> = 0xf4..=0xf6;

/// An array or a map that has begun and not ended.
#[derive(Clone, Copy, Default)]
struct Open {
    /// How many items are still to come, a map's keys counted like its values.
    left: u64,
    is_map: bool,
    /// In a map: the least key that may come next.
    least_key: u64,
}

/// Where the first item of `bytes` ends, or `None` if it is not one that is read here.
///
/// Whether a text is UTF-8 is left to the library, which looks at every text, also where it skips.
pub(crate) fn item_end(bytes: &[u8]) -> Option<usize> {
    let mut open = [Open::default(); NESTING_MAX];
    let mut depth = 0;
    let mut at = 0;
    loop {
        let initial = *bytes.get(at)?;
        let (argument, head) = argument(&bytes[at..])?;
        at += head;
        let left = u64::try_from(bytes.len() - at).ok()?;
        match initial >> 5 {
            major if depth > 0 && open[depth - 1].is_map && open[depth - 1].left % 2 == 0 => {
                // Rising keys are the cheapest proof that none comes twice.
                if major != UNSIGNED || argument < open[depth - 1].least_key || argument > u64::from(u32::MAX) {
                    return None;
                }
                open[depth - 1].least_key = argument + 1;
            }
            UNSIGNED | NEGATIVE => {}
            BYTES | TEXT if argument <= left => at += usize::try_from(argument).ok()?,
            major @ (ARRAY | MAP) => {
                let is_map = major == MAP;
                let items = if is_map { argument.checked_mul(2)? } else { argument };
                // No item is shorter than a byte, so a count beyond the bytes that are left is a lie.
                if depth == NESTING_MAX || items > left {
                    return None;
                }
                if items > 0 {
                    open[depth] = Open { left: items, is_map, least_key: 0 };
                    depth += 1;
                    continue;
                }
            }
            _ if FALSE_TRUE_NULL.contains(&initial) => {}
            _ => return None,
        }
        // An item has ended, and with it every array and map whose last one it was.
        loop {
            if depth == 0 {
                return Some(at);
            }
            open[depth - 1].left -= 1;
            if open[depth - 1].left > 0 {
                break;
            }
            depth -= 1;
        }
    }
}

/// The argument of the head that `bytes` begins with, and how many bytes the head has. Indefinite lengths have none.
fn argument(bytes: &[u8]) -> Option<(u64, usize)> {
    let (initial, rest) = bytes.split_first()?;
    Some(match initial & 0x1f {
        small @ 0..=23 => (u64::from(small), 1),
        24 => (u64::from(*rest.first()?), 2),
        25 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 3),
        26 => (u64::from(u32::from_be_bytes(*rest.first_chunk()?)), 5),
        27 => (u64::from_be_bytes(*rest.first_chunk()?), 9),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<usize>) {
        assert_eq!(item_end(bytes), expected, "{bytes:02x?}");
    }

    #[test]
    fn one_item_ends_where_it_ends() {
        check(&[0x00], Some(1));
        check(&[0x17, 0xff], Some(1));
        check(&[0x18, 0x05], Some(2));
        check(&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255], Some(9));
        check(&[0x62, b'a', b'b', 0x00], Some(3));
        check(&[0xf6], Some(1));
        check(&[0x80], Some(1));
        check(&[0xa0], Some(1));
        check(&[0x83, 0x81, 0x80, 0xa1, 0x00, 0xa0, 0x00, 0x00], Some(7));
        check(&[0xa2, 0x00, 0x01, 0x19, 0x01, 0x00, 0x82, 0x00, 0x00], Some(9));
    }

    #[test]
    fn an_item_that_has_not_ended_is_none() {
        let whole = [0xa2, 0x00, 0x82, 0x19, 0x01, 0x00, 0x41, 0x07, 0x1a, 0, 0, 1, 0, 0x61, b'a'];
        check(&whole, Some(whole.len()));
        for cut in 0..whole.len() {
            check(&whole[..cut], None);
        }
    }

    #[test]
    fn what_may_be_understood_in_two_ways_is_none() {
        check(&[0xa2, 0x00, 0x00, 0x00, 0x00], None); // the same key twice
        check(&[0xa2, 0x00, 0x00, 0x18, 0x00, 0x00], None); // the same key twice, one of them longer than it must be
        check(&[0xa2, 0x01, 0x00, 0x00, 0x00], None); // falling keys
        check(&[0xa1, 0x20, 0x00], None); // a negative key
        check(&[0xa1, 0x61, b'a', 0x00], None); // a key that is a text
        check(&[0xa1, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0, 0x00], None); // a key of more than 32 bits
        check(&[0xa1, 0x1a, 255, 255, 255, 255, 0x00], Some(7));
        check(&[0x9f, 0xff], None); // indefinite lengths
        check(&[0xbf, 0xff], None);
        check(&[0x5f, 0xff], None);
        check(&[0x7f, 0xff], None);
        check(&[0xff], None); // a break
        check(&[0xc0, 0x00], None); // a tag
        check(&[0xf7], None); // undefined
        check(&[0xf8, 0x14], None); // `false` in two bytes
        check(&[0xe0], None); // a simple value
        check(&[0xf9, 0x00, 0x00], None); // floats
        check(&[0xfa, 0, 0, 0, 0], None);
        check(&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], None);
        check(&[0x1c], None); // reserved
    }

    #[test]
    fn depth_is_bounded_and_claims_are_held_against_the_bytes() {
        let mut nested = vec![0x81; NESTING_MAX];
        nested.push(0x00);
        check(&nested, Some(nested.len()));
        nested.insert(0, 0x81);
        check(&nested, None);
        check(&vec![0x81; 1_000_000], None);
        check(&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255, 0], None);
        check(&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255, 0], None);
        check(&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255, 0], None);
        check(&[0x83, 0, 0], None);
    }
}
