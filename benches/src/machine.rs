//! The machine: what it is, and who runs on which core.
//!
//! Pinning is done by `taskset` (util-linux), which any Linux has: the one thing that it does is not worth a
//! dependency, and the server must not know of it.

use std::path::Path;

use serde::Serialize;

use crate::Failure;

/// What the figures were measured on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// The cores that this process may use.
    pub cores: Vec<usize>,
    /// Memory, in bytes.
    pub memory: u64,
    /// The kernel.
    pub kernel: String,
    /// The file system that the data lies on.
    pub data_file_system: String,
    /// How busy the machine was before the bench began: the load average of a minute.
    pub load_before: f64,
    /// How many files may be open, for this process and for the server.
    pub open_files: u64,
}

impl Machine {
    /// Looks around; what cannot be found out stays empty. Raises the limit on open files as far as it goes.
    #[must_use]
    pub fn look(data: &Path) -> Self {
        let (cpuinfo, status) = (read("/proc/cpuinfo"), read("/proc/self/status"));
        let cpu = ["model name", "Hardware", "uarch"].iter().find_map(|name| value(&cpuinfo, name));
        let memory = value(&read("/proc/meminfo"), "MemTotal").and_then(|kib| first(&kib)).unwrap_or_default();
        let load = read("/proc/loadavg").split_whitespace().next().and_then(|load| load.parse().ok());
        #[expect(clippy::disallowed_methods, reason = "mount points are absolute, so the data's path has to be")]
        let data = std::fs::canonicalize(data).unwrap_or_else(|_| data.to_owned());
        Self {
            cpu: cpu.unwrap_or_default(),
            cores: value(&status, "Cpus_allowed_list").map(|list| cores(&list)).unwrap_or_default(),
            memory: memory * 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            data_file_system: file_system(&read("/proc/self/mounts"), &data),
            load_before: load.unwrap_or_default(),
            open_files: rlimit::increase_nofile_limit(u64::MAX).unwrap_or_default(),
        }
    }

    /// Whether so many connections can be open here at once.
    ///
    /// # Errors
    /// They cannot.
    pub fn can_hold(&self, connections: usize) -> Result<(), Failure> {
        // Besides its connections each side has its standard streams, a poll, a log and so on.
        match u64::try_from(connections) {
            Ok(wanted) if wanted + 64 <= self.open_files => Ok(()),
            _ => Err(Failure::new(format!(
                "{connections} connections need as many open files, and {} are allowed here (ulimit -Hn)",
                self.open_files
            ))),
        }
    }

    /// A core each for server and generator, as far as there are two, this process being put on its own at once.
    #[must_use]
    pub fn pin(&self) -> Option<Pins> {
        let pins = Pins { server: *self.cores.first()?, generator: *self.cores.get(1)? };
        #[expect(clippy::disallowed_methods, reason = "this file owns taskset")]
        let taskset = std::process::Command::new(TASKSET)
            .args(["-cp", &pins.generator.to_string(), &std::process::id().to_string()])
            .output();
        taskset.is_ok_and(|output| output.status.success()).then_some(pins)
    }
}

/// Who runs where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pins {
    /// The core of the server, with all its threads.
    pub server: usize,
    /// The core of the generator.
    pub generator: usize,
}

impl Pins {
    /// What the server's command has to begin with.
    #[must_use]
    pub fn server_prefix(self) -> [String; 3] {
        [TASKSET.to_owned(), "-c".to_owned(), self.server.to_string()]
    }
}

const TASKSET: &str = "taskset";

fn read(path: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "this file reads what the system says about itself")]
    std::fs::read_to_string(path).unwrap_or_default()
}

/// What stands behind the colon on the first line of this name.
fn value(text: &str, name: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn first(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// `0-2,5` in full.
fn cores(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.trim().parse().ok()?..=to.trim().parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

/// The sort of file system that a path lies on: the longest mount point that it begins with.
fn file_system(mounts: &str, path: &Path) -> String {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map_or_else(String::new, |(_, sort)| sort.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_is_read() {
        assert_eq!(cores("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(cores("3"), [3]);
    }

    #[test]
    fn data_lies_on_the_longest_mount_point() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/x")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/tmpx")), "ext4");
    }
}
