//! A high-level week in memory: 193 delegations, 40 rooms, 60 interpreters and 3,000 slots in five days, the same
//! every time.

use crate::core::delegation::{Delegation, DelegationId};
use crate::core::event::{Event, EventDay};
use crate::core::interpreter::{Interpreter, InterpreterId, LanguagePair};
use crate::core::programme::Programme;
use crate::core::room::{Room, RoomId};
use crate::core::slot::{Slot, SlotContent, SlotKind, SlotState};
use crate::core::time::interval::Interval;
use crate::core::time::{ClockTime, Instant, parse_date};

use super::fixture::{self, code, content, line};

pub const DELEGATIONS: usize = 193;
pub const ROOMS: usize = 40;
pub const INTERPRETERS: usize = 60;
pub const DAYS: usize = 5;
/// Slots a room and day: one begins every forty minutes.
pub const PER_ROOM: usize = 15;

const LANGUAGES: [&str; 6] = ["en", "fr", "es", "ru", "ar", "zh"];
const OPENS: u16 = 9 * 60;
const RHYTHM: i32 = 40;

/// The week's programme. Every twentieth slot is a sketch, every twentieth is cancelled, and every fiftieth has been
/// put five to sixty minutes too late, so that there is something to find.
pub fn programme() -> Programme {
    let slots = (0..DAYS)
        .flat_map(|day| {
            (0..PER_ROOM).flat_map(move |round| (0..ROOMS).map(move |room| (day, round, room)))
        })
        .zip(0..)
        .map(|((day, round, room), number)| slot(day, round, room, number))
        .collect();
    Programme::new(event(), delegations(), rooms(), interpreters(), slots)
}

/// The hour at which the venue opens that day.
pub fn opening(day: usize) -> Instant {
    let date = parse_date(&date(day)).unwrap();
    event()
        .time_zone
        .instant(date, ClockTime::from_minutes(OPENS))
        .unwrap()
}

pub fn party(at: usize) -> DelegationId {
    DelegationId(id(at))
}

/// A number that looks like chance and is the same every time (splitmix64).
fn scattered(number: usize, below: usize) -> usize {
    let mut mixed = (number as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
}

fn slot(day: usize, round: usize, room: usize, number: usize) -> Slot {
    let minutes = [20, 25, 30][scattered(number, 3)];
    let late = if number % 50 == 49 {
        5 + 5 * i32::try_from(scattered(number, 12)).unwrap()
    } else {
        0
    };
    let start = opening(day).plus(i32::try_from(round).unwrap() * RHYTHM + late);
    // A delegation has one meeting in a round: two by two along the list, further each round.
    let along = (day * PER_ROOM + round) * 2 * ROOMS + 2 * room;
    let guest = |step: usize| (along + step) % (DELEGATIONS - 1) + 1;
    let host = if room == 0 { 0 } else { guest(1) };
    let content = SlotContent {
        interpreters: vec![InterpreterId(id(room))],
        ..content(
            SlotKind::Bilateral,
            &format!("Bilateral {number}"),
            &[party(host), party(guest(0))],
        )
    };
    let state = match number % 20 {
        7 => SlotState::Pencilled,
        13 => SlotState::Cancelled,
        even if even % 2 == 0 => SlotState::Confirmed,
        _ => SlotState::Tentative,
    };
    let interval = Interval::new(start, start.plus(minutes)).unwrap();
    fixture::slot(id(number), content, interval, Some(RoomId(id(room))), state)
}

fn event() -> Event {
    let days = (0..DAYS).map(|day| EventDay {
        date: parse_date(&date(day)).unwrap(),
        opens: ClockTime::from_minutes(OPENS),
        closes: ClockTime::from_minutes(20 * 60),
    });
    Event {
        name: line("High-level week"),
        time_zone: "America/New_York".parse().unwrap(),
        days: days.collect(),
        ..fixture::event("week")
    }
}

fn date(day: usize) -> String {
    format!("2030-09-{}", 23 + day)
}

fn delegations() -> Vec<Delegation> {
    (0..DELEGATIONS)
        .map(|at| Delegation {
            code: code(&format!("D{at}")),
            time_zone: "Europe/Paris".parse().unwrap(),
            languages: vec![LANGUAGES[at % LANGUAGES.len()].to_owned()],
            party_size: 3 + i32::try_from(scattered(at, 6)).unwrap(),
            presence: vec![
                Interval::stay(opening(0).plus(-1440), opening(DAYS - 1).plus(1440)).unwrap(),
            ],
            ..fixture::delegation(id(at), &format!("Delegation {at}"))
        })
        .collect()
}

fn rooms() -> Vec<Room> {
    (0..ROOMS)
        .map(|at| Room {
            code: code(&format!("r{at}")),
            name: line(&format!("Room {at}")),
            capacity: 8 + i32::try_from(scattered(at, 4)).unwrap() * 6,
            ..fixture::room(id(at))
        })
        .collect()
}

fn interpreters() -> Vec<Interpreter> {
    let other =
        |at: usize| (at + 1 + at / LANGUAGES.len() % (LANGUAGES.len() - 1)) % LANGUAGES.len();
    (0..INTERPRETERS)
        .map(|at| Interpreter {
            code: code(&format!("i{at}")),
            name: line(&format!("Interpreter {at}")),
            pairs: vec![
                LanguagePair::new(LANGUAGES[at % LANGUAGES.len()], LANGUAGES[other(at)]).unwrap(),
            ],
            ..fixture::interpreter(id(at), &[])
        })
        .collect()
}

fn id(at: usize) -> i64 {
    i64::try_from(at).unwrap() + 1
}
