//! Random programmes for the search: four parties, four rooms, four interpreters, and slots in every state on two days.

use iikura::core::delegation::{Delegation, DelegationId};
use iikura::core::event::{Event, EventDay, EventSettings};
use iikura::core::interpreter::{Interpreter, InterpreterId, LanguagePair};
use iikura::core::programme::Programme;
use iikura::core::room::{Room, RoomClosure, RoomId};
use iikura::core::slot::{SlotContent, SlotKind, SlotState};
use iikura::core::time::interval::Interval;
use iikura::core::time::{ClockTime, Instant, parse_date};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use support::fixture::{self, content, line};

pub const LANGUAGES: [&str; 3] = ["ja", "ru", "uz"];
/// Hours after midnight at which the two days open and close.
pub const HOURS: [(u16, u16); 2] = [(9, 12), (10, 14)];

/// Languages by their places in [`LANGUAGES`].
pub type Pairs = Vec<(usize, usize)>;

#[derive(Debug, Clone)]
pub struct Scene {
    parties: Vec<(i32, Option<(i32, i32)>)>,
    rooms: Vec<SceneRoom>,
    interpreters: Vec<(Pairs, Option<(i32, i32)>)>,
    slots: Vec<Block>,
    gap: i32,
    pub grid: i32,
    rest: Option<i32>,
    /// How long an interpreter goes on without a colleague, and with one, in minutes.
    pub alone: i32,
    team: i32,
}

/// Capacity, turnaround in steps of five minutes, kinds, and when it is closed on the first day.
type SceneRoom = (i32, i32, Vec<SlotKind>, Option<(i32, i32)>);

#[derive(Debug, Clone)]
pub struct Block {
    day: usize,
    start: i32,
    length: i32,
    room: Option<usize>,
    parties: Vec<usize>,
    interpreters: Vec<usize>,
    kind: SlotKind,
    state: SlotState,
}

/// Minutes from the opening of a day, in steps of five.
fn stay() -> impl Strategy<Value = Option<(i32, i32)>> {
    prop::option::weighted(
        0.3,
        (0..30_i32, 1..40_i32).prop_map(|(from, length)| (from * 5, length * 5)),
    )
}

fn pairs() -> impl Strategy<Value = Pairs> {
    subsequence(vec![(0, 1), (1, 0), (0, 2), (2, 1)], 0..3)
}

/// Mostly every kind.
fn kinds() -> impl Strategy<Value = Vec<SlotKind>> {
    select(vec![
        vec![],
        vec![],
        vec![SlotKind::Bilateral],
        vec![SlotKind::Break, SlotKind::Other],
    ])
}

fn block() -> impl Strategy<Value = Block> {
    (
        (0..2_usize, 0..45_i32, 1..14_i32),
        prop::option::of(0..4_usize),
        subsequence(vec![0, 1, 2, 3], 0..=3),
        subsequence(vec![0, 1, 2, 3], 0..3),
        select(vec![SlotKind::Other, SlotKind::Bilateral, SlotKind::Break]),
        select(vec![
            SlotState::Pencilled,
            SlotState::Tentative,
            SlotState::Tentative,
            SlotState::Confirmed,
            SlotState::Cancelled,
        ]),
    )
        .prop_map(
            |((day, start, length), room, parties, interpreters, kind, state)| Block {
                day,
                start: start * 5,
                length: length * 5,
                room,
                parties,
                interpreters,
                kind,
                state,
            },
        )
}

pub fn scene() -> impl Strategy<Value = Scene> {
    (
        prop::collection::vec((1..9_i32, stay()), 4),
        prop::collection::vec((4..20_i32, 0..5_i32, kinds(), stay()), 4),
        prop::collection::vec((pairs(), stay()), 4),
        prop::collection::vec(block(), 0..16),
        0..4_i32,
        select(vec![5, 10, 15]),
        prop::option::weighted(0.4, 4..20_i32),
        select(vec![20, 45, 90]),
    )
        .prop_map(
            |(parties, rooms, interpreters, slots, gap, grid, rest, team)| Scene {
                parties,
                rooms,
                interpreters,
                slots,
                gap: gap * 5,
                grid,
                rest: rest.map(|steps| steps * 5),
                // Nobody needs a colleague: who is tired does not depend on who else is there.
                alone: 1440,
                team,
            },
        )
}

