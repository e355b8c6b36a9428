//! What a person sees after a sequence of events, as rows in a short notation.

mod asking;
mod lost;
mod members;
mod messages;
mod places;
mod rooms;
mod searching;
mod signals;

use std::time::Duration;

use tertulia_protocol::{
    DeviceId, Entry, Kind, Seq,
    entry::MessageBody,
    reply::{ROLE_MEMBER, ROOM_PUBLIC, RoomRow, UserRow},
};

use super::{
    pending::State,
    question::{About, Answer, StopFailure},
    timeline::Content,
    *,
};
use crate::session::{Failure, RoomState};

const GENERAL: RoomId = RoomId(1);
const ANA: UserId = UserId(2);
const LUIS: UserId = UserId(3);
const ZOE: UserId = UserId(4);
/// Sunday, 22 November 2026, 12:00 UTC.
const NOON: i64 = 1_795_348_800_000;

fn raw(rseq: u64, author: UserId, kind: Kind, target: Option<u64>, body: Vec<u8>) -> Entry {
    Entry {
        seq: Seq(rseq + 10),
        rseq: Rseq(rseq),
        count: rseq,
        at: NOON,
        author,
        device: DeviceId(9),
        kind,
        target: target.map(Rseq),
        mentions: None,
        body,
        cid: None,
    }
}

fn entry(rseq: u64, author: UserId, minutes: i64, text: &str) -> Entry {
    let body = MessageBody { text: text.into() }.to_bytes();
    Entry { at: NOON + minutes * 60_000, ..raw(rseq, author, Kind::MESSAGE, None, body) }
}

fn told(room: RoomId, entries: Vec<Entry>) -> Action {
    Action::Entries { room, entries, later: Vec::new() }
}

fn here(entries: Vec<Entry>) -> Action {
    told(GENERAL, entries)
}

fn state(room: u64, name: &str, head: u64) -> RoomState {
    RoomState::new(RoomRow {
        room: RoomId(room),
        kind: ROOM_PUBLIC,
        name: name.into(),
        head: Rseq(head),
        count: head,
        topic: None,
        role: Some(ROLE_MEMBER),
        mark: None,
        mark_count: None,
        mentions: None,
        archived: None,
        with: None,
        members: None,
        keep_days: None,
    })
}

/// The room as it stands with so many messages, of which so many were read.
fn read(room: u64, name: &str, head: u64, mark: u64) -> Action {
    let mut state = state(room, name, head);
    (state.row.mark, state.row.mark_count, state.read) = (Some(Rseq(mark)), Some(mark), Rseq(mark));
    Action::Room(state)
}

fn cid(number: u8) -> Cid {
    Cid([number; 16])
}

fn submit(number: u8, text: &str) -> Action {
    Action::Submit { cid: cid(number), text: text.into() }
}

fn failed(number: u8, code: ErrorCode) -> Action {
    Action::Failed { cid: cid(number), failure: Failure { code, params: vec![] } }
}

fn sent(number: u8, text: &str) -> Effect {
    let write = Write::message(GENERAL, text, None, vec![]).clearing_draft();
    Effect::Write { cid: cid(number), write, instead_of: None }
}

fn user(user: UserId, name: &str) -> UserRow {
    UserRow { user, name: name.into(), hue: None }
}

fn online() -> Vec<Action> {
    vec![
        Action::Connecting { attempt: 1 },
        Action::Connected { user: ANA, name: "ana".into(), encrypted: false },
        Action::Users(vec![user(LUIS, "luis"), user(ZOE, "Zoë")]),
        Action::Room(state(1, "general", 0)),
        Action::Online { people: vec![LUIS, ANA], away: vec![] },
    ]
}

fn server() -> Option<ServerAddress> {
    "box".parse().ok()
}

fn model() -> Model {
    Model::new(TimeZone::UTC, NOON, Known { server: server(), name: Some("ana".into()), suggested_name: None }).0
}

fn after(actions: Vec<Action>) -> Model {
    let mut model = model();
    online().into_iter().chain(actions).for_each(|action| drop(model.update(action)));
    model
}

