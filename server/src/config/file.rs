//! The configuration file: TOML in which every key is known and every problem has a line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Keep, Layer, Listen, LogText, Plaintext, Source, Value};
use crate::limits::{self, LimitKey, Limits};

/// The keys outside any table.
const KEYS: [&str; 5] = ["listen", "discovery", "plaintext", "log_text", "keep"];

type Item<'i> = Spanned<DeValue<'i>>;

/// Reads a whole file. `name` is what problems call it; each problem names the line.
pub(super) fn read(name: &str, text: &str, problems: &mut Vec<String>) -> Layer {
    let mut reader = Reader { name, text, problems, layer: Layer::default() };
    match DeTable::parse(text) {
        Ok(document) => reader.document(document.get_ref()),
        Err(error) => {
            let line = reader.line(error.span().map_or(0, |span| span.start));
            let what = match error.span().and_then(|span| text.get(span)) {
                Some(key) if error.message() == "duplicate key" => {
                    format!("`{key}` stands here a second time; each key and table stands once")
                }
                _ => error.message().replace('\n', "; "),
            };
            reader.problem(line, &what);
        }
    }
    reader.layer
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    problems: &'a mut Vec<String>,
    layer: Layer,
}

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>) {
        let mut keys: Vec<_> = document.iter().collect();
        // Problems in the order of the file, not of the alphabet.
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, item) in keys {
            let line = self.line(key.span().start);
            match key.get_ref().as_ref() {
                "listen" => self.layer.listen = self.listen(line, item),
                "discovery" => self.layer.discovery = self.switch("discovery", line, item),
                "plaintext" => self.layer.plaintext = self.word("plaintext", line, item, Plaintext::WORDS),
                "log_text" => self.layer.log_text = self.word("log_text", line, item, LogText::WORDS),
                "keep" => self.layer.keep = self.keep(line, item),
                "limits" => match item.get_ref().as_table() {
                    Some(table) => self.limits(table),
                    None => self.problem(line, "`limits` is a table: [limits]"),
                },
                "data" | "config" => {
                    self.problem(
                        line,
                        &format!("`{key}` is no key of the file, but a flag: --{key}", key = key.get_ref()),
                    );
                }
                unknown => {
                    let known = KEYS.join(", ");
                    // A limit without its table is the most likely slip.
                    let hint = if limit(unknown).is_some() { "; this one belongs under [limits]" } else { "" };
                    self.problem(
                        line,
                        &format!("unknown key `{unknown}`: there are {known} and the table [limits]{hint}"),
                    );
                }
            }
        }
    }

    fn limits(&mut self, table: &DeTable<'_>) {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (name, item) in keys {
            let line = self.line(name.span().start);
            let Some(key) = limit(name.get_ref()) else {
                let known: Vec<_> = limits::KEYS.iter().map(|key| key.name).collect();
                let unknown = name.get_ref();
                self.problem(line, &format!("unknown key `limits.{unknown}`: there are {}", known.join(", ")));
                continue;
            };
            let told = item.get_ref().as_integer().and_then(|i| u64::from_str_radix(i.as_str(), i.radix()).ok());
            // Setting it in a draft tells whether it can be set.
            match told.map(|value| key.set(&mut Limits::default(), value).map(|()| value)) {
                Some(Ok(value)) => self.layer.limits.push((key, Value { value, source: Source::File(line) })),
                Some(Err(range)) => self.problem(line, &format!("`limits.{}` is {range}", key.name)),
                None => {
                    let (name, min, max) = (key.name, key.min, key.max);
                    self.problem(line, &format!("`limits.{name}` is a whole number from {min} to {max}"));
                }
            }
        }
    }

    fn listen(&mut self, line: usize, item: &Item<'_>) -> Option<Value<Vec<Listen>>> {
        let one = std::slice::from_ref(item);
        let items = match item.get_ref() {
            DeValue::String(_) => one,
            DeValue::Array(items) if !items.is_empty() => items,
            _ => {
                self.problem(
                    line,
                    "`listen` is a list of addresses, such as [\":7667\"] or [\"192.168.1.7:7667\", \"[::1]:7667\"]",
                );
                return None;
            }
        };
        let (mut value, mut lines) = (Vec::new(), Vec::new());
        for item in items {
            let line = self.line(item.span().start);
            match item.get_ref().as_str().map(str::parse) {
                Some(Ok(address)) => {
                    value.push(address);
                    lines.push(line);
                }
                Some(Err(wrong)) => {
                    let wrong: super::InvalidListen = wrong;
                    self.problem(
                        line,
                        &format!("`listen`: {:?}: {wrong}", item.get_ref().as_str().unwrap_or_default()),
                    );
                }
                None => self.problem(line, "`listen`: an address is a string, such as \":7667\""),
            }
        }
        if let Some((at, what)) = Listen::doubled(&value) {
            self.problem(lines[at], &format!("`listen`: {what}"));
        }
        Some(Value { value, source: Source::File(line) })
    }

    fn switch(&mut self, key: &str, line: usize, item: &Item<'_>) -> Option<Value<bool>> {
        let told = item.get_ref().as_bool();
        if told.is_none() {
            self.problem(line, &format!("`{key}` is true or false"));
        }
        told.map(|value| Value { value, source: Source::File(line) })
    }

    fn word<T: Copy>(&mut self, key: &str, line: usize, item: &Item<'_>, words: &[(&str, T)]) -> Option<Value<T>> {
        let told = item.get_ref().as_str().and_then(|word| words.iter().find(|(known, _)| *known == word));
        if told.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.problem(line, &format!("`{key}` is {}", known.join(" or ")));
        }
        told.map(|(_, value)| Value { value: *value, source: Source::File(line) })
    }

    fn keep(&mut self, line: usize, item: &Item<'_>) -> Option<Value<Keep>> {
        match item.get_ref().as_str().map(str::parse) {
            Some(Ok(value)) => Some(Value { value, source: Source::File(line) }),
            _ => {
                self.problem(line, &format!("`keep` is {}", Keep::EXPECTED));
                None
            }
        }
    }

    fn problem(&mut self, line: usize, what: &str) {
        self.problems.push(format!("{}:{line}: {what}", self.name));
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }
}

fn limit(name: &str) -> Option<&'static LimitKey> {
    limits::KEYS.iter().find(|key| key.name == name)
}
