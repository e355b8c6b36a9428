//! What a poll has said about one socket, remembered until the socket says otherwise.
//!
//! Owns two bits. It does not know who waits for them: interest is derived from the state of the connection, each time
//! it is needed, because an interest that is stored is an interest that goes stale.

/// The edges seen on a socket and not used up yet.
///
/// Being paused is not recorded here: these bits are the only memory of an edge, and clearing one because nobody wants
/// to read at the moment would hang the connection for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Readiness(u8);

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;

impl Readiness {
    /// The readiness of a socket that nothing is known about: worth a write, since new sockets can nearly always be
    /// written to and the socket itself corrects us if not; not worth a read, since registering it brings the first
    /// edge if bytes are there already.
    pub(crate) const fn new() -> Self {
        Self(WRITABLE)
    }

    /// Whether reading may give something.
    pub(crate) const fn is_readable(self) -> bool {
        self.0 & READABLE != 0
    }

    /// Whether writing may take something.
    pub(crate) const fn is_writable(self) -> bool {
        self.0 & WRITABLE != 0
    }

    /// An event said that the socket can be read.
    pub(crate) const fn mark_readable(&mut self) {
        self.0 |= READABLE;
    }

    /// An event said that the socket can be written.
    pub(crate) const fn mark_writable(&mut self) {
        self.0 |= WRITABLE;
    }

    /// A read answered `WouldBlock`. Nothing else is a reason.
    pub(crate) const fn clear_readable(&mut self) {
        self.0 &= !READABLE;
    }

    /// A write answered `WouldBlock`. Nothing else is a reason.
    pub(crate) const fn clear_writable(&mut self) {
        self.0 &= !WRITABLE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_is_remembered_on_its_own() {
        let mut readiness = Readiness::new();
        assert!(!readiness.is_readable() && readiness.is_writable());
        readiness.mark_readable();
        readiness.clear_writable();
        assert!(readiness.is_readable() && !readiness.is_writable());
        readiness.clear_readable();
        readiness.mark_writable();
        assert_eq!(readiness, Readiness::new());
        assert_eq!(size_of::<Readiness>(), 1);
    }
}
