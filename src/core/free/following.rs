//! Makes room for a slot that is extended: what follows it moves later, by no more than it must.

use std::sync::Arc;

use super::alternatives::is_extended;
use crate::core::programme::Programme;
use crate::core::rule::Rule;
use crate::core::rules::{Candidate, Conflict, in_force, refusals};
use crate::core::slot::{Placement, Slot, SlotId};
use crate::core::time::Instant;

/// How many slots an offer moves at most; more is the matter of a plan.
pub const MOST_MOVES: usize = 12;

/// A slot that moves later, its length and room unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowingMove {
    /// The slot as it is.
    pub slot: Arc<Slot>,
    /// Where it moves.
    pub placement: Placement,
}

/// Lists the slots that have to move later so that an extended one fits, in the order in which they begin; none when the
/// candidate is not an extended slot, or when no such moves would do.
///
/// Fixed slots and those that begin before the extended one do not move, and no slot moves past closing or into a rule
/// that needs a reason.
#[must_use]
pub fn following(programme: &Programme, candidate: Candidate<'_>) -> Vec<FollowingMove> {
    if !is_extended(programme, candidate) {
        return Vec::new();
    }
    let Some(stored) = candidate.id.and_then(|id| programme.slot(id)) else {
        return Vec::new();
    };
    let next = candidate.within(programme).into_owned();
    let mut delay = Delay {
        next,
        after: stored.interval().start(),
        settled: vec![stored.id],
    };
    let mut moves = Vec::new();
    loop {
        match delay.next_in_the_way() {
            NextInTheWay::None => return moves,
            NextInTheWay::Slot(slot) if moves.len() < MOST_MOVES => match delay.settle(&slot) {
                Some(placement) => moves.push(FollowingMove { slot, placement }),
                None => return Vec::new(),
            },
            NextInTheWay::Slot(_) | NextInTheWay::Obstacle => return Vec::new(),
        }
    }
}

/// A programme in which slots move one by one.
struct Delay {
    next: Programme,
    /// When the extended slot begins: only later ones move.
    after: Instant,
    /// The extended slot and those that have moved.
    settled: Vec<SlotId>,
}

/// What the slots that have their place still come upon.
enum NextInTheWay {
    None,
    /// A slot that may move.
    Slot(Arc<Slot>),
    /// Something that moving does not mend.
    Obstacle,
}

impl Delay {
    fn next_in_the_way(&self) -> NextInTheWay {
        let mut first: Option<&Arc<Slot>> = None;
        for id in &self.settled {
            let Some(slot) = self.next.slot(*id) else {
                continue;
            };
            for conflict in objections(&self.next, slot) {
                let Some(other) = self.movable(&conflict, *id) else {
                    return NextInTheWay::Obstacle;
                };
                if first.is_none_or(|first| self.next.order(other, first).is_lt()) {
                    first = Some(other);
                }
            }
        }
        first.map_or(NextInTheWay::None, |slot| {
            NextInTheWay::Slot(Arc::clone(slot))
        })
    }

    /// Moves a slot to the first later start at which only slots that may still move are in its way.
    fn settle(&mut self, slot: &Arc<Slot>) -> Option<Placement> {
        let event = &self.next.event;
        let open = event.opening_hours(event.day_of(slot.interval().start()))?;
        let grid = event.settings.grid_minutes.max(1);
        let mut start = slot.interval().start().plus(grid);
        while start.plus(slot.interval().minutes()) <= open.end() {
            let placement = slot.details.placement.starting_at(start);
            let moved = self.next.successor(slot, slot.details.placed(placement));
            let tried = self.next.with_slot(moved.clone());
            let objections = objections(&tried, &moved);
            let at_any_time = [Rule::Shape, Rule::Capacity, Rule::RoomKind];
            if objections
                .iter()
                .any(|conflict| at_any_time.contains(&conflict.rule()))
            {
                return None;
            }
            if objections
                .iter()
                .all(|conflict| self.movable(conflict, slot.id).is_some())
            {
                self.next = tried;
                self.settled.push(slot.id);
                return Some(placement);
            }
            start = start.plus(grid);
        }
        None
    }

    /// The slot that would have to move for the conflict of `of` to go.
    fn movable(&self, conflict: &Conflict, of: SlotId) -> Option<&Arc<Slot>> {
        let others = conflict.finding.others();
        let slots = others.iter().chain(&conflict.slot);
        slots
            .filter(|id| **id != of && !self.settled.contains(id))
            .filter_map(|id| self.next.slot(*id))
            .find(|slot| !slot.is_fixed() && slot.interval().start() > self.after)
    }
}

/// What would refuse the slot, or ask for a reason.
fn objections(programme: &Programme, slot: &Slot) -> Vec<Conflict> {
    let mut conflicts = refusals(programme, Candidate::stored(slot));
    conflicts.retain(|conflict| in_force(programme, conflict).is_none());
    conflicts
}
