//! What the store has not taken yet, over what it gives back: together they are what is held.
//!
//! A disk that is full or slow leaves changes waiting; meanwhile a range is read back from it, without the entries that
//! came since and with texts that are erased since. Pure: values in, values out.

use std::collections::BTreeMap;

use tertulia_protocol::{Entry, Kind, RoomId, Rseq, entry::ExpireBody};

use super::saved::{Change, Loaded};

/// A range of a room as the store gave it, with what waits to be kept, oldest first.
pub(super) fn with_unkept<'a>(
    loaded: Loaded,
    room: RoomId,
    (from, to): (Rseq, Rseq),
    unkept: impl Iterator<Item = &'a Change>,
) -> Loaded {
    let inside = |rseq: Rseq| (from..=to).contains(&rseq);
    let mut held: BTreeMap<Rseq, Entry> =
        loaded.entries.into_iter().chain(loaded.later).map(|entry| (entry.rseq, entry)).collect();
    for change in unkept {
        match change {
            Change::Entries { room: of, entries } if *of == room => {
                for entry in entries {
                    let is_later = entry.kind != Kind::MESSAGE && entry.target.is_some_and(inside);
                    if inside(entry.rseq) || is_later {
                        put(&mut held, entry);
                    }
                    if let (Kind::EXPIRE, Some(ExpireBody { upto })) = (entry.kind, ExpireBody::from_bytes(&entry.body))
                    {
                        erase(&mut held, Rseq(1), upto);
                    }
                }
            }
            Change::Erased { room: of, from, to } if *of == room => erase(&mut held, *from, *to),
            Change::Cut(upto) => held.retain(|_, entry| entry.seq <= *upto),
            _ => {}
        }
    }
    let (entries, later) = held.into_values().partition(|entry| inside(entry.rseq));
    Loaded { entries, later }
}

/// An older copy does not bring back what is erased.
fn put(held: &mut BTreeMap<Rseq, Entry>, entry: &Entry) {
    let is_erased = held.get(&entry.rseq).is_some_and(|held| !held.kind.is_state() && held.body.is_empty());
    let body = if is_erased { Vec::new() } else { entry.body.clone() };
    held.insert(entry.rseq, Entry { body, cid: None, ..entry.clone() });
}

fn erase(held: &mut BTreeMap<Rseq, Entry>, from: Rseq, to: Rseq) {
    let within = |rseq: Rseq| (from..=to).contains(&rseq);
    for entry in held.values_mut().filter(|entry| !entry.kind.is_state()) {
        let edits = entry.target.filter(|_| entry.kind == Kind::EDIT);
        if within(entry.rseq) || edits.is_some_and(within) {
            entry.body.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use tertulia_protocol::{DeviceId, Seq, UserId};

    use super::*;

    const ROOM: RoomId = RoomId(7);

    fn entry(rseq: u64, kind: Kind, target: Option<u64>, body: &[u8]) -> Entry {
        Entry {
            seq: Seq(rseq + 10),
            rseq: Rseq(rseq),
            count: rseq,
            at: 0,
            author: UserId(3),
            device: DeviceId(3),
            kind,
            target: target.map(Rseq),
            mentions: None,
            body: body.to_vec(),
            cid: None,
        }
    }

    fn message(rseq: u64, body: &[u8]) -> Entry {
        entry(rseq, Kind::MESSAGE, None, body)
    }

    fn held(unkept: &[Change]) -> Loaded {
        let later = vec![entry(9, Kind::EDIT, Some(3), b"nine")];
        let loaded = Loaded { entries: vec![message(2, b"two"), message(3, b"three")], later };
        with_unkept(loaded, ROOM, (Rseq(2), Rseq(4)), unkept.iter())
    }

    #[test]
    fn what_waits_is_held_too_and_nothing_else_is() {
        let answer = entry(12, Kind::MESSAGE, Some(2), b"answer");
        let deletion = entry(11, Kind::DELETE, Some(2), b"");
        let ours = vec![message(4, b"four"), message(5, b"five"), deletion.clone(), answer];
        let changes = [
            Change::Entries { room: ROOM, entries: ours },
            Change::Entries { room: RoomId(8), entries: vec![message(3, b"of another room")] },
        ];
        let edit = entry(9, Kind::EDIT, Some(3), b"nine");
        let entries = vec![message(2, b"two"), message(3, b"three"), message(4, b"four")];
        assert_eq!(held(&changes), Loaded { entries, later: vec![edit, deletion] });
    }

    #[test]
    fn what_is_erased_meanwhile_is_erased_and_stays_so() {
        let again = Change::Entries { room: ROOM, entries: vec![message(3, b"three")] };
        let edit = entry(9, Kind::EDIT, Some(3), b"");
        let erased = Change::Erased { room: ROOM, from: Rseq(3), to: Rseq(3) };
        let entries = vec![message(2, b"two"), message(3, b"")];
        assert_eq!(held(&[erased, again]), Loaded { entries, later: vec![edit] });

        let upto = ExpireBody { upto: Rseq(2) }.to_bytes();
        let expiry = Change::Entries { room: ROOM, entries: vec![entry(20, Kind::EXPIRE, None, &upto)] };
        assert_eq!(held(&[expiry]).entries, [message(2, b""), message(3, b"three")]);
    }

    #[test]
    fn what_is_behind_a_cut_is_not_held() {
        assert_eq!(held(&[Change::Cut(Seq(12))]), Loaded { entries: vec![message(2, b"two")], later: vec![] });
    }
}
