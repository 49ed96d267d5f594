//! The dry run of a move: where on a day a slot can be placed, where it needs a reason, and where it is refused.

use chrono::NaiveDate;
use serde::Serialize;

use super::window;
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, Conflict, RuleFinding, refusals};
use crate::core::slot::{Placement, Slot};
use crate::core::text_enum::TextEnum;
use crate::core::time::Instant;
use crate::core::time::interval::Interval;
use crate::core::wording;

/// Which edge of a slot is taken elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Both: the slot moves and keeps its length.
    Both,
    /// It begins at another time.
    Start,
    /// It ends at another time.
    End,
}

impl TextEnum for Edge {
    const ALL: &'static [Self] = &[Self::Both, Self::Start, Self::End];
    const NOUN: &'static str = "edge";

    fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Start => "start",
            Self::End => "end",
        }
    }
}

/// What the rules say of a slot in one room, by time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomRuns {
    /// The room's code; empty for no room yet.
    pub room: String,
    /// Times at which the rules object; at all others the slot can be placed.
    pub runs: Vec<RefusedRun>,
}

/// Times next to each other at which the rules object for the same reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRun {
    /// The first instant of the edge that moves, in minutes since 1970 UTC.
    pub from: i32,
    /// The last one.
    pub to: i32,
    /// The strictest level: `blocked` or `needs_reason`.
    pub level: &'static str,
    /// Why, in words, as at the first instant.
    pub words: Vec<String>,
}

/// Tries a slot at every instant of the grid on a day; `Both` in every room, an edge in its own room only.
#[must_use]
pub fn placements(
    programme: &Programme,
    slot: &Slot,
    date: NaiveDate,
    edge: Edge,
) -> Vec<RoomRuns> {
    let own = slot.room();
    let rooms = programme.rooms.iter().map(|room| Some(room.id));
    rooms
        .chain([None])
        .filter(|room| edge == Edge::Both || *room == own)
        .map(|room| RoomRuns {
            room: room
                .and_then(|id| programme.room(id))
                .map(|room| room.code.to_string())
                .unwrap_or_default(),
            runs: runs(programme, slot, room, window(programme, date), edge),
        })
        .collect()
}

