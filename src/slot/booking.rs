//! Booking: every way in which a slot comes to be, changes and ends.
//!
//! Each function judges inside the event's transaction, so that what it saw is what it changes.

use std::sync::Arc;

use serde_json::Value;

use crate::audit::{Action, Actor};
use crate::core::event::EventId;
use crate::core::history::SlotSnapshot;
use crate::core::programme::Programme;
use crate::core::rule::{Level, Override, Reason, Reasons};
use crate::core::rules::{Candidate, Conflict, check, in_force};
use crate::core::slot::{Details, Slot, SlotId, State};
use crate::core::time::Moment;
use crate::db::{Conn, DbError, fresh_id, is_overlap_refusal};
use crate::event::live::Live;
use crate::event::tx::{self, EventTx, Written};
use crate::mail::Post;

/// Why a booking was refused.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// There is no such slot in this event.
    #[error("there is no such slot")]
    NotFound,
    /// Another officer was quicker.
    #[error("the slot has changed meanwhile")]
    Stale {
        /// The slot as it is now.
        current: Arc<Slot>,
    },
    /// Rules stand in the way: blocked ones, or ones that need a reason and have none.
    #[error("the slot is in conflict with {} rule(s)", .0.len())]
    Conflicts(Vec<Conflict>),
    /// The state does not allow it, as confirming what was cancelled.
    #[error("a slot that is {} cannot be {wanted}", .state.label().to_lowercase())]
    State {
        /// The state it is in.
        state: State,
        /// What was wanted of it.
        wanted: &'static str,
    },
    /// What a slot is to be again has gone from the event meanwhile.
    #[error("this cannot be undone: {0}")]
    Gone(String),
    /// The database refused, for another reason than the rules know.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The delegations could not be told, so nothing was stored.
    #[error(transparent)]
    Tell(#[from] crate::notice::telling::TellError),
}

/// Whether the delegations of a confirmed slot hear of a change at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// In the same transaction.
    Now,
    /// Later, by a press of a button.
    Later,
}

