//! Interpreters who leave a slot that is otherwise unchanged.
//!
//! A change of interpreters counts as a move of the slot, so that it ends the reasons given for it. Here nothing but
//! one interpreter changes, and reasons for what has not changed stay with their author.

use super::{GivenReasons, overrides};
use crate::core::interpreter::InterpreterId;
use crate::core::programme::Programme;
use crate::core::rule::{Level, Override, Reason};
use crate::core::rules::{Candidate, Conflict, RuleFinding, check, in_force};
use crate::core::slot::Slot;

/// Judges a slot in which another interpreter takes over.
///
/// # Errors
/// With what the change itself brings against the rules.
pub(super) fn substitute(
    programme: &Programme,
    old: &Slot,
    slot: &Slot,
    given: GivenReasons<'_>,
) -> Result<Vec<Override>, Vec<Conflict>> {
    let change = StaffingChange::between(programme, old, slot, given);
    if change.new.is_empty() {
        Ok(change.kept)
    } else {
        Err(change.new)
    }
}

/// The overrides of a slot without an interpreter.
///
/// A slot that has ended needs no interpreter any more; its recorded reason is that the interpreter was there.
pub(super) fn release(
    programme: &Programme,
    old: &Slot,
    slot: &Slot,
    leaves: InterpreterId,
    given: GivenReasons<'_>,
) -> Vec<Override> {
    let mut change = StaffingChange::between(programme, old, slot, given);
    let interpreter = programme.interpreter(leaves);
    if let Some(interpreter) = interpreter.filter(|_| slot.interval().end().moment() <= given.at) {
        let reason = Reason {
            text: format!(
                "Interpreted by {}, who was removed afterwards",
                interpreter.name
            ),
            author: None,
            approved: None,
        };
        for conflict in &change.new {
            if matches!(conflict.finding, RuleFinding::Uncovered { .. }) {
                let excused = overrides(&change.after, slot, conflict, &reason, given);
                change.kept.extend(excused);
            }
        }
    }
    change.kept
}

/// What becomes of the rules on a slot when its interpreters change.
struct StaffingChange {
    after: Programme,
    /// The reasons that go on.
    kept: Vec<Override>,
    /// What the change itself brings against the rules.
    new: Vec<Conflict>,
}

impl StaffingChange {
    fn between(before: &Programme, old: &Slot, slot: &Slot, given: GivenReasons<'_>) -> Self {
        let after = before.with_slot(slot.clone());
        let known = check(before, Candidate::stored(old));
        let (mut kept, mut new) = (Vec::new(), Vec::new());
        for conflict in check(&after, Candidate::stored(slot)) {
            let same = known.iter().find(|other| other.finding == conflict.finding);
            match same.map(|same| in_force(before, same)) {
                Some(Some(entry)) => {
                    let reason = Reason {
                        text: entry.reason.clone(),
                        author: Some(entry.author.clone()),
                        approved: entry.approved,
                    };
                    kept.extend(overrides(&after, slot, &conflict, &reason, given));
                }
                // It was uncovered before and stays so.
                Some(None) => {}
                None if conflict.level == Level::Advice => {}
                None => new.push(conflict),
            }
        }
        Self { after, kept, new }
    }
}
