//! How far a finding goes: a reason that was given for five minutes is none for six hours.

use super::{Conflict, RuleFinding, in_force};
use crate::core::programme::Programme;
use crate::core::rule::{Level, Override};
use crate::core::rules::{Candidate, check};
use crate::core::slot::Resource;
use crate::core::time::interval::Interval;

/// Measures a finding: minutes outside hours or presence, minutes in which the room is closed, minutes short of a turnaround, transfer or rest, people above
/// the capacity, delegations that are not understood (ten each; one that is understood by relay counts one). Rules that
/// nothing can override have no extent. `interval` is that of the slot that the finding is about, which the programme need
/// not have.
#[must_use]
pub fn extent(programme: &Programme, interval: Interval, conflict: &Conflict) -> i32 {
    let minutes_outside = |stays: &[Interval]| outside(interval, stays);
    match &conflict.finding {
        RuleFinding::OutsideHours { open } => minutes_outside(&[*open]),
        RuleFinding::Absent { resource } => match resource {
            Resource::Delegation(id) => programme
                .delegation(*id)
                .map_or(0, |delegation| minutes_outside(&delegation.presence)),
            Resource::Interpreter(id) => programme
                .interpreter(*id)
                .map_or(0, |interpreter| minutes_outside(&interpreter.presence)),
            Resource::Room(_) => 0,
        },
        RuleFinding::RoomClosed { room, .. } => {
            let closures = programme.room(*room).into_iter();
            let closures = closures.flat_map(|room| &room.closures);
            let closures: Vec<Interval> = closures.map(|closure| closure.interval).collect();
            interval.minutes() - minutes_outside(&closures)
        }
        RuleFinding::Turnaround { gap, needed, .. } | RuleFinding::Transfer { gap, needed, .. } => {
            needed - gap
        }
        RuleFinding::Capacity {
            expected, capacity, ..
        } => expected - capacity,
        RuleFinding::Uncovered { others, .. } => {
            i32::try_from(others.len()).map_or(i32::MAX, |others| others.saturating_mul(10))
        }
        RuleFinding::Relayed { .. } | RuleFinding::NoLanguages { .. } => 1,
        RuleFinding::InterpreterRest { span, allowed, .. }
        | RuleFinding::ChairRest { span, allowed, .. } => span.minutes() - allowed,
        _ => 0,
    }
}

/// Minutes of `interval` that lie in none of `stays`, which do not overlap.
fn outside(interval: Interval, stays: &[Interval]) -> i32 {
    let inside = stays.iter().map(|stay| {
        let start = interval.start().max(stay.start());
        let end = interval.end().min(stay.end());
        (end.minutes() - start.minutes()).max(0)
    });
    (interval.minutes() - inside.sum::<i32>()).max(0)
}

/// Notes what is true now as approved, for reasons of earlier releases, which do not say for what they were given.
/// Returns the measured ones with their place among the overrides.
#[must_use]
pub fn measured(programme: &Programme) -> Vec<Override> {
    let open = |entry: &&Override| entry.approved.is_none();
    let mut slots: Vec<_> = programme
        .overrides
        .iter()
        .filter(open)
        .map(|entry| entry.slot)
        .collect();
    slots.sort_unstable();
    slots.dedup();
    let mut found = Vec::new();
    for slot in slots.into_iter().filter_map(|id| programme.slot(id)) {
        for conflict in check(programme, Candidate::stored(slot)) {
            if conflict.level == Level::NeedsReason && in_force(programme, &conflict).is_some() {
                let extent = extent(programme, slot.interval(), &conflict);
                let of_slot = programme.overrides.iter().filter(open);
                let concerned = of_slot.filter(|entry| {
                    entry.slot == slot.id
                        && entry.rule == conflict.rule()
                        && entry.resource == conflict.finding.resource()
                        && entry
                            .other
                            .is_none_or(|(other, _)| conflict.finding.others().contains(&other))
                });
                found.extend(concerned.map(|entry| Override {
                    approved: Some(extent),
                    ..entry.clone()
                }));
            }
        }
    }
    found
}
