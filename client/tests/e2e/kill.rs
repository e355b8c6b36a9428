//! Windows and the server are killed while people and residents write: whoever opens a window again finds in it what was
//! there, what was written goes out once and in its order, and in the end windows, stores and database say the same.
//!
//! `KILLS=50` kills as often, `SEED=` chooses other victims and moments.

use std::{collections::BTreeMap, net::SocketAddr, time::Instant};

use crate::{
    aftermath::{self, Random, Said, by_author, check_residents, check_store, draft, kept, number, outbox},
    child::{PATIENCE, until},
    display::AGAIN_AFTER,
    person::Person,
    resident::Resident,
    server::Home,
};

const RESIDENTS: usize = 10;

/// So slow that whoever writes has something unanswered.
const CONFIG: &str = "[limits]\nframes_per_second = 3\nburst_ms = 2000\n";

/// What a row says that has no server to go to.
const WAITS: &str = "en espera de conexión";

#[test]
fn whichever_window_is_killed_nothing_is_lost_doubled_or_reordered() {
    let (kills, seed) = (number("KILLS", 4), number("SEED", 1));
    let mut random = Random(seed);
    let home = Home::with_config(CONFIG);
    let mut server = home.server();
    let address = server.address;
    let mut writers = ["ana", "luis"].map(|name| Writer::comes(address, name));
    let start = |index| Resident::start(address, home.folder(), &format!("resident {index}"));
    let mut residents: Vec<_> = (0..RESIDENTS).map(start).collect();

    for kill in 1..=kills {
        for _ in 0..2 + random.below(4) {
            writers.iter_mut().for_each(Writer::writes_a_line);
        }
        await_answers(&mut residents, random.below(20));
        writers.iter_mut().for_each(Writer::writes_until_something_is_unanswered);
        // In the midst of a word, or before the first.
        writers.iter_mut().for_each(|writer| writer.begins_a_line(random.below(9)));

        // Each in its turn for sure, so that no seed leaves one out.
        let what = if kill <= 3 { kill % 3 } else { random.below(3) as u64 };
        let (takes_server, takes_windows) = (what != 2, what != 1);
        let victims = match takes_windows {
            true if random.below(2) == 0 => 0..2,
            true => [0..1, 1..2][random.below(2)].clone(),
            false => 0..0,
        };
        let windows_first = random.below(2) == 0;
        let kill_windows = |writers: &mut [Writer]| writers.iter_mut().for_each(Writer::is_killed);
        if windows_first {
            kill_windows(&mut writers[victims.clone()]);
        }
        if takes_server {
            server.process.kill();
        }
        if !windows_first {
            kill_windows(&mut writers[victims.clone()]);
        }
        let unanswered: Vec<_> = writers
            .iter_mut()
            .enumerate()
            .map(|(index, writer)| writer.unanswered_at_the_kill(takes_server && !victims.contains(&index)))
            .collect();
        println!("kill {kill}: server {takes_server}, windows {victims:?}, unanswered {unanswered:?}");
        assert!(unanswered.iter().all(|unanswered| *unanswered > 0), "seed {seed}, kill {kill}: {unanswered:?}");
        for writer in &mut writers[victims] {
            writer.opens_again(address, takes_server);
        }
        if takes_server {
            server = home.server_again_on(address);
        }
    }
    // Everybody comes back, goes on, and is heard.
    writers.iter_mut().for_each(Writer::writes_a_line);
    Resident::stop(&mut residents);
    for writer in &mut writers {
        until(&format!("all that {} wrote came", writer.person.name), 3 * PATIENCE, || {
            outbox(&writer.person.store()).is_empty().then_some(())
        });
    }

    let room = aftermath::room(&home.data());
    println!("seed {seed}: {kills} kills, {} messages", room.len());
    let authors = by_author(&room);
    assert_eq!(authors.len(), RESIDENTS + writers.len(), "nobody else wrote");
    Resident::catch_up_and_end(&mut residents, room.len() as u64);
    check_residents(&residents, &room);
    for resident in &residents {
        check_store(&resident.name, &resident.store(), &room);
    }
    for writer in &writers {
        writer.check_written(authors.values().find(|delivered| writer.wrote(&delivered[0].1)).unwrap());
        writer.check_read(&room);
        check_store(&writer.person.name, &writer.person.store(), &room);
    }
    writers.into_iter().for_each(|writer| writer.person.leaves());
    server.stop();
}

