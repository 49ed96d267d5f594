//! A delegation that is added joins the slots for all delegations.

use crate::core::delegation::DelegationId;
use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, check};
use crate::core::slot::{Resource, Slot, SlotDetails, SlotState};
use crate::core::time::Moment;

/// Lists the slots for all delegations that a new delegation takes part in, as they will be, by time.
///
/// It leaves out slots that are over, and a slot during which it is in an earlier one of the list: two slots for all can
/// overlap where each leaves out the delegations of the other. The slots have not moved: overrides stay in force, and
/// what the new delegation adds (its people, its languages) is found by the rules from then on.
#[must_use]
pub fn joined(programme: &Programme, delegation: DelegationId, now: Moment) -> Vec<Slot> {
    let mut programme = programme.clone();
    let mut joined = Vec::new();
    for slot in open(&programme, now) {
        let details = SlotDetails {
            content: slot.content().joined_by(delegation),
            ..slot.details.clone()
        };
        let next = Slot {
            moves: slot.moves,
            ..programme.successor(&slot, details)
        };
        let with_next = programme.with_slot(next.clone());
        if !is_taken(&with_next, &next, delegation) {
            programme = with_next;
            joined.push(next);
        }
    }
    joined
}

/// Lists the slots for all delegations without one of them that is removed, as they will be. A chair stays in them.
#[must_use]
pub fn left(programme: &Programme, delegation: DelegationId) -> Vec<Slot> {
    let is_chair = programme
        .chair()
        .is_some_and(|chair| chair.id == delegation);
    let slots = programme.slots().iter();
    slots
        .filter(|slot| slot.content().all_delegations && slot.content().involves(delegation))
        .filter(|_| !is_chair)
        .map(|slot| {
            let mut details = slot.details.clone();
            details.content.delegations.retain(|id| *id != delegation);
            let next = programme.successor(slot, details);
            // Of what is cancelled there is nothing to tell.
            let is_over = slot.state() == SlotState::Cancelled;
            Slot {
                moves: slot.moves,
                sequence: if is_over {
                    slot.sequence
                } else {
                    next.sequence
                },
                ..next
            }
        })
        .collect()
}

/// The slots for all delegations that are not over, by time.
#[must_use]
pub fn open(programme: &Programme, now: Moment) -> Vec<Slot> {
    let slots = programme.live_slots();
    slots
        .filter(|slot| slot.content().all_delegations && slot.state() != SlotState::Cancelled)
        .filter(|slot| slot.interval().end().moment() > now)
        .map(|slot| Slot::clone(slot))
        .collect()
}

/// True when the delegation is elsewhere during the slot.
fn is_taken(programme: &Programme, slot: &Slot, delegation: DelegationId) -> bool {
    let conflicts = check(programme, Candidate::stored(slot));
    conflicts.iter().any(|conflict| {
        conflict.level == Level::Blocked
            && conflict.finding.resource() == Some(Resource::Delegation(delegation))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::fixture;
    use crate::core::sample::{self, DINING, EVERYONE, HALL, ISSUED, JP, KZ, SALON};
    use crate::core::slot::{SlotContent, SlotKind};

    const NEW: DelegationId = DelegationId(7);

    fn slot(id: i64, time: (&str, i32), left_out: &[DelegationId], state: SlotState) -> Slot {
        let mut there = EVERYONE.to_vec();
        there.retain(|id| !left_out.contains(id));
        let room = if left_out.is_empty() { HALL } else { SALON };
        let mut slot = sample::slot(id, SlotKind::Meal, "Session", time, room, &there, state);
        slot.details.content.all_delegations = true;
        slot
    }

    /// The slots, with the new delegation at the event.
    fn programme(slots: Vec<Slot>) -> Programme {
        let mut programme = sample::programme(slots);
        let delegations = Arc::make_mut(&mut programme.delegations);
        delegations.push(fixture::delegation(NEW.0, "Mongolia"));
        programme
    }

    fn ids(slots: Vec<Slot>) -> Vec<i64> {
        let joined = joined(&programme(slots), NEW, ISSUED);
        assert!(joined.iter().all(|slot| slot.content().involves(NEW)));
        joined.iter().map(|slot| slot.id.0).collect()
    }

    #[test]
    fn new_delegation_joins_every_slot_for_all() {
        let explicit = |id| {
            let mut slot = slot(id, ("12:00", 30), &[], SlotState::Confirmed);
            slot.details.content.all_delegations = false;
            slot
        };
        let slots = vec![
            slot(1, ("09:00", 60), &[], SlotState::Confirmed),
            slot(2, ("10:30", 60), &[KZ], SlotState::Tentative),
            explicit(3),
            slot(4, ("13:00", 60), &[], SlotState::Pencilled),
            slot(5, ("15:00", 60), &[], SlotState::Cancelled),
        ];
        assert_eq!(ids(slots), [1, 2, 4]);
    }

    #[test]
    fn new_delegation_is_in_one_place_at_a_time() {
        let others: Vec<_> = EVERYONE.into_iter().filter(|id| *id != KZ).collect();
        let mut second = slot(2, ("09:30", 60), &others, SlotState::Tentative);
        second.details.placement.room = Some(DINING);
        let slots = vec![slot(1, ("09:00", 60), &[KZ], SlotState::Tentative), second];
        assert_eq!(ids(slots), [1]);
    }

    #[test]
    fn slots_that_are_over_are_not_joined() {
        let programme = programme(vec![slot(1, ("09:00", 60), &[], SlotState::Confirmed)]);
        let at = |time: &str| joined(&programme, NEW, sample::at(time).moment()).len();
        assert_eq!([at("09:59"), at("10:00")], [1, 0]);
    }

    #[test]
    fn joining_announces_the_slot_and_keeps_its_overrides() {
        let old = slot(1, ("09:00", 60), &[], SlotState::Confirmed);
        let programme = programme(vec![old.clone()]);
        let joined = joined(&programme, NEW, ISSUED);
        assert_eq!(joined[0].version, old.version + 1);
        assert_eq!(joined[0].sequence, old.sequence + 1);
        assert_eq!(joined[0].moves, old.moves);
    }

    #[test]
    fn removed_delegation_leaves_what_is_for_all_unless_it_is_the_chair() {
        let mut named = slot(2, ("11:00", 60), &[], SlotState::Confirmed);
        named.details.content.all_delegations = false;
        let slots = vec![
            slot(1, ("09:00", 60), &[], SlotState::Confirmed),
            named,
            slot(3, ("13:00", 60), &[KZ], SlotState::Cancelled),
        ];
        let programme = sample::programme(slots);
        let left = |id| {
            let left = left(&programme, id);
            assert!(left.iter().all(|slot| !slot.content().involves(id)));
            let counted = left.iter().map(|slot| (slot.id.0, slot.sequence));
            counted.collect::<Vec<_>>()
        };
        assert_eq!(left(sample::UZ), [(1, 3), (3, 2)]);
        assert_eq!(left(KZ), [(1, 3)]);
        assert_eq!(left(JP), []);
    }

    #[test]
    fn bilateral_is_never_for_all() {
        let content = SlotContent {
            all_delegations: true,
            ..fixture::content(SlotKind::Bilateral, "Talk", &[JP, KZ])
        };
        assert!(!content.in_order().all_delegations);
    }
}
