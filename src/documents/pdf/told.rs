//! A delegation's schedule as last notified, as PDF: for its private page and as attachment of its letters.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::head::SheetHead;
use super::programme::{DayLines, PdfLine, PdfProgramme, TEMPLATE};
use super::words::{Name, Side, Time, text};
use super::{PdfError, PdfSource};
use crate::core::agenda::{Agenda, AgendaDelegation, Audience, Notes};
use crate::core::delegation::Delegation;
use crate::core::event::{Event, ProtocolOffice, Revision};
use crate::core::notice::Told;
use crate::core::text::{Email, TextLine as OneLine};
use crate::core::time::interval::Interval;
use crate::core::time::{ClockRange, Moment, Zone, day_in_words};
use crate::core::visibility::{event_as_told, private_entries};

/// A delegation's schedule as its private page has it. It shows the time of a letter instead of the
/// programme's revision, which would reveal changes for other delegations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSchedule {
    event: String,
    event_ja: String,
    venue: String,
    venue_ja: String,
    /// IANA names.
    zone: String,
    home: String,
    office: String,
    office_email: String,
    office_phone: String,
    party: String,
    party_ja: String,
    principal: String,
    principal_ja: String,
    principal_title: String,
    slots: Vec<Told>,
    edition: Edition,
    /// Seconds since 1970 UTC.
    issued_at: i64,
}

/// Shown instead of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Edition {
    /// No notice was sent yet.
    BeforeLetters,
    /// As of the latest letter; seconds since 1970 UTC.
    AsOfLetter(i64),
    /// As of the letter to which it is attached, by its number.
    WithLetter(i32),
}

/// A schedule as stored until it is rendered, maybe by a later release of this program.
#[derive(Serialize, Deserialize)]
#[serde(tag = "format")]
enum StoredSchedule {
    #[serde(rename = "1")]
    First(ToldSchedule),
}

/// The schedule of a delegation from the notices it has had, with what else is shown to it.
///
/// # Errors
/// When its data cannot be written.
pub fn as_told(
    programme: &crate::core::programme::Programme,
    delegation: &Delegation,
    now: Moment,
) -> Result<PdfSource, PdfError> {
    let known = private_entries(programme, delegation.id);
    let letters = programme.ledger.notices();
    let last = letters
        .filter(|notice| notice.delegation == delegation.id)
        .map(|notice| notice.told_at)
        .max();
    let edition = last.map_or(Edition::BeforeLetters, |at| {
        Edition::AsOfLetter(at.seconds())
    });
    let slots = known
        .into_iter()
        .map(|entry| Told {
            event: None,
            ..entry.told.into_owned()
        })
        .collect();
    let event = event_as_told(programme, delegation.id);
    ToldSchedule::new(&event, delegation, slots, edition, now).paper()
}

impl ToldSchedule {
    /// What a letter lists, and which letter that is.
    #[must_use]
    pub fn in_letter(
        event: &Event,
        delegation: &Delegation,
        slots: &[Told],
        version: i32,
        written_at: Moment,
    ) -> Self {
        let edition = Edition::WithLetter(version);
        Self::new(event, delegation, slots.to_vec(), edition, written_at)
    }

    fn new(
        event: &Event,
        delegation: &Delegation,
        slots: Vec<Told>,
        edition: Edition,
        issued_at: Moment,
    ) -> Self {
        Self {
            event: event.name.to_string(),
            event_ja: event.name_ja.clone(),
            venue: event.venue.to_string(),
            venue_ja: event.venue_ja.clone(),
            zone: event.time_zone.name().to_owned(),
            home: delegation.time_zone.name().to_owned(),
            office: event.office.name.to_string(),
            office_email: event.office.email.to_string(),
            office_phone: event.office.phone.clone(),
            party: delegation.name.to_string(),
            party_ja: delegation.name_ja.clone(),
            principal: delegation.principal.to_string(),
            principal_ja: delegation.principal_ja.clone(),
            principal_title: delegation.principal_title.clone(),
            slots,
            edition,
            issued_at: issued_at.seconds(),
        }
    }

    /// The schedule as text, to be set later.
    pub fn keep(self) -> Result<String, PdfError> {
        Ok(serde_json::to_string(&StoredSchedule::First(self))?)
    }

