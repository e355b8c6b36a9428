//! The server of a world: started over what is on its disk, run when something is due, stopped in order, or gone from one
//! moment to the next.

use tertulia_server::{
    chat::Chat,
    config::{LogText, Plaintext},
    desk::{self, Desk},
    keys::{SeededRandom, ServerKey},
    turn::{Policy, Turn},
};

use super::{Server, World};
use crate::{
    simulation::{
        disk::Disk,
        finding::{Promise, broken, holds},
    },
    support::Recorder,
};

impl World {
    /// Starts the server over what is on the disk.
    pub(crate) fn boot(&mut self) {
        let Some(mut disk) = self.disk.take() else { return };
        self.server_at = None;
        self.is_disk_broken = false;
        self.witness.observe(disk.first());
        self.acked.check(disk.log.entries());
        let (mut chat, mut derived) = (Chat::new(), Vec::new());
        for entry in disk.log.entries() {
            let applied = chat.apply(entry).unwrap_or_else(|error| broken(Promise::Replay, format!("{error:?}")));
            if entry.seq > disk.log.derived_upto() {
                derived.extend(desk::derived(entry, &applied));
            }
        }
        holds(
            chat.state_digest() == self.witness.chat.state_digest(),
            Promise::Replay,
            || "the log means another state than it did",
        );
        chat.set_marks(disk.log.marks());
        self.note(|| format!("the server starts at {}", chat.position()));
        let key = ServerKey::generate(&mut SeededRandom::new(self.seed)).unwrap();
        let random = Box::new(SeededRandom::new(self.dice.roll()));
        let done = disk.log.derived_upto();
        disk.slow_reads = self.dice.one_in(2);
        let limits = self.manners.limits.clone();
        let mut desk = Desk::new(chat, disk, key, random, limits.clone());
        desk.upkeep.left_over(derived, done);
        desk.upkeep.keep(self.manners.keep_ms, self.moment());
        desk.begin(self.moment());
        let policy = Policy { plaintext: Plaintext::Always, log_text: LogText::None };
        let turn = Turn::new(desk, Box::new(Recorder::default()), limits, policy);
        self.server = Some(Server { turn, wires: Vec::new(), at: None, is_stopping: false });
    }

    /// The server is gone from one moment to the next: a crash, or the plug.
    pub(crate) fn crash(&mut self) {
        let Some(server) = self.server.take() else { return };
        let manner = self.dice.below(3);
        self.note(|| format!("the server crashes ({manner})"));
        for (_, wire) in &server.wires {
            if manner == 0 {
                wire.reset();
            }
        }
        if manner == 1 {
            // Nobody is told: the box has no power.
            for link in self.people.iter_mut().filter_map(|person| person.link.as_mut()) {
                link.is_half_open = true;
            }
        }
        let mut disk = server.turn.into_log();
        self.witness.observe(disk.first());
        self.disk = Some(disk.after_power_loss());
        self.server_at = Some(self.now + self.dice.below(20_000));
    }

    pub(super) fn run_server(&mut self) {
        let (now, most, answers) = (self.moment(), self.most_for_one(), self.answers());
        let Some(server) = &mut self.server else {
            if self.server_at.is_some_and(|at| at <= self.now) {
                self.boot();
            }
            return;
        };
        server.wires.retain(|(_, wire)| !wire.is_dropped());
        if !Self::is_due(server, self.now) {
            return;
        }
        let at = *server.at.get_or_insert_with(|| self.now + self.dice.below(self.manners.slow_ms + 1));
        if at > self.now {
            return;
        }
        server.at = None;
        for (id, wire) in &server.wires {
            let (readable, writable) = wire.edges();
            if readable || writable {
                server.turn.mark(*id, readable, writable);
            }
        }
        let ran = server.turn.run(now);
        drop(server.turn.take_reaped());
        self.turns += 1;
        self.witness.observe(server.turn.log_mut().first());
        self.position = server.turn.chat().position();
        if self.turns.is_multiple_of(16) {
            server.turn.check_invariants();
        }
        let waiting = server.wires.iter().filter(|(_, wire)| wire.waiting() > 0 || wire.has_edges()).count();
        // Buffers that were shared are looked through when there is a megabyte of them.
        let bound = (1 << 20) + 4_096 * server.wires.len() + waiting * most + answers;
        let held = server.turn.held_bytes();
        holds(held <= bound, Promise::Bounded, || format!("{held} bytes wait for {waiting} readers, at most {bound}"));
        let is_stopped = server.turn.is_stopped();
        match ran {
            Ok(()) if is_stopped => self.stopped(),
            Ok(()) => {}
            Err(_) if self.is_disk_broken => self.crash(),
            Err(why) => broken(Promise::Replay, format!("the server breaks: {why}")),
        }
    }

    /// What one connection may cost beside answers: its limit, and a room's buffer beyond it.
    fn most_for_one(&self) -> usize {
        self.manners.limits.send_queue_bytes.min(1 << 20) + 64 * 1_024 + 16_384
    }

    /// What the answers may weigh that were asked for. Of a client that is gone it is not known how many it waits for.
    fn answers(&self) -> usize {
        let answer = if self.manners.text_max > 1_000 { 150_000 } else { 40_000 };
        let links = self.people.iter().filter_map(|person| person.link.as_ref());
        let (alive, asked) = links.fold((0, 0), |(alive, asked), link| (alive + 1, asked + link.asked));
        let wires = self.server.as_ref().map_or(0, |server| server.wires.len());
        answer * (asked + 5 * wires.saturating_sub(alive))
    }

    fn stopped(&mut self) {
        let Some(server) = self.server.take() else { return };
        self.note(|| "the server has stopped in order".to_owned());
        let mut disk = server.turn.into_log();
        disk.log.release_all();
        self.witness.observe(disk.first());
        self.disk = Some(disk.after_power_loss());
        self.server_at = Some(self.now + self.dice.below(5_000));
    }

    pub(super) fn is_due(server: &mut Server, now: u64) -> bool {
        server.turn.deadline().is_some_and(|at| at <= now)
            || server.turn.log_mut().has_news()
            || server.wires.iter().any(|(_, wire)| wire.has_edges())
    }

    pub(crate) fn disk(&mut self) -> Option<&mut Disk> {
        self.server.as_mut().map(|server| server.turn.log_mut())
    }

    pub(crate) fn stop(&mut self) {
        let now = self.moment();
        if let Some(server) = &mut self.server {
            server.is_stopping = true;
            server.turn.stop(now);
            // What is held would only wait until the stop gives it up.
            server.at = Some(self.now);
        }
    }
}
