//! Interpreters in the database.

use diesel::prelude::*;

use crate::core::event::EventId;
use crate::core::interpreter::{Interpreter, InterpreterId, LanguagePair};
use crate::core::text::{Code, TextLine};
use crate::db::Conn;
use crate::db::schema::{interpreters, resources};
use crate::store::resource;

/// An event's interpreters, in the order they were entered.
pub fn of_event(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Interpreter>> {
    let mut presence = resource::presence_of_event(conn, event)?;
    let rows: Vec<(InterpreterId, String, String, String)> = interpreters::table
        .inner_join(resources::table.on(resources::id.eq(interpreters::id)))
        .filter(interpreters::event_id.eq(event))
        .order((interpreters::position, interpreters::id))
        .select((
            interpreters::id,
            resources::code,
            interpreters::name,
            interpreters::pairs,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, code, name, pairs)| Interpreter {
            id,
            code: Code::stored(code),
            name: TextLine::stored(name),
            pairs: pairs
                .split_whitespace()
                .filter_map(LanguagePair::stored)
                .collect(),
            presence: presence.remove(&id.0).unwrap_or_default(),
        })
        .collect())
}

/// Stores a new interpreter after the others.
///
/// # Errors
/// As the database says; a unique violation when the code is taken.
pub fn insert(conn: &mut Conn, event: EventId, interpreter: &Interpreter) -> QueryResult<()> {
    resource::insert(
        conn,
        interpreter.id.0,
        event,
        "interpreter",
        interpreter.code.as_str(),
        0,
    )?;
    let last: Option<i32> = interpreters::table
        .filter(interpreters::event_id.eq(event))
        .select(diesel::dsl::max(interpreters::position))
        .get_result(conn)?;
    diesel::insert_into(interpreters::table)
        .values((
            interpreters::id.eq(interpreter.id),
            interpreters::event_id.eq(event),
            interpreters::name.eq(interpreter.name.as_str()),
            interpreters::pairs.eq(stored_pairs(interpreter)),
            interpreters::position.eq(last.unwrap_or(0) + 1),
        ))
        .execute(conn)?;
    resource::replace_presence(conn, interpreter.id.0, &interpreter.presence)
}

/// Updates an interpreter.
pub fn update(conn: &mut Conn, interpreter: &Interpreter) -> QueryResult<()> {
    resource::update(conn, interpreter.id.0, interpreter.code.as_str(), 0)?;
    diesel::update(interpreters::table.find(interpreter.id))
        .set((
            interpreters::name.eq(interpreter.name.as_str()),
            interpreters::pairs.eq(stored_pairs(interpreter)),
        ))
        .execute(conn)?;
    resource::replace_presence(conn, interpreter.id.0, &interpreter.presence)
}

fn stored_pairs(interpreter: &Interpreter) -> String {
    let pairs: Vec<String> = interpreter
        .pairs
        .iter()
        .map(LanguagePair::to_stored)
        .collect();
    pairs.join(" ")
}
