//! What a rule found, as a value: both slots, the resource, and the facts a sentence needs.

use crate::core::coverage::Relay;
use crate::core::delegation::DelegationId;
use crate::core::interpreter::InterpreterId;
use crate::core::room::{RoomClosure, RoomId};
use crate::core::rule::Rule;
use crate::core::slot::Resource;
use crate::core::slot::{SlotId, SlotKind};
use crate::core::time::interval::Interval;

/// What a rule found, with the facts a sentence needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleFinding {
    /// Both slots want the resource at once.
    DoubleBooking {
        /// What both want.
        resource: Resource,
        /// The other slot.
        other: SlotId,
    },
    /// A start or end that is no multiple of the grid.
    OffGrid {
        /// The grid, in minutes.
        grid_minutes: i32,
    },
    /// Part of the slot is on no day of the event.
    OutsideDays,
    /// A bilateral of other than two.
    BilateralOfTwo {
        /// How many it has.
        found: usize,
    },
    /// A multilateral of fewer than three.
    MultilateralOfThree {
        /// How many it has.
        found: usize,
    },
    /// A plenary that the chair does not lead.
    PlenaryWithoutChair,
    /// An entry of another event, or of none.
    Foreign {
        /// Who or what.
        resource: Resource,
    },
    /// Outside the opening hours of its day.
    OutsideHours {
        /// The opening hours.
        open: Interval,
    },
    /// A delegation or interpreter is not there for the whole of it.
    Absent {
        /// Who.
        resource: Resource,
    },
    /// The room cannot be used for part of it.
    RoomClosed {
        /// The room.
        room: RoomId,
        /// The first closure that takes part of the slot.
        closure: RoomClosure,
    },
    /// The room is meant for other kinds of slot.
    RoomKind {
        /// The room.
        room: RoomId,
        /// What the slot is.
        kind: SlotKind,
    },
    /// The room is not tidy yet.
    Turnaround {
        /// The room.
        room: RoomId,
        /// The other slot.
        other: SlotId,
        /// Minutes between the two.
        gap: i32,
        /// Minutes the room needs.
        needed: i32,
    },
    /// A principal or an interpreter is still on the way.
    Transfer {
        /// Who.
        resource: Resource,
        /// The other slot.
        other: SlotId,
        /// Minutes between the two.
        gap: i32,
        /// Minutes the event grants at least.
        needed: i32,
    },
    /// More people than the room takes.
    Capacity {
        /// The room.
        room: RoomId,
        /// The parties together.
        expected: i32,
        /// What the room takes.
        capacity: i32,
    },
    /// Sides without a language in common, and without a booked interpreter between them.
    Uncovered {
        /// The chair, or the first in precedence.
        hub: DelegationId,
        /// Those who do not understand it.
        others: Vec<DelegationId>,
    },
    /// Two sides that understand each other through two interpreters.
    Relayed {
        /// The chair, or the first in precedence.
        hub: DelegationId,
        /// The other side.
        other: DelegationId,
        /// Through whom.
        relay: Relay,
    },
    /// A delegation whose languages are unknown.
    NoLanguages {
        /// The delegation.
        delegation: DelegationId,
    },
    /// An interpreter works too long.
    InterpreterRest {
        /// Who.
        interpreter: InterpreterId,
        /// The slots of the run, by time.
        run: Vec<SlotId>,
        /// From the start of the first to the end of the last.
        span: Interval,
        /// Minutes the event grants at most.
        allowed: i32,
        /// True without a colleague taking turns.
        alone: bool,
    },
    /// The chair's run is too long.
    ChairRest {
        /// The slots of the run, by time.
        run: Vec<SlotId>,
        /// From the start of the first to the end of the last.
        span: Interval,
        /// Minutes the event grants at most.
        allowed: i32,
    },
    /// A guest of later precedence has the chair first.
    OutOfPrecedence {
        /// The earlier bilateral.
        other: SlotId,
    },
    /// Another guest has more of the chair's time.
    UnequalLength {
        /// The longest bilateral.
        other: SlotId,
        /// Its length in minutes.
        longest: i32,
    },
    /// The two meet twice.
    RepeatedPair {
        /// The other bilateral.
        other: SlotId,
    },
    /// A guest never meets the chair alone.
    MissingBilateral {
        /// The guest.
        delegation: DelegationId,
    },
    /// No room yet.
    NoRoom,
}

impl RuleFinding {
    /// The rule that found it.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self {
            Self::DoubleBooking { .. } => Rule::DoubleBooking,
            Self::OffGrid { .. } | Self::OutsideDays => Rule::Interval,
            Self::BilateralOfTwo { .. }
            | Self::MultilateralOfThree { .. }
            | Self::PlenaryWithoutChair
            | Self::Foreign { .. } => Rule::Shape,
            Self::OutsideHours { .. } => Rule::Hours,
            Self::Absent { .. } => Rule::Presence,
            Self::RoomClosed { .. } => Rule::RoomClosed,
            Self::RoomKind { .. } => Rule::RoomKind,
            Self::Turnaround { .. } => Rule::Turnaround,
            Self::Transfer { .. } => Rule::Transfer,
            Self::Capacity { .. } => Rule::Capacity,
            Self::Uncovered { .. } | Self::Relayed { .. } | Self::NoLanguages { .. } => {
                Rule::Interpretation
            }
            Self::InterpreterRest { .. } => Rule::InterpreterRest,
            Self::ChairRest { .. } => Rule::ChairRest,
            Self::OutOfPrecedence { .. } => Rule::Precedence,
            Self::UnequalLength { .. } => Rule::EqualLength,
            Self::RepeatedPair { .. } => Rule::RepeatedPair,
            Self::MissingBilateral { .. } => Rule::MissingBilateral,
            Self::NoRoom => Rule::NoRoom,
        }
    }

    /// The other slot concerned.
    #[must_use]
    pub const fn other(&self) -> Option<SlotId> {
        match self {
            Self::DoubleBooking { other, .. }
            | Self::Turnaround { other, .. }
            | Self::Transfer { other, .. }
            | Self::OutOfPrecedence { other }
            | Self::UnequalLength { other, .. }
            | Self::RepeatedPair { other } => Some(*other),
            _ => None,
        }
    }

    /// Every other slot concerned: the one, or the run of the chair or an interpreter.
    #[must_use]
    pub fn others(&self) -> Vec<SlotId> {
        match self {
            Self::ChairRest { run, .. } | Self::InterpreterRest { run, .. } => run.clone(),
            finding => finding.other().into_iter().collect(),
        }
    }

    /// The resource concerned.
    #[must_use]
    pub const fn resource(&self) -> Option<Resource> {
        match self {
            Self::DoubleBooking { resource, .. }
            | Self::Foreign { resource }
            | Self::Absent { resource }
            | Self::Transfer { resource, .. } => Some(*resource),
            Self::Turnaround { room, .. }
            | Self::Capacity { room, .. }
            | Self::RoomClosed { room, .. }
            | Self::RoomKind { room, .. } => Some(Resource::Room(*room)),
            Self::MissingBilateral { delegation } | Self::NoLanguages { delegation } => {
                Some(Resource::Delegation(*delegation))
            }
            Self::InterpreterRest { interpreter, .. } => Some(Resource::Interpreter(*interpreter)),
            _ => None,
        }
    }
}
