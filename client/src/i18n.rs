//! Words in the language of the person, from the Fluent files in `locales/`.
//!
//! Owns the choice of the language and the look-up of a key. Which sentence belongs where is the business of whoever
//! shows it; nothing outside the locale files holds prose that people see.

use std::borrow::Cow;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use tertulia_protocol::ErrorCode;
use unic_langid::LanguageIdentifier;

use crate::model::{Lost, Refusal};

/// A language that the window speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Spanish.
    Es,
    /// English.
    En,
}

impl Language {
    /// The language of a locale name such as `es_AR.UTF-8`, if it is one of ours.
    #[must_use]
    pub fn from_locale(locale: &str) -> Option<Self> {
        match locale.split(['_', '-', '.', '@']).next()?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Es),
            "en" | "c" | "posix" => Some(Self::En),
            _ => None,
        }
    }

    /// The language of the system, by the values of `LC_ALL`, `LC_MESSAGES` and `LANG` in this order: the first that
    /// is set and not empty decides. A language that is not one of ours becomes English.
    #[must_use]
    pub fn from_system<'a>(variables: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let set = variables.into_iter().flatten().find(|value| !value.is_empty());
        set.and_then(Self::from_locale).unwrap_or(Self::En)
    }

    /// Its code (BCP 47).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    fn id(self) -> LanguageIdentifier {
        // Without a language the plurals are those of none, which is still a sentence.
        self.code().parse().unwrap_or_default()
    }

    fn source(self) -> &'static str {
        match self {
            Self::Es => include_str!("../locales/es.ftl"),
            Self::En => include_str!("../locales/en.ftl"),
        }
    }
}

/// The sentences of one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
    language: Language,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Words").field(&self.language).finish()
    }
}

impl Words {
    /// Reads the sentences of a language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let mut bundle = FluentBundle::new(vec![language.id()]);
        // The marks around arguments would be painted as boxes, and our two languages run the same way.
        bundle.set_use_isolating(false);
        // A line that cannot be read is left out, and the tests see to it that there is none.
        let resource = FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(good, _)| good);
        bundle.add_resource_overriding(resource);
        Self { bundle, language }
    }

    /// Which language it is.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// A sentence without arguments.
    #[must_use]
    pub fn get(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A sentence with arguments.
    #[must_use]
    pub fn with(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut fluent = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            fluent.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        let sentence = self.bundle.format_pattern(pattern, Some(&fluent), &mut errors);
        match sentence {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        }
    }

    /// What an error code of a server means.
    #[must_use]
    pub fn error(&self, code: ErrorCode, params: &[String]) -> String {
        let param = |index: usize| FluentValue::from(params.get(index).map_or("", String::as_str));
        self.with(
            &format!("error-{}", code.name()),
            &[("first", param(0)), ("second", param(1)), ("number", code.0.into())],
        )
    }

    /// Why a login was refused.
    #[must_use]
    pub fn refusal(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Server { code, params } => self.error(*code, params),
            Refusal::ServerKeyChanged => self.get("refused-server-key"),
            Refusal::ServerKeyUnproved => self.get("refused-server-unproved"),
            Refusal::ProfileInUse => self.get("refused-profile-in-use"),
            Refusal::Profile(text) => self.with("refused-profile", &[("text", text.as_str().into())]),
        }
    }

    /// Why there is no connection.
    #[must_use]
    pub fn lost(&self, why: Lost) -> String {
        match why {
            Lost::Unreachable => self.get("lost-unreachable"),
            Lost::UnknownHost => self.get("lost-unknown-host"),
            Lost::Closed => self.get("lost-closed"),
            Lost::Silent => self.get("lost-silent"),
            Lost::Slept => self.get("lost-slept"),
            Lost::NotTertulia => self.get("lost-not-tertulia"),
            Lost::Told(code) => self.error(code, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// Each key with the names of its arguments.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        assert!(
            FluentResource::try_new(language.source().to_owned()).is_ok(),
            "{language:?} has a line that is no Fluent"
        );
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last = String::new();
        for line in language.source().lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, _)) = line.split_once(" = ")
                && !key.contains(char::is_whitespace)
            {
                assert!(!keys.contains_key(key), "{key} stands twice in {language:?}");
                last = key.to_owned();
            }
            for part in line.split('$').skip(1) {
                let name = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap();
                keys.entry(last.clone()).or_default().insert(name.to_owned());
            }
            keys.entry(last.clone()).or_default();
        }
        keys.remove("");
        keys
    }

    fn sources(folder: &Path, into: &mut String) {
        #[expect(clippy::disallowed_methods, reason = "the test reads the sources that use the keys")]
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else {
                let source = std::fs::read_to_string(path).unwrap();
                into.push_str(source.split("#[cfg(test)]").next().unwrap());
            }
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(keys(Language::Es), keys(Language::En));
    }

    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        let mut source = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
        let keys = keys(Language::En);
        for key in keys.keys() {
            let by_code = key
                .strip_prefix("error-")
                .is_some_and(|name| name == "unknown" || ErrorCode::ALL.iter().any(|(_, known)| *known == name));
            assert!(by_code || source.contains(&format!("\"{key}\"")), "nothing uses {key}");
        }
        for (_, name) in ErrorCode::ALL {
            assert!(keys.contains_key(&format!("error-{name}")), "no words for {name}");
        }
        // Keys are only ever looked up by these, with the key written out.
        for call in [".get(\"", ".with(\"", ".with(\n"] {
            for part in source.split(call).skip(1) {
                let key = part.trim_start().trim_start_matches('"').split('"').next().unwrap();
                let looks_like_one = key.contains('-') && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                assert!(!looks_like_one || keys.contains_key(key), "there is no {key}");
            }
        }
    }

    #[test]
    fn plurals_dates_and_arguments() {
        let (es, en) = (Words::new(Language::Es), Words::new(Language::En));
        assert_eq!(en.with("list-new", &[("count", 1.into())]), "1 new message");
        assert_eq!(es.with("list-new", &[("count", 2.into())]), "2 mensajes nuevos");
        // Spanish has the category "many" for millions.
        assert_eq!(es.with("list-new", &[("count", 1_000_000.into())]), "1000000 mensajes nuevos");
        let date = [("weekday", 0.into()), ("day", 22.into()), ("month", 11.into()), ("year", "2026".into())];
        assert_eq!(es.with("date", &date), "domingo, 22 de noviembre de 2026");
        assert_eq!(en.with("date", &date), "Sunday, 22 November 2026");
        assert_eq!(en.error(ErrorCode(999), &[]), "The server answered with error 999.");
        let taken = es.error(ErrorCode::NAME_TAKEN, &["ana".into()]);
        assert_eq!(taken, "El nombre ana ya es de otra persona.");
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        for (variables, language) in [
            ([None, None, Some("es_ES.UTF-8")], Language::Es),
            ([Some("C"), None, Some("es_ES.UTF-8")], Language::En),
            ([Some(""), Some("es"), Some("en_US")], Language::Es),
            ([None, None, Some("fr_FR")], Language::En),
            ([None; 3], Language::En),
        ] {
            assert_eq!(Language::from_system(variables), language);
        }
    }
}
