//! What is typed to search, as a question to the server: words, and conditions in either language.
//!
//! Owns the little language: `from:ana` or `de:ana`, `in:general` or `en:general`, `before:` or `antes:`, `after:` or
//! `después:` with a day, `has:link` or `con:enlace`. Names with spaces stand in quotation marks. Pure.

use jiff::{
    civil::{Date, date},
    tz::TimeZone,
};
use tertulia_protocol::{RoomId, UserId, limits::SEARCH_BYTES_MAX};

use crate::session::Search;

/// What is wrong with a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing to look for.
    Empty,
    /// Nobody is called so.
    NoPerson(String),
    /// No room is called so.
    NoRoom(String),
    /// It is no day.
    NoDay(String),
    /// It cannot have anything else than a link.
    NoSuch(String),
    /// It is longer than a search may be.
    TooLong,
}

/// What names mean here.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    /// The people.
    pub people: Vec<(UserId, &'a str)>,
    /// The rooms.
    pub rooms: Vec<(RoomId, &'a str)>,
    /// The day it is.
    pub today: Date,
    /// The time zone of the person.
    pub zone: &'a TimeZone,
}

/// Reads a search.
///
/// # Errors
/// Something in it means nothing.
pub fn parse(typed: &str, names: &Names<'_>) -> Result<Search, Problem> {
    let mut search = Search::default();
    let mut words: Vec<&str> = Vec::new();
    for word in split(typed) {
        let (key, value) = word.split_once(':').unwrap_or(("", word));
        let value = value.trim_matches('"').trim();
        match key.to_lowercase().as_str() {
            "from" | "de" => {
                let name = value.trim_start_matches('@');
                let found = names.people.iter().find(|(_, known)| same(known, name));
                search.author = Some(found.ok_or_else(|| Problem::NoPerson(name.to_owned()))?.0);
            }
            "in" | "en" => {
                let name = value.trim_start_matches('#');
                let found = names.rooms.iter().find(|(_, known)| same(known, name));
                search.room = Some(found.ok_or_else(|| Problem::NoRoom(name.to_owned()))?.0);
            }
            "before" | "antes" => search.until = Some(begin(day(value, names.today)?, names.zone)),
            "after" | "después" | "despues" => {
                let day = day(value, names.today)?;
                // Behind the whole of that day.
                search.from = Some(begin(day.tomorrow().unwrap_or(day), names.zone));
            }
            "has" | "con" => match value.to_lowercase().as_str() {
                "link" | "enlace" => search.has_link = true,
                _ => return Err(Problem::NoSuch(value.to_owned())),
            },
            _ => words.push(word.trim_matches('"')),
        }
    }
    search.words = words.join(" ");
    if search.words.len() > SEARCH_BYTES_MAX {
        return Err(Problem::TooLong);
    }
    if search == Search::default() { Err(Problem::Empty) } else { Ok(search) }
}

fn same(known: &str, typed: &str) -> bool {
    known.to_lowercase() == typed.to_lowercase()
}

/// Cuts at white space that is not between quotation marks.
fn split(typed: &str) -> Vec<&str> {
    let mut quoted = false;
    typed
        .split(|c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// `2026-11-22`, `22/11/2026`, `22/11`, or a word for a day.
fn day(typed: &str, today: Date) -> Result<Date, Problem> {
    let wrong = || Problem::NoDay(typed.to_owned());
    match typed.to_lowercase().as_str() {
        "hoy" | "today" => return Ok(today),
        "ayer" | "yesterday" => return today.yesterday().map_err(|_| wrong()),
        _ => {}
    }
    let parts: Vec<i16> =
        typed.split(['-', '/', '.']).map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let (year, month, day) = match parts.as_slice() {
        [day, month] => (today.year(), *month, *day),
        [year, month, day] if *year > 31 => (*year, *month, *day),
        [day, month, year] => (*year, *month, *day),
        _ => return Err(wrong()),
    };
    let (month, day) = (i8::try_from(month).map_err(|_| wrong())?, i8::try_from(day).map_err(|_| wrong())?);
    if !(1970..=9_998).contains(&year) {
        return Err(wrong());
    }
    Date::new(year, month, day).map_err(|_| wrong())
}

fn begin(day: Date, zone: &TimeZone) -> i64 {
    let begin = day.to_zoned(zone.clone()).unwrap_or_else(|_| {
        // No zone is so far from UTC that a day of ours does not exist in it.
        date(1970, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap_or_default()
    });
    begin.timestamp().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> Result<Search, Problem> {
        let names = Names {
            people: vec![(UserId(2), "ana"), (UserId(3), "Zoë de la Torre")],
            rooms: vec![(RoomId(1), "general"), (RoomId(9), "obra nueva")],
            today: date(2026, 11, 22),
            zone: &TimeZone::UTC,
        };
        parse(typed, &names)
    }

    const DAY: i64 = 86_400_000;
    /// The begin of 22 November 2026.
    const TODAY: i64 = 1_795_305_600_000;

    #[test]
    fn conditions_are_read_in_both_languages() {
        let words = |words: &str| Search { words: words.into(), ..Search::default() };
        for (typed, expected) in [
            ("  tren  temprano ", words("tren temprano")),
            ("tren de:ANA", Search { author: Some(UserId(2)), ..words("tren") }),
            ("from:\"zoë de la torre\" tren", Search { author: Some(UserId(3)), ..words("tren") }),
            ("in:#general a en:\"Obra nueva\"", Search { room: Some(RoomId(9)), ..words("a") }),
            ("con:enlace", Search { has_link: true, ..words("") }),
            ("has:LINK before:2026-11-22", Search { has_link: true, until: Some(TODAY), ..words("") }),
            ("antes:22/11 después:ayer", Search { until: Some(TODAY), from: Some(TODAY), ..words("") }),
            ("after:21.11.2026 x", Search { from: Some(TODAY), ..words("x") }),
            ("despues:hoy", Search { from: Some(TODAY + DAY), ..words("") }),
            ("12:30 \"dos palabras\"", words("12:30 dos palabras")),
            ("https://caja.local", words("https://caja.local")),
        ] {
            assert_eq!(read(typed), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn what_means_nothing_is_said() {
        for (typed, problem) in [
            ("", Problem::Empty),
            ("\"\"", Problem::Empty),
            ("de:nadie", Problem::NoPerson("nadie".into())),
            ("en:ninguna x", Problem::NoRoom("ninguna".into())),
            ("antes:31/2", Problem::NoDay("31/2".into())),
            ("before:-1", Problem::NoDay("-1".into())),
            ("con:patatas", Problem::NoSuch("patatas".into())),
        ] {
            assert_eq!(read(typed), Err(problem), "{typed}");
        }
        assert_eq!(read(&"x".repeat(257)), Err(Problem::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(typed in "(antes:|de:|\"|[0-9]{1,5}[-/.]|.){0,12}") {
            let _ = read(&typed);
        }
    }
}
