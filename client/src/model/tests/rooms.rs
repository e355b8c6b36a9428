//! Rooms: going from one to another, what is unread, drafts, history in both directions, what can be done with a room.

use tertulia_protocol::reply::{MemberRow, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE};

use super::*;
use crate::{
    model::palette::{Choice, Palette, Purpose},
    session::{self, Ask, DraftText},
};

const WORKS: RoomId = RoomId(7);

fn works(head: u64, mark: u64) -> Action {
    read(7, "obras", head, mark)
}

fn direct(room: u64, with: UserId) -> Action {
    let mut state = state(room, "", 0);
    (state.row.kind, state.row.with) = (ROOM_DIRECT, Some(with));
    Action::Room(state)
}

fn owned(archived: bool) -> Action {
    let mut state = state(7, "obras", 0);
    (state.row.kind, state.row.role) = (ROOM_PRIVATE, Some(ROLE_OWNER));
    state.row.archived = archived.then_some(true);
    Action::Room(state)
}

fn list(model: &Model) -> Vec<String> {
    let rooms = model.rooms().into_iter();
    rooms.map(|room| format!("{} {}/{}", model.room_name(room), room.unread(), room.mentions())).collect()
}

fn chose(index: usize) -> Action {
    Action::PaletteChose { index, cid: cid(9) }
}

fn choices(model: &Model) -> Vec<Choice> {
    model.offers().into_iter().map(|offer| offer.choice).collect()
}

#[test]
fn rooms_are_listed_with_what_is_unread_and_people_come_last() {
    let mut zoe = state(8, "", 3);
    (zoe.row.kind, zoe.row.with, zoe.row.mentions) = (ROOM_DIRECT, Some(ZOE), Some(1));
    let model = after(vec![direct(9, LUIS), works(5, 2), Action::Room(zoe), read(6, "Ábaco", 4, 4)]);
    assert_eq!(list(&model), ["general 0/0", "Ábaco 0/0", "obras 3/0", "luis 0/0", "Zoë 3/1"]);
    assert_eq!(model.unread_everywhere(), 6);
}

#[test]
fn going_to_a_room_keeps_the_text_of_each() {
    let mut model = after(vec![works(0, 0)]);
    model.update(Action::Composed { text: "a medias".into(), cursor: 8 });
    let draft = |text: &str| DraftText { text: text.into(), answers: None };
    assert_eq!(
        model.update(Action::OpenRoom(WORKS)),
        [
            Effect::KeepDraft(GENERAL, draft("a medias")),
            Effect::Leave(GENERAL),
            Effect::Open(WORKS),
            Effect::Compose(String::new(), 0),
            Effect::ScrollToEnd,
            Effect::Ask { token: 1, ask: Ask::Members { room: WORKS, after: None } },
        ]
    );
    let effects = model.update(Action::NextRoom { up: false });
    assert!(effects.contains(&Effect::Compose("a medias".into(), 8)), "{effects:?}");
    // From before the start of the window, and never over what is being written.
    let mut fresh = after(vec![]);
    assert_eq!(fresh.update(Action::Draft(GENERAL, draft("antes"))), [Effect::Compose("antes".into(), 5)]);
    assert_eq!(fresh.update(Action::Draft(GENERAL, draft("otra"))), []);
}

#[test]
fn a_draft_is_kept_a_moment_after_the_last_key() {
    let mut model = after(vec![Action::Composed { text: "ho".into(), cursor: 2 }]);
    assert_eq!(model.update(Action::Tick { now_ms: NOON + 900 }), []);
    let kept = Effect::KeepDraft(GENERAL, DraftText { text: "ho".into(), answers: None });
    assert_eq!(model.update(Action::Tick { now_ms: NOON + 1_100 }), [kept]);
    assert_eq!(model.update(Action::Tick { now_ms: NOON + 9_000 }), []);
    model.update(Action::Composed { text: "hol".into(), cursor: 3 });
    assert!(matches!(model.update(Action::Close).as_slice(), [Effect::KeepDraft(..), Effect::Quit]));
}

/// It came back into the composer with the room that it was typed in, and was written over.
#[test]
fn a_command_is_no_draft() {
    let typed = |text: &str| Action::Composed { text: text.into(), cursor: 0 };
    let mut model = after(vec![works(0, 0), typed("/unirse obras"), Action::Tick { now_ms: NOON + 2_000 }]);
    let effects = model.update(submit(1, "/unirse obras"));
    assert_eq!(effects[0], Effect::KeepDraft(GENERAL, DraftText::default()));
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::KeepDraft(..))).count(), 1, "{effects:?}");
    assert!(model.update(Action::OpenRoom(GENERAL)).contains(&Effect::Compose(String::new(), 0)));
    model.update(typed("hola"));
    model.update(submit(2, "hola"));
    model.update(Action::OpenRoom(WORKS));
    assert!(model.update(Action::OpenRoom(GENERAL)).contains(&Effect::Compose(String::new(), 0)));
}

