//! The limit on open files: raised as far as the system lets us, and what it leaves for connections.

use crate::{config::Config, event_loop::PLACES_BEYOND, limits::Limits};

/// Descriptors that are not connections: standard streams, database, logs, poll, listeners, and what SQLite opens now
/// and then. Turning people away is better than a database that finds none.
const KEPT: u64 = 64;

/// One descriptor a connection: a soft limit that may be raised must not be what turns people away.
pub fn raise(complain: fn(&str)) {
    if rlimit::increase_nofile_limit(u64::MAX).is_err() {
        complain("the limit on open files cannot be raised");
    }
}

/// So many places are enough for any house that did not say how many it wants: nothing to complain about at each start.
const MANY: u64 = 4_000;

/// The configured limits with as many connections as there are descriptors for; `complain` is told if that is fewer
/// than somebody asked for, or few.
pub fn affordable(config: &Config, complain: fn(&str)) -> Limits {
    let mut limits = config.limits.clone();
    let is_asked_for = config.limit_sources.contains_key("connections");
    if let Ok((soft, _)) = rlimit::Resource::NOFILE.get() {
        let wanted = limits.connections;
        let places = soft.saturating_sub(KEPT + PLACES_BEYOND as u64).max(1);
        limits.connections = wanted.min(usize::try_from(places).unwrap_or(usize::MAX));
        if limits.connections < wanted && (is_asked_for || places < MANY) {
            complain(&format!(
                "the limit on open files ({soft}) leaves room for {places} connections: limits.connections = {wanted} is \
                 not reached"
            ));
        }
    }
    limits
}
