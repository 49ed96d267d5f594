//! Interpreters who leave a slot that is otherwise unchanged.
//!
//! A change of interpreters counts as a move of the slot, so that it ends the reasons given for it. Here nothing but
//! one interpreter changes, and reasons for what has not changed stay with their author.

use std::sync::Arc;

use super::booking::BookingError;
use super::dry_run;
use crate::core::action::Action;
use crate::core::decision::{
    ChangedSlot, Conflicts, GivenReasons, Refusal, at_version, overrides, successor,
};
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::rule::{Level, Override, Reason, Reasons};
use crate::core::rules::{Candidate, Conflict, RuleFinding, check, in_force};
use crate::core::slot::{Slot, SlotContent, SlotDetails, SlotId, SlotState};
use crate::store::transaction::EventTx;

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
    let programme = dry_run::judged(tx);
    let old = at_version(&programme, id, version)?;
    if old.state() == SlotState::Cancelled {
        let (state, wanted) = (old.state(), "changed");
        return Err(Refusal::State { state, wanted }.into());
    }
    let content = old.content();
    if !content.interpreters.contains(&leaves) {
        return Err(Refusal::NotFound.into());
    }
    let mut content = content.without_interpreter(leaves);
    content.interpreters.push(comes);
    let change = StaffingChange::to(tx, &old, content.in_order());
    if change.new.is_empty() {
        change.store(tx, Action::SlotInterpreterReplaced)
    } else {
        let refused = Conflicts {
            programme,
            slot: Some(id),
            details: change.slot.details,
            conflicts: change.new,
        };
        Err(Refusal::Conflicts(Box::new(refused)).into())
    }
}

/// Removes an interpreter from a slot without asking the rules: the gap is shown on the
/// timetable until it is filled.
///
/// A slot that has ended needs no interpreter any more; its recorded reason is that the interpreter was there.
pub fn release(tx: &mut EventTx<'_>, id: SlotId, leaves: &Interpreter) -> Result<(), BookingError> {
    let old = tx.programme().slot(id).cloned().ok_or(Refusal::NotFound)?;
    let without = old.content().without_interpreter(leaves.id);
    let mut change = StaffingChange::to(tx, &old, without);
    if is_over(tx, &old) {
        let reason = Reason {
            text: format!("Interpreted by {}, who was removed afterwards", leaves.name),
            author: None,
        };
        change.excuse(tx, &reason);
    }
    change.store(tx, Action::SlotInterpreterRemoved)
}

fn given<'a>(tx: &EventTx<'_>, author: &'a str, reasons: &'a Reasons) -> GivenReasons<'a> {
    GivenReasons {
        reasons,
        author,
        at: tx.now,
    }
}

fn is_over(tx: &EventTx<'_>, slot: &Slot) -> bool {
    slot.interval().end().moment() <= tx.now
}

/// A slot as it will be, with the reasons that go on.
struct StaffingChange {
    old: Arc<Slot>,
    slot: Slot,
    given: Vec<Override>,
    /// What the change itself brings against the rules.
    new: Vec<Conflict>,
}

impl StaffingChange {
    fn to(tx: &EventTx<'_>, old: &Arc<Slot>, content: SlotContent) -> Self {
        let (author, none) = (tx.actor.to_string(), Reasons::new());
        let by = given(tx, &author, &none);
        let before = tx.programme();
        let details = SlotDetails {
            content,
            ..old.details.clone()
        };
        let slot = successor(&before, old, details);
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
                    given.extend(overrides(&after, &slot, &conflict, &reason, by));
                }
                // It was uncovered before and stays so.
                Some(None) => {}
                None if conflict.level == Level::Advice => {}
                None => new.push(conflict),
            }
        }
        Self {
            old: Arc::clone(old),
            slot,
            given,
            new,
        }
    }

    /// Gives a reason for the sides without an interpreter.
    fn excuse(&mut self, tx: &EventTx<'_>, reason: &Reason) {
        let (author, none) = (tx.actor.to_string(), Reasons::new());
        let by = given(tx, &author, &none);
        let after = tx.programme().with_slot(self.slot.clone());
        let uncovered =
            |conflict: &&Conflict| matches!(conflict.finding, RuleFinding::Uncovered { .. });
        for conflict in self.new.iter().filter(uncovered) {
            let given = overrides(&after, &self.slot, conflict, reason, by);
            self.given.extend(given);
        }
    }

    fn store(self, tx: &mut EventTx<'_>, action: Action) -> Result<(), BookingError> {
        let change = ChangedSlot {
            before: Some(self.old),
            slot: self.slot,
            overrides: self.given,
            action,
        };
        Ok(dry_run::apply(tx, change)?)
    }
}
