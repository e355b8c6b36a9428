//! A small world: a chat, the log that it is the fold of, and people who write. Whatever is written is asked of admit
//! and decided by apply, and the two have to agree, because nothing is in flight here.

use tertulia_protocol::{
    Cid, DeviceId, ErrorCode, Kind, LogId, PublicKey, RequestId, RoomId, Rseq, Seq, UserId,
    entry::{MemberBody, MessageBody, NO_BODY, NameBody, ReactionBody, RoleBody, RoomOpenBody},
    reply::{ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC},
    request,
};
use tertulia_server::{
    chat::{
        Applied, Chat, Effect, Outcome, Placement,
        admit::{self, Author},
    },
    log::{Entry, Ticket},
};

pub(crate) struct World {
    pub(crate) chat: Chat,
    pub(crate) log: Vec<Entry>,
}

/// What somebody wants to write.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) room: RoomId,
    pub(crate) kind: Kind,
    pub(crate) target: Option<Rseq>,
    pub(crate) mentions: Vec<UserId>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn wish(room: RoomId, kind: Kind, body: Vec<u8>) -> Wish {
    Wish { room, kind, target: None, mentions: Vec::new(), body }
}

impl Wish {
    pub(crate) fn about(self, target: u64) -> Self {
        Self { target: Some(Rseq(target)), ..self }
    }
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    MessageBody { text: text.to_owned() }.to_bytes()
}

pub(crate) fn emoji(emoji: &str) -> Vec<u8> {
    ReactionBody { emoji: emoji.to_owned() }.to_bytes()
}

pub(crate) fn name(name: &str) -> Vec<u8> {
    NameBody { name: name.to_owned() }.to_bytes()
}

pub(crate) fn person(user: UserId) -> Vec<u8> {
    MemberBody { user }.to_bytes()
}

pub(crate) fn role(user: UserId, role: u16) -> Vec<u8> {
    RoleBody { user, role }.to_bytes()
}

pub(crate) const GENERAL: RoomId = RoomId(1);

pub(crate) const NONE: RoomId = RoomId(0);

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self { chat: Chat::new(), log: Vec::new() };
        world.take(Entry::new(Seq(1), admit::genesis(Ticket(0), 0, Cid([0; 16]), LogId([9; 16]))));
        world
    }

    pub(crate) fn next(&self) -> Seq {
        Seq(self.chat.position().0 + 1)
    }

    pub(crate) fn cid(&self) -> Cid {
        Cid(u128::from(self.next().0).to_be_bytes())
    }

    pub(crate) fn take(&mut self, entry: Entry) -> Applied {
        let applied = self.chat.apply(&entry).unwrap();
        self.log.push(entry);
        applied
    }

    pub(crate) fn user(&mut self, name: &str) -> UserId {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.next().0.to_be_bytes());
        let draft = admit::claim(&self.chat, false, Ticket(0), 0, self.cid(), PublicKey(key), name).unwrap();
        match self.take(Entry::new(self.next(), draft)).outcome {
            Outcome::Claimed { user, new: true, .. } => user,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// Asks admit and lets apply decide; they agree, and a refusal is the same.
    pub(crate) fn write(&mut self, author: UserId, wish: impl Into<Wish>) -> Result<Applied, ErrorCode> {
        let wish = wish.into();
        let asked = self.ask(author, &wish, false).map(drop);
        let entry = match self.ask(author, &wish, true) {
            Ok(entry) => entry,
            Err(refused) => {
                assert_eq!(asked, Err(refused), "what is refused by itself is refused whatever the state");
                return Err(refused);
            }
        };
        let applied = self.take(entry);
        let decided = match &applied.outcome {
            Outcome::Refused(refusal) => Err(refusal.code),
            _ => Ok(()),
        };
        assert_eq!(asked, decided, "admit and apply differ about {wish:?}");
        decided.map(|()| applied)
    }

    /// What admit makes of a wish.
    pub(crate) fn ask(&self, author: UserId, wish: &Wish, in_flight: bool) -> Result<Entry, ErrorCode> {
        let Wish { room, kind, target, mentions, body } = wish.clone();
        let mentions = (!mentions.is_empty()).then_some(mentions);
        let write = request::Write { request: RequestId(1), cid: self.cid(), room, kind, target, mentions, body };
        let who = Author { user: author, device: DeviceId(author.0) };
        admit::write(&self.chat, in_flight, Ticket(0), 0, who, write)
            .map(|draft| Entry::new(self.next(), draft))
            .map_err(|refusal| refusal.code)
    }

    pub(crate) fn place(&mut self, author: UserId, wish: impl Into<Wish>) -> Placement {
        let wish = wish.into();
        match self.write(author, wish.clone()) {
            Ok(Applied { outcome: Outcome::Placed(placement), .. }) => placement,
            other => panic!("{wish:?}: {other:?}"),
        }
    }

    pub(crate) fn effect(&mut self, author: UserId, wish: Wish) -> Effect {
        self.write(author, wish).unwrap().effect
    }

    pub(crate) fn say(&mut self, author: UserId, room: RoomId) -> Rseq {
        self.place(author, wish(room, Kind::MESSAGE, text("hola"))).rseq
    }

    pub(crate) fn join(&mut self, user: UserId, room: RoomId) -> Effect {
        self.effect(user, wish(room, Kind::JOIN, NO_BODY.to_vec()))
    }

    pub(crate) fn open(&mut self, user: UserId, kind: u16, name: &str) -> RoomId {
        self.place(user, open_wish(kind, name)).room
    }

    /// The server itself writes.
    pub(crate) fn expire(&mut self, room: RoomId, upto: u64) -> Applied {
        let draft = admit::expire(Ticket(0), 0, self.cid(), room, Rseq(upto));
        self.take(Entry::new(self.next(), draft))
    }

    /// Everything that has to hold whatever was done.
    pub(crate) fn check(&self) {
        self.chat.check_invariants().unwrap();
        let mut replayed = Chat::new();
        let mut erased = Chat::new();
        for entry in &self.log {
            replayed.apply(entry).unwrap();
            let body = if entry.kind.is_state() { entry.body.clone() } else { Vec::new() };
            erased.apply(&Entry { body, ..entry.clone() }).unwrap();
        }
        assert_eq!(replayed, erased, "bodies of content make no difference");
        assert_eq!(replayed.state_digest(), erased.state_digest());
    }
}

pub(crate) fn open_wish(kind: u16, name: &str) -> Wish {
    assert!([ROOM_PUBLIC, ROOM_PRIVATE].contains(&kind));
    let body = RoomOpenBody { kind, name: Some(name.to_owned()), topic: None, with: None };
    wish(NONE, Kind::ROOM_OPEN, body.to_bytes())
}

pub(crate) fn direct_wish(with: UserId) -> Wish {
    let body = RoomOpenBody { kind: ROOM_DIRECT, name: None, topic: None, with: Some(with) };
    wish(NONE, Kind::ROOM_OPEN, body.to_bytes())
}
