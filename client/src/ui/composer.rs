//! The composer: where messages are written.
//!
//! Owns the text until Enter, and again if the model does not take it. The model puts another text there when the person
//! goes to another room or mends a message; nothing else ever empties it. What its keys mean stands in `keys.rs`, what is
//! drawn around the editor in `composer_paint.rs`.

use std::rc::Rc;

use fltk::{
    app, draw,
    enums::{Align, CallbackTrigger, Cursor, Event, FrameType, Key},
    prelude::*,
    text::{self, TextBuffer, TextEditor, WrapMode},
    widget::Widget,
};

use super::{
    composer_paint::{self, BUTTON, PADDING, TEXT},
    context::Context,
    keys,
    message_list::MessageList,
    paint::Rect,
    theme::REGULAR,
    wrap::wrap,
};
use crate::model::{Action, Model};

const LINES_MAX: i32 = 6;
/// What the toolkit leaves free on either side of a text.
const EDITOR_MARGIN: i32 = 3;

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
            move |editor| composer_paint::placeholder(&context, &buffer, Rect::of(editor))
        });
        editor.handle({
            let (context, mut list, buffer) = (context.clone(), list.clone(), buffer.clone());
            move |editor, event| match event {
                Event::MouseWheel => {
                    editor.scroll((editor.scroll_row() + app::event_dy_value()).max(1), 0);
                    true
                }
                Event::KeyDown => keys::pressed(&context, &mut list, &buffer) || erase_word(editor, &buffer),
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
            move |area| composer_paint::area(&context, &buffer, Rect::of(area))
        });
        area.handle({
            let (context, buffer, mut editor) = (context.clone(), buffer.clone(), editor.clone());
            move |area, event| {
                let (x, y) = app::event_coords();
                let rect = Rect::of(area);
                let on_button = composer_paint::button(rect).holds(x, y);
                let hit = composer_paint::hit(&context, rect, (x, y));
                match event {
                    Event::Enter | Event::Move => {
                        if let Some(mut window) = area.window() {
                            window.set_cursor(if on_button || hit.is_some() { Cursor::Hand } else { Cursor::Default });
                        }
                    }
                    Event::Push if on_button => submit(&context, &buffer),
                    Event::Push => {
                        if let Some(action) = hit {
                            context.push(action);
                        }
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
        let around = composer_paint::above(model) + composer_paint::below(self.buffer.length(), model);
        (lines * draw::height() + 2 * PADDING + 4).max(BUTTON + 14) + around + 10
    }

    /// Takes its place.
    pub fn place(&mut self, rect: Rect, model: &Model) {
        self.area.resize(rect.x, rect.y, rect.w, rect.h);
        let card = composer_paint::card(rect, self.buffer.length(), model);
        let inside = card.shrunk(PADDING - 2);
        self.editor.resize(inside.x + 2, inside.y, (inside.w - BUTTON - 8).max(40), inside.h);
    }

    /// Gives back a text that the model did not take. What was typed since then stands behind it.
    pub fn put_back(&mut self, text: &str) {
        self.buffer.insert(0, text);
        self.editor.set_insert_position(self.buffer.length());
    }

    /// Puts a text in the place of what stands here, the cursor at this byte.
    pub fn set(&mut self, text: &str, cursor: usize) {
        self.buffer.set_text(text);
        self.editor.set_insert_position(i32::try_from(cursor).unwrap_or_else(|_| self.buffer.length()));
        self.editor.show_insert_position();
    }

    /// What stands here, and where the cursor is, in bytes.
    #[must_use]
    pub fn text(&self) -> (String, usize) {
        let text = self.buffer.text();
        let mut cursor = usize::try_from(self.editor.insert_position()).unwrap_or(0).min(text.len());
        while !text.is_char_boundary(cursor) {
            cursor -= 1;
        }
        (text, cursor)
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

/// Takes the text out at once. Keys that come before the model has looked at it, as they do when the window was busy,
/// are the beginning of the next text; emptied any later, the composer would lose them.
pub(super) fn submit(context: &Context, buffer: &TextBuffer) {
    let text = buffer.text();
    buffer.clone().set_text("");
    context.push(Action::Submit { cid: context.fresh_cid(), text });
}
