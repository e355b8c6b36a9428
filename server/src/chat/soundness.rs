//! What always holds of the state, said as code: asked by `verify`, by the simulation and by the tests. And the state as
//! one number, to compare two folds of one log.

use std::hash::{DefaultHasher, Hash, Hasher};

use tertulia_protocol::{RoomId, Rseq, UserId};

use super::{
    Chat, Room,
    room::{GENERAL_ROOM, Sort},
    rules::ROOMS_PER_USER_MAX,
};

impl Chat {
    /// The state as a number: equal states have equal numbers, others almost never. Only to be compared within one
    /// program, for the function may change with the compiler. Read marks are part of it: `verify`, which has none, and
    /// a replay that is compared with a running server need the same ones set.
    #[must_use]
    pub fn state_digest(&self) -> u64 {
        let Self { position, lineage, directory, rooms, direct, public, public_names, kept, erasures } = self;
        let mut hasher = DefaultHasher::new();
        for known in lineage {
            (known.log, known.from).hash(&mut hasher);
        }
        (position, directory, rooms, direct, public, public_names, kept, erasures).hash(&mut hasher);
        hasher.finish()
    }

    /// Whether everything that always holds does.
    ///
    /// # Errors
    /// What does not hold, for whoever mends it.
    pub fn check_invariants(&self) -> Result<(), String> {
        if self.lineage.is_empty() {
            return if self.position.0 == 0 { Ok(()) } else { Err("entries without a genesis".to_owned()) };
        }
        let holds = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        holds(self.directory.is_sound(), "the directory's indices differ from its users")?;
        holds(self.lineage.is_sorted_by_key(|known| known.from), "the lineage does not rise")?;
        holds(self.erasures.is_sorted_by(|a, b| a.by < b.by), "the erasures do not rise")?;
        holds(self.kept.keys().all(|seq| *seq <= self.position), "an outcome of what was not applied")?;
        holds(self.rooms.get(&GENERAL_ROOM).is_some_and(|room| room.sort == Sort::General), "there is no general")?;
        for (id, room) in &self.rooms {
            self.check_room(*id, room).map_err(|what| format!("room {id}: {what}"))?;
        }
        for (id, user) in &self.directory.users {
            self.check_rooms_of(*id, user).map_err(|what| format!("user {id}: {what}"))?;
        }
        let is_direct = |(pair, id): (&(UserId, UserId), &RoomId)| {
            self.rooms.get(id).is_some_and(|room| room.sort == Sort::Direct(pair.0, pair.1))
        };
        holds(self.direct.iter().all(is_direct), "a pair's room is not its own")?;
        let public = self.rooms.iter().filter(|(_, room)| room.is_public());
        holds(public.clone().map(|(id, _)| id).eq(&self.public), "the list of public rooms is not theirs")?;
        holds(self.public_names.len() == self.public.len(), "two public rooms have one name")
    }

    fn check_room(&self, id: RoomId, room: &Room) -> Result<(), &'static str> {
        let head = room.places.head();
        let checks = [
            (room.places.is_sound(), "its places are out of order"),
            (room.changed <= self.position, "it changed later than now"),
            (room.places.get(head).is_none_or(|place| place.seq() <= self.position), "it holds what was not applied"),
            (room.expired <= head, "it forgot more than there was"),
            (
                room.members.keys().all(|user| self.directory.user(*user).is_some_and(|user| user.rooms.contains(&id))),
                "a member does not know of it",
            ),
            (
                match room.sort {
                    Sort::General => room.members.is_empty() && id == GENERAL_ROOM,
                    Sort::Direct(a, b) => {
                        a < b && room.members.keys().eq(&[a, b]) && self.direct.get(&(a, b)) == Some(&id)
                    }
                    Sort::Public => self.public_names.get(&room.folded) == Some(&id),
                    Sort::Private => true,
                },
                "it is not what its sort says",
            ),
            (room.sort == Sort::General || head >= Rseq(1), "it has no beginning"),
            (
                room.readers.iter().all(|(_, reader)| {
                    reader.mark <= head
                        && reader.mentions.iter().is_sorted_by(|a, b| a < b)
                        && reader.mentions.iter().all(|mention| *mention > reader.mark && *mention <= head)
                }),
                "somebody has read what is not there",
            ),
        ];
        checks.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(*what))
    }

    fn check_rooms_of(&self, id: UserId, user: &super::User) -> Result<(), &'static str> {
        let is_in = |room: &RoomId| self.rooms.get(room).is_some_and(|room| room.members.contains_key(&id));
        let counts = |room: &&RoomId| self.rooms.get(room).is_some_and(|room| !matches!(room.sort, Sort::Direct(..)));
        if !user.rooms.iter().all(is_in) {
            return Err("is in a room that does not say so");
        }
        if user.gone.keys().any(is_in) {
            return Err("has left a room and is in it");
        }
        if user.rooms.iter().filter(counts).count() != user.counted || user.counted > ROOMS_PER_USER_MAX {
            return Err("is in more rooms than are counted");
        }
        Ok(())
    }
}
