//! The window as a whole: its parts, their places, and the loop.
//!
//! Owns when things are drawn. The only file that changes the model, and the only one that waits.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use fltk::{
    app,
    enums::{CallbackReason, Event, Key, Shortcut},
    group::Group,
    prelude::*,
    widget::Widget,
    window::DoubleWindow,
};

use super::{
    Options, Outside,
    composer::Composer,
    context::Context,
    first_start::{self, FirstStart},
    geometry::{WINDOW_MIN, divide},
    lines,
    message_list::MessageList,
    paint::Rect,
    palette::Chooser,
    people_panel,
    question::Ask,
    rooms_panel,
    shown::{SharedShown, Shown},
    theme::{self, Theme},
};
use crate::{
    i18n::Words,
    model::{Action, Connection, Effect, Model, question::Answer},
};

/// The window class that desktops know the program by.
pub const CLASS: &str = "tertulia";
const SIZE: (i32, i32) = (1_040, 700);
/// Actions from outside that one round takes before it draws: a flood of messages must not freeze the window.
const ACTIONS_A_ROUND: usize = 2_000;

#[derive(Clone)]
struct Parts {
    window: DoubleWindow,
    chat: Group,
    rooms: Widget,
    header: Widget,
    status: Widget,
    people: Widget,
    list: MessageList,
    composer: Composer,
    first_start: FirstStart,
    ask: Ask,
    chooser: Chooser,
    least_height: Rc<Cell<i32>>,
}

/// Shows the window until it is closed.
///
/// # Errors
/// The toolkit cannot open a window here, for instance because there is no display.
pub fn run(options: Options, outside: &mut dyn Outside) -> Result<(), fltk::prelude::FltkError> {
    let app = app::App::default();
    theme::install_fonts();
    let theme = if options.dark { Theme::DARK } else { Theme::LIGHT };
    let (r, g, b) = theme.surface.to_rgb();
    app::background(r, g, b);
    let (r, g, b) = theme.text.to_rgb();
    app::foreground(r, g, b);

    let words = Words::new(options.language);
    let (model, effects) = Model::new(options.zone, outside.now_ms(), options.known);
    let context = Context::new(model, words, theme, options.fresh_cid);
    let mut parts = build(&context, Rc::new(RefCell::new(Shown::new(options.shown))));
    effects.into_iter().for_each(|effect| outside.carry_out(effect));
    parts.render(&context);
    parts.window.show();
    parts.focus(&context);

    while parts.window.shown() {
        // An interrupted wait is a wait that was short.
        let _ = app::wait_for(next_wake(&context));
        if round(&context, &mut parts, outside) {
            parts.window.hide();
        }
    }
    app.quit();
    Ok(())
}

/// How long there is nothing to do by itself: what counts seconds changes with them, the day at midnight.
fn next_wake(context: &Context) -> f64 {
    let model = context.model();
    match model.connection {
        Connection::Lost { .. } => 0.25,
        _ if model.waited_ms().is_some() || model.has_unkept_draft() || !model.typing().is_empty() => 1.0,
        _ => 20.0,
    }
}

