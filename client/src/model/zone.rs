//! A time zone, read from the bytes of a file as `/etc/localtime` is (TZif, RFC 9636).
//!
//! Owns the transitions and the rule for the time after them. Reads no file: whoever knows where the zone stands hands
//! its bytes over. What cannot be read is UTC, because a wrong guess is worse than a known clock.

use super::calendar::{Date, days_to_month};

/// How far the clocks on the wall are from UTC, and when that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// From this moment on (seconds since 1970, UTC) this offset in seconds; sorted.
    transitions: Vec<(i64, i64)>,
    /// Before the first of them.
    first: i64,
    /// After the last of them, if the file tells.
    rule: Option<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    standard: i64,
    /// The offset in summer, and when it begins and ends, in seconds of the local day then in force.
    summer: Option<(i64, Change, Change)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    time: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// `Mm.w.d`: week 5 is the last one.
    Weekday { month: i64, week: i64, weekday: i64 },
    /// `Jn`, from 1, never counting 29 February.
    Julian(i64),
    /// `n`, from 0, counting it.
    Plain(i64),
}

impl Change {
    /// Seconds since 1970 on the local clock.
    fn in_year(self, year: i64) -> i64 {
        let first = days_to_month(year, 1);
        let leap = days_to_month(year, 3) - days_to_month(year, 2) == 29;
        let day = match self.day {
            Day::Plain(number) => first + number,
            Day::Julian(number) => first + number - 1 + i64::from(leap && number >= 60),
            Day::Weekday { month, week, weekday } => {
                let begin = days_to_month(year, month);
                let end = if month == 12 { days_to_month(year + 1, 1) } else { days_to_month(year, month + 1) };
                let ahead = (weekday - i64::from(Date::from_number(begin).weekday)).rem_euclid(7);
                let mut day = begin + ahead + (week - 1) * 7;
                while day >= end {
                    day -= 7;
                }
                day
            }
        };
        day * 86_400 + self.time
    }
}

impl Rule {
    fn offset_at(&self, utc: i64) -> i64 {
        let Some((summer, begin, end)) = self.summer else { return self.standard };
        let year = Date::from_number((utc + self.standard).div_euclid(86_400)).year;
        let begin = begin.in_year(year) - self.standard;
        let end = end.in_year(year) - summer;
        // South of the equator summer spans the turn of the year.
        let in_summer = if begin < end { begin <= utc && utc < end } else { utc >= begin || utc < end };
        if in_summer { summer } else { self.standard }
    }
}

impl Zone {
    /// No difference.
    #[must_use]
    pub fn utc() -> Self {
        Self::default()
    }

    /// Reads a TZif file of version 2 or later. `None` if it is not one.
    #[must_use]
    pub fn from_tzif(bytes: &[u8]) -> Option<Self> {
        let old = Header::read(bytes)?;
        // The first block is for old readers, with times of 32 bits; ours follows it.
        let rest = bytes.get(44 + old.length(4)?..)?;
        let header = Header::read(rest)?;
        let body = rest.get(44..)?;
        let times = body.get(..header.times * 8)?;
        let indices = body.get(header.times * 8..header.times * 9)?;
        let types = body.get(header.times * 9..header.times * 9 + header.types * 6)?;
        let offsets: Vec<i64> = types
            .chunks_exact(6)
            .filter_map(|kind| kind.first_chunk::<4>().map(|four| i64::from(i32::from_be_bytes(*four))))
            .collect();
        let mut transitions = Vec::with_capacity(header.times);
        for (eight, index) in times.chunks_exact(8).zip(indices) {
            transitions.push((i64::from_be_bytes(*eight.first_chunk()?), *offsets.get(usize::from(*index))?));
        }
        transitions.is_sorted_by_key(|(at, _)| *at).then_some(())?;
        let footer = rest.get(44 + header.length(8)?..).unwrap_or_default();
        let rule = std::str::from_utf8(footer).ok().and_then(|text| posix(text.trim_matches('\n')));
        Some(Self { transitions, first: *offsets.first()?, rule })
    }

    /// How many seconds the clocks on the wall are ahead of UTC at a moment, in seconds since 1970.
    #[must_use]
    pub fn offset_at(&self, utc: i64) -> i64 {
        let after = self.transitions.partition_point(|(at, _)| *at <= utc);
        if after == self.transitions.len()
            && let Some(rule) = &self.rule
        {
            // Far beyond the calendar there is no summer; the sums must not overflow.
            return if utc.unsigned_abs() < 1 << 50 { rule.offset_at(utc) } else { rule.standard };
        }
        after.checked_sub(1).and_then(|last| self.transitions.get(last)).map_or(self.first, |(_, offset)| *offset)
    }
}

struct Header {
    version: u8,
    is_ut: usize,
    is_std: usize,
    leaps: usize,
    times: usize,
    types: usize,
    chars: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..44).filter(|bytes| bytes.starts_with(b"TZif"))?;
        // The counts reserve nothing: every slice is asked for with `get`. The bound only keeps sums from overflowing.
        let count = |i: usize| {
            let four = bytes.get(20 + i * 4..)?.first_chunk::<4>()?;
            usize::try_from(u32::from_be_bytes(*four)).ok().filter(|count| *count < 1 << 20)
        };
        let header = Self {
            version: *bytes.get(4)?,
            is_ut: count(0)?,
            is_std: count(1)?,
            leaps: count(2)?,
            times: count(3)?,
            types: count(4)?,
            chars: count(5)?,
        };
        (header.version >= b'2').then_some(header)
    }

    fn length(&self, time: usize) -> Option<usize> {
        Some(self.times * (time + 1) + self.types * 6 + self.chars + self.leaps * (time + 4) + self.is_std + self.is_ut)
    }
}

