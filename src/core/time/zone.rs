//! Time zones: the clock at a place, and the instant behind a clock time.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Utc,
};
use chrono_tz::{OffsetName, Tz};

use super::{ClockTime, Instant, Moment, day_in_words, parse_date};
use crate::core::text::quoted;

/// An IANA time zone, with the data of the `chrono-tz` in `Cargo.lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// Why a clock time at the venue is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// The clocks jump over it.
    #[error(
        "{time} does not exist on {date} in {zone}: the clocks go forward then; choose another time"
    )]
    Nonexistent {
        /// The day asked for.
        date: NaiveDate,
        /// The time asked for, as `HH:MM`.
        time: String,
        /// The IANA name.
        zone: String,
    },
    /// The clocks pass it twice.
    #[error(
        "{time} happens twice on {date} in {zone}: the clocks go back then; write {time}{first} or {time}{second}"
    )]
    Ambiguous {
        /// The day asked for.
        date: NaiveDate,
        /// The time asked for, as `HH:MM`.
        time: String,
        /// The IANA name.
        zone: String,
        /// The earlier offset, as `+09:00`.
        first: FixedOffset,
        /// The later offset.
        second: FixedOffset,
    },
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(Tz::UTC);

    /// The release of the IANA time zone data that this program carries, as `2025b`.
    #[must_use]
    pub const fn data_version() -> &'static str {
        chrono_tz::IANA_TZDB_VERSION
    }

    /// The IANA name, as `Asia/Tokyo`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The clock at this place.
    #[must_use]
    pub fn local(self, instant: Instant) -> DateTime<Tz> {
        instant.utc().with_timezone(&self.0)
    }

    /// The clock at this place, to the second.
    #[must_use]
    pub fn local_moment(self, moment: Moment) -> DateTime<Tz> {
        moment.utc().with_timezone(&self.0)
    }

    /// The day at this place.
    #[must_use]
    pub fn date(self, instant: Instant) -> NaiveDate {
        self.local(instant).date_naive()
    }

    /// `14:40`
    #[must_use]
    pub fn clock(self, instant: Instant) -> String {
        let local = self.local(instant);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// `14:40`, with the offset where the clocks pass that time twice; [`Zone::instant`] reads it back.
    #[must_use]
    pub fn exact_clock(self, instant: Instant) -> String {
        let clock = self.clock(instant);
        let read = clock
            .parse()
            .map(|time| self.instant(self.date(instant), time));
        match read {
            Ok(Ok(same)) if same == instant => clock,
            _ => format!("{clock}{}", self.local(instant).offset().fix()),
        }
    }

    /// `Saturday, 24 December 2022`
    #[must_use]
    pub fn day_in_words(self, instant: Instant) -> String {
        day_in_words(self.date(instant))
    }

    /// `JST, UTC+9`, or `UTC+6` where the zone has no letters of its own.
    #[must_use]
    pub fn label(self, instant: Instant) -> String {
        let local = self.local(instant);
        let offset = offset_label(local.offset().fix());
        match local.offset().abbreviation() {
            Some(letters)
                if letters != "UTC"
                    && letters.chars().all(|letter| letter.is_ascii_alphabetic()) =>
            {
                format!("{letters}, {offset}")
            }
            _ => offset,
        }
    }

    /// RFC 3339 with this place's offset, as `2022-12-24T14:40:00+09:00`.
    #[must_use]
    pub fn rfc3339(self, instant: Instant) -> String {
        self.local(instant).to_rfc3339()
    }

    /// Finds the instant at which the clock here shows `time` on `date`.
    ///
    /// # Errors
    /// When the clocks jump over that time, or pass it twice and `time` names no offset.
    pub fn instant(self, date: NaiveDate, time: ClockTime) -> Result<Instant, LocalTimeError> {
        // 24:00 is the next day's midnight.
        let days = i64::from(time.minutes / 1440);
        let local = (date + chrono::Duration::days(days)).and_time(
            NaiveTime::from_num_seconds_from_midnight_opt(u32::from(time.minutes % 1440) * 60, 0)
                .unwrap_or_default(),
        );
        let utc = |local: NaiveDateTime, offset: FixedOffset| {
            Instant::from(
                (local - chrono::Duration::seconds(offset.local_minus_utc().into())).and_utc(),
            )
        };
        let zone = || self.name().to_owned();
        match (self.0.from_local_datetime(&local), time.offset) {
            (chrono::LocalResult::Single(found), None) => {
                Ok(Instant::from(found.with_timezone(&Utc)))
            }
            (chrono::LocalResult::Single(found), Some(offset))
                if found.offset().fix() == offset =>
            {
                Ok(utc(local, offset))
            }
            (chrono::LocalResult::Ambiguous(first, second), Some(offset))
                if [first, second]
                    .iter()
                    .any(|either| either.offset().fix() == offset) =>
            {
                Ok(utc(local, offset))
            }
            (chrono::LocalResult::Ambiguous(first, second), _) => Err(LocalTimeError::Ambiguous {
                date,
                time: time.to_string(),
                zone: zone(),
                first: first.offset().fix(),
                second: second.offset().fix(),
            }),
            _ => Err(LocalTimeError::Nonexistent {
                date,
                time: time.full(),
                zone: zone(),
            }),
        }
    }
}

