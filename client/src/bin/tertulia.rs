//! The window program: reads its flags and its profile, then shows the window until it is closed.
//!
//! Exit codes: 0 closed by the person, 1 no window can be shown here, 2 flags.

#[path = "tertulia/desk.rs"]
mod desk;
#[path = "tertulia/desktop.rs"]
mod desktop;
#[path = "tertulia/host.rs"]
mod host;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use tertulia_client::{
    address::ServerAddress,
    i18n::Language,
    model::{Known, Refusal},
    network::Cids,
    store::{Problem, Profile, Servers, StoreError, profile_dir},
    ui::{self, Choice, Options},
};
use tertulia_protocol::UserName;

use desk::{Desk, Opened};

/// The chat of your own network.
#[derive(Debug, Parser)]
#[command(name = "tertulia", version)]
struct Flags {
    /// Where the server is
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<ServerAddress>,
    /// Your name; without --profile, the profile of that name
    #[arg(long, value_parser = UserName::parse)]
    name: Option<UserName>,
    /// The directory of your profile
    #[arg(long, value_name = "DIR")]
    profile: Option<PathBuf>,
    /// The language of the window; the system's unless given
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// How the window looks
    #[arg(long, value_enum, default_value_t)]
    theme: Look,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    Es,
    En,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Look {
    #[default]
    Auto,
    Light,
    Dark,
}

fn main() -> ExitCode {
    match run(&Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[expect(clippy::print_stderr, reason = "there is no window to say it in")]
            {
                eprintln!("tertulia: {why}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<(), String> {
    let language = match flags.lang {
        Some(Lang::Es) => Language::Es,
        Some(Lang::En) => Language::En,
        None => desktop::language(),
    };
    let look = match flags.theme {
        Look::Auto => Choice::Auto,
        Look::Light => Choice::Light,
        Look::Dark => Choice::Dark,
    };
    let profile = open_profile(flags);
    let servers = match &profile {
        Ok((profile, _)) => profile.servers().unwrap_or_default(),
        Err(_) => Servers::default(),
    };
    let mut known = known(flags, &servers);
    if profile.is_err() {
        // Nothing to ask: the window opens and says what is in the way.
        known.server.get_or_insert_default();
        known.name.get_or_insert_default();
    }
    let mut cids = Cids::new().map_err(|error| error.to_string())?;
    let options = Options {
        known,
        language,
        dark: desktop::is_dark(look),
        zone: desktop::zone(),
        shown: desktop::shown().map_err(|error| format!("TERTULIA_SHOWN: {error}"))?,
        fresh_cid: Box::new(move || cids.make()),
    };
    let mut desk = Desk::new(profile, language);
    ui::run(options, &mut desk).map_err(|error| error.to_string())
}

/// What flags and profile say of where to go, and as whom. The dialog asks for the rest.
fn known(flags: &Flags, servers: &Servers) -> Known {
    let server = flags.server.clone().or_else(|| servers.last_server());
    let remembered = server.as_ref().and_then(|server| servers.name_on(server));
    Known {
        name: flags.name.as_ref().map(UserName::as_str).or(remembered).map(str::to_owned),
        suggested_name: servers.last_name().map(str::to_owned),
        server,
    }
}

/// Takes the profile for this window. What is in the way is told in the window, where the person looks.
fn open_profile(flags: &Flags) -> Opened {
    let dir = match &flags.profile {
        Some(dir) => dir.clone(),
        None => {
            let home = desktop::data_home().ok_or_else(|| Refusal::Profile("HOME".to_owned()))?;
            profile_dir(&home, flags.name.as_ref())
        }
    };
    let refusal = |error: StoreError| match error.problem {
        Problem::InUse => Refusal::ProfileInUse,
        _ => Refusal::Profile(error.to_string()),
    };
    let profile = Profile::open(dir).map_err(refusal)?;
    if let Some(warning) = profile.warning() {
        #[expect(clippy::print_stderr, reason = "whoever set the rights like this is at a terminal")]
        {
            eprintln!("tertulia: {warning}");
        }
    }
    let lock = profile.lock().map_err(refusal)?;
    Ok((profile, lock))
}
