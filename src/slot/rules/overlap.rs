//! Rules on two slots and what they share: double booking, turnaround, transfer.

use super::{Candidate, Conflict, Finding, Level};
use crate::event::programme::{Programme, Resource};
use crate::slot::Slot;

pub(super) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    for resource in candidate.details.resources() {
        check_one(programme, candidate, resource, found);
    }
}

/// The same for one of the resources.
pub(super) fn check_one(
    programme: &Programme,
    candidate: Candidate<'_>,
    resource: Resource,
    found: &mut Vec<Conflict>,
) {
    for other in candidate.others(programme, resource) {
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

/// What stands between a slot and another that shares `resource` with it.
fn between(
    programme: &Programme,
    candidate: Candidate<'_>,
    resource: Resource,
    other: &Slot,
) -> Option<(Level, Finding)> {
    let Some(gap) = candidate.details.interval.gap_to(other.interval()) else {
        return Some((
            Level::Blocked,
            Finding::DoubleBooking {
                resource,
                other: other.id,
            },
        ));
    };
    match resource {
        Resource::Room(room) => {
            let needed = programme.room(room)?.turnaround_minutes;
            (gap < needed).then_some((
                Level::NeedsReason,
                Finding::Turnaround {
                    room,
                    other: other.id,
                    gap,
                    needed,
                },
            ))
        }
        Resource::Delegation(delegation) => {
            let stays =
                candidate.details.room.is_some() && candidate.details.room == other.details.room;
            let needed = if stays {
                0
            } else {
                programme.event.settings.minimum_gap_minutes
            };
            (gap < needed).then_some((
                Level::NeedsReason,
                Finding::Transfer {
                    delegation,
                    other: other.id,
                    gap,
                    needed,
                },
            ))
        }
        Resource::Interpreter(_) => None,
    }
}
