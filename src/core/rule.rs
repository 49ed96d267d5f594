//! The catalogue: rules and levels, by the codes that files and the API use.

use std::collections::BTreeMap;

use crate::core::slot::{Resource, SlotId};
use crate::core::text_enum::TextEnum;
use crate::core::time::Moment;

/// A rule on slots.
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
    /// A room that is closed.
    RoomClosed,
    /// A room's turnaround cut short.
    Turnaround,
    /// Too little time for a principal or an interpreter between two rooms.
    Transfer,
    /// A room too small for the expected parties.
    Capacity,
    /// A room that is meant for other kinds of slot.
    RoomKind,
    /// Two sides without a language in common or an interpreter.
    Interpretation,
    /// An interpreter's longest run without a rest.
    InterpreterRest,
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
        Self::RoomClosed,
        Self::Turnaround,
        Self::Transfer,
        Self::Capacity,
        Self::RoomKind,
        Self::Interpretation,
        Self::InterpreterRest,
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
            Self::RoomClosed => "room_closed",
            Self::Turnaround => "turnaround",
            Self::Transfer => "transfer",
            Self::Capacity => "capacity",
            Self::RoomKind => "room_kind",
            Self::Interpretation => "interpretation",
            Self::InterpreterRest => "interpreter_rest",
            Self::ChairRest => "chair_rest",
            Self::Precedence => "precedence",
            Self::EqualLength => "equal_length",
            Self::RepeatedPair => "repeated_pair",
            Self::MissingBilateral => "missing_bilateral",
            Self::NoRoom => "no_room",
        }
    }
}

impl Rule {
    /// The rule as a heading, for the field that asks for a reason.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::DoubleBooking => "Double booking",
            Self::Interval => "Time",
            Self::Shape => "Participants",
            Self::Hours => "Opening hours",
            Self::Presence => "Presence",
            Self::RoomClosed => "Room closed",
            Self::Turnaround => "Turnaround of the room",
            Self::Transfer => "Transfer between rooms",
            Self::Capacity => "Capacity of the room",
            Self::RoomKind => "Use of the room",
            Self::Interpretation => "Interpretation",
            Self::InterpreterRest => "Rest of an interpreter",
            Self::ChairRest => "Rest of the chair",
            Self::Precedence => "Order of precedence",
            Self::EqualLength => "Equal length",
            Self::RepeatedPair => "Repeated pair",
            Self::MissingBilateral => "Missing bilateral",
            Self::NoRoom => "No room",
        }
    }
}

/// How strictly a rule is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Cannot be stored by any user.
    Blocked,
    /// Stored only with a reason.
    NeedsReason,
    /// Shown, never in the way.
    Advice,
}

impl TextEnum for Level {
    const ALL: &'static [Self] = &[Self::Blocked, Self::NeedsReason, Self::Advice];
    const NOUN: &'static str = "level";

    fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::NeedsReason => "needs_reason",
            Self::Advice => "advice",
        }
    }
}

impl Level {
    /// The level as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Blocked => "Conflict",
            Self::NeedsReason => "Needs a reason",
            Self::Advice => "Advice",
        }
    }
}

/// Reasons for overriding rules.
pub type Reasons = BTreeMap<Rule, Reason>;

/// Why a rule is overridden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// In words.
    pub text: String,
    /// The author, where it is not the current user.
    pub author: Option<String>,
    /// The most that it was given for, as [`Override::approved`]; `None`: for what is true now.
    pub approved: Option<i32>,
}

impl Reason {
    /// True when the reason was given for a finding of this extent, or for more.
    #[must_use]
    pub fn covers(&self, extent: i32) -> bool {
        self.approved.is_none_or(|approved| extent <= approved)
    }
}

/// An overridden rule with its reason. It is in force while the slots concerned are not moved, and the finding is no
/// worse than it was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The slot that was booked against the rule.
    pub slot: SlotId,
    /// How often it had been moved then.
    pub slot_moves: i32,
    /// The other slot concerned, and how often it had been moved then.
    pub other: Option<(SlotId, i32)>,
    /// The resource concerned, where the rule is about one.
    pub resource: Option<Resource>,
    /// The rule.
    pub rule: Rule,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub author: String,
    /// The extent of the finding when the reason was given, in the units of
    /// [`extent`](fn@crate::core::rules::extent); `None` for one of an earlier release that is not measured yet.
    pub approved: Option<i32>,
    /// When.
    pub at: Moment,
}
