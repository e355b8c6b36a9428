//! Rows in a font of which every character is 10 wide.

use super::*;

/// Every character is 10 wide.
struct Ten;

impl Measure for Ten {
    fn width(&mut self, text: &str, _: Style) -> f64 {
        text.chars().count() as f64 * 10.0
    }
}

fn lines(layout: &RowLayout, role: Role) -> Vec<&str> {
    layout.pieces.iter().filter(|piece| piece.role == role).map(|piece| piece.text.as_str()).collect()
}

#[test]
fn pieces_stand_below_one_another_and_inside_the_row() {
    let words = RowWords {
        day: Some("hoy".into()),
        heading: Some(("ana".into(), "12:00".into())),
        body: "uno dos tres\ncuatro".into(),
        ..RowWords::default()
    };
    let layout = lay_out(&words, TEXT_X + RIGHT + 80, &mut Ten);
    assert_eq!(lines(&layout, Role::Line), ["uno dos", "tres", "cuatro"]);
    let mut bottom = 0;
    for piece in layout.pieces.iter().filter(|piece| !matches!(piece.role, Role::Time)) {
        assert!(piece.top >= bottom, "{piece:?}");
        bottom = piece.top + line_height(piece.style);
    }
    assert!(bottom <= layout.height);
}

#[test]
fn a_name_that_is_too_wide_leaves_room_for_the_time() {
    let name = "W".repeat(32);
    let words = RowWords { heading: Some((name.clone(), "12:00".into())), body: "a".into(), ..RowWords::default() };
    let wide = lay_out(&words, 2_000, &mut Ten);
    assert_eq!(lines(&wide, Role::Name), [name]);
    let narrow = lay_out(&words, TEXT_X + RIGHT + 8 + 50 + 70, &mut Ten);
    assert_eq!(lines(&narrow, Role::Name), ["WWWWWW…"]);
    let time = narrow.pieces.iter().find(|piece| piece.role == Role::Time).unwrap();
    assert_eq!(time.x + time.width, TEXT_X + 70 + 8 + 50);
}

#[test]
fn what_was_painted_gives_back_the_text() {
    let body = "una  línea larga con palabras\n\n  y otra, conunapalabralarguísima";
    let words = RowWords { body: body.into(), ..RowWords::default() };
    for width in [150, 200, 300, 2_000] {
        let layout = lay_out(&words, width, &mut Ten);
        let text: String =
            layout.pieces.iter().flat_map(|piece| [piece.text.as_str(), piece.swallowed.as_str()]).collect();
        assert_eq!(text, body);
    }
}

#[test]
fn a_message_keeps_its_height_when_it_has_its_place() {
    let sent = RowWords { body: "hola".into(), ..RowWords::default() };
    let sending = RowWords { kind: Kind::Sending, state: Some("enviando…".into()), ..sent.clone() };
    assert_eq!(lay_out(&sent, 600, &mut Ten).height, lay_out(&sending, 600, &mut Ten).height);
}

#[test]
fn a_failed_message_can_be_sent_again_at_any_width() {
    let words = RowWords {
        body: "hola".into(),
        kind: Kind::Failed,
        state: Some("No enviado: el servidor no admite este texto.".into()),
        retry: Some(("Reintentar".into(), "Descartar".into())),
        ..RowWords::default()
    };
    for width in [100, 300, 900] {
        let layout = lay_out(&words, width, &mut Ten);
        let retry = layout.pieces.iter().find(|piece| piece.role == Role::Retry).unwrap();
        assert!(retry.top + line_height(retry.style) <= layout.height);
    }
}

#[test]
fn what_has_no_shape_is_shown() {
    assert_eq!(printable("a\tb\r\nc\u{7}"), "a    b\nc\u{fffd}");
}

#[test]
fn a_quotation_stands_above_the_answer_and_reactions_below_it_at_any_width() {
    let words = RowWords {
        quote: Some(("luis".into(), "una pregunta larga que no cabe".into())),
        body: "una respuesta".into(),
        mark: Some("(editado)".into()),
        reactions: vec![("👍 2".into(), true), ("🎉 1".into(), false), ("❤️ 12".into(), false)],
        ..RowWords::default()
    };
    for width in [180, 300, 900] {
        let layout = lay_out(&words, width, &mut Ten);
        let at = |role: Role| layout.pieces.iter().find(|piece| piece.role == role).unwrap();
        let (quote, line, mark, chip) = (at(Role::Quote), at(Role::Line), at(Role::Mark), at(Role::Chip(0)));
        assert!(quote.top + line_height(quote.style) <= line.top);
        assert!(line.top <= mark.top && mark.top + line_height(mark.style) <= chip.top, "{width}");
        for (index, piece) in layout.pieces.iter().enumerate() {
            assert!(piece.top + line_height(piece.style) <= layout.height, "{width}: {index}");
            assert!(piece.x + piece.width <= width.max(TEXT_X + 120), "{width}: {piece:?}");
        }
    }
}