impl Zone {
    /// Reads a day and time in the zone, as `2022-12-22 18:00`.
    ///
    /// # Errors
    /// With a sentence that says how to write it.
    pub fn parse_moment(self, text: &str) -> Result<Instant, String> {
        let (date, time) = text.trim().split_once([' ', 'T']).ok_or_else(|| {
            format!(
                "{} is not a day and time; write it as in 2022-12-22 18:00",
                quoted(text)
            )
        })?;
        self.instant(parse_date(date)?, time.parse()?)
            .map_err(|error| error.to_string())
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        name.parse().map(Self).map_err(|_| {
            format!(
                "{} is not an IANA time zone; write it as in Asia/Tokyo or Asia/Almaty",
                quoted(name)
            )
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `UTC+9`, `UTC+5:30`, `UTC`
fn offset_label(offset: FixedOffset) -> String {
    let minutes = offset.local_minus_utc() / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::parse_date;

    fn at(zone: &str, date: &str, time: &str) -> Result<Instant, LocalTimeError> {
        let zone: Zone = zone.parse().unwrap();
        zone.instant(parse_date(date).unwrap(), time.parse().unwrap())
    }

    #[test]
    fn kazakhstan_changed_its_offset_in_march_2024() {
        let almaty: Zone = "Asia/Almaty".parse().unwrap();
        let before = at("Asia/Tokyo", "2022-12-24", "17:20").unwrap();
        assert_eq!(
            (almaty.clock(before), almaty.label(before)),
            ("14:20".into(), "UTC+6".into())
        );
        let after = at("Asia/Tokyo", "2024-03-02", "17:20").unwrap();
        assert_eq!(
            (almaty.clock(after), almaty.label(after)),
            ("13:20".into(), "UTC+5".into())
        );
    }

    #[test]
    fn a_zone_with_letters_shows_them() {
        let tokyo: Zone = "Asia/Tokyo".parse().unwrap();
        let start = at("Asia/Tokyo", "2022-12-24", "14:40").unwrap();
        assert_eq!(tokyo.label(start), "JST, UTC+9");
        assert_eq!(tokyo.rfc3339(start), "2022-12-24T14:40:00+09:00");
        assert_eq!(tokyo.day_in_words(start), "Saturday, 24 December 2022");
    }

    #[test]
    fn a_time_the_clocks_jump_over_is_refused() {
        let error = at("Europe/Berlin", "2022-03-27", "02:30").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("02:30 does not exist on 2022-03-27 in Europe/Berlin"),
            "{error}"
        );
    }

    #[test]
    fn a_time_the_clocks_pass_twice_needs_its_offset() {
        let error = at("Europe/Berlin", "2022-10-30", "02:30").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("write 02:30+02:00 or 02:30+01:00"),
            "{error}"
        );
        let first = at("Europe/Berlin", "2022-10-30", "02:30+02:00").unwrap();
        let second = at("Europe/Berlin", "2022-10-30", "02:30+01:00").unwrap();
        assert_eq!(second.minutes_since(first), 60);
        assert!(at("Europe/Berlin", "2022-10-30", "02:30+05:00").is_err());
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        for (typed, minutes) in [
            ("9:05", 545),
            ("09:05", 545),
            ("1440", 880),
            ("14.40", 880),
            ("１４：４０", 880),
            ("24:00", 1440),
        ] {
            assert_eq!(
                typed.parse::<ClockTime>().map(ClockTime::minutes),
                Ok(minutes),
                "{typed}"
            );
        }
        for typed in [
            "", "25:00", "14:60", "24:01", "noon", "14:4x", "-1:00", "14", "144000", "14:40+",
            "日本",
        ] {
            assert!(typed.parse::<ClockTime>().is_err(), "{typed}");
        }
    }
}
