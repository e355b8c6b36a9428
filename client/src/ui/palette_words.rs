//! What a list to choose from says about itself: its title, what it is good for, why it is empty.
//!
//! Owns which sentence belongs to which list. Draws nothing.

use crate::{
    i18n::Words,
    model::{
        Model,
        palette::{Palette, Purpose, Trouble},
        search::Problem,
    },
};

/// What stands above the list.
#[must_use]
pub fn title(palette: &Palette, model: &Model, words: &Words) -> String {
    let room = model.room().map(|room| model.room_name(room).to_owned()).unwrap_or_default();
    match palette.purpose {
        Purpose::Switch => words.get("list-switch"),
        Purpose::Browse => words.get("list-browse"),
        Purpose::Create => words.get("list-create"),
        Purpose::Direct => words.get("list-direct"),
        Purpose::RoomMenu => room,
        Purpose::Invite => words.with("list-invite", &[("room", room.into())]),
        Purpose::Members => words.with("list-members", &[("room", room.into())]),
        Purpose::Member(user) => model.people.name(user).to_owned(),
        Purpose::RenameRoom => words.with("list-rename-room", &[("room", room.into())]),
        Purpose::Topic => words.with("list-topic", &[("room", room.into())]),
        Purpose::Profile => model.my_name().to_owned(),
        Purpose::Rename => words.get("list-rename"),
        Purpose::Colour => words.get("list-colour"),
        Purpose::Search => words.get("list-search"),
        Purpose::Lost => words.get("list-lost"),
        Purpose::React(_) => words.get("list-react"),
    }
}

/// What has to be known before something is chosen.
#[must_use]
pub fn hint(palette: &Palette, words: &Words) -> Option<String> {
    match palette.purpose {
        Purpose::Invite => Some(words.get("list-invite-hint")),
        Purpose::Create => Some(words.get("list-create-hint")),
        Purpose::Search => Some(words.get("list-search-hint")),
        Purpose::Lost => Some(words.get("list-lost-hint")),
        Purpose::Rename => Some(words.get("list-rename-hint")),
        Purpose::Topic => Some(words.get("list-topic-hint")),
        _ => None,
    }
}

/// What stands in the empty field.
#[must_use]
pub fn placeholder(palette: &Palette, words: &Words) -> String {
    match palette.purpose {
        Purpose::Create | Purpose::RenameRoom | Purpose::Rename => words.get("list-name"),
        Purpose::Topic => words.get("list-topic-field"),
        _ => words.get("list-type"),
    }
}

/// What is wrong.
#[must_use]
pub fn trouble(palette: &Palette, words: &Words) -> Option<String> {
    Some(match palette.trouble.as_ref()? {
        Trouble::Offline => words.get("list-offline"),
        Trouble::Refused(failure) => words.error(failure.code, &failure.params),
        Trouble::Search(problem) => match problem {
            Problem::Empty => return None,
            Problem::NoPerson(name) => words.with("search-no-person", &[("name", name.as_str().into())]),
            Problem::NoRoom(name) => words.with("search-no-room", &[("name", name.as_str().into())]),
            Problem::NoDay(day) => words.with("search-no-day", &[("day", day.as_str().into())]),
            Problem::NoSuch(what) => words.with("search-no-such", &[("what", what.as_str().into())]),
            Problem::TooLong => words.get("search-too-long"),
        },
    })
}

/// What stands there while there is no row.
#[must_use]
pub fn empty(palette: &Palette, rows: usize, words: &Words) -> Option<String> {
    if rows > 0 {
        return None;
    }
    if palette.is_waiting() {
        return Some(words.get("list-wait"));
    }
    match palette.purpose {
        Purpose::Search if palette.typed.trim().is_empty() => None,
        Purpose::Search => palette.answered.then(|| words.get("list-nothing-found")),
        Purpose::Lost if palette.typed.trim().is_empty() => Some(words.get("list-lost-none")),
        _ => Some(words.get("list-nothing")),
    }
}