    /// Parses a stored schedule.
    ///
    /// # Errors
    /// When it was not stored by this program, or by a later release.
    pub fn kept(text: &str) -> Result<Self, PdfError> {
        let StoredSchedule::First(schedule) = serde_json::from_str(text).map_err(PdfError::Kept)?;
        Ok(schedule)
    }

    /// The schedule ready to be set.
    ///
    /// # Errors
    /// When a zone is not known, or the data cannot be written.
    pub fn paper(&self) -> Result<PdfSource, PdfError> {
        let zones = Zones {
            venue: zone(&self.zone)?,
            home: zone(&self.home)?,
        };
        let party = Arc::new(AgendaDelegation {
            code: String::new(),
            name: self.party.clone(),
            name_ja: self.party_ja.clone(),
            principal: self.principal.clone(),
            principal_ja: self.principal_ja.clone(),
            principal_title: self.principal_title.clone(),
        });
        let days = zones.days(&self.slots);
        let body = PdfProgramme {
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
        let head = SheetHead::of(&self.frame(&party, zones), "Schedule", None)
            .edition(self.edition(zones));
        PdfSource::new(TEMPLATE, &head, &body, "schedule.pdf".to_owned())
    }

    fn edition(&self, zones: Zones) -> String {
        match self.edition {
            Edition::BeforeLetters => "Before our first letter".to_owned(),
            Edition::AsOfLetter(at) => {
                format!(
                    "As of our letter of {}",
                    zones.moment(Moment::from_seconds(at))
                )
            }
            Edition::WithLetter(version) => format!("With our letter, version {version}"),
        }
    }

    /// Header and footer around the days; the revision is not shown.
    fn frame(&self, party: &Arc<AgendaDelegation>, zones: Zones) -> Agenda {
        Agenda {
            slug: String::new(),
            name: self.event.clone(),
            name_ja: self.event_ja.clone(),
            venue: self.venue.clone(),
            venue_ja: self.venue_ja.clone(),
            zone: zones.venue,
            office: ProtocolOffice {
                name: OneLine::stored(self.office.clone()),
                email: Email::stored(self.office_email.clone()),
                phone: self.office_phone.clone(),
            },
            revision: Revision(0),
            issued_at: Moment::from_seconds(self.issued_at),
            day: None,
            notes: Notes::default(),
            audience: Audience::Delegation(Arc::clone(party), zones.home),
            parties: Vec::new(),
            days: Vec::new(),
        }
    }
}

fn zone(name: &str) -> Result<Zone, PdfError> {
    name.parse().map_err(|_| PdfError::Zone(name.to_owned()))
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

    /// What there is, day by day as the venue counts them.
    fn days(self, slots: &[Told]) -> Vec<(NaiveDate, DayLines)> {
        let mut days: Vec<(NaiveDate, DayLines)> = Vec::new();
        for told in slots {
            let Ok(interval) = Interval::new(told.starts_at(), told.ends_at()) else {
                continue;
            };
            let date = self.venue.date(interval.start());
            if days.last().is_none_or(|(known, _)| *known != date) {
                days.push((date, self.day(date, interval)));
            }
            if let Some((_, day)) = days.last_mut() {
                let line = self.line(told, interval, day);
                day.lines.push(line);
            }
        }
        days
    }

    /// `20 December 2022, 18:00 (JST, UTC+9)`
    fn moment(self, at: Moment) -> String {
        self.venue.moment(at)
    }

    fn day(self, date: NaiveDate, first: Interval) -> DayLines {
        DayLines {
            day: day_in_words(date),
            zone: self.venue.label(first.start()),
            home_zone: if self.are_one() {
                String::new()
            } else {
                self.home.home_label(first.start())
            },
            lines: Vec::new(),
        }
    }

    fn line(self, told: &Told, interval: Interval, day: &DayLines) -> PdfLine {
        let clock = ClockRange::at(self.venue, interval);
        let home = if self.are_one() {
            Time::default()
        } else {
            let home = ClockRange::at_home(self.home, interval);
            let time = Time::of(&home, &day.home_zone, home.date);
            if home.date == clock.date {
                time
            } else {
                time.with(&home.date.format("%a %-d %b").to_string())
            }
        };
        PdfLine {
            time: Time::of(&clock, &day.zone, clock.date),
            home,
            kind: told
                .kind
                .known()
                .map_or_else(String::new, |kind| told.format.of_kind(kind.label())),
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
