//! Slots that break rules: after a change of facts, or because of the room they are in.

use std::collections::HashSet;

use super::{Candidate, Conflict, check_all, in_force, refusals};
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rule::{Level, Rule};
use crate::core::slot::{Resource, Slot, SlotId};

/// What a conflict is about, however much or little of it there is.
type ConflictKey = (Option<SlotId>, Option<SlotId>, Rule, Option<Resource>);

/// Lists the slots that break a rule in `after` and did not in `before`, by time: what would be refused, and what needs a
/// reason that no user has given.
#[must_use]
pub fn broken_by(before: &Programme, after: &Programme) -> Vec<SlotId> {
    let found = open(after);
    if found.is_empty() {
        return Vec::new();
    }
    let known: HashSet<ConflictKey> = open(before).iter().map(key).collect();
    let broken: HashSet<SlotId> = found
        .iter()
        .filter(|conflict| !known.contains(&key(conflict)))
        .filter_map(|conflict| conflict.slot)
        .collect();
    let slots = after.slots().iter().map(|slot| slot.id);
    slots.filter(|id| broken.contains(id)).collect()
}

fn open(programme: &Programme) -> Vec<Conflict> {
    let mut conflicts = check_all(programme);
    conflicts.retain(|conflict| is_open(programme, conflict));
    conflicts
}

fn key(conflict: &Conflict) -> ConflictKey {
    let finding = &conflict.finding;
    (
        conflict.slot,
        finding.other(),
        finding.rule(),
        finding.resource(),
    )
}

/// True for all but advice, unless a reason is in force.
fn is_open(programme: &Programme, conflict: &Conflict) -> bool {
    conflict.level != Level::Advice && in_force(programme, conflict).is_none()
}

/// Lists those of the slots that break one of the rules, each with its conflicts.
#[must_use]
pub fn breaking<'p>(
    programme: &'p Programme,
    slots: impl IntoIterator<Item = &'p Slot>,
    rules: &[Rule],
) -> Vec<(&'p Slot, Vec<Conflict>)> {
    let judged = slots.into_iter().map(|slot| {
        let mut conflicts = refusals(programme, Candidate::stored(slot));
        conflicts.retain(|each| rules.contains(&each.rule()) && is_open(programme, each));
        (slot, conflicts)
    });
    judged
        .filter(|(_, conflicts)| !conflicts.is_empty())
        .collect()
}

/// Lists the slots that a room does not suit, by time, each with its conflicts: the room is closed then, meant for other
/// kinds, or too small.
#[must_use]
pub fn unsuited(programme: &Programme, room: RoomId) -> Vec<(&Slot, Vec<Conflict>)> {
    let slots = programme.slots_of(Resource::Room(room)).map(AsRef::as_ref);
    breaking(
        programme,
        slots.filter(|slot: &&Slot| slot.state().holds()),
        &[Rule::RoomClosed, Rule::Capacity, Rule::RoomKind],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{self, KZ};
    use crate::core::time::interval::Interval;

    #[test]
    fn later_arrival_breaks_the_slots_before_it() {
        let before = sample::ninth_meeting();
        let mut kazakhstan = before.delegation(KZ).unwrap().clone();
        let bilateral = sample::slot_of(&before, KZ).interval();
        let departs = bilateral.end().plus(600);
        kazakhstan.presence = vec![Interval::stay(bilateral.start(), departs).unwrap()];
        let after = before.with_delegation(&kazakhstan);
        let expected: Vec<SlotId> = before
            .live_slots()
            .filter(|slot| slot.content().involves(KZ))
            .filter(|slot| slot.interval().start() < bilateral.start())
            .map(|slot| slot.id)
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(broken_by(&before, &after), expected);
        assert_eq!(broken_by(&after, &after), []);
        assert_eq!(broken_by(&after, &before), []);
    }
}
