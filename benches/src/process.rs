//! What the system says about a process: the time that it was charged for, and its memory. Linux: `/proc`.
//!
//! The clock is the scheduler's own sum in nanoseconds (`schedstat`), of all threads of the process. It is exact for a
//! thread that sleeps and up to a tick old for one that runs, so it is read when the process has nothing to do. How the
//! time divides into the program's and the kernel's is known to a hundredth of a second only.

use std::{
    ops::{Add, Sub},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;

use crate::Failure;

/// Time that a process was charged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// All of it.
    pub total: Duration,
    /// The part that the program spent in itself, in the system's ticks.
    user_ticks: u64,
    /// The part that it spent in the kernel, in the system's ticks.
    system_ticks: u64,
}

impl Cpu {
    /// How much of it the program spent in itself, from 0 to 1; coarse.
    #[must_use]
    pub fn user_share(self) -> f64 {
        let ticks = self.user_ticks + self.system_ticks;
        if ticks == 0 { 0.0 } else { self.user_ticks as f64 / ticks as f64 }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            user_ticks: self.user_ticks.saturating_sub(earlier.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(earlier.system_ticks),
        }
    }
}

impl Add for Cpu {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            user_ticks: self.user_ticks + other.user_ticks,
            system_ticks: self.system_ticks + other.system_ticks,
        }
    }
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// What is resident, files included.
    pub resident: u64,
    /// What is resident and belongs to no file: heap and stacks. The kernel's own memory for sockets is not in it.
    pub anonymous: u64,
}

/// A process that can be asked.
#[derive(Clone, Debug)]
pub struct Process {
    directory: PathBuf,
}

impl Process {
    /// The process of this id.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        Self { directory: PathBuf::from(format!("/proc/{pid}")) }
    }

    /// This process.
    #[must_use]
    pub fn this() -> Self {
        Self { directory: PathBuf::from("/proc/self") }
    }

    /// What it was charged for since it began, by all threads that it has now.
    ///
    /// # Errors
    /// It is gone, or the system does not say.
    pub fn cpu(&self) -> Result<Cpu, Failure> {
        #[expect(clippy::disallowed_methods, reason = "this file reads what the system says about a process")]
        let threads = std::fs::read_dir(self.directory.join("task"))
            .map_err(|error| Failure::doing("the threads of the server", error))?;
        let mut nanos = 0;
        for thread in threads {
            let thread = thread.map_err(|error| Failure::doing("a thread of the server", error))?;
            // A thread may end between being listed and being asked, and takes its time with it.
            #[expect(clippy::disallowed_methods, reason = "this file reads what the system says about a process")]
            let told = match read(&thread.path().join("schedstat")) {
                Err(_) if !thread.path().exists() => continue,
                told => told?,
            };
            nanos += first_number(&told).ok_or_else(|| Failure::new("schedstat is not understood"))?;
        }
        let (user_ticks, system_ticks) =
            ticks(&read(&self.directory.join("stat"))?).ok_or_else(|| Failure::new("stat is not understood"))?;
        Ok(Cpu { total: Duration::from_nanos(nanos), user_ticks, system_ticks })
    }

    /// What it occupies.
    ///
    /// # Errors
    /// It is gone, or the system does not say.
    pub fn memory(&self) -> Result<Memory, Failure> {
        let told = read(&self.directory.join("smaps_rollup"))?;
        let bytes = |name: &str| kibibytes(&told, name).map(|kib| kib * 1024);
        match (bytes("Rss:"), bytes("Anonymous:")) {
            (Some(resident), Some(anonymous)) => Ok(Memory { resident, anonymous }),
            _ => Err(Failure::new("smaps_rollup is not understood")),
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    #[expect(clippy::disallowed_methods, reason = "this file reads what the system says about a process")]
    std::fs::read_to_string(path).map_err(|error| Failure::doing(&path.display().to_string(), error))
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// The number on the line of this name.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| first_number(line.strip_prefix(name)?))
}

/// Fields 14 and 15 of `stat`. Field 2 is the program's name in brackets, and may hold anything.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194304 100 0 0 0 11 22 0 0 20 0 1 0";
        assert_eq!(ticks(stat), Some((11, 22)));
    }

    #[test]
    fn a_line_is_found_by_its_whole_name() {
        let text = "Rss:  1664 kB\nPss_Anon: 1 kB\nAnonymous:    112 kB\n";
        assert_eq!((kibibytes(text, "Anonymous:"), kibibytes(text, "Anon:")), (Some(112), None));
    }

    #[test]
    fn this_process_can_be_asked() {
        let this = Process::this();
        let before = this.cpu().unwrap();
        assert!(this.memory().unwrap().resident >= this.memory().unwrap().anonymous);
        assert!((this.cpu().unwrap() - before).total < Duration::from_secs(60));
    }
}
