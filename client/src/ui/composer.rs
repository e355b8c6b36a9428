//! The composer: where messages are written.
//!
//! Owns the text until Enter, and again if the model does not take it; nothing else ever empties it. Enter pushes an action, the keys that
//! move the list are handed on, and everything else is the toolkit's editor.

use std::rc::Rc;

use fltk::{
    app, draw,
    enums::{Align, CallbackTrigger, Cursor, Event, FrameType, Key, Shortcut},
    prelude::*,
    text::{self, TextBuffer, TextEditor, WrapMode},
    widget::Widget,
};
use tertulia_protocol::limits::TEXT_BYTES_MAX;

use super::{
    context::Context,
    message_list::MessageList,
    paint::{self, Rect},
    theme::{REGULAR, STRONG},
    wrap::wrap,
};
use crate::model::{Action, Model, Notice};

const SIDE: i32 = 20;
const PADDING: i32 = 12;
const BUTTON: i32 = 34;
const LINES_MAX: i32 = 6;
const TEXT: i32 = 15;
/// What the toolkit leaves free on either side of a text.
const EDITOR_MARGIN: i32 = 3;
/// The line for what has to be said about the text.
const HINT: i32 = 22;

/// The composer.
#[derive(Clone, Debug)]
pub struct Composer {
    /// What is behind the editor: the card and the button.
    pub area: Widget,
    editor: TextEditor,
    buffer: TextBuffer,
}

impl Composer {
    /// A composer; the window says where it stands, and asks again when its text has changed.
    #[must_use]
    pub fn new(context: &Rc<Context>, list: &MessageList) -> Self {
        let mut area = Widget::default();
        let mut editor = TextEditor::default();
        let mut buffer = TextBuffer::default();
        buffer.can_undo(true);
        editor.set_buffer(buffer.clone());
        let theme = context.theme;
        editor.set_frame(FrameType::FlatBox);
        editor.set_color(theme.surface);
        editor.set_selection_color(theme.selection);
        editor.set_text_color(theme.text);
        editor.set_text_font(REGULAR);
        editor.set_text_size(TEXT);
        editor.set_cursor_color(theme.accent);
        editor.set_cursor_style(text::Cursor::Simple);
        // Six lines are in sight; the keyboard and the wheel bring the others.
        editor.set_scrollbar_align(Align::empty());
        editor.wrap_mode(WrapMode::AtBounds, 0);
        editor.set_tab_nav(true);
        editor.super_handle_first(false);

        editor.draw({
            let (context, buffer) = (context.clone(), buffer.clone());
            move |editor| paint_placeholder(&context, &buffer, Rect::of(editor))
        });
        editor.handle({
            let (context, mut list, buffer) = (context.clone(), list.clone(), buffer.clone());
            move |editor, event| match event {
                Event::MouseWheel => {
                    editor.scroll((editor.scroll_row() + app::event_dy_value()).max(1), 0);
                    true
                }
                Event::KeyDown => erase_word(editor, &buffer) || key(&context, &mut list, &buffer),
                Event::Focus | Event::Unfocus => {
                    context.push(Action::Focus(event == Event::Focus));
                    false
                }
                _ => false,
            }
        });
        editor.set_trigger(CallbackTrigger::Changed);
        editor.set_callback({
            let (context, mut area) = (context.clone(), area.clone());
            move |_| {
                context.push(Action::Edited);
                area.redraw();
            }
        });
        area.draw({
            let (context, buffer) = (context.clone(), buffer.clone());
            move |area| paint_area(&context, &buffer, Rect::of(area))
        });
        area.handle({
            let (context, buffer, mut editor) = (context.clone(), buffer.clone(), editor.clone());
            move |area, event| {
                let (x, y) = app::event_coords();
                let on_button = button(Rect::of(area)).holds(x, y);
                match event {
                    Event::Enter | Event::Move => {
                        if let Some(mut window) = area.window() {
                            window.set_cursor(if on_button { Cursor::Hand } else { Cursor::Default });
                        }
                    }
                    Event::Push if on_button => submit(&context, &buffer),
                    Event::Push => {
                        let _ = editor.take_focus();
                    }
                    _ => return false,
                }
                true
            }
        });
        Self { area, editor, buffer }
    }

    /// The height that the text wants.
    #[must_use]
    pub fn wanted_height(&self, model: &Model) -> i32 {
        draw::set_font(REGULAR, TEXT);
        let text = self.buffer.text();
        // Counted here: the toolkit's own count is off by one for some texts. A long one fills all lines in any case.
        let lines = if text.len() > 4_000 {
            LINES_MAX
        } else {
            let width = f64::from((self.editor.w() - 2 * EDITOR_MARGIN).max(40));
            let lines = wrap(&text, width, &mut draw::width).len();
            i32::try_from(lines).unwrap_or(LINES_MAX).min(LINES_MAX)
        };
        let hint = if hint_needed(self.buffer.length(), model) { HINT } else { 0 };
        (lines * draw::height() + 2 * PADDING + 4).max(BUTTON + 14) + hint + 10
    }

    /// Takes its place.
    pub fn place(&mut self, rect: Rect, model: &Model) {
        self.area.resize(rect.x, rect.y, rect.w, rect.h);
        let card = card(rect, hint_needed(self.buffer.length(), model));
        let inside = card.shrunk(PADDING - 2);
        self.editor.resize(inside.x + 2, inside.y, (inside.w - BUTTON - 8).max(40), inside.h);
    }

