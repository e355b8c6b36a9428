//! Every colour and every font of the window, in light and dark.
//!
//! Owns the palette: no other file names a colour. Warm greys and one terracotta accent, flat surfaces that differ
//! by tone rather than by lines. The contrast of everything that is read is held by a test (WCAG 2.2: 4.5 to 1).

use fltk::enums::{Color, Font};
use tertulia_protocol::UserId;

use super::row_layout::Style;

/// What the person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// As the desktop is.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Choice {
    /// Whether to be dark, given what is known of the desktop: `GTK_THEME` and the text of GTK's `settings.ini`.
    /// Other desktops write the latter too, for the sake of GTK programs. What nobody says is light.
    #[must_use]
    pub fn is_dark(self, gtk_theme: Option<&str>, gtk_settings: Option<&str>) -> bool {
        match self {
            Self::Light => false,
            Self::Dark => true,
            Self::Auto => {
                let dark = |name: &str| name.to_ascii_lowercase().contains("dark");
                if let Some(theme) = gtk_theme.filter(|theme| !theme.is_empty()) {
                    return dark(theme);
                }
                gtk_settings.unwrap_or_default().lines().any(|line| {
                    line.split_once('=').is_some_and(|(key, value)| match key.trim() {
                        "gtk-application-prefer-dark-theme" => matches!(value.trim(), "1" | "true"),
                        "gtk-theme-name" => dark(value),
                        _ => false,
                    })
                })
            }
        }
    }
}

/// A palette.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Behind the conversation.
    pub surface: Color,
    /// Behind the rooms and the people.
    pub side: Color,
    /// What lies on top: cards, fields.
    pub raised: Color,
    /// Lines between surfaces, and borders.
    pub line: Color,
    /// Text.
    pub text: Color,
    /// Text that steps back.
    pub faint: Color,
    /// What can be acted upon.
    pub accent: Color,
    /// Text on the accent.
    pub on_accent: Color,
    /// Under the pointer.
    pub hover: Color,
    /// Chosen.
    pub selected: Color,
    /// Behind what mentions the person.
    pub mention: Color,
    /// What went wrong.
    pub problem: Color,
    /// What works.
    pub good: Color,
    /// What needs patience.
    pub waiting: Color,
    /// Selected text.
    pub selection: Color,
    people: [Color; 12],
}

const fn rgb(hex: u32) -> Color {
    Color::from_hex(hex)
}

impl Theme {
    /// The light one.
    pub const LIGHT: Self = Self {
        surface: rgb(0x00ff_ffff),
        side: rgb(0x00f5_f3ef),
        raised: rgb(0x00fa_f9f6),
        line: rgb(0x00e3_dfd8),
        text: rgb(0x0023_2224),
        faint: rgb(0x006b_6a6e),
        accent: rgb(0x00b0_4526),
        on_accent: rgb(0x00ff_ffff),
        hover: rgb(0x00f7_f5f1),
        selected: rgb(0x00f6_e7df),
        mention: rgb(0x00fd_f5ee),
        problem: rgb(0x00b3_261e),
        good: rgb(0x002c_8a4b),
        waiting: rgb(0x00b3_7400),
        selection: rgb(0x00f3_cdbb),
        people: [
            rgb(0x00b0_4526),
            rgb(0x008a_5a00),
            rgb(0x005c_6b00),
            rgb(0x001f_7a3d),
            rgb(0x0000_7670),
            rgb(0x000b_6ba3),
            rgb(0x003f_5bd0),
            rgb(0x006b_4bc8),
            rgb(0x008e_3fb0),
            rgb(0x00b0_307a),
            rgb(0x009a_3b4b),
            rgb(0x0053_626f),
        ],
    };

    /// The dark one.
    pub const DARK: Self = Self {
        surface: rgb(0x001f_1f21),
        side: rgb(0x0018_181a),
        raised: rgb(0x0029_292c),
        line: rgb(0x0036_3639),
        text: rgb(0x00e8_e6e3),
        faint: rgb(0x00a2_a0a3),
        accent: rgb(0x00f0_9370),
        on_accent: rgb(0x0023_1209),
        hover: rgb(0x0026_2628),
        selected: rgb(0x003d_2c25),
        mention: rgb(0x002a_2422),
        problem: rgb(0x00ff_8f85),
        good: rgb(0x006c_c78a),
        waiting: rgb(0x00e6_b450),
        selection: rgb(0x0065_4334),
        people: [
            rgb(0x00f0_9370),
            rgb(0x00e0_b65e),
            rgb(0x00c3_cc62),
            rgb(0x0084_d099),
            rgb(0x0066_cdc3),
            rgb(0x0074_bdec),
            rgb(0x009d_b0ff),
            rgb(0x00bb_a5ff),
            rgb(0x00d8_9cf0),
            rgb(0x00f3_98c4),
            rgb(0x00f0_9a9f),
            rgb(0x00ae_bac6),
        ],
    };

