//! What the state answers at once: what changed, which rooms there are, who is in them.

use tertulia_protocol::{UserId, encode_into, limits::ROWS_MAX, reply, request};

use super::{Desk, refuse};
use crate::{
    chat::{SyncRows, no_room},
    log::Log,
};

impl<L: Log> Desk<L> {
    pub(super) fn sync(&self, user: UserId, sync: &request::Sync, answers: &mut Vec<u8>) {
        let request = sync.request;
        match self.chat.sync_rows(user, sync.since, sync.after.as_deref(), ROWS_MAX) {
            Ok(SyncRows { rooms, users, gone, erased, next }) => {
                let position = self.chat.position();
                let gone = (!gone.is_empty()).then_some(gone);
                let erased = (!erased.is_empty()).then_some(erased);
                encode_into(&reply::Synced { request, position, rooms, users, next, gone, erased }, answers);
            }
            Err(refusal) => refuse(request, refusal, answers),
        }
    }

    pub(super) fn browse(&self, user: UserId, browse: request::Browse, answers: &mut Vec<u8>) {
        let request::Browse { request, after } = browse;
        let (rooms, more) = self.chat.browse(user, after, ROWS_MAX);
        encode_into(&reply::Browsed { request, rooms, more }, answers);
    }

    pub(super) fn members(&self, user: UserId, members: request::Members, answers: &mut Vec<u8>) {
        let request::Members { request, room, after } = members;
        match self.chat.member_rows(room, user, after, ROWS_MAX) {
            Some((members, more)) => {
                encode_into(&reply::MemberList { request, room, members, more }, answers);
            }
            None => refuse(request, no_room(), answers),
        }
    }
}
