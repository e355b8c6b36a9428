//! The end: everything is mended, everybody comes to rest and reads everything, and then all of it is compared.

use tertulia_client::fold::Fold;
use tertulia_protocol::{Kind, RoomId, Rseq, Seq, UserId, reply::RoomRow};
use tertulia_server::chat::{Chat, Outcome};

use super::{
    finding::{Promise, broken, holds},
    person::Person,
    witness::Witness,
    world::World,
};

/// How long it may take until everything is at rest, in milliseconds: waits between attempts grow to a minute.
const REST_MS: u64 = 900_000;

/// The most places that are looked at at once.
const WINDOW: u64 = 200;

impl World {
    /// Comes to rest and compares.
    pub(crate) fn judge(&mut self) {
        self.mend();
        self.rest();
        self.read_parts();
        self.read_everything();
        // Everybody hears a heartbeat, so that C is as far as it gets; and who is dead is known to be.
        self.pass(60_000);
        self.rest();
        self.compare();
        self.compare_offline();
    }

    fn mend(&mut self) {
        self.note(|| "everything is mended".to_owned());
        for number in 0..self.people.len() {
            self.with(number, |person, around| {
                (person.disk_fails, person.disk_is_slow) = (false, false);
                person.weather.latency_ms = 5;
                person.weather.chunk = 4_000;
                person.asleep = person.asleep.map(|(since, _)| (since, around.now));
                if let Some(link) = &mut person.link {
                    link.stalled_until = 0;
                }
                if person.is_dead {
                    person.start(around);
                }
            });
        }
        self.manners.slow_ms = 0;
        if let Some(disk) = self.disk() {
            disk.heal();
        }
    }

    fn rest(&mut self) {
        let until = self.now + REST_MS;
        loop {
            self.pass(500);
            if let Some(disk) = self.disk() {
                // A server that was down meanwhile has another disk.
                disk.heal();
            }
            let Some(why) = self.restless() else {
                self.pass(1_000);
                if self.restless().is_none() {
                    return;
                }
                continue;
            };
            holds(self.now < until, Promise::Calm, || format!("after {REST_MS} ms, {why}"));
        }
    }

    /// Everybody looks at a few lines somewhere, half of them after having looked elsewhere, so that nothing of the room is
    /// in memory any more: what was said about these lines later comes with them.
    fn read_parts(&mut self) {
        let mut parts = Vec::new();
        for number in 0..self.people.len() {
            for room in self.rooms_of(number) {
                let head = self.people[number].view.rooms.get(&room).map_or(0, |state| state.row.head.0);
                if head > 0 {
                    let from = self.dice.between(1, head);
                    let to = (from + self.dice.below(8)).min(head);
                    if self.dice.one_in(2) {
                        self.people[number].view.folds.remove(&room);
                    }
                    self.with(number, |person, around| {
                        person.say(around, |session, now| session.show(now, room, Rseq(from), Rseq(to)));
                    });
                    parts.push((number, room, Rseq(from), Rseq(to)));
                }
            }
        }
        self.rest();
        for (number, room, from, to) in parts {
            let mut true_one = Fold::new();
            true_one.take(self.witness.now(room), Vec::new());
            let shown = self.people[number].view.folds.get(&room).map(|fold| fold.lines_between(from, to));
            let meant = true_one.lines_between(from, to);
            holds(shown.as_ref() == Some(&meant), Promise::Same, || {
                format!("{} looks at {room}/{from}..{to} and sees {shown:?}, meant is {meant:?}", number + 1)
            });
        }
    }

    fn read_everything(&mut self) {
        for _ in 0..12 {
            let mut missing = 0;
            for number in 0..self.people.len() {
                for room in self.rooms_of(number) {
                    missing += self.read_room(number, room);
                }
            }
            self.rest();
            if missing == 0 {
                return;
            }
        }
        for number in 0..self.people.len() {
            for room in self.rooms_of(number) {
                let view = &self.people[number].view;
                let head = view.rooms.get(&room).map_or(0, |state| state.row.head.0);
                let whole = view.folds.get(&room).map(|fold| fold.whole().to_vec());
                let is_whole = view.folds.get(&room).is_some_and(|fold| fold.is_whole(Rseq(1), Rseq(head)));
                holds(is_whole || head == 0, Promise::Same, || {
                    format!("{} cannot read {room} to {head}: {whole:?}", number + 1)
                });
            }
        }
    }

