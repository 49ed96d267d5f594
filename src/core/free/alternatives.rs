//! Alternatives of a refusal: from when a resource is free again, and what could be booked instead.

use super::board::{self, Board, starts};
use super::relaxing::SHORTEST;
use super::search::FreeTime;
use super::staffing::settle;
use super::wish::holding;
use crate::core::programme::Programme;
use crate::core::room::RoomId;
use crate::core::rules::Candidate;
use crate::core::slot::Resource;
use crate::core::slot::{Placement, SlotId};
use crate::core::time::Instant;
use crate::core::time::interval::Interval;

/// How many alternatives a refusal offers.
pub const MOST_ALTERNATIVES: usize = 5;
/// How many alternatives begin at the same time at most, in several rooms.
const MOST_OF_ONE_START: usize = 2;
/// How far apart the starts in one room are at least, in minutes: nearer ones are no choice.
const APART_MINUTES: i32 = 15;
/// What leaving the room costs in the ranking, in minutes of delay.
const OTHER_ROOM_COST: i32 = 15;
/// Cost of each further room, from the one that fits best: the press room does not suit a bilateral.
const WORSE_FIT_COST: i32 = 5;
/// What each minute of shortening costs in the ranking, in minutes of delay.
const SHORTENING_COST: i32 = 2;

/// The first start from the candidate's on, that day, at which `resource` alone would be free for the candidate's
/// length, gaps included; and free of `in_the_way`, which may be a sketch.
#[must_use]
pub fn resource_free_from(
    programme: &Programme,
    resource: Resource,
    candidate: Candidate<'_>,
    in_the_way: Option<SlotId>,
) -> Option<Instant> {
    let wanted = candidate.placement.interval;
    let open = search_window(programme, wanted)?;
    let from = wanted.start().max(open.start());
    let starts = starts(
        programme,
        Interval::stay(from, open.end())?,
        wanted.minutes(),
    );
    let taken = board::taken(programme, candidate, &starts, resource, in_the_way);
    let mut free = starts.iter().zip(taken).filter(|(_, taken)| !taken);
    free.next().map(|(start, _)| *start)
}

/// The whole request in the same room from another start on, with who interprets; `None` when a rule is against it.
#[must_use]
pub fn bookable_from(
    programme: &Programme,
    candidate: Candidate<'_>,
    start: Instant,
) -> Option<FreeTime> {
    let placement = candidate.placement.starting_at(start);
    judged(programme, candidate.placed(placement))
}

/// Up to five other times and places for a refused slot, the nearest first: the nearest later and earlier ones and a
/// shorter one are among them, and no more than two begin at the same time. A slot that is extended is not offered
/// shorter.
///
/// Each could be stored at once: no rule would refuse it or ask for a reason.
#[must_use]
pub fn alternatives(programme: &Programme, candidate: Candidate<'_>) -> Vec<FreeTime> {
    let wanted = on_grid(programme, candidate.placement.interval);
    let Some(open) = search_window(programme, wanted) else {
        return Vec::new();
    };
    let rooms = candidate_rooms(programme, candidate);
    let shortest = if is_extended(programme, candidate) {
        wanted.minutes()
    } else {
        SHORTEST
    };
    let tables: Vec<FreeTable> = lengths(programme, wanted)
        .take_while(|minutes| *minutes >= shortest)
        .map(|minutes| FreeTable::new(programme, candidate, &rooms, (wanted, minutes), open))
        .collect();
    let mut ranked: Vec<RankedOffer> = Vec::new();
    for (rank, room) in rooms.iter().enumerate() {
        let elsewhere = match i32::try_from(rank).unwrap_or(i32::MAX) {
            0 => 0,
            rank => OTHER_ROOM_COST + (rank - 1) * WORSE_FIT_COST,
        };
        let mut free: Vec<(i32, Interval)> = tables
            .iter()
            .flat_map(|table| table.free(rank, wanted))
            .collect();
        free.sort_by_key(|(cost, interval)| (*cost, interval.start()));
        let mut starts: Vec<(OfferSort, Instant)> = Vec::new();
        for (cost, interval) in free {
            let (sort, start, room) = (OfferSort::of(interval, wanted), interval.start(), *room);
            // A few of each sort are enough: people choose between sorts.
            let same = starts.iter().filter(|(other, _)| *other == sort);
            let is_near =
                |start: Instant, other: Instant| start.minutes_since(other).abs() < APART_MINUTES;
            if same.clone().count() == 2 || same.clone().any(|(_, other)| is_near(start, *other)) {
                continue;
            }
            if let Some(offer) = judged(programme, candidate.placed(Placement { interval, room })) {
                starts.push((sort, start));
                let cost = cost + elsewhere;
                ranked.push(RankedOffer { cost, sort, offer });
            }
        }
    }
    ranked.sort_by_key(RankedOffer::rank);
    chosen(ranked)
}

/// An offer, with what it costs in minutes of delay.
struct RankedOffer {
    cost: i32,
    sort: OfferSort,
    offer: FreeTime,
}

impl RankedOffer {
    const fn start(&self) -> Instant {
        self.offer.placement.interval.start()
    }

    const fn rank(&self) -> (i32, Instant) {
        (self.cost, self.start())
    }
}

/// In which direction an offer differs from what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfferSort {
    Later,
    Earlier,
    Shorter,
}

impl OfferSort {
    fn of(interval: Interval, wanted: Interval) -> Self {
        if interval.minutes() < wanted.minutes() {
            Self::Shorter
        } else if interval.start() < wanted.start() {
            Self::Earlier
        } else {
            Self::Later
        }
    }
}

