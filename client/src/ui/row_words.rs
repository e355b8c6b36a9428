//! From a row of the model to the words that stand in it.
//!
//! Owns which sentence a row shows. Draws nothing and measures nothing.

use jiff::civil::Date;

use crate::{
    i18n::Words,
    model::{
        Connection, Model, View,
        calendar::clock,
        commands::COMMANDS,
        timeline::{Content, Local, State},
    },
};

use super::row_layout::{Kind, RowWords, printable};

/// The words of a row.
#[must_use]
pub fn words_of(view: &View<'_>, model: &Model, words: &Words) -> RowWords {
    let (body, mut kind) = match view.row.content {
        Content::Text(text) => (printable(text), Kind::Message),
        Content::NeedsNewer => (words.get("row-needs-newer"), Kind::Newer),
        Content::Local(local) => (printable(&local_text(local, words)), Kind::System),
    };
    let (mut state, mut retry) = (None, None);
    match view.row.state {
        State::Placed => {}
        State::Sending => {
            kind = Kind::Sending;
            let online = matches!(model.connection, Connection::Online { .. });
            state = Some(if online { words.get("row-sending") } else { words.get("row-waiting") });
        }
        State::Failed(code) => {
            kind = Kind::Failed;
            state = Some(words.with("row-failed", &[("why", words.error(code, &[]).into())]));
            retry = Some(words.get("row-retry"));
        }
    }
    let heading = view.heading.then(|| (author_name(view, words), clock(view.time)));
    RowWords { day: view.day.map(|day| day_text(day, model.today(), words)), heading, body, kind, state, retry }
}

/// The name of who wrote a row.
#[must_use]
pub fn author_name(view: &View<'_>, words: &Words) -> String {
    match view.author {
        Some((_, name)) if !name.is_empty() => printable(name),
        _ => words.get("unknown-person"),
    }
}

/// A day, in words.
#[must_use]
pub fn day_text(day: Date, today: Date, words: &Words) -> String {
    let date = words.with(
        "date",
        &[
            ("weekday", day.weekday().to_sunday_zero_offset().into()),
            ("day", day.day().into()),
            ("month", day.month().into()),
            // As text: a year is not grouped by thousands in any language.
            ("year", day.year().to_string().into()),
        ],
    );
    if day == today {
        format!("{} · {date}", words.get("today"))
    } else if day.tomorrow().is_ok_and(|next| next == today) {
        format!("{} · {date}", words.get("yesterday"))
    } else {
        date
    }
}

fn local_text(local: &Local, words: &Words) -> String {
    match local {
        Local::Help => {
            let mut text = words.get("help-title");
            for spec in COMMANDS {
                text.push_str(&format!("\n/{}, /{} — {}", spec.es, spec.en, words.get(spec.about)));
            }
            for key in [words.get("help-escape"), words.get("help-keys")] {
                text.push('\n');
                text.push_str(&key);
            }
            text
        }
        Local::Online(names) if names.is_empty() => words.get("users-online-none"),
        Local::Online(names) => {
            words.with("users-online", &[("count", names.len().into()), ("names", names.join(", ").into())])
        }
        Local::OnlineCount(count) => words.with("users-online-count", &[("count", (*count).into())]),
        Local::UnknownCommand(name) => words.with("command-unknown", &[("name", format!("/{name}").into())]),
        Local::Refused(refusal) => words.refusal(refusal),
        Local::ProfileNotSaved(why) => words.with("profile-not-saved", &[("text", why.as_str().into())]),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        i18n::Language,
        model::{Action, Known, Refusal},
    };
    use jiff::{civil::date, tz::TimeZone};
    use tertulia_protocol::ErrorCode;

    use super::*;

    #[test]
    fn days_are_named_by_their_distance() {
        let (es, today) = (Words::new(Language::Es), date(2026, 11, 22));
        assert_eq!(day_text(today, today, &es), "Hoy · domingo, 22 de noviembre de 2026");
        assert_eq!(day_text(date(2026, 11, 21), today, &es), "Ayer · sábado, 21 de noviembre de 2026");
        assert_eq!(day_text(date(2026, 11, 20), today, &es), "viernes, 20 de noviembre de 2026");
    }

    #[test]
    fn a_refusal_says_who_has_the_name() {
        let (mut model, _) = Model::new(TimeZone::UTC, 0, Known::default());
        let params = vec!["ana".into()];
        model.update(Action::Refused(Refusal::Server { code: ErrorCode::NAME_TAKEN, params }));
        let view = model.view(0).unwrap();
        let shown = words_of(&view, &model, &Words::new(Language::En));
        assert_eq!((shown.kind, shown.body.as_str()), (Kind::System, "The name ana belongs to somebody else."));
    }
}