    /// The colour of a person: the one next to what the person chose, or the same of chance on every computer and every day.
    #[must_use]
    pub fn person(&self, user: UserId, hue: Option<u16>) -> Color {
        if let Some(hue) = hue {
            return self.people.get(usize::from(hue / 30)).copied().unwrap_or(self.text);
        }
        // Neighbouring numbers, as of people who came on the same day, get colours that are far apart.
        let index = usize::try_from(user.0.wrapping_mul(7) % self.people.len() as u64).unwrap_or_default();
        self.people.get(index).copied().unwrap_or(self.text)
    }

    /// The colour of a style.
    #[must_use]
    pub fn ink(&self, style: Style) -> Color {
        match style {
            Style::Body | Style::Name | Style::System => self.text,
            Style::BodyFaint | Style::Small | Style::Day | Style::Quote | Style::Note => self.faint,
            Style::Chip => self.text,
            Style::Problem => self.problem,
            Style::Link => self.accent,
        }
    }
}

/// Text of usual weight.
pub const REGULAR: Font = Font::Helvetica;
/// Text that stands out.
pub const STRONG: Font = Font::HelveticaBold;

/// Tells the toolkit which fonts to use: the first of these families that is installed. Pango takes what a font lacks,
/// such as emoji, from the others of the system.
pub fn install_fonts() {
    const FAMILIES: &str = "Inter,Noto Sans,Cantarell,Ubuntu,DejaVu Sans,sans";
    Font::set_font(REGULAR, FAMILIES);
    Font::set_font(STRONG, &format!("{FAMILIES} Semi-Bold"));
}

/// The font and the size of a style.
#[must_use]
pub fn font(style: Style) -> (Font, i32) {
    match style {
        Style::Body | Style::BodyFaint => (REGULAR, 15),
        Style::Name => (STRONG, 15),
        Style::Small => (REGULAR, 12),
        Style::Quote | Style::Note | Style::Chip => (REGULAR, 13),
        Style::Day => (STRONG, 12),
        Style::System | Style::Problem => (REGULAR, 14),
        Style::Link => (STRONG, 14),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color) -> f64 {
        let (r, g, b) = color.to_rgb();
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn everything_that_is_read_can_be_read() {
        for theme in [Theme::LIGHT, Theme::DARK] {
            let grounds = [theme.surface, theme.side, theme.raised, theme.hover, theme.mention];
            let inks = [theme.text, theme.faint, theme.accent, theme.problem];
            for ground in grounds {
                for ink in inks.iter().chain(&theme.people) {
                    assert!(contrast(*ink, ground) >= 4.5, "{ink:?} on {ground:?}: {}", contrast(*ink, ground));
                }
            }
            assert!(contrast(theme.text, theme.selected) >= 4.5);
            assert!(contrast(theme.accent, theme.selected) >= 4.5);
            assert!(contrast(theme.text, theme.selection) >= 4.5);
            assert!(contrast(theme.on_accent, theme.accent) >= 4.5);
            for person in theme.people {
                assert!(contrast(theme.surface, person) >= 4.5, "the letter in the picture");
            }
        }
    }

    #[test]
    fn the_desktop_says_whether_it_is_dark() {
        let auto = Choice::Auto;
        assert!(!auto.is_dark(None, None));
        assert!(auto.is_dark(Some("Adwaita:dark"), None));
        assert!(!auto.is_dark(Some("Adwaita"), Some("gtk-application-prefer-dark-theme=1")));
        assert!(auto.is_dark(None, Some("[Settings]\ngtk-application-prefer-dark-theme = true\n")));
        assert!(auto.is_dark(Some(""), Some("gtk-theme-name=Breeze-Dark")));
        assert!(Choice::Dark.is_dark(None, None) && !Choice::Light.is_dark(Some("dark"), None));
    }
}
