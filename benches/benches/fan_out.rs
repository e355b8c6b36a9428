//! One says something, everybody hears it: what that costs our server, with the log in memory and on disk, beside the
//! least that any server can do, and if asked for, beside other people's servers.
//!
//! ```text
//! cargo bench --bench fan_out -- [--connections N] [--peers] [--json FILE]          --help says the rest
//! ```
//!
//! The server is the real one, in a process of its own; `tertulia_benches::server` says how it gets there.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use tertulia_benches::{
    Failure,
    arguments::{Arguments, USAGE},
    compare,
    floor::Floor,
    machine::Machine,
    peers::Peer,
    report::{Preamble, Report, Setup},
    scenario::{self, Subject},
    server::{Settings, serve_if_asked},
    tertulia,
};

fn main() -> ExitCode {
    if let Some(code) = serve_if_asked() {
        return code;
    }
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr().lock(), "fan_out: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<(), Failure> {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let Some(mut arguments) = Arguments::parse(std::env::args().skip(1), data)? else {
        say(USAGE);
        return Ok(());
    };
    // Cargo starts benches in the directory of their package; what people type is meant from where they are.
    #[expect(clippy::disallowed_methods, reason = "the edge, where the environment is read")]
    let here = std::env::var_os("PWD").map(PathBuf::from).unwrap_or_default();
    arguments.data = here.join(&arguments.data);
    arguments.json = arguments.json.map(|json| here.join(json));
    let machine = Machine::look(&arguments.data);
    machine.can_hold(arguments.connections)?;
    let pins = if arguments.pin { machine.pin() } else { None };
    let setup = Setup {
        connections: arguments.connections,
        text_bytes: tertulia::TEXT_BYTES,
        rounds: arguments.rounds,
        load_seconds: arguments.load_time.as_secs_f64(),
        pins,
        under: arguments.under.join(" "),
        config: Settings::for_connections(arguments.connections, pins, Vec::new()).config,
    };
    say(&Preamble(&machine, &setup).to_string());

    #[expect(clippy::disallowed_methods, reason = "signatures are timed")]
    let signatures = tertulia::signatures(Instant::now)?;
    let mut progress = |text: &str| drop(writeln!(io::stderr().lock(), "{text}"));
    let runs = scenario::measure(&subjects(&arguments), &arguments, pins, &mut progress)?;
    let verdicts = compare::verdicts(&runs, signatures);
    let report = Report { version: env!("CARGO_PKG_VERSION"), machine, setup, signatures, runs, verdicts };
    say(&format!("\n{report}"));
    if let Some(path) = &arguments.json {
        let failed = |error: &dyn std::fmt::Display| Failure::doing(&path.display().to_string(), error);
        let json = serde_json::to_string_pretty(&report).map_err(|error| failed(&error))?;
        #[expect(clippy::disallowed_methods, reason = "the file that was asked for")]
        std::fs::write(path, json + "\n").map_err(|error| failed(&error))?;
        say(&format!("everything is in {}", path.display()));
    }
    Ok(())
}

/// Who takes turns. What our server is compared with stands beside it.
fn subjects(arguments: &Arguments) -> Vec<Subject> {
    let homes = arguments.homes.iter().copied().map(Subject::Tertulia);
    let mut subjects: Vec<Subject> = Floor::ALL.into_iter().map(Subject::Floor).chain(homes).collect();
    for peer in Peer::ALL.into_iter().filter(|_| arguments.peers) {
        match peer.find() {
            Some(program) => subjects.push(Subject::Peer(peer, program)),
            None => say(&format!("{} is left out: there is no {} on the path", peer.name(), peer.binary())),
        }
    }
    subjects
}

/// A reader that went away does not end the measuring.
fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
