//! Shows the window with made-up people and messages, for whoever works on its looks:
//!
//! ```text
//! cargo run -p tertulia-client --example gallery -- SCENE [--lang es|en] [--theme light|dark]
//! ```
//!
//! Scenes: `picture` (the one of the README), `start`, `start-errors`, `conversation`, `empty`, `help`, `lost`, `refused`, `connecting`, `failed`,
//! `crowd`, `huge` (100,000 messages), `rooms` (many rooms, unread, answers, reactions), `answering`, `mending`,
//! `completing`, `switch`, `browse`, `create`, `invite`, `members`, `room-menu`, `search`, `search-empty`, `colours`,
//! `delete`, `gone`, `room`, `set-back`, `no-longer`, `read-only`, `offline`. There is no server: what is typed is answered by the gallery itself.

#![expect(
    clippy::disallowed_methods,
    reason = "a tool at the edge: it reads its arguments, a clock and the environment"
)]

use std::{
    collections::VecDeque,
    error::Error,
    fs::File,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::tz::TimeZone;
use tertulia_client::{
    i18n::Language,
    model::{Action, Effect, Known, Lost, Refusal},
    session::{Failure, RoomState},
    ui::{self, Options, Outside},
};
use tertulia_protocol::{
    Cid, DeviceId, Entry, ErrorCode, Kind, RoomId, Rseq, Seq, UserId,
    entry::MessageBody,
    reply::{ROOM_PUBLIC, RoomRow, UserRow},
};

#[path = "gallery/picture.rs"]
mod picture;
#[path = "gallery/rooms.rs"]
mod rooms;

const GENERAL: RoomId = RoomId(1);
const ANA: UserId = UserId(2);

#[derive(PartialEq)]
enum Sent {
    Placed,
    Refused,
    Waiting,
}

struct Stage {
    actions: VecDeque<Action>,
    next: u64,
    /// What becomes of what is written: it has its place, it is refused, or nothing happens.
    sent: Sent,
}

impl Outside for Stage {
    fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Write { cid, write, .. } if self.sent == Sent::Placed => {
                self.next += 1;
                let (rseq, at_ms) = (Rseq(self.next), self.now_ms());
                let room = if write.room.0 == 0 { GENERAL } else { write.room };
                let entry = Entry {
                    target: write.target,
                    mentions: Some(write.mentions.clone()),
                    kind: write.kind,
                    body: write.body.clone(),
                    ..entry(self.next, ANA, at_ms, "")
                };
                self.actions.push_back(Action::Settled { cid, room, rseq, at_ms });
                self.actions.push_back(Action::Entries { room, entries: vec![entry], later: vec![] });
            }
            Effect::Write { cid, .. } if self.sent == Sent::Refused => {
                let failure = Failure { code: ErrorCode::BAD_TEXT, params: vec![] };
                self.actions.push_back(Action::Failed { cid, failure });
            }
            Effect::Show { room, from, to } => {
                let now = self.now_ms();
                let page = (from.0..=to.0).map(|n| entry(n, user(n % 4), now - 90_000_000, &sentence(n))).collect();
                self.actions.push_back(Action::Entries { room, entries: page, later: vec![] });
            }
            Effect::Ask { token, ask } => {
                let answer = rooms::answer(&ask, self.now_ms());
                self.actions.push_back(Action::Answered { token, answer });
            }
            _ => {}
        }
    }

    fn now_ms(&mut self) -> i64 {
        now_ms()
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_millis()).ok()).unwrap_or(0)
}

fn user(number: u64) -> UserId {
    UserId(number + 2)
}

fn entry(rseq: u64, author: UserId, at_ms: i64, text: &str) -> Entry {
    Entry {
        seq: Seq(rseq),
        rseq: Rseq(rseq),
        count: rseq,
        at: at_ms,
        author,
        device: DeviceId(1),
        kind: Kind::MESSAGE,
        target: None,
        mentions: None,
        body: MessageBody { text: text.to_owned() }.to_bytes(),
        cid: None,
    }
}

