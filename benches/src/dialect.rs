//! How a server is spoken to: all that the generator does not know.
//!
//! One implementation per protocol. It owns no socket and no clock: bytes come in, bytes and news go out. Whoever adds
//! one keeps to this: a message that many receive must reach all of them as **the same bytes**, for the ledger checks
//! the first copy by [`Dialect::check`] and the others against that one. (What a protocol varies from receiver to
//! receiver is to be left out of [`Told::Delivery`].)

use crate::Failure;

/// A protocol, and what all its clients have in common.
pub trait Dialect {
    /// What a client remembers.
    type Client;

    /// The client of this number, about to be connected. The same number is the same person every time.
    ///
    /// # Errors
    /// There is no such client.
    fn client(&self, number: usize) -> Result<Self::Client, Failure>;

    /// What the client says first.
    ///
    /// # Errors
    /// It cannot be said.
    fn begin(&self, client: &mut Self::Client, out: &mut Vec<u8>) -> Result<(), Failure>;

    /// Takes bytes in as they arrive, split anywhere; appends to `out` what the client says to that, and tells what it
    /// means.
    ///
    /// # Errors
    /// The server said what it must not say, or `tell` did not like it.
    fn receive(
        &self,
        client: &mut Self::Client,
        bytes: &[u8],
        out: &mut Vec<u8>,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure>;

    /// Publishes message `number` (they are counted from 1, and never twice on one server) to everybody.
    fn publish(&self, number: u64, out: &mut Vec<u8>);

    /// Whether a delivery is message `number` as it was published.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self, number: u64, delivery: &[u8]) -> Result<(), Failure>;

    /// Whether the publisher gets an answer for each message.
    fn acknowledges(&self) -> bool;

    /// What a client says from time to time so as not to be taken for dead.
    fn keep_alive(&self, out: &mut Vec<u8>);

    /// Whether the publisher gets what it publishes, as everybody else does.
    fn publisher_receives(&self) -> bool {
        true
    }

    /// Logins under way at once: enough to keep the server busy, few enough for its queue of connections.
    fn logins_at_once(&self) -> usize {
        256
    }
}

/// What bytes from a server mean to the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// The client is logged in, and gets whatever is published from now on.
    Welcome,
    /// A message, the same bytes for all its receivers.
    Delivery(&'a [u8]),
    /// The server has taken a message of this client.
    Acknowledged,
    /// Anything else that is in order.
    Other,
}
