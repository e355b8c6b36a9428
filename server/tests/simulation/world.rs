//! The world: one clock, one server with its disk, people with their computers, and the networks between them.
//!
//! Time is virtual and goes from one thing that is due to the next. Everything is decided by the seed.

mod server;

use std::net::SocketAddr;

use tertulia_protocol::{RoomId, Seq};
use tertulia_server::{connections::ConnectionId, desk::Now, limits::Limits, turn::Turn};

use super::{
    dice::Dice,
    disk::Disk,
    ear::Acknowledged,
    faults::Fault,
    finding::{Promise, holds},
    link::{Link, Passage},
    person::{Around, Person},
    witness::Witness,
};
use crate::support::{Manner, MemSocket, Wire};

/// When everything begins.
const WALL: i64 = 1_767_225_600_000;

/// More steps without time passing, and something spins.
const STEPS_MAX: usize = 200_000;

pub(crate) const NAMES: [&str; 20] = [
    "Ana", "Bruno", "Carla", "Diego", "Elena", "Felipe", "Gloria", "Hugo", "Irene", "Julio", "Karina", "Luis", "Marta",
    "Nuria", "Oscar", "Pilar", "Quique", "Rosa", "Sergio", "Teresa",
];

/// A running server.
pub(crate) struct Server {
    pub(crate) turn: Turn<MemSocket, Disk>,
    wires: Vec<(ConnectionId, Wire)>,
    /// When its next turn is, once one is due.
    at: Option<u64>,
    pub(crate) is_stopping: bool,
}

/// How this world is made.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    limits: Limits,
    wire: Manner,
    /// How long texts are kept.
    keep_ms: Option<i64>,
    /// How long a turn may be late.
    pub(crate) slow_ms: u64,
    /// How long texts are at most.
    pub(crate) text_max: u64,
    /// How much of what is said may reach somebody who does not read meanwhile: what fits into the network and into the
    /// queue, and a turn's buffers of some rooms.
    stalled_max: usize,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    pub(crate) wall_offset: i64,
    pub(crate) people: Vec<Person>,
    pub(crate) server: Option<Server>,
    /// The disk, while no server runs over it.
    disk: Option<Disk>,
    pub(crate) server_at: Option<u64>,
    pub(crate) is_disk_broken: bool,
    pub(crate) witness: Witness,
    pub(crate) acked: Acknowledged,
    pub(crate) manners: Manners,
    pub(crate) fault: Option<Fault>,
    pub(crate) trace: bool,
    position: Seq,
    ports: u16,
    turns: u64,
    /// For texts that are all different.
    pub(crate) words: u64,
}

impl Manners {
    fn new(dice: &mut Dice, fault: Option<Fault>) -> Self {
        let wordy = dice.one_in(16);
        let pick = |dice: &mut Dice, from: &[usize]| dice.pick(from).copied().unwrap_or(0);
        let mut limits = Limits {
            send_queue_bytes: pick(dice, &[600, 2_000, 8_000, 1 << 20]),
            drafts_in_flight: pick(dice, &[4_096, 4_096, 3]),
            fetches_in_flight: pick(dice, &[256, 256, 1]),
            room_bytes_per_turn: pick(dice, &[64 * 1_024, 1_024, 150]),
            frames_per_second: *dice.pick(&[1_000, 1_000, 20]).unwrap_or(&1_000),
            ..Limits::default()
        };
        let mut wire = Manner {
            capacity: pick(dice, &[300, 1_500, 16_000, 1 << 20]),
            chunk_max: pick(dice, &[9, 200, usize::MAX]),
            blocks_one_in: *dice.pick(&[0, 0, 6]).unwrap_or(&0),
        };
        let mut told_bytes = limits.send_queue_bytes;
        if matches!(fault, Some(Fault::NoBoundForReaders | Fault::HeartbeatWhileLagging)) {
            // Where readers lag soon.
            (limits.send_queue_bytes, limits.room_bytes_per_turn, wire.capacity) = (600, 150, 300);
            told_bytes = limits.send_queue_bytes;
        }
        if fault == Some(Fault::NoBoundForReaders) {
            limits.send_queue_bytes = usize::MAX;
        }
        let keep_ms = dice.one_in(3).then(|| 20_000 + i64::try_from(dice.below(120_000)).unwrap_or(0));
        let text_max = if wordy { 6_000 } else { 60 };
        let one_turn = limits.room_bytes_per_turn + usize::try_from(text_max).unwrap_or(0) + 200;
        let stalled_max = told_bytes + wire.capacity + 5 * one_turn;
        Self { limits, wire, keep_ms, slow_ms: *dice.pick(&[0, 0, 2, 60]).unwrap_or(&0), text_max, stalled_max }
    }
}

