//! Which room is open, which part of it is shown, and what of it was read.
//!
//! Owns every change of these. **Invariant:** what comes at one end of a room never moves who reads at the other.

use tertulia_protocol::{Entry, RoomId, Rseq};

use super::{
    Effect, Model,
    members::{Members, newest_about_members},
    room::Room,
    timeline::{Content, Local, Row, RowKey, Timeline},
};
use crate::session::RoomState;

/// So near to the newest end, what is unread comes with the page that a room is opened with.
const NEAR: u64 = 50;

/// A place that is on its way here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jump {
    /// Somebody went to it.
    To(Rseq),
    /// Somebody was reading there.
    Back(Rseq, Option<i32>),
}

impl Model {
    /// A room is new, or stands otherwise.
    pub(super) fn room_changed(&mut self, state: RoomState) -> Vec<Effect> {
        let id = state.row.room;
        let new = !self.rooms.contains_key(&id);
        let room = self.rooms.entry(id).or_insert_with(|| Room::new(state.clone()));
        // What was read here may be ahead of what the session has heard of it.
        let read = room.state.read.max(state.read).min(state.row.head);
        room.state = RoomState { read, ..state };
        let mut effects = Vec::new();
        if let Some((_, place)) = self.going_to.take_if(|(going, _)| *going == id) {
            effects.extend(self.open_room(id));
            if let Some(rseq) = place {
                effects.extend(self.jump(rseq));
            }
        } else if new && self.current.is_none() {
            effects.extend(self.open_room(id));
        }
        effects.extend(self.mark_read());
        effects
    }

    /// Shows a room.
    pub(super) fn open_room(&mut self, id: RoomId) -> Vec<Effect> {
        if !self.rooms.contains_key(&id) {
            self.going_to = Some((id, None));
            return Vec::new();
        }
        if self.current == Some(id) {
            return vec![Effect::Open(id)];
        }
        let mut effects = self.stop_mending();
        effects.extend(self.keep_draft());
        (self.jumping, self.notice) = (None, None);
        let first = self.current.is_none();
        if let Some(left) = self.current_mut() {
            left.timeline.put_aside(left.reading.map(|(rseq, _)| rseq));
            left.new_since = None;
            effects.push(Effect::Leave(left.id));
        }
        self.current = Some(id);
        let lobby = std::mem::take(&mut self.lobby);
        let now_ms = self.now_ms;
        let (mut draft, mut back) = (String::new(), None);
        if let Some(room) = self.current_mut() {
            room.new_since = (room.unread() > 0).then_some(room.state.read);
            // Where somebody was reading, or where what was not read begins: never past it.
            let unread = room.new_since.filter(|_| !first).map(|since| (Rseq(since.0 + 1), None));
            back = room.reading.map(|(rseq, top)| (rseq, Some(top))).or(unread);
            room.timeline.go_to_newest();
            draft.clone_from(&room.draft.text);
            for local in (0..lobby.len()).filter_map(|index| lobby.row(index)) {
                if let Content::Local(local) = local.content {
                    room.timeline.add_local(now_ms, local.clone());
                }
            }
        }
        self.at_end = true;
        effects.push(Effect::Open(id));
        // What was typed before there was a room stays.
        if !first || self.composer.text.is_empty() {
            effects.push(self.compose(draft));
        }
        match back {
            Some((rseq, top)) => effects.extend(self.read_on(rseq, top)),
            None => effects.push(Effect::ScrollToEnd),
        }
        effects.extend(self.forget_members());
        effects
    }

    pub(super) fn next_room(&mut self, up: bool) -> Vec<Effect> {
        let rooms: Vec<RoomId> = self.rooms().iter().map(|room| room.id).collect();
        let at = rooms.iter().position(|room| Some(*room) == self.current).unwrap_or(0);
        let next = (at + if up { rooms.len().saturating_sub(1) } else { 1 }) % rooms.len().max(1);
        rooms.get(next).map(|room| self.open_room(*room)).unwrap_or_default()
    }

    pub(super) fn entries(&mut self, id: RoomId, entries: Vec<Entry>, later: Vec<Entry>) -> Vec<Effect> {
        let (current, me) = (self.current, self.me);
        let looked_at = self.focused && self.at_end;
        let Some(room) = self.rooms.get_mut(&id) else { return Vec::new() };
        let open = current == Some(id);
        if !open && room.timeline.oldest().is_none() {
            // It comes again when somebody looks.
            return Vec::new();
        }
        let about_members = newest_about_members(&entries).filter(|_| open);
        for entry in &entries {
            room.has_written(entry.author);
        }
        let others = entries.iter().any(|entry| entry.rseq > room.state.read && Some(entry.author) != me);
        if open && others && !looked_at && room.new_since.is_none_or(|since| since < room.state.read) {
            room.new_since = Some(room.state.read);
        }
        room.timeline.take(entries, later);
        if !open && room.timeline.is_long() {
            room.timeline.put_aside(room.reading.map(|(rseq, _)| rseq));
        }
        self.count_unsent();
        let mut effects = self.mark_read();
        effects.extend(self.members_may_differ(about_members));
        match self.jumping.filter(|_| open) {
            Some(Jump::To(rseq)) => effects.extend(self.jump(rseq)),
            Some(Jump::Back(rseq, top)) => effects.extend(self.read_on(rseq, top)),
            None => {}
        }
        effects
    }

