//! The scenes with rooms, and what a server would answer to the questions of their lists.

use std::time::Duration;

use tertulia_client::{
    model::{
        Action, Lost,
        palette::{Palette, Purpose},
        timeline::RowKey,
    },
    session::{Answer, Ask, RoomState},
};
use tertulia_protocol::{
    Cid, Entry, Kind, RoomId, Rseq, Seq, UserId,
    entry::{MemberBody, MessageBody, NO_BODY, ReactionBody, RoomEntry, TopicBody},
    reply::{MemberRow, ROLE_OWNER, ROOM_DIRECT, ROOM_PRIVATE},
};

use super::{GENERAL, entry, room, submit, user};

fn unread(state: RoomState, unread: u64, mentions: u64) -> Action {
    let mut state = state;
    let read = state.row.head.0.saturating_sub(unread);
    state.read = Rseq(read);
    (state.row.mark, state.row.mark_count) = (Some(Rseq(read)), Some(read));
    state.row.mentions = (mentions > 0).then_some(mentions);
    Action::Room(state)
}

pub(crate) fn direct(id: u64, with: UserId, head: u64) -> RoomState {
    let mut state = room(id, "", head);
    (state.row.kind, state.row.with) = (ROOM_DIRECT, Some(with));
    state
}

pub(crate) fn private(id: u64, name: &str, head: u64) -> RoomState {
    let mut state = room(id, name, head);
    (state.row.kind, state.row.role) = (ROOM_PRIVATE, Some(ROLE_OWNER));
    state.row.topic = Some("Lo que falta por hacer antes del 1 de diciembre, y quién lo hace".into());
    state
}

fn rooms() -> Vec<Action> {
    let mut gone = room(24, "mudanza", 40);
    gone.gone = true;
    let mut archived = room(25, "feria 2025", 90);
    archived.row.archived = Some(true);
    vec![
        unread(private(20, "obra nueva", 60), 0, 0),
        unread(room(21, "biblioteca", 300), 7, 0),
        unread(room(22, "una sala con un nombre larguísimo", 5_000), 250, 3),
        unread(room(23, "☕ café", 12), 0, 0),
        Action::Room(gone),
        Action::Room(archived),
        unread(direct(30, user(1), 10), 2, 0),
        unread(direct(31, user(3), 10), 0, 0),
        unread(direct(32, user(2), 10), 1, 1),
    ]
}

fn about(rseq: u64, author: u64, target: u64, kind: Kind, body: Vec<u8>, now: i64) -> Entry {
    Entry { target: Some(Rseq(target)), kind, body, ..entry(rseq, user(author), now - 30_000, "") }
}

fn emoji(emoji: &str) -> Vec<u8> {
    ReactionBody { emoji: emoji.into() }.to_bytes()
}

fn text(text: &str) -> Vec<u8> {
    MessageBody { text: text.into() }.to_bytes()
}

/// What was said behind the conversation: answers, reactions, and so on.
fn later(now: i64) -> Action {
    let note = |rseq, author, kind, body| Entry { kind, body, ..entry(rseq, user(author), now - 50_000, "") };
    let entries = vec![
        about(16, 1, 14, Kind::MESSAGE, text("Sí, pero a las dos y cuarto."), now),
        about(17, 2, 14, Kind::REACT, emoji("🍲"), now),
        about(18, 0, 14, Kind::REACT, emoji("👍"), now),
        about(19, 1, 14, Kind::REACT, emoji("👍"), now),
        about(20, 5, 13, Kind::REACT, emoji("❤️"), now),
        about(21, 2, 6, Kind::EDIT, text("Se nota mucho más rápido que el anterior."), now),
        note(22, 1, Kind::ROOM_TOPIC, TopicBody { topic: Some("Lo de todos los días".into()) }.to_bytes()),
        note(23, 1, Kind::INVITE, MemberBody { user: user(3) }.to_bytes()),
        Entry {
            mentions: Some(vec![user(0)]),
            ..about(24, 3, 4, Kind::MESSAGE, text("@ana ¿y dónde está el cargador de la caja? No lo encuentro."), now)
        },
        entry(25, user(0), now - 28_000, "En el cajón"),
        about(26, 0, 15, Kind::DELETE, NO_BODY.to_vec(), now),
        about(27, 4, 900, Kind::MESSAGE, text("Esto responde a algo de hace mucho."), now),
    ];
    Action::Entries { room: GENERAL, entries, later: vec![] }
}

