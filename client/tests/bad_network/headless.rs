//! The network thread on a bad network, with clocks of the test's own: silences of a minute and sleeps of an hour pass
//! in a moment. Waits themselves are not shortened, so each test passes time only where nothing else would happen.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use tertulia_client::{
    headless::{Headless, Status},
    network::{Clocks, Options, Reading, Stopwatch},
    session::{History, Now, Why},
    store::Profile,
};
use tertulia_protocol::Rseq;

use crate::{
    proxy::{Cut, Proxy, Then, Way, Weather},
    server::Server,
};

/// More than any of this should take, on the slowest machine.
const LONG: Duration = Duration::from_secs(60);

/// What has passed beyond what has really passed.
#[derive(Clone, Default)]
struct Time(Arc<Mutex<Passed>>);

#[derive(Clone, Copy, Default)]
struct Passed {
    awake: Duration,
    asleep: Duration,
    set_forward: Duration,
}

impl Time {
    fn pass(&self, awake: Duration) {
        self.0.lock().unwrap().awake += awake;
    }

    fn sleep(&self, asleep: Duration) {
        self.0.lock().unwrap().asleep += asleep;
    }

    fn set_forward(&self, by: Duration) {
        self.0.lock().unwrap().set_forward += by;
    }

    fn clocks(&self) -> Clocks {
        let (time, watch) = (self.clone(), Stopwatch::start());
        Clocks::new(move || {
            let Passed { awake, asleep, set_forward } = *time.0.lock().unwrap();
            let mono = watch.elapsed() + awake;
            let wall_ms = 1_700_000_000_000 + i64::try_from((mono + asleep + set_forward).as_millis()).unwrap();
            Reading { now: Now { mono, wall_ms }, asleep }
        })
    }
}

struct Scene {
    _folder: tempfile::TempDir,
    _server: Server,
    proxy: Proxy,
    time: Time,
    /// Behind the proxy.
    ana: Headless,
    /// With a good connection.
    luis: Headless,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_anywhere(&folder.path().join("data"));
        let proxy = Proxy::new(server.address);
        let time = Time::default();
        let options = |server: &str, name: &str| options(folder.path(), server, name);
        let ana = options(&proxy.address.to_string(), "ana");
        let mut scene = Self {
            ana: Headless::start_with(ana, time.clocks()).unwrap(),
            luis: Headless::start(options(&server.address.to_string(), "luis")).unwrap(),
            _folder: folder,
            _server: server,
            proxy,
            time,
        };
        for person in [&mut scene.ana, &mut scene.luis] {
            assert!(person.pump_until(LONG, |person| *person.status() == Status::UpToDate).unwrap());
        }
        scene
    }

    /// Ana writes. Her network thread looks at its clocks because of it.
    fn write(&mut self, count: usize) {
        for _ in 0..count {
            self.ana.write(&format!("message {}", self.ana.written().len())).unwrap();
        }
    }

    #[track_caller]
    fn ana_is(&mut self, what: &str, so: impl FnMut(&Headless) -> bool) {
        let is_so = self.ana.pump_until(LONG, so).unwrap();
        assert!(is_so, "{what}: {:?}, {:?}", self.ana.status(), self.ana.unanswered());
    }

    /// Everything that Ana wrote has its place, and everybody has read it once and in order.
    #[track_caller]
    fn all_is_well(mut self) {
        let count = self.ana.written().len();
        self.ana_is("all is answered", |ana| ana.ended() == count && ana.read().len() == count);
        assert!(self.luis.pump_until(LONG, |luis| luis.read().len() == count).unwrap());
        let expected: Vec<String> = (0..count).map(|number| format!("message {number}")).collect();
        for reader in [&self.ana, &self.luis] {
            assert!(reader.texts().eq(expected.iter().cloned()), "once each, in the order of writing");
        }
        for (cid, entry) in self.ana.written().iter().zip(self.ana.read()) {
            assert_eq!(self.ana.end_of(*cid).unwrap().unwrap().rseq, entry.rseq);
        }
    }
}

fn options(folder: &Path, server: &str, name: &str) -> Options {
    let profile = Profile::open(folder.join(name)).unwrap();
    let mut options = Options::from_profile(profile, server.parse().unwrap(), Some(name.to_owned())).unwrap();
    options.session.history = History::From(Rseq(1));
    options
}

fn lost(person: &Headless) -> Option<Why> {
    match person.status() {
        Status::Connecting(why) => why.clone(),
        _ => None,
    }
}

