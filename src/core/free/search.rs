//! The joint search: at each start the room and the interpreters with the least in their way.

use super::board::{Board, BoardColumn, InterpreterColumn, Weight, starts};
use super::cover::Cover;
use super::staffing::settle;
use super::wish::{RoomChoice, SearchRequest};
use crate::core::interpreter::{InterpreterId, LanguagePair};
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rules::{Candidate, Conflict, RuleFinding, chair_may_object};
use crate::core::slot::Resource;
use crate::core::slot::{Placement, SlotDetails};
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// What a search found: every start on the grid, in the one list or the other, each by time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchResult {
    /// Starts at which the wish can be booked without any reason.
    pub offers: Vec<FreeTime>,
    /// Starts at which something is in the way.
    pub refused: Vec<TakenTime>,
}

/// Something that can be booked as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeTime {
    /// When and where.
    pub placement: Placement,
    /// Who interprets: those asked for, where they are free and enough.
    pub interpreters: Vec<InterpreterId>,
}

/// A time at which something is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenTime {
    /// When.
    pub interval: Interval,
    /// What is in the way of the best that could be had there: of all rooms and interpreters, those with the fewest
    /// findings against them, blocked ones counting first.
    pub obstacle: Obstacle,
}

/// What is in the way of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A rule.
    Rule {
        /// What was judged.
        details: Box<SlotDetails>,
        /// The strictest finding, the first of several.
        conflict: Box<Conflict>,
        /// How many other rooms, or interpreters, there were to choose from where the finding is about one of them.
        others: usize,
    },
    /// No room takes so many people.
    NoRoomFor(i32),
    /// No interpreter works between the two.
    NobodyInterprets(LanguagePair),
}

/// Looks at every start on the grid within the wish's times.
#[must_use]
pub fn search(programme: &Programme, wish: &SearchRequest) -> SearchResult {
    let sought = Sought::new(programme, wish);
    let mut found = SearchResult::default();
    for window in &wish.within {
        let starts = starts(programme, *window, wish.minutes);
        match &sought {
            Ok(sought) => sought.on(&starts, &mut found),
            Err(obstacle) => found.refused.extend(starts.iter().filter_map(|start| {
                Some(TakenTime {
                    interval: wish.from(*start)?,
                    obstacle: obstacle.clone(),
                })
            })),
        }
    }
    found
}

/// A wish with the rooms and interpreters that can grant it.
struct Sought<'a> {
    programme: &'a Programme,
    wish: &'a SearchRequest,
    /// In order of preference.
    rooms: Vec<Option<RoomId>>,
    cover: Cover,
}

impl<'a> Sought<'a> {
    fn new(programme: &'a Programme, wish: &'a SearchRequest) -> Result<Self, Obstacle> {
        let rooms = wish.rooms(programme);
        if let (RoomChoice::Holding(people), []) = (wish.place, rooms.as_slice()) {
            return Err(Obstacle::NoRoomFor(people));
        }
        let cover = Cover::new(&programme.interpreters, &wish.interpreters, &wish.pairs)
            .map_err(Obstacle::NobodyInterprets)?;
        Ok(Self {
            programme,
            wish,
            rooms,
            cover,
        })
    }

    fn on(&self, starts: &[Instant], found: &mut SearchResult) {
        let Some(first) = starts.first().and_then(|start| self.wish.from(*start)) else {
            return;
        };
        let offer = |interval, room, interpreters| FreeTime {
            placement: Placement { interval, room },
            interpreters,
        };
        let wanted = self.wish.details(&offer(first, None, Vec::new()));
        let board = Board::new(self.programme, self.candidate(&wanted), starts);
        let rooms: Vec<BoardColumn> = self.rooms.iter().map(|room| board.room(*room)).collect();
        let interpreters: Vec<InterpreterColumn> = self
            .cover
            .concerned()
            .map(|interpreter| board.interpreter(interpreter))
            .collect();
        for (at, start) in starts.iter().enumerate() {
            let staffed = |(in_room, room): (Weight, Option<RoomId>)| {
                let of_interpreters: Vec<Weight> = interpreters
                    .iter()
                    .map(|column| board.of_interpreter(column, at, room))
                    .collect();
                let (in_voices, interpreters) = self.cover.best(&of_interpreters);
                (in_room + in_voices, room, interpreters)
            };
            let choices = rooms.iter().zip(&self.rooms);
            let choices = choices.map(|(column, room)| (column[at], *room));
            // Who is on the way from another room may be in time for one room and not for another.
            let together = interpreters.iter().any(|column| column.depends_on_room(at));
            let (in_the_way, room, interpreters) = if together {
                let choices = choices.map(staffed);
                choices
                    .min_by_key(|(weight, ..)| *weight)
                    .unwrap_or_default()
            } else {
                staffed(
                    choices
                        .min_by_key(|(weight, _)| *weight)
                        .unwrap_or_default(),
                )
            };
            let offer = offer(first.starting_at(*start), room, interpreters);
            let weight = board.people()[at] + in_the_way;
            match self.judged(weight, offer) {
                Ok(offer) => found.offers.push(offer),
                Err(refused) => found.refused.push(refused),
            }
        }
    }

    /// The offer as it can be stored, or what is in its way. What the board has nothing against is free, unless rules
    /// have a say that are not on it.
    fn judged(&self, weight: Weight, offer: FreeTime) -> Result<FreeTime, TakenTime> {
        let details = self.wish.details(&offer);
        let candidate = self.candidate(&details);
        let wanted = details.content.interpretation_wanted;
        let on_the_board = !wanted && !chair_may_object(self.programme, candidate);
        if weight.is_free() && on_the_board {
            return Ok(offer);
        }
        let others = wanted || !self.wish.pairs.is_empty();
        let will_do = |who: &[InterpreterId]| self.cover.is_met_by(who);
        match settle(self.programme, candidate, others, will_do) {
            Ok(interpreters) => Ok(FreeTime {
                interpreters,
                ..offer
            }),
            Err(conflict) => Err(TakenTime {
                interval: offer.placement.interval,
                obstacle: self.obstacle(details, conflict, &offer),
            }),
        }
    }

    fn obstacle(&self, details: SlotDetails, conflict: Conflict, offer: &FreeTime) -> Obstacle {
        let others = match (&conflict.finding, conflict.finding.resource()) {
            // The others are not what these are about.
            (
                RuleFinding::Capacity { .. }
                | RuleFinding::RoomKind { .. }
                | RuleFinding::InterpreterRest { .. },
                _,
            ) => 0,
            (_, Some(Resource::Room(_))) => self.rooms.len() - 1,
            (_, Some(Resource::Interpreter(id))) => self.cover.others(id, &offer.interpreters),
            _ => 0,
        };
        Obstacle::Rule {
            details: Box::new(details),
            conflict: Box::new(conflict),
            others,
        }
    }

    const fn candidate<'d>(&self, details: &'d SlotDetails) -> Candidate<'d> {
        Candidate::of(self.wish.moving, details)
    }
}
