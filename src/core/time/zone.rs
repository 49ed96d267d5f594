//! Time zones: the clock at a place, and the instant behind a clock time.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Utc,
};
use chrono_tz::{OffsetName, Tz};

use super::clock_time::DAY_MINUTES;
use super::interval::Interval;
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

/// Which of the two instants is meant where the clocks pass a time twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The earlier.
    First,
    /// The later.
    Last,
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

    /// The time that the clock shows, without its seconds.
    #[must_use]
    pub fn clock_time(self, instant: Instant) -> ClockTime {
        let local = self.local(instant);
        let minutes = local.hour() * 60 + local.minute();
        ClockTime::from_minutes(u16::try_from(minutes).unwrap_or(u16::MAX))
    }

    /// `14:40`
    #[must_use]
    pub fn clock(self, instant: Instant) -> String {
        let local = self.local(instant);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// True where the clocks pass the time that they show then twice.
    #[must_use]
    pub fn passes_twice(self, instant: Instant) -> bool {
        let local = self.local(instant).naive_local();
        matches!(
            self.0.from_local_datetime(&local),
            chrono::LocalResult::Ambiguous(..)
        )
    }

    /// The clock counted on from a day: `24:30` for half an hour after its end, with the offset where the clocks pass
    /// that time twice; [`Zone::instant`] reads it back.
    #[must_use]
    pub fn clock_from(self, date: NaiveDate, instant: Instant) -> String {
        let days = self.date(instant).signed_duration_since(date).num_days();
        let exact = self.exact_clock(instant);
        match (days, exact.split_once(':')) {
            (1.., Some((hours, rest))) => {
                let hours = hours.parse::<i64>().unwrap_or(0) + days * 24;
                format!("{hours:02}:{rest}")
            }
            _ => exact,
        }
    }

    /// `14:40`, with the offset where the clocks pass that time twice; [`Zone::instant`] reads it back.
    #[must_use]
    pub fn exact_clock(self, instant: Instant) -> String {
        let clock = self.clock(instant);
        if self.passes_twice(instant) {
            format!("{clock}{}", self.offset(instant))
        } else {
            clock
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
        let (letters, offset) = (self.letters(instant), offset_label(self.offset(instant)));
        if letters == offset {
            offset
        } else {
            format!("{letters}, {offset}")
        }
    }

    /// The label of a slot's start and end, two where the clocks change in between: `BST, UTC+1, then GMT, UTC`.
    #[must_use]
    pub fn label_over(self, interval: Interval) -> String {
        self.label_between(interval.start(), interval.end())
    }

    /// The label of everything inside an interval, as of a day that ends when the clocks change.
    #[must_use]
    pub fn label_within(self, interval: Interval) -> String {
        self.label_between(interval.start(), interval.end().plus(-1))
    }

    fn label_between(self, first: Instant, last: Instant) -> String {
        if self.offset(first) == self.offset(last) {
            self.label(first)
        } else {
            format!("{}, then {}", self.label(first), self.label(last))
        }
    }

    /// `JST`, or `UTC+6` where the zone has no letters of its own.
    #[must_use]
    pub fn letters(self, instant: Instant) -> String {
        let local = self.local(instant);
        match local.offset().abbreviation() {
            Some(letters)
                if letters != "UTC"
                    && letters.chars().all(|letter| letter.is_ascii_alphabetic()) =>
            {
                letters.to_owned()
            }
            _ => offset_label(local.offset().fix()),
        }
    }

    /// How far the clock here is ahead of UTC.
    #[must_use]
    pub fn offset(self, instant: Instant) -> FixedOffset {
        self.local(instant).offset().fix()
    }

    /// `24 December 2022, 14:00 (JST, UTC+9)`, or `24 December 2022, 05:00 UTC`: when something happened, as every page
    /// shows it. What belongs to an event is shown in its venue's zone, all else in UTC.
    #[must_use]
    pub fn moment(self, at: Moment) -> String {
        self.with_label(at, "%-d %B %Y, %H:%M")
    }

    /// The same to the second.
    #[must_use]
    pub fn exact_moment(self, at: Moment) -> String {
        self.with_label(at, "%-d %B %Y, %H:%M:%S")
    }

    fn with_label(self, at: Moment, format: &str) -> String {
        let clock = self.local_moment(at).format(format);
        match self.label(at.instant()).as_str() {
            "UTC" => format!("{clock} UTC"),
            label => format!("{clock} ({label})"),
        }
    }

    /// `Almaty, UTC+5`: the zone of a delegation at home, by its city.
    #[must_use]
    pub fn home_label(self, instant: Instant) -> String {
        let offset = offset_label(self.offset(instant));
        match self.city() {
            Some(city) => format!("{city}, {offset}"),
            None => self.label(instant),
        }
    }

    /// The home label of an interval's start and end, two where the clocks change in between.
    #[must_use]
    pub fn home_label_over(self, interval: Interval) -> String {
        self.home_label_between(interval.start(), interval.end())
    }

    /// The home label of everything inside an interval.
    #[must_use]
    pub fn home_label_within(self, interval: Interval) -> String {
        self.home_label_between(interval.start(), interval.end().plus(-1))
    }

    fn home_label_between(self, first: Instant, last: Instant) -> String {
        if self.offset(first) == self.offset(last) {
            self.home_label(first)
        } else {
            let last = offset_label(self.offset(last));
            format!("{}, then {last}", self.home_label(first))
        }
    }

    /// The city that the zone is named after; `None` where it is named after none, as `Etc/GMT+5`.
    fn city(self) -> Option<String> {
        let (region, city) = self.name().rsplit_once('/')?;
        (region != "Etc").then(|| city.replace('_', " "))
    }

    /// RFC 3339 with this place's offset, as `2022-12-24T14:40:00+09:00`.
    #[must_use]
    pub fn rfc3339(self, instant: Instant) -> String {
        self.local(instant).to_rfc3339()
    }

    /// The first instant at which the clock here shows `time` on `date` or, where the clocks jump over it, a later
    /// time; the last one with [`Turn::Last`], where they pass it twice.
    #[must_use]
    pub fn instant_near(self, date: NaiveDate, time: ClockTime, which: Turn) -> Instant {
        // Samoa left out a whole day.
        (time.minutes..time.minutes + 2 * DAY_MINUTES)
            .find_map(|minutes| {
                let time = ClockTime {
                    minutes,
                    offset: None,
                };
                let offset = match (self.instant(date, time), which) {
                    (Ok(instant), _) => return Some(instant),
                    (Err(LocalTimeError::Nonexistent { .. }), _) => return None,
                    (Err(LocalTimeError::Ambiguous { first, .. }), Turn::First) => first,
                    (Err(LocalTimeError::Ambiguous { second, .. }), Turn::Last) => second,
                };
                let time = ClockTime {
                    offset: Some(offset),
                    ..time
                };
                self.instant(date, time).ok()
            })
            .unwrap_or_else(|| Instant::from(date.and_time(NaiveTime::MIN).and_utc()))
    }

    /// The first instant of a day here.
    #[must_use]
    pub fn midnight(self, date: NaiveDate) -> Instant {
        self.instant_near(date, ClockTime::MIDNIGHT, Turn::First)
    }

    /// Finds the instant at which the clock here shows `time` on `date`.
    ///
    /// # Errors
    /// When the clocks jump over that time, or pass it twice and `time` names no offset.
    pub fn instant(self, date: NaiveDate, time: ClockTime) -> Result<Instant, LocalTimeError> {
        // From 24:00 on it is the next day.
        let days = i64::from(time.minutes / DAY_MINUTES);
        let local = (date + chrono::Duration::days(days)).and_time(
            NaiveTime::from_num_seconds_from_midnight_opt(
                u32::from(time.minutes % DAY_MINUTES) * 60,
                0,
            )
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
    fn home_zone_is_named_by_its_city() {
        let noon = at("UTC", "2026-07-01", "12:00").unwrap();
        for (zone, label) in [
            ("Asia/Almaty", "Almaty, UTC+5"),
            ("America/Argentina/Buenos_Aires", "Buenos Aires, UTC−3"),
            ("Europe/London", "London, UTC+1"),
            ("Etc/GMT+5", "UTC−5"),
            ("UTC", "UTC"),
        ] {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(zone.home_label(noon), label);
        }
    }

    #[test]
    fn moment_is_shown_with_its_zone() {
        let at = Moment::from_seconds(1_671_858_000);
        let tokyo: Zone = "Asia/Tokyo".parse().unwrap();
        assert_eq!(tokyo.moment(at), "24 December 2022, 14:00 (JST, UTC+9)");
        assert_eq!(Zone::UTC.moment(at), "24 December 2022, 05:00 UTC");
        assert_eq!(
            tokyo.exact_moment(at),
            "24 December 2022, 14:00:00 (JST, UTC+9)"
        );
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
}
