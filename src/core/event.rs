//! Events: a ministerial meeting with its venue, days and programme.

use std::ops::RangeInclusive;

use chrono::NaiveDate;

use crate::core::entered::{Entered, EnteredText, Faults};
use crate::core::room::RoomClosure;
use crate::core::text::{Code, Email, TextLine, optional_line};
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Instant, LATEST_CLOSE, Turn, Zone, parse_date};

/// Days after an event after which its contacts and mail can be set to be erased.
pub const RETENTION_DAYS: std::ops::RangeInclusive<i32> = 1..=3650;

/// The id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub i64);

/// How many writes an event's programme has seen. What was read at one revision is true while it is the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub i64);

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A number drawn by chance with every revision.
///
/// A database that was set back to a copy counts its revisions from there once more; the keys it draws are others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RevisionKey(pub(crate) i64);

impl RevisionKey {
    /// The keys lie below this number: 52 bits, exact in JSON.
    pub const RANGE: i64 = 1 << 52;

    /// The key `step` before this one, as the database adds it: modulo [`RevisionKey::RANGE`].
    pub(crate) const fn before(self, step: i64) -> Self {
        Self((self.0 - step).rem_euclid(Self::RANGE))
    }
}

/// Which state of an event's programme: the revision, and the key that was drawn with it.
///
/// Two programmes of one event are the same if and only if their versions are, whatever happened to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProgrammeVersion {
    /// The revision, which people read.
    pub revision: Revision,
    /// The key.
    pub key: RevisionKey,
}

impl ProgrammeVersion {
    /// Puts a version together.
    #[must_use]
    pub const fn new(revision: Revision, key: RevisionKey) -> Self {
        Self { revision, key }
    }
}

/// `17-3f2a9c0b1d4e5`
impl std::fmt::Display for ProgrammeVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:x}", self.revision, self.key.0)
    }
}

impl std::str::FromStr for ProgrammeVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let (revision, key) = text.split_once('-').ok_or(InvalidVersion)?;
        let revision = revision.parse().map_err(|_| InvalidVersion)?;
        let key = i64::from_str_radix(key, 16).map_err(|_| InvalidVersion)?;
        if revision < 0 || !(0..RevisionKey::RANGE).contains(&key) {
            return Err(InvalidVersion);
        }
        Ok(Self::new(Revision(revision), RevisionKey(key)))
    }
}

/// A text that is no version of a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version of a programme is a revision and its key, as in 17-3f2a9c0b1d4e5")]
pub struct InvalidVersion;

/// An event's own facts and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its name in URLs, as `ca-jad-9`.
    pub slug: Code,
    /// Its name.
    pub name: TextLine,
    /// Its Japanese name; may be empty.
    pub name_ja: String,
    /// The venue.
    pub venue: TextLine,
    /// Its Japanese name; may be empty.
    pub venue_ja: String,
    /// The venue's zone; every page shows its time first.
    pub time_zone: Zone,
    /// The protocol office: organiser of every invitation, address for every answer.
    pub office: ProtocolOffice,
    /// Days with opening hours, in order.
    pub days: Vec<EventDay>,
    /// The rules' figures.
    pub settings: EventSettings,
    /// The revision these facts were read at.
    pub revision: Revision,
}

/// The protocol office as delegations see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolOffice {
    /// Its name.
    pub name: TextLine,
    /// The office's mailbox, which is read by staff.
    pub email: Email,
    /// Its telephone number; may be empty.
    pub phone: String,
}

/// One day of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventDay {
    /// The date at the venue.
    pub date: NaiveDate,
    /// Opening time, before 24:00.
    pub opens: ClockTime,
    /// When it closes: at 30:00 at the latest, which is 06:00 of the next day.
    pub closes: ClockTime,
}

impl EventDay {
    /// Puts a day together; a closing time up to 06:00 that lies before the opening time is one of the next day.
    ///
    /// # Errors
    /// With a sentence when the opening hours make no sense.
    pub fn new(date: NaiveDate, opens: ClockTime, closes: ClockTime) -> Result<Self, &'static str> {
        let closes = closes.closing_after(opens);
        if opens.minutes() >= 1440 {
            return Err("the opening time must be before 24:00");
        }
        if closes.minutes() <= opens.minutes() {
            return Err("the closing time must be after the opening time");
        }
        if closes.minutes() > LATEST_CLOSE {
            return Err("the closing time is 30:00 at the latest, which is 06:00 of the next day");
        }
        Ok(Self {
            date,
            opens,
            closes,
        })
    }
}

