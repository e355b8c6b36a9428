//! The question that stands in the window before something that could not be taken back.
//!
//! Owns its buttons. Which answers there are, and which comes first, is the model's word; a button pushes the answer.

use std::{cell::RefCell, rc::Rc};

use fltk::{button::Button, group::Group, prelude::*, widget::Widget};

use tertulia_protocol::RoomId;

use super::{
    buttons::{self, Look, button, is_enter},
    context::Context,
    paint::{self, Rect, wrapped},
    theme::{REGULAR, STRONG},
};
use crate::{
    i18n::Words,
    model::{
        Action, Model,
        question::{About, Answer, Question, StopFailure, Stopping},
    },
};

const WIDTH: i32 = 460;
const TITLE: i32 = 30;
const LINE: i32 = 20;
const BETWEEN: i32 = 8;
const TEXT: i32 = 14;
/// As many buttons as a question may have answers.
const ANSWERS: usize = 3;

/// The question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Everything in it.
    pub group: Group,
    ground: Widget,
    buttons: Vec<Button>,
    shown: Rc<RefCell<Vec<Answer>>>,
}

impl Ask {
    /// The question, to be shown when the model has one.
    #[must_use]
    pub fn new(context: &Rc<Context>) -> Self {
        let group = Group::default();
        let mut ground = Widget::default();
        ground.draw({
            let context = context.clone();
            move |ground| paint(&context, Rect::of(ground))
        });
        let shown: Rc<RefCell<Vec<Answer>>> = Rc::default();
        let buttons = (0..ANSWERS).map(|index| {
            let mut button = button(context, if index == 0 { Look::Primary } else { Look::Plain });
            let press = {
                let (context, shown) = (context.clone(), shown.clone());
                move || {
                    if let Some(answer) = shown.borrow().get(index) {
                        context.push(Action::Answer { answer: *answer, cid: context.fresh_cid() });
                    }
                }
            };
            button.handle({
                let press = press.clone();
                move |_, event| {
                    is_enter(event) && {
                        press();
                        true
                    }
                }
            });
            button.set_callback(move |_| press());
            button
        });
        let buttons = buttons.collect();
        group.end();
        Self { group, ground, buttons, shown }
    }

    /// Shows what the model asks, or nothing.
    pub fn render(&mut self, asked: Option<&Question>, words: &Words) {
        let Some(asked) = asked else {
            self.shown.borrow_mut().clear();
            return self.group.hide();
        };
        let was_shown = self.group.visible();
        let answers = asked.answers();
        let new = *self.shown.borrow() != answers || !was_shown;
        *self.shown.borrow_mut() = answers.to_vec();
        for (index, button) in self.buttons.iter_mut().enumerate() {
            match answers.get(index) {
                Some(answer) => {
                    button.set_label(&label(asked, *answer, words));
                    button.show();
                }
                None => button.hide(),
            }
        }
        self.group.show();
        if new && let Some(first) = self.buttons.first_mut().filter(|_| !answers.is_empty()) {
            let _ = first.take_focus();
        }
        self.group.redraw();
    }

    /// Takes its place in a window of this size.
    pub fn place(&mut self, w: i32, h: i32, model: &Model, words: &Words) {
        self.group.resize(0, 0, w, h);
        self.ground.resize(0, 0, w, h);
        let Some(asked) = &model.question else { return };
        let card = card(asked, model, words, Rect::new(0, 0, w, h));
        let inside = card.place.shrunk(card.margin);
        let mut bottom = inside.y + inside.h;
        for button in self.buttons.iter_mut().take(asked.answers().len()).rev() {
            bottom -= buttons::HEIGHT;
            buttons::put(button, Rect::new(inside.x, bottom, inside.w, buttons::HEIGHT));
            bottom -= BETWEEN;
        }
    }
}

struct Card {
    place: Rect,
    margin: i32,
    /// Each with its lines, and whether it tells of a problem.
    paragraphs: Vec<(Vec<String>, bool)>,
}

/// Where everything stands. It has as many lines as its words need.
fn card(asked: &Question, model: &Model, words: &Words, window: Rect) -> Card {
    let margin = if window.h < 480 { 20 } else { 36 };
    let width = WIDTH.min(window.w - 16);
    let paragraphs: Vec<_> = text(asked, model, words)
        .into_iter()
        .map(|(text, problem)| (wrapped(&text, width - 2 * margin, (REGULAR, TEXT)), problem))
        .collect();
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let lines: i32 = paragraphs.iter().map(|(lines, _)| count(lines.len()) * LINE + BETWEEN).sum();
    // Room for all buttons is kept while there are none, so that nothing jumps.
    let answers = count(Question { stopping: Stopping::No, ..asked.clone() }.answers().len());
    let height = 2 * margin + TITLE + BETWEEN + lines + 2 * BETWEEN + answers * (buttons::HEIGHT + BETWEEN) - BETWEEN;
    let place = Rect::new((window.w - width) / 2, ((window.h - height) / 2).max(0), width, height);
    Card { place, margin, paragraphs }
}

