//! The interpreter form: name, code, language pairs and presence line by line.

use crate::core::entered::{Entered, Faults};
use crate::core::event::Event;
use crate::core::interpreter::{Interpreter, InterpreterDraft, InterpreterId, LanguagePair};
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields};
use crate::server::forms::event::presence;

/// Every field of the form.
pub const FIELDS: &[&str] = &["code", "name", "pairs", "presence"];

/// Reads an interpreter form; `id` is that of the interpreter being changed, a fresh one for a new interpreter.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(
    event: &Event,
    fields: &Fields,
    id: Option<InterpreterId>,
) -> Result<Interpreter, FieldErrors> {
    let draft = InterpreterDraft {
        code: fields.entered("code", "Code"),
        name: fields.entered("name", "Name"),
        pairs: fields
            .lines("pairs", "Languages")
            .map(|Entered { value, source }| Entered {
                value: LanguagePair::parse(value),
                source,
            })
            .collect(),
        presence: presence(fields),
    };
    let mut faults = Faults::default();
    if draft.pairs.is_empty() {
        let pairs = fields.entered("pairs", "Languages");
        faults.add(&pairs.source, "are missing; enter one pair at least");
    }
    FieldErrors::unless_sound(faults, |faults| {
        let id = id.unwrap_or_else(|| InterpreterId(fresh_id()));
        Interpreter::parse(id, event.time_zone, &draft, faults)
    })
}

/// Fills the form with a stored interpreter.
#[must_use]
pub fn fields_of(event: &Event, interpreter: &Interpreter) -> Fields {
    let pairs = interpreter.pairs.iter().map(ToString::to_string);
    let presence = interpreter
        .presence
        .iter()
        .map(|stay| event.write_stay(*stay));
    Fields::from_pairs([
        ("code", interpreter.code.to_string()),
        ("name", interpreter.name.to_string()),
        ("pairs", pairs.collect::<Vec<_>>().join("\n")),
        ("presence", presence.collect::<Vec<_>>().join("\n")),
    ])
}
