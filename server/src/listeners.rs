//! All listening sockets of a server, and whose turn it is.
//!
//! Owns the order in which they are asked whether somebody waits. What becomes of whoever does is the loop's business.

use std::fmt;

use mio::net::TcpListener;

use crate::listener::{Accepted, Listener, Source};

/// See the module's page.
pub struct Listeners<A: Source = TcpListener> {
    all: Vec<Listener<A>>,
    /// Who is asked first.
    first: usize,
}

impl<A: Source> Listeners<A> {
    /// These, in any order.
    #[must_use]
    pub fn new(all: Vec<Listener<A>>) -> Self {
        Self { all, first: 0 }
    }

    /// The sockets, by their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Listener<A>> {
        self.all.iter()
    }

    /// The same, to register them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Listener<A>> {
        self.all.iter_mut()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nobody can come any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// An event said that somebody waits at this one.
    pub fn mark(&mut self, number: usize) {
        if let Some(listener) = self.all.get_mut(number) {
            listener.mark();
        }
    }

    /// When to try again without an event.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.all.iter().filter_map(Listener::deadline).min()
    }

    /// Accepts for one turn: at most so many, each given to `take`, which says whether there is room for another.
    ///
    /// Another one is the first in each turn: whoever floods one address must use up neither what a turn may accept nor
    /// the places that become free.
    pub fn accept(&mut self, now: u64, mut budget: usize, mut take: impl FnMut(Accepted<A::Socket>) -> bool) {
        self.first = (self.first + 1).checked_rem(self.all.len()).unwrap_or_default();
        let (after, before) = self.all.split_at_mut(self.first);
        for listener in before.iter_mut().chain(after) {
            while budget > 0 {
                match listener.accept(now) {
                    Accepted::Nobody | Accepted::NotNow => break,
                    Accepted::Aborted => budget -= 1,
                    accepted => {
                        budget -= 1;
                        if !take(accepted) {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Ends it: nobody can come any more.
    pub fn take(&mut self) -> Vec<Listener<A>> {
        std::mem::take(&mut self.all)
    }
}

impl<A: Source> fmt::Debug for Listeners<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Listener::address)).finish()
    }
}
