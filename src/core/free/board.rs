//! The board: for each start of a day, how much is in the way of the people, of each room and of each interpreter.

use std::ops::{Add, AddAssign};

use chrono::Offset;

use crate::core::interpreter::InterpreterId;
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rule::Level;
use crate::core::rules::overlap::needed_gap;
use crate::core::rules::{Candidate, interpretation, place, shape};
use crate::core::slot::Resource;
use crate::core::slot::{Placement, Slot, SlotId};
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// How many findings are in the way: first those that cannot be argued with, then those that ask for a reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight {
    blocked: u32,
    reasons: u32,
}

impl Weight {
    /// What one finding of this level weighs; advice weighs nothing.
    const fn of(level: Level) -> Self {
        match level {
            Level::Blocked => Self {
                blocked: 1,
                reasons: 0,
            },
            Level::NeedsReason => Self {
                blocked: 0,
                reasons: 1,
            },
            Level::Advice => Self {
                blocked: 0,
                reasons: 0,
            },
        }
    }

    /// True when nothing is in the way.
    pub(super) fn is_free(self) -> bool {
        self == Self::default()
    }
}

impl Add for Weight {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            blocked: self.blocked + other.blocked,
            reasons: self.reasons + other.reasons,
        }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// One weight per start.
pub(super) type BoardColumn = Vec<Weight>;

/// The board of one candidate: its people, state and length, at each of some starts.
pub(super) struct Board<'a> {
    rows: Rows<'a>,
    people: BoardColumn,
    /// For each start, the slots of the people that lie near it: whether too near depends on the room.
    near: Vec<Vec<Near>>,
}

/// What is in the way of an interpreter at each start, wherever the candidate is, and what depends on the room.
pub(super) struct InterpreterColumn {
    weights: BoardColumn,
    near: Vec<Vec<Near>>,
}

impl InterpreterColumn {
    /// True when the room matters at one of the starts.
    pub(super) fn depends_on_room(&self, at: usize) -> bool {
        !self.near[at].is_empty()
    }
}

/// A slot before or after the candidate with the same person.
struct Near {
    resource: Resource,
    gap: i32,
    room: Option<RoomId>,
}

impl<'a> Board<'a> {
    /// Makes the board for a candidate at any time, in any room, with any interpreters; `starts` are in order.
    pub(super) fn new(
        programme: &'a Programme,
        candidate: Candidate<'a>,
        starts: &'a [Instant],
    ) -> Self {
        let rows = Rows {
            programme,
            candidate,
            starts,
        };
        let mut people = rows.alone();
        let mut near: Vec<Vec<Near>> = starts.iter().map(|_| Vec::new()).collect();
        let people_of = &candidate.content.delegations;
        for delegation in people_of.iter().filter(|_| rows.holds()) {
            rows.near(Resource::Delegation(*delegation), &mut people, &mut near);
        }
        Self { rows, people, near }
    }

    /// What is in the way of the people, wherever they meet.
    pub(super) fn people(&self) -> &[Weight] {
        &self.people
    }

    /// What is in the way of a room, and of the people on their way to it.
    pub(super) fn room(&self, room: Option<RoomId>) -> BoardColumn {
        let rows = self.rows.room(room);
        let mut column: BoardColumn = self
            .near
            .iter()
            .zip(rows)
            .map(|(near, weight)| weight + self.transfers(room, near))
            .collect();
        if let Some(id) = room {
            self.rows.take(Resource::Room(id), &mut column);
        }
        column
    }

    /// What is in the way of an interpreter.
    pub(super) fn interpreter(&self, id: InterpreterId) -> InterpreterColumn {
        let resource = Resource::Interpreter(id);
        let mut weights = self.rows.presence(resource);
        let mut near: Vec<Vec<Near>> = self.rows.starts.iter().map(|_| Vec::new()).collect();
        if self.rows.holds() {
            self.rows.near(resource, &mut weights, &mut near);
        }
        for (weight, tired) in weights.iter_mut().zip(self.rows.rest(id)) {
            *weight += tired;
        }
        InterpreterColumn { weights, near }
    }

    /// What is in the way of an interpreter at one of the starts, on the way to a room included.
    pub(super) fn of_interpreter(
        &self,
        column: &InterpreterColumn,
        at: usize,
        room: Option<RoomId>,
    ) -> Weight {
        column.weights[at] + self.transfers(room, &column.near[at])
    }

