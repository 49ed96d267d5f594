//! Decides what becomes of a slot: a programme and a command in, a decision or a refusal out.
//!
//! Form, drag, API, plan, undo, import and the substitution of interpreters all ask here. Nothing is stored: the caller
//! applies the decision in the transaction whose programme was judged.

mod staffing;

use std::sync::Arc;

use crate::core::action::Action;
use crate::core::free::{FollowingMove, FreeTime, alternatives, following};
use crate::core::interpreter::InterpreterId;
use crate::core::programme::Programme;
use crate::core::rule::{Level, Override, Reason, Reasons, Rule};
use crate::core::rules::{Candidate, Conflict, check, extent, in_force};
use crate::core::slot::{Placement, Slot, SlotDetails, SlotId, SlotState};
use crate::core::time::Moment;

/// What is asked of a slot.
#[derive(Debug, Clone)]
pub enum SlotCommand {
    /// Book a new slot under an id of its own, in the state that its details name.
    Book(SlotId, SlotDetails),
    /// Take over a slot as it stands elsewhere, in any state, with the sequence that it has there.
    Import(Slot),
    /// Change a stored slot.
    Alter {
        /// The slot.
        slot: SlotId,
        /// The version that was seen.
        version: i32,
        /// What becomes of it.
        step: SlotStep,
    },
}

/// What becomes of a stored slot.
#[derive(Debug, Clone)]
pub enum SlotStep {
    /// Other details. The state stays, except that a pencilled slot may be made tentative and back.
    Change(SlotDetails),
    /// Another time or room; the rest stays.
    Place(Placement),
    /// Neither a plan nor the handling of delays may move it, or both may again.
    Fix(bool),
    /// Its delegations are notified of it.
    Confirm,
    /// It is tentative again.
    Withdraw,
    /// It holds nothing any more and stays for the record.
    Cancel,
    /// The details that it had before its latest change.
    Undo(SlotDetails),
    /// Another interpreter in the place of one; refused for what was not against the slot before.
    Substitute {
        /// Who goes.
        leaves: InterpreterId,
        /// Who takes over.
        comes: InterpreterId,
    },
    /// Removes one interpreter without asking the rules: the gap is shown until it is filled.
    Release(InterpreterId),
}

impl SlotStep {
    /// The details of a slot after the step.
    #[must_use]
    pub fn applied_to(&self, old: &SlotDetails) -> SlotDetails {
        match self {
            Self::Change(details) => {
                // Confirming, withdrawing and cancelling are steps of their own, which notify the delegations.
                let state = if is_sketched(old.state) && is_sketched(details.state) {
                    details.state
                } else {
                    old.state
                };
                SlotDetails {
                    content: details.content.clone().in_order(),
                    placement: details.placement,
                    state,
                    fixed: details.fixed,
                }
            }
            Self::Place(placement) => old.placed(*placement),
            Self::Fix(fixed) => SlotDetails {
                fixed: *fixed,
                ..old.clone()
            },
            Self::Confirm => old.in_state(SlotState::Confirmed),
            Self::Withdraw => old.in_state(SlotState::Tentative),
            Self::Cancel => old.in_state(SlotState::Cancelled),
            Self::Undo(details) => details.clone(),
            Self::Substitute { leaves, comes } => {
                let mut content = old.content.without_interpreter(*leaves);
                content.interpreters.push(*comes);
                old.with_content(content.in_order())
            }
            Self::Release(leaves) => old.with_content(old.content.without_interpreter(*leaves)),
        }
    }

    /// What the history calls the step.
    const fn action(&self) -> Action {
        match self {
            Self::Change(_) | Self::Place(_) | Self::Fix(_) => Action::SlotChanged,
            Self::Confirm => Action::SlotConfirmed,
            Self::Withdraw => Action::SlotWithdrawn,
            Self::Cancel => Action::SlotCancelled,
            Self::Undo(_) => Action::SlotUndone,
            Self::Substitute { .. } => Action::SlotInterpreterReplaced,
            Self::Release(_) => Action::SlotInterpreterRemoved,
        }
    }
}

const fn is_sketched(state: SlotState) -> bool {
    matches!(state, SlotState::Pencilled | SlotState::Tentative)
}

/// A command, with who gives it, when, and the reasons given.
#[derive(Debug, Clone, Copy)]
pub struct DecisionRequest<'a> {
    /// What is asked.
    pub command: &'a SlotCommand,
    /// Reasons for rules to be overridden.
    pub given: GivenReasons<'a>,
}

/// Reasons, the author of those that name none, and the time.
#[derive(Debug, Clone, Copy)]
pub struct GivenReasons<'a> {
    /// The reasons by rule.
    pub reasons: &'a Reasons,
    /// Who gives them.
    pub author: &'a str,
    /// When.
    pub at: Moment,
}

/// What is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the slot is as asked for.
    Unchanged,
    /// A new slot, or the next version of a stored one.
    Store(Box<ChangedSlot>),
}

/// A slot as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedSlot {
    /// As it was; `None` for a new one.
    pub before: Option<Arc<Slot>>,
    /// As it will be.
    pub slot: Slot,
    /// Overrides by the reasons that were given.
    pub overrides: Vec<Override>,
    /// What the history calls it.
    pub action: Action,
}

