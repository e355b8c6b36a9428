//! The dialog of the first start: who you are, and where to meet.
//!
//! Owns the fields while it is shown. What is right and wrong is the model's word (`model::first_start`); pressing
//! the button pushes one action and changes nothing here.

use std::{cell::RefCell, rc::Rc};

use fltk::{
    button::{Button, RadioButton},
    enums::{CallbackTrigger, Color, Event},
    group::Group,
    input::Input,
    prelude::*,
    widget::Widget,
};
use tertulia_protocol::{InvalidName, limits::NAME_CHARS_MAX};

use super::{
    buttons::{self, Look, button, is_enter},
    context::Context,
    fields::{border, field},
    paint::{self, Rect, wrapped},
    theme::{REGULAR, STRONG},
};
use crate::{
    address::InvalidAddress,
    i18n::Words,
    model::{Action, HostFailure, first_start::Form},
};

const CARD: (i32, i32) = (460, 536);
/// The height below which the dialog would be cut; the margin of its card may be.
pub const HEIGHT_MIN: i32 = 500;
const INSIDE: i32 = 36;
const FIELD: i32 = 42;

/// The dialog.
#[derive(Clone, Debug)]
pub struct FirstStart {
    /// Everything in it.
    pub group: Group,
    ground: Widget,
    name: Input,
    server: Input,
    join: RadioButton,
    host: RadioButton,
    go: Button,
    was_shown: Rc<RefCell<bool>>,
    /// Of what counts, and of what does not while this computer hosts.
    inks: (Color, Color),
}

impl FirstStart {
    /// The dialog, to be shown when the model has a form.
    #[must_use]
    pub fn new(context: &Rc<Context>) -> Self {
        let group = Group::default();
        let ground = Widget::default();
        let name = field(context);
        let join = radio(context, "start-join", None);
        let server = field(context);
        let host = radio(context, "start-host", Some("start-host-hint"));
        let mut go = button(context, Look::Primary);
        go.set_label(&context.words.get("start-go"));
        group.end();
        let inks = (context.theme.text, context.theme.faint);
        let was_shown = Rc::new(RefCell::new(false));
        let mut dialog = Self { group, ground, name, server, join, host, go, was_shown, inks };
        dialog.connect(context);
        dialog
    }

    fn connect(&mut self, context: &Rc<Context>) {
        let submit = {
            let (context, name, server, host) =
                (context.clone(), self.name.clone(), self.server.clone(), self.host.clone());
            move || {
                context.push(Action::Start { name: name.value(), server: server.value(), host: host.value() });
            }
        };
        for input in [&mut self.name, &mut self.server] {
            let submit = submit.clone();
            let mut group = self.group.clone();
            input.handle(move |_, event| match event {
                event if is_enter(event) => {
                    submit();
                    true
                }
                Event::Focus | Event::Unfocus => {
                    // The border around the field shows where the keyboard writes. It is painted on the ground, and
                    // the ground covers what is not painted after it.
                    group.redraw();
                    false
                }
                _ => false,
            });
        }
        // Enter means the same everywhere in the dialog.
        for radio in [&mut self.join, &mut self.host] {
            let submit = submit.clone();
            radio.handle(move |_, event| {
                is_enter(event) && {
                    submit();
                    true
                }
            });
        }
        self.go.handle({
            let submit = submit.clone();
            move |_, event| {
                is_enter(event) && {
                    submit();
                    true
                }
            }
        });
        self.go.set_callback(move |_| submit());
        let (host, theme) = (self.host.clone(), context.theme);
        for radio in [&mut self.join, &mut self.host] {
            let (mut group, mut server, host) = (self.group.clone(), self.server.clone(), host.clone());
            radio.set_callback(move |_| {
                server.set_text_color(if host.is_set() { theme.faint } else { theme.text });
                group.redraw();
            });
        }
        // Who writes into the field means that server.
        let (mut join, mut host) = (self.join.clone(), self.host.clone());
        self.server.set_trigger(CallbackTrigger::Changed);
        self.server.set_callback(move |server| {
            if host.is_set() {
                host.set_value(false);
                join.set_value(true);
                server.set_text_color(theme.text);
                join.redraw();
                host.redraw();
            }
        });
        let (context, dialog) = (context.clone(), self.clone());
        self.ground.draw(move |ground| dialog.paint(&context, Rect::of(ground)));
    }

    /// Takes its place in a window of this size.
    pub fn place(&mut self, w: i32, h: i32) {
        self.group.resize(0, 0, w, h);
        self.ground.resize(0, 0, w, h);
        let card = card(w, h);
        let (x, width) = (card.x + INSIDE, card.w - 2 * INSIDE);
        let top = card.y;
        self.name.resize(x + 12, top + 164, width - 24, FIELD - 2);
        self.join.resize(x, top + 238, width, 26);
        self.server.resize(x + 40, top + 270, width - 52, FIELD - 2);
        self.host.resize(x, top + 340, width, 60);
        buttons::put(&mut self.go, Rect::new(x, top + card.h - 36 - buttons::HEIGHT, width, buttons::HEIGHT));
    }

    /// Shows what the model has: the dialog, or not. It waits behind a question.
    pub fn render(&mut self, form: Option<&Form>, behind: bool) {
        let shown = self.was_shown.replace(form.is_some());
        let Some(form) = form else {
            self.group.hide();
            return;
        };
        if !shown {
            self.name.set_value(&form.name);
            self.server.set_value(&form.server);
            self.join.set_value(!form.host);
            self.host.set_value(form.host);
            self.server.set_text_color(if form.host { self.inks.1 } else { self.inks.0 });
        }
        if behind {
            self.group.hide();
            return;
        }
        let back = !self.group.visible();
        self.group.show();
        let server_first = form.name_problem.is_none() && form.server_problem.is_some();
        let field = if server_first { &mut self.server } else { &mut self.name };
        if back || form.name_problem.is_some() || server_first {
            let _ = field.take_focus();
        }
        self.group.redraw();
    }

