//! The planner: places one meeting after the other, makes room where none is left, and moves what could be placed
//! better.
//!
//! Which meetings fit together is a hard question in general, so the search is bounded; what it gives is always free of
//! everything that would need a reason. It uses no randomness: the same programme and requests give the same plan.

#[cfg(test)]
mod tests;

use crate::core::free::{FreeTime, Obstacle, SearchRequest, best, search};
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, Conflict, check};
use crate::core::slot::{Slot, SlotDetails, SlotId, SlotState};
use crate::core::wording;

/// The most meetings of one plan: the host of a high-level week with all guests.
pub const MOST_MEETINGS: usize = 200;

/// How many searches each meeting may cost beyond its own, on average, to find the rest a place.
const PATIENCE: usize = 12;
/// How many meetings may have to move, one for the other, so that one more finds a place.
const DEPTH: usize = 2;
/// Number of passes that improve the plan.
const ROUNDS: usize = 3;

/// A time, a room and interpreters for each of many meetings.
#[derive(Debug)]
pub struct Plan {
    /// The programme as it would be.
    pub programme: Programme,
    /// The meetings that have a place, by time.
    pub placed: Vec<Placed>,
    /// Those that have none, in the order they were wished for.
    pub left: Vec<Left>,
}

/// A meeting with its place.
#[derive(Debug)]
pub struct Placed {
    /// Which of the wishes it is.
    pub wish: usize,
    /// The slot in [`Plan::programme`]; its id is unique there, and not the one it will be stored under.
    pub slot: Slot,
    /// What there is to know about it.
    pub advice: Vec<Conflict>,
}

/// A meeting without a place.
#[derive(Debug)]
pub struct Left {
    /// Which of the wishes it is.
    pub wish: usize,
    /// What is most often in the way; `None` where the times have no start for a meeting of that length.
    pub obstacle: Option<Obstacle>,
}

impl Left {
    /// What is most often in the way, in words.
    #[must_use]
    pub fn message(&self, programme: &Programme) -> String {
        self.obstacle.as_ref().map_or_else(
            || "These times have no place for a meeting of that length.".to_owned(),
            |obstacle| wording::obstacle(programme, obstacle),
        )
    }
}

/// Finds a place for as many of the meetings as it can: tentative slots to which no rule objects.
///
/// Requests come in order of precedence; of plans with as many meetings, the one with the least advice is better, and
/// of
/// those the earlier one. `None` once `stop` reports that no client waits any more; it must not change its mind.
#[must_use]
pub fn plan(
    programme: &Programme,
    wishes: &[SearchRequest],
    stop: &dyn Fn() -> bool,
) -> Option<Plan> {
    let mut patience = (wishes.len() + 1) * PATIENCE;
    let as_asked: Vec<usize> = (0..wishes.len()).collect();
    let begin = Draft {
        wishes,
        stop,
        taste: Taste::Fine,
        programme: programme.clone(),
        places: vec![None; wishes.len()],
    };
    let mut chosen = begin.filled(Taste::Fine, &as_asked, &mut patience);
    // Meetings at the best times leave gaps; where that leaves one without a place, they are placed close together.
    for (order, taste) in [
        (tightest_first(&chosen), Taste::Fine),
        (soonest_over_first(wishes), Taste::Early),
        (tightest_first(&chosen), Taste::Early),
    ] {
        if chosen.left() > 0 && !stop() {
            let other = begin.filled(taste, &order, &mut patience);
            if other.score() < chosen.score() {
                chosen = other;
            }
        }
    }
    chosen.settle(&mut patience);
    if stop() { None } else { chosen.finish() }
}

/// Those that were not placed first, then in the order of requests: meetings with little choice come before the others.
fn tightest_first(draft: &Draft<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..draft.wishes.len()).collect();
    order.sort_by_key(|wish| draft.places[*wish].is_some());
    order
}

/// Those whose times end first come first.
fn soonest_over_first(wishes: &[SearchRequest]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|wish| wishes[*wish].latest_end());
    order
}

/// Which of the free times a meeting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taste {
    /// The one a person would choose: the least advice, then full and half hours.
    Fine,
    /// The first.
    Early,
}

/// A plan in the making.
#[derive(Clone)]
struct Draft<'w> {
    wishes: &'w [SearchRequest],
    /// True once no client waits for the plan any more.
    stop: &'w dyn Fn() -> bool,
    taste: Taste,
    /// With what has a place so far.
    programme: Programme,
    /// By wish.
    places: Vec<Option<Slot>>,
}