#[test]
fn what_is_new_has_a_line_and_is_read_once_it_is_seen() {
    let talk =
        told(WORKS, vec![entry(4, LUIS, 0, "a"), entry(5, ANA, 0, "b"), entry(6, LUIS, 0, "c"), entry(7, ZOE, 0, "d")]);
    let mut model = after(vec![works(7, 5)]);
    assert_eq!(model.room_of(WORKS).unwrap().unread(), 2);
    model.update(Action::OpenRoom(WORKS));
    assert_eq!(model.update(talk), [Effect::ReadOn(Rseq(6), None)]);
    assert_eq!(model.update(Action::AtEnd(true)), [Effect::Mark(WORKS, Rseq(7))]);
    assert_eq!(rows(&model)[3..], ["--- new", "luis 12:00: c", "Zoë 12:00: d"]);
    assert_eq!(model.room_of(WORKS).unwrap().unread(), 0, "also without a connection");
    // The line stays while the person looks, and goes with the next own word.
    model.update(submit(1, "e"));
    assert!(!rows(&model).contains(&"--- new".to_owned()));
}

#[test]
fn nothing_is_read_while_nobody_looks() {
    let mut model = after(vec![Action::Focus(false)]);
    model.update(read(1, "general", 2, 0));
    assert_eq!(model.update(here(vec![entry(1, LUIS, 0, "a"), entry(2, LUIS, 0, "b")])), []);
    assert_eq!(model.unread(), 2);
    model.update(Action::AtEnd(false));
    assert_eq!(model.update(Action::Focus(true)), [], "scrolled away from it");
    assert_eq!(model.update(Action::AtEnd(true)), [Effect::Mark(GENERAL, Rseq(2))]);
    assert_eq!((model.unread(), rows(&model)[1].as_str()), (0, "--- new"));
}

#[test]
fn history_is_shown_around_a_place_and_goes_on_in_both_directions() {
    let page = |from: u64, to: u64| here((from..=to).map(|n| entry(n, LUIS, 0, &n.to_string())).collect());
    let mut model = after(vec![read(1, "general", 1_000, 1_000), page(951, 1_000)]);
    let places = |model: &Model| (model.timeline().oldest().unwrap().0, model.timeline().newest().0);
    let show = |from, to| vec![Effect::Show { room: GENERAL, from: Rseq(from), to: Rseq(to) }];
    assert_eq!(model.update(Action::Jump(Rseq(960))), [Effect::ScrollTo(RowKey::Entry(Rseq(960)))]);
    assert_eq!(model.update(Action::Jump(Rseq(300))), show(275, 325));
    assert_eq!(places(&model), (951, 1_000), "nothing moves before it is here");
    assert_eq!(model.update(page(275, 325)), [Effect::ScrollTo(RowKey::Entry(Rseq(300)))]);
    assert_eq!(places(&model), (275, 325));
    // Live ones at the other end move nothing, and nothing is read by them.
    assert_eq!(model.update(page(1_001, 1_001)), []);
    assert_eq!(places(&model), (275, 325));
    assert_eq!(model.update(Action::ReachedEnd), show(326, 375));
    assert_eq!(model.update(Action::ReachedEnd), []);
    assert_eq!(model.update(Action::ReachedTop), show(225, 274));
    model.update(page(326, 375));
    assert_eq!(places(&model), (275, 375));
    model.update(Action::AtEnd(true));
    assert!(!model.timeline().is_at_newest(), "the end of a part is not the end");
    model.update(Action::JumpToNewest);
    assert_eq!(places(&model), (951, 1_001));
    // What I write stands at the newest end, wherever I am.
    model.update(Action::Jump(Rseq(300)));
    model.update(submit(1, "yo"));
    assert_eq!(rows(&model).last().map(String::as_str), Some("ana 12:00: yo (sending)"));
}

/// A single live entry beyond a gap took the place of everything that was being read.
#[test]
fn nothing_blinks_while_a_gap_is_filled() {
    let mut model = after(vec![here(vec![entry(1, LUIS, 0, "a"), entry(2, LUIS, 0, "b")])]);
    model.update(here(vec![entry(4, LUIS, 0, "d")]));
    assert_eq!(rows(&model), ["= 2026-11-22", "luis 12:00: a", "  b"]);
    model.update(here(vec![entry(3, LUIS, 0, "c")]));
    assert_eq!(rows(&model), ["= 2026-11-22", "luis 12:00: a", "  b", "  c", "  d"]);
}

