//! The lines above and below the conversation: which room it is, and how the connection is.
//!
//! Owns the words for the state of the connection, which say what is true and nothing more comforting.

use std::rc::Rc;

use fltk::{enums::Color, prelude::*, widget::Widget};

use super::{
    context::Context,
    geometry::{people_fit, rooms_fit},
    links::Links,
    paint::{self, Rect},
    rooms_panel::sign,
    theme::{REGULAR, STRONG, Theme},
};
use crate::{
    i18n::Words,
    model::{
        Action, Connection, Model,
        members::Beside,
        palette::{Palette, Purpose},
    },
};

/// A line may be down long before anybody can be sure of it. Whoever has waited for an answer for so long is told.
pub const LONG_MS: i64 = 5_000;

/// How wide the ring is around what the keyboard is on.
const RING: i32 = 2;

/// The line above the conversation.
#[must_use]
pub fn header(context: &Rc<Context>) -> Widget {
    let links = Links::new(&[
        || Action::OpenPalette(Palette::new(Purpose::Switch)),
        || Action::OpenPalette(Palette::new(Purpose::RoomMenu)),
        || Action::OpenPalette(Palette::new(Purpose::Search)),
        || Action::TogglePeople,
    ]);
    let mut widget = Widget::default();
    links.attach(&mut widget, context);
    widget.draw({
        let context = context.clone();
        move |widget| {
            let width = widget.window().map_or(0, |window| window.w());
            paint_header(&context, Rect::of(widget), width, &links);
        }
    });
    widget
}

/// Draws the header of a window of this width: with the part that folds the people if there is room for them, and with one
/// that leads to the other rooms if there is none for those.
fn paint_header(context: &Context, rect: Rect, window: i32, links: &Links) {
    let foldable = people_fit(window);
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    paint::fill(rect, theme.surface);
    paint::fill(Rect::new(rect.x, rect.y + rect.h - 1, rect.w, 1), theme.line);

    let online = matches!(model.connection, Connection::Online { .. });
    // Without a connection nobody knows, and zero would be a claim.
    let count = match model.beside() {
        Beside::Members(people) => words.with("people-count", &[("count", people.len().into())]),
        Beside::Online(_) | Beside::Crowd(_) if online => {
            words.with("people-online", &[("count", model.people.online_count().into())])
        }
        _ => words.get("people-title"),
    };
    let label = match (foldable, model.people_shown) {
        (false, _) => count,
        (true, true) => format!("{count}  ›"),
        (true, false) => format!("{count}  ‹"),
    };
    let font = (REGULAR, 13);
    let width = paint::width_in(&label, font) + 42;
    let chip = Rect::new(rect.x + rect.w - width - 20, rect.y + 13, width, 30);
    links.put(3, foldable.then_some(chip));
    if links.is_at(3) {
        paint::fill_round(chip.shrunk(-RING), 15 + RING, theme.text);
    }
    paint::card(chip, 15, if foldable && model.people_shown { theme.raised } else { theme.surface }, theme.line);
    let dot = Rect::new(chip.x + 14, chip.y + 11, 8, 8);
    paint::fill_round(dot, 4, if online { theme.good } else { theme.faint });
    paint::text_in(&label, chip.x + 29, chip.y, chip.h, font, theme.text);

    let find = Rect::new(chip.x - 42, chip.y, 34, 30);
    links.put(2, Some(find));
    if links.is_at(2) {
        paint::fill_round(find.shrunk(-RING), 15 + RING, theme.text);
    }
    paint::card(find, 15, theme.surface, theme.line);
    paint_glass(find, theme);

    let left = rect.x + if rooms_fit(window) { 12 } else { 54 };
    let list = (left > rect.x + 12).then(|| Rect::new(rect.x + 12, rect.y + 13, 34, 30));
    links.put(0, list);
    if let Some(list) = list {
        if links.is_at(0) {
            paint::fill_round(list.shrunk(-RING), 15 + RING, theme.text);
        }
        paint::card(list, 15, theme.surface, theme.line);
        paint_rooms_sign(list, &model, theme);
    }

    let Some(room) = model.room() else { return links.put(1, None) };
    let strong = (STRONG, 17);
    let all = find.x - left - 48;
    let name = paint::fitting(model.room_name(room), all, strong);
    let width = paint::width_in(&name, strong);
    let place = Rect::new(left, rect.y + 10, width + 50, 36);
    links.put(1, Some(place));
    if links.is_at(1) {
        paint::fill_round(place, 8, theme.text);
        paint::fill_round(place.shrunk(RING), 6, theme.surface);
    }
    let sign = if room.is_direct() { "@" } else { sign(room) };
    paint::sign(sign, (left + 8, rect.y), rect.h - 1, 17, theme.faint);
    paint::text_in(&name, left + 28, rect.y, rect.h - 1, strong, theme.text);
    let after = left + 28 + width;
    paint::text_in("▾", after + 5, rect.y, rect.h - 1, (REGULAR, 12), theme.faint);
    let aside = match (&room.state.row.topic, room.state.gone, room.is_archived()) {
        (_, true, _) => words.get("room-gone"),
        (_, _, true) => words.get("room-archived"),
        (Some(topic), ..) => topic.clone(),
        (None, ..) => String::new(),
    };
    let left = after + 30;
    let aside = paint::fitting(&aside, (find.x - 16 - left).max(0), (REGULAR, 13));
    paint::text_in(&aside, left, rect.y + 1, rect.h - 1, (REGULAR, 13), theme.faint);
}

