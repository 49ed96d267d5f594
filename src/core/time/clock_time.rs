//! Clock times as people type them.

use std::fmt;
use std::str::FromStr;

use chrono::FixedOffset;

/// Minutes on the clock of a day.
pub(super) const DAY_MINUTES: u16 = 1440;
/// A day goes on until 06:00 of the next at the latest, in minutes after midnight.
pub(crate) const LATEST_CLOSE: u16 = 30 * 60;
/// The latest end: that of a slot of 24 hours.
const LATEST_END: u16 = 48 * 60;
/// An end before the start is one of the next day if the slot is not longer than this, in minutes.
const LONGEST_NIGHT: u16 = 12 * 60;

/// A time on the clock as people type it: `HH:MM`, with an offset (`HH:MM+09:00`) where the clocks pass it twice.
///
/// From `24:00` on it is a time of the next day: what goes on after midnight still belongs to the evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTime {
    pub(super) minutes: u16,
    pub(super) offset: Option<FixedOffset>,
}

impl ClockTime {
    /// The beginning of a day.
    pub const MIDNIGHT: Self = Self::from_minutes(0);

    /// Minutes after midnight on the clock, 0 to 2880.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.minutes
    }

    /// The time that many minutes after midnight; more than 1800 is taken as 1800.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Self {
        Self {
            minutes: if minutes > LATEST_CLOSE {
                LATEST_CLOSE
            } else {
                minutes
            },
            offset: None,
        }
    }

    /// Reads when something begins, up to 30:00.
    ///
    /// # Errors
    /// With a sentence that says how to write it.
    pub fn parse_start(text: &str) -> Result<Self, String> {
        parse("a start time", LATEST_CLOSE, text)
    }

    /// Reads when something ends that began at `start`, if that is known. An end up to 06:00 that lies before the
    /// start is one of the next day, unless that makes more than twelve hours.
    ///
    /// # Errors
    /// With a sentence that says how to write it.
    pub fn parse_end(text: &str, start: Option<Self>) -> Result<Self, String> {
        let end = parse("an end time", LATEST_END, text)?;
        Ok(start.map_or(end, |start| end.after(start)))
    }

    /// The first such time after `start`, as [`ClockTime::parse_end`] has it.
    #[must_use]
    pub const fn after(self, start: Self) -> Self {
        let next_day = self.minutes + DAY_MINUTES;
        let is_night = self.minutes <= LATEST_CLOSE - DAY_MINUTES
            && self.minutes <= start.minutes
            && next_day - start.minutes <= LONGEST_NIGHT;
        Self {
            minutes: if is_night { next_day } else { self.minutes },
            offset: self.offset,
        }
    }

    /// The closing time of a day that opens at `opens`: one up to 06:00 that is not after it is one of the next day.
    #[must_use]
    pub const fn closing_after(self, opens: Self) -> Self {
        let is_night = self.minutes <= opens.minutes && self.minutes <= LATEST_CLOSE - DAY_MINUTES;
        Self {
            minutes: if is_night {
                self.minutes + DAY_MINUTES
            } else {
                self.minutes
            },
            offset: self.offset,
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
        parse("a time", LATEST_CLOSE, text)
    }
}

/// Reads a time; `noun` is what is asked for.
fn parse(noun: &str, latest: u16, text: &str) -> Result<ClockTime, String> {
    let plain = plain(text);
    if plain.is_empty() {
        return Err(format!("Enter {noun}, as in 14:40"));
    }
    read(&plain)
        .filter(|time| time.minutes <= latest)
        .ok_or_else(|| {
            format!(
                "{} is not a time; write it as in 14:40",
                crate::core::text::quoted(text)
            )
        })
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// The text in ASCII and small letters, as far as a Japanese keyboard writes the same characters wider.
fn plain(text: &str) -> String {
    let plain = text.trim().chars().map(|c| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '\u{A0}' | '\u{202F}' => ' ',
        '\u{2212}' => '-',
        other => other,
    });
    plain.collect::<String>().to_ascii_lowercase()
}

/// Half of the day that a time names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HalfDay {
    Morning,
    Afternoon,
}

const HALVES: [(&str, HalfDay); 10] = [
    ("am", HalfDay::Morning),
    ("a.m.", HalfDay::Morning),
    ("a.m", HalfDay::Morning),
    ("pm", HalfDay::Afternoon),
    ("p.m.", HalfDay::Afternoon),
    ("p.m", HalfDay::Afternoon),
    ("午前", HalfDay::Morning),
    ("午後", HalfDay::Afternoon),
    ("上午", HalfDay::Morning),
    ("下午", HalfDay::Afternoon),
];