fn rows(model: &Model) -> Vec<String> {
    let mut rows = Vec::new();
    for view in (0..model.timeline().len()).filter_map(|index| model.view(index)) {
        if let Some(day) = view.day {
            rows.push(format!("= {}-{:02}-{:02}", day.year(), day.month(), day.day()));
        }
        if view.new_begins {
            rows.push("--- new".into());
        }
        let name = match view.author {
            Some((_, name)) if view.heading => format!("{name} {}: ", calendar::clock(view.time)),
            Some(_) => String::from("  "),
            None => String::from("* "),
        };
        let quote = view.quote.as_ref().map_or(String::new(), |quote| {
            let author = quote.author.map_or("?", |(_, name)| name);
            format!("[{author}: {}] ", quote.text.as_deref().unwrap_or(if quote.erased { "erased" } else { "?" }))
        });
        let content = match view.row.content {
            Content::Message(message) if message.erased => "<erased>".into(),
            Content::Message(_) => view.text.unwrap_or("<none>").to_owned(),
            Content::Note(note) => format!("{note:?}"),
            Content::NeedsNewer => "<newer>".into(),
            Content::Local(local) => format!("{local:?}"),
        };
        let mut marks = String::new();
        for (on, mark) in [(view.edited, " (edited)"), (view.mentions_me, " (@me)")] {
            marks.push_str(if on { mark } else { "" });
        }
        for chip in &view.reactions {
            marks.push_str(&format!(" {}{}{}", chip.emoji, chip.count, if chip.mine { "*" } else { "" }));
        }
        let state = match view.state {
            State::Placed | State::Settled(_) => String::new(),
            State::Sending => " (sending)".into(),
            State::Failed(code) => format!(" (failed: {code})"),
        };
        rows.push(format!("{name}{quote}{content}{marks}{state}"));
    }
    rows
}

#[track_caller]
fn check(actions: Vec<Action>, expected: &[&str]) -> (Model, Vec<Effect>) {
    let mut model = model();
    online().into_iter().for_each(|action| drop(model.update(action)));
    let effects = actions.into_iter().flat_map(|action| model.update(action)).collect();
    assert_eq!(rows(&model), expected);
    (model, effects)
}

#[test]
fn entries_in_any_order_and_twice_stand_once_in_their_order() {
    check(
        vec![
            here(vec![entry(2, LUIS, 1, "dos"), entry(3, LUIS, 2, "tres")]),
            here(vec![entry(1, ANA, 0, "uno"), entry(2, LUIS, 1, "dos")]),
            here(vec![entry(4, ANA, 3, "cuatro")]),
        ],
        &["= 2026-11-22", "ana 12:00: uno", "luis 12:01: dos", "  tres", "ana 12:03: cuatro"],
    );
}

#[test]
fn a_new_day_and_a_long_pause_get_a_heading() {
    check(
        vec![here(vec![
            entry(1, LUIS, 0, "a"),
            entry(2, LUIS, 5, "b"),
            entry(3, LUIS, 6, "c"),
            entry(4, LUIS, 724, "d"),
        ])],
        &["= 2026-11-22", "luis 12:00: a", "luis 12:05: b", "  c", "= 2026-11-23", "luis 00:04: d"],
    );
}

#[test]
fn what_i_write_is_there_at_once_and_takes_its_place_when_the_server_says_so() {
    let actions = vec![submit(1, "hola\n\n"), here(vec![entry(1, LUIS, 0, "yo antes")])];
    let (mut model, effects) = check(actions, &["= 2026-11-22", "luis 12:00: yo antes", "ana 12:00: hola (sending)"]);
    assert_eq!(effects, [sent(1, "hola"), Effect::TextTaken, Effect::ScrollToEnd]);
    model.update(Action::Settled { cid: cid(1), room: GENERAL, rseq: Rseq(2), at_ms: NOON });
    assert_eq!(rows(&model), ["= 2026-11-22", "luis 12:00: yo antes", "ana 12:00: hola"], "before the entry is there");
    model.update(here(vec![entry(2, ANA, 0, "hola")]));
    assert_eq!(rows(&model), ["= 2026-11-22", "luis 12:00: yo antes", "ana 12:00: hola"]);
}

#[test]
fn a_page_settles_what_was_stored_before_a_cut() {
    let stored = Entry { cid: Some(cid(1)), ..entry(1, ANA, 0, "hola") };
    let lost = Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(1) };
    check(vec![submit(1, "hola"), lost, here(vec![stored])], &["= 2026-11-22", "ana 12:00: hola"]);
}

#[test]
fn what_was_refused_says_so_and_is_tried_again_under_a_new_name() {
    let failed = failed(1, ErrorCode::BAD_TEXT);
    let (mut model, _) =
        check(vec![submit(1, "hola"), failed], &["= 2026-11-22", "ana 12:00: hola (failed: bad_text)"]);
    let retry = Action::Retry { failed: cid(1), cid: cid(2) };
    let write = Write::message(GENERAL, "hola", None, vec![]);
    assert_eq!(model.update(retry.clone()), [Effect::Write { cid: cid(2), write, instead_of: Some(cid(1)) }]);
    assert_eq!(model.update(retry), [], "a second click on the same row");
    assert_eq!(rows(&model), ["= 2026-11-22", "ana 12:00: hola (sending)"]);
}

#[test]
fn commands_answer_here_and_are_not_sent() {
    let typed = vec![submit(1, "/USUARIOS"), submit(2, "/help"), submit(3, "/nada x"), submit(4, "//tmp")];
    let (_, effects) = check(
        typed,
        &[
            "= 2026-11-22",
            "* Online([\"ana\", \"luis\"])",
            "* Help",
            "* UnknownCommand(\"nada\")",
            "ana 12:00: /tmp (sending)",
        ],
    );
    let taken = || Effect::TextTaken;
    assert_eq!(effects, [taken(), taken(), sent(4, "/tmp"), taken(), Effect::ScrollToEnd]);
}

