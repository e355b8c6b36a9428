//! What the window costs with 10,000 messages in a room: memory, the CPU of a frame, of a start, and of doing nothing.
//!
//! Not for the gate: it needs a release build, prints its figures, and holds them against the bars of
//! `docs/performance.md`, which says how to run it. All is seen from outside: by what the system charges the process for.

use std::{fs, net::SocketAddr, thread, time::Duration};

use tertulia_client::{headless::Headless, network::Options, session::History, store::Profile};

use crate::{child::until, person::Person, server::Home};

const MESSAGES: u64 = 10_000;
const LONG: Duration = Duration::from_secs(120);
/// The bars.
const PRIVATE_KIB: u64 = 40 * 1_024;
const FRAME_MS: f64 = 8.0;

#[test]
#[ignore = "measures: it needs a release build and a machine with nothing else to do"]
fn what_the_window_costs_with_ten_thousand_messages() {
    let own = std::env::current_exe().unwrap();
    assert!(own.iter().any(|part| part == "release"), "only a release build says anything: cargo test --release …");
    let home = Home::new();
    let server = home.server();
    write(server.address);

    let address = server.address.to_string();
    let flags = ["--server", &address, "--name", "ana"];
    let mut ana = Person::comes(server.address, "ana");
    sees(&ana, MESSAGES);
    let mut starts: Vec<(Duration, f64)> = Vec::new();
    for _ in 0..7 {
        let took = ana.closes_and_paints_first(&flags);
        starts.push((took, cpu_ms(ana.window.id())));
        sees(&ana, MESSAGES);
    }
    starts.sort_by_key(|(took, _)| *took);
    eprintln!("first paint: {:?} after the start, {:.0} ms of CPU (median of 7)", starts[3].0, starts[3].1);
    eprintln!("private memory with the newest page: {} KiB", private_kib(ana.window.id()));

    let (before, paints) = (cpu_ms(ana.window.id()), ana.paints());
    let oldest = || ana.sees().iter().filter_map(|row| row.rseq).min();
    let frame = |before: f64, paints: u64| {
        let frames = ana.paints() - paints;
        ((cpu_ms(ana.window.id()) - before) / frames as f64, frames)
    };
    until("the first message", LONG, || {
        ana.display.press(&["Prior"; 20]);
        (oldest() == Some(1)).then_some(())
    });
    let (page, frames) = frame(before, paints);
    eprintln!(
        "a frame of paging back to the first: {page:.2} ms of CPU ({frames} frames, pages from the store included)"
    );
    let private = private_kib(ana.window.id());
    eprintln!("private memory with all of them held: {private} KiB");

    let (before, paints) = (cpu_ms(ana.window.id()), ana.paints());
    for _ in 0..5 {
        ana.display.wheel(false, 60);
        ana.display.wheel(true, 60);
    }
    let (wheel, frames) = frame(before, paints);
    eprintln!("a frame of the wheel: {wheel:.2} ms of CPU ({frames} frames)");

    thread::sleep(Duration::from_secs(2));
    let before = cpu_ms(ana.window.id());
    thread::sleep(Duration::from_secs(5));
    eprintln!("doing nothing for 5 s: {:.2} ms of CPU", cpu_ms(ana.window.id()) - before);

    assert!(private <= PRIVATE_KIB, "{private} KiB");
    assert!(wheel < FRAME_MS && page < FRAME_MS, "{wheel} and {page} ms a frame");
}

/// Somebody who says 10,000 things.
fn write(server: SocketAddr) {
    let profile = tempfile::tempdir().unwrap();
    let profile = Profile::open(profile.path().join("luis")).unwrap();
    let mut options = Options::from_profile(profile, server.to_string().parse().unwrap(), Some("luis".into())).unwrap();
    options.session.history = History::Last(0);
    let mut luis = Headless::start(options).unwrap();
    assert!(luis.pump_until(LONG, |luis| luis.logins() > 0).unwrap());
    let mut said = 0;
    while said < MESSAGES {
        let text =
            format!("{said}: {}", "mañana el tren sale temprano 🙂 and nobody knows ".repeat(1 + (said % 4) as usize));
        if luis.write(&text).is_ok() {
            said += 1;
        } else {
            luis.pump(Duration::from_millis(20)).unwrap();
        }
    }
    let all = usize::try_from(MESSAGES).unwrap();
    assert!(luis.pump_until(LONG, |luis| luis.ended() == all).unwrap());
}

fn sees(person: &Person, rseq: u64) {
    person.waits_for("the newest message", |rows| rows.iter().any(|row| row.rseq == Some(rseq)));
}

/// What the system has charged all threads of a process for.
fn cpu_ms(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let nanoseconds = threads.filter_map(|thread| {
        let told = fs::read_to_string(thread.unwrap().path().join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e6
}

/// What it has for itself alone.
fn private_kib(process: u32) -> u64 {
    let told = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
    let private = told.lines().filter(|line| line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:"));
    private.map(|line| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()).sum()
}