/// Runs a booking in one transaction on `event`.
///
/// Should the database refuse an overlap that the rules did not see, somebody has written around this program: the
/// programme is read anew and the booking tried once more, so that the refusal is reported as the conflict it is.
///
/// # Errors
/// As the work says.
pub fn commit<T>(
    conn: &mut Conn,
    live: &Live,
    event: EventId,
    actor: &Actor,
    now: Moment,
    work: impl Fn(&mut EventTx<'_>) -> Result<T, BookingError>,
) -> Result<Written<T>, BookingError> {
    match tx::write(conn, live, event, actor, now, &work) {
        Err(BookingError::Store(error)) if is_overlap_refusal(&error) => {
            live.forget(event);
            tx::write(conn, live, event, actor, now, &work)
        }
        outcome => outcome,
    }
}

/// Stores a new slot, in the state its details ask for.
///
/// # Errors
/// When a rule is in the way, or as the store says.
pub fn book(
    tx: &mut EventTx<'_>,
    post: &Post,
    details: Details,
    reasons: &Reasons,
) -> Result<SlotId, BookingError> {
    if details.state == State::Cancelled {
        return Err(BookingError::State {
            state: details.state,
            wanted: "booked",
        });
    }
    let slot = new_slot(details, 0);
    take_over(tx, &slot, reasons)?;
    if slot.state() == State::Confirmed {
        crate::notice::telling::tell(tx, post, slot.id)?;
    }
    Ok(slot.id)
}

/// A slot that is not stored yet.
pub(crate) fn new_slot(details: Details, sequence: i32) -> Slot {
    Slot {
        id: SlotId(fresh_id()),
        details: details.in_order(),
        version: 1,
        sequence,
        placement: 1,
    }
}

/// Stores a new slot and tells nobody.
fn take_over(tx: &mut EventTx<'_>, slot: &Slot, reasons: &Reasons) -> Result<(), BookingError> {
    let given = judge(tx, slot, true, reasons)?;
    tx.store_slot(slot, &given)?;
    record(tx, Action::SlotBooked, None, slot)
}

/// Stores a slot with other details, if it is still the `version` the officer saw.
///
/// The state stays as it is, except that what was pencilled may be made tentative and back.
///
/// # Errors
/// When the slot has changed meanwhile, is cancelled, or a rule is in the way; or as the store says.
pub fn change(
    tx: &mut EventTx<'_>,
    post: &Post,
    id: SlotId,
    version: i32,
    details: Details,
    reasons: &Reasons,
    tell: Tell,
) -> Result<(), BookingError> {
    let old = at_version(tx, id, version)?;
    if old.state() == State::Cancelled {
        return Err(BookingError::State {
            state: old.state(),
            wanted: "changed",
        });
    }
    // Confirming, withdrawing and cancelling are steps of their own, which tell the delegations.
    let sketched = |state| matches!(state, State::Pencilled | State::Tentative);
    let state = if sketched(old.state()) && sketched(details.state) {
        details.state
    } else {
        old.state()
    };
    let details = Details { state, ..details }.in_order();
    if details == old.details {
        // Unless there is something to tell of.
        tx.stays_as_it_is();
        return told(tx, post, id, tell);
    }
    replace(tx, &old, details, reasons, Action::SlotChanged)?;
    told(tx, post, id, tell)
}

/// Confirms a slot and tells its delegations.
///
/// # Errors
/// As [`change`].
pub fn confirm(
    tx: &mut EventTx<'_>,
    post: &Post,
    id: SlotId,
    version: i32,
    reasons: &Reasons,
) -> Result<(), BookingError> {
    let old = at_version(tx, id, version)?;
    if !matches!(old.state(), State::Pencilled | State::Tentative) {
        return Err(BookingError::State {
            state: old.state(),
            wanted: "confirmed",
        });
    }
    let details = Details {
        state: State::Confirmed,
        ..old.details.clone()
    };
    replace(tx, &old, details, reasons, Action::SlotConfirmed)?;
    told(tx, post, id, Tell::Now)
}

/// Takes a confirmation back: the slot is tentative again.
///
/// # Errors
/// As [`change`].
pub fn withdraw(
    tx: &mut EventTx<'_>,
    post: &Post,
    id: SlotId,
    version: i32,
    tell: Tell,
) -> Result<(), BookingError> {
    let old = at_version(tx, id, version)?;
    if old.state() != State::Confirmed {
        return Err(BookingError::State {
            state: old.state(),
            wanted: "withdrawn",
        });
    }
    let details = Details {
        state: State::Tentative,
        ..old.details.clone()
    };
    replace(tx, &old, details, &Reasons::new(), Action::SlotWithdrawn)?;
    told(tx, post, id, tell)
}

/// Cancels a slot; it holds nothing any more and stays for the record.
///
/// # Errors
/// As [`change`].
pub fn cancel(
    tx: &mut EventTx<'_>,
    post: &Post,
    id: SlotId,
    version: i32,
    tell: Tell,
) -> Result<(), BookingError> {
    let old = at_version(tx, id, version)?;
    if old.state() == State::Cancelled {
        return Err(BookingError::State {
            state: old.state(),
            wanted: "cancelled",
        });
    }
    let details = Details {
        state: State::Cancelled,
        ..old.details.clone()
    };
    replace(tx, &old, details, &Reasons::new(), Action::SlotCancelled)?;
    told(tx, post, id, tell)
}

pub(crate) fn told(
    tx: &mut EventTx<'_>,
    post: &Post,
    id: SlotId,
    tell: Tell,
) -> Result<(), BookingError> {
    match tell {
        Tell::Now => Ok(crate::notice::telling::tell(tx, post, id)?),
        Tell::Later => Ok(()),
    }
}

pub(crate) fn at_version(
    tx: &EventTx<'_>,
    id: SlotId,
    version: i32,
) -> Result<Arc<Slot>, BookingError> {
    let slot = tx
        .programme()
        .slot(id)
        .cloned()
        .ok_or(BookingError::NotFound)?;
    if slot.version == version {
        Ok(slot)
    } else {
        Err(BookingError::Stale { current: slot })
    }
}

pub(crate) fn replace(
    tx: &mut EventTx<'_>,
    old: &Slot,
    details: Details,
    reasons: &Reasons,
    action: Action,
) -> Result<(), BookingError> {
    let slot = successor(tx, old, details);
    let moved = slot.placement != old.placement;
    let firmer = slot.state() == State::Confirmed && old.state() != State::Confirmed
        || slot.state().holds() && !old.state().holds();
    let wanted = slot.details.interpretation_wanted && !old.details.interpretation_wanted;
    let placed = moved || firmer || wanted || slot.details.kind != old.details.kind;
    // Whoever only loosens a slot is not asked about rules that have come to stand against it meanwhile.
    let loosened = !placed && slot.state() != old.state();
    let given = if loosened {
        Vec::new()
    } else {
        judge(tx, &slot, placed, reasons)?
    };
    let before = history(tx, old);
    tx.store_slot(&slot, &given)?;
    record(tx, action, Some(before), &slot)
}

/// A slot with other details, its counters raised by what that changes.
pub(crate) fn successor(tx: &EventTx<'_>, old: &Slot, details: Details) -> Slot {
    let moved = details.placed_differently(&old.details);
    // Whoever was told of the slot must be able to order what they hear next (RFC 5546: CANCEL above the last
    // REQUEST, and a new REQUEST above that).
    let told = tx.programme().ledger.notices_of(old.id).next().is_some();
    let announced = details.announced_differently(&old.details)
        || details.state == State::Cancelled
        || (told && details.state != old.state());
    Slot {
        id: old.id,
        version: old.version + 1,
        sequence: old.sequence + i32::from(announced),
        placement: old.placement + i32::from(moved),
        details,
    }
}

/// Judges a slot by every rule and returns the overrides its reasons amount to.
///
/// What only gets other words (`placed` is false) is not asked again for reasons: nothing came closer to a rule.
fn judge(
    tx: &EventTx<'_>,
    slot: &Slot,
    placed: bool,
    reasons: &Reasons,
) -> Result<Vec<Override>, BookingError> {
    let programme = tx.programme().with_slot(slot.clone());
    let by = GivenBy::of(tx);
    judge_in(&programme, by, slot, placed, reasons).map_err(BookingError::Conflicts)
}

/// Who gives reasons now, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenBy<'a> {
    /// The author of reasons that name none.
    pub author: &'a Actor,
    /// The time of the booking.
    pub at: Moment,
}