fn room(id: u64, name: &str, head: u64) -> RoomState {
    RoomState::new(RoomRow {
        room: RoomId(id),
        kind: ROOM_PUBLIC,
        name: name.into(),
        head: Rseq(head),
        count: head,
        topic: None,
        role: Some(1),
        mark: Some(Rseq(head)),
        mark_count: Some(head),
        mentions: None,
        archived: None,
        with: None,
        members: None,
        keep_days: None,
    })
}

fn here(entries: Vec<Entry>) -> Action {
    Action::Entries { room: GENERAL, entries, later: vec![] }
}

fn sentence(number: u64) -> String {
    const WORDS: [&str; 12] =
        ["mañana", "el", "tren", "sale", "temprano", "🙂", "and", "nobody", "knows", "whether", "coffee", "helps"];
    let length = 3 + (number * 7919) % 29;
    let words = (0..length).map(|n| WORDS[((number * 31 + n * n * 17) % 12) as usize]);
    format!("{number}: {}", words.collect::<Vec<_>>().join(" "))
}

fn person(user: UserId, name: &str) -> UserRow {
    UserRow { user, name: name.to_owned(), hue: None }
}

fn online(count: u64) -> Vec<Action> {
    let names = ["ana", "luis", "Zoë", "Bartolomé de las Casas y Ñandú", "Αλέξης", "Ольга", "marta"];
    vec![
        Action::Connecting { attempt: 1 },
        Action::Connected { user: ANA, name: "ana".into(), encrypted: false },
        Action::Users((0..).map(user).zip(names).map(|(user, name)| person(user, name)).collect()),
        Action::Room(room(GENERAL.0, "general", count)),
        Action::Online { people: (0..6).map(user).collect(), away: vec![user(2), user(4)] },
    ]
}

fn conversation(now: i64) -> Vec<Entry> {
    let minute = 60_000;
    let day = 24 * 60 * minute;
    let lines: [(u64, i64, &str); 15] = [
        (1, -day - 50 * minute, "¿Alguien ha visto el proyector? Mañana lo necesito para la clase de las nueve."),
        (2, -day - 48 * minute, "En el armario del fondo 👍"),
        (1, -day - 47 * minute, "¡Gracias!"),
        (0, -95 * minute, "Buenos días ☀️ Hoy probamos el servidor nuevo: está en la caja del rincón."),
        (2, -94 * minute, "Goedemorgen! 🇳🇱 Funktioniert prima, très bien, 👩‍👩‍👧 👨‍💻 🫶"),
        (2, -94 * minute, "Se nota más rápido."),
        (
            3,
            -80 * minute,
            "Una pregunta larga, para ver cómo se parte el texto en varias líneas cuando no cabe en el ancho de la ventana: ¿guarda el servidor los mensajes aunque se vaya la luz, o hay que volver a escribirlo todo? Ayer se fue dos veces.",
        ),
        (
            1,
            -79 * minute,
            "Los guarda. Lo que sale sin «enviando…» está en el disco:\n\n    1. se escribe\n    2. se confirma\n    3. se reparte\n\nEn ese orden.",
        ),
        (
            4,
            -60 * minute,
            "Καλημέρα σε όλους! Το ζητούμενο είναι να φαίνονται σωστά όλα τα γράμματα, όχι μόνο τα λατινικά.",
        ),
        (5, -59 * minute, "Привет! Как дела?"),
        (
            1,
            -30 * minute,
            "https://box.local/documentos/actas/2026/noviembre/reunion-general-con-un-nombre-bastante-largo-que-no-cabe.pdf",
        ),
        (
            1,
            -29 * minute,
            "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftundnochvielmehrohneeineneinzigenzwischenraum",
        ),
        (0, -5 * minute, "Leído ✅"),
        (2, -2 * minute, "¿Comemos a las dos? 🍲"),
        (0, -minute, "Hecho. Aviso a los demás."),
    ];
    (1..).zip(lines).map(|(n, (who, at, text))| entry(n, user(who), now + at, text)).collect()
}

