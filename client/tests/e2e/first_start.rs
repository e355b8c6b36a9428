//! The dialog, by the keyboard alone: the first start without a name, and another name for one that was refused.

use crate::{person::Person, server::Home};

#[test]
fn the_dialog_asks_for_a_name_and_the_program_remembers_it() {
    let home = Home::new();
    let server = home.server();
    let person = Person::opens("the newcomer", &["--server", &server.address.to_string()]);
    // The keyboard is where the name goes.
    person.display.type_text("Zoë");
    person.display.press(&["Return"]);
    person.waits_for("the room", |rows| rows.iter().any(|row| row.text.contains("Aquí no se oye nada")));
    person.says("hola");
    person.waits_for_message("hola");
    assert_eq!(home.wait_for("login", 1)[0]["user"], "Zoë");
    person.leaves();
}

/// "Change…" could be reached by the mouse only.
#[test]
fn a_refused_name_is_changed_by_the_keyboard() {
    let home = Home::new();
    let server = home.server();
    let ana = Person::comes(server.address, "ana");
    let other = Person::opens("the other Ana", &["--server", &server.address.to_string(), "--name", "Ana"]);
    other.waits_for("why not", |rows| rows.iter().any(|row| row.text == "El nombre Ana ya es de otra persona."));
    other.display.press(&["Tab", "Return"]);
    // In the dialog the keyboard is where the name is.
    other.display.press(&["ctrl+a"]);
    other.display.type_text("Eva");
    other.display.press(&["Return"]);
    assert_eq!(home.wait_for("login", 2)[1]["user"], "Eva");

    // Around the window and back, either way: what is written on a button is no message, and what comes then is one.
    other.display.press(&["Tab"]);
    other.display.type_text("nada");
    other.display.press(&["Tab", "Tab", "Tab"]);
    other.says("soy otra");
    other.display.press(&["shift+Tab"]);
    other.display.type_text("nada");
    other.display.press(&["shift+Tab", "shift+Tab", "shift+Tab"]);
    other.says("y sigo");
    ana.waits_for_message("y sigo");
    assert!(ana.read().into_values().map(|(_, text)| text).eq(["soy otra", "y sigo"]));
}