/// One round of the loop; whether it was the last.
fn round(context: &Rc<Context>, parts: &mut Parts, outside: &mut dyn Outside) -> bool {
    let before = (context.model().now_ms, context.model().today());
    let was_typing = context.model().typing().len();
    let now_ms = outside.now_ms();
    let ticked = context.model_mut().update(Action::Tick { now_ms });
    ticked.into_iter().for_each(|effect| outside.carry_out(effect));
    let counting = matches!(context.model().connection, Connection::Lost { .. })
        || context.model().waited_ms().is_some_and(|waited| waited >= lines::LONG_MS);
    let second_passed = before.0.div_euclid(1_000) != now_ms.div_euclid(1_000);
    let mut changed = (counting && second_passed) || context.model().today() != before.1;
    changed |= context.model().typing().len() != was_typing;

    let (mut taken, mut edited) = (0, false);
    while let Some(action) = context.take().or_else(|| outside.poll()) {
        taken += 1;
        // What only asks for more rows changes nothing that is to be seen, unless something comes of it.
        let quiet =
            matches!(action, Action::ReachedTop | Action::ReachedEnd | Action::Reads { .. } | Action::Composed { .. });
        let action = match action {
            // Once for however many keys: a long text takes its time.
            Action::Edited if edited => continue,
            Action::Edited => parts.composed(),
            action => action,
        };
        edited |= matches!(action, Action::Composed { .. });
        let around = |model: &Model| (model.composer.completion.clone(), model.notice);
        let was_around = around(&context.model());
        let submitted = if let Action::Submit { text, .. } = &action { Some(text.clone()) } else { None };
        let effects = context.model_mut().update(action);
        if let Some(text) = submitted.filter(|_| !effects.contains(&Effect::TextTaken)) {
            parts.composer.put_back(&text);
            context.push(Action::Edited);
        }
        let seen = effects.iter().any(|effect| !matches!(effect, Effect::Typing(_) | Effect::KeepDraft(..)));
        changed |= !quiet || seen || around(&context.model()) != was_around;
        for effect in effects {
            match effect {
                Effect::TextTaken => {
                    parts.list.unselect();
                }
                Effect::Compose(text, cursor) => parts.composer.set(&text, cursor),
                Effect::ScrollTo(key) => parts.list.go_to(key),
                Effect::ReadOn(rseq, top) => parts.list.read_on(rseq, top),
                Effect::ScrollToEnd => parts.list.end(),
                Effect::Copy(text) => app::copy(&text),
                Effect::Quit => return true,
                other => {
                    outside.carry_out(other);
                }
            }
        }
        if taken == ACTIONS_A_ROUND {
            // There may be more, and whoever brought it has rung the bell already.
            app::awake();
            break;
        }
    }
    if changed {
        parts.render(context);
    } else if edited {
        // The composer may want another height: once for however many keys, because a long text takes its time.
        parts.place(context);
    }
    false
}

fn build(context: &Rc<Context>, shown: SharedShown) -> Parts {
    let theme = context.theme;
    let mut window = DoubleWindow::default().with_size(SIZE.0, SIZE.1);
    window.set_xclass(CLASS);
    window.set_label(&context.words.get("app-name"));
    window.set_color(theme.surface);

    // The parts that a new size moves exist only later.
    let parts: Rc<RefCell<Option<Parts>>> = Rc::default();
    let mut chat = Group::default();
    let rooms = rooms_panel::rooms(context);
    let header = lines::header(context);
    let list = MessageList::new(context, shown.clone());
    let composer = Composer::new(context, &list);
    let status = lines::status(context);
    let people = people_panel::people(context);
    chat.end();
    go_round(&mut chat, vec![header.clone(), composer.writing(), status.clone()]);
    let first_start = FirstStart::new(context);
    let ask = Ask::new(context);
    let chooser = Chooser::new(context, shown);
    window.end();
    window.make_resizable(true);

    let mut built = Parts {
        window,
        chat,
        rooms,
        header,
        status,
        people,
        list,
        composer,
        first_start,
        ask,
        chooser,
        least_height: Rc::default(),
    };
    built.window.resize_callback({
        let (parts, context) = (parts.clone(), context.clone());
        move |_, _, _, _, _| {
            if let Ok(mut parts) = parts.try_borrow_mut()
                && let Some(parts) = parts.as_mut()
            {
                parts.place(&context);
            }
        }
    });
    built.window.set_callback({
        let context = context.clone();
        move |_| {
            // Escape would close the window; in a chat it is pressed to get out of something smaller.
            context.push(if app::callback_reason() == CallbackReason::Cancelled {
                Action::Answer { answer: Answer::Cancel, cid: context.fresh_cid() }
            } else {
                Action::Close
            });
        }
    });
    *parts.borrow_mut() = Some(built.clone());
    built
}

