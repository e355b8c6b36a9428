//! Which places of a room are held without a hole, and up to where it is known what was said about them.
//!
//! ```text
//!   1   5        9              20     27          head
//!   ·   ╞════════╡  ··········  ╞══════╡ ········· │
//!       a run, known to 9       another, known to 27
//! ```
//!
//! What lies between two runs is missing, and whatever stands there may have changed what is held below it. A run whose
//! `known` is the head needs nothing. Pure arithmetic.

use super::saved::Run;

/// More runs of one room are not remembered: the lowest is forgotten then, and pulled again when it is looked at.
const RUNS_MAX: usize = 256;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs(Vec<Run>);

impl Runs {
    /// What was kept, as far as it makes sense.
    pub(super) fn from_saved(saved: &[Run], place_max: u64) -> Self {
        let mut runs = Self::default();
        for run in saved {
            if (1..=run.last).contains(&run.first) && run.last <= place_max && run.last <= run.known {
                runs.insert(run.first, run.last, run.known);
            }
        }
        runs
    }

    pub(super) fn as_slice(&self) -> &[Run] {
        &self.0
    }

    /// Everything from `first` to `last` is held, and what was said about it up to `known`.
    pub(super) fn insert(&mut self, first: u64, last: u64, known: u64) {
        let known = known.max(last);
        let mut runs = Vec::with_capacity(self.0.len() + 2);
        let mut inside = Vec::new();
        for run in std::mem::take(&mut self.0) {
            if run.last < first || run.first > last {
                runs.push(run);
                continue;
            }
            if run.first < first {
                runs.push(Run { last: first - 1, ..run });
            }
            if run.last > last {
                runs.push(Run { first: last + 1, ..run });
            }
            let known = run.known.max(known);
            inside.push(Run { first: run.first.max(first), last: run.last.min(last), known });
        }
        // What was missing in between.
        let mut next = first;
        inside.sort_by_key(|run| run.first);
        for run in inside {
            if run.first > next {
                runs.push(Run { first: next, last: run.first - 1, known });
            }
            next = run.last + 1;
            runs.push(run);
        }
        if next <= last {
            runs.push(Run { first: next, last, known });
        }
        runs.sort_by_key(|run| run.first);
        self.0 = runs;
        self.close();
    }

    /// It is known up to `known` what was said about the places from `first` to `last`.
    pub(super) fn refresh(&mut self, first: u64, last: u64, known: u64) {
        for (from, to) in self.held(first, last) {
            self.insert(from, to, known);
        }
    }

    /// What is held there is not held after all.
    pub(super) fn remove(&mut self, first: u64, last: u64) {
        let mut runs = Vec::with_capacity(self.0.len() + 1);
        for run in std::mem::take(&mut self.0) {
            if run.first < first {
                runs.push(Run { last: run.last.min(first - 1), ..run });
            }
            if run.last > last {
                runs.push(Run { first: run.first.max(last + 1), ..run });
            }
        }
        self.0 = runs;
    }

    /// The parts of a range that are held, by rising place.
    pub(super) fn held(&self, first: u64, last: u64) -> Vec<(u64, u64)> {
        let mut parts: Vec<(u64, u64)> = Vec::new();
        for run in self.0.iter().filter(|run| run.first <= last && run.last >= first) {
            let part = (run.first.max(first), run.last.min(last));
            match parts.last_mut() {
                Some((_, end)) if *end + 1 == part.0 => *end = part.1,
                _ => parts.push(part),
            }
        }
        parts
    }

    /// The uppermost part of a range that is missing.
    pub(super) fn last_missing(&self, first: u64, last: u64) -> Option<(u64, u64)> {
        let mut to = last;
        for run in self.0.iter().rev().filter(|run| run.first <= last) {
            if run.last < to {
                return Some((first.max(run.last + 1), to)).filter(|(from, to)| from <= to);
            }
            if run.first <= first {
                return None;
            }
            to = run.first - 1;
        }
        (first <= to).then_some((first, to))
    }

    /// The lowest part of a range that is held, and about which something may have been said since. At most `most`
    /// places.
    pub(super) fn stale(&self, first: u64, last: u64, head: u64, most: u64) -> Option<(u64, u64)> {
        let run = self.0.iter().find(|run| run.first <= last && run.last >= first && run.known < head)?;
        let from = run.first.max(first);
        Some((from, run.last.min(last).min(from + most - 1)))
    }

    /// The last place held; 0 if there is none.
    pub(super) fn last(&self) -> u64 {
        self.0.last().map_or(0, |run| run.last)
    }

    /// What follows without a hole tells what was said up to its own end.
    fn close(&mut self) {
        for at in 0..self.0.len() {
            let mut known = self.0[at].known;
            for run in &self.0[at..] {
                if run.first <= known + 1 && run.last > known {
                    known = run.last;
                }
            }
            self.0[at].known = known;
        }
        self.0.dedup_by(|next, run| {
            let one = run.last + 1 == next.first && run.known == next.known;
            if one {
                run.last = next.last;
            }
            one
        });
        while self.0.len() > RUNS_MAX {
            self.0.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(first: u64, last: u64, known: u64) -> Run {
        Run { first, last, known }
    }

    #[test]
    fn a_gap_that_is_filled_tells_what_was_said_in_it() {
        let mut runs = Runs::default();
        runs.insert(1, 10, 10);
        runs.insert(31, 40, 50);
        assert_eq!(runs.as_slice(), [run(1, 10, 10), run(31, 40, 50)]);
        assert_eq!(runs.last_missing(1, 50), Some((41, 50)));
        assert_eq!(runs.last_missing(1, 40), Some((11, 30)));
        runs.insert(11, 30, 50);
        // What was said in 41 … 50 about 1 … 10 is still not known.
        assert_eq!(runs.as_slice(), [run(1, 10, 40), run(11, 40, 50)]);
        assert_eq!(runs.stale(1, 40, 50, 200), Some((1, 10)));
        runs.refresh(1, 10, 50);
        assert_eq!(runs.as_slice(), [run(1, 40, 50)]);
        runs.insert(51, 51, 51);
        assert_eq!(runs.as_slice(), [run(1, 40, 51), run(51, 51, 51)]);
        runs.remove(5, 6);
        assert_eq!(runs.held(1, 100), [(1, 4), (7, 40), (51, 51)]);
    }

    proptest! {
        /// Against a plain list of places: what is held, and from where on something is unknown.
        #[test]
        fn runs_are_the_places_that_were_inserted(ops in prop::collection::vec((1_u64..60, 0_u64..12, 0_u64..30), 0..40)) {
            let mut runs = Runs::default();
            let mut places = [0_u64; 120];
            for (first, more, ahead) in ops {
                let last = first + more;
                runs.insert(first, last, last + ahead);
                for place in first..=last {
                    let place = usize::try_from(place).unwrap();
                    places[place] = places[place].max(last + ahead);
                }
                // What is held right behind what is known is known too.
                for at in (1..places.len()).rev() {
                    while places[at] > 0 && places.get(usize::try_from(places[at]).unwrap() + 1).is_some_and(|known| *known > 0) {
                        places[at] += 1;
                    }
                }
            }
            for run in runs.as_slice() {
                prop_assert!(run.first <= run.last && run.last <= run.known);
            }
            for (at, known) in (0_u64..).zip(places) {
                let found = runs.as_slice().iter().find(|run| (run.first..=run.last).contains(&at));
                prop_assert_eq!(found.map_or(0, |run| run.known), known, "at {}", at);
            }
        }
    }
}
