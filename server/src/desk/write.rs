//! Wishes that shall last: a login that claims a name, and everything that a client writes, on their way into the log.

use tertulia_protocol::{Cid, ErrorCode, Kind, PublicKey, UserName, request};

use super::{Caller, Desk, Login, Now, Wish, refuse};
use crate::{
    chat::{
        Refusal,
        admit::{self, Author},
    },
    close_reason::CloseReason,
    log::{Draft, Log},
    session::Fault,
};

impl<L: Log> Desk<L> {
    pub(super) fn login(
        &mut self,
        Caller { id, address }: Caller,
        key: PublicKey,
        typed: Option<&str>,
        now: Now,
    ) -> Result<Option<Login>, Fault> {
        let refused = |refusal| Fault { reason: CloseReason::LoginRefused, refusal: Some(refusal) };
        if let Some((user, device)) = self.chat.known_key(&key) {
            let person = self.chat.directory().user(user);
            let is_called = |typed| {
                UserName::parse(typed).is_ok_and(|typed| person.is_some_and(|user| user.is_called(typed.as_str())))
            };
            // Bringing it to its form is worth more instructions than the rest of this, and nearly always it is in it.
            let is_other = |typed| person.is_none_or(|user| user.name() != typed) && !is_called(typed);
            if typed.is_some_and(is_other) {
                return Err(refused(self.chat.directory().key_has_name(user)));
            }
            return Ok(Some(Login { id, author: Author { user, device }, new: false }));
        }
        let Some(typed) = typed else {
            return Err(refused(Refusal::new(ErrorCode::NAME_NEEDED, "this device is new here: it needs a name")));
        };
        let in_flight = self.waits.has_key(&key);
        let cid = self.server_cid(now);
        let ticket = self.waits.next_ticket();
        let draft = admit::claim(&self.chat, in_flight, ticket, now.wall, cid, key, typed).map_err(refused)?;
        if self.upkeep.is_read_only() {
            // It would fail, and with it the deletions behind it.
            return Err(refused(Refusal::new(ErrorCode::READ_ONLY, "the disk is full")));
        }
        if !self.claims.count(address, self.limits.names_per_address_per_hour, now.mono) {
            return Err(refused(too_many_names()));
        }
        self.waits.add(Some(id), Wish::Claim { key });
        self.draft(draft);
        Ok(None)
    }

    /// Takes a write on its way. While nothing can be stored it is answered at once, with the code that is returned:
    /// a deletion makes room, and is let through.
    pub(super) fn write(
        &mut self,
        Caller { id, address }: Caller,
        author: Author,
        write: request::Write,
        now: Now,
        answers: &mut Vec<u8>,
    ) -> Option<ErrorCode> {
        let (request, cid, room) = (write.request, write.cid, write.room);
        if self.upkeep.is_read_only() && write.kind != Kind::DELETE {
            refuse(request, Refusal::new(ErrorCode::READ_ONLY, "the disk is full"), answers);
            return Some(ErrorCode::READ_ONLY);
        }
        let in_flight = self.waits.has_author(author.user);
        let ticket = self.waits.next_ticket();
        // Former names stay their owner's: a rename takes one more for ever, as a claim does.
        let is_name = write.kind == Kind::RENAME;
        let admitted = admit::write(&self.chat, in_flight, ticket, now.wall, author, write).and_then(|draft| {
            let is_allowed = !is_name || self.claims.count(address, self.limits.names_per_address_per_hour, now.mono);
            is_allowed.then_some(draft).ok_or_else(too_many_names)
        });
        match admitted {
            Ok(draft) => {
                self.waits.add(Some(id), Wish::Write { request, author: author.user, room });
                self.draft(draft);
            }
            Err(refusal) => {
                // It may have been stored before the rules, or the rooms, changed: then that is the answer.
                self.waits.add(Some(id), Wish::Refused { request, author: author.user, room, refusal });
                self.log.find(ticket, author.user, cid);
            }
        }
        None
    }

    pub(super) fn draft(&mut self, draft: Draft) {
        self.waits.weigh(draft.ticket, draft.weight());
        self.drafts.push(draft);
    }

    /// A UUID of version 7 (RFC 9562, section 5.7) for what the server writes itself.
    pub(super) fn server_cid(&mut self, now: Now) -> Cid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        bytes[..6].copy_from_slice(&now.wall.to_be_bytes()[2..]);
        bytes[6] = 0x70 | bytes[6] & 0x0f;
        bytes[8] = 0x80 | bytes[8] & 0x3f;
        Cid(bytes)
    }
}

fn too_many_names() -> Refusal {
    Refusal::new(ErrorCode::TOO_MANY_NAMES, "too many new names came from this address in the last hour")
}
