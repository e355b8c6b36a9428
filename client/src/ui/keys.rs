//! What the keys mean while the keyboard is in the composer.
//!
//! Owns the table. What moves the list is handed to it, what changes anything is an action; everything else is left to
//! the toolkit's editor.

use fltk::{
    app,
    enums::{Key, Shortcut},
    prelude::*,
    text::TextBuffer,
};

use super::{composer::submit, context::Context, message_list::MessageList};
use crate::model::{
    Action,
    palette::{Palette, Purpose},
    timeline::RowKey,
};

/// A key was pressed; whether it meant something here.
pub(super) fn pressed(context: &Context, list: &mut MessageList, buffer: &TextBuffer) -> bool {
    let state = app::event_state();
    if context.type_ahead(&app::event_text()) {
        return true;
    }
    let (control, alt) = (app::is_event_ctrl(), state.contains(Shortcut::Alt));
    let key = app::event_key();
    if control || alt {
        return with_control(context, list, buffer, key, alt);
    }
    let empty = buffer.length() == 0;
    if completing(context, key) {
        return true;
    }
    match key {
        Key::Enter | Key::KPEnter if state.contains(Shortcut::Shift) => return false,
        Key::Enter | Key::KPEnter => submit(context, buffer),
        Key::PageUp => list.page(-1),
        Key::PageDown => list.page(1),
        Key::Home if empty => list.home(),
        Key::End if empty => context.push(Action::JumpToNewest),
        Key::Up if empty => context.push(Action::Mend(None)),
        Key::Delete if empty => match list.selected() {
            Some(row) => context.push(Action::Delete(row)),
            None => return false,
        },
        Key::F10 if state.contains(Shortcut::Shift) => return menu(context, list),
        Key::Menu => return menu(context, list),
        Key::Escape => {
            if !list.unselect() {
                context.push(Action::Escape);
            }
        }
        _ => return false,
    }
    true
}

fn menu(context: &Context, list: &mut MessageList) -> bool {
    let at = (list.widget.x() + list.widget.w() / 3, list.widget.y() + list.widget.h() / 3);
    list.open_menu(context, at)
}

/// While a name is being written, the keys choose one.
fn completing(context: &Context, key: Key) -> bool {
    let Some(chosen) = context.model().composer.completion.as_ref().map(|completion| completion.chosen) else {
        return false;
    };
    context.push(match key {
        Key::Tab | Key::Enter | Key::KPEnter => Action::Complete { index: chosen },
        Key::Up => Action::NextCompletion { up: true },
        Key::Down => Action::NextCompletion { up: false },
        Key::Escape => Action::Escape,
        _ => return false,
    });
    true
}

fn with_control(context: &Context, list: &mut MessageList, buffer: &TextBuffer, key: Key, alt: bool) -> bool {
    let open = |purpose| context.open_palette(Palette::new(purpose));
    match key {
        Key::Up if alt => context.push(Action::NextRoom { up: true }),
        Key::Down if alt => context.push(Action::NextRoom { up: false }),
        _ if alt => return false,
        Key::Up => list.choose_next(context, true),
        Key::Down => list.choose_next(context, false),
        Key::Home => list.home(),
        Key::End => context.push(Action::JumpToNewest),
        key if key == Key::from_char('k') => open(Purpose::Switch),
        key if key == Key::from_char('f') => open(Purpose::Search),
        key if key == Key::from_char('n') => open(Purpose::Create),
        key if key == Key::from_char('q') => context.push(Action::Close),
        key if key == Key::from_char('r') => match list.selected() {
            Some(row) => context.push(Action::AnswerTo(row)),
            None => return false,
        },
        key if key == Key::from_char('e') => match list.selected() {
            Some(RowKey::Entry(rseq)) => open(Purpose::React(rseq)),
            _ => return false,
        },
        key if key == Key::from_char('c') && !buffer.selected() => match list.selected() {
            Some(row) => context.push(Action::Copy(row)),
            None => return false,
        },
        _ => return false,
    }
    true
}
