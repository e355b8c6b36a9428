//! Rooms, answers, edits, reactions, search, and writing without a server, with real windows.

use crate::{
    child::{PATIENCE, until},
    person::{Person, Row},
    server::Home,
};

#[test]
fn a_room_is_opened_found_and_gone_to_and_says_what_is_unread() {
    let home = Home::new();
    let server = home.server();
    let [ana, luis] = ["ana", "luis"].map(|name| Person::comes(server.address, name));

    ana.display.press(&["ctrl+n"]);
    ana.chooses("Abrir una sala", "obras", "Pública: cualquiera la encuentra y entra");
    ana.waits_for("the new room", |rows| note(rows, "ana ha abierto la sala «obras»."));
    ana.says("en obras");
    ana.waits_for_message("en obras");

    luis.says("/unirse obr");
    luis.chooses("Salas públicas", "", "obras");
    luis.waits_for_message("en obras");
    ana.waits_for("who came", |rows| note(rows, "luis ha entrado en la sala."));
    luis.display.press(&["ctrl+k"]);
    luis.chooses("Ir a…", "gen", "general");
    luis.waits_for("the other room", |rows| rows.iter().all(|row| row.text != "en obras"));

    ana.says("¿@luis?");
    until("the title tells of it", PATIENCE, || (luis.display.title() == "(1) general · Tertulia").then_some(()));
    luis.display.press(&["ctrl+k"]);
    // Where something waits comes first.
    luis.chooses("Ir a…", "", "obras");
    luis.waits_for_message("¿@luis?");
    luis.waits_for("where what is new begins", |rows| rows.iter().any(|row| row.row == "new"));
    until("nothing is unread", PATIENCE, || (luis.display.title() == "obras · Tertulia").then_some(()));
}

/// Keys that wait while the window is busy come all at once. They were written into the composer, and Enter sent the name
/// of one room to another.
#[test]
fn what_is_typed_right_after_a_list_was_asked_for_is_meant_for_it() {
    let home = Home::new();
    let server = home.server();
    let ana = Person::comes(server.address, "ana");
    ana.says("/crear obras");
    ana.waits_for("the new room", |rows| note(rows, "ana ha abierto la sala «obras»."));
    ana.window.signal("STOP");
    ana.display.press(&["ctrl+k"]);
    ana.says("gen");
    ana.window.signal("CONT");
    ana.waits_for("the room", |rows| {
        rows.iter().find(|row| row.row == "offer").is_some_and(|row| row.text == "general")
    });
    ana.display.press(&["Return"]);
    ana.says("hola");
    ana.waits_for_message("hola");
    ana.says("/unirse obras");
    ana.waits_for("the first room", |rows| note(rows, "ana ha abierto la sala «obras»."));
    assert!(ana.sees().iter().all(|row| row.text != "gen"), "{:#?}", ana.sees());
}

#[test]
fn messages_are_answered_mended_reacted_to_and_deleted_by_the_keyboard() {
    let home = Home::new();
    let server = home.server();
    let [ana, luis] = ["ana", "luis"].map(|name| Person::comes(server.address, name));
    ana.says("holaa");
    luis.waits_for_message("holaa");

    luis.display.press(&["ctrl+Up", "ctrl+r"]);
    luis.says("qué tal");
    let answers = |quote: &'static str| {
        move |rows: &[Row]| rows.iter().any(|row| row.text == "qué tal" && row.quote.as_deref() == Some(quote))
    };
    ana.waits_for("the answer", answers("ana: holaa"));

    ana.display.press(&["Up", "BackSpace", "Return"]);
    let mended = |row: &Row| row.text == "hola" && row.state.as_deref() == Some("(editado)");
    luis.waits_for("what was mended", |rows| rows.iter().any(mended));
    luis.waits_for("the quotation too", answers("ana: hola"));

    ana.display.press(&["ctrl+Up", "ctrl+e"]);
    ana.chooses("Reaccionar", "acuer", "de acuerdo");
    luis.waits_for("the reaction", |rows| rows.iter().any(|row| row.text == "qué tal" && row.reactions == ["👍 1"]));

    // The safe answer is the one that Enter gives; the other is a key away.
    luis.display.press(&["ctrl+Up", "Delete", "Return"]);
    luis.display.press(&["Delete", "Tab", "Return"]);
    ana.waits_for("that it is gone", |rows| rows.iter().any(|row| row.row == "erased" && row.rseq == Some(2)));
    assert!(ana.sees().iter().all(|row| row.text != "qué tal" && row.reactions.is_empty()), "{:#?}", ana.sees());
}

