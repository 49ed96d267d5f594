//! The matrix of bilaterals: the chair with each guest, day by day.

use chrono::NaiveDate;
use serde::Serialize;

use super::head::SheetHead;
use super::programme::{interpreters, state};
use super::sheet::{Chosen, Sheet};
use super::words::{Name, Side, Time};
use super::{PdfError, PdfSource};
use crate::core::agenda::{AgendaDay, AgendaDelegation, AgendaEntry, draft_mark};
use crate::core::slot::SlotKind;

const TEMPLATE: &str = include_str!("../../../templates/agenda/matrix.typ");

#[derive(Debug, Serialize)]
struct Matrix {
    /// `None` while no delegation has the chair.
    chair: Option<Side>,
    days: Vec<MatrixColumn>,
    guests: Vec<MatrixRow>,
}

#[derive(Debug, Serialize)]
struct MatrixColumn {
    day: String,
    zone: String,
}

#[derive(Debug, Serialize)]
struct MatrixRow {
    guest: Side,
    /// For each day, what there is on it.
    cells: Vec<Vec<MatrixMeeting>>,
}

#[derive(Debug, Serialize)]
struct MatrixMeeting {
    time: Time,
    room: Option<Name>,
    interpreters: String,
    state: &'static str,
}

pub(super) fn paper(chosen: &Chosen<'_>) -> Result<PdfSource, PdfError> {
    let agenda = &chosen.agenda;
    let chair = chosen.programme.chair();
    let chair = chair.and_then(|chair| {
        let code = chair.code.as_str();
        agenda.parties.iter().find(|party| party.code == code)
    });
    let with_chair = |entry: &&AgendaEntry| {
        let meets =
            matches!(entry.kind, SlotKind::Bilateral | SlotKind::Meal) && entry.parties.len() == 2;
        meets && chair.is_some_and(|chair| takes_part(entry, chair))
    };
    let days: Vec<&AgendaDay> = agenda
        .days
        .iter()
        .filter(|day| day.entries.iter().any(|entry| with_chair(&entry)))
        .collect();
    let guests = agenda
        .parties
        .iter()
        .filter(|party| chair.is_some_and(|chair| chair.code != party.code));
    let meetings = |day: &AgendaDay, guest: &AgendaDelegation| {
        let entries = day.entries.iter().filter(with_chair);
        entries
            .filter(|entry| takes_part(entry, guest))
            .map(|entry| meeting(entry, day))
            .collect()
    };
    let body = Matrix {
        chair: chair.map(|chair| Side::of(chair)),
        guests: guests
            .map(|guest| MatrixRow {
                guest: Side::of(guest),
                cells: days.iter().map(|day| meetings(day, guest)).collect(),
            })
            .collect(),
        days: days.iter().map(|day| column(day)).collect(),
    };
    let shown = agenda.entries().filter(|entry| with_chair(entry));
    let head = SheetHead::of(agenda, "Bilaterals", draft_mark(shown));
    PdfSource::new(TEMPLATE, &head, &body, chosen.file_name(Sheet::Matrix))
}

fn takes_part(entry: &AgendaEntry, party: &AgendaDelegation) -> bool {
    entry.parties.iter().any(|each| each.code == party.code)
}

fn column(day: &AgendaDay) -> MatrixColumn {
    let short = |date: NaiveDate| date.format("%a %-d %b").to_string();
    MatrixColumn {
        day: short(day.date),
        zone: day.zone.clone(),
    }
}

fn meeting(entry: &AgendaEntry, day: &AgendaDay) -> MatrixMeeting {
    MatrixMeeting {
        time: Time::of(&entry.venue, &day.zone, day.date),
        room: entry.room.as_ref().map(Name::of_place),
        interpreters: interpreters(entry),
        state: state(entry.state),
    }
}
