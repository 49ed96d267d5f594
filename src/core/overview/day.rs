//! Day of a delegation or room: its slots, and the time between them.

use chrono::NaiveDate;

use crate::core::by_slot::BySlot;
use crate::core::programme::Programme;
use crate::core::room::RoomClosure;
use crate::core::slot::{Resource, Slot, SlotState};
use crate::core::time::interval::Interval;
use crate::core::timetable::{ConflictMark, SlotView, clock_range, slot_view_on};

/// A line of a day.
#[derive(Debug)]
pub enum OverviewLine {
    /// A slot.
    Slot(Box<SlotView>),
    /// Time between two slots.
    Between {
        /// How long, in minutes.
        minutes: i32,
        /// As `15:10–15:15`.
        time: String,
        /// What it is needed for, as `5 minutes to the Conference Room`; empty when it is all free.
        needed: String,
        /// The start, for the link that books here: `15:10`.
        start: String,
        /// The end.
        end: String,
    },
    /// They come or go, as `Arrives at 09:00`, or the room is closed.
    Stay(String),
}

/// One day of a delegation or a room, by time.
#[must_use]
pub fn day(
    programme: &Programme,
    resource: Resource,
    date: NaiveDate,
    marks: &BySlot<ConflictMark>,
) -> Vec<OverviewLine> {
    let day = programme.event.whole_day(date);
    let slots: Vec<&Slot> = programme
        .slots_of(resource)
        .map(AsRef::as_ref)
        .filter(|slot| slot.state() != SlotState::Cancelled)
        .filter(|slot| slot.interval().overlaps(day))
        .collect();
    let mut lines = Vec::new();
    let mut before: Option<&Slot> = None;
    for slot in slots {
        if let Some(before) = before {
            lines.extend(between(programme, resource, date, (before, slot)));
        }
        lines.push(OverviewLine::Slot(Box::new(slot_view_on(
            programme, date, slot, marks,
        ))));
        if before.is_none_or(|before| slot.interval().end() > before.interval().end()) {
            before = Some(slot);
        }
    }
    with_stays(programme, resource, date, lines)
}

/// When a room is closed on the day, as `Closed 12:00–14:00: cleaning`.
fn closures(programme: &Programme, resource: Resource, date: NaiveDate) -> Vec<OverviewLine> {
    let Resource::Room(id) = resource else {
        return Vec::new();
    };
    let zone = programme.event.time_zone;
    let today = |interval: Interval| {
        // The last minute, not the end: a closure until midnight is not on the next day.
        zone.date(interval.start()) <= date && date <= zone.date(interval.end().plus(-1))
    };
    let closures = programme.room(id).map_or(&[][..], |room| &room.closures);
    let closures = closures.iter().filter(|closure| today(closure.interval));
    closures
        .map(|closure| OverviewLine::Stay(closed(programme, closure)))
        .collect()
}

/// `Closed 12:00–14:00: cleaning`
fn closed(programme: &Programme, closure: &RoomClosure) -> String {
    let zone = programme.event.time_zone;
    let (start, end) = (closure.interval.start(), closure.interval.end());
    let when = if zone.date(start) == zone.date(end) {
        clock_range(programme, closure.interval)
    } else {
        programme.event.write_stay(closure.interval)
    };
    if closure.reason.is_empty() {
        format!("Closed {when}")
    } else {
        format!("Closed {when}: {}", closure.reason)
    }
}

fn between(
    programme: &Programme,
    resource: Resource,
    date: NaiveDate,
    (one, next): (&Slot, &Slot),
) -> Option<OverviewLine> {
    let gap = Interval::stay(one.interval().end(), next.interval().start())?;
    let zone = programme.event.time_zone;
    let room = |slot: &Slot| slot.room().and_then(|id| programme.room(id));
    let needed = match resource {
        Resource::Room(id) => programme
            .room(id)
            .map(|room| room.turnaround_minutes)
            .filter(|minutes| *minutes > 0)
            .map(|minutes| format!("{minutes} minutes to make the room ready"))
            .into_iter()
            .chain(
                programme
                    .room(id)
                    .and_then(|room| room.closed_in(gap))
                    .map(|_| "part of it closed".to_owned()),
            )
            .reduce(|one, other| format!("{one}; {other}")),
        _ => room(next)
            .filter(|there| room(one).is_none_or(|here| here.id != there.id))
            .map(|there| {
                let minutes = programme.event.settings.minimum_gap_minutes;
                format!("{minutes} minutes to {}", there.name)
            }),
    };
    Some(OverviewLine::Between {
        minutes: gap.minutes(),
        time: clock_range(programme, gap),
        needed: needed.unwrap_or_default(),
        start: zone.clock_from(date, gap.start()),
        end: zone.clock_from(date, gap.end()),
    })
}

/// Puts arrivals first and departures last, where they fall on the day.
fn with_stays(
    programme: &Programme,
    resource: Resource,
    date: NaiveDate,
    lines: Vec<OverviewLine>,
) -> Vec<OverviewLine> {
    let zone = programme.event.time_zone;
    let stays: &[Interval] = match resource {
        Resource::Delegation(id) => programme
            .delegation(id)
            .map_or(&[], |party| party.presence.as_slice()),
        _ => &[],
    };
    let closed = closures(programme, resource, date).into_iter();
    let on_the_day = |instant| zone.date(instant) == date;
    let arrivals = stays
        .iter()
        .map(|stay| stay.start())
        .filter(|at| on_the_day(*at));
    let departures = stays
        .iter()
        .map(|stay| stay.end())
        .filter(|at| on_the_day(*at));
    arrivals
        .map(|at| OverviewLine::Stay(format!("Arrives at {}", zone.clock(at))))
        .chain(closed)
        .chain(lines)
        .chain(departures.map(|at| OverviewLine::Stay(format!("Leaves at {}", zone.clock(at)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{CONFERENCE, JP, KZ, SALON, UZ, programme, slot};
    use crate::core::slot::SlotKind;

    #[test]
    fn gap_between_slots_shows_the_time_needed() {
        let talk = |id, start, room, party| {
            slot(
                id,
                SlotKind::Bilateral,
                "Talk",
                (start, 30),
                room,
                &[JP, party],
                SlotState::Tentative,
            )
        };
        let programme = programme(vec![
            talk(1, "10:00", SALON, KZ),
            talk(2, "10:40", CONFERENCE, UZ),
            talk(3, "11:10", CONFERENCE, KZ),
        ]);
        let date = NaiveDate::from_ymd_opt(2022, 12, 24).unwrap();
        let said = |resource| -> Vec<String> {
            day(&programme, resource, date, &BySlot::default())
                .into_iter()
                .map(|line| match line {
                    OverviewLine::Slot(slot) => slot.time,
                    OverviewLine::Between {
                        minutes, needed, ..
                    } => format!("{minutes}: {needed}"),
                    OverviewLine::Stay(words) => words,
                })
                .collect()
        };
        let name = &programme.room(CONFERENCE).unwrap().name;
        let gap = programme.event.settings.minimum_gap_minutes;
        assert_eq!(
            said(Resource::Delegation(JP)),
            [
                "10:00–10:30".to_owned(),
                format!("10: {gap} minutes to {name}"),
                "10:40–11:10".to_owned(),
                "11:10–11:40".to_owned()
            ]
        );
        let turnaround = programme.room(SALON).unwrap().turnaround_minutes;
        assert_eq!(said(Resource::Room(SALON)), ["10:00–10:30"]);
        assert!(turnaround > 0);
        assert_eq!(
            said(Resource::Room(CONFERENCE)),
            ["10:40–11:10", "11:10–11:40"]
        );
    }
}
