//! A resident: the client's session and store as a process, which writes without a pause and may be killed.
//!
//! It is the example `resident` of the client. It tells, line by line, what lies in its outbox and what was acknowledged;
//! the test that started it holds that against what the server and the stores have in the end. One handle outlives
//! any number of kills: it is the same person, with the same store.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ChildStdin, Stdio},
};

use crate::child::{PATIENCE, Process, program, until};

/// A resident as its test sees it.
pub(crate) struct Resident {
    pub(crate) name: String,
    server: SocketAddr,
    profile: PathBuf,
    process: Process,
    commands: Option<ChildStdin>,
    /// How often it was started.
    round: u32,
    /// How many lines of this round were taken in.
    heard: usize,
    /// Everything that ever lay in its outbox, in the order of writing.
    pub(crate) kept: Vec<(String, String)>,
    /// What was acknowledged: its cid, and its places in the room and in the log.
    pub(crate) acked: BTreeMap<String, (u64, u64)>,
    /// What lies in its outbox, as far as it told.
    pub(crate) unanswered: BTreeSet<String>,
    /// How many kept messages had no answer when a connection was cut, in this round.
    pub(crate) cuts: Vec<usize>,
    is_done: bool,
    complete: Option<u64>,
}

impl Resident {
    /// Starts one, whose profile lies in a folder of its name.
    pub(crate) fn start(server: SocketAddr, profiles: &Path, name: &str) -> Self {
        let profile = profiles.join(name);
        let (process, commands) = start(server, &profile, name, 1);
        Self {
            name: name.to_owned(),
            server,
            profile,
            process,
            commands,
            round: 1,
            heard: 0,
            kept: Vec::new(),
            acked: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            cuts: Vec::new(),
            is_done: false,
            complete: None,
        }
    }

    /// Takes in what it has told meanwhile.
    pub(crate) fn listen(&mut self) -> &mut Self {
        for line in self.process.output_from(self.heard) {
            self.heard += 1;
            let (heading, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match heading {
                "kept" => {
                    let (cid, text) = rest.split_once(' ').unwrap();
                    // What lay in the outbox at a kill is told once more.
                    if !self.kept.iter().rev().take(200).any(|(known, _)| known == cid) {
                        self.kept.push((cid.to_owned(), text.to_owned()));
                    }
                    self.unanswered.insert(cid.to_owned());
                }
                "acked" => {
                    let [cid, rseq, seq] = rest.split(' ').collect::<Vec<_>>().try_into().unwrap();
                    self.unanswered.remove(cid);
                    let place = (rseq.parse().unwrap(), seq.parse().unwrap());
                    let before = self.acked.insert(cid.to_owned(), place);
                    assert_eq!(before.unwrap_or(place), place, "{}: {cid} has two places", self.name);
                }
                "cut" => self.cuts.push(rest.parse().unwrap()),
                "done" => self.is_done = true,
                "complete" => self.complete = Some(rest.parse().unwrap()),
                _ => panic!("{}: {line}", self.name),
            }
        }
        self
    }

    /// Ends it without a word, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
        until("its last words", PATIENCE, || self.process.has_ended().then_some(()));
        self.listen();
    }

    /// Starts it again on its store.
    pub(crate) fn start_again(&mut self) {
        self.round += 1;
        (self.process, self.commands) = start(self.server, &self.profile, &self.name, self.round);
        (self.heard, self.is_done, self.complete) = (0, false, None);
        self.cuts.clear();
        // What still lies there is told again; of an answer perhaps only the store heard.
        self.unanswered.clear();
    }

    /// Has it write no more, and waits until everything that it wrote is answered.
    #[track_caller]
    pub(crate) fn stop(residents: &mut [Self]) {
        residents.iter_mut().for_each(|resident| resident.command("stop"));
        for resident in residents {
            until(&format!("{}: all is answered", resident.name), 3 * PATIENCE, || {
                resident.listen().is_done.then_some(())
            });
        }
    }

    /// Has each read the room up to there, and ends them.
    #[track_caller]
    pub(crate) fn catch_up_and_end(residents: &mut [Self], upto: u64) {
        residents.iter_mut().for_each(|resident| resident.command(&format!("read {upto}")));
        for resident in residents {
            let what = format!("{}: the room up to {upto}", resident.name);
            until(&what, 3 * PATIENCE, || (resident.listen().complete == Some(upto)).then_some(()));
            resident.commands = None;
            assert_eq!(resident.process.exit_code(PATIENCE), 0, "{}", resident.process.errors());
        }
    }

    /// The file of its store.
    pub(crate) fn store(&self) -> PathBuf {
        self.profile.join("tertulia.db")
    }

    #[track_caller]
    fn command(&mut self, line: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{line}").unwrap();
    }
}

fn start(server: SocketAddr, profile: &Path, name: &str, round: u32) -> (Process, Option<ChildStdin>) {
    let mut command = program("examples/resident");
    command.arg(server.to_string()).arg(profile).args([name, &round.to_string(), "1000000000"]).stdin(Stdio::piped());
    let mut process = Process::start(name, &mut command);
    let commands = process.stdin();
    (process, commands)
}
