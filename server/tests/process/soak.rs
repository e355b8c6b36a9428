//! The soak: a small computer, a large crowd, ten minutes.
//!
//! The server has one core and 512 MB to itself, as the box in the corner has; two thousand people chat, come and go, and
//! look back. Every frame that each of them is told is checked, and in the end what was acknowledged, what was told and
//! what the database holds are one story. Memory has to stay where it was: what a message leaves in it is known.
//!
//! The ten minutes are asked for by name (`.ci/long` does so, in a release build); a quarter of a minute with fewer people
//! belongs to the ordinary tests, so that the long one cannot rot.
#![cfg(target_os = "linux")]

#[path = "../support/device.rs"]
mod device;
mod greeting;
mod ledger;
mod machine;
mod people;
mod person;

use std::{panic::resume_unwind, thread, time::Duration};

use crate::{
    child::wrapped,
    server::{Home, Server},
};
use machine::{Sample, Samples, address_space_kib, cores, stay_on};
use people::{Manners, People};

/// All that the server may map, in bytes. Not only what is resident (Linux has no limit on that for a process alone): a
/// bound on address space is the stricter one, for it counts what was reserved and never touched as well.
const ADDRESS_SPACE: u64 = 512 * 1024 * 1024;

/// What a message may leave in memory: 16 bytes in the place index, which grows by doubling.
const INDEX_BYTES: u64 = 2 * 16;
/// What the rest may grow by while nothing else lasts: parts of a hundred of what is resident, for what grows by doubling
/// and has room for the most that there ever was; and what the allocators of four threads round up to.
const NOISE_PERCENT: u64 = 1;
const NOISE_KIB: u64 = 128;

#[derive(Clone, Copy, Debug)]
struct Plan {
    time: Duration,
    people: usize,
    manners: Manners,
    /// Messages that are there beforehand: a room with a past, and SQLite's caches are full.
    past: usize,
    sample_every: Duration,
}

#[test]
fn a_quarter_of_a_minute_with_a_few_people() {
    soak(Plan {
        time: Duration::from_secs(12),
        people: 150,
        manners: Manners { messages: 20.0, partings: 3.0, looks: 3.0 },
        past: 2_000,
        sample_every: Duration::from_secs(1),
    });
}

/// `SOAK_SECONDS` (600), `SOAK_PEOPLE` (2000) and `SOAK_RATE` (messages a second, 5) from the environment.
#[test]
#[ignore = "it takes ten minutes; .ci/long runs it"]
fn ten_minutes_with_two_thousand_people() {
    let people = setting("SOAK_PEOPLE", 2_000);
    soak(Plan {
        time: Duration::from_secs(setting("SOAK_SECONDS", 600)),
        people: usize::try_from(people).unwrap(),
        manners: Manners {
            messages: f64::from(u32::try_from(setting("SOAK_RATE", 5)).unwrap()),
            // Each stays for about seven minutes.
            partings: f64::from(u32::try_from(people).unwrap()) / 400.0,
            looks: 2.0,
        },
        past: 20_000,
        sample_every: Duration::from_secs(10),
    });
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// On a thread of its own, which stays on its core; the one that runs the tests goes on to others.
fn soak(plan: Plan) {
    if let Err(panic) = thread::spawn(move || run(plan)).join() {
        resume_unwind(panic);
    }
}

fn run(plan: Plan) {
    let (servers, ours) = cores();
    println!("{plan:?}; the server on core {servers}, we on core {ours}");
    // Our own ends need descriptors too.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let room = plan.people + 100;
    let home = Home::with_config(&format!(
        "[limits]\nconnections_per_address = {room}\nnames_per_address_per_hour = {room}\n"
    ));
    let mut server = start(&home, &servers);
    stay_on(&ours);

    let mut people = People::new(server.address);
    people.enter(1);
    people.fill(plan.past);
    people.enter(plan.people - 1);
    let (first, deliveries, paged) = (people.ledger.len(), people.ledger.deliveries, people.ledger.paged);
    let entered = people.entered;
    let mut samples = Samples::new(plan.sample_every);
    people.live(plan.time, plan.manners, |people| {
        samples.take(&server, people.ledger.len(), people.ledger.deliveries, people.online());
    });

    people.ledger.check();
    samples.all.iter().for_each(print);
    let address_space = address_space_kib(&server);
    server.stop();
    people.ledger.check_database(&home.data().join("tertulia.db"));

    let (from, to) = (samples.all.first().unwrap(), samples.all.last().unwrap());
    let (time, cpu) = ((to.at - from.at).as_secs_f64(), (to.cpu - from.cpu).as_secs_f64());
    println!(
        "messages: {} and {} before; every one acknowledged, and in the database",
        people.ledger.len() - first,
        first
    );
    println!("live deliveries: {}, each once and in order", people.ledger.deliveries - deliveries);
    println!("came back: {}; entries in pages: {}", people.entered - entered, people.ledger.paged - paged);
    println!("acknowledged within (median, 99 of 100, all): {:?}", people.ledger.waits_from(first));
    println!("CPU of the server: {cpu:.2} s in {time:.0} s, {:.1} % of a core", 100.0 * cpu / time);
    println!("address space: at most {address_space} KiB");
    check_memory(samples.warm());
}

/// The server on one core, with no more address space than that.
fn start(home: &Home, core: &str) -> Server {
    let bound = format!("--as={ADDRESS_SPACE}");
    // Each of the two replaces itself by what it starts, so that the process is the server in the end.
    Server::start(&mut wrapped(&["taskset", "-c", core, "prlimit", &bound, "--"], &home.command(&["127.0.0.1:0"])))
}

/// What is resident at the end is what was resident at the beginning, and what the messages in between leave behind.
fn check_memory(samples: &[Sample]) {
    let quarter = samples.len() / 4;
    assert!(quarter > 0, "too short a run for a comparison: {samples:?}");
    let (early, late) = (&samples[..quarter], &samples[samples.len() - quarter..]);
    let (before, after) = (median(early), median(late));
    let messages = (late.last().unwrap().messages - early[0].messages) as u64;
    let allowed = before * NOISE_PERCENT / 100 + NOISE_KIB + messages * INDEX_BYTES / 1024;
    println!("resident: {before} KiB in the first quarter, {after} KiB in the last; {allowed} KiB more are allowed");
    assert!(after <= before + allowed, "memory grows: {samples:?}");
}

fn median(samples: &[Sample]) -> u64 {
    let mut resident: Vec<u64> = samples.iter().map(|sample| sample.resident_kib).collect();
    resident.sort_unstable();
    resident[resident.len() / 2]
}

fn print(sample: &Sample) {
    let Sample { at, resident_kib, cpu, messages, deliveries, online } = sample;
    println!(
        "{:>5.0} s: {resident_kib} KiB resident, {:.2} s CPU, {messages} messages, {deliveries} deliveries, {online} there",
        at.as_secs_f64(),
        cpu.as_secs_f64(),
    );
}
