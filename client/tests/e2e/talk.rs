//! Three people talk: everybody sees what the others write, in the same order and letter by letter.

use std::{thread, time::Duration};

use crate::{person::Person, server::Home};

/// Accents by the keys that a Spanish keyboard has for them.
const TYPED: [&str; 3] = ["¡Hola! ¿Qué tal, Zoë?", "Muy bien, señor Ñandú: él está aquí.", "Un pingüino, ¡ÁNIMO!"];

#[test]
fn everybody_sees_what_the_others_write_in_the_same_order() {
    let home = Home::new();
    let server = home.server();
    let [mut ana, mut luis, mut zoe] = three(&server, ["ana", "luis", "Zoë"]);

    // One after the other, on the keyboard.
    for (speaker, text) in [&ana, &luis, &zoe].into_iter().zip(TYPED) {
        speaker.says(text);
        [&ana, &luis, &zoe].into_iter().for_each(|person| person.waits_for_message(text));
    }

    // Through the clipboard: what no keyboard has, more than one line, and a lot.
    let emoji = "👍🏽 ¡bravo! 👨‍👩‍👧‍👦 🇪🇸 ❤️";
    let lines = "primera línea\n\n  tercera, con espacios  \ncuarta";
    let long = long_text();
    zoe.pastes(emoji);
    ana.pastes(lines);
    luis.pastes(&long);
    for text in [emoji, lines, &long] {
        [&ana, &luis, &zoe].into_iter().for_each(|person| person.waits_for_message(text));
    }

    // All at once: whatever order it becomes, it is one order.
    thread::scope(|scope| {
        for person in [&ana, &luis, &zoe] {
            scope.spawn(move || (1..=5).for_each(|number| person.says(&format!("{} dice {number}", person.name))));
        }
    });
    let total = TYPED.len() + 3 + 15;
    for person in [&ana, &luis, &zoe] {
        person.waits_for("the last message", |rows| rows.iter().any(|row| row.rseq == Some(total as u64)));
    }
    let read = [&ana, &luis, &zoe].map(|person| person.read());
    assert_eq!(read[0].len(), total, "{:?}", read[0]);
    assert!(read[0] == read[1] && read[1] == read[2], "{read:#?}");
    let expected =
        [("ana", TYPED[0]), ("luis", TYPED[1]), ("Zoë", TYPED[2]), ("Zoë", emoji), ("ana", lines), ("luis", &long)];
    for ((who, text), place) in expected.into_iter().zip(1..) {
        assert_eq!(read[0][&place], (who.to_owned(), text.to_owned()));
    }
    for name in ["ana", "luis", "Zoë"] {
        let said: Vec<_> = read[0].values().filter(|(who, text)| who == name && text.contains(" dice ")).collect();
        assert!(said.len() == 5 && said.iter().is_sorted_by_key(|(_, text)| text.clone()), "{name}: {said:?}");
    }
}

/// Keys that wait while the window is busy come all at once. The composer was emptied only after all of them, and the
/// beginning of the next message was lost with the one before.
#[test]
fn what_is_typed_right_after_enter_is_the_next_message() {
    let home = Home::new();
    let server = home.server();
    let ana = Person::comes(server.address, "ana");
    ana.window.signal("STOP");
    ana.says("uno");
    ana.says("dos");
    ana.says("/nada");
    ana.display.type_text(" tres");
    ana.window.signal("CONT");
    ana.waits_for_message("dos");
    ana.waits_for("that there is no such command", |rows| rows.iter().any(|row| row.text.contains("/nada.")));
    // What was no command is back, with what was typed since.
    ana.display.press(&["Home", "slash", "Return"]);
    ana.waits_for_message("/nada tres");
    assert_eq!(ana.read().into_values().map(|(_, text)| text).collect::<Vec<_>>(), ["uno", "dos", "/nada tres"]);
}

/// Each key had the whole text measured anew, so that a long burst took longer than the person had needed to type it.
#[test]
fn a_burst_of_keys_is_worked_off_to_its_end() {
    let home = Home::new();
    let server = home.server();
    let ana = Person::comes(server.address, "ana");
    let many = "ana ".repeat(600);
    ana.window.signal("STOP");
    ana.says(many.trim_end());
    ana.window.signal("CONT");
    let is_it = |row: &crate::person::Row| row.rseq == Some(1) && row.text == many.trim_end();
    ana.waits_long_for("the message", Duration::from_secs(10), |rows| rows.iter().any(is_it));
}

#[test]
fn commands_are_answered_to_the_asker_alone_and_never_sent() {
    let home = Home::new();
    let server = home.server();
    let [ana, luis, zoe] = three(&server, ["ana", "luis", "Zoë"]);
    ana.asks("/usuarios", "Hay 3 personas en línea: ana, luis, Zoë");
    ana.says("/adios a todos");
    ana.waits_for("that there is no such command", |rows| rows.iter().any(|row| row.text.contains("/adios.")));
    // The text that is no command stays, to be mended.
    ana.display.press(&["ctrl+a", "BackSpace"]);
    ana.says("//usuarios es una orden");
    for person in [&ana, &luis, &zoe] {
        person.waits_for_message("/usuarios es una orden");
    }

    let answers = |person: &Person| -> Vec<String> {
        person.sees().into_iter().filter(|row| row.row == "system").map(|row| row.text).collect()
    };
    let before = answers(&ana);

    // Who has gone is still there for a moment, for it may be a cable; then no more.
    zoe.leaves();
    luis.asks("/users", "Hay 2 personas en línea: ana, luis");
    luis.says("adiós");
    // Who wrote it may be the last to paint it in its place.
    [&ana, &luis].into_iter().for_each(|person| person.waits_for_message("adiós"));

    // What was for one pair of eyes was painted for no other.
    let words: Vec<_> = luis.saw().into_iter().filter(|row| row.text.contains("adios")).collect();
    assert_eq!(words, []);
    assert_eq!(answers(&ana), before);
    let read = ana.read();
    assert_eq!((read.len(), &read), (2, &luis.read()));
    let said = home.wait_for("message", 2);
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn a_name_that_somebody_has_is_refused_in_words() {
    let home = Home::new();
    let server = home.server();
    let ana = Person::comes(server.address, "ana");
    let other = Person::opens("the other Ana", &["--server", &server.address.to_string(), "--name", "Ana"]);
    other.waits_for("why not", |rows| rows.iter().any(|row| row.text == "El nombre Ana ya es de otra persona."));
    let refused = home.wait_for("refused", 1);
    assert_eq!((&refused[0]["name"], &refused[0]["why"]), (&"Ana".into(), &"name_taken".into()));
    // Nothing of the room was shown to somebody who is not in it, and who is in it noticed nothing.
    ana.says("sigo aquí");
    ana.waits_for_message("sigo aquí");
    ana.asks("/usuarios", "Solo estás tú: ana");
    assert!(other.saw().iter().all(|row| row.rseq.is_none()));
}

fn three(server: &crate::server::Server, names: [&str; 3]) -> [Person; 3] {
    names.map(|name| Person::comes(server.address, name))
}

/// 2,000 characters of words.
fn long_text() -> String {
    let words = "La tertulia sigue hasta que se apagan las luces del café, y entonces continúa en la calle. ";
    let mut text: String = words.chars().cycle().take(1_999).collect();
    text.push('.');
    text
}