    /// Looks at all of a room. How many windows were missing something, or had not been looked at.
    fn read_room(&mut self, number: usize, room: RoomId) -> usize {
        let view = &self.people[number].view;
        let head = view.rooms.get(&room).map_or(0, |state| state.row.head.0);
        let mut missing = 0;
        let mut from = 1;
        while from <= head {
            let to = (from + WINDOW - 1).min(head);
            let whole =
                self.people[number].view.folds.get(&room).is_some_and(|fold| fold.is_whole(Rseq(from), Rseq(to)));
            missing += usize::from(!whole);
            self.with(number, |person, around| {
                person.say(around, |session, now| session.show(now, room, Rseq(from), Rseq(to)));
            });
            from = to + 1;
        }
        missing
    }

    fn compare(&mut self) {
        self.compare_logs();
        for number in 0..self.people.len() {
            self.compare_written(number);
            self.compare_rooms(number);
            self.compare_folds(number);
            let Some(server) = &self.server else { continue };
            compare_people(&self.people[number], server.turn.chat());
        }
        for number in 0..self.people.len() {
            for room in self.rooms_of(number) {
                self.with(number, |person, around| person.ask_members(around, room));
                self.pass(200);
            }
        }
        self.rest();
        for person in &self.people {
            let Some(server) = &self.server else { continue };
            for (room, members) in &person.view.members {
                let Some(found) = server.turn.chat().room(*room) else { continue };
                let told: Vec<(UserId, u16)> = members.iter().map(|row| (row.user, row.role)).collect();
                let true_ones: Vec<(UserId, u16)> = found.members().collect();
                holds(told == true_ones, Promise::Rooms, || format!("members of {room}: {told:?}, {true_ones:?}"));
            }
        }
    }

    /// The log means the state, erased or not; everything acknowledged is there; nothing waits.
    fn compare_logs(&mut self) {
        let Some(server) = &mut self.server else { return };
        server.turn.check_invariants();
        holds(server.turn.held_bytes() < 4_096 * self.people.len(), Promise::Bounded, || "something still waits");
        let marks = server.turn.log_mut().log.marks();
        let entries = server.turn.log_mut().log.entries().to_vec();
        self.acked.check(&entries);
        let mut replayed = Chat::new();
        for entry in &entries {
            if let Err(error) = replayed.apply(entry) {
                broken(Promise::Replay, format!("{error:?}"));
            }
        }
        replayed.set_marks(marks);
        let chat = server.turn.chat();
        if let Err(why) = chat.check_invariants() {
            broken(Promise::Replay, why);
        }
        holds(chat.state_digest() == replayed.state_digest(), Promise::Replay, || "a replay means another state");
        for entry in &entries {
            let Some((room, rseq)) = self.witness.place(entry.seq) else {
                holds(entry.kind.is_state() || entry.body.is_empty(), Promise::Erased, || {
                    format!("entry {} was refused, and has {} bytes in the log", entry.seq, entry.body.len())
                });
                continue;
            };
            let by = self.witness.erased_by(room, rseq);
            let body_is_there = !entry.body.is_empty();
            holds(body_is_there == by.is_none(), Promise::Erased, || {
                format!("{room}/{rseq}, erased by {by:?}, has {} bytes in the log", entry.body.len())
            });
        }
    }

    /// What was written is placed, or refused; and in the order of writing.
    fn compare_written(&mut self, number: usize) {
        let Self { people, witness, .. } = self;
        let person = &mut people[number];
        let Some((user, key)) = person.user.zip(person.key()) else { return };
        let outbox = person.keeper.saved(&key).outbox;
        let (mut last, mut before) = (Seq(0), Seq(0));
        for (cid, fate) in &person.written {
            let place = witness.find(user, *cid);
            let outcome = place.and_then(|place| witness.outcome(place));
            let is_placed =
                matches!(outcome, Some(Outcome::Placed(_) | Outcome::Existing(_) | Outcome::Unplaced { .. }));
            let held = outbox.iter().find(|item| item.cid == *cid).map(|item| item.failed.clone());
            let told = format!("{cid} of {} ({fate:?}) lies in the outbox as {held:?} and is {outcome:?}", number + 1);
            match held {
                // Refused, with a reason, for the person to see.
                Some(Some(_)) => holds(!is_placed, Promise::Written, || told),
                Some(None) => broken(Promise::Written, told),
                None => holds(is_placed || !fate.queued || fate.discarded, Promise::Written, || told),
            }
            holds(!fate.settled || is_placed, Promise::Sent, || format!("{cid} was shown as sent"));
            // Deletions are stored while nothing else can be; and where a refused one stands means nothing.
            let is_deletion =
                place.and_then(|place| witness.entry(place)).is_some_and(|entry| entry.kind == Kind::DELETE);
            if let Some(place) = place.filter(|_| is_placed && !is_deletion) {
                let may_pass = || witness.was_refusable(last, before, place);
                holds(place > last || may_pass(), Promise::Written, || {
                    format!("{cid} of {} overtook at {place} what stands at {last}", number + 1)
                });
                (before, last) = (last.min(place), last.max(place));
            }
        }
    }

