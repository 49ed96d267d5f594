//! Free times: when a resource is free again, and what could be booked instead of a refused slot.

use crate::event::programme::{Programme, Resource};
use crate::interpreter::InterpreterId;
use crate::room::RoomId;
use crate::slot::interval::Interval;
use crate::slot::rules::{Candidate, Rule, interpretation, refusals};
use crate::slot::{Details, SlotId};
use crate::time::Instant;

/// How many alternatives a refusal offers (DESIGN §3).
pub const MOST_ALTERNATIVES: usize = 5;
/// What leaving the room costs in the ranking, in minutes of delay.
const OTHER_ROOM_COST: i32 = 15;
/// What each further room costs, from the one that fits best: nobody wants the press room for a bilateral.
const WORSE_FIT_COST: i32 = 5;
/// What each minute of shortening costs in the ranking, in minutes of delay.
const SHORTENING_COST: i32 = 2;
/// A slot is never shortened below this many minutes.
const SHORTEST: i32 = 15;

/// Another time or place at which a refused slot could be stored without any reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// Where.
    pub room: Option<RoomId>,
    /// When.
    pub interval: Interval,
    /// Who interprets: those asked for, where they are free and enough.
    pub interpreters: Vec<InterpreterId>,
}

/// The first start from the candidate's on, that day, at which `resource` alone would be free for the candidate's
/// length, gaps included; and free of `in_the_way`, which may be a sketch.
#[must_use]
pub fn resource_free_from(
    programme: &Programme,
    resource: Resource,
    candidate: Candidate<'_>,
    in_the_way: Option<SlotId>,
) -> Option<Instant> {
    let wanted = candidate.details.interval;
    let open = search_window(programme, wanted)?;
    let busy: Vec<Interval> = candidate
        .others(programme, resource)
        .filter(|other| other.state().holds() || Some(other.id) == in_the_way)
        .filter_map(|other| {
            let gap = needed_gap(programme, resource, candidate.details, &other.details);
            let interval = other.interval();
            Interval::stay(interval.start().plus(-gap), interval.end().plus(gap))
        })
        .collect();
    starts(
        programme,
        wanted.start().max(open.start()),
        open.end().plus(-wanted.minutes()),
    )
    .find(|start| {
        !busy
            .iter()
            .any(|taken| taken.overlaps(wanted.starting_at(*start)))
    })
}

/// The gap a resource needs between two slots, in minutes.
fn needed_gap(programme: &Programme, resource: Resource, one: &Details, other: &Details) -> i32 {
    match resource {
        Resource::Room(room) => programme
            .room(room)
            .map_or(0, |room| room.turnaround_minutes),
        Resource::Delegation(_) if one.room.is_some() && one.room == other.room => 0,
        Resource::Delegation(_) => programme.event.settings.minimum_gap_minutes,
        Resource::Interpreter(_) => 0,
    }
}

/// Up to five other times and places for a refused slot, the nearest first.
///
/// Each could be stored at once: no rule would refuse it or ask for a reason.
#[must_use]
pub fn alternatives(programme: &Programme, candidate: Candidate<'_>) -> Vec<Alternative> {
    let details = candidate.details;
    let rooms = candidate_rooms(programme, details);
    let mut ranked: Vec<(i32, Alternative)> = Vec::new();
    for (rank, room) in (0..).zip(rooms) {
        let elsewhere = if rank == 0 {
            0
        } else {
            OTHER_ROOM_COST + (rank - 1) * WORSE_FIT_COST
        };
        let (mut later, mut earlier, mut shorter) = (0, 0, 0);
        for (interval, cost) in wishes(programme, details.interval) {
            // A few of each sort are enough: people choose between sorts.
            let sort = match interval {
                _ if interval.minutes() < details.interval.minutes() => &mut shorter,
                _ if interval.start() < details.interval.start() => &mut earlier,
                _ => &mut later,
            };
            if *sort == 2 {
                continue;
            }
            let Some(interpreters) = fits(programme, candidate, room, interval) else {
                continue;
            };
            *sort += 1;
            let alternative = Alternative {
                room,
                interval,
                interpreters,
            };
            ranked.push((cost + elsewhere, alternative));
        }
    }
    ranked.sort_by_key(|(cost, alternative)| (*cost, alternative.interval.start()));
    ranked.truncate(MOST_ALTERNATIVES);
    ranked
        .into_iter()
        .map(|(_, alternative)| alternative)
        .collect()
}

