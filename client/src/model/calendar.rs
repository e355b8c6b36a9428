//! Days and times of day, from milliseconds since 1970 and a time zone that somebody else has read.
//!
//! Owns the conversion, so that an absurd time from a peer is a day like any other. Reads no clock and no file.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// What the clocks of a zone show at a moment. What lies beyond the calendar is its first or its last moment.
#[must_use]
pub fn local(at_ms: i64, zone: &TimeZone) -> DateTime {
    let end = if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap_or(end))
}

/// `09:05`.
#[must_use]
pub fn clock(time: DateTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_of_a_zone_follow_its_rules() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // The last Sunday of March 2026 is the 29th, of October the 25th; both changes are at 01:00 UTC.
        for (utc, shown) in [
            (1_774_745_999, "01:59"),
            (1_774_746_000, "03:00"),
            (1_792_889_999, "02:59"),
            (1_792_890_000, "02:00"),
            (1_795_348_800, "13:00"),
        ] {
            assert_eq!(clock(local(utc * 1_000, &zone)), shown, "{utc}");
        }
    }

    #[test]
    fn absurd_times_are_days_too() {
        let west = TimeZone::posix("<-03>3").unwrap();
        for zone in [TimeZone::UTC, west] {
            assert_eq!(local(i64::MAX, &zone).year(), 9_999);
            assert_eq!(local(i64::MIN, &zone).year(), -9_999);
        }
        assert_eq!(clock(local(-60_000, &TimeZone::UTC)), "23:59");
    }
}