/// The figures of the rules, set per event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSettings {
    /// Slots begin and end on multiples of this many minutes.
    pub grid_minutes: i32,
    /// Minutes a principal or an interpreter needs between two rooms.
    pub minimum_gap_minutes: i32,
    /// Minutes the chair may go on without a break of 15 minutes.
    pub chair_run_minutes: i32,
    /// True when a longer run needs a reason; otherwise it is advice.
    pub chair_rest_needs_reason: bool,
    /// Minutes an interpreter may go on alone without a rest.
    pub interpreter_alone_minutes: i32,
    /// Minutes an interpreter may go on without a rest when a colleague takes turns.
    pub interpreter_team_minutes: i32,
    /// Minutes that count as a rest for an interpreter.
    pub interpreter_rest_minutes: i32,
}

impl EventSettings {
    /// What the grid may be set to, in minutes.
    pub const GRID: RangeInclusive<i32> = 1..=60;
    /// What the minimum gap between two rooms may be set to, in minutes.
    pub const MINIMUM_GAP: RangeInclusive<i32> = 0..=240;
    /// What the chair's longest run may be set to, in minutes.
    pub const CHAIR_RUN: RangeInclusive<i32> = 15..=1440;
    /// What an interpreter's longest run may be set to, in minutes.
    pub const INTERPRETER_RUN: RangeInclusive<i32> = 10..=1440;
    /// What an interpreter's rest may be set to, in minutes.
    pub const INTERPRETER_REST: RangeInclusive<i32> = 5..=240;
}

impl Default for EventSettings {
    /// A grid and a gap of 5 minutes; the chair's run of 150 minutes is advice.
    ///
    /// Interpreters: the figures of AIIC, the International Association of Conference Interpreters, in its Canadian
    /// Region's table for a meeting in two languages ("at least": up to 40 minutes one interpreter, up to 3½ to 4 hours
    /// two; canada.aiic.net/ViewPage.cfm/page1625). Of the second the lower end. AIIC names no length for a rest; two
    /// who share a booth relieve each other about every half-hour, so half an hour is what a rest is there.
    fn default() -> Self {
        Self {
            grid_minutes: 5,
            minimum_gap_minutes: 5,
            chair_run_minutes: 150,
            chair_rest_needs_reason: false,
            interpreter_alone_minutes: 40,
            interpreter_team_minutes: 210,
            interpreter_rest_minutes: 30,
        }
    }
}

/// An event as it was entered.
#[derive(Debug)]
pub(crate) struct EventDraft<'a, S> {
    pub(crate) slug: EnteredText<'a, S>,
    pub(crate) name: EnteredText<'a, S>,
    pub(crate) name_ja: EnteredText<'a, S>,
    pub(crate) venue: EnteredText<'a, S>,
    pub(crate) venue_ja: EnteredText<'a, S>,
    pub(crate) time_zone: EnteredText<'a, S>,
    pub(crate) office_name: EnteredText<'a, S>,
    pub(crate) office_email: EnteredText<'a, S>,
    pub(crate) office_phone: EnteredText<'a, S>,
    pub(crate) days: Entered<S, Vec<EnteredDay<'a, S>>>,
    pub(crate) settings: SettingsDraft<'a, S>,
}

/// A day as it was entered.
#[derive(Debug)]
pub(crate) struct DayDraft<'a, S> {
    pub(crate) date: EnteredText<'a, S>,
    pub(crate) opens: EnteredText<'a, S>,
    pub(crate) closes: EnteredText<'a, S>,
}

/// A day as it was entered, or how to write one.
#[derive(Debug)]
pub(crate) enum EnteredDay<'a, S> {
    Read(DayDraft<'a, S>),
    Unread { source: S, advice: &'static str },
}

impl<S> EnteredDay<'_, S> {
    const fn source(&self) -> &S {
        match self {
            Self::Read(day) => &day.date.source,
            Self::Unread { source, .. } => source,
        }
    }
}

/// The figures of the rules as they were entered; where none was, the default holds.
#[derive(Debug)]
pub(crate) struct SettingsDraft<'a, S> {
    pub(crate) grid_minutes: Option<EnteredText<'a, S>>,
    pub(crate) minimum_gap_minutes: Option<EnteredText<'a, S>>,
    pub(crate) chair_run_minutes: Option<EnteredText<'a, S>>,
    pub(crate) chair_rest_needs_reason: bool,
    pub(crate) interpreter_alone_minutes: Option<EnteredText<'a, S>>,
    pub(crate) interpreter_team_minutes: Option<EnteredText<'a, S>>,
    pub(crate) interpreter_rest_minutes: Option<EnteredText<'a, S>>,
}

