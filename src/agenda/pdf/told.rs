//! A delegation's schedule as it was told: what its private page shows, on paper.

use std::sync::Arc;

use chrono::NaiveDate;

use super::head::Head;
use super::programme::{DayLines, Line, Programme, TEMPLATE};
use super::words::{Name, Side, Time, text};
use super::{Paper, PdfError};
use crate::agenda::{Agenda, Audience, Clock, Party};
use crate::delegation::Delegation;
use crate::event::visibility::known_to;
use crate::notice::Told;
use crate::slot::Kind;
use crate::slot::interval::Interval;
use crate::time::{Moment, Zone, day_in_words};

/// The schedule of a delegation from the notices it has had, and from nothing else. It bears the time of the last one
/// in the place of the programme's revision, which would tell that something was changed for others.
///
/// # Errors
/// When its data cannot be written.
pub fn as_told(
    programme: &crate::event::programme::Programme,
    delegation: &Delegation,
    now: Moment,
) -> Result<Paper, PdfError> {
    let event = &programme.event;
    let party = Arc::new(Party::from(delegation));
    let zones = Zones {
        venue: event.time_zone,
        home: delegation.time_zone,
    };
    let known = known_to(programme, delegation.id);
    let mut days: Vec<(NaiveDate, DayLines)> = Vec::new();
    for told in known.iter().map(|notice| &notice.told) {
        let Ok(interval) = Interval::new(told.starts_at(), told.ends_at()) else {
            continue;
        };
        let date = zones.venue.date(interval.start());
        if days.last().is_none_or(|(known, _)| *known != date) {
            days.push((date, zones.day(date, interval)));
        }
        if let Some((_, day)) = days.last_mut() {
            let line = zones.line(told, interval, day);
            day.lines.push(line);
        }
    }
    let frame = Agenda {
        slug: event.slug.to_string(),
        name: event.name.to_string(),
        name_ja: event.name_ja.clone(),
        venue: event.venue.to_string(),
        venue_ja: event.venue_ja.clone(),
        zone: event.time_zone,
        office: event.office.clone(),
        revision: event.revision,
        issued_at: now,
        day: None,
        audience: Audience::Delegation(Arc::clone(&party), delegation.time_zone),
        parties: Vec::new(),
        days: Vec::new(),
    };
    let letters = programme.ledger.notices();
    let last = letters
        .filter(|notice| notice.delegation == delegation.id)
        .map(|notice| notice.told_at)
        .max();
    let edition = last.map_or_else(
        || "Before our first letter".to_owned(),
        |at| format!("As of our letter of {}", zones.moment(at)),
    );
    let body = Programme {
        dates: match days.as_slice() {
            [] => "Nothing is confirmed at present.".to_owned(),
            [(_, day)] => day.day.clone(),
            [(_, first), .., (_, last)] => format!("{} to {}", first.day, last.day),
        },
        home: if zones.are_one() {
            ""
        } else {
            zones.home.name()
        }
        .to_owned(),
        reader: Some(Side::of(&party)),
        days: days.into_iter().map(|(_, day)| day).collect(),
        parties: Vec::new(),
        nothing: "",
    };
    let head = Head::of(&frame, "Schedule", None).edition(edition);
    Paper::new(TEMPLATE, &head, &body, "schedule.pdf".to_owned())
}

/// The clocks of a schedule.
#[derive(Clone, Copy)]
struct Zones {
    venue: Zone,
    home: Zone,
}

impl Zones {
    fn are_one(self) -> bool {
        self.venue == self.home
    }

    /// `20 December 2022, 18:00 (JST, UTC+9)`
    fn moment(self, at: Moment) -> String {
        let local = self.venue.local_moment(at).format("%-d %B %Y, %H:%M");
        format!("{local} ({})", self.venue.label(at.instant()))
    }

    fn day(self, date: NaiveDate, first: Interval) -> DayLines {
        DayLines {
            day: day_in_words(date),
            zone: self.venue.label(first.start()),
            home_zone: if self.are_one() {
                String::new()
            } else {
                self.home.label(first.start())
            },
            lines: Vec::new(),
        }
    }

    fn line(self, told: &Told, interval: Interval, day: &DayLines) -> Line {
        let clock = Clock::at(self.venue, interval);
        let home = if self.are_one() {
            Time::default()
        } else {
            let home = Clock::at(self.home, interval);
            let time = Time::of(&home, &day.home_zone);
            if home.date == clock.date {
                time
            } else {
                time.with(&home.date.format("%a %-d %b").to_string())
            }
        };
        // Told with the label of its kind; this gives back the one that lives as long as the program.
        let kinds = <Kind as crate::db::text_enum::TextEnum>::ALL.iter();
        let kind = kinds
            .map(|kind| kind.label())
            .find(|label| *label == told.kind);
        Line {
            time: Time::of(&clock, &day.zone),
            home,
            kind: kind.unwrap_or_default(),
            title: text(&told.title),
            room: told.room.as_ref().map(|room| Name::new(room, "")),
            sides: Vec::new(),
            countries: told
                .delegations
                .iter()
                .map(|name| Name::new(name, ""))
                .collect(),
            interpreters: String::new(),
            state: "",
            note: String::new(),
        }
    }
}
