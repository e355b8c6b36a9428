//! Searching: messages by words and conditions, newest first, a bounded time at a time.
//!
//! The index is asked window by window, from the newest place down, and the windows grow: so what was found in a window
//! that was done counts even if the next one takes too long. Where even the first window takes too long (two words that
//! are everywhere and never together), a few messages are read and sieved instead: every search gets on. **Invariant:**
//! where a search has got to is the edge of a window, or a message that is told: it says nothing about rooms that were
//! not asked for.

use rusqlite::ErrorCode;
use tertulia_protocol::{RoomId, Seq, UserId, entry::MessageBody};

use super::super::search::{Sieve, expression};
use super::entries::{ROW, Rows, blank, number, read_into};
use crate::log::{Entry, Query};

/// Places in the first window.
const WINDOW: u64 = 1024;
/// Places and bytes of text that are sieved at once.
const SIEVED_PLACES: u64 = 512;
const SIEVED_BYTES: usize = 256 * 1024;
/// How many of SQLite's steps pass between two looks at the clock. Few, because within the index hardly any are counted:
/// two or so for each page of it that is read.
const STEPS: i32 = 50;

const BY_WORDS: &str = "SELECT words.rowid, texts.shown, texts.link, log.room, log.author, log.at FROM words \
                        CROSS JOIN texts ON texts.seq = words.rowid CROSS JOIN log ON log.seq = words.rowid \
                        WHERE words.rowid >= ?1 AND words.rowid < ?2 AND words MATCH ?3 ORDER BY words.rowid DESC";
const BY_PLACE: &str = "SELECT texts.seq, texts.shown, texts.link, log.room, log.author, log.at FROM texts \
                        CROSS JOIN log ON log.seq = texts.seq \
                        WHERE texts.seq >= ?1 AND texts.seq < ?2 AND ?3 IS NULL ORDER BY texts.seq DESC";

/// A message that fits, and the entry whose text it is found by.
type Hit = (Seq, Seq);

impl Rows {
    /// The messages that fit, newest first, at most `max`, and from where to go on if not everything was looked through.
    /// `late` says when the time is over.
    pub(in crate::log) fn search(
        &self,
        query: &Query,
        max: usize,
        late: impl Fn() -> bool + Clone + Send + 'static,
    ) -> rusqlite::Result<(Vec<Entry>, Option<Seq>)> {
        if query.rooms.is_empty() {
            return Ok((Vec::new(), None));
        }
        // One moment for all, so that a message does not change while it is looked for.
        let moment = self.connection.unchecked_transaction()?;
        let newest: Option<i64> = moment.query_row("SELECT max(seq) FROM texts", [], |row| row.get(0))?;
        let top = newest.map_or(0, |newest| newest.cast_unsigned() + 1);
        let top = query.below.map_or(top, |below| below.0.min(top));
        let (hits, below) = self.windows(query, top, max, late)?;
        let entries = hits.into_iter().map(|hit| self.shown(hit)).collect::<Result<_, _>>()?;
        Ok((entries, below))
    }

    fn windows(
        &self,
        query: &Query,
        top: u64,
        max: usize,
        late: impl Fn() -> bool + Clone + Send + 'static,
    ) -> rusqlite::Result<(Vec<Hit>, Option<Seq>)> {
        let (mut hits, mut below, mut size) = (Vec::new(), top, WINDOW);
        while below > 1 {
            let from = below.saturating_sub(size).max(1);
            let done = hits.len();
            self.connection.progress_handler(STEPS, Some(late.clone()))?;
            let looked = self.window(query, from, below, max, &mut hits);
            self.connection.progress_handler(0, None::<fn() -> bool>)?;
            match looked {
                Ok(()) => {}
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                    hits.truncate(done);
                    if below < top {
                        return Ok((hits, Some(Seq(below))));
                    }
                    let from = self.sieve(query, below, max, &mut hits)?;
                    return Ok(go_on(hits, from, max));
                }
                Err(error) => return Err(error),
            }
            if hits.len() >= max || late() {
                return Ok(go_on(hits, from, max));
            }
            (below, size) = (from, size.saturating_mul(2));
        }
        Ok((hits, None))
    }

    /// Looks through one window by means of the index.
    fn window(&self, query: &Query, from: u64, below: u64, max: usize, hits: &mut Vec<Hit>) -> rusqlite::Result<()> {
        let expression = expression(&query.words);
        let sql = if expression.is_some() { BY_WORDS } else { BY_PLACE };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((from.cast_signed(), below.cast_signed(), expression))?;
        while hits.len() < max
            && let Some(row) = rows.next()?
        {
            if fits(query, row)? {
                hits.push((Seq(number(row, 0)?), Seq(number(row, 1)?)));
            }
        }
        Ok(())
    }

    /// Looks through a few messages by reading them; says down to which place it got.
    fn sieve(&self, query: &Query, below: u64, max: usize, hits: &mut Vec<Hit>) -> rusqlite::Result<u64> {
        let mut from = below.saturating_sub(SIEVED_PLACES).max(1);
        let mut statement = self.connection.prepare_cached(BY_PLACE)?;
        let mut rows = statement.query((from.cast_signed(), below.cast_signed(), None::<String>))?;
        let mut texts: Vec<(Hit, String)> = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            if !fits(query, row)? {
                continue;
            }
            let hit = (Seq(number(row, 0)?), Seq(number(row, 1)?));
            if let Some(text) = MessageBody::from_bytes(&self.shown(hit)?.body).map(|body| body.text) {
                bytes += text.len();
                texts.push((hit, text));
            }
            if bytes >= SIEVED_BYTES {
                from = hit.0.0;
                break;
            }
        }
        let candidates = texts.iter().map(|((seq, _), text)| (*seq, text.as_str()));
        let matching = Sieve::new()?.matching(&query.words, candidates)?;
        let found = texts.iter().map(|(hit, _)| *hit).filter(|(seq, _)| matching.binary_search(seq).is_ok());
        hits.extend(found.take(max));
        Ok(from)
    }

    /// The message in its place with the text by which it is found.
    fn shown(&self, (message, shown): Hit) -> rusqlite::Result<Entry> {
        let mut entry = blank();
        let mut statement = self.connection.prepare_cached(ROW)?;
        statement.query_row([message.0.cast_signed()], |row| read_into(row, &mut entry))?;
        if shown != message {
            let mut body = self.connection.prepare_cached("SELECT body FROM log WHERE seq = ?1")?;
            entry.body = body.query_row([shown.0.cast_signed()], |row| row.get(0))?;
        }
        Ok(entry)
    }
}