#[test]
fn a_silence_and_a_login_that_stalls_are_noticed_and_nothing_is_lost() {
    let mut scene = Scene::new();
    scene.write(20);
    scene.ana_is("first answers", |ana| ana.ended() >= 10);
    scene.proxy.set(Weather::Stalled);
    scene.write(20);
    scene.ana_is("unanswered", |ana| ana.unanswered().on_wire >= 10);
    scene.time.pass(Duration::from_secs(54));
    scene.write(1);
    scene.ana_is("all on the wire", |ana| ana.unanswered().on_wire >= 11);
    assert_eq!(lost(&scene.ana), None, "a server may be silent for so long");

    scene.time.pass(Duration::from_secs(2));
    scene.write(1);
    scene.ana_is("silent", |ana| lost(ana) == Some(Why::Silent));
    assert_eq!(scene.ana.unanswered().on_wire, 0);

    // On the next connection the server says a byte, and then no more.
    let heard = scene.proxy.seen().passed[Way::Down as usize];
    scene.proxy.after(Way::Down, 1, Then::Stall);
    scene.proxy.cut_into(Cut::Reset, Weather::Clear);
    scene.proxy.waits_for("the byte", |seen| seen.passed[Way::Down as usize] > heard);
    scene.time.pass(Duration::from_secs(16));
    scene.write(1);
    scene.ana_is("given up", |ana| lost(ana) == Some(Why::LoginTimedOut));
    scene.proxy.set(Weather::Clear);
    scene.all_is_well();
}

#[test]
fn a_computer_that_slept_is_back_at_once() {
    let mut scene = Scene::new();
    scene.time.pass(Duration::from_secs(60));
    scene.write(5);
    scene.ana_is("answered", |ana| ana.ended() == 5);

    // The lid closes; the server gives her up; nobody tells her.
    let (taken, logins) = (scene.proxy.seen().taken, scene.ana.logins());
    scene.proxy.set(Weather::Stalled);
    scene.time.sleep(Duration::from_secs(3_600));
    let watch = Stopwatch::start();
    scene.write(1);
    scene.ana_is("she knows", |ana| lost(ana) == Some(Why::Slept));
    scene.proxy.waits_for("the next attempt", |seen| seen.taken > taken);
    // A second at most by design; the rest is for a machine with other things to do.
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
    scene.proxy.set(Weather::Clear);
    scene.ana_is("all answered", |ana| ana.ended() == 6 && *ana.status() == Status::UpToDate);
    // What would come twice has come twice by now: one more look at the clocks, one more answer.
    scene.write(1);
    scene.ana_is("answered", |ana| ana.ended() == 7);
    assert_eq!((scene.proxy.seen().taken, scene.ana.logins()), (taken + 1, logins + 1), "and once");
    scene.all_is_well();
}

#[test]
fn a_nap_and_a_clock_that_is_set_cost_no_connection() {
    let mut scene = Scene::new();
    scene.time.sleep(Duration::from_secs(14));
    scene.write(1);
    scene.ana_is("answered", |ana| ana.ended() == 1);
    scene.time.set_forward(Duration::from_secs(86_400));
    scene.write(1);
    scene.ana_is("answered", |ana| ana.ended() == 2);
    assert_eq!((scene.proxy.seen().taken, scene.ana.logins()), (1, 1));
    scene.all_is_well();
}

#[test]
fn in_any_weather_and_through_each_cut_everything_arrives_once() {
    let mut scene = Scene::new();
    let weathers = [
        Weather::Trickling(5, Duration::from_millis(1)),
        Weather::Slow(Duration::from_millis(15)),
        Weather::Stalled,
        Weather::Clear,
    ];
    for (weather, number) in weathers.into_iter().zip(0..) {
        scene.proxy.set(weather);
        let ended = scene.ana.ended();
        scene.write(15);
        match weather {
            Weather::Stalled => scene.ana_is("unanswered", |ana| ana.unanswered().on_wire >= 10),
            _ => scene.ana_is("first answers", |ana| ana.ended() > ended),
        }
        // Refused for a while, so that the first attempts fail; and once, the next one breaks in the middle of a frame.
        scene.proxy.cut_into(if number % 2 == 0 { Cut::Reset } else { Cut::End }, Weather::Refusing);
        scene.ana_is("not reached", |ana| matches!(lost(ana), Some(Why::NotReached(_))));
        if number == 1 {
            scene.proxy.after(Way::Down, 100, Then::Cut(Cut::Reset));
        }
        scene.proxy.set(Weather::Clear);
        // What happened so far counts as a good connection, so that the waits stay short.
        scene.write(1);
        let written = scene.ana.written().len();
        scene.ana_is("all answered", |ana| ana.ended() == written && *ana.status() == Status::UpToDate);
        scene.time.pass(Duration::from_secs(11));
    }
    assert!(scene.ana.logins() >= 5);
    scene.all_is_well();
}
