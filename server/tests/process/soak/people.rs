//! Everybody, on one thread and one poll: who says something when, who leaves and who comes back.
//!
//! What people do follows from a seed; when exactly follows from the machine.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use tertulia_server::keys::{Random as _, SeededRandom};

use super::{
    ledger::Ledger,
    person::{Person, Stage},
};

/// How many connect and log in at the same time.
const ENTERING_MAX: usize = 32;
/// How many writes one person has under way while the room is filled.
const UNDER_WAY_MAX: usize = 48;
/// The server cuts whoever is silent for 55 seconds.
const BEAT_EVERY: Duration = Duration::from_secs(15);
/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_millis(20);
/// How long nothing may come of anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a minute with these people is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// Messages a second, of all together.
    pub(super) messages: f64,
    /// How many leave each second; they come back a little later.
    pub(super) partings: f64,
    /// How many look at a page of the past each second.
    pub(super) looks: f64,
}

pub(super) struct People {
    server: SocketAddr,
    poll: Poll,
    events: Events,
    scratch: Vec<u8>,
    random: SeededRandom,
    persons: Vec<Person>,
    /// Who comes back, and when.
    away: Vec<(Instant, usize)>,
    /// Whose turn it is to show that it lives.
    beat: usize,
    beaten: Instant,
    pub(super) ledger: Ledger,
    pub(super) entered: usize,
}

