//! The frames that answers are made of.

use tertulia_protocol::{Cid, RequestId, RoomId, Rseq, Seq, encode_into, reply};

use crate::{
    chat::{Placement, Refusal},
    log,
};

/// An entry as it travels.
pub fn wire_entry(entry: log::Entry, rseq: Rseq, count: u64, cid: Option<Cid>) -> tertulia_protocol::Entry {
    let log::Entry { seq, at, author, device, cid: _, room: _, kind, target, mentions, body } = entry;
    let mentions = (!mentions.is_empty()).then_some(mentions);
    tertulia_protocol::Entry { seq, rseq, count, at, author, device, kind, target, mentions, body, cid }
}

/// The acknowledgement of a write to a room: durable, ordered, and on its way to everybody.
pub fn acknowledge(request: RequestId, written_to: RoomId, placement: Placement, at: i64, answers: &mut Vec<u8>) {
    let Placement { room, seq, rseq, count } = placement;
    let room = (room != written_to).then_some(room);
    encode_into(&reply::Placed { request, seq, rseq, count, at, room }, answers);
}

/// The acknowledgement of a write that belongs to no room.
pub fn acknowledge_unplaced(request: RequestId, seq: Seq, at: i64, answers: &mut Vec<u8>) {
    encode_into(&reply::Placed { request, seq, rseq: Rseq(0), count: 0, at, room: None }, answers);
}

/// The refusal of a request.
pub fn refuse(request: RequestId, refusal: Refusal, answers: &mut Vec<u8>) {
    encode_into(&error(Some(request), refusal), answers);
}

/// A refusal as a frame: of a request, or of the connection.
pub fn error(request: Option<RequestId>, refusal: Refusal) -> reply::Error {
    let Refusal { code, params, text } = refusal;
    reply::Error { request, code, params: (!params.is_empty()).then_some(params), text }
}
