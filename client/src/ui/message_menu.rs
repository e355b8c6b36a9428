//! The menu of a message, under the right button of the mouse.
//!
//! Owns what can be done with one message. Does none of it: it pushes an action.

use fltk::{
    app,
    enums::FrameType,
    menu::{MenuButton, MenuButtonType},
    prelude::*,
};

use super::{context::Context, theme};
use crate::model::{Action, timeline::RowKey};

/// Makes the menu; it is shown by [`show`].
#[must_use]
pub(super) fn make(context: &Context) -> MenuButton {
    let colors = &context.theme;
    let mut menu = MenuButton::default().with_type(MenuButtonType::Popup3);
    app::set_menu_linespacing(12);
    // It is opened by the mouse alone; the keyboard would be lost in it, for it has no place in the window.
    menu.clear_visible_focus();
    menu.set_frame(FrameType::BorderBox);
    menu.set_down_frame(FrameType::FlatBox);
    menu.set_color(colors.raised);
    menu.set_selection_color(colors.accent);
    menu.set_text_color(colors.text);
    menu.set_text_font(theme::REGULAR);
    menu.set_text_size(14);
    // The toolkit leaves no room beside the words.
    menu.add_choice(&format!("  {}  ", context.words.get("row-copy")));
    menu
}

/// Shows the menu at the pointer, and waits for a choice.
pub(super) fn show(menu: &MenuButton, key: RowKey, context: &Context) {
    if menu.popup().is_some() {
        context.push(Action::Copy(key));
    }
}