impl People {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(4096),
            scratch: vec![0; 256 * 1024],
            random: SeededRandom::new(7667),
            persons: Vec::new(),
            away: Vec::new(),
            beat: 0,
            beaten: Instant::now(),
            ledger: Ledger::default(),
            entered: 0,
        }
    }

    /// Has so many more come in, and waits until they have.
    pub(super) fn enter(&mut self, more: usize) {
        let wanted = self.persons.len() + more;
        self.until("everybody is in", |people| {
            while people.persons.len() < wanted && people.count(Stage::Entering) < ENTERING_MAX {
                people.persons.push(Person::new(u32::try_from(people.persons.len()).unwrap()));
                people.connect(people.persons.len() - 1);
            }
            people.persons.len() == wanted && people.count(Stage::In) == wanted
        });
    }

    /// The first person fills the room with so many messages.
    pub(super) fn fill(&mut self, messages: usize) {
        let wanted = self.ledger.len() + messages;
        self.until("the room is filled", |people| {
            while people.ledger.len() < wanted && people.persons[0].unanswered() < UNDER_WAY_MAX {
                people.say(0);
            }
            people.persons[0].flush();
            people.ledger.len() == wanted && people.is_settled()
        });
    }

    /// Ordinary life, for so long. `look` is called again and again in between.
    pub(super) fn live(&mut self, time: Duration, manners: Manners, mut look: impl FnMut(&Self)) {
        let began = Instant::now();
        let (mut said, mut parted, mut looked) = (0.0, 0.0, 0.0);
        while began.elapsed() < time {
            self.step();
            let passed = began.elapsed().as_secs_f64();
            // Uneven, as people are: now nobody says anything, now three at once.
            while said < passed * manners.messages {
                said += 2.0 * self.part_of_one();
                if let Some(person) = self.anybody_idle() {
                    self.say(person);
                    self.persons[person].flush();
                }
            }
            while parted < passed * manners.partings {
                parted += 1.0;
                if let Some(person) = self.anybody_idle() {
                    self.part(person);
                }
            }
            while looked < passed * manners.looks {
                looked += 1.0;
                if let Some(person) = self.anybody_idle() {
                    let to = 1 + self.below(self.persons[person].heard());
                    self.persons[person].look_back(to);
                    self.persons[person].flush();
                }
            }
            look(self);
        }
        self.until("everybody is back, and has heard everything", |people| {
            // Those who are on their way out come to this list later.
            people.away.iter_mut().for_each(|(at, _)| *at = began);
            people.away.is_empty() && people.is_settled()
        });
    }

    /// How many are there.
    pub(super) fn online(&self) -> usize {
        self.persons.iter().filter(|person| person.stage != Stage::Away).count()
    }

    /// Everything is acknowledged, and everybody who is there has been told everything.
    fn is_settled(&self) -> bool {
        let head = self.ledger.len() as u64;
        self.ledger.unplaced() == 0 && self.persons.iter().all(|person| person.is_idle() && person.heard() == head)
    }

    #[track_caller]
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let (mut began, mut progress) = (Instant::now(), (0, 0));
        while !is_so(self) {
            let now = (self.ledger.deliveries, self.entered);
            if now != progress {
                (began, progress) = (Instant::now(), now);
            }
            assert!(began.elapsed() < PATIENCE, "it did not come to this: {what}");
            self.step();
        }
    }

    /// Waits a moment for events, and does what is due.
    fn step(&mut self) {
        match self.poll.poll(&mut self.events, Some(TICK)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return,
            polled => polled.unwrap(),
        }
        for event in &self.events {
            let index = event.token().0;
            let readable = event.is_readable() || event.is_read_closed() || event.is_error();
            let writable = event.is_writable() || event.is_write_closed() || event.is_error();
            let person = &mut self.persons[index];
            let before = person.stage;
            person.event(readable, writable, &mut self.scratch, &mut self.ledger);
            match (before, person.stage) {
                (Stage::Away, _) | (_, Stage::Entering) => {}
                (Stage::Entering, _) => self.entered += 1,
                (_, Stage::Away) => self.away.push((back_at(&mut self.random), index)),
                _ => {}
            }
        }
        self.beat();
        self.come_back();
    }

    /// A few at a time show that they live, so that each does often enough.
    fn beat(&mut self) {
        let count = self.persons.len();
        let due = self.beaten.elapsed().as_secs_f64() / BEAT_EVERY.as_secs_f64() * count as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of people")]
        let due = due as usize;
        if due == 0 {
            return;
        }
        self.beaten = Instant::now();
        for _ in 0..due.min(count) {
            self.beat = (self.beat + 1) % count;
            if matches!(self.persons[self.beat].stage, Stage::In | Stage::CatchingUp) {
                self.persons[self.beat].beat();
            }
        }
    }

    fn part(&mut self, person: usize) {
        // One in three without a word.
        if self.below(3) == 0 {
            self.persons[person].vanish();
            self.away.push((back_at(&mut self.random), person));
        } else {
            self.persons[person].leave();
            self.persons[person].flush();
        }
    }

    fn come_back(&mut self) {
        let now = Instant::now();
        let room = ENTERING_MAX.saturating_sub(self.count(Stage::Entering));
        let due = self.away.iter().filter(|(at, _)| *at <= now).map(|(_, person)| *person);
        let due: Vec<usize> = due.take(room).collect();
        self.away.retain(|(_, person)| !due.contains(person));
        due.into_iter().for_each(|person| self.connect(person));
    }

    fn connect(&mut self, index: usize) {
        let mut socket = TcpStream::connect(self.server).unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(index), both).unwrap();
        self.persons[index].enter(socket);
    }

    fn say(&mut self, person: usize) {
        let length = 20 + usize::try_from(self.below(180)).unwrap();
        let text: String = "un ratito de charla, ni corta ni larga; ".chars().cycle().take(length).collect();
        self.persons[person].say(text.trim_end(), &mut self.ledger);
    }

    fn count(&self, stage: Stage) -> usize {
        self.persons.iter().filter(|person| person.stage == stage).count()
    }

    /// Somebody who does nothing but listen, if a few tries find one.
    fn anybody_idle(&mut self) -> Option<usize> {
        let count = self.persons.len() as u64;
        let tries: Vec<usize> = (0..8).map(|_| usize::try_from(self.below(count)).unwrap()).collect();
        tries.into_iter().find(|person| self.persons[*person].is_idle())
    }

    fn below(&mut self, end: u64) -> u64 {
        below(&mut self.random, end)
    }

    fn part_of_one(&mut self) -> f64 {
        self.below(1_000) as f64 / 1_000.0
    }
}

/// Who leaves comes back after 5 to 30 seconds.
fn back_at(random: &mut SeededRandom) -> Instant {
    Instant::now() + Duration::from_millis(5_000 + below(random, 25_000))
}

fn below(random: &mut SeededRandom, end: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes) % end.max(1)
}