#[test]
fn local_rows_keep_their_place_among_later_ones() {
    check(
        vec![
            here(vec![entry(2, LUIS, 0, "a")]),
            submit(1, "/ayuda"),
            submit(1, "/ayuda"),
            here(vec![entry(3, LUIS, 1, "b")]),
            here(vec![entry(1, LUIS, -1, "antes")]),
        ],
        &["= 2026-11-22", "luis 11:59: antes", "  a", "* Help", "luis 12:01: b"],
    );
}

#[test]
fn a_text_beyond_the_limit_stays_where_it_is() {
    let (model, effects) = check(vec![submit(1, &"ñ".repeat(8_193))], &[]);
    assert_eq!((model.notice, effects), (Some(Notice::TooLong { bytes: 16_386 }), vec![]));
    check(vec![submit(1, " \n ")], &[]);
}

#[test]
fn older_pages_are_asked_for_once_and_up_to_the_first() {
    let (mut model, _) = check(vec![Action::ReachedTop], &[]);
    model.update(here(vec![entry(51, LUIS, 0, "x")]));
    let asked = [Effect::Show { room: GENERAL, from: Rseq(1), to: Rseq(50) }];
    assert_eq!(model.update(Action::ReachedTop), asked);
    assert_eq!(model.update(Action::ReachedTop), []);
    model.update(Action::Disconnected { why: Lost::Closed, retry_in: Duration::ZERO });
    assert_eq!(model.update(Action::ReachedTop), asked, "some of it may be kept here");
    model.update(here((1..=50).map(|n| entry(n, LUIS, -9, "antes")).collect()));
    assert_eq!(model.update(Action::ReachedTop), []);
}

#[test]
fn a_refused_login_is_told_in_the_list_and_leads_back_to_the_dialog() {
    let mut model = model();
    let refusal = Refusal::Server { code: ErrorCode::NAME_TAKEN, params: vec!["ana".into()] };
    model.update(Action::Refused(refusal.clone()));
    assert_eq!(rows(&model).len(), 2);
    assert_eq!(model.update(Action::ChangeLogin), [Effect::Disconnect]);
    let form = model.form.clone().unwrap();
    assert_eq!((form.name.as_str(), form.server.as_str(), form.refusal), ("ana", "box", Some(refusal)));
    let start = |name: &str| Action::Start { name: name.into(), server: "box".into(), host: false };
    assert_eq!(model.update(start("")), []);
    assert!(model.form.as_ref().is_some_and(|form| form.name_problem.is_some()));
    assert_eq!(model.update(start("eva")), [Effect::Connect { server: server().unwrap(), name: "eva".into() }]);
    assert_eq!(model.form, None);
    model.update(Action::Refused(Refusal::Server { code: ErrorCode::NAME_TAKEN, params: vec!["eva".into()] }));
    let form = model.form.clone().unwrap();
    assert_eq!((form.name.as_str(), form.refusal.is_some()), ("eva", true), "what was typed is there to be mended");
}

#[test]
fn what_waits_goes_with_the_next_login_to_the_same_server() {
    let (mut model, _) = check(vec![submit(1, "espera")], &["= 2026-11-22", "ana 12:00: espera (sending)"]);
    model.update(Action::ChangeLogin);
    let start = Action::Start { name: "ana".into(), server: "box:7667".into(), host: false };
    let connect = Effect::Connect { server: server().unwrap(), name: "ana".into() };
    let write = Write::message(GENERAL, "espera", None, vec![]);
    let again = Effect::Write { cid: cid(1), write: write.clone(), instead_of: None };
    assert_eq!(model.clone().update(start.clone()), [connect.clone(), again]);
    // What the profile has goes out from there.
    let item = crate::session::OutboxItem {
        cid: cid(1),
        room: GENERAL,
        kind: write.kind,
        target: None,
        mentions: vec![],
        body: write.body,
        failed: None,
    };
    model.update(Action::Queued(item));
    assert_eq!(model.update(start), [connect]);
    assert_eq!(model.update(Action::Close), [Effect::Quit], "it would not be lost");
}

#[test]
fn nobody_is_online_while_we_are_not() {
    let lost = Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(4) };
    let (model, _) = check(vec![lost], &[]);
    assert_eq!(model.people.online_count(), 0);
    assert_eq!(model.connection, Connection::Lost { why: Lost::Closed, retry_at_ms: NOON + 4_000 });
}

#[test]
fn a_room_that_was_missed_for_too_long_begins_anew() {
    let newer = here(vec![entry(900, LUIS, 5, "mucho después")]);
    check(
        vec![here(vec![entry(1, LUIS, 0, "a")]), submit(1, "yo"), Action::Reset(GENERAL), newer],
        &["= 2026-11-22", "luis 12:05: mucho después", "ana 12:00: yo (sending)"],
    );
}
