//! From what a session tells to what the model takes in.
//!
//! Owns the opening of entries: which kinds are known, and how their bodies are read. The model itself knows neither
//! the protocol's messages nor the session.

use tertulia_protocol::{self as protocol, Kind, entry::MessageBody};

use super::action::{Action, Entry, Lost, Refusal, RoomInfo};
use crate::{
    fold::is_about,
    session::{Event, RoomState, StopCode, Why},
};

/// What an event means for the model. Some mean nothing to it.
#[must_use]
pub fn action_of(event: Event) -> Option<Action> {
    Some(match event {
        Event::Connecting { attempt } => Action::Connecting { attempt },
        Event::LoggedIn { user, name, encrypted, .. } => Action::Connected { user, name, encrypted },
        Event::Disconnected { why, retry_in } => Action::Disconnected { why: lost(&why), retry_in },
        Event::Stopped { code, params } => Action::Refused(refusal(code, params)),
        Event::Users(users) => Action::Users(users.into_iter().map(|row| (row.user, row.name)).collect()),
        Event::Presence(presence) => {
            let listed = presence.away.is_some() || presence.back.is_some();
            match (presence.whole, presence.came, presence.went) {
                (Some(whole), _, _) => Action::Online(whole),
                (None, None, None) if !listed => Action::OnlineCount(presence.online),
                (None, came, went) => {
                    Action::Presence { came: came.unwrap_or_default(), went: went.unwrap_or_default() }
                }
            }
        }
        Event::Room(RoomState { row, .. }) => {
            Action::Rooms(vec![RoomInfo { id: row.room, name: row.name, head: row.head, count: row.count }])
        }
        Event::Entries { room, entries, .. } => {
            Action::Entries(room, entries.iter().filter(|entry| !is_about(entry.kind)).map(open).collect())
        }
        Event::Reset { room } => Action::Reset(room),
        Event::Settled { cid, rseq, seq, at, .. } => Action::Settled { cid, seq, rseq, at_ms: at },
        Event::WriteRefused { cid, code, .. } => Action::Failed { cid, code },
        Event::ProfileNotSaved { why } => Action::ProfileNotSaved(why),
        Event::SyncedOnce
        | Event::Me { .. }
        | Event::Later { .. }
        | Event::Erased { .. }
        | Event::LogChanged { .. }
        | Event::Queued(_)
        | Event::Draft { .. }
        | Event::Typing { .. }
        | Event::Notice { .. }
        | Event::Answer { .. } => return None,
    })
}

fn open(entry: &protocol::Entry) -> Entry {
    let text = match entry.kind {
        Kind::MESSAGE => MessageBody::from_bytes(&entry.body).map(|body| body.text),
        _ => None,
    };
    Entry {
        rseq: entry.rseq,
        seq: entry.seq,
        at_ms: entry.at,
        author: entry.author,
        kind: entry.kind,
        text,
        cid: entry.cid,
    }
}

fn lost(why: &Why) -> Lost {
    match why {
        Why::NotResolved(_) => Lost::UnknownHost,
        Why::NotReached(_) => Lost::Unreachable,
        Why::Closed => Lost::Closed,
        Why::Told(code) => Lost::Told(*code),
        Why::Silent | Why::LoginTimedOut => Lost::Silent,
        Why::Protocol(_) => Lost::NotTertulia,
        Why::Slept => Lost::Slept,
    }
}

fn refusal(code: StopCode, params: Vec<String>) -> Refusal {
    match code {
        StopCode::Refused(code) => Refusal::Server { code, params },
        StopCode::ServerKeyChanged => Refusal::ServerKeyChanged,
        StopCode::ServerKeyUnproved => Refusal::ServerKeyUnproved,
        StopCode::DeviceKeyUnusable => Refusal::Profile("device.key".to_owned()),
        // The system's words; there is nothing else to say about it.
        StopCode::HistoryUnusable | StopCode::SystemFailed => Refusal::Profile(params.concat()),
    }
}

#[cfg(test)]
mod tests {
    use tertulia_protocol::{DeviceId, Rseq, Seq, UserId, push::Presence};

    use super::*;

    #[test]
    fn presence_is_a_set_a_change_or_a_number() {
        let told = |whole, came, went| {
            action_of(Event::Presence(Presence { online: 7, whole, came, went, away: None, back: None }))
        };
        let one = || Some(vec![UserId(1)]);
        assert_eq!(told(one(), None, None), Some(Action::Online(vec![UserId(1)])));
        assert_eq!(told(None, None, one()), Some(Action::Presence { came: vec![], went: vec![UserId(1)] }));
        assert_eq!(told(None, None, None), Some(Action::OnlineCount(7)));
    }

    #[test]
    fn bodies_of_known_kinds_are_read_and_others_left_alone() {
        let entry = |kind, body| protocol::Entry {
            seq: Seq(9),
            rseq: Rseq(1),
            count: 1,
            at: 5,
            author: UserId(2),
            device: DeviceId(3),
            kind,
            target: None,
            mentions: None,
            body,
            cid: None,
        };
        let body = MessageBody { text: "hola".into() }.to_bytes();
        assert_eq!(open(&entry(Kind::MESSAGE, body.clone())).text.as_deref(), Some("hola"));
        assert_eq!(open(&entry(Kind::MESSAGE, vec![0xff])).text, None);
        assert_eq!(open(&entry(Kind(999), body)).text, None);
    }
}