fn paint(context: &Context, rect: Rect) {
    let (theme, model) = (&context.theme, context.model());
    let Some(asked) = &model.question else { return };
    paint::fill(rect, theme.side);
    let card = card(asked, &model, &context.words, rect);
    paint::card(card.place, 18, theme.surface, theme.line);
    let inside = card.place.shrunk(card.margin);
    let title = paint::fitting(&title(asked, &context.words), inside.w, (STRONG, 19));
    paint::text_in(&title, inside.x, inside.y, TITLE, (STRONG, 19), theme.text);
    let mut y = inside.y + TITLE + BETWEEN;
    for (lines, problem) in &card.paragraphs {
        for line in lines {
            paint::text_in(
                line,
                inside.x,
                y,
                LINE,
                (REGULAR, TEXT),
                if *problem { theme.problem } else { theme.faint },
            );
            y += LINE;
        }
        y += BETWEEN;
    }
}

fn title(asked: &Question, words: &Words) -> String {
    match &asked.about {
        About::Quit if asked.hosted => words.get("ask-quit-hosted"),
        About::Quit => words.get("ask-quit"),
        About::StopHosting => words.get("ask-stop"),
        About::ChangeServer { .. } => words.get("ask-change"),
        About::Delete(..) => words.get("ask-delete"),
        About::Join { .. } => words.get("ask-join"),
        About::Leave(_) => words.get("ask-leave"),
        About::Archive(_) => words.get("ask-archive"),
        About::Remove(..) => words.get("ask-remove"),
    }
}

fn text(asked: &Question, model: &Model, words: &Words) -> Vec<(String, bool)> {
    let mut text = Vec::new();
    let room = |room: RoomId| {
        let name = model.room_of(room).map(|room| model.room_name(room).to_owned()).unwrap_or_default();
        ("room", name.into())
    };
    match &asked.about {
        About::Delete(_, rseq) => {
            let quoted = model.quote(*rseq).text.unwrap_or_default();
            let short: String = quoted.chars().take(120).collect();
            text.push((format!("«{short}»"), false));
            text.push((words.get("ask-delete-text"), false));
        }
        About::Join { name, .. } => {
            text.push(match name.as_str() {
                "" => (words.get("ask-join-text-unnamed"), false),
                name => (words.with("ask-join-text", &[("room", name.into())]), false),
            });
        }
        About::Leave(id) => {
            let private = model.room_of(*id).is_some_and(|room| !room.is_public());
            text.push((words.with("ask-leave-text", &[room(*id)]), false));
            if private {
                text.push((words.get("ask-leave-private"), false));
            }
        }
        About::Archive(id) => text.push((words.with("ask-archive-text", &[room(*id)]), false)),
        About::Remove(id, user) => {
            let who = model.people.name(*user).to_owned();
            text.push((words.with("ask-remove-text", &[("who", who.into()), room(*id)]), false));
        }
        _ => {}
    }
    let hosting = match &asked.about {
        About::Quit if asked.hosted => Some("ask-quit-hosted-text"),
        About::StopHosting => Some("ask-stop-text"),
        _ => None,
    };
    if let Some(hosting) = hosting {
        let others = words.with("ask-others", &[("count", asked.others.into())]);
        text.push((format!("{} {others}", words.get(hosting)), false));
    }
    if asked.unsent > 0 {
        let count = [("count", asked.unsent.into())];
        let sentence = match asked.about {
            About::ChangeServer { .. } => words.with("ask-change-unsent", &count),
            _ => words.with("ask-quit-unsent", &count),
        };
        text.push((sentence, asked.hosted));
    } else if asked.careful {
        text.push((words.get("ask-all-sent"), false));
    }
    match &asked.stopping {
        Stopping::No => {}
        Stopping::Waiting => text.push((words.get("ask-stopping"), false)),
        Stopping::Failed(StopFailure::TooSlow) => text.push((words.get("ask-stop-slow"), true)),
        Stopping::Failed(StopFailure::System(why)) => {
            text.push((words.with("ask-stop-failed", &[("text", why.as_str().into())]), true));
        }
    }
    text
}

fn label(asked: &Question, answer: Answer, words: &Words) -> String {
    match (&asked.about, answer) {
        (About::StopHosting, Answer::Cancel) => words.get("ask-keep"),
        (About::StopHosting, _) => words.get("ask-stop-go"),
        (_, Answer::Cancel) => words.get("ask-cancel"),
        (About::ChangeServer { .. }, _) => words.get("ask-change-go"),
        (About::Delete(..), _) => words.get("ask-delete-go"),
        (About::Join { .. }, _) => words.get("ask-join-go"),
        (About::Leave(_), _) => words.get("ask-leave-go"),
        (About::Archive(_), _) => words.get("ask-archive-go"),
        (About::Remove(..), _) => words.get("ask-remove-go"),
        (About::Quit, Answer::Go) if asked.hosted => words.get("ask-quit-keep"),
        (About::Quit, Answer::Go) if asked.unsent == 0 => words.get("ask-quit-now"),
        (About::Quit, Answer::Go) => words.get("ask-quit-go"),
        (About::Quit, Answer::Stop) => words.get("ask-quit-stop"),
    }
}