impl EventSettings {
    fn parse<S: Clone + PartialEq>(
        draft: &SettingsDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let default = Self::default();
        let mut number = |entered: &Option<EnteredText<'_, S>>, range, default| match entered {
            Some(entered) => faults.number(entered, range),
            None => Some(default),
        };
        let grid = number(&draft.grid_minutes, Self::GRID, default.grid_minutes);
        let gap = number(
            &draft.minimum_gap_minutes,
            Self::MINIMUM_GAP,
            default.minimum_gap_minutes,
        );
        let run = number(
            &draft.chair_run_minutes,
            Self::CHAIR_RUN,
            default.chair_run_minutes,
        );
        let alone = number(
            &draft.interpreter_alone_minutes,
            Self::INTERPRETER_RUN,
            default.interpreter_alone_minutes,
        );
        let team = number(
            &draft.interpreter_team_minutes,
            Self::INTERPRETER_RUN,
            default.interpreter_team_minutes,
        );
        let rest = number(
            &draft.interpreter_rest_minutes,
            Self::INTERPRETER_REST,
            default.interpreter_rest_minutes,
        );
        Some(Self {
            grid_minutes: grid?,
            minimum_gap_minutes: gap?,
            chair_run_minutes: run?,
            chair_rest_needs_reason: draft.chair_rest_needs_reason,
            interpreter_alone_minutes: alone?,
            interpreter_team_minutes: team?,
            interpreter_rest_minutes: rest?,
        })
    }
}

impl EventDay {
    fn parse<S: Clone + PartialEq>(
        draft: &DayDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let date = faults.parse(&draft.date, parse_date);
        let opens = faults.parse(&draft.opens, str::parse::<ClockTime>);
        let closes = faults.parse(&draft.closes, str::parse::<ClockTime>);
        let (date, opens, closes) = (date?, opens?, closes?);
        let day = Self::new(date, opens, closes);
        day.map_err(|fault| faults.add(&draft.closes.source, fault))
            .ok()
    }
}

impl Event {
    /// Days that an event has at most.
    pub const MOST_DAYS: usize = 366;

    /// Makes an event of what was entered, at revision 0; `None` when anything is wrong with it.
    pub(crate) fn parse<S: Clone + PartialEq>(
        id: EventId,
        draft: &EventDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let slug = faults.parse(&draft.slug, Code::parse);
        let name = faults.parse(&draft.name, TextLine::parse);
        let name_ja = faults.parse(&draft.name_ja, optional_line);
        let venue = faults.parse(&draft.venue, TextLine::parse);
        let venue_ja = faults.parse(&draft.venue_ja, optional_line);
        let time_zone = faults.parse(&draft.time_zone, |raw| raw.trim().parse::<Zone>());
        let days = Self::days(&draft.days, faults);
        let office_name = faults.parse(&draft.office_name, TextLine::parse);
        let office_email = faults.parse(&draft.office_email, Email::parse);
        let office_phone = faults.parse(&draft.office_phone, optional_line);
        let settings = EventSettings::parse(&draft.settings, faults);
        Some(Self {
            id,
            slug: slug?,
            name: name?,
            name_ja: name_ja?,
            venue: venue?,
            venue_ja: venue_ja?,
            time_zone: time_zone?,
            office: ProtocolOffice {
                name: office_name?,
                email: office_email?,
                phone: office_phone?,
            },
            days: days?,
            settings: settings?,
            revision: Revision(0),
        })
    }

    /// The days by date; an event has one at least, and none twice.
    fn days<S: Clone + PartialEq>(
        entered: &Entered<S, Vec<EnteredDay<'_, S>>>,
        faults: &mut Faults<S>,
    ) -> Option<Vec<EventDay>> {
        if entered.value.is_empty() {
            faults.add(&entered.source, "are missing; an event has at least one");
        }
        let mut days: Vec<EventDay> = Vec::new();
        for day in faults.first(&entered.value, Self::MOST_DAYS, EnteredDay::source) {
            let draft = match day {
                EnteredDay::Read(draft) => draft,
                EnteredDay::Unread { source, advice } => {
                    faults.add(source, advice);
                    continue;
                }
            };
            let Some(day) = EventDay::parse(draft, faults) else {
                continue;
            };
            if days.iter().any(|other| other.date == day.date) {
                faults.add(&draft.date.source, format!("{} is there twice", day.date));
            } else {
                days.push(day);
            }
        }
        days.sort_by_key(|day| day.date);
        (!days.is_empty()).then_some(days)
    }

