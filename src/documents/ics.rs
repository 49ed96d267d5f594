//! The agenda as a calendar file to import or subscribe to (RFC 5545, METHOD:PUBLISH of RFC 5546).

use std::sync::Arc;

use super::ical::{self, CalendarStatus, publish};
use crate::core::agenda::{Agenda, AgendaDelegation, AgendaEntry};
use crate::core::slot::{SlotId, SlotState};
use crate::core::time::day_in_words;

/// Writes the calendar to import.
#[must_use]
pub fn render(agenda: &Agenda) -> String {
    publish(&entries(agenda))
}

/// Writes the calendar to subscribe to, under the event's name.
#[must_use]
pub fn subscription(agenda: &Agenda) -> String {
    ical::subscription(&agenda.name, &entries(agenda))
}

fn entries(agenda: &Agenda) -> Vec<ical::CalendarEntry<'_>> {
    agenda.entries().map(|each| entry(agenda, each)).collect()
}

fn entry<'a>(agenda: &'a Agenda, entry: &'a AgendaEntry) -> ical::CalendarEntry<'a> {
    ical::CalendarEntry {
        uid: uid(agenda, entry),
        sequence: entry.sequence,
        stamp: agenda.issued_at,
        starts: entry.interval.start(),
        ends: entry.interval.end(),
        summary: entry.title.clone(),
        location: place(agenda, entry),
        description: description(entry),
        status: Some(match entry.state {
            SlotState::Confirmed => CalendarStatus::Confirmed,
            SlotState::Pencilled | SlotState::Tentative => CalendarStatus::Tentative,
            SlotState::Cancelled => CalendarStatus::Cancelled,
        }),
        office: &agenda.office,
        organizer: entry
            .invited_as
            .as_ref()
            .map_or(&agenda.office.email, |(_, organizer)| organizer),
    }
}

/// The invitation's own UID where the reader was invited, so that a file and a mail are one entry in the calendar;
/// else one that stays with the slot.
fn uid(agenda: &Agenda, entry: &AgendaEntry) -> String {
    if let Some((uid, _)) = &entry.invited_as {
        return uid.clone();
    }
    let reader = agenda.addressee().map(|party| party.code.as_str());
    uid_of(entry.id, reader, &agenda.slug)
}

/// Makes the UID under which a reader who was not invited has a slot; `reader` is the code of a delegation. Ids are
/// random, and `.invalid` cannot be registered (RFC 6761).
#[must_use]
pub fn uid_of(slot: SlotId, reader: Option<&str>, slug: &str) -> String {
    let reader = reader.map_or_else(String::new, |code| format!("-{code}"));
    format!("slot-{slot}{reader}@{slug}.iikura.invalid").to_ascii_lowercase()
}

fn place(agenda: &Agenda, entry: &AgendaEntry) -> String {
    entry.room.as_ref().map_or_else(
        || agenda.venue.clone(),
        |room| format!("{}, {}", room.name, agenda.venue),
    )
}

/// What the fields of a calendar cannot say: both clocks with their zones, who takes part, how firm it is.
fn description(entry: &AgendaEntry) -> String {
    let mut lines = vec![
        format!(
            "{} · {}",
            entry.format.of_kind(entry.kind.label()),
            entry.state_in_words()
        ),
        format!(
            "{}, {} ({})",
            day_in_words(entry.venue.date),
            entry.venue.range(),
            entry.venue.zone
        ),
    ];
    if let Some(home) = &entry.home {
        lines.push(format!(
            "At home: {}, {} ({})",
            day_in_words(home.date),
            home.range(),
            home.zone
        ));
    }
    if entry.everyone {
        lines.push("All delegations".to_owned());
    } else {
        let who = |party: &Arc<AgendaDelegation>| format!("{}: {}", party.name, party.principal);
        lines.extend(entry.parties.iter().map(who));
    }
    lines.join("\n")
}
