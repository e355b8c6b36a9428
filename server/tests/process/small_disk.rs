//! A disk of a few megabytes, mounted over the data directory where nobody but the servers of one test sees it.
//!
//! It lies in a namespace of its own, which needs no rights: a program that waits keeps it, servers are started inside, and
//! the test looks in through /proc.
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    child::{Process, wrapped},
    server::{Home, Server},
};

pub(crate) struct SmallDisk {
    /// Waits for the end of its standard input.
    keeper: Process,
    home: Home,
}

impl SmallDisk {
    /// An empty one of so many KiB.
    pub(crate) fn new(kib: u32) -> Self {
        let home = Home::new();
        fs::create_dir(home.data()).unwrap();
        let script = "mount -t tmpfs -o size=$2k,mode=700 small \"$1\" && echo mounted && exec cat";
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(home.data()).arg(kib.to_string()).stdin(Stdio::piped());
        let keeper = Process::start("unshare (of the Debian package util-linux)", &mut command);
        keeper.line("the disk is mounted", |line| (line == "mounted").then_some(()));
        Self { keeper, home }
    }

    /// The command of a server that has its data there.
    pub(crate) fn command(&self) -> Command {
        let keeper = self.keeper.id().to_string();
        let words = ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", &keeper];
        wrapped(&words, &self.home.command(&["127.0.0.1:0"]))
    }

    /// A server that has its data there.
    #[track_caller]
    pub(crate) fn server(&self) -> Server {
        Server::start(&mut self.command())
    }

    /// Takes all the room that there is.
    pub(crate) fn fill(&self) {
        let mut filler = fs::OpenOptions::new().append(true).create(true).open(self.filler()).unwrap();
        while filler.write(&[7; 512]).is_ok_and(|count| count > 0) {}
    }

    /// Gives it back.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.data().join("filler")
    }

    /// The data directory, as it is seen from outside.
    pub(crate) fn data(&self) -> PathBuf {
        let inside = self.home.data();
        PathBuf::from(format!("/proc/{}/root", self.keeper.id())).join(inside.strip_prefix("/").unwrap())
    }
}
