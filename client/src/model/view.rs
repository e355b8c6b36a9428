//! A row as it is to be shown, with everything that depends on its neighbours, on its room and on the person.
//!
//! Owns how what is on its way about a message is laid over it: a mending or a reaction shows at once.

use jiff::civil::{Date, DateTime};
use tertulia_protocol::{Kind, Rseq, UserId};

use super::{
    Model, calendar,
    timeline::{Content, Row, RowKey, State},
};
use crate::fold::{Line, Message, Shown};

/// Messages of one person within this time stand under one heading.
const GROUP_MS: i64 = 5 * 60 * 1_000;

/// What a row looks like from the outside.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'a> {
    /// The row.
    pub row: Row<'a>,
    /// When it was written, on the clocks here.
    pub time: DateTime,
    /// The day, if it is the first row of it.
    pub day: Option<Date>,
    /// Whether what is new begins with it.
    pub new_begins: bool,
    /// Whether the name of the author stands above it.
    pub heading: bool,
    /// Who wrote it; nobody for local rows and notes.
    pub author: Option<(UserId, &'a str)>,
    /// What it says, if it is a message that is not erased.
    pub text: Option<&'a str>,
    /// Whether it is not what was written at first.
    pub edited: bool,
    /// How far it, or the last change of it, has come.
    pub state: State,
    /// The message that it answers.
    pub quote: Option<Quote<'a>>,
    /// What people reacted with.
    pub reactions: Vec<Chip>,
    /// Whether it mentions us.
    pub mentions_me: bool,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote<'a> {
    /// Its place.
    pub rseq: Rseq,
    /// Who wrote it, if it is here.
    pub author: Option<(UserId, &'a str)>,
    /// What it says, if it is here and not erased.
    pub text: Option<String>,
    /// Whether it is erased.
    pub erased: bool,
}

/// An emoji below a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// The emoji.
    pub emoji: String,
    /// How many people.
    pub count: usize,
    /// Whether we are one of them.
    pub mine: bool,
}

impl Model {
    /// A row of the open room as it is to be shown.
    #[must_use]
    pub fn view(&self, index: usize) -> Option<View<'_>> {
        let timeline = self.timeline();
        let row = timeline.row(index)?;
        let before = index.checked_sub(1).and_then(|before| timeline.row(before));
        let time = calendar::local(row.at_ms, &self.zone);
        let author = self.author(&row);
        let new_day =
            before.as_ref().is_none_or(|before| calendar::local(before.at_ms, &self.zone).date() != time.date());
        let new_begins = self.new_begins(&row, before.as_ref());
        let continued = before.is_some_and(|before| {
            self.author(&before) == author && (0..GROUP_MS).contains(&row.at_ms.saturating_sub(before.at_ms))
        });
        let message = match row.content {
            Content::Message(message) => Some(message),
            _ => None,
        };
        let answers = message.and_then(|message| message.answers);
        let mut view = View {
            time,
            day: new_day.then_some(time.date()),
            new_begins,
            heading: author.is_some() && (new_day || new_begins || !continued || answers.is_some()),
            author: author.map(|user| (user, self.people.name(user))),
            text: message.and_then(|message| message.text.as_deref()),
            edited: message.is_some_and(|message| message.edited.is_some()),
            state: row.state,
            quote: answers.map(|rseq| self.quote(rseq)),
            reactions: message.map(|message| self.chips(message)).unwrap_or_default(),
            mentions_me: author != self.me
                && self.me.is_some_and(|me| message.is_some_and(|message| message.mentions.contains(&me))),
            row,
        };
        if let RowKey::Entry(rseq) = row.key {
            self.lay_over(&mut view, rseq);
        }
        Some(view)
    }

    fn new_begins(&self, row: &Row<'_>, before: Option<&Row<'_>>) -> bool {
        let (Some(since), RowKey::Entry(rseq)) = (self.room().and_then(|room| room.new_since), row.key) else {
            return false;
        };
        let behind = |key| match key {
            RowKey::Entry(rseq) | RowKey::Local(rseq, _) => rseq > since,
            RowKey::Pending(_) => true,
        };
        rseq > since && !before.is_some_and(|before| behind(before.key))
    }

    /// What is on its way about a message shows at once.
    fn lay_over<'a>(&'a self, view: &mut View<'a>, rseq: Rseq) {
        for pending in self.timeline().pending_about(rseq) {
            match pending.write.kind {
                Kind::EDIT if view.text.is_some() => {
                    view.text = pending.message.text.as_deref();
                    (view.edited, view.state) = (true, pending.state);
                }
                Kind::DELETE if view.text.is_some() => view.state = pending.state,
                Kind::EDIT | Kind::DELETE => {}
                _ => {
                    if let Some((emoji, on)) = pending.reaction() {
                        toggle(&mut view.reactions, emoji, on);
                    }
                }
            }
        }
    }

    fn chips(&self, message: &Message) -> Vec<Chip> {
        let chips = message.reactions.iter().map(|reaction| Chip {
            emoji: reaction.emoji.clone(),
            count: reaction.users.len(),
            mine: self.me.is_some_and(|me| reaction.users.contains(&me)),
        });
        chips.collect()
    }

    /// The message at a place, in few words.
    #[must_use]
    pub fn quote(&self, rseq: Rseq) -> Quote<'_> {
        match self.timeline().line(rseq) {
            Some(Line { author, shown: Shown::Message(Message { text, erased, .. }), .. }) => Quote {
                rseq,
                author: Some((author, self.people.name(author))),
                text: text.map(|text| text.split_whitespace().take(60).collect::<Vec<_>>().join(" ")),
                erased,
            },
            _ => Quote { rseq, author: None, text: None, erased: false },
        }
    }
}

fn toggle(chips: &mut Vec<Chip>, emoji: String, on: bool) {
    match chips.iter_mut().find(|chip| chip.emoji == emoji) {
        Some(chip) if chip.mine != on => {
            chip.mine = on;
            chip.count = if on { chip.count + 1 } else { chip.count.saturating_sub(1) };
        }
        Some(_) => {}
        None if on => chips.push(Chip { emoji, count: 1, mine: true }),
        None => {}
    }
    chips.retain(|chip| chip.count > 0);
}
