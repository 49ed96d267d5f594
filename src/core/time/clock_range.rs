//! An interval by the clock of one place, in words.

use chrono::NaiveDate;

use super::Zone;
use super::interval::Interval;

/// Clocks are set back by less than this many minutes.
const NEAR: i32 = 180;

/// An interval by the clock of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRange {
    /// The day it begins.
    pub date: NaiveDate,
    /// `14:40`
    pub start: String,
    /// The day it ends.
    pub end_date: NaiveDate,
    /// `15:10`
    pub end: String,
    /// `JST, UTC+9`; `BST, UTC+1, then GMT, UTC` where the clocks change in between.
    pub zone: String,
    /// The zone's letters at the start and at the end, where the clocks change in between or pass one of them twice.
    letters: Option<[String; 2]>,
}

impl ClockRange {
    /// The clock of `zone` over `interval`.
    #[must_use]
    pub fn at(zone: Zone, interval: Interval) -> Self {
        let (start, end) = (interval.start(), interval.end());
        let near = zone.offset(start.plus(-NEAR)) != zone.offset(end.plus(NEAR));
        let is_told_apart = near
            && (zone.offset(start) != zone.offset(end)
                || zone.passes_twice(start)
                || zone.passes_twice(end));
        Self {
            date: zone.date(start),
            start: zone.clock(start),
            end_date: zone.date(end),
            end: zone.clock(end),
            zone: zone.label_over(interval),
            letters: is_told_apart.then(|| [zone.letters(start), zone.letters(end)]),
        }
    }

    /// The clock at a reader's home, whose zone is named by its city: `Almaty, UTC+5`.
    #[must_use]
    pub fn at_home(zone: Zone, interval: Interval) -> Self {
        Self {
            zone: zone.home_label_over(interval),
            ..Self::at(zone, interval)
        }
    }

    /// `14:40–15:10`, with `(next day)` when it ends on another day than it begins.
    #[must_use]
    pub fn range(&self) -> String {
        self.range_on(self.date)
    }

    /// The same as it reads under the heading of a day: `23:30–00:30 (next day)` on the first,
    /// `23:30 (day before)–00:30` on the second; `00:45 BST–01:15 GMT` where the clocks change.
    #[must_use]
    pub fn range_on(&self, date: NaiveDate) -> String {
        let (from, to) = (day_mark(self.date, date), day_mark(self.last_date(), date));
        let from = if from == to { String::new() } else { from };
        let [start, end] = self.clocks();
        format!("{start}{from}–{end}{to}")
    }

    /// The last day that it touches; midnight is the end of its day.
    #[must_use]
    pub fn last_date(&self) -> NaiveDate {
        match self.end_date.pred_opt() {
            Some(before) if self.end == "00:00" && before >= self.date => before,
            _ => self.end_date,
        }
    }

    /// Start and end, with the zone's letters where the clocks change in between: `00:45 BST`, `01:15 GMT`.
    #[must_use]
    pub fn clocks(&self) -> [String; 2] {
        let end = if self.last_date() == self.end_date {
            self.end.as_str()
        } else {
            "24:00"
        };
        match &self.letters {
            Some([first, last]) => [format!("{} {first}", self.start), format!("{end} {last}")],
            None => [self.start.clone(), end.to_owned()],
        }
    }
}

/// Which day a time is of, as seen from `date`; empty for that day itself.
fn day_mark(day: NaiveDate, date: NaiveDate) -> String {
    match day.signed_duration_since(date).num_days() {
        0 => String::new(),
        1 => " (next day)".to_owned(),
        -1 => " (day before)".to_owned(),
        _ => format!(" ({})", day.format("%-d %B")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::parse_date;

    fn range(zone: &str, start: (&str, &str), minutes: i32, seen_from: &str) -> String {
        let zone: Zone = zone.parse().unwrap();
        let start = zone
            .instant(parse_date(start.0).unwrap(), start.1.parse().unwrap())
            .unwrap();
        let interval = Interval::new(start, start.plus(minutes)).unwrap();
        ClockRange::at(zone, interval).range_on(parse_date(seen_from).unwrap())
    }

    #[test]
    fn slot_past_midnight_reads_right_on_both_days() {
        let late = ("2026-10-23", "23:30");
        let said = |minutes, seen_from| range("Europe/London", late, minutes, seen_from);
        assert_eq!(said(60, "2026-10-23"), "23:30–00:30 (next day)");
        assert_eq!(said(60, "2026-10-24"), "23:30 (day before)–00:30");
        assert_eq!(said(30, "2026-10-23"), "23:30–24:00");
        let night = |seen_from| range("Europe/London", ("2026-10-24", "00:30"), 30, seen_from);
        assert_eq!(night("2026-10-23"), "00:30–01:00 (next day)");
        assert_eq!(night("2026-10-24"), "00:30–01:00");
    }

    #[test]
    fn clock_change_inside_an_interval_shows_both_offsets() {
        let said = |zone, day, clock| range(zone, (day, clock), 90, day);
        assert_eq!(
            said("Europe/London", "2026-10-25", "00:45"),
            "00:45 BST–01:15 GMT"
        );
        assert_eq!(
            said("America/Santiago", "2026-04-04", "22:30"),
            "22:30 UTC−3–23:00 UTC−4"
        );
        assert_eq!(
            said("Europe/London", "2026-10-25", "01:15+00:00"),
            "01:15 GMT–02:45 GMT"
        );
        let zone: Zone = "Europe/London".parse().unwrap();
        let start = zone
            .instant(parse_date("2026-10-25").unwrap(), "00:45".parse().unwrap())
            .unwrap();
        let clock = ClockRange::at(zone, Interval::new(start, start.plus(90)).unwrap());
        assert_eq!(clock.zone, "BST, UTC+1, then GMT, UTC");
    }
}