    fn compare_rooms(&self, number: usize) {
        let Some(server) = &self.server else { return };
        let person = &self.people[number];
        let Some(user) = person.user else { return };
        let true_ones = Witness::rows(server.turn.chat(), user);
        let shown: Vec<&RoomRow> =
            person.view.rooms.values().filter(|state| !state.gone).map(|state| &state.row).collect();
        let ids = |rows: &mut dyn Iterator<Item = &RoomRow>| rows.map(|row| row.room.0).collect::<Vec<_>>();
        let (own, all) = (ids(&mut shown.iter().copied()), ids(&mut true_ones.iter()));
        holds(own == all, Promise::Rooms, || format!("{} shows {own:?} and is in {all:?}", number + 1));
        for (row, true_one) in shown.into_iter().zip(&true_ones) {
            // How many members there are is told with the row alone.
            let row = RoomRow { members: true_one.members, ..row.clone() };
            let counts = |row: &RoomRow| {
                (row.mark.unwrap_or_default(), row.mark_count.unwrap_or(0), row.mentions.unwrap_or(0), row.count)
            };
            holds(counts(&row) == counts(true_one), Promise::Marks, || {
                format!("{} shows {row:?}, which is {true_one:?}", number + 1)
            });
            // What the person has read is what the server knows to be read.
            let read = person.view.rooms.get(&row.room).map_or(Rseq(0), |state| state.read);
            holds(read == true_one.mark.unwrap_or_default(), Promise::Marks, || {
                format!("{} has read {} to {read}, not {:?}", number + 1, row.room, true_one.mark)
            });
            let bare = |row: &RoomRow| RoomRow { mark: None, mark_count: None, mentions: None, ..row.clone() };
            holds(bare(&row) == bare(true_one), Promise::Rooms, || {
                format!("{} shows {row:?}, which is {true_one:?}", number + 1)
            });
        }
    }

    fn compare_folds(&self, number: usize) {
        for room in self.rooms_of(number) {
            self.compare_fold(number, room);
        }
    }

    fn compare_fold(&self, number: usize, room: RoomId) {
        let mut true_one = Fold::new();
        true_one.take(self.witness.now(room), Vec::new());
        let empty = Fold::new();
        let shown = self.people[number].view.folds.get(&room).unwrap_or(&empty).lines();
        for (shown, meant) in shown.iter().zip(&true_one.lines()) {
            holds(shown == meant, Promise::Same, || format!("{} shows {shown:?}, meant is {meant:?}", number + 1));
        }
        let rest = true_one.lines().split_off(shown.len().min(true_one.lines().len()));
        holds(rest.is_empty() && shown.len() == true_one.lines().len(), Promise::Same, || {
            format!("{} shows {room} without {rest:?}", number + 1)
        });
        let erased = self.witness.now(room).into_iter().filter(|entry| entry.kind == Kind::MESSAGE);
        holds(erased.count() <= shown.len(), Promise::Same, || format!("{room} has lost messages"));
    }

    /// Everybody starts again without a server, and sees the same.
    fn compare_offline(&mut self) {
        self.crash();
        self.server_at = None;
        for number in 0..self.people.len() {
            let rooms = self.rooms_of(number);
            let before = rows(&self.people[number]);
            self.people[number].kill();
            self.with(number, Person::start);
            self.pass(2_000);
            let after = rows(&self.people[number]);
            holds(before == after, Promise::Rooms, || format!("{} kept {after:?} of {before:?}", number + 1));
            for room in rooms {
                self.read_room(number, room);
            }
            self.pass(2_000);
            self.compare_folds(number);
        }
    }
}

fn rows(person: &Person) -> Vec<RoomRow> {
    person.view.rooms.values().map(|state| state.row.clone()).collect()
}

fn compare_people(person: &Person, chat: &Chat) {
    for (user, name) in &person.view.names {
        let true_one = chat.directory().name(*user);
        holds(true_one == name, Promise::Rooms, || format!("{} calls {true_one} {name}", person.number));
    }
    holds(person.view.names.len() == chat.directory().len(), Promise::Rooms, || {
        format!("{} knows {} of {} people", person.number, person.view.names.len(), chat.directory().len())
    });
}
