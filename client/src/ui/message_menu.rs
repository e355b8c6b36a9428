//! The menu of a message, under the right button of the mouse or the menu key.
//!
//! Owns what can be done with one message, as far as its row shows it. Does none of it: it pushes an action.

use fltk::{
    app,
    enums::FrameType,
    menu::{MenuButton, MenuButtonType},
    prelude::*,
};

use super::{context::Context, theme};
use crate::model::{
    Action,
    palette::{Palette, Purpose},
    pending::State,
    timeline::{Content, RowKey},
};

/// What can be done with a row: the key of its words, and the action.
fn choices(key: RowKey, context: &Context) -> Vec<(String, Action)> {
    let (model, words) = (context.model(), &context.words);
    let Some(row) = model.timeline().find(key) else { return Vec::new() };
    let Content::Message(message) = row.content else { return Vec::new() };
    let mut choices = Vec::new();
    let open = model.room().is_some_and(|room| !room.state.gone && !room.is_archived());
    if let (RowKey::Pending(cid), State::Failed(_)) = (key, row.state) {
        choices.push((words.get("row-retry"), Action::Retry { failed: cid, cid: context.fresh_cid() }));
        choices.push((words.get("row-discard"), Action::Discard(cid)));
    }
    if let (RowKey::Entry(rseq), true, true) = (key, row.is_live_message(), open) {
        choices.push((words.get("row-answer"), Action::AnswerTo(key)));
        choices.push((words.get("row-react"), Action::OpenPalette(Palette::new(Purpose::React(rseq)))));
        if row.author == model.me() {
            choices.push((words.get("row-mend"), Action::Mend(Some(key))));
        }
    }
    if message.text.is_some() {
        choices.push((words.get("row-copy"), Action::Copy(key)));
    }
    if row.is_live_message() && row.author == model.me() && model.room().is_some_and(|room| !room.state.gone) {
        choices.push((words.get("row-delete"), Action::Delete(key)));
    }
    choices
}

/// Shows the menu at a place of the window, and waits for a choice.
pub(super) fn show(key: RowKey, context: &Context, (x, y): (i32, i32)) {
    let choices = choices(key, context);
    if choices.is_empty() {
        return;
    }
    let colors = &context.theme;
    let mut menu = MenuButton::new(x, y, 1, 1, None).with_type(MenuButtonType::Popup3);
    app::set_menu_linespacing(12);
    menu.clear_visible_focus();
    menu.set_frame(FrameType::BorderBox);
    menu.set_down_frame(FrameType::FlatBox);
    menu.set_color(colors.raised);
    menu.set_selection_color(colors.accent);
    menu.set_text_color(colors.text);
    menu.set_text_font(theme::REGULAR);
    menu.set_text_size(14);
    for (label, _) in &choices {
        // The toolkit leaves no room beside the words.
        menu.add_choice(&format!("  {label}  "));
    }
    let chosen = menu.popup().map(|_| menu.value());
    if let Some((_, action)) =
        chosen.and_then(|index| usize::try_from(index).ok()).and_then(|i| choices.into_iter().nth(i))
    {
        context.push(action);
    }
    app::delete_widget(menu);
}
