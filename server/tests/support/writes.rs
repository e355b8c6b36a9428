//! What a client writes beside plain messages: rooms, edits, reactions; and everything else that it asks for.

use tertulia_protocol::{
    Cid, Kind, RequestId, RoomId, Rseq, UserId,
    entry::{KeepBody, MemberBody, MessageBody, NO_BODY, NameBody, ReactionBody, RoleBody, RoomOpenBody, TopicBody},
    reply::{self, ROOM_DIRECT, ROOM_PRIVATE, ROOM_PUBLIC},
    request,
};

use super::{Client, Rig, Told};

/// Where what belongs to no room is written to.
const NOWHERE: RoomId = RoomId(0);

impl Client {
    /// Writes anything, under a new cid.
    pub(crate) fn put(&mut self, room: RoomId, kind: Kind, target: Option<u64>, body: Vec<u8>) -> RequestId {
        let cid = self.new_cid();
        self.put_as(cid, room, kind, target, body)
    }

    /// Writes anything, under a cid that was perhaps used before.
    pub(crate) fn put_as(
        &mut self,
        cid: Cid,
        room: RoomId,
        kind: Kind,
        target: Option<u64>,
        body: Vec<u8>,
    ) -> RequestId {
        let request = self.new_request();
        let target = target.map(Rseq);
        self.send(&request::Write { request, cid, room, kind, target, mentions: None, body });
        request
    }

    pub(crate) fn say(&mut self, room: RoomId, text: &str) -> RequestId {
        self.put(room, Kind::MESSAGE, None, MessageBody { text: text.to_owned() }.to_bytes())
    }

    pub(crate) fn say_to(&mut self, room: RoomId, mentions: &[UserId], text: &str) -> RequestId {
        let (request, cid) = (self.new_request(), self.new_cid());
        let (kind, mentions) = (Kind::MESSAGE, Some(mentions.to_vec()));
        let body = MessageBody { text: text.to_owned() }.to_bytes();
        self.send(&request::Write { request, cid, room, kind, target: None, mentions, body });
        request
    }

    pub(crate) fn edit(&mut self, room: RoomId, target: u64, text: &str) -> RequestId {
        self.put(room, Kind::EDIT, Some(target), MessageBody { text: text.to_owned() }.to_bytes())
    }

    pub(crate) fn delete(&mut self, room: RoomId, target: u64) -> RequestId {
        self.put(room, Kind::DELETE, Some(target), NO_BODY.to_vec())
    }

    pub(crate) fn react(&mut self, room: RoomId, target: u64, emoji: &str) -> RequestId {
        self.put(room, Kind::REACT, Some(target), ReactionBody { emoji: emoji.to_owned() }.to_bytes())
    }

    pub(crate) fn unreact(&mut self, room: RoomId, target: u64, emoji: &str) -> RequestId {
        self.put(room, Kind::UNREACT, Some(target), ReactionBody { emoji: emoji.to_owned() }.to_bytes())
    }

    pub(crate) fn open_public(&mut self, name: &str) -> RequestId {
        self.open(ROOM_PUBLIC, Some(name), None)
    }

    pub(crate) fn open_private(&mut self, name: &str) -> RequestId {
        self.open(ROOM_PRIVATE, Some(name), None)
    }

    pub(crate) fn open_direct(&mut self, with: UserId) -> RequestId {
        self.open(ROOM_DIRECT, None, Some(with))
    }

    fn open(&mut self, kind: u16, name: Option<&str>, with: Option<UserId>) -> RequestId {
        let body = RoomOpenBody { kind, name: name.map(ToOwned::to_owned), topic: None, with };
        self.put(NOWHERE, Kind::ROOM_OPEN, None, body.to_bytes())
    }

    pub(crate) fn rename(&mut self, name: &str) -> RequestId {
        self.put(NOWHERE, Kind::RENAME, None, NameBody { name: name.to_owned() }.to_bytes())
    }

    pub(crate) fn topic(&mut self, room: RoomId, topic: &str) -> RequestId {
        self.put(room, Kind::ROOM_TOPIC, None, TopicBody { topic: Some(topic.to_owned()) }.to_bytes())
    }

    pub(crate) fn join(&mut self, room: RoomId) -> RequestId {
        self.put(room, Kind::JOIN, None, NO_BODY.to_vec())
    }

    pub(crate) fn leave(&mut self, room: RoomId) -> RequestId {
        self.put(room, Kind::LEAVE, None, NO_BODY.to_vec())
    }

    pub(crate) fn invite(&mut self, room: RoomId, user: UserId) -> RequestId {
        self.put(room, Kind::INVITE, None, MemberBody { user }.to_bytes())
    }

    pub(crate) fn remove(&mut self, room: RoomId, user: UserId) -> RequestId {
        self.put(room, Kind::REMOVE, None, MemberBody { user }.to_bytes())
    }

    pub(crate) fn give_role(&mut self, room: RoomId, user: UserId, role: u16) -> RequestId {
        self.put(room, Kind::ROLE, None, RoleBody { user, role }.to_bytes())
    }

    pub(crate) fn keep(&mut self, room: RoomId, days: u32) -> RequestId {
        self.put(room, Kind::KEEP, None, KeepBody { days: Some(days) }.to_bytes())
    }

    // What it asks for.

    pub(crate) fn pull_from(&mut self, room: RoomId, from: u64, to: u64) -> RequestId {
        let request = self.new_request();
        self.send(&request::Pull { request, room, from: Rseq(from), to: Rseq(to), later_only: None });
        request
    }

    pub(crate) fn pull_later(&mut self, room: RoomId, from: u64, to: u64) -> RequestId {
        let request = self.new_request();
        self.send(&request::Pull { request, room, from: Rseq(from), to: Rseq(to), later_only: Some(true) });
        request
    }

    pub(crate) fn browse(&mut self, after: Option<RoomId>) -> RequestId {
        let request = self.new_request();
        self.send(&request::Browse { request, after });
        request
    }

    pub(crate) fn members(&mut self, room: RoomId, after: Option<UserId>) -> RequestId {
        let request = self.new_request();
        self.send(&request::Members { request, room, after });
        request
    }

    pub(crate) fn mark(&mut self, room: RoomId, rseq: u64) {
        self.send(&request::Mark { room, rseq: Rseq(rseq) });
    }
}

impl Rig {
    /// What a client is answered; whatever else has come for it is left to be looked at.
    #[track_caller]
    pub(crate) fn answer<T: Told>(&mut self, client: &mut Client) -> T {
        self.settle_with(client);
        client.take::<T>()
    }

    /// The room that a client's request has opened.
    #[track_caller]
    pub(crate) fn opened(&mut self, client: &mut Client) -> RoomId {
        self.answer::<reply::Placed>(client).room.unwrap()
    }
}
