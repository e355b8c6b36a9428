//! The window program. For now an empty window, which shows that the toolkit builds and paints.

use std::process::ExitCode;

use fltk::{app, enums::Color, prelude::*, window::Window};

fn main() -> ExitCode {
    let app = app::App::default();
    let mut window = Window::default().with_size(960, 640).with_label("Tertulia");
    window.set_xclass("tertulia");
    window.set_color(Color::White);
    window.end();
    window.show();
    match app.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