/// Why nothing is stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// There is no such slot in this event.
    #[error("there is no such slot")]
    NotFound,
    /// Another officer was quicker.
    #[error("the slot has changed meanwhile")]
    Stale {
        /// The slot as it is now.
        current: Arc<Slot>,
        /// The programme as it is now.
        programme: Arc<Programme>,
    },
    /// The state does not allow it, as confirming what was cancelled.
    #[error("a slot that is {} cannot be {wanted}", .state.label().to_lowercase())]
    State {
        /// The state it is in.
        state: SlotState,
        /// What was wanted of it.
        wanted: &'static str,
    },
    /// What a slot is to be again names something that is no longer part of the event.
    #[error("this cannot be undone: {0}")]
    Gone(String),
    /// Rules are in the way: blocked ones, or ones that need a reason and have none.
    #[error("the slot is in conflict with {} rule(s)", .0.conflicts.len())]
    Conflicts(Box<Conflicts>),
}

/// The rules in the way of a slot, with the programme by which they were judged.
#[derive(Debug, Clone)]
pub struct Conflicts {
    /// The programme without what was refused.
    pub programme: Arc<Programme>,
    /// The stored slot that was to be changed; `None` for a new one.
    pub slot: Option<SlotId>,
    /// What was asked for.
    pub details: SlotDetails,
    /// What was found, the strictest first; conflicts that are overridden are among it.
    pub conflicts: Vec<Conflict>,
}

impl Conflicts {
    /// The slot as it was asked for.
    #[must_use]
    pub const fn candidate(&self) -> Candidate<'_> {
        Candidate::of(self.slot, &self.details)
    }

    /// True when no reason helps.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.conflicts
            .iter()
            .any(|conflict| conflict.level == Level::Blocked)
    }

    /// The rules that need a reason and have none in force for the slot as it was asked for, each once; none where no
    /// reason helps.
    #[must_use]
    pub fn rules_without_reason(&self) -> Vec<Rule> {
        if self.is_blocked() {
            return Vec::new();
        }
        let judged = self.candidate().within(&self.programme);
        let mut rules: Vec<Rule> = self
            .conflicts
            .iter()
            .filter(|conflict| conflict.level == Level::NeedsReason)
            .filter(|conflict| in_force(&judged, conflict).is_none())
            .map(Conflict::rule)
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// What could be booked instead. It is searched when it is shown, not in the transaction that was refused.
    #[must_use]
    pub fn alternatives(&self) -> Vec<FreeTime> {
        alternatives(&self.programme, self.candidate())
    }

    /// What could move later so that the slot can be extended as asked for; searched when it is shown.
    #[must_use]
    pub fn following(&self) -> Vec<FollowingMove> {
        following(&self.programme, self.candidate())
    }
}

/// Decides a command.
///
/// # Errors
/// With the reason why nothing is to be stored.
pub fn decide(
    programme: &Arc<Programme>,
    request: DecisionRequest<'_>,
) -> Result<Decision, Refusal> {
    match request.command {
        SlotCommand::Book(_, details) if details.state == SlotState::Cancelled => {
            Err(Refusal::State {
                state: details.state,
                wanted: "booked",
            })
        }
        SlotCommand::Book(id, details) => {
            add(programme, Slot::new(*id, details.clone(), 0), request.given)
        }
        SlotCommand::Import(slot) => add(programme, slot.clone(), request.given),
        SlotCommand::Alter {
            slot,
            version,
            step,
        } => {
            let old = at_version(programme, *slot, *version)?;
            alter(programme, &old, step, request.given)
        }
    }
}

/// Decides a new slot. The programme is not copied for it, so that one that is imported can grow by thousands of them.
fn add(
    programme: &Arc<Programme>,
    slot: Slot,
    given: GivenReasons<'_>,
) -> Result<Decision, Refusal> {
    let overrides = judge(programme, &slot, true, given)
        .map_err(|conflicts| refused(programme, None, &slot, conflicts))?;
    Ok(Decision::Store(Box::new(ChangedSlot {
        before: None,
        slot,
        overrides,
        action: Action::SlotBooked,
    })))
}

/// The slot, if it is still at the version that was seen.
///
/// # Errors
/// When it is not there, or another officer has changed it.
pub fn at_version(
    programme: &Arc<Programme>,
    id: SlotId,
    version: i32,
) -> Result<Arc<Slot>, Refusal> {
    let slot = programme.slot(id).cloned().ok_or(Refusal::NotFound)?;
    if slot.version == version {
        return Ok(slot);
    }
    Err(Refusal::Stale {
        current: slot,
        programme: Arc::clone(programme),
    })
}

