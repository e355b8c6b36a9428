//! The network thread on real sockets: queues that neither grow nor lose, names that are looked up, servers that die.

#[cfg(test)]
#[path = "support/fake_server.rs"]
mod fake_server;
#[cfg(test)]
#[path = "support/server.rs"]
mod server;

#[cfg(test)]
mod network {
    use std::{
        path::Path,
        process::Command,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tertulia_client::{
        headless::{Headless, Status},
        network::{Network, Options, Stopwatch},
        session::{Event, History},
        store::Profile,
    };
    use tertulia_protocol::{Rseq, UserId, push};

    use super::{fake_server::FakeServer, server::Server};

    /// More than any of this should take, on the slowest machine.
    const LONG: Duration = Duration::from_secs(60);

    fn options(profile: &Path, server: &str, name: &str) -> Options {
        let profile = Profile::open(profile.join(name)).unwrap();
        let mut options = Options::from_profile(profile, server.parse().unwrap(), Some(name.to_owned())).unwrap();
        options.session.history = History::From(Rseq(1));
        options
    }

    fn presence(number: u64) -> push::Presence {
        let whole = (0..500).map(|user| UserId(1_000_000 + user)).collect();
        push::Presence { online: number, whole: Some(whole), came: None, went: None, away: None, back: None }
    }

    #[test]
    fn while_nobody_takes_the_events_nothing_is_read_and_nothing_is_lost() {
        const FRAMES: u64 = 20_000;
        let profile = tempfile::tempdir().unwrap();
        let server = FakeServer::new();
        let rings = Arc::new(AtomicUsize::new(0));
        let bell = Arc::clone(&rings);
        let network = Network::start(
            options(profile.path(), &server.address().to_string(), "ana"),
            Box::new(move || {
                bell.fetch_add(1, Ordering::SeqCst);
            }),
        )
        .unwrap();
        let mut connection = server.accept();

        // 50 MB: until the socket has taken nothing for a second, because the other side does not read.
        connection.stream().set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut sent = 0;
        let mut unsent = None;
        while sent < FRAMES {
            match connection.try_send(&presence(sent)) {
                Ok(()) => sent += 1,
                Err(rest) => {
                    unsent = Some(rest);
                    break;
                }
            }
        }
        let unsent = unsent.expect("the socket takes all of 50 MB although nobody reads");
        assert_eq!(rings.load(Ordering::SeqCst), 1, "one ring until somebody comes");

        let mut events = Vec::new();
        let watch = Stopwatch::start();
        let told = |events: &[Event]| events.iter().filter(|event| matches!(event, Event::Presence(_))).count();
        network.drain(&mut events);
        connection.stream().set_write_timeout(None).unwrap();
        // The rest of the frame that was cut short, now that somebody reads.
        let rest = connection.finish(unsent);
        while told(&events) as u64 <= sent {
            events.extend(network.next_event(Duration::from_millis(100)));
            network.drain(&mut events);
            assert!(watch.elapsed() < LONG, "{} of {sent} arrived", told(&events));
        }
        rest.join().unwrap();
        let numbers = events.iter().filter_map(|event| match event {
            Event::Presence(presence) => Some(presence.online),
            _ => None,
        });
        assert!(numbers.eq(0..=sent), "each once, in order");
        assert!(!events.iter().any(|event| matches!(event, Event::Disconnected { .. })));
    }

    #[test]
    fn a_name_is_looked_up_and_its_addresses_tried_in_turn() {
        // This listens on IPv4 alone, and `localhost` most often means IPv6 first.
        let (data, profile) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let server = Server::start_anywhere(data.path());
        let address = format!("localhost:{}", server.address.port());
        let mut ana = Headless::start(options(profile.path(), &address, "ana")).unwrap();
        assert!(ana.pump_until(LONG, |ana| *ana.status() == Status::UpToDate).unwrap());
    }

    #[test]
    fn a_name_without_an_address_is_told_and_tried_again() {
        let profile = tempfile::tempdir().unwrap();
        let mut ana = Headless::start(options(profile.path(), "no-such-host.invalid", "ana")).unwrap();
        let interrupted = |ana: &Headless| matches!(ana.status(), Status::Connecting(Some(_)));
        assert!(ana.pump_until(LONG, interrupted).unwrap());
    }

    #[test]
    fn every_write_survives_a_killed_server_once_and_in_order() {
        const KILLS: usize = 3;
        /// Writes before a kill: half of them while the server answers, half while it does not.
        const HALF: usize = 100;
        const WRITES: usize = 2 * HALF * KILLS;
        let (data, profile) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut server = Server::start_anywhere(data.path());
        let address = server.address.to_string();
        let mut ana = Headless::start(options(profile.path(), &address, "ana")).unwrap();
        let mut luis = Headless::start(options(profile.path(), &address, "luis")).unwrap();
        for kill in 0..KILLS {
            for reader in [&mut ana, &mut luis] {
                let back = |reader: &Headless| reader.logins() > kill && *reader.status() == Status::UpToDate;
                assert!(reader.pump_until(LONG, back).unwrap());
            }
            write(&mut ana, HALF);
            assert!(ana.pump_until(LONG, |ana| ana.ended() > 2 * HALF * kill + HALF / 2).unwrap());
            freeze(&server);
            write(&mut ana, HALF);
            let stuck = |ana: &Headless| ana.unanswered().on_wire >= 20;
            assert!(ana.pump_until(LONG, stuck).unwrap(), "kill {kill}: {:?}, {:?}", ana.unanswered(), ana.status());
            let address = server.kill();
            server = Server::start(data.path(), &address.to_string());
        }
        assert!(ana.pump_until(LONG, |ana| ana.ended() == WRITES && ana.read().len() == WRITES).unwrap());
        assert!(luis.pump_until(LONG, |luis| luis.read().len() == WRITES).unwrap());

        let expected: Vec<String> = (0..WRITES).map(|i| format!("message {i}")).collect();
        for reader in [&ana, &luis] {
            assert!(reader.texts().eq(expected.iter().cloned()), "once each, in the order of writing");
            assert_eq!(reader.logins(), KILLS + 1);
        }
        for (cid, entry) in ana.written().iter().zip(ana.read()) {
            let place = ana.end_of(*cid).unwrap().unwrap();
            assert_eq!((place.rseq, place.seq), (entry.rseq, entry.seq));
        }
    }

    fn write(writer: &mut Headless, count: usize) {
        for _ in 0..count {
            writer.write(&format!("message {}", writer.written().len())).unwrap();
        }
    }

    /// Stops a server where it is: what is sent to it arrives, and is not answered.
    fn freeze(server: &Server) {
        #[expect(clippy::disallowed_methods, reason = "signals are sent by a program")]
        let status = Command::new("kill").args(["-STOP", &server.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}
