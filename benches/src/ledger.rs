//! Everything once, everything in order, and how late: the account of what is on its way. Pure; times come in.

use std::{collections::VecDeque, time::Instant};

use crate::{
    Failure,
    stats::{Latency, Recorder},
};

/// The messages that not every receiver has seen.
///
/// Every receiver must get message n, n+1, n+2 …, each once. So the receiver's place in the row says which message
/// comes next, the bytes say whether it is that one, and messages are complete in the order in which they were sent.
#[derive(Debug)]
pub struct Ledger {
    receivers: usize,
    /// The number of the first message in `flights`.
    first: u64,
    flights: VecDeque<Flight>,
    /// Memory of earlier flights, used again.
    spare: Vec<Vec<u8>>,
    deliveries: u64,
    /// The number of the last message that the server has said it took.
    acknowledged: u64,
    each: Recorder,
    last: Recorder,
}

#[derive(Debug)]
struct Flight {
    sent: Instant,
    /// What the first receiver got; empty until then.
    delivery: Vec<u8>,
    seen: usize,
}

impl Ledger {
    /// An account for so many receivers, whose next message is `first`, which is at least 1.
    #[must_use]
    pub fn new(receivers: usize, first: u64) -> Self {
        Self {
            receivers,
            first,
            flights: VecDeque::new(),
            spare: Vec::new(),
            deliveries: 0,
            acknowledged: first.saturating_sub(1),
            each: Recorder::default(),
            last: Recorder::default(),
        }
    }

    /// The number that the next message gets.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.first + self.flights.len() as u64
    }

    /// How many messages not every receiver has seen.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// How many deliveries there were.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// Whether the server has said of every message that it took it.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged + 1 == self.next_number()
    }

    /// A message leaves. Answers its number.
    pub fn sent(&mut self, now: Instant) -> u64 {
        let number = self.next_number();
        let mut delivery = self.spare.pop().unwrap_or_default();
        delivery.clear();
        self.flights.push_back(Flight { sent: now, delivery, seen: 0 });
        number
    }

    /// The publisher was told that a message was taken.
    ///
    /// # Errors
    /// That is one more than was sent.
    pub fn acknowledge(&mut self) -> Result<(), Failure> {
        self.acknowledged += 1;
        if self.acknowledged >= self.next_number() {
            return Err(Failure::new(format!("message {} is acknowledged, and was never sent", self.acknowledged)));
        }
        Ok(())
    }

    /// A receiver whose next message is `number` got this one. `check` looks at the first copy of each message.
    ///
    /// # Errors
    /// It is not message `number`: something was lost, doubled, reordered, damaged or made up.
    pub fn delivered(
        &mut self,
        number: u64,
        delivery: &[u8],
        now: Instant,
        check: impl FnOnce(u64, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let Some(flight) = place.and_then(|place| self.flights.get_mut(place)) else {
            return Err(Failure::new(format!("a delivery where message {number} is due, which nobody has sent")));
        };
        if flight.seen == 0 {
            check(number, delivery)?;
            flight.delivery.extend_from_slice(delivery);
        } else if flight.delivery != delivery {
            return Err(Failure::new(format!(
                "a delivery that is not message {number}, which is due: {delivery:02x?}"
            )));
        }
        flight.seen += 1;
        self.deliveries += 1;
        let late = now.saturating_duration_since(flight.sent);
        self.each.record(late);
        if flight.seen == self.receivers {
            self.last.record(late);
            if let Some(flight) = self.flights.pop_front() {
                self.first += 1;
                self.spare.push(flight.delivery);
            }
        }
        Ok(())
    }

    /// Starts counting afresh; what is in flight stays.
    pub fn reset(&mut self) {
        self.deliveries = 0;
        self.each = Recorder::default();
        self.last = Recorder::default();
    }

    /// Publish to one receipt, and publish to the last receipt.
    #[must_use]
    pub fn latencies(&self) -> (Latency, Latency) {
        (self.each.summary(), self.last.summary())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a moment is needed, any will do")]
mod tests {
    use super::*;

    /// Two receivers; each word is the receiver and the byte that it gets: `a1` `b1`.
    fn play(sent: u64, words: &str) -> Result<(u64, usize), Failure> {
        let mut ledger = Ledger::new(2, 1);
        let now = Instant::now();
        for _ in 0..sent {
            ledger.sent(now);
        }
        let mut next = [1, 1];
        for word in words.split_whitespace().map(str::as_bytes) {
            let receiver = usize::from(word[0] - b'a');
            let check = |number: u64, bytes: &[u8]| match bytes {
                [byte] if u64::from(byte - b'0') == number => Ok(()),
                _ => Err(Failure::new("not that one")),
            };
            ledger.delivered(next[receiver], &word[1..], now, check)?;
            next[receiver] += 1;
        }
        Ok((ledger.deliveries(), ledger.in_flight()))
    }

    #[test]
    fn a_message_is_complete_when_the_last_receiver_has_it() {
        assert_eq!(play(2, "a1 a2 b1"), Ok((3, 1)));
        assert_eq!(play(2, "a1 b1 b2 a2"), Ok((4, 0)));
    }

    #[test]
    fn lost_doubled_reordered_and_invented_deliveries_are_noticed() {
        for words in ["a2", "a1 a1", "a1 b1 b1", "a1 b2", "a1 a2 a3", "a1 b1 a1"] {
            assert!(play(2, words).is_err(), "{words}");
        }
    }

    #[test]
    fn one_answer_for_each_message() {
        let mut ledger = Ledger::new(1, 1);
        ledger.sent(Instant::now());
        assert_eq!(ledger.acknowledge(), Ok(()));
        assert!(ledger.acknowledge().is_err());
    }
}
