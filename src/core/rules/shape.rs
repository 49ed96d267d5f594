//! Rules on what a slot is: its times on the grid and days, its participants. All are blocked, for sketches too.

use chrono::Timelike;

use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, Conflict, RuleFinding};
use crate::core::slot::Resource;
use crate::core::slot::SlotKind;
use crate::core::time::Instant;

pub(crate) fn check(programme: &Programme, candidate: Candidate<'_>, found: &mut Vec<Conflict>) {
    let findings = [
        on_grid(programme, candidate),
        on_days(programme, candidate),
        of_kind(programme, candidate),
    ];
    let blocked = findings
        .into_iter()
        .flatten()
        .chain(foreign(programme, candidate));
    found.extend(blocked.map(|finding| candidate.conflict(Level::Blocked, finding)));
}

fn on_grid(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let interval = candidate.placement.interval;
    let off = [interval.start(), interval.end()]
        .into_iter()
        .any(|instant| !is_on_grid(programme, instant));
    off.then_some(RuleFinding::OffGrid {
        grid_minutes: programme.event.settings.grid_minutes,
    })
}

/// True when the clock at the venue shows a multiple of the event's grid.
pub(crate) fn is_on_grid(programme: &Programme, instant: Instant) -> bool {
    let grid = u32::try_from(programme.event.settings.grid_minutes).unwrap_or(1);
    let local = programme.event.time_zone.local(instant);
    (local.hour() * 60 + local.minute()).is_multiple_of(grid.max(1))
}

fn on_days(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let covered = programme.event.covers(candidate.placement.interval);
    (!covered).then_some(RuleFinding::OutsideDays)
}

fn of_kind(programme: &Programme, candidate: Candidate<'_>) -> Option<RuleFinding> {
    let content = candidate.content;
    match content.kind {
        SlotKind::Bilateral if content.delegations.len() != 2 => {
            Some(RuleFinding::BilateralOfTwo {
                found: content.delegations.len(),
            })
        }
        SlotKind::Multilateral if content.delegations.len() < 3 => {
            Some(RuleFinding::MultilateralOfThree {
                found: content.delegations.len(),
            })
        }
        SlotKind::Plenary
            if !programme
                .chair()
                .is_some_and(|chair| content.involves(chair.id)) =>
        {
            Some(RuleFinding::PlenaryWithoutChair)
        }
        _ => None,
    }
}

fn foreign(programme: &Programme, candidate: Candidate<'_>) -> impl Iterator<Item = RuleFinding> {
    let resources = candidate.resources();
    resources.filter_map(|resource| foreign_one(programme, resource))
}

/// What there is to say of a resource that is not of this event.
pub(crate) fn foreign_one(programme: &Programme, resource: Resource) -> Option<RuleFinding> {
    let known = match resource {
        Resource::Delegation(id) => programme.delegation(id).is_some(),
        Resource::Room(id) => programme.room(id).is_some(),
        Resource::Interpreter(id) => programme.interpreter(id).is_some(),
    };
    (!known).then_some(RuleFinding::Foreign { resource })
}