fn runs(
    programme: &Programme,
    slot: &Slot,
    room: Option<RoomId>,
    day: Interval,
    edge: Edge,
) -> Vec<RefusedRun> {
    let mut runs: Vec<(Vec<RuleFinding>, RefusedRun)> = Vec::new();
    let mut last: Option<Instant> = None;
    for (at, interval) in tries(programme, slot.interval(), day, edge) {
        let candidate = Candidate::stored(slot).placed(Placement { interval, room });
        let conflicts = refusals(programme, candidate);
        let before = last.replace(at);
        let findings: Vec<RuleFinding> =
            conflicts.iter().map(|each| each.finding.clone()).collect();
        match runs.last_mut() {
            // Free in between, or free now: no run to go on.
            _ if conflicts.is_empty() => {}
            Some((same, run))
                if *same == findings && Some(run.to) == before.map(Instant::minutes) =>
            {
                run.to = at.minutes();
            }
            _ => runs.push((findings, run(programme, candidate, &conflicts, at))),
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

fn run(
    programme: &Programme,
    candidate: Candidate<'_>,
    conflicts: &[Conflict],
    at: Instant,
) -> RefusedRun {
    let blocked = conflicts.iter().any(|each| each.level == Level::Blocked);
    let level = if blocked {
        Level::Blocked
    } else {
        Level::NeedsReason
    };
    RefusedRun {
        from: at.minutes(),
        to: at.minutes(),
        level: level.as_str(),
        words: conflicts
            .iter()
            .map(|each| wording::sentence(programme, candidate, each))
            .collect(),
    }
}

/// Every place of the edge on the grid within the day, with the interval it makes.
fn tries(
    programme: &Programme,
    interval: Interval,
    day: Interval,
    edge: Edge,
) -> impl Iterator<Item = (Instant, Interval)> {
    let grid = programme.event.settings.grid_minutes.max(1);
    let steps = (0..=day.minutes() / grid).map(move |step| day.start().plus(step * grid));
    steps.filter_map(move |at| {
        let tried = match edge {
            Edge::Both => Interval::new(at, at.plus(interval.minutes())),
            Edge::Start => Interval::new(at, interval.end()),
            Edge::End => Interval::new(interval.start(), at),
        };
        let tried = tried.ok()?;
        (tried.end() <= day.end()).then_some((at, tried))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample::{CONFERENCE, JP, KZ, SALON, UZ, at, programme, slot};
    use crate::core::slot::{SlotKind, SlotState};

    fn bilateral(id: i64, start: &str, guest: crate::core::delegation::DelegationId) -> Slot {
        let parties = [JP, guest];
        slot(
            id,
            SlotKind::Bilateral,
            "Talk",
            (start, 30),
            SALON,
            &parties,
            SlotState::Tentative,
        )
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2022, 12, 24).unwrap()
    }

    /// Where a room objects, as clock times.
    fn objections(
        programme: &Programme,
        runs: &[RoomRuns],
        room: &str,
    ) -> Vec<(String, String, &'static str)> {
        let clock = |minutes| {
            programme
                .event
                .time_zone
                .clock(Instant::from_minutes(minutes))
        };
        let room = runs.iter().find(|each| each.room == room).unwrap();
        room.runs
            .iter()
            .map(|run| (clock(run.from), clock(run.to), run.level))
            .collect()
    }

    #[test]
    fn each_time_is_what_the_rules_say_of_it() {
        let programme = programme(vec![bilateral(1, "10:00", KZ), bilateral(2, "12:00", UZ)]);
        let moved = programme.slot(crate::core::slot::SlotId(1)).unwrap();
        let rooms = placements(&programme, moved, day(), Edge::Both);
        assert_eq!(rooms.len(), programme.rooms.len() + 1);
        for found in &rooms {
            let room = programme.room_by_code(&found.room).map(|room| room.id);
            for (at, interval) in tries(
                &programme,
                moved.interval(),
                window(&programme, day()),
                Edge::Both,
            ) {
                let candidate = Candidate::stored(moved).placed(Placement { interval, room });
                let conflicts = refusals(&programme, candidate);
                let run = found
                    .runs
                    .iter()
                    .find(|run| (run.from..=run.to).contains(&at.minutes()));
                assert_eq!(
                    run.is_some(),
                    !conflicts.is_empty(),
                    "{} at {at:?}",
                    found.room
                );
                let blocked = conflicts.iter().any(|each| each.level == Level::Blocked);
                assert_eq!(
                    run.is_some_and(|run| run.level == "blocked"),
                    blocked,
                    "{} at {at:?}",
                    found.room
                );
            }
        }
    }

    #[test]
    fn an_edge_stays_in_its_room_and_before_the_next_slot() {
        let programme = programme(vec![bilateral(1, "10:00", KZ), bilateral(2, "12:00", UZ)]);
        let moved = programme.slot(crate::core::slot::SlotId(1)).unwrap();
        let rooms = placements(&programme, moved, day(), Edge::End);
        assert_eq!(
            rooms
                .iter()
                .map(|each| each.room.as_str())
                .collect::<Vec<_>>(),
            ["salon"]
        );
        let found = objections(&programme, &rooms, "salon");
        let blocked: Vec<_> = found.iter().filter(|each| each.2 == "blocked").collect();
        assert_eq!(blocked.first().unwrap().0, "12:05");
        assert!(
            found.iter().all(|each| each.0.as_str() >= "12:00"),
            "{found:?}"
        );
        assert_eq!(at("12:00").minutes(), rooms[0].runs[0].from);
    }

    #[test]
    fn sketch_can_be_placed_in_any_room() {
        let mut sketch = bilateral(1, "10:00", KZ);
        sketch.details.state = SlotState::Pencilled;
        sketch.details.placement.room = Some(CONFERENCE);
        let programme = programme(vec![sketch, bilateral(2, "12:00", UZ)]);
        let moved = programme.slot(crate::core::slot::SlotId(1)).unwrap();
        for room in placements(&programme, moved, day(), Edge::Both) {
            assert_eq!(room.runs, [], "{}", room.room);
        }
    }
}
