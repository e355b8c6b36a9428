//! The place index: for every entry of a room, where it stands in the log, who wrote it, what it is, and how many
//! messages there were: 16 bytes each, rebuilt by replay. It turns a range of a room into places of the log without
//! asking the disk, and proves by its length that nobody missed anything.

use tertulia_protocol::{Kind, Rseq, Seq};

/// The bit of a row's kind that says: its content is erased.
const ERASED: u16 = 1 << 15;

/// The bit of a row's kind that says: another entry is about it, so a page has to ask for what was said later.
const HAS_LATER: u16 = 1 << 14;

/// The greatest kind that fits beside the two bits.
const KIND_MAX: u16 = HAS_LATER - 1;

/// An entry's row in the index. Packed by hand: at a million entries each byte is a megabyte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        Kind(self.kind & KIND_MAX)
    }

    /// Whether its author has erased it. What a room's retention has erased is not marked here: see
    /// [`super::Room::is_erased`].
    #[must_use]
    pub fn is_deleted(self) -> bool {
        self.kind & ERASED != 0
    }

    /// Whether an edit, a deletion or a reaction is about it.
    #[must_use]
    pub fn has_later(self) -> bool {
        self.kind & HAS_LATER != 0
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
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Places(Vec<Place>);

impl Places {
    /// Adds an entry behind the last one, and says where it stands and how many messages there are now. `None` once
    /// the room has 2³² entries or the log 2⁴⁸: no log of a local network gets there, and wrapping would lie. The same for
    /// a kind beyond 2¹⁴.
    pub fn push(&mut self, seq: Seq, author: u32, kind: Kind) -> Option<(Rseq, u64)> {
        if kind.0 > KIND_MAX {
            return None;
        }
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

    /// The last place in the room whose place in the log is at most `seq`; 0 if there is none.
    #[must_use]
    pub fn upto(&self, seq: Seq) -> Rseq {
        Rseq(self.0.partition_point(|place| place.seq() <= seq) as u64)
    }

    /// Notes that an entry is erased, and that another is about it.
    pub(super) fn set_deleted(&mut self, rseq: Rseq) {
        self.set(rseq, ERASED | HAS_LATER);
    }

    /// Notes that another entry is about it.
    pub(super) fn set_later(&mut self, rseq: Rseq) {
        self.set(rseq, HAS_LATER);
    }

    fn set(&mut self, rseq: Rseq, bits: u16) {
        let index = rseq.0.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        if let Some(place) = index.and_then(|index| self.0.get_mut(index)) {
            place.kind |= bits;
        }
    }

    /// Whether the places in the log rise and the counts count: see [`super::Chat::check_invariants`].
    pub(super) fn is_sound(&self) -> bool {
        let mut count = 0;
        self.0.is_sorted_by(|a, b| a.seq() < b.seq())
            && self.0.iter().all(|place| {
                count += u64::from(place.kind() == Kind::MESSAGE);
                place.count() == count
            })
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
    fn marks_leave_the_kind_alone() {
        let mut places = filled(6);
        places.set_deleted(Rseq(1));
        places.set_later(Rseq(3));
        places.set_later(Rseq(0));
        places.set_later(Rseq(7));
        let row = |rseq| places.get(Rseq(rseq)).map(|p| (p.kind(), p.is_deleted(), p.has_later()));
        assert_eq!(row(1), Some((Kind::MESSAGE, true, true)));
        assert_eq!(row(2), Some((Kind::MESSAGE, false, false)));
        assert_eq!(row(3), Some((Kind(300), false, true)));
        assert_eq!(places.push(Seq(99), 7, Kind(KIND_MAX + 1)), None);
        assert!(places.is_sound());
    }

    #[test]
    fn a_place_in_the_log_bounds_the_room() {
        let places = filled(3);
        assert_eq!([9, 10, 11, 14, 99].map(|seq| places.upto(Seq(seq)).0), [0, 1, 1, 3, 3]);
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
