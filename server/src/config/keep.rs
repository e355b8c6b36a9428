//! For how long what is said is kept.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A hundred years, as the protocol has it for rooms.
const LONGEST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

/// For how long what is said is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// As long as there is room.
    #[default]
    Forever,
    /// So long, and is erased then.
    For(Duration),
}

impl Keep {
    /// What it may be, for an error.
    pub(super) const EXPECTED: &str = "\"forever\" or a time from \"1d\" to \"36500d\", such as \"90d\" or \"1year\"";

    /// In milliseconds; `None` is forever.
    #[must_use]
    pub fn ms(self) -> Option<i64> {
        match self {
            Self::Forever => None,
            Self::For(time) => i64::try_from(time.as_millis()).ok(),
        }
    }
}

impl FromStr for Keep {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        // Less than a day is a slip more likely than a wish, and cannot be undone.
        let time = humantime::parse_duration(text).map_err(|_| ())?;
        if (DAY..=LONGEST).contains(&time) { Ok(Self::For(time)) } else { Err(()) }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::For(time) if time.as_secs().is_multiple_of(DAY.as_secs()) && time.subsec_nanos() == 0 => {
                write!(f, "{}d", time.as_secs() / DAY.as_secs())
            }
            Self::For(time) => write!(f, "{}", humantime::format_duration(*time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_comes_back() {
        for (told, shown, ms) in [
            ("forever", "forever", None),
            ("90d", "90d", Some(90 * 86_400_000)),
            ("1week", "7d", Some(7 * 86_400_000)),
            ("36h", "1day 12h", Some(36 * 3_600_000)),
        ] {
            let keep: Keep = told.parse().unwrap();
            assert_eq!((keep.to_string().as_str(), keep.ms()), (shown, ms));
            assert_eq!(shown.parse(), Ok(keep), "what is shown may be told");
        }
        for wrong in ["", "0", "90", "23h", "36501d", "-1d", "Forever", "90d!"] {
            assert_eq!(wrong.parse::<Keep>(), Err(()), "{wrong}");
        }
    }
}
