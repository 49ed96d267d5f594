//! Interpreters who leave a slot that is otherwise unchanged.

use super::booking::{BookingError, execute};
use crate::core::decision::{SlotCommand, SlotStep};
use crate::core::interpreter::InterpreterId;
use crate::core::rule::Reasons;
use crate::core::slot::{Slot, SlotId};
use crate::store::transaction::EventTx;

/// Puts one interpreter in another's place, if the slot is still the `version` the officer saw.
///
/// # Errors
/// When the slot has changed meanwhile, is cancelled or not interpreted by the first, or a rule that was not against it
/// before is against the second; or as the store says.
pub fn substitute(
    tx: &mut EventTx<'_>,
    slot: SlotId,
    version: i32,
    leaves: InterpreterId,
    comes: InterpreterId,
) -> Result<(), BookingError> {
    let step = SlotStep::Substitute { leaves, comes };
    let command = SlotCommand::Alter {
        slot,
        version,
        step,
    };
    execute(tx, &command, &Reasons::new())
}

/// Removes an interpreter from a slot without asking the rules: the gap is shown on the
/// timetable until it is filled.
pub fn release(
    tx: &mut EventTx<'_>,
    slot: &Slot,
    leaves: InterpreterId,
) -> Result<(), BookingError> {
    let command = SlotCommand::Alter {
        slot: slot.id,
        version: slot.version,
        step: SlotStep::Release(leaves),
    };
    execute(tx, &command, &Reasons::new())
}
