//! Door sheets: who enters a room when, for its staff. A page for each room and day.

use serde::Serialize;

use super::head::SheetHead;
use super::programme::{PdfLine, line};
use super::sheet::{Chosen, Sheet};
use super::words::Name;
use super::{PdfError, PdfSource};
use crate::core::agenda::{AgendaDay, AgendaEntry, draft_mark};
use crate::core::room::Room;

const TEMPLATE: &str = include_str!("../../../templates/agenda/doors.typ");

#[derive(Debug, Serialize)]
struct DoorSigns {
    sheets: Vec<DoorSign>,
}

/// One page, or more where a day is very full.
#[derive(Debug, Serialize)]
struct DoorSign {
    room: Name,
    capacity: i32,
    day: String,
    zone: String,
    lines: Vec<PdfLine>,
}

/// Builds the sheets of a room or of all used rooms, on a day or on all.
pub(super) fn paper(chosen: &Chosen<'_>) -> Result<PdfSource, PdfError> {
    let days = chosen.agenda.days.iter();
    let mut sheets = Vec::new();
    let mut shown: Vec<&AgendaEntry> = Vec::new();
    for day in days.filter(|day| chosen.wants(day.date)) {
        for room in chosen.programme.rooms.iter() {
            if chosen.room.is_some_and(|wanted| wanted.id != room.id) {
                continue;
            }
            let entries = in_room(day, room);
            // A reader of one room's sheet wants to see that it is free.
            if !entries.is_empty() || chosen.room.is_some() {
                sheets.push(door(room, day, &entries));
            }
            shown.extend(entries);
        }
    }
    let head = SheetHead::of(
        &chosen.agenda,
        "Door sheets",
        draft_mark(shown.iter().copied()),
    )
    .addressed("For door staff");
    PdfSource::new(
        TEMPLATE,
        &head,
        &DoorSigns { sheets },
        chosen.file_name(Sheet::Doors),
    )
}

fn in_room<'d>(day: &'d AgendaDay, room: &Room) -> Vec<&'d AgendaEntry> {
    let here = |entry: &&AgendaEntry| {
        let place = entry.room.as_ref();
        place.is_some_and(|place| place.code == room.code.as_str())
    };
    day.shown().filter(here).collect()
}

fn door(room: &Room, day: &AgendaDay, entries: &[&AgendaEntry]) -> DoorSign {
    DoorSign {
        room: Name::new(room.name.as_str(), &room.name_ja),
        capacity: room.capacity,
        day: day.in_words(),
        zone: day.zone.clone(),
        lines: entries
            .iter()
            .map(|entry| PdfLine {
                // Internal notes are not for the staff at the door.
                note: String::new(),
                // Nor is what the sides agreed.
                kind: entry.kind.label().to_owned(),
                ..line(entry, day)
            })
            .collect(),
    }
}