/// The room asked for, then the others that are large enough, the best fit first.
fn candidate_rooms(programme: &Programme, details: &Details) -> Vec<Option<RoomId>> {
    let Some(wanted) = details.room else {
        return vec![None];
    };
    let people: i32 = details
        .delegations
        .iter()
        .filter_map(|id| programme.delegation(*id))
        .map(|party| party.party_size)
        .sum();
    let mut others: Vec<_> = programme
        .rooms
        .iter()
        .filter(|room| room.id != wanted && room.capacity >= people)
        .collect();
    others.sort_by_key(|room| room.capacity);
    std::iter::once(Some(wanted))
        .chain(others.into_iter().map(|room| Some(room.id)))
        .collect()
}

/// Times to try on the day, with their cost, the nearest first: the same length elsewhere, or shorter nearby.
fn wishes(programme: &Programme, wanted: Interval) -> Vec<(Interval, i32)> {
    let Some(open) = search_window(programme, wanted) else {
        return Vec::new();
    };
    let grid = programme.event.settings.grid_minutes.max(1);
    // What ends off the grid is mended by a little more time, not refused everywhere.
    let missing = (grid - wanted.minutes().rem_euclid(grid)).rem_euclid(grid);
    let wanted = Interval::new(wanted.start(), wanted.end().plus(missing)).unwrap_or(wanted);
    let mut wishes = Vec::new();
    for start in starts(programme, open.start(), open.end()) {
        let delay = start.minutes_since(wanted.start()).abs();
        let longest = wanted.minutes().min(open.end().minutes_since(start));
        if longest == wanted.minutes() {
            wishes.push((wanted.starting_at(start), delay));
        }
        // Shortened only around the time asked for: elsewhere there is room for the whole.
        if delay < wanted.minutes() {
            let shorter = (1..)
                .map(|step| wanted.minutes() - step * grid)
                .take_while(|length| *length >= SHORTEST);
            for length in shorter.filter(|length| *length <= longest) {
                if let Ok(interval) = Interval::new(start, start.plus(length)) {
                    wishes.push((
                        interval,
                        delay + (wanted.minutes() - length) * SHORTENING_COST,
                    ));
                }
            }
        }
    }
    wishes.sort_by_key(|(interval, cost)| (*cost, interval.start()));
    wishes
}

/// Who would interpret, if the candidate fits there: those asked for, or those who are free then.
fn fits(
    programme: &Programme,
    candidate: Candidate<'_>,
    room: Option<RoomId>,
    interval: Interval,
) -> Option<Vec<InterpreterId>> {
    let mut details = Details {
        interval,
        room,
        ..candidate.details.clone()
    };
    let tried = Candidate {
        id: candidate.id,
        details: &details,
    };
    let against = refusals(programme, tried);
    if against.is_empty() {
        return Some(details.interpreters);
    }
    let only_interpreters = against.iter().all(|conflict| {
        conflict.rule() == Rule::Interpretation
            || matches!(conflict.finding.resource(), Some(Resource::Interpreter(_)))
    });
    if !details.interpretation_wanted || !only_interpreters {
        return None;
    }
    details.interpreters = interpretation::staff(programme, tried)?;
    let tried = Candidate {
        id: candidate.id,
        details: &details,
    };
    refusals(programme, tried)
        .is_empty()
        .then_some(details.interpreters)
}

/// The opening hours of the day asked for; of the event's first day where that day is none of them.
fn search_window(programme: &Programme, wanted: Interval) -> Option<Interval> {
    let event = &programme.event;
    let asked = event.time_zone.date(wanted.start());
    event.opening_hours(asked).or_else(|| {
        event
            .days
            .first()
            .and_then(|day| event.opening_hours(day.date))
    })
}

/// The grid's instants from `from` to `until`, both included.
fn starts(
    programme: &Programme,
    from: Instant,
    until: Instant,
) -> impl Iterator<Item = Instant> + use<> {
    let grid = programme.event.settings.grid_minutes.max(1);
    let past_grid = i32::try_from(minute_of_day(programme, from))
        .unwrap_or(0)
        .rem_euclid(grid);
    let first = if past_grid == 0 {
        from
    } else {
        from.plus(grid - past_grid)
    };
    (0..)
        .map(move |step| first.plus(step * grid))
        .take_while(move |start| *start <= until)
}

fn minute_of_day(programme: &Programme, instant: Instant) -> u32 {
    use chrono::Timelike;
    let local = programme.event.time_zone.local(instant);
    local.hour() * 60 + local.minute()
}

#[cfg(test)]
mod tests;
