//! Rooms of the venue.

use std::ops::RangeInclusive;

use crate::core::text::{Code, TextLine};

/// The id of a room, which is the id of its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub i64);

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// The short name, unique among the event's rooms.
    pub code: Code,
    /// The name on doors and agendas.
    pub name: TextLine,
    /// The Japanese name; may be empty.
    pub name_ja: String,
    /// How many people fit.
    pub capacity: i32,
    /// Minutes reserved after a slot, to tidy and set up.
    pub turnaround_minutes: i32,
}

impl Room {
    /// Capacities that can be stored, in people.
    pub const CAPACITY: RangeInclusive<i32> = 1..=100_000;
    /// Turnarounds that can be stored, in minutes.
    pub const TURNAROUND: RangeInclusive<i32> = 0..=240;
}