impl<'a> GivenBy<'a> {
    fn of(tx: &'a EventTx<'_>) -> Self {
        Self {
            author: tx.actor,
            at: tx.now,
        }
    }
}

/// Judges a slot of a programme that has it already, as [`judge`] does.
///
/// # Errors
/// With everything that was found, when anything of it stands in the way.
pub(crate) fn judge_in(
    programme: &Programme,
    by: GivenBy<'_>,
    slot: &Slot,
    placed: bool,
    reasons: &Reasons,
) -> Result<Vec<Override>, Vec<Conflict>> {
    let mut given = Vec::new();
    let mut refused = false;
    let conflicts = check(programme, Candidate::stored(slot));
    for conflict in &conflicts {
        match conflict.level {
            Level::Blocked => refused = true,
            Level::NeedsReason if in_force(programme, conflict).is_none() => {
                match reasons.get(&conflict.rule()) {
                    Some(reason) => given.extend(entries(programme, by, slot, conflict, reason)),
                    None => refused |= placed,
                }
            }
            Level::NeedsReason | Level::Advice => {}
        }
    }
    if refused { Err(conflicts) } else { Ok(given) }
}

/// What a reason sets aside: the rule for this slot beside each other slot that the conflict is about.
pub(crate) fn overrides(
    tx: &EventTx<'_>,
    programme: &Programme,
    slot: &Slot,
    conflict: &Conflict,
    reason: &Reason,
) -> Vec<Override> {
    entries(programme, GivenBy::of(tx), slot, conflict, reason)
}

fn entries(
    programme: &Programme,
    by: GivenBy<'_>,
    slot: &Slot,
    conflict: &Conflict,
    reason: &Reason,
) -> Vec<Override> {
    let others = conflict.finding.others();
    let others = others
        .iter()
        .filter(|other| **other != slot.id)
        .filter_map(|other| programme.slot(*other));
    let mut beside: Vec<_> = others
        .map(|other| Some((other.id, other.placement)))
        .collect();
    if beside.is_empty() {
        beside.push(None);
    }
    let author = reason
        .author
        .clone()
        .unwrap_or_else(|| by.author.to_string());
    let entry = |other| Override {
        slot: slot.id,
        slot_placement: slot.placement,
        other,
        resource: conflict.finding.resource(),
        rule: conflict.rule(),
        reason: reason.text.clone(),
        author: author.clone(),
        at: by.at,
    };
    beside.into_iter().map(entry).collect()
}

pub(crate) fn history(tx: &EventTx<'_>, slot: &Slot) -> Value {
    history_in(&tx.programme(), slot)
}

/// What the history says of a slot of a programme.
pub(crate) fn history_in(programme: &Programme, slot: &Slot) -> Value {
    SlotSnapshot::of(programme, slot).to_json()
}

pub(crate) fn record(
    tx: &mut EventTx<'_>,
    action: Action,
    before: Option<Value>,
    new: &Slot,
) -> Result<(), BookingError> {
    let after = history(tx, new);
    tx.record(
        action,
        (new.id.0, new.details.title.as_str()),
        before,
        Some(after),
    )?;
    Ok(())
}
