//! `tertulia-cli` as a process, against the real server: what is printed, where, and with which exit code.

#[cfg(test)]
#[path = "support/server.rs"]
mod server;
#[cfg(test)]
#[path = "support/terminal.rs"]
mod terminal;

#[cfg(test)]
mod cli {
    use super::{
        server::Server,
        terminal::{Cli, mute_listener},
    };

    fn server() -> (tempfile::TempDir, Server, Cli) {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start_anywhere(data.path());
        let cli = Cli::new(server.address);
        (data, server, cli)
    }

    #[test]
    fn what_is_sent_is_silent_and_there() {
        let (_data, _server, cli) = server();
        assert_eq!(cli.ok(&["--name", "ana", "send", "hola, ñandú 🎉"]), "");
        let run = cli.run(&["--name", "luis", "send", "--room", "general"], "two\nlines\n\n".as_bytes());
        assert_eq!((run.code, run.output.as_str(), run.errors.as_str()), (0, "", ""));

        let printed = cli.ok(&["--name", "ana", "tail", "--no-follow"]);
        let lines: Vec<&str> = printed.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(lines, ["ana: hola, ñandú 🎉", "luis: two\\nlines"]);

        let printed = cli.ok(&["--name", "ana", "tail", "--no-follow", "--json", "--from", "2"]);
        let line: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["room", "rseq", "seq", "text", "time", "user"]);
        assert_eq!(
            (&line["room"], &line["user"], &line["text"]),
            (&"general".into(), &"luis".into(), &"two\nlines".into())
        );
        assert_eq!(line["rseq"], 2);
    }

    #[test]
    fn a_message_cannot_command_the_terminal() {
        let (_data, _server, cli) = server();
        cli.ok(&["--name", "ana", "send", "\u{1b}[2J\u{202e}boo"]);
        let printed = cli.ok(&["--name", "ana", "tail", "--no-follow"]);
        assert!(printed.ends_with(" ana: \\u{1b}[2J\\u{202e}boo\n"), "{printed:?}");
    }

    #[test]
    fn the_same_id_is_stored_once() {
        let (_data, _server, cli) = server();
        let send = ["--name", "ana", "send", "--id", "01920000-0000-7000-8000-000000000001", "once"];
        cli.ok(&send);
        cli.ok(&send);
        assert_eq!(cli.ok(&["--name", "ana", "tail", "--no-follow"]).lines().count(), 1);
    }

    #[test]
    fn more_than_a_page_comes_whole_and_in_order() {
        let (_data, _server, cli) = server();
        let long = "x".repeat(12_000);
        for i in 0..60 {
            cli.ok(&["--name", "ana", "send", &format!("{i} {long}")]);
        }
        let number = |line: &str| line.split(' ').nth(2).unwrap().parse::<u32>().unwrap();
        let all: Vec<u32> =
            cli.ok(&["--name", "ana", "tail", "--no-follow", "--from", "start"]).lines().map(number).collect();
        assert_eq!(all, (0..60).collect::<Vec<_>>());
        let last: Vec<u32> = cli.ok(&["--name", "ana", "tail", "--no-follow"]).lines().map(number).collect();
        assert_eq!(last, (10..60).collect::<Vec<_>>(), "the last 50");
    }

    #[test]
    fn tail_follows_through_a_killed_server() {
        let (data, server, cli) = server();
        cli.ok(&["--name", "ana", "send", "one"]);
        let mut tail = cli.start(&["--name", "luis", "tail", "--from", "start"]);
        assert!(tail.line().ends_with(" ana: one\n"));
        cli.ok(&["--name", "ana", "send", "two"]);
        assert!(tail.line().ends_with(" ana: two\n"));

        let address = server.kill();
        let _server = Server::start(data.path(), &address.to_string());
        cli.ok(&["--name", "ana", "send", "three"]);
        assert!(tail.line().ends_with(" ana: three\n"));
    }

    #[test]
    fn tail_alone_prints_what_is_new() {
        let (_data, _server, cli) = server();
        cli.ok(&["--name", "ana", "send", "old"]);
        let mut tail = cli.start(&["--name", "luis", "tail"]);
        // It is there once it is online, and what it may miss until then is old to it.
        while !cli.ok(&["--name", "ana", "users"]).contains("luis") {}
        for i in 0.. {
            cli.ok(&["--name", "ana", "send", &format!("new {i}")]);
            if i == 3 {
                break;
            }
        }
        assert!(tail.line().contains(" ana: new "));
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let (_data, _server, cli) = server();
        cli.ok(&["--name", "ana", "send", "one"]);
        let mut tail = cli.start(&["--name", "luis", "tail", "--from", "start"]);
        tail.line();
        tail.close_output();
        cli.ok(&["--name", "ana", "send", "nobody reads this there"]);
        assert_eq!(tail.end(), (0, String::new()));
    }

    #[test]
    fn users_lists_who_is_online() {
        let (_data, _server, cli) = server();
        let mut tail = cli.start(&["--name", "Zoë", "tail", "--from", "start"]);
        cli.ok(&["--name", "ana", "send", "hi"]);
        tail.line();
        let users = cli.ok(&["--name", "bea", "users"]);
        let users: Vec<&str> = users.lines().collect();
        assert!(users.is_sorted() && users.contains(&"Zoë") && users.contains(&"bea"), "{users:?}");
        assert!(cli.ok(&["--name", "bea", "users", "--json"]).contains("{\"user\":\"Zoë\",\"id\":"));
    }

    #[test]
    fn refusals_have_their_codes() {
        let (_data, _server, cli) = server();
        cli.ok(&["--name", "ana", "send", "hi"]);
        let check = |args: &[&str], code: i32, begins: &str| {
            let run = cli.run(args, b"");
            assert_eq!(run.code, code, "{run:?}");
            assert!(run.errors.starts_with(begins) && run.errors.lines().count() == 1, "{run:?}");
            assert_eq!(run.output, "");
        };
        check(&["--name", "ana", "send", "--room", "nowhere", "hi"], 1, "no_room: ");
        check(&["--name", "ana", "tail", "--room", "nowhere"], 1, "no_room: ");
        check(&["--name", "ANA", "users"], 4, "name_taken: ");
        let profile = cli.home().join("tertulia/name-ana");
        check(&["--name", "eva", "--profile", profile.to_str().unwrap(), "users"], 4, "key_has_name: ");
        check(&["users"], 2, "name_needed: ");
    }

    #[test]
    fn a_profile_remembers_server_and_name() {
        let (_data, _server, cli) = server();
        let profile = cli.home().join("mine");
        let profile = profile.to_str().unwrap();
        cli.ok(&["--name", "ana", "--profile", profile, "send", "hi"]);
        assert_eq!(cli.ok(&["--profile", profile, "users"]), "ana\n");
    }

    #[test]
    fn a_server_with_another_key_is_not_spoken_to() {
        let (_data, server, cli) = server();
        cli.ok(&["--name", "ana", "send", "hi"]);
        let address = server.kill();
        let other_data = tempfile::tempdir().unwrap();
        let _other = Server::start(other_data.path(), &address.to_string());
        let run = cli.run(&["--name", "ana", "send", "hi"], b"");
        assert_eq!(run.code, 4);
        assert!(run.errors.starts_with("server_key_changed: "), "{run:?}");
    }

    #[test]
    fn what_is_not_acknowledged_is_not_said_to_be_sent() {
        let (_listener, address) = mute_listener();
        let mut cli = Cli::new(address);
        let run = cli.run(&["--name", "ana", "--timeout", "400ms", "send", "hi"], b"");
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.errors.starts_with("timeout: "), "{run:?}");

        cli.set_server(([127, 0, 0, 1], 1).into());
        let run = cli.run(&["--name", "ana", "--timeout", "400ms", "tail"], b"");
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.errors.starts_with("not_reached: "), "{run:?}");
    }
}