fn alter(
    programme: &Arc<Programme>,
    old: &Arc<Slot>,
    step: &SlotStep,
    given: GivenReasons<'_>,
) -> Result<Decision, Refusal> {
    let state = old.state();
    let (wanted, is_allowed) = match step {
        SlotStep::Change(_)
        | SlotStep::Place(_)
        | SlotStep::Fix(_)
        | SlotStep::Substitute { .. } => ("changed", state != SlotState::Cancelled),
        SlotStep::Confirm => ("confirmed", is_sketched(state)),
        SlotStep::Withdraw => ("withdrawn", state == SlotState::Confirmed),
        SlotStep::Cancel => ("cancelled", state != SlotState::Cancelled),
        SlotStep::Undo(_) => ("undone", true),
        SlotStep::Release(_) => ("changed", true),
    };
    if !is_allowed {
        return Err(Refusal::State { state, wanted });
    }
    let details = step.applied_to(&old.details);
    let may_be_so = matches!(
        step,
        SlotStep::Change(_) | SlotStep::Place(_) | SlotStep::Fix(_)
    );
    if may_be_so && details == old.details {
        return Ok(Decision::Unchanged);
    }
    let slot = programme.successor(old, details);
    let judged = match step {
        SlotStep::Substitute { leaves, .. } if !old.content().interpreters.contains(leaves) => {
            return Err(Refusal::NotFound);
        }
        SlotStep::Substitute { .. } => staffing::substitute(programme, old, &slot, given),
        SlotStep::Release(leaves) => Ok(staffing::release(programme, old, &slot, *leaves, given)),
        // Nothing that a rule knows of.
        SlotStep::Fix(_) => Ok(Vec::new()),
        _ => judge_step(programme, old, &slot, given),
    };
    let overrides =
        judged.map_err(|conflicts| refused(programme, Some(slot.id), &slot, conflicts))?;
    Ok(Decision::Store(Box::new(ChangedSlot {
        before: Some(Arc::clone(old)),
        slot,
        overrides,
        action: step.action(),
    })))
}

fn judge_step(
    programme: &Programme,
    old: &Slot,
    slot: &Slot,
    given: GivenReasons<'_>,
) -> Result<Vec<Override>, Vec<Conflict>> {
    let moved = slot.moves != old.moves;
    let firmer = slot.state() == SlotState::Confirmed && old.state() != SlotState::Confirmed
        || slot.state().holds() && !old.state().holds();
    let wanted = slot.content().interpretation_wanted && !old.content().interpretation_wanted;
    let (is, was) = (slot.content(), old.content());
    let shaped = (is.kind, is.format) != (was.kind, was.format);
    let placed = moved || firmer || wanted || shaped;
    // A slot that is only relaxed is not refused for rules that object to it meanwhile.
    if !placed && slot.state() != old.state() {
        return Ok(Vec::new());
    }
    judge(&programme.with_slot(slot.clone()), slot, placed, given)
}

fn refused(
    programme: &Arc<Programme>,
    id: Option<SlotId>,
    slot: &Slot,
    conflicts: Vec<Conflict>,
) -> Refusal {
    Refusal::Conflicts(Box::new(Conflicts {
        programme: Arc::clone(programme),
        slot: id,
        details: slot.details.clone(),
        conflicts,
    }))
}

/// Judges a new slot, or one that the programme has already, and returns the overrides that its reasons amount to.
///
/// A slot that only gets other words (`placed` is false) needs no reasons again: it came no closer to a rule.
///
/// # Errors
/// With everything that was found, when anything of it is in the way.
fn judge(
    programme: &Programme,
    slot: &Slot,
    placed: bool,
    given: GivenReasons<'_>,
) -> Result<Vec<Override>, Vec<Conflict>> {
    let mut entries = Vec::new();
    let mut refused = false;
    let conflicts = check(programme, Candidate::stored(slot));
    for conflict in &conflicts {
        match conflict.level {
            Level::Blocked => refused = true,
            Level::NeedsReason if in_force(programme, conflict).is_none() => {
                let extent = extent(programme, slot.interval(), conflict);
                match given.reasons.get(&conflict.rule()) {
                    Some(reason) if reason.covers(extent) => {
                        entries.extend(overrides(programme, slot, conflict, reason, given));
                    }
                    _ => refused |= placed,
                }
            }
            Level::NeedsReason | Level::Advice => {}
        }
    }
    if refused { Err(conflicts) } else { Ok(entries) }
}

/// What a reason overrides: the rule for this slot beside each other slot that the conflict is about.
fn overrides(
    programme: &Programme,
    slot: &Slot,
    conflict: &Conflict,
    reason: &Reason,
    given: GivenReasons<'_>,
) -> Vec<Override> {
    let others = conflict.finding.others();
    let others = others
        .iter()
        .filter(|other| **other != slot.id)
        .filter_map(|other| programme.slot(*other));
    let mut beside: Vec<_> = others.map(|other| Some((other.id, other.moves))).collect();
    if beside.is_empty() {
        beside.push(None);
    }
    let author = reason.author.as_deref().unwrap_or(given.author);
    let approved = extent(programme, slot.interval(), conflict).max(reason.approved.unwrap_or(0));
    let entry = |other| Override {
        slot: slot.id,
        slot_moves: slot.moves,
        other,
        resource: conflict.finding.resource(),
        rule: conflict.rule(),
        reason: reason.text.clone(),
        author: author.to_owned(),
        approved: Some(approved),
        at: given.at,
    };
    beside.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests;