/// Three lines for a list, with a dot if something is unread in another room; what mentions the person is louder.
fn paint_rooms_sign(place: Rect, model: &Model, theme: &Theme) {
    for line in 0..3 {
        paint::fill(Rect::new(place.x + 10, place.y + 10 + 4 * line, 14, 2), theme.text);
    }
    let open = model.room().map(|room| room.id);
    let others = || model.rooms().into_iter().filter(|room| Some(room.id) != open);
    let color = match (others().any(|room| room.mentions() > 0), others().any(|room| room.unread() > 0)) {
        (true, _) => theme.accent,
        (false, true) => theme.faint,
        (false, false) => return,
    };
    paint::fill_round(Rect::new(place.x + 24, place.y - 3, 12, 12), 6, theme.surface);
    paint::fill_round(Rect::new(place.x + 26, place.y - 1, 8, 8), 4, color);
}

/// A magnifying glass.
fn paint_glass(place: Rect, theme: &Theme) {
    let (x, y) = (place.x + 10, place.y + 8);
    paint::fill_round(Rect::new(x, y, 11, 11), 5, theme.text);
    paint::fill_round(Rect::new(x + 2, y + 2, 7, 7), 3, theme.surface);
    fltk::draw::set_draw_color(theme.text);
    fltk::draw::set_line_style(fltk::draw::LineStyle::Solid, 2);
    fltk::draw::draw_line(x + 9, y + 9, x + 13, y + 13);
    fltk::draw::set_line_style(fltk::draw::LineStyle::Solid, 0);
}

/// The line below the conversation.
#[must_use]
pub fn status(context: &Rc<Context>) -> Widget {
    let links = Links::new(&[|| Action::StopHosting, || Action::ChangeLogin]);
    let mut widget = Widget::default();
    links.attach(&mut widget, context);
    widget.draw({
        let context = context.clone();
        move |widget| paint_status(&context, Rect::of(widget), &links)
    });
    widget
}

/// Whether name and server can be changed from the line below: not while there is a connection, or one on its way.
fn is_away(model: &Model) -> bool {
    matches!(model.connection, Connection::Refused(_) | Connection::Lost { .. } | Connection::Idle)
}

/// Whether anything can be pushed on the line below.
#[must_use]
pub fn status_has_links(model: &Model) -> bool {
    is_away(model) || model.hosted
}

/// Draws the status, and where name and server can be changed and a hosted server stopped.
fn paint_status(context: &Context, rect: Rect, links: &Links) {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    paint::fill(rect, theme.surface);
    let (text, color) = status_text(&model, words, theme);
    let away = is_away(&model);
    let banner = away || model.read_only;
    if banner {
        // Whoever writes must see it without looking for it.
        paint::fill_round(Rect::new(rect.x + 20, rect.y, rect.w - 40, 26), 8, theme.selected);
    }
    let left = rect.x + if banner { 32 } else { 24 };
    paint::fill_round(Rect::new(left, rect.y + 9, 8, 8), 4, color);

    let font = (REGULAR, 12);
    let strong = (STRONG, 12);
    let mut right = rect.x + rect.w - if banner { 32 } else { 24 };
    let mut link = |part: usize, label: Option<&str>| {
        let Some(label) = label.map(|key| words.get(key)) else { return links.put(part, None) };
        let width = paint::width_in(&label, strong);
        let place = Rect::new(right - width - 6, rect.y, width + 12, 26);
        links.put(part, Some(place));
        if links.is_at(part) {
            paint::fill_round(place, 8, theme.text);
            paint::fill_round(place.shrunk(RING), 6, if banner { theme.selected } else { theme.surface });
        }
        paint::text_in(&label, right - width, rect.y, 26, strong, theme.accent);
        right -= width + 16;
    };
    link(1, away.then_some("status-change"));
    link(0, model.hosted.then_some("status-stop-hosting"));
    let ink = if banner { theme.text } else { theme.faint };
    // In few words where there is little room: what is cut away would be the end, and that is what is waited for.
    let room = right - left - 18;
    let short = if paint::width_in(&text, font) > room { status_in_short(&model, words) } else { None };
    let text = paint::fitting(&short.unwrap_or(text), room, font);
    paint::text_in(&text, left + 16, rect.y, 26, font, ink);
    // That others can read along is not an aside.
    let open = words.get("status-not-encrypted");
    if matches!(model.connection, Connection::Online { encrypted: false })
        && let Some((before, _)) = text.rsplit_once(&open)
    {
        paint::text_in(&open, left + 16 + paint::width_in(before, font), rect.y, 26, font, theme.text);
    }
}