/// Chooses among offers in order of rank: the first of each sort, then the others.
fn chosen(mut ranked: Vec<RankedOffer>) -> Vec<FreeTime> {
    let mut chosen: Vec<RankedOffer> = Vec::new();
    for sort in [OfferSort::Later, OfferSort::Earlier, OfferSort::Shorter] {
        if let Some(at) = ranked.iter().position(|offer| offer.sort == sort) {
            chosen.push(ranked.remove(at));
        }
    }
    for offer in ranked {
        let same = chosen.iter().filter(|other| other.start() == offer.start());
        if chosen.len() < MOST_ALTERNATIVES && same.count() < MOST_OF_ONE_START {
            chosen.push(offer);
        }
    }
    chosen.sort_by_key(RankedOffer::rank);
    chosen.into_iter().map(|ranked| ranked.offer).collect()
}

/// True when a stored slot is to last longer and is otherwise where it is.
pub(super) fn is_extended(programme: &Programme, candidate: Candidate<'_>) -> bool {
    let stored = candidate.id.and_then(|id| programme.slot(id));
    stored.is_some_and(|slot| {
        let (stored, wanted) = (slot.details.placement, candidate.placement);
        stored.room == wanted.room
            && stored.interval.start() == wanted.interval.start()
            && stored.interval.minutes() < wanted.interval.minutes()
    })
}

/// The interval with its end moved to the grid: it is mended by a little more time, not refused everywhere.
fn on_grid(programme: &Programme, wanted: Interval) -> Interval {
    let grid = programme.event.settings.grid_minutes.max(1);
    let missing = (-wanted.minutes()).rem_euclid(grid);
    Interval::new(wanted.start(), wanted.end().plus(missing)).unwrap_or(wanted)
}

/// The length asked for, then shorter ones.
fn lengths(programme: &Programme, wanted: Interval) -> impl Iterator<Item = i32> {
    let grid = programme.event.settings.grid_minutes.max(1);
    let shorter = (1..)
        .map(move |step| wanted.minutes() - step * grid)
        .take_while(|minutes| *minutes >= SHORTEST);
    std::iter::once(wanted.minutes()).chain(shorter)
}

/// The room asked for, then the others that are large enough, the best fit first.
fn candidate_rooms(programme: &Programme, candidate: Candidate<'_>) -> Vec<Option<RoomId>> {
    let Some(wanted) = candidate.placement.room else {
        return vec![None];
    };
    let content = candidate.content;
    let people = programme.people(&content.delegations, content.format);
    let others = holding(programme, people);
    std::iter::once(wanted)
        .chain(others.filter(|room| *room != wanted))
        .map(Some)
        .collect()
}

/// Where and when the people and each room are free for one length: by start, and by room in the order of preference.
struct FreeTable {
    minutes: i32,
    starts: Vec<Instant>,
    rooms: Vec<Vec<bool>>,
}

impl FreeTable {
    fn new(
        programme: &Programme,
        candidate: Candidate<'_>,
        rooms: &[Option<RoomId>],
        (wanted, minutes): (Interval, i32),
        open: Interval,
    ) -> Self {
        let mut starts = starts(programme, open, minutes);
        // Shortened only around the time asked for: elsewhere there is room for the whole.
        if minutes < wanted.minutes() {
            starts.retain(|start| delay(*start, wanted) < wanted.minutes());
        }
        let interval = Interval::new(wanted.start(), wanted.start().plus(minutes));
        let tried = candidate.placed(Placement {
            interval: interval.unwrap_or(wanted),
            ..candidate.placement
        });
        let board = Board::new(programme, tried, &starts);
        let free = |room: &Option<RoomId>| {
            let weights = board.people().iter().zip(board.room(*room));
            weights
                .map(|(people, room)| (*people + room).is_free())
                .collect()
        };
        let rooms = rooms.iter().map(free).collect();
        Self {
            minutes,
            starts,
            rooms,
        }
    }

    /// The free times of a room, with what they cost.
    fn free(&self, room: usize, wanted: Interval) -> impl Iterator<Item = (i32, Interval)> {
        let starts = self.starts.iter().zip(&self.rooms[room]);
        starts
            .filter(|(_, free)| **free)
            .filter_map(move |(start, _)| {
                let shortened = wanted.minutes() - self.minutes;
                let interval = Interval::new(*start, start.plus(self.minutes)).ok()?;
                Some((
                    delay(*start, wanted) + shortened * SHORTENING_COST,
                    interval,
                ))
            })
    }
}

fn delay(start: Instant, wanted: Interval) -> i32 {
    start.minutes_since(wanted.start()).abs()
}

/// What is free, if the rules that are not on the table have nothing against it either: those on interpreters and on
/// the chair's day.
fn judged(programme: &Programme, tried: Candidate<'_>) -> Option<FreeTime> {
    let others = tried.content.interpretation_wanted;
    let interpreters = settle(programme, tried, others, |_| true).ok()?;
    Some(FreeTime {
        placement: tried.placement,
        interpreters,
    })
}

/// The opening hours of the day asked for; of the event's first day where that day is none of them.
fn search_window(programme: &Programme, wanted: Interval) -> Option<Interval> {
    let event = &programme.event;
    let asked = event.day_of(wanted.start());
    event.opening_hours(asked).or_else(|| {
        event
            .days
            .first()
            .and_then(|day| event.opening_hours(day.date))
    })
}
