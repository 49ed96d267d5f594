//! Rules on one slot, its place and its people: opening hours, presence, capacity, a room at all.

use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, Conflict, RuleFinding};
use crate::core::slot::Resource;
use crate::core::time::interval::Interval;

pub(crate) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    let needs_reason = hours(programme, candidate)
        .into_iter()
        .chain(
            candidate
                .resources()
                .filter_map(|resource| presence(programme, candidate, resource)),
        )
        .chain(capacity(programme, candidate));
    let level = candidate.softened(Level::NeedsReason);
    found.extend(needs_reason.map(|finding| candidate.conflict(level, finding)));
    if candidate.placement.room.is_none() {
        found.push(candidate.conflict(Level::Advice, RuleFinding::NoRoom));
    }
}

fn hours(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let interval = candidate.placement.interval;
    // A day that is none of the event's is the rule on days' business.
    let open = programme
        .event
        .opening_hours(programme.event.time_zone.date(interval.start()))?;
    (!open.contains(interval)).then_some(RuleFinding::OutsideHours { open })
}

/// Finding about a person who is not present for the whole candidate.
pub(crate) fn presence(
    programme: &Programme,
    candidate: Candidate<'_>,
    resource: Resource,
) -> Option<RuleFinding> {
    let there: &[Interval] = match resource {
        Resource::Delegation(id) => &programme.delegation(id)?.presence,
        Resource::Interpreter(id) => &programme.interpreter(id)?.presence,
        Resource::Room(_) => return None,
    };
    let absent = !there.is_empty()
        && !there
            .iter()
            .any(|stay| stay.contains(candidate.placement.interval));
    absent.then_some(RuleFinding::Absent { resource })
}

/// What there is to say of a room that is too small for the parties.
pub(crate) fn capacity(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let room = programme.room(candidate.placement.room?)?;
    let parties = candidate
        .content
        .delegations
        .iter()
        .filter_map(|id| programme.delegation(*id));
    let expected = parties.map(|delegation| delegation.party_size).sum();
    (expected > room.capacity).then_some(RuleFinding::Capacity {
        room: room.id,
        expected,
        capacity: room.capacity,
    })
}