/// Reads `9:30`, `930`, `9.30`, `9h30`, `9時30分`, `9時半`, `9:30 am`, `午前9時30分`, `24:30`, `02:30+09:00`.
fn read(plain: &str) -> Option<ClockTime> {
    let (clock, offset) = match plain.find(['+', '-']) {
        Some(at) => {
            let offset = plain[at..].trim().parse::<FixedOffset>().ok()?;
            (&plain[..at], Some(offset))
        }
        None => (plain, None),
    };
    let (clock, half) = without_half(clock.trim());
    let (hours, minutes) = parts(clock, half.is_some())?;
    let hours = match half {
        None => hours,
        Some(_) if !(0..=12).contains(&hours) => return None,
        Some(HalfDay::Morning) => hours % 12,
        Some(HalfDay::Afternoon) => hours % 12 + 12,
    };
    let total = hours * 60 + minutes;
    (minutes <= 59).then_some(ClockTime {
        minutes: total,
        offset,
    })
}

fn without_half(clock: &str) -> (&str, Option<HalfDay>) {
    HALVES
        .iter()
        .find_map(|(word, half)| {
            let rest = clock
                .strip_suffix(word)
                .or_else(|| clock.strip_prefix(word))?;
            Some((rest.trim(), Some(*half)))
        })
        .unwrap_or((clock, None))
}

/// Hours and minutes; hours alone only where they cannot be anything else (`9 am`, `9時`).
fn parts(clock: &str, is_named: bool) -> Option<(u16, u16)> {
    let digits = |part: &str| {
        let part = part.trim();
        ((1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())
            .flatten()
    };
    if let Some((hours, rest)) = clock.split_once(['時', 'h']) {
        let minutes = match rest.trim() {
            "" => 0,
            "半" => 30,
            rest => digits(rest.strip_suffix('分').unwrap_or(rest))?,
        };
        return Some((digits(hours)?, minutes));
    }
    if let Some((hours, minutes)) = clock.split_once([':', '.']) {
        return Some((digits(hours)?, digits(minutes)?));
    }
    match clock.len() {
        1 | 2 if is_named => Some((digits(clock)?, 0)),
        3 | 4 if clock.is_ascii() => {
            let (hours, minutes) = clock.split_at(clock.len() - 2);
            Some((digits(hours)?, digits(minutes)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        for (typed, minutes) in [
            ("9:05", 545),
            ("09:05", 545),
            ("1440", 880),
            ("14.40", 880),
            ("１４：４０", 880),
            ("24:00", 1440),
            ("930", 570),
            ("0930", 570),
            (" 9:30 am ", 570),
            ("9:30AM", 570),
            ("9.30 p.m.", 1290),
            ("9 am", 540),
            ("12 am", 0),
            ("12:30 am", 30),
            ("12 pm", 720),
            ("9:30\u{202F}PM", 1290),
            ("9時30分", 570),
            ("９時３０分", 570),
            ("9時5分", 545),
            ("9時", 540),
            ("9時半", 570),
            ("午前9時30分", 570),
            ("午後2時", 840),
            ("２４時３０分", 1470),
            ("14h40", 880),
            ("9h", 540),
            ("24:30", 1470),
            ("2430", 1470),
            ("30:00", 1800),
        ] {
            let read = typed.parse::<ClockTime>().map(ClockTime::minutes);
            assert_eq!(read, Ok(minutes), "{typed}");
        }
        for typed in [
            "30:01",
            "31:00",
            "14:60",
            "noon",
            "14:4x",
            "-1:00",
            "14",
            "9",
            "144000",
            "14:40+",
            "日本",
            "13:00 pm",
            "14:40 am",
            "am",
            "時30分",
            "9時60分",
            "1:2:3",
            "分",
            "半",
            "9分",
        ] {
            assert!(typed.parse::<ClockTime>().is_err(), "{typed}");
        }
    }

    #[test]
    fn empty_time_is_asked_for_by_name() {
        for typed in ["", " ", "\u{3000}"] {
            let start = ClockTime::parse_start(typed).unwrap_err();
            let end = ClockTime::parse_end(typed, None).unwrap_err();
            assert_eq!(start, "Enter a start time, as in 14:40");
            assert_eq!(end, "Enter an end time, as in 14:40");
        }
    }

    #[test]
    fn end_in_the_night_belongs_to_the_next_day() {
        for (start, end, minutes) in [
            ("23:30", "00:30", 1470),
            ("23:30", "24:30", 1470),
            ("22:00", "0:00", 1440),
            ("18:00", "06:00", 1800),
            ("24:30", "01:30", 1530),
            ("10:00", "34:00", 2040),
            // Typing errors stay what they are.
            ("18:40", "18:30", 1110),
            ("17:00", "06:00", 360),
            ("05:00", "04:30", 270),
            ("02:30+02:00", "02:15+01:00", 135),
        ] {
            let start = ClockTime::parse_start(start).unwrap();
            let read = ClockTime::parse_end(end, Some(start)).map(ClockTime::minutes);
            assert_eq!(read, Ok(minutes), "{end}");
        }
        assert!(ClockTime::parse_start("30:30").is_err());
        assert!(ClockTime::parse_end("48:01", None).is_err());
    }
}
