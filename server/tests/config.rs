//! Where every value comes from, and what is said about what is wrong. No process, no file: everything is passed in.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tertulia_server::config::{Config, Environment, Invocation, Listen, LogText, Plaintext, Source, load};
use tertulia_server::limits::{KEYS, Limits};

/// Loads with HOME set and, if given, this text as the file `/d/tertulia.toml`.
fn run(flags: &[&str], variables: &[(&str, &str)], file: Option<&str>) -> Result<Invocation, String> {
    let arguments = ["tertulia-server"].iter().chain(flags).map(OsString::from);
    let environment = [("HOME", "/home/ana")].iter().chain(variables).map(|(k, v)| (k.into(), v.into())).collect();
    load(arguments, &environment, |path| match file {
        Some(text) if path == Path::new("/d/tertulia.toml") => Ok(text.to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    })
    .map_err(|error| error.to_string())
}

fn serve(flags: &[&str], variables: &[(&str, &str)], file: Option<&str>) -> Config {
    match run(flags, variables, file) {
        Ok(Invocation::Serve(config)) => *config,
        other => panic!("{other:?}"),
    }
}

/// What the server serves with when the data directory is `/d` and holds this file.
fn from_file(file: &str) -> Config {
    serve(&["--data", "/d"], &[], Some(file))
}

/// What is said about this file.
fn wrong(file: &str) -> String {
    run(&["--data", "/d"], &[], Some(file)).unwrap_err()
}

fn said(flags: &[&str], file: Option<&str>) -> String {
    match run(flags, &[], file) {
        Ok(Invocation::Say(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn address(text: &str) -> Listen {
    Listen::Address(text.parse::<SocketAddr>().unwrap())
}

#[test]
fn nothing_told_is_enough() {
    let config = serve(&[], &[], None);
    assert_eq!(config.data.value, Path::new("/home/ana/.local/share/tertulia-server"));
    assert_eq!(config.file, None);
    assert_eq!(config.listen.value, [Listen::Everywhere { port: 7667 }]);
    assert!(config.discovery.value);
    assert_eq!(config.plaintext.value, Plaintext::Always);
    assert_eq!(config.log_text.value, LogText::Public);
    assert_eq!(config.limits, Limits::default());
    for source in [config.data.source, config.listen.source, config.discovery.source, config.plaintext.source] {
        assert_eq!(source, Source::Default);
    }
    assert!(config.limit_sources.is_empty());
}

#[test]
fn the_data_directory_has_its_own_order() {
    let all = [("TERTULIA_DATA", "/e"), ("STATE_DIRECTORY", "/s:/t"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
    let expected = [
        ("/e", Source::Environment("TERTULIA_DATA")),
        ("/s", Source::Environment("STATE_DIRECTORY")),
        ("/x/tertulia-server", Source::Default),
        ("/h/.local/share/tertulia-server", Source::Default),
    ];
    for (from, (path, source)) in expected.into_iter().enumerate() {
        let config = serve(&[], &all[from..], None);
        assert_eq!((config.data.value, config.data.source), (PathBuf::from(path), source));
    }
    let config = serve(&["--data", "f"], &all, None);
    assert_eq!((config.data.value, config.data.source), (PathBuf::from("f"), Source::Flag("--data")));

    let empty = serve(&[], &[("TERTULIA_DATA", ""), ("STATE_DIRECTORY", ""), ("XDG_DATA_HOME", "relative")], None);
    assert_eq!(empty.data.value, Path::new("/home/ana/.local/share/tertulia-server"), "empty and relative are nothing");
    let homeless = run(&[], &[("HOME", "")], None).unwrap_err();
    assert!(homeless.contains("--data") && homeless.contains("TERTULIA_DATA"), "{homeless}");
}

/// Every value, told by every set of places: the first of flag, environment, file, default wins.
#[test]
fn flag_before_environment_before_file_before_default() {
    for told in 0..8 {
        let (flag, variable, file) = (told & 4 != 0, told & 2 != 0, told & 1 != 0);
        let mut flags = vec!["--data", "/d"];
        flags.extend(if flag {
            ["--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2", "--no-discovery"].as_slice()
        } else {
            &[]
        });
        let variables: &[_] = if variable {
            &[("TERTULIA_LISTEN", "127.0.0.1:3, 127.0.0.1:4"), ("TERTULIA_NO_DISCOVERY", "no")]
        } else {
            &[]
        };
        let text = "listen = [\"127.0.0.1:5\"]\ndiscovery = false";
        let config = serve(&flags, variables, file.then_some(text));

        let (listen, source, discovery, switch) = match (flag, variable, file) {
            (true, _, _) => (vec![1, 2], Source::Flag("--listen"), false, Source::Flag("--no-discovery")),
            (_, true, _) => {
                let names = ["TERTULIA_LISTEN", "TERTULIA_NO_DISCOVERY"].map(Source::Environment);
                (vec![3, 4], names[0], true, names[1])
            }
            (_, _, true) => (vec![5], Source::File(1), false, Source::File(2)),
            _ => (vec![], Source::Default, true, Source::Default),
        };
        let mut listen: Vec<_> = listen.iter().map(|port| address(&format!("127.0.0.1:{port}"))).collect();
        if listen.is_empty() {
            listen.push(Listen::default());
        }
        assert_eq!((config.listen.value, config.listen.source), (listen, source), "{told:03b}");
        assert_eq!((config.discovery.value, config.discovery.source), (discovery, switch), "{told:03b}");
    }
}

#[test]
fn the_file_is_named_by_flag_environment_or_place() {
    let load_with = |flags: &[&str], variables: &[(&str, &str)]| {
        let arguments = ["tertulia-server", "--data", "/d"].iter().chain(flags).map(OsString::from);
        let environment: Environment = variables.iter().map(|(k, v)| (k.into(), v.into())).collect();
        let mut asked = None;
        let loaded = load(arguments, &environment, |path| {
            asked = Some(path.to_owned());
            Ok("discovery = false".to_owned())
        });
        let Ok(Invocation::Serve(config)) = loaded else { panic!("{loaded:?}") };
        let file = config.file.unwrap();
        assert_eq!(asked.as_ref(), Some(&file.value));
        assert!(!config.discovery.value);
        (file.value.display().to_string(), file.source)
    };
    let variable = ("TERTULIA_CONFIG", "/b");
    assert_eq!(load_with(&["--config", "/a"], &[variable]), ("/a".to_owned(), Source::Flag("--config")));
    assert_eq!(load_with(&[], &[variable]), ("/b".to_owned(), Source::Environment("TERTULIA_CONFIG")));
    assert_eq!(load_with(&[], &[]), ("/d/tertulia.toml".to_owned(), Source::Default));
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let error = run(&["--config", "/a/b.toml"], &[], None).unwrap_err();
    assert_eq!(error, "/a/b.toml: cannot read the configuration file: there is no such file");
    let environment = Environment::new();
    let closed = |data_is_closed: bool| {
        let arguments = ["tertulia-server", "--data", "/d"].map(OsString::from);
        load(arguments, &environment, |path| {
            let is_closed = data_is_closed || path != Path::new("/d");
            Err(if is_closed { io::ErrorKind::PermissionDenied } else { io::ErrorKind::IsADirectory }.into())
        })
    };
    let error = closed(false).unwrap_err().to_string();
    assert!(
        error.starts_with("/d/tertulia.toml: cannot read the configuration file: "),
        "one that is there counts: {error}"
    );
    // A data directory without rights is not a question of configuration: who opens it says so, and ends with 3.
    assert!(matches!(closed(true), Ok(Invocation::Serve(config)) if config.file.is_none()));
}

#[test]
fn every_key_of_the_file_is_read() {
    let config = from_file(
        "# words\nlisten = \"192.168.1.7\"\nplaintext = \"loopback\"\nlog_text = \"none\"\n\n[limits]\nconnections = 5_000\nhandshake_ms = 0x7d0\n",
    );
    assert_eq!(config.listen.value, [address("192.168.1.7:7667")]);
    assert_eq!((config.plaintext.value, config.plaintext.source), (Plaintext::Loopback, Source::File(3)));
    assert_eq!((config.log_text.value, config.log_text.source), (LogText::None, Source::File(4)));
    assert_eq!(config.limits, Limits { connections: 5_000, handshake_ms: 2_000, ..Limits::default() });
    let sources: Vec<_> = config.limit_sources.into_iter().collect();
    assert_eq!(sources, [("connections", Source::File(7)), ("handshake_ms", Source::File(8))]);
    assert_eq!(from_file("plaintext = \"never\"").plaintext.value, Plaintext::Never);
    assert_eq!(from_file("limits.connections = 7").limits.connections, 7);
    assert_eq!(from_file("").limits, Limits::default());
}

#[test]
fn all_that_is_wrong_is_said_with_its_line_and_what_is_allowed() {
    let problems = wrong(
        "lisen = [\":80\"]\n\
         discovery = \"yes\"\n\
         plaintext = \"sometimes\"\n\
         log_text = 3\n\
         listen = [\n  \":80\",\n  \":99999\",\n]\n\
         data = \"/x\"\n\
         handshake_ms = 10\n\
         keep = \"23h\"\n\
         [limits]\n\
         conections = 3\n\
         connections = 0\n\
         drain_ms = \"5s\"\n\
         handshake_ms = -1\n",
    );
    let problems: Vec<_> = problems.lines().collect();
    let expected = [
        (1, "unknown key `lisen`: there are listen, discovery, plaintext, log_text, keep and the table [limits]"),
        (2, "`discovery` is true or false"),
        (3, "`plaintext` is \"always\" or \"loopback\" or \"never\""),
        (4, "`log_text` is \"public\" or \"none\""),
        (7, "`listen`: \":99999\": the port is not a number from 0 to 65535; an address is host:port, :port, port,"),
        (9, "`data` is no key of the file, but a flag: --data"),
        (
            10,
            "unknown key `handshake_ms`: there are listen, discovery, plaintext, log_text, keep and the table [limits]; this one belongs under [limits]",
        ),
        (11, "`keep` is \"forever\" or a time from \"1d\" to \"36500d\", such as \"90d\" or \"1year\""),
        (13, "unknown key `limits.conections`: there are connections, connections_per_address,"),
        (14, "`limits.connections` is a whole number from 1 to 1000000"),
        (15, "`limits.drain_ms` is a whole number from 0 to 60000"),
        (16, "`limits.handshake_ms` is a whole number from 100 to 600000"),
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, (line, text)) in problems.iter().zip(expected) {
        let text = format!("/d/tertulia.toml:{line}: {text}");
        assert!(problem.starts_with(&text), "{problem}\n{text}");
    }
}

#[test]
fn what_is_no_toml_names_the_line_too() {
    for (file, line) in [("a", 1), ("discovery = true\nlisten = [", 2), ("discovery = true\ndiscovery = true\n", 2)] {
        let problem = wrong(file);
        assert!(problem.starts_with(&format!("/d/tertulia.toml:{line}: ")), "{file}: {problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
    assert!(wrong("listen = []").contains("a list of addresses"));
    assert!(wrong("listen = [7667]").contains("an address is a string"));
    assert!(wrong("limits = 3").contains("[limits]"));
}

/// It was good when it was checked, and the start blamed another program for what was its own.
#[test]
fn an_address_that_stands_twice_is_named_wherever_it_stands() {
    let problem = wrong("listen = [\n  \":7667\",\n  \"127.0.0.1:80\",\n  \"0.0.0.0:7667\",\n]");
    assert!(
        problem.starts_with("/d/tertulia.toml:4: `listen`: \"0.0.0.0:7667\" and \":7667\" have addresses in common; "),
        "{problem}"
    );
    let problem = run(&["--listen", ":80", "--listen", "80", "--check-config"], &[], None).unwrap_err();
    assert!(problem.starts_with("flag --listen: \":80\" stands twice; "), "{problem}");
    let problem = run(&[], &[("TERTULIA_LISTEN", "[::1]:80, [::1]:80")], None).unwrap_err();
    assert!(problem.starts_with("environment TERTULIA_LISTEN: \"[::1]:80\" stands twice; "), "{problem}");
    assert_eq!(serve(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"], &[], None).listen.value.len(), 2);
}

#[test]
fn a_key_that_stands_twice_is_named() {
    for (file, line, key) in [
        ("discovery = true\nlog_text = \"none\"\ndiscovery = true\n", 3, "discovery"),
        ("[limits]\ndrain_ms = 1\n\ndrain_ms = 2\n", 4, "drain_ms"),
        ("[limits]\ndrain_ms = 1\n[limits]\nconnections = 2\n", 3, "limits"),
        ("limits.drain_ms = 1\nlimits.drain_ms = 2\n", 2, "drain_ms"),
    ] {
        let expected =
            format!("/d/tertulia.toml:{line}: `{key}` stands here a second time; each key and table stands once");
        assert_eq!(wrong(file), expected, "{file}");
    }
}

#[test]
fn the_environment_is_checked_as_well() {
    let problems = run(&[], &[("TERTULIA_LISTEN", ":80,,x:y"), ("TERTULIA_NO_DISCOVERY", "maybe")], None).unwrap_err();
    let problems: Vec<_> = problems.lines().collect();
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(problems[0].starts_with("environment TERTULIA_LISTEN: \"\": the address is empty"));
    assert!(problems[1].starts_with("environment TERTULIA_LISTEN: \"x:y\": the port"));
    assert!(problems[2].starts_with("environment TERTULIA_NO_DISCOVERY: \"maybe\": it is \"true\" or \"false\""));
    for (word, discovery) in
        [("1", false), ("TRUE", false), ("yes", false), ("0", true), ("false", true), ("No", true), ("", true)]
    {
        assert_eq!(serve(&[], &[("TERTULIA_NO_DISCOVERY", word)], None).discovery.value, discovery, "{word}");
    }
}

#[test]
fn flags_are_checked() {
    for flags in [
        ["--listen", "a:b"].as_slice(),
        &["--listen"],
        &["--port", "80"],
        &["extra"],
        &["--print-config", "--check-config"],
    ] {
        let error = run(flags, &[], None).unwrap_err();
        assert!(error.starts_with("error: ") && !error.ends_with('\n'), "{flags:?}: {error}");
    }
    assert!(run(&["--listen", ":99999"], &[], None).unwrap_err().contains("0 to 65535"));
}

#[test]
fn help_names_every_flag_and_version_the_version() {
    let help = said(&["--help"], None);
    for flag in
        ["--config <FILE>", "--data <DIR>", "--listen <ADDR>", "--no-discovery", "--print-config", "--check-config"]
    {
        assert!(help.contains(flag), "{flag}\n{help}");
    }
    assert!(help.contains("TERTULIA_LISTEN"), "{help}");
    assert_eq!(said(&["--version"], None), format!("tertulia-server {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn checking_says_what_was_checked() {
    let file = Some("discovery = false");
    assert_eq!(said(&["--data", "/d", "--check-config"], file), "the configuration is good: /d/tertulia.toml\n");
    assert_eq!(said(&["--check-config"], None), "the configuration is good; there is no file\n");
    assert!(run(&["--data", "/d", "--check-config"], &[], Some("x = 1")).is_err());
}

#[test]
fn the_printed_configuration_is_a_whole_file_with_sources() {
    let flags = ["--data", "/d", "--listen", "[::1]:80", "--print-config"];
    let page = said(&flags, Some("\nlog_text = \"none\"\n[limits]\ndrain_ms = 7\n"));
    for part in [
        "# Data directory: /d (flag --data)\n",
        "# Configuration file: /d/tertulia.toml (default)\n",
        "# source: flag --listen\nlisten = [\"[::1]:80\"]\n",
        "# source: default\ndiscovery = true\n",
        "# source: default\nplaintext = \"always\"\n",
        "# source: file, line 2\nlog_text = \"none\"\n",
        "# source: file, line 4\ndrain_ms = 7\n",
        "# Connections at once. Kernel memory per socket",
        "# From 1 to 1000000.\n# source: default\nconnections = 20000\n",
    ] {
        assert!(page.contains(part), "{part}\n---\n{page}");
    }
    for key in KEYS {
        assert!(page.contains(&format!("\n{} = ", key.name)), "{}", key.name);
    }
    assert!(page.lines().all(|line| line.chars().count() <= 120 && line.trim_end() == line), "{page}");

    let again = from_file(&page);
    assert_eq!(again.listen.value, [address("[::1]:80")]);
    assert_eq!(again.log_text.value, LogText::None);
    assert_eq!(again.limits, Limits { drain_ms: 7, ..Limits::default() });
    assert_eq!(again.limit_sources.len(), KEYS.len(), "the page tells every value");
}

#[test]
fn a_newline_in_a_path_cannot_become_a_key() {
    let page = said(&["--data", "/d\ndiscovery = false\n#", "--print-config"], None);
    assert!(!page.contains("\ndiscovery = false") && page.contains("\ndiscovery = true"), "{page}");
}

proptest! {
    /// Whatever the configuration is, the page that shows it configures the same.
    #[test]
    fn what_is_printed_can_be_read_again(
        ports in prop::collection::btree_set(any::<u16>(), 1..4),
        switch in any::<bool>(),
        plaintext in 0..3_usize,
        log_text in 0..2_usize,
        shares in prop::collection::vec(any::<u64>(), KEYS.len()),
    ) {
        let mut file = format!(
            "listen = [{}]\ndiscovery = {switch}\nplaintext = \"{}\"\nlog_text = \"{}\"\n[limits]\n",
            ports.iter().map(|port| format!("\"[fd00::7]:{port}\"")).collect::<Vec<_>>().join(","),
            Plaintext::WORDS[plaintext].0,
            LogText::WORDS[log_text].0,
        );
        for (key, share) in KEYS.iter().zip(shares) {
            file.push_str(&format!("{} = {}\n", key.name, key.min + share % (key.max - key.min + 1)));
        }
        let config = from_file(&file);
        let again = from_file(&said(&["--data", "/d", "--print-config"], Some(&file)));
        prop_assert_eq!(again.listen.value, config.listen.value);
        prop_assert_eq!(again.discovery.value, config.discovery.value);
        prop_assert_eq!(again.plaintext.value, config.plaintext.value);
        prop_assert_eq!(again.log_text.value, config.log_text.value);
        prop_assert_eq!(again.limits, config.limits);
    }

    #[test]
    fn no_file_can_make_it_panic(file in "\\PC*|([a-z_]{1,9}(\\.[a-z]+)? ?= ?[\"0-9a-z\\[\\]{},.: -]{0,12}\n){0,6}") {
        _ = run(&["--data", "/d"], &[], Some(&file));
    }
}