    /// Gives back a text that the model did not take. What was typed since then stands behind it.
    pub fn put_back(&mut self, text: &str) {
        self.buffer.insert(0, text);
        self.editor.set_insert_position(self.buffer.length());
    }

    /// Where the keyboard writes.
    #[must_use]
    pub fn writing(&self) -> Widget {
        self.editor.as_base_widget()
    }

    /// Lets the keyboard write here.
    pub fn focus(&mut self) {
        let _ = self.editor.take_focus();
    }
}

fn key(context: &Context, list: &mut MessageList, buffer: &TextBuffer) -> bool {
    let empty = buffer.length() == 0;
    let control = app::is_event_ctrl();
    match app::event_key() {
        Key::Enter | Key::KPEnter if app::event_state().contains(Shortcut::Shift) => return false,
        Key::Enter | Key::KPEnter => submit(context, buffer),
        Key::PageUp => list.page(-1),
        Key::PageDown => list.page(1),
        Key::Home if empty || control => list.home(),
        Key::End if empty || control => list.end(),
        Key::Escape => {
            list.unselect();
        }
        key if control && key == Key::from_char('q') => context.push(Action::Close),
        key if control && key == Key::from_char('c') && !buffer.selected() => match list.selected() {
            Some(row) => context.push(Action::Copy(row)),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Takes the text out at once. Keys that come before the model has looked at it, as they do when the window was busy,
/// are the beginning of the next text; emptied any later, the composer would lose them.
/// Control and an erasing key take away a word, as everywhere else; the toolkit would take a character.
fn erase_word(editor: &mut TextEditor, buffer: &TextBuffer) -> bool {
    if !app::is_event_ctrl() || buffer.selected() {
        return false;
    }
    let (mut buffer, from) = (buffer.clone(), editor.insert_position());
    match app::event_key() {
        Key::BackSpace => editor.previous_word(),
        Key::Delete => editor.next_word(),
        _ => return false,
    }
    let to = editor.insert_position();
    buffer.remove(from.min(to), from.max(to));
    editor.set_insert_position(from.min(to));
    editor.show_insert_position();
    editor.do_callback();
    true
}

fn submit(context: &Context, buffer: &TextBuffer) {
    let text = buffer.text();
    buffer.clone().set_text("");
    context.push(Action::Submit { cid: context.fresh_cid(), text });
}

fn hint_needed(length: i32, model: &Model) -> bool {
    model.notice.is_some() || usize::try_from(length).is_ok_and(|length| length > TEXT_BYTES_MAX * 9 / 10)
}

fn card(area: Rect, hint: bool) -> Rect {
    let below = if hint { HINT } else { 0 };
    Rect::new(area.x + SIDE, area.y + 4, area.w - 2 * SIDE, area.h - 10 - below)
}

fn button(area: Rect) -> Rect {
    Rect::new(area.x + area.w - SIDE - BUTTON - 7, area.y + 11, BUTTON, BUTTON)
}

fn paint_area(context: &Context, buffer: &TextBuffer, rect: Rect) {
    let (theme, words, model) = (&context.theme, &context.words, context.model());
    let length = usize::try_from(buffer.length()).unwrap_or_default();
    let hint = hint_needed(buffer.length(), &model);
    paint::fill(rect, theme.surface);
    let too_long = length > TEXT_BYTES_MAX;
    let card = card(rect, hint);
    paint::card(card, 12, theme.surface, if too_long { theme.problem } else { theme.line });

    let button = button(rect);
    let ready = length > 0 && !too_long;
    paint::fill_round(button, BUTTON / 2, if ready { theme.accent } else { theme.raised });
    let ink = if ready { theme.on_accent } else { theme.faint };
    let arrow = (STRONG, 17);
    paint::text_in("↑", button.x + (BUTTON - paint::width_in("↑", arrow)) / 2, button.y, BUTTON, arrow, ink);

    if hint {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX).into();
        let limit = || ("limit", number(TEXT_BYTES_MAX));
        let (text, color) = match model.notice {
            Some(Notice::BadText) => (words.get("composer-bad-text"), theme.problem),
            Some(Notice::NoRoom) => (words.get("composer-no-room"), theme.problem),
            Some(Notice::TooLong { bytes }) => {
                (words.with("composer-too-long", &[("bytes", number(bytes)), limit()]), theme.problem)
            }
            None if too_long => (
                words.with("composer-over-limit", &[("over", number(length - TEXT_BYTES_MAX)), limit()]),
                theme.problem,
            ),
            None => (words.with("composer-near-limit", &[("left", number(TEXT_BYTES_MAX - length))]), theme.faint),
        };
        let font = (REGULAR, 12);
        let text = paint::fitting(&text, card.w - 8, font);
        paint::text_in(&text, card.x + 4, card.y + card.h + 2, HINT, font, color);
    }
}

fn paint_placeholder(context: &Context, buffer: &TextBuffer, rect: Rect) {
    if buffer.length() > 0 {
        return;
    }
    let (words, model) = (&context.words, context.model());
    let text = match model.room() {
        Some(room) => words.with("composer-placeholder", &[("room", format!("#{}", room.name).into())]),
        None => words.get("composer-placeholder-waiting"),
    };
    let font = (REGULAR, TEXT);
    let text = paint::fitting(&text, rect.w - 8, font);
    draw::set_font(font.0, font.1);
    paint::text_in(&text, rect.x + 7, rect.y + 2, draw::height(), font, context.theme.faint);
}
