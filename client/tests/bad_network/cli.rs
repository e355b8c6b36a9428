//! `tertulia-cli` on a bad network: its exit codes are the truth, and the same `--id` again is harmless.

use std::time::Duration;

use tertulia_client::network::Stopwatch;

use crate::{
    black_hole::BlackHole,
    proxy::{Cut, Proxy, Then, Way, Weather},
    server::Server,
    terminal::{Cli, Run},
};

/// What a run that was given less time than this may take at most: it did not hang.
const SOON: Duration = Duration::from_secs(8);

struct Scene {
    _data: tempfile::TempDir,
    _server: Server,
    proxy: Proxy,
    /// Behind the proxy.
    cli: Cli,
    /// With a good connection.
    other: Cli,
}

fn scene() -> Scene {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_anywhere(data.path());
    let proxy = Proxy::new(server.address);
    let (cli, other) = (Cli::new(proxy.address), Cli::new(server.address));
    Scene { _data: data, _server: server, proxy, cli, other }
}

impl Scene {
    fn send(&self, timeout: &str, id: &str, text: &str) -> Run {
        self.cli.run(&["--name", "ana", "--timeout", timeout, "send", "--id", id, text], b"")
    }

    /// Everything that was ever said, as somebody with a good connection reads it.
    fn said(&self) -> Vec<String> {
        let lines = self.other.ok(&["--name", "luis", "tail", "--no-follow", "--from", "start"]);
        lines.lines().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
    }

    /// How many bytes a whole `send` of a text of three letters passes, up and down.
    fn bytes_of_a_send(&self) -> [u64; 2] {
        // The first one makes the key and claims the name, the second is like all that follow.
        let mut before = [0; 2];
        for (number, text) in [(1, "abc"), (2, "def")] {
            before = self.proxy.seen().passed;
            let run = self.send("10s", &id(number), text);
            assert_eq!(run.code, 0, "{run:?}");
            self.proxy.waits_for("the end of a send", |seen| seen.open == 0);
        }
        let after = self.proxy.seen().passed;
        [after[0] - before[0], after[1] - before[1]]
    }
}

fn id(number: u64) -> String {
    format!("01920000-0000-7000-8000-{number:012}")
}

#[test]
fn a_send_without_an_answer_says_so_and_again_it_stands_once() {
    let scene = scene();
    let [up, _] = scene.bytes_of_a_send();
    // Stalled when the server has the message and its answer is on the way; and with the last byte still missing.
    for (number, passes, text, arrived) in [(3, up, "ghi", true), (4, up - 1, "jkl", false)] {
        let before = scene.said();
        scene.proxy.after(Way::Up, passes, Then::Stall);
        let watch = Stopwatch::start();
        let run = scene.send("700ms", &id(number), text);
        let took = watch.elapsed();
        assert_eq!((run.code, run.output.as_str()), (3, ""), "{run:?}");
        assert!(run.errors.starts_with("unknown: sent, but not acknowledged in time"), "{run:?}");
        assert!(run.errors.contains(&format!("--id {}", id(number))) && run.errors.lines().count() == 1, "{run:?}");
        assert!((Duration::from_millis(700)..SOON).contains(&took), "{took:?}");
        let is_there = scene.said().len() > before.len();
        assert_eq!(is_there, arrived, "both are possible, so neither is claimed");

        scene.proxy.cut_into(Cut::Reset, Weather::Clear);
        let run = scene.send("10s", &id(number), text);
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{run:?}");
    }
    assert_eq!(scene.said(), ["abc", "def", "ghi", "jkl"]);
}

#[test]
fn a_send_that_is_cut_anywhere_arrives_once() {
    let scene = scene();
    let [up, down] = scene.bytes_of_a_send();
    let mut expected = vec!["abc".to_owned(), "def".to_owned()];
    // In the first and in the last byte of what is said, and at odd places between.
    let places = |all: u64| [1, all / 5, all / 2 + 1, all * 4 / 5, all - 1, all];
    let ups = places(up).map(|bytes| (Way::Up, bytes));
    // What comes down behind the answer is nothing that anybody waits for.
    let downs = places(down * 3 / 4).map(|bytes| (Way::Down, bytes));
    for ((way, bytes), number) in ups.into_iter().chain(downs).zip(100..) {
        let taken = scene.proxy.seen().taken;
        scene.proxy.after(way, bytes, Then::Cut(if number % 2 == 0 { Cut::Reset } else { Cut::End }));
        let run = scene.send("10s", &id(number), &number.to_string());
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{way:?} {bytes}: {run:?}");
        assert!(scene.proxy.seen().taken > taken + 1, "{way:?} {bytes}: it was not cut");
        expected.push(number.to_string());
    }
    assert_eq!(scene.said(), expected);
}

