//! The last word on an offer: whether it can be stored as it is, and if not for want of interpreters alone, with whom.

use crate::core::interpreter::InterpreterId;
use crate::core::programme::Programme;
use crate::core::rule::Rule;
use crate::core::rules::{Candidate, Conflict, interpretation, refusals};
use crate::core::slot::Resource;

/// Judges what is offered; returns who interprets: those in the details, or, where only they are in the way and `others`
/// may come, those who are free then, if they `will_do`.
///
/// # Errors
/// With the strictest thing in the way, the first of several.
pub(super) fn settle(
    programme: &Programme,
    candidate: Candidate<'_>,
    others: bool,
    will_do: impl Fn(&[InterpreterId]) -> bool,
) -> Result<Vec<InterpreterId>, Conflict> {
    let mut found = refusals(programme, candidate).into_iter();
    let Some(first) = found.next() else {
        return Ok(candidate.content.interpreters.clone());
    };
    let for_want_of_interpreters =
        is_about_interpreters(&first) && found.all(|other| is_about_interpreters(&other));
    if others
        && for_want_of_interpreters
        && let Some(interpreters) = interpretation::staff(programme, candidate)
        && will_do(&interpreters)
    {
        let staffed = candidate.content.interpreted_by(interpreters);
        let again = Candidate {
            content: &staffed,
            ..candidate
        };
        if refusals(programme, again).is_empty() {
            return Ok(staffed.interpreters);
        }
    }
    Err(first)
}

fn is_about_interpreters(conflict: &Conflict) -> bool {
    conflict.rule() == Rule::Interpretation
        || matches!(conflict.finding.resource(), Some(Resource::Interpreter(_)))
}
