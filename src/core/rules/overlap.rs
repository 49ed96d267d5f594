//! Rules on two slots and what they share: double booking, turnaround, transfer.

use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, Conflict, RuleFinding};
use crate::core::slot::Resource;
use crate::core::slot::Slot;

pub(super) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    for resource in candidate.resources() {
        check_one(programme, candidate, resource, found);
    }
}

/// The same for one of the resources.
pub(crate) fn check_one(
    programme: &Programme,
    candidate: Candidate<'_>,
    resource: Resource,
    found: &mut Vec<Conflict>,
) {
    // Where the other slot's room is unknown, the longest gap is needed.
    let reach = needed_gap(programme, resource, None, None);
    for other in candidate.neighbours(programme, resource, reach) {
        let Some((level, finding)) = between(programme, candidate, resource, other) else {
            continue;
        };
        let level = if other.state().holds() {
            candidate.softened(level)
        } else {
            Level::Advice
        };
        found.push(candidate.conflict(level, finding));
    }
}

/// The conflict between a slot and another that shares `resource` with it.
fn between(
    programme: &Programme,
    candidate: Candidate<'_>,
    resource: Resource,
    other: &Slot,
) -> Option<(Level, RuleFinding)> {
    let (here, there) = (candidate.placement.room, other.room());
    let needed = needed_gap(programme, resource, here, there);
    let Some(gap) = candidate.placement.interval.gap_to(other.interval()) else {
        return Some((
            Level::Blocked,
            RuleFinding::DoubleBooking {
                resource,
                other: other.id,
            },
        ));
    };
    if gap >= needed {
        return None;
    }
    let other = other.id;
    let finding = match resource {
        Resource::Room(room) => RuleFinding::Turnaround {
            room,
            other,
            gap,
            needed,
        },
        Resource::Delegation(_) | Resource::Interpreter(_) => RuleFinding::Transfer {
            resource,
            other,
            gap,
            needed,
        },
    };
    Some((Level::NeedsReason, finding))
}

/// The minutes a resource needs between two slots, of which one is `here` and the other `there`: a room its turnaround,
/// a principal or an interpreter the way from one room to another.
pub(crate) fn needed_gap(
    programme: &Programme,
    resource: Resource,
    here: Option<RoomId>,
    there: Option<RoomId>,
) -> i32 {
    match resource {
        Resource::Room(room) => programme
            .room(room)
            .map_or(0, |room| room.turnaround_minutes),
        Resource::Delegation(_) | Resource::Interpreter(_) if here.is_some() && here == there => 0,
        Resource::Delegation(_) | Resource::Interpreter(_) => {
            programme.event.settings.minimum_gap_minutes
        }
    }
}
