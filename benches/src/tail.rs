//! Bytes that come in pieces, and leave as whole items: what the simple dialects have in common.

use crate::Failure;

/// The beginning of an item whose end has not come.
#[derive(Debug, Default)]
pub struct Tail(Vec<u8>);

impl Tail {
    /// Hands everything that has come, and was not taken yet, to `take`, again and again. `take` answers how many bytes
    /// the first item has, or `None` as long as it is not all there.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<Option<usize>, Failure>,
    ) -> Result<(), Failure> {
        let mut kept = std::mem::take(&mut self.0);
        let mut rest = bytes;
        if !kept.is_empty() {
            kept.extend_from_slice(bytes);
            rest = &kept;
        }
        while !rest.is_empty()
            && let Some(count) = take(rest)?
        {
            rest = &rest[count..];
        }
        self.0 = rest.to_vec();
        Ok(())
    }
}

/// The first line without its end, and how many bytes it has with it.
#[must_use]
pub fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]), end + 1))
}

/// A number in decimal digits.
#[must_use]
pub fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_whole_however_the_bytes_are_cut() {
        let stream = b"one\r\ntwo\nthree\r\n";
        for piece in 1..=stream.len() {
            let (mut tail, mut lines) = (Tail::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                tail.feed(bytes, |rest| {
                    Ok(line(rest).map(|(text, count)| {
                        lines.push(text.to_vec());
                        count
                    }))
                })
                .unwrap();
            }
            assert_eq!(lines, [&b"one"[..], b"two", b"three"], "in pieces of {piece}");
        }
    }
}
