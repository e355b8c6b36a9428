//! The terminal program: reads the environment, lends its streams, answers with the exit code.

use std::{env, io, path::PathBuf, process::ExitCode};

use tertulia_client::cli::{Environment, Streams, run};

fn main() -> ExitCode {
    let code = run(
        env::args_os(),
        &environment(),
        Streams { input: &mut io::stdin().lock(), output: &mut io::stdout().lock(), errors: &mut io::stderr().lock() },
    );
    ExitCode::from(code)
}

#[expect(clippy::disallowed_methods, reason = "main is where the environment is read")]
fn environment() -> Environment {
    let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Environment {
        server: text("TERTULIA_SERVER"),
        name: text("TERTULIA_NAME"),
        profile: path("TERTULIA_PROFILE"),
        xdg_data_home: path("XDG_DATA_HOME"),
        home: path("HOME"),
    }
}
