//! Instants, times of day and time zones.
//!
//! Programme times are whole minutes, bookkeeping times whole seconds, both UTC since 1970 and both plain integers
//! in either database, so that the two agree to the last digit and turnaround is arithmetic.

mod clock_range;
mod clock_time;
pub mod interval;
mod zone;

pub use clock_range::ClockRange;
pub use clock_time::ClockTime;
pub(crate) use clock_time::LATEST_CLOSE;
pub use zone::{LocalTimeError, Turn, Zone};

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// A programme time: whole minutes since 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub(crate) i32);

impl Instant {
    /// The instant `minutes` after 1970-01-01T00:00Z.
    #[must_use]
    pub const fn from_minutes(minutes: i32) -> Self {
        Self(minutes)
    }

    /// Whole minutes since 1970-01-01T00:00Z.
    #[must_use]
    pub const fn minutes(self) -> i32 {
        self.0
    }

    /// This instant moved by `minutes`, which may be negative.
    #[must_use]
    pub const fn plus(self, minutes: i32) -> Self {
        Self(self.0.saturating_add(minutes))
    }

    /// Minutes from `earlier` to here; negative when `earlier` is later.
    #[must_use]
    pub const fn minutes_since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same time as chrono has it, UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::from(self.0) * 60, 0).unwrap_or_default()
    }

    /// The same time in seconds.
    #[must_use]
    pub fn moment(self) -> Moment {
        Moment(i64::from(self.0) * 60)
    }
}

impl From<DateTime<Utc>> for Instant {
    /// Seconds are dropped.
    fn from(time: DateTime<Utc>) -> Self {
        Self(i32::try_from(time.timestamp().div_euclid(60)).unwrap_or(i32::MAX))
    }
}

/// A bookkeeping time: whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub(crate) i64);

impl Moment {
    /// The time in UTC for records and the terminal, as `2026-11-23 11:38 UTC`.
    #[must_use]
    pub fn in_utc(self) -> String {
        self.utc().format("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// The time on pages that are no event's, as `23 November 2026, 11:38 UTC`.
    #[must_use]
    pub fn in_words(self) -> String {
        Zone::UTC.moment(self)
    }

    /// The moment `seconds` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The minute that contains it.
    #[must_use]
    pub fn instant(self) -> Instant {
        Instant(i32::try_from(self.0.div_euclid(60)).unwrap_or(i32::MAX))
    }

    /// This moment moved by `seconds`, which may be negative.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The same time as chrono has it, UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

/// Reads a day written as `2022-12-24`.
///
/// # Errors
/// With a sentence that says how to write it.
pub fn parse_date(text: &str) -> Result<NaiveDate, String> {
    text.trim()
        .parse::<NaiveDate>()
        .ok()
        .filter(|date| (2000..=2200).contains(&date.year()))
        .ok_or_else(|| {
            format!(
                "{} is not a date; write it as in 2022-12-24",
                crate::core::text::quoted(text)
            )
        })
}

/// `Saturday, 24 December 2022`
#[must_use]
pub fn day_in_words(date: NaiveDate) -> String {
    date.format("%A, %-d %B %Y").to_string()
}
