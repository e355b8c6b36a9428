//! Who may connect, and who may claim a name: how many connections and new names come from each address, and the number
//! that each connection gets in the activity log.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

/// The address as people know it: an IPv4 peer of an IPv6 socket without the mapping.
#[must_use]
pub fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// The counts.
#[derive(Debug, Default)]
pub struct Admission {
    last_number: u64,
    addresses: BTreeMap<IpAddr, usize>,
}

impl Admission {
    /// Counts a connection in, and gives it its number.
    pub fn count(&mut self, address: IpAddr) -> u64 {
        *self.addresses.entry(address.to_canonical()).or_default() += 1;
        self.number()
    }

    /// A number for a connection that is not counted, because it is over at once.
    pub fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// How many connections come from an address.
    #[must_use]
    pub fn from(&self, address: IpAddr) -> usize {
        self.addresses.get(&address.to_canonical()).copied().unwrap_or_default()
    }

    /// Counts a connection out.
    pub fn forget(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

/// How many new names each address has claimed of late.
#[derive(Debug, Default)]
pub struct Claims {
    /// When all that an address has claimed is forgotten, in microseconds of the loop's monotonic clock: each name
    /// takes its part of an hour, and an hour's worth of them may come at once.
    forgotten_at: BTreeMap<IpAddr, u64>,
    /// So many addresses before the next look at which are forgotten.
    sweep_at: usize,
}

const HOUR_MICROS: u64 = 3_600_000_000;

impl Claims {
    /// Fewer addresses than this are no reason to tidy up.
    const SWEEP_FROM: usize = 64;

    /// Counts a claim, unless its address has had as many as it may.
    pub fn count(&mut self, address: IpAddr, per_hour: u64, now_ms: u64) -> bool {
        let (now, cost) = (now_ms * 1_000, HOUR_MICROS / per_hour);
        if self.forgotten_at.len() >= self.sweep_at.max(Self::SWEEP_FROM) {
            self.forgotten_at.retain(|_, at| *at > now);
            self.sweep_at = self.forgotten_at.len() * 2;
        }
        let at = self.forgotten_at.get(&address.to_canonical()).copied().unwrap_or_default().max(now) + cost;
        let is_allowed = at <= now + HOUR_MICROS;
        if is_allowed {
            self.forgotten_at.insert(address.to_canonical(), at);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hours_worth_at_once_and_then_one_after_the_other() {
        let mut claims = Claims::default();
        let (ana, luis) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mapped = "::ffff:10.0.0.1".parse().unwrap();
        assert!((0..99).all(|_| claims.count(ana, 100, 5)));
        assert!(claims.count(mapped, 100, 5) && !claims.count(mapped, 100, 5) && !claims.count(ana, 100, 36_004));
        assert!(claims.count(luis, 100, 5));
        assert!(claims.count(ana, 100, 36_005) && !claims.count(ana, 100, 36_005));
        assert!((0..100).all(|_| claims.count(ana, 100, 36_005 + 3_600_000)));
    }

    #[test]
    fn addresses_are_forgotten() {
        let mut claims = Claims::default();
        for n in 0..100_000_u32 {
            assert!(claims.count(IpAddr::from(n.to_be_bytes()), 3_600, u64::from(n)));
            assert!(claims.forgotten_at.len() <= 2_100, "{} addresses", claims.forgotten_at.len());
        }
    }
}