/// Waits until the residents have been answered so many times.
#[track_caller]
fn await_answers(residents: &mut [Resident], answers: usize) {
    let mut all = || residents.iter_mut().map(|resident| resident.listen().acked.len()).sum::<usize>();
    let before = all();
    until("the residents talk", 2 * PATIENCE, || (all() >= before + answers).then_some(()));
}

/// Somebody who writes at a window: "NAME ROUND 1.", "NAME ROUND 2.", …, where a round is from one kill to the next.
struct Writer {
    person: Person,
    round: u32,
    /// The lines of this round that Enter was pressed behind.
    lines: u32,
    /// How much of the next one was typed.
    begun: usize,
    /// Everything that lay in the outbox on disk after a kill, in the order of writing: cids and texts.
    kept: Vec<(String, String)>,
}

impl Writer {
    fn comes(server: SocketAddr, name: &str) -> Self {
        Self { person: Person::comes(server, name), round: 1, lines: 0, begun: 0, kept: Vec::new() }
    }

    fn line(&self, number: u32) -> String {
        format!("{} {} {number}.", self.person.name, self.round)
    }

    fn writes_a_line(&mut self) {
        self.lines += 1;
        self.person.says(&self.line(self.lines)[std::mem::take(&mut self.begun)..]);
    }

    /// Types the first letters of the next line.
    fn begins_a_line(&mut self, letters: usize) {
        let line = self.line(self.lines + 1);
        self.begun = letters.min(line.len() - 1);
        if self.begun > 0 {
            self.person.display.type_text(&line[..self.begun]);
        }
    }

    /// Writes faster than it can be answered, whatever was answered meanwhile.
    #[track_caller]
    fn writes_until_something_is_unanswered(&mut self) {
        until(&format!("{} is ahead of the answers", self.person.name), PATIENCE, || {
            let waiting = outbox(&self.person.store()).len();
            (waiting >= 3).then_some(()).or_else(|| {
                self.writes_a_line();
                None
            })
        });
    }

    fn is_killed(&mut self) {
        self.person.window.kill();
    }

    /// How much of what lay in the outbox when somebody was killed has no answer; of a window that lives on, once it has
    /// noticed that there is no server.
    #[track_caller]
    fn unanswered_at_the_kill(&mut self, notices: bool) -> usize {
        let store = self.person.store();
        let mut kept = outbox(&store);
        for item in &kept {
            if !self.kept.contains(item) {
                self.kept.push(item.clone());
            }
        }
        if notices {
            self.person.waits_for("that there is no server", |rows| {
                rows.iter().any(|row| row.state.as_deref() == Some(WAITS))
            });
            let still = outbox(&store);
            kept.retain(|item| still.contains(item));
        }
        kept.len()
    }

    /// The window opens on what the kill left. Without a server that is all that it can show.
    #[track_caller]
    fn opens_again(&mut self, server: SocketAddr, without_server: bool) {
        let store = self.person.store();
        let (kept, waiting, draft) = (kept(&store), outbox(&store), draft(&store));
        self.person.opens_what_is_closed(&["--server", &server.to_string(), "--name", &self.person.name.clone()]);
        if without_server {
            let waiting: Vec<_> = waiting.iter().map(|(_, text)| text).collect();
            let ends = ends(&kept);
            let what = format!("what waits to be sent, {waiting:?}, below the end of what was there, {ends:?}");
            self.person.waits_for(&what, |rows| {
                let (waits, there): (Vec<_>, Vec<_>) =
                    rows.iter().filter(|row| row.row != "day").partition(|row| row.row == "sending");
                let there: Vec<_> = there.iter().filter_map(|row| Some((row.rseq?, &row.text))).collect();
                // All that waits is little, and above it there is room for the rest.
                waits.iter().map(|row| &row.text).eq(waiting.iter().copied())
                    && there.last().is_some_and(|(place, _)| ends.contains(place))
                    && there.is_sorted_by(|(one, _), (next, _)| one + 1 == *next)
                    && there.iter().all(|(place, text)| kept.get(place) == Some(*text))
            });
        }
        // What was typed and not sent is there too, and goes the way of everything.
        if !draft.is_empty() {
            let mut last: Option<Instant> = None;
            until(&format!("{} has sent {draft:?}", self.person.name), PATIENCE, || {
                // On an empty composer Enter does nothing.
                if last.is_none_or(|last| last.elapsed() > AGAIN_AFTER) {
                    self.person.display.press(&["Return"]);
                    last = Some(Instant::now());
                }
                aftermath::draft(&store).is_empty().then_some(())
            });
        }
        (self.round, self.lines, self.begun) = (self.round + 1, 0, 0);
    }

