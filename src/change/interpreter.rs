//! Adding, changing and removing interpreters.

use crate::change::booking::BookingError;
use crate::change::staffing;
use crate::core::action::Action;
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::programme::Programme;
use crate::core::slot::{Resource, SlotId};
use crate::store::transaction::EventTx;
use crate::store::{interpreter, resource};

/// Why an interpreter stays as they are.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// There is no such interpreter at this event.
    #[error("there is no such interpreter")]
    NotFound,
    /// Another interpreter has the code.
    #[error("another interpreter has the code '{0}'; choose one of its own")]
    CodeTaken(String),
    /// Slots name the interpreter that the user has not seen in their current version.
    #[error("slots name the interpreter")]
    Booked,
    /// A slot cannot go on without the interpreter.
    #[error(transparent)]
    Booking(#[from] BookingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] crate::db::DbError),
}

/// Adds an interpreter.
///
/// # Errors
/// When the code is taken, or as the store says.
pub fn add(tx: &mut EventTx<'_>, interpreter: &Interpreter) -> Result<(), InterpreterError> {
    let programme = tx.programme();
    check_code(&programme, interpreter)?;
    interpreter::insert(tx.conn, programme.event.id, interpreter)?;
    let after = record(&programme, interpreter);
    tx.record(
        Action::InterpreterAdded,
        (interpreter.id.0, interpreter.name.as_str()),
        None,
        Some(after),
    )?;
    Ok(tx.reread()?)
}

/// Changes an interpreter. Other languages or another presence are facts about a person: conflicts with the
/// rules are shown on the timetable.
///
/// # Errors
/// When there is no such interpreter any more or the code is taken, or as the store says.
pub fn change(tx: &mut EventTx<'_>, interpreter: &Interpreter) -> Result<(), InterpreterError> {
    let programme = tx.programme();
    let old = programme
        .interpreter(interpreter.id)
        .ok_or(InterpreterError::NotFound)?;
    if interpreter == old {
        tx.stays_as_it_is();
        return Ok(());
    }
    check_code(&programme, interpreter)?;
    interpreter::update(tx.conn, interpreter)?;
    let (before, after) = (record(&programme, old), record(&programme, interpreter));
    tx.record(
        Action::InterpreterChanged,
        (interpreter.id.0, interpreter.name.as_str()),
        Some(before),
        Some(after),
    )?;
    Ok(tx.reread()?)
}

/// A slot and its version, as shown to the user.
pub type Seen = (SlotId, i32);

/// Every slot that names an interpreter, cancelled ones too, by time.
#[must_use]
pub fn slots_of(programme: &Programme, id: InterpreterId) -> Vec<Seen> {
    programme
        .slots_of(Resource::Interpreter(id))
        .map(|slot| (slot.id, slot.version))
        .collect()
}

/// Removes an interpreter from the event and from every slot that names them. `seen` are those slots as they were shown
/// to the user.
///
/// # Errors
/// When other slots name the interpreter, or these have changed meanwhile; or as the store says.
pub fn remove(
    tx: &mut EventTx<'_>,
    id: InterpreterId,
    seen: &[Seen],
) -> Result<(), InterpreterError> {
    let programme = tx.programme();
    let interpreter = programme
        .interpreter(id)
        .ok_or(InterpreterError::NotFound)?;
    let slots = slots_of(&programme, id);
    if slots.len() != seen.len() || !slots.iter().all(|slot| seen.contains(slot)) {
        return Err(InterpreterError::Booked);
    }
    for slot in programme.slots_of(Resource::Interpreter(id)) {
        staffing::release(tx, slot, id)?;
    }
    resource::delete(tx.conn, id.0)?;
    let before = record(&programme, interpreter);
    tx.record(
        Action::InterpreterRemoved,
        (id.0, interpreter.name.as_str()),
        Some(before),
        None,
    )?;
    Ok(tx.reread()?)
}

fn check_code(programme: &Programme, interpreter: &Interpreter) -> Result<(), InterpreterError> {
    let code = interpreter.code.as_str();
    let same = |other: &&Interpreter| {
        other.id != interpreter.id && other.code.as_str().eq_ignore_ascii_case(code)
    };
    match programme.interpreters.iter().find(same) {
        Some(other) => Err(InterpreterError::CodeTaken(other.code.to_string())),
        None => Ok(()),
    }
}

fn record(programme: &Programme, interpreter: &Interpreter) -> serde_json::Value {
    let pairs = interpreter.pairs.iter().map(ToString::to_string);
    let presence = interpreter
        .presence
        .iter()
        .map(|stay| programme.event.write_stay(*stay));
    serde_json::json!({
        "code": interpreter.code.as_str(),
        "name": interpreter.name.as_str(),
        "languages": pairs.collect::<Vec<_>>(),
        "presence": presence.collect::<Vec<_>>(),
    })
}
