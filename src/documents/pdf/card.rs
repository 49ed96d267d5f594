//! A minister's card: the day at a glance, on one page where that can be read.

use std::collections::HashMap;

use serde::Serialize;

use super::head::SheetHead;
use super::programme::{countries, state};
use super::sheet::{Chosen, Sheet};
use super::words::{Name, Side, Time, text};
use super::{PdfError, PdfSource};
use crate::core::agenda::{Agenda, AgendaDay, AgendaEntry, Pencilled, draft_mark};
use crate::core::delegation::{Contact, Delegation};
use crate::core::slot::SlotId;
use crate::core::visibility::{Viewer, visible};

const TEMPLATE: &str = include_str!("../../../templates/agenda/card.typ");

/// How many countries are named on a line; more are counted.
const MOST_NAMED: usize = 8;

#[derive(Debug, Serialize)]
struct Cards {
    minister: Option<Side>,
    liaison: Vec<Liaison>,
    office: String,
    days: Vec<CardDay>,
}

/// One page.
#[derive(Debug, Serialize)]
struct CardDay {
    day: String,
    zone: String,
    lines: Vec<CardLine>,
}

#[derive(Debug, Serialize)]
struct CardLine {
    time: Time,
    title: String,
    room: Option<Name>,
    /// The others at the table, with their titles, where they are few.
    counterparts: Vec<Side>,
    /// The same as a line, where they are many.
    countries: String,
    interpreters: String,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct Liaison {
    name: String,
    email: String,
    phone: String,
}

/// The cards of a delegation: a page for the day that was chosen, or for each.
pub(super) fn paper(chosen: &Chosen<'_>, delegation: &Delegation) -> Result<PdfSource, PdfError> {
    let viewer = Viewer::Delegation(delegation.id);
    // One that is in the programme has an agenda.
    let agenda = Agenda::of(chosen.programme, viewer, chosen.now, Pencilled::LeftOut);
    let agenda = agenda.as_ref().unwrap_or(&chosen.agenda);
    let interpreters: HashMap<SlotId, String> = visible(chosen.programme, viewer)
        .map(|view| {
            let names = view.interpreters_on_card();
            let names: Vec<_> = names.map(|one| text(one.name.as_str())).collect();
            (view.id(), names.join("; "))
        })
        .collect();
    let days: Vec<&AgendaDay> = agenda
        .days
        .iter()
        .filter(|day| chosen.wants(day.date))
        .collect();
    let shown = days.iter().flat_map(|day| day.shown());
    let head = SheetHead::of(agenda, "Card", draft_mark(shown));
    let line = |entry: &AgendaEntry, day: &AgendaDay| CardLine {
        interpreters: interpreters.get(&entry.id).cloned().unwrap_or_default(),
        ..card_line(entry, day, delegation)
    };
    let body = Cards {
        minister: agenda.addressee().map(Side::of),
        liaison: delegation.contacts.iter().map(Liaison::from).collect(),
        office: head.office().to_owned(),
        days: days
            .into_iter()
            .map(|day| CardDay {
                day: day.in_words(),
                zone: day.zone.clone(),
                lines: day.shown().map(|entry| line(entry, day)).collect(),
            })
            .collect(),
    };
    PdfSource::new(TEMPLATE, &head, &body, chosen.file_name(Sheet::Card))
}

fn card_line(entry: &AgendaEntry, day: &AgendaDay, reader: &Delegation) -> CardLine {
    let others = entry
        .parties
        .iter()
        .filter(|party| party.code != reader.code.as_str());
    let few = entry.parties.len() <= 2;
    let names = countries(entry);
    CardLine {
        time: Time::of(&entry.venue, &day.zone, day.date),
        title: text(&entry.title),
        room: entry.room.as_ref().map(Name::of_place),
        counterparts: others
            .filter(|_| few)
            .map(|party| Side::of(party))
            .collect(),
        countries: match names.len() {
            _ if few => String::new(),
            ..=MOST_NAMED => {
                let names: Vec<_> = names.into_iter().map(|name| name.en).collect();
                names.join(", ")
            }
            many => format!("{many} delegations"),
        },
        interpreters: String::new(),
        state: state(entry.state),
    }
}

impl From<&Contact> for Liaison {
    fn from(contact: &Contact) -> Self {
        Self {
            name: text(contact.name.as_str()),
            email: text(contact.email.as_str()),
            phone: text(&contact.phone),
        }
    }
}
