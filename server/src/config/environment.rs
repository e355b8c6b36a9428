//! The environment: what stands for flags, and where a program of this user keeps its data.

use std::path::{Path, PathBuf};

use super::{Environment, Layer, Listen, Source, Value, variable};

/// Said when there is no place for data.
pub(super) const NO_HOME: &str =
    "no data directory: neither HOME nor XDG_DATA_HOME is set; name one with --data DIR or TERTULIA_DATA";

/// Everything but the paths.
pub(super) fn read(environment: &Environment, problems: &mut Vec<String>) -> Layer {
    let mut text = |name: &'static str| match variable(environment, name)?.to_str() {
        Some(text) => Some((text, Source::Environment(name))),
        None => {
            problems.push(format!("environment {name}: it is not text in UTF-8"));
            None
        }
    };
    let listen = text("TERTULIA_LISTEN");
    let no_discovery = text("TERTULIA_NO_DISCOVERY");

    let mut layer = Layer::default();
    if let Some((told, source)) = listen {
        let mut value = Vec::new();
        for address in told.split(',') {
            match address.trim().parse::<Listen>() {
                Ok(address) => value.push(address),
                Err(wrong) => problems.push(format!("environment TERTULIA_LISTEN: {:?}: {wrong}", address.trim())),
            }
        }
        if let Some((_, what)) = Listen::doubled(&value) {
            problems.push(format!("environment TERTULIA_LISTEN: {what}"));
        }
        layer.listen = Some(Value { value, source });
    }
    if let Some((told, source)) = no_discovery {
        match told.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => layer.discovery = Some(Value { value: false, source }),
            "0" | "false" | "no" => layer.discovery = Some(Value { value: true, source }),
            _ => problems.push(format!("environment TERTULIA_NO_DISCOVERY: {told:?}: it is \"true\" or \"false\"")),
        }
    }
    layer
}

/// A path that a variable holds; it need not be UTF-8.
pub(super) fn path(environment: &Environment, name: &'static str) -> Option<Value<PathBuf>> {
    let value = PathBuf::from(variable(environment, name)?);
    Some(Value { value, source: Source::Environment(name) })
}

/// Where the data lies, unless a flag says otherwise.
///
/// systemd makes the directories that a unit calls its state, and names them in `STATE_DIRECTORY`, separated by colons;
/// the first is ours. A person's own data lies where the XDG Base Directory Specification puts it, which also says
/// that a path there which is not absolute is to be ignored.
pub(super) fn data(environment: &Environment) -> Option<Value<PathBuf>> {
    let absolute = |name: &str| variable(environment, name).map(Path::new).filter(|path| path.is_absolute());
    if let Some(told) = path(environment, "TERTULIA_DATA") {
        return Some(told);
    }
    if let Some(first) = variable(environment, "STATE_DIRECTORY").and_then(|dirs| std::env::split_paths(dirs).next()) {
        return Some(Value { value: first, source: Source::Environment("STATE_DIRECTORY") });
    }
    let home = absolute("XDG_DATA_HOME")
        .map(Path::to_owned)
        .or_else(|| Some(absolute("HOME")?.join(".local").join("share")))?;
    Some(Value { value: home.join("tertulia-server"), source: Source::Default })
}