/// How the connection is, in words and a colour.
#[must_use]
pub fn status_text(model: &Model, words: &Words, theme: &Theme) -> (String, Color) {
    let server = ("server", model.server().into());
    match &model.connection {
        Connection::Idle => (words.get("status-idle"), theme.faint),
        Connection::Connecting { attempt: 0 | 1 } => (words.with("status-connecting", &[server]), theme.waiting),
        Connection::Connecting { attempt } => {
            (words.with("status-connecting-again", &[server, ("attempt", (*attempt).into())]), theme.waiting)
        }
        Connection::Online { .. } if model.read_only => (words.with("status-read-only", &[server]), theme.problem),
        Connection::Online { encrypted } => {
            let how = if *encrypted { words.get("status-encrypted") } else { words.get("status-not-encrypted") };
            let mut text = format!("{} · {how}", words.with("status-online", &[server]));
            if model.in_hosted_chat() {
                text = format!("{text} · {}", words.get("status-hosted"));
            }
            match model.waited_ms().filter(|waited| *waited >= LONG_MS) {
                None => (text, theme.good),
                Some(waited) => {
                    let waits = words.with("status-waits", &[("seconds", (waited / 1_000).into())]);
                    (format!("{text} · {waits}"), theme.waiting)
                }
            }
        }
        Connection::Lost { why, retry_at_ms } => {
            let args = [("why", words.lost(*why).into()), ("seconds", seconds_until(*retry_at_ms, model).into())];
            (words.with("status-lost", &args), theme.waiting)
        }
        Connection::Refused(refusal) => {
            (words.with("status-refused", &[("why", words.refusal(refusal).into())]), theme.problem)
        }
    }
}

/// The same for little room, where it can be said in fewer words.
fn status_in_short(model: &Model, words: &Words) -> Option<String> {
    match &model.connection {
        Connection::Online { .. } if model.read_only => Some(words.get("status-read-only-short")),
        Connection::Online { .. } => {
            let waited = model.waited_ms().filter(|waited| *waited >= LONG_MS)?;
            Some(words.with("status-waits-short", &[("seconds", (waited / 1_000).into())]))
        }
        Connection::Lost { retry_at_ms, .. } => {
            Some(words.with("status-lost-short", &[("seconds", seconds_until(*retry_at_ms, model).into())]))
        }
        _ => None,
    }
}

/// Rounded up: it says 1 until it is time, and never less than nothing.
fn seconds_until(at_ms: i64, model: &Model) -> i64 {
    (at_ms.saturating_sub(model.now_ms).max(0) + 999) / 1_000
}

/// What the desktop shows of the window when it is out of sight: how much is unread comes first.
#[must_use]
pub fn title(model: &Model, words: &Words) -> String {
    let app = words.get("app-name");
    match (model.room(), model.unread_everywhere()) {
        (Some(room), 0) => format!("{} · {app}", model.room_name(room)),
        (Some(room), unread) => format!("({unread}) {} · {app}", model.room_name(room)),
        (None, _) => app,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{
        i18n::Language,
        model::{Known, Lost, room::general_for_tests},
    };
    use jiff::tz::TimeZone;
    use tertulia_protocol::{Cid, RoomId, Rseq, UserId};

    use super::*;

    #[test]
    fn the_status_tells_the_truth_as_time_goes_on() {
        let words = Words::new(Language::Es);
        let (mut model, _) = Model::new(TimeZone::UTC, 0, Known { server: "caja".parse().ok(), ..Known::default() });
        let mut after = |action| {
            model.update(action);
            status_text(&model, &words, &Theme::LIGHT).0
        };
        assert_eq!(after(Action::Connecting { attempt: 1 }), "Conectando con caja…");
        assert_eq!(
            after(Action::Connected { user: UserId(2), name: "ana".into(), encrypted: false }),
            "Conectado a caja · sin cifrar"
        );
        after(Action::Room(general_for_tests()));
        after(Action::Submit { cid: Cid([1; 16]), text: "hola".into() });
        assert_eq!(after(Action::Tick { now_ms: 4_999 }), "Conectado a caja · sin cifrar");
        assert_eq!(
            after(Action::Tick { now_ms: 12_300 }),
            "Conectado a caja · sin cifrar · lo que has escrito espera desde hace 12 s"
        );
        let answer = Action::Settled { cid: Cid([1; 16]), room: RoomId(1), rseq: Rseq(1), at_ms: 0 };
        assert_eq!(after(answer), "Conectado a caja · sin cifrar");
        after(Action::Tick { now_ms: 0 });
        let lost = Action::Disconnected { why: Lost::Closed, retry_in: Duration::from_secs(4) };
        assert_eq!(after(lost), "Se ha perdido la conexión. Se vuelve a intentar en 4 s…");
        assert!(after(Action::Tick { now_ms: 3_001 }).ends_with("en 1 s…"));
        assert!(after(Action::Tick { now_ms: 9_000 }).ends_with("intentar ahora…"));
        assert_eq!(after(Action::Connecting { attempt: 3 }), "Conectando con caja… (intento 3)");
    }
}
