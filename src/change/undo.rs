//! Undoing the latest change to a slot: a booking of its own, through the same rules as any other.

use super::booking::{self, BookingError, Notify};
use super::dry_run::NotifyTx;
use crate::core::decision::{Refusal, SlotStep, at_version};
use crate::core::due::due;
use crate::core::history::SlotSnapshot;
use crate::core::programme::Programme;
use crate::core::rule::Reasons;
use crate::core::slot::{Slot, SlotDetails, SlotId, SlotState};
use crate::mail::MailContext;
use crate::store::audit::{self, Record};

/// True for changes to the slot itself: notices and answers cannot be undone.
#[must_use]
pub fn is_change(record: &Record) -> bool {
    record.noun() == "slot"
}

/// What a slot was before its latest change, and the reasons that were in force then; a new slot was nothing, so that
/// undoing it cancels it.
///
/// # Errors
/// When an object that it named is no longer part of the event.
pub fn before(
    programme: &Programme,
    slot: &Slot,
    latest: &Record,
) -> Result<(SlotDetails, Reasons), Refusal> {
    if let Some(value) = latest.before() {
        let snapshot = SlotSnapshot::read(&value, &programme.event);
        return snapshot
            .and_then(|snapshot| snapshot.details(programme, slot.content()))
            .map_err(Refusal::Gone);
    }
    let details = slot.details.in_state(SlotState::Cancelled);
    Ok((details, Reasons::new()))
}

/// Takes the slot back to what it was before its latest change, if it is still at `version`.
///
/// The reasons in force then are given again, and `reasons` on top of them. Delegations that already heard of the
/// change hear of its undoing at once; those that did not have nothing to hear.
///
/// # Errors
/// When the slot has changed meanwhile, or a rule is in the way; or as the store says.
pub fn undo(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    id: SlotId,
    version: i32,
    reasons: &Reasons,
) -> Result<(), BookingError> {
    let slot = at_version(&tx.judged(), id, version)?;
    let records = audit::of_subject(tx.conn(), id.0)?;
    let Some(latest) = records.iter().find(|record| is_change(record)) else {
        return Err(Refusal::Gone("its history is not known".to_owned()).into());
    };
    let programme = tx.programme();
    let (details, mut given) = before(&programme, &slot, latest)?;
    given.extend(reasons.clone());
    let tell = if due(&programme, &slot).is_empty() {
        Notify::Now
    } else {
        Notify::Later
    };
    booking::alter(
        tx,
        post,
        (id, version),
        SlotStep::Undo(details),
        &given,
        tell,
    )
}
