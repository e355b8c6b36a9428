//! Reading messages, in both directions: the first byte is the type, the rest the payload. What is read must mean the
//! same when it is written and read again, and a name must be a name.
//!
//! `cargo +nightly fuzz run message`, in `protocol/`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_protocol::{ClientFrame, HEADER_BYTES, RawFrame, ServerFrame, Text, UserName, encode, entry};

/// Each sort of body that the payload may be.
macro_rules! bodies {
    ($payload:ident: $($body:ident)*) => {$(
        if let Some(body) = entry::$body::from_bytes($payload) {
            assert_eq!(entry::$body::from_bytes(&body.to_bytes()), Some(body));
        }
    )*};
}

fuzz_target!(|input: &[u8]| {
    let Some((&kind, payload)) = input.split_first() else { return };
    let frame = RawFrame { kind, payload };
    if let Ok(Some(message)) = ClientFrame::decode(frame) {
        let again = match &message {
            ClientFrame::Hello(message) => encode(message),
            ClientFrame::Prove(message) => encode(message),
            ClientFrame::Heartbeat(message) => encode(message),
            ClientFrame::Write(message) => encode(message),
            ClientFrame::Pull(message) => encode(message),
            ClientFrame::Sync(message) => encode(message),
            ClientFrame::Resend(message) => encode(message),
            ClientFrame::Mark(message) => encode(message),
            ClientFrame::Browse(message) => encode(message),
            ClientFrame::Members(message) => encode(message),
            ClientFrame::Search(message) => encode(message),
            ClientFrame::Away(message) => encode(message),
            ClientFrame::Typing(message) => encode(message),
        };
        assert_eq!(ClientFrame::decode(raw(&again)), Ok(Some(message)));
    }
    if let Ok(Some(message)) = ServerFrame::decode(frame) {
        let again = match &message {
            ServerFrame::Challenge(message) => encode(message),
            ServerFrame::Welcome(message) => encode(message),
            ServerFrame::Error(message) => encode(message),
            ServerFrame::Heartbeat(message) => encode(message),
            ServerFrame::Placed(message) => encode(message),
            ServerFrame::Synced(message) => encode(message),
            ServerFrame::Page(message) => encode(message),
            ServerFrame::Browsed(message) => encode(message),
            ServerFrame::MemberList(message) => encode(message),
            ServerFrame::Hits(message) => encode(message),
            ServerFrame::Entry(message) => encode(message),
            ServerFrame::Users(message) => encode(message),
            ServerFrame::Rooms(message) => encode(message),
            ServerFrame::Gone(message) => encode(message),
            ServerFrame::Lagged(message) => encode(message),
            ServerFrame::Marked(message) => encode(message),
            ServerFrame::Presence(message) => encode(message),
            ServerFrame::Typing(message) => encode(message),
            ServerFrame::Notice(message) => encode(message),
        };
        assert_eq!(ServerFrame::decode(raw(&again)), Ok(Some(message)));
    }
    bodies! {
        payload: MessageBody NameBody ProfileBody RoomOpenBody TopicBody MemberBody RoleBody ArchiveBody KeepBody
        ExpireBody ReactionBody
    }
    if let Ok(typed) = std::str::from_utf8(payload) {
        if let Ok(name) = UserName::parse(typed) {
            assert_eq!(UserName::parse(name.as_str()), Ok(name));
        }
        if let Ok(text) = Text::parse(typed) {
            assert_eq!(Text::parse(text.as_str()), Ok(text));
        }
    }
});

fn raw(frame: &[u8]) -> RawFrame<'_> {
    RawFrame { kind: frame[HEADER_BYTES - 1], payload: &frame[HEADER_BYTES..] }
}
