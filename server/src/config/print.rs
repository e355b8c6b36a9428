//! The configuration as a file: the manual of every key, and where its present value comes from.

use std::fmt::Write;

use super::{Config, Listen, Source, Value};
use crate::limits;

/// A complete file that would configure the same server. Comments tell the rest.
pub(super) fn as_toml(config: &Config) -> String {
    let mut page = Page(String::new());
    page.comment(
        "The configuration of tertulia-server. Every key is optional; a flag or the environment wins over it.",
    );
    page.comment(&format!("Data directory: {} ({})", quoted(&config.data.value), config.data.source));
    match &config.file {
        Some(file) => page.comment(&format!("Configuration file: {} ({})", quoted(&file.value), file.source)),
        None => page.comment("Configuration file: none"),
    }

    page.key(
        " Where to listen. \":7667\" is every address of this computer, IPv6 and IPv4; \"192.168.1.7:7667\" and\n \
         \"[fd00::7]:7667\" are one address each; \"casa.example:7667\" is all that the name stands for. Without a port\n \
         it is 7667.\n",
        "listen",
        &listen(&config.listen.value),
        config.listen.source,
    );
    page.key(
        " Whether the server shows itself on the network, so that clients find it without being told: true or false.\n \
         This version does not show itself yet, whatever stands here.\n",
        "discovery",
        &config.discovery.value.to_string(),
        config.discovery.source,
    );
    page.key(
        " Who may talk without encryption: \"always\" is everybody, \"loopback\" programs on this computer, \"never\"\n \
         nobody. What people say without encryption can be read by whoever is on the way.\n",
        "plaintext",
        &format!("\"{}\"", config.plaintext.value.word()),
        config.plaintext.source,
    );
    page.key(
        " Which texts are written to the activity log, logs.json: \"public\" is those of public rooms, \"none\" none. Texts\n \
         of private rooms and direct messages are never written. A text that is deleted stays in the activity log.\n",
        "log_text",
        &format!("\"{}\"", config.log_text.value.word()),
        config.log_text.source,
    );

    page.key(
        " For how long what is said is kept: \"forever\", or a time such as \"90d\" (at least a day). What is older is erased\n \
         for good, on the server and by the clients. A room's owners may choose a shorter time for it.\n",
        "keep",
        &format!("\"{}\"", config.keep.value),
        config.keep.source,
    );

    page.0.push_str("\n# Whole numbers all: _ms are milliseconds, _bytes are bytes.\n[limits]\n");
    for key in limits::KEYS {
        let source = config.limit_sources.get(key.name).copied().unwrap_or(Source::Default);
        let doc = format!("{} From {} to {}.\n", key.doc, key.min, key.max);
        page.key(&doc, key.name, &key.get(&config.limits).to_string(), source);
    }
    page.0
}

/// What `--check-config` says when there is nothing to mend.
pub(super) fn verdict(config: &Config) -> String {
    match &config.file {
        Some(Value { value, .. }) => format!("the configuration is good: {}\n", quoted(value)),
        None => "the configuration is good; there is no file\n".to_owned(),
    }
}

/// Addresses as the file has them.
pub(super) fn listen(addresses: &[Listen]) -> String {
    let addresses: Vec<_> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
    format!("[{}]", addresses.join(", "))
}

/// A path on one line, whatever characters it holds: a newline in it must not end the comment.
pub(super) fn quoted(path: &std::path::Path) -> String {
    path.display().to_string().escape_debug().to_string()
}

struct Page(String);

impl Page {
    fn comment(&mut self, text: &str) {
        // Writing to a string cannot fail.
        _ = writeln!(self.0, "# {text}");
    }

    fn key(&mut self, doc: &str, name: &str, value: &str, source: Source) {
        self.0.push('\n');
        for line in doc.lines() {
            _ = writeln!(self.0, "#{line}");
        }
        _ = writeln!(self.0, "# source: {source}\n{name} = {value}");
    }
}
