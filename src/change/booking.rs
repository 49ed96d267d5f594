//! Booking: what was decided of a slot is stored, and its delegations are notified, in one transaction.
//!
//! [`decide`] judges the programme of that transaction, so that what it saw is what is changed.

use crate::change::dry_run::{NotifyError, NotifyTx};
use crate::change::notify::{tell, tell_together};
use crate::core::decision::{
    Decision, DecisionRequest, GivenReasons, Refusal, SlotCommand, SlotStep, decide,
};
use crate::core::event::EventId;
use crate::core::rule::Reasons;
use crate::core::slot::{SlotDetails, SlotId, SlotState};
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::{Conn, DbError, is_overlap_refusal};
use crate::mail::MailContext;
use crate::runtime::random::fresh_id;
use crate::store::programme_cache::ProgrammeCache;
use crate::store::transaction::{self, EventTx, Written};

/// Why a booking failed.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// It was judged and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database refused, for another reason than the rules know.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The delegations could not be notified, so nothing was stored.
    #[error(transparent)]
    Tell(#[from] NotifyError),
}

/// A step of a slot that was seen at this version.
pub type StepOfSlot = (SlotId, i32, SlotStep);

/// Whether the delegations of a confirmed slot hear of a change at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// In the same transaction.
    Now,
    /// Later, by a press of a button.
    Later,
}

/// Runs a booking in one transaction on `event`.
///
/// Should the database refuse an overlap that the rules did not see, another program has written to it: the programme is
/// read again and the booking tried once more, so that the refusal is reported as the conflict it is.
pub fn commit<T>(
    conn: &mut Conn,
    programme_cache: &ProgrammeCache,
    event: EventId,
    actor: &Actor,
    now: Moment,
    work: impl Fn(&mut EventTx<'_>) -> Result<T, BookingError>,
) -> Result<Written<T>, BookingError> {
    match transaction::write(conn, programme_cache, event, actor, now, &work) {
        Err(BookingError::Store(error)) if is_overlap_refusal(&error) => {
            programme_cache.forget(event);
            transaction::write(conn, programme_cache, event, actor, now, &work)
        }
        outcome => outcome,
    }
}

/// Books a new slot, in the state its details ask for.
///
/// # Errors
/// When it is refused, or as the store says.
pub fn book(
    tx: &mut EventTx<'_>,
    post: &MailContext,
    details: SlotDetails,
    reasons: &Reasons,
) -> Result<SlotId, BookingError> {
    let id = SlotId(fresh_id());
    let is_confirmed = details.state == SlotState::Confirmed;
    execute(tx, &SlotCommand::Book(id, details), reasons)?;
    if is_confirmed {
        tell(tx, post, id)?;
    }
    Ok(id)
}

/// Confirms a slot and notifies its delegations.
pub fn confirm(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    id: SlotId,
    version: i32,
    reasons: &Reasons,
) -> Result<(), BookingError> {
    alter(
        tx,
        post,
        (id, version),
        SlotStep::Confirm,
        reasons,
        Notify::Now,
    )
}

/// Confirms several slots, or none of them, and notifies each delegation of all of its own in one letter to each contact.
pub fn confirm_all(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    slots: &[(SlotId, i32)],
    reasons: &Reasons,
) -> Result<(), BookingError> {
    let confirm = |(slot, version): &(SlotId, i32)| (*slot, *version, SlotStep::Confirm);
    let steps: Vec<_> = slots.iter().map(confirm).collect();
    alter_all(tx, post, &steps, reasons, Notify::Now)
}

/// Applies steps to several slots in this order, or to none, and notifies each delegation of all of its own in one letter
/// to each contact when that is to happen at once.
pub fn alter_all(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    steps: &[StepOfSlot],
    reasons: &Reasons,
    when: Notify,
) -> Result<(), BookingError> {
    for (slot, version, step) in steps {
        let command = SlotCommand::Alter {
            slot: *slot,
            version: *version,
            step: step.clone(),
        };
        execute(tx, &command, reasons)?;
    }
    if when == Notify::Now {
        let slots: Vec<SlotId> = steps.iter().map(|(slot, ..)| *slot).collect();
        tell_together(tx, post, &slots)?;
    }
    Ok(())
}

/// Takes a confirmation back: the slot is tentative again.
pub fn withdraw(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    id: SlotId,
    version: i32,
    tell: Notify,
) -> Result<(), BookingError> {
    let none = Reasons::new();
    alter(tx, post, (id, version), SlotStep::Withdraw, &none, tell)
}

/// Cancels a slot; it holds nothing any more and stays for the record.
pub fn cancel(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    id: SlotId,
    version: i32,
    tell: Notify,
) -> Result<(), BookingError> {
    let none = Reasons::new();
    alter(tx, post, (id, version), SlotStep::Cancel, &none, tell)
}

/// Applies a step to a slot that is still at the version that was seen, and notifies its delegations when that is to
/// happen at once.
pub fn alter(
    tx: &mut dyn NotifyTx,
    post: &MailContext,
    (slot, version): (SlotId, i32),
    step: SlotStep,
    reasons: &Reasons,
    when: Notify,
) -> Result<(), BookingError> {
    let command = SlotCommand::Alter {
        slot,
        version,
        step,
    };
    execute(tx, &command, reasons)?;
    if when == Notify::Now {
        tell(tx, post, slot)?;
    }
    Ok(())
}

/// Decides a command by the programme of the transaction, and stores what was decided.
pub(super) fn execute(
    tx: &mut dyn NotifyTx,
    command: &SlotCommand,
    reasons: &Reasons,
) -> Result<(), BookingError> {
    let author = tx.author();
    let request = DecisionRequest {
        command,
        given: GivenReasons {
            reasons,
            author: &author,
            at: tx.now(),
        },
    };
    match decide(&tx.judged(), request)? {
        Decision::Unchanged => tx.stays_as_it_is(),
        Decision::Store(change) => tx.apply(*change)?,
    }
    Ok(())
}
