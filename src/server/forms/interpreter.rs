//! The interpreter form: name, code, language pairs and presence line by line.

use crate::core::event::Event;
use crate::core::interpreter::{Interpreter, InterpreterId, LanguagePair};
use crate::core::text::{Code, TextLine};
use crate::runtime::random::fresh_id;
use crate::server::form::{FieldErrors, Fields};
use crate::server::forms::event::presence;

/// Every field of the form.
pub const FIELDS: &[&str] = &["code", "name", "pairs", "presence"];

/// More pairs than any interpreter has.
const MOST_PAIRS: usize = 50;

/// Reads an interpreter form; `id` is that of the interpreter being changed, a fresh one for a new interpreter.
///
/// # Errors
/// With a sentence for each field that makes no sense.
pub fn parse(
    event: &Event,
    fields: &Fields,
    id: Option<InterpreterId>,
) -> Result<Interpreter, FieldErrors> {
    let mut errors = FieldErrors::default();
    let code = errors.check("code", "Code", Code::parse(fields.get("code")));
    let name = errors.check("name", "Name", TextLine::parse(fields.get("name")));
    let pairs = pairs(fields, &mut errors);
    let presence = presence(event, fields, &mut errors);
    match (code, name) {
        (Some(code), Some(name)) if errors.is_empty() => Ok(Interpreter {
            id: id.unwrap_or_else(|| InterpreterId(fresh_id())),
            code,
            name,
            pairs,
            presence,
        }),
        _ => Err(errors),
    }
}

fn pairs(fields: &Fields, errors: &mut FieldErrors) -> Vec<LanguagePair> {
    let mut pairs = Vec::new();
    for (number, line) in (1..)
        .zip(fields.get("pairs").lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match LanguagePair::parse(line) {
            Ok(pair) if pairs.contains(&pair) => errors.add(
                "pairs",
                format!("Languages, line {number}: {pair} is there twice."),
            ),
            Ok(pair) => pairs.push(pair),
            Err(fault) => errors.add("pairs", format!("Languages, line {number}: {fault}.")),
        }
    }
    if pairs.is_empty() && errors.get("pairs").is_none() {
        errors.add("pairs", "Languages are missing; enter one pair at least.");
    }
    if pairs.len() > MOST_PAIRS {
        errors.add(
            "pairs",
            format!("Languages: {MOST_PAIRS} pairs are the most."),
        );
    }
    pairs
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