/// Reads a rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
fn posix(text: &str) -> Option<Rule> {
    let (zone, changes) = text.split_once(',').map_or((text, None), |(zone, changes)| (zone, Some(changes)));
    let rest = skip_name(zone)?;
    let (standard, rest) = clock(rest)?;
    // The rule says what to add to the local time to get UTC; everybody else says it the other way round.
    let standard = -standard;
    if rest.is_empty() {
        return Some(Rule { standard, summer: None });
    }
    let rest = skip_name(rest)?;
    let summer = if rest.is_empty() { standard + 3_600 } else { -clock(rest)?.0 };
    let (begin, end) = changes?.split_once(',')?;
    Some(Rule { standard, summer: Some((summer, change(begin)?, change(end)?)) })
}

fn skip_name(text: &str) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('<') {
        return quoted.split_once('>').map(|(_, rest)| rest);
    }
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    (rest.len() < text.len()).then_some(rest)
}

/// `[+-]hh[:mm[:ss]]`, as seconds, and what follows it.
fn clock(text: &str) -> Option<(i64, &str)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3_600, 60, 1]) {
        seconds += part.parse::<i64>().ok().filter(|part| *part < 1_000)? * unit;
    }
    Some((sign * seconds, rest))
}

fn change(text: &str) -> Option<Change> {
    let (day, time) = match text.split_once('/') {
        Some((day, time)) => (day, clock(time)?.0),
        None => (text, 7_200),
    };
    let day = if let Some(rest) = day.strip_prefix('M') {
        let mut parts = rest.split('.').map(|part| part.parse::<i64>().ok());
        let (month, week, weekday) = (parts.next()??, parts.next()??, parts.next()??);
        let known = (1..=12).contains(&month) && (1..=5).contains(&week) && (0..=6).contains(&weekday);
        known.then_some(Day::Weekday { month, week, weekday })?
    } else if let Some(number) = day.strip_prefix('J') {
        Day::Julian(number.parse().ok().filter(|n| (1..=365).contains(n))?)
    } else {
        Day::Plain(day.parse().ok().filter(|n| (0..=365).contains(n))?)
    };
    Some(Change { day, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rule: &str) -> Vec<u8> {
        // One transition in 2000 to +2 h, by hand after RFC 9636, behind an empty block for old readers.
        let mut bytes = b"TZif2".to_vec();
        bytes.resize(44, 0);
        bytes.extend(b"TZif2");
        bytes.resize(44 + 20, 0);
        for count in [0u32, 0, 0, 1, 2, 8] {
            bytes.extend(count.to_be_bytes());
        }
        bytes.extend(946_684_800i64.to_be_bytes());
        bytes.push(1);
        bytes.extend([0, 0, 14, 16, 0, 0]);
        bytes.extend([0, 0, 28, 32, 1, 4]);
        bytes.extend(b"CET\0CEST");
        bytes.extend(format!("\n{rule}\n").bytes());
        bytes
    }

    #[test]
    fn transitions_then_the_rule() {
        let zone = Zone::from_tzif(&file("CET-1CEST,M3.5.0,M10.5.0/3")).unwrap();
        assert_eq!(zone.offset_at(0), 3_600);
        // The last Sunday of March 2026 is the 29th, of October the 25th; both changes are at 01:00 UTC.
        for (utc, offset) in
            [(1_774_745_999, 3_600), (1_774_746_000, 7_200), (1_792_889_999, 7_200), (1_792_890_000, 3_600)]
        {
            assert_eq!(zone.offset_at(utc), offset, "{utc}");
        }
    }

    #[test]
    fn south_of_the_equator_and_odd_offsets() {
        let sydney = posix("AEST-10AEDT,M10.1.0,M4.1.0/3").unwrap();
        assert_eq!(sydney.offset_at(1_767_225_600), 39_600, "January");
        assert_eq!(sydney.offset_at(1_782_864_000), 36_000, "July");
        assert_eq!(posix("<+0545>-5:45").unwrap().offset_at(0), 20_700);
        assert_eq!(posix("<-03>3").unwrap().offset_at(0), -10_800);
    }

    #[test]
    fn no_prefix_of_a_file_and_no_noise_is_a_problem() {
        let whole = file("CET-1CEST,M3.5.0,M10.5.0/3");
        for end in 0..whole.len() {
            let _ = Zone::from_tzif(&whole[..end]);
        }
        for rule in
            ["", "CET", "CET-", "CET-1CEST", "CET-1CEST,", "CET-1CEST,M13.1.0,J0", "-1", "<", "CET-999999999999"]
        {
            assert!(posix(rule).is_none(), "{rule}");
        }
        assert_eq!(Zone::utc().offset_at(i64::MAX), 0);
    }
}
