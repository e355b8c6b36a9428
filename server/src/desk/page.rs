//! Pages: a range of a room, and what was said about its entries later, so that an old message never shows an old truth.
//!
//! Up to three steps. The place index turns the range into places of the log. If some of them were edited, erased or
//! reacted to, the log is asked what there is ([`Log::targeting`]), and what counts is chosen here, where it is known
//! what was placed and what was refused. Then the log reads the entries ([`Log::fetch`]), and **it is checked again who
//! may read, and what is erased**, because the answer leaves now.

use std::collections::{BTreeMap, BTreeSet};

use tertulia_protocol::{
    ErrorCode, Kind, RequestId, RoomId, Rseq, Seq, UserId, encode_into, entry::ReactionBody, limits, reply, request,
};

use super::{Desk, Wish, refuse, wire_entry};
use crate::{
    chat::{Place, Refusal, Room, no_room},
    connections::ConnectionId,
    log::{self, Log, Targeting},
};

/// So many edits and deletions of a range's entries are looked at for one page, and so many reactions. Behind it the page is
/// shorter.
const ROWS_MAX: usize = 5_000;

/// A page in the making.
#[derive(Debug)]
pub struct PageWish {
    request: RequestId,
    reader: UserId,
    room: RoomId,
    /// The range, as far as the page reaches: rising, without a hole; empty if it is known already.
    range: Vec<(Rseq, Seq)>,
    /// The places that something was said about later, rising.
    targets: Vec<Rseq>,
    /// From which place on what was said later is known. Below it the page does not reach.
    begin: Rseq,
    /// What was said later about each place of it: chosen, the edit or the deletion first.
    later: BTreeMap<Rseq, Vec<Seq>>,
    is_cut: bool,
}

/// What comes of a step.
#[derive(Debug)]
pub enum Assembled {
    /// The log was asked further.
    Asked,
    /// The answer.
    Answer(Vec<u8>),
}

impl<L: Log> Desk<L> {
    /// Asks the log for a page. Whether it is answered already.
    pub(super) fn pull(
        &mut self,
        id: ConnectionId,
        reader: UserId,
        pull: request::Pull,
        answers: &mut Vec<u8>,
    ) -> bool {
        let request::Pull { request, room, from, to, later_only } = pull;
        if from.0 == 0 || from > to {
            refuse(request, Refusal::new(ErrorCode::BAD_REQUEST, "places are counted from 1, upwards"), answers);
            return true;
        }
        let Some(found) = self.chat.readable(room, reader) else {
            refuse(request, no_room(), answers);
            return true;
        };
        let places = found.places();
        let mut wish = PageWish::new(request, reader, room, from);
        if later_only == Some(true) {
            // The newest of the range, as in any page; the client is told where they begin.
            let to = to.min(places.head());
            wish.begin = from.max(Rseq(to.0.saturating_sub(limits::PAGE_ENTRIES_MAX - 1)));
            wish.targets.extend(said_about(found, wish.begin, to));
        } else {
            let range = places.newest(from, to, limits::PAGE_ENTRIES_MAX);
            let first = to.0.min(places.head().0) + 1 - range.len() as u64;
            wish.range = (first..).map(Rseq).zip(range.iter().map(|place| place.seq())).collect();
            if let (Some((first, _)), Some((last, _))) = (wish.range.first(), wish.range.last()) {
                wish.targets.extend(said_about(found, *first, *last));
            }
        }
        if wish.targets.is_empty() && wish.range.is_empty() {
            let from = (later_only == Some(true)).then_some(wish.begin);
            let entries = Vec::new();
            let head = places.head();
            encode_into(&reply::Page { request, room, entries, head, later: None, cut: None, from }, answers);
            return true;
        }
        if wish.targets.is_empty() {
            self.fetch(Some(id), wish);
        } else {
            let targets = wish.targets.clone();
            let ticket = self.waits.add(Some(id), Wish::Page(Box::new(wish)));
            self.log.targeting(ticket, room, targets, ROWS_MAX);
        }
        false
    }

    /// Chooses what counts of what was said later, and asks the log for the entries.
    pub fn choose(
        &mut self,
        id: Option<ConnectionId>,
        mut wish: PageWish,
        rows: Vec<Targeting>,
        from: Rseq,
        cut: bool,
    ) -> Assembled {
        let Some(room) = self.chat.readable(wish.room, wish.reader) else {
            return Assembled::Answer(refused(wish.request));
        };
        let is_later_only = wish.range.is_empty();
        let end = wish.range.last().map_or(Rseq(0), |(last, _)| *last);
        if let Some(unseen) = wish.targets.iter().rev().find(|target| **target < from) {
            wish.begin = Rseq(unseen.0 + 1);
        }
        let mut total = 0;
        let mut rows = rows.into_iter().peekable();
        while let Some(target) = rows.peek().map(|row| row.target) {
            let about = std::iter::from_fn(|| rows.next_if(|row| row.target == target));
            let mut chosen = choose_about(room, target, end, about);
            let is_first = wish.later.is_empty();
            if is_first && (cut || chosen.len() > limits::PAGE_LATER_MAX) {
                wish.is_cut = true;
                chosen.truncate(limits::PAGE_LATER_MAX);
            }
            total += chosen.len();
            if total > limits::PAGE_LATER_MAX {
                wish.begin = Rseq(target.0 + 1);
                break;
            }
            wish.later.insert(target, chosen);
        }
        let begin = wish.begin;
        wish.range.retain(|(rseq, _)| *rseq >= begin);
        if is_later_only && wish.later.values().all(Vec::is_empty) {
            return self.page(wish, Vec::new());
        }
        self.fetch(id, wish);
        Assembled::Asked
    }

