//! From a row of the model to the words that stand in it.
//!
//! Owns which sentence a row shows. Draws nothing and measures nothing.

use jiff::civil::Date;

use crate::{
    fold::Note,
    i18n::Words,
    model::{
        Connection, Model, View,
        calendar::clock,
        commands::COMMANDS,
        pending::State,
        timeline::{Content, Local, RowKey},
        view::Quote,
    },
};
use tertulia_protocol::{UserId, reply::ROLE_OWNER};

use super::row_layout::{Kind, RowWords, printable};

/// The words of a row.
#[must_use]
pub fn words_of(view: &View<'_>, model: &Model, words: &Words) -> RowWords {
    let (body, mut kind) = match view.row.content {
        Content::Message(message) if message.erased => (words.get("row-erased"), Kind::Erased),
        Content::Message(_) => (printable(view.text.unwrap_or_default()), Kind::Message),
        Content::Note(note) => {
            let author = view.row.author.map(|user| person(model, user, words)).unwrap_or_default();
            (printable(&note_text(note, &author, model, words)), Kind::Note)
        }
        Content::NeedsNewer => (words.get("row-needs-newer"), Kind::Newer),
        Content::Local(local) => (printable(&local_text(local, words)), Kind::System),
    };
    let (mut state, mut retry) = (None, None);
    match view.state {
        State::Placed | State::Settled(_) => {}
        State::Sending => {
            let online = matches!(model.connection, Connection::Online { .. });
            state = Some(if online { words.get("row-sending") } else { words.get("row-waiting") });
            kind = Kind::Sending;
        }
        State::Failed(code) => {
            kind = Kind::Failed;
            let is_mending = matches!(view.row.key, RowKey::Pending(cid) if model.is_mending_of(cid));
            let why = [("why", words.error(code, &[]).into())];
            state = Some(if is_mending { words.with("row-not-mended", &why) } else { words.with("row-failed", &why) });
            retry = Some((words.get("row-retry"), words.get("row-discard")));
        }
    }
    let heading = view.heading.then(|| (author_name(view, words), clock(view.time)));
    RowWords {
        day: view.day.map(|day| day_text(day, model.today(), words)),
        heading,
        body,
        kind,
        state,
        retry,
        new: view.new_begins.then(|| words.get("row-new")),
        quote: view.quote.as_ref().map(|quote| quote_words(quote, words)),
        mark: (view.edited && kind != Kind::Erased).then(|| words.get("row-edited")),
        reactions: view.reactions.iter().map(|chip| (format!("{} {}", chip.emoji, chip.count), chip.mine)).collect(),
        mentions_me: view.mentions_me,
    }
}

/// Who wrote the message that is answered, and what.
#[must_use]
pub fn quote_words(quote: &Quote<'_>, words: &Words) -> (String, String) {
    let name = match quote.author {
        Some((_, name)) if !name.is_empty() => printable(name),
        Some(_) => words.get("unknown-person"),
        None => return (String::new(), words.get("row-earlier")),
    };
    let text = match &quote.text {
        _ if quote.erased => words.get("row-erased"),
        Some(text) => printable(text),
        None => words.get("row-needs-newer"),
    };
    (name, text)
}

fn person(model: &Model, user: UserId, words: &Words) -> String {
    match model.people.name(user) {
        "" => words.get("unknown-person"),
        name => printable(name),
    }
}

fn note_text(note: &Note, author: &str, model: &Model, words: &Words) -> String {
    let who = ("who", author.to_owned().into());
    let whom = |user: UserId| ("whom", person(model, user, words).into());
    match note {
        Note::Began => words.get("note-began"),
        Note::Opened(Some(name)) => words.with("note-opened", &[who, ("name", name.as_str().into())]),
        Note::Opened(None) => words.get("note-opened-direct"),
        Note::Named(name) => words.with("note-named", &[who, ("name", name.as_str().into())]),
        Note::Topic(Some(topic)) => words.with("note-topic", &[who, ("topic", topic.as_str().into())]),
        Note::Topic(None) => words.with("note-topic-none", &[who]),
        Note::Joined => words.with("note-joined", &[who]),
        Note::Left => words.with("note-left", &[who]),
        Note::Invited(user) => words.with("note-invited", &[who, whom(*user)]),
        Note::Removed(user) => words.with("note-removed", &[who, whom(*user)]),
        Note::Role(user, ROLE_OWNER) => words.with("note-owner", &[who, whom(*user)]),
        Note::Role(user, _) => words.with("note-member", &[who, whom(*user)]),
        Note::Archived(true) => words.with("note-archived", &[who]),
        Note::Archived(false) => words.with("note-reopened", &[who]),
        Note::Keep(Some(days)) => words.with("note-keep", &[who, ("days", (*days).into())]),
        Note::Keep(None) => words.with("note-keep-server", &[who]),
        Note::Expired(_) => words.get("note-expired"),
    }
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
        Local::CannotLeave => words.get("cannot-leave"),
        Local::NotFound(name) => words.with("not-found", &[("name", name.as_str().into())]),
        Local::WriteRefused(failure) => {
            words.with("write-refused", &[("why", words.error(failure.code, &failure.params).into())])
        }
        Local::LogSetBack(lost) => words.with("log-set-back", &[("count", (*lost).into())]),
        Local::LogIsNew => words.get("log-is-new"),
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