    fn transfers(&self, room: Option<RoomId>, near: &[Near]) -> Weight {
        let programme = self.rows.programme;
        let too_near = near
            .iter()
            .filter(|near| near.gap < needed_gap(programme, near.resource, room, near.room));
        too_near.fold(Weight::default(), |sum, _| sum + self.rows.reason())
    }
}

/// What the columns of a board are made from.
#[derive(Clone, Copy)]
struct Rows<'a> {
    programme: &'a Programme,
    candidate: Candidate<'a>,
    starts: &'a [Instant],
}

impl<'a> Rows<'a> {
    /// What the rules on one slot say, without room and interpreters.
    fn alone(self) -> BoardColumn {
        let without_interpreters = self.candidate.content.interpreted_by(Vec::new());
        let tried = Candidate {
            content: &without_interpreters,
            ..self.in_room(None)
        };
        let mut found = Vec::new();
        self.at_each_start(tried, |tried| {
            found.clear();
            shape::check(self.programme, tried, &mut found);
            place::check(self.programme, tried, &mut found);
            found.iter().fold(Weight::default(), |sum, conflict| {
                sum + Weight::of(conflict.level)
            })
        })
    }

    /// What is in the way of a room, other slots aside: it is too small, for other kinds, closed, or of another
    /// event.
    fn room(self, room: Option<RoomId>) -> BoardColumn {
        let tried = self.in_room(room);
        let foreign = room.and_then(|id| self.foreign(Resource::Room(id)));
        let always = place::of_room(self.programme, tried)
            .fold(foreign.unwrap_or_default(), |sum, _| sum + self.reason());
        self.at_each_start(tried, |tried| {
            let closed = place::closed(self.programme, tried).map(|_| self.reason());
            always + closed.unwrap_or_default()
        })
    }

    fn in_room(self, room: Option<RoomId>) -> Candidate<'a> {
        self.candidate.placed(Placement {
            room,
            ..self.candidate.placement
        })
    }

    /// Obstacle of a person who may be absent.
    fn presence(self, resource: Resource) -> BoardColumn {
        let foreign = self.foreign(resource).unwrap_or_default();
        self.at_each_start(self.candidate, |tried| {
            let absent = place::presence(self.programme, tried, resource);
            foreign + absent.map(|_| self.reason()).unwrap_or_default()
        })
    }

    /// Obstacle of an interpreter who would work too long without a rest or a colleague taking turns.
    fn rest(self, id: InterpreterId) -> BoardColumn {
        let reach = self.programme.event.settings.interpreter_rest_minutes;
        let mut near = vec![false; self.starts.len()];
        self.sweep_within(
            Resource::Interpreter(id),
            |_| reach,
            None,
            |at, _, _| {
                near[at] = true;
            },
        );
        let alone = self.candidate.content.interpreted_by(vec![id]);
        let alone = Candidate {
            content: &alone,
            ..self.candidate
        };
        // Where nothing is near, it is the same at every start.
        let mut rested = None;
        let mut near = near.into_iter();
        let mut found = Vec::new();
        self.at_each_start(alone, |tried| {
            let mut weigh = || {
                found.clear();
                interpretation::rest(self.programme, tried, &mut found);
                found.iter().fold(Weight::default(), |sum, conflict| {
                    sum + Weight::of(conflict.level)
                })
            };
            if near.next() == Some(false) {
                *rested.get_or_insert_with(weigh)
            } else {
                weigh()
            }
        })
    }

    fn at_each_start(
        self,
        tried: Candidate<'_>,
        mut weigh: impl FnMut(Candidate<'_>) -> Weight,
    ) -> BoardColumn {
        let at = |start: &Instant| tried.placed(tried.placement.starting_at(*start));
        self.starts.iter().map(|start| weigh(at(start))).collect()
    }

    fn foreign(self, resource: Resource) -> Option<Weight> {
        shape::foreign_one(self.programme, resource).map(|_| Weight::of(Level::Blocked))
    }

    /// What a finding weighs that asks for a reason, unless the candidate is a sketch.
    fn reason(self) -> Weight {
        Weight::of(self.candidate.softened(Level::NeedsReason))
    }

    /// True when the candidate is more than a sketch, which conflicts with nothing.
    const fn holds(self) -> bool {
        self.candidate.state.holds()
    }

    /// Adds what the other slots of a room are in the way.
    fn take(self, resource: Resource, column: &mut [Weight]) {
        if self.holds() {
            self.sweep(resource, None, |at, gap, _| {
                column[at] += gap.map_or(Weight::of(Level::Blocked), |_| self.reason());
            });
        }
    }

    /// Adds what the other slots of a person are in the way wherever the candidate is, and notes those that are near.
    fn near(self, resource: Resource, weights: &mut [Weight], near: &mut [Vec<Near>]) {
        self.sweep(resource, None, |at, gap, other| match gap {
            None => weights[at] += Weight::of(Level::Blocked),
            Some(gap) => near[at].push(Near {
                resource,
                gap,
                room: other.room(),
            }),
        });
    }

    /// Calls `found` with each start at which the candidate would come nearer to a slot of `resource` than the longest
    /// gap it may need there, and with that gap in minutes; `None` where they overlap. Sketches count for nothing, but
    /// for the one that is named.
    fn sweep(
        self,
        resource: Resource,
        sketch: Option<SlotId>,
        found: impl FnMut(usize, Option<i32>, &Slot),
    ) {
        let reach = |other: &Slot| needed_gap(self.programme, resource, None, other.room());
        self.sweep_within(resource, reach, sketch, found);
    }

    /// The same for any distance, in minutes.
    fn sweep_within(
        self,
        resource: Resource,
        reach: impl Fn(&Slot) -> i32,
        sketch: Option<SlotId>,
        mut found: impl FnMut(usize, Option<i32>, &Slot),
    ) {
        let wanted = self.candidate.placement.interval;
        let others = self.candidate.others(self.programme, resource);
        for other in others.filter(|other| other.state().holds() || Some(other.id) == sketch) {
            let (taken, reach) = (other.interval(), reach(other));
            let before = taken.start().plus(-reach - wanted.minutes());
            let from = self.starts.partition_point(|start| *start <= before);
            let touched = self.starts[from..]
                .iter()
                .take_while(|start| **start < taken.end().plus(reach));
            for (at, start) in (from..).zip(touched) {
                found(at, wanted.starting_at(*start).gap_to(taken), other);
            }
        }
    }
}

