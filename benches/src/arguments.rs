//! What the bench was asked for on the command line.

use std::{path::PathBuf, time::Duration};

use tertulia_server::serve::Home;

use crate::Failure;

/// What `--help` says.
pub const USAGE: &str = "\
cargo bench --bench fan_out -- [options]

  --connections N      how many people are connected [1000]
  --json FILE          write everything to FILE as well
  --log memory|disk    one of the two logs [both]
  --peers              beside redis, mosquitto, ngircd and nats-server as well, those that are installed
  --rounds R           how often all servers take their turn; the median counts [3]
  --load 1|8|64        one of the three loads, as for a profile [all]
  --seconds S          how long each load lasts, in each round [2]
  --quick              a smoke test: 100 people, a fifth of a second for each load, one round
  --data DIR           where the server keeps its data; a directory on the disk that is meant [the target directory]
  --no-pin             leave it to the system which core runs what
  --under \"COMMAND\"    start the server under a command that becomes it, such as \"valgrind --tool=callgrind\"
";

/// The options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// How many people are connected.
    pub connections: usize,
    /// Where the JSON goes.
    pub json: Option<PathBuf>,
    /// Where the log lives, one run after the other.
    pub homes: Vec<Home>,
    /// Whether other people's servers are measured as well.
    pub peers: bool,
    /// How often all servers take their turn.
    pub rounds: usize,
    /// How many messages are in flight in the one load that is wanted, if not all are.
    pub load: Option<usize>,
    /// How long each load lasts, in each round.
    pub load_time: Duration,
    /// The directory that the data directories are made in.
    pub data: PathBuf,
    /// Whether server and generator get a core each.
    pub pin: bool,
    /// The command that the server is started under.
    pub under: Vec<String>,
}

impl Arguments {
    /// Reads the arguments behind the program's name. `None`: help is wanted.
    ///
    /// # Errors
    /// One of them is not understood.
    pub fn parse(arguments: impl IntoIterator<Item = String>, data: PathBuf) -> Result<Option<Self>, Failure> {
        let mut parsed = Self {
            connections: 1_000,
            json: None,
            homes: vec![Home::Memory, Home::Disk],
            peers: false,
            rounds: 3,
            load: None,
            load_time: Duration::from_secs(2),
            data,
            pin: true,
            under: Vec::new(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| Failure::new(format!("{argument} needs a value")));
            let wrong = |value: &str| Failure::new(format!("{argument}: {value:?} is not understood"));
            match argument.as_str() {
                // Cargo says this to every bench.
                "--bench" => {}
                "--connections" => {
                    let value = value()?;
                    parsed.connections = value.parse().ok().filter(|n| *n > 0).ok_or_else(|| wrong(&value))?;
                }
                "--json" => parsed.json = Some(value()?.into()),
                "--log" => {
                    parsed.homes = match value()?.as_str() {
                        "memory" => vec![Home::Memory],
                        "disk" => vec![Home::Disk],
                        other => return Err(wrong(other)),
                    }
                }
                "--load" => {
                    let value = value()?;
                    let load = value.parse().ok().filter(|load| [1, 8, 64].contains(load));
                    parsed.load = Some(load.ok_or_else(|| wrong(&value))?);
                }
                "--seconds" => {
                    let value = value()?;
                    let seconds = value.parse().ok().filter(|s| (0.01..=600.0).contains(s));
                    parsed.load_time = Duration::from_secs_f64(seconds.ok_or_else(|| wrong(&value))?);
                }
                "--peers" => parsed.peers = true,
                "--rounds" => {
                    let value = value()?;
                    parsed.rounds = value.parse().ok().filter(|n| *n > 0).ok_or_else(|| wrong(&value))?;
                }
                "--quick" => {
                    parsed.rounds = 1;
                    parsed.connections = 100;
                    parsed.load_time = Duration::from_millis(200);
                }
                "--data" => parsed.data = value()?.into(),
                "--no-pin" => parsed.pin = false,
                "--under" => parsed.under = value()?.split_whitespace().map(ToOwned::to_owned).collect(),
                "--help" | "-h" => return Ok(None),
                other => return Err(Failure::new(format!("{other}: no such option\n\n{USAGE}"))),
            }
        }
        Ok(Some(parsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Option<Arguments>, Failure> {
        Arguments::parse(words.split_whitespace().map(ToOwned::to_owned), PathBuf::from("data"))
    }

    #[test]
    fn what_cargo_adds_is_ignored_and_later_options_win() {
        let parsed = parse("--quick --connections 7 --log disk --json out.json --bench").unwrap().unwrap();
        assert_eq!((parsed.connections, parsed.homes), (7, vec![Home::Disk]));
        assert_eq!((parsed.json, parsed.load_time), (Some("out.json".into()), Duration::from_millis(200)));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (words, named) in
            [("--connections 0", "\"0\""), ("--log paper", "paper"), ("--load 2", "2"), ("--fast", "--fast")]
        {
            let error = parse(words).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert_eq!(parse("--help"), Ok(None));
    }
}