pub fn opening(day: usize) -> Instant {
    let midnight = parse_date(["2030-06-01", "2030-06-02"][day])
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap();
    // Tokyo is nine hours ahead.
    Instant::from(midnight.and_utc()).plus((i32::from(HOURS[day].0) - 9) * 60)
}

pub fn from_opening(day: usize, start: i32, length: i32) -> Interval {
    let start = opening(day).plus(start);
    Interval::stay(start, start.plus(length)).unwrap()
}

impl Scene {
    fn event(&self) -> Event {
        let days = ["2030-06-01", "2030-06-02"].iter().zip(HOURS);
        Event {
            days: days
                .map(|(date, (opens, closes))| EventDay {
                    date: parse_date(date).unwrap(),
                    opens: ClockTime::from_minutes(opens * 60),
                    closes: ClockTime::from_minutes(closes * 60),
                })
                .collect(),
            settings: EventSettings {
                grid_minutes: self.grid,
                minimum_gap_minutes: self.gap,
                chair_run_minutes: self.rest.unwrap_or(150),
                chair_rest_needs_reason: self.rest.is_some(),
                interpreter_alone_minutes: self.alone,
                interpreter_team_minutes: self.team,
                interpreter_rest_minutes: 20,
            },
            ..fixture::event("scene")
        }
    }

    pub fn programme(&self) -> Programme {
        let presence = |stay: &Option<(i32, i32)>| {
            let stay = stay.map(|(from, length)| from_opening(0, from, length));
            // Whoever comes for the first day at some time is there for all of the second.
            stay.into_iter()
                .flat_map(|stay| [stay, from_opening(1, -60, 600)])
                .collect()
        };
        let delegations = (0..)
            .zip(&self.parties)
            .map(|(at, (party_size, stay))| Delegation {
                languages: vec![LANGUAGES[at % 3].to_owned()],
                party_size: *party_size,
                presence: presence(stay),
                ..fixture::delegation(id(at), &format!("Party {at}"))
            });
        let rooms = (0..)
            .zip(&self.rooms)
            .map(|(at, (capacity, turnaround, kinds, closed))| Room {
                name: line(&format!("Room {at}")),
                capacity: *capacity,
                turnaround_minutes: turnaround * 5,
                kinds: kinds.clone(),
                closures: closed
                    .map(|(from, length)| RoomClosure {
                        interval: from_opening(0, from, length),
                        reason: String::new(),
                    })
                    .into_iter()
                    .collect(),
                ..fixture::room(id(at))
            });
        let interpreters = (0..)
            .zip(&self.interpreters)
            .map(|(at, (pairs, stay))| Interpreter {
                name: line(&format!("Interpreter {at}")),
                pairs: pairs.iter().map(tongues).collect(),
                presence: presence(stay),
                ..fixture::interpreter(id(at), &[])
            });
        let slots = (0..).zip(&self.slots).map(|(at, block)| {
            let parties: Vec<_> = block.parties.iter().copied().map(party).collect();
            let interpreters = block.interpreters.iter().copied().map(interpreter);
            let content = SlotContent {
                interpreters: interpreters.collect(),
                ..content(block.kind, &format!("Slot {at}"), &parties)
            };
            let interval = from_opening(block.day, block.start, block.length);
            fixture::slot(id(at), content, interval, block.room.map(room), block.state)
        });
        Programme::new(
            self.event(),
            delegations.collect(),
            rooms.collect(),
            interpreters.collect(),
            slots.collect(),
        )
    }
}

pub fn id(at: usize) -> i64 {
    i64::try_from(at).unwrap() + 1
}

pub fn party(at: usize) -> DelegationId {
    DelegationId(id(at))
}

pub fn room(at: usize) -> RoomId {
    RoomId(id(at))
}

pub fn interpreter(at: usize) -> InterpreterId {
    InterpreterId(id(at))
}

pub fn tongues(pair: &(usize, usize)) -> LanguagePair {
    LanguagePair::new(LANGUAGES[pair.0], LANGUAGES[pair.1]).unwrap()
}