    pub(super) fn mark_read(&mut self) -> Vec<Effect> {
        let seen = self.focused && self.at_end && self.palette.is_none() && self.jumping.is_none();
        let Some(room) = self.current_mut().filter(|room| seen && room.timeline.is_at_newest()) else {
            return Vec::new();
        };
        // Only what is there to be seen was read.
        let newest = room.timeline.newest().min(room.state.row.head);
        if newest <= room.state.read || newest < room.state.row.head {
            return Vec::new();
        }
        room.state.read = newest;
        vec![Effect::Mark(room.id, newest)]
    }

    /// Whether the list shows its last row.
    pub(super) fn at_end(&mut self, at_end: bool) -> Vec<Effect> {
        self.at_end = at_end;
        if let Some(room) = self.current_mut() {
            if at_end {
                room.reading = None;
                room.timeline.follow();
            } else {
                room.timeline.stay();
            }
        }
        self.mark_read()
    }

    pub(super) fn reached(&mut self, top: bool) -> Vec<Effect> {
        let Some(room) = self.current_mut() else { return Vec::new() };
        let head = room.state.row.head;
        let wanted = if top { room.timeline.ask_older() } else { room.timeline.ask_newer(head) };
        wanted.map(|(from, to)| Effect::Show { room: room.id, from, to }).into_iter().collect()
    }

    pub(super) fn jump_to_newest(&mut self) -> Vec<Effect> {
        self.jumping = None;
        if let Some(room) = self.current_mut() {
            room.timeline.go_to_newest();
        }
        self.at_end = true;
        let mut effects = vec![Effect::ScrollToEnd];
        effects.extend(self.mark_read());
        effects
    }

    /// Goes to a message of the open room, now or as soon as it is here.
    pub(super) fn jump(&mut self, rseq: Rseq) -> Vec<Effect> {
        let waited = self.jumping.take() == Some(Jump::To(rseq));
        let Some(room) = self.current_mut() else { return Vec::new() };
        match room.timeline.go_to(rseq) {
            None => {
                self.at_end = false;
                vec![Effect::ScrollTo(RowKey::Entry(rseq))]
            }
            Some((from, to)) => {
                let show = Effect::Show { room: room.id, from, to };
                self.jumping = Some(Jump::To(rseq));
                if waited { Vec::new() } else { vec![show] }
            }
        }
    }

    /// Goes on where somebody was reading in the open room, now or as soon as that is here.
    fn read_on(&mut self, rseq: Rseq, top: Option<i32>) -> Vec<Effect> {
        let waited = self.jumping.take() == Some(Jump::Back(rseq, top));
        self.at_end = false;
        let Some(room) = self.current_mut() else { return Vec::new() };
        match room.timeline.go_to(rseq) {
            None => {
                room.timeline.stay();
                vec![Effect::ReadOn(rseq, top)]
            }
            Some((from, to)) => {
                let comes = rseq.0.saturating_add(NEAR) > room.state.row.head.0;
                let show = (!waited && !comes).then_some(Effect::Show { room: room.id, from, to });
                self.jumping = Some(Jump::Back(rseq, top));
                // What the list stood at belongs to another room.
                show.into_iter().chain((!waited).then_some(Effect::ScrollToEnd)).collect()
            }
        }
    }

    /// Where the list stands, when that is not its end.
    pub(super) fn reads(&mut self, rseq: Rseq, top: i32) {
        // Who has begun to read elsewhere is not taken away any more.
        self.jumping.take_if(|jump| matches!(jump, Jump::Back(..)));
        if let Some(room) = self.current_mut() {
            room.reading = Some((rseq, top));
        }
    }

    pub(super) fn reset(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.timeline.reset();
            (room.new_since, room.reading) = (None, None);
        }
    }

    /// A row that only we see.
    pub(super) fn add_local(&mut self, local: Local) {
        let now_ms = self.now_ms;
        match self.current_mut() {
            Some(room) => room.timeline.add_local(now_ms, local),
            None => self.lobby.add_local(now_ms, local),
        }
    }

    pub(super) fn forget_rooms(&mut self) {
        self.rooms.clear();
        self.current = None;
        self.members = Members::default();
        self.lobby = Timeline::default();
        (self.going_to, self.jumping, self.palette) = (None, None, None);
        self.writes.clear();
        self.lost.clear();
    }
}

impl Row<'_> {
    /// Whether it is a message with its place that is not erased.
    #[must_use]
    pub fn is_live_message(&self) -> bool {
        matches!((self.key, self.content), (RowKey::Entry(_), Content::Message(message)) if message.text.is_some())
    }
}
