//! Who could help a slot that lacks interpreters: who is free for it, who could step in for whom, who would do.

use super::{of_content, rest, rest_of_one};
use crate::core::delegation::DelegationId;
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::programme::Programme;
use crate::core::rule::Level;
use crate::core::rules::{Candidate, RuleFinding, overlap, place};
use crate::core::slot::Resource;
use crate::core::slot::{Slot, SlotState};

/// The interpreters who could be added to a slot without any rule against it: nowhere else at that time, present, and
/// not without a rest for too long.
pub fn free_interpreters<'p>(
    programme: &'p Programme,
    candidate: Candidate<'p>,
) -> impl Iterator<Item = &'p Interpreter> {
    programme.interpreters.iter().filter(move |interpreter| {
        !candidate.content.interpreters.contains(&interpreter.id)
            && is_free(programme, candidate, interpreter)
    })
}

fn is_free(programme: &Programme, candidate: Candidate<'_>, interpreter: &Interpreter) -> bool {
    // A slot that is too long for one interpreter takes two; that is no fault of either.
    let of_itself = |finding: &RuleFinding| matches!(finding, RuleFinding::InterpreterRest { run, .. } if run.len() == 1);
    in_the_way_of(programme, candidate, interpreter)
        .iter()
        .all(of_itself)
}

/// What the rules have against an interpreter in a slot, booked for it already or not.
fn in_the_way_of(
    programme: &Programme,
    candidate: Candidate<'_>,
    interpreter: &Interpreter,
) -> Vec<RuleFinding> {
    let resource = Resource::Interpreter(interpreter.id);
    let mut content = candidate.content.clone();
    if !content.interpreters.contains(&interpreter.id) {
        content.interpreters.push(interpreter.id);
    }
    let with = Candidate {
        content: &content,
        // A sketch books no interpreter; the question is whether it could.
        state: SlotState::Tentative,
        ..candidate
    };
    let mut found = Vec::new();
    overlap::check_one(programme, with, resource, &mut found);
    rest_of_one(programme, with, interpreter, &mut found);
    let absent = place::presence(programme, with, resource);
    let found = found
        .into_iter()
        .filter(|conflict| conflict.level != Level::Advice)
        .map(|conflict| conflict.finding);
    absent.into_iter().chain(found).collect()
}

/// Finds replacements for an interpreter in a slot without a rule against it: those who are free and work between
/// all the sides that would be left uncovered, or, where there are none, between the same two languages.
#[must_use]
pub fn replacements<'p>(
    programme: &'p Programme,
    slot: &Slot,
    leaves: &Interpreter,
) -> Vec<&'p Interpreter> {
    let without = slot.content().without_interpreter(leaves.id);
    let left = left_alone(programme, slot, leaves.id);
    let candidate = Candidate {
        content: &without,
        ..Candidate::stored(slot)
    };
    let fits = |other: &&Interpreter| {
        other.id != leaves.id
            && !without.interpreters.contains(&other.id)
            && if left.is_empty() {
                other.shares_a_pair_with(leaves)
            } else {
                left.iter().all(|gap| gap.is_closed_by(programme, other))
            }
            && in_the_way_of(programme, candidate, other).is_empty()
    };
    programme.interpreters.iter().filter(fits).collect()
}

/// The sides that would understand each other no more without an interpreter.
#[must_use]
pub fn left_alone(programme: &Programme, slot: &Slot, leaves: InterpreterId) -> Vec<Gap> {
    let content = slot.content();
    let before = of_content(programme, content);
    let before: Vec<DelegationId> = before.uncovered().map(|sides| sides.other).collect();
    let without = of_content(programme, &content.without_interpreter(leaves));
    let new = without.uncovered();
    new.filter(|sides| !before.contains(&sides.other))
        .map(|sides| Gap::Between(sides.hub, sides.other))
        .collect()
}

/// Who could interpret a slot, so that no rule on interpreters is against it: those who are booked for it and free,
/// with the first free ones who close what gaps that leaves, none of them by relay. `None` when there are not enough.
#[must_use]
pub fn staff(programme: &Programme, candidate: Candidate<'_>) -> Option<Vec<InterpreterId>> {
    let mut content = candidate.content.clone();
    let stays = |id: &InterpreterId| {
        let interpreter = programme.interpreter(*id);
        interpreter.is_some_and(|interpreter| is_free(programme, candidate, interpreter))
    };
    content.interpreters.retain(stays);
    let free: Vec<&Interpreter> = free_interpreters(programme, candidate).collect();
    // Each turn adds one, so there is an end to it.
    for _ in 0..=free.len() {
        let with = Candidate {
            content: &content,
            ..candidate
        };
        let Some(missing) = first_gap(programme, with) else {
            return Some(content.in_order().interpreters);
        };
        let next = free
            .iter()
            .filter(|each| !content.interpreters.contains(&each.id))
            .find(|each| missing.is_closed_by(programme, each))?;
        content.interpreters.push(next.id);
    }
    None
}

/// What a slot lacks in interpreters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// An interpreter between two sides.
    Between(DelegationId, DelegationId),
    /// A colleague to take turns with this one.
    BesideOne(InterpreterId),
}

impl Gap {
    fn is_closed_by(&self, programme: &Programme, interpreter: &Interpreter) -> bool {
        match self {
            Self::Between(one, other) => programme
                .delegation(*one)
                .zip(programme.delegation(*other))
                .is_some_and(|(one, other)| {
                    interpreter.works_between(&one.languages, &other.languages)
                }),
            Self::BesideOne(id) => programme
                .interpreter(*id)
                .is_some_and(|first| first.shares_a_pair_with(interpreter)),
        }
    }
}

fn first_gap(programme: &Programme, candidate: Candidate<'_>) -> Option<Gap> {
    let coverage = of_content(programme, candidate.content);
    if let Some(sides) = coverage.uncovered().next() {
        return Some(Gap::Between(sides.hub, sides.other));
    }
    let mut found = Vec::new();
    rest(programme, candidate, &mut found);
    found
        .into_iter()
        .find_map(|conflict| match conflict.finding {
            RuleFinding::InterpreterRest { interpreter, .. } => Some(Gap::BesideOne(interpreter)),
            _ => None,
        })
}