    /// The day on which `date` falls, if it is one of the event's.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Option<&EventDay> {
        self.days.iter().find(|day| day.date == date)
    }

    /// The opening hours of a day, or the whole of it where it is none of the event's.
    #[must_use]
    pub fn hours_of(&self, date: NaiveDate) -> Interval {
        self.opening_hours(date)
            .unwrap_or_else(|| self.calendar_day(date))
    }

    /// The opening hours of a day of the event, by the clocks of that day.
    #[must_use]
    pub fn opening_hours(&self, date: NaiveDate) -> Option<Interval> {
        let EventDay { opens, closes, .. } = *self.day(date)?;
        let zone = self.time_zone;
        let start = zone.instant_near(date, opens, Turn::First);
        let end = zone.instant_near(date, closes, Turn::Last);
        // Hours that the clocks jump over begin when they land, and last as long.
        let length = i32::from(closes.minutes()) - i32::from(opens.minutes());
        Interval::stay(start, end).or_else(|| Interval::stay(start, start.plus(length.max(1))))
    }

    /// A day on the calendar at the venue: 23, 24 or 25 hours.
    #[must_use]
    pub fn calendar_day(&self, date: NaiveDate) -> Interval {
        let start = self.time_zone.midnight(date);
        let next = date.succ_opt().unwrap_or(date);
        Interval::stay(start, self.time_zone.midnight(next))
            .unwrap_or_else(|| self.calendar_day(next))
    }

    /// A day from midnight until the next midnight, or until it closes if that is later: what happens then is shown on
    /// that day.
    #[must_use]
    pub fn whole_day(&self, date: NaiveDate) -> Interval {
        let day = self.calendar_day(date);
        let closes = self.closes_late(date).unwrap_or(day.end());
        Interval::stay(day.start(), day.end().max(closes)).unwrap_or(day)
    }

    /// When a day of the event closes, if that is after midnight.
    fn closes_late(&self, date: NaiveDate) -> Option<Instant> {
        let day = self.day(date)?;
        let is_late = day.closes.minutes() > 1440;
        is_late.then(|| self.time_zone.instant_near(date, day.closes, Turn::Last))
    }

    /// The day to which a time belongs: before the evening before has closed that one, unless the new day is open.
    #[must_use]
    pub fn day_of(&self, instant: Instant) -> NaiveDate {
        let date = self.time_zone.date(instant);
        let Some(before) = date.pred_opt() else {
            return date;
        };
        let is_late = self.closes_late(before).is_some_and(|end| instant < end);
        let is_open = || {
            self.opening_hours(date)
                .is_some_and(|open| open.start() <= instant)
        };
        if is_late && !is_open() { before } else { date }
    }

    /// True when the days of the event cover an interval without a gap, each until midnight or until it closes.
    #[must_use]
    pub fn covers(&self, interval: Interval) -> bool {
        self.reaches(interval, |date| Some(self.whole_day(date)))
    }

    /// True when the venue is open throughout an interval.
    #[must_use]
    pub fn is_open(&self, interval: Interval) -> bool {
        self.reaches(interval, |date| self.opening_hours(date))
    }

    /// True when the times of one day after another reach from the start of an interval to its end.
    fn reaches(&self, interval: Interval, times: impl Fn(NaiveDate) -> Option<Interval>) -> bool {
        let first = self.day_of(interval.start());
        let mut until = interval.start();
        for date in first.iter_days().take_while(|date| {
            // Two days on nothing can join any more: a slot is at most a day long.
            date.signed_duration_since(first).num_days() <= 2
        }) {
            let day = self.day(date).and_then(|day| times(day.date));
            if let Some(open) = day
                && open.start() <= until
            {
                until = until.max(open.end());
            }
            if until >= interval.end() {
                return true;
            }
        }
        false
    }

    /// The day, start and end of a slot as they are typed: what is after midnight as in `24:30`.
    #[must_use]
    pub fn typed(&self, interval: Interval) -> (NaiveDate, String, String) {
        let date = self.day_of(interval.start());
        let typed = |instant| self.time_zone.clock_from(date, instant);
        (date, typed(interval.start()), typed(interval.end()))
    }

    /// Writes a day and time at the venue, as `2022-12-22 18:00`; [`Zone::parse_moment`] reads it back.
    #[must_use]
    pub fn write_moment(&self, instant: Instant) -> String {
        let zone = self.time_zone;
        format!("{} {}", zone.date(instant), zone.exact_clock(instant))
    }

    /// Writes a stay, as `2022-12-22 18:00 – 2022-12-25 12:00`.
    #[must_use]
    pub fn write_stay(&self, stay: Interval) -> String {
        let (arrives, departs) = (stay.start(), stay.end());
        format!(
            "{} – {}",
            self.write_moment(arrives),
            self.write_moment(departs)
        )
    }

    /// Writes a closure of a room, as `2022-12-24 12:00 – 2022-12-24 14:00 cleaning`.
    #[must_use]
    pub fn write_closure(&self, closure: &RoomClosure) -> String {
        let line = format!("{} {}", self.write_stay(closure.interval), closure.reason);
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
