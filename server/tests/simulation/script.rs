//! What people, networks, disks and clocks do, at random.

use tertulia_client::session::{Ask, DraftText, Search, Write};
use tertulia_protocol::{
    Kind, RequestId, RoomId, Rseq, Seq, UserId, encode,
    reply::{ROOM_PRIVATE, ROOM_PUBLIC},
    request,
};
use tertulia_server::log::FailureKind;

use super::{
    link::{PRYING, Weather},
    person::{Around, Person},
    world::World,
};

const EMOJI: [&str; 4] = ["👍", "❤", "☕", "🎉"];

impl World {
    /// Something happens, and then time passes.
    pub(crate) fn happen(&mut self) {
        let number = self.dice.index(self.people.len()).unwrap_or(0);
        match self.dice.below(100) {
            0..=39 => self.talk(number),
            40..=55 => self.say_of(number),
            56..=72 => self.rooms(number),
            73..=82 => self.look(number),
            83..=91 => self.desk_trouble(number),
            _ => self.server_trouble(),
        }
        let ms = match self.dice.below(100) {
            0..=59 => self.dice.below(40),
            60..=89 => self.dice.below(800),
            90..=97 => self.dice.below(8_000),
            _ => self.dice.between(15_000, 70_000),
        };
        self.pass(ms);
    }

    fn text(&mut self) -> String {
        self.words += 1;
        let word = format!("w{} de {}", self.words, self.seed);
        let half = self.manners.text_max / 2;
        let length = usize::try_from(half + self.dice.below(half)).unwrap_or(0);
        if length > word.len() { word.clone() + &"x".repeat(length - word.len()) } else { word }
    }

    /// A room of somebody, or now and then any room that there is.
    fn a_room(&mut self, number: usize) -> RoomId {
        let own = self.rooms_of(number);
        if !self.dice.one_in(25)
            && let Some(room) = self.dice.pick(&own)
        {
            return *room;
        }
        let all: Vec<RoomId> = self.witness.rooms.keys().copied().collect();
        self.dice.pick(&all).copied().unwrap_or(RoomId(1))
    }

    fn a_user(&mut self) -> UserId {
        let all: Vec<UserId> = self.witness.users.keys().copied().collect();
        self.dice.pick(&all).copied().unwrap_or(UserId(2))
    }

    fn write(&mut self, number: usize, write: Write) {
        let kind = write.kind;
        let room = write.room;
        let target = write.target;
        let cid = self.with(number, |person, around| person.write(around, write));
        self.note(|| format!("{} writes {kind:?} to {room} about {target:?}: {cid:?}", number + 1));
    }

    fn talk(&mut self, number: usize) {
        for _ in 0..*self.dice.pick(&[1, 1, 1, 2, 6]).unwrap_or(&1) {
            let room = self.a_room(number);
            let text = self.text();
            let answers = if self.dice.one_in(6) { self.a_message(room, None) } else { None };
            let mentions = if self.dice.one_in(4) { vec![self.a_user()] } else { Vec::new() };
            let write = Write::message(room, text, answers, mentions);
            let write = if self.dice.one_in(5) { Write { from_draft: true, ..write } } else { write };
            self.write(number, write);
        }
    }

    /// A message of a room, perhaps of somebody.
    fn a_message(&mut self, room: RoomId, of: Option<UserId>) -> Option<Rseq> {
        let past = self.witness.rooms.get(&room)?;
        let start = self.dice.index(past.seqs.len())?;
        (0..=start).rev().take(40).find_map(|at| {
            let entry = self.witness.entry(past.seqs[at])?;
            let fits = entry.kind == Kind::MESSAGE && of.is_none_or(|of| of == entry.author);
            fits.then_some(Rseq(at as u64 + 1))
        })
    }

    /// Something about a message.
    fn say_of(&mut self, number: usize) {
        let room = self.a_room(number);
        let me = self.people[number].user;
        let what = self.dice.below(10);
        let own = me.filter(|_| what < 6 && !self.dice.one_in(20));
        let Some(message) = self.a_message(room, own) else { return };
        let emoji = *self.dice.pick(&EMOJI).unwrap_or(&"👍");
        let write = match what {
            0..=2 => {
                let mentions = if self.dice.one_in(5) { vec![self.a_user()] } else { Vec::new() };
                Write::edit(room, message, self.text(), mentions)
            }
            3..=5 => Write::delete(room, message),
            6..=8 => Write::react(room, message, emoji, true),
            _ => Write::react(room, message, emoji, false),
        };
        self.write(number, write);
    }