#[test]
fn a_room_is_switched_to_by_typing() {
    let mut model = after(vec![works(3, 0), direct(9, LUIS)]);
    model.update(Action::OpenPalette(Palette::new(Purpose::Switch)));
    let [browse, create] = [Choice::Open(Purpose::Browse), Choice::Open(Purpose::Create)];
    assert_eq!(
        choices(&model),
        [Choice::Room(WORKS), Choice::Room(GENERAL), Choice::Room(RoomId(9)), browse.clone(), create.clone()],
        "what is unread comes first"
    );
    model.update(Action::PaletteTyped("zo".into()));
    assert_eq!(choices(&model), [Choice::Direct(ZOE), browse, create], "somebody without a room");
    model.update(Action::PaletteTyped("OBR".into()));
    assert!(model.update(chose(0)).contains(&Effect::Open(WORKS)));
    assert_eq!((model.palette.clone(), model.room().map(|room| room.id)), (None, Some(WORKS)));
}

#[test]
fn public_rooms_are_found_joined_and_gone_to() {
    let mut model = after(vec![submit(1, "/unirse nueva")]);
    assert_eq!(model.palette.as_ref().map(|palette| palette.purpose), Some(Purpose::Browse));
    let answer = |token, more, names: &[(u64, &str)]| {
        let rooms = names.iter().map(|(id, name)| state(*id, name, 0).row).collect();
        Action::Answered { token, answer: session::Answer::Rooms { rooms, more } }
    };
    assert_eq!(model.update(answer(9, false, &[(7, "otra pregunta")])), [], "of a list that was closed");
    let ask = Ask::Browse { after: Some(RoomId(7)) };
    assert_eq!(model.update(answer(1, true, &[(1, "general"), (7, "obras")])), [Effect::Ask { token: 2, ask }]);
    model.update(answer(2, false, &[(8, "obra nueva")]));
    assert_eq!(choices(&model), [Choice::Join(RoomId(8)), Choice::Open(Purpose::Create)]);
    let write = Write::join(RoomId(8));
    assert_eq!(model.update(chose(0)), [Effect::Write { cid: cid(9), write, instead_of: None }]);
    assert!(model.update(read(8, "obra nueva", 0, 0)).contains(&Effect::Open(RoomId(8))));
    // A room of ours needs no asking.
    assert!(model.update(submit(2, "/join #General")).contains(&Effect::Open(GENERAL)));
}

#[test]
fn a_room_is_opened_and_gone_to_once_it_is_there() {
    let mut model = after(vec![submit(1, "/crear")]);
    model.update(Action::PaletteTyped("secreta".into()));
    let write = Write::open_room(ROOM_PRIVATE, "secreta", None);
    assert_eq!(model.update(chose(1)), [Effect::Write { cid: cid(9), write, instead_of: None }]);
    model.update(Action::Settled { cid: cid(9), room: RoomId(12), rseq: Rseq(1), at_ms: NOON });
    assert!(model.update(read(12, "secreta", 1, 1)).contains(&Effect::Open(RoomId(12))));
    // Whoever may not have that name is told where they are.
    model.update(submit(2, "/crear obras"));
    let refused = model.update(failed(2, ErrorCode::ROOM_NAME_TAKEN));
    assert_eq!(refused, [Effect::Discard(cid(2))]);
    assert!(rows(&model).last().is_some_and(|row| row.contains("WriteRefused")));
}

#[test]
fn two_people_have_one_room() {
    let mut model = after(vec![direct(9, LUIS)]);
    let speak = |user| Action::Direct { user, cid: cid(5) };
    assert!(model.update(speak(LUIS)).contains(&Effect::Open(RoomId(9))));
    let write = Write::direct(ZOE);
    assert_eq!(model.update(speak(ZOE)), [Effect::Write { cid: cid(5), write, instead_of: None }]);
    assert_eq!(model.update(speak(ANA)), [], "oneself");
    assert!(model.update(submit(1, "/directo LUIS")).contains(&Effect::Open(RoomId(9))));
    model.update(submit(2, "/directo nadie"));
    assert!(rows(&model).last().is_some_and(|row| row.contains("NotFound")));
}

#[test]
fn owners_may_do_with_a_room_what_others_may_not() {
    let menu = |room: Action| {
        let mut model = after(vec![room, Action::OpenRoom(WORKS)]);
        model.update(Action::OpenPalette(Palette::new(Purpose::RoomMenu)));
        choices(&model)
    };
    let open = Choice::Open;
    let (members, find) = (open(Purpose::Members), open(Purpose::Search));
    assert_eq!(menu(works(0, 0)), [members.clone(), Choice::Leave, find.clone()], "in a public room owners invite");
    let (invite, topic, name) = (open(Purpose::Invite), open(Purpose::Topic), open(Purpose::RenameRoom));
    let all = [invite, members.clone(), topic, name, Choice::Archive(true), Choice::Leave, find.clone()];
    assert_eq!(menu(owned(false)), all);
    assert_eq!(menu(owned(true)), [members, Choice::Archive(false), Choice::Leave, find.clone()]);
    let mut general = after(vec![]);
    general.update(Action::OpenPalette(Palette::new(Purpose::RoomMenu)));
    assert_eq!(choices(&general), [find]);
}

