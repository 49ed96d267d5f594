//! Events: a ministerial meeting with its venue, days and programme.

pub mod programme;
pub mod visibility;

use chrono::NaiveDate;
use diesel_derive_newtype::DieselNewType;

use crate::slot::interval::Interval;
use crate::text::{Code, Email, Line};
use crate::time::{ClockTime, Instant, Zone};

/// The id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType)]
pub struct EventId(pub i64);

/// How many writes an event's programme has seen. What was read at one revision is true while it is the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType)]
pub struct Revision(pub i64);

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An event's own facts and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its name in URLs, as `ca-jad-9`.
    pub slug: Code,
    /// Its name.
    pub name: Line,
    /// Its Japanese name; may be empty.
    pub name_ja: String,
    /// The house.
    pub venue: Line,
    /// Its Japanese name; may be empty.
    pub venue_ja: String,
    /// The venue's zone; every page shows its time first.
    pub time_zone: Zone,
    /// The protocol office: organiser of every invitation, address for every answer.
    pub office: Office,
    /// Days with opening hours, in order.
    pub days: Vec<Day>,
    /// The rules' figures.
    pub settings: Settings,
    /// The revision these facts were read at.
    pub revision: Revision,
}

/// The protocol office as delegations see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// Its name.
    pub name: Line,
    /// Its mailbox, which somebody reads.
    pub email: Email,
    /// Its telephone number; may be empty.
    pub phone: String,
}

/// One day of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The date at the venue.
    pub date: NaiveDate,
    /// When the house opens.
    pub opens: ClockTime,
    /// When it closes.
    pub closes: ClockTime,
}

/// The figures of the rules, set per event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Slots begin and end on multiples of this many minutes.
    pub grid_minutes: i32,
    /// Minutes a principal needs between two rooms.
    pub minimum_gap_minutes: i32,
    /// Minutes the chair may go on without a break of 15 minutes.
    pub chair_run_minutes: i32,
    /// True when a longer run needs a reason; otherwise it is advice.
    pub chair_rest_needs_reason: bool,
}

impl Default for Settings {
    /// DESIGN §2 and §3: grid 5, gap 5, the chair's run 150 minutes, advice.
    fn default() -> Self {
        Self {
            grid_minutes: 5,
            minimum_gap_minutes: 5,
            chair_run_minutes: 150,
            chair_rest_needs_reason: false,
        }
    }
}

impl Event {
    /// The day on which `date` falls, if it is one of the event's.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Option<&Day> {
        self.days.iter().find(|day| day.date == date)
    }

    /// A whole day of the event: from its midnight to the next.
    #[must_use]
    pub fn whole_day(&self, date: NaiveDate) -> Option<Interval> {
        self.day(date)?;
        Interval::new(self.at(date, 0), self.at(date, 1440)).ok()
    }

    /// The opening hours of a day.
    #[must_use]
    pub fn opening_hours(&self, date: NaiveDate) -> Option<Interval> {
        let day = self.day(date)?;
        Interval::new(
            self.at(date, day.opens.minutes()),
            self.at(date, day.closes.minutes()),
        )
        .ok()
    }

    /// The first instant at or after `minutes` past midnight on `date` at the venue.
    fn at(&self, date: NaiveDate, minutes: u16) -> Instant {
        // An hour that the clocks jump over begins when they land.
        (minutes..=1440)
            .find_map(|minute| self.first_instant(date, minute))
            .unwrap_or_else(|| Instant::from(date.and_time(chrono::NaiveTime::MIN).and_utc()))
    }

    fn first_instant(&self, date: NaiveDate, minutes: u16) -> Option<Instant> {
        let time = ClockTime::from_minutes(minutes);
        match self.time_zone.instant(date, time) {
            Ok(instant) => Some(instant),
            Err(crate::time::LocalTimeError::Ambiguous { first, .. }) => self
                .time_zone
                .instant(date, format!("{time}{first}").parse().ok()?)
                .ok(),
            Err(crate::time::LocalTimeError::Nonexistent { .. }) => None,
        }
    }
}
