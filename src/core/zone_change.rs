//! Another time zone of the venue: the clock times of the programme stay, or its instants.

use std::sync::Arc;

use crate::core::event::Event;
use crate::core::programme::Programme;
use crate::core::slot::Slot;
use crate::core::text_enum::TextEnum;
use crate::core::time::interval::Interval;
use crate::core::time::{ClockRange, Instant, Turn, Zone, day_in_words};

/// What of the programme stays when the venue's zone changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneKeeps {
    /// The times on the clock: the zone was entered wrongly, the times rightly.
    Clocks,
    /// The instants: what is under way at a moment is under way then still.
    Instants,
}

impl TextEnum for ZoneKeeps {
    const ALL: &'static [Self] = &[Self::Clocks, Self::Instants];
    const NOUN: &'static str = "kind of times";

    fn as_str(self) -> &'static str {
        match self {
            Self::Clocks => "clocks",
            Self::Instants => "instants",
        }
    }
}

/// A slot before and after a change of the venue's zone, in words.
#[derive(Debug, PartialEq, Eq)]
pub struct ZoneChangeLine {
    /// The title.
    pub title: String,
    /// The time now, as `Friday, 23 October 2026, 23:30–00:30 (next day) (BST, UTC+1)`.
    pub now: String,
    /// The time when the clock times stay.
    pub clocks: String,
    /// The time when the instants stay.
    pub instants: String,
}

/// Lists what a change of the venue's zone makes of each live slot, by time.
#[must_use]
pub fn lines(programme: &Programme, zone: Zone) -> Vec<ZoneChangeLine> {
    let old = programme.event.time_zone;
    let line = |slot: &Arc<Slot>| ZoneChangeLine {
        title: slot.title().to_string(),
        now: words(old, slot.interval()),
        clocks: words(zone, same_clock(old, zone, slot.interval())),
        instants: words(zone, slot.interval()),
    };
    programme.live_slots().map(line).collect()
}

fn words(zone: Zone, interval: Interval) -> String {
    let clock = ClockRange::at(zone, interval);
    let day = day_in_words(clock.date);
    format!("{day}, {} ({})", clock.range(), clock.zone)
}

/// The interval that shows in `zone` what this one shows in `old`.
#[must_use]
pub fn same_clock(old: Zone, zone: Zone, interval: Interval) -> Interval {
    let at = |instant: Instant| {
        zone.instant_near(old.date(instant), old.clock_time(instant), Turn::First)
    };
    let start = at(interval.start());
    // Where the clocks change in between it keeps its length.
    Interval::stay(start, at(interval.end())).unwrap_or_else(|| interval.starting_at(start))
}

/// The event in its new zone with its live slots at the same times on the clock, and with each as it was and will be.
///
/// All move in step, so reasons that were given stay in force.
#[must_use]
pub fn with_same_clocks(
    programme: &Programme,
    event: &Event,
) -> (Programme, Vec<(Arc<Slot>, Slot)>) {
    let (old, zone) = (programme.event.time_zone, event.time_zone);
    let mut next = programme.with_event(event);
    let mut moved: Vec<(Arc<Slot>, Slot)> = Vec::new();
    for slot in programme.live_slots() {
        let mut placement = slot.details.placement;
        placement.interval = same_clock(old, zone, slot.interval());
        let after = Slot {
            moves: slot.moves,
            ..programme.successor(slot, slot.details.placed(placement))
        };
        next = next.with_slot(after.clone());
        moved.push((Arc::clone(slot), after));
    }
    // Stored one by one, none may come upon one that has not moved yet.
    if moved
        .iter()
        .any(|(was, is)| is.interval().start() > was.interval().start())
    {
        moved.reverse();
    }
    (next, moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{programme_in, slot_in};

    const LONDON: &str = "Europe/London";

    fn programme() -> Programme {
        let days = [
            ("2026-10-23", "09:00", "24:00"),
            ("2026-10-24", "09:00", "24:00"),
        ];
        let slots = vec![
            slot_in(LONDON, 1, ("2026-10-23", "22:00"), 60),
            slot_in(LONDON, 2, ("2026-10-23", "23:30"), 60),
        ];
        programme_in(LONDON, &days, slots)
    }

    #[test]
    fn zone_change_shows_old_and_new_of_each_slot() {
        let lines = lines(&programme(), "Asia/Tokyo".parse().unwrap());
        let late = &lines[1];
        assert_eq!(
            [&late.now, &late.clocks, &late.instants].map(String::as_str),
            [
                "Friday, 23 October 2026, 23:30–00:30 (next day) (BST, UTC+1)",
                "Friday, 23 October 2026, 23:30–00:30 (next day) (JST, UTC+9)",
                "Saturday, 24 October 2026, 07:30–08:30 (JST, UTC+9)",
            ]
        );
    }

    #[test]
    fn same_clocks_move_slots_in_an_order_without_overlaps() {
        let programme = programme();
        for (zone, order) in [("Asia/Tokyo", [1, 2]), ("America/New_York", [2, 1])] {
            let mut event = Event::clone(&programme.event);
            event.time_zone = zone.parse().unwrap();
            let (next, moved) = with_same_clocks(&programme, &event);
            let ids: Vec<i64> = moved.iter().map(|(_, slot)| slot.id.0).collect();
            assert_eq!(ids, order, "{zone}");
            for slot in next.slots() {
                let was = programme.slot(slot.id).unwrap();
                assert_eq!(
                    next.event.typed(slot.interval()),
                    programme.event.typed(was.interval())
                );
                assert_eq!((slot.version, slot.moves), (was.version + 1, was.moves));
            }
        }
    }
}
