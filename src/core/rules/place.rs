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
        .chain(of_room(programme, candidate))
        .chain(closed(programme, candidate));
    let level = candidate.softened(Level::NeedsReason);
    found.extend(needs_reason.map(|finding| candidate.conflict(level, finding)));
    if candidate.placement.room.is_none() {
        found.push(candidate.conflict(Level::Advice, RuleFinding::NoRoom));
    }
}

fn hours(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let (event, interval) = (&programme.event, candidate.placement.interval);
    // Days that are not the event's are the business of the rule on days.
    let open = event.opening_hours(event.day_of(interval.start()))?;
    (!open.contains(interval) && !event.is_open(interval))
        .then_some(RuleFinding::OutsideHours { open })
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

/// What there is to say of a room at any time: it is too small for the parties, or meant for other kinds.
pub(crate) fn of_room(
    programme: &Programme,
    candidate: Candidate<'_>,
) -> impl Iterator<Item = RuleFinding> {
    let small = capacity(programme, candidate);
    small.into_iter().chain(room_kind(programme, candidate))
}

/// What there is to say of a room that cannot be used for part of the candidate.
pub(crate) fn closed(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let room = programme.room(candidate.placement.room?)?;
    let closure = room.closed_in(candidate.placement.interval)?;
    Some(RuleFinding::RoomClosed {
        room: room.id,
        closure: closure.clone(),
    })
}

fn room_kind(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let room = programme.room(candidate.placement.room?)?;
    let kind = candidate.content.kind;
    (!room.is_for(kind)).then_some(RuleFinding::RoomKind {
        room: room.id,
        kind,
    })
}

fn capacity(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let room = programme.room(candidate.placement.room?)?;
    let expected = programme.people(&candidate.content.delegations, candidate.content.format);
    (expected > room.capacity).then_some(RuleFinding::Capacity {
        room: room.id,
        expected,
        capacity: room.capacity,
    })
}
