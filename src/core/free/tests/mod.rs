//! Truth tables of the alternatives of a refusal.

mod following;
mod searching;

use std::sync::Arc;

use super::*;
use crate::core::programme::Programme;
use crate::core::rules::Candidate;
use crate::core::sample::{KZ, SALON, at, programme, slot};
use crate::core::slot::Resource;
use crate::core::slot::{Placement, Slot, SlotKind, SlotState};
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

fn talk(id: i64, start: &str, minutes: i32) -> Slot {
    slot(
        id,
        SlotKind::Other,
        "Talk",
        (start, minutes),
        SALON,
        &[KZ],
        SlotState::Tentative,
    )
}

fn free_from(programme: &Programme, wanted: &Slot) -> Option<Instant> {
    let candidate = Candidate::stored(wanted);
    resource_free_from(programme, Resource::Room(SALON), candidate, None)
}

#[test]
fn a_room_is_free_after_its_turnaround_and_for_the_whole_length() {
    let programme = programme(vec![talk(1, "10:00", 60), talk(2, "11:30", 30)]);
    for (minutes, from) in [(20, "11:05"), (25, "12:05"), (530, "12:05")] {
        assert_eq!(
            free_from(&programme, &talk(9, "10:30", minutes)),
            Some(at(from)),
            "{minutes}"
        );
    }
    assert_eq!(
        free_from(&programme, &talk(9, "10:30", 540)),
        None,
        "the house closes at nine"
    );
}

#[test]
fn nothing_is_free_while_the_venue_is_closed() {
    let programme = programme(vec![]);
    assert_eq!(
        free_from(&programme, &talk(9, "06:00", 30)),
        Some(at("08:30"))
    );
    assert_eq!(free_from(&programme, &talk(9, "20:45", 30)), None);
}

#[test]
fn a_slot_of_a_whole_day_keeps_its_room_for_a_whole_day() {
    let mut day = talk(1, "08:30", 30);
    day.details.placement.interval = Interval::new(at("08:30"), at("08:30").plus(1440)).unwrap();
    assert_eq!(
        free_from(&programme(vec![day]), &talk(9, "10:00", 30)),
        None
    );
}

#[test]
fn a_length_off_the_grid_is_offered_a_little_more() {
    let programme = programme(vec![talk(1, "10:00", 60)]);
    let wanted = talk(9, "10:02", 31);
    let offers = alternatives(&programme, Candidate::new(&wanted.details));
    assert_eq!(offers.len(), MOST_ALTERNATIVES);
    assert_eq!(
        offers[0],
        FreeTime {
            placement: Placement {
                interval: Interval::new(at("09:20"), at("09:55")).unwrap(),
                room: Some(SALON),
            },
            interpreters: Vec::new(),
        }
    );
}

#[test]
fn free_times_need_no_reason_for_the_chairs_rest() {
    let chair = |id, start, minutes| {
        let mut slot = talk(id, start, minutes);
        slot.details.content.delegations = vec![crate::core::sample::JP];
        slot
    };
    let mut programme = programme(vec![chair(1, "10:00", 150)]);
    let mut event = crate::core::event::Event::clone(&programme.event);
    event.settings.chair_rest_needs_reason = true;
    programme.event = Arc::new(event);
    let wanted = chair(9, "12:00", 30);
    let offers = alternatives(&programme, Candidate::new(&wanted.details));
    assert!(!offers.is_empty());
    for offer in offers {
        assert!(
            offer.placement.interval.start() >= at("12:45")
                || offer.placement.interval.end() <= at("09:45"),
            "{offer:?}"
        );
    }
}