impl World {
    pub(crate) fn new(seed: u64, fault: Option<Fault>, trace: bool) -> Self {
        let mut dice = Dice::new(seed);
        let manners = Manners::new(&mut dice, fault);
        let many = if dice.one_in(8) { 20 } else { dice.between(3, 6) };
        let real = dice.one_in(5);
        let people = NAMES.iter().zip(1..=many);
        let people = people.map(|(name, number)| Person::new(number, name, real, dice.split(), fault)).collect();
        let disk = Disk::new(dice.split(), fault);
        let mut world = Self {
            seed,
            dice,
            now: 1_000,
            wall_offset: WALL,
            people,
            server: None,
            disk: Some(disk),
            server_at: None,
            is_disk_broken: false,
            witness: Witness::default(),
            acked: Acknowledged::default(),
            manners,
            fault,
            trace,
            position: Seq(0),
            ports: 1_000,
            turns: 0,
            words: 0,
        };
        world.boot();
        for number in 0..world.people.len() {
            world.with(number, Person::start);
        }
        world
    }

    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>8} {}", self.now, what());
        }
    }

    fn wall(&self) -> i64 {
        self.wall_offset + i64::try_from(self.now).unwrap_or(0)
    }

    fn moment(&self) -> Now {
        Now { mono: self.now, wall: self.wall() }
    }

    /// Somebody does something.
    pub(crate) fn with<T>(&mut self, number: usize, what: impl FnOnce(&mut Person, &Around<'_>) -> T) -> T {
        let wall = self.wall();
        let Self { now, witness, trace, people, .. } = self;
        what(&mut people[number], &Around { now: *now, wall, witness, trace: *trace })
    }

    // Everybody.

    fn connect(&mut self, number: usize) {
        let now = self.moment();
        let Some(server) = self.server.as_mut().filter(|server| !server.is_stopping) else {
            return self.with(number, Person::not_connected);
        };
        self.ports = self.ports.wrapping_add(1).max(1);
        let wire = Wire::new(self.manners.wire, self.dice.roll());
        let peer = SocketAddr::from(([10, 0, 0, u8::try_from(number).unwrap_or(0)], self.ports));
        let id = server.turn.accept(wire.socket(), peer, now);
        server.wires.push((id, wire.clone()));
        self.with(number, |person, around| person.connected(Link::new(wire), around));
    }

    fn tend(&mut self, number: usize) {
        if self.people[number].connect_at.is_some_and(|at| at <= self.now) && self.people[number].is_running(self.now) {
            self.connect(number);
        }
        let wall = self.wall();
        let Self { now, witness, acked, trace, people, position, fault, manners, .. } = self;
        let person = &mut people[number];
        if let Some(link) = &mut person.link {
            link.watch(*now, *position);
        }
        // A computer that sleeps, or is busy, takes nothing.
        if person.is_running(*now)
            && let Some(link) = &mut person.link
        {
            let mut passage = Passage {
                position: *position,
                witness,
                acked,
                fault: *fault,
                trace: *trace,
                stalled_max: manners.stalled_max,
            };
            link.take(*now, person.weather, &mut person.dice, &mut passage);
        }
        person.tend(&Around { now: *now, wall, witness, trace: *trace });
    }

    /// When something is due next.
    fn next(&mut self) -> Option<u64> {
        let now = self.now;
        let people = self.people.iter().filter_map(|person| person.deadline(now)).min();
        let server = self.server.as_mut().and_then(|server| {
            if Self::is_due(server, now) { Some(server.at.unwrap_or(now)) } else { server.turn.deadline() }
        });
        [people, server, self.server_at].into_iter().flatten().min()
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        let mut steps = 0;
        loop {
            for number in 0..self.people.len() {
                self.tend(number);
            }
            self.run_server();
            let next = self.next().unwrap_or(u64::MAX);
            if next > until {
                self.now = until;
                return;
            }
            if next > self.now {
                (self.now, steps) = (next, 0);
            } else {
                steps += 1;
                holds(steps < STEPS_MAX, Promise::Calm, || format!("something spins at {}", self.now));
            }
        }
    }

    /// Whether nothing is on its way, and everybody is told everything.
    pub(crate) fn restless(&mut self) -> Option<String> {
        let Some(server) = &mut self.server else { return Some("no server".to_owned()) };
        if Self::is_due(server, self.now) {
            return Some("the server has work".to_owned());
        }
        for person in &self.people {
            let number = person.number;
            let Some(session) = &person.session else { return Some(format!("{number} is dead")) };
            if !person.view.is_synced {
                return Some(format!("{number} is not synced"));
            }
            if session.unanswered().0 > 0 {
                return Some(format!("{number} has {:?} unanswered", session.unanswered()));
            }
            if !person.link.as_ref().is_some_and(Link::is_calm) {
                return Some(format!("{number}'s network is not calm"));
            }
        }
        None
    }

    pub(crate) fn rooms_of(&self, number: usize) -> Vec<RoomId> {
        let rooms = self.people[number].view.rooms.iter();
        rooms.filter(|(_, state)| !state.gone).map(|(room, _)| *room).collect()
    }
}
