//! The scene of the picture in the README: an ordinary day.

use tertulia_client::{model::Action, session::RoomState};
use tertulia_protocol::{Entry, Kind, RoomId, Rseq, UserId, entry::ReactionBody};

use super::{GENERAL, entry, person, room, rooms, user};

fn said(rseq: u64, author: u64, at_ms: i64, text: &str) -> Entry {
    entry(rseq, user(author), at_ms, text)
}

fn unread(mut state: RoomState, unread: u64, mentions: u64) -> Action {
    let read = state.row.head.0 - unread;
    state.read = Rseq(read);
    (state.row.mark, state.row.mark_count) = (Some(Rseq(read)), Some(read));
    state.row.mentions = (mentions > 0).then_some(mentions);
    Action::Room(state)
}

fn reaction(rseq: u64, author: u64, target: u64, emoji: &str, at_ms: i64) -> Entry {
    let body = ReactionBody { emoji: emoji.into() }.to_bytes();
    Entry { target: Some(Rseq(target)), kind: Kind::REACT, body, ..entry(rseq, user(author), at_ms, "") }
}

/// The actions behind the login.
pub(crate) fn scene(now: i64) -> Vec<Action> {
    let at = |minutes: i64| now - minutes * 60_000;
    let names = [(2, "Zoë"), (3, "Iñaki"), (4, "marta"), (5, "Ольга"), (6, "Bea")];
    let people = names.map(|(number, name)| person(user(number), name));
    let mut general = room(GENERAL.0, "general", 29);
    general.row.topic = Some("Lo de todos los días".into());
    let entries = vec![
        said(
            18,
            2,
            at(9),
            "Os dejo el orden del día:\n\n    1. Presupuesto del taller\n    2. Horario de verano\n    3. La biblioteca nueva",
        ),
        said(19, 4, at(8), "Añadiría un punto: quién riega las plantas en agosto 🌿"),
        said(
            20,
            3,
            at(8),
            "Yo puedo las dos primeras semanas. Si lo apuntamos en la pizarra de la entrada no se le olvida a nadie, que el año pasado acabamos con tres regaderas y ninguna planta.",
        ),
        reaction(21, 2, 20, "😂", at(7)),
        reaction(22, 4, 20, "😂", at(7)),
        reaction(23, 0, 20, "🌿", at(7)),
        said(24, 0, at(6), "Apuntado. A las dos comemos en el patio, ¿quién se anima? 🍲"),
        Entry { target: Some(Rseq(24)), ..said(25, 4, at(5), "¡Yo!") },
        Entry { target: Some(Rseq(24)), ..said(26, 1, at(4), "Y yo, llevo pan.") },
        reaction(27, 3, 24, "👍", at(3)),
        reaction(28, 2, 24, "👍", at(3)),
        reaction(29, 0, 26, "❤️", at(2)),
    ];
    vec![
        Action::Users(people.into()),
        Action::Online { people: (0..6).map(user).collect(), away: vec![user(3)] },
        Action::Room(general),
        unread(rooms::private(20, "obra nueva", 60), 0, 0),
        unread(room(21, "biblioteca", 300), 7, 0),
        unread(room(22, "huerto", 40), 2, 1),
        unread(rooms::direct(30, user(1), 10), 0, 0),
        unread(rooms::direct(31, user(4), 10), 1, 1),
        Action::Entries { room: GENERAL, entries, later: vec![] },
        Action::Typing(GENERAL, vec![UserId(4)]),
        Action::OpenRoom(RoomId(1)),
    ]
}