    fn paint(&self, context: &Context, rect: Rect) {
        let (theme, words, model) = (&context.theme, &context.words, context.model());
        let Some(form) = &model.form else { return };
        paint::fill(rect, theme.side);
        let card = card(rect.w, rect.h);
        paint::card(card, 18, theme.surface, theme.line);
        let (x, width) = (card.x + INSIDE, card.w - 2 * INSIDE);

        paint::text_in("☕", x - 2, card.y + 30, 34, (REGULAR, 26), theme.accent);
        let title = words.get("start-title");
        // A window as narrow as it may be has no room for a large one.
        let font = if paint::width_in(&title, (STRONG, 21)) <= width - 44 { (STRONG, 21) } else { (STRONG, 15) };
        let title = paint::fitting(&title, width - 44, font);
        paint::text_in(&title, x + 42, card.y + 30, 34, font, theme.text);
        let (mut y, lines) = (card.y + 72, wrapped(&words.get("start-text"), width, (REGULAR, 14)));
        for line in lines {
            paint::text_in(&line, x, y, 20, (REGULAR, 14), theme.faint);
            y += 20;
        }

        paint::text_in(&words.get("start-name"), x, card.y + 139, 18, (STRONG, 13), theme.text);
        border(context, &self.name, 12, form.name_problem.is_some());
        let problem = form.name_problem.map(|problem| name_problem(problem, words));
        let refusal = form.refusal.as_ref().map(|refusal| words.refusal(refusal));
        let under = Rect::new(x, card.y + 208, width, 18);
        match problem.or(refusal) {
            Some(problem) => line(&problem, under, theme.problem),
            None => line(&words.get("start-name-hint"), under, theme.faint),
        }

        border(context, &self.server, 12, form.server_problem.is_some());
        let under = Rect::new(x + 28, card.y + 313, width - 28, 18);
        match form.server_problem {
            Some(problem) => line(&server_problem(problem, words), under, theme.problem),
            None => line(&words.get("start-server-hint"), under, theme.faint),
        }
        if let Some(failure) = &form.host_failure {
            let text = match failure {
                HostFailure::NotFound => words.get("host-not-found"),
                HostFailure::Stopped(text) => words.with("host-stopped", &[("text", text.as_str().into())]),
            };
            for (index, text) in wrapped(&text, width - 28, (REGULAR, 12)).iter().take(2).enumerate() {
                let below = card.y + 402 + if index == 0 { 0 } else { 17 };
                line(text, Rect::new(x + 28, below, width - 28, 18), theme.problem);
            }
        }
    }
}

fn card(w: i32, h: i32) -> Rect {
    let (width, height) = (CARD.0.min(w - 16), CARD.1);
    Rect::new((w - width) / 2, ((h - height) / 2).max(-20), width, height)
}

fn line(text: &str, place: Rect, color: Color) {
    let text = paint::fitting(text, place.w, (REGULAR, 12));
    paint::text_in(&text, place.x, place.y, place.h, (REGULAR, 12), color);
}

fn radio(context: &Rc<Context>, label: &'static str, hint: Option<&'static str>) -> RadioButton {
    let mut radio = RadioButton::default();
    radio.super_draw(false);
    let context = context.clone();
    radio.draw(move |radio| {
        let (theme, words, rect) = (&context.theme, &context.words, Rect::of(radio));
        paint::fill(rect, theme.surface);
        let circle = Rect::new(rect.x + 1, rect.y + 4, 18, 18);
        let set = radio.value();
        if radio.has_focus() {
            paint::fill_round(circle.shrunk(-1), 10, theme.accent);
        }
        paint::fill_round(circle, 9, if set { theme.accent } else { theme.faint });
        paint::fill_round(circle.shrunk(if set { 5 } else { 2 }), 7, if set { theme.on_accent } else { theme.surface });
        let label = paint::fitting(&words.get(label), rect.w - 28, (STRONG, 14));
        paint::text_in(&label, rect.x + 28, rect.y, 26, (STRONG, 14), theme.text);
        if let Some(hint) = hint {
            for (index, text) in (0..).zip(wrapped(&words.get(hint), rect.w - 28, (REGULAR, 12)).iter().take(2)) {
                line(text, Rect::new(rect.x + 28, rect.y + 25 + 17 * index, rect.w - 28, 17), theme.faint);
            }
        }
    });
    radio
}

fn name_problem(problem: InvalidName, words: &Words) -> String {
    match problem {
        InvalidName::Empty => words.get("name-empty"),
        InvalidName::TooLong => {
            let limit = i64::try_from(NAME_CHARS_MAX).unwrap_or(i64::MAX);
            words.with("name-too-long", &[("limit", limit.into())])
        }
        InvalidName::Character(c) => {
            words.with("name-character", &[("code", format!("U+{:04X}", u32::from(c)).into())])
        }
        InvalidName::Spaces => words.get("name-spaces"),
        InvalidName::NoLetter => words.get("name-no-letter"),
    }
}

fn server_problem(problem: InvalidAddress, words: &Words) -> String {
    match problem {
        InvalidAddress::Empty => words.get("server-empty"),
        InvalidAddress::Character(c) => words.with("server-character", &[("character", c.to_string().into())]),
        InvalidAddress::Brackets => words.get("server-brackets"),
        InvalidAddress::Port => words.get("server-port"),
    }
}