/// For each start, whether the candidate would come too near to a slot that `resource` is in; `sketch` counts as one.
pub(super) fn taken(
    programme: &Programme,
    candidate: Candidate<'_>,
    starts: &[Instant],
    resource: Resource,
    sketch: Option<SlotId>,
) -> Vec<bool> {
    let rows = Rows {
        programme,
        candidate,
        starts,
    };
    let mut taken = vec![false; starts.len()];
    rows.sweep(resource, sketch, |at, gap, other| {
        let needed = needed_gap(programme, resource, candidate.placement.room, other.room());
        taken[at] |= gap.is_none_or(|gap| gap < needed);
    });
    if let Resource::Room(id) = resource
        && let Some(room) = programme.room(id)
    {
        let wanted = candidate.placement.interval;
        for (taken, start) in taken.iter_mut().zip(starts) {
            *taken |= room.closed_in(wanted.starting_at(*start)).is_some();
        }
    }
    taken
}

/// The starts on the grid at which a slot of `minutes` is inside `window`, which is part of one day.
pub(super) fn starts(programme: &Programme, window: Interval, minutes: i32) -> Vec<Instant> {
    let zone = programme.event.time_zone;
    let offset = |instant| zone.local(instant).offset().fix();
    let mut all = (0..=window.minutes() - minutes).map(|minute| window.start().plus(minute));
    let Some(first) = all.find(|start| shape::is_on_grid(programme, *start)) else {
        return Vec::new();
    };
    // Where the clocks change, the grid shifts with them.
    if offset(window.start()) != offset(window.end()) {
        let later = all.filter(|start| shape::is_on_grid(programme, *start));
        return std::iter::once(first).chain(later).collect();
    }
    let grid = usize::try_from(programme.event.settings.grid_minutes).unwrap_or(1);
    let later = all.skip(grid.max(1) - 1).step_by(grid.max(1));
    std::iter::once(first).chain(later).collect()
}