impl Draft<'_> {
    /// With a place for as many meetings as are found one in this order.
    fn filled(&self, taste: Taste, order: &[usize], patience: &mut usize) -> Self {
        let mut draft = Self {
            taste,
            ..self.clone()
        };
        for wish in order {
            if (self.stop)() {
                break;
            }
            if !draft.place(*wish) {
                draft.make_room(*wish, &[], DEPTH, patience);
            }
        }
        draft
    }

    /// Places a meeting at the best free time; false when nothing is free.
    fn place(&mut self, wish: usize) -> bool {
        if (self.stop)() {
            return false;
        }
        let wanted = &self.wishes[wish];
        let offers = search(&self.programme, wanted).offers;
        let offer = match self.taste {
            Taste::Fine => best(&self.programme, wanted, offers).map(|ranked| ranked.offer),
            Taste::Early => offers.into_iter().next(),
        };
        if let Some(offer) = &offer {
            self.put(wish, offer);
        }
        offer.is_some()
    }

    fn put(&mut self, wish: usize, offer: &FreeTime) {
        let details = self.wishes[wish].details(offer);
        let slot = working_slot(wish, details);
        self.programme = self.programme.with_slot(slot.clone());
        self.places[wish] = Some(slot);
    }

    fn take_back(&mut self, wish: usize) -> Option<Slot> {
        let slot = self.places[wish].take()?;
        let details = slot.details.in_state(SlotState::Cancelled);
        self.programme = self.programme.with_slot(working_slot(wish, details));
        Some(slot)
    }

    /// Finds a place for a meeting by moving another one of this plan, and for that one, if need be, by moving a third.
    fn make_room(&mut self, wish: usize, kept: &[usize], depth: usize, patience: &mut usize) {
        for other in self.in_the_way(wish, kept) {
            if *patience == 0 || (self.stop)() {
                return;
            }
            *patience -= 1;
            let mut trial = self.clone();
            trial.take_back(other);
            if !trial.place(wish) {
                continue;
            }
            if !trial.place(other) && depth > 1 {
                trial.make_room(other, &[kept, &[wish]].concat(), depth - 1, patience);
            }
            if trial.places[other].is_some() {
                *self = trial;
                return;
            }
        }
    }

    /// The placed meetings that may be moved for another one: those with the same people first.
    fn in_the_way(&self, wish: usize, kept: &[usize]) -> Vec<usize> {
        let parties = self.wishes[wish].parties();
        let shares = |other: &usize| {
            let others = self.wishes[*other].parties();
            others.iter().any(|party| parties.contains(party))
        };
        let placed = (0..self.wishes.len())
            .filter(|other| self.places[*other].is_some() && !kept.contains(other));
        let mut others: Vec<usize> = placed.collect();
        others.sort_by_key(|other| !shares(other));
        others
    }

    /// Moves each placed meeting where that improves the whole plan.
    fn settle(&mut self, patience: &mut usize) {
        self.taste = Taste::Fine;
        for _ in 0..ROUNDS {
            if (self.stop)() {
                return;
            }
            let before = self.score();
            for wish in 0..self.wishes.len() {
                if *patience == 0 || (self.stop)() {
                    return;
                }
                *patience -= 1;
                let mut trial = self.clone();
                if trial.take_back(wish).is_some()
                    && trial.place(wish)
                    && trial.places[wish] != self.places[wish]
                    && trial.score() < self.score()
                {
                    *self = trial;
                }
            }
            if self.score() == before {
                return;
            }
        }
    }

    /// How many meetings have no place.
    fn left(&self) -> usize {
        self.places.iter().filter(|place| place.is_none()).count()
    }

    /// The lower the better: meetings without a place, pieces of advice, and how late it gets.
    fn score(&self) -> (usize, usize, i64) {
        let placed = || self.places.iter().flatten();
        let advice = placed().map(|slot| self.advice(slot).len()).sum();
        let late = placed().map(|slot| i64::from(slot.interval().start().minutes()));
        (self.left(), advice, late.sum())
    }

    fn advice(&self, slot: &Slot) -> Vec<Conflict> {
        check(&self.programme, Candidate::stored(slot))
    }

    /// The plan, unless no client waits for it any more.
    fn finish(self) -> Option<Plan> {
        let mut placed: Vec<Placed> = self
            .places
            .iter()
            .enumerate()
            .filter_map(|(wish, slot)| {
                let slot = slot.clone()?;
                Some(Placed {
                    wish,
                    advice: self.advice(&slot),
                    slot,
                })
            })
            .collect();
        placed.sort_by_key(|each| (each.slot.interval(), each.wish));
        let mut left = Vec::new();
        for wish in 0..self.wishes.len() {
            if (self.stop)() {
                return None;
            }
            if self.places[wish].is_none() {
                let obstacle = main_obstacle(&self.programme, &self.wishes[wish]);
                left.push(Left { wish, obstacle });
            }
        }
        Some(Plan {
            left,
            placed,
            programme: self.programme,
        })
    }
}

/// A slot for the planner's own use. Stored ids are never negative, and -1 is what the rules take for no id.
fn working_slot(wish: usize, details: SlotDetails) -> Slot {
    Slot {
        id: SlotId(-2 - i64::try_from(wish).unwrap_or_default()),
        details,
        version: 1,
        sequence: 0,
        moves: 1,
    }
}

/// What is in the way of most starts, as it is at the first of them.
fn main_obstacle(programme: &Programme, wish: &SearchRequest) -> Option<Obstacle> {
    let refused = search(programme, wish).refused;
    let alike = |one: &Obstacle, other: &Obstacle| match (one, other) {
        (
            Obstacle::Rule { conflict: one, .. },
            Obstacle::Rule {
                conflict: other, ..
            },
        ) => (one.rule(), one.finding.resource()) == (other.rule(), other.finding.resource()),
        (one, other) => one == other,
    };
    let often = |obstacle: &Obstacle| {
        let same = refused.iter();
        same.filter(|each| alike(&each.obstacle, obstacle)).count()
    };
    // The first of those that come most often.
    let mut most: Option<(usize, &Obstacle)> = None;
    for each in &refused {
        let count = often(&each.obstacle);
        if most.is_none_or(|(known, _)| count > known) {
            most = Some((count, &each.obstacle));
        }
    }
    most.map(|(_, obstacle)| obstacle.clone())
}