fn submit(number: u8, text: &str) -> Action {
    Action::Submit { cid: Cid([number; 16]), text: text.into() }
}

fn scene(name: &str, now: i64) -> Option<Vec<Action>> {
    let mut actions = online(15);
    let talk = here(conversation(now));
    match name {
        "start" => return Some(vec![]),
        "start-errors" => {
            return Some(vec![Action::Start { name: "a\u{200b}na".into(), server: "http://caja".into(), host: false }]);
        }
        "conversation" => actions.push(talk),
        // The one of the README.
        "picture" => {
            actions = online(0);
            actions.extend(picture::scene(now));
        }
        "empty" => {
            actions = online(0);
            actions.push(Action::Online { people: vec![ANA], away: vec![] });
        }
        "help" => actions.extend([talk, submit(1, "/ayuda"), submit(2, "/users"), submit(3, "/nada")]),
        "lost" => actions.extend([
            talk,
            submit(1, "Esto espera a que vuelva la conexión."),
            Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(4) },
        ]),
        "refused" => {
            let refusal = Refusal::Server { code: ErrorCode::NAME_TAKEN, params: vec!["ana".into()] };
            actions = vec![Action::Connecting { attempt: 1 }, Action::Refused(refusal)];
        }
        "connecting" => actions = vec![Action::Connecting { attempt: 3 }],
        "failed" => {
            actions.extend([talk, submit(1, "Esto no le gusta al servidor."), submit(2, "Esto está en camino.")]);
        }
        "crowd" => {
            let odd = ["👩‍👩‍👧 familia", "محمد بن عبد الله", "שרה לוי", "Wolfeschlegelsteinhausenbergerdo", "李小龍"];
            let name = |n: u64| match odd.get((n % 20) as usize) {
                Some(odd) if n < 30 => (*odd).to_owned(),
                _ => format!("persona {n}"),
            };
            let people = (10..=509).map(|n| person(UserId(n), &name(n))).collect::<Vec<_>>();
            let ids = people.iter().map(|row| row.user).collect();
            let page = (301..=400).map(|n| entry(n, UserId(10 + n % 40), now - 1_000 * (400 - n as i64), &sentence(n)));
            actions.extend([Action::Users(people), Action::Online { people: ids, away: vec![] }, here(page.collect())]);
        }
        "huge" => {
            let page =
                (1..=100_000).map(|n| entry(n, user(n * n % 5), now - 60_000 * (100_000 - n as i64), &sentence(n)));
            actions.push(here(page.collect()));
        }
        _ => {
            actions.push(talk);
            actions.extend(rooms::scene(name, now)?);
        }
    }
    Some(actions)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).map(String::as_str);
    let name = arguments.first().map_or("conversation", String::as_str);
    let now = now_ms();
    let actions = scene(name, now).ok_or("no such scene; see the beginning of gallery.rs")?;
    let sent = match name {
        "failed" => Sent::Refused,
        "lost" | "offline" => Sent::Waiting,
        _ => Sent::Placed,
    };
    let mut stage = Stage { actions: actions.into(), next: 100_000, sent };
    let known = !name.starts_with("start");
    let mut cids = 0u64;
    ui::run(
        Options {
            known: Known {
                server: if known { "caja.local".parse().ok() } else { None },
                name: known.then(|| "ana".into()),
                suggested_name: None,
            },
            language: option("--lang").and_then(Language::from_locale).unwrap_or(Language::Es),
            dark: option("--theme") == Some("dark"),
            zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
            shown: match std::env::var_os("TERTULIA_SHOWN") {
                Some(path) => Some(File::options().create(true).append(true).open(path)?),
                None => None,
            },
            fresh_cid: Box::new(move || {
                cids += 1;
                let mut cid = [0xff; 16];
                cid[..8].copy_from_slice(&cids.to_be_bytes());
                Cid(cid)
            }),
        },
        &mut stage,
    )?;
    Ok(())
}
