//! From what a session tells to what the model takes in.
//!
//! Owns the translation, event by event, and which reasons of a lost connection are told apart.

use super::action::{Action, Lost, Refusal};
use crate::session::{Event, Failure, SetBack, StopCode, Why};

/// What an event means for the model. Some mean nothing to it.
#[must_use]
pub fn action_of(event: Event) -> Option<Action> {
    Some(match event {
        Event::Connecting { attempt } => Action::Connecting { attempt },
        Event::LoggedIn { user, name, encrypted, .. } => Action::Connected { user, name, encrypted },
        Event::Disconnected { why, retry_in } => Action::Disconnected { why: lost(&why), retry_in },
        Event::Stopped { code, params } => Action::Refused(refusal(code, params)),
        Event::Me { user, name } => Action::Me { user, name },
        Event::Users(users) => Action::Users(users),
        Event::Presence(presence) => {
            let listed = presence.away.is_some() || presence.back.is_some();
            let (away, back) = (presence.away.unwrap_or_default(), presence.back.unwrap_or_default());
            match (presence.whole, presence.came, presence.went) {
                (Some(people), _, _) => Action::Online { people, away },
                (None, None, None) if !listed => Action::OnlineCount(presence.online),
                (None, came, went) => {
                    Action::Presence { came: came.unwrap_or_default(), went: went.unwrap_or_default(), away, back }
                }
            }
        }
        Event::Room(state) => Action::Room(state),
        Event::Entries { room, entries, later } => Action::Entries { room, entries, later },
        Event::Later { room, entries } => Action::Entries { room, entries: Vec::new(), later: entries },
        Event::Erased { room, from, to } => Action::Erased { room, from, to },
        Event::Reset { room } => Action::Reset(room),
        Event::LogChanged { how, lost } => Action::LogChanged { same_server: matches!(how, SetBack::ToABackup), lost },
        Event::Lost(lost) => Action::Lost(lost),
        Event::Queued(item) => Action::Queued(item),
        Event::Draft { room, draft } => Action::Draft(room, draft),
        Event::Typing { room, users } => Action::Typing(room, users),
        Event::Notice { what, on } => Action::Notice { what, on },
        Event::Answer { token, answer } => Action::Answered { token, answer },
        Event::Settled { cid, room, rseq, at, .. } => Action::Settled { cid, room, rseq, at_ms: at },
        Event::WriteRefused { cid, code, params } => Action::Failed { cid, failure: Failure { code, params } },
        Event::ProfileNotSaved { why } => Action::ProfileNotSaved(why),
        Event::SyncedOnce => return None,
    })
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
    use tertulia_protocol::{UserId, push::Presence};

    use super::*;

    #[test]
    fn presence_is_a_set_a_change_or_a_number() {
        let told = |whole, came, went, away| {
            action_of(Event::Presence(Presence { online: 7, whole, came, went, away, back: None }))
        };
        let one = || Some(vec![UserId(1)]);
        let all = Action::Online { people: vec![UserId(1)], away: vec![] };
        assert_eq!(told(one(), None, None, None), Some(all));
        let change = |went, away| Some(Action::Presence { came: vec![], went, away, back: vec![] });
        assert_eq!(told(None, None, one(), None), change(vec![UserId(1)], vec![]));
        assert_eq!(told(None, None, None, one()), change(vec![], vec![UserId(1)]));
        assert_eq!(told(None, None, None, None), Some(Action::OnlineCount(7)));
    }
}