    fn rooms(&mut self, number: usize) {
        let room = self.a_room(number);
        let user = self.a_user();
        let name = format!("sala {}", self.dice.below(12));
        let on = self.dice.one_in(2);
        let write = match self.dice.below(24) {
            0 | 1 => Write::open_room(ROOM_PUBLIC, name, on.then(|| "de todo".to_owned())),
            2..=4 => Write::open_room(ROOM_PRIVATE, name, None),
            5 | 6 => return self.meet(number, user),
            7..=9 => {
                let public = self.witness.public();
                Write::join(self.dice.pick(&public).copied().unwrap_or(room))
            }
            10 | 11 => Write::leave(room),
            12..=15 => Write::invite(room, user),
            16 | 17 => Write::remove(room, user),
            18 => Write::role(room, user, if on { 2 } else { 1 }),
            19 => Write::archive(room, self.dice.one_in(3)),
            20 => Write::room_name(room, name),
            21 => Write::topic(room, on.then(|| format!("tema {}", self.words))),
            22 => Write::keep(room, on.then_some(1)),
            _ => {
                let first = super::world::NAMES[number];
                let surname = *self.dice.pick(&["Uno", "Dos", "Tres", "Vega"]).unwrap_or(&"Uno");
                if on { Write::rename(format!("{first} {surname}")) } else { Write::profile(Some(120)) }
            }
        };
        self.write(number, write);
    }

    /// Two people write to each other at the same moment.
    fn meet(&mut self, number: usize, user: UserId) {
        self.write(number, Write::direct(user));
        let other = self.people.iter().position(|person| person.user == Some(user));
        if let (Some(other), Some(me), true) = (other, self.people[number].user, self.dice.one_in(2)) {
            self.write(other, Write::direct(me));
        }
    }

    /// What changes nothing that others see, or is asked.
    fn look(&mut self, number: usize) {
        let room = self.a_room(number);
        let head = self.people[number].view.rooms.get(&room).map_or(1, |state| state.row.head.0).max(1);
        let at = self.dice.between(1, head);
        let to = self.dice.between(at, head.max(at));
        let kind = self.dice.below(16);
        self.note(|| format!("{} looks ({kind}) at {room} {at}..{to}", number + 1));
        if kind >= 12 {
            return self.pry(number);
        }
        let failed: Vec<_> =
            self.people[number].view.outbox.iter().filter(|(_, code)| code.is_some()).map(|(cid, _)| *cid).collect();
        let refused = self.dice.pick(&failed).copied();
        let text = self.text();
        self.with(number, |person, around| match kind {
            0..=3 => drop(person.say(around, |session, now| session.mark(now, room, Rseq(at)))),
            4 | 5 => drop(person.say(around, |session, now| session.open(now, room))),
            6 => {
                // What is not looked at is not in memory.
                person.view.folds.remove(&room);
                person.say(around, |session, _| session.close(room));
            }
            7 | 8 => drop(person.say(around, |session, now| session.show(now, room, Rseq(at), Rseq(to)))),
            9 => drop(person.say(around, |session, now| {
                session.typing(now, room);
                session.set_away(now, at.is_multiple_of(2));
                session.set_draft(now, room, DraftText { text: "a medias".to_owned(), answers: None });
            })),
            10 => drop(person.say(around, |session, now| {
                let search = Search { words: "de w1".to_owned(), ..Search::default() };
                session.ask(now, 1 << 40, Ask::Search(search));
                session.ask(now, 1 << 41, Ask::Browse { after: None });
            })),
            _ => {
                let Some(refused) = refused else { return };
                again(person, around, refused, Write::message(RoomId(1), text, None, Vec::new()));
            }
        });
    }