/// If it is full, a search goes on below what it told; else below what it looked through.
fn go_on(hits: Vec<Hit>, from: u64, max: usize) -> (Vec<Hit>, Option<Seq>) {
    let full = hits.get(max.saturating_sub(1)).map(|(seq, _)| *seq);
    let below = full.or((from > 1).then_some(Seq(from)));
    (hits, below)
}

/// Whether a row of [`BY_WORDS`] or [`BY_PLACE`] meets the conditions that are not words.
fn fits(query: &Query, row: &rusqlite::Row<'_>) -> rusqlite::Result<bool> {
    let (link, at) = (row.get::<_, bool>(2)?, row.get::<_, i64>(5)?);
    let (room, author) = (RoomId(number(row, 3)?), UserId(number(row, 4)?));
    Ok(query.rooms.binary_search(&room).is_ok()
        && query.author.is_none_or(|wanted| wanted == author)
        && query.from.is_none_or(|from| at >= from)
        && query.until.is_none_or(|until| at < until)
        && (!query.has_link || link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Draft;
    use crate::log::store::{Backlog, StepSize, Store};
    use tertulia_protocol::{Cid, DeviceId, Kind};

    /// A file with messages that say "even" and "odd" in turn, and "all" each.
    fn file(count: u64) -> (tempfile::TempDir, Rows) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("tertulia.db")).unwrap();
        let draft = |seq: u64| Draft {
            ticket: crate::log::Ticket(seq),
            at: 0,
            author: UserId(1),
            device: DeviceId(1),
            cid: Cid(u128::from(seq).to_be_bytes()),
            room: RoomId(1 + seq % 2),
            kind: Kind::MESSAGE,
            target: None,
            mentions: Vec::new(),
            body: MessageBody { text: format!("all {}", if seq.is_multiple_of(2) { "even" } else { "odd" }) }
                .to_bytes(),
        };
        store.append(&(1..=count).map(draft).collect::<Vec<_>>(), &mut Vec::new()).unwrap();
        let mut backlog = Backlog::new(Seq(0));
        backlog.add(Vec::new(), Seq(count));
        store.derive(&mut backlog, StepSize { entries: usize::MAX, text_bytes: usize::MAX }).unwrap();
        let rows = Rows::beside(&store).unwrap();
        (dir, rows)
    }

    /// All that is found, and in how many steps.
    fn find(rows: &Rows, words: &[&str], rooms: &[u64], late: bool) -> (Vec<u64>, u32) {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let mut query = Query { words, rooms: rooms.iter().copied().map(RoomId).collect(), ..Query::default() };
        let (mut found, mut steps) = (Vec::new(), 0);
        loop {
            let (entries, below) = rows.search(&query, 50, move || late).unwrap();
            found.extend(entries.iter().map(|entry| entry.seq.0));
            steps += 1;
            let Some(below) = below else { return (found, steps) };
            assert!(query.below.is_none_or(|before| below < before), "it gets on");
            query.below = Some(below);
        }
    }

    /// Keeps out: a search without time that answers the same place for ever, or leaves something out.
    #[test]
    fn a_search_gets_on_however_little_time_it_has() {
        let (_dir, rows) = file(5_000);
        let even: Vec<u64> = (1..=5_000).rev().filter(|seq| seq % 2 == 0).collect();
        for late in [false, true] {
            assert!(find(&rows, &["all", "even"], &[1, 2], late).0 == even);
            assert!(find(&rows, &["all", "eve"], &[1], late).0 == even);
            let (nothing, steps) = find(&rows, &["even", "odd"], &[1, 2], late);
            assert_eq!(nothing, [] as [u64; 0]);
            assert_eq!(steps > 1, late, "{steps} steps");
            assert_eq!(find(&rows, &[], &[2], late).0.len(), 2_500);
        }
    }

    /// Keeps out: a search that tells how many messages of other rooms have the words.
    #[test]
    fn where_a_search_has_got_to_says_nothing_about_other_rooms() {
        let (_dir, rows) = file(3_000);
        let query = |word: &str| Query { words: vec![word.to_owned()], rooms: vec![RoomId(1)], ..Query::default() };
        // "odd" stands in the other room alone, "nobody" nowhere.
        let below = |word| rows.search(&query(word), 50, || false).unwrap();
        assert_eq!(below("odd"), below("nobody"));
        let (_, below) = rows.search(&query("odd"), 50, || true).unwrap();
        assert!(below.is_none_or(|below| (3_001 - below.0).is_multiple_of(SIEVED_PLACES)), "{below:?} is an edge");
    }
}
