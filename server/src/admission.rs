//! Who may connect: how many connections come from each address, and the number that each connection gets in the activity log.

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
