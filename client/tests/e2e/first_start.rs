//! The first start without a name: the dialog, by the keyboard alone.

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