/// The actions of a scene behind the conversation.
pub(crate) fn scene(name: &str, now: i64) -> Option<Vec<Action>> {
    let mut actions = rooms();
    let open = |purpose| Action::OpenPalette(Palette::new(purpose));
    actions.push(unread(room(1, "general", 27), 4, 1));
    if name == "rooms" {
        // As if the person had been elsewhere.
        actions.push(Action::Focus(false));
    }
    actions.push(later(now));
    actions.push(Action::Focus(true));
    match name {
        "rooms" => actions.push(Action::Typing(GENERAL, vec![user(1), user(2)])),
        "answering" => actions.push(Action::AnswerTo(RowKey::Entry(Rseq(24)))),
        "mending" => actions.push(Action::Mend(None)),
        "completing" => actions.push(Action::Composed { text: "@".into(), cursor: 1 }),
        "switch" => actions.push(open(Purpose::Switch)),
        "browse" => actions.push(open(Purpose::Browse)),
        "create" => actions.push(open(Purpose::Create)),
        "room" | "invite" | "members" | "room-menu" | "gone" => {
            let room = if name == "gone" { 24 } else { 20 };
            actions.push(Action::OpenRoom(RoomId(room)));
            let talk = vec![
                entry(39, user(2), now - 400_000, "Hemos terminado 🎉"),
                entry(40, user(1), now - 390_000, "Gracias a todos."),
            ];
            actions.push(Action::Entries { room: RoomId(room), entries: talk, later: vec![] });
            match name {
                "invite" => actions.push(open(Purpose::Invite)),
                "members" => actions.push(open(Purpose::Members)),
                "room-menu" => actions.push(open(Purpose::RoomMenu)),
                _ => {}
            }
        }
        "search" => actions.push(Action::OpenPalette(Palette::new(Purpose::Search).with("servidor de:luis"))),
        "search-empty" => actions.push(Action::OpenPalette(Palette::new(Purpose::Search).with("antes:31/2"))),
        "set-back" | "no-longer" => {
            let lost =
                |n, author, text| RoomEntry { room: GENERAL, entry: entry(n, user(author), now - 700_000, text) };
            let lost = vec![
                lost(30, 1, "El albarán es el 4471; lo he dejado firmado en la caja."),
                RoomEntry { room: RoomId(77), ..lost(31, 0, "Esto lo dije en una sala que ya no existe.") },
                lost(
                    32,
                    2,
                    "¿Y quién cierra hoy? Yo me voy a las seis, y la llave está donde siempre, detrás del extintor.",
                ),
            ];
            actions.extend([Action::Lost(lost), Action::LogChanged { same_server: true, lost: 3 }]);
            if name == "no-longer" {
                actions.push(open(Purpose::Lost));
            }
        }
        "colours" => actions.push(open(Purpose::Colour)),
        "delete" => actions.push(Action::Delete(RowKey::Entry(Rseq(25)))),
        "read-only" => actions.push(Action::Notice { what: 1, on: true }),
        "offline" => actions.extend([
            Action::Disconnected { why: Lost::Unreachable, retry_in: Duration::from_secs(7) },
            submit(1, "Esto lo he escrito sin conexión."),
            Action::React { row: RowKey::Entry(Rseq(24)), emoji: "👍".into(), cid: Cid([2; 16]) },
        ]),
        _ => return None,
    }
    Some(actions)
}

/// What a server would answer.
pub(crate) fn answer(ask: &Ask, now: i64) -> Answer {
    match ask {
        Ask::Browse { .. } => {
            let names = ["general", "biblioteca", "cocina", "excursiones", "preguntas y respuestas"];
            let rooms = (40..).zip(names).map(|(id, name)| {
                let mut row = room(if name == "general" { 1 } else { id }, name, 0).row;
                row.topic = (id % 2 == 0).then(|| "De qué va esta sala, en una frase".to_owned());
                row
            });
            Answer::Rooms { rooms: rooms.collect(), more: false }
        }
        Ask::Members { room, .. } => {
            let members = (0..4).map(|n| MemberRow { user: user(n), role: if n < 2 { 2 } else { 1 } }).collect();
            Answer::Members { room: *room, members, more: false }
        }
        Ask::Search(_) => {
            let texts = [
                "Hoy probamos el servidor nuevo: está en la caja del rincón.",
                "¿Guarda el servidor los mensajes aunque se vaya la luz, o hay que volver a escribirlo todo? Ayer se fue dos veces.",
                "El servidor, por favor 🙏",
            ];
            let hit = |(n, text): (u64, &str)| RoomEntry {
                room: if n == 3 { RoomId(42) } else { GENERAL },
                entry: entry(n, user(1), now - 86_400_000 * (n.cast_signed() - 1) * 20, text),
            };
            Answer::Hits { hits: (1..).zip(texts).map(hit).collect(), below: Some(Seq(7)) }
        }
    }
}