/// Tab goes from one to the next that wants the keyboard, and from the last to the first: the toolkit itself stops there.
fn go_round(chat: &mut Group, mut stops: Vec<Widget>) {
    chat.super_handle_first(false);
    chat.handle(move |_, event| {
        if event != Event::KeyDown || app::event_key() != Key::Tab {
            return false;
        }
        let from = stops.iter().position(WidgetExt::has_focus).unwrap_or(0);
        let back = app::event_state().contains(Shortcut::Shift);
        let count = stops.len();
        (1..count).map(|step| (from + if back { count - step } else { step }) % count).any(|to| {
            let stop = &mut stops[to];
            stop.take_focus().is_ok()
        })
    });
}

impl Parts {
    /// What stands in the composer, for the model.
    fn composed(&self) -> Action {
        let (text, cursor) = self.composer.text();
        Action::Composed { text, cursor }
    }

    /// Brings everything to what the model says now.
    fn render(&mut self, context: &Context) {
        let model = context.model();
        self.window.set_label(&lines::title(&model, &context.words));
        let choosing = model.palette.is_some() && model.form.is_none() && model.question.is_none();
        let talking = model.form.is_none() && model.question.is_none() && !choosing;
        let was_talking = self.chat.visible();
        let dialog = model.form.is_some();
        if talking != was_talking {
            if talking { self.chat.show() } else { self.chat.hide() }
        }
        self.first_start.render(model.form.as_ref(), model.question.is_some());
        self.ask.render(model.question.as_ref(), &context.words);
        self.chooser.render(model.palette.as_ref().filter(|_| choosing), context);
        if !choosing {
            context.take_ahead();
        }
        let nothing_to_push = self.status.has_focus() && !lines::status_has_links(&model);
        drop(model);
        self.limit_size(dialog);
        if talking && (!was_talking || nothing_to_push) {
            // The keyboard must not go on writing into a field, or stay on a button, that is no longer there.
            self.composer.focus();
        }
        self.place(context);
        for widget in [&mut self.rooms, &mut self.header, &mut self.status, &mut self.people] {
            widget.redraw();
        }
        self.list.widget.redraw();
        self.composer.area.redraw();
    }

    /// The dialog does not scroll, so it keeps the window from becoming smaller than itself.
    fn limit_size(&mut self, dialog: bool) {
        let least = if dialog { first_start::HEIGHT_MIN } else { WINDOW_MIN.1 };
        if self.least_height.replace(least) == least {
            return;
        }
        self.window.size_range(WINDOW_MIN.0, least, 0, 0);
        if self.window.h() < least {
            self.window.set_size(self.window.w(), least);
        }
    }

    fn focus(&mut self, context: &Context) {
        if context.model().form.is_none() {
            self.composer.focus();
        }
    }

    /// Puts everything in its place.
    fn place(&mut self, context: &Context) {
        if let Ok(model) = context.try_model() {
            self.arrange(&model, context, true);
        }
    }

    fn arrange(&mut self, model: &Model, context: &Context, again: bool) {
        let words = &context.words;
        let (w, h) = (self.window.w(), self.window.h());
        let wanted = self.composer.wanted_height(model);
        let places = divide(w, h, model.people_shown, wanted);
        self.chat.resize(0, 0, w, h);
        put(&mut self.rooms, places.rooms);
        put(&mut self.header, places.header);
        put(&mut self.list.widget, places.list);
        put(&mut self.status, places.status);
        put(&mut self.people, places.people);
        self.composer.place(places.composer, model);
        if again && self.composer.wanted_height(model) != wanted {
            // Without its scroll bar the text may need a line less.
            return self.arrange(model, context, false);
        }
        self.first_start.place(w, h);
        self.ask.place(w, h, model, words);
        self.chooser.place(w, h, context, model);
        self.window.redraw();
    }
}

fn put(widget: &mut Widget, place: Rect) {
    widget.resize(place.x, place.y, place.w, place.h);
    if (place.w > 0) != widget.visible() {
        if place.w > 0 { widget.show() } else { widget.hide() }
    }
}