    /// Asks for what is perhaps not his to know.
    fn pry(&mut self, number: usize) {
        let all: Vec<RoomId> = self.witness.rooms.keys().copied().collect();
        let room = self.dice.pick(&all).copied().unwrap_or(RoomId(1));
        self.words += 1;
        let request = RequestId(PRYING + u32::try_from(self.words).unwrap_or(0));
        let (now, kind, since) = (self.now, self.dice.below(5), self.dice.below(self.witness.position().0 + 1));
        let person = &mut self.people[number];
        let synced = person.view.is_synced && person.is_running(now);
        let Some(link) = person.link.as_mut().filter(|_| synced) else { return };
        let bytes = match kind {
            0 => encode(&request::Pull { request, room, from: Rseq(1), to: Rseq(100_000), later_only: None }),
            1 => encode(&request::Pull { request, room, from: Rseq(1), to: Rseq(200), later_only: Some(true) }),
            2 => encode(&request::Members { request, room, after: None }),
            3 => encode(&request::Sync { request, since: Seq(since), after: None }),
            _ => encode(&request::Search {
                request,
                words: "de".to_owned(),
                room: since.is_multiple_of(2).then_some(room),
                author: None,
                from: None,
                until: None,
                has_link: None,
                below: None,
            }),
        };
        link.send(bytes.into(), now, person.weather, &mut person.dice, None);
    }

    /// The network of a desk, its computer, or its program fail.
    fn desk_trouble(&mut self, number: usize) {
        let until = self.now + self.dice.between(100, 60_000);
        let kind = self.dice.below(14);
        self.note(|| format!("trouble {kind} for {} until {until}", number + 1));
        let (now, roll) = (self.now, self.dice.roll());
        let weather = Weather {
            latency_ms: *self.dice.pick(&[0, 5, 40, 3_000]).unwrap_or(&5),
            chunk: *self.dice.pick(&[1, 30, 1_500, 100_000]).unwrap_or(&1_500),
        };
        self.with(number, |person, around| match kind {
            0 | 1 => {
                if let Some(link) = &mut person.link {
                    link.wire.reset();
                }
            }
            2 => {
                if let Some(link) = &mut person.link {
                    link.is_half_open = true;
                }
            }
            3..=6 => {
                if let Some(link) = &mut person.link {
                    link.stalled_until = until;
                }
            }
            7 | 8 => {
                if person.is_dead {
                    person.start(around);
                } else {
                    person.kill();
                    if roll.is_multiple_of(3) {
                        let mut dice = person.dice.split();
                        person.keeper.lose_power(&mut dice);
                    }
                }
            }
            9 => {
                if !person.is_dead && person.asleep.is_none() {
                    person.asleep = Some((now, until));
                }
            }
            10 => person.wall_offset_ms += 100_000 - i64::try_from(roll % 200_000).unwrap_or(0),
            11 => person.disk_fails = !person.disk_fails && !person.is_dead,
            _ => person.weather = weather,
        });
    }

    fn server_trouble(&mut self) {
        let kind = self.dice.below(20);
        self.note(|| format!("trouble {kind} for the server"));
        let roll = self.dice.roll();
        let count = usize::try_from(roll % 4).unwrap_or(0);
        match kind {
            0 | 1 => return self.crash(),
            2 => return self.stop(),
            3 => {
                let jump = i64::try_from(roll % 200_000_000).unwrap_or(0) - 100_000_000;
                self.wall_offset += jump;
                return;
            }
            4 => self.is_disk_broken |= self.server.is_some(),
            _ => {}
        }
        let Some(disk) = self.disk() else { return };
        match kind {
            4 => disk.log.break_down("the disk is gone"),
            5..=8 => disk.log.hold(),
            9 | 10 => disk.log.release(count),
            11 | 12 => disk.log.release_all(),
            13 => disk.fail(Some(FailureKind::Refused)),
            14 => disk.fail(None),
            15 => disk.log.fill(true),
            16 => disk.log.fill(false),
            17 => disk.log.hold_derived(),
            18 => disk.log.release_derived(),
            _ => disk.slow_reads = !disk.slow_reads,
        }
    }
}

/// Writes something in the place of what was refused.
fn again(person: &mut Person, around: &Around<'_>, refused: tertulia_protocol::Cid, write: Write) {
    person.say(around, |session, now| session.discard(now, refused));
    if let Some(fate) = person.fate(refused) {
        fate.discarded = true;
    }
    person.view.outbox.remove(&refused);
    person.write(around, write);
}
