//! Interpreters who leave a slot that otherwise stays as it is.
//!
//! Whoever interprets is part of a slot's placement, so that a change ends the reasons given for it. Here nothing but
//! one interpreter changes, and reasons for what has not changed go on with their author.

use super::booking::{BookingError, at_version, history, overrides, record, successor};
use crate::audit::Action;
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::rule::Reason;
use crate::core::rule::{Level, Override};
use crate::core::rules::{Candidate, Conflict, Finding, check, in_force};
use crate::core::slot::{Details, Slot, SlotId, State};
use crate::event::tx::EventTx;

/// Puts one interpreter in another's place, if the slot is still the `version` the officer saw.
///
/// # Errors
/// When the slot has changed meanwhile, is cancelled or not interpreted by the first, or a rule that was not against it
/// before is against the second; or as the store says.
pub fn substitute(
    tx: &mut EventTx<'_>,
    id: SlotId,
    version: i32,
    leaves: InterpreterId,
    comes: InterpreterId,
) -> Result<(), BookingError> {
    let old = at_version(tx, id, version)?;
    if old.state() == State::Cancelled {
        return Err(BookingError::State {
            state: old.state(),
            wanted: "changed",
        });
    }
    if !old.details.interpreters.contains(&leaves) {
        return Err(BookingError::NotFound);
    }
    let mut details = old.details.without_interpreter(leaves);
    details.interpreters.push(comes);
    let change = Change::to(tx, &old, details.in_order());
    if change.new.is_empty() {
        change.store(tx, &old, Action::SlotInterpreterReplaced)
    } else {
        Err(BookingError::Conflicts(change.new))
    }
}

/// Takes an interpreter who is being removed out of a slot, whatever the rules say: the gap this leaves stands on the
/// timetable until somebody fills it.
///
/// A slot that is over needs nobody any more; its reason on record is that the interpreter was there.
///
/// # Errors
/// As the store says.
pub fn release(tx: &mut EventTx<'_>, id: SlotId, leaves: &Interpreter) -> Result<(), BookingError> {
    let old = tx
        .programme()
        .slot(id)
        .cloned()
        .ok_or(BookingError::NotFound)?;
    let mut change = Change::to(tx, &old, old.details.without_interpreter(leaves.id));
    if is_over(tx, &old) {
        let reason = Reason {
            text: format!("Interpreted by {}, who was removed afterwards", leaves.name),
            author: None,
        };
        change.excuse(tx, &reason);
    }
    change.store(tx, &old, Action::SlotInterpreterRemoved)
}

fn is_over(tx: &EventTx<'_>, slot: &Slot) -> bool {
    slot.interval().end().moment() <= tx.now
}

/// A slot as it will be, with the reasons that go on.
struct Change {
    slot: Slot,
    given: Vec<Override>,
    /// What the change itself brings against the rules.
    new: Vec<Conflict>,
}

impl Change {
    fn to(tx: &EventTx<'_>, old: &Slot, details: Details) -> Self {
        let slot = successor(tx, old, details);
        let before = tx.programme();
        let after = before.with_slot(slot.clone());
        let known = check(&before, Candidate::stored(old));
        let (mut given, mut new) = (Vec::new(), Vec::new());
        for conflict in check(&after, Candidate::stored(&slot)) {
            let same = known.iter().find(|other| other.finding == conflict.finding);
            match same.map(|same| in_force(&before, same)) {
                Some(Some(entry)) => {
                    let reason = Reason {
                        text: entry.reason.clone(),
                        author: Some(entry.author.clone()),
                    };
                    given.extend(overrides(tx, &after, &slot, &conflict, &reason));
                }
                // It stood open before and goes on doing so.
                Some(None) => {}
                None if conflict.level == Level::Advice => {}
                None => new.push(conflict),
            }
        }
        Self { slot, given, new }
    }

    /// Gives a reason for the sides that nobody stands between.
    fn excuse(&mut self, tx: &EventTx<'_>, reason: &Reason) {
        let after = tx.programme().with_slot(self.slot.clone());
        let uncovered =
            |conflict: &&Conflict| matches!(conflict.finding, Finding::Uncovered { .. });
        for conflict in self.new.iter().filter(uncovered) {
            let given = overrides(tx, &after, &self.slot, conflict, reason);
            self.given.extend(given);
        }
    }

    fn store(self, tx: &mut EventTx<'_>, old: &Slot, action: Action) -> Result<(), BookingError> {
        let before = history(tx, old);
        tx.store_slot(&self.slot, &self.given)?;
        record(tx, action, Some(before), &self.slot)
    }
}