#[test]
fn people_are_invited_and_given_roles() {
    let mut model = after(vec![owned(false), Action::OpenRoom(WORKS), submit(1, "/invitar")]);
    let members = vec![MemberRow { user: ANA, role: ROLE_OWNER }, MemberRow { user: LUIS, role: ROLE_MEMBER }];
    let answer = session::Answer::Members { room: WORKS, members, more: false };
    model.update(Action::Answered { token: 2, answer: answer.clone() });
    assert_eq!(choices(&model), [Choice::Invite(ZOE)], "who is there already cannot be invited");
    let write = Write::invite(WORKS, ZOE);
    assert_eq!(model.update(chose(0)), [Effect::Write { cid: cid(9), write, instead_of: None }]);
    model.update(Action::OpenPalette(Palette::new(Purpose::Members)));
    model.update(Action::Answered { token: 3, answer });
    assert_eq!(choices(&model), [Choice::Member(ANA, ROLE_OWNER), Choice::Member(LUIS, ROLE_MEMBER)]);
    model.update(chose(1));
    assert_eq!(choices(&model), [Choice::Direct(LUIS), Choice::Role(LUIS, ROLE_OWNER), Choice::Remove(LUIS)]);
    model.update(chose(2));
    assert_eq!(model.question.as_ref().map(|asked| asked.about.clone()), Some(About::Remove(WORKS, LUIS)));
    let write = Write::remove(WORKS, LUIS);
    let go = Action::Answer { answer: Answer::Go, cid: cid(3) };
    assert_eq!(model.update(go), [Effect::Write { cid: cid(3), write, instead_of: None }]);
}

#[test]
fn a_room_that_is_gone_stays_readable_and_takes_nothing() {
    let mut gone = state(7, "obras", 3);
    gone.gone = true;
    let mut model = after(vec![works(3, 3), Action::OpenRoom(WORKS)]);
    model.update(told(WORKS, vec![entry(3, LUIS, 0, "adiós")]));
    model.update(submit(1, "/salir"));
    assert_eq!(model.question.as_ref().map(|asked| asked.about.clone()), Some(About::Leave(WORKS)));
    let go = Action::Answer { answer: Answer::Go, cid: cid(2) };
    assert_eq!(model.update(go), [Effect::Write { cid: cid(2), write: Write::leave(WORKS), instead_of: None }]);
    model.update(Action::Room(gone));
    assert_eq!(rows(&model)[1], "luis 12:00: adiós");
    assert_eq!(model.update(submit(3, "¿hola?")), []);
    assert_eq!(model.notice, Some(Notice::Closed));
    let react = Action::React { row: RowKey::Entry(Rseq(3)), emoji: "👍".into(), cid: cid(4) };
    assert_eq!(model.update(react), []);
    model.update(Action::OpenPalette(Palette::new(Purpose::RoomMenu)));
    assert_eq!(choices(&model), [Choice::Join(WORKS), Choice::Open(Purpose::Search)], "a public room, to come back to");
    model.update(Action::ClosePalette);
    model.update(Action::OpenRoom(GENERAL));
    model.update(submit(5, "/salir"));
    assert!(rows(&model).last().is_some_and(|row| row.contains("CannotLeave")));
}

/// Without a connection there is what is kept, and it can be read and written.
#[test]
fn a_window_that_opens_without_a_server_shows_what_it_has() {
    let mut model = model();
    for action in [
        Action::Me { user: ANA, name: "ana".into() },
        Action::Users(vec![user(LUIS, "luis")]),
        read(1, "general", 2, 1),
        here(vec![entry(1, ANA, 0, "a"), entry(2, LUIS, 0, "b")]),
        Action::Disconnected { why: Lost::Unreachable, retry_in: Duration::from_secs(1) },
    ] {
        model.update(action);
    }
    assert_eq!(model.update(submit(1, "luego")), [sent(1, "luego"), Effect::TextTaken, Effect::ScrollToEnd]);
    assert_eq!(rows(&model), ["= 2026-11-22", "ana 12:00: a", "luis 12:00: b", "ana 12:00: luego (sending)"]);
    model.update(Action::OpenPalette(Palette::new(Purpose::Browse)));
    assert_eq!(model.palette.as_ref().and_then(|list| list.trouble.clone()), Some(palette::Trouble::Offline));
}
