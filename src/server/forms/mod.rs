//! Forms of the nouns: typed values, or messages at the fields.

pub mod delegation;
pub mod event;
pub mod free;
pub mod interpreter;
pub mod plan;
pub mod room;
pub mod slot;

use super::field::{Choice, Choices};
use super::form::{Fields, Form};

/// The field that says that no delegation is notified of a change.
const CORRECTION: &str = "correction";

/// The choice to notify no delegation of a change.
#[must_use]
pub fn correction_choice(form: &Form) -> Choices {
    let label = "Only a correction: what letters said before counts as told like this, and no delegation is notified";
    Choices::checkboxes(
        CORRECTION,
        "Letters already sent",
        [Choice::new("yes", label)],
    )
    .of(form)
}

/// True when no delegation is to be notified of the change.
#[must_use]
pub fn is_correction(fields: &Fields) -> bool {
    fields.get(CORRECTION) == "yes"
}