    /// The answer, once the log has fetched its entries.
    pub fn page(&self, wish: PageWish, entries: Vec<log::Entry>) -> Assembled {
        let PageWish { request, reader, room, range, targets: _, begin, later, is_cut } = wish;
        let Some(found) = self.chat.readable(room, reader) else {
            return Assembled::Answer(refused(request));
        };
        let mut fetched: BTreeMap<Seq, tertulia_protocol::Entry> = BTreeMap::new();
        for entry in entries {
            let Some((rseq, place)) = found.places().find(entry.seq) else { continue };
            let cid = (entry.author == reader).then_some(entry.cid);
            let mut entry = wire_entry(entry, rseq, place.count(), cid);
            if found.is_blank(rseq, entry.kind, entry.target) {
                entry.body = Vec::new();
            }
            fetched.insert(entry.seq, entry);
        }
        // From the newest down, each with what was said about it, as long as the log could read all of that.
        let (mut page, mut said, mut is_cut, mut begin) = (Vec::new(), Vec::new(), is_cut, begin);
        let is_later_only = range.is_empty();
        let places: Vec<(Rseq, Option<Seq>)> = if is_later_only {
            later.keys().rev().map(|target| (*target, None)).collect()
        } else {
            range.iter().rev().map(|(rseq, seq)| (*rseq, Some(*seq))).collect()
        };
        for (index, (rseq, seq)) in places.into_iter().enumerate() {
            let entry = match seq {
                Some(seq) => match fetched.remove(&seq) {
                    Some(entry) => Some(entry),
                    None => break,
                },
                None => None,
            };
            let wanted = later.get(&rseq).map_or(&[][..], Vec::as_slice);
            let is_whole = wanted.iter().all(|seq| fetched.contains_key(seq));
            if !is_whole && index > 0 {
                begin = Rseq(rseq.0 + 1);
                break;
            }
            is_cut |= !is_whole;
            page.extend(entry);
            said.extend(wanted.iter().filter_map(|seq| fetched.remove(seq)));
        }
        page.reverse();
        said.sort_unstable_by_key(|entry| entry.rseq);
        let later = (!said.is_empty()).then_some(said);
        let cut = is_cut.then_some(true);
        let mut answer = Vec::new();
        let head = found.places().head();
        let from = is_later_only.then_some(begin);
        encode_into(&reply::Page { request, room, entries: page, head, later, cut, from }, &mut answer);
        Assembled::Answer(answer)
    }

    /// Asks for the entries in the order in which they are wanted, so that what does not fit is the oldest.
    fn fetch(&mut self, id: Option<ConnectionId>, wish: PageWish) {
        let mut seqs = Vec::new();
        if wish.range.is_empty() {
            seqs.extend(wish.later.values().rev().flatten().copied());
        }
        for (rseq, seq) in wish.range.iter().rev() {
            seqs.push(*seq);
            seqs.extend(wish.later.get(rseq).into_iter().flatten().copied());
        }
        let ticket = self.waits.add(id, Wish::Page(Box::new(wish)));
        self.log.fetch(ticket, seqs, limits::PAGE_BODY_BYTES_MAX);
    }
}

/// The places of a range that something was said about later.
fn said_about(room: &Room, from: Rseq, to: Rseq) -> impl Iterator<Item = Rseq> {
    let to = to.0.min(room.places().head().0);
    (from.0..=to).map(Rseq).filter(|rseq| room.places().get(*rseq).is_some_and(Place::has_later))
}

/// What counts of what was said about one entry behind a place: its deletion, or else the newest edit and the newest
/// word of each person about each emoji.
fn choose_about(room: &Room, target: Rseq, end: Rseq, rows: impl Iterator<Item = Targeting>) -> Vec<Seq> {
    let mut is_edited = false;
    let mut reactions: BTreeSet<(UserId, String)> = BTreeSet::new();
    let is_erased = room.is_erased(target);
    let counts = |row: &Targeting| {
        if room.places().find(row.seq).is_none_or(|(rseq, _)| rseq <= end) {
            return false;
        }
        match row.kind {
            Kind::DELETE => true,
            _ if is_erased => false,
            Kind::EDIT => !std::mem::replace(&mut is_edited, true),
            Kind::REACT | Kind::UNREACT => ReactionBody::from_bytes(&row.body)
                .is_some_and(|reaction| reactions.insert((row.author, reaction.emoji))),
            _ => false,
        }
    };
    // The log gives reactions last: should there be too much, they are what is left out.
    rows.filter(counts).map(|row| row.seq).collect()
}

fn refused(request: RequestId) -> Vec<u8> {
    let mut answer = Vec::new();
    refuse(request, no_room(), &mut answer);
    answer
}

impl PageWish {
    fn new(request: RequestId, reader: UserId, room: RoomId, begin: Rseq) -> Self {
        let (range, targets, later) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { request, reader, room, range, targets, begin, later, is_cut: false }
    }
}
