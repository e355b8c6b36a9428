//! How late things are, as quantiles.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is told apart from longer ones, in nanoseconds: a minute.
const MAX_NANOS: u64 = 60_000_000_000;

/// Takes times in, to three digits.
#[derive(Clone, Debug)]
pub struct Recorder(Option<Histogram<u64>>);

impl Default for Recorder {
    fn default() -> Self {
        // The bounds are constants that fit each other; without a histogram there would be no quantiles, and no more.
        Self(Histogram::new_with_bounds(1, MAX_NANOS, 3).ok())
    }
}

/// Quantiles, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How many times there were.
    pub count: u64,
    /// Half of them were at most this.
    pub p50_ms: f64,
    /// 99 of 100 were at most this.
    pub p99_ms: f64,
    /// 999 of 1,000 were at most this.
    pub p999_ms: f64,
    /// None was more than this.
    pub max_ms: f64,
}

impl Recorder {
    /// Takes one in.
    pub fn record(&mut self, time: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// What has come together.
    #[must_use]
    pub fn summary(&self) -> Latency {
        let Some(histogram) = self.0.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Latency::default();
        };
        let at = |quantile| millis(histogram.value_at_quantile(quantile));
        Latency {
            count: histogram.len(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: millis(histogram.max()),
        }
    }
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

/// A time divided by a count, in microseconds; 0 if there was nothing.
#[must_use]
pub fn micros_each(time: Duration, count: u64) -> f64 {
    if count == 0 { 0.0 } else { time.as_secs_f64() * 1e6 / count as f64 }
}

/// A count divided by a time, per second; 0 if there was no time.
#[must_use]
pub fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_hundred_times() {
        let mut recorder = Recorder::default();
        assert_eq!(recorder.summary(), Latency::default());
        (1..=100).for_each(|n| recorder.record(Duration::from_millis(n)));
        recorder.record(Duration::from_secs(3_600));
        let latency = recorder.summary();
        assert_eq!(latency.count, 101);
        for (found, expected) in [(latency.p50_ms, 51.0), (latency.p99_ms, 100.0), (latency.max_ms, 60_000.0)] {
            assert!((found / expected - 1.0).abs() < 0.01, "{found} is not {expected}");
        }
    }

    #[test]
    fn nothing_at_all_costs_nothing() {
        assert_eq!((micros_each(Duration::from_secs(1), 0), per_second(7, Duration::ZERO)), (0.0, 0.0));
        assert_eq!((micros_each(Duration::from_millis(3), 3), per_second(3, Duration::from_secs(2))), (1000.0, 1.5));
    }
}
