//! Days and times of day, from milliseconds since 1970 and a time zone.
//!
//! Owns the civil calendar (proleptic Gregorian). Reads no clock and no file.

use super::zone::Zone;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The day of the week: 0 is Sunday.
    pub weekday: u8,
    /// Days since 1970-01-01, for distances.
    pub number: i64,
}

impl Date {
    /// A day by its distance from 1970-01-01.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        // Eras of 400 years that begin on the first of March, so that the leap day is the last of its year.
        let shifted = number.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month: small(month), day: small(day), weekday: small((number + 4).rem_euclid(7)), number }
    }
}

/// The number of days from 1970-01-01 to the first of a month.
#[must_use]
pub fn days_to_month(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    let year_of_era = year.rem_euclid(400);
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn small(number: i64) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

/// A moment as a clock on the wall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day.
    pub date: Date,
    /// The hour, from 0 to 23.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
}

impl Local {
    /// What the clocks of a zone show.
    #[must_use]
    pub fn at(at_ms: i64, zone: &Zone) -> Self {
        let utc = at_ms.div_euclid(1_000);
        let seconds = utc.saturating_add(zone.offset_at(utc));
        let of_day = seconds.rem_euclid(86_400);
        Self {
            date: Date::from_number(seconds.div_euclid(86_400)),
            hour: small(of_day / 3_600),
            minute: small(of_day / 60 % 60),
        }
    }

    /// `09:05`.
    #[must_use]
    pub fn clock(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (number, year, month, day, weekday) in
            [(0, 1970, 1, 1, 4), (-1, 1969, 12, 31, 3), (11_016, 2000, 2, 29, 2), (20_779, 2026, 11, 22, 0)]
        {
            assert_eq!(Date::from_number(number), Date { year, month, day, weekday, number });
        }
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let mut before = Date::from_number(-150_001);
        for number in -150_000..150_000 {
            let date = Date::from_number(number);
            assert!(date > before && date.weekday == (before.weekday + 1) % 7);
            assert_eq!(days_to_month(date.year, i64::from(date.month)) + i64::from(date.day) - 1, number);
            before = date;
        }
    }

    #[test]
    fn absurd_times_are_days_too() {
        for at_ms in [i64::MIN, i64::MAX, -1] {
            let _ = Local::at(at_ms, &Zone::utc());
        }
        assert_eq!(Local::at(-60_000, &Zone::utc()).clock(), "23:59");
    }
}
