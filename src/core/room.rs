//! Rooms of the venue.

use std::ops::RangeInclusive;

use crate::core::entered::{EnteredText, Faults};
use crate::core::text::{Code, TextLine, optional_line};

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

/// A room as it was entered.
#[derive(Debug)]
pub(crate) struct RoomDraft<'a, S> {
    pub(crate) code: EnteredText<'a, S>,
    pub(crate) name: EnteredText<'a, S>,
    pub(crate) name_ja: EnteredText<'a, S>,
    pub(crate) capacity: EnteredText<'a, S>,
    pub(crate) turnaround_minutes: EnteredText<'a, S>,
}

impl Room {
    /// Makes a room of what was entered; `None` when anything is wrong with it.
    pub(crate) fn parse<S: Clone + PartialEq>(
        id: RoomId,
        draft: &RoomDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let code = faults.parse(&draft.code, Code::parse);
        let name = faults.parse(&draft.name, TextLine::parse);
        let name_ja = faults.parse(&draft.name_ja, optional_line);
        let capacity = faults.number(&draft.capacity, Self::CAPACITY);
        let turnaround_minutes = faults.number(&draft.turnaround_minutes, Self::TURNAROUND);
        Some(Self {
            id,
            code: code?,
            name: name?,
            name_ja: name_ja?,
            capacity: capacity?,
            turnaround_minutes: turnaround_minutes?,
        })
    }

    /// Capacities that can be stored, in people.
    pub const CAPACITY: RangeInclusive<i32> = 1..=100_000;
    /// Turnarounds that can be stored, in minutes.
    pub const TURNAROUND: RangeInclusive<i32> = 0..=240;
}
