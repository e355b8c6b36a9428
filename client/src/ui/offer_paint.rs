//! Drawing one row of a list to choose from.
//!
//! Owns its look and which words stand for what it offers. Decides nothing.

use tertulia_protocol::reply::ROLE_OWNER;

use super::{
    context::Context,
    paint::{self, Rect},
    rooms_panel::sign,
    theme::{REGULAR, STRONG},
};
use crate::{
    i18n::{Language, Words},
    model::{
        Model,
        calendar::{clock, local},
        palette::{Choice, EMOJI, Offer, Purpose},
    },
};

/// How high a row is.
pub(super) const ROW: i32 = 46;

/// Draws a row; its name as painted.
pub(super) fn row(context: &Context, model: &Model, offer: &Offer, place: Rect, chosen: bool) -> String {
    let theme = &context.theme;
    if chosen {
        paint::fill_round(place.shrunk(1), 10, theme.selected);
    }
    let mut left = place.x + 14;
    let picture = Rect::new(left, place.y + (ROW - 28) / 2, 28, 28);
    match (&offer.choice, offer.person) {
        (Choice::Hue(hue), _) => {
            let me = model.me().unwrap_or(tertulia_protocol::UserId(0));
            paint::avatar(model.my_name(), picture.x, picture.y, 28, theme.person(me, *hue), theme.surface);
            left += 40;
        }
        (_, Some(user)) => {
            let color = theme.person(user, model.people.hue(user));
            paint::avatar(model.people.name(user), picture.x, picture.y, 28, color, theme.surface);
            left += 40;
        }
        (Choice::Room(room), None) => {
            let sign = model.room_of(*room).map_or("#", sign);
            paint::sign(sign, (left + 8, place.y), ROW, 17, theme.faint);
            left += 40;
        }
        (Choice::Join(_), None) => {
            paint::sign("#", (left + 8, place.y), ROW, 17, theme.faint);
            left += 40;
        }
        (Choice::React(emoji), None) => {
            paint::text_in(emoji, left + 4, place.y, ROW, (REGULAR, 20), theme.text);
            left += 40;
        }
        _ => {}
    }
    let note = note(offer, model, &context.words);
    let note_width = if note.is_empty() { 0 } else { paint::width_in(&note, (REGULAR, 12)) + 12 };
    let right = place.x + place.w - 14;
    paint::text_in(
        &note,
        right - note_width + 12,
        place.y + if offer.detail.is_empty() { 0 } else { -9 },
        ROW,
        (REGULAR, 12),
        theme.faint,
    );
    let width = right - left - note_width;
    let name = paint::fitting(&name(offer, model, &context.words), width, (STRONG, 14));
    if offer.detail.is_empty() {
        let named = matches!(offer.choice, Choice::Room(_) | Choice::Join(_)) || offer.person.is_some();
        let font = if named { (STRONG, 14) } else { (REGULAR, 15) };
        paint::text_in(&name, left, place.y, ROW, font, theme.text);
    } else {
        paint::text_in(&name, left, place.y + 4, 20, (STRONG, 14), theme.text);
        let detail = paint::fitting(&offer.detail, right - left, (REGULAR, 13));
        paint::text_in(&detail, left, place.y + 23, 18, (REGULAR, 13), theme.faint);
    }
    name
}

/// The words of a row.
#[must_use]
pub(super) fn name(offer: &Offer, model: &Model, words: &Words) -> String {
    let named = || ("name", offer.name.as_str().into());
    match &offer.choice {
        Choice::Direct(_) if offer.person.is_none() => words.with("offer-direct", &[named()]),
        Choice::Room(_) | Choice::Join(_) | Choice::Direct(_) | Choice::Invite(_) | Choice::Member(..) => {
            if offer.name.is_empty() { words.get("unknown-person") } else { offer.name.clone() }
        }
        Choice::React(emoji) => {
            let called = EMOJI.iter().find(|(known, ..)| known == emoji);
            called.map_or("", |(_, es, en)| if words.language() == Language::Es { es } else { en }).to_owned()
        }
        Choice::Role(_, ROLE_OWNER) => words.with("offer-owner", &[named()]),
        Choice::Role(..) => words.with("offer-member", &[named()]),
        Choice::Remove(_) => words.with("offer-remove", &[named()]),
        Choice::Create { private: false } => words.get("offer-public"),
        Choice::Create { private: true } => words.get("offer-private"),
        Choice::Save => words.get("offer-save"),
        Choice::Hue(None) => words.get("offer-any-colour"),
        Choice::Hue(Some(hue)) => words.with("offer-colour", &[("hue", (hue / 30).into())]),
        Choice::Leave => words.get("offer-leave"),
        Choice::Archive(true) => words.get("offer-archive"),
        Choice::Archive(false) => words.get("offer-reopen"),
        Choice::More => words.get("offer-more"),
        Choice::Copy(_) => {
            let author = offer.person.map(|user| model.people.name(user)).filter(|name| !name.is_empty());
            let author = author.map_or_else(|| words.get("unknown-person"), str::to_owned);
            let place = if offer.name.is_empty() { words.get("offer-other-room") } else { offer.name.clone() };
            format!("{author} · {place}")
        }
        Choice::Hit { room, .. } => {
            let author = offer.person.map(|user| model.people.name(user)).unwrap_or_default();
            let place = if offer.name.is_empty() { words.get("offer-other-room") } else { offer.name.clone() };
            let place = if model.is_in(*room) { place } else { words.with("offer-not-in", &[("room", place.into())]) };
            format!("{author} · {place}")
        }
        Choice::Open(purpose) => match purpose {
            Purpose::Browse => words.get("offer-browse"),
            Purpose::Create if offer.name.is_empty() => words.get("offer-create"),
            Purpose::Create => words.with("offer-create-named", &[named()]),
            Purpose::Invite => words.get("offer-invite"),
            Purpose::Members => words.get("offer-members"),
            Purpose::RenameRoom => words.get("offer-rename-room"),
            Purpose::Topic => words.get("offer-topic"),
            Purpose::Rename => words.get("offer-rename"),
            Purpose::Colour => words.get("offer-colours"),
            Purpose::Lost => words.get("offer-lost"),
            _ => words.get("offer-search"),
        },
    }
}

fn note(offer: &Offer, model: &Model, words: &Words) -> String {
    let copied = model.palette.as_ref().and_then(|palette| palette.copied.as_ref());
    if matches!((&offer.choice, copied), (Choice::Copy(text), Some(copied)) if text == copied) {
        return words.get("offer-copied");
    }
    if let Some(at) = offer.at_ms {
        let time = local(at, model.zone());
        let day = time.date();
        return if day == model.today() {
            clock(time)
        } else {
            format!("{:02}/{:02}/{} {}", day.day(), day.month(), day.year(), clock(time))
        };
    }
    match &offer.choice {
        Choice::Room(room) => match model.room_of(*room) {
            Some(room) if room.state.gone => words.get("room-gone"),
            Some(room) if room.is_archived() => words.get("room-archived"),
            _ if offer.unread > 0 => words.with("list-new", &[("count", offer.unread.into())]),
            _ => String::new(),
        },
        Choice::Join(_) => words.get("offer-join"),
        Choice::Member(_, ROLE_OWNER) => words.get("offer-is-owner"),
        Choice::Direct(user) | Choice::Invite(user) | Choice::Member(user, _) if model.people.is_away(*user) => {
            words.get("person-away")
        }
        Choice::Direct(user) | Choice::Invite(user) | Choice::Member(user, _) if model.people.is_online(*user) => {
            words.get("person-online")
        }
        _ => String::new(),
    }
}
