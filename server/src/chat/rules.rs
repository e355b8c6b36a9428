//! Who may do what: the one account of it, asked by admit before a draft is written and by apply once it has its place.
//! Looks at the state and changes nothing.

use tertulia_protocol::{
    ErrorCode, Kind, RoomId, Rseq, UserId,
    reply::{ROOM_DIRECT, ROOM_PUBLIC},
};

use super::{
    Chat,
    body::{Rename, RoomOpen},
    deed::Deed,
    outcome::{Refusal, bad_request, no_room, no_target, no_user, not_allowed},
    room::{Room, Sort},
};

/// In how many rooms a person may be. Direct rooms are not counted, nor is `general`.
pub const ROOMS_PER_USER_MAX: usize = 500;

impl Chat {
    /// Whether the state lets somebody do what a state kind wants.
    pub(super) fn may(&self, author: UserId, room: RoomId, deed: &Deed) -> Result<(), Refusal> {
        if let Deed::Expire(upto) = deed {
            return self.may_expire(author, room, *upto);
        }
        if self.directory.user(author).is_none() {
            return Err(not_allowed("nobody of that number is known"));
        }
        match deed {
            Deed::Rename(Rename { name, folded, skeletons }) => {
                return self.directory.check_name(Some(author), name, folded, skeletons);
            }
            Deed::Profile { .. } => return Ok(()),
            Deed::Open(open) => return self.may_open(author, open),
            _ => {}
        }
        let found = self.readable(room, author).ok_or_else(no_room)?;
        match deed {
            Deed::Name(_) | Deed::Topic(_) | Deed::Archive(_) | Deed::Keep(_) if !found.is_owner(author) => {
                return Err(not_allowed("only an owner of the room may"));
            }
            Deed::Leave if !matches!(found.sort, Sort::Public | Sort::Private) => {
                return Err(not_allowed("this room cannot be left"));
            }
            Deed::Invite(user) => self.may_invite(author, found, *user)?,
            Deed::Remove(user) => self.may_remove(author, found, *user)?,
            Deed::Role(user, _) if !found.is_owner(author) || self.directory.user(*user).is_none() => {
                return Err(if found.is_owner(author) {
                    no_user()
                } else {
                    not_allowed("only an owner of the room may")
                });
            }
            Deed::Role(user, _) if found.role(*user).is_none() => {
                return Err(Refusal::new(ErrorCode::NO_USER, "that person is not a member"));
            }
            _ => {}
        }
        if found.is_archived && !matches!(deed, Deed::Archive(_) | Deed::Leave) {
            return Err(archived());
        }
        match deed {
            Deed::Join if found.role(author).is_none() => self.has_room_left(author),
            Deed::Invite(user) if found.role(*user).is_none() => self.has_room_left(*user),
            Deed::Name(name) if found.sort == Sort::Public => self.name_is_free(Some(room), &name.name, &name.folded),
            _ => Ok(()),
        }
    }

    /// Whether the state lets somebody say something.
    pub(super) fn may_write(
        &self,
        author: UserId,
        room: RoomId,
        kind: Kind,
        target: Option<Rseq>,
    ) -> Result<(), Refusal> {
        let index = self.directory.index_of(author).ok_or_else(no_room)?;
        may_say(self.rooms.get(&room).ok_or_else(no_room)?, author, index, kind, target)
    }

    fn may_open(&self, author: UserId, open: &RoomOpen) -> Result<(), Refusal> {
        if open.kind == ROOM_DIRECT {
            let with = open.with.unwrap_or(author);
            if with == author {
                return Err(bad_request("a direct room is with somebody else"));
            }
            return self.directory.user(with).map(drop).ok_or_else(no_user);
        }
        if let (ROOM_PUBLIC, Some(name), Some(folded)) = (open.kind, &open.name, &open.folded) {
            self.name_is_free(None, name, folded)?;
        }
        self.has_room_left(author)
    }

    fn may_invite(&self, author: UserId, room: &Room, user: UserId) -> Result<(), Refusal> {
        match room.sort {
            Sort::Private => {}
            Sort::Public if room.is_owner(author) => {}
            Sort::Public => return Err(not_allowed("only an owner of the room may")),
            Sort::General | Sort::Direct(..) => return Err(not_allowed("nobody can be brought into this room")),
        }
        self.directory.user(user).map(drop).ok_or_else(no_user)
    }

    fn may_remove(&self, author: UserId, room: &Room, user: UserId) -> Result<(), Refusal> {
        if !room.is_owner(author) {
            return Err(not_allowed("only an owner of the room may"));
        }
        if room.is_owner(user) {
            return Err(not_allowed("an owner cannot be put out"));
        }
        self.directory.user(user).map(drop).ok_or_else(no_user)
    }

    fn may_expire(&self, author: UserId, room: RoomId, upto: Rseq) -> Result<(), Refusal> {
        if author != UserId(0) {
            return Err(Refusal::new(ErrorCode::BAD_KIND, "only the server writes this kind"));
        }
        let found = self.rooms.get(&room).ok_or_else(no_room)?;
        if upto <= found.expired || upto > found.places.head() {
            return Err(bad_request("the room holds nothing that ends there"));
        }
        Ok(())
    }

    /// Whether somebody may join one room more.
    fn has_room_left(&self, user: UserId) -> Result<(), Refusal> {
        if self.directory.user(user).is_some_and(|user| user.counted >= ROOMS_PER_USER_MAX) {
            return Err(Refusal::new(
                ErrorCode::TOO_MANY_ROOMS,
                format!("that person is in {ROOMS_PER_USER_MAX} rooms already"),
            ));
        }
        Ok(())
    }

    /// Whether a public room may be called so.
    fn name_is_free(&self, room: Option<RoomId>, name: &str, folded: &str) -> Result<(), Refusal> {
        match self.public_names.get(folded) {
            Some(other) if Some(*other) != room => {
                Err(Refusal::new(ErrorCode::ROOM_NAME_TAKEN, format!("another public room is called {name:?}"))
                    .with([name.to_owned()]))
            }
            _ => Ok(()),
        }
    }
}

/// Whether somebody may say something in a room that exists. Looks at columns alone: bodies may be erased.
pub(super) fn may_say(
    room: &Room,
    author: UserId,
    index: u32,
    kind: Kind,
    target: Option<Rseq>,
) -> Result<(), Refusal> {
    if room.role(author).is_none() {
        // Who may not even know of it learns nothing.
        return Err(if room.is_public() { not_allowed("only members write here") } else { no_room() });
    }
    if room.is_archived && kind != Kind::DELETE {
        return Err(archived());
    }
    if kind > Kind::UNREACT {
        // A content kind of a newer version: it takes its place, and decides nothing here.
        return Ok(());
    }
    let Some(target) = target else { return Ok(()) };
    let Some(place) = room.places.get(target).filter(|place| place.kind() == Kind::MESSAGE) else {
        return Err(no_target("it is about a message that is not there"));
    };
    if room.is_erased(target) {
        return Err(no_target("the message is erased"));
    }
    if matches!(kind, Kind::EDIT | Kind::DELETE) && place.author() != index {
        return Err(no_target("the message is somebody else's"));
    }
    Ok(())
}

fn archived() -> Refusal {
    Refusal::new(ErrorCode::ARCHIVED, "the room is closed for writing")
}