    /// Whether this is a line of this writer, or the beginning of one.
    fn wrote(&self, text: &str) -> bool {
        text.starts_with(&self.person.name) || self.person.name.starts_with(text)
    }

    /// What lay in the outbox came, once; and of each round what was written first, without a hole, and then at most
    /// what was begun.
    #[track_caller]
    fn check_written(&self, delivered: &[(String, String)]) {
        let name = &self.person.name;
        let mut places = self.kept.iter().map(|item| delivered.iter().position(|came| came == item));
        assert!(places.all(|place| place.is_some()), "{name}: {:#?} of {delivered:#?}", self.kept);
        let places = self.kept.iter().map(|item| delivered.iter().position(|came| came == item));
        assert!(places.is_sorted(), "{name}: {:#?} in {delivered:#?}", self.kept);

        let line = |round: u32, number: u32| format!("{name} {round} {number}.");
        let (mut round, mut number) = (1, 0);
        for (_, text) in delivered {
            if *text == line(round, number + 1) {
                number += 1;
            } else if !line(round, number + 1).starts_with(text.as_str()) {
                let begins = (round + 1..=self.round).find(|round| *text == line(*round, 1));
                let begins = begins.unwrap_or_else(|| panic!("{text:?} follows {:?}", line(round, number)));
                (round, number) = (begins, 1);
            }
        }
        assert_eq!((round, number), (self.round, self.lines), "{name}: the last line came");
    }

    /// Reads the room from its end to its beginning. Every message that was ever shown as sent is there at that place, and
    /// every one that is there can be read.
    #[track_caller]
    fn check_read(&self, room: &[Said]) {
        self.person.display.press(&["ctrl+End"]);
        let newest = room.len() as u64;
        self.person.waits_for("the end", |rows| rows.iter().any(|row| row.rseq == Some(newest)));
        let mut top = newest + 1;
        while top > 1 {
            // A page that was not here yet when the key was pressed does not come into sight by itself.
            let mut last: Option<Instant> = None;
            top = until(&format!("{} reads what stands above {top}", self.person.name), PATIENCE, || {
                if last.is_none_or(|last| last.elapsed() > AGAIN_AFTER) {
                    self.person.display.press(&["Prior"]);
                    last = Some(Instant::now());
                }
                self.person.sees().iter().find_map(|row| row.rseq).filter(|now| *now < top)
            });
        }
        self.person.waits_for("the beginning", |rows| rows.iter().any(|row| row.rseq == Some(1) && !row.cut));
        let read = self.person.read();
        for (said, place) in room.iter().zip(1_u64..) {
            let (author, text) = read.get(&place).unwrap_or_else(|| panic!("{place} was never seen"));
            assert_eq!(*text, said.text(), "{}: {place}", self.person.name);
            assert!(text.starts_with(author) || author.starts_with(text), "{author} is said to have said {text:?}");
        }
        assert_eq!(read.len(), room.len(), "{}: nothing else was ever shown as sent", self.person.name);
        assert!(self.person.saw().iter().all(|row| row.row != "failed"), "nothing failed");
    }
}

/// Where a window that has these places begins to show them: at the end, or, if little is there behind a hole, as when it
/// was killed before the hole was filled, before that.
fn ends(kept: &BTreeMap<u64, String>) -> Vec<u64> {
    let mut ends = kept.keys().copied().rev().filter(|place| !kept.contains_key(&(place + 1)));
    let (newest, before) = (ends.next(), ends.next());
    let is_little = newest.zip(before).is_some_and(|(newest, before)| kept.range(before + 1..=newest).count() < 20);
    newest.into_iter().chain(before.filter(|_| is_little)).collect()
}
