//! The rules of DESIGN §3: pure functions from a programme and a slot to what is in the way.

use crate::db::text_enum::TextEnum;
use crate::slot::SlotId;
use crate::time::Moment;

/// A rule of DESIGN §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A principal, room or interpreter in two slots at once.
    DoubleBooking,
    /// Off the grid or outside the event's days.
    Interval,
    /// Wrong participants for the kind; something that is not of this event.
    Shape,
    /// Outside opening hours.
    Hours,
    /// A delegation or interpreter that is not there.
    Presence,
    /// A room's turnaround cut short.
    Turnaround,
    /// Too little time for a principal between two rooms.
    Transfer,
    /// A room too small for the expected parties.
    Capacity,
    /// The chair's longest run without a break.
    ChairRest,
    /// The chair's bilaterals out of order of precedence.
    Precedence,
    /// Bilaterals with the chair of unequal length.
    EqualLength,
    /// The same two delegations twice.
    RepeatedPair,
    /// A guest without a bilateral with the chair.
    MissingBilateral,
    /// A slot without a room.
    NoRoom,
}

impl TextEnum for Rule {
    const ALL: &'static [Self] = &[
        Self::DoubleBooking,
        Self::Interval,
        Self::Shape,
        Self::Hours,
        Self::Presence,
        Self::Turnaround,
        Self::Transfer,
        Self::Capacity,
        Self::ChairRest,
        Self::Precedence,
        Self::EqualLength,
        Self::RepeatedPair,
        Self::MissingBilateral,
        Self::NoRoom,
    ];
    const NOUN: &'static str = "rule";

    fn as_str(self) -> &'static str {
        match self {
            Self::DoubleBooking => "double_booking",
            Self::Interval => "interval",
            Self::Shape => "shape",
            Self::Hours => "hours",
            Self::Presence => "presence",
            Self::Turnaround => "turnaround",
            Self::Transfer => "transfer",
            Self::Capacity => "capacity",
            Self::ChairRest => "chair_rest",
            Self::Precedence => "precedence",
            Self::EqualLength => "equal_length",
            Self::RepeatedPair => "repeated_pair",
            Self::MissingBilateral => "missing_bilateral",
            Self::NoRoom => "no_room",
        }
    }
}

/// A rule set aside with a reason. It is in force while the slots concerned stand where they stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The slot that was booked against the rule.
    pub slot: SlotId,
    /// Its placement then.
    pub slot_placement: i32,
    /// The other slot concerned and its placement then.
    pub other: Option<(SlotId, i32)>,
    /// The rule.
    pub rule: Rule,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub author: String,
    /// When.
    pub at: Moment,
}
