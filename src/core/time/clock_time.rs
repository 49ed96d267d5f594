//! Clock times as people type them.

use std::fmt;
use std::str::FromStr;

use chrono::FixedOffset;

/// A time on the clock as people type it: `HH:MM`, with an offset (`HH:MM+09:00`) where the clocks pass it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTime {
    pub(super) minutes: u16,
    pub(super) offset: Option<FixedOffset>,
}

impl ClockTime {
    /// Minutes after midnight, 0 to 1440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.minutes
    }

    /// The time that many minutes after midnight; more than 1440 is taken as 1440.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Self {
        Self {
            minutes: if minutes > 1440 { 1440 } else { minutes },
            offset: None,
        }
    }

    pub(super) fn full(self) -> String {
        self.offset
            .map_or_else(|| self.to_string(), |offset| format!("{self}{offset}"))
    }
}

impl FromStr for ClockTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!(
                "{} is not a time; write it as in 14:40",
                crate::core::text::quoted(text)
            )
        };
        let trimmed = text.trim();
        // People on the telephone type 1440, 14.40, 9:05 and full-width digits.
        let ascii: String = trimmed
            .chars()
            .map(|c| match c {
                '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
                '：' | '.' => ':',
                other => other,
            })
            .collect();
        let (clock, offset) = match ascii.find(['+', '-']) {
            Some(at) => (
                ascii[..at].trim(),
                Some(ascii[at..].parse::<FixedOffset>().map_err(|_| fault())?),
            ),
            None => (ascii.as_str(), None),
        };
        let (hours, minutes) = match clock.split_once(':') {
            Some(parts) => parts,
            None if clock.len() == 4 && clock.is_ascii() => clock.split_at(2),
            None => return Err(fault()),
        };
        let digits = |part: &str, most: usize| {
            ((1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
                .ok_or_else(fault)
        };
        let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
        let total = hours * 60 + minutes;
        if minutes > 59 || total > 1440 {
            return Err(fault());
        }
        Ok(Self {
            minutes: total,
            offset,
        })
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}