#[test]
fn a_login_that_stalls_is_not_taken_for_a_message_that_was_sent() {
    let scene = scene();
    let [_, down] = scene.bytes_of_a_send();
    // Nothing, half a Challenge, a whole one (145 bytes in the example of the protocol), half a Welcome.
    for (bytes, number) in [1, 70, 145, 180].into_iter().zip(10..) {
        assert!(bytes < down);
        scene.proxy.after(Way::Down, bytes, Then::Stall);
        let watch = Stopwatch::start();
        let run = scene.send("500ms", &id(number), "xyz");
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.errors.starts_with("timeout: "), "{bytes}: {run:?}");
        assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
        scene.proxy.cut_into(Cut::Reset, Weather::Clear);
    }
    assert_eq!(scene.said(), ["abc", "def"]);
}

#[test]
fn a_network_that_comes_back_in_time_is_soon_enough() {
    let scene = scene();
    scene.proxy.set(Weather::Stalled);
    let running = scene.cli.start(&["--name", "ana", "--timeout", "20s", "send", "at last"]);
    scene.proxy.waits_for("an attempt", |seen| seen.taken == 1);
    scene.proxy.cut_into(Cut::Reset, Weather::Refusing);
    scene.proxy.set(Weather::Clear);
    assert_eq!(running.end(), (0, String::new()));
    assert_eq!(scene.said(), ["at last"]);
}

#[test]
fn who_neither_answers_nor_refuses_does_not_keep_anybody() {
    let hole = BlackHole::new();
    let cli = Cli::new(hole.address);
    for command in [&["send", "hi"] as &[&str], &["tail"], &["tail", "--no-follow"], &["users"]] {
        let watch = Stopwatch::start();
        let run = cli.run(&[&["--name", "ana", "--timeout", "400ms"], command].concat(), b"");
        assert_eq!((run.code, run.output.as_str()), (3, ""), "{run:?}");
        assert!(run.errors.starts_with("timeout: ") && run.errors.lines().count() == 1, "{run:?}");
        assert!((Duration::from_millis(400)..SOON).contains(&watch.elapsed()), "{:?}", watch.elapsed());
    }
}

#[test]
fn tail_goes_on_after_each_cut_without_a_hole_or_a_double() {
    let scene = scene();
    scene.other.ok(&["--name", "luis", "send", "0"]);
    let mut tail = scene.cli.start(&["--name", "ana", "tail", "--json", "--from", "start"]);
    let mut lines = vec![tail.line()];
    // Between two frames, and in the middle of one.
    let cuts: [&dyn Fn(); 4] = [
        &|| scene.proxy.cut(Cut::Reset),
        &|| scene.proxy.after(Way::Down, 3, Then::Cut(Cut::End)),
        &|| scene.proxy.cut(Cut::End),
        &|| scene.proxy.after(Way::Down, 20, Then::Cut(Cut::Reset)),
    ];
    for (cut, number) in cuts.into_iter().zip(1..) {
        cut();
        scene.other.ok(&["--name", "luis", "send", &number.to_string()]);
        lines.push(tail.line());
    }
    for (line, number) in lines.iter().zip(0..) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let expected = (number.to_string(), number + 1);
        assert_eq!((line["text"].as_str().unwrap().to_owned(), line["rseq"].as_u64().unwrap()), expected);
    }
}

#[test]
fn drop_by_drop_and_with_delays_it_is_the_same() {
    let scene = scene();
    let texts: Vec<String> = (0..20).map(|number| format!("{number} ñandú 👩‍👩‍👧 {}", "é".repeat(number * 9))).collect();
    for weather in [Weather::Trickling(3, Duration::from_millis(1)), Weather::Slow(Duration::from_millis(20))] {
        scene.proxy.set(weather);
        let before = scene.said().len();
        scene.cli.ok(&["--name", "ana", "send", &texts[19]]);
        for text in &texts {
            scene.other.ok(&["--name", "luis", "send", text]);
        }
        let from = (before + 1).to_string();
        let lines = scene.cli.ok(&["--name", "ana", "tail", "--no-follow", "--from", &from]);
        let read: Vec<&str> = lines.lines().map(|line| line.split_once(": ").unwrap().1).collect();
        assert_eq!(read[0], texts[19]);
        assert_eq!(read[1..], texts, "{weather:?}");
    }
}
