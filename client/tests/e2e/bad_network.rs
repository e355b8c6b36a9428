//! A window on a bad network: it shows what is true meanwhile, and gets over it by itself.

use std::time::Duration;

use crate::{
    person::{Person, Row},
    proxy::{Cut, Proxy, Weather},
    server::Home,
};

/// What a person may think of a message of her own.
fn is_on_its_way(row: &Row, text: &str, state: &str) -> bool {
    row.row == "sending" && row.rseq.is_none() && row.text == text && row.state.as_deref() == Some(state)
}

#[test]
fn a_window_on_a_bad_network_tells_the_truth_and_gets_over_it() {
    let home = Home::new();
    let server = home.server();
    let proxy = Proxy::new(server.address);
    let mut ana = Person::comes(proxy.address, "ana");
    let luis = Person::comes(server.address, "luis");
    let everybody_reads =
        |ana: &Person, text: &str| [ana, &luis].iter().for_each(|person| person.waits_for_message(text));

    // Drop by drop, and late: letters of several bytes come apart and are put together again.
    let emoji = "👍🏽 ¡bravo! 👨‍👩‍👧‍👦 ñandú";
    proxy.set(Weather::Trickling(3, Duration::from_millis(1)));
    ana.pastes(emoji);
    everybody_reads(&ana, emoji);
    proxy.set(Weather::Slow(Duration::from_millis(200)));
    luis.says("con retraso");
    everybody_reads(&ana, "con retraso");

    // The line is up, and nothing passes: what she writes is on its way, and nobody has it.
    proxy.set(Weather::Stalled);
    ana.says("uno");
    ana.says("dos");
    ana.waits_for("her words on their way", |rows| {
        ["uno", "dos"].iter().all(|text| rows.iter().any(|row| is_on_its_way(row, text, "enviando…")))
    });
    luis.says("entretanto");
    luis.waits_for_message("entretanto");

    // The line is down: now they wait for one, and what she writes waits behind them.
    proxy.cut_into(Cut::Reset, Weather::Refusing);
    ana.says("tres");
    ana.waits_for("her words waiting", |rows| {
        let waits = |text: &&str| rows.iter().any(|row| is_on_its_way(row, text, "en espera de conexión"));
        ["uno", "dos", "tres"].iter().all(waits)
    });
    assert!(luis.saw().iter().all(|row| !["uno", "dos", "tres"].contains(&row.text.as_str())), "nobody has it");

    // And up again: everything once, in the order of writing, at the same place for everybody.
    proxy.set(Weather::Clear);
    everybody_reads(&ana, "tres");
    ana.waits_for("nothing on its way", |rows| rows.iter().all(|row| row.row != "sending"));
    let said = |text: &str, who: &str| (who.to_owned(), text.to_owned());
    let expected = [
        said(emoji, "ana"),
        said("con retraso", "luis"),
        said("entretanto", "luis"),
        said("uno", "ana"),
        said("dos", "ana"),
        said("tres", "ana"),
    ];
    for person in [&ana, &luis] {
        assert!(person.read().into_values().eq(expected.iter().cloned()), "{}: {:#?}", person.name, person.read());
    }
}

/// The server takes the connection and says nothing: the window says that it waits, keeps what is written, and goes on
/// as soon as there is an answer.
#[test]
fn a_window_whose_login_stalls_is_there_as_soon_as_there_is_an_answer() {
    let home = Home::new();
    let server = home.server();
    let proxy = Proxy::new(server.address);
    proxy.set(Weather::Stalled);
    let ana = Person::opens("ana", &["--server", &proxy.address.to_string(), "--name", "ana"]);
    ana.waits_for("that it waits", |rows| rows.iter().any(|row| row.text.contains("Esperando al servidor…")));
    proxy.waits_for("the connection", |seen| seen.taken == 1);
    ana.display.type_text("por fin");
    proxy.set(Weather::Clear);
    ana.waits_for("the room", |rows| rows.iter().any(|row| row.text.contains("Aquí no se oye nada")));
    ana.display.press(&["Return"]);
    ana.waits_for_message("por fin");
    assert_eq!(proxy.seen().taken, 1, "one connection was enough");
}
