//! How many instructions the server executes for a delivery, a login and a frame, held against what is expected. Unlike
//! time, that is the same on a busy machine and on an idle one, so the gate can ask for it.
//!
//! ```text
//! cargo bench --bench instructions                 fails if anything costs a tenth more than expected
//! cargo bench --bench instructions -- --update     what is found becomes what is expected
//! ```
//!
//! Each sort of work is done in a process of its own under callgrind; `tertulia_benches::in_process` says how. From a
//! login the signatures are taken off: they are the cryptographic library's, and most of it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, ErrorKind, Write as _},
    process::{Command, ExitCode},
};

use tertulia_benches::{
    Failure,
    in_process::{MEASURED, Work},
};

/// The argument that makes a worker of the bench.
const ROLE: &str = "--work-for-the-bench";

/// Where it stands what is expected.
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.expected");

/// How much more than expected is still no failure: another compiler, another processor.
const MARGIN: f64 = 0.10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [] => guard(false),
        ["--update"] => guard(true),
        [ROLE, name] => work(name),
        _ => Err(Failure::new("cargo bench --bench instructions [-- --update]")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr().lock(), "instructions: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Does the work, and says how many times.
fn work(name: &str) -> Result<(), Failure> {
    let work = Work::ALL.into_iter().find(|work| work.name() == name);
    say(&work.ok_or_else(|| Failure::new("no such work"))?.run()?.to_string());
    Ok(())
}

fn guard(update: bool) -> Result<(), Failure> {
    let mut found = BTreeMap::new();
    for work in Work::ALL {
        found.insert(work.name(), count(work)?);
    }
    let signatures = found.remove(Work::Signatures.name()).unwrap_or_default();
    say(&format!("signatures of a login, not counted below: {signatures}"));
    if let Some(login) = found.get_mut(Work::Login.name()) {
        *login = login.saturating_sub(signatures);
    }
    let found = found.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    if update {
        return write(&found);
    }
    let expected = read()?;
    let mut failures = String::new();
    say(&format!("{:<20} {:>10} {:>10}", "instructions", "expected", "found"));
    for (name, found) in &found {
        let expected = *expected.get(name).ok_or_else(|| Failure::new(format!("{EXPECTED} does not name {name}")))?;
        let change = (*found as f64 / expected as f64 - 1.0) * 100.0;
        say(&format!("{name:<20} {expected:>10} {found:>10} {change:>+7.1} %"));
        if change > MARGIN * 100.0 {
            let _ = write!(failures, "{name}: {found} instead of {expected} instructions, {change:+.1} %; ");
        } else if change < -MARGIN * 100.0 {
            say("    better than expected: -- --update keeps it so");
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let margin = MARGIN * 100.0;
    Err(Failure::new(format!("{failures}{margin} % are allowed. If it is worth it, say why and use -- --update")))
}

/// How many instructions one piece of this work has.
fn count(work: Work) -> Result<u64, Failure> {
    let this = std::env::current_exe().map_err(|error| Failure::doing("this executable", error))?;
    #[expect(clippy::disallowed_methods, reason = "the workers run under callgrind")]
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", &format!("--toggle-collect={MEASURED}")])
        .arg(this)
        .args([ROLE, work.name()])
        .output();
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new("valgrind is not installed; on Debian the package is called valgrind"),
        _ => Failure::doing("valgrind", error),
    })?;
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let collected = complaints.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse::<u64>().ok());
    match (collected, said.trim().parse::<u64>()) {
        (Some(instructions @ 1..), Ok(times @ 1..)) if output.status.success() => Ok(instructions / times),
        _ => Err(Failure::new(format!("{} cannot be counted:\n{complaints}", work.name()))),
    }
}

fn read() -> Result<BTreeMap<String, u64>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "what is expected")]
    let text = std::fs::read_to_string(EXPECTED).map_err(|error| Failure::doing(EXPECTED, error))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, n)| Some((name.into(), n.trim().parse().ok()?)))
        .collect())
}

fn write(found: &BTreeMap<String, u64>) -> Result<(), Failure> {
    let mut text =
        "# Instructions of the server for each; cargo bench --bench instructions -- --update writes this.\n".to_owned();
    for (name, count) in found {
        let _ = writeln!(text, "{name} {count}");
    }
    say(&text);
    #[expect(clippy::disallowed_methods, reason = "what is expected")]
    std::fs::write(EXPECTED, text).map_err(|error| Failure::doing(EXPECTED, error))
}

fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
