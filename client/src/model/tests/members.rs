//! Who stands beside the conversation.

use tertulia_protocol::reply::{MemberRow, ROLE_MEMBER, ROLE_OWNER, ROOM_DIRECT};

use super::{super::members::Beside, *};
use crate::session::{self, Ask};

const WORKS: RoomId = RoomId(7);

fn works() -> Vec<Action> {
    vec![read(7, "obras", 0, 0), Action::OpenRoom(WORKS)]
}

fn answer(token: u64, members: &[(UserId, u16)], more: bool) -> Action {
    let members = members.iter().map(|(user, role)| MemberRow { user: *user, role: *role }).collect();
    Action::Answered { token, answer: session::Answer::Members { room: WORKS, members, more } }
}

fn asked(effects: &[Effect]) -> Option<(u64, Option<UserId>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Ask { token, ask: Ask::Members { room: WORKS, after } } => Some((*token, *after)),
        _ => None,
    })
}

/// Each as name, whether an owner (`*`), and how here.
fn beside(model: &Model) -> Vec<String> {
    let people = match model.beside() {
        Beside::Online(people) | Beside::Members(people) => people,
        other => return vec![format!("{other:?}")],
    };
    let line = |person: &super::super::members::Person<'_>| {
        format!("{}{} {:?}", person.name, if person.owner { "*" } else { "" }, person.presence)
    };
    people.iter().map(line).collect()
}

#[test]
fn a_room_shows_its_members_and_who_is_here_comes_first() {
    let mut model = after(vec![]);
    assert_eq!(beside(&model), ["ana Online", "luis Online"], "in the room of everybody, who is online");
    let effects: Vec<Effect> = works().into_iter().flat_map(|action| model.update(action)).collect();
    assert_eq!(asked(&effects), Some((1, None)));
    assert_eq!(beside(&model), ["Waiting"]);
    // A list may take several answers; it is shown when it is whole.
    let effects = model.update(answer(1, &[(ANA, ROLE_MEMBER), (LUIS, ROLE_MEMBER)], true));
    assert_eq!((asked(&effects), beside(&model)), (Some((2, Some(LUIS))), vec!["Waiting".to_owned()]));
    model.update(answer(2, &[(ZOE, ROLE_OWNER)], false));
    assert_eq!(beside(&model), ["ana Online", "luis Online", "Zoë* Offline"]);
    model.update(Action::Presence { came: vec![ZOE], went: vec![ANA], away: vec![ZOE], back: vec![] });
    assert_eq!(beside(&model), ["luis Online", "Zoë* Away", "ana Offline"]);
    model.update(Action::OnlineCount(900));
    assert_eq!(beside(&model), ["ana Unknown", "luis Unknown", "Zoë* Unknown"]);
    model.update(Action::OpenRoom(GENERAL));
    assert_eq!(model.beside(), Beside::Crowd(900));
}

#[test]
fn who_comes_and_goes_is_asked_for_and_history_is_not() {
    let mut model = after(works());
    model.update(answer(1, &[(ANA, ROLE_MEMBER)], false));
    let came = |rseq: u64| told(WORKS, vec![raw(rseq, LUIS, Kind::JOIN, None, vec![0xa0])]);
    let first = model.update(came(9));
    assert_eq!(asked(&first), Some((2, None)));
    // One question at a time, and one more for whatever came meanwhile.
    assert_eq!(asked(&model.update(came(10))), None);
    assert_eq!(beside(&model), ["ana Online"], "what is known stays meanwhile");
    let again = model.update(answer(2, &[(ANA, ROLE_MEMBER), (LUIS, ROLE_MEMBER)], false));
    assert_eq!(asked(&again), Some((3, None)));
    model.update(answer(3, &[(LUIS, ROLE_MEMBER)], false));
    assert_eq!(beside(&model), ["luis Online"]);
    assert_eq!(asked(&model.update(came(4))), None, "of an older page");
}

#[test]
fn without_a_connection_the_members_stay_and_nobody_knows_who_is_here() {
    let mut model = after(works());
    model.update(answer(1, &[(ANA, ROLE_MEMBER), (LUIS, ROLE_OWNER)], false));
    model.update(Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(1) });
    assert_eq!(beside(&model), ["ana Unknown", "luis* Unknown"]);
    let back = model.update(Action::Connected { user: ANA, name: "ana".into(), encrypted: false });
    assert_eq!(asked(&back), Some((2, None)));
}

#[test]
fn a_direct_room_has_two_members_and_a_room_that_is_gone_tells_none() {
    let mut with = state(8, "", 0);
    (with.row.kind, with.row.with) = (ROOM_DIRECT, Some(ZOE));
    let mut model = after(vec![Action::Room(with), Action::OpenRoom(RoomId(8))]);
    assert_eq!(beside(&model), ["ana Online", "Zoë Offline"]);
    let mut gone = state(7, "obras", 3);
    gone.gone = true;
    let effects: Vec<Effect> =
        [Action::Room(gone), Action::OpenRoom(WORKS)].into_iter().flat_map(|action| model.update(action)).collect();
    assert_eq!((asked(&effects), model.beside()), (None, Beside::Unknown));
}
