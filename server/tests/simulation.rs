//! Nothing is ever lost: many runs of the whole system in a simulated world, each from a seed.
//!
//! `SEED=17 cargo test -p tertulia-server --test simulation nothing -- --nocapture` replays one with a trace of what
//! happens, `FAULT=LogStoresTwice` beside it one of the deliberately broken variants; `SEEDS=10000` runs that many, `FIRST=101`
//! from there on. Whatever breaks a promise ends its run with the promise's name.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a helper that fails fails its test")]

#[path = "simulation/mod.rs"]
mod simulation;
#[path = "support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use simulation::Fault;

/// Seeds of the ordinary test command.
const SEEDS: u64 = 100;

#[expect(clippy::disallowed_methods, reason = "how many seeds, or which one, is asked of the environment")]
fn asked(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn number(variable: &str) -> Option<u64> {
    asked(variable).map(|value| value.parse().unwrap())
}

/// What a run ended with, if it did not end well.
fn fails(seed: u64, fault: Option<Fault>, trace: bool) -> Option<String> {
    let ended = catch_unwind(AssertUnwindSafe(|| simulation::run(seed, fault, trace)));
    let why = ended.err()?;
    let text = why.downcast_ref::<String>().cloned();
    Some(text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

#[test]
fn nothing_is_ever_lost() {
    if let Some(seed) = number("SEED") {
        let fault = asked("FAULT").map(|name| *FAULTS.iter().find(|fault| format!("{fault:?}") == name).unwrap());
        simulation::run(seed, fault, true);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let first = number("FIRST").unwrap_or(1);
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        if let Some(why) = fails(seed, None, false) {
            println!("SEED={seed}: {why}");
            failed.push(seed);
        }
    }
    assert!(failed.is_empty(), "{} of {seeds} seeds: {failed:?}; SEED=… replays one with a trace", failed.len());
}

/// In so many runs everything that is deliberately broken has to be found.
const SEEDS_FOR_A_FAULT: u64 = 200;

/// Breaks something, and asserts that one of the promises that rest on it is found broken.
fn is_found(fault: Fault) {
    let promises = fault.breaks();
    let mut otherwise = Vec::new();
    for seed in 1..=SEEDS_FOR_A_FAULT {
        let Some(why) = fails(seed, Some(fault), false) else { continue };
        if promises.iter().any(|promise| why.starts_with(&format!("{promise:?} is broken"))) {
            println!("| {fault:?} | {seed} | {why}");
            return;
        }
        otherwise.push((seed, why));
    }
    panic!("{fault:?} breaks {promises:?}, and that is not found: {otherwise:?}");
}

macro_rules! found {
    ($($name:ident: $fault:ident;)*) => {
        /// All that is broken here, one at a time.
        const FAULTS: &[Fault] = &[$(Fault::$fault),*];
        $(
        #[test]
        fn $name() {
            is_found(Fault::$fault);
        }
    )*};
}

found! {
    a_log_that_acknowledges_early_is_found: LogAcksEarly;
    a_log_that_stores_twice_is_found: LogStoresTwice;
    a_log_that_loses_what_it_reported_is_found: LogLosesTheLast;
    a_log_that_goes_on_behind_failures_is_found: LogGoesOnBehindFailures;
    an_erasure_that_takes_state_is_found: LogErasesState;
    an_erasure_that_is_not_done_is_found: LogKeepsErased;
    lost_entries_are_found: EntriesDropped;
    entries_that_change_places_are_found: EntriesSwapped;
    what_leavers_are_told_is_found: LeaversTold;
    what_is_erased_and_shown_is_found: PageShowsErased;
    pages_without_what_was_said_later_are_found: PageWithoutLater;
    a_heartbeat_to_who_lags_is_found: HeartbeatWhileLagging;
    memberships_that_are_not_told_are_found: RoomsDropped;
    names_that_are_not_told_are_found: UsersDropped;
    mentions_that_are_not_counted_are_found: MentionsLost;
    read_marks_that_get_lost_are_found: MarksDropped;
    a_client_that_believes_in_sending_is_found: ClientBelievesInSending;
    a_client_that_forgets_its_outbox_is_found: ClientForgetsOutbox;
    a_client_that_keeps_what_is_erased_is_found: ClientKeepsErased;
    a_server_without_a_bound_is_found: NoBoundForReaders;
    writes_without_an_answer_are_found: WritesDropped;
}
