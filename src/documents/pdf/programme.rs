//! The agenda itself: the event's programme, or a delegation's schedule with its clocks at home beside the venue's.

use serde::Serialize;

use super::head::SheetHead;
use super::words::{Name, Side, Time, text};
use super::{PdfError, PdfSource};
use crate::core::agenda::{Agenda, AgendaDay, AgendaEntry, Audience};
use crate::core::slot::SlotState;
use crate::documents::format::{Format, file_name};

pub(super) const TEMPLATE: &str = include_str!("../../../templates/agenda/programme.typ");

/// What the template sets.
#[derive(Debug, Serialize)]
pub(super) struct PdfProgramme {
    /// `Saturday, 24 December 2022`, or from the first day to the last.
    pub(super) dates: String,
    /// The reader's zone at home; empty where that is the venue's.
    pub(super) home: String,
    /// For whom, in a schedule.
    pub(super) reader: Option<Side>,
    pub(super) days: Vec<DayLines>,
    /// All people named, on a page at the end.
    pub(super) parties: Vec<Side>,
    /// Shown when a list is empty.
    pub(super) nothing: &'static str,
}

/// A day's table.
#[derive(Debug, Serialize)]
pub(super) struct DayLines {
    pub(super) day: String,
    /// `JST, UTC+9`
    pub(super) zone: String,
    /// The same at home; empty where that is the venue's.
    pub(super) home_zone: String,
    pub(super) lines: Vec<PdfLine>,
}

/// A slot.
#[derive(Debug, Serialize)]
pub(super) struct PdfLine {
    pub(super) time: Time,
    pub(super) home: Time,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) room: Option<Name>,
    /// The two of a bilateral, with their ministers.
    pub(super) sides: Vec<Side>,
    /// Those of a larger meeting, by name.
    pub(super) countries: Vec<Name>,
    pub(super) interpreters: String,
    /// Empty for what is confirmed.
    pub(super) state: &'static str,
    pub(super) note: String,
}

pub(super) fn paper(agenda: &Agenda) -> Result<PdfSource, PdfError> {
    let (document, reader, home) = match &agenda.audience {
        Audience::Staff => ("Programme", None, ""),
        Audience::Delegation(party, zone) => ("Schedule", Some(Side::of(party)), zone.name()),
    };
    let elsewhere = agenda.days.iter().any(|day| day.home_zone.is_some());
    let body = PdfProgramme {
        dates: agenda.dates(),
        home: if elsewhere { home } else { "" }.to_owned(),
        reader,
        days: agenda.days.iter().map(lines_of).collect(),
        parties: agenda.parties.iter().map(|party| Side::of(party)).collect(),
        nothing: "Nothing is entered for this day.",
    };
    let head = SheetHead::of(agenda, document, agenda.draft_mark());
    let head = match agenda.internal_mark() {
        Some(mark) => head.addressed(mark),
        None => head,
    };
    PdfSource::new(TEMPLATE, &head, &body, file_name(agenda, Format::Pdf))
}

fn lines_of(day: &AgendaDay) -> DayLines {
    DayLines {
        day: day.in_words(),
        zone: day.zone.clone(),
        home_zone: day.home_zone.clone().unwrap_or_default(),
        lines: day.shown().map(|entry| line(entry, day)).collect(),
    }
}

/// A slot below the heading of its day.
pub(super) fn line(entry: &AgendaEntry, day: &AgendaDay) -> PdfLine {
    let few = entry.parties.len() <= 2;
    PdfLine {
        time: Time::of(&entry.venue, &day.zone, day.date),
        home: home(entry, day),
        kind: entry.format.of_kind(entry.kind.label()),
        title: text(&entry.title),
        room: entry.room.as_ref().map(Name::of_place),
        sides: entry
            .parties
            .iter()
            .filter(|_| few)
            .map(|party| Side::of(party))
            .collect(),
        countries: if few { Vec::new() } else { countries(entry) },
        interpreters: interpreters(entry),
        state: state(entry.state),
        note: text(entry.note.as_deref().unwrap_or_default()),
    }
}

fn home(entry: &AgendaEntry, day: &AgendaDay) -> Time {
    let Some(home) = &entry.home else {
        return Time::default();
    };
    let time = Time::of(
        home,
        day.home_zone.as_deref().unwrap_or_default(),
        home.date,
    );
    if home.date == entry.venue.date {
        time
    } else {
        time.with(&home.date.format("%a %-d %b").to_string())
    }
}

/// Who takes part in something larger than a bilateral.
pub(super) fn countries(entry: &AgendaEntry) -> Vec<Name> {
    if entry.everyone {
        return vec![Name::new("All delegations", "")];
    }
    let parties = entry.parties.iter();
    parties
        .map(|party| Name::new(&party.name, &party.name_ja))
        .collect()
}

/// Names of the interpreters, in a line; empty without any, and for a delegation.
pub(super) fn interpreters(entry: &AgendaEntry) -> String {
    let names = entry.interpreters.iter().flatten();
    let names: Vec<_> = names.map(|one| text(&one.name)).collect();
    names.join("; ")
}

/// The state where a reader must know that it is not firm.
pub(super) const fn state(state: SlotState) -> &'static str {
    match state {
        SlotState::Confirmed => "",
        SlotState::Tentative => "Tentative",
        SlotState::Pencilled => "Pencilled",
        SlotState::Cancelled => "Cancelled",
    }
}
