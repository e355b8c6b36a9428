//! The place index: for every entry of a room, where it stands in the log, who wrote it, what it is, and how many
//! messages there were: 16 bytes each, rebuilt by replay. It turns a range of a room into places of the log without
//! asking the disk, and proves by its length that nobody missed anything.

use tertulia_protocol::{Kind, Rseq, Seq};

/// An entry's row in the index. Packed by hand: at a million entries each byte is a megabyte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    seq_low: u32,
    seq_high: u16,
    kind: u16,
    author: u32,
    count: u32,
}

/// The index costs at most this much an entry.
const _: () = assert!(size_of::<Place>() == 16);

impl Place {
    /// The place in the log.
    #[must_use]
    pub fn seq(self) -> Seq {
        Seq(u64::from(self.seq_high) << 32 | u64::from(self.seq_low))
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        Kind(self.kind)
    }

    /// Who wrote it, as a number of the directory.
    #[must_use]
    pub fn author(self) -> u32 {
        self.author
    }

    /// How many messages the room held up to and with it.
    #[must_use]
    pub fn count(self) -> u64 {
        u64::from(self.count)
    }
}

/// The places of one room. Entry `rseq` stands at index `rseq − 1`.
#[derive(Debug, Default)]
pub struct Places(Vec<Place>);

impl Places {
    /// Adds an entry behind the last one, and says where it stands and how many messages there are now. `None` once
    /// the room has 2³² entries or the log 2⁴⁸: no log of a local network gets there, and wrapping would lie.
    pub fn push(&mut self, seq: Seq, author: u32, kind: Kind) -> Option<(Rseq, u64)> {
        let seq_high = u16::try_from(seq.0 >> 32).ok()?;
        let seq_low = u32::try_from(seq.0 & u64::from(u32::MAX)).ok()?;
        let rseq = u32::try_from(self.0.len()).ok()?.checked_add(1)?;
        let before = self.0.last().map_or(0, |last| last.count);
        let count = before + u32::from(kind == Kind::MESSAGE);
        self.0.push(Place { seq_low, seq_high, kind: kind.0, author, count });
        Some((Rseq(u64::from(rseq)), u64::from(count)))
    }

    /// The last place taken; 0 if there is none.
    #[must_use]
    pub fn head(&self) -> Rseq {
        Rseq(self.0.len() as u64)
    }

    /// How many messages there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.last().map_or(0, |last| last.count())
    }

    /// The row of an entry of the room.
    #[must_use]
    pub fn get(&self, rseq: Rseq) -> Option<Place> {
        let index = usize::try_from(rseq.0.checked_sub(1)?).ok()?;
        self.0.get(index).copied()
    }

    /// Where an entry of the log stands in the room.
    #[must_use]
    pub fn find(&self, seq: Seq) -> Option<(Rseq, Place)> {
        let index = self.0.binary_search_by_key(&seq, |place| place.seq()).ok()?;
        Some((Rseq(index as u64 + 1), self.0[index]))
    }

    /// The newest `max` entries of the range `from..=to`, by rising place. Empty if there are none in it.
    #[must_use]
    pub fn newest(&self, from: Rseq, to: Rseq, max: u64) -> &[Place] {
        let end = to.0.min(self.head().0);
        let first = from.0.max(1).max(end.saturating_sub(max) + 1);
        if first > end {
            return &[];
        }
        let index = |rseq: u64| usize::try_from(rseq).unwrap_or(usize::MAX);
        self.0.get(index(first - 1)..index(end)).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(n: u64) -> Places {
        let mut places = Places::default();
        for i in 0..n {
            // Every third entry is not a message, and the log holds other rooms' entries between ours.
            let kind = if i % 3 == 2 { Kind(300) } else { Kind::MESSAGE };
            places.push(Seq(10 + 2 * i), 7, kind).unwrap();
        }
        places
    }

    #[test]
    fn places_are_contiguous_and_count_only_messages() {
        let places = filled(6);
        assert_eq!((places.head(), places.count()), (Rseq(6), 4));
        assert_eq!(places.get(Rseq(3)).map(|p| (p.seq(), p.count(), p.kind())), Some((Seq(14), 2, Kind(300))));
        assert_eq!(places.get(Rseq(0)), None);
        assert_eq!(places.get(Rseq(7)), None);
    }

    #[test]
    fn an_entry_is_found_by_its_place_in_the_log() {
        let places = filled(6);
        assert_eq!(places.find(Seq(16)).map(|(rseq, _)| rseq), Some(Rseq(4)));
        assert_eq!(places.find(Seq(17)), None);
    }

    #[test]
    fn a_range_gives_its_newest_entries() {
        let places = filled(6);
        let seqs =
            |from, to, max| places.newest(Rseq(from), Rseq(to), max).iter().map(|p| p.seq().0).collect::<Vec<_>>();
        assert_eq!(seqs(1, 6, 2), [18, 20]);
        assert_eq!(seqs(0, u64::MAX, 100), [10, 12, 14, 16, 18, 20]);
        assert_eq!(seqs(2, 3, 100), [12, 14]);
        assert_eq!(seqs(7, 9, 100), [0; 0]);
        assert_eq!(seqs(4, 3, 100), [0; 0]);
        assert_eq!(seqs(1, 6, 0), [0; 0]);
    }

    #[test]
    fn places_beyond_32_bits_keep_their_number() {
        let mut places = Places::default();
        let far = Seq((1 << 40) + 5);
        places.push(far, 1, Kind::MESSAGE).unwrap();
        assert_eq!(places.get(Rseq(1)).unwrap().seq(), far);
        assert_eq!(places.push(Seq(1 << 48), 1, Kind::MESSAGE), None);
    }
}
