//! Rooms of the venue.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::core::entered::{Entered, EnteredText, Faults};
use crate::core::slot_kind::SlotKind;
use crate::core::text::{Code, TextLine, optional_line, quoted};
use crate::core::text_enum::TextEnum;
use crate::core::time::Zone;
use crate::core::time::interval::Interval;

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
    /// Which kinds of slot it is for, in the order of [`SlotKind::ALL`]; empty means every kind.
    pub kinds: Vec<SlotKind>,
    /// When it cannot be used, by time; no two overlap.
    pub closures: Vec<RoomClosure>,
}

/// A time in which a room cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomClosure {
    /// When.
    pub interval: Interval,
    /// Why; may be empty.
    pub reason: String,
}

/// A room as it was entered.
#[derive(Debug)]
pub(crate) struct RoomDraft<'a, S> {
    pub(crate) code: EnteredText<'a, S>,
    pub(crate) name: EnteredText<'a, S>,
    pub(crate) name_ja: EnteredText<'a, S>,
    pub(crate) capacity: EnteredText<'a, S>,
    pub(crate) turnaround_minutes: EnteredText<'a, S>,
    pub(crate) kinds: Vec<EnteredText<'a, S>>,
    pub(crate) closures: Vec<EnteredClosure<'a, S>>,
}

/// Start, end and reason of a closure as they were entered, or how to write them.
pub(crate) type EnteredClosure<'a, S> = Entered<S, Result<[Cow<'a, str>; 3], &'static str>>;

impl Room {
    /// Closures that a room has at most.
    pub const MOST_CLOSURES: usize = 366;

    /// Makes a room of what was entered; `None` when anything is wrong with it. `venue` is the zone of closures.
    pub(crate) fn parse<S: Clone + PartialEq>(
        id: RoomId,
        venue: Zone,
        draft: &RoomDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let code = faults.parse(&draft.code, Code::parse);
        let name = faults.parse(&draft.name, TextLine::parse);
        let name_ja = faults.parse(&draft.name_ja, optional_line);
        let capacity = faults.number(&draft.capacity, Self::CAPACITY);
        let turnaround_minutes = faults.number(&draft.turnaround_minutes, Self::TURNAROUND);
        let kinds = Self::kinds(&draft.kinds, faults);
        let closures = Self::closures(venue, &draft.closures, faults);
        Some(Self {
            id,
            code: code?,
            name: name?,
            name_ja: name_ja?,
            capacity: capacity?,
            turnaround_minutes: turnaround_minutes?,
            kinds,
            closures,
        })
    }

    fn kinds<S: Clone + PartialEq>(
        entered: &[EnteredText<'_, S>],
        faults: &mut Faults<S>,
    ) -> Vec<SlotKind> {
        let words: Vec<&str> = SlotKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let read = entered.iter().filter_map(|word| {
            faults.parse(word, |word| {
                SlotKind::from_word(word)
                    .ok_or_else(|| format!("{} is none of {}", quoted(word), words.join(", ")))
            })
        });
        let read: Vec<SlotKind> = read.collect();
        let all = SlotKind::ALL.iter().copied();
        all.filter(|kind| read.contains(kind)).collect()
    }

    fn closures<S: Clone + PartialEq>(
        venue: Zone,
        entered: &[EnteredClosure<'_, S>],
        faults: &mut Faults<S>,
    ) -> Vec<RoomClosure> {
        let mut closures: Vec<RoomClosure> = Vec::new();
        for Entered { value, source } in
            faults.first(entered, Self::MOST_CLOSURES, |closure| &closure.source)
        {
            let written = faults.take(source, value.as_ref());
            let read = written.and_then(|[from, until, reason]| {
                let from = faults.take(source, venue.parse_moment(from));
                let until = faults.take(source, venue.parse_moment(until));
                let reason = faults.take(source, optional_line(reason));
                let interval = Interval::stay(from?, until?);
                let interval = interval.ok_or("the end must be after the start");
                Some(RoomClosure {
                    interval: faults.take(source, interval)?,
                    reason: reason?,
                })
            });
            let overlaps = |closure: &RoomClosure| {
                let mut others = closures.iter();
                others.any(|other| other.interval.overlaps(closure.interval))
            };
            match read {
                Some(closure) if overlaps(&closure) => {
                    faults.add(source, "overlaps another closure; join the two");
                }
                read => closures.extend(read),
            }
        }
        closures.sort();
        closures
    }

    /// True when the room is for slots of that kind.
    #[must_use]
    pub fn is_for(&self, kind: SlotKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// The first closure that takes part of an interval.
    #[must_use]
    pub fn closed_in(&self, interval: Interval) -> Option<&RoomClosure> {
        let mut closures = self.closures.iter();
        closures.find(|closure| closure.interval.overlaps(interval))
    }

    /// Capacities that can be stored, in people.
    pub const CAPACITY: RangeInclusive<i32> = 1..=100_000;
    /// Turnarounds that can be stored, in minutes.
    pub const TURNAROUND: RangeInclusive<i32> = 0..=240;
}
