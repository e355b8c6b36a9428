//! What the system says about the server while it is soaked, and who runs on which core.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use crate::server::{Server, status_number};

/// Linux tells CPU time in hundredths of a second, on every architecture that Rust knows but Alpha.
const TICKS_PER_SECOND: f64 = 100.0;

/// The first and the last core that we may run on: the server's and ours. The same one if there is only one.
pub(super) fn cores() -> (String, String) {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned();
    let of = |part: &str| part.trim().to_owned();
    let first = list.split([',', '-']).next().map(of).unwrap();
    let last = list.rsplit([',', '-']).next().map(of).unwrap();
    (first, last)
}

/// Keeps the thread that asks for it on one core, and nobody else.
pub(super) fn stay_on(core: &str) {
    let link = fs::read_link("/proc/thread-self").unwrap();
    let thread = link.file_name().unwrap().to_str().unwrap();
    let done = Command::new("taskset").args(["-p", "-c", core, thread]).output();
    let done = done.expect("taskset is missing: install the Debian package util-linux");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// One look at the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at: Duration,
    pub(super) resident_kib: u64,
    pub(super) cpu: Duration,
    pub(super) messages: usize,
    pub(super) deliveries: u64,
    pub(super) online: usize,
}

/// Looks at the server, every so often.
pub(super) struct Samples {
    began: Instant,
    every: Duration,
    pub(super) all: Vec<Sample>,
}

impl Samples {
    pub(super) fn new(every: Duration) -> Self {
        Self { began: Instant::now(), every, all: Vec::new() }
    }

    /// Takes one if it is time.
    pub(super) fn take(&mut self, server: &Server, messages: usize, deliveries: u64, online: usize) {
        let at = self.began.elapsed();
        if at >= self.every * u32::try_from(self.all.len()).unwrap() {
            let (resident_kib, cpu) = (server.resident_kib(), cpu(server));
            self.all.push(Sample { at, resident_kib, cpu, messages, deliveries, online });
        }
    }

    /// Those after the first two fifths, in which the last pages of memory are touched for the first time: the reader's
    /// cache, which is bounded, comes with the first who come back and pull pages.
    pub(super) fn warm(&self) -> &[Sample] {
        &self.all[self.all.len() * 2 / 5..]
    }
}

/// What the system has charged the server for so far.
pub(super) fn cpu(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.process.id())).unwrap();
    // The name of the program, in brackets, may hold anything; `utime` and `stime` are the 12th and 13th behind it.
    let behind: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u32 = behind[11].parse::<u32>().unwrap() + behind[12].parse::<u32>().unwrap();
    Duration::from_secs_f64(f64::from(ticks) / TICKS_PER_SECOND)
}

/// The most address space that the server ever had, in KiB.
pub(super) fn address_space_kib(server: &Server) -> u64 {
    status_number(&format!("/proc/{}/status", server.process.id()), "VmPeak:")
}