#[test]
fn what_was_said_is_found_and_what_is_written_without_a_server_goes_out_later() {
    let home = Home::new();
    let mut server = home.server();
    let address = server.address;
    let flags = ["--server", &address.to_string(), "--name", "ana"];
    let mut ana = Person::comes(address, "ana");
    let luis = Person::comes(address, "luis");
    luis.says("el tren sale a las nueve");
    luis.says("y vuelve por la noche");
    ana.waits_for_message("y vuelve por la noche");

    ana.display.press(&["ctrl+f"]);
    let found = |row: &Row| row.row == "offer" && row.quote.as_deref() == Some("el tren sale a las nueve");
    ana.waits_for("the list", |rows| rows.iter().any(|row| row.row == "list"));
    ana.display.type_text("TREN de:luis");
    ana.waits_for("what was found", |rows| rows.iter().any(found));
    ana.display.press(&["Return"]);
    ana.waits_for_message("el tren sale a las nueve");

    server.process.kill();
    ana.says("sin servidor");
    let waits = |rows: &[Row]| {
        rows.iter().any(|row| row.row == "sending" && row.text == "sin servidor")
            && rows.iter().any(|row| row.row == "message" && row.text == "y vuelve por la noche")
    };
    ana.waits_for("her words waiting", waits);
    // The window may go meanwhile: it opens without a server, and has what it had.
    ana.opens_again(&flags);
    ana.waits_for("everything that she had", waits);
    let _server = home.server_again_on(address);
    luis.waits_for_message("sin servidor");
    ana.waits_for_message("sin servidor");
    assert_eq!(luis.sees().iter().filter(|row| row.text == "sin servidor").count(), 1);
}

/// Every change of the room went to its end, and took what was not seen for read.
#[test]
fn who_comes_back_to_a_room_sees_what_was_in_sight_before() {
    let home = Home::new();
    let server = home.server();
    let [mut ana, luis] = ["ana", "luis"].map(|name| Person::comes(server.address, name));
    let long =
        |number: u32| (1..=15).map(|line| format!("{number}.{line}\n")).collect::<String>().trim_end().to_owned();
    (1..=8).for_each(|number| ana.pastes(&long(number)));
    ana.display.press(&["ctrl+n"]);
    ana.chooses("Abrir una sala", "obras", "Pública: cualquiera la encuentra y entra");
    ana.waits_for("the new room", |rows| note(rows, "ana ha abierto la sala «obras»."));
    let places = |rows: &[Row]| rows.iter().filter_map(|row| row.rseq).collect::<Vec<_>>();
    let go = |ana: &Person, typed: &str, room: &str| {
        ana.display.press(&["ctrl+k"]);
        ana.chooses("Ir a…", typed, room);
    };
    go(&ana, "gen", "general");
    ana.waits_for("the end", |rows| places(rows).last() == Some(&8));
    ana.display.press(&["Prior", "Prior"]);
    ana.waits_for("what is further back", |rows| places(rows).last().is_some_and(|last| *last < 6));
    let seen = ana.sees();
    go(&ana, "obr", "obras");
    ana.waits_for("the other room", |rows| note(rows, "ana ha abierto la sala «obras»."));
    luis.says("al final de general");
    until("it is unread", PATIENCE, || (ana.display.title() == "(1) obras · Tertulia").then_some(()));
    go(&ana, "gen", "general");
    let texts = |rows: &[Row]| rows.iter().map(|row| (row.rseq, row.text.clone())).collect::<Vec<_>>();
    ana.waits_for("what was in sight before", |rows| texts(rows) == texts(&seen));
    ana.display.press(&["End"]);
    ana.waits_for_message("al final de general");
    until("all is read", PATIENCE, || (ana.display.title() == "general · Tertulia").then_some(()));
}

fn note(rows: &[Row], text: &str) -> bool {
    rows.iter().any(|row| row.row == "note" && row.text == text)
}
